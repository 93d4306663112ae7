/**
 * The path of a key in the tree of prefixes: its segments, with what only tells keys of one kind apart replaced by `*`.
 *
 *     user:1000:profile                            user: · *: · profile
 *     cart:3f2504e0-4f89-41d3-9a0c-0305e82c3301    cart: · *
 *     page17                                       page*
 *
 * A segment keeps its separator, so a path joined is a prefix, or a pattern, as a person would write it. Replaced are runs
 * of digits, hexadecimal words of eight and more that hold a digit, segments with bytes that are no text, and what follows the
 * beginning of long segments.
 *
 * Invariant: at most `MAX_DEPTH` segments, each at most `MAX_SEGMENT` characters and its separator; equal keys have equal paths.
 */

/** Segments beyond this are one. */
export const MAX_DEPTH = 4;
/** A longer segment is hardly a name that somebody gave: its beginning is. */
const MAX_SEGMENT = 40;
const KEPT_OF_LONG = 24;

/** Words that hold a digit and are hexadecimal: identifiers. */
const HEX_WORD = /(?<![0-9A-Za-z])(?=[0-9a-fA-F-]*\d)[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*(?![0-9A-Za-z])/g;
/** Letters and digits that change places more often than in any name: identifiers in base 62 or 64. */
const RANDOM_WORD = /(?<![0-9A-Za-z])(?=(?:[A-Za-z]*\d){3})(?=[0-9_-]*[A-Za-z])[0-9A-Za-z_-]{16,}(?![0-9A-Za-z])/g;
const DIGITS = /\d+/g;

/** @param key latin1, a character per byte @param separator one character or several @returns one segment at least */
export function keyPath(key: string, separator: string): string[] {
  const path: string[] = [];
  let start = 0;
  while (path.length < MAX_DEPTH - 1) {
    const end = key.indexOf(separator, start);
    if (end < 0) break;
    path.push(namePart(key.slice(start, end)) + separator);
    start = end + separator.length;
  }
  path.push(namePart(key.slice(start)));
  return path;
}

/** What of a segment is a name. */
function namePart(segment: string): string {
  let hasDigit = false;
  let isAscii = true;
  for (let i = 0; i < segment.length; i++) {
    const code = segment.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return '*';
    if (code >= 0x80) isAscii = false;
    else if (code >= 0x30 && code <= 0x39) hasDigit = true;
  }
  if (!isAscii && !isText(segment)) return '*';
  const name = hasDigit ? segment.replace(HEX_WORD, '*').replace(RANDOM_WORD, '*').replace(DIGITS, '*') : segment;
  if (name.length <= MAX_SEGMENT) return name;
  return isAscii ? `${name.slice(0, KEPT_OF_LONG)}*` : '*';
}

/** Whether it is UTF-8. */
function isText(segment: string): boolean {
  const bytes = Uint8Array.from(segment, (c) => c.charCodeAt(0));
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
