/**
 * The single-file layout: the old file stays the log until the new one has everything and takes its name.
 *
 * What is logged while the data set is copied goes to the old file and to the rewrite buffer, which at the end is appended to the new
 * file while commands run. From the turn that appends the last of it on, the log goes to both files at once, and is durable when
 * it is in both (`AofWriter.addSuccessor`): so nothing of the rest has to block. The new file is synced, what vouches for the old one is removed,
 * the new one is renamed over it, the folder is synced. Until that has ended a power cut may show either of the two under the
 * name, and either has everything that was acknowledged; then the old one is let go.
 *
 * A failure before the rename, also of a write to the new file, leaves the old file as the log. After it there is no way back: the new
 * file is the log, also if the sync of the folder fails, which is then reported as a doubt.
 *
 * What vouches for the old file is gone, durably, before the new one takes its name, and what vouches for the new one comes after:
 * in between nothing does, for either of the two may be found under the name.
 *
 * A log that starts at run time has no old file: its records go to the rewrite buffer alone.
 *
 * Source: Redis persistence docs, versions before 7.0; Redis 6 aof.c.
 */
import { removeChecksums, removeChecksumsInBackground, type SingleLayout, VouchedFile } from '@aof/aof-files';
import type { AofWriter } from '@aof/aof-writer';
import { DiskError, type DiskFile } from '@aof/disk';
import type { BaseOutput } from './base-output.ts';
import { DiscardingFile } from './discarding-file.ts';
import { dropFile } from './log-files.ts';
import { RewriteBuffer } from './rewrite-buffer.ts';
import type { LogState, PlanContext, RewritePlan, RewriteResult } from './rewrite-plan.ts';

/** So much of the buffer is appended in one turn, or twice what has come since the last one, if that is more: it must become shorter. */
const TURN_BYTES = 128 * 1024;
/** So much may be left for the turn from which on both files are written. */
const LAST_BYTES = 128 * 1024;
/**
 * Rounds of appending and syncing. Each leaves less for the first sync of the two files, which replies under `always` wait for; more would only
 * delay the end.
 */
const MAX_ROUNDS = 5;

export interface SingleOptions {
  /** Bytes of the rewrite buffer in memory; the rest goes to a file. */
  readonly bufferCeilingBytes?: number | undefined;
}

export class SinglePlan implements RewritePlan {
  readonly temporaryPath: string;
  readonly isReady = true;
  readonly #context: PlanContext;
  readonly #layout: SingleLayout;
  readonly #buffer: RewriteBuffer;
  readonly #state: LogState;
  #writer: AofWriter | undefined;
  #isRenamed = false;
  /** The old file, from when it is not vouched for any more. */
  #suspended: VouchedFile | undefined;

  constructor(context: PlanContext, layout: SingleLayout, options: SingleOptions = {}) {
    this.#context = context;
    this.#layout = layout;
    this.#state = context.log.state;
    this.temporaryPath = layout.names.tempRewritePath(context.temporaryId);
    this.#buffer = new RewriteBuffer({
      disk: context.disk,
      overflowPath: layout.names.tempRewritePath(`buffer-${context.temporaryId}`),
      ceilingBytes: options.bufferCeilingBytes,
    });
  }

  get bufferedBytes(): number {
    return this.#buffer.byteLength;
  }

  get failure(): DiskError | undefined {
    return this.#buffer.failure;
  }

  async prepare(): Promise<void> {
    // The old file stays as it is.
  }

  cut(): void {
    const { log, monotonicMs } = this.#context;
    if (this.#state === 'off') return;
    const writer = this.#state === 'starting' ? log.begin(new DiscardingFile(this.temporaryPath)) : log.writer;
    // If this fails, what stays in the writer's buffer still goes to the old file only: it is part of the data set.
    writer?.flush(monotonicMs(), true);
    writer?.startRewriteBuffer(this.#buffer);
    this.#writer = writer;
  }

  async finish(output: BaseOutput, assertWanted: () => void): Promise<RewriteResult> {
    const { disk, report } = this.#context;
    const { names } = this.#layout;
    const writer = this.#writer;
    await output.sync();
    assertWanted();
    report('notice', 'Background AOF rewrite terminated with success');
    await this.#appendBuffer(output, assertWanted);
    // Little is missing in the new file now: it gets that in this turn, and from here on both get what comes.
    writer?.settle();
    const bufferedBytes = this.#buffer.byteLength;
    this.#buffer.drain(Number.POSITIVE_INFINITY, (bytes) => output.addBytes(bytes));
    writer?.stopRewriteBuffer();
    // Without a writer nothing has come.
    const isSynced = writer?.addSuccessor(output.handOver(), output.byteLength);
    await Promise.all([isSynced, output.settled()]);
    this.#assertSucceeding(assertWanted);
    report(
      'notice',
      `Residual parent diff successfully flushed to the rewritten AOF (${(bufferedBytes / 2 ** 20).toFixed(2)} MB)`,
    );
    await this.#unvouchOldFile();
    this.#assertSucceeding(assertWanted);
    disk.rename(this.temporaryPath, names.singlePath);
    this.#isRenamed = true;
    writer?.nameSuccessor();
    const doubt = await this.#syncFolder();
    this.#nameChecksums(output.file, doubt === undefined);
    if (writer === undefined) output.file.close();
    else writer.succeed();
    this.#buffer.release();
    return { name: names.appendfilename, baseBytes: writer?.fileSize ?? output.byteLength, doubt };
  }

  /** Until so little is left that it can be appended in one turn: what comes in one turn anyway, if that is more. */
  async #appendBuffer(output: BaseOutput, assertWanted: () => void): Promise<void> {
    for (let round = 0; this.#buffer.byteLength > LAST_BYTES; round++) {
      let came = 0;
      do {
        this.#buffer.drain(Math.max(TURN_BYTES, 2 * came), (bytes) => output.addBytes(bytes));
        const left = this.#buffer.byteLength;
        await this.#context.nextTurn();
        assertWanted();
        came = this.#buffer.byteLength - left;
      } while (this.#buffer.byteLength > Math.max(LAST_BYTES, came));
      if (round === MAX_ROUNDS) return;
      await output.sync();
      assertWanted();
    }
  }

  /** @throws the rewrite is not wanted any more, or AofWriteError: the new file has not got everything */
  #assertSucceeding(assertWanted: () => void): void {
    assertWanted();
    const failure = this.#writer?.successorFailure;
    if (failure !== undefined) throw failure;
  }

  async #unvouchOldFile(): Promise<void> {
    const { disk } = this.#context;
    const { names } = this.#layout;
    const old = this.#writer?.file;
    if (old instanceof VouchedFile) {
      old.suspend();
      this.#suspended = old;
    }
    if (await removeChecksumsInBackground(disk, names.singlePath)) await disk.syncDirectoryInBackground(names.dir);
  }

  /** @param isDurable whether a power cut would find the new file under the name; if not, nothing may vouch for either */
  #nameChecksums(file: DiskFile, isDurable: boolean): void {
    const { disk, report } = this.#context;
    if (!(file instanceof VouchedFile)) return;
    try {
      if (!isDurable) {
        file.distrust();
        removeChecksums(disk, this.temporaryPath);
      }
      file.renamedTo(this.#layout.names.singlePath);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      report('warning', `Nothing vouches for ${this.#layout.names.singlePath}: ${error.message}`);
    }
  }

  async #syncFolder(): Promise<string | undefined> {
    try {
      await this.#context.disk.syncDirectoryInBackground(this.#layout.names.dir);
      return undefined;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return error.message;
    }
  }

  async discard(): Promise<void> {
    this.#buffer.release();
    if (this.#isRenamed) return;
    this.#suspended?.resume();
    if (this.#state === 'starting') this.#context.log.abandon();
    this.#writer?.stopRewriteBuffer();
    this.#writer?.dropSuccessor();
    await dropFile(this.#context, this.temporaryPath);
  }

  async deleteHistory(): Promise<void> {
    // There is none.
  }
}
