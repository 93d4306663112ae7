/**
 * One rewrite, from the cut to the last rename. It comes from memory; the old log is never read.
 *
 *     prepare   in the background, commands go on
 *     cut       one turn: the log switches, the snapshot is opened
 *     copy      slices, each as long as `step` is given, also from within commands that are about to change a key
 *     finish    sync, rename, sync; old files become history
 *
 * Invariants: whatever fails, and wherever a crash comes, the files on disk are one valid log; `step` returns about when its
 * time is over; `run` settles after everything that the rewrite has begun has ended.
 */
import { DiskError } from '@aof/disk';
import { type Keyspace, Snapshot } from '@aof/keyspace';
import { BaseOutput } from './base-output.ts';
import type { BaseWriter, BaseWriterFactory } from './base-writer.ts';
import { RewriteError } from './rewrite-error.ts';
import type { PlanContext, RewritePlan, RewriteResult } from './rewrite-plan.ts';

export interface RewriteOptions {
  readonly keyspace: Keyspace;
  readonly plan: RewritePlan;
  readonly context: PlanContext;
  readonly createBaseWriter: BaseWriterFactory;
  /** `aof-rewrite-incremental-fsync`. */
  readonly syncsInSteps: boolean;
  /** Wall clock, ms since the Unix epoch. */
  nowMs(): number;
  /** A monotonic clock, µs. */
  monotonicUs(): number;
  /** There is work for `step` again. */
  onWork(): void;
}

export class Rewrite {
  readonly #options: RewriteOptions;
  readonly #plan: RewritePlan;
  readonly #copied = Promise.withResolvers<void>();
  #snapshot: Snapshot | undefined;
  #output: BaseOutput | undefined;
  #writer: BaseWriter | undefined;
  #cancelReason: string | undefined;
  #isCopying = false;
  #maxSliceUs = 0;

  constructor(options: RewriteOptions) {
    this.#options = options;
    this.#plan = options.plan;
    // Awaited by `run` as a rule; a rewrite that fails before has nobody who does.
    this.#copied.promise.catch(() => undefined);
  }

  /** Keys at the cut; 0 before it. */
  get keyCount(): number {
    return this.#snapshot?.keyCount ?? 0;
  }

  get copiedKeys(): number {
    return this.#snapshot?.seenCount ?? 0;
  }

  /** Keys that were copied because they were about to change. */
  get earlyKeys(): number {
    return this.#snapshot?.earlyCount ?? 0;
  }

  /** The longest `step`, or the cut, µs. */
  get maxSliceUs(): number {
    return this.#maxSliceUs;
  }

  /** aof_rewrite_buffer_length. */
  get bufferedBytes(): number {
    return this.#plan.bufferedBytes;
  }

  /** Bytes of the base so far. */
  get baseBytes(): number {
    return this.#output?.byteLength ?? 0;
  }

  /** @throws RewriteError (as a rejection) nothing came of it and the log is as it was */
  async run(): Promise<RewriteResult> {
    try {
      await this.#prepare();
      this.#cut();
      await this.#copied.promise;
      this.#assertWanted();
      const output = this.#requireOutput();
      return await this.#plan.finish(output, () => this.#assertWanted());
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      await this.#cleanUp();
      throw this.#asRewriteError(error);
    }
  }

  /**
   * Copies for about `budgetUs`. To be called between commands.
   * @returns false if there is nothing to do now; `onWork` tells when there is again
   */
  step(budgetUs: number): boolean {
    const output = this.#output;
    if (!this.#isCopying || output === undefined || output.isBlocked) return false;
    const { monotonicUs } = this.#options;
    const startUs = monotonicUs();
    const endUs = startUs + budgetUs;
    const isDone =
      this.#snapshot?.copy(() => output.isBlocked || output.failure !== undefined || monotonicUs() >= endUs) ?? false;
    this.#maxSliceUs = Math.max(this.#maxSliceUs, monotonicUs() - startUs);
    if (isDone) this.#writer?.end();
    if (!isDone && output.failure === undefined) return !output.isBlocked;
    this.#endCopy(output.failure);
    return false;
  }

  /** Gives the rewrite up, if it can still be given up; `run` rejects. */
  cancel(reason: string): void {
    this.#cancelReason ??= reason;
    if (this.#isCopying) this.#endCopy(new RewriteError('AOF_REWRITE_CANCELLED', reason));
  }

  async #prepare(): Promise<void> {
    do {
      await this.#plan.prepare();
      this.#assertWanted();
    } while (!this.#plan.isReady);
  }

  /** Runs in one turn, between commands: nothing here waits. */
  #cut(): void {
    const { context, keyspace, nowMs, monotonicUs, createBaseWriter, syncsInSteps } = this.#options;
    const startUs = monotonicUs();
    const file = context.disk.open(this.#plan.temporaryPath, 'truncate');
    const output = new BaseOutput(file, { syncsInSteps, onProgress: () => this.#wake() });
    this.#output = output;
    this.#plan.cut();
    const cutMs = nowMs();
    const writer = createBaseWriter(output, cutMs);
    this.#writer = writer;
    writer.begin();
    this.#snapshot = new Snapshot(keyspace, { nowMs: cutMs, sink: writer });
    this.#isCopying = true;
    this.#maxSliceUs = monotonicUs() - startUs;
    this.#wake();
  }

  #wake(): void {
    if (this.#isCopying) this.#options.onWork();
  }

  #endCopy(error: Error | undefined): void {
    this.#isCopying = false;
    if (error === undefined) this.#copied.resolve();
    else this.#copied.reject(error);
  }

  #assertWanted(): void {
    if (this.#cancelReason !== undefined) throw new RewriteError('AOF_REWRITE_CANCELLED', this.#cancelReason);
    const failure = this.#output?.failure;
    if (failure !== undefined) throw failure;
  }

  #requireOutput(): BaseOutput {
    if (this.#output === undefined) throw new Error('bug: a rewrite ends that has not begun');
    return this.#output;
  }

  async #cleanUp(): Promise<void> {
    this.#isCopying = false;
    this.#snapshot?.close();
    await this.#output?.discard();
    this.#plan.discard();
  }

  #asRewriteError(error: Error): Error {
    if (error instanceof RewriteError) return error;
    if (!(error instanceof DiskError) && !('code' in error)) return error;
    const path = 'path' in error && typeof error.path === 'string' ? error.path : this.#plan.temporaryPath;
    return new RewriteError('AOF_REWRITE_FAILED', error.message, { path, cause: error });
  }
}
