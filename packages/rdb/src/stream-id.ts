/** Stream IDs: two unsigned 64-bit numbers, as text `milliseconds-sequence`, as 16 big-endian bytes, and their order. */

import type { Count, StreamId } from './entries.ts';
import type { Latin1Buffer } from './latin1.ts';

export const ZERO_ID: StreamId = '0-0';
export const ID_BYTES = 16;

const LOW_HALF = 0x1_0000_0000;
const ID = /^(\d{1,20})-(\d{1,20})$/;

/** A 64-bit unsigned number at `at`. */
function wideAt(bytes: Latin1Buffer, at: number): Count {
  const high = bytes.readUInt32BE(at);
  return high < 0x20_0000 ? high * LOW_HALF + bytes.readUInt32BE(at + 4) : bytes.readBigUInt64BE(at);
}

/** The ID in the 16 bytes at `at`. */
export function idAt(bytes: Latin1Buffer, at: number): StreamId {
  return `${wideAt(bytes, at)}-${wideAt(bytes, at + 8)}`;
}

/** The ID that lies so far behind the one in the 16 bytes at `at`; each half wraps at 64 bits. */
export function idPlus(bytes: Latin1Buffer, at: number, milliseconds: string, sequence: string): StreamId {
  return `${plus(wideAt(bytes, at), milliseconds)}-${plus(wideAt(bytes, at + 8), sequence)}`;
}

function plus(base: Count, difference: string): Count {
  if (typeof base === 'number' && difference.length <= 15) {
    const sum = base + Number(difference);
    if (sum >= 0 && sum <= Number.MAX_SAFE_INTEGER) return sum;
  }
  return BigInt.asUintN(64, BigInt(base) + BigInt(difference));
}

/** The halves of an ID. @throws RangeError if it is none */
export function splitId(id: StreamId): { readonly milliseconds: bigint; readonly sequence: bigint } {
  const match = ID.exec(id);
  if (match === null) throw new RangeError(`not a stream ID: ${id}`);
  return { milliseconds: BigInt(match[1]), sequence: BigInt(match[2]) };
}

/** Writes the 16 bytes of an ID at `at`. @throws RangeError if it is none */
export function writeId(target: Latin1Buffer, at: number, id: StreamId): void {
  const { milliseconds, sequence } = splitId(id);
  target.writeBigUInt64BE(milliseconds, at);
  target.writeBigUInt64BE(sequence, at + 8);
}

/** Below 0, 0 or above 0 as `one` lies before, at or behind `other`. */
export function compareIds(one: StreamId, other: StreamId): number {
  if (one === other) return 0;
  const a = splitId(one);
  const b = splitId(other);
  const order = a.milliseconds === b.milliseconds ? a.sequence - b.sequence : a.milliseconds - b.milliseconds;
  return order < 0n ? -1 : order > 0n ? 1 : 0;
}

/** The count of 64 bits as a number where that is exact. */
export function countOf(wide: bigint): Count {
  const count = Number(wide);
  return Number.isSafeInteger(count) ? count : wide;
}
