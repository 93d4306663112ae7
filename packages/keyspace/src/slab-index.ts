/**
 * Where the entries of a table of bytes are: a hash table of two words per slot, the hash and the entry's address
 * (slab-entries.ts). What a dictionary (slab-table.ts) and a large collection (byte-table.ts) have in common.
 *
 * `find` and `findBytes` leave the entry that they found in use, in `table` as its found entry and in `entries`.
 *
 * Invariant: each full slot of the table has an address, which no other has.
 */

import type { Key } from './dictionary.ts';
import { type HashSeed, hashBytes, hashString } from './hash.ts';
import { HashTable } from './hash-table.ts';
import { homeSlot, type Layout, type Segment } from './segment.ts';
import type { SlabEntries } from './slab-entries.ts';

export class SlabIndex<V extends object | string> {
  readonly table: HashTable<number>;
  readonly entries: SlabEntries<V>;
  readonly #seed: HashSeed;
  /** Keeps the compiler from leaving out what `warm` and `touchHomes` read. */
  lastTouched = 0;

  /** @param table of hashes made with `seed`, without cells and with two words */
  constructor(table: HashTable<number>, entries: SlabEntries<V>, seed: HashSeed) {
    this.table = table;
    this.entries = entries;
    this.#seed = seed;
  }

  /** An index of nothing. @param numbers the number column of its table */
  static empty<V extends object | string>(
    numbers: Layout['numbers'],
    entries: SlabEntries<V>,
    seed: HashSeed,
  ): SlabIndex<V> {
    return new SlabIndex<V>(new HashTable<number>({ cellStride: 0, wordStride: 2, numbers }, seed), entries, seed);
  }

  get size(): number {
    return this.table.size;
  }

  find(key: Key): boolean {
    const { table, entries } = this;
    const hash = hashString(key, this.#seed);
    const segment = table.segmentAt(hash);
    const { words, capacity } = segment;
    let slot = homeSlot(hash, segment.depth, capacity);
    // The same search as in findBytes: a test that is passed in would cost this loop more than what it does.
    for (;;) {
      const word = words[slot * 2];
      if (word === 0 || (word === hash && entries.isKey(words[slot * 2 + 1], key))) break;
      slot = slot + 1 === capacity ? 0 : slot + 1;
    }
    return found(table, segment, slot, hash);
  }

  /** `find` for the key whose bytes are `start` to `end` (exclusive). */
  findBytes(bytes: Uint8Array, start: number, end: number): boolean {
    const { table, entries } = this;
    const hash = hashBytes(bytes, start, end, this.#seed);
    const segment = table.segmentAt(hash);
    const { words, capacity } = segment;
    let slot = homeSlot(hash, segment.depth, capacity);
    for (;;) {
      const word = words[slot * 2];
      if (word === 0 || (word === hash && entries.isKeyOfBytes(words[slot * 2 + 1], bytes, start, end))) break;
      slot = slot + 1 === capacity ? 0 : slot + 1;
    }
    return found(table, segment, slot, hash);
  }

  /**
   * Touches where the searches for keys with these hashes will begin, as `warm` does with entries: in a loop so short that the processor is
   * in many of its rounds at a time.
   */
  touchHomes(hashes: Int32Array): void {
    const { table } = this;
    let read = 0;
    for (let i = 0; i < hashes.length; i++) {
      const hash = hashes[i];
      const { words, capacity, depth } = table.segmentAt(hash);
      read ^= words[homeSlot(hash, depth, capacity) * 2];
    }
    this.lastTouched = read;
  }

  /** Uses the found entry, for whoever has not just searched. */
  useFound(): void {
    this.entries.use(this.table.foundMeta());
  }

  /** Uses the entry of a full slot. */
  useSlot({ words }: Segment, slot: number): void {
    this.entries.use(words[slot * 2 + 1]);
  }

  /**
   * Touches about the next `count` entries from the position `from` in the order of hashes on, for whoever visits them now. They lie
   * anywhere in memory: here nothing waits for what is read, so the processor fetches several at a time, where a visit waits for each.
   */
  warm(from: number, count: number): void {
    const { words, capacity, depth } = this.table.segmentAt(from);
    const { entries } = this;
    let left = count;
    let read = 0;
    for (let slot = homeSlot(from, depth, capacity); slot < capacity && left > 0; slot++) {
      if (words[slot * 2] === 0) continue;
      read ^= entries.touch(words[slot * 2 + 1]);
      left--;
    }
    this.lastTouched = read;
  }

  /** Sets the value of the found entry, which is in use. */
  setFoundValue(value: V | string): void {
    const address = this.table.foundMeta();
    const moved = this.entries.setValue(address, value);
    if (moved !== address) this.table.setFoundMeta(moved);
  }

  /** `setFoundValue` of the bytes `start` to `end` (exclusive). */
  setFoundValueBytes(bytes: Uint8Array, start: number, end: number): void {
    const address = this.table.foundMeta();
    const moved = this.entries.setValueBytes(address, bytes, start, end);
    if (moved !== address) this.table.setFoundMeta(moved);
  }

  /** Removes the found entry. */
  removeFound(): void {
    this.entries.remove(this.table.foundMeta());
    this.table.deleteFound();
  }

  /** An index of `entries`, a copy of this one's with the same addresses. */
  clone(entries: SlabEntries<V>): SlabIndex<V> {
    return new SlabIndex<V>(this.table.clone(), entries, this.#seed);
  }

  memoryBytes(): number {
    return this.table.memoryBytes() + this.entries.memoryBytes();
  }
}

function found(table: HashTable<number>, segment: Segment, slot: number, hash: number): boolean {
  table.setFound(segment, slot, hash);
  return segment.words[slot * 2] !== 0;
}
