// Imported by a server under test (`--import`): at each SIGUSR2 it appends how long the event loop was held up since the one before,
// to the file that BENCH_LOOP_DELAY_FILE names, in milliseconds: `p99 p99.9 max own`. `own` is the longest delay without the time in which
// the loop's thread was ready and the machine ran something else, or a hypervisor took its processor away (where that is more than a few
// milliseconds). Linux counts both: proc(5), schedstat, and stat under "steal"; elsewhere it is NaN.
import { appendFileSync, openSync, readFileSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const FILE_VARIABLE = 'BENCH_LOOP_DELAY_FILE';
const file = process.env[FILE_VARIABLE];
/** The histogram counts from one timer to the next, which is this much without any delay, ms. */
const RESOLUTION_MS = 1;

/** The time for which the main thread has waited for a core, ms. */
function createWaitMeter(): () => number {
  if (process.platform !== 'linux') return () => Number.NaN;
  const schedstat = openSync('/proc/self/schedstat', 'r');
  const bytes = Buffer.alloc(128);
  return () => {
    const length = readSync(schedstat, bytes, 0, bytes.length, 0);
    return Number(bytes.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  };
}

/** Steal is counted in hundredths of a second: it is asked for only when a delay may be one. */
const STEAL_TICK_MS = 10;
const STEAL_SUSPECTED_MS = 5;
const STEAL_REFRESH_MS = 50;

/** The time that a hypervisor has taken from all processors together, ms; it takes a tenth of a millisecond to find out. */
function stolenMs(): number {
  if (process.platform !== 'linux') return Number.NaN;
  const [, , , , , , , , steal] = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]?.split(/ +/) ?? [];
  return Number(steal) * STEAL_TICK_MS;
}

if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const waitedMs = createWaitMeter();
  let last = { atMs: performance.now(), waitedMs: waitedMs() };
  let ownMs = 0;
  let knownStolenMs = stolenMs();
  setInterval(() => {
    knownStolenMs = stolenMs();
  }, STEAL_REFRESH_MS).unref();
  setInterval(() => {
    const now = { atMs: performance.now(), waitedMs: waitedMs() };
    let delayMs = now.atMs - last.atMs - RESOLUTION_MS - (now.waitedMs - last.waitedMs);
    if (delayMs > STEAL_SUSPECTED_MS) {
      const nowStolenMs = stolenMs();
      delayMs -= nowStolenMs - knownStolenMs;
      knownStolenMs = nowStolenMs;
    }
    ownMs = Math.max(ownMs, delayMs);
    last = now;
  }, RESOLUTION_MS).unref();
  process.on('SIGUSR2', () => {
    const text = [delays.percentile(99), delays.percentile(99.9), delays.max]
      .map((ns) => Math.max(0, ns / 1e6 - RESOLUTION_MS).toFixed(2))
      .join(' ');
    appendFileSync(file, `${text} ${ownMs.toFixed(2)}\n`);
    delays.reset();
    ownMs = 0;
  });
}
