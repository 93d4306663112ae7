/**
 * One database: keys, their values, and when they expire.
 *
 * All changes go through here, and each calls `hooks.beforeWrite` before anything changes, so that an open snapshot can
 * keep the old value: set, remove, expiry, persist, rename, move, and `lookupWrite` for what a command then changes in place.
 * A key whose time has come is gone for every method but `peek` and `expireAt`: whichever meets it removes it and
 * calls `hooks.onExpired`. While the keyspace is loading nothing expires.
 *
 * Invariants: hooks read, and change nothing but epochs. A collection under a key is never empty once its command has ended
 * (its commands see to that).
 */

import type { AccessFrequency } from './access-frequency.ts';
import { type Key, type KeyDictionary, NO_EXPIRY } from './dictionary.ts';
import { createGlob, isLiteralGlob } from './glob.ts';
import { readLatin1 } from './latin1.ts';
import type { Value } from './values/value.ts';

/** Bits of the access clock. */
export const ACCESS_MASK = 0xffffff;

/** Who must know about changes. Fields, so that their owners can set them one by one. */
export interface KeyspaceHooks {
  /** `key` is about to change or to appear; its old value and expiry can still be read. May be called though nothing changes then. */
  beforeWrite(db: Database, key: Key): void;
  /** All keys of `db` are about to go. `db.dictionary` is let go of, not emptied: who holds it may go on reading it. */
  beforeFlush(db: Database): void;
  /** The contents of the two are about to change places: `dictionary` is exchanged. */
  beforeSwap(one: Database, other: Database): void;
  /** `key` was removed because its time had come: the log needs a DEL. */
  onExpired(db: Database, key: Key): void;
  /** `key` has changed, appeared or gone. Not called for flush and swap, nor necessarily while `hearsTouches` answers false. */
  onTouched(db: Database, key: Key): void;
  /** Whether anybody wants to know about changes now: where nobody does, no string is made of a key. */
  hearsTouches(): boolean;
}

/** The `beforeWrite` of a keyspace that has no snapshot open. */
export const UNHEARD: KeyspaceHooks['beforeWrite'] = () => {};

export interface KeyspaceStatistics {
  /** Keys that were removed because their time had come. */
  expiredKeys: number;
  /** Reads that found their key, and that did not. */
  hits: number;
  misses: number;
}

/** What a database needs of the keyspace it belongs to. */
export interface DatabaseOwner {
  readonly hooks: KeyspaceHooks;
  readonly statistics: KeyspaceStatistics;
  readonly nowMs: number;
  readonly accessClockSec: number;
  /** There while the access bits of keys count uses instead of telling the last one. */
  readonly frequency: AccessFrequency | undefined;
  readonly isLoading: boolean;
  readonly isNoTouch: boolean;
  readonly snapshotEpoch: number;
  random(): number;
  createDictionary(): KeyDictionary;
}

export class Database {
  readonly index: number;
  /** Mean time to live of the keys that the last expiry cycles looked at, ms; 0 when unknown. */
  averageTtlMs = 0;
  /** Where the next expiry cycle goes on (a scan cursor). */
  expiryCursor = 0;
  readonly #owner: DatabaseOwner;
  #dictionary: KeyDictionary;

  constructor(owner: DatabaseOwner, index: number) {
    this.index = index;
    this.#owner = owner;
    this.#dictionary = owner.createDictionary();
  }

  get size(): number {
    return this.#dictionary.size;
  }

  /** How many keys have an expiry. */
  get expiringCount(): number {
    return this.#dictionary.expiringCount;
  }

  /** The entries themselves, for whoever takes a snapshot: to read, and to set epochs. */
  get dictionary(): KeyDictionary {
    return this.#dictionary;
  }

  // Reading -----------------------------------------------------------------------------------------------------------

  /** The value, expired or not; touches nothing. */
  peek(key: Key): Value | undefined {
    return this.#dictionary.find(key) ? this.#dictionary.value() : undefined;
  }

  /** The value for a command that reads; counts a hit or a miss and sets the access clock. */
  lookupRead(key: Key): Value | undefined {
    const found = this.#dictionary.find(key);
    return this.#read(found, true);
  }

  /** `lookupRead` for the key whose bytes are `start` to `end` (exclusive). */
  lookupReadBytes(bytes: Uint8Array, start: number, end: number): Value | undefined {
    const found = this.#dictionary.findBytes(bytes, start, end);
    return this.#read(found, true);
  }

  /** `lookupRead` for commands that ask about a key (TTL, TYPE, OBJECT …): leaves the access clock as it is. */
  lookupReadNoTouch(key: Key): Value | undefined {
    const found = this.#dictionary.find(key);
    return this.#read(found, false);
  }

  #read(found: boolean, isTouch: boolean): Value | undefined {
    const { statistics } = this.#owner;
    if (!found || this.#removeFoundIfDue()) {
      statistics.misses++;
      return undefined;
    }
    statistics.hits++;
    if (isTouch && !this.#owner.isNoTouch) this.#touchFound();
    return this.#dictionary.value();
  }

  /**
   * The value for a command that changes it in place or replaces it: REQUIRED before a value is changed. After the change
   * the command calls `touched`.
   */
  lookupWrite(key: Key): Value | undefined {
    if (!this.#findLive(key)) return undefined;
    const value = this.#dictionary.value();
    this.#touchFound();
    this.#owner.hooks.beforeWrite(this, key);
    return value;
  }

  /** When `key` expires, ms since the Unix epoch; -1 when it does not or is not there. No expiry check. */
  expireAt(key: Key): number {
    return this.#dictionary.find(key) ? this.#dictionary.expireAtMs() : NO_EXPIRY;
  }

  /** Seconds since `key` was last read or written, modulo 2^24; 0 when it is not there. */
  idleSeconds(key: Key): number {
    if (!this.#dictionary.find(key)) return 0;
    return (this.#owner.accessClockSec - this.#dictionary.access()) & ACCESS_MASK;
  }

  /** Counts the idle time of `key`, where that is counted, from so many seconds ago, at most 2^24 - 1; answers whether the key is there. */
  setIdle(key: Key, seconds: number): boolean {
    if (!this.#dictionary.find(key)) return false;
    if (this.#owner.frequency !== undefined) return true;
    this.#dictionary.setAccess((this.#owner.accessClockSec - Math.min(seconds, ACCESS_MASK)) & ACCESS_MASK);
    return true;
  }

  /** The 24 bits that tell of the use of `key`; 0 when it is not there. */
  accessBits(key: Key): number {
    return this.#dictionary.find(key) ? this.#dictionary.access() : 0;
  }

  /** How often `key` is used, 0 to 255 on a logarithmic scale; undefined when that is not counted, or it is not there. */
  frequencyOf(key: Key): number | undefined {
    return this.#dictionary.find(key) ? this.#owner.frequency?.countOf(this.#dictionary.access()) : undefined;
  }

  /** Sets how often `key` is used, where that is counted. @param count 0 to 255; undefined: as for a new key */
  setFrequency(key: Key, count: number | undefined): void {
    const { frequency } = this.#owner;
    if (frequency === undefined || !this.#dictionary.find(key)) return;
    this.#dictionary.setAccess(count === undefined ? frequency.fresh : frequency.bitsOf(count));
  }

  get #freshAccess(): number {
    return this.#owner.frequency?.fresh ?? this.#owner.accessClockSec;
  }

  #touchFound(): void {
    const { frequency, accessClockSec } = this.#owner;
    this.#dictionary.setAccess(frequency === undefined ? accessClockSec : frequency.used(this.#dictionary.access()));
  }

  /** A random key, or undefined when the database is empty. */
  randomKey(): Key | undefined {
    const random01 = () => this.#owner.random();
    while (this.#dictionary.findRandom(random01)) {
      const key = this.#dictionary.key();
      if (!this.#removeFoundIfDue()) return key;
    }
    return undefined;
  }

  /**
   * Visits keys from `cursor` (0: the first) on until about `count` were visited; answers the next cursor, 0 at the end. Keys
   * that are there from the first call to the last are visited once at least. The visit may change the database.
   */
  scan(cursor: number, count: number, visit: (key: Key, value: Value) => void): number {
    const keys: Key[] = [];
    const values: Value[] = [];
    const next = this.#dictionary.scan(cursor, count, (key, value) => {
      keys.push(key);
      values.push(value);
    });
    for (let i = 0; i < keys.length; i++) {
      if (!this.removeIfDue(keys[i])) visit(keys[i], values[i]);
    }
    return next;
  }

  /** The keys that match `pattern` (see glob.ts) and have not expired, for as long as nothing changes. */
  *keys(pattern = '*'): Generator<Key> {
    if (isLiteralGlob(pattern)) {
      if (this.#dictionary.find(pattern) && !this.#isFoundDue()) yield pattern;
      return;
    }
    const matches = createGlob(pattern);
    const mayExpire = this.#dictionary.expiringCount > 0;
    for (const key of this.#dictionary.keys()) {
      if (!matches(key)) continue;
      if (mayExpire && this.#dictionary.find(key) && this.#isFoundDue()) continue;
      yield key;
    }
  }

  /** About how many bytes the database takes beside its keys and values. */
  memoryBytes(): number {
    return this.#dictionary.memoryBytes();
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  /** Sets `key` to `value`, which is there alone, without an expiry. */
  set(key: Key, value: Value): void {
    this.#put(key, value, NO_EXPIRY);
  }

  /** Sets `key` to `value`; an expiry stays. */
  setKeepTtl(key: Key, value: Value): void {
    this.#put(key, value, undefined);
  }

  /**
   * `set` of a string value for a key and a value that are ranges (ends exclusive) of `bytes`: where nobody has to be told
   * the key, and the value fits the place of the old one, nothing is allocated.
   *
   * @param expireAtMs when the key expires, even if that has passed: >= 0, or NO_EXPIRY
   */
  setBytes(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    expireAtMs = NO_EXPIRY,
  ): void {
    const { hooks, snapshotEpoch } = this.#owner;
    const dictionary = this.#dictionary;
    if (!hooks.hearsTouches()) {
      if (!dictionary.findBytes(bytes, keyStart, keyEnd)) {
        dictionary.insertBytes(bytes, keyStart, keyEnd, valueStart, valueEnd);
        dictionary.setAccess(this.#freshAccess);
        dictionary.setEpoch(snapshotEpoch);
        if (expireAtMs !== NO_EXPIRY) dictionary.setExpireAtMs(expireAtMs);
        return;
      }
      if (!this.#isFoundDue()) {
        // A snapshot wants the old values of earlier epochs only.
        if (hooks.beforeWrite !== UNHEARD && dictionary.epoch() !== snapshotEpoch) {
          hooks.beforeWrite(this, dictionary.key());
          dictionary.findBytes(bytes, keyStart, keyEnd);
        }
        dictionary.setValueBytes(bytes, valueStart, valueEnd);
        this.#touchFound();
        if (dictionary.expireAtMs() !== expireAtMs) dictionary.setExpireAtMs(expireAtMs);
        return;
      }
    }
    this.#put(readLatin1(bytes, keyStart, keyEnd), readLatin1(bytes, valueStart, valueEnd), expireAtMs);
  }

  /** Says that `setBytes` will soon be called with the key. It costs some, and saves more where it is said of tens of keys at once. */
  foreseeBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#dictionary.foreseeBytes(bytes, start, end);
  }

  #put(key: Key, value: Value, expireAtMs: number | undefined): void {
    const { hooks } = this.#owner;
    hooks.beforeWrite(this, key);
    if (this.#findLive(key)) {
      const dictionary = this.#dictionary;
      dictionary.setValue(value);
      // A value that keeps its expiry comes from a command that has looked up the key, which was its use.
      if (expireAtMs !== undefined || this.#owner.frequency === undefined) this.#touchFound();
      if (expireAtMs !== undefined) dictionary.setExpireAtMs(expireAtMs);
    } else {
      this.#dictionary.insert(key, value, this.#freshAccess, this.#owner.snapshotEpoch);
      if (expireAtMs !== undefined && expireAtMs !== NO_EXPIRY) this.#dictionary.setExpireAtMs(expireAtMs);
    }
    hooks.onTouched(this, key);
  }

  /** Removes `key`; answers whether it was there. */
  remove(key: Key): boolean {
    const { hooks } = this.#owner;
    hooks.beforeWrite(this, key);
    if (!this.#findLive(key)) return false;
    this.#dictionary.remove();
    hooks.onTouched(this, key);
    return true;
  }

  /**
   * Lets `key` expire at `ms` since the Unix epoch, even if that has passed (while loading such keys stay); answers
   * whether the key is there. Negative times count as 0.
   */
  setExpire(key: Key, ms: number): boolean {
    const { hooks } = this.#owner;
    hooks.beforeWrite(this, key);
    if (!this.#findLive(key)) return false;
    this.#dictionary.setExpireAtMs(Math.max(0, ms));
    hooks.onTouched(this, key);
    return true;
  }

  /** Takes the expiry from `key`; answers whether it had one. */
  persist(key: Key): boolean {
    const { hooks } = this.#owner;
    hooks.beforeWrite(this, key);
    if (!this.#findLive(key)) return false;
    this.#touchFound();
    if (this.#dictionary.expireAtMs() === NO_EXPIRY) return false;
    this.#dictionary.setExpireAtMs(NO_EXPIRY);
    hooks.onTouched(this, key);
    return true;
  }

  /** Gives the value and expiry of `from` the name `to`, in place of what was there; false when `from` is not there. */
  rename(from: Key, to: Key): boolean {
    return this.#transfer(from, this, to);
  }

  /** Moves `key` with its expiry to another database; false when it is not here, or there already. */
  move(key: Key, target: Database): boolean {
    if (target === this || target.#findLive(key)) return false;
    return this.#transfer(key, target, key);
  }

  #transfer(from: Key, target: Database, to: Key): boolean {
    const { hooks } = this.#owner;
    hooks.beforeWrite(this, from);
    if (!this.#findLive(from)) return false;
    if (target === this && from === to) return true;
    const value = this.#dictionary.value();
    const expireAtMs = this.#dictionary.expireAtMs();
    const access = this.#dictionary.access();
    this.#dictionary.remove();
    hooks.onTouched(this, from);
    target.#put(to, value, expireAtMs);
    if (target.#dictionary.find(to)) target.#dictionary.setAccess(access);
    return true;
  }

  /** To be called after a command has changed the value of `key` in place. */
  touched(key: Key): void {
    this.#owner.hooks.onTouched(this, key);
  }

  /** Makes room for `count` keys, which are about to come, where there are none yet. It takes some 12 bytes for each. */
  reserve(count: number): void {
    this.#dictionary.reserve(count);
  }

  /** Drops all keys, in O(1); answers how many there were. */
  flush(): number {
    const count = this.#dictionary.size;
    if (count === 0) return 0;
    this.#owner.hooks.beforeFlush(this);
    this.#dictionary = this.#owner.createDictionary();
    this.expiryCursor = 0;
    this.averageTtlMs = 0;
    return count;
  }

  /** Exchanges the contents of two databases; their objects keep their index. For `Keyspace.swap`. */
  static swapContents(one: Database, other: Database): void {
    one.#owner.hooks.beforeSwap(one, other);
    [one.#dictionary, other.#dictionary] = [other.#dictionary, one.#dictionary];
    [one.expiryCursor, other.expiryCursor] = [other.expiryCursor, one.expiryCursor];
    [one.averageTtlMs, other.averageTtlMs] = [other.averageTtlMs, one.averageTtlMs];
  }

  // Expiry ------------------------------------------------------------------------------------------------------------

  /** Removes `key` if its time has come; answers whether it was removed. */
  removeIfDue(key: Key): boolean {
    return this.#dictionary.expiringCount > 0 && this.#dictionary.find(key) && this.#removeFoundIfDue();
  }

  /** Finds `key`, which is removed instead if its time has come. */
  #findLive(key: Key): boolean {
    return this.#dictionary.find(key) && !this.#removeFoundIfDue();
  }

  #isFoundDue(): boolean {
    const expireAtMs = this.#dictionary.expireAtMs();
    return expireAtMs !== NO_EXPIRY && this.#owner.nowMs > expireAtMs && !this.#owner.isLoading;
  }

  #removeFoundIfDue(): boolean {
    if (!this.#isFoundDue()) return false;
    const dictionary = this.#dictionary;
    const { hooks, statistics } = this.#owner;
    const key = dictionary.key();
    hooks.beforeWrite(this, key);
    dictionary.find(key);
    dictionary.remove();
    statistics.expiredKeys++;
    hooks.onExpired(this, key);
    hooks.onTouched(this, key);
    // What follows may insert the key: the dictionary must know where.
    dictionary.find(key);
    return true;
  }
}
