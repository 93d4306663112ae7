/**
 * Integer sets: a small set of 64-bit integers as one flat latin1 string.
 *
 * Format: the members in ascending order, each as `width` bytes in two's complement, little endian; the last char is
 * the width (2, 4 or 8), the smallest that every member fits at the time it was added (removals do not narrow).
 * `''` is the empty set.
 *
 * Invariants: strictly ascending; functions are pure, an edit answers a new flat string. Members come and go as decimal
 * strings in the one spelling that Redis counts as an integer: no sign `+`, no leading zero, no `-0`, within int64.
 *
 * Integers of width 8 are handled as a signed high and an unsigned low half, because doubles are exact to 53 bits only.
 */
import { cutRanges, type Latin1Buffer, latin1Scratch } from '../latin1.ts';

const LOW_HALF = 0x1_0000_0000;
/** Up to this many digits a decimal is exact as a double. */
const EXACT_DIGITS = 15;
const INT64_DIGITS = 19;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The integer read last by {@link readInteger}: two registers instead of an object for every look-up. */
let high = 0;
let low = 0;

/** Reads a canonical decimal into the registers; false if `text` is none. */
function readInteger(text: string): boolean {
  const first = text.charCodeAt(0);
  const start = first === MINUS ? 1 : 0;
  const digits = text.length - start;
  if (digits < 1 || digits > INT64_DIGITS) return false;
  if (text.charCodeAt(start) === ZERO && (digits > 1 || start > 0)) return false;
  let value = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) return false;
    value = value * 10 + (code - ZERO);
  }
  if (digits > EXACT_DIGITS) return readLargeInteger(text);
  if (start > 0) value = -value;
  high = Math.floor(value / LOW_HALF);
  low = value - high * LOW_HALF;
  return true;
}

function readLargeInteger(digits: string): boolean {
  const value = BigInt(digits);
  if (value < INT64_MIN || value > INT64_MAX) return false;
  high = Number(value >> 32n);
  low = Number(value & 0xffff_ffffn);
  return true;
}

/** Smallest width that holds the integer in the registers. */
function registerWidth(): number {
  if (high !== (low >= 0x8000_0000 ? -1 : 0)) return 8;
  const signed = low | 0;
  return signed >= -0x8000 && signed <= 0x7fff ? 2 : 4;
}

function widthOf(set: string): number {
  return set.charCodeAt(set.length - 1);
}

function int16At(set: string, at: number): number {
  return ((set.charCodeAt(at) | (set.charCodeAt(at + 1) << 8)) << 16) >> 16;
}

function int32At(set: string, at: number): number {
  return (
    set.charCodeAt(at) | (set.charCodeAt(at + 1) << 8) | (set.charCodeAt(at + 2) << 16) | (set.charCodeAt(at + 3) << 24)
  );
}

/** Order of the member at `at` and the integer in the registers. */
function compareAt(set: string, at: number, width: number): number {
  if (width === 8) {
    const difference = int32At(set, at + 4) - high;
    return difference !== 0 ? difference : (int32At(set, at) >>> 0) - low;
  }
  const member = width === 2 ? int16At(set, at) : int32At(set, at);
  return member - (high * LOW_HALF + low);
}

/** Index of the integer in the registers, or `-1 - index` of where it belongs. */
function searchRegisters(set: string): number {
  if (set === '') return -1;
  const width = widthOf(set);
  let from = 0;
  let to = intsetCount(set) - 1;
  while (from <= to) {
    const middle = (from + to) >>> 1;
    const order = compareAt(set, middle * width, width);
    if (order === 0) return middle;
    if (order < 0) from = middle + 1;
    else to = middle - 1;
  }
  return -1 - from;
}

/** Number of members. */
export function intsetCount(set: string): number {
  return set === '' ? 0 : (set.length - 1) / widthOf(set);
}

/** The member of rank `index`, which must be below the count. */
export function intsetAt(set: string, index: number): string {
  const width = widthOf(set);
  const at = index * width;
  if (width === 2) return String(int16At(set, at));
  if (width === 4) return String(int32At(set, at));
  const upper = int32At(set, at + 4);
  const lower = int32At(set, at) >>> 0;
  const value = upper * LOW_HALF + lower;
  return Number.isSafeInteger(value) ? String(value) : String((BigInt(upper) << 32n) | BigInt(lower));
}

/** Whether `member` is in the set. What is no canonical integer is not. */
export function intsetHas(set: string, member: string): boolean {
  return readInteger(member) && searchRegisters(set) >= 0;
}

/**
 * The set with `member`; the same string if it was there, undefined if it is no integer in canonical spelling. O(members).
 */
export function intsetAdd(set: string, member: string): string | undefined {
  if (!readInteger(member)) return undefined;
  const found = searchRegisters(set);
  if (found >= 0) return set;
  const at = -1 - found;
  const oldWidth = set === '' ? 0 : widthOf(set);
  const width = Math.max(oldWidth, registerWidth());
  const count = intsetCount(set);
  const total = (count + 1) * width + 1;
  const scratch = latin1Scratch(total);
  if (width === oldWidth) {
    scratch.latin1Write(set, 0, at * width);
    scratch.latin1Write(set.substring(at * width), (at + 1) * width, (count - at) * width);
  } else {
    // The new member is below or above all others, or the old width would have held it.
    for (let i = 0; i < count; i++) widen(set, i * oldWidth, oldWidth, scratch, (i < at ? i : i + 1) * width, width);
  }
  writeInteger(scratch, at * width, width, low, high);
  scratch[total - 1] = width;
  return scratch.latin1Slice(0, total);
}

/** What {@link intsetAddAll} answers. */
export interface IntsetAddition {
  readonly set: string;
  /** How many members, from the first one given on, are integers: those are in the set now. */
  readonly taken: number;
}

/**
 * The set with the members from number `first` on, up to the first that is no integer in canonical spelling. One pass over the set,
 * O(n log n) in the members, O(n) if they ascend.
 */
export function intsetAddAll(set: string, members: readonly string[], first = 0): IntsetAddition {
  const { integers, count: taken } = sortedIntegers(members, first);
  if (taken === 0) return { set, taken };
  const oldWidth = set === '' ? 0 : widthOf(set);
  // The widest is the least or the greatest.
  const width = Math.max(oldWidth, widthFor(integers[0]), widthFor(integers[taken - 1]));
  const count = intsetCount(set);
  const scratch = latin1Scratch((count + taken) * width + 1);
  let from = 0;
  let to = 0;
  for (let i = 0; i < taken; i++) {
    if (i > 0 && integers[i] === integers[i - 1]) continue;
    loadRegisters(integers[i]);
    const end = lowerBound(set, from, count, oldWidth);
    copyMembers(set, from, end, oldWidth, scratch, to, width);
    to += end - from;
    from = end;
    const isThere = from < count && compareAt(set, from * oldWidth, oldWidth) === 0;
    if (!isThere) writeInteger(scratch, to++ * width, width, low, high);
  }
  copyMembers(set, from, count, oldWidth, scratch, to, width);
  to += count - from;
  if (to === count) return { set, taken };
  const total = to * width + 1;
  scratch[total - 1] = width;
  return { set: scratch.latin1Slice(0, total), taken };
}

/** Integers that are exact as doubles, as they are read: memory that is kept, since an array for each command is garbage. */
let doubles = new Float64Array(512);
const KEPT_DOUBLES = 1 << 16;

/** Ascending integers: the first `count` of them. */
interface SortedIntegers {
  readonly integers: ArrayLike<number | bigint>;
  readonly count: number;
}

/** The integers from number `first` on, up to the first text that is none. Valid until the next call. */
function sortedIntegers(members: readonly string[], first: number): SortedIntegers {
  const most = members.length - first;
  const integers = most <= doubles.length ? doubles : new Float64Array(most);
  if (most <= KEPT_DOUBLES) doubles = integers;
  let count = 0;
  let isAscending = true;
  for (let i = first; i < members.length && readInteger(members[i]); i++) {
    const value = high * LOW_HALF + low;
    if (!Number.isSafeInteger(value)) return sortedLargeIntegers(members, first);
    isAscending &&= count === 0 || integers[count - 1] <= value;
    integers[count++] = value;
  }
  if (!isAscending) integers.subarray(0, count).sort();
  return { integers, count };
}

function sortedLargeIntegers(members: readonly string[], first: number): SortedIntegers {
  let end = first;
  while (end < members.length && readInteger(members[end])) end++;
  const integers = BigInt64Array.from(members.slice(first, end), BigInt).sort();
  return { integers, count: integers.length };
}

function loadRegisters(value: number | bigint): void {
  high = typeof value === 'number' ? Math.floor(value / LOW_HALF) : Number(value >> 32n);
  low = typeof value === 'number' ? value - high * LOW_HALF : Number(value & 0xffff_ffffn);
}

function widthFor(value: number | bigint): number {
  loadRegisters(value);
  return registerWidth();
}

/** Index of the first member from `from` on that is not below the integer in the registers, `count` if there is none. */
function lowerBound(set: string, from: number, count: number, width: number): number {
  // What is added in order goes behind all others.
  if (from === count || compareAt(set, (count - 1) * width, width) < 0) return count;
  let start = from;
  let end = count - 1;
  while (start < end) {
    const middle = (start + end) >>> 1;
    if (compareAt(set, middle * width, width) < 0) start = middle + 1;
    else end = middle;
  }
  return start;
}

/** Copies the members of ranks `from` to `end` (exclusive) to rank `at` of a wider set, or of one as wide. */
function copyMembers(
  set: string,
  from: number,
  end: number,
  oldWidth: number,
  target: Latin1Buffer,
  at: number,
  width: number,
): void {
  if (from === end) return;
  if (width === oldWidth) {
    target.latin1Write(set.substring(from * width, end * width), at * width, (end - from) * width);
    return;
  }
  for (let i = from; i < end; i++) widen(set, i * oldWidth, oldWidth, target, (at + i - from) * width, width);
}

function widen(set: string, at: number, oldWidth: number, target: Buffer, targetAt: number, width: number): void {
  const value = oldWidth === 2 ? int16At(set, at) : int32At(set, at);
  writeInteger(target, targetAt, width, value, value < 0 ? -1 : 0);
}

function writeInteger(target: Buffer, at: number, width: number, lower: number, upper: number): void {
  target[at] = lower;
  target[at + 1] = lower >>> 8;
  if (width === 2) return;
  target[at + 2] = lower >>> 16;
  target[at + 3] = lower >>> 24;
  if (width === 4) return;
  target[at + 4] = upper;
  target[at + 5] = upper >>> 8;
  target[at + 6] = upper >>> 16;
  target[at + 7] = upper >>> 24;
}

/** Indexes, ascending, of those of `members`, in which the same may stand twice, that are in the set. */
export function intsetFindAll(set: string, members: readonly string[]): number[] {
  const found: number[] = [];
  let isAscending = true;
  for (const member of members) {
    if (!readInteger(member)) continue;
    const index = searchRegisters(set);
    if (index < 0) continue;
    isAscending &&= found.length === 0 || found[found.length - 1] < index;
    found.push(index);
  }
  if (isAscending) return found;
  return found.sort((a, b) => a - b).filter((index, i) => i === 0 || found[i - 1] !== index);
}

/** The set without the members of ranks `indexes` (ascending), which must be below the count. O(members), one copy. */
export function intsetRemove(set: string, indexes: readonly number[]): string {
  if (indexes.length === intsetCount(set)) return '';
  const width = widthOf(set);
  const ranges: number[] = [];
  for (const index of indexes) ranges.push(index * width, (index + 1) * width);
  return cutRanges(set, ranges);
}
