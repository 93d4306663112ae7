/** How long slices of background work are, beside clients and without. */
import { describe, expect, test } from 'vitest';
import { BackgroundSlices } from '../../src/background-slices.ts';
import { newDisk } from './course.ts';
import { Rig } from './rig.ts';

interface Worked {
  readonly rig: Rig;
  readonly slices: BackgroundSlices;
  /** What each slice was given, µs. */
  readonly budgets: number[];
}

/** Work without end, whose slices take what they are given. */
async function worked(): Promise<Worked> {
  const rig = await Rig.start(newDisk());
  const budgets: number[] = [];
  const { clock } = rig.engine;
  const step = (budgetUs: number): boolean => {
    budgets.push(budgetUs);
    for (const end = clock.monotonicUs() + budgetUs; clock.monotonicUs() < end; );
    return true;
  };
  const slices = new BackgroundSlices(rig.engine, () => ({ step }));
  slices.begin();
  slices.schedule();
  return { rig, slices, budgets };
}

describe('slices', () => {
  test('begin short and grow to half a millisecond, and do so again with other work', async () => {
    const { rig, slices, budgets } = await worked();
    for (let turn = 0; turn < 40; turn++) await rig.turn();
    expect(budgets[0]).toBe(125);
    for (const [i, budget] of budgets.entries()) {
      if (i > 0) expect(budget / (budgets[i - 1] ?? 0)).toBeLessThan(1.1);
    }
    expect(budgets.slice(-5)).toEqual([500, 500, 500, 500, 500]);
    slices.begin();
    await rig.turn();
    expect(budgets.at(-1)).toBe(125);
  });

  test('take at most a share of the time while clients ask in every turn, and all of it some milliseconds later', async () => {
    const { rig, budgets } = await worked();
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
    await ask(10);
    const share = await ask(500);
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.45);
    expect(Math.max(...budgets)).toBeLessThanOrEqual(500);
    for (let turn = 0; turn < 100; turn++) await rig.turn();
    expect(budgets.slice(-3)).toEqual([500, 500, 500]);
  });

  test('are a quarter of a turn where turns are long, and a millisecond at most', async () => {
    const { rig, budgets } = await worked();
    const client = rig.connect();
    const { clock } = rig.engine;
    for (const [turnUs, budgetUs] of [
      [1000, 500],
      [1900, 750],
      [20_000, 1000],
    ] as const) {
      for (let turn = 0; turn < 60; turn++) {
        client.send(['ping']);
        for (const end = clock.monotonicUs() + turnUs; clock.monotonicUs() < end; );
        await rig.turn();
      }
      expect(budgets.at(-1)).toBeGreaterThan(budgetUs * 0.8);
      expect(budgets.at(-1)).toBeLessThan(budgetUs * 1.25);
    }
  });
});
