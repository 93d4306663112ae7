// Imported by a server under test (`--import`): at each SIGUSR2 it appends how long the event loop was held up since the one before,
// to the file that BENCH_LOOP_DELAY_FILE names, in milliseconds: `p99 p99.9 max`.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const FILE_VARIABLE = 'BENCH_LOOP_DELAY_FILE';
const file = process.env[FILE_VARIABLE];
/** The histogram counts from one timer to the next, which is this much without any delay, ms. */
const RESOLUTION_MS = 1;

if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  process.on('SIGUSR2', () => {
    const text = [delays.percentile(99), delays.percentile(99.9), delays.max]
      .map((ns) => Math.max(0, ns / 1e6 - RESOLUTION_MS).toFixed(2))
      .join(' ');
    appendFileSync(file, `${text}\n`);
    delays.reset();
  });
}
