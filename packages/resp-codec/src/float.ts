/**
 * Floating-point arguments as Redis reads them: what C's strtod takes in the C locale when it consumes every byte, with
 * no leading space, no NaN, and no value out of range (an overflow, or an underflow to zero).
 */
import { decodeLatin1 } from './text.ts';

const ZERO = 48;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX](?:([0-9a-fA-F]+)\.?([0-9a-fA-F]*)|\.([0-9a-fA-F]+))(?:[pP]([+-]?\d+))?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
/** Mantissa digits are all zero: then the value is zero, otherwise a zero result is an underflow. */
const ZERO_MANTISSA = /^[+-]?[0.]*(?:[eE]|$)/;
/** Unsigned integers up to this many digits, the usual scores, are read without a regular expression. */
const PLAIN_DIGITS = 15;

/**
 * The number that the bytes `start` … `end` spell, or undefined if they spell none.
 * Source: Redis util.c, string2d, with glibc's strtod.
 */
export function parseFloatStrict(bytes: Uint8Array, start: number, end: number): number | undefined {
  const length = end - start;
  if (length === 0) return undefined;
  if (length <= PLAIN_DIGITS) {
    let value = 0;
    let i = start;
    for (; i < end; i++) {
      const digit = bytes[i] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (i === end) return value;
  }
  return parseFloatText(decodeLatin1(bytes, start, end));
}

function parseFloatText(text: string): number | undefined {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) return undefined;
    return value === 0 && !ZERO_MANTISSA.test(text) ? undefined : value;
  }
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal === null) return undefined;
  const [, sign, whole = '', fraction = '', onlyFraction = '', exponent = '0'] = hexadecimal;
  const magnitude = scaleHexadecimal(whole + fraction + onlyFraction, fraction.length + onlyFraction.length, exponent);
  if (magnitude === undefined) return undefined;
  return sign === '-' ? -magnitude : magnitude;
}

/** `digits` (hexadecimal, the last `fractionDigits` behind the point) times 2^exponent, rounded half to even. */
function scaleHexadecimal(digits: string, fractionDigits: number, exponentText: string): number | undefined {
  let mantissa = BigInt(`0x${digits}`);
  if (mantissa === 0n) return 0;
  // An exponent beyond this is out of range whatever the digits are; capping it keeps the shifts below small.
  const cap = 4 * digits.length + 2000;
  let exponent = Math.max(-cap, Math.min(cap, Number(exponentText))) - 4 * fractionDigits;
  const bits = mantissa.toString(2).length;
  // 53 bits for a normal number, fewer for a subnormal one, whose last bit is 2^-1074.
  const excess = Math.max(bits - 53, -1074 - exponent);
  if (excess > 0) {
    const shift = BigInt(excess);
    const half = 1n << (shift - 1n);
    const rest = mantissa & ((1n << shift) - 1n);
    mantissa >>= shift;
    exponent += excess;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n;
  }
  // Two steps, because 2^exponent alone may leave the range of a double although the product does not.
  const first = Math.max(-1000, Math.min(900, exponent));
  const value = Number(mantissa) * 2 ** first * 2 ** (exponent - first);
  return value === 0 || value === Number.POSITIVE_INFINITY ? undefined : value;
}
