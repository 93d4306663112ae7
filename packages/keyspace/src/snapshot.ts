/**
 * The data set of all databases as it is at one moment, the cut, handed out piece by piece while commands go on changing it.
 *
 * Each key has an epoch. A snapshot raises the keyspace's epoch at its cut, walks all keys in the order of their hashes and
 * hands out those of an older epoch. Whoever is about to change a key that has not been handed out yet (`beforeWrite`) has
 * it handed out first. New keys are born with the new epoch, so they are no part of it. A value that is too large to be
 * handed out at once is frozen instead (frozen.ts) and handed out in pieces later: no call takes long, whatever the size.
 *
 * Databases that are flushed or swapped meanwhile need no care: the snapshot goes by the dictionaries of the cut, and a
 * dictionary that a database lets go of is still there to be read.
 *
 * Invariants: every key of the cut that had not expired is handed out exactly once, with the value and the expiry of the
 * cut; one snapshot of a keyspace is open at a time; whoever opens one drives it to its end or closes it.
 */

import type { Database } from './database.ts';
import { type BytesVisitor, type EntryVisitor, type Key, type KeyDictionary, NO_EXPIRY } from './dictionary.ts';
import type { Keyspace } from './keyspace.ts';
import { readLatin1 } from './latin1.ts';
import { type FrozenValue, isSmall } from './values/frozen.ts';
import { cloneValue, type Value } from './values/value.ts';

/** Entries looked at between two looks at the clock: some ten microseconds of small values. */
const SCAN_STEP = 32;
/** Epochs have 8 bits: before they repeat, everything that given-up snapshots have left behind is marked anew. */
const MAX_ABANDONED = 250;

/** A value too large for one go. Who receives it reads `content` to its end. */
export interface LargeEntry {
  readonly database: number;
  readonly key: Key;
  /** ms since the Unix epoch, or NO_EXPIRY. */
  readonly expireAtMs: number;
  readonly content: FrozenValue;
}

/** Receives the data set. Must not throw for reasons of its own, nor change the keyspace. */
export interface SnapshotSink {
  /** A whole value. It may be changed after the call: what is to be kept of it must be copied. */
  writeValue(database: number, key: Key, value: Value, expireAtMs: number): void;
  /**
   * A whole string value and its key as bytes: the key at `keyStart` to `valueStart`, the value from there to `valueEnd`. Comes
   * instead of `writeValue`, where there is this method and the keyspace has bytes; they hold during the call only.
   */
  writeStringBytes?(
    database: number,
    bytes: Uint8Array,
    keyStart: number,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
  ): void;
  /** The next piece of a large value; answers whether that was the last. */
  writePiece(entry: LargeEntry): boolean;
  /** Whether whole values may come now, although a large one has begun and not ended. */
  readonly acceptsBetween: boolean;
}

export interface SnapshotOptions {
  /** Wall clock of the cut, ms since the Unix epoch: keys that have expired by then are left out. */
  readonly nowMs: number;
  readonly sink: SnapshotSink;
}

interface Source {
  readonly database: number;
  readonly dictionary: KeyDictionary;
}

/** A small value that must wait for a large one to end. */
interface HeldEntry extends Omit<LargeEntry, 'content'> {
  readonly value: Value;
}

export class Snapshot {
  /** Keys at the cut, those that had expired included. */
  readonly keyCount: number;
  readonly #keyspace: Keyspace;
  readonly #nowMs: number;
  readonly #sink: SnapshotSink;
  readonly #epoch: number;
  readonly #sources: Source[] = [];
  readonly #databaseOf = new Map<KeyDictionary, number>();
  readonly #formerHook: Keyspace['hooks']['beforeWrite'];
  readonly #visit: EntryVisitor;
  readonly #visitBytes: BytesVisitor | undefined;
  /** The database whose entry is visited. */
  #database = 0;
  #sourceIndex = 0;
  #cursor = 0;
  /** Queues. */
  readonly #large = new Set<LargeEntry>();
  readonly #held = new Set<HeldEntry>();
  /** The first of `#large` has been handed out in part. */
  #isLargeBegun = false;
  #seenCount = 0;
  #earlyCount = 0;
  #isClosed = false;

  /** Takes the cut. To be called between commands. */
  constructor(keyspace: Keyspace, { nowMs, sink }: SnapshotOptions) {
    this.#keyspace = keyspace;
    this.#nowMs = nowMs;
    this.#sink = sink;
    this.#visit = (key, value, expireAtMs) => this.#handOut(this.#database, key, value, expireAtMs);
    if (sink.writeStringBytes !== undefined) {
      this.#visitBytes = (bytes, keyStart, valueStart, valueEnd, expireAtMs) =>
        this.#handOutBytes(bytes, keyStart, valueStart, valueEnd, expireAtMs);
    }
    this.#epoch = (keyspace.snapshotEpoch + 1) & 0xff;
    keyspace.snapshotEpoch = this.#epoch;
    keyspace.abandonedSnapshots++;
    let keyCount = 0;
    for (const { index, dictionary, size } of keyspace.databases) {
      if (size === 0) continue;
      keyCount += size;
      this.#sources.push({ database: index, dictionary });
      this.#databaseOf.set(dictionary, index);
    }
    this.keyCount = keyCount;
    this.#formerHook = keyspace.hooks.beforeWrite;
    keyspace.hooks.beforeWrite = (db, key) => this.#beforeWrite(db, key);
  }

  /** Keys of the cut that were handed out or left out, frozen ones included. */
  get seenCount(): number {
    return this.#seenCount;
  }

  /** Keys that were handed out because they were about to change. */
  get earlyCount(): number {
    return this.#earlyCount;
  }

  /**
   * Hands out until `isEnough` answers true, which is asked every few small values and after each piece, and told whether a large value is being
   * handed out; answers whether it is done.
   */
  copy(isEnough: (isLarge: boolean) => boolean): boolean {
    while (!this.#isClosed) {
      if (this.#held.size > 0 && !this.#isLargeBegun) this.#writeHeld();
      else if (this.#large.size > 0) this.#writePiece();
      else if (this.#sourceIndex < this.#sources.length) this.#scan(this.#sources[this.#sourceIndex]);
      else this.#end();
      if (isEnough(this.#large.size > 0)) break;
    }
    return this.#isClosed;
  }

  /** Gives up what has not been handed out. Does nothing after the end. */
  close(): void {
    if (this.#isClosed) return;
    for (const { content } of this.#large) content.release();
    this.#detach();
    if (this.#keyspace.abandonedSnapshots < MAX_ABANDONED) return;
    for (const { dictionary } of this.#keyspace.databases) dictionary.markAll(this.#epoch);
    this.#keyspace.abandonedSnapshots = 0;
  }

  #end(): void {
    this.#detach();
    this.#keyspace.abandonedSnapshots = 0;
  }

  #detach(): void {
    this.#isClosed = true;
    this.#keyspace.hooks.beforeWrite = this.#formerHook;
    this.#large.clear();
    this.#held.clear();
    this.#sources.length = 0;
    this.#databaseOf.clear();
  }

  #scan({ database, dictionary }: Source): void {
    this.#database = database;
    this.#cursor = dictionary.scanUnmarked(this.#cursor, SCAN_STEP, this.#epoch, this.#visit, this.#visitBytes);
    if (this.#cursor === 0) this.#sourceIndex++;
  }

  #beforeWrite(db: Database, key: Key): void {
    this.#formerHook(db, key);
    const { dictionary } = db;
    const database = this.#databaseOf.get(dictionary);
    // A dictionary that was made after the cut holds nothing of it.
    if (database === undefined || !dictionary.find(key) || dictionary.epoch() === this.#epoch) return;
    dictionary.setEpoch(this.#epoch);
    this.#earlyCount++;
    this.#database = database;
    dictionary.visitFound(this.#visit, this.#visitBytes);
  }

  #handOutBytes(bytes: Uint8Array, keyStart: number, valueStart: number, valueEnd: number, expireAtMs: number): void {
    if (this.#isLargeBegun && !this.#sink.acceptsBetween) {
      const key = readLatin1(bytes, keyStart, valueStart);
      return this.#handOut(this.#database, key, readLatin1(bytes, valueStart, valueEnd), expireAtMs);
    }
    this.#seenCount++;
    if (expireAtMs !== NO_EXPIRY && this.#nowMs > expireAtMs) return;
    this.#sink.writeStringBytes?.(this.#database, bytes, keyStart, valueStart, valueEnd, expireAtMs);
  }

  #handOut(database: number, key: Key, value: Value, expireAtMs: number): void {
    this.#seenCount++;
    if (expireAtMs !== NO_EXPIRY && this.#nowMs > expireAtMs) return;
    if (typeof value !== 'string' && !isSmall(value)) {
      this.#large.add({ database, key, expireAtMs, content: value.freeze() });
    } else if (this.#isLargeBegun && !this.#sink.acceptsBetween) {
      this.#held.add({ database, key, expireAtMs, value: cloneValue(value) });
    } else {
      this.#sink.writeValue(database, key, value, expireAtMs);
    }
  }

  #writePiece(): void {
    for (const entry of this.#large) {
      this.#isLargeBegun = !this.#sink.writePiece(entry);
      if (!this.#isLargeBegun) this.#large.delete(entry);
      return;
    }
  }

  #writeHeld(): void {
    let left = SCAN_STEP;
    for (const entry of this.#held) {
      this.#held.delete(entry);
      this.#sink.writeValue(entry.database, entry.key, entry.value, entry.expireAtMs);
      if (--left === 0) return;
    }
  }
}
