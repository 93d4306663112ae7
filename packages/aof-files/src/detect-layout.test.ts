import { DiskError, SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { type DetectedLayout, detectLayout } from './detect-layout.ts';
import { type LayoutError, ManifestError } from './errors.ts';
import type { LayoutKind } from './layout.ts';

const MANIFEST = 'file log.1.base.rdb seq 1 type b\nfile log.1.incr.aof seq 1 type i\n';
const PARTS = { 'parts/log.1.base.rdb': 'B', 'parts/log.1.incr.aof': 'I', 'parts/log.manifest': MANIFEST };
const UPGRADED = 'file log seq 1 type b\n';

function diskWith(files: Readonly<Record<string, string>>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/srv');
  for (const [name, text] of Object.entries(files)) {
    if (name.startsWith('parts/')) disk.makeDirectory('/srv/parts', { recursive: true });
    const file = disk.open(`/srv/${name}`, 'append');
    if (text !== '') file.write(Buffer.from(text));
  }
  disk.settleAll();
  return disk;
}

function detect(disk: SimDisk, wanted: LayoutKind): DetectedLayout {
  return detectLayout(disk, { dir: '/srv', appendfilename: 'log', appenddirname: 'parts', wanted });
}

function summary(disk: SimDisk, wanted: LayoutKind): string {
  const { layout, isUpgraded, ignored } = detect(disk, wanted);
  const files = layout.filesToLoad().map((file) => `${file.role}:${file.name}:${file.size}`);
  return [layout.kind, ...files, ...(isUpgraded ? ['upgraded'] : []), ...ignored.map((path) => `ignored ${path}`)].join(
    ' ',
  );
}

function errorOf(disk: SimDisk, wanted: LayoutKind): LayoutError {
  const before = disk.contents();
  try {
    detect(disk, wanted).layout.filesToLoad();
  } catch (error) {
    expect(disk.contents()).toEqual(before);
    expect((error as LayoutError).hint).toMatch(/\.$/);
    return error as LayoutError;
  }
  throw new Error('accepted');
}

describe('what is on disk decides', () => {
  test.each<[string, Record<string, string>, string, string]>([
    ['nothing', {}, 'single', 'multi-part'],
    [
      'a manifest',
      PARTS,
      'multi-part base:log.1.base.rdb:1 incr:log.1.incr.aof:1',
      'multi-part base:log.1.base.rdb:1 incr:log.1.incr.aof:1',
    ],
    ['a single file', { log: 'abc' }, 'single single:log:3', 'multi-part base:log:3 upgraded'],
    ['an empty single file', { log: '' }, 'single single:log:0', 'multi-part base:log:0 upgraded'],
    [
      'a single file beside an empty folder',
      { log: 'abc', 'parts/x': '' },
      'single single:log:3',
      'multi-part base:log:3 upgraded',
    ],
    [
      'a single file and a manifest that lists nothing',
      { log: 'abc', 'parts/log.manifest': '#\n' },
      'single single:log:3',
      'multi-part base:log:3 upgraded',
    ],
    [
      'an upgrade that was cut off before the move',
      { log: 'abc', 'parts/log.manifest': UPGRADED },
      'multi-part base:log:3 upgraded',
      'multi-part base:log:3 upgraded',
    ],
    [
      'a finished upgrade',
      { 'parts/log': 'abc', 'parts/log.manifest': UPGRADED },
      'multi-part base:log:3',
      'multi-part base:log:3',
    ],
    [
      'files of another server',
      { 'parts/other.1.incr.aof': 'x', 'parts/other.manifest': 'y', other: 'z' },
      'single',
      'multi-part',
    ],
    [
      'empty files without a manifest',
      { 'parts/log.1.base.aof': '', 'parts/log.1.incr.aof': '' },
      'single',
      'multi-part',
    ],
    ['a temporary manifest only', { 'parts/temp-log.manifest': 'fi' }, 'single', 'multi-part'],
  ])('%s', (_, files, single, multiPart) => {
    expect(summary(diskWith(files), 'single')).toBe(single);
    expect(summary(diskWith(files), 'multi-part')).toBe(multiPart);
  });

  test('files that the manifest does not list are left alone, and named', () => {
    const disk = diskWith({ ...PARTS, log: 'old', 'parts/log.2.base.rdb': 'x', 'parts/log.9.incr.aof': '' });
    expect(summary(disk, 'multi-part')).toContain('ignored /srv/log ignored /srv/parts/log.2.base.rdb');
    expect(summary(disk, 'multi-part')).not.toContain('log.9');
    const outer = diskWith({ log: 'old', 'parts/log': 'new', 'parts/log.manifest': UPGRADED });
    expect(summary(outer, 'multi-part')).toBe('multi-part base:log:3 ignored /srv/log');
  });

  test('with a manifest that lists nothing, other files are leftovers', () => {
    const disk = diskWith({ 'parts/log.manifest': '# nothing\n', 'parts/log.1.base.rdb': 'x' });
    expect(summary(disk, 'multi-part')).toBe('multi-part ignored /srv/parts/log.1.base.rdb');
  });
});

describe('where it cannot be decided, nothing is touched and the error says what to do', () => {
  test.each<[string, Record<string, string>, LayoutKind, string, string]>([
    [
      'a log without its manifest',
      { 'parts/log.1.base.rdb': 'x' },
      'multi-part',
      'AOF_MANIFEST_LOST',
      'log.1.base.rdb',
    ],
    [
      'a log without its manifest, single wanted',
      { 'parts/log.3.incr.aof': 'x' },
      'single',
      'AOF_MANIFEST_LOST',
      'log.3.incr.aof',
    ],
    [
      'a log without its manifest, and a single file',
      { 'parts/log.1.incr.aof': 'x', log: 'y' },
      'multi-part',
      'AOF_MANIFEST_LOST',
      'log.1.incr.aof',
    ],
    ['the old name in both places', { 'parts/log': 'x', log: 'y' }, 'multi-part', 'AOF_TWO_LOGS', '/srv/parts/log'],
    [
      'the old name in both places, nothing listed',
      { 'parts/log': 'x', log: 'y', 'parts/log.manifest': '#\n' },
      'multi-part',
      'AOF_TWO_LOGS',
      '/srv/parts/log',
    ],
    ['the old name in the folder only', { 'parts/log': 'x' }, 'multi-part', 'AOF_MANIFEST_LOST', 'log'],
    [
      'a manifest and a single file, single wanted',
      { ...PARTS, log: 'y' },
      'single',
      'AOF_TWO_LOGS',
      '/srv/parts/log.manifest',
    ],
    ['a file where the folder should be', { parts: 'x' }, 'multi-part', 'AOF_NOT_A_FOLDER', '/srv/parts'],
  ])('%s', (_, files, wanted, code, named) => {
    const error = errorOf(diskWith(files), wanted);
    expect(error.code).toBe(code);
    expect(error.message).toContain(named);
    // Whoever lists by hand what is there may list what the base contains.
    if (code === 'AOF_MANIFEST_LOST') expect(error.hint).toContain('check-aof repair /srv/parts.');
  });

  test('a listed file that is missing, with the text of Redis', () => {
    const disk = diskWith(PARTS);
    disk.unlink('/srv/parts/log.1.base.rdb');
    expect(errorOf(disk, 'multi-part')).toMatchObject({
      code: 'AOF_FILE_MISSING',
      path: '/srv/parts/log.1.base.rdb',
      message: 'Unable to obtain the AOF file log.1.base.rdb length. stat: No such file or directory',
    });
    disk.makeDirectory('/srv/parts/log.1.base.rdb');
    expect(errorOf(disk, 'multi-part').message).toMatch(/length\. stat: Is a directory$/);
  });

  test('a damaged manifest, in both layouts', () => {
    const disk = diskWith({ 'parts/log.manifest': '' });
    for (const wanted of ['single', 'multi-part'] as const) {
      expect(errorOf(disk, wanted)).toMatchObject({ code: 'AOF_MANIFEST_EMPTY', path: '/srv/parts/log.manifest' });
    }
  });

  test('a manifest that cannot be opened or read', () => {
    const disk = diskWith(PARTS);
    disk.inject({ operation: 'open', path: /manifest/, code: 'EACCES' });
    const denied = errorOf(disk, 'multi-part');
    expect(denied).toBeInstanceOf(ManifestError);
    expect(denied).toMatchObject({ code: 'AOF_MANIFEST_UNREADABLE', cause: expect.any(DiskError) });
    expect(denied.message).toBe(
      "Fatal error: can't open the AOF manifest file /srv/parts/log.manifest for reading: Permission denied",
    );
    disk.inject({ operation: 'read', path: /manifest/ });
    expect(errorOf(disk, 'multi-part').message).toBe('Read AOF manifest failed');
    const folder = diskWith({});
    folder.makeDirectory('/srv/parts/log.manifest', { recursive: true });
    expect(errorOf(folder, 'multi-part').message).toBe('Read AOF manifest failed');
  });
});

describe('an upgrade', () => {
  test('lists the old name, moves the file, and syncs both folders', () => {
    const disk = diskWith({ log: 'abc' });
    const before = disk.operations;
    detect(disk, 'multi-part');
    expect(disk.trace.slice(before)).toEqual([
      'mkdir /srv/parts',
      'sync-directory /srv',
      'open /srv/parts/temp-log.manifest truncate',
      'write /srv/parts/temp-log.manifest 22',
      'sync /srv/parts/temp-log.manifest',
      'rename /srv/parts/temp-log.manifest /srv/parts/log.manifest',
      'sync-directory /srv/parts',
      'rename /srv/log /srv/parts/log',
      'sync-directory /srv/parts',
      'sync-directory /srv',
    ]);
    expect(Buffer.from(disk.readFile('/srv/parts/log.manifest')).toString()).toBe(UPGRADED);
  });

  test('counts on from the old file, and keeps history that was listed', () => {
    const disk = diskWith({ log: 'abc', 'parts/log.manifest': 'file log.4.incr.aof seq 4 type h\n' });
    const { layout } = detect(disk, 'multi-part');
    expect(layout.kind === 'multi-part' && layout.manifest).toMatchObject({
      base: { name: 'log', sequence: 1 },
      history: [{ name: 'log.4.incr.aof' }],
      lastBaseSequence: 1,
      lastIncrSequence: 0,
    });
  });
});
