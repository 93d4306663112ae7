// Imported by a server under test (`--import`): at each SIGUSR2 it appends what has held up the event loop since the one before, to the
// file that BENCH_LOOP_DELAY_FILE names, as a line of JSON: see LoopDelays.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Lateness, monotonicMs, PERIOD_MS, watchTimer } from './late-timer.ts';

export interface LoopDelays {
  /** How late timers were: percentiles and the longest, ms. */
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Those that were more than a millisecond late. */
  readonly late: readonly Lateness[];
}

const FILE_VARIABLE = 'BENCH_LOOP_DELAY_FILE';
const NOTED_MS = 1;
const file = process.env[FILE_VARIABLE];

if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: PERIOD_MS });
  delays.enable();
  let late: Lateness[] = [];
  let sinceMs = 0;
  watchTimer(NOTED_MS, (lateness) => {
    if (lateness.fromMs >= sinceMs) late.push(lateness);
  });
  process.on('SIGUSR2', () => {
    const [p99, p999, max] = [delays.percentile(99), delays.percentile(99.9), delays.max].map((ns) =>
      Math.max(0, ns / 1e6 - PERIOD_MS),
    );
    appendFileSync(file, `${JSON.stringify({ p99, p999, max, late })}\n`);
    delays.reset();
    late = [];
    // What this has taken is not the server's.
    sinceMs = monotonicMs();
  });
}
