/**
 * The copying of the data set, as it is at one moment, into one file: what a rewrite and a background save have in common.
 *
 * The cut is taken when the copy is made. Then slices of bounded time follow, and nothing waits for them; a key that is about
 * to change before its turn is copied first (Snapshot, in @aof/keyspace).
 *
 * Invariants: `step` returns about when its time is over; `copied` settles once; a disk that refuses ends the copy and never
 * a command.
 */
import { type Keyspace, Snapshot } from '@aof/keyspace';
import type { BaseOutput } from './base-output.ts';
import type { BaseWriter } from './base-writer.ts';

/**
 * A slice ends this soon while a large value is being copied: its memory is copied piece by piece as clients write to it, and what the
 * garbage collector then does in a turn comes on top of the slice.
 */
const MAX_SLICE_AT_LARGE_US = 500;

export interface SnapshotCopyOptions {
  readonly keyspace: Keyspace;
  /** Where it goes; its `onProgress` calls `wake`. */
  readonly output: BaseOutput;
  readonly writer: BaseWriter;
  /** Wall clock of the cut, ms since the Unix epoch. */
  readonly nowMs: number;
  /** A monotonic clock, µs. */
  monotonicUs(): number;
  /** There is work for `step` again. */
  onWork(): void;
}

export class SnapshotCopy {
  readonly output: BaseOutput;
  /** Resolves when `output` has everything. Rejects with what the disk said or what `giveUp` was told. */
  readonly copied: Promise<void>;
  readonly #options: SnapshotCopyOptions;
  readonly #snapshot: Snapshot;
  readonly #end = Promise.withResolvers<void>();
  #isCopying = true;
  #maxSliceUs = 0;

  /** Takes the cut. To be called between commands, while no other snapshot of the keyspace is open. */
  constructor(options: SnapshotCopyOptions) {
    const { keyspace, output, writer, nowMs } = options;
    this.#options = options;
    this.output = output;
    this.copied = this.#end.promise;
    // Awaited as a rule; a copy that is given up early has nobody who does.
    this.copied.catch(() => undefined);
    writer.begin();
    this.#snapshot = new Snapshot(keyspace, { nowMs, sink: writer });
    options.onWork();
  }

  /** Keys at the cut. */
  get keyCount(): number {
    return this.#snapshot.keyCount;
  }

  get copiedKeys(): number {
    return this.#snapshot.seenCount;
  }

  /** Keys that were copied because they were about to change. */
  get earlyKeys(): number {
    return this.#snapshot.earlyCount;
  }

  /** The longest `step`, µs. */
  get maxSliceUs(): number {
    return this.#maxSliceUs;
  }

  /**
   * Copies for about `budgetUs`. To be called between commands.
   * @returns false if there is nothing to do now; `onWork` tells when there is again
   */
  step(budgetUs: number): boolean {
    const { output } = this;
    if (!this.#isCopying || output.isBlocked) return false;
    const { monotonicUs, writer } = this.#options;
    const startUs = monotonicUs();
    const endUs = startUs + budgetUs;
    const endAtLargeUs = startUs + Math.min(budgetUs, MAX_SLICE_AT_LARGE_US);
    const isDone = this.#snapshot.copy(
      (isLarge) =>
        output.isBlocked || output.failure !== undefined || monotonicUs() >= (isLarge ? endAtLargeUs : endUs),
    );
    this.#maxSliceUs = Math.max(this.#maxSliceUs, monotonicUs() - startUs);
    if (isDone) writer.end();
    if (!isDone && output.failure === undefined) return !output.isBlocked;
    this.#settle(output.failure);
    return false;
  }

  /** `output` may not be blocked any more, or have failed. */
  wake(): void {
    if (this.#isCopying) this.#options.onWork();
  }

  /** Ends the copy, unless it has ended. */
  giveUp(error: Error): void {
    if (this.#isCopying) this.#settle(error);
  }

  /** Lets go of what has not been copied; the output is its owner's to close. */
  close(): void {
    this.#isCopying = false;
    this.#snapshot.close();
  }

  #settle(error: Error | undefined): void {
    this.#isCopying = false;
    if (error === undefined) this.#end.resolve();
    else this.#end.reject(error);
  }
}
