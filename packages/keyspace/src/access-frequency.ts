/**
 * How often a key is used, in the 24 bits that otherwise hold when it was used last (the LFU policies of maxmemory-policy).
 *
 * Format: the upper 16 bits are when the counter was looked at last, in minutes modulo 2^16; the lower 8 are the counter, which
 * grows the more rarely the larger it is (a Morris counter) and shrinks by one for every `decayMinutes` without use. A new
 * key begins a little above 0, so that it is not the first to go.
 *
 * Source: Redis documentation, "Using Redis as an LRU cache", the LFU mode.
 */

const INITIAL_COUNT = 5;
const MAX_COUNT = 255;
const COUNTER_BITS = 8;
const MINUTES_MASK = 0xffff;
const MS_PER_MINUTE = 60_000;

/** The clock and the chance of the keyspace. */
interface Surroundings {
  /** ms since the Unix epoch */
  readonly nowMs: number;
  /** In [0, 1). */
  random(): number;
}

interface FrequencyOptions {
  /** lfu-log-factor: how many more uses each next step takes; 0 counts every use. */
  readonly logFactor: number;
  /** lfu-decay-time: minutes without use that lower the counter by one; 0 never lowers it. */
  readonly decayMinutes: number;
}

export class AccessFrequency {
  readonly #surroundings: Surroundings;
  readonly #options: FrequencyOptions;

  constructor(surroundings: Surroundings, options: FrequencyOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
  }

  /** The access bits of a new key. */
  get fresh(): number {
    return this.bitsOf(INITIAL_COUNT);
  }

  /** The access bits of a key whose counter is `count`, 0 to 255. */
  bitsOf(count: number): number {
    return (this.#minutes << COUNTER_BITS) | count;
  }

  /** The counter as it is now. */
  countOf(access: number): number {
    const { decayMinutes } = this.#options;
    const count = access & MAX_COUNT;
    if (decayMinutes === 0) return count;
    // As Redis counts: a turn of the 16 bits is one minute short.
    const since = access >>> COUNTER_BITS;
    const minutes = this.#minutes;
    const elapsed = minutes >= since ? minutes - since : MINUTES_MASK - since + minutes;
    return Math.max(0, count - Math.floor(elapsed / decayMinutes));
  }

  /** The access bits after one more use. */
  used(access: number): number {
    const count = this.countOf(access);
    const steps = Math.max(0, count - INITIAL_COUNT);
    const grows = count < MAX_COUNT && this.#surroundings.random() < 1 / (steps * this.#options.logFactor + 1);
    return this.bitsOf(grows ? count + 1 : count);
  }

  get #minutes(): number {
    return Math.floor(this.#surroundings.nowMs / MS_PER_MINUTE) & MINUTES_MASK;
  }
}
