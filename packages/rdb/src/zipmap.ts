/**
 * Zipmaps: what small hashes were until Redis 2.6.
 *
 *     zipmap := byte pairs (254 and more: count them), (length field length free value unused)*, 0xFF
 *     length := byte below 254 | 254 uint32 little endian;  free := byte, how many unused bytes follow the value
 *
 * Source: Redis zipmap.c.
 */

import { RdbFault } from './errors.ts';
import type { Blob } from './input.ts';
import { type Latin1Buffer, latin1Of } from './latin1.ts';

const END = 0xff;
const LONG = 254;

/**
 * Appends field, value, field, value … of a zipmap to `items`.
 *
 * @throws RdbFault with RDB_STRUCTURE: lengths or a count that do not agree with the bytes
 */
export function readZipmap(blob: Blob, items: string[]): void {
  const { bytes, start, end } = blob;
  const last = end - 1;
  if (end - start < 2) throw fault('it is shorter than its header');
  if (bytes[last] !== END) throw fault('it has no end');
  let at = start + 1;
  let pairs = 0;
  while (bytes[at] !== END) {
    const field = at + lengthBytes(bytes, at, last);
    const fieldEnd = field + lengthAt(bytes, at);
    if (fieldEnd >= last) throw fault('a field reaches beyond its end');
    // The byte of unused space lies between the length of the value and the value.
    const value = fieldEnd + lengthBytes(bytes, fieldEnd, last) + 1;
    if (bytes[fieldEnd] === END || value > last) throw fault('a value reaches beyond its end');
    const valueEnd = value + lengthAt(bytes, fieldEnd);
    const next = valueEnd + bytes[value - 1];
    if (next > last) throw fault('a value reaches beyond its end');
    items.push(latin1Of(bytes, field, fieldEnd), latin1Of(bytes, value, valueEnd));
    at = next;
    pairs++;
  }
  if (at !== last) throw fault('it ends before its end');
  if (bytes[start] < LONG && bytes[start] !== pairs) throw fault('its count is not that of its pairs');
}

function lengthBytes(bytes: Latin1Buffer, at: number, last: number): number {
  const size = bytes[at] < LONG ? 1 : 5;
  if (at + size > last) throw fault('a length reaches beyond its end');
  return size;
}

function lengthAt(bytes: Latin1Buffer, at: number): number {
  return bytes[at] < LONG ? bytes[at] : bytes.readUInt32LE(at + 1);
}

function fault(what: string): RdbFault {
  return new RdbFault('RDB_STRUCTURE', `Zipmap integrity check failed: ${what}`);
}
