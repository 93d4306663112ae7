/**
 * The dictionary of a database with keys and string values as bytes outside the heap: no object per key, so that nothing
 * is left for the garbage collector, and a SET of a value of about the same length writes over the old one.
 *
 * The index is a hash table of two words per slot: the hash, and the entry's address (slab-entries.ts). An entry's meta word is
 * 24 bits of access clock and 8 of snapshot epoch. Collections and strings that change in place are objects. Expiries are the
 * index's lazy numbers.
 *
 * Invariants: each full slot of the index has an address, which no other has; `expiringCount` is the sum of the segments' `numbered`.
 */

import { type BytesVisitor, type EntryVisitor, type Key, type KeyDictionary, NO_EXPIRY } from './dictionary.ts';
import { defaultHashSeed, type HashSeed, hashBytes, hashString } from './hash.ts';
import { HashTable } from './hash-table.ts';
import { homeSlot, type Layout } from './segment.ts';
import { scanSegments } from './segment-scan.ts';
import { SlabEntries } from './slab-entries.ts';
import type { Value } from './values/value.ts';

const LAYOUT: Layout = { cellStride: 0, wordStride: 2, numbers: 'lazy' };
const ACCESS_MASK = 0xffffff;
const EPOCH_SHIFT = 24;
const LEAST_PAGE_BYTES = 16 * 1024;

export class SlabTable implements KeyDictionary {
  expiringCount = 0;
  readonly #seed: HashSeed;
  readonly #index: HashTable<never>;
  #entries = new SlabEntries<Value>(1, LEAST_PAGE_BYTES);

  constructor(seed: HashSeed = defaultHashSeed()) {
    this.#seed = seed;
    this.#index = new HashTable<never>(LAYOUT, seed);
  }

  get size(): number {
    return this.#index.size;
  }

  // Searching ---------------------------------------------------------------------------------------------------------

  find(key: Key): boolean {
    const hash = hashString(key, this.#seed);
    const segment = this.#index.segmentAt(hash);
    const { words, capacity } = segment;
    const entries = this.#entries;
    let slot = homeSlot(hash, segment.depth, capacity);
    for (;;) {
      const word = words[slot * 2];
      if (word === 0 || (word === hash && entries.isKey(words[slot * 2 + 1], key))) {
        this.#index.setFound(segment, slot, hash);
        return word !== 0;
      }
      slot++;
      if (slot === capacity) slot = 0;
    }
  }

  findBytes(bytes: Uint8Array, start: number, end: number): boolean {
    const hash = hashBytes(bytes, start, end, this.#seed);
    const segment = this.#index.segmentAt(hash);
    const { words, capacity } = segment;
    const entries = this.#entries;
    let slot = homeSlot(hash, segment.depth, capacity);
    for (;;) {
      const word = words[slot * 2];
      if (word === 0 || (word === hash && entries.isKeyOfBytes(words[slot * 2 + 1], bytes, start, end))) {
        this.#index.setFound(segment, slot, hash);
        return word !== 0;
      }
      slot++;
      if (slot === capacity) slot = 0;
    }
  }

  findRandom(random01: () => number): boolean {
    if (!this.#index.findRandom(random01)) return false;
    this.#entries.use(this.#index.foundMeta());
    return true;
  }

  // The found entry ---------------------------------------------------------------------------------------------------

  key(): Key {
    return this.#entries.key();
  }

  value(): Value {
    return this.#entries.value();
  }

  setValue(value: Value): void {
    const address = this.#index.foundMeta();
    const moved = this.#entries.setValue(address, value);
    if (moved !== address) this.#index.setFoundMeta(moved);
  }

  setValueBytes(bytes: Uint8Array, start: number, end: number): void {
    const address = this.#index.foundMeta();
    const moved = this.#entries.setValueBytes(address, bytes, start, end);
    if (moved !== address) this.#index.setFoundMeta(moved);
  }

  expireAtMs(): number {
    return this.#index.foundNumber();
  }

  setExpireAtMs(ms: number): void {
    const had = this.#index.foundNumber() !== NO_EXPIRY;
    this.#index.setFoundNumber(ms);
    if (had !== (ms !== NO_EXPIRY)) this.expiringCount += had ? -1 : 1;
  }

  access(): number {
    return this.#entries.meta & ACCESS_MASK;
  }

  setAccess(access: number): void {
    this.#entries.meta = (this.#entries.meta & ~ACCESS_MASK) | access;
  }

  epoch(): number {
    return this.#entries.meta >>> EPOCH_SHIFT;
  }

  setEpoch(epoch: number): void {
    this.#entries.meta = (this.#entries.meta & ACCESS_MASK) | (epoch << EPOCH_SHIFT);
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  insert(key: Key, value: Value, access: number, epoch: number): void {
    this.#index.insertMissingMeta(this.#entries.create(key, value));
    this.#entries.meta = (epoch << EPOCH_SHIFT) | access;
  }

  insertBytes(bytes: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    this.#index.insertMissingMeta(this.#entries.createOfBytes(bytes, keyStart, keyEnd, valueStart, valueEnd));
    this.#entries.meta = 0;
  }

  remove(): void {
    if (this.#index.foundNumber() !== NO_EXPIRY) this.expiringCount--;
    this.#entries.remove(this.#index.foundMeta());
    this.#index.deleteFound();
  }

  clear(): void {
    this.#index.clear();
    this.#entries = new SlabEntries<Value>(1, LEAST_PAGE_BYTES);
    this.expiringCount = 0;
  }

  // Visiting ----------------------------------------------------------------------------------------------------------

  scan(cursor: number, count: number, visit: (key: Key, value: Value) => void): number {
    return scanSegments(this.#index, { cursor, count, isNumberedOnly: false }, ({ words }, slot) => {
      this.#entries.use(words[slot * 2 + 1]);
      visit(this.key(), this.value());
    });
  }

  scanExpiring(cursor: number, steps: number, visit: (key: Key, expireAtMs: number) => void): number {
    return scanSegments(this.#index, { cursor, count: steps, isNumberedOnly: true }, ({ words, numbers }, slot) => {
      this.#entries.use(words[slot * 2 + 1]);
      visit(this.key(), numbers === null ? NO_EXPIRY : numbers[slot]);
    });
  }

  scanUnmarked(cursor: number, count: number, epoch: number, visit: EntryVisitor, visitBytes?: BytesVisitor): number {
    return scanSegments(this.#index, { cursor, count, isNumberedOnly: false }, ({ words, numbers }, slot) => {
      this.#entries.use(words[slot * 2 + 1]);
      if (this.epoch() === epoch) return;
      this.setEpoch(epoch);
      this.#visit(numbers === null ? NO_EXPIRY : numbers[slot], visit, visitBytes);
    });
  }

  visitFound(visit: EntryVisitor, visitBytes?: BytesVisitor): void {
    this.#visit(this.expireAtMs(), visit, visitBytes);
  }

  visitAll(visit: EntryVisitor, visitBytes?: BytesVisitor): void {
    if (this.size === 0) return;
    for (const { words, numbers, capacity } of this.#index.segments()) {
      for (let slot = 0; slot < capacity; slot++) {
        if (words[slot * 2] === 0) continue;
        this.#entries.use(words[slot * 2 + 1]);
        this.#visit(numbers === null ? NO_EXPIRY : numbers[slot], visit, visitBytes);
      }
    }
  }

  #visit(expireAtMs: number, visit: EntryVisitor, visitBytes: BytesVisitor | undefined): void {
    const entries = this.#entries;
    if (visitBytes === undefined || !entries.isBytes) return visit(this.key(), this.value(), expireAtMs);
    visitBytes(entries.bytes, entries.keyStart, entries.valueStart, entries.valueEnd, expireAtMs);
  }

  markAll(epoch: number): void {
    for (const address of this.#addresses()) {
      this.#entries.use(address);
      this.setEpoch(epoch);
    }
  }

  *keys(): Generator<Key> {
    for (const address of this.#addresses()) {
      this.#entries.use(address);
      yield this.key();
    }
  }

  *#addresses(): Generator<number> {
    if (this.size === 0) return;
    for (const { words, capacity } of this.#index.segments()) {
      for (let slot = 0; slot < capacity; slot++) if (words[slot * 2] !== 0) yield words[slot * 2 + 1];
    }
  }

  memoryBytes(): number {
    return this.#index.memoryBytes() + this.#entries.memoryBytes();
  }
}
