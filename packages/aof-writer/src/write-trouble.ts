/** Whether writes fail, when the next one is tried, and how often the operator hears of it. Under `always` the first one is the end. */
import type { AofWriterEvents, WriteFailure } from './events.ts';
import { ERROR_REPORT_INTERVAL_MS, RETRY_INTERVAL_MS } from './settings.ts';

export class WriteTrouble {
  readonly #events: Pick<AofWriterEvents, 'writeFailed' | 'writeRecovered'>;
  #reason: string | undefined;
  #lastAttemptAtMs = Number.NEGATIVE_INFINITY;
  #lastReportAtMs = Number.NEGATIVE_INFINITY;

  constructor(events: Pick<AofWriterEvents, 'writeFailed' | 'writeRecovered'>) {
    this.#events = events;
  }

  /** Why the last write has failed, as strerror(3) puts it; undefined if it has not. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** After a failure a write is tried once a second. @param monotonicMs monotonic time */
  isRetryTooEarly(monotonicMs: number): boolean {
    return this.#reason !== undefined && monotonicMs - this.#lastAttemptAtMs < RETRY_INTERVAL_MS;
  }

  /** What had failed is not written to any more: the next write is tried at once. */
  retryAtOnce(): void {
    this.#lastAttemptAtMs = Number.NEGATIVE_INFINITY;
  }

  succeeded(): void {
    if (this.#reason === undefined) return;
    this.#reason = undefined;
    this.#events.writeRecovered();
  }

  failed(failure: WriteFailure, monotonicMs: number): void {
    this.#reason = failure.reason;
    this.#lastAttemptAtMs = monotonicMs;
    if (monotonicMs - this.#lastReportAtMs < ERROR_REPORT_INTERVAL_MS) return;
    this.#lastReportAtMs = monotonicMs;
    this.#events.writeFailed(failure);
  }
}
