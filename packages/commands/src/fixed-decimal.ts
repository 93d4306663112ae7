/** Doubles with a fixed number of decimals, as C's `printf("%.4f")` prints them. */

/** From here on `toFixed` switches to exponents; such a double has no fraction. */
const EXPONENT_FROM = 1e21;
/** So many more decimals tell a half from what is merely close to it, for doubles of at least 10^-9. */
const TELLING_DECIMALS = 60;

/** `n` with `decimals` (1 to 20) digits behind the point; halves are rounded to even. */
export function formatFixed(n: number, decimals: number): string {
  if (Number.isNaN(n)) return 'nan';
  if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
  if (Math.abs(n) >= EXPONENT_FROM) return `${BigInt(n)}.${'0'.repeat(decimals)}`;
  const sign = n < 0 || Object.is(n, -0) ? '-' : '';
  const rounded = Math.abs(n).toFixed(decimals);
  const oneMore = Math.abs(n).toFixed(decimals + 1);
  if (!oneMore.endsWith('5')) return sign + rounded;
  // JavaScript rounds halves up.
  const isHalf = /^0*$/.test(Math.abs(n).toFixed(TELLING_DECIMALS).slice(oneMore.length));
  const isEven = '02468'.includes(oneMore[oneMore.length - 2]);
  return sign + (isHalf && isEven ? oneMore.slice(0, -1) : rounded);
}

/** `n` with up to 17 decimals and without zeros at the end, as Redis prints a number for people. */
export function formatHuman(n: number): string {
  const text = formatFixed(n, 17);
  if (!text.includes('.')) return text;
  const short = text.replace(/\.?0+$/, '');
  return short === '-0' ? '0' : short;
}
