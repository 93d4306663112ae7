/** Conversion: what real servers wrote, for every server; what is lost is told; Redis 7.0 loads what it can know. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeDisk, SimDisk } from '@aof/disk';
import { RDB_TARGETS, type WritableEntry, writeRdbSync } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import { put, RECORDED_AT_MS, readCorpus, SERVERS } from './corpus.ts';
import { hasOracle } from './oracle.ts';
import { RedisServer } from './redis-server.ts';
import { contentsBelow, diskOf, document, INCR, loaded, NOW_MS, record, run } from './restore-rig.ts';

const HEADERS: Readonly<Record<string, string>> = {
  'redis-4': 'REDIS0008',
  'redis-5': 'REDIS0009',
  'redis-6': 'REDIS0009',
  'redis-7.0': 'REDIS0010',
  'redis-7.2': 'REDIS0011',
  'redis-7.4': 'REDIS0012',
  'valkey-8': 'REDIS0011',
  'valkey-9': 'VALKEY080',
  ours: 'REDIS0010',
};

function corpusDisk(server: string, mode: string): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/data/appendonlydir', { recursive: true });
  put(disk, readCorpus(server, mode).files, '/data/appendonlydir/');
  disk.settleAll();
  return disk;
}

async function convert(disk: SimDisk, ...args: string[]): Promise<Record<string, unknown>> {
  const before = contentsBelow(disk, '/data');
  const { stdout } = await run(disk, ['convert', '/data', '--out', '/out', '--json', ...args], {
    nowMs: RECORDED_AT_MS,
  });
  expect(contentsBelow(disk, '/data')).toEqual(before);
  return JSON.parse(stdout);
}

/** All of a corpus: what the newest format holds, without what had expired. */
const references = new Map<string, Promise<{ readonly keys: string[]; readonly digest: string }>>();

function referenceOf(server: string, mode: string): Promise<{ readonly keys: string[]; readonly digest: string }> {
  const name = `${server} ${mode}`;
  const converted = async () => {
    const disk = corpusDisk(server, mode);
    expect((await convert(disk, '--to', 'redis-7.4')).status).toBe(0);
    return loaded(disk, '/out');
  };
  const reference = references.get(name) ?? converted();
  references.set(name, reference);
  return reference;
}

describe.each(SERVERS)('a log of %s', (server) => {
  const targets = server.startsWith('redis') ? [...RDB_TARGETS, 'ours'] : ['redis-4', 'redis-7.0', 'valkey-9'];

  test.each(targets)('for %s: its version, its layout, the same data', async (target) => {
    const disk = corpusDisk(server, 'rdb-base');
    const answer = await convert(disk, '--to', target);
    const isOld = /redis-[456]$/.test(target);
    expect(answer).toMatchObject({ layout: isOld ? 'single' : 'multi-part', form: 'rdb' });
    const [[path, content] = ['', '']] = contentsBelow(disk, '/out');
    expect(path).toBe(isOld ? '/out/appendonly.aof' : '/out/appendonlydir/appendonly.aof.1.base.rdb');
    expect(content.slice(0, 9)).toBe(HEADERS[target]);
    // Keys that have expired by then are in none of them.
    const [all, got] = [await referenceOf(server, 'rdb-base'), await loaded(disk, '/out')];
    expect(all.keys.length).toBeGreaterThan(50);
    if (target !== 'redis-4') return expect(got.digest).toBe(all.digest);
    const streams = all.keys.filter((key) => !got.keys.includes(key));
    expect(streams.length).toBeGreaterThan(0);
    expect(streams.every((key) => key.includes('stream'))).toBe(true);
    expect(answer).toMatchObject({ status: 1, losses: { key: { count: streams.length } } });
  });

  test.each(['multi-part', 'single'])('as records, %s', async (layout) => {
    const disk = corpusDisk(server, 'aof-base');
    const answer = await convert(disk, '--to', 'resp', '--layout', layout);
    expect(answer).toMatchObject({ layout, form: 'resp' });
    expect((await loaded(disk, '/out')).digest).toBe((await referenceOf(server, 'aof-base')).digest);
    expect([...contentsBelow(disk, '/out').values()].join('')).not.toContain('REDIS0');
  });
});

const LIBRARY = '#!lua name=mylib\nredis.register_function("f", function() return 1 end)';

describe('what the target cannot hold', () => {
  const entries: WritableEntry[] = [
    { kind: 'function', code: LIBRARY, fileOffset: 0 },
    { kind: 'key', database: 0, key: 'plain', expireAtMs: -1, type: 'string', value: 'x' },
    { kind: 'key', database: 0, key: 'hash', expireAtMs: -1, type: 'hash', value: [['f', 'v', NOW_MS * 2]] },
  ];
  const base = Buffer.concat([
    ...writeRdbSync(entries, { target: 'redis-7.4', origin: { createdSec: 1, isAofBase: true } }),
  ]);
  const files = { 'appendonly.aof.1.base.rdb': base };

  test('is told, and is the exit status', async () => {
    const answer = await convert(diskOf(files), '--to', 'redis-6');
    expect(answer).toMatchObject({
      status: 1,
      losses: { function: { count: 1 }, 'hash-field-expiry': { count: 1, examples: ['hash'] } },
    });
    const { stdout } = await run(diskOf(files), ['convert', '/data', '--to', 'redis-6', '--out', '/out']);
    expect(stdout).toContain('Lost: function libraries (1)');
    expect(stdout).toContain('Lost: when fields of hashes expire (1): hash');
  });

  test('function libraries go where they are known, as the log has changed them', async () => {
    const other = LIBRARY.replaceAll('mylib', 'other');
    const incr = record('FUNCTION', 'LOAD', other) + record('FUNCTION', 'DELETE', 'mylib');
    for (const [target, count] of [
      ['redis-7.0', 0],
      ['resp', 0],
      ['ours', 1],
    ] as const) {
      const disk = diskOf({ ...files, [INCR]: incr });
      const answer = await convert(disk, '--to', target);
      expect(answer.losses).toMatchObject(count > 0 ? { function: { count } } : {});
      const written = [...contentsBelow(disk, '/out').values()].join('');
      expect(written.includes('name=other')).toBe(count === 0);
      expect(written).not.toContain('mylib');
    }
  });

  test('pending entries that are deleted from a stream are lost in records alone', async () => {
    const incr =
      record('XADD', 's', '1-1', 'f', 'v') +
      record('XADD', 's', '2-1', 'f', 'v') +
      record('XGROUP', 'CREATE', 's', 'g', '0') +
      record(
        'XCLAIM',
        's',
        'g',
        'c',
        '0',
        '1-1',
        'TIME',
        '1000',
        'RETRYCOUNT',
        '1',
        'FORCE',
        'JUSTID',
        'LASTID',
        '1-1',
      ) +
      record('XDEL', 's', '1-1');
    expect(await convert(diskOf({ [INCR]: incr }), '--to', 'resp')).toMatchObject({
      status: 1,
      losses: { 'stream-pending': { count: 1, examples: ['s'] } },
    });
    expect(await convert(diskOf({ [INCR]: incr }), '--to', 'redis-7.0')).toMatchObject({ status: 0, losses: {} });
  });

  test('commands that are newer than this program are refused before anything is written', async () => {
    const disk = diskOf({ [INCR]: record('BF.ADD', 'k', 'x') });
    expect(await convert(disk, '--to', 'redis-7.0')).toMatchObject({ status: 5, code: 'RESTORE_UNKNOWN_COMMANDS' });
    const { stdout } = await run(disk, ['convert', '/data', '--to', 'redis-7.0', '--out', '/out']);
    // Options of restore are said to be those of restore.
    expect(stdout).toContain('--skip-unknown passes over them; check-aof restore without --only');
    expect(disk.status('/out')).toBeUndefined();
  });
});

test.each([
  [['--to', 'redis-6'], '--to names a server, and --out a folder'],
  [['--to', 'redis-9', '--out', '/out'], "not 'redis-9'"],
  [['--to', 'redis-6', '--out', '/out', '--layout', 'multi-part'], 'redis-6 reads no manifest'],
])('%j is refused', async (args, reason) => {
  const { status, stderr } = await run(diskOf({}), ['convert', '/data', ...args]);
  expect({ status, isReason: stderr.includes(reason) }).toEqual({ status: 2, isReason: true });
});

if (!hasOracle())
  process.stderr.write('SKIPPED: no redis-server 7.0, so that it loads nothing that was converted: 5 tests\n');

// Redis reads what was written for it and for those before it.
test.skipIf(!hasOracle()).each(['redis-7.0', 'redis-6', 'redis-5', 'resp', 'ours'])(
  'for %s: redis-server 7.0 loads it to the same data',
  async (target) => {
    const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-convert-')));
    const disk = new NodeDisk();
    const source = join(folder, 'data', 'appendonlydir');
    fs.mkdirSync(source, { recursive: true });
    put(disk, readCorpus('redis-7.0.15', 'rdb-base').files, `${source}/`);
    const out = join(folder, 'out');
    const answer = await document(disk, ['convert', join(folder, 'data'), '--to', target, '--out', out]);
    expect(answer.error).toBeUndefined();
    const expected = await loaded(disk, out);
    const server = await RedisServer.start(out, folder);
    try {
      expect(server.digest()).toBe(expected.digest);
      expect(expected.digest).not.toBe('0'.repeat(40));
    } finally {
      await server.stop();
      fs.rmSync(folder, { recursive: true });
    }
  },
);
