/** Logs go both ways between this server and a real redis-server, in both layouts, with the same data on both sides. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test as plainTest } from 'vitest';
import { type RunningServer, redisVersion, run, startAof, startRedis, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

const VERSION = redisVersion('the tests that exchange logs with redis-server');
const test = plainTest.skipIf(VERSION === undefined);

const FOLDER = 'appendonlydir';
const OURS = ['--enable-debug-command', 'yes'];
const BENCHMARK = 'set,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,mset';

/** Runs commands; resolves when their records are in the file. */
async function load(socket: string, more: readonly (readonly string[])[] = []): Promise<void> {
  await run('redis-benchmark', ['-s', socket, '-t', BENCHMARK, '-n', '400', '-r', '150', '-P', '4', '-c', '10', '-q']);
  const client = await RawClient.open(socket);
  for (const args of more) await client.call(...args);
  // Under everysec a reply does not wait for a sync that runs, but the write to the file does.
  while (!/aof_buffer_length:0\r/.test(String(await client.call('INFO', 'persistence')))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  client.close();
}

/** Data that a benchmark does not make: databases, expiries, transactions, bytes, every size of collection. */
const MORE: readonly (readonly string[])[] = [
  ['SELECT', '5'],
  ['SET', 'bin\r\n\0\xff', '\0'.repeat(300)],
  ['SET', 'ttl', 'x', 'PX', '100000000'],
  ['SETEX', 'seconds', '100000', 'y'],
  ['EXPIRE', 'ttl', '200000'],
  ['MULTI'],
  ['INCRBYFLOAT', 'float', '3.25'],
  ['HINCRBYFLOAT', 'hash', 'f', '1e-3'],
  ['EXEC'],
  ['SADD', 'numbers', ...Array.from({ length: 700 }, (_, i) => String(i * 3))],
  [
    'ZADD',
    'scores',
    ...Array.from({ length: 200 }, (_, i) => [String(Math.sin(i)), `m${i}`]).flat(),
    'inf',
    'top',
    '-inf',
    'low',
  ],
  ['HSET', 'wide', ...Array.from({ length: 300 }, (_, i) => [`f${i}`, 'v'.repeat(i % 90)]).flat()],
  ['RPUSH', 'long', ...Array.from({ length: 500 }, (_, i) => `${i}`.repeat(1 + (i % 40)))],
  ['LREM', 'long', '0', '7'],
  ['SETBIT', 'bits', '1000', '1'],
  ['APPEND', 'appended', 'abc'],
  ['SETRANGE', 'appended', '5', 'xyz'],
  ['COPY', 'wide', 'copied', 'DB', '6'],
  ['RENAME', 'numbers', 'renamed'],
  ['MOVE', 'scores', '7'],
  ['GETDEL', 'seconds'],
  ['SELECT', '0'],
];

async function ask({ socket }: RunningServer, ...args: readonly string[]): Promise<unknown> {
  const client = await RawClient.open(socket);
  const reply = await client.call(...args);
  client.close();
  return reply;
}

async function expectSameData(one: RunningServer, other: RunningServer): Promise<void> {
  const keys = await ask(one, 'INFO', 'keyspace');
  expect(await ask(other, 'DEBUG', 'DIGEST')).toBe(await ask(one, 'DEBUG', 'DIGEST'));
  const counts = (text: unknown): string[] => String(text).match(/db\d+:keys=\d+,expires=\d+/g) ?? [];
  expect(counts(await ask(other, 'INFO', 'keyspace'))).toEqual(counts(keys));
  expect(counts(keys).length).toBeGreaterThan(0);
}

/** The files of a multi-part log in the order of its manifest, one behind the other. */
function concatenated(folder: string): Buffer {
  const manifest = readdirSync(folder).find((name) => name.endsWith('.manifest')) ?? '';
  const names = readFileSync(join(folder, manifest), 'utf8').match(/(?<=file )\S+/g) ?? [];
  return Buffer.concat(names.map((name) => readFileSync(join(folder, name))));
}

test.each([
  ['records', 'no', 'Opening AOF'],
  ['an RDB base', 'yes', 'Reading RDB'],
] as const)(
  `what redis-server ${VERSION} wrote as %s loads here: its folder, and its files as one`,
  async (_, hasRdb, line) => {
    const redis = await startRedis(temporaryFolder(), '--aof-use-rdb-preamble', hasRdb);
    await load(redis.socket, MORE);
    await ask(redis, 'BGREWRITEAOF');
    while (
      !/aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(String(await ask(redis, 'INFO', 'persistence')))
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await load(redis.socket, [
      ['SELECT', '9'],
      ['SET', 'after', 'the rewrite'],
    ]);

    const folder = temporaryFolder();
    cpSync(join(redis.dir, FOLDER), join(folder, FOLDER), { recursive: true });
    const ours = await startAof(folder, ...OURS, '--aof-layout', 'multi-part');
    expect(ours.program.output).toContain(line);
    await expectSameData(redis, ours);

    const single = temporaryFolder();
    writeFileSync(join(single, 'appendonly.aof'), concatenated(join(redis.dir, FOLDER)));
    const oursOfOne = await startAof(single, ...OURS);
    expect(oursOfOne.program.output).toContain(line);
    if (hasRdb === 'yes') expect(oursOfOne.program.output).toContain('Reading the remaining AOF tail...');
    await expectSameData(redis, oursOfOne);
  },
);

test.each(['single', 'multi-part'] as const)(
  `what this server wrote loads in redis-server ${VERSION}: %s`,
  async (layout) => {
    const ours = await startAof(temporaryFolder(), ...OURS, '--aof-layout', layout);
    await load(ours.socket, MORE);
    const folder = temporaryFolder();
    const name = layout === 'single' ? 'appendonly.aof' : FOLDER;
    cpSync(join(ours.dir, name), join(folder, name), { recursive: true });
    const redis = await startRedis(folder);
    await expectSameData(ours, redis);
    if (layout === 'single') expect(redis.program.output).toContain('Successfully migrated an old-style AOF file');
    await run('redis-check-aof', [join(ours.dir, layout === 'single' ? name : `${FOLDER}/appendonly.aof.manifest`)]);
  },
);

test('a log that goes from one server to the other and back', async () => {
  const dir = temporaryFolder();
  const first = await startAof(dir, '--aof-layout', 'multi-part');
  await load(first.socket, MORE);
  await first.program.kill();
  const second = await startRedis(dir);
  await load(second.socket, [['SET', 'by', 'redis']]);
  await second.program.kill();
  const third = await startAof(dir, ...OURS);
  await ask(third, 'APPEND', 'by', ' and aof');
  await third.program.kill();
  const copy = temporaryFolder();
  cpSync(join(dir, FOLDER), join(copy, FOLDER), { recursive: true });
  await expectSameData(await startAof(dir, ...OURS), await startRedis(copy));
});
