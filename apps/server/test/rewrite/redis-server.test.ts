/** Logs that were rewritten again and again under load, loaded by a real redis-server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test as plainTest } from 'vitest';
import {
  type RunningServer,
  redisVersion,
  run,
  startAof,
  startRedis,
  temporaryFolder,
} from '../end-to-end/programs.ts';
import { RawClient } from '../end-to-end/raw-client.ts';

const VERSION = redisVersion('the tests that load rewritten logs in redis-server');
const test = plainTest.skipIf(VERSION === undefined);
const BENCHMARK = 'set,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,mset';

async function ask({ socket }: RunningServer, ...args: readonly string[]): Promise<unknown> {
  const client = await RawClient.open(socket);
  const reply = await client.call(...args);
  client.close();
  return reply;
}

async function field(server: RunningServer, name: string): Promise<string> {
  const text = String(await ask(server, 'INFO', 'persistence'));
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
}

/** The path of the base that the manifest lists; an older one may not have been removed yet. */
function baseOf(dir: string): string {
  const folder = join(dir, 'appendonlydir');
  const manifest = readFileSync(join(folder, 'appendonly.aof.manifest'), 'utf8');
  return join(folder, /^file (\S+) seq \d+ type b$/m.exec(manifest)?.[1] ?? 'no base');
}

/** Large values of each type, some of which the load changes. */
async function fill(server: RunningServer): Promise<void> {
  const client = await RawClient.open(server.socket);
  const items = Array.from({ length: 3000 }, (_, i) => `item:${i}`);
  await client.call('RPUSH', 'mylist', ...items);
  await client.call('SADD', 'myset', ...items);
  await client.call('HSET', 'myhash', ...items.flatMap((item) => [item, item.repeat(3)]));
  await client.call('ZADD', 'myzset', ...items.flatMap((item, i) => [String(Math.sin(i) * 1e6), item]));
  for (let i = 0; i < 300; i++) await client.call('XADD', 'mystream', '*', 'field', `value ${i}`);
  await client.call('XGROUP', 'CREATE', 'mystream', 'group', '0');
  await client.call('XREADGROUP', 'GROUP', 'group', 'me', 'COUNT', '20', 'STREAMS', 'mystream', '>');
  await client.call('SETRANGE', 'bytes', '2000000', 'end');
  await client.call('SELECT', '3');
  await client.call('SET', 'k\r\n\0\xff', 'v', 'PX', '10000000');
  await client.call('EXPIRE', 'k\r\n\0\xff', '5000');
  client.close();
}

describe.each([
  ['multi-part', 'no'],
  ['multi-part', 'yes'],
  ['single', 'no'],
  ['single', 'yes'],
])('%s, aof-use-rdb-preamble %s', (layout, hasRdb) => {
  const OPTIONS = ['--enable-debug-command', 'yes', '--aof-layout', layout, '--aof-use-rdb-preamble', hasRdb];

  test('rewrites under load keep everything', async () => {
    const dir = temporaryFolder();
    const server = await startAof(dir, ...OPTIONS);
    await fill(server);
    const args = ['-s', server.socket, '-t', BENCHMARK, '-n', '2000', '-r', '3000', '-P', '8', '-c', '10', '-q'];
    let isLoading = true;
    const load = run('redis-benchmark', args).finally(() => {
      isLoading = false;
    });
    let rewrites = 0;
    for (; isLoading || rewrites < 3; rewrites++) {
      await ask(server, 'BGREWRITEAOF');
      while ((await field(server, 'aof_rewrite_in_progress')) === '1') await new Promise((next) => setTimeout(next, 5));
      expect(await field(server, 'aof_last_bgrewrite_status')).toBe('ok');
    }
    await load;
    expect(rewrites).toBeGreaterThan(2);
    const expected = await ask(server, 'DEBUG', 'DIGEST');
    await server.program.kill();
    const again = await startAof(dir, ...OPTIONS);
    expect(await ask(again, 'DEBUG', 'DIGEST')).toBe(expected);
    await ask(again, 'BGREWRITEAOF');
    await ask(again, 'SET', 'last', 'one');
    while ((await field(again, 'aof_rewrite_in_progress')) === '1') await new Promise((next) => setTimeout(next, 5));
    const last = await ask(again, 'DEBUG', 'DIGEST');
    await again.program.kill();
    const text = readFileSync(layout === 'single' ? join(dir, 'appendonly.aof') : baseOf(dir), 'latin1');
    expect(text.startsWith('REDIS0010')).toBe(hasRdb === 'yes');
    const redis = await startRedis(dir);
    expect(await ask(redis, 'DEBUG', 'DIGEST')).toBe(last);
  }, 60_000);
});
