/**
 * Decides, under `always`, whether the event loop waits for a sync or lets it run in the background.
 *
 * Waiting is cheaper while the disk answers within two milliseconds; a slow disk would stop every client, also those
 * that only read. A blocking sync is timed exactly. One in the background also counts the time until the loop notices
 * its end, so only the fastest of several tells how fast the disk has become.
 */
import type { AlwaysMode } from './settings.ts';

/** Weight of the newest blocking sync in the moving average. */
const NEWEST_WEIGHT = 1 / 8;
/** Background syncs of which the fastest is believed. */
const BACKGROUND_SAMPLES = 32;

export class SyncPace {
  readonly #blockingLimitMs: number;
  /** Clients whose replies need not wait for a sync are being served: blocking would stop them for nothing. */
  hasIndependentClients = false;
  #averageMs = 0;
  #fastestMs = Number.POSITIVE_INFINITY;
  #samples = 0;
  /** How long the last sync in the background took. */
  lastBackgroundMs = 0;

  constructor(blockingLimitMs: number) {
    this.#blockingLimitMs = blockingLimitMs;
  }

  shouldBlock(mode: AlwaysMode): boolean {
    if (mode !== 'adaptive') return mode === 'blocking';
    return !this.hasIndependentClients && this.#averageMs <= this.#blockingLimitMs;
  }

  recordBlocking(durationMs: number): void {
    this.#averageMs += (durationMs - this.#averageMs) * NEWEST_WEIGHT;
    this.#samples = 0;
    this.#fastestMs = Number.POSITIVE_INFINITY;
  }

  recordBackground(durationMs: number): void {
    this.lastBackgroundMs = durationMs;
    this.#fastestMs = Math.min(this.#fastestMs, durationMs);
    if (++this.#samples < BACKGROUND_SAMPLES) return;
    this.#averageMs = this.#fastestMs;
    this.#samples = 0;
    this.#fastestMs = Number.POSITIVE_INFINITY;
  }
}
