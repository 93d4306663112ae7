/** Saves, rewrites, the log turned on and off, reloads and writes in any order: nothing runs that must not, and nothing is lost. */
import { describe, expect, test } from 'vitest';
import { generator, Rig } from '../rewrite/rig.ts';
import { Writes } from '../rewrite/writes.ts';
import { DUMP, NO_LOG, newDisk } from './steps.ts';

/** `pnpm soak` asks for other seeds, and gets more of them. */
const { SIMULATION_SEED } = process.env;
const FIRST_SEED = Number(SIMULATION_SEED ?? 1);
const LIVES = SIMULATION_SEED === undefined ? 12 : 60;

const TIMELESS = ['set', 'append', 'incr', 'lpush', 'sadd', 'hset', 'zadd', 'del', 'rename', 'swapdb', 'flushall'];
const ACTIONS: readonly (readonly string[])[] = [
  ['bgsave'],
  ['bgsave', 'schedule'],
  ['save'],
  ['bgrewriteaof'],
  ['config', 'set', 'appendonly', 'yes'],
  ['config', 'set', 'appendonly', 'no'],
  ['config', 'set', 'save', '2 5'],
  ['config', 'set', 'save', ''],
  ['debug', 'reload'],
];

interface Trial {
  readonly saves: number;
  readonly rewrites: number;
}

async function trial(seed: number): Promise<Trial> {
  const random = generator(seed);
  const disk = newDisk();
  const rig = await Rig.start(disk, { save: [{ seconds: 2, changes: 5 }] });
  const writes = new Writes(random, 40, TIMELESS);
  const client = rig.connect();
  const { snapshotControl, rewriteControl } = rig.engine;
  for (let i = 0; i < 100; i++) client.send(writes.next());
  for (const size of [900, 501]) client.send(writes.large(size));
  for (let step = 0; step < 150; step++) {
    const roll = writes.below(10);
    if (roll < 4) client.send(writes.next());
    else if (roll === 4) client.send([...(ACTIONS[writes.below(ACTIONS.length)] ?? [])]);
    else if (roll === 5) rig.advance(100 * (1 + writes.below(10)));
    else await rig.turn();
    expect(snapshotControl.isRunning && rewriteControl.isRunning, `seed ${seed}`).toBe(false);
  }
  for (let turns = 0; snapshotControl.isRunning || rewriteControl.isRunning || rewriteControl.isScheduled; turns++) {
    if (turns > 2000) throw new Error(`seed ${seed}: it does not end`);
    rig.advance(100);
    await rig.turn();
  }
  for (let turns = 0; turns < 5; turns++) await rig.turn();
  const isLogOn = rig.engine.appendLog.state === 'on';
  expect(await rig.ask('SAVE'), `seed ${seed}: ${rig.lines.slice(-5).join('\n')}`).toBe('OK');
  expect(rig.fatal).toBeUndefined();
  expect([...disk.contents().keys()].filter((path) => path.includes('temp-'))).toEqual([]);
  const saved = newDisk();
  saved.open(DUMP, 'truncate').write(disk.readFile(DUMP));
  expect((await Rig.start(saved, NO_LOG)).digest, `seed ${seed}`).toBe(rig.digest);
  if (isLogOn) expect((await Rig.start(disk)).digest, `seed ${seed}`).toBe(rig.digest);
  return { saves: Number(rig.info('rdb_saves')), rewrites: Number(rig.info('aof_rewrites')) };
}

describe('saves beside everything else', () => {
  test('one snapshot at a time, and each file has all', async () => {
    const done = { saves: 0, rewrites: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + LIVES; seed++) {
      const { saves, rewrites } = await trial(seed);
      done.saves += saves;
      done.rewrites += rewrites;
    }
    expect(done.saves).toBeGreaterThan(LIVES * 2);
    expect(done.rewrites).toBeGreaterThan(LIVES / 2);
  }, 600_000);
});
