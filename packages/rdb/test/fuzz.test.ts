/** Damaged real files: a typed error or a result, within bounds of memory and time, never anything else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { dumpValue, RdbError, type RdbTarget, readRdbSync, restoreValue } from '../src/index.ts';
import { keysOf, readAll } from './entries.ts';
import { seededRandom } from './seeded-random.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const MUTATIONS = 2500;
const SEED = 20_260_101;
/** A file of a few KiB takes well under a millisecond; a machine that is busy may need much longer. */
const LONGEST_MS = 2000;
const MOST_BYTES = 64 << 20;

const files = [
  ...readdirSync(join(FIXTURES, 'rdb'))
    .filter((name) => name.endsWith('.rdb'))
    .map((name) => join(FIXTURES, 'rdb', name)),
  ...['redis-7.0.15/base.rdb', 'valkey-8.1-dev/base.rdb'].map((name) => join(FIXTURES, name)),
]
  .map((path) => readFileSync(path))
  .filter(({ length }) => length < 40_000);

type Random = (below: number) => number;

/** One to four changes: bits, bytes, bytes that mean something, stretches moved, left out, doubled or cut off. */
function mutate(original: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length);
    const size = 1 + random(Math.min(40, bytes.length));
    switch (random(7)) {
      case 0:
        bytes[at] ^= 1 << random(8);
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2:
        bytes[at] = MEANINGFUL[random(MEANINGFUL.length)];
        break;
      case 3:
        bytes.copyWithin(at, random(bytes.length), random(bytes.length));
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)]);
        break;
      default:
        if (random(3) === 0) bytes = bytes.subarray(0, at);
    }
    if (bytes.length === 0) return original;
  }
  return bytes;
}

/** Lengths, string encodings, opcodes, types, ends of packed structures. */
const MEANINGFUL = [
  0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0x82, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xf0, 0xf4, 0xfe, 0xff,
].concat(
  Array.from({ length: 33 }, (_, type) => type),
  Array.from({ length: 14 }, (_, i) => 242 + i),
);

function failureOf(run: () => unknown): RdbError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof RdbError) return error;
    throw error;
  }
}

test(`${MUTATIONS} damaged files end in a typed error or a result, however they are cut`, () => {
  const random01 = seededRandom(SEED);
  const random: Random = (below) => Math.floor(random01() * below);
  const codes = new Map<string, number>();
  const before = process.memoryUsage().arrayBuffers;
  let read = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const bytes = mutate(files[i % files.length], random);
    const chunkBytes = 1 + random(300);
    const startMs = performance.now();
    const failure = failureOf(() => [...readRdbSync(chunks(bytes, chunkBytes), { verifiesChecksum: i % 2 === 0 })]);
    expect(performance.now() - startMs, `seed ${SEED}, mutation ${i}`).toBeLessThan(LONGEST_MS);
    if (failure === undefined) {
      read++;
      continue;
    }
    codes.set(failure.code, (codes.get(failure.code) ?? 0) + 1);
    expect(failure.fileOffset).toBeGreaterThanOrEqual(0);
    expect(failure.fileOffset).toBeLessThanOrEqual(bytes.length);
    // All at once it fails at the same place.
    const whole = failureOf(() => readAll(bytes, { verifiesChecksum: i % 2 === 0 }));
    expect({ ...whole, message: whole?.message }).toEqual({ ...failure, message: failure.message });
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MOST_BYTES);
  expect(read).toBeGreaterThan(100);
  for (const code of [
    'RDB_TRUNCATED',
    'RDB_STRUCTURE',
    'RDB_TYPE',
    'RDB_LENGTH',
    'RDB_CHECKSUM',
    'RDB_LZF',
    'RDB_MAGIC',
  ]) {
    expect(codes.get(code) ?? 0, code).toBeGreaterThan(5);
  }
});

test('damaged payloads are refused; with a checksum that fits, they end in a typed error or a value', () => {
  const random01 = seededRandom(SEED + 1);
  const random: Random = (below) => Math.floor(random01() * below);
  const values = files.flatMap((bytes) =>
    failureOf(() => readAll(bytes)) === undefined ? keysOf(readAll(bytes)) : [],
  );
  const targets: readonly RdbTarget[] = ['redis-6', 'redis-7.2', 'redis-7.4', 'valkey-9'];
  let refused = 0;
  let restored = 0;
  for (let i = 0; i < 1500; i++) {
    const payload = dumpValue(values[i % values.length], targets[i % targets.length]);
    const damaged = mutate(payload, random);
    if (!Buffer.from(damaged).equals(payload)) expect(failureOf(() => restoreValue(damaged))).toBeDefined();
    if (failureOf(() => restoreValue(damaged, { verifiesChecksum: false })) === undefined) restored++;
    else refused++;
  }
  expect(refused).toBeGreaterThan(500);
  expect(restored).toBeGreaterThan(50);
});

test('no more is allocated than the file has, whatever its lengths claim', () => {
  const before = process.memoryUsage().arrayBuffers;
  const string = (length: readonly number[]) =>
    Uint8Array.from([...Buffer.from('REDIS0011'), 0, 1, 0x6b, ...length, 1, 2]);
  const claims: readonly (readonly number[])[] = [
    [0x80, 0x1f, 0xff, 0xff, 0xff],
    [0x81, 0, 0, 0, 0, 0x1f, 0xff, 0xff, 0xff],
    [0xc3, 0x40, 0xff, 0x80, 0x1f, 0xff, 0xff, 0xff],
    [0xc3, 2, 0x80, 0x1f, 0xff, 0xff, 0xff],
  ];
  for (const claim of claims) {
    const failure = failureOf(() => readAll(string(claim)));
    expect(['RDB_TRUNCATED', 'RDB_LZF']).toContain(failure?.code);
  }
  expect(failureOf(() => readAll(string([0x81, 1, 0, 0, 0, 0, 0, 0, 0])))?.code).toBe('RDB_STRING_TOO_LONG');
  for (const type of [1, 2, 3, 4, 5, 14, 15, 18]) {
    const list = Uint8Array.from([...Buffer.from('REDIS0011'), type, 1, 0x6b, 0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(failureOf(() => readAll(list))?.code).toBe('RDB_TRUNCATED');
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
});

function* chunks(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
