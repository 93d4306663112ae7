/**
 * How `appendfsync always` is kept: whether syncs block the event loop or run beside it, whose replies wait for them, and who shares them.
 *
 * Invariants: replies leave only as the log says that it is durable; what is put off is put off for a few turns of the event loop, or, with
 * syncs in the background, for as long as `SyncGathering` says.
 */
import type { Engine } from './engine.ts';
import type { ReplyGate } from './reply-gate.ts';
import { SyncBarrier } from './sync-barrier.ts';
import { SyncGathering } from './sync-gathering.ts';

/** Readers that were seen within this time make syncs run in the background. */
const READERS_REMEMBERED_US = 50_000;
/** And so many syncs more: a reader that has to wait for one cannot be seen reading meanwhile. */
const SYNCS_REMEMBERED = 2;
/** So often at most is a sync that blocks put off by a turn: whoever comes after that waits for the next one. */
const MAX_LOOKS = 4;

export class AlwaysSync {
  readonly #engine: Engine;
  readonly #gate: ReplyGate;
  readonly #barrier = new SyncBarrier();
  readonly #gathering: SyncGathering;
  #readersSeenAtUs = Number.NEGATIVE_INFINITY;
  #readsSeen = 0;
  /** At some time since the last tick nobody watched what clients saw: the timer may begin and stop to watch in between. */
  #wasUnwatched = true;
  /** Turns that the next flush has been put off by. */
  #looks = 0;
  /** Clients with replies at the last of them. */
  #clientsSeen = 0;

  constructor(engine: Engine, gate: ReplyGate) {
    this.#engine = engine;
    this.#gate = gate;
    this.#gathering = new SyncGathering(engine.clock);
  }

  /**
   * Whether the flush of this tick is put off by a turn of the event loop. The requests of this turn have been run one after the other, and
   * meanwhile other clients have sent theirs: one look at the sockets costs much less than the sync that they would need next. Under load
   * this goes on as long as each look finds somebody new, a few times at most.
   */
  looksAgain(): boolean {
    const { appendLog, clients } = this.#engine;
    const { scheduledCount } = this.#gate;
    const isWorthIt =
      scheduledCount > this.#clientsSeen &&
      scheduledCount < clients.size &&
      this.#looks < MAX_LOOKS &&
      appendLog.bufferedBytes > 0 &&
      appendLog.blocksForSync &&
      !this.#hasReaders();
    this.#looks++;
    this.#clientsSeen = scheduledCount;
    return isWorthIt;
  }

  /** Flushes the log. While clients read beside those that write, syncs run in the background and readers of what is durable go on. */
  flush(): void {
    const { appendLog, executor } = this.#engine;
    const hasReaders = this.#hasReaders();
    appendLog.preferBackgroundSync = hasReaders;
    appendLog.flush();
    if (executor.observer !== undefined) {
      this.#barrier.flushed(appendLog.holdRepliesUntil);
      // A sync that blocked has ended inside the flush, before there was a batch to end.
      this.#barrier.synced(appendLog.syncedBytes);
    }
    if (!hasReaders) this.stopWatching();
    else if (executor.observer === undefined) {
      this.#barrier.start(appendLog.holdRepliesUntil);
      this.#barrier.synced(appendLog.syncedBytes);
      executor.observer = this.#barrier;
    }
  }

  /** The log is durable up to `offset`: what waited for that leaves. */
  synced(offset: number): void {
    this.#barrier.synced(offset);
    const released = this.#gate.synced(offset);
    this.#gathering.released(released, this.#engine.appendLog.lastSyncMs * 1000);
  }

  /** Whether the next sync in the background waits for more to share it; if so, the next turn of the event loop asks again. */
  isGathering(): boolean {
    const isOpen = this.#gathering.isOpen(() => this.#gate.waitingCount(this.everybodyWaits));
    if (isOpen) this.#engine.scheduleTick();
    return isOpen;
  }

  /** It is not known what each client has seen since the last tick: all of them may have seen what is not durable. */
  get everybodyWaits(): boolean {
    return this.#wasUnwatched || this.#engine.executor.observer === undefined;
  }

  /** The replies of a tick have left, or wait. */
  tickEnded(): void {
    this.#wasUnwatched = this.#engine.executor.observer === undefined;
    this.#looks = 0;
    this.#clientsSeen = 0;
  }

  stopWatching(): void {
    this.#engine.executor.observer = undefined;
    this.#wasUnwatched = true;
  }

  #hasReaders(): boolean {
    const { appendLog, clock, executor } = this.#engine;
    const { totalReads } = executor.statistics;
    const nowUs = clock.monotonicUs();
    if (totalReads !== this.#readsSeen) this.#readersSeenAtUs = nowUs;
    this.#readsSeen = totalReads;
    return nowUs - this.#readersSeenAtUs < READERS_REMEMBERED_US + SYNCS_REMEMBERED * appendLog.lastSyncMs * 1000;
  }
}
