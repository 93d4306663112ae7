// `pnpm test`: types, lint and format, then every test. Arguments go to vitest; the report for machines is written beside it.
import { spawnSync } from 'node:child_process';

const steps: readonly (readonly [command: string, ...args: string[]])[] = [
  ['node', 'scripts/turbo.ts', 'run', 'typecheck', '--output-logs=errors-only'],
  ['tsc', '-p', 'scripts/tsconfig.json'],
  ['biome', 'check', '.'],
  [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    '--outputFile.json=node_modules/.cache/test-report.json',
    ...process.argv.slice(2).filter((argument) => argument !== '--'),
  ],
];

for (const [command, ...args] of steps) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
