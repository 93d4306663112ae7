/** The number at the start of a text, as C's strtol reads it. Only for lines that are not in the plain form. */

const MAX_LONG = 2n ** 63n - 1n;
const MIN_LONG = -(2n ** 63n);

/** A number and where it ends. */
export interface LeadingInteger {
  /** Clamped to 64 bits; 0 if there is no number. */
  readonly value: bigint;
  /** Characters before the first one that does not belong to it; 0 if there is no number, blanks included. */
  readonly length: number;
}

/** @param text latin1. Source: C standard, strtol with base 10. */
export function leadingInteger(text: string): LeadingInteger {
  const found = /^[ \t\n\v\f\r]*([+-]?)(\d+)/.exec(text);
  if (found === null) return { value: 0n, length: 0 };
  const magnitude = BigInt(found[2] ?? '0');
  const value = found[1] === '-' ? -magnitude : magnitude;
  return { value: value > MAX_LONG ? MAX_LONG : value < MIN_LONG ? MIN_LONG : value, length: found[0].length };
}
