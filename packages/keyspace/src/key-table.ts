/**
 * The dictionary of a database as a hash table with two more columns: a meta word (24 bits of access clock, 8 of
 * snapshot epoch) and expiries, which exist only in segments where some key expires.
 *
 * Invariant: `expiringCount` is the sum of the segments' `numbered`.
 */

import { type EntryVisitor, type Key, type KeyDictionary, NO_EXPIRY } from './dictionary.ts';
import type { HashSeed } from './hash.ts';
import { HashTable } from './hash-table.ts';
import type { Layout } from './segment.ts';
import { scanSegments } from './segment-scan.ts';
import type { Value } from './values/value.ts';

const LAYOUT: Layout = { cellStride: 2, wordStride: 2, numbers: 'lazy' };
const ACCESS_MASK = 0xffffff;
const EPOCH_SHIFT = 24;

export class KeyTable implements KeyDictionary {
  expiringCount = 0;
  readonly #table: HashTable<Value>;

  constructor(seed?: HashSeed) {
    this.#table = new HashTable<Value>(LAYOUT, seed);
  }

  get size(): number {
    return this.#table.size;
  }

  find(key: Key): boolean {
    return this.#table.find(key);
  }

  findBytes(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#table.findBytes(bytes, start, end);
  }

  findRandom(random01: () => number): boolean {
    return this.#table.findRandom(random01);
  }

  insert(key: Key, value: Value, access: number, epoch: number): void {
    this.#table.insertMissing(key, value);
    this.#table.setFoundMeta((epoch << EPOCH_SHIFT) | access);
  }

  key(): Key {
    return this.#table.foundKey();
  }

  value(): Value {
    return this.#table.foundValue();
  }

  setValue(value: Value): void {
    this.#table.setFoundValue(value);
  }

  expireAtMs(): number {
    return this.#table.foundNumber();
  }

  setExpireAtMs(ms: number): void {
    const had = this.#table.foundNumber() !== NO_EXPIRY;
    this.#table.setFoundNumber(ms);
    if (had !== (ms !== NO_EXPIRY)) this.expiringCount += had ? -1 : 1;
  }

  access(): number {
    return this.#table.foundMeta() & ACCESS_MASK;
  }

  setAccess(access: number): void {
    this.#table.setFoundMeta((this.#table.foundMeta() & ~ACCESS_MASK) | access);
  }

  epoch(): number {
    return this.#table.foundMeta() >>> EPOCH_SHIFT;
  }

  setEpoch(epoch: number): void {
    this.#table.setFoundMeta((this.#table.foundMeta() & ACCESS_MASK) | (epoch << EPOCH_SHIFT));
  }

  remove(): void {
    if (this.#table.foundNumber() !== NO_EXPIRY) this.expiringCount--;
    this.#table.deleteFound();
  }

  clear(): void {
    this.#table.clear();
    this.expiringCount = 0;
  }

  scan(cursor: number, count: number, visit: (key: Key, value: Value) => void): number {
    return this.#table.scan(cursor, count, visit);
  }

  scanExpiring(cursor: number, steps: number, visit: (key: Key, expireAtMs: number) => void): number {
    return this.#table.scanNumbered(cursor, steps, visit);
  }

  scanUnmarked(cursor: number, count: number, epoch: number, visit: EntryVisitor): number {
    return scanSegments(this.#table, { cursor, count, isNumberedOnly: false }, ({ words, cells, numbers }, slot) => {
      const meta = words[slot * 2 + 1];
      if (meta >>> EPOCH_SHIFT === epoch) return;
      words[slot * 2 + 1] = (meta & ACCESS_MASK) | (epoch << EPOCH_SHIFT);
      // The cells of a full slot are a key and what was inserted with it.
      visit(cells[slot * 2] as Key, cells[slot * 2 + 1] as Value, numbers === null ? NO_EXPIRY : numbers[slot]);
    });
  }

  markAll(epoch: number): void {
    if (this.size === 0) return;
    for (const { words, capacity } of this.#table.segments()) {
      for (let slot = 0; slot < capacity; slot++) {
        if (words[slot * 2] !== 0) words[slot * 2 + 1] = (words[slot * 2 + 1] & ACCESS_MASK) | (epoch << EPOCH_SHIFT);
      }
    }
  }

  keys(): Iterable<Key> {
    return this.#table.keys();
  }

  memoryBytes(): number {
    return this.#table.memoryBytes();
  }
}
