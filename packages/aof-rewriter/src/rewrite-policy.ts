/**
 * When the log is rewritten without being asked: by its growth, and after failures less and less often.
 *
 * Source: Redis persistence docs, `auto-aof-rewrite-percentage` and `auto-aof-rewrite-min-size`; Redis aof.c, aofRewriteLimited.
 */

/** Failures in a row from which on rewrites are delayed. */
const FAILURES_BEFORE_DELAY = 3;
const MAX_DELAY_MINUTES = 60;
const MINUTE_MS = 60_000;

export interface GrowthOptions {
  /** `auto-aof-rewrite-percentage`; 0 turns automatic rewrites off. */
  readonly percentage: number;
  /** `auto-aof-rewrite-min-size`, bytes: no rewrite below it. */
  readonly minSizeBytes: number;
}

/** By how many percent the log has grown, rounded down. @param baseBytes its size after the last rewrite */
export function growthPercent(currentBytes: number, baseBytes: number): number {
  return Math.floor((currentBytes * 100) / Math.max(1, baseBytes)) - 100;
}

/** Whether the log has grown enough to be rewritten. Sizes in bytes. */
export function hasGrownEnough(currentBytes: number, baseBytes: number, options: GrowthOptions): boolean {
  if (options.percentage === 0 || currentBytes <= options.minSizeBytes) return false;
  return growthPercent(currentBytes, baseBytes) >= options.percentage;
}

/** Delays automatic and scheduled rewrites after failures: 1, 2, 4 … 60 minutes. */
export class RewriteLimit {
  #failures = 0;
  #delayMinutes = 0;
  /** When the next one may start, ms since the Unix epoch; undefined while no delay runs. */
  #nextAtMs: number | undefined;

  /** aof_rewrites_consecutive_failures. */
  get failures(): number {
    return this.#failures;
  }

  failed(): void {
    this.#failures++;
  }

  /** A rewrite succeeded, or somebody asked for one. */
  reset(): void {
    this.#failures = 0;
    this.#delayMinutes = 0;
    this.#nextAtMs = undefined;
  }

  /**
   * Asks whether a rewrite may start now.
   * @param onDelay a delay of so many minutes begins
   */
  mayStart(nowMs: number, onDelay: (minutes: number) => void): boolean {
    if (this.#failures < FAILURES_BEFORE_DELAY) return true;
    if (this.#nextAtMs !== undefined) {
      if (nowMs < this.#nextAtMs) return false;
      this.#nextAtMs = undefined;
      return true;
    }
    this.#delayMinutes = Math.min(MAX_DELAY_MINUTES, Math.max(1, this.#delayMinutes * 2));
    this.#nextAtMs = nowMs + this.#delayMinutes * MINUTE_MS;
    onDelay(this.#delayMinutes);
    return false;
  }
}
