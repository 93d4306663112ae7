/**
 * Active expiry: removes keys whose time has come though nobody asks for them.
 *
 * A cycle visits the keys that have an expiry, some 20 at a time, database by database, going on where the last one
 * ended. It stays with a database while more than about a tenth of what it sees is due, and stops when its time is used up.
 * A slow cycle runs ten times a second and may take a quarter of the time; a fast one, before the log is flushed, takes a millisecond and only
 * runs when the last cycle left much behind.
 *
 * Source: Redis expire.c `activeExpireCycle`; the names of its parameters are kept in the comments below.
 */

import type { Database } from './database.ts';
import type { Key } from './dictionary.ts';

/** Keys looked at between two checks of the clock, at effort 1 (KEYS_PER_LOOP). */
const KEYS_PER_LOOP = 20;
/** Time of a fast cycle at effort 1, µs (FAST_DURATION). */
const FAST_US = 1000;
/** Part of the time for slow cycles at effort 1, percent (SLOW_TIME_PERC). */
const SLOW_PERCENT = 25;
/** Part of the visited keys that may be due when a database is left, at effort 1, percent (ACCEPTABLE_STALE). */
const STALE_PERCENT = 10;
/** Slow cycles per second: the default of the option `hz`. */
const DEFAULT_HZ = 10;
/** Weight of the newest cycle, and of the newest sample of ages. */
const STALE_WEIGHT = 0.05;
const TTL_WEIGHT = 0.02;

/** What the cycles remember. */
export interface ActiveExpiryState {
  /** Where the next cycle begins. */
  nextDatabase: number;
  /** The last cycle's time was used up. */
  wasCutShort: boolean;
  lastFastUs: number;
  /** About how many percent of the keys with an expiry are due but still there (INFO expired_stale_perc). */
  stalePercent: number;
  /** How often a cycle's time was used up (INFO expired_time_cap_reached_count). */
  cutShortCount: number;
}

export function initialExpiryState(): ActiveExpiryState {
  return {
    nextDatabase: 0,
    wasCutShort: false,
    lastFastUs: Number.NEGATIVE_INFINITY,
    stalePercent: 0,
    cutShortCount: 0,
  };
}

/** What a cycle needs of the keyspace. */
export interface ExpiringKeyspace {
  readonly databases: readonly Database[];
  readonly expiry: ActiveExpiryState;
  readonly isLoading: boolean;
  nowMs: number;
}

export interface ExpireCycleOptions {
  /** Wall clock of the cycle, ms since the Unix epoch: becomes the keyspace's. */
  readonly nowMs: number;
  readonly isFast: boolean;
  /** active-expire-effort, 1 to 10. */
  readonly effort: number;
  /** A clock that never goes back, µs. */
  readonly monotonicUs: () => number;
  /** Slow cycles per second. */
  readonly hz?: number;
}

/** Runs one cycle; answers how many keys it removed. Each is reported to `hooks.onExpired`. */
export function activeExpireCycle(keyspace: ExpiringKeyspace, options: ExpireCycleOptions): number {
  if (keyspace.isLoading) return 0;
  const { expiry, databases } = keyspace;
  const { isFast, monotonicUs, hz = DEFAULT_HZ } = options;
  const effort = Math.min(10, Math.max(1, options.effort)) - 1;
  const stalePercent = STALE_PERCENT - effort;
  const fastUs = FAST_US + (FAST_US / 4) * effort;
  const startUs = monotonicUs();
  if (isFast) {
    if (!expiry.wasCutShort && expiry.stalePercent < stalePercent) return 0;
    if (startUs < expiry.lastFastUs + fastUs * 2) return 0;
    expiry.lastFastUs = startUs;
  }
  keyspace.nowMs = options.nowMs;
  const limitUs = isFast ? fastUs : ((SLOW_PERCENT + 2 * effort) * 1e6) / hz / 100;
  const isOver = () => monotonicUs() - startUs > limitUs;
  const total = { looked: 0, removed: 0 };
  expiry.wasCutShort = false;
  for (let visited = 0; visited < databases.length && !expiry.wasCutShort; visited++) {
    const db = databases[expiry.nextDatabase % databases.length];
    expiry.nextDatabase = (db.index + 1) % databases.length;
    const steps = KEYS_PER_LOOP + (KEYS_PER_LOOP / 4) * effort;
    if (!expireSome(db, { nowMs: options.nowMs, steps, stalePercent, isOver, total })) expiry.wasCutShort = true;
  }
  if (expiry.wasCutShort) expiry.cutShortCount++;
  const current = total.looked === 0 ? 0 : (total.removed * 100) / total.looked;
  expiry.stalePercent += (current - expiry.stalePercent) * STALE_WEIGHT;
  return total.removed;
}

interface DatabaseCycle {
  readonly nowMs: number;
  readonly steps: number;
  readonly stalePercent: number;
  readonly isOver: () => boolean;
  readonly total: { looked: number; removed: number };
}

/** Visits one database until little is due there, or all of it has been seen; false when the time was used up before that. */
function expireSome(db: Database, { nowMs, steps, stalePercent, isOver, total }: DatabaseCycle): boolean {
  let hasWrapped = false;
  while (db.expiringCount > 0) {
    const due: Key[] = [];
    let looked = 0;
    let ttlSumMs = 0;
    db.expiryCursor = db.dictionary.scanExpiring(db.expiryCursor, steps, (key, expireAtMs) => {
      looked++;
      if (nowMs > expireAtMs) due.push(key);
      else ttlSumMs += expireAtMs - nowMs;
    });
    let removed = 0;
    for (const key of due) if (db.removeIfDue(key)) removed++;
    if (looked > due.length) sampleTtl(db, ttlSumMs / (looked - due.length));
    total.looked += looked;
    total.removed += removed;
    if (looked > 0 && removed * 100 <= looked * stalePercent) return true;
    if (db.expiryCursor === 0) {
      if (hasWrapped) return true;
      hasWrapped = true;
    }
    if (isOver()) return false;
  }
  db.averageTtlMs = 0;
  return true;
}

function sampleTtl(db: Database, meanMs: number): void {
  db.averageTtlMs = db.averageTtlMs === 0 ? meanMs : db.averageTtlMs + (meanMs - db.averageTtlMs) * TTL_WEIGHT;
}
