/** A progress bar for a terminal: bytes, rate, time left. */
import { bytesText } from './number-text.ts';

/** Longer checks only: what is done sooner needs no bar. */
const SHOWN_AFTER_MS = 500;
const REDRAWN_EVERY_MS = 100;
const WIDTH = 30;
const ERASE_LINE = '\r\x1b[K';

export interface ProgressBarOptions {
  readonly write: (text: string) => void;
  /** Monotonic clock, ms. */
  readonly nowMs: () => number;
}

export class ProgressBar {
  readonly #options: ProgressBarOptions;
  #startedAtMs: number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #done = 0;
  #isDrawn = false;

  constructor(options: ProgressBarOptions) {
    this.#options = options;
    this.#startedAtMs = options.nowMs();
  }

  /** @param done bytes so far, of `total`; less than before means that another pass has begun */
  update(done: number, total: number): void {
    const nowMs = this.#options.nowMs();
    if (done < this.#done) this.#startedAtMs = nowMs;
    this.#done = done;
    if (nowMs - this.#startedAtMs < SHOWN_AFTER_MS || nowMs - this.#drawnAtMs < REDRAWN_EVERY_MS) return;
    this.#drawnAtMs = nowMs;
    this.#isDrawn = true;
    this.#options.write(ERASE_LINE + barText(done, total, nowMs - this.#startedAtMs));
  }

  /** Before anything else is written to the terminal. */
  clear(): void {
    if (this.#isDrawn) this.#options.write(ERASE_LINE);
    this.#isDrawn = false;
  }
}

/** `[######      ]  45 %  1.2 GB of 2.7 GB  410 MB/s  3:40 left` */
export function barText(done: number, total: number, elapsedMs: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const perSec = done / Math.max(0.001, elapsedMs / 1000);
  const leftSec = Math.ceil((total - done) / Math.max(1, perSec));
  const filled = Math.round(share * WIDTH);
  const bar = '#'.repeat(filled).padEnd(WIDTH);
  const left = `${Math.floor(leftSec / 60)}:${String(leftSec % 60).padStart(2, '0')}`;
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${bar}] ${percent} %  ${bytesText(done)} of ${bytesText(total)}  ${bytesText(perSec)}/s  ${left} left`;
}
