/**
 * Bytes and latin1 strings (one char 0–255 per byte): the only place that knows how Node turns one into the other fast.
 *
 * `Buffer#latin1Write` and `Buffer#latin1Slice` have been part of every Node release since 0.x and are what
 * `write(…, 'latin1')` and `toString('latin1')` call; going to them directly saves the look-up of the encoding's name
 * for each of the many short strings. Their types are not published, so they are declared here.
 */

/** A Buffer with the direct latin1 methods. */
export interface Latin1Buffer extends Buffer {
  /** Writes the first `length` chars of `text` from `offset` on; answers how many were written. */
  latin1Write(text: string, offset: number, length: number): number;
  /** The bytes `start` to `end` (exclusive) as a flat string. */
  latin1Slice(start: number, end: number): string;
}

/** Up to this length V8 copies a substring; a longer one is a slice that keeps its whole parent alive. */
const COPIED_SUBSTRING_CHARS = 12;
/** Scratch memory above this size is given back after the edit that needed it. */
const SCRATCH_KEPT_BYTES = 1 << 20;

let keptScratch = allocateLatin1(16 * 1024);

/** Uninitialised memory of its own (not from Node's shared pool). */
export function allocateLatin1(byteLength: number): Latin1Buffer {
  // Every Buffer has the two methods; only their declaration is missing.
  return Buffer.allocUnsafeSlow(byteLength) as Latin1Buffer;
}

/** Scratch memory of at least `byteLength`, valid until the next call. */
export function latin1Scratch(byteLength: number): Latin1Buffer {
  if (byteLength <= keptScratch.length) return keptScratch;
  const larger = allocateLatin1(Math.max(byteLength, keptScratch.length * 2));
  if (larger.length <= SCRATCH_KEPT_BYTES) keptScratch = larger;
  return larger;
}

/**
 * A copy of `text` that shares memory with no other string: neither a rope nor a slice. What is stored for long must
 * be flat, or a short piece keeps a large parent alive.
 */
export function flatCopy(text: string): string {
  if (text.length <= COPIED_SUBSTRING_CHARS) return text;
  const scratch = latin1Scratch(text.length);
  scratch.latin1Write(text, 0, text.length);
  return scratch.latin1Slice(0, text.length);
}

/** Up to so many bytes it is faster to write all of a text and move a part of it than to write two parts. */
const WHOLE_BYTES = 4096;
/** Up to so many bytes a loop is faster than a call into native code. */
const LOOP_BYTES = 32;

/** Copies the bytes `start` to `end` (exclusive) of `source` to `target` from `at` on. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): void {
  if (end - start > LOOP_BYTES) {
    target.set(source.subarray(start, end), at);
    return;
  }
  let to = at;
  for (let from = start; from < end; from++) target[to++] = source[from];
}

/**
 * `text` without some of its ranges, flat; in one copy, however many they are.
 *
 * @param ranges start, end (exclusive), start, end …, ascending and apart
 */
export function cutRanges(text: string, ranges: readonly number[]): string {
  if (ranges.length === 0) return text;
  const { length } = text;
  const scratch = latin1Scratch(length);
  const [firstStart, firstEnd] = ranges;
  /** How far left of its place in `text` a byte was written. */
  let shift = 0;
  if (length <= WHOLE_BYTES) {
    scratch.latin1Write(text, 0, length);
  } else {
    shift = firstEnd - firstStart;
    if (firstStart > 0) scratch.latin1Write(text, 0, firstStart);
    scratch.latin1Write(text.substring(firstEnd), firstStart, length - firstEnd);
  }
  let to = firstStart;
  for (let i = 1; i < ranges.length; i += 2) {
    const from = ranges[i] - shift;
    const end = (i + 1 < ranges.length ? ranges[i + 1] : length) - shift;
    if (from > to) moveDown(scratch, to, from, end);
    to += end - from;
  }
  return scratch.latin1Slice(0, to);
}

/** Moves the bytes `start` to `end` (exclusive) to `at`, which is below them. */
function moveDown(bytes: Uint8Array, at: number, start: number, end: number): void {
  if (end - start > LOOP_BYTES) bytes.copyWithin(at, start, end);
  else for (let i = 0; i < end - start; i++) bytes[at + i] = bytes[start + i];
}

/** Writes `text` into `target` from `at` on. */
export function writeLatin1(target: Latin1Buffer, at: number, text: string): void {
  const { length } = text;
  if (length > LOOP_BYTES) target.latin1Write(text, at, length);
  else for (let i = 0; i < length; i++) target[at + i] = text.charCodeAt(i);
}

/** The bytes `start` to `end` (exclusive) as a flat string. */
export function readLatin1(bytes: Uint8Array, start: number, end: number): string {
  // The method works on any Uint8Array.
  return (Buffer.prototype as Latin1Buffer).latin1Slice.call(bytes, start, end);
}
