/** How long slices of background work are, beside clients and without. */
import { SnapshotCopy } from '@aof/aof-rewriter';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { BackgroundSlices } from '../../src/background-slices.ts';
import { fill, saved } from '../rdb-save/steps.ts';
import { newDisk } from './course.ts';
import { Rig } from './rig.ts';

interface Worked {
  readonly rig: Rig;
  readonly slices: BackgroundSlices;
  /** What each slice was given, µs. */
  readonly budgets: number[];
}

/** Work without end, whose slices take what they are given. */
async function worked(onSlice: (rig: Rig) => void = () => undefined): Promise<Worked> {
  const rig = await Rig.start(newDisk());
  const budgets: number[] = [];
  const { clock } = rig.engine;
  const step = (budgetUs: number): boolean => {
    budgets.push(budgetUs);
    for (const end = clock.monotonicUs() + budgetUs; clock.monotonicUs() < end; );
    onSlice(rig);
    return true;
  };
  const slices = new BackgroundSlices(rig.engine, () => ({ step }));
  slices.begin();
  slices.schedule();
  return { rig, slices, budgets };
}

describe('slices', () => {
  test('begin short and grow to a millisecond, and do so again with other work', async () => {
    const { rig, slices, budgets } = await worked();
    for (let turn = 0; turn < 40; turn++) await rig.turn();
    expect(budgets[0]).toBe(125);
    for (const [i, budget] of budgets.entries()) {
      if (i > 0) expect(budget / (budgets[i - 1] ?? 0)).toBeLessThan(1.1);
    }
    expect(budgets.slice(-5)).toEqual([1000, 1000, 1000, 1000, 1000]);
    slices.begin();
    await rig.turn();
    expect(budgets.at(-1)).toBe(125);
  });

  test.each(['BGREWRITEAOF', 'BGSAVE'])('begin short in each %s', async (command) => {
    const given: number[] = [];
    const { step } = SnapshotCopy.prototype;
    const spy = vi.spyOn(SnapshotCopy.prototype, 'step').mockImplementation(function (this: SnapshotCopy, budgetUs) {
      given.push(budgetUs);
      return step.call(this, budgetUs);
    });
    onTestFinished(() => spy.mockRestore());
    const rig = await Rig.start(newDisk());
    rig.lookUs = 50;
    await fill(rig);
    const first: (number | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      rig.advance(1000);
      given.length = 0;
      await rig.ask(command);
      await rig.rewritten();
      await saved(rig);
      first.push(given[0]);
      expect(Math.max(...given)).toBeGreaterThan(125);
    }
    expect(first).toEqual([125, 125]);
  });

  test('are half as long while a large value is copied', async () => {
    const taken: { atLarge: number[]; else: number[] } = { atLarge: [], else: [] };
    let isLarge = true;
    const { step } = SnapshotCopy.prototype;
    const spy = vi.spyOn(SnapshotCopy.prototype, 'step').mockImplementation(function (this: SnapshotCopy, budgetUs) {
      const { clock } = rig.engine;
      const startUs = clock.monotonicUs();
      const hasMore = step.call(this, budgetUs);
      taken[isLarge ? 'atLarge' : 'else'].push(clock.monotonicUs() - startUs);
      return hasMore;
    });
    onTestFinished(() => spy.mockRestore());
    const rig = await Rig.start(newDisk());
    rig.lookUs = 25;
    for (let from = 0; from < 20_000; from += 1000)
      await rig.ask('SADD', 'large', ...Array.from({ length: 1000 }, (_, i) => `member ${from + i}`));
    rig.advance(1000);
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    await rig.ask('FLUSHALL');
    for (let from = 0; from < 20_000; from += 500)
      await rig.ask('MSET', ...Array.from({ length: 500 }, (_, i) => [`key:${from + i}`, 'value']).flat());
    rig.advance(1000);
    isLarge = false;
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    expect(taken.atLarge.length).toBeGreaterThan(10);
    expect(Math.max(...taken.atLarge)).toBeLessThan(650);
    expect(Math.max(...taken.else)).toBeGreaterThan(900);
  });

  test('take at most two fifths of the time while clients ask in every turn, and all of it some milliseconds later', async () => {
    const { rig, budgets } = await worked();
    rig.lookUs = 10;
    const client = rig.connect();
    const { clock } = rig.engine;
    const ask = async (turns: number): Promise<number> => {
      const before = clock.monotonicUs();
      budgets.length = 0;
      for (let turn = 0; turn < turns; turn++) {
        client.send(['ping']);
        await rig.turn();
      }
      return budgets.reduce((sum, budget) => sum + budget, 0) / (clock.monotonicUs() - before);
    };
    await ask(100);
    const share = await ask(1000);
    expect(share).toBeGreaterThan(0.3);
    expect(share).toBeLessThan(0.42);
    // None is too short to be worth its overhead.
    expect(Math.min(...budgets)).toBeGreaterThanOrEqual(100);
    for (let turn = 0; turn < 100; turn++) await rig.turn();
    expect(budgets.slice(-3)).toEqual([1000, 1000, 1000]);
  });

  test('come after the replies of their turn', async () => {
    const replies: number[] = [];
    const { rig } = await worked(() => replies.push(client.replies.length));
    const client = rig.connect();
    // The slice is scheduled before the tick.
    client.send(['ping']);
    await rig.turn();
    expect(replies).toEqual([1]);
  });

  test('go on soon after one that was much too long', async () => {
    let isLong = false;
    const { rig, budgets } = await worked((own) => {
      if (isLong) own.nowMs += 50;
    });
    const client = rig.connect();
    const turnsUntilNext = async (): Promise<number> => {
      budgets.length = 0;
      for (let turn = 1; ; turn++) {
        client.send(['ping']);
        await rig.turn();
        if (budgets.length > 0 || turn === 1000) return turn;
      }
    };
    for (let i = 0; i < 20; i++) await turnsUntilNext();
    isLong = true;
    await turnsUntilNext();
    isLong = false;
    expect(await turnsUntilNext()).toBeLessThan(10);
  });
});
