/** The members of large collections are written from where they lie, as they are written when they come as text. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  defaultThresholds,
  HashValue,
  Keyspace,
  type LargeEntry,
  ListValue,
  SetValue,
  Snapshot,
  type SnapshotSink,
  SortedSetValue,
} from '@aof/keyspace';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbSnapshotWriter, RdbWriter } from '../src/index.ts';
import { isRedisInstalled, RedisServer } from './redis-server.ts';

const thresholds = defaultThresholds();
/** So many make a table of bytes of anything, which takes several pieces. */
const FILLERS = 2500;
const INTEGERS = ['0', '-0', '-', '', '00', '007', '-1', '-01', '1.5', '+1', ' 1', '12a', 'a12', '127', '128', '-128'];
const LIMITS = ['-129', '32767', '32768', '-32769', '2147483647', '2147483648', '-2147483648', '-2147483649'];
const LONG_INTEGERS = ['99999999999', '-9999999999', '123456789012', '9007199254740993'];
const NEAR_INTEGERS = [...INTEGERS, ...LIMITS, ...LONG_INTEGERS];

const text = fc.oneof(
  fc.constantFrom(...NEAR_INTEGERS),
  fc.integer().map(String),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc
    .tuple(fc.constantFrom('a', 'bc', '\0\xff'), fc.integer({ min: 1, max: 400 }))
    .map(([one, times]) => one.repeat(times)),
  // Too long for the place of a key, and for a slot.
  fc.tuple(fc.constantFrom('x', 'yz'), fc.constantFrom(2047, 2100, 17_000)).map(([one, length]) => one.repeat(length)),
);
const score = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, -0, 1e300, Number.POSITIVE_INFINITY));
const item = fc.record({ first: text, second: text, score });
type Item = typeof item extends fc.Arbitrary<infer T> ? T : never;

/** A set, a hash, a sorted set and a list of `items` and more. */
function keyspaceOf(items: readonly Item[]): Keyspace {
  const all = [...items, ...NEAR_INTEGERS.map((near, i) => ({ first: near, second: near, score: -i }))];
  for (let i = 0; i < FILLERS; i++) all.push({ first: `${i * 7}`, second: `value ${i}`, score: i / 3 });
  const keyspace = new Keyspace({ random: () => 0.5 });
  const [db] = keyspace.databases;
  const set = new SetValue();
  const hash = new HashValue();
  const sortedSet = new SortedSetValue();
  for (const one of all) {
    set.add(one.first, thresholds);
    hash.set(one.first, one.second, thresholds);
    sortedSet.put(one.first, one.score, thresholds);
  }
  db.set('set', set);
  db.set('hash', hash);
  db.set('zset', sortedSet);
  db.set(
    'list',
    ListValue.of(
      [...all, ...all, ...all].map(({ first }) => first),
      -2,
    ),
  );
  db.setExpire('hash', 4_102_444_800_000);
  return keyspace;
}

/** The reference: every member a string. */
class TextSink implements SnapshotSink {
  readonly acceptsBetween = false;
  readonly #writer: RdbWriter;
  /** Large values that had a cursor. */
  withCursor = 0;

  constructor(writer: RdbWriter) {
    this.#writer = writer;
  }

  writeValue(): void {
    throw new Error('all values are large');
  }

  writePiece({ database, key, expireAtMs, content }: LargeEntry): boolean {
    const writer = this.#writer;
    const head = { database, key, expireAtMs };
    if ('cursor' in content && content.cursor !== undefined) this.withCursor++;
    if (content.type === 'set') {
      writer.beginSet(head, content.size);
      for (let next = content.items.next(); !next.done; next = content.items.next()) writer.element(next.value);
    } else if (content.type === 'list') {
      writer.beginList(head, content.size);
      for (let next = content.items.next(); !next.done; next = content.items.next()) writer.element(next.value);
    } else if (content.type === 'hash') {
      writer.beginHash(head, content.size);
      for (let next = content.items.next(); !next.done; next = content.items.next()) writer.field(...next.value);
    } else if (content.type === 'zset') {
      writer.beginSortedSet(head, content.size);
      for (let next = content.items.next(); !next.done; next = content.items.next()) writer.scored(...next.value);
    }
    writer.endValue();
    return true;
  }
}

/** The file of a snapshot. @param between called between its pieces */
function fileOf(
  keyspace: Keyspace,
  compresses: boolean,
  sinkOf: (writer: RdbWriter) => SnapshotSink,
  between = (): void => undefined,
): { readonly bytes: Buffer; readonly steps: number } {
  const writer = new RdbWriter({ target: 'redis-7.0', compresses });
  writer.begin({ createdSec: 1_700_000_000 });
  const snapshot = new Snapshot(keyspace, { nowMs: 0, sink: sinkOf(writer) });
  let steps = 0;
  for (; !snapshot.copy(() => true); steps++) between();
  writer.end();
  return { bytes: Buffer.concat(writer.take()), steps };
}

const asBytes = (writer: RdbWriter) => new RdbSnapshotWriter(writer);

function referenceOf(keyspace: Keyspace, compresses: boolean): Buffer {
  let sink: TextSink | undefined;
  const { bytes } = fileOf(keyspace, compresses, (writer) => {
    sink = new TextSink(writer);
    return sink;
  });
  expect(sink?.withCursor).toBeGreaterThanOrEqual(3);
  return bytes;
}

test('whatever the members, and whatever changes meanwhile', () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(item, { maxLength: 60 }), fc.boolean(), (items, compresses) => {
      const keyspace = keyspaceOf(items);
      const expected = referenceOf(keyspace, compresses);
      const [db] = keyspace.databases;
      let at = 0;
      const result = fileOf(keyspace, compresses, asBytes, () => {
        // What has been read, what is to be read, and what is new.
        for (let left = 40; left > 0; left--, at += 17) change(db, `${(at % FILLERS) * 7}`, `new ${at}`);
      });
      expect(result.bytes.equals(expected)).toBe(true);
      expect(fileOf(keyspace, compresses, asBytes).bytes.equals(expected)).toBe(false);
      steps += result.steps;
    }),
    { numRuns: 15 },
  );
  expect(steps).toBeGreaterThan(200);
});

function change(db: Keyspace['databases'][number], member: string, added: string): void {
  const set = db.lookupWrite('set');
  if (set instanceof SetValue && set.remove(member)) set.add(added, thresholds);
  const hash = db.lookupWrite('hash');
  if (hash instanceof HashValue) hash.set(member, added.repeat(3), thresholds);
  const sortedSet = db.lookupWrite('zset');
  if (sortedSet instanceof SortedSetValue) sortedSet.put(member, 1e6 + added.length, thresholds);
}

test('a piece ends by what its elements were before they were compressed', () => {
  const elementBytes = 8000;
  const count = 500;
  const keyspace = new Keyspace({ random: () => 0.5 });
  const [db] = keyspace.databases;
  const members = Array.from({ length: count }, (_, i) => `${i}`.padEnd(elementBytes, 'x'));
  const set = new SetValue();
  for (const member of members) set.add(member, thresholds);
  db.set('set', set);
  db.set('list', ListValue.of(members, -2));
  const { bytes, steps } = fileOf(keyspace, true, asBytes);
  expect(bytes.length).toBeLessThan((count * elementBytes) / 10);
  // 64 KiB, and the element that reaches them.
  expect(steps).toBeGreaterThanOrEqual((2 * count * elementBytes) / (64 * 1024 + elementBytes));
});

describe.skipIf(!isRedisInstalled)('redis-server', () => {
  test('holds the same after loading either', async () => {
    const server = await RedisServer.start();
    const folder = mkdtempSync(join(tmpdir(), 'rdb-snapshot-'));
    try {
      const [items] = fc.sample(fc.array(item, { minLength: 300, maxLength: 300 }), { numRuns: 1, seed: 7 });
      const keyspace = keyspaceOf(items);
      for (const compresses of [true, false]) {
        await server.load(referenceOf(keyspace, compresses));
        const digest = await server.call('DEBUG', 'DIGEST');
        const { bytes } = fileOf(keyspace, compresses, asBytes);
        await server.load(bytes);
        expect(await server.call('DEBUG', 'DIGEST')).toBe(digest);
        expect(await server.call('DBSIZE')).toBe(4);
        const path = join(folder, 'dump.rdb');
        writeFileSync(path, bytes);
        const check = spawnSync('redis-check-rdb', [path], { encoding: 'latin1' });
        expect(check.status, check.stdout).toBe(0);
      }
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

test.skipIf(isRedisInstalled)('SKIPPED: there is no redis-server to compare with, 1 test', () => undefined);
