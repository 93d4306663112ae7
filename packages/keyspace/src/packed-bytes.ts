/**
 * Packed sequences (packed.ts) where they lie as bytes: read in place, an entry a string only where one is asked for.
 *
 * Offsets are those of packed.ts, counted from the first byte of the buffer, and are not checked: pass only offsets of entries that
 * are there.
 */
import { readLatin1 } from './latin1.ts';
import { LONG_PREFIX } from './packed.ts';

const SHORT_PREFIX_BYTES = 1;
const LONG_PREFIX_BYTES = 5;

function longLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 1] | (bytes[offset + 2] << 8) | (bytes[offset + 3] << 16) | (bytes[offset + 4] << 24)) >>> 0;
}

/** Position of the first byte of the entry whose prefix is at `offset`. */
export function packedBytesStart(bytes: Uint8Array, offset: number): number {
  return offset + (bytes[offset] < LONG_PREFIX ? SHORT_PREFIX_BYTES : LONG_PREFIX_BYTES);
}

/** Offset of the entry after the one at `offset`, which is also where that one's bytes end. */
export function packedBytesNext(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset];
  if (first < LONG_PREFIX) return offset + SHORT_PREFIX_BYTES + first;
  return offset + LONG_PREFIX_BYTES + longLength(bytes, offset);
}

/** Offset `count` entries after `offset`; there must be so many. */
export function packedBytesSkip(bytes: Uint8Array, offset: number, count: number): number {
  let at = offset;
  for (let left = count; left > 0; left--) at = packedBytesNext(bytes, at);
  return at;
}

/** The entry at `offset`, a flat string. */
export function packedBytesEntry(bytes: Uint8Array, offset: number): string {
  return readLatin1(bytes, packedBytesStart(bytes, offset), packedBytesNext(bytes, offset));
}

/** Whether the entry at `offset` has exactly the bytes of `entry`. No allocation. */
export function packedBytesEquals(bytes: Uint8Array, offset: number, entry: string): boolean {
  const { length } = entry;
  const first = bytes[offset];
  let at = offset + SHORT_PREFIX_BYTES;
  if (first >= LONG_PREFIX) {
    if (longLength(bytes, offset) !== length) return false;
    at = offset + LONG_PREFIX_BYTES;
  } else if (first !== length) {
    return false;
  }
  for (let i = 0; i < length; i++) if (bytes[at + i] !== entry.charCodeAt(i)) return false;
  return true;
}
