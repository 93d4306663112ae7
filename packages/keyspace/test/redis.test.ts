/** What must be equal to a real redis-server's: digests, patterns, the encodings of strings. SKIPPED where there is none. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../src/database.ts';
import { digestDataset, digestValue } from '../src/digest.ts';
import { createGlob } from '../src/glob.ts';
import { Keyspace } from '../src/keyspace.ts';
import { HashValue } from '../src/values/hash.ts';
import { ListValue } from '../src/values/list.ts';
import { SetValue } from '../src/values/set.ts';
import { SortedSetValue } from '../src/values/sorted-set.ts';
import { StreamValue } from '../src/values/stream.ts';
import { parseStreamId, type StreamId, streamIdText } from '../src/values/stream-id.ts';
import { RawString, stringEncoding } from '../src/values/string.ts';
import { isRedisInstalled, RedisServer } from './redis-server.ts';

const tools = {
  sha1: (bytes: Uint8Array) => createHash('sha1').update(bytes).digest(),
  formatDouble17,
};

/** %.17g for the scores of this test, which are integers, infinities, or have all of 17 digits. */
function formatDouble17(score: number): string {
  if (Number.isInteger(score)) return Object.is(score, -0) ? '-0' : String(score);
  if (!Number.isFinite(score)) return score > 0 ? 'inf' : '-inf';
  return score.toPrecision(17).replace(/0+$/, '');
}

/** Puts the same data into a keyspace and into Redis. */
class Twins {
  readonly keyspace = new Keyspace({ random: () => 0.5 });
  readonly redis: RedisServer;
  #db: Database = this.keyspace.databases[0];

  constructor(redis: RedisServer) {
    this.redis = redis;
  }

  async select(index: number): Promise<void> {
    this.#db = this.keyspace.databases[index];
    await this.redis.call('SELECT', index);
  }

  async string(key: string, value: string, isRaw = false): Promise<void> {
    this.#db.set(key, isRaw ? RawString.of(value) : value);
    await this.redis.call('SET', key, value);
  }

  async list(key: string, elements: readonly string[]): Promise<void> {
    this.#db.set(key, ListValue.of(elements, this.keyspace.thresholds.listMaxListpackSize));
    await this.redis.call('RPUSH', key, ...elements);
  }

  async set(key: string, members: readonly string[]): Promise<void> {
    this.#db.set(key, SetValue.of(members, this.keyspace.thresholds));
    await this.redis.call('SADD', key, ...members);
  }

  async hash(key: string, pairs: readonly (readonly [string, string])[]): Promise<void> {
    this.#db.set(key, HashValue.of(pairs, this.keyspace.thresholds));
    await this.redis.call('HSET', key, ...pairs.flat());
  }

  async sortedSet(key: string, pairs: readonly { member: string; score: number }[]): Promise<void> {
    this.#db.set(key, SortedSetValue.of([...pairs], this.keyspace.thresholds));
    const scores = pairs.flatMap(({ member, score }) => [formatDouble17(score), member]);
    await this.redis.call('ZADD', key, ...scores);
  }

  async stream(key: string, entries: readonly (readonly [id: StreamId, fields: readonly string[]])[]): Promise<void> {
    const stream = new StreamValue();
    for (const [id, fields] of entries) {
      stream.append(id, fields, this.keyspace.thresholds);
      await this.redis.call('XADD', key, streamIdText(id), ...fields);
    }
    this.#db.set(key, stream);
  }

  async expire(key: string, atMs: number): Promise<void> {
    this.#db.setExpire(key, atMs);
    await this.redis.call('PEXPIREAT', key, atMs);
  }

  async expectEqual(keys: readonly string[]): Promise<void> {
    expect(digestDataset(this.keyspace, tools)).toBe(await this.redis.call('DEBUG', 'DIGEST'));
    for (const key of keys) {
      expect([digestValue(this.#db, key, tools)]).toEqual(await this.redis.call('DEBUG', 'DIGEST-VALUE', key));
    }
  }
}

const numbered = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

describe.skipIf(!isRedisInstalled)('beside redis-server', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.stop());

  test('equal data has equal digests, of every type, small and large, with and without an expiry', async () => {
    await redis.call('FLUSHALL');
    const twins = new Twins(redis);
    await twins.expectEqual(['none']);
    await twins.select(3);
    await twins.string('s', 'a\x00\xff\r\n');
    await twins.string('', '-12');
    await twins.string('raw', 'x'.repeat(100), true);
    await twins.list('l', ['b', 'a', '', 'a', '17']);
    await twins.list('large l', numbered(5000, 'element '));
    await twins.set('s1', ['3', '-1', '20']);
    await twins.set('s2', ['3', 'a\xe9', '']);
    await twins.set('large s', numbered(1000, ''));
    await twins.set('larger s', numbered(1000, 'member'));
    await twins.hash('h', [
      ['f', 'v'],
      ['', ''],
      ['n', '7'],
    ]);
    await twins.hash(
      'large h',
      numbered(600, 'field').map((field) => [field, `${field}!`] as const),
    );
    await twins.expectEqual([
      's',
      '',
      'raw',
      'l',
      'large l',
      's1',
      's2',
      'large s',
      'larger s',
      'h',
      'large h',
      'none',
    ]);
    await twins.select(9);
    const scores = [0.1, -2.5, 3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1 / 3, -0];
    await twins.sortedSet(
      'z',
      scores.map((score, i) => ({ member: `m${i}`, score })),
    );
    await twins.sortedSet(
      'large z',
      numbered(700, 'm').map((member, i) => ({ member, score: i / 7 })),
    );
    await twins.string('volatile', '1');
    await twins.expire('volatile', 4e12);
    await twins.expire('z', 4e12 + 1);
    await twins.stream('x', [
      [{ ms: 1, seq: 5 }, ['f', 'v', 'f', '\xff\x00']],
      [parseStreamId('18446744073709551615-9007199254740993') ?? { ms: 2, seq: 0 }, ['', '']],
    ]);
    await twins.stream(
      'large x',
      numbered(300, 'v').map((value, i) => [
        { ms: i + 1, seq: i % 3 },
        ['f', value, ...(i % 50 === 0 ? ['g', '7'] : [])],
      ]),
    );
    await twins.expectEqual(['z', 'large z', 'volatile', 'x', 'large x']);
  });

  test('a string has the same encoding', async () => {
    await redis.call('FLUSHALL');
    const texts = [
      '',
      '0',
      '-0',
      '00',
      '1',
      '-1',
      '+1',
      ' 1',
      '1 ',
      '1e3',
      '9223372036854775807',
      '9223372036854775808',
    ];
    const more = [
      '-9223372036854775808',
      '-9223372036854775809',
      '00000000000000000001',
      'x'.repeat(44),
      'x'.repeat(45),
    ];
    for (const text of [...texts, ...more]) {
      await redis.call('SET', 'k', text);
      expect([text, stringEncoding(text)]).toEqual([text, await redis.call('OBJECT', 'ENCODING', 'k')]);
    }
    await redis.call('SET', 'k', '1');
    await redis.call('APPEND', 'k', '2');
    expect(await redis.call('OBJECT', 'ENCODING', 'k')).toBe(stringEncoding(RawString.of('12')));
  });

  test('a pattern matches the same texts', async () => {
    const part = fc.constantFrom('*', '?', '[', ']', '^', '-', '\\', 'a', 'b', 'c', '[a-c]', '[^a]', '[b-', '\xff');
    const pattern = fc.array(part, { minLength: 1, maxLength: 7 }).map((parts) => parts.join(''));
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '-', ']', '^', '\\', '\xff', '['), { maxLength: 5 })
      .map((parts) => parts.join(''));
    const pairs = fc.sample(fc.tuple(pattern, text), 4000);
    await redis.call('FLUSHALL');
    const names = [...new Set(pairs.map(([, name]) => name))];
    for (const name of names) await redis.call('SET', name, '');
    let matched = 0;
    for (const [one] of pairs.slice(0, 1500)) {
      const found = (await redis.call('KEYS', one)) as string[];
      matched += found.length;
      expect({ pattern: one, found: names.filter(createGlob(one)).sort() }).toEqual({
        pattern: one,
        found: found.sort(),
      });
    }
    expect(matched).toBeGreaterThan(1000);
  });
});

test.skipIf(isRedisInstalled)('SKIPPED: 3 comparisons with redis-server, which is not installed', () => undefined);
