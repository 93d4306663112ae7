/** Bytes to latin1 strings (one char 0–255 per byte, flat) and back: the only place that knows how to do it fast. */

import type { Latin1Buffer } from '@aof/keyspace';

export { allocateLatin1, type Latin1Buffer } from '@aof/keyspace';

/** Up to this length spelling out the chars beats the call out of JavaScript. */
const SHORT_CHARS = 12;

/** The same bytes as a Buffer. */
export function latin1View(bytes: Uint8Array): Latin1Buffer {
  // Every Buffer has the two methods; only their declaration is missing.
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Latin1Buffer;
}

/** The bytes `start` to `end` (exclusive) as a flat string. @throws above V8's limit of a string, just below 512 MiB */
export function latin1Of(bytes: Latin1Buffer, start: number, end: number): string {
  return end - start <= SHORT_CHARS ? shortText(bytes, start, end - start) : bytes.latin1Slice(start, end);
}

function shortText(b: Uint8Array, i: number, length: number): string {
  const f = String.fromCharCode;
  // biome-ignore format: one case per line, so that the pattern is visible
  switch (length) {
    case 0: return '';
    case 1: return f(b[i]);
    case 2: return f(b[i], b[i + 1]);
    case 3: return f(b[i], b[i + 1], b[i + 2]);
    case 4: return f(b[i], b[i + 1], b[i + 2], b[i + 3]);
    case 5: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4]);
    case 6: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5]);
    case 7: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6]);
    case 8: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7]);
    case 9: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8]);
    case 10: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9]);
    case 11: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10]);
    default: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11]);
  }
}
