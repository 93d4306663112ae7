/** A log that a real redis-server wrote, taken back to before a FLUSHALL or to a second, and loaded by it again. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeDisk } from '@aof/disk';
import { afterAll, beforeAll, describe, expect, test as plainTest } from 'vitest';
import { hasOracle } from './oracle.ts';
import { RedisServer } from './redis-server.ts';
import { contentsBelow, run } from './restore-rig.ts';

const IS_THERE = hasOracle();
if (!IS_THERE) process.stderr.write('SKIPPED: no redis-server 7.0, so that no log of it is restored: 7 tests\n');
const test = plainTest.skipIf(!IS_THERE);
const disk = new NodeDisk();

/** Every type, large and small, in two databases. */
const DATA = [
  'SET string value',
  'SET number 12345',
  `SET large ${'v'.repeat(20_000)}`,
  'RPUSH list a b c',
  `RPUSH long ${Array.from({ length: 600 }, (_, i) => `element-${i}`).join(' ')}`,
  'SADD set x y 1 2',
  'HSET hash f v g w',
  'ZADD zset 1.5 a -2 b inf c',
  'XADD stream 1-1 f v',
  'XADD stream 2-1 f w',
  'XGROUP CREATE stream group 0',
  'XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >',
  'PFADD hll a b c',
  'SELECT 7',
  'SET expiring soon PX 100000000',
  'MULTI',
  'SET in transaction',
  'INCR counter',
  'EXEC',
];

function secondOf(server: RedisServer): number {
  return Number(server.call('TIME').split('\n')[0]);
}

async function laterSecond(server: RedisServer): Promise<void> {
  const now = secondOf(server);
  while (secondOf(server) <= now) await sleep(50);
}

describe('a log of redis-server', () => {
  let folder = '';
  let log = '';
  /** What it had at the end of a second, before FLUSHALL, and which keys after. */
  let atSecond = { seconds: 0, digest: '' };
  let beforeFlush = '';

  beforeAll(async () => {
    if (!IS_THERE) return;
    folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-restore-')));
    log = join(folder, 'data');
    fs.mkdirSync(log);
    const server = await RedisServer.start(log, folder, '--aof-timestamp-enabled', 'yes');
    try {
      server.pipe(DATA);
      await server.rewrite();
      // Within a second no time is written anew, not even into a new file.
      await laterSecond(server);
      server.pipe(['SET after:rewrite 1', 'LPOP list', 'XDEL stream 1-1', 'SELECT 7', 'DEL counter', 'SPOP set 1']);
      atSecond = { seconds: secondOf(server), digest: server.digest() };
      await laterSecond(server);
      server.pipe(['SET later 1', 'HDEL hash f']);
      beforeFlush = server.digest();
      server.pipe(['FLUSHALL', 'SET after:flush 1']);
    } finally {
      await server.stop();
    }
  });

  afterAll(() => {
    if (folder !== '') fs.rmSync(folder, { recursive: true });
  });

  async function digestAfter(...args: string[]): Promise<string> {
    const target = fs.mkdtempSync(join(folder, 'restored-'));
    const before = contentsBelow(disk, log);
    const { status, stdout } = await run(disk, ['restore', log, '--to', target, ...args], { nowMs: Date.now() });
    expect({ status, said: status === 0 ? '' : stdout }).toEqual({ status: 0, said: '' });
    expect(contentsBelow(disk, log)).toEqual(before);
    return digestOfServerIn(target);
  }

  async function digestOfServerIn(dir: string): Promise<string> {
    const server = await RedisServer.start(dir, folder);
    try {
      return server.digest();
    } finally {
      await server.stop();
    }
  }

  test.each(['multi-part', 'single'])('FLUSHALL undone, %s', async (layout) => {
    expect(beforeFlush).not.toBe('0'.repeat(40));
    expect(await digestAfter('--before', 'FLUSHALL', '--layout', layout)).toBe(beforeFlush);
  });

  test('FLUSHALL undone in a single file', async () => {
    const single = join(folder, 'as-single');
    await run(disk, ['restore', log, '--to', single, '--layout', 'single'], { nowMs: Date.now() });
    const target = join(folder, 'from-single');
    const { status } = await run(disk, ['restore', single, '--to', target, '--before', 'FLUSHALL'], {
      nowMs: Date.now(),
    });
    expect(status).toBe(0);
    expect(fs.readdirSync(target)).toEqual(['appendonly.aof']);
    expect(await digestOfServerIn(target)).toBe(beforeFlush);
  });

  test.each([['redis-7.0'], ['resp'], ['redis-6']])('FLUSHALL undone as a base for %s', async (server) => {
    expect(await digestAfter('--before', 'FLUSHALL', '--target', server)).toBe(beforeFlush);
  });

  test('of some keys: what is left when redis-server deletes the others', async () => {
    const all = join(folder, 'all');
    await run(disk, ['restore', log, '--to', all, '--before', 'FLUSHALL'], { nowMs: Date.now() });
    const server = await RedisServer.start(all, folder);
    let expected = '';
    try {
      for (const database of ['0', '7']) {
        const keys = server.call('-n', database, 'KEYS', '*').split('\n');
        const others = keys.filter((key) => !/^[sa]/.test(key));
        expect(others.length).toBeGreaterThan(0);
        server.call('-n', database, 'DEL', ...others);
      }
      expected = server.digest();
    } finally {
      await server.stop();
    }
    expect(await digestAfter('--before', 'FLUSHALL', '--only', '[sa]*')).toBe(expected);
  });

  test('as it was at the end of a second', async () => {
    expect(await digestAfter('--at', String(atSecond.seconds))).toBe(atSecond.digest);
    expect(await digestAfter('--at', String(atSecond.seconds), '--target', 'ours')).toBe(atSecond.digest);
  });
});
