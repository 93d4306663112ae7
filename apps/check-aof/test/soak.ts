/**
 * Compares with redis-check-aof for as long as one likes: `node test/soak.ts [trials] [first seed]`. Ends with status 1 and the
 * seed at the first difference.
 */
import { isDeepStrictEqual } from 'node:util';
import { OracleFolder } from './oracle.ts';
import { randomComparison } from './random-log.ts';

const trials = Number(process.argv[2] ?? 5000);
const firstSeed = Number(process.argv[3] ?? 1);
const folder = new OracleFolder();
for (let seed = firstSeed; seed < firstSeed + trials; seed++) {
  const comparison = randomComparison(seed);
  const { expected, actual } = await folder.compare(comparison);
  if (isDeepStrictEqual(expected, actual)) continue;
  const files = [...comparison.files].map(([name, bytes]) => [
    name,
    bytes.length < 2000 ? bytes.toString('latin1') : '',
  ]);
  process.stdout.write(`seed ${seed}\n${JSON.stringify({ ...comparison, files, expected, actual }, undefined, 1)}\n`);
  process.exitCode = 1;
  break;
}
folder.remove();
if (process.exitCode !== 1) process.stdout.write(`${trials} comparisons, no difference\n`);
