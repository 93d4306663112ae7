/**
 * A life with a rewrite in it, the same every time, to be cut off at any operation of its disk.
 */
import type { ConfigValues } from '@aof/config';
import { type Disk, SimCrash, SimDisk } from '@aof/disk';
import { withFiles } from '../simulation/machine.ts';
import { DIR, generator, Rig } from './rig.ts';
import { Writes } from './writes.ts';

/** Commands without expiry, for the data set must not depend on when it is looked at; nor do they write NUL bytes, see `cutDamage`. */
const TIMELESS = ['set', 'append', 'incr', 'lpush', 'lpop', 'rpush', 'sadd', 'srem', 'hset', 'hdel', 'zadd', 'zrem'];
const MORE = ['del', 'rename', 'copy', 'move', 'linsert', 'lset', 'sunionstore', 'flushdb', 'swapdb', 'mset'];

/** Lives to look into until one shows what is looked for: whether a rule that is broken costs anything depends on what is written when. */
export const SEEDS: readonly number[] = [11, 12, 13, 14, 15, 16];
/** Of a life that is cut off everywhere: SIMULATION_SEED in the environment makes it another one. Canaries do without: they must sing in any case. */
export const SEED = Number(process.env.SIMULATION_SEED ?? SEEDS[0]);

export interface Course {
  readonly disk: SimDisk;
  /** The data set after each command; empty where `isCounted` is false. */
  readonly digests: readonly string[];
  /** Commands that were acknowledged. */
  readonly acknowledged: number;
  /** Of those, how many had their records in the file: under everysec a write waits for a sync that runs, its reply does not. */
  readonly written: number;
  /** Operations of the disk before the rewrite. */
  readonly before: number;
  readonly rig: Rig;
}

export interface CourseOptions {
  readonly config: Partial<ConfigValues>;
  readonly isCounted: boolean;
  readonly disk?: SimDisk;
  readonly wrap?: (disk: SimDisk) => Disk;
  /** Of the rewrite buffer; past it, it goes on in a file. */
  readonly ceilingBytes?: number | undefined;
  /** Turns the log on at run time, in place of BGREWRITEAOF. */
  readonly startsAtRunTime?: boolean;
  /** Syncs take some turns, each its own time. Default: every sync takes one turn. */
  readonly isSlow?: boolean;
  /** Of the commands: each makes a life of its own. */
  readonly seed?: number;
  onRewrite?(disk: SimDisk): void;
}

/** A life with a rewrite in it: the same commands every time. Ends early if the disk crashes. */
export async function course({
  config,
  isCounted,
  onRewrite,
  disk = newDisk(),
  startsAtRunTime,
  wrap,
  ceilingBytes,
  isSlow = false,
  seed = 11,
}: CourseOptions): Promise<Course> {
  const digests: string[] = [];
  let acknowledged = 0;
  let written = 0;
  let before = 0;
  const rig = new Rig(
    crashingLater(wrap?.(disk) ?? disk),
    { ...config, appendonly: startsAtRunTime !== true },
    ceilingBytes,
  );
  const random = generator(seed);
  const slowness = generator(7);
  const writes = new Writes(random, 40, [...TIMELESS, ...MORE]);
  const note = () => digests.push(isCounted ? rig.digest : '');
  const send = (client: ReturnType<Rig['connect']>, args: string[]) => {
    client.send(args);
    note();
  };
  try {
    const started = rig.engine.start();
    started.catch(() => undefined); // awaited below
    for (let i = 0; i < 8; i++) await rig.turn();
    await started;
    note();
    const client = rig.connect();
    client.onReply = () => {
      // A crash in the background is noticed late; what is said until then is said by nobody.
      if (!disk.isCrashed) acknowledged++;
    };
    for (let i = 0; i < 80; i++) send(client, writes.next());
    for (const size of [1001, 501]) send(client, writes.large(size));
    await rig.turn();
    rig.advance(1100);
    await rig.turn();
    before = disk.operations;
    onRewrite?.(disk);
    // A sync in the background takes a turn, in which commands run.
    disk.holdSyncs = true;
    send(client, startsAtRunTime ? ['config', 'set', 'appendonly', 'yes'] : ['bgrewriteaof']);
    // What is acknowledged after the end would be lost with a name that is not durable.
    let turnsLeft = isSlow ? 16 : 4;
    for (let turn = 0; turn < 400; turn++) {
      if (!rig.engine.rewriteControl.isRunning && turn >= 12 && turnsLeft-- <= 0) break;
      for (let i = writes.below(3); i > 0; i--) send(client, writes.next());
      endSyncs(disk, isSlow ? slowness : undefined);
      await rig.turn();
      if (rig.engine.appendLog.bufferedBytes === 0) written = acknowledged;
      if (isSlow || turn % 7 === 0) rig.advance(100);
    }
    for (let i = 0; i < 5; i++) send(client, writes.next());
    disk.holdSyncs = false;
    while (disk.pendingSyncs.length > 0) disk.completeSync();
    for (let i = 0; i < 4; i++) await rig.turn();
  } catch (error) {
    if (!(error instanceof SimCrash)) throw error;
  }
  return { disk, digests, acknowledged, written, before, rig };
}

/** @param random if syncs are slow: that of the log takes two turns on average, and what a rewrite waits for takes twelve */
function endSyncs(disk: SimDisk, random?: () => number): void {
  for (let held = disk.pendingSyncs.length - 1; held >= 0; held--) {
    const isLog = disk.pendingSyncs[held]?.path === `${DIR}/appendonly.aof`;
    if (random === undefined) disk.completeSync();
    else if (random() < (isLog ? 1 / 2 : 1 / 12)) disk.completeSync(held);
  }
}

/**
 * A log goes on with a sync that blocks when one in the background has ended: nobody would catch a crash there. The next operation tells of it
 * too, and until then nobody is told anything: see `acknowledged`.
 */
function crashingLater(disk: Disk): Disk {
  return withFiles(disk, (file) => ({
    dataSyncNow: () => {
      try {
        file.dataSyncNow();
      } catch (error) {
        if (!(error instanceof SimCrash)) throw error;
      }
    },
  }));
}

export function newDisk(): SimDisk {
  const disk = new SimDisk({ seed: 3 });
  disk.makeDirectory(DIR);
  disk.settleAll();
  return disk;
}
