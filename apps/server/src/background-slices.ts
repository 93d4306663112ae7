/**
 * How much of the event loop the copying of a snapshot may take: a rewrite's, or a background save's.
 *
 * Invariants: a slice takes at most MAX_SLICE_US, and a bounded share of the time while clients are served; it comes after
 * the tick of the same turn of the event loop, so replies leave first.
 */
import type { Engine } from './engine.ts';

/** Nobody waits longer than this for a slice. */
const MAX_SLICE_US = 2000;
/** While clients are served: at least so much per turn, and this share of the time since the last slice. */
const MIN_SLICE_US = 250;
const BUSY_SHARE = 1 / 3;

/** What is done in slices. */
export interface SlicedWork {
  /** @returns false if there is nothing to do now */
  step(budgetUs: number): boolean;
}

export class BackgroundSlices {
  readonly #engine: Engine;
  readonly #current: () => SlicedWork | undefined;
  #isTurnScheduled = false;
  #lastTurnEndUs = 0;
  #commandsAtLastTurn = 0;

  /** @param current what runs, if anything does */
  constructor(engine: Engine, current: () => SlicedWork | undefined) {
    this.#engine = engine;
    this.#current = current;
  }

  /** There is work: a slice of it comes in this turn of the event loop. */
  schedule(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    this.#engine.options.schedule(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnScheduled = false;
    const { clock, executor, hasFailed } = this.#engine;
    const work = this.#current();
    if (work === undefined || hasFailed) return;
    const { totalCommands } = executor.statistics;
    const isBusy = totalCommands !== this.#commandsAtLastTurn;
    this.#commandsAtLastTurn = totalCommands;
    const share = (clock.monotonicUs() - this.#lastTurnEndUs) * BUSY_SHARE;
    const budgetUs = isBusy ? Math.min(MAX_SLICE_US, Math.max(MIN_SLICE_US, share)) : MAX_SLICE_US;
    const hasMore = work.step(budgetUs);
    this.#lastTurnEndUs = clock.monotonicUs();
    if (hasMore) this.schedule();
  }
}
