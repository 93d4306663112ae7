/** Percentiles of the histogram are those of the durations themselves, to 1/16; and none is lost. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';

const DURATIONS = fc.array(fc.double({ min: 0, max: 900_000, noNaN: true }), { minLength: 1, maxLength: 200 });

test('percentiles', () => {
  fc.assert(
    fc.property(DURATIONS, fc.integer({ min: 1, max: 100 }), (durations, percent) => {
      const histogram = new LatencyHistogram();
      for (const us of durations) histogram.record(us, 1);
      const sorted = [...durations].sort((a, b) => a - b);
      const exact = sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0;
      const found = histogram.percentileUs(percent);
      expect(found).toBeGreaterThanOrEqual(exact - 0.001);
      expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 16) + 0.002);
    }),
  );
});

test('the steps grow, each counts what is below it, the last counts all', () => {
  fc.assert(
    fc.property(DURATIONS, (durations) => {
      const histogram = new LatencyHistogram();
      for (const us of durations) histogram.record(us, 2);
      const steps = histogram.cumulative();
      expect(steps.at(-1)?.[1]).toBe(2 * durations.length);
      for (const [us, calls] of steps) {
        const atMost = durations.filter((duration) => duration <= us * 0.99).length;
        expect(calls).toBeGreaterThanOrEqual(2 * atMost);
      }
      expect(steps.map(([, calls]) => calls)).toEqual(
        [...new Set(steps.map(([, calls]) => calls))].sort((a, b) => a - b),
      );
    }),
  );
});

test('what takes longer than a second counts as a second', () => {
  const histogram = new LatencyHistogram();
  histogram.record(5_000_000, 1);
  expect(histogram.percentileUs(50)).toBeGreaterThanOrEqual(1_000_000);
  expect(histogram.percentileUs(50)).toBeLessThan(1_063_000);
});
