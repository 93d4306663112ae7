/**
 * A segment: one open-addressing table of up to about four thousand slots, the unit in which a hash table grows.
 *
 * It holds the keys whose hashes begin with the same `depth` bits. Collisions go to the next slot (linear probing, from
 * the last slot on to the first), and a removal moves later entries back, so there are no tombstones: the entries whose home is
 * slot h sit in the run of full slots that begins at h. The home slot grows with the hash, so walking home slots walks hashes in order.
 *
 * Columns, so that a slot costs a few words and no object:
 *
 *     cells    key, then the value if the layout has them   (cellStride per slot)
 *     words    hash, 0 = empty slot, then meta if any       (wordStride per slot)
 *     numbers  a double per slot, or null
 *
 * Invariants: words[slot] is 0 exactly when the slot is empty, and its key cell undefined then; count <= limit < capacity, so each run ends;
 * `numbered` counts slots with a number >= 0 where the numbers are lazy; a frozen segment never changes again.
 */

/** The columns of a table. */
export interface Layout {
  /** 0: what the words say is all there is. */
  readonly cellStride: 0 | 1 | 2;
  readonly wordStride: 1 | 2;
  /** never: no number column · always: one per slot · lazy: made with the first number, -1 = none. */
  readonly numbers: 'never' | 'always' | 'lazy';
}

/** Slots of a new segment. */
export const LEAST_CAPACITY = 4;
/**
 * Slots at which a full segment splits in two instead of growing. Growing one is a pause of some 50 µs; with smaller ones there are
 * more buffers, each of which the garbage collector counts at each full collection.
 */
export const SPLIT_CAPACITY = 4096;
/** Entries per segment where room is made for all at once: with that many, `fittingCapacity` is SPLIT_CAPACITY at most. */
const ROOMY_COUNT = Math.floor((limitOf(SPLIT_CAPACITY) * 3) / 4);
/** 2^12 segments stand for ten million entries, and take some milliseconds to make; for more, they split as ever. */
const MAX_ROOMY_DEPTH = 12;
/** Home slots are made from 16 bits of the hash: more slots than that cannot be told apart. */
export const GREATEST_CAPACITY = 1 << 16;
/** Segments that stand for all when memory is estimated. */
const MEASURED_SEGMENTS = 64;
/** What an empty lazy number column holds. */
export const NO_NUMBER = -1;

const NO_WORDS = new Int32Array(1);
const WORD_BYTES = 4;
const NUMBER_BYTES = 8;

export class Segment {
  /** Leading hash bits that all entries share. */
  depth: number;
  /** Those bits, at the top of a signed 32-bit integer. */
  base: number;
  capacity: number;
  /** Entries at which the segment must grow or split before it takes another. */
  limit: number;
  count = 0;
  numbered = 0;
  /** A frozen view reads this segment (see frozen-table.ts): its table replaces it by a copy before it changes it. */
  isFrozen = false;
  cells: unknown[];
  words: Int32Array;
  numbers: Float64Array | null;

  constructor(layout: Layout, capacity: number, depth: number, base: number) {
    this.depth = depth;
    this.base = base;
    this.capacity = capacity;
    this.limit = limitOf(capacity);
    this.cells = new Array(capacity * layout.cellStride).fill(undefined);
    const wordCount = capacity * layout.wordStride;
    if (layout.numbers === 'always') {
      const buffer = new ArrayBuffer(wordCount * WORD_BYTES + capacity * NUMBER_BYTES);
      this.numbers = new Float64Array(buffer, 0, capacity);
      this.words = new Int32Array(buffer, capacity * NUMBER_BYTES, wordCount);
    } else {
      this.numbers = null;
      this.words = capacity === 1 ? NO_WORDS : new Int32Array(wordCount);
    }
  }
}

/** A segment that is always empty: what a table without entries points at. It is replaced before anything is inserted. */
export function createEmptySegment(): Segment {
  return new Segment({ cellStride: 1, wordStride: 1, numbers: 'never' }, 1, 0, 0);
}

/** Most entries that `capacity` slots take: 13 of 16, where a search for an absent key still looks at about 14 slots. */
function limitOf(capacity: number): number {
  return capacity - Math.max(1, (capacity * 3) >> 4);
}

/** The next larger capacity: 4 6 8 12 16 … 512 768 1024: never more than half again, to waste little. */
export function nextCapacity(capacity: number): number {
  return (capacity & (capacity - 1)) === 0 ? capacity + (capacity >> 1) : (capacity / 3) * 4;
}

/** The least capacity that holds `count` entries and has room for as many as a third more. */
export function fittingCapacity(count: number): number {
  let capacity = LEAST_CAPACITY;
  while (capacity < GREATEST_CAPACITY && limitOf(capacity) * 3 < count * 4) capacity = nextCapacity(capacity);
  return capacity;
}

/** The segments of an empty table that takes `count` entries without a split, in the order of their hashes: 2^depth, of that depth. */
export function roomySegments(layout: Layout, count: number): Segment[] {
  let depth = 0;
  while (depth < MAX_ROOMY_DEPTH && count / 2 ** depth > ROOMY_COUNT) depth++;
  const capacity = fittingCapacity(Math.min(ROOMY_COUNT, Math.ceil(count / 2 ** depth)));
  return Array.from({ length: 1 << depth }, (_, index) => new Segment(layout, capacity, depth, index << (32 - depth)));
}

/** The slot where the search for `hash` begins: the 16 bits after the first `depth`, scaled to the capacity. */
export function homeSlot(hash: number, depth: number, capacity: number): number {
  return Math.imul((hash << depth) >>> 16, capacity) >>> 16;
}

/** The least hash (0 … 2^32) whose home is `slot` of `segment`; for `slot == capacity` the end of the segment. */
export function homeStart(segment: Segment, slot: number): number {
  const scaled = Math.ceil((slot * GREATEST_CAPACITY) / segment.capacity);
  return (segment.base >>> 0) + Math.ceil((scaled * GREATEST_CAPACITY) / 2 ** segment.depth);
}

/** The first empty slot for `hash`. */
export function emptySlot(segment: Segment, hash: number, layout: Layout): number {
  const stride = layout.wordStride;
  let slot = homeSlot(hash, segment.depth, segment.capacity);
  while (segment.words[slot * stride] !== 0) {
    slot++;
    if (slot === segment.capacity) slot = 0;
  }
  return slot;
}

/** Copies all columns of a slot over those of another; counts stay as they are. */
function copySlot(from: Segment, fromSlot: number, to: Segment, toSlot: number, layout: Layout): void {
  if (layout.cellStride === 1) {
    to.cells[toSlot] = from.cells[fromSlot];
  } else if (layout.cellStride === 2) {
    to.cells[toSlot * 2] = from.cells[fromSlot * 2];
    to.cells[toSlot * 2 + 1] = from.cells[fromSlot * 2 + 1];
  }
  if (layout.wordStride === 1) {
    to.words[toSlot] = from.words[fromSlot];
  } else {
    to.words[toSlot * 2] = from.words[fromSlot * 2];
    to.words[toSlot * 2 + 1] = from.words[fromSlot * 2 + 1];
  }
  if (from.numbers !== null && to.numbers !== null) to.numbers[toSlot] = from.numbers[fromSlot];
}

/** Makes the lazy number column. */
export function addNumbers(segment: Segment): Float64Array {
  const numbers = new Float64Array(segment.capacity).fill(NO_NUMBER);
  segment.numbers = numbers;
  return numbers;
}

/** Moves all entries of `from` whose hash has `bit` as `wanted` (0: all) into `to`. `from` is thrown away afterwards. */
function moveInto(to: Segment, from: Segment, layout: Layout, bit: number, isWanted: boolean): void {
  const stride = layout.wordStride;
  const isLazy = layout.numbers === 'lazy';
  for (let slot = 0; slot < from.capacity; slot++) {
    const hash = from.words[slot * stride];
    if (hash === 0 || ((hash & bit) !== 0) !== isWanted) continue;
    if (isLazy && from.numbers !== null && from.numbers[slot] >= 0) {
      if (to.numbers === null) addNumbers(to);
      to.numbered++;
    }
    copySlot(from, slot, to, emptySlot(to, hash, layout), layout);
    to.count++;
  }
}

/** A segment of `capacity` slots with the entries of `segment`. */
export function resized(segment: Segment, capacity: number, layout: Layout): Segment {
  const target = new Segment(layout, capacity, segment.depth, segment.base);
  moveInto(target, segment, layout, 0, false);
  return target;
}

/** Two segments, one bit deeper, with the entries of `segment`: lower hashes first. */
export function splitInTwo(segment: Segment, layout: Layout): [Segment, Segment] {
  const bit = 1 << (31 - segment.depth);
  let upperCount = 0;
  for (let slot = 0; slot < segment.capacity; slot++) {
    if ((segment.words[slot * layout.wordStride] & bit) !== 0) upperCount++;
  }
  const depth = segment.depth + 1;
  const lower = new Segment(layout, fittingCapacity(segment.count - upperCount), depth, segment.base);
  const upper = new Segment(layout, fittingCapacity(upperCount), depth, segment.base | bit);
  moveInto(lower, segment, layout, bit, false);
  moveInto(upper, segment, layout, bit, true);
  return [lower, upper];
}

/** One segment, a bit shallower, with the entries of two neighbours. */
export function mergedSegment(lower: Segment, upper: Segment, layout: Layout): Segment {
  const target = new Segment(layout, fittingCapacity(lower.count + upper.count), lower.depth - 1, lower.base);
  moveInto(target, lower, layout, 0, false);
  moveInto(target, upper, layout, 0, false);
  return target;
}

/** Empties `slot` and moves the entries behind it back, so that every search still ends at an empty slot. */
export function removeSlot(segment: Segment, slot: number, layout: Layout): void {
  const { words, capacity, depth } = segment;
  const stride = layout.wordStride;
  if (layout.numbers === 'lazy' && segment.numbers !== null && segment.numbers[slot] >= 0) segment.numbered--;
  let hole = slot;
  let next = slot;
  for (;;) {
    next++;
    if (next === capacity) next = 0;
    const hash = words[next * stride];
    if (hash === 0) break;
    // An entry may move back to the hole unless its home lies behind the hole.
    const fromHome = distance(homeSlot(hash, depth, capacity), next, capacity);
    if (fromHome >= distance(hole, next, capacity)) {
      copySlot(segment, next, segment, hole, layout);
      hole = next;
    }
  }
  words[hole * stride] = 0;
  if (layout.cellStride > 0) segment.cells[hole * layout.cellStride] = undefined;
  if (layout.cellStride === 2) segment.cells[hole * 2 + 1] = undefined;
  if (segment.numbers !== null) segment.numbers[hole] = NO_NUMBER;
  segment.count--;
}

function distance(from: number, to: number, capacity: number): number {
  return to >= from ? to - from : to - from + capacity;
}

/** A copy; the values themselves are shared. */
export function clonedSegment(segment: Segment, layout: Layout): Segment {
  const copy = new Segment(layout, segment.capacity, segment.depth, segment.base);
  copy.count = segment.count;
  copy.numbered = segment.numbered;
  copy.cells = segment.cells.slice();
  copy.words.set(segment.words);
  if (segment.numbers === null) return copy;
  if (copy.numbers === null) copy.numbers = segment.numbers.slice();
  else copy.numbers.set(segment.numbers);
  return copy;
}

/** About how many bytes segments with `size` entries in all take: some stand for all, as entries are spread evenly. */
export function estimatedBytes(segments: Iterable<Segment>, size: number): number {
  let bytes = 0;
  let entries = 0;
  let measured = 0;
  for (const segment of segments) {
    bytes += segmentBytes(segment);
    entries += segment.count;
    if (++measured === MEASURED_SEGMENTS) break;
  }
  return Math.round(bytes * (size / Math.max(1, entries)));
}

/** About how many bytes the segment takes, without what its cells point at. */
function segmentBytes(segment: Segment): number {
  const headers = 96 + 32 + 200 + (segment.numbers === null ? 0 : 200 + segment.numbers.byteLength);
  return headers + segment.cells.length * 8 + segment.words.byteLength;
}
