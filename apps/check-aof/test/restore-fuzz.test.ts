/** Damaged logs, restored in every way: an error with a code or a log that loads; the damaged log stays as it is. */
import { expect, test } from 'vitest';
import { readCorpus } from './corpus.ts';
import { below, mutated, pick, seededChance } from './mutation.ts';
import { contentsBelow, diskOf, document, loaded, record } from './restore-rig.ts';

const TRIALS = 120;
const SMALL =
  `#TS:1795228000\r\n${record('SELECT', '0')}${record('SET', 'k', 'a\r\n')}${record('MULTI')}${record('HSET', 'h', 'f', '')}` +
  `#TS:1795228080\r\n${record('INCR', 'n')}${record('EXEC')}${record('FLUSHALL')}${record('RPUSH', 'l', 'a', 'b')}`;
const CUTS = [
  [],
  ['--before', 'FLUSHALL'],
  ['--before', 'INCR', '--nth', '1'],
  ['--at', '1795228040'],
  ['--before-offset', '100'],
];
const FORMS = [
  [],
  ['--layout', 'single'],
  ['--target', 'redis-7.0', '--skip-unknown'],
  ['--target', 'resp', '--only', 'k*'],
];

test(`${TRIALS} damaged logs`, async () => {
  const rdb =
    [...readCorpus('redis-7.0.15', 'rdb-base').files].find(([name]) => name.endsWith('.rdb'))?.[1] ?? Buffer.alloc(0);
  const outcomes = new Map<string, number>();
  for (let seed = 1; seed <= TRIALS; seed++) {
    const chance = seededChance(seed);
    const small = Buffer.from(SMALL, 'latin1');
    // A base in RDB form is as long as it is: few of them.
    const files: Record<string, Buffer> =
      seed % 10 === 0
        ? { 'appendonly.aof.1.base.rdb': chance() < 0.5 ? mutated(rdb, chance) : rdb }
        : { 'appendonly.aof.1.base.aof': small };
    files['appendonly.aof.1.incr.aof'] = mutated(small, chance);
    files['appendonly.aof.2.incr.aof'] = chance() < 0.5 ? small : mutated(small, chance);
    const disk = diskOf(files);
    const before = contentsBelow(disk, '/data');
    const args = [...pick(chance, CUTS), ...pick(chance, FORMS), ...(below(chance, 2) === 0 ? ['--up-to-damage'] : [])];
    const answer = await document(disk, ['restore', '/data', '--to', '/out', ...args]);
    const outcome = String(answer.status === 0 ? 'restored' : answer.code);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    expect({ seed, args, status: answer.status }).toEqual({ seed, args, status: answer.status === 0 ? 0 : 5 });
    expect(contentsBelow(disk, '/data')).toEqual(before);
    if (answer.status === 0) await loaded(disk, '/out');
    else
      expect({ seed, code: answer.code, isLeft: disk.status('/out') !== undefined }).toEqual({
        seed,
        code: expect.stringMatching(/^RESTORE_/),
        isLeft: false,
      });
  }
  expect(outcomes.get('restored')).toBeGreaterThan(TRIALS / 4);
  expect(outcomes.get('RESTORE_DAMAGED')).toBeGreaterThan(TRIALS / 20);
});
