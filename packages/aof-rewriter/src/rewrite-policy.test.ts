import { describe, expect, test } from 'vitest';
import { growthPercent, hasGrownEnough, RewriteLimit } from './rewrite-policy.ts';

describe('growth', () => {
  test.each([
    [200, 100, 100],
    [199, 100, 99],
    [100, 100, 0],
    [50, 100, -50],
    [7, 0, 600],
  ])('from %d over %d bytes is %d percent', (current, base, percent) => {
    expect(growthPercent(current, base)).toBe(percent);
  });

  test('is enough at the percentage, above the least size, and never at 0 percent', () => {
    const options = { percentage: 100, minSizeBytes: 64 };
    expect(hasGrownEnough(200, 100, options)).toBe(true);
    expect(hasGrownEnough(199, 100, options)).toBe(false);
    expect(hasGrownEnough(64, 1, options)).toBe(false);
    expect(hasGrownEnough(65, 1, options)).toBe(true);
    expect(hasGrownEnough(1e9, 1, { percentage: 0, minSizeBytes: 0 })).toBe(false);
  });
});

describe('after failures', () => {
  test('three in a row delay by 1, 2, 4 … 60 minutes, once each; success ends that', () => {
    const limit = new RewriteLimit();
    const delays: number[] = [];
    let nowMs = 0;
    const mayStart = () => limit.mayStart(nowMs, (minutes) => delays.push(minutes));
    for (let i = 0; i < 2; i++) limit.failed();
    expect(mayStart()).toBe(true);
    for (let i = 0; i < 8; i++) {
      limit.failed();
      expect(mayStart()).toBe(false);
      nowMs += (delays.at(-1) ?? 0) * 60_000 - 1;
      expect(mayStart()).toBe(false);
      nowMs += 1;
      expect(mayStart()).toBe(true);
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(limit.failures).toBe(10);
    limit.reset();
    expect([mayStart(), limit.failures]).toEqual([true, 0]);
  });
});
