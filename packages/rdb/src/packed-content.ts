/**
 * Small collections from a file's packed structure straight to the text that a keyspace keeps them as: no element is made a string on
 * the way, which for small ones is most of what loading takes.
 *
 * Invariant: either the answer is what the elements one by one would make, or there is none: what is damaged, large, in another order or
 * spelled in another way than servers spell it is left to whoever reads element by element, who tells it.
 */

import { copyBytes } from '@aof/keyspace';
import { type Blob, parseDouble } from './input.ts';
import { allocateLatin1, type Latin1Buffer, latin1Of } from './latin1.ts';
import { endOfEntry, LISTPACK } from './listpack.ts';
import { checkCount, endOfEntries } from './packed-frame.ts';

/** Larger structures are read element by element: it costs them less, as there are more bytes to an element or more elements to compare. */
const MAX_BLOB_BYTES = 8 * 1024;
/** An entry of 3 bytes stands for up to 5 digits and their length, one of 10 for 20. */
const CONTENT_PER_BYTE = 2;
/** The longest entry whose length is one byte in packed text. */
const MAX_ENTRY_BYTES = 253;
const MAX_ENTRIES = 256;
const INTSET_HEADER_BYTES = 8;
const INT16_LIMIT = 2 ** 15;
const ZERO = 0x30;
const MINUS = 0x2d;

const scratch = allocateLatin1(CONTENT_PER_BYTE * MAX_BLOB_BYTES);
/** Where the entries begin in `scratch`. */
const starts = new Int32Array(MAX_ENTRIES);
/** The number that `copyEntry` read last, NaN if it was a text. */
let integer = Number.NaN;

/** What is in the entries: `pairs` begin with a field, `scored` ones are a member and its score, in order. */
export type EntryKind = 'elements' | 'pairs' | 'scored';

/** A small collection. */
export interface PackedContent {
  /** Packed text as of `@aof/keyspace`: of an integer set its own form. */
  content: string;
  /** Elements, pairs or members. */
  count: number;
  /** Bytes of the longest entry, scores aside. */
  longest: number;
}

/** Fills `into` with what a listpack holds; false if it does not. @throws RdbFault the structure is damaged */
export function packListpack(blob: Blob, kind: EntryKind, into: PackedContent): boolean {
  if (blob.end - blob.start > MAX_BLOB_BYTES) return false;
  const { bytes } = blob;
  const last = endOfEntries(LISTPACK, blob);
  let at = blob.start + LISTPACK.headerBytes;
  let to = 0;
  let count = 0;
  let longest = 0;
  let score = Number.NEGATIVE_INFINITY;
  while (at < last) {
    if (count === MAX_ENTRIES) return false;
    starts[count] = to;
    const isScore = kind === 'scored' && (count & 1) === 1;
    const next = copyEntry(bytes, at, last, to);
    if (next < 0) return false;
    at = next;
    if (isScore) {
      const previous = score;
      score = Number.isNaN(integer) ? spellScore(to) : integer;
      // Also NaN is in no order.
      if (!(score > previous) && !(score === previous && followsMember(starts[count - 3], starts[count - 1])))
        return false;
    } else if (scratch[to] > longest) longest = scratch[to];
    to += 1 + scratch[to];
    count++;
  }
  checkCount(LISTPACK, blob, count);
  if (count === 0) return false;
  if (kind !== 'elements' && ((count & 1) === 1 || comesTwice(count))) return false;
  into.content = scratch.latin1Slice(0, to);
  into.count = kind === 'elements' ? count : count >> 1;
  into.longest = longest;
  return true;
}

/** Puts the entry at `at` with its length at `to` in `scratch`; answers where the next one begins, or -1. */
function copyEntry(bytes: Latin1Buffer, at: number, last: number, to: number): number {
  const first = bytes[at];
  if (first < 0x80) return copyInteger(bytes, at, at + 1, last, to, first);
  if (first < 0xc0) return copyText(bytes, at, at + 1, first & 0x3f, last, to);
  // Bytes that are not there are no number, whose bits are 0: `endOfEntry` finds that the entry is too long.
  const second = bytes[at + 1];
  if (first < 0xe0) return copyInteger(bytes, at, at + 2, last, to, (((first << 8) | second) << 19) >> 19);
  if (first < 0xf0) return copyText(bytes, at, at + 2, ((first & 0x0f) << 8) | second, last, to);
  const third = bytes[at + 2];
  switch (first) {
    case 0xf1:
      return copyInteger(bytes, at, at + 3, last, to, ((second << 16) | (third << 24)) >> 16);
    case 0xf2:
      return copyInteger(bytes, at, at + 4, last, to, ((second << 8) | (third << 16) | (bytes[at + 3] << 24)) >> 8);
    case 0xf3:
      return copyInteger(
        bytes,
        at,
        at + 5,
        last,
        to,
        second | (third << 8) | (bytes[at + 3] << 16) | (bytes[at + 4] << 24),
      );
    case 0xf4: {
      if (at + 9 >= last) return -1;
      const value = bytes.readInt32LE(at + 5) * 0x1_0000_0000 + bytes.readUInt32LE(at + 1);
      return Number.isSafeInteger(value) ? copyInteger(bytes, at, at + 9, last, to, value) : -1;
    }
    default:
      return -1;
  }
}

function copyText(bytes: Latin1Buffer, at: number, start: number, length: number, last: number, to: number): number {
  const end = start + length;
  if (end >= last || length > MAX_ENTRY_BYTES) return -1;
  integer = Number.NaN;
  scratch[to] = length;
  copyBytes(scratch, to + 1, bytes, start, end);
  return endOfEntry(bytes, at, end, last);
}

/** Writes the decimal text of an integer that is exact. */
function copyInteger(bytes: Latin1Buffer, at: number, end: number, last: number, to: number, value: number): number {
  integer = value;
  let rest = value < 0 ? -value : value;
  let digits = 1;
  for (let limit = 10; rest >= limit; limit *= 10) digits++;
  const length = digits + (value < 0 ? 1 : 0);
  scratch[to] = length;
  if (value < 0) scratch[to + 1] = MINUS;
  for (let i = to + length; digits > 0; digits--, i--) {
    const tenth = Math.floor(rest / 10);
    scratch[i] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return endOfEntry(bytes, at, end, last);
}

/** Reads the score at `at` in `scratch` and spells it as a keyspace does; NaN: it cannot be. */
function spellScore(at: number): number {
  const text = latin1Of(scratch, at + 1, at + 1 + scratch[at]);
  const score = parseDouble(text);
  // Infinity and -0 have spellings of their own.
  if (!Number.isFinite(score) || Object.is(score, -0)) return Number.NaN;
  const spelled = String(score);
  if (spelled !== text) {
    // A shorter spelling fits in its place; a longer one could reach beyond the scratch memory.
    if (spelled.length > text.length) return Number.NaN;
    scratch[at] = scratch.latin1Write(spelled, at + 1, spelled.length);
  }
  return score;
}

/** Whether the member at `at` comes after the one at `before` by its bytes; both are in `scratch`. */
function followsMember(before: number, at: number): boolean {
  const shared = Math.min(scratch[before], scratch[at]);
  for (let i = 1; i <= shared; i++) {
    const difference = scratch[at + i] - scratch[before + i];
    if (difference !== 0) return difference > 0;
  }
  return scratch[at] > scratch[before];
}

/** Whether one of the fields or members, which are every other entry, is there twice. */
function comesTwice(count: number): boolean {
  for (let i = 2; i < count; i += 2) {
    const start = starts[i];
    const length = scratch[start];
    const final = scratch[start + length];
    for (let j = 0; j < i; j += 2) {
      const other = starts[j];
      // From the end, where names of a kind differ first.
      if (scratch[other] !== length || scratch[other + length] !== final) continue;
      let k = length - 1;
      while (k > 0 && scratch[other + k] === scratch[start + k]) k--;
      if (k <= 0) return true;
    }
  }
  return false;
}

/** Fills `into` with an integer set, whose members a keyspace keeps as a file does; false if it is not in the least width. */
export function packIntset({ bytes, start, end }: Blob, into: PackedContent): boolean {
  const size = end - start - INTSET_HEADER_BYTES;
  if (size <= 0 || size > MAX_BLOB_BYTES) return false;
  const width = bytes.readUInt32LE(start);
  const count = bytes.readUInt32LE(start + 4);
  if ((width !== 2 && width !== 4) || count * width !== size) return false;
  const from = start + INTSET_HEADER_BYTES;
  let [previous, isWide] = [Number.NEGATIVE_INFINITY, width === 2];
  for (let at = from; at < end; at += width) {
    const member = width === 2 ? bytes.readInt16LE(at) : bytes.readInt32LE(at);
    if (member <= previous) return false;
    previous = member;
    isWide ||= member < -INT16_LIMIT || member >= INT16_LIMIT;
  }
  if (!isWide) return false;
  bytes.copy(scratch, 0, from, end);
  scratch[size] = width;
  into.content = scratch.latin1Slice(0, size + 1);
  into.count = count;
  into.longest = 0;
  return true;
}
