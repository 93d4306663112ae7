/**
 * A rewrite that is only counted: the base writers of the server write the data set into a file that forgets it, and what
 * each key takes is reported.
 *
 * Invariant: the sum of what is reported and of the SELECTs is what a server would write as base, without annotation.
 */
import { BaseOutput, type BaseWriter, DiscardingFile, RdbBaseWriter, RespBaseWriter } from '@aof/aof-rewriter';
import { type Keyspace, Snapshot, typeName } from '@aof/keyspace';
import { commandLength } from '@aof/resp-codec';

/** A key that a rewrite would write. */
export interface LiveKey {
  readonly database: number;
  readonly key: string;
  readonly type: string;
  /** Bytes of its records. */
  readonly bytes: number;
  /** ms since the Unix epoch; -1: never. */
  readonly expireAtMs: number;
}

export interface SimulatedRewrite {
  /** Bytes of the SELECTs between the databases, which belong to no key. */
  readonly selectBytes: number;
  /** Keys that are left out because their time has passed. */
  readonly dueKeys: number;
}

/** Between two looks at how far it has come. */
const KEYS_PER_TURN = 4096;

/** @param nowMs wall clock: keys whose time has passed are left out. @param see is told every key, in the order of hashes */
export async function simulateRewrite(
  keyspace: Keyspace,
  nowMs: number,
  see: (key: LiveKey) => void,
): Promise<SimulatedRewrite> {
  let selectBytes = 0;
  let liveKeys = 0;
  let keyBytes = 0;
  let database = -1;
  const output = countingOutput();
  const writer = new RespBaseWriter(output, { annotatedSec: undefined });
  const begin = (next: number): number => {
    const before = output.byteLength;
    if (next === database) return before;
    database = next;
    const bytes = commandLength(['SELECT', String(next)]);
    selectBytes += bytes;
    return before + bytes;
  };
  const report = (key: string, type: string, expireAtMs: number, bytes: number): void => {
    liveKeys++;
    see({ database, key, type, bytes, expireAtMs });
  };
  const snapshot = new Snapshot(keyspace, {
    nowMs,
    sink: {
      acceptsBetween: false,
      writeValue: (db, key, value, expireAtMs) => {
        const before = begin(db);
        writer.writeValue(db, key, value, expireAtMs);
        report(key, typeName(value), expireAtMs, output.byteLength - before);
      },
      writePiece: (entry) => {
        const before = begin(entry.database);
        const isLast = writer.writePiece(entry);
        keyBytes += output.byteLength - before;
        if (isLast) {
          report(entry.key, entry.content.type, entry.expireAtMs, keyBytes);
          keyBytes = 0;
        }
        return isLast;
      },
    },
  });
  await copyAll(snapshot);
  writer.end();
  return { selectBytes, dueKeys: snapshot.keyCount - liveKeys };
}

/** The size of the data set as an RDB base, packed and compressed as servers do by default. */
export async function rdbBaseBytes(keyspace: Keyspace, nowMs: number): Promise<number> {
  const output = countingOutput();
  const { thresholds } = keyspace;
  const createdSec = Math.floor(nowMs / 1000);
  const writer: BaseWriter = new RdbBaseWriter(output, { createdSec, compresses: true, sums: false, thresholds });
  writer.begin();
  await copyAll(new Snapshot(keyspace, { nowMs, sink: writer }));
  writer.end();
  return output.byteLength;
}

async function copyAll(snapshot: Snapshot): Promise<void> {
  let seen = 0;
  const isEnough = (): boolean => snapshot.seenCount - seen > KEYS_PER_TURN;
  while (!snapshot.copy(isEnough)) {
    seen = snapshot.seenCount;
    await new Promise(setImmediate);
  }
}

function countingOutput(): BaseOutput {
  return new BaseOutput(new DiscardingFile('simulated rewrite'), { syncsInSteps: false, onProgress: () => {} });
}
