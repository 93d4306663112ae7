/**
 * Sine, cosine and arc sine, rounded to the nearest double. What `Math` answers may be one off in the last digit, and
 * differs between machines; a distance that is stored, or printed by Redis, must not.
 *
 * Numbers are computed as the sum of two doubles, which has some 106 bits (Dekker's and Knuth's exact sums and products).
 * A hundred times slower than `Math`, so not for what is only compared.
 */

/** The sum of both, the first being that sum rounded. */
type Double2 = readonly [high: number, low: number];

const SPLITTER = 2 ** 27 + 1;
/** Half of pi as a sum; the third part is for what is left after the first two are taken from an angle. */
const HALF_PI: readonly number[] = [1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33];
/** Terms of the series, which then leave less than 2^-106 of an angle up to a quarter of pi. */
const TERMS = 14;

function sum(a: number, b: number): Double2 {
  const high = a + b;
  const part = high - a;
  return [high, a - (high - part) + (b - part)];
}

function split(a: number): Double2 {
  const scaled = SPLITTER * a;
  const high = scaled - (scaled - a);
  return [high, a - high];
}

function product(a: number, b: number): Double2 {
  const high = a * b;
  const [aHigh, aLow] = split(a);
  const [bHigh, bLow] = split(b);
  return [high, aHigh * bHigh - high + aHigh * bLow + aLow * bHigh + aLow * bLow];
}

function add(a: Double2, b: Double2): Double2 {
  const [high, low] = sum(a[0], b[0]);
  return sum(high, low + a[1] + b[1]);
}

function multiply(a: Double2, b: Double2): Double2 {
  const [high, low] = product(a[0], b[0]);
  return sum(high, low + a[0] * b[1] + a[1] * b[0]);
}

function divide(a: Double2, b: number): Double2 {
  const quotient = a[0] / b;
  const [high, low] = product(quotient, b);
  return sum(quotient, (a[0] - high - low + a[1]) / b);
}

/** 1 / (2n + first)!, with alternating signs. */
function coefficients(first: number): readonly Double2[] {
  const found: Double2[] = [[1, 0]];
  for (let n = 1; n < TERMS; n++) {
    const factor = -(2 * n + first) * (2 * n + first - 1);
    found.push(divide(found[n - 1], factor));
  }
  return found;
}

const COSINE = coefficients(0);
const SINE = coefficients(1);

/** The series in powers of the square of the angle. */
function series(terms: readonly Double2[], square: Double2): Double2 {
  let total = terms[TERMS - 1];
  for (let n = TERMS - 2; n >= 0; n--) total = add(multiply(total, square), terms[n]);
  return total;
}

/** Sine of `angle + quarters * pi / 2`, for angles of some turns at most. */
function sineOf(angle: number, quarters: number): Double2 {
  const turns = Math.round(angle / HALF_PI[0]);
  let rest: Double2 = [angle, 0];
  for (const part of HALF_PI) rest = add(rest, product(-turns, part));
  const quadrant = (turns + quarters) & 3;
  const square = multiply(rest, rest);
  const value = quadrant % 2 === 0 ? multiply(series(SINE, square), rest) : series(COSINE, square);
  return quadrant < 2 ? value : [-value[0], -value[1]];
}

/** @param angle radians, at most some turns */
export function sine(angle: number): number {
  return sineOf(angle, 0)[0];
}

/** @param angle radians, at most some turns */
export function cosine(angle: number): number {
  return sineOf(angle, 1)[0];
}

/** @returns radians; NaN outside of -1 … 1 */
export function arcSine(ratio: number): number {
  const near = Math.asin(ratio);
  if (Number.isNaN(near) || ratio === 0) return near;
  // A step of Newton's method from the nearest double or its neighbour.
  const [high, low] = sineOf(near, 0);
  return near + (ratio - high - low) / cosine(near);
}
