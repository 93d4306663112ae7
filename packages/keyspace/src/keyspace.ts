/**
 * The keyspace: all databases, and what they share: the hooks, the clock of the running command, the statistics.
 *
 * Time and chance come from outside: the engine sets `nowMs` before each command, and a command sees one time only.
 *
 * Invariants: `databases` keeps its length and its objects; SWAPDB exchanges their contents. `dirty` only grows.
 */

import type { AccessFrequency } from './access-frequency.ts';
import { type ActiveExpiryState, initialExpiryState } from './active-expiry.ts';
import {
  ACCESS_MASK,
  Database,
  type DatabaseOwner,
  type KeyspaceHooks,
  type KeyspaceStatistics,
  UNHEARD,
} from './database.ts';
import type { KeyDictionary } from './dictionary.ts';
import { createGlob } from './glob.ts';
import { defaultHashSeed, type HashSeed } from './hash.ts';
import { SlabTable } from './slab-table.ts';
import { defaultThresholds, type Thresholds } from './values/thresholds.ts';
import { encodingOf, type Value } from './values/value.ts';

export interface KeyspaceOptions {
  /** A source of numbers in [0, 1), for RANDOMKEY, SPOP and their like. */
  readonly random: () => number;
  /** How many databases; 16 by default. */
  readonly databaseCount?: number;
  /** The encodings' limits; kept and read, so that CONFIG SET may change the object. */
  readonly thresholds?: Thresholds;
  /** The secret of the key tables' hash. */
  readonly hashSeed?: HashSeed;
}

export class Keyspace implements DatabaseOwner {
  readonly databases: readonly Database[];
  readonly thresholds: Thresholds;
  readonly statistics: KeyspaceStatistics = { expiredKeys: 0, hits: 0, misses: 0 };
  /** What active expiry remembers from cycle to cycle. */
  readonly expiry: ActiveExpiryState = initialExpiryState();
  readonly hooks: KeyspaceHooks = {
    beforeWrite: UNHEARD,
    beforeFlush: () => {},
    beforeSwap: () => {},
    onExpired: () => {},
    onTouched: () => {},
    hearsTouches: () => true,
  };
  /** Changes so far, as the commands count them: when it has moved, the command is logged. */
  dirty = 0;
  /** Wall clock of the running command, ms since the Unix epoch. */
  nowMs = 0;
  /** Reads leave the access clock alone: the client has said CLIENT NO-TOUCH. */
  isNoTouch = false;
  /** There while uses of keys are counted (the LFU policies) instead of the time of the last one. */
  frequency: AccessFrequency | undefined;
  /** While a file is loaded nothing expires. */
  isLoading = false;
  /** New entries get this epoch (0–255): a snapshot that raises it at its cut can tell them from those it must copy. */
  snapshotEpoch = 0;
  /** Snapshots that were given up since the last complete one: after 255 of them epochs would repeat. See snapshot.ts. */
  abandonedSnapshots = 0;
  readonly #random: () => number;
  readonly #hashSeed: HashSeed;

  constructor(options: KeyspaceOptions) {
    this.#random = options.random;
    this.#hashSeed = options.hashSeed ?? defaultHashSeed();
    this.thresholds = options.thresholds ?? defaultThresholds();
    this.databases = Array.from({ length: options.databaseCount ?? 16 }, (_, index) => new Database(this, index));
  }

  /** The access clock: seconds modulo 2^24 (some 194 days). */
  get accessClockSec(): number {
    return Math.floor(this.nowMs / 1000) & ACCESS_MASK;
  }

  /** A number in [0, 1). */
  random(): number {
    return this.#random();
  }

  createDictionary(): KeyDictionary {
    return new SlabTable(this.#hashSeed);
  }

  /** Keys in all databases. */
  get size(): number {
    return this.databases.reduce((sum, db) => sum + db.size, 0);
  }

  /** Drops all keys of all databases; answers how many there were. */
  flushAll(): number {
    return this.databases.reduce((sum, db) => sum + db.flush(), 0);
  }

  /**
   * Exchanges the contents of two databases.
   * @throws RangeError there is no database of that number
   */
  swap(first: number, second: number): void {
    const one = this.databases[first];
    const other = this.databases[second];
    if (one === undefined || other === undefined) throw new RangeError(`no database ${first} or ${second}`);
    if (one !== other) Database.swapContents(one, other);
  }

  /** Whether `text` matches the pattern of KEYS, SCAN MATCH and PSUBSCRIBE. */
  matches(pattern: string, text: string): boolean {
    return createGlob(pattern)(text);
  }

  /** What OBJECT ENCODING answers for `value`. */
  encodingOf(value: Value): string {
    return encodingOf(value);
  }
}
