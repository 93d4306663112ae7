/** Beside a real redis-server: its replies to the commands about snapshots, and dump files that go both ways. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { RespError } from '@aof/resp-codec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AofServer, createServer } from '../../src/index.ts';
import { hasRedis, skippedNote } from '../differential/beside-redis.ts';
import { OwnRedis } from './own-redis.ts';

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Sizes on both sides of every threshold between encodings. */
const ENTRIES = [1, 127, 128, 129, 511, 512, 513, 3000];
const LENGTHS = [0, 1, 20, 21, 44, 45, 63, 64, 65, 200, 8191, 8193, 70_000];
const INTEGERS = ['0', '-1', '127', '128', '-32769', '2147483648', '-9223372036854775808', '9223372036854775807'];

/** Keys of every type in every encoding. */
function* commands(): Generator<string[]> {
  for (const n of INTEGERS) yield ['SET', `integer:${n}`, n];
  for (const length of LENGTHS) {
    yield ['SET', `same:${length}`, 'x'.repeat(length)];
    yield ['SET', `mixed:${length}`, many(length, (i) => String.fromCharCode((i * i * 31 + i) & 0xff)).join('')];
    yield ['HSET', `hash-value:${length}`, 'field', 'x'.repeat(length)];
    yield ['RPUSH', `list-value:${length}`, 'a', 'x'.repeat(length), '1'];
    yield ['SADD', `set-value:${length}`, 'a', 'x'.repeat(length), '1'];
    yield ['ZADD', `zset-value:${length}`, '1', 'a', '-0.5', 'x'.repeat(length)];
    yield ['XADD', `stream-value:${length}`, '1-1', 'field', 'x'.repeat(length)];
  }
  for (const count of ENTRIES) {
    yield ['RPUSH', `list:${count}`, ...many(count, (i) => `element ${i}`)];
    yield ['SADD', `set:${count}`, ...many(count, (i) => `member ${i}`)];
    yield ['SADD', `intset16:${count}`, ...many(count, String)];
    yield ['SADD', `intset64:${count}`, ...many(count, (i) => String((i - 3) * 10_000_000_000))];
    yield ['HSET', `hash:${count}`, ...many(count, (i) => [`field ${i}`, String(i * 77)]).flat()];
    yield ['ZADD', `zset:${count}`, ...many(count, (i) => [String(Math.sin(i) * 1e9), `member ${i}`]).flat()];
    for (let i = 1; i <= Math.min(count, 300); i++) yield ['XADD', `stream:${count}`, `${i}-0`, 'f', `${i}`, 'g', 'x'];
  }
  yield ['ZADD', 'zset:extreme', '-inf', 'a', 'inf', 'b', '1e-300', 'c', '0.1', 'd', '3', 'e'];
  yield ['XDEL', 'stream:128', '7-0', '128-0'];
  yield ['XGROUP', 'CREATE', 'stream:128', 'group', '0'];
  yield ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '9', 'STREAMS', 'stream:128', '>'];
  yield ['XACK', 'stream:128', 'group', '1-0'];
  yield ['XGROUP', 'CREATE', 'stream:empty', 'group', '$', 'MKSTREAM'];
  yield ['XTRIM', 'stream:513', 'MAXLEN', '150'];
  yield ['PEXPIREAT', 'list:128', '4102444800001'];
  yield ['SELECT', '9'];
  yield ['SET', '\0\xff\r\n', '\x80', 'PXAT', '4102444800000'];
  yield ['SELECT', '0'];
}

/** What either server answers, errors as texts. */
type Ask = (...args: string[]) => Promise<unknown>;

async function fillAll(ask: Ask): Promise<void> {
  await ask('FLUSHALL');
  for (const args of commands()) {
    const reply = await ask(...args);
    if (String(reply).startsWith('ERR')) throw new Error(`${args.slice(0, 3).join(' ')}: ${reply}`);
  }
}

describe.skipIf(!hasRedis)(`beside redis-server${skippedNote(8)}`, () => {
  let redis: OwnRedis;
  let ours: AofServer;
  let dir: string;

  const askRedis: Ask = (...args) => redis.ask(...args);
  const askUs: Ask = (...args) =>
    ours.callBytes(...args.map((arg) => Buffer.from(arg, 'latin1'))).then(
      (reply) => (reply instanceof Uint8Array ? Buffer.from(reply).toString('latin1') : reply),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );

  beforeAll(async () => {
    redis = await OwnRedis.start();
    dir = redis.folderBeside();
    const allowed = { 'enable-debug-command': 'yes', 'enable-protected-configs': 'yes' } as const;
    ours = await createServer({ dir, logfile: join(dir, 'log'), ...allowed });
  });

  afterAll(async () => {
    await ours?.close();
    await redis?.stop();
  });

  test.each(['SAVE', 'BGSAVE'])('what %s writes it loads to the same data set', async (command) => {
    await fillAll(askUs);
    for (const compression of ['no', 'yes']) {
      await askUs('CONFIG', 'SET', 'rdbcompression', compression);
      expect(await askUs(command)).toMatch(/^OK$|^Background saving started$/);
      await expect.poll(() => askUs('INFO', 'persistence')).toContain('rdb_bgsave_in_progress:0');
      copyFileSync(join(dir, 'dump.rdb'), join(redis.dir, 'dump.rdb'));
      expect(await askRedis('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
      expect(await askRedis('DEBUG', 'DIGEST')).toBe(await askUs('DEBUG', 'DIGEST'));
    }
  });

  test.each(['no', 'yes'])('what it writes loads here to the same data set, rdbcompression %s', async (compression) => {
    await fillAll(askRedis);
    await askRedis('CONFIG', 'SET', 'rdbcompression', compression);
    expect(await askRedis('SAVE')).toBe('OK');
    copyFileSync(join(redis.dir, 'dump.rdb'), join(dir, 'dump.rdb'));
    expect(await askUs('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    expect(await askUs('DEBUG', 'DIGEST')).toBe(await askRedis('DEBUG', 'DIGEST'));
  });

  test('DEBUG OBJECT tells the same serializedlength', async () => {
    await fillAll(askUs);
    await fillAll(askRedis);
    // The compressors find different matches.
    for (const ask of [askUs, askRedis]) await ask('CONFIG', 'SET', 'rdbcompression', 'no');
    const lengthOf = async (ask: Ask, key: string) =>
      /serializedlength:(\d+)/.exec(String(await ask('DEBUG', 'OBJECT', key)))?.[1];
    const keys = [
      'integer:0',
      'integer:128',
      'same:20',
      'same:200',
      'mixed:45',
      'list:127',
      'intset16:128',
      'hash:127',
    ];
    for (const key of [...keys, 'zset-value:64', 'hash-value:64', 'list-value:21']) {
      expect([key, await lengthOf(askUs, key)]).toEqual([key, await lengthOf(askRedis, key)]);
    }
  });

  /** Each line to both; the replies are the same. */
  test.each<readonly [string, readonly string[]]>([
    [
      'arguments',
      [
        'SAVE x',
        'BGSAVE x',
        'BGSAVE SCHEDULE x',
        'BGSAVE SCHEDULE SCHEDULE',
        'LASTSAVE x',
        'DEBUG RELOAD NOPE',
        'SAVE',
      ],
    ],
    ['in transactions', ['MULTI', 'SAVE', 'EXEC', 'MULTI', 'SHUTDOWN', 'EXEC', 'MULTI', 'LASTSAVE x', 'DISCARD']],
    [
      'SHUTDOWN',
      ['SHUTDOWN SAVE NOSAVE', 'SHUTDOWN ABORT', 'SHUTDOWN ABORT NOW', 'SHUTDOWN FORCE x', 'SHUTDOWN SAVE ABORT'],
    ],
    [
      'CONFIG',
      [
        'CONFIG SET save x',
        'CONFIG SET save 10',
        'CONFIG SET save "-1 5"',
        'CONFIG SET save "900 1 300 10"',
        'CONFIG GET save',
        'CONFIG SET dbfilename a/b',
        'CONFIG SET dbfilename other.rdb',
        'CONFIG GET dbfilename',
        'CONFIG SET dbfilename dump.rdb',
        'CONFIG SET rdbchecksum no',
        'CONFIG SET stop-writes-on-bgsave-error maybe',
        'CONFIG GET rdb-save-incremental-fsync',
        'CONFIG GET rdb-del-sync-files',
        'CONFIG GET stop-writes-on-bgsave-error',
        'CONFIG SET save ""',
        'CONFIG GET save',
      ],
    ],
    [
      'a save that fails, and one that succeeds again',
      [
        'SET a 1',
        'CONFIG SET save "900 1"',
        'CONFIG SET dbfilename folder',
        'SAVE',
        'SET a 2',
        'BGSAVE',
        '<wait>',
        'SET a 3',
        'PING',
        'GET a',
        'DEL a',
        'MULTI',
        'SET a 4',
        'EXEC',
        'DEBUG RELOAD',
        'SHUTDOWN',
        'SHUTDOWN SAVE NOW',
        'CONFIG SET stop-writes-on-bgsave-error no',
        'SET a 5',
        'CONFIG SET stop-writes-on-bgsave-error yes',
        'SET a 6',
        'CONFIG SET dbfilename dump.rdb',
        'SAVE',
        'SET a 7',
        'DEBUG RELOAD',
        'GET a',
        'FLUSHALL',
        'DEBUG RELOAD NOSAVE',
        'DBSIZE',
        'CONFIG SET save ""',
      ],
    ],
  ])('answers alike: %s', async (_, lines) => {
    redis.makeFolders('folder');
    const both = async (line: string): Promise<void> => {
      const args = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
      const [here, there] = [await askUs(...args), await askRedis(...args)];
      expect([line, plain(here)]).toEqual([line, plain(there)]);
    };
    for (const line of lines) {
      if (line === '<wait>') {
        for (const ask of [askUs, askRedis])
          await expect.poll(() => ask('INFO', 'persistence')).toContain('rdb_last_bgsave_status:err');
      } else await both(line);
    }
  });

  test('INFO has the same fields about snapshots', async () => {
    const fieldsOf = async (ask: Ask) =>
      [...String(await ask('INFO', 'persistence')).matchAll(/^((?:rdb|current)_\w+):/gm)].map(([, name]) => name);
    expect(await fieldsOf(askUs)).toEqual(expect.arrayContaining(await fieldsOf(askRedis)));
  });
});

/** Texts and lists of texts; RESP3's maps as the lists that RESP2 has in their place. */
function plain(reply: unknown): unknown {
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString('latin1');
  if (reply instanceof Map) return [...reply].flat().map(plain);
  if (reply instanceof RespError) return reply.message;
  return Array.isArray(reply) ? reply.map(plain) : reply;
}
