/** Explain's numbers: those of a naive count, of a real rewrite, and, where they are estimates, within their bounds. */
import { SimDisk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { encodeCommand } from '@aof/resp-codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ExplainOptions, explainLog } from '../src/explain/explain-log.ts';
import type { Explanation, NamedRow, PrefixRow } from '../src/explain/explanation.ts';
import { pageOf } from '../src/explain/page.ts';
import { readCorpus } from './corpus.ts';
import {
  anyLog,
  type DrawnLog,
  type DrawnRecord,
  type LiveValue,
  naiveLiveBytes,
  recordBytes,
  TYPES,
  tally,
} from './explain-log.ts';
import { mutated, pick, seededChance } from './mutation.ts';

const NOW_MS = 1_700_000_900_000;
const OPTIONS: ExplainOptions = {
  nowMs: NOW_MS,
  separator: ':',
  top: 1000,
  last: { share: 0.25 },
  memoryBytes: 1e9,
  progress: () => {},
};

function diskOf(files: Readonly<Record<string, Uint8Array>>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('dir');
  for (const [name, bytes] of Object.entries(files)) {
    const file = disk.open(name, 'truncate');
    if (bytes.length > 0) file.write(bytes);
    file.close();
  }
  return disk;
}

function explained(bytes: Uint8Array, options: Partial<ExplainOptions> = {}): Promise<Explanation> {
  const disk = diskOf({ 'appendonly.aof': bytes });
  return explainLog(disk, findLog(disk, 'appendonly.aof'), { ...OPTIONS, ...options });
}

/** The bytes of a record by key: from where a key begins to where the next one does. */
function sharesOf({ args, keys, bytes }: DrawnRecord): [key: string, bytes: number][] {
  const before = (index: number): number =>
    recordBytes(args.slice(0, index)) - `*${args.slice(0, index).length}\r\n`.length;
  return keys.map((index, i) => {
    const next = keys[i + 1];
    const start = i === 0 ? 0 : `*${args.length}\r\n`.length + before(index);
    const end = next === undefined ? bytes : `*${args.length}\r\n`.length + before(next);
    return [args[index] ?? '', end - start];
  });
}

function typeOf({ args, keys, isDropped }: DrawnRecord): string {
  const key = args[keys[0] ?? -1];
  if (key === undefined) return 'no key';
  // A transaction without its EXEC never was: of its keys only what the commands say is known.
  return isDropped && args[0] === 'DEL' ? 'unknown' : (TYPES[key.charAt(0)] ?? '');
}

function isLive({ expireAtMs }: LiveValue): boolean {
  return expireAtMs < 0 || NOW_MS <= expireAtMs;
}

const bytesBy = (rows: readonly NamedRow[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]));

function leaves(row: PrefixRow): PrefixRow[] {
  return row.children.length === 0 ? [row] : row.children.flatMap(leaves);
}

function checkTables(explanation: Explanation, { records, bytes }: DrawnLog): void {
  const keyed = records.filter(({ keys }) => keys.length > 0);
  expect(explanation.totalBytes).toBe(bytes.length);
  expect(explanation.commands).toBe(records.length);
  const { byCommand } = explanation;
  expect(Object.fromEntries(byCommand.map((row) => [row.name, row.bytes]))).toEqual(
    tally(records, (record) => [[record.args[0] ?? '', record.bytes]]),
  );
  expect(Object.fromEntries(byCommand.map((row) => [row.name, row.commands]))).toEqual(
    tally(records, ({ args }) => [[args[0] ?? '', 1]]),
  );
  expect(bytesBy(explanation.byType)).toEqual(tally(records, (record) => [[typeOf(record), record.bytes]]));
  expect(bytesBy(explanation.byDatabase)).toEqual(
    tally(records, (record) => [[String(record.database), record.bytes]]),
  );
  const byFirst = tally(keyed, (record) => sharesOf(record).map(([key, share]) => [`${key.split(':')[0]}:`, share]));
  const shown = explanation.byPrefix.children.map(({ prefix, bytes: b }) => [`${(prefix ?? '').split(':')[0]}:`, b]);
  expect(Object.fromEntries(shown)).toEqual(byFirst);
  const writes = tally(keyed, (record) => sharesOf(record).map(([key]) => [`${record.database} ${key}`, 1]));
  expect(Object.fromEntries(explanation.hottestKeys.map((h) => [`${h.database} ${h.key}`, h.writes]))).toEqual(writes);
  expect(explanation.hottestMayMiss).toBe(0);
}

function checkLive({ rewrite, biggestKeys, byPrefix, byType, expiry }: Explanation, log: DrawnLog): void {
  const live = [...log.live.values()].filter(isLive);
  const expected = live.map((value) => [`${value.database} ${value.key}`, naiveLiveBytes(value)] as const);
  expect(Object.fromEntries(biggestKeys.map((b) => [`${b.database} ${b.key}`, b.liveBytes]))).toEqual(
    Object.fromEntries(expected),
  );
  const selects = new Set(live.map(({ database }) => database)).size * recordBytes(['SELECT', '0']);
  const liveBytes = expected.reduce((sum, [, bytes]) => sum + bytes, 0);
  expect(rewrite).toMatchObject({
    method: 'replayed',
    liveBytes: liveBytes + selects,
    liveKeys: live.length,
    notReplayed: 0,
  });
  expect(byPrefix).toMatchObject({ liveBytes, liveKeys: live.length });
  const liveByType = tally(live, (value) => [[TYPES[value.key.charAt(0)] ?? '', naiveLiveBytes(value)]]);
  for (const { name, liveBytes: found } of byType) expect(found).toBe(liveByType[name] ?? 0);
  const isTimed = log.records.some(({ timeSec }) => timeSec !== undefined);
  const expiring = [...log.live.values()].filter(({ expireAtMs }) => expireAtMs >= 0);
  const { deletedByExpiry, ...counts } = log.expiry;
  const waiting = expiring.filter(isLive).length;
  expect(expiry).toEqual({
    ...counts,
    deletedByExpiry: isTimed ? deletedByExpiry : undefined,
    waiting,
    due: expiring.length - waiting,
  });
}

function checkAxes({ timeline, recent }: Explanation, { records, bytes }: DrawnLog): void {
  const { axis, origin, width, buckets, types, untimedBytes } = timeline;
  const at = ({ timeSec, position }: DrawnRecord): number | undefined => (axis === 'time' ? timeSec : position);
  const placed = records.filter((record) => at(record) !== undefined);
  const bucketOf = (record: DrawnRecord): string => String(Math.floor(((at(record) ?? 0) - origin) / width));
  const found = Object.fromEntries(buckets.map((b, i) => [String(i), b.bytes]).filter(([, sum]) => sum !== 0));
  expect(found).toEqual(tally(placed, (record) => [[bucketOf(record), record.bytes]]));
  expect(Object.fromEntries(types.map(({ name, bytes: sum }) => [name, sum]))).toEqual(
    tally(placed, (record) => [[typeOf(record), record.bytes]]),
  );
  expect(untimedBytes).toBe(records.filter((r) => !placed.includes(r)).reduce((sum, r) => sum + r.bytes, 0));
  // A quarter of the log is 25 of its 100 parts; the last part at least.
  const partOf = ({ position }: DrawnRecord): number => Math.floor((100 * position) / bytes.length);
  const first = Math.min(75, ...records.slice(-1).map(partOf));
  const last = records.filter((record) => partOf(record) >= first);
  expect(recent.bytes).toBe(last.reduce((sum, record) => sum + record.bytes, 0));
  const grown = tally(last, (record) => sharesOf(record).map(([key, share]) => [`${key.split(':')[0]}:`, share]));
  expect(Object.fromEntries(recent.rows.map((row) => [row.prefix, row.bytes]))).toEqual(grown);
}

test("explain's numbers equal those of a naive count", async () => {
  let [timed, big] = [0, 0];
  await fc.assert(
    fc.asyncProperty(anyLog, async (log) => {
      const explanation = await explained(log.bytes);
      checkTables(explanation, log);
      checkLive(explanation, log);
      checkAxes(explanation, log);
      for (const leaf of leaves(explanation.byPrefix)) expect(leaf.bytes).toBeGreaterThanOrEqual(0);
      if (explanation.timeline.axis === 'time') timed++;
      if (log.records.length > 100) big++;
    }),
    { numRuns: 100 },
  );
  expect(timed).toBeGreaterThan(10);
  expect(big).toBeGreaterThan(10);
});

test('a log of two files, and one that is cut off, are explained as far as they go', async () => {
  const set = encodeCommand(['SET', 'a:1', 'x']);
  const manifest = Buffer.from('file base.aof seq 1 type b\nfile incr.aof seq 1 type i\n');
  const disk = diskOf({
    'dir/m.manifest': manifest,
    'dir/base.aof': set,
    'dir/incr.aof': Buffer.concat([set, set.subarray(0, 9)]),
  });
  const operations = disk.operations;
  const explanation = await explainLog(disk, findLog(disk, 'dir'), OPTIONS);
  expect(disk.operations).toBe(operations);
  expect(explanation.files.map(({ name, role, bytes }) => [name, role, bytes])).toEqual([
    ['base.aof', 'base', set.length],
    ['incr.aof', 'incr', set.length + 9],
  ]);
  expect(explanation.unread).toMatchObject({ file: 'incr.aof', fileOffset: set.length, bytes: 9 });
  expect(explanation.totalBytes).toBe(2 * set.length + 9);
  expect(explanation.rewrite?.liveBytes).toBe(set.length + recordBytes(['SELECT', '0']));
});

test('an empty log', async () => {
  const explanation = await explained(Buffer.alloc(0));
  expect(explanation).toMatchObject({
    totalBytes: 0,
    commands: 0,
    byCommand: [],
    rewrite: { liveBytes: 0, liveKeys: 0 },
  });
});

test('commands that cannot be replayed are counted and named', async () => {
  const log = Buffer.concat([encodeCommand(['BF.ADD', 'k', 'x']), encodeCommand(['SET', 'k'])]);
  const { rewrite, byCommand } = await explained(log);
  expect(rewrite).toMatchObject({ notReplayed: 2, notReplayedCommands: ['BF.ADD', 'SET'] });
  expect(byCommand.map(({ name }) => name).sort()).toEqual(['BF.ADD', 'SET']);
});

test('whatever is damaged, every byte is accounted for, and no error is thrown', async () => {
  const corpora = [readCorpus('redis-7.0.15', 'timestamps'), readCorpus('valkey-8.1-dev', 'rdb-base')];
  let unread = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const chance = seededChance(seed);
    const bytes = mutated(pick(chance, corpora).single, chance);
    const explanation = await explained(bytes, { memoryBytes: seed % 3 === 0 ? 1 : 1e9 });
    if (explanation.unread !== undefined) unread++;
    const sum = explanation.byCommand.reduce((total, row) => total + row.bytes, explanation.unread?.bytes ?? 0);
    expect([seed, sum, explanation.totalBytes]).toEqual([seed, bytes.length, bytes.length]);
    expect(pageOf(explanation)).toContain('</html>');
  }
  expect(unread).toBeGreaterThan(15);
});

test('a value that only a module can read is counted, and said to be missing from what is live', async () => {
  const moduleId = Buffer.concat([Uint8Array.of(0x81), Buffer.alloc(8, 0xff)]);
  const value = Buffer.concat([
    Uint8Array.of(7, 5),
    Buffer.from('bloom'),
    moduleId,
    Uint8Array.of(5, 4),
    Buffer.from('text\0'),
  ]);
  const rdb = Buffer.concat([Buffer.from('REDIS0011'), value, Uint8Array.of(255), Buffer.alloc(8)]);
  const { byType, byPrefix, rewrite } = await explained(rdb);
  expect(bytesBy(byType)).toEqual({ module: value.length, 'no key': rdb.length - value.length });
  expect(byPrefix.children).toMatchObject([{ prefix: 'bloom', bytes: value.length, writes: 1, liveBytes: 0 }]);
  expect(rewrite).toMatchObject({ liveBytes: 0, notReplayed: 1, notReplayedCommands: ['RDB key'] });
});

describe('a data set that is larger than the memory allowed', () => {
  const parts: Uint8Array[] = [];
  let liveBytes = 0;
  // Large ones come first: those that are there when keys are let go stay, and are exact.
  for (let i = 0; i < 3; i++) {
    const record = encodeCommand(['SET', `blob:${i}`, 'b'.repeat(100_000)]);
    parts.push(record);
    liveBytes += record.length;
  }
  for (let i = 0; i < 70_000; i++) {
    const record = encodeCommand(['SET', `user:${i % 50_000}:name`, 'n'.repeat(40 + 24 * ((i * 7919) % 4))]);
    parts.push(record);
    if (i >= 20_000) liveBytes += record.length;
  }
  const log = Buffer.concat(parts);

  test('is sampled: live bytes are within what is said, and all that is counted stays exact', async () => {
    const exact = await explained(log);
    const sampled = await explained(log, { memoryBytes: 3_000_000 });
    expect(exact.rewrite?.liveBytes).toBe(liveBytes + recordBytes(['SELECT', '0']));
    const { method, sampledOneIn, liveBytes: estimate, liveBytesError } = sampled.rewrite ?? {};
    expect(method).toBe('sampled');
    expect(sampledOneIn).toBeGreaterThanOrEqual(4);
    expect(liveBytesError).toBeGreaterThan(0);
    expect(liveBytesError).toBeLessThan(liveBytes * 0.1);
    expect(Math.abs((estimate ?? 0) - liveBytes)).toBeLessThan(2 * (liveBytesError ?? 0));
    expect(sampled.byCommand).toEqual(exact.byCommand);
    expect(sampled.timeline).toEqual(exact.timeline);
  });

  test('is sampled although all its values are large', async () => {
    const records = Array.from({ length: 400 }, (_, i) => encodeCommand(['SET', `blob:${i}`, 'b'.repeat(30_000)]));
    const bytes = Buffer.concat(records);
    const { rewrite } = await explained(bytes, { memoryBytes: 3_000_000 });
    // 12 MB do not fit: a quarter of the limit is kept for certain, and of the rest a sample.
    expect(rewrite?.sampledOneIn).toBeGreaterThanOrEqual(4);
    expect(rewrite?.sampledOneIn).toBeLessThanOrEqual(32);
    expect(Math.abs((rewrite?.liveBytes ?? 0) - bytes.length)).toBeLessThan(2 * (rewrite?.liveBytesError ?? 0));
  });

  test('is not looked at without a replay', async () => {
    const { rewrite, expiry, byType, byPrefix } = await explained(log, { memoryBytes: undefined });
    expect([rewrite, expiry, byType[0]?.liveBytes, byPrefix.liveBytes]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
