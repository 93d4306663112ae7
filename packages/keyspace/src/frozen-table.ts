/**
 * The entries of a hash table as they were at one moment, read piece by piece while the table goes on changing.
 *
 * Freezing marks the segments, nothing more: a table copies a marked segment (some thousands of entries, tens of microseconds)
 * before it changes it, and whatever grows, splits or merges makes new segments anyway. A segment that has been read is
 * given back to the table, unmarked.
 *
 * Invariants: a segment is frozen by one view at most; every view is read to its end or released.
 */

import { createEmptySegment, type Layout, type Segment } from './segment.ts';

const NO_SEGMENT = createEmptySegment();

export class FrozenTable<V> {
  readonly size: number;
  readonly #layout: Layout;
  /** The slot that `next` has moved to. */
  segment: Segment = NO_SEGMENT;
  slot = -1;
  /** Those that were read are gone. */
  #segments: (Segment | undefined)[];
  #index = 0;

  constructor(segments: Segment[], layout: Layout, size: number) {
    for (const segment of segments) segment.isFrozen = true;
    this.#segments = segments;
    this.#layout = layout;
    this.size = size;
  }

  /** The keys that have not been read yet. */
  *keys(): Generator<string> {
    for (const { segment, slot } of this.slots()) yield this.#keyAt(segment, slot);
  }

  /** The entries that have not been read yet. */
  *entries(): Generator<[string, V]> {
    for (const { segment, slot } of this.slots()) yield [this.#keyAt(segment, slot), this.#valueAt(segment, slot)];
  }

  /** Gives all segments back: nothing will be read any more. */
  release(): void {
    for (const segment of this.#segments) if (segment !== undefined) segment.isFrozen = false;
    this.#segments = [];
    this.segment = NO_SEGMENT;
    this.slot = -1;
  }

  /** The full slots that have not been read yet; one object stands for all of them. */
  *slots(): Generator<{ segment: Segment; slot: number }> {
    const place = { segment: NO_SEGMENT, slot: 0 };
    while (this.next()) {
      place.segment = this.segment;
      place.slot = this.slot;
      yield place;
    }
  }

  /** Moves to the next full slot, which `segment` and `slot` say; false at the end. The segment read before is given back. */
  next(): boolean {
    const stride = this.#layout.wordStride;
    for (;;) {
      const { words, capacity } = this.segment;
      while (++this.slot < capacity) if (words[this.slot * stride] !== 0) return true;
      if (!this.#nextSegment()) return false;
    }
  }

  #nextSegment(): boolean {
    if (this.segment !== NO_SEGMENT) {
      this.segment.isFrozen = false;
      this.#segments[this.#index++] = undefined;
    }
    const segment = this.#segments[this.#index];
    this.segment = segment ?? NO_SEGMENT;
    this.slot = -1;
    return segment !== undefined;
  }

  #keyAt(segment: Segment, slot: number): string {
    // The key cell of a full slot is a string.
    return segment.cells[slot * this.#layout.cellStride] as string;
  }

  #valueAt(segment: Segment, slot: number): V {
    // The table's type parameter says what its columns hold.
    if (this.#layout.cellStride === 2) return segment.cells[slot * 2 + 1] as V;
    return (segment.numbers === null ? undefined : segment.numbers[slot]) as V;
  }
}
