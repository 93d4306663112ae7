/** What is written here a real server loads, and what it saves is read here. */

import { crc64 } from '@aof/crc64';
import { defaultThresholds } from '@aof/keyspace';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  dumpValue,
  RdbError,
  type RdbTarget,
  RdbWriter,
  readRdbSync,
  restoreValue,
  type StreamValue,
  writeRdbSync,
} from '../src/index.ts';
import { keys as arbitraryKeys, value as arbitraryValue, type Key } from './arbitrary.ts';
import { keysOf, readAll, writeKeys } from './entries.ts';
import { isRedisInstalled, RedisServer } from './redis-server.ts';
import { seededRandom } from './seeded-random.ts';
import { ask, inOrder, put } from './server-values.ts';

const SEED = 815;
/** What Redis 7.0 can read. */
const TARGETS: readonly RdbTarget[] = ['redis-4', 'redis-5', 'redis-6', 'redis-7.0'];
const origin = { createdSec: 1_700_000_000 };
const FAR_MS = 4_102_444_800_000;

/** Keys with distinct names in some databases, none of which expires soon. */
function sample(count: number, seed: number): Key[] {
  const all = fc.sample(arbitraryKeys, { numRuns: count, seed }).flat();
  return all.map(
    (key, i): Key => ({ ...key, key: `${key.key}:${i}`, expireAtMs: key.expireAtMs === -1 ? -1 : FAR_MS + i }),
  );
}

/** A key as a server of 7.0 has it that loaded it from a file for `target`. */
function held(key: Key, target: RdbTarget): Key {
  if (key.type === 'hash') return { ...key, value: key.value.map(([field, value]) => [field, value] as const) };
  return key.type === 'stream' ? { ...key, value: heldStream(key.value, target) } : key;
}

function heldStream(stream: StreamValue, target: RdbTarget): StreamValue {
  const groups = stream.groups.map((group) => ({
    ...group,
    entriesRead: target === 'redis-7.0' ? group.entriesRead : expect.anything(),
    consumers: group.consumers.map((consumer) => ({ ...consumer, activeTimeMs: consumer.seenTimeMs })),
  }));
  if (target === 'redis-7.0') return { ...stream, groups };
  // Redis takes the greatest ID there is for the first of an empty stream.
  const firstId = stream.entries.length === 0 ? expect.anything() : stream.firstId;
  return { ...stream, groups, firstId, maxDeletedId: '0-0', entriesAdded: stream.entries.length };
}

async function expectHeld(server: RedisServer, keys: readonly Key[], target: RdbTarget): Promise<void> {
  let selected = -1;
  for (const key of keys) {
    if (key.database !== selected) await server.call('SELECT', key.database);
    selected = key.database;
    const { value, type } = inOrder(held(key, target));
    expect(inOrder(await ask(server, key.key)), key.key).toEqual({ type, value });
    expect(await server.call('PEXPIRETIME', key.key)).toBe(key.expireAtMs);
  }
}

describe.skipIf(!isRedisInstalled)('redis-server', () => {
  let server: RedisServer;
  let other: RedisServer;

  beforeAll(async () => {
    [server, other] = await Promise.all([RedisServer.start(), RedisServer.start()]);
  });

  afterAll(async () => {
    await Promise.all([server?.stop(), other?.stop()]);
  });

  test.each(TARGETS)('loads what is written for %s', async (target) => {
    const keys = sample(60, SEED).filter(({ type }) => type !== 'stream' || target !== 'redis-4');
    expect(keys.length).toBeGreaterThan(100);
    const types = new Set(keys.map(({ type }) => type));
    expect(types.size).toBe(target === 'redis-4' ? 5 : 6);
    for (const options of [{}, { compresses: false, sums: false }]) {
      await server.load(writeKeys(keys, target, options));
      await expectHeld(server, keys, target);
    }
    // And what it saves then reads as what was written.
    const saved = keysOf(readAll(await server.save(), { findsDuplicates: true }));
    const byName = (list: readonly Key[]) =>
      new Map(list.map((key) => [`${key.database}/${key.key}`, { ...inOrder(key), expireAtMs: key.expireAtMs }]));
    expect(byName(saved)).toEqual(byName(keys.map((key) => held(key, target))));
  });

  test('keeps what is at, below and above each threshold', async () => {
    const limits = defaultThresholds();
    const count = (n: number) => Array.from({ length: n }, (_, i) => i);
    const head = { database: 0, expireAtMs: -1 };
    const keys: Key[] = [-1, 0, 1].flatMap((d): Key[] => [
      { ...head, key: `s${d}`, type: 'set', value: count(limits.setMaxIntsetEntries + d).map(String) },
      {
        ...head,
        key: `h${d}`,
        type: 'hash',
        value: count(limits.hashMaxListpackEntries + d).map((i) => [`f${i}`, `${i}`]),
      },
      { ...head, key: `hv${d}`, type: 'hash', value: [['f', 'x'.repeat(limits.hashMaxListpackValue + d)]] },
      {
        ...head,
        key: `z${d}`,
        type: 'zset',
        value: count(limits.zsetMaxListpackEntries + d).map((i) => [`m${i}`, i / 3]),
      },
      { ...head, key: `zv${d}`, type: 'zset', value: [['x'.repeat(limits.zsetMaxListpackValue + d), 1]] },
      { ...head, key: `l${d}`, type: 'list', value: ['x'.repeat(8192 - 20 + d), 'a', 'y'.repeat(8192 + d), 'b'] },
    ]);
    for (const target of TARGETS) {
      await server.load(writeKeys(keys, target));
      await expectHeld(server, keys, target);
    }
    const encodings = await Promise.all(
      ['s0', 's1', 'h0', 'h1', 'hv0', 'hv1', 'z0', 'z1'].map((key) => server.call('OBJECT', 'ENCODING', key)),
    );
    expect(encodings).toEqual([
      'intset',
      'hashtable',
      'listpack',
      'hashtable',
      'listpack',
      'hashtable',
      'listpack',
      'skiplist',
    ]);
  });

  test('has the same digest after its file went through here', async () => {
    for (const seed of [1, 2, 3]) {
      await fill(server, sample(25, SEED + seed), seed);
      const digest = await server.call('DEBUG', 'DIGEST');
      const saved = await server.save();
      const hasStreams = keysOf(readAll(saved)).some(({ type }) => type === 'stream');
      expect(hasStreams).toBe(true);
      for (const target of TARGETS.slice(1)) {
        const copy = Buffer.concat([...writeRdbSync(readRdbSync([saved]), { target, origin })]);
        await other.load(copy);
        expect(await other.call('DEBUG', 'DIGEST'), `seed ${seed}, ${target}`).toBe(digest);
      }
    }
  });

  test('saves what is read as it tells it by commands, whatever its thresholds', async () => {
    const encodings = new Set<string>();
    for (const seed of [11, 12, 13, 14]) {
      await fill(server, sample(25, SEED + seed), seed);
      let found = 0;
      let selected = -1;
      for (const entry of readRdbSync([await server.save()], { findsDuplicates: true })) {
        if (entry.kind !== 'key') continue;
        encodings.add(entry.encoding);
        if (entry.database !== selected) await server.call('SELECT', entry.database);
        selected = entry.database;
        expect(inOrder(entry), `seed ${seed}, ${entry.encoding}`).toEqual(inOrder(await ask(server, entry.key)));
        expect(entry.expireAtMs).toBe(await server.call('PEXPIRETIME', entry.key));
        found++;
      }
      expect(found).toBeGreaterThan(40);
    }
    expect([...encodings].sort()).toEqual([
      'hash-hashtable',
      'hash-listpack',
      'quicklist-v2',
      'set-hashtable',
      'set-intset',
      'stream-v2',
      'string',
      'zset-listpack',
      'zset-v2',
    ]);
  });

  test('exchanges DUMP payloads', async () => {
    await server.call('FLUSHALL');
    await server.call('SELECT', 0);
    const values = fc.sample(arbitraryValue, { numRuns: 150, seed: SEED });
    for (const [i, value] of values.entries()) {
      const plain = inOrder(held({ ...value, database: 0, key: 'k', expireAtMs: -1 }, 'redis-7.0'));
      await server.call('RESTORE', 'k', 0, dumpValue(value, 'redis-7.0'), 'REPLACE');
      expect(inOrder(await ask(server, 'k')), `value ${i}`).toEqual(plain);
      const payload = await server.bytes('DUMP', 'k');
      expect(inOrder(restoreValue(payload))).toEqual(plain);
      await server.call('RESTORE', 'l', 0, dumpValue(restoreValue(payload), 'redis-7.0'), 'REPLACE');
      const [one, same] = (await server.call('DEBUG', 'DIGEST-VALUE', 'k', 'l')) as string[];
      expect(one).toBe(same);
    }
  });

  test('takes every damaged payload that is taken here, and tells the same of it', async () => {
    await server.call('CONFIG', 'SET', 'sanitize-dump-payload', 'yes');
    await server.call('SELECT', 0);
    const random01 = seededRandom(SEED);
    const random = (below: number) => Math.floor(random01() * below);
    const counts = { same: 0, bothRefuse: 0, refusedHere: 0 };
    for (const [i, value] of fc.sample(arbitraryValue, { numRuns: 500, seed: SEED }).entries()) {
      const payload = Buffer.from(dumpValue(value, 'redis-7.0', { compresses: i % 3 === 0 }));
      // The type stays: later ones are known here and not there.
      const at = 1 + random(Math.min(payload.length - 11, 200));
      payload[at] = random(3) === 0 ? DAMAGE[random(DAMAGE.length)] : payload[at] ^ (1 << random(8));
      payload.writeBigUInt64LE(crc64(payload.subarray(0, -8)), payload.length - 8);
      const here = orRefusal(() => restoreValue(payload));
      const isTaken = await server.call('RESTORE', 'k', 0, payload, 'REPLACE').then(
        () => true,
        () => false,
      );
      if (here === undefined) {
        counts[isTaken ? 'refusedHere' : 'bothRefuse']++;
        continue;
      }
      expect(isTaken, `payload ${i}: ${payload.toString('hex')}`).toBe(true);
      counts.same++;
      // What a stream has beyond 2^53 the client does not tell exactly.
      if (here.type !== 'stream') expect(inOrder(here)).toEqual(inOrder(await ask(server, 'k')));
    }
    await server.call('CONFIG', 'SET', 'sanitize-dump-payload', 'no');
    expect(counts.same).toBeGreaterThan(200);
    expect(counts.bothRefuse).toBeGreaterThan(100);
    // Redis is content with scores that only begin as numbers, with strings that reach into the checksum, and with bytes to spare.
    expect(counts.refusedHere).toBeLessThan(40);
  });

  test('saves function libraries that are read and loaded again', async () => {
    const code = "#!lua name=mine\nredis.register_function('f', function() return 42 end)";
    await server.call('FLUSHALL');
    await server.call('FUNCTION', 'FLUSH');
    await server.call('FUNCTION', 'LOAD', code);
    const saved = await server.save();
    expect(readAll(saved)).toContainEqual({ kind: 'function', fileOffset: expect.any(Number), code });
    await other.call('FUNCTION', 'FLUSH');
    await other.load(Buffer.concat([...writeRdbSync(readRdbSync([saved]), { target: 'redis-7.0', origin })]));
    expect(await other.call('FCALL', 'f', 0)).toBe(42);
  });

  test('takes idle times and frequencies', async () => {
    const head = { database: 0, expireAtMs: -1, type: 'string', value: 'v' } as const;
    const dump = writeKeys(
      [
        { ...head, key: 'idle', idleSec: 1000 },
        { ...head, key: 'used', frequency: 77 },
      ],
      'redis-7.0',
    );
    await server.call('SELECT', 0);
    await server.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await server.load(dump);
    expect(await server.call('OBJECT', 'IDLETIME', 'idle')).toBeGreaterThanOrEqual(1000);
    expect(keysOf(readAll(await server.save()))).toContainEqual(
      expect.objectContaining({ key: 'idle', idleSec: expect.any(Number) }),
    );
    await server.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    await server.load(dump);
    expect(await server.call('OBJECT', 'FREQ', 'used')).toBe(77);
    expect(keysOf(readAll(await server.save()))).toContainEqual(
      expect.objectContaining({ key: 'used', frequency: 77 }),
    );
    await server.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  });

  test.each(TARGETS)('loads values that were written in pieces for %s', async (target) => {
    const count = 20_000;
    const numbers = Array.from({ length: count }, (_, i) => i);
    const head = (key: string) => ({ database: 1, key, expireAtMs: -1 });
    const writer = new RdbWriter({ target });
    writer.begin(origin);
    writer.resize(1, 6, 0);
    writer.beginList(head('list'), count);
    for (const i of numbers) writer.element(`item ${i}`);
    writer.endValue();
    writer.beginListNodes(head('nodes'), count / 100);
    for (let at = 0; at < count; at += 100) writer.listNode(numbers.slice(at, at + 100).map(String));
    writer.endValue();
    writer.beginSet(head('set'), count);
    for (const i of numbers) writer.element(`member ${i}`);
    writer.endValue();
    writer.beginSortedSet(head('zset'), count);
    for (const i of numbers) writer.scored(`member ${i}`, -i / 7);
    writer.endValue();
    writer.beginHash(head('hash'), count);
    for (const i of numbers) writer.field(`field ${i}`, `value ${i}`);
    writer.endValue();
    writer.beginString(head('string'), count);
    for (const i of numbers) writer.bytes(Uint8Array.of(i));
    writer.endValue();
    writer.end();
    await server.load(Buffer.concat(writer.take()));
    await server.call('SELECT', 1);
    const texts = (name: string) => numbers.map((i) => `${name} ${i}`);
    expect(await server.call('LRANGE', 'list', 0, -1)).toEqual(texts('item'));
    expect(await server.call('LRANGE', 'nodes', 0, -1)).toEqual(numbers.map(String));
    expect(new Set((await server.call('SMEMBERS', 'set')) as string[])).toEqual(new Set(texts('member')));
    expect(await server.call('ZRANGE', 'zset', 0, -1)).toEqual(texts('member').reverse());
    expect(await server.call('HLEN', 'hash')).toBe(count);
    expect(await server.call('HGET', 'hash', 'field 12345')).toBe('value 12345');
    expect(await server.call('GET', 'string')).toBe(Buffer.from(numbers.map((i) => i & 0xff)).toString('latin1'));
  });

  /** Empties a server and fills it by commands, with thresholds and options at random. */
  async function fill(target: RedisServer, keys: readonly Key[], seed: number): Promise<void> {
    await target.call('FLUSHALL');
    const pick = <T>(...choices: readonly T[]): T => choices[(seed * 7919) % choices.length];
    const settings: Record<string, string | number> = {
      'hash-max-listpack-entries': pick(0, 5, 128, 512),
      'hash-max-listpack-value': pick(64, 8, 100, 1),
      'list-max-listpack-size': pick(-2, 3, -1, -5, 100),
      'list-compress-depth': pick(0, 1, 2),
      'set-max-intset-entries': pick(512, 3, 100),
      'zset-max-listpack-entries': pick(128, 2, 64),
      'zset-max-listpack-value': pick(64, 8),
      'stream-node-max-entries': pick(100, 2, 3),
      rdbcompression: pick('yes', 'no', 'yes'),
    };
    for (const [name, value] of Object.entries(settings)) await target.call('CONFIG', 'SET', name, value);
    for (const key of keys) {
      await target.call('SELECT', key.database);
      await put(target, key);
    }
  }
});

/** Bytes that mean something somewhere. */
const DAMAGE = [0, 1, 0x80, 0xc0, 0xc3, 0xfe, 0xff];

/** What `read` answers, or undefined if it is refused with a typed error. */
function orRefusal<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RdbError) return undefined;
    throw error;
  }
}

test.skipIf(isRedisInstalled)('SKIPPED: there is no redis-server to compare with, 14 tests', () => undefined);
