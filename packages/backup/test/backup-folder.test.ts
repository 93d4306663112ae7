/** Files get into the folder, and it becomes a backup by the last name alone, wherever a crash comes. */
import { detectLayout, type Manifest, writeWhole } from '@aof/aof-files';
import { type CrashMoment, DiskError, SimCrash, type SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { BackupError, BackupFolder, verifyFiles } from '../src/index.ts';
import { DIR, diskWithLog, LOCATION, NAMES, onlySet, put, record, textOf } from './lines.ts';

function folderOn(disk: SimDisk, yieldTurn: () => Promise<void> = async () => undefined): BackupFolder {
  return new BackupFolder({ disk, location: LOCATION, yieldTurn });
}

async function backUp(disk: SimDisk, manifest: Manifest): Promise<BackupFolder> {
  const folder = folderOn(disk);
  await folder.prepare();
  for (const name of [manifest.base?.name, manifest.incr[0]?.name]) {
    if (name === undefined) throw new Error('the log has two files');
    const path = NAMES.inAppendDir(name);
    await folder.pin({ name, path, size: disk.status(path)?.size ?? 0 });
  }
  await folder.sealMultiPart(manifest);
  return folder;
}

async function backUpSingle(disk: SimDisk, size: number): Promise<BackupFolder> {
  const folder = folderOn(disk);
  await folder.prepare();
  await folder.copySingle(NAMES.singlePath, size);
  await folder.sealSingle();
  return folder;
}

/** What a start would load from a copy of the folder, as text. */
function loadable(disk: SimDisk): string {
  const { singlePath } = folderOn(disk);
  if (disk.status(singlePath) !== undefined) return textOf(disk, singlePath);
  const { layout } = detectLayout(disk, {
    dir: DIR,
    appendfilename: 'log.aof',
    appenddirname: 'backup',
    wanted: 'multi-part',
  });
  return layout
    .filesToLoad()
    .map(({ path }) => textOf(disk, path))
    .join('');
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const WHOLE = record('SET', 'a', '1') + record('SET', 'b', '2');

describe('a multi-part backup', () => {
  test('has the files by further names of them, and a manifest', async () => {
    const { disk, manifest } = diskWithLog();
    const folder = await backUp(disk, manifest);
    expect(disk.list(folder.path)).toEqual(['log.aof.1.base.aof', 'log.aof.1.incr.aof', 'log.aof.manifest']);
    expect(disk.status(folder.pathOf('log.aof.1.base.aof'))?.linkCount).toBe(2);
    expect(loadable(disk)).toBe(WHOLE);
    expect(folder.inspect()).toEqual({
      kind: 'sealed',
      sealedAtMs: 0,
      files: ['log.aof.1.base.aof', 'log.aof.1.incr.aof', 'log.aof.manifest'].map((name) => folder.pathOf(name)),
    });
  });

  test.each(['EXDEV', 'EPERM', 'ENOTSUP'])('has copies where links end in %s', async (code) => {
    for (const canClone of [true, false]) {
      const { disk, manifest } = diskWithLog();
      disk.canClone = canClone;
      disk.inject({ operation: 'link', code, times: 2 });
      const folder = await backUp(disk, manifest);
      expect(disk.status(folder.pathOf('log.aof.1.base.aof'))?.linkCount).toBe(1);
      expect(loadable(disk.afterCrash(1, 'only-synced'))).toBe(WHOLE);
    }
  });

  test('goes no further where the disk refuses for another reason', async () => {
    const { disk, manifest } = diskWithLog();
    disk.inject({ operation: 'link', code: 'EIO' });
    expect(await failureOf(backUp(disk, manifest))).toMatchObject({ name: 'DiskError', code: 'EIO' });
    expect(folderOn(disk).inspect().kind).toBe('empty');
  });
});

describe('a backup of a single file', () => {
  test('has what the file had, however it goes on', async () => {
    for (const canClone of [true, false]) {
      const { disk } = diskWithLog();
      disk.canClone = canClone;
      const size = disk.status(NAMES.singlePath)?.size ?? 0;
      const live = disk.open(NAMES.singlePath, 'append');
      const grow = () => writeWhole(live, Buffer.from(record('SET', 'later', 'x')));
      grow();
      const folder = folderOn(disk, async () => {
        grow();
        // A rewrite takes the file's place.
        if (disk.status(`${DIR}/new`) === undefined) {
          put(disk, `${DIR}/new`, 'something else');
          disk.rename(`${DIR}/new`, NAMES.singlePath);
        }
      });
      await folder.prepare();
      const copy = await folder.copySingle(NAMES.singlePath, size);
      grow();
      expect(textOf(disk, copy.path)).toBe(WHOLE);
      expect(folder.inspect().kind).toBe('unfinished');
      await folder.sealSingle();
      expect(folder.inspect()).toMatchObject({ kind: 'sealed', files: [folder.singlePath] });
      expect(textOf(disk.afterCrash(1, 'only-synced'), folder.singlePath)).toBe(WHOLE);
    }
  });

  test('needs room, unless it can share blocks', async () => {
    const { disk } = diskWithLog();
    disk.canClone = false;
    disk.freeSpaceBytes = 10;
    const error = await failureOf(backUpSingle(disk, 58));
    expect(error).toBeInstanceOf(BackupError);
    expect(error).toMatchObject({ code: 'BACKUP_NO_ROOM', message: expect.stringContaining('58 bytes') });
  });

  test('of a file that is shorter than it should be is none', async () => {
    const { disk } = diskWithLog();
    disk.canClone = false;
    expect(await failureOf(backUpSingle(disk, 1000))).toBeInstanceOf(DiskError);
    expect(folderOn(disk).inspect().kind).toBe('unfinished');
  });

  test('ends when it is not wanted any more', async () => {
    const { disk } = diskWithLog();
    disk.canClone = false;
    const cancelled = new BackupError('BACKUP_CANCELLED', 'not any more');
    const folder = folderOn(disk, () => Promise.reject(cancelled));
    await folder.prepare();
    expect(await failureOf(folder.copySingle(NAMES.singlePath, 20))).toBe(cancelled);
  });
});

describe('the folder', () => {
  test('must be empty', async () => {
    const { disk, manifest } = diskWithLog();
    const folder = await backUp(disk, manifest);
    expect(() => folder.assertEmpty()).toThrow(
      expect.objectContaining({ code: 'BACKUP_NOT_EMPTY', hint: expect.stringContaining('BACKUP CLEANUP') }),
    );
    await folder.clear();
    expect(disk.list(folder.path)).toEqual([]);
    await folder.prepare();
    put(disk, `${folder.path}/notes.txt`, 'mine');
    expect(folder.inspect()).toEqual({ kind: 'foreign', name: 'notes.txt' });
    expect(await failureOf(folder.prepare())).toMatchObject({ hint: expect.stringContaining('notes.txt') });
    await folder.clear();
    expect(disk.list(folder.path)).toEqual(['notes.txt']);
  });

  test('with a manifest whose files are gone, or that somebody has spoilt, holds no backup', async () => {
    const { disk, manifest } = diskWithLog();
    const folder = await backUp(disk, manifest);
    disk.unlink(folder.pathOf('log.aof.1.incr.aof'));
    expect(folder.inspect().kind).toBe('unfinished');
    put(disk, folder.manifestPath, 'nonsense\n');
    expect(folder.inspect().kind).toBe('unfinished');
  });

  test('is a plain name', () => {
    const { disk } = diskWithLog();
    const location = { ...LOCATION, backupdirname: 'a/b' };
    expect(() => new BackupFolder({ disk, location, yieldTurn: async () => undefined })).toThrow(
      expect.objectContaining({ code: 'AOF_NAME_INVALID' }),
    );
  });
});

describe('a crash at any operation', () => {
  const MOMENTS: readonly CrashMoment[] = ['before', 'half', 'after'];
  const makers: readonly [string, (disk: SimDisk, manifest: Manifest) => Promise<BackupFolder>][] = [
    ['multi-part', backUp],
    [
      'multi-part without links',
      (disk, manifest) => {
        disk.inject({ operation: 'link', code: 'EXDEV', times: 9 });
        disk.canClone = false;
        return backUp(disk, manifest);
      },
    ],
    ['single, cloned', (disk) => backUpSingle(disk, WHOLE.length)],
    [
      'single, copied',
      (disk) => {
        disk.canClone = false;
        return backUpSingle(disk, WHOLE.length);
      },
    ],
  ];

  test.each(makers)('leaves a backup or none, and the log as it was: %s', async (_, make) => {
    let sealed = 0;
    let unfinished = 0;
    for (const moment of MOMENTS) {
      for (let number = 1; ; number++) {
        const { disk, manifest } = diskWithLog();
        const live = [...disk.contents()].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]);
        disk.crashAt(disk.operations + number, moment);
        const error = await failureOf(make(disk, manifest).then((folder) => folder.clear()));
        if (error === undefined) break;
        expect(error).toBeInstanceOf(SimCrash);
        for (const mode of ['power-cut', 'only-synced', 'kill'] as const) {
          const after = disk.afterCrash(number, mode);
          for (const [path, text] of live) expect(textOf(after, String(path)), `${number} ${path}`).toBe(text);
          const { kind } = folderOn(after).inspect();
          if (kind === 'sealed') {
            sealed++;
            expect(loadable(after), `${moment} ${number} ${mode}: ${disk.trace.at(-1)}`).toBe(WHOLE);
          } else unfinished++;
          await folderOn(after).clear();
          expect(folderOn(after).inspect().kind).toBe('empty');
        }
      }
    }
    expect(sealed).toBeGreaterThan(3);
    expect(unfinished).toBeGreaterThan(20);
  });

  test('is noticed if files are not synced before the manifest has its name', async () => {
    const { disk, manifest } = diskWithLog();
    disk.inject({ operation: 'link', code: 'EXDEV', times: 9 });
    // A clone is durable only after its sync.
    const folder = folderOn(disk);
    await folder.prepare();
    for (const { name } of [manifest.base, manifest.incr[0]].filter((file) => file !== undefined))
      disk.clone(NAMES.inAppendDir(name), folder.pathOf(name));
    await folder.sealMultiPart(manifest);
    const after = disk.afterCrash(1, 'only-synced');
    expect(folderOn(after).inspect().kind).toBe('sealed');
    expect(loadable(after)).not.toBe(WHOLE);
  });
});

describe('verifying', () => {
  const verify = (disk: SimDisk, text: string, applier = onlySet()) => {
    put(disk, `${DIR}/copy`, text);
    const file = { name: 'copy', path: `${DIR}/copy`, size: text.length, role: 'incr' as const };
    return verifyFiles({
      disk,
      files: [file],
      applier,
      maxBulkBytes: 1000,
      nowMs: () => 0,
      yieldTurn: async () => undefined,
    });
  };

  test('reads every record and changes nothing', async () => {
    const { disk } = diskWithLog();
    const applier = onlySet();
    expect(await verify(disk, WHOLE, applier)).toBe(2);
    expect(applier.names).toEqual(['a', 'b']);
    expect(await verify(disk, '')).toBe(0);
  });

  test.each([
    ['cut off', WHOLE.slice(0, -1), undefined],
    ['no record', `${WHOLE}+OK\r\n`, WHOLE.length],
    ['refused', WHOLE + record('GET', 'a'), WHOLE.length],
    ['a damaged RDB part', `REDIS0011\xfa${WHOLE}`, undefined],
  ])('tells what a start would refuse: %s', async (_, text, fileOffset) => {
    const { disk } = diskWithLog();
    const error = await failureOf(
      verify(disk, text, { ...onlySet(), applyEntry: () => undefined } as ReturnType<typeof onlySet>),
    );
    expect(error).toMatchObject({ code: 'BACKUP_DAMAGED', path: `${DIR}/copy` });
    if (fileOffset !== undefined) expect(error).toMatchObject({ fileOffset });
    expect(textOf(disk, `${DIR}/copy`)).toBe(text);
  });
});
