/** Strings and small collections that are handed over as bytes and packed texts are those that come as entries otherwise, and damage is told alike. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultThresholds, encodingOf, type Value } from '@aof/keyspace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  entryToValue,
  type KeyAttributes,
  packedToValue,
  plainValue,
  type RdbEntry,
  RdbError,
  type RdbReaderOptions,
  readRdbSync,
} from '../src/index.ts';
import { keys, text } from './arbitrary.ts';
import { cut, writeKeys } from './entries.ts';
import { seededRandom } from './seeded-random.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

const THRESHOLDS = defaultThresholds();
/** Small collections that were taken in all tests, by type. */
const packed = new Map<string, number>();

interface Read {
  /** Keys and what else there is, without what a file tells of strings that are handed over. */
  readonly content: readonly unknown[];
  readonly error: string | undefined;
  readonly handedOver: number;
}

function read(chunks: Iterable<Uint8Array>, takes: boolean, stopAt = Number.POSITIVE_INFINITY): Read {
  const content: unknown[] = [];
  let handedOver = 0;
  const options: RdbReaderOptions = { partElements: 100 };
  const takeString: RdbReaderOptions['takeString'] = (
    database,
    bytes,
    ...[keyStart, keyEnd, from, to, attributes, at]
  ) => {
    if (foreseen.shift() !== textOf(bytes, keyStart, keyEnd)) throw new Error('a key comes that was not foreseen');
    if (++handedOver > stopAt) throw new RangeError('enough');
    content.push(plain(database, textOf(bytes, keyStart, keyEnd), textOf(bytes, from, to), attributes, at));
  };
  const foreseen: string[] = [];
  const foreseeKey: RdbReaderOptions['foreseeKey'] = (_database, bytes, start, end) => {
    foreseen.push(textOf(bytes, start, end));
  };
  const takePacked: RdbReaderOptions['takePacked'] = (database, key, collection, attributes) => {
    const value = packedToValue(collection, THRESHOLDS);
    if (value === undefined || typeof value === 'string') return false;
    packed.set(collection.type, (packed.get(collection.type) ?? 0) + 1);
    content.push(small(database, key, value, attributes));
    return true;
  };
  try {
    for (const entry of readRdbSync(chunks, takes ? { ...options, takeString, foreseeKey, takePacked } : options))
      content.push(contentOf(entry));
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    const { code, fileOffset, doing, key, database, message } = error;
    return { content, error: JSON.stringify([code, fileOffset, doing, key, database, message]), handedOver };
  }
  return { content, error: undefined, handedOver };
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

function plain(
  database: number,
  key: string,
  value: string,
  { expireAtMs, idleSec, frequency }: Partial<KeyAttributes>,
  fileOffset: number,
): unknown {
  return { string: key, database, value, expireAtMs, idleSec, frequency, fileOffset };
}

/** A collection, with the form that it gets. */
function small(
  database: number,
  key: string,
  value: Exclude<Value, string>,
  { expireAtMs, idleSec, frequency }: Partial<KeyAttributes>,
): unknown {
  const memory = value.type === 'stream' ? 0 : value.memoryBytes();
  return { key, database, ...plainValue(value), encoding: encodingOf(value), memory, expireAtMs, idleSec, frequency };
}

function contentOf(entry: RdbEntry): unknown {
  if (entry.kind === 'key' && entry.type !== 'string' && entry.type !== 'stream' && entry.isLast && entry.part === 0) {
    try {
      const { value } = entryToValue(entry, THRESHOLDS);
      if (typeof value !== 'string') return small(entry.database, entry.key, value, entry);
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      return { key: entry.key, error: error.message };
    }
  }
  if (entry.kind !== 'key' || entry.type !== 'string' || typeof entry.value !== 'string') return entry;
  return plain(entry.database, entry.key, entry.value, entry, entry.fileOffset);
}

test('whatever the keys, and however the input is cut', () => {
  const string = fc.record({
    database: fc.nat(2),
    key: text,
    value: text.map((one) => one.repeat(3)),
    expireAtMs: fc.constantFrom(-1, 0, 1, 4_102_444_800_000),
    usage: fc.constantFrom(
      {},
      {},
      { idleSec: 70 },
      { idleSec: 2 ** 40 },
      { frequency: 255 },
      { idleSec: 0, frequency: 0 },
    ),
  });
  let handedOver = 0;
  fc.assert(
    fc.property(
      fc.array(string),
      keys,
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      (few, more, sizes) => {
        const strings = few.map(({ usage, ...one }) => ({ ...one, ...usage, type: 'string' as const }));
        const bytes = writeKeys([...strings, ...more, ...strings], 'redis-7.4');
        const expected = read([bytes], false);
        for (const chunks of [[bytes], cut(bytes, sizes)]) {
          const result = read(chunks, true);
          expect(result.content).toEqual(expected.content);
          expect(result.error).toBeUndefined();
          handedOver += result.handedOver;
        }
        expect(read([bytes], true).handedOver).toBeGreaterThanOrEqual(2 * strings.length);
      },
    ),
    { numRuns: 60 },
  );
  expect(handedOver).toBeGreaterThan(500);
});

test('real files that were damaged end alike', () => {
  const random = seededRandom(7);
  const below = (limit: number) => Math.floor(random() * limit);
  const files = readdirSync(join(FIXTURES, 'rdb'))
    .filter((name) => name.endsWith('.rdb'))
    .map((name) => readFileSync(join(FIXTURES, 'rdb', name)))
    .filter(({ length }) => length < 20_000);
  let [damaged, handedOver] = [0, 0];
  for (let trial = 0; trial < 1500; trial++) {
    const bytes = Uint8Array.from(files[trial % files.length] ?? []);
    for (let changes = below(3); changes > 0; changes--) bytes[below(bytes.length)] = below(256);
    const end = below(4) === 0 ? below(bytes.length) : bytes.length;
    const expected = read([bytes.subarray(0, end)], false);
    const result = read([bytes.subarray(0, end)], true);
    expect(result.content).toEqual(expected.content);
    expect(result.error).toBe(expected.error);
    if (expected.error !== undefined) damaged++;
    handedOver += result.handedOver;
  }
  expect(damaged).toBeGreaterThan(500);
  expect(handedOver).toBeGreaterThan(500);
});

test('wherever the input ends, what comes before is the same, and so is what is told', () => {
  const values = ['raw', '12', '-70000', 'x'.repeat(40), 'ab'.repeat(4000), 'x'.repeat(8192), 'z'.repeat(8193)];
  const strings = values.map((value, n) => ({
    database: n >> 2,
    key: n === 3 ? '77' : `key:${n}`,
    expireAtMs: n % 2 === 0 ? -1 : 4_102_444_800_000,
    type: 'string' as const,
    value,
  }));
  const bytes = writeKeys(strings, 'redis-7.4', { compresses: true });
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length);
    const expected = read([part], false);
    for (const chunks of [[part], cut(part, [7])]) {
      const { content, error } = read(chunks, true);
      expect(content).toEqual(expected.content);
      expect(error).toBe(expected.error);
    }
    expect(expected.error === undefined).toBe(length === bytes.length);
  }
});

/** A key with a listpack of entries as they are given: numbers are the entries' own bytes, texts are written as texts. */
function packedKey(type: number, key: string, entries: readonly (string | readonly number[])[], before = ''): string {
  const bytes = entries.map((entry) => {
    const own =
      typeof entry === 'string'
        ? `${entry.length < 64 ? String.fromCharCode(0x80 | entry.length) : String.fromCharCode(0xe0 | (entry.length >> 8), entry.length & 0xff)}${entry}`
        : String.fromCharCode(...entry);
    const { length } = own;
    return (
      own + (length < 128 ? String.fromCharCode(length) : String.fromCharCode(length >> 7, 0x80 | (length & 0x7f)))
    );
  });
  const body = bytes.join('');
  const size = Buffer.alloc(6);
  size.writeUInt32LE(body.length + 7);
  size.writeUInt16LE(entries.length, 4);
  const blob = `${size.toString('latin1')}${body}\xff`;
  const length = String.fromCharCode(0x40 | (blob.length >> 8), blob.length & 0xff);
  return `${String.fromCharCode(type, key.length)}${key}${before}${length}${blob}`;
}

const [HASH, ZSET, LIST, INTSET] = [16, 17, 18, 11];
const INTEGERS: readonly (readonly number[])[] = [
  [0],
  [127],
  [0xc0, 128],
  [0xcf, 0xff],
  [0xd0, 0],
  [0xdf, 0xff],
  [0xf1, 0, 0x80],
  [0xf1, 0xff, 0x7f],
  [0xf1, 5, 0],
  [0xf2, 0, 0, 0x80],
  [0xf2, 0xff, 0xff, 0x7f],
  [0xf3, 0, 0, 0, 0x80],
  [0xf3, 0xff, 0xff, 0xff, 0x7f],
  [0xf4, 1, 2, 3, 4, 5, 6, 7, 0],
  [0xf4, 1, 0, 0, 0, 0, 0, 0xe0, 0xff],
  [0xf4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0],
];

function intset(width: number, members: readonly number[]): string {
  const bytes = Buffer.alloc(8 + width * members.length);
  bytes.writeUInt32LE(width);
  bytes.writeUInt32LE(members.length, 4);
  for (const [i, member] of members.entries()) bytes.writeIntLE(member, 8 + i * width, Math.min(6, width));
  return `${String.fromCharCode(INTSET, 1)}i${String.fromCharCode(bytes.length)}${bytes.toString('latin1')}`;
}

test('small collections in every spelling, whole, cut off and damaged', () => {
  const pairs = INTEGERS.flatMap((integer, n) => [`field ${n}`, integer]);
  const keysOf = [
    packedKey(HASH, 'hash', pairs),
    packedKey(HASH, 'fields', [...pairs].reverse()),
    packedKey(HASH, 'wide', ['a', [0xf4, 1, 2, 3, 4, 5, 6, 7, 8], 'b', [0xf4, 0, 0, 0, 0, 0, 0, 0xe0, 0xff]]),
    packedKey(HASH, 'twice', ['a', '1', 'b', '2', 'a', '3']),
    packedKey(HASH, 'texts', ['', '', '12', '-0', 'x'.repeat(63), 'y'.repeat(64), 'n', '7']),
    packedKey(HASH, 'long', ['l', 'x'.repeat(126), 'm', 'x'.repeat(253), 'n', 'x'.repeat(254)]),
    packedKey(HASH, 'odd', ['a', '1', 'b']),
    packedKey(HASH, 'none', []),
    packedKey(ZSET, 'scores', [
      'a',
      [0xf1, 0, 0x80],
      'b',
      '-1.50',
      'c',
      '-1e-7',
      'd',
      [0],
      'e',
      '1e2',
      'f',
      [0xf3, 0, 0, 0, 0x40],
    ]),
    packedKey(ZSET, 'equal', ['', [1], 'a', [1], 'a\0', [1], 'b', [1], [7], [2], [0xc0, 200], [3]]),
    packedKey(ZSET, 'unsorted', ['a', [2], 'b', [1]]),
    packedKey(ZSET, 'members', ['b', [1], 'a', [1]]),
    packedKey(ZSET, 'same', ['a', [1], 'a', [2]]),
    packedKey(ZSET, 'spelled', ['a', '1e20', 'b', '3.0000000000000004e20', 'c', '+inf']),
    packedKey(ZSET, 'minus', ['a', '-0', 'b', [0]]),
    packedKey(ZSET, 'number', ['a', 'nan']),
    packedKey(LIST, 'list', [...INTEGERS, '', '12', 'x'.repeat(200)], '\x01\x02'),
    packedKey(LIST, 'plain', ['a', 'a', 'b', [3]], '\x01\x02'),
    packedKey(
      LIST,
      'elements',
      Array.from({ length: 129 }, () => [5]),
      '\x01\x02',
    ),
    intset(2, [-32768, -1, 0, 32767]),
    intset(4, [-32769, 0, 1]),
    intset(4, [0, 1, 32768]),
    intset(4, [0, 1, 2]),
    intset(8, [0, 1, 2]),
    intset(2, [3, 1]),
    intset(2, []),
  ];
  const before = new Map(packed);
  for (const key of keysOf) {
    const bytes = Buffer.from(`REDIS0010${key}\xff${'\0'.repeat(8)}`, 'latin1');
    for (let length = 9; length <= bytes.length; length++) expectAlike(bytes.subarray(0, length));
    for (let at = 9; at < bytes.length; at++) {
      for (const change of [1, 0x40, 0x80]) {
        const damaged = Buffer.from(bytes);
        damaged.writeUInt8(damaged.readUInt8(at) ^ change, at);
        expectAlike(damaged);
      }
    }
  }
  // Each kind was taken, and not only what is damaged beyond recognition was left.
  for (const type of ['hash', 'zset', 'list', 'intset']) {
    expect((packed.get(type) ?? 0) - (before.get(type) ?? 0), type).toBeGreaterThan(100);
  }
});

function expectAlike(bytes: Uint8Array): void {
  const expected = read([bytes], false);
  const result = read([bytes], true);
  expect(result.content).toEqual(expected.content);
  expect(result.error).toBe(expected.error);
}

test('small collections of what servers write are all taken', () => {
  const members = ['a', '12', '-70000', 'x'.repeat(60), ''];
  const collections = [
    { type: 'hash', value: members.map((member, n): [string, string] => [member, `${n * 1000}`]) },
    { type: 'zset', value: members.map((member, n): [string, number] => [member, n * 1.1]) },
    { type: 'list', value: members },
    { type: 'set', value: ['1', '2', '70000'] },
  ] as const;
  const entries = [-1, 5, 4_102_444_800_000].flatMap((expireAtMs) =>
    collections.map((one) => ({ database: 1, key: `${one.type} ${expireAtMs}`, expireAtMs, idleSec: 9, ...one })),
  );
  const total = () => [...packed.values()].reduce((sum, one) => sum + one, 0);
  const before = total();
  // What the writer wants is not read-only.
  const bytes = writeKeys(structuredClone(entries) as unknown as Parameters<typeof writeKeys>[0], 'redis-7.0');
  expectAlike(bytes);
  expect(total() - before).toBe(entries.length);
});

test('many strings at once that do not lie in the file as they are', () => {
  // With so many, what they expand to does not fit in what is held at once.
  const strings = Array.from({ length: 200 }, (_, n) => ({
    database: 0,
    key: n % 3 === 0 ? `${n}` : `key ${n} `.repeat(n % 5 === 0 ? 1000 : 1),
    expireAtMs: -1,
    type: 'string' as const,
    value: `${n},`.repeat(1 + ((n * 37) % 2000)),
  }));
  const bytes = writeKeys(strings, 'redis-7.4', { compresses: true });
  const { content, handedOver } = read([bytes], true);
  expect(content).toEqual(read([bytes], false).content);
  expect(handedOver).toBeGreaterThan(150);
});

test('long strings come as entries, and what the taker throws goes through', () => {
  const long = { database: 0, key: 'long', expireAtMs: -1, type: 'string' as const, value: 'x'.repeat(9000) };
  const short = { ...long, key: 'short', value: 'x'.repeat(8000) };
  for (const compresses of [true, false]) {
    const bytes = writeKeys([long, short], 'redis-7.4', { compresses });
    const { content, handedOver } = read([bytes], true);
    expect(handedOver).toBe(1);
    expect(content).toEqual(read([bytes], false).content);
    expect(() => read([bytes], true, 0)).toThrow('enough');
  }
});
