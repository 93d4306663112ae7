/** Numbers in replies: what stands between a type byte and the line end. */

const ZERO = 48;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
/** Up to this many digits an integer is exact in a double. */
const EXACT_DIGITS = 15;
/** Powers of ten that a double holds exactly: dividing by one rounds only once. */
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
const NAMED: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  '+inf': Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
  '-nan': Number.NaN,
};

/** The integer that the bytes `start` … `end` spell, if it is exact as a number and short; else undefined. */
export function parseShortInteger(bytes: Uint8Array, start: number, end: number): number | undefined {
  const sign = bytes[start];
  const first = sign === MINUS || sign === PLUS ? start + 1 : start;
  if (end === first || end - first > EXACT_DIGITS) return undefined;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  // Not `-value`, which would make -0 of 0.
  return sign === MINUS ? 0 - value : value;
}

/** The integer that `text` spells, of any size, or undefined. */
export function parseBigInteger(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}

/** The double that the bytes `start` … `end` spell, if it has few digits and no exponent; else undefined. */
export function parseShortDouble(bytes: Uint8Array, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (end - first > EXACT_DIGITS) return undefined;
  let significand = 0;
  let digits = 0;
  let point = end;
  for (let at = first; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      significand = significand * 10 + digit;
      digits++;
    } else if (bytes[at] === POINT && point === end) {
      point = at;
    } else {
      return undefined;
    }
  }
  if (digits === 0) return undefined;
  const magnitude = point === end ? significand : significand / POWERS_OF_TEN[end - point - 1];
  return isNegative ? -magnitude : magnitude;
}

/** The double that `text` spells, infinite or not a number included, or undefined. */
export function parseDouble(text: string): number | undefined {
  return DECIMAL.test(text) ? Number(text) : NAMED[text.toLowerCase()];
}
