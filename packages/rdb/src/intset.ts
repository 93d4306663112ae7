/**
 * Intsets: sets of integers in one string.
 *
 *     intset := uint32 bytes of an integer: 2, 4 or 8; uint32 how many; integers in ascending order      little endian
 *
 * Source: Redis intset.c.
 */

import { RdbFault } from './errors.ts';
import type { Blob } from './input.ts';
import type { Latin1Buffer } from './latin1.ts';

const HEADER_BYTES = 8;

/**
 * Appends the members of an intset to `items` as decimal texts.
 *
 * @throws RdbFault with RDB_STRUCTURE: sizes that do not agree, or members that do not ascend
 */
export function readIntset(blob: Blob, items: string[]): void {
  const { bytes, start, end } = blob;
  const size = end - start;
  if (size < HEADER_BYTES) throw fault('it is shorter than its header');
  const width = bytes.readUInt32LE(start);
  if (width !== 2 && width !== 4 && width !== 8) throw fault('its integers have no known width');
  const count = bytes.readUInt32LE(start + 4);
  if (HEADER_BYTES + count * width !== size) throw fault('its count is not its length');
  if (count === 0) throw fault('it is empty');
  if (width === 8) return readWide(bytes, start + HEADER_BYTES, end, items);
  let previous = Number.NEGATIVE_INFINITY;
  for (let at = start + HEADER_BYTES; at < end; at += width) {
    const member = width === 2 ? bytes.readInt16LE(at) : bytes.readInt32LE(at);
    if (member <= previous) throw fault('its members do not ascend');
    previous = member;
    items.push(String(member));
  }
}

function readWide(bytes: Latin1Buffer, start: number, end: number, items: string[]): void {
  let previous = -(2n ** 64n);
  for (let at = start; at < end; at += 8) {
    const member = bytes.readBigInt64LE(at);
    if (member <= previous) throw fault('its members do not ascend');
    previous = member;
    items.push(String(member));
  }
}

function fault(what: string): RdbFault {
  return new RdbFault('RDB_STRUCTURE', `Intset integrity check failed: ${what}`);
}

/** Bytes of an intset of `count` members at most. */
export function intsetMaxBytes(count: number): number {
  return HEADER_BYTES + 8 * count;
}

/** Writes an intset of `members`, decimal texts of int64 as Redis prints them, at `at`; answers where it ends. */
export function writeIntset(target: Latin1Buffer, at: number, members: readonly string[]): number {
  const integers = BigInt64Array.from(members, BigInt).sort();
  const least = integers[0] ?? 0n;
  const greatest = integers.at(-1) ?? 0n;
  const width = fits(least, greatest, 16) ? 2 : fits(least, greatest, 32) ? 4 : 8;
  target.writeUInt32LE(width, at);
  target.writeUInt32LE(integers.length, at + 4);
  let to = at + HEADER_BYTES;
  for (const integer of integers) {
    if (width === 2) to = target.writeInt16LE(Number(integer), to);
    else if (width === 4) to = target.writeInt32LE(Number(integer), to);
    else to = target.writeBigInt64LE(integer, to);
  }
  return to;
}

function fits(least: bigint, greatest: bigint, bits: number): boolean {
  return BigInt.asIntN(bits, least) === least && BigInt.asIntN(bits, greatest) === greatest;
}
