/** The two clients that Node programs use, in both protocols, against a real process. */
import { Redis } from 'ioredis';
import { createClient, RESP_TYPES } from 'redis';
import { describe, expect, test } from 'vitest';
import { startAof, temporaryFolder } from './programs.ts';

const PASSWORD = 'a secret that is long enough';

describe.each([2, 3] as const)('RESP%d', (protocol) => {
  test('ioredis', async () => {
    const { socket } = await startAof(temporaryFolder(), '--requirepass', PASSWORD);
    const redis = new Redis({
      path: socket,
      password: PASSWORD,
      db: 2,
      protocol,
      lazyConnect: true,
      connectionName: 'test',
    });
    await redis.connect();
    try {
      expect(await redis.set('a', 'ä€')).toBe('OK');
      expect(await redis.get('a')).toBe('ä€');
      expect(await redis.getBuffer('a')).toEqual(Buffer.from('ä€'));
      expect(await redis.get('nothing')).toBe(null);
      await redis.hset('h', { f: '1', g: '2' });
      expect(await redis.hgetall('h')).toEqual({ f: '1', g: '2' });
      await redis.zadd('z', '1.5', 'm', '2', 'n');
      expect((await redis.zrange('z', '0', '-1', 'WITHSCORES')).flat().map(String)).toEqual(['m', '1.5', 'n', '2']);
      const pipeline = redis.pipeline();
      for (let i = 0; i < 500; i++) pipeline.rpush('list', `v${i}`);
      expect((await pipeline.exec())?.at(-1)).toEqual([null, 500]);
      expect(await redis.multi().incr('n').lpop('list').exec()).toEqual([
        [null, 1],
        [null, 'v0'],
      ]);
      await expect(redis.incr('h')).rejects.toThrow('WRONGTYPE');
      await redis.mset(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`many:${i}`, 'x'])));
      const seen = new Set<string>();
      for await (const keys of redis.scanStream({ match: 'many:*', count: 50 })) for (const key of keys) seen.add(key);
      expect(seen.size).toBe(300);
      expect(await redis.client('GETNAME')).toBe('test');
      expect(await redis.select(0)).toBe('OK');
      expect(await redis.dbsize()).toBe(0);
    } finally {
      redis.disconnect();
    }
  });

  test('node-redis', async () => {
    const { socket } = await startAof(temporaryFolder(), '--requirepass', PASSWORD);
    const client = createClient({
      socket: { path: socket, tls: false },
      password: PASSWORD,
      database: 1,
      RESP: protocol,
      name: 'test',
    });
    client.on('error', () => undefined); // rejections tell the test
    await client.connect();
    try {
      expect(await client.set('a', 'ä€', { expiration: { type: 'EX', value: 100 } })).toBe('OK');
      expect(await client.get('a')).toBe('ä€');
      expect(await client.ttl('a')).toBeGreaterThan(98);
      expect(await client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get('a')).toEqual(Buffer.from('ä€'));
      await client.hSet('h', { f: '1', g: '2' });
      expect({ ...(await client.hGetAll('h')) }).toEqual({ f: '1', g: '2' });
      await client.sAdd('s', ['x', 'y']);
      expect([...(await client.sMembers('s'))].sort()).toEqual(['x', 'y']);
      await client.zAdd('z', [
        { score: 1.5, value: 'm' },
        { score: Number.POSITIVE_INFINITY, value: 'n' },
      ]);
      expect(await client.zRangeWithScores('z', 0, -1)).toEqual([
        { score: 1.5, value: 'm' },
        { score: Number.POSITIVE_INFINITY, value: 'n' },
      ]);
      expect(await Promise.all(Array.from({ length: 500 }, (_, i) => client.rPush('list', `v${i}`)))).toHaveLength(500);
      expect(await client.multi().incr('n').lPop('list').exec()).toEqual([1, 'v0']);
      await expect(client.incr('h')).rejects.toThrow('WRONGTYPE');
      await client.mSet(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`many:${i}`, 'x'])));
      const seen = new Set<string>();
      for await (const keys of client.scanIterator({ MATCH: 'many:*', COUNT: 50 }))
        for (const key of keys) seen.add(key);
      expect(seen.size).toBe(300);
      expect(await client.clientGetName()).toBe('test');
      expect((await client.configGet('appendonly')).appendonly).toBe('yes');
    } finally {
      client.destroy();
    }
  });
});

test('a wrong password, or none, is told to both', async () => {
  const { socket } = await startAof(temporaryFolder(), '--requirepass', PASSWORD);
  const told: string[] = [];
  const client = createClient({ socket: { path: socket, tls: false, reconnectStrategy: false }, password: 'wrong' });
  client.on('error', (error: unknown) => told.push(String(error)));
  await expect(client.connect()).rejects.toThrow('WRONGPASS');
  const options = {
    path: socket,
    protocol: 2,
    retryStrategy: () => null,
    lazyConnect: true,
    enableReadyCheck: false,
  } as const;
  const redis = new Redis({ ...options, password: 'wrong' });
  redis.on('error', (error) => told.push(String(error)));
  await redis.connect().catch((error: unknown) => told.push(String(error)));
  expect(told.join('\n')).toContain('WRONGPASS invalid username-password pair or user is disabled.');
  redis.disconnect();
  const guest = new Redis(options);
  await guest.connect();
  await expect(guest.get('a')).rejects.toThrow('NOAUTH Authentication required.');
  guest.disconnect();
});

test('WATCH: a transaction that lost its race is not run', async () => {
  const { socket } = await startAof(temporaryFolder());
  const [one, other] = [new Redis({ path: socket }), new Redis({ path: socket })];
  await one.watch('balance');
  await other.set('balance', '5');
  expect(await one.multi().set('balance', '10').exec()).toBe(null);
  expect(await one.get('balance')).toBe('5');
  one.disconnect();
  other.disconnect();
});
