/**
 * Whole lives of a server on a disk that crashes, see life.ts. SIMULATION_SEED in the environment shifts all seeds; a
 * violation names the seed and the crash that replay it.
 */
import type { ExecutionObserver } from '@aof/commands';
import type { ConfigValues } from '@aof/config';
import { type CrashMoment, type DiskFile, SimCrash } from '@aof/disk';
import { afterAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine.ts';
import { generator } from './history.ts';
import { type LifeOptions, live } from './life.ts';
import { withFiles } from './machine.ts';

const SEED = Number(process.env.SIMULATION_SEED ?? 1) * 1000;
const MOMENTS: readonly CrashMoment[] = ['before', 'half', 'after'];

interface Setup {
  readonly config: Partial<ConfigValues>;
  readonly syncMs: number;
}

const SLOW_MS = 20;

/** The three policies on both layouts; `always` with syncs that the event loop waits for, and in the background. */
const SETUPS: readonly (readonly [string, Setup])[] = (['single', 'multi-part'] as const).flatMap((layout) =>
  (
    [
      ['always', 0],
      ['always', SLOW_MS],
      ['everysec', 0],
      ['everysec', SLOW_MS],
      ['no', 0],
    ] as const
  ).map(([appendfsync, syncMs]) => {
    const name = `${layout}, ${appendfsync}, syncs of ${syncMs} ms`;
    return [name, { config: { 'aof-layout': layout, appendfsync }, syncMs }] as const;
  }),
);

/** The machine is off: what awaits its disk gets answers that no process would have lived to see. */
const listeners = process.listeners('unhandledRejection');
process.removeAllListeners('unhandledRejection');
process.on('unhandledRejection', (reason, promise) => {
  if (!(reason instanceof SimCrash)) for (const listener of listeners) listener(reason, promise);
});
afterAll(() => {
  process.removeAllListeners('unhandledRejection');
  for (const listener of listeners) process.on('unhandledRejection', listener);
});

class Outcome {
  readonly violations: string[] = [];
  readonly #counts = new Map<string, number>();
  lives = 0;

  async live(options: LifeOptions): Promise<readonly string[]> {
    const { trace, violations, counts } = await live(options);
    this.lives++;
    for (const [name, count] of counts) this.#counts.set(name, this.count(name) + count);
    const { seed, crash, config, syncMs } = options;
    // Of many violations a few tell enough.
    for (const text of this.violations.length < 5 ? violations : []) {
      this.violations.push(`seed ${seed} ${JSON.stringify({ ...config, syncMs, crash })} ${text}`);
    }
    return trace;
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }
}

/** A sync in the background that has begun has done nothing yet, or half of it. */
function momentsOf(operation: string | undefined): readonly CrashMoment[] {
  return operation?.startsWith('background-sync') ? ['before', 'half'] : MOMENTS;
}

/** Lives to the end, then again with a crash at each operation. */
async function crashEverywhere(outcome: Outcome, options: LifeOptions): Promise<void> {
  const trace = await outcome.live(options);
  for (let operation = 2; operation <= trace.length; operation++) {
    // The disk's operation 1 makes the folder.
    for (const moment of momentsOf(trace[operation - 1])) {
      await outcome.live({ ...options, crash: { operation, moment } });
    }
  }
}

/** Lives to the end, then again with crashes at random operations. */
async function crashAnywhere(outcome: Outcome, options: LifeOptions, crashes: number): Promise<void> {
  const random = generator(options.seed);
  const trace = await outcome.live(options);
  for (let i = 0; i < crashes; i++) {
    const operation = 2 + Math.floor(random() * (trace.length - 1));
    const moments = momentsOf(trace[operation - 1]);
    const moment = moments[Math.floor(random() * moments.length)] ?? 'before';
    await outcome.live({ ...options, crash: { operation, moment } });
  }
}

describe(`what clients were told survives, seed ${SEED}`, () => {
  test.each(SETUPS)('a crash at every operation of the disk: %s', async (_, setup) => {
    const outcome = new Outcome();
    const steps = setup.syncMs > 0 ? 36 : 24;
    await crashEverywhere(outcome, {
      ...setup,
      seed: SEED,
      steps,
      hasFaults: false,
      hasKills: true,
      hasRewrites: false,
    });
    expect(outcome.violations).toEqual([]);
    expect(outcome.lives).toBeGreaterThan(15);
    expect(outcome.count('acknowledged')).toBeGreaterThan(10);
    expect(outcome.count('crashed again')).toBeGreaterThan(5);
  });

  test.each(SETUPS)('long lives, disks that fail and fill up, crashes at random: %s', async (_, setup) => {
    const outcome = new Outcome();
    for (let seed = SEED; seed < SEED + 4; seed++) {
      await crashAnywhere(
        outcome,
        { ...setup, seed, steps: 160, hasFaults: seed % 4 > 0, hasKills: true, hasRewrites: false },
        3,
      );
    }
    expect(outcome.violations).toEqual([]);
    for (const name of ['acknowledged', 'fault', 'kill', 'turn']) expect(outcome.count(name), name).toBeGreaterThan(5);
    if (setup.config.appendfsync === 'always') expect(outcome.count('fatal')).toBeGreaterThan(0);
    else expect(outcome.count('misconf')).toBeGreaterThan(10);
  });

  test.each(SETUPS)(
    'logs that are rewritten, vouched for, switched off and on, under changing policies: %s',
    async (_, setup) => {
      const outcome = new Outcome();
      for (let seed = SEED; seed < SEED + 4; seed++) {
        const options = {
          ...setup,
          config: { ...setup.config, 'aof-checksums': seed % 4 > 1 },
          seed,
          steps: 160,
          hasFaults: seed % 4 === 3,
          hasKills: seed % 2 > 0,
          hasRewrites: true,
        };
        await crashAnywhere(outcome, { ...options, hasChanges: seed % 4 > 0 }, 4);
      }
      expect(outcome.violations).toEqual([]);
      expect(outcome.count('rewritten') + outcome.count('change')).toBeGreaterThan(3);
    },
  );

  test.each(SETUPS.filter(([name]) => !name.startsWith('single')))(
    'requests that wait for the tick: %s',
    async (_, setup) => {
      const outcome = new Outcome();
      for (let seed = SEED; seed < SEED + 2; seed++) {
        const faults = { hasFaults: seed % 2 > 0, hasKills: true, hasRewrites: seed % 2 === 0 };
        await crashAnywhere(outcome, { ...setup, seed, steps: 160, ...faults, isPutDown: true }, 4);
      }
      expect(outcome.violations).toEqual([]);
      expect(outcome.count('acknowledged')).toBeGreaterThan(5);
    },
  );

  test.each(SETUPS.filter(([name]) => name.includes('everysec')))('the window of everysec: %s', async (_, setup) => {
    const outcome = new Outcome();
    await crashAnywhere(
      outcome,
      { ...setup, seed: SEED, steps: 600, hasFaults: false, hasKills: false, hasRewrites: false },
      8,
    );
    expect(outcome.violations).toEqual([]);
    expect(outcome.count('window')).toBeGreaterThan(5);
    if (setup.syncMs > 0) expect(outcome.count('sync')).toBeGreaterThan(5);
  });
});

/** Seeds of their own: whether a canary sings must not depend on SIMULATION_SEED. */
describe('the simulation notices', () => {
  const always = { 'aof-layout': 'single', appendfsync: 'always' } as const;
  const everysec = { 'aof-layout': 'multi-part', appendfsync: 'everysec' } as const;
  const base = { steps: 60, syncMs: 0, hasFaults: false, hasKills: false, hasRewrites: false };

  async function violationsOf(lives: number, options: Omit<LifeOptions, 'seed'>): Promise<readonly string[]> {
    const outcome = new Outcome();
    for (let seed = 1; seed <= lives; seed++) await outcome.live({ ...options, seed });
    return outcome.violations;
  }

  const files = (changes: (file: DiskFile) => Partial<DiskFile>): Pick<LifeOptions, 'wrap'> => ({
    wrap: (disk) => withFiles(disk, changes),
  });

  test.each([0, SLOW_MS])('a sync that does nothing, syncs of %d ms', async (syncMs) => {
    const skipped = files(() => ({ dataSyncNow: () => undefined, dataSync: () => Promise.resolve() }));
    const violations = await violationsOf(10, { ...base, config: always, syncMs, ...skipped });
    expect(violations.filter((text) => text.includes('was promised'))).not.toEqual([]);
  });

  test('a sync under everysec that does nothing, by the window alone', async () => {
    const skipped = files(() => ({ dataSync: () => Promise.resolve() }));
    const violations = await violationsOf(4, { ...base, config: everysec, steps: 600, ...skipped });
    expect(violations.filter((text) => text.includes('was promised'))).not.toEqual([]);
  });

  test('replies before the flush', async () => {
    const violations = await violationsOf(10, { ...base, config: everysec, acknowledgesAtOnce: true });
    expect(violations.filter((text) => text.includes(' kill: '))).not.toEqual([]);
  });

  test('requests that waited for the tick and run after its flush', async () => {
    const prepare = (engine: Engine): void => {
      const { appendLog } = engine;
      const flush = appendLog.flush.bind(appendLog);
      const runReceived = engine.runReceived.bind(engine);
      engine.runReceived = () => undefined;
      appendLog.flush = () => {
        flush();
        runReceived();
      };
    };
    const violations = await violationsOf(10, { ...base, config: always, isPutDown: true, prepare });
    expect(violations.filter((text) => text.includes('was promised'))).not.toEqual([]);
  });

  test('under always, readers that never wait', async () => {
    const blind = (engine: Engine): void => {
      let watching: ExecutionObserver | undefined;
      const seesWritesOnly = (observer: ExecutionObserver): ExecutionObserver => ({
        touched: (db, key) => observer.touched(db, key),
        executed: (client, db, command, request) => {
          if (!command.isReadonly) observer.executed(client, db, command, request);
        },
      });
      Object.defineProperty(engine.executor, 'observer', {
        get: () => watching,
        set: (observer?: ExecutionObserver) => {
          watching = observer === undefined ? undefined : seesWritesOnly(observer);
        },
      });
    };
    const violations = await violationsOf(20, { ...base, config: always, steps: 200, syncMs: SLOW_MS, prepare: blind });
    expect(violations.filter((text) => text.includes('was promised'))).not.toEqual([]);
  });

  test('a failed write that is not cut back', async () => {
    const kept = files(() => ({ truncate: () => undefined }));
    const violations = await violationsOf(12, { ...base, config: everysec, steps: 160, hasFaults: true, ...kept });
    expect(violations).not.toEqual([]);
  });

  test('a start that does not sync what it found', async () => {
    const skipped = files(() => ({ syncNow: () => undefined }));
    const violations = await violationsOf(10, { ...base, config: everysec, steps: 100, hasKills: true, ...skipped });
    expect(violations).not.toEqual([]);
  });
});
