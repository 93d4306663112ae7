/**
 * Packed sequences: a small collection as one flat latin1 string (and in packed-bytes.ts as bytes).
 *
 * Format: entries one after the other, each a length prefix and that many bytes (one char 0–255 per byte).
 *
 *     length < 254   1 char: the length
 *     otherwise      0xFE, then the length as 4 chars, little endian
 *
 * There is no header and no count; `''` is the empty sequence. A string costs 16 bytes beside its characters where a
 * small Uint8Array costs about 110, which is the reason for this file.
 *
 * Invariants: offsets are positions of length prefixes; `p.length` is the offset after the last entry. Functions are
 * pure: an edit answers a new string, which is flat (never a rope, never a slice that pins its parent), so it may be
 * stored. Strings that are put in hold only chars 0–255. Offsets are not checked: pass only offsets that this file gave.
 */

import { cutRanges, flatCopy, type Latin1Buffer, latin1Scratch } from './latin1.ts';

/** What is written where a length does not fit one char. */
const LONG_PREFIX = 0xfe;
/** Up to so many entries are searched for one by one: to take each entry of the sequence out and look it up costs more. */
const FEW_ENTRIES = 16;

/** Writes one entry at `at`, where `packedSize` is free, and answers the position after it. */
export function packedWrite(target: Latin1Buffer, at: number, entry: string): number {
  const length = entry.length;
  let next = at;
  if (length < LONG_PREFIX) {
    target[next++] = length;
  } else {
    target[next] = LONG_PREFIX;
    target[next + 1] = length;
    target[next + 2] = length >>> 8;
    target[next + 3] = length >>> 16;
    target[next + 4] = length >>> 24;
    next += 5;
  }
  return next + target.latin1Write(entry, next, length);
}

function longLength(p: string, offset: number): number {
  return (
    (p.charCodeAt(offset + 1) |
      (p.charCodeAt(offset + 2) << 8) |
      (p.charCodeAt(offset + 3) << 16) |
      (p.charCodeAt(offset + 4) << 24)) >>>
    0
  );
}

/** Chars that an entry of `length` bytes takes, its prefix included. */
export function packedSize(length: number): number {
  return length < LONG_PREFIX ? length + 1 : length + 5;
}

/** Bytes in the entry at `offset`. */
export function packedEntryLength(p: string, offset: number): number {
  const first = p.charCodeAt(offset);
  return first < LONG_PREFIX ? first : longLength(p, offset);
}

/** Position of the first byte of the entry whose prefix is at `offset`. */
export function packedEntryStart(p: string, offset: number): number {
  return p.charCodeAt(offset) < LONG_PREFIX ? offset + 1 : offset + 5;
}

/** Offset of the entry after the one at `offset`; `p.length` after the last. */
export function packedNext(p: string, offset: number): number {
  const first = p.charCodeAt(offset);
  return first < LONG_PREFIX ? offset + 1 + first : offset + 5 + longLength(p, offset);
}

/** Offset `count` entries after `offset`, at most `p.length`. */
export function packedSkip(p: string, offset: number, count: number): number {
  let at = offset;
  for (let left = count; left > 0 && at < p.length; left--) at = packedNext(p, at);
  return at;
}

/** Number of entries. O(entries). */
export function packedCount(p: string): number {
  let count = 0;
  for (let at = 0; at < p.length; at = packedNext(p, at)) count++;
  return count;
}

/**
 * Offset of the entry number `index` (0-based; negative counts from the end, -1 is the last), or -1 if there is none.
 * O(entries).
 */
export function packedAt(p: string, index: number): number {
  const wanted = index < 0 ? packedCount(p) + index : index;
  if (wanted < 0) return -1;
  const at = packedSkip(p, 0, wanted);
  return at < p.length ? at : -1;
}

/** Offset of the last entry, or -1 when empty. O(entries): prefixes are read forwards only. */
export function packedLast(p: string): number {
  return packedPrevious(p, p.length);
}

/** Offset of the entry before `offset` (which may be `p.length`), or -1 when there is none. O(entries). */
export function packedPrevious(p: string, offset: number): number {
  let previous = -1;
  for (let at = 0; at < offset; at = packedNext(p, at)) previous = at;
  return previous;
}

/** All entry offsets in order, for walking backwards. */
export function packedOffsets(p: string): number[] {
  const offsets: number[] = [];
  for (let at = 0; at < p.length; at = packedNext(p, at)) offsets.push(at);
  return offsets;
}

/**
 * The entry at `offset`, for a reply or a comparison. It may be a slice that keeps `p` alive: what is stored elsewhere
 * comes from {@link packedTake}.
 */
export function packedEntry(p: string, offset: number): string {
  const start = packedEntryStart(p, offset);
  return p.substring(start, start + packedEntryLength(p, offset));
}

/** The entry at `offset` as a flat copy that may be stored. */
export function packedTake(p: string, offset: number): string {
  return flatCopy(packedEntry(p, offset));
}

/** Whether the entry at `offset` has exactly the bytes of `entry`. No allocation. */
export function packedEquals(p: string, offset: number, entry: string): boolean {
  const length = entry.length;
  const first = p.charCodeAt(offset);
  let at = offset + 1;
  if (first >= LONG_PREFIX) {
    if (longLength(p, offset) !== length) return false;
    at = offset + 5;
  } else if (first !== length) {
    return false;
  }
  for (let i = 0; i < length; i++) {
    if (p.charCodeAt(at + i) !== entry.charCodeAt(i)) return false;
  }
  return true;
}

/** Order of the entry at `offset` and `entry` as unsigned bytes, a shorter prefix first: < 0, 0 or > 0. No allocation. */
export function packedCompare(p: string, offset: number, entry: string): number {
  const length = packedEntryLength(p, offset);
  const start = packedEntryStart(p, offset);
  const shared = Math.min(length, entry.length);
  for (let i = 0; i < shared; i++) {
    const difference = p.charCodeAt(start + i) - entry.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return length - entry.length;
}

/**
 * Offset of the first entry equal to `entry`, or -1.
 *
 * @param step only every `step`-th entry is compared (2: the fields of a field-value sequence)
 * @param offset where to begin: the offset of an entry
 */
export function packedFind(p: string, entry: string, step = 1, offset = 0): number {
  const total = p.length;
  const length = entry.length;
  const isShort = length < LONG_PREFIX;
  let at = offset;
  while (at < total) {
    const first = p.charCodeAt(at);
    if (first < LONG_PREFIX) {
      if (isShort && first === length) {
        // From the end, where entries of a kind differ first.
        let i = length - 1;
        while (i >= 0 && p.charCodeAt(at + 1 + i) === entry.charCodeAt(i)) i--;
        if (i < 0) return at;
      }
      at += 1 + first;
    } else {
      if (!isShort && packedEquals(p, at, entry)) return at;
      at += 5 + longLength(p, at);
    }
    for (let skipped = 1; skipped < step && at < total; skipped++) at = packedNext(p, at);
  }
  return -1;
}

/** Offsets, ascending, of all entries equal to `entry`. */
export function packedFindEvery(p: string, entry: string): number[] {
  const found: number[] = [];
  for (let at = packedFind(p, entry); at >= 0; at = packedFind(p, entry, 1, packedNext(p, at))) found.push(at);
  return found;
}

/**
 * Offsets, ascending, of the entries that are equal to one of `wanted`, in which the same may stand twice. The entries that are compared
 * must be distinct. O(entries + wanted).
 *
 * @param step only every `step`-th entry is compared
 */
export function packedFindAll(p: string, wanted: readonly string[], step = 1): number[] {
  if (wanted.length <= FEW_ENTRIES) return findEach(p, wanted, step);
  const isWanted = new Set(wanted);
  const found: number[] = [];
  for (let at = 0; at < p.length; at = packedSkip(p, at, step)) {
    if (isWanted.has(packedEntry(p, at))) found.push(at);
  }
  return found;
}

function findEach(p: string, wanted: readonly string[], step: number): number[] {
  const found: number[] = [];
  for (const entry of wanted) {
    const at = packedFind(p, entry, step);
    if (at >= 0 && !found.includes(at)) found.push(at);
  }
  return found.length > 1 ? found.sort((a, b) => a - b) : found;
}

/** `p` with `entry` after its last entry. */
export function packedAppend(p: string, entry: string): string {
  const total = p.length + packedSize(entry.length);
  const target = latin1Scratch(total);
  target.latin1Write(p, 0, p.length);
  packedWrite(target, p.length, entry);
  return target.latin1Slice(0, total);
}

/** `p` with two entries after its last entry (a field and its value) in one copy. */
export function packedAppendPair(p: string, first: string, second: string): string {
  return packedSplice(p, p.length, p.length, first, second);
}

/** `p` with `entry` before the entry at `offset`; `p.length` appends. */
export function packedInsert(p: string, offset: number, entry: string): string {
  return packedSplice(p, offset, offset, entry);
}

/** `p` with two entries before the entry at `offset` in one copy. */
export function packedInsertPair(p: string, offset: number, first: string, second: string): string {
  return packedSplice(p, offset, offset, first, second);
}

/** `p` with the entry at `offset` replaced by `entry`. */
export function packedReplace(p: string, offset: number, entry: string): string {
  return packedSplice(p, offset, packedNext(p, offset), entry);
}

/** `p` without the `count` entries from each of `offsets` (ascending) on. One copy. */
export function packedRemove(p: string, offsets: readonly number[], count = 1): string {
  const ranges: number[] = [];
  for (const offset of offsets) ranges.push(offset, packedSkip(p, offset, count));
  return cutRanges(p, ranges);
}

/** `p` with the entries of offsets `start` (inclusive) to `end` (exclusive) replaced by up to two entries. One copy. */
export function packedSplice(p: string, start: number, end: number, first?: string, second?: string): string {
  const tail = p.length - end;
  let total = start + tail;
  if (first !== undefined) total += packedSize(first.length);
  if (second !== undefined) total += packedSize(second.length);
  const target = latin1Scratch(total);
  if (start > 0) target.latin1Write(p, 0, start);
  let at = start;
  if (first !== undefined) at = packedWrite(target, at, first);
  if (second !== undefined) at = packedWrite(target, at, second);
  if (tail > 0) target.latin1Write(start === 0 && end === 0 ? p : p.substring(end), at, tail);
  return target.latin1Slice(0, total);
}

/** The entries from offset `start` up to offset `end` as a packed sequence of their own, flat. */
export function packedSlice(p: string, start: number, end: number): string {
  return start === 0 && end === p.length ? p : flatCopy(p.substring(start, end));
}

/** The entries of `p`, then those of `q`. */
export function packedConcat(p: string, q: string): string {
  if (p === '') return q;
  if (q === '') return p;
  const total = p.length + q.length;
  const target = latin1Scratch(total);
  target.latin1Write(p, 0, p.length);
  target.latin1Write(q, p.length, q.length);
  return target.latin1Slice(0, total);
}

/** Chars that `entries` take packed. */
export function packedSizeOf(entries: readonly string[]): number {
  let total = 0;
  for (const entry of entries) total += packedSize(entry.length);
  return total;
}

/** `p` with `entries`, in their order, before the entry at `offset`; `p.length` appends. One copy. */
export function packedInsertAll(p: string, offset: number, entries: readonly string[]): string {
  const total = p.length + packedSizeOf(entries);
  const target = latin1Scratch(total);
  if (offset > 0) target.latin1Write(p, 0, offset);
  let at = offset;
  for (const entry of entries) at = packedWrite(target, at, entry);
  if (offset < p.length) target.latin1Write(offset === 0 ? p : p.substring(offset), at, p.length - offset);
  return target.latin1Slice(0, total);
}

/** A packed sequence of `entries`, in one copy. */
export function packedOf(entries: readonly string[]): string {
  return packedInsertAll('', 0, entries);
}

/** All entries in order, each possibly a slice of `p` (see {@link packedEntry}). */
export function packedEntries(p: string): string[] {
  const entries: string[] = [];
  for (let at = 0; at < p.length; at = packedNext(p, at)) entries.push(packedEntry(p, at));
  return entries;
}
