/**
 * Listpacks: many short strings and integers in one string.
 *
 *     listpack := uint32 all its bytes, uint16 entries (65535: count them), entry*, 0xFF         little endian
 *     entry    := encoded, the length of `encoded` in 1 … 5 bytes that are read backwards, 7 bits each
 *     encoded  := 0xxxxxxx                 0 … 127
 *               | 10nnnnnn bytes           n bytes
 *               | 110xxxxx x               13 bits, signed
 *               | 1110nnnn n bytes         n bytes, 12 bits of length
 *               | 0xF0 uint32 bytes        so many bytes
 *               | 0xF1 int16 | 0xF2 int24 | 0xF3 int32 | 0xF4 int64
 *
 * Source: the listpack specification by Salvatore Sanfilippo (antirez/listpack on GitHub); Redis listpack.c.
 */

import type { RdbFault } from './errors.ts';
import type { Blob } from './input.ts';
import { type Latin1Buffer, latin1Of } from './latin1.ts';
import {
  checkCount,
  endOfEntries,
  integerOf,
  type PackedForm,
  packedFault,
  packedMaxBytes,
  writeFrame,
} from './packed-frame.ts';

const HEADER_BYTES = 6;
export const LISTPACK: PackedForm = { name: 'Listpack', headerBytes: HEADER_BYTES };

/**
 * Appends the entries of a listpack to `items`, integers as decimal texts.
 *
 * @throws RdbFault with RDB_STRUCTURE: anything that does not hold together, down to the lengths for reading backwards
 */
export function readListpack(blob: Blob, items: string[]): void {
  const last = endOfEntries(LISTPACK, blob);
  const before = items.length;
  let at = blob.start + HEADER_BYTES;
  while (at < last) at = readEntry(blob.bytes, at, last, items);
  checkCount(LISTPACK, blob, items.length - before);
}

/** Reads the entry at `at`, which may use the bytes below `last`; answers where the next one begins. */
function readEntry(bytes: Latin1Buffer, at: number, last: number, items: string[]): number {
  const first = bytes[at];
  let next: number;
  if (first < 0x80) {
    next = at + 1;
    items.push(String(first));
  } else if (first < 0xc0) {
    next = at + 1 + (first & 0x3f);
    if (next < last) items.push(latin1Of(bytes, at + 1, next));
  } else if (first < 0xe0) {
    next = at + 2;
    items.push(String((((first << 8) | bytes[at + 1]) << 19) >> 19));
  } else if (first < 0xf0) {
    const text = at + 2;
    next = text + (((first & 0x0f) << 8) | bytes[at + 1]);
    if (next < last) items.push(latin1Of(bytes, text, next));
  } else {
    next = readLongEntry(bytes, at, last, items);
  }
  const end = endOfEntry(bytes, at, next, last);
  if (end < 0) throw fault('an entry reaches beyond its end');
  return end;
}

/** Where the entry ends that begins at `at` and whose own bytes end at `next`; -1 if what is to be read backwards says otherwise. */
export function endOfEntry(bytes: Latin1Buffer, at: number, next: number, last: number): number {
  const length = next - at;
  const end = next + backLengthBytes(length);
  return end <= last && isBackLength(bytes, next, end, length) ? end : -1;
}

function readLongEntry(bytes: Latin1Buffer, at: number, last: number, items: string[]): number {
  // The longest header is of 9 bytes: beyond `last` there may be nothing to read.
  const room = last - at;
  switch (bytes[at]) {
    case 0xf0: {
      if (room < 5) break;
      const next = at + 5 + bytes.readUInt32LE(at + 1);
      if (next < last) items.push(latin1Of(bytes, at + 5, next));
      return next;
    }
    case 0xf1:
      if (room < 3) break;
      items.push(String(bytes.readInt16LE(at + 1)));
      return at + 3;
    case 0xf2:
      if (room < 4) break;
      items.push(String(bytes.readIntLE(at + 1, 3)));
      return at + 4;
    case 0xf3:
      if (room < 5) break;
      items.push(String(bytes.readInt32LE(at + 1)));
      return at + 5;
    case 0xf4:
      if (room < 9) break;
      items.push(String(bytes.readBigInt64LE(at + 1)));
      return at + 9;
    default:
      throw fault('an entry has no known encoding');
  }
  throw fault('an entry reaches beyond its end');
}

/** Whether the bytes `at` to `end` (exclusive) say `length`, read backwards. */
function isBackLength(bytes: Latin1Buffer, at: number, end: number, length: number): boolean {
  let rest = length;
  for (let i = end - 1; i >= at; i--) {
    // Every byte but the last that is read has its upper bit set.
    if (bytes[i] !== ((rest & 0x7f) | (i === at ? 0 : 0x80))) return false;
    rest >>>= 7;
  }
  return rest === 0;
}

function backLengthBytes(length: number): number {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  return length < 268435455 ? 4 : 5;
}

function fault(what: string): RdbFault {
  return packedFault(LISTPACK, what);
}

// Writing -------------------------------------------------------------------------------------------------------------

/** Bytes that an entry takes. */
export function listpackEntryBytes(text: string): number {
  const { length } = text;
  const integer = integerOf(text);
  if (integer !== undefined) return 1 + integerBytes(integer);
  const encoded = length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
  return encoded + backLengthBytes(encoded);
}

function integerBytes(value: number): number {
  if (value >= 0 && value <= 127) return 1;
  if (value >= -4096 && value <= 4095) return 2;
  if (value >= -0x8000 && value <= 0x7fff) return 3;
  if (value >= -0x80_0000 && value <= 0x7f_ffff) return 4;
  return value >= -0x8000_0000 && value <= 0x7fff_ffff ? 5 : 9;
}

/** Writes a listpack of `items` at 0, where `listpackMaxBytes` are free; answers where it ends. */
export function writeListpack(target: Latin1Buffer, items: readonly string[]): number {
  let at = HEADER_BYTES;
  for (const item of items) at = writeListpackEntry(target, at, item);
  return writeFrame(LISTPACK, target, at, items.length);
}

/** Bytes that a listpack of `items` takes at most. */
export function listpackMaxBytes(items: readonly string[]): number {
  return packedMaxBytes(LISTPACK, items);
}

/** Writes an entry at `at`; answers where it ends. Texts of integers as Redis would print them are written as integers. */
function writeListpackEntry(target: Latin1Buffer, at: number, text: string): number {
  const end = writeInteger(target, at, text) ?? writeText(target, at, text);
  const length = end - at;
  const next = end + backLengthBytes(length);
  let rest = length;
  for (let i = next - 1; i >= end; i--) {
    target[i] = (rest & 0x7f) | (i === end ? 0 : 0x80);
    rest >>>= 7;
  }
  return next;
}

function writeText(target: Latin1Buffer, at: number, text: string): number {
  const { length } = text;
  let from = at + 1;
  if (length < 64) {
    target[at] = 0x80 | length;
  } else if (length < 4096) {
    target[at] = 0xe0 | (length >> 8);
    target[at + 1] = length;
    from = at + 2;
  } else {
    target[at] = 0xf0;
    target.writeUInt32LE(length, at + 1);
    from = at + 5;
  }
  target.latin1Write(text, from, length);
  return from + length;
}

function writeInteger(target: Latin1Buffer, at: number, text: string): number | undefined {
  const value = integerOf(text);
  if (value === undefined) return undefined;
  if (value >= 0 && value <= 127) {
    target[at] = value;
    return at + 1;
  }
  if (value >= -4096 && value <= 4095) {
    target[at] = 0xc0 | ((value >> 8) & 0x1f);
    target[at + 1] = value;
    return at + 2;
  }
  if (value >= -0x8000 && value <= 0x7fff) {
    target[at] = 0xf1;
    return target.writeInt16LE(value, at + 1);
  }
  if (value >= -0x80_0000 && value <= 0x7f_ffff) {
    target[at] = 0xf2;
    return target.writeIntLE(value, at + 1, 3);
  }
  if (value >= -0x8000_0000 && value <= 0x7fff_ffff) {
    target[at] = 0xf3;
    return target.writeInt32LE(value, at + 1);
  }
  target[at] = 0xf4;
  return target.writeBigInt64LE(BigInt(text), at + 1);
}
