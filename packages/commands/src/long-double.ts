/**
 * Sums as an 80-bit extended float ("long double") computes and prints them, which is how Redis does INCRBYFLOAT and
 * HINCRBYFLOAT. JavaScript has only 64-bit floats, so a number is held as `mantissa * 2^exponent` with a BigInt mantissa,
 * computed exactly and then rounded to what the extended format keeps:
 *
 *     mantissa   64 bits, rounded half to even
 *     exponent   lowest bit between 2^-16445 (subnormal) and 2^16320 (so values end below 2^16384)
 *
 * Invariant: a finite number has a mantissa below 2^64 in magnitude. -0 is not kept apart: it prints as 0 anyway.
 */

const MANTISSA_BITS = 64;
const LOWEST_BIT = -16445;
/** Values of 2^16384 and more are infinite. */
const END_EXPONENT = 16384;
/** Redis reads such a number into a buffer of 5 KiB with its terminator: longer texts are no numbers. */
const TEXT_LIMIT = 5 * 1024;
/** Without an exponent, so few digits can neither overflow nor vanish. */
const PLAIN_DIGITS = 4900;
const FRACTION_DIGITS = 17;
const SMALL_POWERS: readonly bigint[] = Array.from({ length: 40 }, (_, exponent) => 10n ** BigInt(exponent));
const FRACTION_SCALE = powerOfTen(FRACTION_DIGITS);

/** Integers of which any two add up exactly in a 64-bit float as well. */
const SMALL_INTEGER = /^-?\d{1,15}$/;
const PLAIN_DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

interface LongDouble {
  /** Signed; 1n or -1n where the number is infinite. */
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly isInfinite: boolean;
}

const ZERO: LongDouble = { mantissa: 0n, exponent: 0, isInfinite: false };

/**
 * Whether `text` is a number for INCRBYFLOAT: what strtold(3) reads completely, without leading space, in range and not
 * NaN. Hexadecimal floats and infinities are numbers.
 */
export function isLongDouble(text: string): boolean {
  return isPlainDecimal(text) || parse(text) !== undefined;
}

/** Whether `text` spells an infinity. */
export function isInfiniteLongDouble(text: string): boolean {
  return INFINITE.test(text);
}

/**
 * The sum of two numbers as Redis prints it: 17 digits after the point, trailing zeros cut, never an exponent.
 *
 * @param a a text for which {@link isLongDouble} holds
 * @param b the same
 * @returns undefined where the sum is NaN or infinite (or one of the texts is no number): the client's error is
 *   `ERR increment would produce NaN or Infinity`
 * Source: checked against a live Redis by long-double.differential.test.ts
 */
export function addLongDouble(a: string, b: string): string | undefined {
  if (SMALL_INTEGER.test(a) && SMALL_INTEGER.test(b)) return String(Number(a) + Number(b));
  const left = parse(a);
  const right = parse(b);
  if (left === undefined || right === undefined || left.isInfinite || right.isInfinite) return undefined;
  const sum = add(left, right);
  return sum.isInfinite ? undefined : print(sum);
}

function isPlainDecimal(text: string): boolean {
  return text.length > 0 && text.length < PLAIN_DIGITS && PLAIN_DECIMAL.test(text);
}

function parse(text: string): LongDouble | undefined {
  if (text.length === 0 || text.length >= TEXT_LIMIT) return undefined;
  const decimal = DECIMAL.exec(text);
  if (decimal) return parseDigits(decimal, 10);
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal) return parseDigits(hexadecimal, 16);
  const infinite = INFINITE.exec(text);
  if (infinite) return { mantissa: infinite[1] === '-' ? -1n : 1n, exponent: 0, isInfinite: true };
  return undefined;
}

/** @param parts sign, digits before the point, digits after it, exponent (of 10, or of 2 for hexadecimal digits) */
function parseDigits(parts: RegExpExecArray, base: 10 | 16): LongDouble | undefined {
  const [, sign, whole = '', fraction = '', exponentText = '0'] = parts;
  if (whole === '' && fraction === '') return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return ZERO;
  const written = Number(exponentText);
  const exponent = written - fraction.length * (base === 16 ? 4 : 1);
  const magnitude = exponent + digits.length * (base === 16 ? 4 : 1);
  // Far outside the range: decided before a power of that size is computed.
  if (Math.abs(magnitude) > (base === 16 ? 20_000 : 5_000)) return undefined;
  const number = BigInt(base === 16 ? `0x${digits}` : digits);
  const value = base === 16 ? round(number, exponent, false) : fromDecimal(number, exponent);
  if (value.isInfinite || value.mantissa === 0n) return undefined;
  return sign === '-' ? { ...value, mantissa: -value.mantissa } : value;
}

/** `digits * 10^exponent`, rounded. */
function fromDecimal(digits: bigint, exponent: number): LongDouble {
  if (exponent >= 0) return round(digits * powerOfTen(exponent), 0, false);
  const divisor = powerOfTen(-exponent);
  // Two bits more than are kept, so that what the division drops can only be "a little more than this".
  const shift = Math.max(0, MANTISSA_BITS + 2 + bitLength(divisor) - bitLength(digits));
  const dividend = digits << BigInt(shift);
  const quotient = dividend / divisor;
  return round(quotient, -shift, quotient * divisor !== dividend);
}

function add(a: LongDouble, b: LongDouble): LongDouble {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  const rounded = round(sum < 0n ? -sum : sum, exponent, false);
  return sum < 0n ? { ...rounded, mantissa: -rounded.mantissa } : rounded;
}

/**
 * The nearest extended float to `magnitude * 2^exponent`, ties to even.
 *
 * @param isMore the exact value lies a little above; then `magnitude` must have bits that rounding drops
 */
function round(magnitude: bigint, exponent: number, isMore: boolean): LongDouble {
  if (magnitude === 0n) return ZERO;
  const dropped = Math.max(bitLength(magnitude) - MANTISSA_BITS, LOWEST_BIT - exponent);
  let mantissa = magnitude;
  let lowest = exponent;
  if (dropped > 0) {
    mantissa = shiftRightToEven(magnitude, dropped, isMore);
    lowest += dropped;
  }
  if (bitLength(mantissa) + lowest > END_EXPONENT) return { mantissa: 1n, exponent: 0, isInfinite: true };
  return { mantissa, exponent: lowest, isInfinite: false };
}

function shiftRightToEven(magnitude: bigint, bits: number, isMore: boolean): bigint {
  const kept = magnitude >> BigInt(bits);
  const rest = magnitude - (kept << BigInt(bits));
  const half = 1n << BigInt(bits - 1);
  const isUp = rest > half || (rest === half && (isMore || (kept & 1n) === 1n));
  return isUp ? kept + 1n : kept;
}

function print(value: LongDouble): string {
  const magnitude = value.mantissa < 0n ? -value.mantissa : value.mantissa;
  const sign = value.mantissa < 0n ? '-' : '';
  if (value.exponent >= 0) return sign + (magnitude << BigInt(value.exponent)).toString();
  const scaled = shiftRightToEven(magnitude * FRACTION_SCALE, -value.exponent, false);
  if (scaled === 0n) return '0';
  const digits = scaled.toString().padStart(FRACTION_DIGITS + 1, '0');
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '');
  const whole = digits.slice(0, -FRACTION_DIGITS);
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}

function powerOfTen(exponent: number): bigint {
  return SMALL_POWERS[exponent] ?? 10n ** BigInt(exponent);
}

function bitLength(magnitude: bigint): number {
  if (magnitude === 0n) return 0;
  const hex = magnitude.toString(16);
  const first = Number.parseInt(hex.charAt(0), 16);
  return hex.length * 4 - (Math.clz32(first) - 28);
}
