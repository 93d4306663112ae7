/**
 * The dictionary of a database: what the keyspace asks of whatever stores its keys. SlabTable is the implementation; the
 * suite in dictionary.conformance.ts holds for any.
 *
 * `find`, `findBytes`, `findRandom` and `insert` leave a *found entry*, which the members below them read and change
 * without another search, until the next call of one of those or of `remove` or `clear`.
 */

import type { Value } from './values/value.ts';

/** A key: one char 0–255 per byte, flat. */
export type Key = string;

/** The expiry of a key that has none. */
export const NO_EXPIRY = -1;

/** Sees a key, its value and when it expires (ms since the Unix epoch, or NO_EXPIRY). */
export type EntryVisitor = (key: Key, value: Value, expireAtMs: number) => void;

/**
 * Sees an entry as the bytes it is kept as, where it is kept so: the key at `keyStart` to `valueStart`, the string value
 * from there to `valueEnd` (exclusive). They hold during the visit only.
 */
export type BytesVisitor = (
  bytes: Uint8Array,
  keyStart: number,
  valueStart: number,
  valueEnd: number,
  expireAtMs: number,
) => void;

export interface KeyDictionary {
  readonly size: number;
  /** How many keys have an expiry. */
  readonly expiringCount: number;

  find(key: Key): boolean;
  /** `find` for the key whose bytes are `start` to `end` (exclusive); no string is made of them. */
  findBytes(bytes: Uint8Array, start: number, end: number): boolean;
  /** Says that the key will soon be looked for: told of some keys at once, it fetches from memory what the searches will wait for. */
  foreseeBytes(bytes: Uint8Array, start: number, end: number): void;
  /** Finds a random entry, every one about as likely. @param random01 a source of numbers in [0, 1) */
  findRandom(random01: () => number): boolean;
  /** Inserts `key` without expiry; it is the found entry then. Only directly after a `find` that did not find that key. */
  insert(key: Key, value: Value, access: number, epoch: number): void;

  /** `insert` of a string value, with access clock and epoch 0: key and value are ranges (ends exclusive) of `bytes`, which are copied. */
  insertBytes(bytes: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void;

  /** The found entry's key, a flat string. */
  key(): Key;
  value(): Value;
  setValue(value: Value): void;
  /** `setValue` of a string value: a range of `bytes`, which are copied. */
  setValueBytes(bytes: Uint8Array, start: number, end: number): void;
  /** When the found entry expires, ms since the Unix epoch, or NO_EXPIRY. */
  expireAtMs(): number;
  /** @param ms >= 0, or NO_EXPIRY */
  setExpireAtMs(ms: number): void;
  /** 24 bits for the access clock. 0 <= access < 2^24 */
  access(): number;
  setAccess(access: number): void;
  /** 8 bits that tell whether a snapshot has seen the entry. 0 <= epoch < 256 */
  epoch(): number;
  setEpoch(epoch: number): void;
  /** Removes the found entry. */
  remove(): void;

  clear(): void;
  /** Makes room for `count` entries in all, as a hint: more or fewer may come. Does nothing where there is an entry already. */
  reserve(count: number): void;
  /**
   * Visits the entries from `cursor` (0: the first) on until at least `count` were visited; answers the next cursor, 0 at the
   * end. An entry that is present from the first call to the last is visited once at least, whatever happens in between.
   * The visit may read the dictionary by nothing but its arguments and must not change it.
   */
  scan(cursor: number, count: number, visit: (key: Key, value: Value) => void): number;
  /**
   * Visits keys that have an expiry, as `scan` does, in about `steps` steps; a step is a visit, or the passing over of
   * twenty entries or stretches without an expiry.
   */
  scanExpiring(cursor: number, steps: number, visit: (key: Key, expireAtMs: number) => void): number;
  /**
   * Visits, as `scan` does, the entries whose epoch is not `epoch`, and gives them that epoch: what a snapshot has not seen
   * yet. `count` counts the others too, and may count a long string as several entries. The visit may change nothing but what the value itself holds.
   *
   * @param visitBytes for the entries that are bytes, if given
   */
  scanUnmarked(cursor: number, count: number, epoch: number, visit: EntryVisitor, visitBytes?: BytesVisitor): number;
  /** Shows the found entry to `visit`, or to `visitBytes` if that is given and the entry is bytes. */
  visitFound(visit: EntryVisitor, visitBytes?: BytesVisitor): void;
  /** Shows every entry to `visit`, or to `visitBytes` as `visitFound` does. O(size); nothing may change meanwhile. */
  visitAll(visit: EntryVisitor, visitBytes?: BytesVisitor): void;
  /** Gives every entry the epoch. O(size), without a pause between. */
  markAll(epoch: number): void;
  /** All keys, for as long as nothing changes. */
  keys(): Iterable<Key>;
  /** About how many bytes it takes, without keys and values. */
  memoryBytes(): number;
}
