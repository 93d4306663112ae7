/**
 * The entries of a table of bytes (byte-table.ts) as they were when it was frozen: as strings, or as bytes where they lie.
 *
 * Invariant: while one is open, the slots of the entries are left alone; it is read to its end or released.
 */

import type { FrozenTable } from './frozen-table.ts';
import { allocateLatin1, writeLatin1 } from './latin1.ts';
import type { Segment } from './segment.ts';
import type { SlabIndex } from './slab-index.ts';
import type { FrozenCursor } from './values/frozen.ts';

const NO_BYTES = new Uint8Array(0);
/** An index has two words per slot: a hash, which is 0 where the slot is empty, and an address. */
const SLOT_WORDS = 2;
/** See `#lookAhead`. */
const SLOTS_AHEAD = 32;

/** To be read once, in one of the three ways. */
export class FrozenEntries<V extends string | number | undefined> {
  readonly #index: SlabIndex<string>;
  readonly #slots: FrozenTable<number>;
  readonly #hasStrings: boolean;
  /** The slots that were looked at ahead: those of this segment up to an end (exclusive). */
  #aheadSegment: Segment | undefined;
  #aheadEnd = 0;
  /** All of them are bytes. */
  #areBytes = false;

  /** @param hasStrings whether keys come with strings */
  constructor(index: SlabIndex<string>, hasStrings: boolean) {
    this.#index = index;
    this.#slots = index.table.freeze();
    this.#hasStrings = hasStrings;
    index.entries.setFrozen(true);
  }

  *keys(): Generator<string> {
    while (this.next()) yield this.key();
  }

  *entries(): Generator<[string, V]> {
    // Strings or doubles or neither: the table's type parameter says which.
    while (this.next()) yield [this.key(), (this.#hasStrings ? this.text() : this.number()) as V];
  }

  cursor(): FrozenCursor {
    return new ByteCursor(this);
  }

  /** Nothing will be read any more. */
  release(): void {
    this.#slots.release();
    this.#index.entries.setFrozen(false);
  }

  // The entry that `next` has moved to.

  next(): boolean {
    const slots = this.#slots;
    if (slots.next()) {
      if (slots.segment !== this.#aheadSegment || slots.slot >= this.#aheadEnd) this.#lookAhead();
      this.#index.useSlot(slots.segment, slots.slot);
      return true;
    }
    this.#index.entries.setFrozen(false);
    return false;
  }

  /** The entry itself, where it is bytes; undefined where it is not. To be used before anything else is looked up in the table. */
  get place():
    | { readonly bytes: Uint8Array; readonly keyStart: number; readonly valueStart: number; readonly valueEnd: number }
    | undefined {
    const { entries } = this.#index;
    return this.#areBytes || entries.isBytes ? entries : undefined;
  }

  key(): string {
    return this.#index.entries.key();
  }

  /** The string that the key comes with; empty where there are none. */
  text(): string {
    return this.#hasStrings ? this.#index.entries.value() : '';
  }

  /** The double that the key comes with, if any. */
  number(): number | undefined {
    return this.#slots.segment.numbers?.[this.#slots.slot];
  }

  /**
   * Looks at the next entries from the one of `next` on. They lie all over the memory, and each would be waited for when its turn comes;
   * looked at one right after the other, they come from there side by side, and a third faster.
   */
  #lookAhead(): void {
    const { segment, slot } = this.#slots;
    const { words, capacity } = segment;
    const end = Math.min(capacity, slot + SLOTS_AHEAD);
    let areBytes = true;
    for (let at = slot; at < end; at++) {
      if (words[at * SLOT_WORDS] === 0) continue;
      this.#index.useSlot(segment, at);
      if (!this.#index.entries.isBytes) areBytes = false;
    }
    this.#aheadSegment = segment;
    this.#aheadEnd = end;
    this.#areBytes = areBytes;
  }
}

class ByteCursor implements FrozenCursor {
  bytes: Uint8Array = NO_BYTES;
  keyStart = 0;
  valueStart = 0;
  valueEnd = 0;
  score = 0;
  readonly #entries: FrozenEntries<string | number | undefined>;

  constructor(entries: FrozenEntries<string | number | undefined>) {
    this.#entries = entries;
  }

  next(): boolean {
    const entries = this.#entries;
    if (!entries.next()) return false;
    this.score = entries.number() ?? 0;
    const { place } = entries;
    if (place === undefined) {
      this.#copy(entries.key(), entries.text());
      return true;
    }
    this.bytes = place.bytes;
    this.keyStart = place.keyStart;
    this.valueStart = place.valueStart;
    this.valueEnd = place.valueEnd;
    return true;
  }

  /** What is too long for a slot is a string. */
  #copy(key: string, value: string): void {
    const bytes = allocateLatin1(key.length + value.length);
    writeLatin1(bytes, 0, key);
    writeLatin1(bytes, key.length, value);
    this.bytes = bytes;
    this.keyStart = 0;
    this.valueStart = key.length;
    this.valueEnd = bytes.length;
  }
}
