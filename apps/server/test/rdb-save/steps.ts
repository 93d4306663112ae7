/** What the tests of snapshots share: a disk with the server's folder, and waiting for a background save. */
import { SimDisk } from '@aof/disk';
import { type ReplyValue, RespError } from '@aof/resp-codec';
import { DIR, type Rig } from '../rewrite/rig.ts';

export const DUMP = `${DIR}/dump.rdb`;
/** A server without a log. */
export const NO_LOG = { appendonly: false } as const;

export function newDisk(): SimDisk {
  const disk = new SimDisk({ seed: 5 });
  disk.makeDirectory(DIR);
  disk.settleAll();
  return disk;
}

/** Until no background save runs any more. */
export async function saved(rig: Rig): Promise<void> {
  for (let turns = 0; rig.engine.snapshotControl.isRunning; turns++) {
    if (turns > 5000) throw new Error('the save does not end');
    await rig.turn();
  }
  await rig.turn();
}

/** Keys of every type, small and large: enough for a save of many slices. */
export async function fill(rig: Rig, size = 300): Promise<void> {
  await rig.ask('MSET', ...Array.from({ length: size }, (_, i) => [`string:${i}`, `value ${i}`]).flat());
  for (let from = 0; from < 3000; from += 1000) {
    const items = Array.from({ length: 1000 }, (_, i) => `item ${from + i}`);
    await rig.ask('RPUSH', 'list', ...items);
    await rig.ask('SADD', 'set', ...items);
    await rig.ask('HSET', 'hash', ...items.flatMap((item) => [item, item]));
    await rig.ask('ZADD', 'zset', ...items.flatMap((item, i) => [String(i / 8), item]));
  }
  for (let i = 1; i <= 200; i++) await rig.ask('XADD', 'stream', `${i}-0`, 'field', `value ${i}`);
  await rig.ask('SET', 'expires', 'x', 'PXAT', '4102444800000');
}

export function errorOf(reply: ReplyValue): string | undefined {
  return reply instanceof RespError ? reply.message : undefined;
}

export function count(rig: Rig, text: string): number {
  return rig.lines.filter((line) => line.includes(text)).length;
}
