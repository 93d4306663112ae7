/**
 * Byte strings (one character per byte, 0–255) and how they meet the outside world's text.
 *
 * Option values are bytes to Redis: a password may be any bytes. Text that comes as a JavaScript string (command line
 * arguments, a file read as text) is taken as its UTF-8 bytes; file names and messages go the other way.
 */

const CHUNK = 8192;

/** Bytes as they are; text as its UTF-8 bytes. */
export function toByteString(input: string | Uint8Array): string {
  if (typeof input === 'string' && isAscii(input)) return input;
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
  let result = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    result += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return result;
}

/** The text of a byte string that holds UTF-8; bytes that are not UTF-8 become U+FFFD. */
export function toText(byteString: string): string {
  if (isAscii(byteString)) return byteString;
  return new TextDecoder().decode(Uint8Array.from(byteString, (char) => char.charCodeAt(0)));
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return false;
  }
  return true;
}
