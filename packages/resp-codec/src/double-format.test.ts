import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDouble, formatDouble17 } from './double-format.ts';

describe('17 digits, as printf %.17g', () => {
  test.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-17, '-17'],
    [0.1, '0.10000000000000001'],
    [3.14, '3.1400000000000001'],
    [-1.5, '-1.5'],
    [1 / 3, '0.33333333333333331'],
    [0.0001, '0.0001'],
    [0.00001, '1.0000000000000001e-05'],
    [1e16, '10000000000000000'],
    [12345678901234568, '12345678901234568'],
    [1e17, '1e+17'],
    [123456789012345680000, '1.2345678901234568e+20'],
    [1e21, '1e+21'],
    [1e100, '1e+100'],
    [5e-324, '4.9406564584124654e-324'],
    [1e-310, '9.9999999999999694e-311'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [2 ** 53 + 2, '9007199254740994'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.NaN, 'nan'],
    // Halfway between two numbers of 17 digits: to the even one.
    [2 ** 50 + 1.25, '1125899906842625.2'],
    [2 ** 50 + 1.75, '1125899906842625.8'],
    [-(2 ** 50) - 1.25, '-1125899906842625.2'],
  ])('of %d', (n, text) => {
    expect(formatDouble17(n)).toBe(text);
  });

  test('are the nearest there are, half to even, and read back to the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        const text = formatDouble17(n);
        expect(Number(text)).toBe(n);
        if (n !== 0) expect(digitsOf(text)).toBe(nearest17(Math.abs(n)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the fewest digits, as Redis 7.2 prints them', () => {
  test.each([
    [0, '0'],
    [-0, '-0'],
    [3, '3'],
    [0.1, '0.1'],
    [-1.5, '-1.5'],
    [1 / 3, '0.3333333333333333'],
    [0.000001, '0.000001'],
    [1.5e-7, '1.5e-7'],
    [1e-7, '1e-7'],
    [1e21, '1e+21'],
    [1.25e25, '1.25e+25'],
    [5e-324, '5e-324'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.NaN, 'nan'],
  ])('of %d', (n, text) => {
    expect(formatDouble(n)).toBe(text);
  });

  test('read back to the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        expect(Number(formatDouble(n))).toBe(n);
      }),
    );
  });
});

/** The significant digits in `text`, without zeros at either end. */
function digitsOf(text: string): string {
  return text
    .replace(/e.*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');
}

/** The same of the exact value of `n`, rounded to 17 digits, half to even: with integers only. */
function nearest17(n: number): string {
  // n = numerator / 2^1074, exactly.
  let [numerator, denominator] = [0n, 1n];
  let scaled = n;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  numerator = BigInt(scaled);
  while (numerator / denominator >= 10n ** 17n) denominator *= 10n;
  while (numerator / denominator < 10n ** 16n) numerator *= 10n;
  let digits = numerator / denominator;
  const rest = 2n * (numerator % denominator);
  if (rest > denominator || (rest === denominator && digits % 2n === 1n)) digits += 1n;
  return String(digits).replace(/0+$/, '');
}
