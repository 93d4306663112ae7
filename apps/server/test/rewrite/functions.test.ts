/** Function libraries, which this server cannot run, survive it; what modules saved, which it could not give back, ends the load. */
import type { ConfigValues } from '@aof/config';
import { SimDisk } from '@aof/disk';
import { readRdbSync, type WritableEntry, writeRdbSync } from '@aof/rdb';
import { describe, expect, test as plainTest } from 'vitest';
import { redisVersion, startAof, startRedis, temporaryFolder } from '../end-to-end/programs.ts';
import { RawClient } from '../end-to-end/raw-client.ts';
import { DIR, Rig } from './rig.ts';

const ONE = '#!lua name=one\nredis.register_function("f", function() return 1 end)';
const TWO = '#!lua name=two\nredis.register_function("g", function() return 2 end)';
const DATA: readonly WritableEntry[] = [
  { kind: 'function', fileOffset: 0, code: ONE },
  { kind: 'function', fileOffset: 0, code: TWO },
  { kind: 'key', database: 0, key: 'k', expireAtMs: -1, type: 'string', value: 'v' },
];

function diskWith(bytes: Uint8Array, name = 'appendonly.aof'): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const file = disk.open(`${DIR}/${name}`, 'truncate');
  file.write(bytes);
  file.close();
  disk.settleAll();
  return disk;
}

function rdbOf(entries: readonly WritableEntry[]): Buffer {
  return Buffer.concat([...writeRdbSync(entries, { target: 'redis-7.0', origin: { createdSec: 0 } })]);
}

/** The libraries in the RDB part that a file begins with. */
function librariesIn(disk: SimDisk, path: string): string[] {
  return [...readRdbSync([disk.readFile(path)])].flatMap((entry) => (entry.kind === 'function' ? [entry.code] : []));
}

const test = plainTest;
const LAYOUTS: readonly ConfigValues['aof-layout'][] = ['single', 'multi-part'];

describe.each(LAYOUTS)('function libraries, %s', (layout) => {
  const config = { 'aof-layout': layout, 'aof-use-rdb-preamble': false, save: [] } as const;
  const baseOf = (disk: SimDisk): string =>
    [...disk.contents().keys()].find((path) => path.includes('.base.rdb')) ?? `${DIR}/appendonly.aof`;

  test('are in every base that is written, and in snapshots', async () => {
    const disk = diskWith(rdbOf(DATA));
    let digest = '';
    for (let times = 0; times < 2; times++) {
      const rig = await Rig.start(disk, config);
      expect(rig.lines.filter((line) => line.includes('has function libraries'))).toHaveLength(1);
      await rig.ask('SET', 'more', String(times));
      await rig.ask('BGREWRITEAOF');
      await rig.rewritten();
      expect(librariesIn(disk, baseOf(disk))).toEqual([ONE, TWO]);
      expect(rig.lines).toContain(
        'notice: The base will be an RDB file: it has function libraries to keep, which records could not bring back',
      );
      digest = rig.digest;
      await rig.engine.stop();
    }
    const last = await Rig.start(disk, config);
    expect(last.digest).toBe(digest);
    expect(await last.ask('SAVE')).toBe('OK');
    expect(librariesIn(disk, `${DIR}/dump.rdb`)).toEqual([ONE, TWO]);
  });

  test('are not doubled by a reload, nor lost', async () => {
    const disk = diskWith(rdbOf(DATA));
    const rig = await Rig.start(disk, config);
    expect(await rig.ask('DEBUG', 'RELOAD')).toBe('OK');
    expect(rig.engine.functionLibraries.codes).toEqual([ONE, TWO]);
    expect(await rig.ask('DEBUG', 'LOADAOF')).toBe('OK');
    expect(rig.engine.functionLibraries.codes).toEqual([ONE, TWO]);
  });

  test('leave the form of bases to the option where there are none', async () => {
    const disk = diskWith(rdbOf(DATA.slice(2)));
    const rig = await Rig.start(disk, config);
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    expect([...disk.contents().keys()].filter((path) => path.endsWith('.rdb'))).toEqual([]);
  });
});

test("a module's value or data ends the load, as in Redis", async () => {
  const moduleId = [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  const value = [7, 1, 0x6b, ...moduleId, 5, 1, 0x78, 0];
  const aux = [247, ...moduleId, 2, 1, 5, 1, 0x78, 0];
  for (const [what, bytes] of [
    ["module data under 'k'", value],
    ['AUX module data', aux],
  ] as const) {
    const file = Buffer.concat([Buffer.from('REDIS0010'), Uint8Array.from(bytes), Buffer.of(255), Buffer.alloc(8)]);
    await expect(Rig.start(diskWith(file))).rejects.toMatchObject({
      code: 'AOF_RDB_PART',
      message: expect.stringContaining(`The RDB file contains ${what} that this server can't load`),
    });
  }
});

const VERSION = redisVersion('the test that function libraries go through this server');

plainTest.skipIf(VERSION === undefined)(
  "a real server's libraries are still its own after a rewrite here",
  async () => {
    const dir = temporaryFolder();
    const options = ['--aof-use-rdb-preamble', 'yes'];
    const redis = await startRedis(dir, ...options);
    const client = await RawClient.open(redis.socket);
    expect(await client.call('FUNCTION', 'LOAD', ONE)).toBe('one');
    await client.call('SET', 'k', 'v');
    const expected = await client.call('FUNCTION', 'DUMP');
    await client.call('BGREWRITEAOF');
    while (/^aof_rewrite_in_progress:1/m.test(String(await client.call('INFO', 'persistence'))))
      await new Promise((next) => setTimeout(next, 5));
    await redis.program.kill();
    const server = await startAof(dir, '--aof-layout', 'multi-part', '--aof-use-rdb-preamble', 'no');
    const own = await RawClient.open(server.socket);
    await own.call('SET', 'more', '1');
    await own.call('BGREWRITEAOF');
    while (/^aof_rewrite_in_progress:1/m.test(String(await own.call('INFO', 'persistence'))))
      await new Promise((next) => setTimeout(next, 5));
    await server.program.kill();
    const again = await startRedis(dir, ...options);
    const last = await RawClient.open(again.socket);
    expect(await last.call('FUNCTION', 'DUMP')).toEqual(expected);
    expect(await last.call('DBSIZE')).toBe(2);
    await again.program.kill();
  },
);
