/** The same damaged logs for redis-check-aof and for this checker: the same lines, status and files afterwards. */
import { afterAll, describe, expect, test } from 'vitest';
import { hasOracle, OracleFolder } from './oracle.ts';
import { randomComparison } from './random-log.ts';

const TRIALS = 200;
const firstSeed = Number(process.env.AOF_SEED ?? 1);
const isComparable = hasOracle();
if (!isComparable) process.stderr.write(`SKIPPED ${TRIALS} comparisons: no redis-check-aof 7.0 on PATH\n`);

describe.skipIf(!isComparable)('redis-check-aof', () => {
  const folder = new OracleFolder();
  afterAll(() => folder.remove());

  test(`says the same about ${TRIALS} damaged logs`, async () => {
    let valid = 0;
    for (let seed = firstSeed; seed < firstSeed + TRIALS; seed++) {
      const { expected, actual } = await folder.compare(randomComparison(seed));
      expect({ seed, ...actual }).toEqual({ seed, ...expected });
      if (expected.exit === 0) valid++;
    }
    // Else the damage would be too little, or so much that only the first check is ever met.
    expect(valid).toBeGreaterThan(TRIALS / 20);
    expect(valid).toBeLessThan(TRIALS - TRIALS / 5);
  });
});
