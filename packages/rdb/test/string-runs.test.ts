/** Strings that are handed over as bytes are those that come as entries otherwise, and damage is told alike. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyAttributes, type RdbEntry, RdbError, type RdbReaderOptions, readRdbSync } from '../src/index.ts';
import { keys, text } from './arbitrary.ts';
import { cut, writeKeys } from './entries.ts';
import { seededRandom } from './seeded-random.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

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
  try {
    for (const entry of readRdbSync(chunks, takes ? { ...options, takeString, foreseeKey } : options))
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

function contentOf(entry: RdbEntry): unknown {
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
