/** Differential and unit tests of MEMORY USAGE. */
import { expect, test } from 'vitest';
import { differential } from './differential.ts';
import { LocalServer } from './local-server.ts';

differential(
  'MEMORY USAGE',
  {
    'of what is there and what is not': `
      SET k v
      MEMORY USAGE k
      MEMORY USAGE missing
      memory usage k SAMPLES 0
      MEMORY USAGE k SAMPLES 5 samples 10`,
  },
  { rules: { 'memory|usage': 'kind' } },
);

differential('MEMORY', {
  errors: `
    SET k v
    MEMORY
    MEMORY FOO
    MEMORY USAGE
    MEMORY USAGE k SAMPLES
    MEMORY USAGE k SAMPLES -1
    MEMORY USAGE k SAMPLES x
    MEMORY USAGE k FOO
    MEMORY USAGE missing SAMPLES -1
    MEMORY USAGE missing FOO 1`,
});

function usage(local: LocalServer, ...args: string[]): number {
  return Number(local.ask(['MEMORY', 'USAGE', ...args]).text);
}

test('MEMORY USAGE grows with the value, and measures all of a collection on request', () => {
  const local = new LocalServer();
  local.run(0, ['SET', 'short', 'x']);
  local.run(0, ['SET', 'long', 'x'.repeat(10_000)]);
  expect(usage(local, 'short')).toBeLessThan(200);
  expect(usage(local, 'long')).toBeGreaterThan(10_000);
  const members = Array.from({ length: 2000 }, (_, i) => (i === 1999 ? 'y'.repeat(100_000) : `m${i}`));
  local.run(0, ['SADD', 'set', ...members]);
  expect(usage(local, 'set', 'SAMPLES', '0')).toBeGreaterThan(100_000 + 2000 * 20);
  expect(usage(local, 'set', 'SAMPLES', '1')).toBeGreaterThan(2000);
});
