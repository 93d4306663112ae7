import { expect, test } from 'vitest';
import { exceedsListpack, fitsListpackAgain, listpackEntryBytes } from './list-encoding.ts';

test('an entry takes what a listpack spends on it', () => {
  // Entry sizes of Redis's listpack format: encoding, content, and the length once more behind it.
  const cases: [string, number][] = [
    ['', 2],
    ['0', 2],
    ['127', 2],
    ['128', 3],
    ['-1', 3],
    ['-4096', 3],
    ['4095', 3],
    ['4096', 4],
    ['-32768', 4],
    ['32768', 5],
    ['8388607', 5],
    ['8388608', 6],
    ['-2147483648', 6],
    ['2147483648', 10],
    ['9223372036854775807', 10],
    ['9223372036854775808', 21],
    ['-9223372036854775808', 10],
    ['-9223372036854775809', 22],
    ['007', 5],
    ['-0', 4],
    ['+1', 4],
    ['1.5', 5],
    ['x'.repeat(63), 65],
    ['x'.repeat(64), 67],
    ['x'.repeat(125), 128],
    ['x'.repeat(126), 130],
    ['x'.repeat(4095), 4099],
    ['x'.repeat(4096), 4103],
    ['x'.repeat(20_000), 20_008],
  ];
  for (const [element, bytes] of cases)
    expect([element.slice(0, 30), listpackEntryBytes(element)]).toEqual([element.slice(0, 30), bytes]);
});

test('negative options limit bytes, others entries', () => {
  expect(exceedsListpack(-1, 4096, 1e6)).toBe(false);
  expect(exceedsListpack(-1, 4097, 1)).toBe(true);
  expect(exceedsListpack(-5, 65_536, 1)).toBe(false);
  expect(exceedsListpack(-9, 65_537, 1)).toBe(true);
  expect(exceedsListpack(10, 100, 10)).toBe(false);
  expect(exceedsListpack(10, 100, 11)).toBe(true);
  expect(exceedsListpack(10, 8193, 1)).toBe(true);
  expect(exceedsListpack(0, 8, 1)).toBe(false);
  expect(fitsListpackAgain(-2, 4096, 1e6)).toBe(true);
  expect(fitsListpackAgain(-2, 4097, 1)).toBe(false);
  expect(fitsListpackAgain(10, 1e9, 5)).toBe(true);
  expect(fitsListpackAgain(10, 1, 6)).toBe(false);
});
