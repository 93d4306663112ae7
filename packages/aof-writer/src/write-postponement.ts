/**
 * The 2-second rule of `everysec`: a write may block in the kernel while a sync of the same file runs, so it waits for the sync, but not
 * for ever.
 */
import { MAX_POSTPONE_MS } from './settings.ts';

export class WritePostponement {
  /** Writes that did not wait any longer: aof_delayed_fsync. */
  delayedSyncCount = 0;
  readonly #onDelay: () => void;
  #sinceMs: number | undefined;

  /** @param onDelay a write has waited for as long as it may */
  constructor(onDelay: () => void) {
    this.#onDelay = onDelay;
  }

  /** Whether the write that is due now waits for the sync that is running. @param monotonicMs monotonic time */
  waits(monotonicMs: number): boolean {
    this.#sinceMs ??= monotonicMs;
    if (monotonicMs - this.#sinceMs < MAX_POSTPONE_MS) return true;
    this.delayedSyncCount++;
    this.#onDelay();
    return false;
  }

  /** A write is made, or has nothing to wait for any more. */
  end(): void {
    this.#sinceMs = undefined;
  }
}
