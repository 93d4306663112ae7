/**
 * The data set that a log makes, in bounded memory: all of it or, once it takes more than it may, a sample of its keys.
 *
 * A key is followed by the bits of its hash, so that all records about it are replayed or none. When the data set is too
 * large, half of the followed keys are let go; those that are large by themselves stay, for an estimate from a sample errs
 * by its largest values. A key stands for as many keys as made it one of those that were followed when it became certain to
 * be, so that sums over the followed keys, times `weightOf(key)`, err to neither side.
 *
 * Invariants: as long as `oneIn` is 1 the data set is what a server would have; memory is checked before the log has
 * brought enough to outgrow the limit by a quarter, unless records make values far larger than themselves (SETRANGE, COPY).
 */
import { type Database, NO_EXPIRY, typeName, type Value, valueBytes } from '@aof/keyspace';
import type { RdbKeyEntry } from '@aof/rdb';
import type { Request } from '@aof/resp-codec';
import { Replay, type ReplayOutcome } from '../replay.ts';

/** What a byte of the log can take in memory, as small keys and values, with what stands around them. */
const EXPANSION = 4;
/** Memory is let grow so far beyond the limit before it is measured again. */
const SLACK = 1.25;
/** Keys that take more than this part of the limit are not let go … */
const LARGE_PART = 1024;
/** … the largest first, as long as they take no more than this part together. */
const KEPT_PART = 4;
/** Strings shorter than this are kept with their keys. */
const SLAB_BYTES = 8 * 1024;
/** Keys visited at once. */
const SCAN_KEYS = 1024;
/** 2^20 is one key in a million. */
const MAX_HALVINGS = 20;

export class FollowedKeys {
  readonly replay: Replay;
  readonly #limitBytes: number;
  #halvings = 0;
  /** Large keys that are followed although their hash says no, with how many keys they stand for. */
  #kept = new Map<string, number>();
  #measuredBytes = 0;
  #bytesSince = 0;

  /** @param limitBytes what the data set may take in memory, about */
  constructor(nowMs: number, limitBytes: number) {
    this.replay = new Replay(nowMs);
    this.#limitBytes = limitBytes;
  }

  /** Of so many keys one is followed. */
  get oneIn(): number {
    return 2 ** this.#halvings;
  }

  /** How many keys a followed key stands for; 0: it is not followed. */
  weightOf(key: string): number {
    if (this.#halvings === 0) return 1;
    return this.#kept.get(key) ?? (isIn(this.oneIn, key) ? this.oneIn : 0);
  }

  follows(key: string): boolean {
    return this.weightOf(key) > 0;
  }

  /** The database that the next record works on. */
  get database(): Database | undefined {
    return this.replay.keyspace.databases[this.replay.database];
  }

  /** @param keys those of the record; none: the record is about more than keys */
  apply(request: Request, keys: readonly { readonly key: string }[]): ReplayOutcome | undefined {
    this.#bytesSince += request.rawEnd - request.rawStart;
    if (this.#halvings === 0 || keys.length === 0) return this.replay.apply(request);
    if (!keys.some(({ key }) => this.follows(key))) return undefined;
    const outcome = this.replay.apply(request);
    for (const { key } of keys) if (!this.follows(key)) this.database?.remove(key);
    return outcome;
  }

  /** @returns why it cannot be, or undefined @throws RdbError */
  applyEntry(entry: RdbKeyEntry, fileBytes: number): string | undefined {
    this.#bytesSince += fileBytes;
    return this.follows(entry.key) ? this.replay.applyEntry(entry) : undefined;
  }

  /** Between records: lets keys go if there are too many. */
  keepWithinLimit(): void {
    while (this.#measuredBytes + EXPANSION * this.#bytesSince > SLACK * this.#limitBytes) {
      this.#measuredBytes = this.#measure();
      this.#bytesSince = 0;
      if (this.#measuredBytes <= this.#limitBytes || this.#halvings >= MAX_HALVINGS) return;
      this.#halve();
    }
  }

  #measure(): number {
    let sum = 0;
    for (const db of this.replay.keyspace.databases) {
      if (db.size === 0) continue;
      sum += db.memoryBytes();
      const add = (_: string, value: Value): void => {
        sum += bytesBesideSlabs(value);
      };
      throughout((cursor) => db.dictionary.scan(cursor, SCAN_KEYS, add));
    }
    return sum;
  }

  /** Moves the keys that are still followed to new dictionaries, for removals alone would leave memory in holes. */
  #halve(): void {
    this.#kept = this.#largest();
    this.#halvings++;
    for (const db of this.replay.keyspace.databases) {
      if (db.size === 0) continue;
      const { dictionary } = db;
      db.flush();
      const take = (key: string, value: Value, expireAtMs: number): void => {
        if (!this.follows(key)) return;
        db.set(key, value);
        if (expireAtMs !== NO_EXPIRY) db.setExpire(key, expireAtMs);
      };
      throughout((cursor) => dictionary.scanUnmarked(cursor, SCAN_KEYS, VISITED, take));
    }
    this.#measuredBytes = this.#measure();
  }

  /** The largest keys, together no more than their part, with how many keys each has stood for so far. */
  #largest(): Map<string, number> {
    const found: { readonly key: string; readonly bytes: number }[] = [];
    const see = (key: string, value: Value): void => {
      const bytes = valueBytes(value);
      if (bytes >= this.#limitBytes / LARGE_PART) found.push({ key, bytes });
    };
    for (const { size, dictionary } of this.replay.keyspace.databases) {
      if (size > 0) throughout((cursor) => dictionary.scan(cursor, SCAN_KEYS, see));
    }
    let left = this.#limitBytes / KEPT_PART;
    const kept = new Map<string, number>();
    for (const { key, bytes } of found.sort((a, b) => b.bytes - a.bytes)) {
      left -= bytes;
      if (left < 0) break;
      kept.set(key, this.weightOf(key));
    }
    return kept;
  }
}

/** An epoch that no entry has: nothing takes snapshots while a log is replayed. */
const VISITED = 255;

/** Calls `scan` with its last answer, from 0 until that is 0. */
function throughout(scan: (cursor: number) => number): void {
  let cursor = 0;
  do cursor = scan(cursor);
  while (cursor !== 0);
}

/** Short strings are in the memory of their database. */
function bytesBesideSlabs(value: Value): number {
  return typeof value === 'string' && value.length < SLAB_BYTES ? 0 : valueBytes(value);
}

/** The type of what a key holds, or undefined. */
export function typeAt(db: Database | undefined, key: string): string | undefined {
  const value = db?.peek(key);
  return value === undefined ? undefined : typeName(value);
}

/** Whether the key is one of every so many. @param oneIn a power of two */
function isIn(oneIn: number, key: string): boolean {
  return (hashOf(key) & (oneIn - 1)) === 0;
}

/** FNV-1a, finished so that its low bits depend on all of the key. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
