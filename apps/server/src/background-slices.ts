/**
 * How much of the event loop the copying of a snapshot may take: a rewrite's, or a background save's.
 *
 * While clients are served, time for slices is saved up as a share of the time that passes, and spent in turns of the event loop:
 * a short slice in a turn in which nobody asked for anything, a longer one only once enough is saved. When nobody has asked for a while, all of
 * the loop goes into the copying.
 *
 * Invariants: a slice takes at most about MAX_SLICE_US; it comes after the tick of the same turn of the event loop, so
 * replies leave first.
 */
import type { Engine } from './engine.ts';

/** Nobody waits longer than this for a slice. With half of it a rewrite of 5M keys beside pipelines of 16 took 27 s instead of 17. */
const MAX_SLICE_US = 1000;
/** The first slices run code that nothing has compiled yet, whose steps are long: each may be a little longer than the one before. */
const FIRST_SLICE_US = 125;
const GROWTH = 1 + 1 / 16;
/** While clients are served: a slice is worth its overhead from here on. */
const MIN_SLICE_US = 100;
/** What is saved up of the time between slices: two fifths of all time go into slices then. */
const BUSY_SHARE = 2 / 3;
/** Clients that have asked for something within this time are being served. */
const BUSY_MEMORY_US = 5000;

/** What is done in slices. */
export interface SlicedWork {
  /** @returns false if there is nothing to do now */
  step(budgetUs: number): boolean;
}

export class BackgroundSlices {
  readonly #engine: Engine;
  readonly #current: () => SlicedWork | undefined;
  #isTurnScheduled = false;
  #lastTurnUs = 0;
  /** When a client was last seen to have asked for something. */
  #servedUs = Number.NEGATIVE_INFINITY;
  /** Time for slices; below 0 when slices took longer than they were given. */
  #savedUs = 0;
  #commandsAtLastTurn = 0;
  /** How long a slice may be by now. */
  #limitUs = FIRST_SLICE_US;

  /** @param current what runs, if anything does */
  constructor(engine: Engine, current: () => SlicedWork | undefined) {
    this.#engine = engine;
    this.#current = current;
  }

  /** Other work than before is about to begin. */
  begin(): void {
    this.#limitUs = FIRST_SLICE_US;
  }

  /** There is work: a slice of it comes in this turn of the event loop. */
  schedule(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    this.#engine.options.schedule(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnScheduled = false;
    this.#engine.tickIfDue();
    const { clock, executor, hasFailed } = this.#engine;
    const work = this.#current();
    if (work === undefined || hasFailed) return;
    const budgetUs = Math.min(this.#limitUs, this.#budget(clock.monotonicUs(), executor.statistics.totalCommands));
    if (budgetUs === 0) return this.schedule();
    this.#limitUs = Math.min(MAX_SLICE_US, this.#limitUs * GROWTH);
    const startUs = clock.monotonicUs();
    const hasMore = work.step(budgetUs);
    this.#lastTurnUs = clock.monotonicUs();
    this.#savedUs = Math.max(-MAX_SLICE_US, this.#savedUs - (this.#lastTurnUs - startUs));
    if (hasMore) this.schedule();
  }

  /** How long the slice of this turn may take, µs; 0 for none. */
  #budget(nowUs: number, totalCommands: number): number {
    const isServing = totalCommands !== this.#commandsAtLastTurn;
    this.#commandsAtLastTurn = totalCommands;
    if (isServing) this.#servedUs = nowUs;
    this.#savedUs = Math.min(MAX_SLICE_US, this.#savedUs + (nowUs - this.#lastTurnUs) * BUSY_SHARE);
    this.#lastTurnUs = nowUs;
    if (nowUs - this.#servedUs >= BUSY_MEMORY_US) return MAX_SLICE_US;
    if (this.#savedUs >= MIN_SLICE_US) return this.#savedUs;
    return isServing ? 0 : MIN_SLICE_US;
  }
}
