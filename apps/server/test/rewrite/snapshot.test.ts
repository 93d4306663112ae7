/**
 * The base of a rewrite is the data set at the cut, whatever commands run while it is written: every command of the table that
 * writes, clients that wait and are served, transactions, keys that expire, large values of every type, in both forms of a base.
 *
 * `pnpm soak` runs other trials, and more of them.
 */
import type { BaseFormat } from '@aof/aof-files';
import { BaseOutput, type BaseWriter, RdbBaseWriter, RespBaseWriter } from '@aof/aof-rewriter';
import { SimDisk } from '@aof/disk';
import { type LargeEntry, Snapshot } from '@aof/keyspace';
import { describe, expect, test } from 'vitest';
import type { SimClient } from '../simulation/machine.ts';
import { DIR, generator, Rig } from './rig.ts';
import { ARGUMENTS, uncovered, WAITING, WRITE_NAMES, Writes } from './writes.ts';

const { SIMULATION_SEED } = process.env;
const FIRST_SEED = 1 + 10_000 * Number(SIMULATION_SEED ?? 0);
const TRIALS = SIMULATION_SEED === undefined ? 250 : 2000;
/** One trial in so many has values of thousands of items. */
const HUGE_EVERY = 20;

function newDisk(): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  return disk;
}

/** What a server has that loads the file as its log. */
async function digestOf(disk: SimDisk, path: string, nowMs: number): Promise<string> {
  const fresh = newDisk();
  const file = fresh.open(`${DIR}/appendonly.aof`, 'truncate');
  const bytes = disk.readFile(path);
  if (bytes.length > 0) file.write(bytes);
  const rig = new Rig(fresh, { 'aof-layout': 'single' });
  rig.nowMs = nowMs;
  const started = rig.engine.start();
  started.catch(() => undefined); // awaited below
  for (let i = 0; i < 20; i++) await rig.turn();
  await started;
  return rig.digest;
}

/** What DUMP says of a value of each kind. */
async function payloads(): Promise<readonly string[]> {
  const rig = new Rig(newDisk(), { appendonly: false });
  const makers = [
    ['set', 'k', 'restored'],
    ['rpush', 'k', 'a', 'b'],
    ['sadd', 'k', 'a', 'b'],
    ['hset', 'k', 'a', 'b'],
    ['zadd', 'k', '1.5', 'a'],
    ['xadd', 'k', '1-1', 'a', 'b'],
    ['pfadd', 'k', 'a'],
  ];
  const found: string[] = [];
  for (const maker of makers) {
    await rig.ask('del', 'k');
    await rig.ask(...maker);
    found.push(String(await rig.ask('dump', 'k')));
  }
  return found;
}

/** How often a command has changed something while a snapshot was open; large values that were written, by type. */
class Work {
  readonly changes = new Map<string, number>();
  readonly large = new Map<string, number>();
  early = 0;
  served = 0;

  static count(counts: Map<string, number>, name: string): void {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

/** Clients at random: one for what is answered at once, some that may wait. */
class Clients {
  readonly #rig: Rig;
  readonly #writes: Writes;
  readonly #work: Work;
  readonly #client: SimClient;
  readonly #waiting: SimClient[] = [];
  isCounting = false;

  constructor(rig: Rig, writes: Writes, work: Work) {
    this.#rig = rig;
    this.#writes = writes;
    this.#work = work;
    this.#client = rig.connect();
  }

  send(args: readonly string[]): void {
    this.#client.send(args);
  }

  /** @param favourite every third is this one */
  run(count: number, favourite?: string): void {
    const writes = this.#writes;
    for (let i = 0; i < count; i++)
      this.#one(favourite !== undefined && writes.below(3) === 0 ? writes.of(favourite) : writes.next());
  }

  /** Some commands in a transaction. */
  transaction(): void {
    this.send(['multi']);
    this.run(3);
    this.send(['exec']);
  }

  #one(args: readonly string[]): void {
    const { keyspace } = this.#rig.engine;
    const before = keyspace.dirty;
    if (WAITING.has(args[0] ?? '')) this.#sendAndWait(args);
    else this.send(args);
    if (!this.isCounting || keyspace.dirty === before) return;
    const name = `${args[0]}|${args[1]}`;
    Work.count(this.#work.changes, name in ARGUMENTS ? name : (args[0] ?? ''));
  }

  #sendAndWait(args: readonly string[]): void {
    const client = this.#rig.connect();
    client.onReply = () => {
      this.#work.served++;
    };
    client.send(['select', String(this.#writes.below(3))], args);
    this.#waiting.push(client);
    if (this.#waiting.length > 5) this.#waiting.shift()?.disconnect();
  }
}

function fill(clients: Clients, writes: Writes, isHuge: boolean): void {
  clients.run(150);
  if (isHuge) {
    for (let kind = 0; kind < 4; kind++) clients.send(writes.large(1500 + writes.below(1000), kind));
    clients.send(writes.largeString());
  } else {
    for (let i = 0; i < 2; i++) clients.send(writes.large(150 + writes.below(300)));
  }
  const entries = isHuge ? 1000 : 150 + writes.below(50);
  if (isHuge || writes.below(5) === 0) for (const args of writes.largeStream(entries)) clients.send(args);
}

/** Counts the large values that the writer gets. */
function counted(writer: BaseWriter, { large }: Work): BaseWriter {
  const writePiece = writer.writePiece.bind(writer);
  writer.writePiece = (entry: LargeEntry) => {
    const isLast = writePiece(entry);
    if (isLast) Work.count(large, entry.content.type);
    return isLast;
  };
  return writer;
}

interface TrialOptions {
  readonly seed: number;
  readonly format: BaseFormat;
  readonly work: Work;
  readonly dumped: readonly string[];
  readonly isBroken?: boolean;
}

/** @returns whether the base is the data set at the cut */
async function trial({ seed, format, work, dumped, isBroken = false }: TrialOptions): Promise<boolean> {
  const disk = newDisk();
  const rig = new Rig(disk, { appendonly: false });
  const { keyspace } = rig.engine;
  const writes = new Writes(generator(seed), 24, Object.keys(ARGUMENTS), dumped);
  const clients = new Clients(rig, writes, work);
  const isHuge = seed % HUGE_EVERY === 0;
  fill(clients, writes, isHuge);
  // What has expired at the cut is left out; the digest must not see it either.
  for (const db of keyspace.databases) for (const key of [...db.dictionary.keys()]) db.removeIfDue(key);
  const expected = rig.digest;
  const path = `${DIR}/base`;
  const output = new BaseOutput(disk.open(path, 'truncate'), { syncsInSteps: true, onProgress: () => undefined });
  const { thresholds } = keyspace;
  const writer: BaseWriter =
    format === 'rdb'
      ? new RdbBaseWriter(output, { createdSec: 0, compresses: seed % 2 === 0, sums: true, thresholds })
      : new RespBaseWriter(output, { annotatedSec: undefined });
  writer.begin();
  const snapshot = new Snapshot(keyspace, { nowMs: rig.nowMs, sink: counted(writer, work) });
  const cutMs = rig.nowMs;
  if (isBroken) keyspace.hooks.beforeWrite = () => undefined;
  clients.isCounting = true;
  for (let isDone = false; !isDone; ) {
    clients.run(writes.below(24), WRITE_NAMES[seed % WRITE_NAMES.length]);
    if (writes.below(12) === 0) clients.transaction();
    if (writes.below(10) === 0) rig.advance(1000);
    if (writes.below(5) === 0) await rig.turn();
    let left = writes.below(isHuge ? 12 : 2);
    isDone = snapshot.copy(() => left-- <= 0);
  }
  writer.end();
  work.early += snapshot.earlyCount;
  return (await digestOf(disk, path, cutMs)) === expected;
}

describe('a base', () => {
  test.each(['aof', 'rdb'] as const)(
    'equals the data set at the cut, whatever command changes it: %s',
    async (format) => {
      expect(uncovered()).toEqual([]);
      const work = new Work();
      const dumped = await payloads();
      for (let seed = FIRST_SEED; seed < FIRST_SEED + TRIALS; seed++) {
        expect(await trial({ seed, format, work, dumped }), `seed ${seed}`).toBe(true);
      }
      // The trials did what they are for.
      expect(WRITE_NAMES.filter((name) => !work.changes.has(name))).toEqual([]);
      for (const type of ['list', 'set', 'hash', 'zset', 'stream', 'string'])
        expect(work.large.get(type) ?? 0, type).toBeGreaterThan(0);
      expect(work.early).toBeGreaterThan(2 * TRIALS);
      expect(work.served).toBeGreaterThan(TRIALS / 2);
    },
    600_000,
  );

  test('does not, if changes are not announced (canary)', async () => {
    const dumped = await payloads();
    for (const format of ['aof', 'rdb'] as const) {
      const results: boolean[] = [];
      for (let seed = 1; seed <= 4; seed++)
        results.push(await trial({ seed, format, work: new Work(), dumped, isBroken: true }));
      expect(results, format).toContain(false);
    }
  });
});
