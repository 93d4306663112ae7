/** A snapshot becomes the file of its cut, whatever changes meanwhile, in pieces of bounded size. */
import { defaultThresholds, Keyspace, Snapshot } from '@aof/keyspace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entryToValue, RdbSnapshotWriter, type RdbValue, RdbWriter, valueToEntry } from '../src/index.ts';
import { keys as arbitraryKeys, type Key } from './arbitrary.ts';
import { keysOf, readAll } from './entries.ts';
import { seededRandom } from './seeded-random.ts';

const thresholds = defaultThresholds();
/** What one step may write: a piece, or some small values. */
const STEP_BYTES = 600 * 1024;

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const large: readonly RdbValue[] = [
  { type: 'string', value: Buffer.alloc(3 << 20, 'abcdefg') },
  { type: 'list', value: numbers(10_000).map((i) => `element ${i}`) },
  { type: 'set', value: numbers(10_000).map((i) => `member ${i}`) },
  { type: 'zset', value: numbers(10_000).map((i) => [`member ${i}`, -i]) },
  { type: 'hash', value: numbers(10_000).map((i) => [`field ${i}`, `value ${i}`]) },
  {
    type: 'stream',
    value: {
      entries: numbers(10_000).map((i) => ({ id: `${i + 1}-0`, fields: ['n', String(i)] })),
      lastId: '10000-0',
      firstId: '1-0',
      maxDeletedId: '0-0',
      entriesAdded: 10_000,
      groups: [],
    },
  },
];

function fill(keyspace: Keyspace, keys: readonly Key[]): void {
  keyspace.isLoading = true;
  for (const key of keys) {
    const db = keyspace.databases[key.database];
    db.set(key.key, entryToValue(key, thresholds).value);
    if (key.expireAtMs !== -1) db.setExpire(key.key, key.expireAtMs);
  }
  keyspace.isLoading = false;
}

/** `database/key` → what can be written of it. */
function contentOf(keys: Iterable<Key>): Map<string, unknown> {
  return new Map([...keys].map((key) => [`${key.database}/${key.key}`, inOrder(key)]));
}

function inOrder(key: Key): unknown {
  const { database: _database, idleSec: _idle, frequency: _frequency, value, ...rest } = key;
  if (key.type === 'string' || key.type === 'stream') return { ...rest, value };
  const items = [...key.value].map((item) => (typeof item === 'string' ? item : item.map((part) => part)));
  return { ...rest, value: key.type === 'list' ? items : items.sort() };
}

function* allKeys(keyspace: Keyspace): Generator<Key> {
  for (const db of keyspace.databases) {
    for (const name of db.dictionary.keys()) {
      const key = valueToEntry(db, name);
      if (key !== undefined) yield structuredClone(key);
    }
  }
}

test('the file holds the data set of the cut', () => {
  const [small] = fc.sample(fc.array(arbitraryKeys, { minLength: 40, maxLength: 40 }), { numRuns: 1, seed: 3 });
  const named = small
    .flat()
    .map((key, i): Key => ({ ...key, key: `${key.key}:${i}`, expireAtMs: i % 3 ? -1 : 1e12 + i }));
  const big = large.map((value, i): Key => ({ database: i % 2, key: `large:${i}`, expireAtMs: -1, ...value }));
  const random = seededRandom(5);
  const keyspace = new Keyspace({ random });
  fill(keyspace, [...named, ...big]);
  const expected = contentOf(allKeys(keyspace));
  const writer = new RdbWriter({ target: 'redis-7.2' });
  writer.begin({ createdSec: 1 });
  const snapshot = new Snapshot(keyspace, { nowMs: 0, sink: new RdbSnapshotWriter(writer) });
  const chunks: Uint8Array[] = writer.take();
  let steps = 0;
  for (let isDone = false; !isDone; steps++) {
    isDone = snapshot.copy(() => true);
    expect(writer.pendingBytes).toBeLessThan(STEP_BYTES);
    chunks.push(...writer.take());
    change(keyspace, random);
  }
  writer.end();
  chunks.push(...writer.take());
  const entries = readAll(Buffer.concat(chunks), { findsDuplicates: true });
  expect(entries.at(-1)).toMatchObject({ kind: 'end', checksum: 'ok' });
  expect(contentOf(keysOf(entries))).toEqual(expected);
  expect(steps).toBeGreaterThan(30);
  expect(contentOf(allKeys(keyspace))).not.toEqual(expected);
});

test('a string that comes as bytes is written as the same string that comes as text', () => {
  const nearIntegers = [
    '',
    '0',
    '-0',
    '-',
    '007',
    '1.5',
    '-128',
    '-129',
    '127',
    '128',
    '32767',
    '-32769',
    '2147483647',
  ];
  const texts = fc.oneof(
    fc.constantFrom(...nearIntegers, '2147483648', '-2147483648', '-2147483649', '1234567890123', '12a', 'a12', '+1'),
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 80 }),
    fc
      .tuple(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 5 }), fc.nat(300))
      .map(([text, n]) => text.repeat(n)),
  );
  const database = fc.nat(2);
  const key = fc.record({
    database,
    key: texts,
    value: texts,
    expireAtMs: fc.constantFrom(-1, 0, 1e12),
    skipped: fc.nat(5),
  });
  const file = (compresses: boolean, write: (sink: RdbSnapshotWriter) => void): Buffer => {
    const writer = new RdbWriter({ target: 'redis-7.2', compresses, chunkBytes: 128 });
    writer.begin({ createdSec: 1 });
    write(new RdbSnapshotWriter(writer));
    writer.end();
    return Buffer.concat(writer.take());
  };
  fc.assert(
    fc.property(fc.array(key), fc.boolean(), (keys, compresses) => {
      const asText = file(compresses, (sink) => {
        for (const { database, key, value, expireAtMs } of keys) sink.writeValue(database, key, value, expireAtMs);
      });
      const asBytes = file(compresses, (sink) => {
        for (const { database, key, value, expireAtMs, skipped } of keys) {
          const bytes = Buffer.from(`${'9'.repeat(skipped)}${key}${value}9`, 'latin1');
          const valueStart = skipped + key.length;
          sink.writeStringBytes(database, bytes, skipped, valueStart, valueStart + value.length, expireAtMs);
        }
      });
      expect(asBytes.equals(asText)).toBe(true);
    }),
  );
});

/** Removes, replaces or changes in place some keys. */
function change(keyspace: Keyspace, random: () => number): void {
  for (const db of keyspace.databases.slice(0, 4)) {
    const key = db.randomKey();
    if (key === undefined) continue;
    const value = db.lookupWrite(key);
    if (value === undefined) continue;
    if (typeof value === 'string') db.set(key, 'replaced');
    else if (random() < 0.2) db.remove(key);
    else if (value.type === 'list') value.popHead();
    else if (value.type === 'set') value.add(`new ${random()}`, thresholds);
    else if (value.type === 'hash') value.set('field 3', 'new', thresholds);
    else if (value.type === 'zset') value.put('member 3', random(), thresholds);
    else if (value.type === 'stream') value.trim({ maxLength: 1 }, false, 0);
    else if (value.type === 'string') value.setRange(Math.floor(random() * 1000), 'new');
    db.touched(key);
  }
}
