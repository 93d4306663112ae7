/**
 * A crash at every operation of the disk during a save: the old snapshot or the new one is there, whole, and nothing else of it
 * after the next start. What a save has said is on the disk, is there.
 */
import { type CrashMode, type CrashMoment, type Disk, SimCrash, type SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { generator, Rig } from '../rewrite/rig.ts';
import { Writes } from '../rewrite/writes.ts';
import { altered, withFiles } from '../simulation/machine.ts';
import { DUMP, NO_LOG, newDisk } from './steps.ts';

/** Commands without expiry: the data set must not depend on when it is looked at. */
const TIMELESS = ['set', 'append', 'incr', 'lpush', 'rpush', 'sadd', 'srem', 'hset', 'zadd', 'del', 'rename', 'swapdb'];
const MOMENTS: readonly CrashMoment[] = ['before', 'half', 'after'];
const MODES: readonly CrashMode[] = ['kill', 'only-synced', 'power-cut'];
const COMMANDS = ['save', 'bgsave'] as const;

interface Course {
  readonly disk: SimDisk;
  /** The data sets that were cut: of the snapshot before, and of the one in question. */
  readonly old: string;
  readonly cut: string;
  /** Operations of the disk before the save. */
  readonly before: number;
  /** It has said that it is on the disk. */
  readonly isDone: boolean;
}

/** A life with two saves in it, the same every time; ends early if the disk crashes in the second. */
async function course(
  command: (typeof COMMANDS)[number],
  wrap: (disk: SimDisk) => Disk,
  onSave: (disk: SimDisk) => void,
): Promise<Course> {
  const disk = newDisk();
  const rig = await Rig.start(wrap(disk), NO_LOG);
  const writes = new Writes(generator(7), 40, TIMELESS);
  const client = rig.connect();
  for (let i = 0; i < 60; i++) client.send(writes.next());
  await rig.ask('SAVE');
  const old = rig.digest;
  for (let i = 0; i < 60; i++) client.send(writes.next());
  for (const size of [900, 501]) client.send(writes.large(size));
  await rig.turn();
  const cut = rig.digest;
  const before = disk.operations;
  onSave(disk);
  disk.holdSyncs = true;
  let isDone = false;
  try {
    client.send([command]);
    for (let turn = 0; turn < 100 && (rig.engine.snapshotControl.isRunning || turn < 3); turn++) {
      client.send(writes.next());
      for (let held = disk.pendingSyncs.length; held > 0; held--) disk.completeSync();
      await rig.turn();
    }
    isDone = !disk.isCrashed && rig.info('rdb_changes_since_last_save') !== undefined && saidSaved(rig);
  } catch (error) {
    if (!(error instanceof SimCrash)) throw error;
  }
  disk.holdSyncs = false;
  return { disk, old, cut, before, isDone };
}

function saidSaved(rig: Rig): boolean {
  return rig.lines.filter((line) => line === 'notice: DB saved on disk').length === 2;
}

const found = async (disk: SimDisk): Promise<string> =>
  Rig.start(disk, NO_LOG).then(
    (rig) => rig.digest,
    (error: unknown) => `refused: ${String(error)}`,
  );

describe.each(COMMANDS)('a crash at any operation of %s', (command) => {
  test.each(MODES)('leaves the old snapshot or the new one: %s', async (mode) => {
    const whole = await course(
      command,
      (disk) => disk,
      () => undefined,
    );
    expect(whole.isDone).toBe(true);
    expect(whole.cut).not.toBe(whole.old);
    expect(whole.disk.operations - whole.before).toBeGreaterThan(4);
    const seen = new Set<string>();
    for (let operation = whole.before + 1; operation <= whole.disk.operations; operation++) {
      for (const moment of MOMENTS) {
        const { disk, isDone } = await course(
          command,
          (own) => own,
          (own) => own.crashAt(operation, moment),
        );
        expect(disk.isCrashed).toBe(true);
        const after = disk.afterCrash(operation, mode);
        const digest = await found(after);
        const what = `${moment} ${operation}: ${disk.trace.at(-1)}`;
        expect(isDone ? [whole.cut] : [whole.old, whole.cut], what).toContain(digest);
        expect([...after.contents().keys()], what).toEqual([DUMP]);
        seen.add(digest);
      }
    }
    const last = await found(whole.disk.afterCrash(1, mode));
    expect(last).toBe(whole.cut);
    // Both were met: there was something to lose and something to gain.
    expect(seen.add(last).size).toBe(2);
  });
});

/** Something between the server and its disk that breaks one rule. */
const CANARIES: readonly (readonly [string, (typeof COMMANDS)[number], (disk: SimDisk) => Disk])[] = [
  ['the file is not synced', 'bgsave', (disk) => withFiles(disk, () => ({ sync: async () => undefined }))],
  ['the file is not synced', 'save', (disk) => withFiles(disk, () => ({ syncNow: () => undefined }))],
  ['the folder is not synced', 'bgsave', (disk) => altered(disk, { syncDirectoryInBackground: async () => undefined })],
  ['the folder is not synced', 'save', (disk) => altered(disk, { syncDirectory: () => undefined })],
];

describe('a canary', () => {
  test.each(CANARIES)('is noticed: %s (%s)', async (_, command, wrap) => {
    const whole = await course(command, wrap, () => undefined);
    const ends = [await found(whole.disk.afterCrash(1, 'only-synced'))];
    for (let operation = whole.before + 1; operation <= whole.disk.operations; operation++) {
      const { disk, isDone } = await course(command, wrap, (own) => own.crashAt(operation, 'before'));
      const digest = await found(disk.afterCrash(operation, 'only-synced'));
      if (isDone || ![whole.old, whole.cut].includes(digest)) ends.push(digest);
    }
    expect(ends.some((digest) => digest !== whole.cut)).toBe(true);
  });
});
