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
import type { Keyspace } from '@aof/keyspace';
import { BaseOutput } from './base-output.ts';
import type { BaseWriterFactory } from './base-writer.ts';
import { openLogFile } from './log-files.ts';
import { RewriteError } from './rewrite-error.ts';
import type { PlanContext, RewritePlan, RewriteResult } from './rewrite-plan.ts';
import { SnapshotCopy } from './snapshot-copy.ts';

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
  #copy: SnapshotCopy | undefined;
  #output: BaseOutput | undefined;
  #cancelReason: string | undefined;
  #cutUs = 0;

  constructor(options: RewriteOptions) {
    this.#options = options;
    this.#plan = options.plan;
  }

  /** Keys at the cut; 0 before it. */
  get keyCount(): number {
    return this.#copy?.keyCount ?? 0;
  }

  get copiedKeys(): number {
    return this.#copy?.copiedKeys ?? 0;
  }

  /** Keys that were copied because they were about to change. */
  get earlyKeys(): number {
    return this.#copy?.earlyKeys ?? 0;
  }

  /** The longest `step`, or the cut, µs. */
  get maxSliceUs(): number {
    return Math.max(this.#cutUs, this.#copy?.maxSliceUs ?? 0);
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
      const { output, copied } = this.#cut();
      await copied;
      this.#assertWanted();
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
    const { failure } = this.#plan;
    // At once: on a full disk, what the rewrite has taken so far is what the log is short of.
    if (failure !== undefined) this.#copy?.giveUp(failure);
    return this.#copy?.step(budgetUs) ?? false;
  }

  /** Gives the rewrite up, if it can still be given up; `run` rejects. */
  cancel(reason: string): void {
    this.#cancelReason ??= reason;
    this.#copy?.giveUp(new RewriteError('AOF_REWRITE_CANCELLED', reason));
  }

  async #prepare(): Promise<void> {
    // Whoever asked for the rewrite has taken time of this turn already; the cut takes some too.
    await this.#options.context.nextTurn();
    this.#assertWanted();
    do {
      await this.#plan.prepare();
      this.#assertWanted();
    } while (!this.#plan.isReady);
  }

  /** Runs in one turn, between commands: nothing here waits. */
  #cut(): SnapshotCopy {
    const { context, keyspace, nowMs, monotonicUs, createBaseWriter, syncsInSteps, onWork } = this.#options;
    const startUs = monotonicUs();
    const file = openLogFile(context, this.#plan.temporaryPath);
    const output = new BaseOutput(file, { syncsInSteps, onProgress: () => this.#copy?.wake() });
    this.#output = output;
    this.#plan.cut();
    const cutMs = nowMs();
    const writer = createBaseWriter(output, cutMs);
    const copy = new SnapshotCopy({ keyspace, output, writer, nowMs: cutMs, monotonicUs, onWork });
    this.#copy = copy;
    this.#cutUs = monotonicUs() - startUs;
    return copy;
  }

  #assertWanted(): void {
    if (this.#cancelReason !== undefined) throw new RewriteError('AOF_REWRITE_CANCELLED', this.#cancelReason);
    const failure = this.#output?.failure ?? this.#plan.failure;
    if (failure !== undefined) throw failure;
  }

  async #cleanUp(): Promise<void> {
    this.#copy?.close();
    await this.#output?.discard();
    await this.#plan.discard();
  }

  #asRewriteError(error: Error): Error {
    if (error instanceof RewriteError) return error;
    if (!(error instanceof DiskError) && !('code' in error)) return error;
    const path = 'path' in error && typeof error.path === 'string' ? error.path : this.#plan.temporaryPath;
    return new RewriteError('AOF_REWRITE_FAILED', error.message, { path, cause: error });
  }
}
