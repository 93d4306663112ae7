/**
 * What is told of copying the data set in the background, a rewrite's or a background save's: of the copying that runs and of the
 * last one. INFO asks for it, and the operator reads lines about a long one.
 */
import type { Clock } from './clock.ts';

/** A line about the progress of a long one, this often. */
const PROGRESS_LINE_MS = 5000;

/** What copies: a `Rewrite` or a `BackgroundSave`. */
export interface Copying {
  /** Keys at the cut. */
  readonly keyCount: number;
  readonly copiedKeys: number;
  /** Keys that were copied because they were about to change. */
  readonly earlyKeys: number;
  /** The longest slice, µs. */
  readonly maxSliceUs: number;
}

export class CopyingFigures {
  readonly #clock: Clock;
  #running: Copying | undefined;
  #startedAtMs = 0;
  #lineAtMs = 0;
  #last = { durationSec: -1, maxSliceUs: 0, earlyKeys: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `copying` runs from now on. */
  begin(copying: Copying): void {
    this.#running = copying;
    this.#startedAtMs = this.#clock.nowMs();
    this.#lineAtMs = this.#startedAtMs;
  }

  /** It has ended, whatever came of it. */
  end(): void {
    const { maxSliceUs, earlyKeys } = this;
    this.#last = { durationSec: this.currentDurationSec, maxSliceUs, earlyKeys };
    this.#running = undefined;
  }

  /** Whether it is time for a line about its progress, which is then taken as written. */
  isLineDue(nowMs: number): boolean {
    if (nowMs - this.#lineAtMs < PROGRESS_LINE_MS) return false;
    this.#lineAtMs = nowMs;
    return true;
  }

  /** Seconds; -1 before the first has ended. */
  get lastDurationSec(): number {
    return this.#last.durationSec;
  }

  /** Seconds; -1 while none runs. */
  get currentDurationSec(): number {
    if (this.#running === undefined) return -1;
    return Math.max(0, Math.floor((this.#clock.nowMs() - this.#startedAtMs) / 1000));
  }

  /** Keys at the cut of the one that runs; 0 while none does. */
  get keyCount(): number {
    return this.#running?.keyCount ?? 0;
  }

  /** Likewise. */
  get copiedKeys(): number {
    return this.#running?.copiedKeys ?? 0;
  }

  /** Of the one that runs, or of the last one, µs. */
  get maxSliceUs(): number {
    return this.#running?.maxSliceUs ?? this.#last.maxSliceUs;
  }

  /** Likewise, keys. */
  get earlyKeys(): number {
    return this.#running?.earlyKeys ?? this.#last.earlyKeys;
  }
}
