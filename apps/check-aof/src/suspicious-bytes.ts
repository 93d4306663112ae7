/**
 * Bytes in a value that look like damage: nothing in a log vouches for them, so these are guesses.
 *
 * Only text is judged. What is binary all over (bitmaps, compressed or serialised data, HyperLogLogs) may hold anything.
 */

/** A run of zeros of this length is what a lost sector or a hole in a file leaves; text has none. */
const HOLE_BYTES = 8;
/** In shorter values a strange byte says nothing. */
const MIN_TEXT_BYTES = 64;
/** At most one byte in so many is strange in text with damage. */
const TEXT_BYTES_PER_STRANGE_BYTE = 64;

/** `hole`: text with a run of zeros inside. `stray-byte`: text of ASCII with a few bytes that are none. */
export type Suspicion = { readonly kind: 'hole' | 'stray-byte'; readonly at: number; readonly length: number };

/** Judges `bytes[start … end)`. */
export function suspicionOf(bytes: Uint8Array, start: number, end: number): Suspicion | undefined {
  if (end - start < MIN_TEXT_BYTES) return undefined;
  let strange = 0;
  let first = -1;
  let last = -1;
  let zeros = 0;
  let longestZeros = 0;
  let longestAt = -1;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x20 && byte < 0x7f) {
      zeros = 0;
      continue;
    }
    if (byte === 9 || byte === 10 || byte === 13) continue;
    zeros = byte === 0 ? zeros + 1 : 0;
    if (zeros > longestZeros) {
      longestZeros = zeros;
      longestAt = i - zeros + 1;
    }
    strange++;
    if (first < 0) first = i;
    last = i;
  }
  if (strange === 0) return undefined;
  const length = end - start;
  if (longestZeros >= HOLE_BYTES && (strange - longestZeros) * TEXT_BYTES_PER_STRANGE_BYTE <= length - longestZeros) {
    return length - longestZeros >= HOLE_BYTES ? { kind: 'hole', at: longestAt, length: longestZeros } : undefined;
  }
  if (strange * TEXT_BYTES_PER_STRANGE_BYTE > length || isUtf8(bytes, start, end)) return undefined;
  return { kind: 'stray-byte', at: first, length: last - first + 1 };
}

function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  const view = bytes.subarray(start, end);
  // Control characters are UTF-8 too, but no text.
  for (const byte of view) if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(view);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
