/** Sums of extended floats: known answers, and the ordinary rules of a sum. test/hash.test.ts compares with redis-server. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addLongDouble, isInfiniteLongDouble, isLongDouble } from './long-double.ts';

describe('a sum', () => {
  // Answers of INCRBYFLOAT of redis-server 7.0.15 on x86-64.
  const cases: [string, string, string][] = [
    ['0', '0.1', '0.1'],
    ['10.5', '0.1', '10.6'],
    ['0.1', '0.2', '0.3'],
    ['3', '5e3', '5003'],
    ['5.0e3', '2.0e2', '5200'],
    ['1', '-1', '0'],
    ['-0.5', '0.5', '0'],
    ['-0', '0', '0'],
    ['1e-18', '0', '0'],
    ['-1e-18', '0', '0'],
    ['1e-17', '0', '0.00000000000000001'],
    ['0x10', '0x.8', '16.5'],
    ['0x1p-3', '+.125', '0.25'],
    ['1.', '.5', '1.5'],
    ['9007199254740993', '0.5', '9007199254740993.5'],
    ['18446744073709551615', '0', '18446744073709551615'],
    ['18446744073709551617', '0', '18446744073709551616'],
    ['18446744073709551615', '0.5', '18446744073709551616'],
    ['36893488147419103233', '1', '36893488147419103232'],
    ['1000.1', '0', '1000.09999999999999998'],
    ['100000000.1', '0', '100000000.09999999999854481'],
    ['1e25', '1', '10000000000000000000000000'],
    ['3.0e-4951', '0', '0'],
  ];
  for (const [a, b, sum] of cases) {
    test(`${a} + ${b} is ${sum}`, () => {
      expect(addLongDouble(a, b)).toBe(sum);
      expect(addLongDouble(b, a)).toBe(sum);
    });
  }

  test('has no value beyond the largest number, nor of infinities', () => {
    const largest = '1.18973149535723176502e4932';
    expect(isLongDouble(largest)).toBe(true);
    expect(addLongDouble(largest, '0')).toHaveLength(4933);
    expect(addLongDouble(largest, largest)).toBeUndefined();
    expect(addLongDouble(`-${largest}`, `-${largest}`)).toBeUndefined();
    expect(addLongDouble(largest, `-${largest}`)).toBe('0');
    expect(addLongDouble('inf', '1')).toBeUndefined();
    expect(addLongDouble('inf', '-inf')).toBeUndefined();
    expect(addLongDouble('abc', '1')).toBeUndefined();
  });

  test('of integers below 2^62 is exact', () => {
    const integer = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect(addLongDouble(String(a), String(b))).toBe(String(a + b));
      }),
    );
  });

  test('of short decimals below 30 is exact', () => {
    const decimal = fc.integer({ min: -29_000_000, max: 29_000_000 });
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const sum = addLongDouble((a / 1e6).toFixed(6), (b / 1e6).toFixed(6));
        expect(Math.round(Number(sum) * 1e6)).toBe(a + b);
        expect(sum).not.toMatch(/\.\d{7}|[.]\d*0$|^-0$/);
      }),
    );
  });

  test('of doubles lies within the precision of doubles', () => {
    const double = fc.double({ min: -1e100, max: 1e100, noNaN: true });
    fc.assert(
      fc.property(double, double, (a, b) => {
        const sum = Number(addLongDouble(String(a), String(b)));
        expect(Math.abs(sum - (a + b))).toBeLessThanOrEqual((Math.abs(a) + Math.abs(b)) * 2 ** -52 + 1e-17);
      }),
    );
  });
});

describe('a number', () => {
  test('is what strtold takes completely', () => {
    const numbers = [
      '0',
      '-0',
      '+1',
      '1e5',
      '1E+5',
      '.5',
      '5.',
      '0x1',
      '0X1P5',
      '-0x.8',
      'inf',
      '-Infinity',
      '0e99999',
      '1e-4950',
    ];
    const others = [
      '',
      ' 1',
      '1 ',
      '.',
      '-',
      '+',
      'e5',
      '1e',
      '1e+',
      '0x',
      '0xg',
      '0x1p',
      'nan',
      '-nan',
      'nan(1)',
      'infin',
      '1,5',
      '1_0',
      '1\0',
      '--1',
      '0b1',
    ];
    for (const text of numbers) expect([text, isLongDouble(text)]).toEqual([text, true]);
    for (const text of others) expect([text, isLongDouble(text)]).toEqual([text, false]);
  });

  test('is in range and not too long', () => {
    for (const text of [
      '1e4933',
      '-1e99999999999999999999',
      '1e-4960',
      '1e-99999999999999999999',
      '0x1p16384',
      '0x1p-16446',
    ]) {
      expect([text, isLongDouble(text)]).toEqual([text, false]);
    }
    expect(isLongDouble('0x1p16383')).toBe(true);
    expect(isLongDouble('0x1p-16445')).toBe(true);
    expect(isLongDouble(`0.${'0'.repeat(4940)}1`)).toBe(true);
    expect(isLongDouble(`0.${'0'.repeat(4990)}1`)).toBe(false);
    expect(isLongDouble('1'.repeat(4932))).toBe(true);
    expect(isLongDouble('1'.repeat(4934))).toBe(false);
    expect(isLongDouble(`1.${'0'.repeat(5117)}`)).toBe(true);
    expect(isLongDouble(`1.${'0'.repeat(5118)}`)).toBe(false);
  });

  test('may be infinite', () => {
    expect(['inf', '+INF', '-infinity'].map(isInfiniteLongDouble)).toEqual([true, true, true]);
    expect(['1', '1e4932', 'infinit'].map(isInfiniteLongDouble)).toEqual([false, false, false]);
  });
});
