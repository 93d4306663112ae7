/**
 * Bytes to strings and back: one character per byte (latin1), so that every byte string survives; for clients also UTF-8.
 *
 * Strings made here are flat: they own their characters and do not keep the buffer, or a longer string, alive. Node's
 * native conversions are used when the runtime has them (found on the global object, so that browsers can load this
 * file); short strings are faster without crossing into native code.
 */

/** The methods of Node's Buffer used here; they work on any Uint8Array. */
interface NativeText {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, offset: number): number;
}

function findNative(): NativeText | undefined {
  const prototype = (globalThis as { Buffer?: { prototype?: Partial<NativeText> } }).Buffer?.prototype;
  const methods = [prototype?.latin1Slice, prototype?.utf8Slice, prototype?.latin1Write];
  // The check is what makes this cast true.
  return methods.every((method) => typeof method === 'function') ? (prototype as NativeText) : undefined;
}

const native = findNative();

/** Longest string for which `String.fromCharCode` with spelled-out arguments beats the native conversion. */
const SHORT = 16;
/** Longest string, and most bytes, that a loop writes faster than native code. */
const SHORT_WRITE = 48;
const LAST_ASCII = 0x7f;
/** How many characters one `String.fromCharCode.apply` may take: engines limit the number of arguments. */
const PORTABLE_PIECE = 8192;

/** The bytes `start` … `end` of `bytes` as a flat string, one character per byte. */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) return decodeShort(bytes, start, end - start);
  if (native !== undefined) return native.latin1Slice.call(bytes, start, end);
  let text = '';
  for (let at = start; at < end; at += PORTABLE_PIECE) {
    text += String.fromCharCode.apply(null, Array.from(bytes.subarray(at, Math.min(end, at + PORTABLE_PIECE))));
  }
  return text;
}

/** Up to 16 bytes. The spelled-out calls build the string in one go; a loop of `+=` would leave a rope. */
function decodeShort(b: Uint8Array, i: number, length: number): string {
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
    case 12: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11]);
    case 13: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12]);
    case 14: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13]);
    case 15: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13], b[i + 14]);
    default: return f(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7], b[i + 8], b[i + 9], b[i + 10], b[i + 11], b[i + 12], b[i + 13], b[i + 14], b[i + 15]);
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] > LAST_ASCII) return false;
  return true;
}

const portableUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The bytes `start` … `end` of `bytes` as UTF-8; what is not UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT && isAscii(bytes, start, end)) return decodeShort(bytes, start, end - start);
  if (native !== undefined) return native.utf8Slice.call(bytes, start, end);
  return portableUtf8.decode(bytes.subarray(start, end));
}

/**
 * Writes `text` at `offset`, one byte per character; a character above U+00FF loses its upper bits.
 * @returns the offset after the last byte written; the caller has made sure that the text fits
 */
export function writeLatin1(target: Uint8Array, offset: number, text: string): number {
  const length = text.length;
  if (native !== undefined && length > SHORT_WRITE) {
    native.latin1Write.call(target, text, offset);
    return offset + length;
  }
  for (let i = 0; i < length; i++) target[offset + i] = text.charCodeAt(i);
  return offset + length;
}

/** Writes the bytes `start` … `end` of `source` at `offset`; returns the offset after them. The caller has made sure that they fit. */
export function writeBytes(target: Uint8Array, offset: number, source: Uint8Array, start: number, end: number): number {
  if (end - start > SHORT_WRITE) target.set(source.subarray(start, end), offset);
  else for (let from = start, to = offset; from < end; from++, to++) target[to] = source[from];
  return offset + end - start;
}
