/** Undo: cut off at every operation of the disk, called again, and refused where it would do harm. */

import { checksumNameOf } from '@aof/aof-files';
import { type Disk, type SimDisk as Sim, SimCrash, SimDisk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { describe, expect, test } from 'vitest';
import { checkStrictly, NoLogError } from '../src/index.ts';
import { planRepair } from '../src/repair-plan.ts';
import { runRepair } from '../src/repair-run.ts';
import { undoRepair } from '../src/undo.ts';
import { MANIFEST, put, SINGLE } from './corpus.ts';

const FOLDER = '/data/log';
const UNDO = `${FOLDER}/repair-1`;
const nothing = (): void => {};

function record(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

const good = record('SELECT', '0') + record('SET', 'k', '1');
const lines = ['file a.base.aof seq 1 type b', 'file a.incr.aof seq 1 type i', 'file b.incr.aof seq 2 type i'];
const PARTS: ReadonlyMap<string, Buffer> = new Map([
  [MANIFEST, Buffer.from(`${lines.join('\n')}\n`)],
  ['a.base.aof', Buffer.from(good)],
  ['a.incr.aof', Buffer.from(`${good}*3\r\n$3`)],
  // What vouches for a file goes where the file goes.
  [checksumNameOf('a.incr.aof'), Buffer.from('of a.incr')],
  ['b.incr.aof', Buffer.from(`${good}\0\0\0`)],
]);
const WHOLE_SINGLE: ReadonlyMap<string, Buffer> = new Map([
  [SINGLE, Buffer.from(`${good}\0\0\0`)],
  [checksumNameOf(SINGLE), Buffer.from('of the single file')],
]);
const NO_MANIFEST: ReadonlyMap<string, Buffer> = new Map([
  ['appendonly.aof.1.base.aof', Buffer.from(good)],
  ['appendonly.aof.1.incr.aof', Buffer.from(good)],
]);

const LOGS = [
  ['parts', PARTS, FOLDER],
  ['single file', WHOLE_SINGLE, `${FOLDER}/${SINGLE}`],
  ['no manifest', NO_MANIFEST, FOLDER],
] as const;

function diskOf(files: Iterable<readonly [string, Uint8Array]>): Sim {
  const disk = new SimDisk();
  disk.makeDirectory(FOLDER, { recursive: true });
  put(disk, files, `${FOLDER}/`);
  disk.settleAll();
  return disk;
}

function contents(disk: Disk): Map<string, string> {
  const files = disk.list(FOLDER).filter((name) => disk.status(`${FOLDER}/${name}`)?.kind === 'file');
  return new Map(files.map((name) => [name, Buffer.from(disk.readFile(`${FOLDER}/${name}`)).toString('latin1')]));
}

async function repair(disk: Disk, path: string): Promise<void> {
  const plan = await planRepair(disk, path, { progress: nothing });
  if (!plan.isNothingToDo) await runRepair(plan, { disk, nowMs: 0, progress: nothing });
}

async function repaired(files: Iterable<readonly [string, Uint8Array]>, path: string): Promise<Sim> {
  const disk = diskOf(files);
  await repair(disk, path);
  disk.settleAll();
  return disk;
}

async function isGood(disk: Disk, path: string): Promise<boolean> {
  const report = await checkStrictly({ disk, files: findLog(disk, path).files, nowMs: 0, progress: nothing });
  return report.findingCount === 0;
}

/** Runs `operation` with a crash at each of its disk operations, and gives what is on the disk after each. */
async function crashes(
  prepare: () => Promise<Sim>,
  operation: (disk: Sim) => Promise<unknown>,
  look: (disk: Sim) => Promise<void>,
): Promise<number> {
  for (let number = 1; ; number++) {
    for (const moment of ['before', 'half', 'after'] as const) {
      const disk = await prepare();
      disk.crashAt(disk.operations + number, moment);
      const crash = await operation(disk).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (crash === undefined) return number - 1;
      if (!(crash instanceof SimCrash)) throw crash;
      await look(disk.afterCrash(number, 'power-cut'));
    }
  }
}

describe.each(LOGS)('%s', (_, files, path) => {
  const before = contents(diskOf(files));
  const expectBefore = (disk: Disk): void => {
    for (const [name, bytes] of before) expect({ name, bytes: contents(disk).get(name) }).toEqual({ name, bytes });
    expect(contents(disk).has(MANIFEST)).toBe(before.has(MANIFEST));
  };

  test('undone, everything is as it was', async () => {
    const disk = await repaired(files, path);
    await undoRepair(disk, path, false);
    expect(contents(disk)).toEqual(before);
    await expect(undoRepair(disk, path, false)).rejects.toThrow(NoLogError);
  });

  test('cut off anywhere: the log is repaired or as it was, and undo can be called again', async () => {
    let [asBefore, asRepaired] = [0, 0];
    const count = await crashes(
      () => repaired(files, path),
      (disk) => undoRepair(disk, path, false),
      async (disk) => {
        const isAsBefore = [...before].every(
          ([name, bytes]) => name.endsWith('.crc64') || contents(disk).get(name) === bytes,
        );
        const hasManifest = contents(disk).has(MANIFEST);
        if (isAsBefore && hasManifest === before.has(MANIFEST)) asBefore++;
        else {
          asRepaired++;
          expect(await isGood(disk, path)).toBe(true);
        }
        // Unless it was the last step that was cut off.
        await undoRepair(disk, path, false).catch((error: unknown) => expect(error).toBeInstanceOf(NoLogError));
        expectBefore(disk);
      },
    );
    expect(count).toBeGreaterThan(5);
    expect(asBefore).toBeGreaterThan(2);
    expect(asRepaired).toBeGreaterThan(2);
  });

  test('a repair that was cut off anywhere can be undone', async () => {
    let undone = 0;
    const look = async (disk: Sim): Promise<void> => {
      const error = await undoRepair(disk, path, false).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) undone++;
      // Cut off before there was a record: nothing had changed.
      else expect(error).toBeInstanceOf(NoLogError);
      expectBefore(disk);
    };
    for (const canClone of [true, false]) {
      const prepare = async (): Promise<Sim> => Object.assign(diskOf(files), { canClone });
      expect(await crashes(prepare, (disk) => repair(disk, path), look)).toBeGreaterThan(5);
    }
    expect(undone).toBeGreaterThan(10);
  });

  test('where files cannot have two names or share blocks, they are copied', async () => {
    const disk = diskOf(files);
    disk.canClone = false;
    disk.inject({ operation: 'link', code: 'EPERM', times: 100 });
    await repair(disk, path);
    expect(await isGood(disk, path)).toBe(true);
    await undoRepair(disk, path, false);
    expectBefore(disk);
  });
});

describe('refuses, and changes nothing', () => {
  async function refusal(disk: Disk, path: string, isForced = false) {
    const now = contents(disk);
    const error = await undoRepair(disk, path, isForced).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(contents(disk)).toEqual(now);
    return error;
  }

  function write(disk: Disk, path: string, text: string, mode: 'truncate' | 'append' = 'truncate'): void {
    const file = disk.open(path, mode);
    file.write(Buffer.from(text));
    file.close();
  }

  const mark = { bytes: 1, sample: '' };
  test.each([
    ['no JSON', '{'],
    ['nothing', 'null'],
    ['another version', JSON.stringify({ version: 99, replacements: [] })],
    [
      'a path outside',
      JSON.stringify({ version: 2, replacements: [{ original: '../x', name: 'y', before: mark, after: mark }] }),
    ],
    ['no marks', JSON.stringify({ version: 2, replacements: [{ original: 'x', name: 'y' }] })],
    ['a manifest outside', JSON.stringify({ version: 2, manifestName: '/etc/x', manifestAfter: '', replacements: [] })],
    ['half a manifest', JSON.stringify({ version: 2, manifestName: 'x', replacements: [] })],
  ])('a record with %s', async (_, text) => {
    const disk = await repaired(PARTS, FOLDER);
    write(disk, `${UNDO}/undo.json`, text);
    expect(await refusal(disk, FOLDER, true)).toMatchObject({
      code: 'UNDO_RECORD_BAD',
      hint: expect.stringContaining(UNDO),
    });
  });

  test.each([
    ['parts', PARTS, FOLDER, MANIFEST],
    ['single file', WHOLE_SINGLE, `${FOLDER}/${SINGLE}`, SINGLE],
  ])('a log that is another one: %s', async (_, files, path, name) => {
    const disk = await repaired(files, path);
    write(disk, `${FOLDER}/${name}`, name === SINGLE ? record('SET', 'other', '1').repeat(3) : `${lines[0]}\n`);
    expect(await refusal(disk, path, true)).toMatchObject({ code: 'UNDO_FOREIGN' });
  });

  test.each([
    ['parts', PARTS, FOLDER, 'a.incr.aof'],
    ['single file', WHOLE_SINGLE, `${FOLDER}/${SINGLE}`, SINGLE],
  ])('what was kept is gone, or has been changed: %s', async (_, files, path, name) => {
    const disk = await repaired(files, path);
    const bytes = disk.readFile(`${UNDO}/${name}`);
    disk.unlink(`${UNDO}/${name}`);
    expect(await refusal(disk, path, true)).toMatchObject({ code: 'UNDO_FILES_GONE' });
    write(disk, `${UNDO}/${name}`, 'x'.repeat(bytes.length));
    expect(await refusal(disk, path, true)).toMatchObject({ code: 'UNDO_FILES_GONE' });
  });

  test('what a server has written since', async () => {
    const disk = await repaired(PARTS, FOLDER);
    write(disk, `${FOLDER}/b.incr.repaired-1.aof`, good, 'append');
    expect(await refusal(disk, FOLDER)).toMatchObject({ code: 'UNDO_WRITTEN_SINCE' });
    expect((await undoRepair(disk, FOLDER, true)).bytesSince).toBe(good.length);
    expect(disk.status(`${UNDO}/b.incr.repaired-1.aof`)?.size).toBe(2 * good.length);
  });
});
