/**
 * LZF, the compression of strings in RDB files.
 *
 *     literal    000nnnnn, n+1 bytes                  n + 1 bytes as they are
 *     reference  nnnooooo oooooooo                    n + 2 bytes from o + 1 bytes back, n 1 … 6
 *     long one   111ooooo nnnnnnnn oooooooo           n + 9 bytes from o + 1 bytes back
 *
 * A reference may overlap what it makes: one byte back and 10 long repeats a byte ten times.
 *
 * Source: the format of liblzf, as Redis lzf_d.c reads it.
 */

import { RdbFault } from './errors.ts';

const MAX_LITERALS = 32;
const MAX_DISTANCE = 1 << 13;
const MAX_MATCH = 264;
/** A reference of three bytes makes 264: nothing compresses further. */
const MAX_RATIO = MAX_MATCH / 3;
const HASH_BITS = 14;
/** What is longer is copied by one call, which costs as much as some tens of single bytes. */
const COPIED_ABOVE_BYTES = 48;

/** Where three bytes were seen last, counted from 1 on through all inputs: what is not above `seenBefore` is of an earlier one. */
const seen = new Int32Array(1 << HASH_BITS);
let seenBefore = 0;

/** The most bytes that `compressedBytes` can decompress to: a longer claim is false. */
export function maxDecompressedBytes(compressedBytes: number): number {
  return Math.ceil(compressedBytes * MAX_RATIO);
}

/**
 * Decompresses the bytes `start` to `end` (exclusive) of `input` to exactly the bytes `outputStart` to `outputEnd` of `output`.
 *
 * @throws RdbFault with RDB_LZF: the bytes reach beyond either end or make another length
 */
export function lzfDecompress(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputEnd = output.length,
  outputStart = 0,
): void {
  let at = start;
  let to = outputStart;
  while (at < end) {
    const control = input[at++];
    if (control < MAX_LITERALS) {
      const count = control + 1;
      if (at + count > end || to + count > outputEnd) throw new RdbFault('RDB_LZF', 'Invalid LZF compressed string');
      for (const stop = at + count; at < stop; ) output[to++] = input[at++];
      continue;
    }
    let length = control >> 5;
    if (length === 7 && at < end) length += input[at++];
    length += 2;
    // At the end of the input there is no low byte: NaN, which fails the comparison.
    let from = to - ((control & 0x1f) << 8) - (at < end ? input[at] : Number.NaN) - 1;
    at++;
    if (!(from >= outputStart) || to + length > outputEnd)
      throw new RdbFault('RDB_LZF', 'Invalid LZF compressed string');
    if (length > COPIED_ABOVE_BYTES && from + length <= to) {
      output.copyWithin(to, from, from + length);
      to += length;
    } else {
      for (const stop = to + length; to < stop; ) output[to++] = output[from++];
    }
  }
  if (to !== outputEnd) throw new RdbFault('RDB_LZF', 'Invalid LZF compressed string');
}

/**
 * Compresses the first `end` bytes of `input` into the first `room` of `output`.
 *
 * @returns how many bytes were written, or 0 if they did not fit
 */
export function lzfCompress(input: Uint8Array, end: number, output: Uint8Array, room: number): number {
  const base = beginInput(end);
  const lastStart = end - 2;
  let at = 0;
  let to = 1;
  let literals = 0;
  while (at < end) {
    let from = -1;
    if (at < lastStart) {
      const key = (input[at] << 16) | (input[at + 1] << 8) | input[at + 2];
      const slot = (Math.imul(key, 0x9e3779b1) >>> (32 - HASH_BITS)) | 0;
      from = seen[slot] - base;
      seen[slot] = base + at;
      const isMatch =
        from >= 0 &&
        at - from <= MAX_DISTANCE &&
        input[from] === input[at] &&
        input[from + 1] === input[at + 1] &&
        input[from + 2] === input[at + 2];
      if (!isMatch) from = -1;
    }
    if (from < 0) {
      if (to >= room) return 0;
      output[to++] = input[at++];
      if (++literals === MAX_LITERALS) {
        output[to - literals - 1] = literals - 1;
        literals = 0;
        to++;
      }
      continue;
    }
    let length = 3;
    const longest = Math.min(MAX_MATCH, end - at);
    while (length < longest && input[from + length] === input[at + length]) length++;
    // The place kept for the count of literals is given back when there are none.
    if (literals > 0) output[to - literals - 1] = literals - 1;
    else to--;
    literals = 0;
    if (to + 4 > room) return 0;
    const distance = at - from - 1;
    if (length < 9) {
      output[to++] = ((length - 2) << 5) | (distance >> 8);
    } else {
      output[to++] = (7 << 5) | (distance >> 8);
      output[to++] = length - 9;
    }
    output[to++] = distance & 0xff;
    to++;
    at += length;
  }
  if (literals > 0) output[to - literals - 1] = literals - 1;
  else to--;
  return to > room ? 0 : to;
}

/** Makes room for the places of `length` bytes; answers the number of the first one. */
function beginInput(length: number): number {
  if (seenBefore + length > 0x7fff_fffe) {
    seen.fill(0);
    seenBefore = 0;
  }
  const base = seenBefore + 1;
  seenBefore += length;
  return base;
}
