/**
 * Ziplists: what listpacks were until Redis 7.
 *
 *     ziplist  := uint32 all its bytes, uint32 where the last entry begins, uint16 entries (65535: count them), entry*, 0xFF
 *     entry    := previous, encoded                                              little endian but for the lengths of strings
 *     previous := length of the entry before in a byte below 254 | 254 uint32
 *     encoded  := 00nnnnnn bytes | 01nnnnnn n bytes | 10______ uint32 bytes       strings, big-endian lengths
 *               | 0xC0 int16 | 0xD0 int32 | 0xE0 int64 | 0xF0 int24 | 0xFE int8 | 1111xxxx with x 1 … 13 for 0 … 12
 *
 * Source: Redis ziplist.c.
 */

import type { RdbFault } from './errors.ts';
import type { Blob } from './input.ts';
import { type Latin1Buffer, latin1Of } from './latin1.ts';
import {
  checkCount,
  END,
  endOfEntries,
  integerOf,
  type PackedForm,
  packedFault,
  packedMaxBytes,
  writeFrame,
} from './packed-frame.ts';

const HEADER_BYTES = 10;
const ZIPLIST: PackedForm = { name: 'Ziplist', headerBytes: HEADER_BYTES };
const LONG_PREVIOUS = 254;

/**
 * Appends the entries of a ziplist to `items`, integers as decimal texts.
 *
 * @throws RdbFault with RDB_STRUCTURE: anything that does not hold together, down to the lengths for reading backwards
 */
export function readZiplist(blob: Blob, items: string[]): void {
  const { bytes, start } = blob;
  const last = endOfEntries(ZIPLIST, blob);
  const before = items.length;
  let at = start + HEADER_BYTES;
  let previous = 0;
  while (at < last) {
    const next = readEntry(bytes, at, last, previous, items);
    previous = next - at;
    at = next;
  }
  const found = items.length - before;
  checkCount(ZIPLIST, blob, found);
  if (found > 0 && bytes.readUInt32LE(start + 4) !== last - previous - start)
    throw fault('its last entry is elsewhere');
}

/** Reads the entry at `at`, which must end at `last` at most; answers where it ends. */
function readEntry(bytes: Latin1Buffer, start: number, last: number, previous: number, items: string[]): number {
  let at = start + 1;
  if (bytes[start] < LONG_PREVIOUS) {
    if (bytes[start] !== previous) throw fault('an entry is not as long as the next one says');
  } else {
    at = start + 5;
    if (at > last || bytes[start] === END) throw fault('an entry reaches beyond its end');
    if (bytes.readUInt32LE(start + 1) !== previous) throw fault('an entry is not as long as the next one says');
  }
  if (at >= last) throw fault('an entry reaches beyond its end');
  const first = bytes[at];
  if (first >= 0xc0) return readInteger(bytes, at, last, items);
  let text = at + 1;
  let length = first & 0x3f;
  if (first >= 0x80) {
    text = at + 5;
    if (text > last) throw fault('an entry reaches beyond its end');
    length = bytes.readUInt32BE(at + 1);
  } else if (first >= 0x40) {
    text = at + 2;
    length = (length << 8) | bytes[at + 1];
  }
  const end = text + length;
  if (end > last) throw fault('an entry reaches beyond its end');
  items.push(latin1Of(bytes, text, end));
  return end;
}

function readInteger(bytes: Latin1Buffer, at: number, last: number, items: string[]): number {
  const first = bytes[at];
  if (first > 0xf0 && first < 0xfe) {
    items.push(String(first - 0xf1));
    return at + 1;
  }
  const size = INTEGER_BYTES[first];
  if (size === undefined) throw fault('an entry has no known encoding');
  const end = at + 1 + size;
  if (end > last) throw fault('an entry reaches beyond its end');
  items.push(size === 8 ? String(bytes.readBigInt64LE(at + 1)) : String(bytes.readIntLE(at + 1, size)));
  return end;
}

const INTEGER_BYTES: Readonly<Record<number, number>> = { 192: 2, 208: 4, 224: 8, 240: 3, 254: 1 };

function fault(what: string): RdbFault {
  return packedFault(ZIPLIST, what);
}

// Writing -------------------------------------------------------------------------------------------------------------

/** Writes a ziplist of `items` at 0, where `ziplistMaxBytes` are free; answers where it ends. */
export function writeZiplist(target: Latin1Buffer, items: readonly string[]): number {
  let at = HEADER_BYTES;
  let last = HEADER_BYTES;
  for (const item of items) {
    const next = writeEntry(target, at, item, at - last);
    last = at;
    at = next;
  }
  target.writeUInt32LE(last, 4);
  return writeFrame(ZIPLIST, target, at, items.length);
}

/** Bytes that a ziplist of `items` takes at most. */
export function ziplistMaxBytes(items: readonly string[]): number {
  return packedMaxBytes(ZIPLIST, items);
}

/** Writes an entry at `at` behind one of `previous` bytes, 0 if it is the first; answers where it ends. */
function writeEntry(target: Latin1Buffer, at: number, text: string, previous: number): number {
  let from = at + 1;
  if (previous < LONG_PREVIOUS) {
    target[at] = previous;
  } else {
    target[at] = LONG_PREVIOUS;
    from = target.writeUInt32LE(previous, at + 1);
  }
  return writeInteger(target, from, text) ?? writeText(target, from, text);
}

function writeText(target: Latin1Buffer, at: number, text: string): number {
  const { length } = text;
  let from = at + 1;
  if (length < 64) {
    target[at] = length;
  } else if (length < 16384) {
    target[at] = 0x40 | (length >> 8);
    target[at + 1] = length;
    from = at + 2;
  } else {
    target[at] = 0x80;
    from = target.writeUInt32BE(length, at + 1);
  }
  target.latin1Write(text, from, length);
  return from + length;
}

function writeInteger(target: Latin1Buffer, at: number, text: string): number | undefined {
  const value = integerOf(text);
  if (value === undefined) return undefined;
  if (value >= 0 && value <= 12) {
    target[at] = 0xf1 + value;
    return at + 1;
  }
  for (const [code, size] of SMALL_INTEGERS) {
    const limit = 2 ** (8 * size - 1);
    if (value >= -limit && value < limit) {
      target[at] = code;
      return target.writeIntLE(value, at + 1, size);
    }
  }
  target[at] = 0xe0;
  return target.writeBigInt64LE(BigInt(text), at + 1);
}

const SMALL_INTEGERS: readonly (readonly [code: number, size: number])[] = [
  [0xfe, 1],
  [0xc0, 2],
  [0xf0, 3],
  [0xd0, 4],
];
