/**
 * Which encoding Redis (7.2) would report for a list: `listpack` while everything fits one listpack, `quicklist` after.
 *
 * This is only a report: our own form does not depend on it. A listpack is 6 bytes of header, the entries, and 1 byte of
 * end. An entry is its encoding, its bytes unless it is a small integer, and its own length again for walking backwards.
 */

/** Bytes of a listpack without entries. */
export const LISTPACK_EMPTY_BYTES = 7;
/** A limit by entries is a limit by bytes as well. */
const SAFETY_BYTES = 8192;
/** list-max-listpack-size -1 … -5. */
const NODE_LIMITS: readonly number[] = [4096, 8192, 16384, 32768, 65536];

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;

/**
 * Whether a listpack of so many bytes and entries is too large.
 *
 * @param maxListpackSize the option list-max-listpack-size: entries if not negative, else -1 … -5 for 4 … 64 KiB
 */
export function exceedsListpack(maxListpackSize: number, bytes: number, count: number): boolean {
  if (maxListpackSize < 0) return bytes > byteLimit(maxListpackSize);
  return bytes > SAFETY_BYTES || count > Math.max(1, maxListpackSize);
}

/** Whether a quicklist of so many bytes and entries becomes a listpack again: only well below the limit. */
export function fitsListpackAgain(maxListpackSize: number, bytes: number, count: number): boolean {
  if (maxListpackSize < 0) return bytes <= byteLimit(maxListpackSize) / 2;
  return count <= Math.max(1, maxListpackSize) >> 1;
}

/** Bytes of an element in a listpack. */
export function listpackEntryBytes(element: string): number {
  const integerBytes = integerEncodingBytes(element);
  if (integerBytes > 0) return integerBytes + 1;
  const { length } = element;
  const encoded = length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
  return encoded + backLengthBytes(encoded);
}

function byteLimit(maxListpackSize: number): number {
  return NODE_LIMITS[Math.min(-maxListpackSize, NODE_LIMITS.length) - 1];
}

/** Bytes of an integer's encoding, or 0 if the element is not the canonical text of a 64-bit integer. */
function integerEncodingBytes(element: string): number {
  const { length } = element;
  if (length === 0 || length > 20) return 0;
  const first = element.charCodeAt(0);
  if (first !== 0x2d && (first < 0x30 || first > 0x39)) return 0;
  if (!INTEGER.test(element)) return 0;
  if (length > 15) return fitsInt64(element) ? 9 : 0;
  const value = Number(element);
  if (value >= 0 && value <= 127) return 1;
  if (value >= -4096 && value <= 4095) return 2;
  const magnitude = value < 0 ? -value - 1 : value;
  if (magnitude < 2 ** 15) return 3;
  if (magnitude < 2 ** 23) return 4;
  return magnitude < 2 ** 31 ? 5 : 9;
}

function fitsInt64(digits: string): boolean {
  const value = BigInt(digits);
  return BigInt.asIntN(64, value) === value;
}

function backLengthBytes(encoded: number): number {
  if (encoded <= 127) return 1;
  if (encoded < 16383) return 2;
  if (encoded < 2097151) return 3;
  return encoded < 268435455 ? 4 : 5;
}
