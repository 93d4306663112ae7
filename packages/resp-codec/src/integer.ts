/**
 * Decimal integers as Redis reads them from arguments: an optional minus, no plus, no leading zero, no `-0`, no spaces,
 * within a signed 64-bit integer.
 */

const ZERO = 48;
const MINUS = 45;
const MAX_INT64 = 9223372036854775807n;
/** Up to this many digits the value is exact in a double. */
const EXACT_DIGITS = 15;
/** 2^63 has 19 digits. */
const MAX_DIGITS = 19;

/**
 * The integer that the bytes `start` … `end` spell, or undefined if they do not spell one.
 * @returns a number if it is a safe integer, else a bigint
 * Source: Redis util.c, string2ll.
 */
export function parseInteger(bytes: Uint8Array, start: number, end: number): number | bigint | undefined {
  const isNegative = start < end && bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  const digits = end - first;
  if (digits <= 0 || digits > MAX_DIGITS) return undefined;
  if (bytes[first] === ZERO) return digits === 1 && !isNegative ? 0 : undefined;
  if (digits > EXACT_DIGITS) return parseLong(bytes, first, end, isNegative);
  let value = 0;
  for (let i = first; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

function parseLong(bytes: Uint8Array, first: number, end: number, isNegative: boolean): number | bigint | undefined {
  let text = '';
  for (let i = first; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    text += digit;
  }
  const magnitude = BigInt(text);
  if (magnitude > (isNegative ? MAX_INT64 + 1n : MAX_INT64)) return undefined;
  const value = isNegative ? -magnitude : magnitude;
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}
