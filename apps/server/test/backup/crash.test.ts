/**
 * A crash at every operation of the disk while a backup is made and writes go on.
 *
 * Oracle: the log recovers as it does without a backup, under `always` with every write that was acknowledged; what looks like a backup
 * loads, without anything being cut off, to the data set as it was after some command between START and the answer to SEAL; what
 * does not, is told as unfinished and can be removed.
 */
import type { ConfigValues } from '@aof/config';
import { type CrashMode, type CrashMoment, type Disk, SimCrash, SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { DIR, generator, Rig } from '../rewrite/rig.ts';
import { Writes } from '../rewrite/writes.ts';
import { withFiles } from '../simulation/machine.ts';
import { restored } from './restoring.ts';

const FOLDER = `${DIR}/backupdir`;
/** Without expiry, for the data set must not depend on when it is looked at. */
const TIMELESS = [
  'set',
  'append',
  'incr',
  'lpush',
  'lpop',
  'sadd',
  'srem',
  'hset',
  'hdel',
  'zadd',
  'del',
  'rename',
  'mset',
];

interface Course {
  readonly disk: SimDisk;
  /** The data set after each command. */
  readonly digests: readonly string[];
  readonly acknowledged: number;
  /** Operations of the disk before START. */
  readonly before: number;
  /** Commands that had run when START was sent, and when SEAL was answered. */
  readonly started: number;
  readonly sealed: number;
}

interface CourseOptions {
  readonly config: Partial<ConfigValues>;
  readonly prepare?: (disk: SimDisk) => void;
  readonly wrap?: (disk: SimDisk) => Disk;
  readonly isCounted: boolean;
  onStart?(disk: SimDisk): void;
}

async function course({ config, prepare, wrap, isCounted, onStart }: CourseOptions): Promise<Course> {
  const disk = new SimDisk({ seed: 4 });
  disk.makeDirectory(DIR);
  disk.settleAll();
  prepare?.(disk);
  const digests: string[] = [];
  let [acknowledged, before, started, sealed] = [0, 0, 0, Number.POSITIVE_INFINITY];
  try {
    const rig = await Rig.start(wrap?.(disk) ?? disk, config);
    const note = () => digests.push(isCounted ? rig.digest : '');
    note();
    const writes = new Writes(generator(17), 30, TIMELESS);
    const client = rig.connect();
    client.onReply = () => {
      if (!disk.isCrashed) acknowledged++;
    };
    const send = (count: number) => {
      for (let i = 0; i < count; i++) {
        client.send(writes.next());
        note();
      }
    };
    const owner = rig.connect();
    send(40);
    await rig.turn();
    before = disk.operations;
    started = digests.length - 1;
    onStart?.(disk);
    owner.send(['backup', 'start']);
    const isIncrementing = () => rig.engine.backupControl.status().state === 'incrementing';
    for (let turn = 0; !isIncrementing(); turn++) {
      if (turn > 500) throw new Error('the backup does not begin');
      if (turn % 3 === 0) send(1);
      if (turn % 5 === 0) rig.advance(100);
      await rig.turn();
    }
    send(10);
    owner.send(['backup', 'seal']);
    for (let turn = 0; owner.replies.length < 2; turn++) {
      if (turn > 500) throw new Error('the backup is not sealed');
      if (turn % 3 === 0) send(1);
      await rig.turn();
    }
    if (owner.replies[1] === 'OK') sealed = digests.length - 1;
    for (let turns = 0; turns < 6; turns++) {
      send(1);
      await rig.turn();
    }
  } catch (error) {
    if (!(error instanceof SimCrash)) throw error;
  }
  return { disk, digests, acknowledged, before, started, sealed };
}

/** What the folder of a crashed disk holds: the digest of what is restored from it, or that it is no backup. */
async function backedUp(disk: SimDisk, config: Partial<ConfigValues>): Promise<string | undefined> {
  const { engine } = await Rig.start(disk, config);
  const { state } = engine.backupControl.status();
  if (state !== 'sealed') {
    expect(await engine.backupControl.cleanup()).toBeUndefined();
    expect(disk.status(FOLDER) === undefined ? [] : disk.list(FOLDER)).toEqual([]);
    return undefined;
  }
  const layout = config['aof-layout'] ?? 'single';
  return (await Rig.start(restored(disk, FOLDER, layout), { ...config, 'aof-load-truncated': false })).digest;
}

const WITHOUT_LINKS = (disk: SimDisk) => {
  disk.canClone = false;
  disk.inject({ operation: 'link', code: 'EXDEV', times: 1000 });
};
const MOMENTS: readonly CrashMoment[] = ['before', 'half', 'after'];

describe('a crash at any operation of a backup', () => {
  test.each<readonly [ConfigValues['aof-layout'], string, CrashMode]>([
    ['multi-part', 'by links', 'only-synced'],
    ['multi-part', 'by copies', 'only-synced'],
    ['multi-part', 'by links', 'kill'],
    ['single', 'by clones', 'only-synced'],
    ['single', 'by copies', 'only-synced'],
    ['single', 'by copies', 'kill'],
  ])('%s, %s: %s', async (layout, way, mode) => {
    const config: Partial<ConfigValues> = { 'aof-layout': layout, appendfsync: 'always' };
    const prepare = way === 'by copies' ? WITHOUT_LINKS : undefined;
    const options = { config, ...(prepare && { prepare }) };
    const whole = await course({ ...options, isCounted: true });
    expect(whole.sealed).toBeLessThan(whole.digests.length);
    const last = whole.disk.operations;
    expect(last - whole.before).toBeGreaterThan(layout === 'single' ? 12 : 40);
    let backups = 0;
    for (let operation = whole.before + 1; operation <= last; operation++) {
      const moment = MOMENTS[operation % MOMENTS.length] ?? 'before';
      const { disk, acknowledged } = await course({
        ...options,
        isCounted: false,
        onStart: (own) => own.crashAt(operation, moment),
      });
      expect(disk.isCrashed).toBe(true);
      const what = `${moment} ${operation}: ${disk.trace.at(-1)}`;
      const after = disk.afterCrash(operation, mode);
      const copy = await backedUp(after, config);
      if (copy !== undefined) {
        backups++;
        expect(whole.digests.slice(whole.started, whole.sealed + 1), what).toContain(copy);
      }
      const { digest } = await Rig.start(disk.afterCrash(operation, mode), config);
      expect(whole.digests.lastIndexOf(digest), what).toBeGreaterThanOrEqual(acknowledged);
    }
    expect(backups).toBeGreaterThan(2);
  });

  test('is noticed by this oracle if copies are not synced', async () => {
    const config: Partial<ConfigValues> = { 'aof-layout': 'single', appendfsync: 'always' };
    const wrap = (disk: SimDisk) =>
      withFiles(disk, (file) => (file.path.startsWith(FOLDER) ? { sync: async () => undefined } : {}));
    const options = { config, prepare: WITHOUT_LINKS, wrap };
    const whole = await course({ ...options, isCounted: true });
    const after = whole.disk.afterCrash(1, 'only-synced');
    const found = await backedUp(after, config).catch(() => 'refused');
    expect(whole.digests.slice(whole.started, whole.sealed + 1)).not.toContain(found);
  });
});
