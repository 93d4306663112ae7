/**
 * A hash table from byte strings to values, by extendible hashing: a directory of 2^g pointers, indexed by the top g bits
 * of the hash, to segments (see segment.ts). A full segment is replaced by a larger one or by two; no operation ever
 * moves more than about four thousand entries, so none stalls, however large the table.
 *
 * Scanning needs no state: a cursor is a position in the space of hashes (0 … 2^32), and each call visits whole home
 * slots from there on. Growth, splits, merges and removals move no entry to another hash, so an entry that is
 * present from the first call to the last is visited exactly once.
 *
 * `find` leaves the entry it found in `foundSegment` and `foundSlot`; the `found…` methods then read and change it
 * without a second search, until the next call that searches, inserts or removes.
 *
 * Invariants: `directory.length == 2^g`; the segment of depth d fills 2^(g-d) neighbouring pointers; `size` is the sum of the
 * segments' counts. Keys are flat strings of chars 0–255. Nothing may be changed while a visit or an iteration runs.
 */

import { FrozenTable } from './frozen-table.ts';
import { defaultHashSeed, type HashSeed, hashString } from './hash.ts';
import {
  addNumbers,
  clonedSegment,
  createEmptySegment,
  emptySlot,
  estimatedBytes,
  fittingCapacity,
  GREATEST_CAPACITY,
  homeSlot,
  homeStart,
  type Layout,
  LEAST_CAPACITY,
  mergedSegment,
  NO_NUMBER,
  nextCapacity,
  removeSlot,
  resized,
  roomySegments,
  Segment,
  SPLIT_CAPACITY,
  splitInTwo,
} from './segment.ts';
import { HASH_END, scanSegments, visitScattered } from './segment-scan.ts';

/** A directory of 2^20 pointers takes 8 MiB and stands for some 700 million entries; beyond that, segments grow. */
const MAX_DEPTH = 20;
/** Attempts at an exactly uniform random entry before a nearly uniform one is taken. */
const RANDOM_TRIES = 128;

const KEYS_ONLY: Layout = { cellStride: 1, wordStride: 1, numbers: 'never' };
const KEYS_TO_VALUES: Layout = { cellStride: 2, wordStride: 1, numbers: 'never' };
const KEYS_TO_NUMBERS: Layout = { cellStride: 1, wordStride: 1, numbers: 'always' };

/** What all tables without entries point at. */
const NOTHING = createEmptySegment();

export class HashTable<V> {
  size = 0;
  foundSegment: Segment = NOTHING;
  foundSlot = 0;
  readonly layout: Layout;
  readonly #seed: HashSeed;
  #directory: Segment[] = [NOTHING];
  /** 31 - g: the directory index is hash >>> 1 >>> #shift, which is right for g = 0 too. */
  #shift = 31;
  /** Segments of depth g: when there is none, half a directory is enough. */
  #deepest = 1;
  #foundHash = 0;

  /** @param layout the columns; see the factories for the usual ones */
  constructor(layout: Layout, seed: HashSeed = defaultHashSeed()) {
    this.layout = layout;
    this.#seed = seed;
  }

  /** A set of keys: `add`, `has`, `delete`. */
  static ofKeys(seed?: HashSeed): HashTable<undefined> {
    return new HashTable<undefined>(KEYS_ONLY, seed);
  }

  /** Keys to values of any kind. */
  static ofValues<V>(seed?: HashSeed): HashTable<V> {
    return new HashTable<V>(KEYS_TO_VALUES, seed);
  }

  /** Keys to doubles, stored unboxed. */
  static ofNumbers(seed?: HashSeed): HashTable<number> {
    return new HashTable<number>(KEYS_TO_NUMBERS, seed);
  }

  // Searching ---------------------------------------------------------------------------------------------------------

  /** Whether `key` is present; if so it is the found entry. */
  find(key: string): boolean {
    const hash = hashString(key, this.#seed);
    const segment = this.#directory[(hash >>> 1) >>> this.#shift];
    const { words, cells, capacity } = segment;
    const { wordStride, cellStride } = this.layout;
    let slot = homeSlot(hash, segment.depth, capacity);
    this.foundSegment = segment;
    this.#foundHash = hash;
    for (;;) {
      const word = words[slot * wordStride];
      if (word === 0 || (word === hash && cells[slot * cellStride] === key)) {
        this.foundSlot = slot;
        return word !== 0;
      }
      slot++;
      if (slot === capacity) slot = 0;
    }
  }

  has(key: string): boolean {
    return this.find(key);
  }

  get(key: string): V | undefined {
    return this.find(key) ? this.foundValue() : undefined;
  }

  /** The key of the found entry: the stored string, which may be kept. */
  foundKey(): string {
    // The found entry's slot is full, and the key cell of a full slot is a string.
    return this.foundSegment.cells[this.foundSlot * this.layout.cellStride] as string;
  }

  foundValue(): V {
    return this.#valueAt(this.foundSegment, this.foundSlot);
  }

  setFoundValue(value: V): void {
    this.#setValueAt(this.#foundForWriting(), this.foundSlot, value);
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
    const segment = this.#takeSlot();
    const slot = this.foundSlot;
    segment.cells[slot * this.layout.cellStride] = key;
    if (this.layout.wordStride === 2) segment.words[slot * 2 + 1] = 0;
    if (value !== undefined) this.#setValueAt(segment, slot, value);
  }

  /** `insertMissing` where the layout has no cells: the meta word says what the entry is. */
  insertMissingMeta(meta: number): void {
    this.#takeSlot().words[this.foundSlot * 2 + 1] = meta;
  }

  /** Says what a search of the caller's own has found, for a layout without cells: an entry, or the empty slot that it ended at. */
  setFound(segment: Segment, slot: number, hash: number): void {
    this.foundSegment = segment;
    this.foundSlot = slot;
    this.#foundHash = hash;
  }

  /** Fills the slot that the last search ended at, after making room. */
  #takeSlot(): Segment {
    const hash = this.#foundHash;
    let segment = this.foundSegment;
    if (segment.count >= segment.limit) {
      segment = this.#makeRoom(segment, hash);
      this.foundSegment = segment;
      this.foundSlot = emptySlot(segment, hash, this.layout);
    } else if (segment.isFrozen) {
      segment = this.#foundForWriting();
    }
    segment.words[this.foundSlot * this.layout.wordStride] = hash;
    segment.count++;
    this.size++;
    return segment;
  }

  delete(key: string): boolean {
    if (!this.find(key)) return false;
    this.deleteFound();
    return true;
  }

  /** Removes the found entry. */
  deleteFound(): void {
    const segment = this.#foundForWriting();
    removeSlot(segment, this.foundSlot, this.layout);
    this.size--;
    if (segment.count * 4 < segment.capacity && segment.capacity > LEAST_CAPACITY) this.#shrink(segment);
  }

  clear(): void {
    this.size = 0;
    this.#directory = [NOTHING];
    this.#shift = 31;
    this.#deepest = 1;
    this.foundSegment = NOTHING;
  }

  /** Makes room for `count` entries, so that they come without splits. Only while there is none. */
  reserve(count: number): void {
    if (this.size > 0 || count === 0) return;
    this.#directory = roomySegments(this.layout, count);
    this.#deepest = this.#directory.length;
    this.#shift = 31 - Math.log2(this.#deepest);
  }

  /** A table with the same keys and the very same values. */
  clone(): HashTable<V> {
    const copy = new HashTable<V>(this.layout, this.#seed);
    copy.size = this.size;
    copy.#shift = this.#shift;
    copy.#deepest = this.#deepest;
    if (this.size === 0) return copy;
    copy.#directory = [];
    for (const segment of this.segments()) {
      const cloned = clonedSegment(segment, this.layout);
      for (let left = this.#span(segment); left > 0; left--) copy.#directory.push(cloned);
    }
    return copy;
  }

  /** The entries as they are now, to be read later, whatever happens to the table meanwhile. O(segments). One view at a time. */
  freeze(): FrozenTable<V> {
    return new FrozenTable<V>(this.size === 0 ? [] : [...this.segments()], this.layout, this.size);
  }

  // Visiting ----------------------------------------------------------------------------------------------------------

  /** The segments in the order of their hashes. */
  *segments(): Generator<Segment> {
    const directory = this.#directory;
    for (let index = 0; index < directory.length; ) {
      const segment = directory[index];
      yield segment;
      index += this.#span(segment);
    }
  }

  /** The full slots, in the order of their hashes; one object stands for all of a segment. */
  *slots(): Generator<{ segment: Segment; slot: number }> {
    if (this.size === 0) return;
    for (const segment of this.segments()) {
      const place = { segment, slot: 0 };
      for (let slot = 0; slot < segment.capacity; slot++) {
        if (segment.words[slot * this.layout.wordStride] === 0) continue;
        place.slot = slot;
        yield place;
      }
    }
  }

  /** The segment at a scan position, 0 <= position < 2^32. */
  segmentAt(position: number): Segment {
    return this.#directory[(position >>> 1) >>> this.#shift];
  }

  forEach(visit: (key: string, value: V) => void): void {
    for (const segment of this.segments()) {
      for (let slot = 0; slot < segment.capacity; slot++) {
        if (segment.words[slot * this.layout.wordStride] !== 0)
          visit(this.#keyAt(segment, slot), this.#valueAt(segment, slot));
      }
    }
  }

  /** The same, in an order in which they may be put into another table. */
  forEachScattered(visit: (key: string, value: V) => void): void {
    visitScattered(this, (segment, slot) => visit(this.#keyAt(segment, slot), this.#valueAt(segment, slot)));
  }

  *keys(): Generator<string> {
    for (const { segment, slot } of this.slots()) yield this.#keyAt(segment, slot);
  }

  *entries(): Generator<[string, V]> {
    for (const { segment, slot } of this.slots()) yield [this.#keyAt(segment, slot), this.#valueAt(segment, slot)];
  }

  /**
   * Visits the entries from `cursor` on until at least `count` have been visited (entries that share a home slot are
   * visited together); answers the next cursor, 0 at the end. Begin with 0.
   */
  scan(cursor: number, count: number, visit: (key: string, value: V) => void): number {
    return scanSegments(this, { cursor, count, isNumberedOnly: false }, (segment, slot) =>
      visit(this.#keyAt(segment, slot), this.#valueAt(segment, slot)),
    );
  }

  /**
   * Finds a random entry; answers whether there is one. Every entry is equally likely while entries are spread evenly over
   * the segments, which only a removal of most of them in the order of a scan can undo.
   *
   * @param random01 a source of numbers in [0, 1)
   */
  findRandom(random01: () => number): boolean {
    if (this.size === 0) return false;
    const directory = this.#directory;
    const slots = directory.length === 1 ? directory[0].capacity : SPLIT_CAPACITY;
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      // A segment is taken only at its first pointer, and one slot of a fixed number: so no segment and no slot is favoured.
      const index = Math.floor(random01() * directory.length);
      const slot = Math.floor(random01() * slots);
      const segment = directory[index];
      const isFirst = index === 0 || directory[index - 1] !== segment;
      if (isFirst && slot < segment.capacity && segment.words[slot * this.layout.wordStride] !== 0) {
        this.foundSegment = segment;
        this.foundSlot = slot;
        return true;
      }
    }
    return this.#findFrom(Math.floor(random01() * HASH_END));
  }

  /** A random key, or undefined when there is none. */
  random(random01: () => number): string | undefined {
    return this.findRandom(random01) ? this.foundKey() : undefined;
  }

  /** Removes a random key and answers it, or undefined when there is none. */
  popRandom(random01: () => number): string | undefined {
    if (!this.findRandom(random01)) return undefined;
    const key = this.foundKey();
    this.deleteFound();
    return key;
  }

  /** About how many bytes the table takes, without its keys and values: of a large one, by some of its segments. */
  memoryBytes(): number {
    const overhead = 160 + this.#directory.length * 8;
    if (this.size === 0) return overhead;
    return overhead + estimatedBytes(this.segments(), this.size);
  }

  // Columns -----------------------------------------------------------------------------------------------------------

  /** The meta word of the found entry, unsigned; only in layouts with two words. */
  foundMeta(): number {
    return this.foundSegment.words[this.foundSlot * 2 + 1] >>> 0;
  }

  setFoundMeta(meta: number): void {
    this.#foundForWriting().words[this.foundSlot * 2 + 1] = meta;
  }

  /** The lazy number of the found entry, -1 for none. */
  foundNumber(): number {
    const { numbers } = this.foundSegment;
    return numbers === null ? NO_NUMBER : numbers[this.foundSlot];
  }

  /** Sets (`number >= 0`) or removes (-1) the lazy number of the found entry. */
  setFoundNumber(number: number): void {
    if (this.foundSegment.numbers === null && number === NO_NUMBER) return;
    const segment = this.#foundForWriting();
    const numbers = segment.numbers ?? addNumbers(segment);
    if (numbers[this.foundSlot] >= 0) segment.numbered--;
    if (number >= 0) segment.numbered++;
    numbers[this.foundSlot] = number;
    if (segment.numbered === 0) segment.numbers = null;
  }

  /** The found entry's segment, which a frozen view keeps and the table replaces by a copy. */
  #foundForWriting(): Segment {
    const segment = this.foundSegment;
    if (!segment.isFrozen) return segment;
    const copy = clonedSegment(segment, this.layout);
    this.#point(copy);
    this.foundSegment = copy;
    return copy;
  }

  #keyAt(segment: Segment, slot: number): string {
    // Called for full slots only, whose key cell is a string.
    return segment.cells[slot * this.layout.cellStride] as string;
  }

  #valueAt(segment: Segment, slot: number): V {
    // The layout decides what V is: whoever chose the columns chose the type parameter with them.
    if (this.layout.cellStride === 2) return segment.cells[slot * 2 + 1] as V;
    return (segment.numbers === null ? undefined : segment.numbers[slot]) as V;
  }

  #setValueAt(segment: Segment, slot: number, value: V): void {
    if (this.layout.cellStride === 2) segment.cells[slot * 2 + 1] = value;
    else if (segment.numbers !== null && typeof value === 'number') segment.numbers[slot] = value;
  }

  // Growing and shrinking ---------------------------------------------------------------------------------------------

  #depth(): number {
    return 31 - this.#shift;
  }

  /** How many pointers of the directory lead to `segment`. */
  #span(segment: Segment): number {
    return 1 << (this.#depth() - segment.depth);
  }

  #point(segment: Segment): void {
    const first = (segment.base >>> 1) >>> this.#shift;
    this.#directory.fill(segment, first, first + this.#span(segment));
  }

  /** Replaces a full segment; answers the one that `hash` belongs to now, which has room. */
  #makeRoom(full: Segment, hash: number): Segment {
    if (full === NOTHING) {
      this.#point(new Segment(this.layout, LEAST_CAPACITY, 0, 0));
    } else if (full.capacity < SPLIT_CAPACITY || full.depth === MAX_DEPTH) {
      if (full.capacity >= GREATEST_CAPACITY) throw new RangeError('hash table: too many keys have the same hash');
      this.#point(resized(full, nextCapacity(full.capacity), this.layout));
    } else {
      if (full.depth === this.#depth()) this.#doubleDirectory();
      const [lower, upper] = splitInTwo(full, this.layout);
      this.#point(lower);
      this.#point(upper);
      if (lower.depth === this.#depth()) this.#deepest += 2;
    }
    const segment = this.#directory[(hash >>> 1) >>> this.#shift];
    return segment.count < segment.limit ? segment : this.#makeRoom(segment, hash);
  }

  #doubleDirectory(): void {
    const directory = this.#directory;
    const doubled: Segment[] = new Array(directory.length * 2);
    for (let index = 0; index < directory.length; index++) {
      doubled[index * 2] = directory[index];
      doubled[index * 2 + 1] = directory[index];
    }
    this.#directory = doubled;
    this.#shift--;
    this.#deepest = 0;
  }

  /** Replaces a sparse segment by a smaller one, or by one together with its neighbour. */
  #shrink(sparse: Segment): void {
    if (this.size === 0) {
      this.clear();
      return;
    }
    let segment = sparse;
    let hasMerged = false;
    while (segment.depth > 0) {
      const neighbour = this.#directory[((segment.base ^ (1 << (32 - segment.depth))) >>> 1) >>> this.#shift];
      if (neighbour.depth !== segment.depth || segment.count + neighbour.count > SPLIT_CAPACITY / 3) break;
      if (segment.depth === this.#depth()) this.#deepest -= 2;
      const isLower = segment.base >>> 0 < neighbour.base >>> 0;
      segment = isLower
        ? mergedSegment(segment, neighbour, this.layout)
        : mergedSegment(neighbour, segment, this.layout);
      this.#point(segment);
      hasMerged = true;
    }
    if (hasMerged) this.#halveDirectory();
    else this.#point(resized(segment, fittingCapacity(segment.count), this.layout));
  }

  /** Halves the directory while no segment needs its last bit. */
  #halveDirectory(): void {
    while (this.#deepest === 0 && this.#directory.length > 1) {
      this.#directory = this.#directory.filter((_, index) => (index & 1) === 0);
      this.#shift++;
      for (const segment of this.segments()) if (segment.depth === this.#depth()) this.#deepest++;
    }
  }

  /** Finds the first entry whose hash is at or after `position`, or the very first one. The table is not empty. */
  #findFrom(position: number): boolean {
    let start = position;
    for (;;) {
      const segment = this.segmentAt(start);
      if (segment.count > 0) {
        let slot = homeSlot(start, segment.depth, segment.capacity);
        while (segment.words[slot * this.layout.wordStride] === 0) slot = slot + 1 === segment.capacity ? 0 : slot + 1;
        this.foundSegment = segment;
        this.foundSlot = slot;
        return true;
      }
      start = homeStart(segment, segment.capacity) % HASH_END;
    }
  }
}
