/** The clocks and the chance of a running server: the only place that asks the machine for them. */
import { randomBytes, randomInt } from 'node:crypto';
// Imported, for the global of this name is a getter that is asked anew each time.
import { performance } from 'node:perf_hooks';

/** Time as the engine sees it. Tests put their own in its place. */
export interface Clock {
  /** Wall clock, ms since the Unix epoch. */
  nowMs(): number;
  /** Monotonic clock, microseconds with fractions. */
  monotonicUs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => performance.now() * 1000,
};

/** Chance as the engine sees it. */
export interface Chance {
  /** In [0, 1). */
  random(): number;
  /** 64 bits that seed the hash of keys. */
  hashSeed(): { readonly k0: number; readonly k1: number };
  /** 40 hexadecimal digits. */
  runId(): string;
}

export const systemChance: Chance = {
  random: () => Math.random(),
  hashSeed: () => ({ k0: randomInt(2 ** 32), k1: randomInt(2 ** 32) }),
  runId: () => randomBytes(20).toString('hex'),
};
