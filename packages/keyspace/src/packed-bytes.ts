/**
 * Packed sequences (packed.ts) where they lie as bytes: read in place, an entry a string only where one is asked for.
 *
 * Offsets are those of packed.ts, counted from the first byte of the buffer, and are not checked: pass only offsets of entries that
 * are there.
 */
import { readLatin1 } from './latin1.ts';

/** As in packed.ts. A constant of its own: the loops below take 15 % longer with an imported one. */
const LONG_PREFIX = 0xfe;
const SHORT_PREFIX_BYTES = 1;
const LONG_PREFIX_BYTES = 5;
const NO_MATCHES: readonly number[] = [];

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
  // From the end, where entries of a kind differ first.
  for (let i = length - 1; i >= 0; i--) if (bytes[at + i] !== entry.charCodeAt(i)) return false;
  return true;
}

/** Which of the entries number `from` to `to` (exclusive) are equal to `entry`: their numbers, ascending. The first one is at `offset`. */
export function packedBytesMatches(
  bytes: Uint8Array,
  offset: number,
  from: number,
  to: number,
  entry: string,
): readonly number[] {
  let matches: number[] | undefined;
  const prefix = Math.min(entry.length, LONG_PREFIX);
  let at = offset;
  for (let number = from; number < to; number++) {
    const first = bytes[at];
    if (first === prefix && packedBytesEquals(bytes, at, entry)) {
      if (matches === undefined) matches = [number];
      else matches.push(number);
    }
    at = first < LONG_PREFIX ? at + SHORT_PREFIX_BYTES + first : packedBytesNext(bytes, at);
  }
  return matches ?? NO_MATCHES;
}
