/** Entries as records: what they say, and that a real server comes to the same data set by them as by the RDB file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoggableEntry, type RdbLoss, readRdb, type WriteAofOptions, writeAof } from '../src/index.ts';
import { keys as arbitraryKeys, type Key } from './arbitrary.ts';
import { cut, writeKeys } from './entries.ts';
import { isRedisInstalled, RedisServer } from './redis-server.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

async function logOf(
  entries: AsyncIterable<LoggableEntry> | Iterable<LoggableEntry>,
  options?: WriteAofOptions,
): Promise<string> {
  let text = '';
  for await (const chunk of writeAof(entries, options)) {
    const part = Buffer.from(chunk).toString('latin1');
    text += part;
  }
  return text;
}

/** The records of a log that is well formed. */
function recordsOf(log: string): string[][] {
  const records: string[][] = [];
  const line = (at: number, mark: string): [number: number, next: number] => {
    const end = log.indexOf('\r\n', at);
    expect(log[at]).toBe(mark);
    return [Number(log.slice(at + 1, end)), end + 2];
  };
  for (let at = 0; at < log.length; ) {
    const [count, first] = line(at, '*');
    at = first;
    const args: string[] = [];
    for (let i = 0; i < count; i++) {
      const [length, start] = line(at, '$');
      args.push(log.slice(start, start + length));
      expect(log.slice(start + length, start + length + 2)).toBe('\r\n');
      at = start + length + 2;
    }
    records.push(args);
  }
  return records;
}

/** A file brings a score of -0 into a small sorted set; ZADD has never done so. */
function withoutMinusZero(key: Key & { readonly type: 'zset' }): Key {
  return { ...key, value: key.value.map(([member, score]) => [member, score + 0] as const) };
}

const plain = (log: string) => recordsOf(log).map((args) => args.join(' '));
const head = { kind: 'key', database: 0, expireAtMs: -1 } as const;

test('each type has its commands', async () => {
  const log = await logOf([
    { kind: 'function', fileOffset: 0, code: '#!lua name=f' },
    { ...head, key: 's', type: 'string', value: 'v' },
    { ...head, key: 'b', type: 'string', value: Uint8Array.of(1, 255), database: 3, expireAtMs: 5 },
    { ...head, key: 'l', type: 'list', value: ['a', ''] },
    { ...head, key: 'z', type: 'zset', value: [['m', -0], ['n', Number.NEGATIVE_INFINITY]] }, // biome-ignore format: one line
    { ...head, key: 'e', type: 'set', value: Array.from({ length: 65 }, (_, i) => `${i}`) },
  ]);
  const [, , , , , , , ...sets] = plain(log);
  expect(plain(log).slice(0, 7)).toEqual([
    'FUNCTION LOAD #!lua name=f',
    'SET s v',
    'SELECT 3',
    'SET b \x01\xff',
    'PEXPIREAT b 5',
    'SELECT 0',
    'RPUSH l a ',
  ]);
  expect(sets.map((record) => record.split(' ').length)).toEqual([6, 66, 3]);
  expect(sets[0]).toBe('ZADD z -0 m -inf n');
});

test('what a server or any log cannot hold is told', async () => {
  const entries: LoggableEntry[] = [
    { kind: 'function', fileOffset: 0, code: '' },
    { kind: 'key-skipped', fileOffset: 0, database: 0, key: 'a', encoding: 'array', byteLength: 9 },
    { ...head, key: 'h', idleSec: 4, type: 'hash', value: [['f', 'v', 7], ['g', 'w']] }, // biome-ignore format: one line
  ];
  const losses: RdbLoss[] = [];
  const onLoss = (loss: RdbLoss) => losses.push(loss);
  expect(plain(await logOf(entries, { target: 'redis-6', onLoss }))).toEqual(['HMSET h f v g w']);
  expect(losses.map(({ code, key }) => [code, key])).toEqual([
    ['function', undefined],
    ['key', 'a'],
    ['usage', 'h'],
    ['hash-field-expiry', 'h'],
  ]);
  expect(plain(await logOf(entries.slice(2), { target: 'redis-7.4' }))).toEqual([
    'HMSET h f v g w',
    'HPEXPIREAT h 7 FIELDS 1 f',
  ]);
});

test('parts make the same records as whole values, but for where commands end', async () => {
  const items = (log: string) => {
    const byKey = new Map<string, string[]>();
    for (const [command = '', key = '', ...rest] of recordsOf(log)) {
      const all = byKey.get(`${command} ${key}`) ?? [];
      byKey.set(`${command} ${key}`, [...all, ...rest]);
    }
    return byKey;
  };
  await fc.assert(
    fc.asyncProperty(arbitraryKeys, fc.integer({ min: 1, max: 5 }), async (keys, partElements) => {
      const bytes = writeKeys(keys, 'redis-7.4');
      const options = { target: 'redis-7.4' } as const;
      const whole = await logOf(readRdb([bytes]), options);
      expect(items(await logOf(readRdb(cut(bytes, [7]), { partElements }), options))).toEqual(items(whole));
    }),
    { numRuns: 40 },
  );
});

describe.skipIf(!isRedisInstalled)('redis-server', () => {
  let server: RedisServer;
  let other: RedisServer;
  beforeAll(async () => {
    [server, other] = await Promise.all([RedisServer.start(), RedisServer.start()]);
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), other?.stop()]);
  });

  test.each(['dump', 'random'])('has the same data set by the records as by the file: %s', async (which) => {
    const random = fc
      .sample(arbitraryKeys, { numRuns: 60, seed: 5 })
      .flat()
      .filter(({ type }) => type !== 'stream')
      .map((key) => (key.type === 'zset' ? withoutMinusZero(key) : key))
      .map((key, i) => ({ ...key, key: `${i}`, expireAtMs: key.expireAtMs === -1 ? -1 : 4_102_444_800_000 + i }));
    const bytes =
      which === 'dump' ? readFileSync(join(FIXTURES, 'redis-7.0.15/dump.rdb')) : writeKeys(random, 'redis-7.0');
    await server.load(bytes);
    await other.call('FLUSHALL');
    const records = recordsOf(await logOf(readRdb([bytes])));
    expect(records.length).toBeGreaterThan(50);
    for (const [name = '', ...args] of records) await other.call(name, ...args);
    expect(await other.call('DEBUG', 'DIGEST')).toBe(await server.call('DEBUG', 'DIGEST'));
  });
});
