/** RDB parts, cut off and damaged, for redis-check-aof and for this checker. */
import { afterAll, describe, expect, test } from 'vitest';
import { readCorpus } from './corpus.ts';
import { below, seededChance } from './mutation.ts';
import { hasOracle, OracleFolder } from './oracle.ts';

const TRIALS = 40;
const HEADER_BYTES = 9;
const isComparable = hasOracle();
if (!isComparable) process.stderr.write(`SKIPPED ${2 * TRIALS} comparisons: no redis-check-aof 7.0 on PATH\n`);

describe.skipIf(!isComparable)('redis-check-aof on RDB parts', () => {
  const folder = new OracleFolder();
  afterAll(() => folder.remove());
  const { files } = readCorpus('redis-7.0.15', 'rdb-base');
  const rdb = [...files].find(([name]) => name.includes('.base.'))?.[1] ?? Buffer.alloc(0);

  function compare(bytes: Buffer) {
    return folder.compare({ files: new Map([['x', bytes]]), path: 'x', mode: { kind: 'check' }, answer: '' });
  }

  test('finds the same key and the same counts where the file ends too early', async () => {
    const chance = seededChance(1);
    for (let i = 0; i < TRIALS; i++) {
      const length = below(chance, rdb.length);
      const { expected, actual } = await compare(rdb.subarray(0, length));
      const expectation = { length, exit: expected.exit, stdout: comparable(expected.stdout) };
      expect({ length, exit: actual.exit, stdout: comparable(actual.stdout) }).toEqual(expectation);
    }
  });

  test('finds every damaged byte', async () => {
    const chance = seededChance(2);
    for (let i = 0; i < TRIALS; i++) {
      const copy = Buffer.from(rdb);
      const at = HEADER_BYTES + below(chance, copy.length - HEADER_BYTES);
      copy[at] = (copy[at] ?? 0) ^ (1 + below(chance, 255));
      const { expected, actual } = await compare(copy);
      expect({ at, exit: actual.exit }).toEqual({ at, exit: expected.exit });
      expect(actual.stdout.includes('RDB ERROR DETECTED')).toBe(expected.stdout.includes('RDB ERROR DETECTED'));
    }
  });
});

/** Without the place and the reason of the error, and what follows from the reason. */
function comparable(stdout: string): string {
  return stdout
    .replace(/(--- RDB ERROR DETECTED ---\n)\[offset \d+\] .*\n/, '$1')
    .replace(/(RDB preamble of AOF file is not sane, aborting|<log> Terminating server.*)\.?\n$/, '');
}
