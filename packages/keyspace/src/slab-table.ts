/**
 * The dictionary of a database with keys and string values as bytes outside the heap: no object per key, so that nothing
 * is left for the garbage collector, and a SET of a value of about the same length writes over the old one.
 *
 * Entries are found through a SlabIndex. An entry's meta word is 24 bits of access clock and 8 of snapshot epoch. Collections
 * and strings that change in place are objects. Expiries are the index's lazy numbers.
 *
 * Invariant: `expiringCount` is the sum of the segments' `numbered`.
 */

import { type BytesVisitor, type EntryVisitor, type Key, type KeyDictionary, NO_EXPIRY } from './dictionary.ts';
import { defaultHashSeed, type HashSeed, hashBytes } from './hash.ts';
import type { Segment } from './segment.ts';
import { scanSegments } from './segment-scan.ts';
import { SlabEntries } from './slab-entries.ts';
import { SlabIndex } from './slab-index.ts';
import type { Value } from './values/value.ts';

const ACCESS_MASK = 0xffffff;
const EPOCH_SHIFT = 24;
const LEAST_PAGE_BYTES = 16 * 1024;
/** A string counts as one entry more for so many bytes. */
const WEIGHT_SHIFT = 11;
/** Keys whose places are fetched together. */
const FORESEEN_KEYS = 16;
/** Entries of a full visit that are fetched together. */
const VISIT_STEP = 32;

export class SlabTable implements KeyDictionary {
  expiringCount = 0;
  readonly #seed: HashSeed;
  #index: SlabIndex<Value>;
  /** Hashes of keys that are foreseen, until there are enough to fetch their places together. */
  readonly #foreseen = new Int32Array(FORESEEN_KEYS);
  #foreseenCount = 0;

  constructor(seed: HashSeed = defaultHashSeed()) {
    this.#seed = seed;
    this.#index = emptyIndex(seed);
  }

  get size(): number {
    return this.#index.size;
  }

  // Searching ---------------------------------------------------------------------------------------------------------

  find(key: Key): boolean {
    return this.#index.find(key);
  }

  findBytes(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#index.findBytes(bytes, start, end);
  }

  findRandom(random01: () => number): boolean {
    if (!this.#index.table.findRandom(random01)) return false;
    this.#index.useFound();
    return true;
  }

  // The found entry ---------------------------------------------------------------------------------------------------

  key(): Key {
    return this.#index.entries.key();
  }

  value(): Value {
    return this.#index.entries.value();
  }

  setValue(value: Value): void {
    this.#index.setFoundValue(value);
  }

  setValueBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#index.setFoundValueBytes(bytes, start, end);
  }

  expireAtMs(): number {
    return this.#index.table.foundNumber();
  }

  setExpireAtMs(ms: number): void {
    const had = this.#index.table.foundNumber() !== NO_EXPIRY;
    this.#index.table.setFoundNumber(ms);
    if (had !== (ms !== NO_EXPIRY)) this.expiringCount += had ? -1 : 1;
  }

  access(): number {
    return this.#index.entries.meta & ACCESS_MASK;
  }

  setAccess(access: number): void {
    this.#index.entries.meta = (this.#index.entries.meta & ~ACCESS_MASK) | access;
  }

  epoch(): number {
    return this.#index.entries.meta >>> EPOCH_SHIFT;
  }

  setEpoch(epoch: number): void {
    this.#index.entries.meta = (this.#index.entries.meta & ACCESS_MASK) | (epoch << EPOCH_SHIFT);
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  insert(key: Key, value: Value, access: number, epoch: number): void {
    this.#index.table.insertMissingMeta(this.#index.entries.create(key, value));
    this.#index.entries.meta = (epoch << EPOCH_SHIFT) | access;
  }

  insertBytes(bytes: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    this.#index.table.insertMissingMeta(
      this.#index.entries.createOfBytes(bytes, keyStart, keyEnd, valueStart, valueEnd),
    );
    this.#index.entries.meta = 0;
  }

  remove(): void {
    if (this.#index.table.foundNumber() !== NO_EXPIRY) this.expiringCount--;
    this.#index.removeFound();
  }

  clear(): void {
    this.#index = emptyIndex(this.#seed);
    this.expiringCount = 0;
  }

  foreseeBytes(bytes: Uint8Array, start: number, end: number): void {
    const foreseen = this.#foreseen;
    foreseen[this.#foreseenCount++] = hashBytes(bytes, start, end, this.#seed);
    if (this.#foreseenCount < foreseen.length) return;
    this.#foreseenCount = 0;
    this.#index.touchHomes(foreseen);
  }

  reserve(count: number): void {
    this.#index.table.reserve(count);
  }

  // Visiting ----------------------------------------------------------------------------------------------------------

  scan(cursor: number, count: number, visit: (key: Key, value: Value) => void): number {
    return scanSegments(this.#index.table, { cursor, count, isNumberedOnly: false }, (segment, slot) => {
      this.#index.useSlot(segment, slot);
      visit(this.key(), this.value());
    });
  }

  scanExpiring(cursor: number, steps: number, visit: (key: Key, expireAtMs: number) => void): number {
    return scanSegments(this.#index.table, { cursor, count: steps, isNumberedOnly: true }, (segment, slot) => {
      this.#index.useSlot(segment, slot);
      visit(this.key(), expiryAt(segment, slot));
    });
  }

  scanUnmarked(cursor: number, count: number, epoch: number, visit: EntryVisitor, visitBytes?: BytesVisitor): number {
    this.#index.warm(cursor, count);
    const weigh = (segment: Segment, slot: number) => this.#weight(segment, slot);
    return scanSegments(this.#index.table, { cursor, count, isNumberedOnly: false, weigh }, (segment, slot) => {
      this.#index.useSlot(segment, slot);
      if (this.epoch() === epoch) return;
      this.setEpoch(epoch);
      this.#visit(expiryAt(segment, slot), visit, visitBytes);
    });
  }

  #weight(segment: Segment, slot: number): number {
    const { entries } = this.#index;
    this.#index.useSlot(segment, slot);
    if (entries.isBytes) return 1 + ((entries.valueEnd - entries.valueStart) >>> WEIGHT_SHIFT);
    const value = entries.value();
    return typeof value === 'string' ? 1 + (value.length >>> WEIGHT_SHIFT) : 1;
  }

  visitFound(visit: EntryVisitor, visitBytes?: BytesVisitor): void {
    this.#visit(this.expireAtMs(), visit, visitBytes);
  }

  visitAll(visit: EntryVisitor, visitBytes?: BytesVisitor): void {
    const visitSlot = (segment: Segment, slot: number): void => {
      this.#index.useSlot(segment, slot);
      this.#visit(expiryAt(segment, slot), visit, visitBytes);
    };
    let cursor = 0;
    do {
      this.#index.warm(cursor, VISIT_STEP);
      cursor = scanSegments(this.#index.table, { cursor, count: VISIT_STEP, isNumberedOnly: false }, visitSlot);
    } while (cursor !== 0);
  }

  #visit(expireAtMs: number, visit: EntryVisitor, visitBytes: BytesVisitor | undefined): void {
    const entries = this.#index.entries;
    if (visitBytes === undefined || !entries.isBytes) return visit(this.key(), this.value(), expireAtMs);
    visitBytes(entries.bytes, entries.keyStart, entries.valueStart, entries.valueEnd, expireAtMs);
  }

  markAll(epoch: number): void {
    for (const { segment, slot } of this.#index.table.slots()) {
      this.#index.useSlot(segment, slot);
      this.setEpoch(epoch);
    }
  }

  *keys(): Generator<Key> {
    for (const { segment, slot } of this.#index.table.slots()) {
      this.#index.useSlot(segment, slot);
      yield this.key();
    }
  }

  memoryBytes(): number {
    return this.#index.memoryBytes();
  }
}

function emptyIndex(seed: HashSeed): SlabIndex<Value> {
  return SlabIndex.empty('lazy', new SlabEntries<Value>(1, LEAST_PAGE_BYTES), seed);
}

function expiryAt({ numbers }: Segment, slot: number): number {
  return numbers === null ? NO_EXPIRY : numbers[slot];
}
