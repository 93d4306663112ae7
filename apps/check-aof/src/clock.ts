/** The clocks of the process: the only place where these programs look at the time. */

/** Wall clock, ms since the Unix epoch. */
export function nowMs(): number {
  return Date.now();
}

/** Monotonic clock, ms. */
export function monotonicMs(): number {
  return performance.now();
}
