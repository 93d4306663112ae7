/**
 * Under `always`, when syncs run in the background: lets the writers whose replies have just left come back before the next sync
 * begins, so that they share it. Without this they fall into two groups that wait for each other's syncs, and each waits for two.
 *
 * Invariant: ends by itself, after a time that is short beside a sync and after a number of questions, whoever comes back.
 */
import type { Clock } from './clock.ts';

/** So much of a sync's time may be spent on waiting for those who will share the next one. */
const SHARE_OF_SYNC = 0.5;
const LEAST_US = 100;
const GREATEST_US = 2000;
/** Turns of the event loop that may pass: an idle one turns in some microseconds, and nobody has come back. */
const MAX_TURNS = 64;

export class SyncGathering {
  readonly #clock: Clock;
  /** Replies that the last sync let go; 0 once nobody is waited for. */
  #expected = 0;
  #untilUs = 0;
  #turnsLeft = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A sync of `syncUs` has ended, and `count` replies have left: none, if it blocked. */
  released(count: number, syncUs: number): void {
    this.#expected = count;
    if (count === 0) return;
    this.#untilUs = this.#clock.monotonicUs() + Math.min(Math.max(syncUs * SHARE_OF_SYNC, LEAST_US), GREATEST_US);
    this.#turnsLeft = MAX_TURNS;
  }

  /** Whether the next sync should wait for more. @param waiting counts the replies that it would let go */
  isOpen(waiting: () => number): boolean {
    if (this.#expected === 0) return false;
    const isOver = --this.#turnsLeft < 0 || this.#clock.monotonicUs() >= this.#untilUs || waiting() >= this.#expected;
    if (isOver) this.#expected = 0;
    return !isOver;
  }
}
