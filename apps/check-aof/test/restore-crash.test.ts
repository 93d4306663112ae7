/** A crash at every operation of a restore: a server finds the whole log in the target, or none; the source stays as it is. */
import { detectLayout } from '@aof/aof-files';
import { type CrashMode, type Disk, SimCrash, type SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { overriding } from '../src/held-files.ts';
import { BASE, contentsBelow, diskOf, INCR, loaded, record, run } from './restore-rig.ts';

const SELECT = record('SELECT', '0');
const LOG = {
  [BASE]: SELECT + record('RPUSH', 'list', 'a', 'b') + record('SELECT', '2') + record('SET', 'other', 'x'.repeat(600)),
  [INCR]: SELECT + record('SET', 'k', 'y'.repeat(600)) + record('FLUSHALL') + record('SET', 'after', '1'),
};
const WAYS = {
  'copied, multi-part': [],
  'copied, single': ['--layout', 'single'],
  'as an RDB base': ['--target', 'redis-7.0', '--db', '0'],
  'as records in one file': ['--target', 'resp', '--layout', 'single'],
};
const MODES: readonly CrashMode[] = ['power-cut', 'power-cut', 'only-synced', 'kill'];

function restoring(disk: Disk, args: readonly string[]) {
  return run(disk, ['restore', '/data', '--to', '/new/target', '--before', 'FLUSHALL', ...args]);
}

/** What a server that is started in the target has: its data set, or that there is no log. */
async function startedIn(disk: SimDisk): Promise<string> {
  if (disk.status('/new/target') === undefined) return 'none';
  const location = { dir: '/new/target', appendfilename: 'appendonly.aof', appenddirname: 'appendonlydir' };
  const { layout } = detectLayout(disk, { ...location, wanted: 'multi-part' });
  if (layout.filesToLoad().length === 0) return 'none';
  const contents = JSON.stringify([...contentsBelow(disk, '/new/target')]);
  const digest = digests.get(contents) ?? (await loaded(disk, '/new/target')).digest;
  digests.set(contents, digest);
  return digest;
}

/** Of the same files, once. */
const digests = new Map<string, string>();

interface Trial {
  readonly crashes: number;
  readonly whole: number;
  readonly none: number;
  /** Crashes after which the target is neither. */
  readonly bad: string[];
}

/** @param through what the program gets instead of the disk */
async function crashEverywhere(
  args: readonly string[],
  through: (disk: SimDisk) => Disk = (disk) => disk,
): Promise<Trial> {
  const reference = diskOf(LOG);
  expect((await restoring(reference, args)).status).toBe(0);
  const expected = await startedIn(reference.afterCrash(0, 'kill'));
  const source = contentsBelow(reference, '/data');
  const trial = { crashes: 0, whole: 0, none: 0, bad: [] as string[] };
  for (let number = 1; ; number++) {
    for (const moment of ['before', 'half', 'after'] as const) {
      const disk = diskOf(LOG);
      disk.crashAt(disk.operations + number, moment);
      const end = await restoring(through(disk), args).catch((error: unknown) => {
        if (error instanceof SimCrash) return undefined;
        throw error;
      });
      for (const [seed, mode] of MODES.entries()) {
        const restarted = disk.afterCrash(number * 10 + seed, mode);
        expect(contentsBelow(restarted, '/data')).toEqual(source);
        const found = await startedIn(restarted).catch((error: unknown) => String(error));
        if (found === expected) trial.whole++;
        else if (found === 'none' && end === undefined) trial.none++;
        else trial.bad.push(`operation ${number} (${moment}), ${mode}: ${found}`);
        // An unfinished target is none: the same command does it, as if nothing had been.
        if (found !== 'none' || mode !== 'kill' || moment !== 'before') continue;
        expect((await restoring(restarted, args)).status).toBe(0);
        expect(await startedIn(restarted)).toBe(expected);
      }
      // Done before the crash would have come: all operations were tried.
      if (end !== undefined) return trial;
    }
    trial.crashes++;
  }
}

test.each(Object.entries(WAYS))('%s: whole or not there', async (_, args) => {
  const { bad, crashes, whole, none } = await crashEverywhere(args);
  expect(bad).toEqual([]);
  expect(crashes).toBeGreaterThan(10);
  expect(whole).toBeGreaterThan(5);
  expect(none).toBeGreaterThan(20);
});

const nothing = (): void => {};
const later = async (): Promise<void> => {};
const WITHOUT_SYNCS: Readonly<Record<string, (disk: SimDisk) => Disk>> = {
  'of files': (disk) =>
    overriding<Disk>(disk, {
      open: (path, mode) =>
        overriding(disk.open(path, mode), { sync: later, dataSync: later, syncNow: nothing, dataSyncNow: nothing }),
    }),
  'of folders': (disk) => overriding<Disk>(disk, { syncDirectory: nothing }),
};

test.each(Object.entries(WITHOUT_SYNCS))('canary: without the syncs %s it would not be so', async (_, through) => {
  const { bad } = await crashEverywhere([], through);
  expect(bad.length).toBeGreaterThan(0);
});
