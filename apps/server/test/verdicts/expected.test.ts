/**
 * Logs of real servers with a base of records, whole, in both layouts: every key has the value and the expiry that the real
 * server had, and what this server writes of it loads in redis-server with the same digest.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type AofServer, createServer } from '../../src/index.ts';
import { redisVersion, startRedis, temporaryFolder } from '../end-to-end/programs.ts';
import { RawClient } from '../end-to-end/raw-client.ts';
import { CORPORA, type Corpus, type Layout } from './corpus.ts';

/** A key as `expected.json` has it: byte strings in latin1, collections without an order of their own sorted. */
interface Expected {
  readonly type: string;
  readonly value: unknown;
  /** ms, -1 without expiry */
  readonly pexpiretime: number;
}

type Databases = Readonly<Record<string, Readonly<Record<string, Expected>>>>;

const VERSION = redisVersion('the tests that let redis-server load what was written of the corpora');
const LAYOUTS: readonly Layout[] = ['single', 'multi-part'];
const FIXTURES = join(import.meta.dirname, '../fixtures/corpus');
const FOLDER = 'appendonlydir';

function expectedOf({ server }: Corpus): Databases {
  const bytes = gunzipSync(readFileSync(join(FIXTURES, server, 'expected.json.gz')));
  // The project's own fixture: what it says is what it is.
  return (JSON.parse(bytes.toString('utf8')) as { databases: Databases }).databases;
}

/** A folder with the log of `corpus`. */
function folderWith({ base, incr }: Corpus, layout: Layout): string {
  const dir = temporaryFolder();
  if (layout === 'single') writeFileSync(join(dir, 'appendonly.aof'), Buffer.concat([base, incr]));
  else {
    const folder = join(dir, FOLDER);
    mkdirSync(folder);
    writeFileSync(join(folder, 'appendonly.aof.2.base.aof'), base);
    writeFileSync(join(folder, 'appendonly.aof.2.incr.aof'), incr);
    const files = ['appendonly.aof.2.base.aof seq 2 type b', 'appendonly.aof.2.incr.aof seq 2 type i'];
    writeFileSync(join(folder, 'appendonly.aof.manifest'), files.map((line) => `file ${line}\n`).join(''));
  }
  return dir;
}

function start(dir: string, layout: Layout): Promise<AofServer> {
  return createServer({
    dir,
    appendonly: true,
    'aof-layout': layout,
    'aof-use-rdb-preamble': false,
    'enable-debug-command': 'yes',
  });
}

/** Bytes as latin1, maps and sets as arrays. */
function plain(reply: unknown): unknown {
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString('latin1');
  if (reply instanceof Map) return [...reply].map(plain);
  if (reply instanceof Set) return [...reply].map(plain);
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

type Ask = (...args: readonly string[]) => Promise<unknown>;

function byName(pairs: unknown): Map<string, unknown> {
  return new Map(pairs as [string, unknown][]); // what RESP3 sends as a map
}

async function streamOf(ask: Ask, key: string): Promise<unknown> {
  const info = byName(await ask('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'));
  const groups = (info.get('groups') as unknown[]).map((group) => {
    const fields = byName(group);
    return {
      consumers: (fields.get('consumers') as unknown[]).map((consumer) => byName(consumer).get('name')),
      'last-delivered-id': fields.get('last-delivered-id'),
      name: fields.get('name'),
      pending: (fields.get('pending') as unknown[][]).map(([id, consumer, , count]) => [id, consumer, count]),
    };
  });
  return {
    entries: await ask('XRANGE', key, '-', '+'),
    'entries-added': info.get('entries-added'),
    groups,
    'last-generated-id': info.get('last-generated-id'),
  };
}

const CONTENTS: Readonly<Record<string, (ask: Ask, key: string) => Promise<unknown>>> = {
  string: (ask, key) => ask('GET', key),
  list: (ask, key) => ask('LRANGE', key, '0', '-1'),
  set: async (ask, key) => ((await ask('SMEMBERS', key)) as string[]).sort(),
  hash: async (ask, key) => Object.fromEntries((await ask('HGETALL', key)) as [string, string][]),
  zset: (ask, key) => ask('ZRANGE', key, '0', '-1', 'WITHSCORES'),
  stream: streamOf,
};

/** The value as the fixture has it, with scores as numbers. */
function comparable({ type, value }: Expected): unknown {
  if (type === 'set') return [...(value as string[])].sort();
  if (type !== 'zset') return value;
  return (value as [string, string][]).map(([member, score]) => [member, Number(score.replace('inf', 'Infinity'))]);
}

async function expectData(server: AofServer, databases: Databases): Promise<number> {
  const ask: Ask = async (...args) => plain(await server.callBytes(...args.map((arg) => Buffer.from(arg, 'latin1'))));
  let keys = 0;
  for (const [database, expected] of Object.entries(databases)) {
    await ask('SELECT', database);
    const present = Object.entries(expected).filter(
      ([, { pexpiretime }]) => pexpiretime < 0 || pexpiretime > Date.now(),
    );
    expect(((await ask('KEYS', '*')) as string[]).sort()).toEqual(present.map(([key]) => key).sort());
    for (const [key, one] of present) {
      const name = `${database}: ${key}`;
      expect(await ask('TYPE', key), name).toBe(one.type);
      expect(await ask('PEXPIRETIME', key), name).toBe(one.pexpiretime);
      expect(await CONTENTS[one.type]?.(ask, key), name).toEqual(comparable(one));
      keys++;
    }
  }
  await ask('SELECT', '0');
  return keys;
}

describe.each(
  CORPORA.filter(({ baseFormat }) => baseFormat === 'aof').map((corpus) => [corpus.server, corpus] as const),
)('%s', (_, corpus) => {
  test.each(LAYOUTS)('%s: loads to what the real server had, and is written again as that', async (layout) => {
    const dir = folderWith(corpus, layout);
    const expected = expectedOf(corpus);
    {
      await using server = await start(dir, layout);
      expect(await expectData(server, expected)).toBeGreaterThan(50);
      await server.call('BGREWRITEAOF');
      while (!/aof_rewrites:1\r/.test(String(await server.call('INFO', 'persistence')))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await server.call('SET', 'after', 'the rewrite');
      await server.call('DEL', 'after');
    }
    await using again = await start(dir, layout);
    await expectData(again, expected);
    const digest = await again.call('DEBUG', 'DIGEST');
    await again.close();
    if (VERSION === undefined) return;
    const copy = temporaryFolder();
    const name = layout === 'single' ? 'appendonly.aof' : FOLDER;
    renameSync(join(dir, name), join(copy, name));
    const redis = await startRedis(copy);
    const client = await RawClient.open(redis.socket);
    expect(await client.call('DEBUG', 'DIGEST')).toBe(digest);
    if (corpus.server.startsWith('redis')) expect(digest).toBe(corpus.digest);
    client.close();
  });
});
