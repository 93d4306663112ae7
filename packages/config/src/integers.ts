/** Integers and sizes as Redis reads them: strict 64-bit integers, C's tolerant strtoll, and memory with units. */

export const INT_MAX = 2_147_483_647n;
export const INT_MIN = -2_147_483_648n;
export const UINT_MAX = 4_294_967_295n;
export const LONG_MAX = 9_223_372_036_854_775_807n;
const LONG_MIN = -9_223_372_036_854_775_808n;
export const ULONG_MAX = 18_446_744_073_709_551_615n;

/** Signed 64-bit decimal without sign `+`, leading zeros or blanks; undefined if it is none. */
export function parseStrictInteger(text: string): bigint | undefined {
  if (text.length > 20 || !/^(0|-?[1-9][0-9]*)$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= LONG_MIN && value <= LONG_MAX ? value : undefined;
}

/** What C's strtoll makes of a whole text: leading blanks and a sign allowed, empty is 0, out of range saturates. */
export function parseTolerantInteger(text: string): bigint | undefined {
  if (text === '') return 0n;
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]{1,64}$/.test(text)) return undefined;
  const digits = text.trim();
  const value = digits.startsWith('+') ? BigInt(digits.slice(1)) : BigInt(digits);
  if (value > LONG_MAX) return LONG_MAX;
  return value < LONG_MIN ? LONG_MIN : value;
}

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', 1024n],
  ['m', 1000n * 1000n],
  ['mb', 1024n * 1024n],
  ['g', 1000n * 1000n * 1000n],
  ['gb', 1024n * 1024n * 1024n],
]);

/** Longest run of digits that Redis reads. */
const MAX_DIGITS = 127;

/**
 * A number of bytes: digits and a unit in any case (`1k` = 1000, `1kb` = 1024). Digits may be missing (then 0).
 * Too large saturates at 2^64-1; Redis multiplies modulo 2^64 there, which can turn a huge limit into none.
 */
export function parseMemory(text: string): bigint | undefined {
  const match = /^([0-9]*)([a-zA-Z]{0,2})$/.exec(text);
  if (match === null) return undefined;
  const digits = match[1] ?? '';
  const factor = UNITS.get((match[2] ?? '').toLowerCase());
  if (factor === undefined || digits.length > MAX_DIGITS) return undefined;
  const bytes = BigInt(digits === '' ? '0' : digits) * factor;
  return bytes > ULONG_MAX ? ULONG_MAX : bytes;
}

/** Bytes with the largest unit that divides them: `1048576` is `1mb`. */
export function formatMemory(bytes: bigint): string {
  if (bytes === 0n) return '0';
  for (const unit of ['gb', 'mb', 'kb']) {
    const factor = UNITS.get(unit);
    if (factor !== undefined && bytes % factor === 0n) return `${bytes / factor}${unit}`;
  }
  return bytes.toString();
}
