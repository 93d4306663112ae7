import type { CrashMoment, DiskFile } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import type { AofWriterSettings } from '../src/index.ts';
import { altered, type LifeOptions, type LifeResult, live } from './simulation.ts';

const MOMENTS: readonly CrashMoment[] = ['before', 'half', 'after'];

const SETTINGS: readonly Partial<AofWriterSettings>[] = [
  { policy: 'always', alwaysMode: 'blocking' },
  { policy: 'always', alwaysMode: 'background' },
  { policy: 'always', alwaysMode: 'adaptive' },
  { policy: 'everysec' },
  { policy: 'no' },
];

interface Outcome {
  readonly violations: string[];
  readonly counts: Map<string, number>;
  lives: number;
}

function add(outcome: Outcome, options: LifeOptions, result: LifeResult): void {
  outcome.lives++;
  for (const [name, count] of result.counts) outcome.counts.set(name, (outcome.counts.get(name) ?? 0) + count);
  const { seed, settings, crash } = options;
  // Of many violations a few tell enough.
  for (const text of outcome.violations.length < 20 ? result.violations : []) {
    outcome.violations.push(`seed ${seed} ${JSON.stringify({ settings, crash })}: ${text}`);
  }
}

/** Lives each history once to its end, then again with a crash at each of its operations. */
async function crashEverywhere(histories: Iterable<LifeOptions>): Promise<Outcome> {
  const outcome: Outcome = { violations: [], counts: new Map(), lives: 0 };
  for (const options of histories) {
    const whole = await live(options);
    add(outcome, options, whole);
    for (let operation = 3; operation <= whole.trace.length; operation++) {
      // A background sync that has begun, and is held, has done nothing yet.
      const isHeld = whole.trace[operation - 1]?.startsWith('background-sync');
      for (const moment of isHeld ? MOMENTS.slice(0, 2) : MOMENTS) {
        const crashing = { ...options, crash: { operation, moment } };
        add(outcome, crashing, await live(crashing));
      }
    }
  }
  return outcome;
}

function* histories(base: Omit<LifeOptions, 'seed'>, seeds: number): Iterable<LifeOptions> {
  for (let seed = 1; seed <= seeds; seed++) yield { ...base, seed };
}

describe('a crash at every operation', () => {
  test.each(SETTINGS)('loses nothing that was promised: %o', async (settings) => {
    const { violations, counts, lives } = await crashEverywhere(
      histories({ settings, steps: 30, hasFaults: false, hasRewrites: true }, 12),
    );
    expect(violations).toEqual([]);
    expect(lives).toBeGreaterThan(200);
    expect(counts.get('append')).toBeGreaterThan(500);
    if (settings.policy === 'always') expect(counts.get('confirmed')).toBeGreaterThan(500);
    expect(counts.get('rotate')).toBeGreaterThan(50);
  });

  test.each(SETTINGS)('nor with a disk that fails, fills up and writes short: %o', async (settings) => {
    const { violations, counts } = await crashEverywhere(
      histories({ settings, steps: 60, hasFaults: true, hasRewrites: true }, 16),
    );
    expect(violations).toEqual([]);
    expect(counts.get('fault')).toBeGreaterThan(100);
    expect(counts.get('writeFailed')).toBeGreaterThan(5);
    expect(counts.get('syncFailed')).toBeGreaterThan(5);
  });

  test('everysec loses nothing that is older than its window', async () => {
    const settings = { policy: 'everysec' } as const;
    const { violations, counts } = await crashEverywhere(
      histories({ settings, steps: 250, hasFaults: false, hasRewrites: true }, 3),
    );
    expect(violations).toEqual([]);
    expect(counts.get('window')).toBeGreaterThan(500);
    expect(counts.get('postponed')).toBeGreaterThan(500);
  });
});

test('many longer histories with faults', async () => {
  const outcome: Outcome = { violations: [], counts: new Map(), lives: 0 };
  for (let seed = 1000; seed < 1400; seed++) {
    const settings = SETTINGS[seed % SETTINGS.length] ?? {};
    const options = { seed, settings, steps: 120, hasFaults: true, hasRewrites: true };
    add(outcome, options, await live(options));
  }
  expect(outcome.violations).toEqual([]);
  const names = ['fatal', 'writeRecovered', 'syncRecovered', 'rewrite', 'postponed', 'failed'];
  for (const name of [...names, 'drop', 'name', 'succeed', 'either']) {
    expect(outcome.counts.get(name), name).toBeGreaterThan(10);
  }
});

describe('with checksum files', () => {
  const base = { steps: 60, hasFaults: true, hasRewrites: true, hasChecksums: true } as const;

  test('what is vouched for is found after any crash', async () => {
    const counts = new Map<string, number>();
    for (const settings of SETTINGS) {
      const outcome = await crashEverywhere(histories({ ...base, settings }, 10));
      expect(outcome.violations).toEqual([]);
      for (const [name, count] of outcome.counts) counts.set(name, (counts.get(name) ?? 0) + count);
    }
    expect(counts.get('vouched')).toBeGreaterThan(1000);
    expect(counts.get('vouchingFailed')).toBeGreaterThan(5);
    expect(counts.get('writeFailed')).toBeGreaterThan(50);
  });

  test('a canary: a failed write is cut off the file, and not what is summed of it', async () => {
    const settings = { policy: 'everysec' } as const;
    const { violations } = await crashEverywhere(histories({ ...base, settings, hidesCuts: true }, 12));
    expect(violations.filter((text) => text.includes('vouche'))).not.toEqual([]);
  });
});

describe('the simulation notices', () => {
  const always: Partial<AofWriterSettings> = { policy: 'always', alwaysMode: 'adaptive' };

  async function violationsOf(base: Omit<LifeOptions, 'seed'>, seeds = 6): Promise<string[]> {
    return (await crashEverywhere(histories(base, seeds))).violations;
  }

  test('a sync that is skipped', async () => {
    const wrap = (file: DiskFile): DiskFile =>
      altered(file, { dataSync: () => Promise.resolve(), dataSyncNow: () => undefined });
    expect(await violationsOf({ settings: always, steps: 20, hasFaults: false, hasRewrites: true, wrap })).not.toEqual(
      [],
    );
  });

  test('a sync that is skipped under everysec, by the window alone', async () => {
    // Never ends, so that nothing is called synced.
    const wrap = (file: DiskFile): DiskFile => altered(file, { dataSync: () => new Promise(() => undefined) });
    const settings = { policy: 'everysec' } as const;
    const violations = await violationsOf({ settings, steps: 200, hasFaults: false, hasRewrites: false, wrap }, 2);
    expect(violations.filter((text) => text.includes('window'))).not.toEqual([]);
  });

  test('a reply before the sync', async () => {
    const settings = { policy: 'always', alwaysMode: 'background' } as const;
    const violations = await violationsOf({
      settings,
      steps: 20,
      hasFaults: false,
      hasRewrites: true,
      repliesAtOnce: true,
    });
    expect(violations.filter((text) => text.includes('confirmed'))).not.toEqual([]);
  });

  test('a failed write that is not cut back', async () => {
    const wrap = (file: DiskFile): DiskFile => altered(file, { truncate: () => undefined });
    const settings = { policy: 'everysec' } as const;
    const violations = await violationsOf({ settings, steps: 60, hasFaults: true, hasRewrites: true, wrap }, 20);
    expect(violations.filter((text) => text.includes('never appended'))).not.toEqual([]);
  });

  test('a failed sync that is forgiven', async () => {
    const wrap = (file: DiskFile): DiskFile =>
      altered(file, { dataSync: () => file.dataSync().catch(() => undefined) });
    const settings = { policy: 'everysec' } as const;
    const violations = await violationsOf({ settings, steps: 120, hasFaults: true, hasRewrites: true, wrap });
    expect(violations.filter((text) => text.includes('called synced'))).not.toEqual([]);
  });
});
