/**
 * A large table of byte strings, alone, with a string each, or with a double each, all of them bytes outside the heap: what
 * sets, hashes and sorted sets become when they are large. It does what HashTable does, a little slower and in
 * half the memory, and leaves nothing for the garbage collector, which would stop the server for longer the larger they are.
 *
 * Entries are found through a SlabIndex. Doubles are the index's numbers. frozen-entries.ts reads one as it was at a moment.
 */

import { FrozenEntries } from './frozen-entries.ts';
import { defaultHashSeed, type HashSeed } from './hash.ts';
import type { HashTable } from './hash-table.ts';
import type { Segment } from './segment.ts';
import { scanSegments, visitScattered } from './segment-scan.ts';
import { SlabEntries } from './slab-entries.ts';
import { SlabIndex } from './slab-index.ts';

const LEAST_PAGE_BYTES = 1024;

/** What a key comes with. */
type Kind = 'keys' | 'strings' | 'numbers';

/** Tests the key that is the bytes `start` to `end` (exclusive), where it lies. */
export type KeyBytesTest = (bytes: Uint8Array, start: number, end: number) => boolean;

/** From so many entries on a table of strings and objects becomes one of bytes. */
export const LARGE_TABLE = 512;

export class ByteTable<V extends string | number | undefined> {
  readonly #kind: Kind;
  readonly #index: SlabIndex<string>;

  private constructor(kind: Kind, index: SlabIndex<string>) {
    this.#kind = kind;
    this.#index = index;
  }

  static #empty<V extends string | number | undefined>(kind: Kind, seed: HashSeed): ByteTable<V> {
    const entries = new SlabEntries<string>(0, LEAST_PAGE_BYTES);
    return new ByteTable<V>(kind, SlabIndex.empty(kind === 'numbers' ? 'always' : 'never', entries, seed));
  }

  /** A set of keys: `add`, `has`, `delete`. */
  static ofKeys(seed: HashSeed = defaultHashSeed()): ByteTable<undefined> {
    return ByteTable.#empty<undefined>('keys', seed);
  }

  /** Keys to byte strings. */
  static ofStrings(seed: HashSeed = defaultHashSeed()): ByteTable<string> {
    return ByteTable.#empty<string>('strings', seed);
  }

  /** Keys to doubles. */
  static ofNumbers(seed: HashSeed = defaultHashSeed()): ByteTable<number> {
    return ByteTable.#empty<number>('numbers', seed);
  }

  /** The same keys and values as in `table`, with its layout of values. */
  static fromKeys(table: HashTable<undefined>): ByteTable<undefined> {
    const copy = ByteTable.ofKeys();
    table.forEachScattered((key) => {
      copy.add(key);
    });
    return copy;
  }

  static fromStrings(table: HashTable<string>): ByteTable<string> {
    const copy = ByteTable.ofStrings();
    table.forEachScattered((key, value) => {
      copy.set(key, value);
    });
    return copy;
  }

  get size(): number {
    return this.#index.size;
  }

  // Searching ---------------------------------------------------------------------------------------------------------

  /** Whether `key` is present; if so it is the found entry. */
  find(key: string): boolean {
    return this.#index.find(key);
  }

  has(key: string): boolean {
    return this.find(key);
  }

  /** Whether the key is present whose bytes are `start` to `end` (exclusive). */
  hasBytes(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#index.findBytes(bytes, start, end);
  }

  get(key: string): V | undefined {
    return this.find(key) ? this.foundValue() : undefined;
  }

  foundKey(): string {
    this.#index.useFound();
    return this.#index.entries.key();
  }

  foundValue(): V {
    return this.#valueAt(this.#index.table.foundSegment, this.#index.table.foundSlot);
  }

  /** The found entry's address: it stays until the entry is removed, and, where it has a string, until that is set. */
  foundAddress(): number {
    return this.#index.table.foundMeta() | 0;
  }

  setFoundValue(value: V): void {
    if (typeof value === 'number') {
      this.#index.table.setFoundValue(value);
    } else if (typeof value === 'string') {
      this.#index.useFound();
      this.#index.setFoundValue(value);
    }
  }

  /** The key of the entry at `address`. */
  keyAt(address: number): string {
    this.#index.entries.use(address);
    return this.#index.entries.key();
  }

  /**
   * The key of the entry at `address` where it lies, from `keyStart` to `valueStart`; undefined where it is not bytes. To be used before
   * anything else is looked up in the table.
   */
  keyPlace(
    address: number,
  ): { readonly bytes: Uint8Array; readonly keyStart: number; readonly valueStart: number } | undefined {
    const { entries } = this.#index;
    entries.use(address);
    return entries.isBytes ? entries : undefined;
  }

  /** Reads a word of the entry at `address`, so that it is near when it is asked for; answers the word. */
  touch(address: number): number {
    return this.#index.entries.touch(address);
  }

  /** Compares the key of the entry at `address` with `key`, byte by byte: below 0, 0 or above 0. */
  compareKey(address: number, key: string): number {
    return this.#index.entries.compareKey(address, key);
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  /** Sets the value of `key`; answers whether the key is new. */
  set(key: string, value: V): boolean {
    if (this.find(key)) {
      this.setFoundValue(value);
      return false;
    }
    this.insertMissing(key, value);
    return true;
  }

  /** Adds `key` to a set of keys; answers whether it is new. */
  add(key: string): boolean {
    if (this.find(key)) return false;
    this.insertMissing(key);
    return true;
  }

  /** Inserts the key that the last `find` did not find; it becomes the found entry. */
  insertMissing(key: string, value?: V): void {
    this.#index.table.insertMissingMeta(this.#index.entries.create(key, typeof value === 'string' ? value : ''));
    if (typeof value === 'number') this.#index.table.setFoundValue(value);
  }

  delete(key: string): boolean {
    if (!this.find(key)) return false;
    this.deleteFound();
    return true;
  }

  /** Removes the found entry. */
  deleteFound(): void {
    this.#index.removeFound();
  }

  /** A table with the same entries at the same addresses. */
  clone(): ByteTable<V> {
    return new ByteTable<V>(this.#kind, this.#index.clone(SlabEntries.copy(this.#index.entries, LEAST_PAGE_BYTES)));
  }

  /** The entries as they are now, to be read later, whatever happens to the table meanwhile. O(segments). One view at a time. */
  freeze(): FrozenEntries<V> {
    return new FrozenEntries<V>(this.#index, this.#kind === 'strings');
  }

  // Visiting ----------------------------------------------------------------------------------------------------------

  /** Visits every entry, in no order. Nothing may be changed meanwhile. */
  forEach(visit: (key: string, value: V) => void): void {
    for (const { segment, slot } of this.#index.table.slots())
      visit(this.#keyOf(segment, slot), this.#valueAt(segment, slot));
  }

  /** The keys, in an order in which they may be put into another table. */
  forEachScattered(visit: (key: string) => void): void {
    visitScattered(this.#index.table, (segment, slot) => visit(this.#keyOf(segment, slot)));
  }

  /**
   * Whether a test holds for any key; ends with the first one. Those that lie as bytes go to `testBytes`, which may look up keys in
   * any table.
   */
  someKey(test: (key: string) => boolean, testBytes: KeyBytesTest): boolean {
    const { table, entries } = this.#index;
    for (const { segment, slot } of table.slots()) {
      this.#index.useSlot(segment, slot);
      const holds = entries.isBytes
        ? testBytes(entries.bytes, entries.keyStart, entries.valueStart)
        : test(entries.key());
      if (holds) return true;
    }
    return false;
  }

  *keys(): Generator<string> {
    for (const { segment, slot } of this.#index.table.slots()) yield this.#keyOf(segment, slot);
  }

  *entries(): Generator<[string, V]> {
    for (const { segment, slot } of this.#index.table.slots())
      yield [this.#keyOf(segment, slot), this.#valueAt(segment, slot)];
  }

  /** As HashTable's. */
  scan(cursor: number, count: number, visit: (key: string, value: V) => void): number {
    return scanSegments(this.#index.table, { cursor, count, isNumberedOnly: false }, (segment, slot) =>
      visit(this.#keyOf(segment, slot), this.#valueAt(segment, slot)),
    );
  }

  /** As HashTable's. */
  findRandom(random01: () => number): boolean {
    return this.#index.table.findRandom(random01);
  }

  /** A random key, or undefined when there is none. */
  random(random01: () => number): string | undefined {
    return this.findRandom(random01) ? this.foundKey() : undefined;
  }

  /** Removes a random key and answers it, or undefined when there is none. */
  popRandom(random01: () => number): string | undefined {
    const key = this.random(random01);
    if (key !== undefined) this.deleteFound();
    return key;
  }

  /** About how many bytes the table takes, its keys and strings included. */
  memoryBytes(): number {
    return this.#index.memoryBytes();
  }

  #keyOf(segment: Segment, slot: number): string {
    this.#index.useSlot(segment, slot);
    return this.#index.entries.key();
  }

  #valueAt(segment: Segment, slot: number): V {
    // Which of the three it is, is decided with the type parameter, by the factory.
    if (this.#kind !== 'strings') return (segment.numbers === null ? undefined : segment.numbers[slot]) as V;
    this.#index.useSlot(segment, slot);
    return this.#index.entries.value() as V;
  }
}
