/**
 * The server's log: where records go while it is on, and what the operator hears about it.
 *
 * Invariant: while `isOn`, every record that the executor propagates is appended before its command's reply can leave.
 */

import type { LogState, RewriteResult, RewrittenLog } from '@aof/aof-rewriter';
import {
  AofWriter,
  type AofWriterEvents,
  type FatalFailure,
  type FsyncPolicy,
  type WriteFailure,
} from '@aof/aof-writer';
import type { PropagationSink, RecordArgument } from '@aof/commands';
import type { DiskFile } from '@aof/disk';
import type { LoadReport } from '@aof/loader';
import type { Engine } from './engine.ts';
import { LogVouching } from './log-vouching.ts';

export interface AppendLogEvents {
  /** The log is durable up to this offset: held replies may leave. */
  synced(offset: number): void;
  /** Under `always`: whether the next sync in the background should wait for more to share it. */
  isGathering(): boolean;
  /** Under `always`: the log cannot go on, and no reply may leave. */
  fatal(message: string): void;
}

export class AppendLog implements PropagationSink, RewrittenLog {
  readonly #engine: Engine;
  readonly #events: AppendLogEvents;
  readonly vouching: LogVouching;
  #writer: AofWriter | undefined;
  #state: LogState = 'off';
  /** Bytes of the log's files but the one that is written to. */
  #olderBytes = 0;
  /** Bytes that the automatic rewrite compares with. */
  #baseBytes = 0;

  constructor(engine: Engine, events: AppendLogEvents) {
    this.#engine = engine;
    this.#events = events;
    this.vouching = new LogVouching(engine, () => this.#writer?.file);
    const { config } = engine;
    const follow = () => this.#configure();
    config.onChange('appendfsync', follow);
    config.onChange('no-appendfsync-on-rewrite', follow);
    config.onChange('aof-timestamp-enabled', follow);
  }

  /** Goes on in `file`, which holds everything that was loaded. */
  open(file: DiskFile, olderBytes: number, baseBytes: number): void {
    this.#olderBytes = olderBytes;
    this.#baseBytes = baseBytes;
    this.#state = 'on';
    this.#writer = this.#createWriter(this.vouching.wrap(file));
  }

  /** Vouches, if that is wanted, for what the log held when it was opened. @throws DiskError it cannot be synced */
  vouchForLoaded(report: LoadReport): void {
    const file = this.#writer?.file;
    if (file !== undefined) this.vouching.adopt(report, file);
  }

  #createWriter(file: DiskFile): AofWriter {
    const { clock, rewriteControl, snapshotControl } = this.#engine;
    return new AofWriter({
      file,
      fileSize: file.size(),
      settings: this.#settings(),
      events: this.#writerEvents(),
      startedAtMs: this.#monotonicMs(),
      stopwatchMs: () => clock.monotonicUs() / 1000,
      isGathering: () => this.#events.isGathering(),
      isRewriting: () => rewriteControl.isRunning || snapshotControl.isRunning,
    });
  }

  // --- rewrites ---

  /** `starting`: turned on at run time, and not durable before the first rewrite has ended. */
  get state(): LogState {
    return this.#state;
  }

  get writer(): AofWriter | undefined {
    return this.#writer;
  }

  /** The log is wanted from now on; a rewrite has to begin it. */
  startLater(): void {
    this.#state = 'starting';
  }

  begin(file: DiskFile): AofWriter {
    this.#olderBytes = 0;
    this.#baseBytes = 0;
    const writer = this.#createWriter(file);
    this.#writer = writer;
    return writer;
  }

  abandon(): void {
    this.#closeInBackground();
  }

  rotated(oldFileBytes: number): void {
    this.#olderBytes += oldFileBytes;
    // The option may have changed since the file was made.
    this.vouching.follow(this.#writer?.file);
  }

  /** A rewrite has put a new base in place; the records since its cut are in the file that is written to. */
  rewritten({ baseBytes }: RewriteResult, isSingleFile: boolean): void {
    if (this.#writer === undefined) return;
    this.vouching.follow(this.#writer.file);
    this.#state = 'on';
    this.#olderBytes = isSingleFile ? 0 : baseBytes;
    this.#baseBytes = this.currentSize;
  }

  /** Writes and syncs what there is, and appends no more. */
  turnOff(): void {
    this.#state = 'off';
    this.#closeInBackground();
  }

  #closeInBackground(): void {
    // Its write and its sync are done when `close` returns; the rest only waits for syncs that were running.
    this.close().catch((error: unknown) => {
      if (this.#state !== 'starting')
        this.#engine.log('warning', error instanceof Error ? error.message : String(error));
    });
  }

  // --- records ---

  appendRaw(database: number, bytes: Uint8Array, start: number, end: number): void {
    this.#writer?.appendRaw(database, bytes, start, end);
  }

  appendRecord(database: number, record: readonly RecordArgument[]): void {
    this.#writer?.appendRecord(database, record);
  }

  /** Called between units: annotations carry the second in which the next one ran. */
  setWallClock(nowMs: number): void {
    this.#writer?.setWallClock(nowMs);
  }

  settle(): void {
    this.#writer?.settle();
  }

  /** Under `always`: clients are served whose replies need not wait for a sync, so that none should block. */
  set preferBackgroundSync(isPreferred: boolean) {
    if (this.#writer !== undefined) this.#writer.hasIndependentClients = isPreferred;
  }

  /** Under `always`: if there are records, the next flush makes the event loop wait for their sync. */
  get blocksForSync(): boolean {
    return this.#writer?.blocksForSync ?? false;
  }

  flush(): void {
    this.#writer?.flush(this.#monotonicMs());
  }

  /** Writes whatever is buffered, also while a sync runs. */
  flushNow(): void {
    this.#writer?.flush(this.#monotonicMs(), true);
  }

  /** Writes, syncs and closes. */
  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close(this.#monotonicMs());
  }

  // --- what others ask ---

  get isOn(): boolean {
    return this.#state !== 'off';
  }

  get writeError(): string | undefined {
    return this.#writer?.writeError;
  }

  get holdRepliesUntil(): number {
    return this.#writer?.holdRepliesUntil ?? 0;
  }

  get syncedBytes(): number {
    return this.#writer?.syncedBytes ?? 0;
  }

  get lastWriteStatus(): 'ok' | 'err' {
    return this.#writer?.lastWriteStatus ?? 'ok';
  }

  get currentSize(): number {
    return this.#olderBytes + (this.#writer?.fileSize ?? 0);
  }

  get baseSize(): number {
    return this.#baseBytes;
  }

  get bufferedBytes(): number {
    return this.#writer?.bufferedBytes ?? 0;
  }

  get bufferCapacity(): number {
    return this.#writer?.bufferCapacity ?? 0;
  }

  /** How long the last sync in the background took, ms. */
  get lastSyncMs(): number {
    return this.#writer?.lastSyncMs ?? 0;
  }

  get pendingSyncs(): number {
    return this.#writer?.pendingSyncs ?? 0;
  }

  // --- inside ---

  #monotonicMs(): number {
    return this.#engine.clock.monotonicUs() / 1000;
  }

  #settings(): { policy: FsyncPolicy; noFsyncOnRewrite: boolean; areTimestampsEnabled: boolean } {
    const { values } = this.#engine.config;
    return {
      policy: values.appendfsync,
      noFsyncOnRewrite: values['no-appendfsync-on-rewrite'],
      areTimestampsEnabled: values['aof-timestamp-enabled'],
    };
  }

  #configure(): string | undefined {
    try {
      this.#writer?.configure(this.#settings());
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Syncs and rewrites end between flushes: whether writes are refused is known from now on, not from the next flush. */
  #noteWriteError(): void {
    this.#engine.executor.state.logWriteError = this.writeError;
  }

  #writerEvents(): AofWriterEvents {
    const log = (message: string) => this.#engine.log('warning', message);
    return {
      synced: (offset) => this.#events.synced(offset),
      syncDelayed: () => {
        this.#engine.statistics.delayedSyncs++;
        this.#engine.log(
          'notice',
          'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down the server.',
        );
      },
      writeFailed: (failure) => log(writeFailureText(failure)),
      writeRecovered: () => log('AOF write error looks solved. The server can write again.'),
      syncFailed: (reason) => {
        log(`Fail to fsync the AOF file: ${reason}`);
        this.#noteWriteError();
      },
      syncRecovered: () => {
        log('The AOF file whose fsync had failed has been replaced. The server can write again.');
        this.#noteWriteError();
      },
      fatal: (failure) => this.#events.fatal(fatalText(failure)),
    };
  }
}

function writeFailureText({ reason, writtenBytes, expectedBytes, truncateReason }: WriteFailure): string {
  const text =
    writtenBytes === 0
      ? `Error writing to the AOF file: ${reason}`
      : `Short write while writing to the AOF file: (nwritten=${writtenBytes}, expected=${expectedBytes})`;
  return truncateReason === undefined
    ? text
    : `${text}. Could not remove short write from the append-only file. ftruncate: ${truncateReason}`;
}

function fatalText({ operation, reason }: FatalFailure): string {
  return operation === 'write'
    ? `Can't recover from AOF write error when the AOF fsync policy is 'always': ${reason}. Exiting...`
    : `Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${reason}. Exiting...`;
}
