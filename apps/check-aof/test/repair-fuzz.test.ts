/** Random damage, repaired and undone: a sample of what `repair-fuzz.ts` does by the thousand. */
import { expect, test } from 'vitest';
import { fuzzRepair } from './repair-fuzz.ts';

const TRIALS = 200;

test(`${TRIALS} damaged logs`, async () => {
  const counts = { good: 0, repaired: 0, refused: 0 };
  for (let seed = 1; seed <= TRIALS; seed++) counts[await fuzzRepair(seed)]++;
  expect(counts.repaired).toBeGreaterThan(TRIALS / 3);
  expect(counts.refused).toBeLessThan(TRIALS / 2);
});
