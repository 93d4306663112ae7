/**
 * Scanning a hash table without state: a cursor is a position in the space of hashes (0 … 2^32).
 *
 * Each call visits whole home slots from the cursor on, so all entries with hashes from the cursor up to the next one. Whatever happens
 * to the segments in between, an entry keeps its hash: one that stays is visited exactly once in a full scan.
 */

import { homeSlot, homeStart, type Layout, type Segment } from './segment.ts';

/** The end of the space of hashes. */
export const HASH_END = 2 ** 32;

/** What passing over an entry or a segment without a lazy number counts, where only those with one are wanted. */
const PASS_COST = 1 / 20;

export interface Scan {
  /** Where to begin, 0 <= cursor < 2^32. */
  readonly cursor: number;
  /** Stop after the home slot in which so many entries have been visited, counted by `weigh`. */
  readonly count: number;
  /** Visit only entries with a lazy number. What is passed over counts a little, so that a call ends soon however rare they are. */
  readonly isNumberedOnly: boolean;
  /** What a visited entry counts; absent: 1. */
  weigh?(segment: Segment, slot: number): number;
}

/** Visits full slots; answers the next cursor, 0 at the end. Nothing may change meanwhile. */
export function scanSegments(
  table: { readonly layout: Layout; segmentAt(position: number): Segment },
  { cursor, count, isNumberedOnly, weigh }: Scan,
  visit: (segment: Segment, slot: number) => void,
): number {
  const stride = table.layout.wordStride;
  let left = count;
  let position = cursor;
  while (position < HASH_END) {
    const segment = table.segmentAt(position);
    const { words, numbers, capacity, depth } = segment;
    const isPassedOver = isNumberedOnly ? segment.numbered === 0 : segment.count === 0;
    if (isPassedOver && isNumberedOnly) left -= PASS_COST;
    for (let home = isPassedOver ? capacity : homeSlot(position, depth, capacity); home < capacity; home++) {
      let slot = home;
      let hash = words[slot * stride];
      while (hash !== 0) {
        // The first home slot may begin before the cursor when the segment was resized since the last call.
        if (homeSlot(hash, depth, capacity) === home && hash >>> 0 >= position) {
          if (!isNumberedOnly || (numbers !== null && numbers[slot] >= 0)) {
            visit(segment, slot);
            left -= weigh === undefined ? 1 : weigh(segment, slot);
          } else {
            left -= PASS_COST;
          }
        }
        slot = slot + 1 === capacity ? 0 : slot + 1;
        hash = words[slot * stride];
      }
      if (left <= 0) return wrapped(homeStart(segment, home + 1));
    }
    position = homeStart(segment, capacity);
    if (left <= 0) return wrapped(position);
  }
  return 0;
}

/** Neighbouring slots that are visited together: about a line of the processor's cache. */
const SCATTER_SLOTS = 8;
/** A prime, so that its multiples meet each group of slots of a segment once, and far from 0: neighbours come long after each other. */
const SCATTER_STEP = 317;

/**
 * Visits all full slots in an order that has nothing to do with hashes, for whoever puts the entries into another table: in the order
 * of hashes they would fill it from one end, where each search passes all that are there. Nothing may change meanwhile.
 */
export function visitScattered(
  table: { readonly layout: Layout; segments(): Iterable<Segment> },
  visit: (segment: Segment, slot: number) => void,
): void {
  const stride = table.layout.wordStride;
  const segments = [...table.segments()];
  const most = segments.reduce((greatest, { capacity }) => Math.max(greatest, capacity), 0);
  for (let turn = 0; turn * SCATTER_SLOTS < most; turn++) {
    for (const segment of segments) {
      const { capacity, words } = segment;
      const groups = Math.ceil(capacity / SCATTER_SLOTS);
      if (turn >= groups) continue;
      const first = ((turn * SCATTER_STEP) % groups) * SCATTER_SLOTS;
      const end = Math.min(first + SCATTER_SLOTS, capacity);
      for (let slot = first; slot < end; slot++) if (words[slot * stride] !== 0) visit(segment, slot);
    }
  }
}

function wrapped(position: number): number {
  return position >= HASH_END ? 0 : position;
}
