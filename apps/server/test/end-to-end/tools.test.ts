/** redis-cli, redis-benchmark and redis-check-aof against a real process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test as plainTest } from 'vitest';
import { cli, freePort, redisVersion, run, startAof, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

const test = plainTest.skipIf(redisVersion('the tests with the tools of Redis') === undefined);

function resp(...args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

test('redis-cli: lines with quotes, RESP3, scanning, the largest keys', async () => {
  const { dir, socket } = await startAof(temporaryFolder());
  const lines =
    'SADD databases "Redis" "MongoDB" "MariaDB"\nSET date "2013-9-5"\nHSET h "a b" \'c\\\'d\'\nLPUSH l 1 2 3\nZADD z 1 a 2 b\n';
  expect(await run('redis-cli', ['-s', socket], lines)).toBe('3\nOK\n1\n3\n2\n');
  expect(readFileSync(join(dir, 'appendonly.aof'), 'latin1')).toContain(
    resp('SADD', 'databases', 'Redis', 'MongoDB', 'MariaDB'),
  );
  expect(await cli(socket, '-3', 'HGETALL', 'h')).toBe("a b c'd\n");
  expect(await cli(socket, '--no-raw', 'GET', 'date')).toBe('"2013-9-5"\n');
  expect((await cli(socket, '--scan', '--pattern', '*a*')).split('\n').sort().join(' ').trim()).toBe('databases date');
  const biggest = await cli(socket, '--bigkeys');
  for (const [type, key] of [
    ['list', 'l'],
    ['set', 'databases'],
    ['zset', 'z'],
    ['hash', 'h'],
    ['string', 'date'],
  ]) {
    expect(biggest).toMatch(new RegExp(`Biggest +${type} found '"${key}"' has `));
  }
  expect(await cli(socket, '--memkeys')).toContain('Sampled 5 keys in the keyspace!');
  expect(await cli(socket, 'INFO', 'server')).toContain('redis_mode:standalone');
});

test('redis-cli --pipe: mass insertion', async () => {
  const { socket, program } = await startAof(temporaryFolder());
  const count = 20_000;
  const requests = Array.from({ length: count }, (_, i) => resp('SET', `key:${i}`, `value ${i}`)).join('');
  expect(await run('redis-cli', ['-s', socket, '--pipe'], requests)).toContain(`errors: 0, replies: ${count}`);
  expect(await cli(socket, 'DBSIZE')).toBe(`${count}\n`);
  const withError = resp('SET', 'a', 'b') + resp('NOSUCH');
  await expect(run('redis-cli', ['-s', socket, '--pipe'], withError)).rejects.toThrow('errors: 1, replies: 2');
  await program.kill();
});

test('redis-benchmark, over TCP, and redis-check-aof on what it left', async () => {
  const port = await freePort();
  const { dir, socket, program } = await startAof(temporaryFolder(), '--port', String(port));
  const tests = 'ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset';
  const output = await run('redis-benchmark', [
    '-p',
    String(port),
    '-t',
    tests,
    '-n',
    '1000',
    '-c',
    '20',
    '-P',
    '4',
    '-r',
    '500',
    '--csv',
  ]);
  const rows = output.split('\n').filter((line) => line.startsWith('"') && !line.startsWith('"test"'));
  expect(rows.map((row) => row.split('"')[1])).toEqual([
    ...[
      'PING_INLINE',
      'PING_MBULK',
      'SET',
      'GET',
      'INCR',
      'LPUSH',
      'RPUSH',
      'LPOP',
      'RPOP',
      'SADD',
      'HSET',
      'SPOP',
      'ZADD',
      'ZPOPMIN',
    ],
    ...['LPUSH (needed to benchmark LRANGE)', 'LRANGE_100 (first 100 elements)', 'MSET (10 keys)'],
  ]);
  expect(output).not.toMatch(/ERR|WARNING/);
  expect(await cli(socket, 'GET', 'counter:__rand_int__')).toBe('\n');
  expect(Number(await cli(socket, 'LLEN', 'mylist'))).toBe(1000);
  const digest = await (await RawClient.open(socket)).call('DBSIZE');
  await program.kill();
  expect(await run('redis-check-aof', [join(dir, 'appendonly.aof')])).toMatch(/AOF .*appendonly.aof is valid/);
  const again = await startAof(dir);
  expect(await cli(again.socket, 'DBSIZE')).toBe(`${digest}\n`);
});
