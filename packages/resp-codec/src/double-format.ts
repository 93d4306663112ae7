/** Doubles as text, in the two ways that Redis has had. Both read back to the same double. */

const SIGNIFICANT = 17;
/** Integers below this have at most 17 digits, so that %.17g prints all of them. */
const ALL_DIGITS = 1e17;

/** `n` as C's `printf("%.17g")` prints it, which is how Redis up to 7.0 prints a double: 0.1 is `0.10000000000000001`. */
export function formatDouble17(n: number): string {
  if (Number.isSafeInteger(n)) return Object.is(n, -0) ? '-0' : String(n);
  if (!Number.isFinite(n)) return formatNonFinite(n);
  if (Number.isInteger(n) && Math.abs(n) < ALL_DIGITS) return BigInt(n).toString();
  const [mantissa, exponentText] = roundTo17(n).split('e');
  const exponent = Number(exponentText);
  const sign = n < 0 ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '').replace(/0+$/, '');
  if (exponent < -4 || exponent >= SIGNIFICANT) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const magnitude = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${magnitude}`;
  }
  return sign + placePoint(digits, exponent + 1);
}

/**
 * `n` with the fewest digits that read back to it, as Redis prints it from 7.2 on: 0.1 is `0.1`, 1e21 is `1e+21`.
 * Source: Redis fpconv_dtoa.c, for when an exponent is used.
 */
export function formatDouble(n: number): string {
  if (Number.isSafeInteger(n)) return Object.is(n, -0) ? '-0' : String(n);
  if (!Number.isFinite(n)) return formatNonFinite(n);
  const [mantissa, exponentText] = n.toExponential().split('e');
  const exponent = Number(exponentText);
  const isNegative = n < 0;
  const sign = isNegative ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '');
  /** n = digits * 10^scale. */
  const scale = exponent - digits.length + 1;
  const size = Math.abs(exponent);
  if (scale >= 0 && size < digits.length + (isNegative ? 6 : 7)) return sign + digits + '0'.repeat(scale);
  if (scale < 0 && (scale > -7 || size < 4)) return sign + placePoint(digits, exponent + 1);
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
}

function formatNonFinite(n: number): string {
  if (Number.isNaN(n)) return 'nan';
  return n > 0 ? 'inf' : '-inf';
}

/** `digits` with the decimal point behind the first `whole` of them; `whole` may be zero, negative, or beyond the digits. */
function placePoint(digits: string, whole: number): string {
  if (whole <= 0) return `0.${'0'.repeat(-whole)}${digits}`;
  if (whole >= digits.length) return digits + '0'.repeat(whole - digits.length);
  return `${digits.slice(0, whole)}.${digits.slice(whole)}`;
}

/**
 * `n` in exponential form with 17 digits, rounded half to even as C does. JavaScript rounds halves up, and some doubles
 * are exactly halfway between two numbers of 17 digits, such as 1125899906842625.25.
 */
function roundTo17(n: number): string {
  const rounded = n.toExponential(SIGNIFICANT - 1);
  const [oneMore] = n.toExponential(SIGNIFICANT).split('e');
  if (!oneMore.endsWith('5')) return rounded;
  // 60 digits tell a half from what is merely close to it: a double's 53 bits cannot be that close to a short decimal.
  const [many, exponent] = n.toExponential(60).split('e');
  const isHalf = /^0*$/.test(many.slice(oneMore.length));
  const isEven = '02468'.includes(many[oneMore.length - 2]);
  return isHalf && isEven ? `${many.slice(0, oneMore.length - 1)}e${exponent}` : rounded;
}
