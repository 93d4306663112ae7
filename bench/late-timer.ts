// A timer of a millisecond, and how late it comes.
import { openSync, readFileSync, readSync } from 'node:fs';

/** The timer comes this much after the one before when nothing delays it, ms. */
export const PERIOD_MS = 1;

/** From `fromMs` to `toMs` the event loop did not get to its timer; both in milliseconds of a clock that all processes of the machine share. */
export interface Lateness {
  readonly fromMs: number;
  readonly toMs: number;
  /** How late the timer was, without the time in which the thread was ready and the machine ran something else; null where that is not counted. */
  readonly ownMs: number | null;
  /** The processor that the thread ran on then; -1 where that is not known. */
  readonly processor: number;
}

/** Calls `onLate` whenever the timer is later than `leastMs`. Must be called in a main thread. Keeps no process alive. */
export function watchTimer(leastMs: number, onLate: (lateness: Lateness) => void): NodeJS.Timeout {
  const waitedMs = createWaitMeter();
  let last = { atMs: monotonicMs(), waitedMs: waitedMs() };
  return setInterval(() => {
    const now = { atMs: monotonicMs(), waitedMs: waitedMs() };
    const lateMs = now.atMs - last.atMs - PERIOD_MS;
    if (lateMs > leastMs) {
      const waited = now.waitedMs - last.waitedMs;
      const ownMs = Number.isNaN(waited) ? null : lateMs - waited;
      onLate({ fromMs: last.atMs, toMs: now.atMs, ownMs, processor: processor() });
    }
    last = now;
  }, PERIOD_MS).unref();
}

/** Milliseconds of a clock that all processes of the machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** The time for which the main thread has waited for a processor, ms; NaN where nobody counts it. Source: proc(5), schedstat. */
function createWaitMeter(): () => number {
  if (process.platform !== 'linux') return () => Number.NaN;
  const schedstat = openSync('/proc/self/schedstat', 'r');
  const bytes = Buffer.alloc(128);
  return () => {
    const length = readSync(schedstat, bytes, 0, bytes.length, 0);
    return Number(bytes.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  };
}

/** Source: proc(5), stat, the 39th field; the name in the second may hold blanks. */
function processor(): number {
  if (process.platform !== 'linux') return -1;
  return Number(readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)?.split(' ')[36]);
}
