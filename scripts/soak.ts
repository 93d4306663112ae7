// `pnpm soak [rounds]`: the tests that take seeds, again and again with other ones, and more of each. Stops at the first failure.
import { spawnSync } from 'node:child_process';

const [rounds = '10'] = process.argv.slice(2).filter((argument) => argument !== '--');
const suites = [
  'apps/server/test/simulation',
  'apps/server/test/rewrite',
  'apps/server/test/rdb-save',
  'packages/aof-writer',
  'packages/commands',
  'packages/log-reader',
];
/** Programs that take how many trials and the first seed: damaged logs, compared with redis-check-aof, repaired, and found by checksums. */
const LONG_RUNS = [
  ['apps/check-aof/test/soak.ts', '2000'],
  ['apps/check-aof/test/repair-fuzz.ts', '2000'],
  ['apps/check-aof/test/vouching.ts', '5000'],
] as const;

for (let round = 1; round <= Number(rounds); round++) {
  const seed = String(1000 + round);
  process.stdout.write(
    `round ${round} of ${rounds}: SIMULATION_SEED=${seed} DIFFERENTIAL_SEED=${seed} DIFFERENTIAL_SCALE=5\n`,
  );
  const { status, error } = spawnSync('vitest', ['run', '--testTimeout=600000', ...suites], {
    stdio: 'inherit',
    env: { ...process.env, SIMULATION_SEED: seed, DIFFERENTIAL_SEED: seed, DIFFERENTIAL_SCALE: '5' },
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  for (const [program, trials] of LONG_RUNS) run(process.execPath, [program, trials, String(round * 10_000)]);
}

function run(command: string, args: readonly string[]): void {
  process.stdout.write(`${args.join(' ')}\n`);
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
