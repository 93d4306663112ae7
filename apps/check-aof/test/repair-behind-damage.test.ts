/** What a repair does about, and says of, what lies behind the damage: in the same file, in an RDB part, in later files. */
import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { MANIFEST, put, readCorpus } from './corpus.ts';
import { runOn } from './environment.ts';

const record = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

function diskOf(files: Readonly<Record<string, string | Buffer>>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  const bytes = Object.entries(files).map(([name, content]): [string, Buffer] => [name, Buffer.from(content)]);
  put(disk, bytes, '/d/');
  return disk;
}

describe('commands that a repair leaves out', () => {
  const before = record('SET', 'a', '1');
  const repaired = async (behind: string): Promise<string> =>
    (await runOn(diskOf({ 'appendonly.aof': before + behind }), ['repair', '--dry-run', '/d'])).stdout;

  test('and --salvage would keep are counted, with what to type', async () => {
    const hole = `*3\r\n$3\r\nSE${'\0'.repeat(64)}`;
    const transaction = record('MULTI') + record('SET', 'x', '1') + record('SET', 'y', '1') + record('EXEC');
    expect(await repaired(hole + record('INCR', 'c') + transaction)).toContain(
      '3 commands of these can be kept: check-aof repair --dry-run --salvage /d\n',
    );
  });

  test('and that it would not keep either are no reason for it', async () => {
    expect(await repaired(record('SET', 'b', '2').slice(0, -3))).not.toContain('--salvage');
    expect(await repaired(record('MULTI') + record('SET', 'b', '2'))).not.toContain('--salvage');
    expect(await repaired('\0'.repeat(4096))).not.toContain('--salvage');
  });

  test('of which none is recognised are no record in no pieces', async () => {
    const disk = diskOf({ 'appendonly.aof': `${before}${'\0'.repeat(4096)}` });
    const { stdout } = await runOn(disk, ['repair', '--dry-run', '--salvage', '/d']);
    expect(stdout).toContain('    nothing behind it can be recognised\n');
  });
});

describe('files behind a broken one', () => {
  const manifest = 'file a.base.aof seq 1 type b\nfile a.incr.aof seq 1 type i\nfile b.incr.aof seq 2 type i\n';
  const base = `${record('SELECT', '0')}${record('SET', 'c', '1')}\0\0\0${record('SET', 'sound', '1')}`;
  const files = {
    [MANIFEST]: manifest,
    'a.base.aof': base,
    'a.incr.aof': record('SELECT', '2') + record('INCR', 'there') + record('SET', 'whole', '1'),
    'b.incr.aof': record('SELECT', '0') + record('INCR', 'c') + record('INCR', 'sound') + record('INCR', 'whole'),
  };

  test('build on what it has lost: their keys are named by a salvage, unless they are overwritten before', async () => {
    const { stdout } = await runOn(diskOf(files), ['repair', '--dry-run', '--salvage', '--json', '/d']);
    const [{ salvaged }] = JSON.parse(stdout).plan;
    expect(salvaged.doubtfulKeys).toEqual(['there', 'c', 'whole']);
    expect(salvaged.doubtfulDatabases).toEqual([2, 0, 0]);
    expect(salvaged.records).toBe(1);
  });

  test('are said to come behind damage', async () => {
    const { stdout } = await runOn(diskOf(files), ['repair', '--dry-run', '/d']);
    for (const name of ['a.incr.aof', 'b.incr.aof'])
      expect(stdout).toContain(
        `  ${name} comes behind damage: its commands are kept, and what builds on lost keys may be wrong\n`,
      );
    const last = diskOf({ ...files, 'a.base.aof': record('SET', 'c', '1'), 'b.incr.aof': '\0' });
    expect((await runOn(last, ['repair', '--dry-run', '/d'])).stdout).not.toContain('comes behind damage');
  });
});

describe('an RDB part with a length that takes in the keys behind it', () => {
  const corpus = readCorpus('redis-7.0.15', 'rdb-base');

  // Its length of 195 in 14 bits, 0x40c3, becomes one of 1219: the keys behind it are part of its value.
  const bytes = Buffer.from(corpus.single);
  const at = bytes.indexOf('str:copy', 0, 'latin1') + 'str:copy'.length;
  bytes[at] = 0x44;

  test('is the last that can be read: it is named, and what is behind it is not given up', async () => {
    const { stdout } = await runOn(diskOf({ 'appendonly.aof': bytes }), ['repair', '--dry-run', '/d']);
    expect(stdout).toContain('    1 key may be wrong, for its length may be what is damaged: str:copy\n');
    expect(stdout).toContain(
      'Keys behind the damage may be found, and kept: check-aof repair --dry-run --salvage /d\n',
    );
  });

  test('costs a salvage that key alone', async () => {
    const disk = diskOf({ 'appendonly.aof': bytes });
    const { status, stdout } = await runOn(disk, ['repair', '--yes', '--salvage', '--json', '/d']);
    expect(status).toBe(0);
    const { plan, lost, loaded } = JSON.parse(stdout);
    expect(plan[0]).toMatchObject({ action: 'rebuild', doubtful: { key: 'str:copy', database: 0 } });
    expect(lost).toMatchObject({ bytes: 0, keys: 1, keyNames: ['str:copy'], unknown: [] });
    expect(loaded.keys).toBe(98);
  });
});
