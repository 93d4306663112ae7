/** What restore writes: keys and their expiry, layouts, who owns the files, and what happens where the disk or the target refuses. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disk, type DiskFile, NodeDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { overriding } from '../src/held-files.ts';
import {
  BASE,
  contentsBelow,
  diskOf,
  document,
  FLUSHED,
  INCR,
  INCR_2,
  LOG,
  loaded,
  NOW_MS,
  OUT,
  record,
  restored,
  run,
  SELECT,
  set,
} from './restore-rig.ts';

describe('keys whose time has passed by now', () => {
  const files = {
    [INCR]:
      SELECT +
      ['past', 'later'].map((key) => set(key)).join('') +
      record('PEXPIREAT', 'past', String(NOW_MS - 1)) +
      record('PEXPIREAT', 'later', String(NOW_MS + 1)),
  };

  test('are in a copy, for a server to delete; which is said', async () => {
    const { answer, disk } = await restored(files);
    expect(answer).toMatchObject({ keys: { kept: 1, expired: 1 } });
    expect((await loaded(disk, OUT)).keys).toEqual(['0/later', '0/past']);
    expect((await run(diskOf(files), ['restore', '/data', '--to', OUT])).stdout).toContain(
      'Expired by now: 1 key. In a copy they are, but a server deletes them when it starts; --keep-expired keeps them.',
    );
  });

  test('are left out of a base, or stay for ever', async () => {
    const dropped = await restored(files, '--target', 'ours');
    expect((await loaded(dropped.disk, OUT)).keys).toEqual(['0/later']);
    expect(dropped.answer).toMatchObject({ keys: { kept: 1, expired: 1 } });
    const kept = await restored(files, '--keep-expired');
    expect((await loaded(kept.disk, OUT)).keys).toEqual(['0/later', '0/past']);
    expect(kept.answer).toMatchObject({ keys: { kept: 2, expired: 1 } });
  });
});

describe('layouts', () => {
  const files = {
    [BASE]: SELECT + set('a') + record('SELECT', '5') + set('b'),
    // A file without SELECT works on database 0, whatever the file before ended with.
    [INCR]: set('c'),
  };

  test.each(['single', 'multi-part'])('%s, copied', async (layout) => {
    const { disk } = await restored(files, '--layout', layout);
    expect((await loaded(disk, OUT)).keys).toEqual(['0/a', '0/c', '5/b']);
    const names = [...contentsBelow(disk, OUT).keys()].map((path) => path.slice(OUT.length + 1));
    expect(names).toEqual(
      layout === 'single'
        ? ['appendonly.aof']
        : [`appendonlydir/${BASE}`, `appendonlydir/${INCR}`, 'appendonlydir/appendonly.aof.manifest'],
    );
  });

  test('a single file becomes a base', async () => {
    const { disk } = await restored(files, '--layout', 'single');
    const answer = await document(disk, [
      'restore',
      `${OUT}/appendonly.aof`,
      '--to',
      '/again',
      '--layout',
      'multi-part',
    ]);
    expect(answer.status).toBe(0);
    expect((await loaded(disk, '/again')).keys).toEqual(['0/a', '0/c', '5/b']);
  });

  test('names that are not the usual ones stay, and are in the line to start with', async () => {
    const disk = diskOf({});
    disk.makeDirectory('/data/my log');
    for (const [name, text] of [
      ['x.aof.1.incr.aof', set('a')],
      ['x.aof.manifest', 'file x.aof.1.incr.aof seq 1 type i\n'],
    ] as const) {
      const file = disk.open(`/data/my log/${name}`, 'truncate');
      file.write(Buffer.from(text));
      file.close();
    }
    const answer = await document(disk, ['restore', '/data/my log', '--to', '/out dir']);
    expect(answer.start).toBe(
      "redis-server --dir '/out dir' --appendonly yes --appendfilename x.aof --appenddirname 'my log'",
    );
    expect((await loaded(disk, '/out dir/my log')).keys).toEqual(['0/a']);
  });
});

describe('a disk that cannot read', () => {
  test.each([
    ['while the place is looked for', 0, []],
    ['while commands are replayed', 1, ['--target', 'ours']],
  ])('%s: nothing is written', async (_, passes, args) => {
    for (const name of [INCR, INCR_2]) {
      const disk = diskOf(FLUSHED);
      const fail = () => disk.inject({ operation: 'read', path: new RegExp(name), times: 100 });
      // The first pass ends with the last byte.
      const progress = (done: number, total: number): void => {
        if (passes === 1 && done === total) fail();
      };
      disk.makeDirectory('/empty');
      if (passes === 0) fail();
      const { status } = await run(disk, ['restore', '/data', '--to', '/empty', ...args], { progress });
      expect(status).toBe(6);
      expect(disk.list('/empty')).toEqual([]);
    }
  });
});

test.each([
  [['--target', 'resp'], 'that differ from the'],
  [[], 'does not load'],
])('what was written differently than meant is not restored (%j)', async (args, reason) => {
  const disk = diskOf(FLUSHED);
  // A disk that turns a digit around: of a value, or of a length.
  const lying = (file: DiskFile): DiskFile =>
    overriding(file, {
      write: (bytes, offset = 0, length = bytes.length - offset) => {
        const text = Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1');
        const changed = args.length > 0 ? text.replace('$1\r\n1\r\n', '$1\r\n2\r\n') : text.replace('$3', '$4');
        return file.write(Buffer.from(changed, 'latin1'));
      },
    });
  const through = overriding<Disk>(disk, {
    open: (path, mode) =>
      path.endsWith('base.aof') && mode === 'truncate' ? lying(disk.open(path, mode)) : disk.open(path, mode),
  });
  const answer = await document(through, ['restore', '/data', '--to', OUT, '--before', 'FLUSHALL', ...args]);
  expect(answer).toMatchObject({ status: 5, code: 'RESTORE_NOT_VERIFIED', error: expect.stringContaining(reason) });
  expect(disk.status(OUT)).toBeUndefined();
});

test.skipIf(process.getuid?.() !== 0)('root is told whom the files must belong to', async () => {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-owner-')));
  const file = join(folder, 'appendonly.aof');
  fs.writeFileSync(file, set('a'));
  fs.chownSync(file, 1234, 1234);
  const out = `${folder}-out`;
  const { stdout } = await run(new NodeDisk(), ['restore', file, '--to', out]);
  expect(stdout).toContain(
    `It belongs to user 0, the log to user 1234. For a server of that user:\n  chown -R --reference=${file} ${out}\n`,
  );
  for (const path of [folder, out]) fs.rmSync(path, { recursive: true });
});

describe('the target', () => {
  test('may be an empty folder, and nothing else', async () => {
    const disk = diskOf(FLUSHED);
    disk.makeDirectory('/empty');
    expect(await document(disk, ['restore', '/data', '--to', '/empty'])).toMatchObject({ status: 0 });
    const again = await document(disk, ['restore', '/data', '--to', '/empty']);
    expect(again).toMatchObject({ status: 5, code: 'RESTORE_TARGET_IN_USE' });
    expect(again.error).toContain('it holds appendonlydir');
  });

  test.each(['/data', '/data/x', `${LOG}/x`])('%s: not inside what is read', async (target) => {
    const disk = diskOf(FLUSHED);
    expect(await document(disk, ['restore', '/data', '--to', target])).toMatchObject({ code: 'RESTORE_TARGET_IN_USE' });
  });

  test('folders above it are made', async () => {
    const disk = diskOf(FLUSHED);
    expect(await document(disk, ['restore', '/data', '--to', '/a/b/c'])).toMatchObject({ status: 0 });
  });

  test('is left as it was when the disk is full', async () => {
    for (const args of [[], ['--target', 'ours'], ['--target', 'resp']]) {
      const disk = diskOf(FLUSHED);
      disk.makeDirectory('/empty');
      disk.inject({ operation: 'write', path: /restore-unfinished/, code: 'ENOSPC', times: 100 });
      const answer = await document(disk, ['restore', '/data', '--to', '/empty', ...args]);
      expect(answer).toMatchObject({ status: 6, error: expect.stringContaining('No space left on device') });
      expect(disk.list('/empty')).toEqual([]);
    }
  });
});

describe('the command line', () => {
  test.each([
    [[], 'where to? --to names a folder'],
    [['--to', '/x', '--at', '1', '--before', 'SET'], 'three ways to say the same'],
    [['--to', '/x', '--at', 'yesterday'], "not 'yesterday'"],
    [['--to', '/x', '--at', '2026-11-21T10:00:00'], '--at takes 2026-11-21T10:00:00Z'],
    [['--to', '/x', '--nth', '2'], '--nth goes with --before'],
    [['--to', '/x', '--before', 'SET', '--nth', '0'], '--nth counts from 1'],
    [['--to', '/x', '--file', 'x'], '--file goes with --before-offset'],
    [['--to', '/x', '--target', 'redis-3'], "not 'redis-3'"],
    [['--to', '/x', '--target', 'redis-6', '--layout', 'multi-part'], 'redis-6 reads no manifest'],
    [['--to', '/x', '--db', '-1'], "--db takes a number, not '-1'"],
  ])('%j is refused', async (args, reason) => {
    const { status, stderr } = await run(diskOf(FLUSHED), ['restore', '/data', ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(reason);
  });

  test('a dry run says the same and writes nothing', async () => {
    const disk = diskOf(FLUSHED);
    const { operations } = disk;
    const { stdout, status } = await run(disk, ['restore', '/data', '--before', 'FLUSHALL', '--dry-run']);
    expect(status).toBe(0);
    expect(stdout).toContain('Left out: 3 commands, which name 1 key\n  the first: flushall ASYNC, in');
    expect(disk.operations).toBe(operations);
  });

  test('a server that runs is told of', async () => {
    const holder = { processId: 42, processName: 'redis-server', path: `${LOG}/${INCR}` };
    const { stdout, status } = await run(diskOf(FLUSHED), ['restore', '/data', '--to', OUT], { holder });
    expect(status).toBe(0);
    expect(stdout).toContain('Process 42 (redis-server)');
    expect(stdout).toContain('auto-aof-rewrite-percentage 0');
  });

  test('a server that begins a log in the target meanwhile keeps it', async () => {
    const disk = diskOf(FLUSHED);
    const begun = `${OUT}/appendonly.aof`;
    const progress = (): void => {
      if (disk.status(`${OUT}/restore-unfinished`) === undefined) return;
      const file = disk.open(begun, 'append');
      if (file.size() === 0) file.write(Buffer.from(set('new')));
      file.close();
    };
    const { stdout, status } = await run(disk, ['restore', '/data', '--to', OUT, '--layout', 'single'], { progress });
    expect({ status, names: disk.list(OUT) }).toEqual({ status: 5, names: ['appendonly.aof'] });
    expect(stdout).toContain(`${OUT} is not empty: it holds appendonly.aof`);
    expect(Buffer.from(disk.readFile(begun)).toString()).toBe(set('new'));
  });

  test('no log', async () => {
    const disk = diskOf(FLUSHED);
    disk.makeDirectory('/none');
    expect(await document(disk, ['restore', '/none', '--to', OUT])).toMatchObject({ status: 5, code: 'AOF_NO_LOG' });
  });
});
