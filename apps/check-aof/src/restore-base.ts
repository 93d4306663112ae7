/**
 * Writes a data set as the one file that a server starts from: an RDB file of the target's version, or records.
 *
 * Invariants: the file is synced when this resolves; what the form cannot hold is counted in the losses.
 */
import { setImmediate } from 'node:timers/promises';
import { BaseOutput, RespBaseWriter } from '@aof/aof-rewriter';
import type { Disk } from '@aof/disk';
import { type LargeEntry, MIN_STREAM_ID, Snapshot, type SnapshotSink, StreamValue, type Value } from '@aof/keyspace';
import { RdbSnapshotWriter, type RdbTarget, RdbWriter } from '@aof/rdb';
import type { CommandNames } from './command-names.ts';
import { describeText } from './describe-record.ts';
import { RenamedFile } from './renamed-file.ts';
import type { DataSet, Losses } from './restore-data-set.ts';

/** The form of what a target starts from. */
export type BaseForm = { readonly kind: 'rdb'; readonly target: RdbTarget } | { readonly kind: 'resp' };

/** So much gathers before it is handed on. */
const PIECE_BYTES = 64 * 1024;
/** Steps of the copying between two turns of the event loop, so that syncs get on. */
const STEPS_PER_TURN = 256;

export interface WriteBaseOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly form: BaseForm;
  /** Whether the target knows function libraries. */
  readonly hasFunctions: boolean;
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: number;
  readonly progress: (done: number, total: number) => void;
  readonly names: CommandNames;
}

/** @throws DiskError; RestoreError RESTORE_NO_NAME */
export async function writeBase(dataSet: DataSet, options: WriteBaseOptions): Promise<void> {
  const { disk, path, form, names } = options;
  const opened = disk.open(path, 'truncate');
  const file = form.kind === 'resp' && names.areRenamed ? new RenamedFile(opened, names) : opened;
  const output = new BaseOutput(file, { syncsInSteps: true, onProgress: () => {} });
  try {
    const writer = form.kind === 'rdb' ? rdbWriter(output, dataSet, options) : respWriter(output, dataSet);
    writer.begin();
    await copyAll(dataSet, writer, output, options);
    writer.end();
    await output.sync();
  } finally {
    await output.discard();
  }
}

/** What turns a data set into the bytes of a form. */
interface FormWriter extends SnapshotSink {
  begin(): void;
  end(): void;
}

async function copyAll(
  { keyspace }: DataSet,
  sink: SnapshotSink,
  output: BaseOutput,
  { progress }: WriteBaseOptions,
): Promise<void> {
  // What has expired is gone from the data set already: nothing is left out here.
  const snapshot = new Snapshot(keyspace, { nowMs: 0, sink });
  try {
    for (let steps = 0; ; ) {
      if (snapshot.copy(() => ++steps % STEPS_PER_TURN === 0)) return;
      progress(snapshot.seenCount, snapshot.keyCount);
      if (output.failure !== undefined) throw output.failure;
      if (output.isBlocked) await output.sync();
      else await setImmediate();
    }
  } finally {
    snapshot.close();
  }
}

function rdbWriter(output: BaseOutput, { functions, losses }: DataSet, options: WriteBaseOptions): FormWriter {
  const { form, nowMs, hasFunctions } = options;
  if (form.kind !== 'rdb') throw new Error('bug: an RDB file in another form');
  const rdb = new RdbWriter({
    target: form.target,
    chunkBytes: PIECE_BYTES,
    onLoss: ({ code, key }) => losses.add(code, key === undefined ? undefined : describeText(key)),
  });
  const values = new RdbSnapshotWriter(rdb);
  const handOn = (least: number): void => {
    if (rdb.pendingBytes >= least) for (const chunk of rdb.take()) output.addBytes(chunk);
  };
  return {
    acceptsBetween: values.acceptsBetween,
    begin: () => {
      rdb.begin({ createdSec: Math.floor(nowMs / 1000), isAofBase: true });
      for (const code of functions.codes) {
        if (hasFunctions) rdb.function(code);
        else losses.add('function', undefined);
      }
    },
    writeValue: (database, key, value, expireAtMs) => {
      values.writeValue(database, key, value, expireAtMs);
      handOn(PIECE_BYTES);
    },
    writePiece: (entry) => {
      const isLast = values.writePiece(entry);
      handOn(PIECE_BYTES);
      return isLast;
    },
    end: () => {
      rdb.end();
      handOn(0);
    },
  };
}

function respWriter(output: BaseOutput, { functions, losses }: DataSet): FormWriter {
  const records = new RespBaseWriter(output, { annotatedSec: undefined });
  return {
    get acceptsBetween() {
      return records.acceptsBetween;
    },
    begin: () => {
      records.begin();
      for (const code of functions.codes) output.addRecord(['FUNCTION', 'LOAD', code]);
    },
    writeValue: (database, key, value: Value, expireAtMs) => {
      if (value instanceof StreamValue) countLostPending(losses, key, value);
      records.writeValue(database, key, value, expireAtMs);
    },
    writePiece: (entry: LargeEntry) => {
      const isLast = records.writePiece(entry);
      if (isLast && entry.content.type === 'stream') countLostPending(losses, entry.key, entry.content.stream);
      return isLast;
    },
    end: () => records.end(),
  };
}

/** XCLAIM does not make pending what has been deleted from the stream; an RDB file holds it. */
function countLostPending(losses: Losses, key: string, stream: StreamValue): void {
  for (const group of stream.groups()) {
    for (const entry of group.pending.ascending(MIN_STREAM_ID)) {
      if (!stream.has(entry)) losses.add('stream-pending', describeText(key));
    }
  }
}
