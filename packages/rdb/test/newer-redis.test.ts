/**
 * What Redis has added since 8.6 (versions 13 to 15 of the format), put together by hand. The malformed payloads and their verdicts are
 * those of Redis's own tests of hash templates.
 */
import { defaultThresholds } from '@aof/keyspace';
import { describe, expect, test } from 'vitest';
import { entryToValue, plainValue, RdbError, type RdbLoss, restoreValue, writeRdbSync } from '../src/index.ts';
import { bytesOf, int64, listpack, type Part } from './bytes.ts';
import { keysOf, readAll } from './entries.ts';

const redis = (version: number, ...parts: readonly Part[]) =>
  bytesOf(Buffer.from(`REDIS00${version}`), ...parts, 255, new Uint8Array(8));

function failureOf(run: () => unknown): RdbError {
  try {
    run();
  } catch (error) {
    if (error instanceof RdbError) return error;
    throw error;
  }
  throw new Error('it was read');
}

/** The 16 bytes of an ID where it is no pair of lengths. */
function rawId(milliseconds: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(milliseconds));
  bytes.writeBigUInt64BE(BigInt(sequence), 8);
  return bytes;
}

describe('hashes with templates', () => {
  const template = [242, 7, 3, 'age', 'name', 'email'] as const;
  const fields = [
    ['age', '42'],
    ['name', 'Ann'],
    ['email', 'a@x'],
  ];

  test('have the names of the template that they refer to', () => {
    const bytes = redis(
      15,
      ...template,
      30,
      'lp',
      listpack('7', '42', 'Ann', 'a@x'),
      32,
      'array',
      7,
      '42',
      'Ann',
      'a@x',
    );
    expect(keysOf(readAll(bytes)).map(({ key, type, value }) => [key, type, value])).toEqual([
      ['lp', 'hash', fields],
      ['array', 'hash', fields],
    ]);
    expect(readAll(bytes).map(({ kind }) => kind)).toEqual(['header', 'key', 'key', 'end']);
  });

  test('whose names are out of order, twice there or missing are refused', () => {
    const failures: [string, readonly Part[]][] = [
      ['not strictly sorted', [242, 0, 2, 'name', 'age']],
      ['not strictly sorted', [242, 0, 2, 'name', 'name']],
      ['zero fields', [242, 0, 0]],
      ['Duplicate hash template ID 7', [...template, ...template]],
      ['Invalid hash template ID 5', [...template, 30, 'k', listpack('5', '42', 'Ann', 'a@x')]],
      ['Invalid hash template ID 5', [...template, 32, 'k', 5, '42', 'Ann', 'a@x']],
      ['of 3 fields with 2 values', [...template, 30, 'k', listpack('7', '42', 'Ann')]],
      ['not an integer', [...template, 30, 'k', listpack('x', '42', 'Ann', 'a@x')]],
      ['is empty', [...template, 30, 'k', listpack()]],
    ];
    for (const [reason, parts] of failures) {
      const error = failureOf(() => readAll(redis(15, ...parts)));
      expect(error.message).toContain(reason);
      expect(['RDB_STRUCTURE', 'RDB_DUPLICATE']).toContain(error.code);
    }
  });

  const fieldsLp = '17170000000200866669656c643107866669656c643207ff';
  const version15 = '0f000000000000000000';

  test('come in payloads with their names', () => {
    const payload = (hex: string) => Buffer.from(hex + version15, 'hex');
    const expected = { type: 'hash', value: [['field1', '1'], ['field2', '2']] }; // biome-ignore format: one line
    expect(restoreValue(payload(`1d00${fieldsLp}0d0d0000000300000101010201ff`))).toEqual(expected);
    expect(restoreValue(payload('1f0102066669656c6431066669656c6432c001c002'))).toEqual(expected);
    const payloads: [reason: string, hex: string][] = [
      ['with 1 values', `1d00${fieldsLp}0b0b000000020000010101ff`],
      ['is empty', `1d00${fieldsLp}07070000000000ff`],
      ['not an integer', `1d00${fieldsLp}0e0e000000030081780201010201ff`],
      ['zero fields', '1d0007070000000000ff0d0d0000000300000101010201ff'],
      ['zero fields', '1f0100066669656c6431066669656c6432c001c002'],
      ['no form 2', '1f0202066669656c6431066669656c6432c001c002'],
      ['no type 30', '1e0d0d0000000300050101010201ff'],
      ['no type 32', '2005c001c002'],
    ];
    for (const [reason, hex] of payloads) expect(failureOf(() => restoreValue(payload(hex))).message).toContain(reason);
  });

  test('are sent without checksum, which older payloads may not be', () => {
    const payload = bytesOf(0, 'abc', 14, 0, new Uint8Array(8));
    expect(failureOf(() => restoreValue(payload))).toMatchObject({ code: 'RDB_CHECKSUM' });
    payload[payload.length - 10] = 15;
    expect(restoreValue(payload)).toEqual({ type: 'string', value: 'abc' });
  });
});

describe('streams', () => {
  /** Two entries, a group with a consumer who owns the first, and the second given back. */
  const stream = (type: number, unowned: readonly Part[], ...rest: readonly Part[]) => [
    ...[type, 's', 1, 16, rawId(5, 1)],
    listpack('2', '0', '1', 'f', '0', '2', '0', '0', 'a', '4', '2', '0', '1', 'b', '4'),
    ...[2, 5, 2, 5, 1, 0, 0, 2],
    ...[1, 'g', 5, 2, 2, 2, rawId(5, 1), int64(1000), 1, rawId(5, 2), int64(2000), 3],
    ...[1, 'ann', int64(1000), int64(1000), 1, rawId(5, 1), ...unowned],
    ...rest,
  ];
  const noProducers = [100, 100, 0, 0, 0].map((count) => (count > 63 ? Uint8Array.of(0x40, count) : count));
  const producers = [60, 10, 1, 'p', 1, 'order-1', 5, 1, 1, 4];

  test('know producers and entries that nobody owns', () => {
    const bytes = redis(14, ...stream(27, [1, rawId(5, 2)], ...producers));
    const [key] = keysOf(readAll(bytes));
    expect(key).toMatchObject({
      type: 'stream',
      value: {
        groups: [
          {
            pending: [{ id: '5-1', consumer: 'ann' }],
            unowned: [{ id: '5-2', deliveryTimeMs: 2000, deliveryCount: 3 }],
          },
        ],
        producers: {
          durationSec: 60,
          maxEntries: 10,
          producers: [{ name: 'p', entries: [['order-1', '5-1']] }],
          added: 1,
          duplicates: 4,
        },
      },
    });
    const { value, lost } = entryToValue(key, defaultThresholds());
    expect(lost).toEqual(['stream-unowned-pending', 'stream-producers']);
    expect(plainValue(value)).toMatchObject({ value: { groups: [{ pending: [{ id: '5-1' }] }] } });
    const losses: RdbLoss[] = [];
    const options = {
      target: 'redis-7.4',
      origin: { createdSec: 0 },
      onLoss: (loss: RdbLoss) => losses.push(loss),
    } as const;
    const copy = Buffer.concat([...writeRdbSync(readAll(bytes), options)]);
    expect(losses.map(({ code }) => code)).toEqual(['stream-unowned-pending', 'stream-producers']);
    expect(keysOf(readAll(copy))).toMatchObject([{ value: { groups: [{ pending: [{ id: '5-1' }] }] } }]);
  });

  test('whose entries without owner contradict the group are refused', () => {
    const failure = (unowned: readonly Part[], type = 27) =>
      failureOf(() => readAll(redis(14, ...stream(type, unowned, ...noProducers)))).message;
    expect(failure([0])).toContain('without consumer');
    expect(failure([], 26)).toContain('without consumer');
    expect(failure([1, rawId(9, 9)])).toContain('not found');
    expect(failure([1, rawId(5, 1)])).toContain('has a consumer');
  });
});

describe('arrays and metadata', () => {
  test('are passed over with a notice', () => {
    const array = [28, 'a', 4, 1, 9, 0, 1, int64(5), 1, 2, int64(0), 2, 3, 'abc', 5, 0, 'a string'];
    const bytes = redis(14, ...array, 252, int64(5), 243, 1, 1, 2, 3, 4, 5, 'data', 0, 0, 'k', 'v');
    const entries = readAll(bytes);
    expect(entries).toMatchObject([
      { kind: 'header' },
      { kind: 'key-skipped', key: 'a', encoding: 'array', fileOffset: 9 },
      { kind: 'module-skipped', key: undefined, moduleType: 'key-metadata', byteLength: 13 },
      { kind: 'key', key: 'k', expireAtMs: 5, value: 'v' },
      { kind: 'end' },
    ]);
    const losses: (string | undefined)[][] = [];
    const onLoss = ({ code, key }: RdbLoss) => losses.push([code, key]);
    [...writeRdbSync(entries, { target: 'redis-7.4', origin: { createdSec: 0 }, onLoss })];
    expect(losses).toEqual([
      ['key', 'a'],
      ['module', undefined],
    ]);
  });

  test('that are damaged are told', () => {
    expect(failureOf(() => readAll(redis(14, 28, 'a', 1, 2)))).toMatchObject({ code: 'RDB_STRUCTURE', key: 'a' });
    expect(failureOf(() => readAll(redis(14, 28, 'a', 1, 0, 0, 9)))).toMatchObject({ code: 'RDB_STRUCTURE' });
    expect(failureOf(() => readAll(redis(14, 243, 1, 1, 2, 3, 4, 9)))).toMatchObject({ code: 'RDB_MODULE' });
  });

  test('mean something else in Valkey', () => {
    const valkey = (...parts: readonly Part[]) => bytesOf(Buffer.from('VALKEY080'), ...parts, 255, new Uint8Array(8));
    for (const type of [242, 26, 28, 30])
      expect(failureOf(() => readAll(valkey(type, 1, 1, 'a')))).toMatchObject({ code: 'RDB_TYPE' });
  });
});

test('a score of -0 stays one, in small sorted sets as in large ones', () => {
  for (const size of [1, 300]) {
    const pairs = Array.from({ length: size }, (_, i) => [`m${i}`, i === 0 ? -0 : i] as const);
    const { value } = entryToValue({ type: 'zset', value: pairs }, defaultThresholds());
    expect(plainValue(value)).toEqual({ type: 'zset', value: pairs });
  }
});
