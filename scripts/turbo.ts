// Runs turbo with its telemetry switched off: no tool of this workspace phones home.
import { spawnSync } from 'node:child_process';

const result = spawnSync('turbo', process.argv.slice(2), {
  stdio: 'inherit',
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
});
if (result.error) throw result.error;
process.exit(result.status ?? 1);
