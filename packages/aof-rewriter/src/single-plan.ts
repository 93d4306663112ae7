/**
 * The single-file layout: the old file stays the log until the new one has everything and takes its name.
 *
 * What is logged while the data set is copied goes to the old file and to the rewrite buffer. At the end the buffer is
 * appended to the new file: most of it while commands run, with a sync in the background after it; the little that has come
 * meanwhile, its sync, the rename and the sync of the folder are one turn. That turn blocks, for a sync in the background would let
 * records come while it runs: they would be in the old file alone, acknowledged and perhaps synced, and gone with the rename. Only
 * a log that goes to both files at once, and is durable when both are, could do without. A failure before the rename leaves the old file as
 * the log. After it there is no way back: the new file is the log, also if the sync of the folder fails, which is
 * then reported as a doubt.
 *
 * What vouches for the old file is gone, durably, before the new one takes its name, and what vouches for the new one comes after:
 * in between nothing does, for either of the two may be found under the name.
 *
 * A log that starts at run time has no old file: its records go to the rewrite buffer alone.
 *
 * Source: Redis persistence docs, versions before 7.0; Redis 6 aof.c.
 */
import { removeChecksums, type SingleLayout, VouchedFile } from '@aof/aof-files';
import type { AofWriter } from '@aof/aof-writer';
import { DiskError, type DiskFile } from '@aof/disk';
import type { BaseOutput } from './base-output.ts';
import { DiscardingFile } from './discarding-file.ts';
import { dropFile } from './log-files.ts';
import { RewriteBuffer } from './rewrite-buffer.ts';
import type { LogState, PlanContext, RewritePlan, RewriteResult } from './rewrite-plan.ts';

/** So much of the buffer is appended in one turn. */
const TURN_BYTES = 1024 * 1024;
/** So much may be left for the turn that ends the rewrite. */
const LAST_BYTES = 128 * 1024;
/** Rounds of appending and syncing before the rest is done in one turn after all. */
const MAX_ROUNDS = 20;

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
  #unvouched: VouchedFile | undefined;

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
    const { report, nextTurn } = this.#context;
    await output.sync();
    assertWanted();
    report('notice', 'Background AOF rewrite terminated with success');
    for (let round = 0; this.#buffer.byteLength > LAST_BYTES && round < MAX_ROUNDS; round++) {
      while (this.#buffer.byteLength > LAST_BYTES) {
        this.#buffer.drain(TURN_BYTES, (bytes) => output.addBytes(bytes));
        await nextTurn();
        assertWanted();
      }
      await output.sync();
      assertWanted();
    }
    return this.#takeOver(output);
  }

  /** One turn: nothing here waits. */
  #takeOver(output: BaseOutput): RewriteResult {
    const { disk, temporaryId, report } = this.#context;
    const { names } = this.#layout;
    const writer = this.#writer;
    writer?.settle();
    const bufferedBytes = this.#buffer.byteLength;
    this.#buffer.drain(Number.POSITIVE_INFINITY, (bytes) => output.addBytes(bytes));
    output.syncNow();
    report(
      'notice',
      `Residual parent diff successfully flushed to the rewritten AOF (${(bufferedBytes / 2 ** 20).toFixed(2)} MB)`,
    );
    const finished = names.finishedRewritePath(temporaryId);
    disk.rename(this.temporaryPath, finished);
    this.#unvouchOldFile();
    disk.rename(finished, names.singlePath);
    this.#isRenamed = true;
    const doubt = this.#syncFolder();
    this.#nameChecksums(output.file, doubt === undefined);
    writer?.stopRewriteBuffer();
    const size = output.file.size();
    if (writer === undefined || this.#state === 'off') output.file.close();
    else writer.replaceFile(this.#reopened(output.handOver(), doubt === undefined), size);
    this.#buffer.release();
    return { name: names.appendfilename, baseBytes: size, doubt };
  }

  #unvouchOldFile(): void {
    const { disk } = this.#context;
    const { names } = this.#layout;
    const old = this.#writer?.file;
    if (old instanceof VouchedFile && old.isVouching) {
      old.turnOff();
      this.#unvouched = old;
    }
    if (removeChecksums(disk, names.singlePath)) disk.syncDirectory(names.dir);
  }

  /** @param isDurable whether a power cut would find the new file under the name; if not, nothing may vouch for either */
  #nameChecksums(file: DiskFile, isDurable: boolean): void {
    const { disk, report } = this.#context;
    if (!(file instanceof VouchedFile)) return;
    try {
      if (isDurable) return file.renamedTo(this.#layout.names.singlePath);
      file.turnOff();
      removeChecksums(disk, this.temporaryPath);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      report('warning', `Nothing vouches for ${this.#layout.names.singlePath}: ${error.message}`);
    }
  }

  #syncFolder(): string | undefined {
    try {
      this.#context.disk.syncDirectory(this.#layout.names.dir);
      return undefined;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return error.message;
    }
  }

  /** The file under its new name, for messages; the handle that is open already if that cannot be had. */
  #reopened(file: DiskFile, mayBeVouchedFor: boolean): DiskFile {
    try {
      const { disk, vouch } = this.#context;
      const reopened = disk.open(this.#layout.names.singlePath, 'append');
      const wrapped = mayBeVouchedFor ? vouch?.(reopened) : undefined;
      file.close();
      return wrapped ?? reopened;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#context.report('warning', `Cannot open ${this.#layout.names.singlePath} anew: ${error.reason}`);
      return file;
    }
  }

  discard(): void {
    this.#buffer.release();
    if (this.#isRenamed) return;
    this.#unvouched?.turnOn();
    if (this.#state === 'starting') this.#context.log.abandon();
    else this.#writer?.stopRewriteBuffer();
    dropFile(this.#context, this.temporaryPath);
    dropFile(this.#context, this.#layout.names.finishedRewritePath(this.#context.temporaryId));
  }

  async deleteHistory(): Promise<void> {
    // There is none.
  }
}
