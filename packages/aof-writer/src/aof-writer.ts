/**
 * The live end of the log: records come in, one write per tick goes out, and the fsync policy decides when it is durable.
 *
 * Invariants
 * - syncedBytes <= writtenBytes <= appendedBytes. Offsets count bytes since the writer was made, over all files.
 * - A reply that waits for `holdRepliesUntil` never leaves before everything its client may have seen is durable.
 * - A failed write leaves whole records in the file; what it did not write is kept, in order.
 * - A failed sync is not healed by a later one that succeeds, only by a rewrite: see `markReplaced` and `replaceFile`.
 *
 * Nothing here reads a clock: times are passed in. Nothing logs: see `AofWriterEvents`.
 */
import type { DiskFile } from '@aof/disk';
import { AofWriteError } from './aof-write-error.ts';
import type { AofWriterEvents, WriteFailure } from './events.ts';
import type { LogSegment } from './log-segment.ts';
import { RecordBuffer, type RecordTee } from './record-buffer.ts';
import { SegmentChain } from './segment-chain.ts';
import {
  type AofWriterSettings,
  BLOCKING_LIMIT_MS,
  DEFAULT_SETTINGS,
  ERROR_REPORT_INTERVAL_MS,
  MAX_POSTPONE_MS,
  RETRY_INTERVAL_MS,
  SYNC_INTERVAL_MS,
} from './settings.ts';
import { SyncPace } from './sync-pace.ts';

/**
 * What a flush did. `clean`: there was nothing to write. `written`. `postponed`: `everysec` waits for a running sync, the
 * records stay in the buffer. `failed`: the disk refused, now or less than a second ago; the records stay in the buffer.
 */
export type FlushResult = 'clean' | 'written' | 'postponed' | 'failed';

export interface AofWriterOptions {
  /** Open for appending; the writer closes it. */
  readonly file: DiskFile;
  /** Bytes in `file`: where a failed first write is cut back to. */
  readonly fileSize: number;
  readonly settings?: Partial<AofWriterSettings>;
  readonly events: AofWriterEvents;
  /** Monotonic time now, ms: the first second of `everysec` begins. */
  readonly startedAtMs: number;
  /** A monotonic clock, ms with fractions, to time syncs with. */
  readonly stopwatchMs: () => number;
  /** Whether a rewrite (or another save in the background) runs, for `noFsyncOnRewrite`. */
  readonly isRewriting?: () => boolean;
  /** `adaptive`: the slowest average sync that is waited for, ms. Default 2. */
  readonly blockingLimitMs?: number;
}

/** The answer of `rotate`. */
export interface Rotation {
  /** Number of the new file, for `markReplaced`. */
  readonly segment: number;
  /** Resolves, when the old file has been synced and closed, to whether it is durable; never rejects. */
  readonly oldFileSynced: Promise<boolean>;
}

export class AofWriter {
  /** `adaptive`: clients whose replies need not wait for a sync are being served, so that blocking would stop them for nothing. */
  hasIndependentClients = false;
  readonly #records = new RecordBuffer();
  readonly #chain: SegmentChain;
  readonly #pace: SyncPace;
  readonly #events: AofWriterEvents;
  readonly #stopwatchMs: () => number;
  readonly #isRewriting: () => boolean;
  #settings: AofWriterSettings;
  /** Replies may be waiting for a sync up to here. Never shrinks. */
  #promisedBytes = 0;
  /** The last `syncedBytes` that was reported. */
  #reportedBytes = 0;
  #lastSyncAtMs: number;
  #backgroundSyncStartedAtMs = 0;
  #postponedSinceMs: number | undefined;
  #delayedSyncCount = 0;
  #writeFailure: string | undefined;
  #lastAttemptAtMs = Number.NEGATIVE_INFINITY;
  #lastReportAtMs = Number.NEGATIVE_INFINITY;
  #reportedSyncFailure: LogSegment | undefined;
  #isEnded = false;

  constructor(options: AofWriterOptions) {
    this.#settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.#events = options.events;
    this.#stopwatchMs = options.stopwatchMs;
    this.#isRewriting = options.isRewriting ?? (() => false);
    this.#lastSyncAtMs = options.startedAtMs;
    this.#pace = new SyncPace(options.blockingLimitMs ?? BLOCKING_LIMIT_MS);
    this.#chain = new SegmentChain(options.file, options.fileSize, (segment) => this.#backgroundSyncEnded(segment));
  }

  // --- what INFO and the server's replies need ---

  /** Bytes that records, SELECTs and annotations have taken so far. */
  get appendedBytes(): number {
    return this.#records.appendedBytes;
  }

  /** The file that is being written to. */
  get file(): DiskFile {
    return this.#chain.current.file;
  }

  get writtenBytes(): number {
    return this.#chain.current.writtenBytes;
  }

  /** Everything before this offset is durable. */
  get syncedBytes(): number {
    return this.#chain.syncedBytes;
  }

  /**
   * Replies of the tick that was just flushed, and all later ones, may leave once `syncedBytes` has reached this. Never
   * shrinks, so that held replies can wait in one queue; 0 as long as the policy was never `always`.
   */
  get holdRepliesUntil(): number {
    return this.#promisedBytes;
  }

  /** Bytes in the current file, for aof_current_size. */
  get fileSize(): number {
    return this.#chain.current.fileSize;
  }

  /** aof_buffer_length. */
  get bufferedBytes(): number {
    return this.#records.length;
  }

  /** Bytes of memory that the buffer holds. */
  get bufferCapacity(): number {
    return this.#records.capacity;
  }

  /** aof_pending_bio_fsync. */
  get pendingSyncs(): number {
    return this.#chain.pendingSyncs;
  }

  /** aof_delayed_fsync. */
  get delayedSyncCount(): number {
    return this.#delayedSyncCount;
  }

  /** aof_last_write_status. */
  get lastWriteStatus(): 'ok' | 'err' {
    return this.writeError === undefined ? 'ok' : 'err';
  }

  /** While writes must be refused (MISCONF): why, as strerror(3) puts it. */
  get writeError(): string | undefined {
    return this.#writeFailure ?? this.#chain.syncFailure;
  }

  get settings(): AofWriterSettings {
    return this.#settings;
  }

  // --- records ---

  /**
   * Tells the wall clock, ms since the Unix epoch, for annotations. Call it between units, never between the MULTI and
   * the EXEC of one: a log may be cut at an annotation.
   */
  setWallClock(nowMs: number): void {
    if (this.#settings.areTimestampsEnabled) this.#records.annotate(nowMs);
  }

  /**
   * Appends one request as it came: the RESP bytes `start` … `end` of `bytes`, which must not change before the next
   * `settle` or `flush`. Neighbouring ranges of one buffer are copied as one.
   *
   * @param database the database it applies to, or below 0 if it applies to none and no SELECT may precede it (MULTI, EXEC)
   */
  appendRaw(database: number, bytes: Uint8Array, start: number, end: number): void {
    this.#records.appendRaw(database, bytes, start, end);
  }

  /** Appends one record; strings are latin1. `database` as for `appendRaw`. */
  appendRecord(database: number, record: readonly (string | Uint8Array)[]): void {
    this.#records.appendRecord(database, record);
  }

  /** Copies what is still in a request buffer: to be called before that buffer is used again. */
  settle(): void {
    this.#records.settle();
  }

  /** For the single-file layout: `tee` gets a copy of everything appended from now on, beginning with a SELECT. */
  startRewriteBuffer(tee: RecordTee): void {
    this.#records.setTee(tee);
  }

  stopRewriteBuffer(): void {
    this.#records.setTee(undefined);
  }

  // --- writing ---

  /**
   * Writes all buffered records in one write call, and starts, makes or skips a sync as the policy says. To be called
   * once per tick before replies leave, and from a timer at least every 100 ms: an idle log has to be synced too, and a
   * failed write tried again.
   *
   * After a failed write an unforced flush tries again at most once a second.
   *
   * @param monotonicMs monotonic time of this tick
   * @param isForced write now, whether or not a sync is running or a write has just failed
   * Source: Redis persistence docs, "everysec" and "always"; Redis aof.c
   */
  flush(monotonicMs: number, isForced = false): FlushResult {
    if (this.#isEnded) return 'failed';
    const records = this.#records;
    records.settle();
    const { length } = records;
    if (length === 0) {
      records.consume(0);
      if (!this.#chain.current.isSyncing) this.#syncByPolicy(monotonicMs);
      return 'clean';
    }
    if (!isForced && this.#isRetryTooEarly(monotonicMs)) {
      this.#syncByPolicy(monotonicMs);
      return 'failed';
    }
    if (!isForced && this.#shouldPostpone(monotonicMs)) return 'postponed';
    this.#postponedSinceMs = undefined;
    const failure = this.#chain.current.write(records.bytes, length);
    if (failure === undefined) {
      records.consume(length);
      this.#writeSucceeded();
    } else {
      if (failure.truncateReason !== undefined) records.consume(failure.writtenBytes);
      this.#writeFailed(failure, monotonicMs);
    }
    // Also after a failure: what earlier flushes wrote must not stay unsynced because the disk is full.
    this.#syncByPolicy(monotonicMs);
    return failure === undefined && !this.#isEnded ? 'written' : 'failed';
  }

  /**
   * Changes settings. To `always`: what was written before is synced too, and replies hold until it is.
   * @throws AofWriteError to `always` while writes fail, or after a failed sync: what clients were told could not be kept
   */
  configure(changes: Partial<AofWriterSettings>): void {
    const next = { ...this.#settings, ...changes };
    const becomesAlways = next.policy === 'always' && this.#settings.policy !== 'always';
    if (becomesAlways && this.writeError !== undefined) throw this.#failure();
    this.#settings = next;
    if (!next.areTimestampsEnabled) this.#records.cancelAnnotation();
    if (becomesAlways && !this.#isSyncSuspended()) this.#promiseSync();
  }

  // --- files ---

  /**
   * Goes on in another file, as at the start of a rewrite of the multi-part layout: writes what is buffered to the old
   * file, which is then synced and closed in the background, and begins the new one with a SELECT.
   *
   * @param file open for appending, `fileSize` bytes long
   * @param monotonicMs monotonic time
   * @throws AofWriteError what is buffered cannot be written; nothing has changed
   */
  rotate(file: DiskFile, fileSize: number, monotonicMs: number): Rotation {
    if (this.flush(monotonicMs, true) === 'failed') throw this.#failure();
    this.#records.forgetDatabase();
    const oldFileSynced = this.#chain.rotate(file, fileSize);
    this.#reportProgress();
    return { segment: this.#chain.current.number, oldFileSynced };
  }

  /**
   * Somebody else's sync of the current file has failed: what it covered is as uncertain as after one of the writer's own,
   * and the next one that succeeds says nothing about it.
   *
   * @param reason the text of strerror(3)
   */
  noteSyncFailure(reason: string): void {
    const { current } = this.#chain;
    current.failSync(reason);
    this.#syncEnded(current);
  }

  /** A rewrite has durably replaced all files before number `segment` (of `rotate`): their failed syncs are healed. */
  markReplaced(segment: number): void {
    const hadSyncFailure = this.#chain.syncFailure !== undefined;
    this.#chain.markReplaced(segment);
    this.#reportHealed(hadSyncFailure);
  }

  /**
   * Goes on in another file that durably holds everything appended so far, as at the end of a rewrite of the single-file
   * layout: what is buffered is dropped, failures are healed, the old file is closed, the new records begin with a SELECT.
   *
   * @param file open for appending, `fileSize` bytes long
   */
  replaceFile(file: DiskFile, fileSize: number): void {
    const hadSyncFailure = this.#chain.syncFailure !== undefined;
    this.#records.forgetDatabase();
    this.#records.consume(this.#records.length);
    this.#chain.replaceAll(file, fileSize, this.#records.appendedBytes);
    this.#postponedSinceMs = undefined;
    this.#writeSucceeded();
    this.#reportHealed(hadSyncFailure);
  }

  /**
   * Writes, syncs and closes, whatever the policy. The write and a sync are done when this returns; the promise waits for
   * syncs that were already running. The writer cannot be used afterwards.
   *
   * @param monotonicMs monotonic time
   * @throws AofWriteError (as a rejection) something was not written or is not known to be durable; the file is closed all the same
   */
  async close(monotonicMs: number): Promise<void> {
    const result = this.flush(monotonicMs, true);
    const { current } = this.#chain;
    this.#isEnded = true;
    current.syncNow(true);
    this.#chain.advance();
    this.#reportProgress();
    await this.#chain.close();
    if (result === 'failed' || this.#chain.syncFailure !== undefined) throw this.#failure();
  }

  // --- inside ---

  /** Under `always` it never is: the policy may have been changed after a failure, and now a reply means that it is durable. */
  #isRetryTooEarly(monotonicMs: number): boolean {
    if (this.#writeFailure === undefined || this.#settings.policy === 'always') return false;
    return monotonicMs - this.#lastAttemptAtMs < RETRY_INTERVAL_MS;
  }

  /** Under `everysec` a write may block in the kernel while a sync of the same file runs: it waits, but not for ever. */
  #shouldPostpone(monotonicMs: number): boolean {
    if (this.#settings.policy !== 'everysec' || !this.#chain.current.isSyncing) return false;
    this.#postponedSinceMs ??= monotonicMs;
    if (monotonicMs - this.#postponedSinceMs < MAX_POSTPONE_MS) return true;
    this.#delayedSyncCount++;
    this.#events.syncDelayed();
    return false;
  }

  #writeSucceeded(): void {
    if (this.#writeFailure === undefined) return;
    this.#writeFailure = undefined;
    this.#events.writeRecovered();
  }

  #writeFailed(failure: WriteFailure, monotonicMs: number): void {
    this.#writeFailure = failure.reason;
    this.#lastAttemptAtMs = monotonicMs;
    if (monotonicMs - this.#lastReportAtMs >= ERROR_REPORT_INTERVAL_MS) {
      this.#lastReportAtMs = monotonicMs;
      this.#events.writeFailed(failure);
    }
    if (this.#settings.policy === 'always') this.#end('write', failure.reason);
  }

  #isSyncSuspended(): boolean {
    return this.#settings.noFsyncOnRewrite && this.#isRewriting();
  }

  #syncByPolicy(monotonicMs: number): void {
    const { policy } = this.#settings;
    const { current } = this.#chain;
    if (this.#isEnded || policy === 'no' || !current.needsSync || this.#isSyncSuspended()) return;
    if (policy === 'always') {
      this.#promiseSync();
    } else if (monotonicMs - this.#lastSyncAtMs >= SYNC_INTERVAL_MS) {
      // While one runs this one is skipped, and the next is a second away.
      if (!current.isSyncing) this.#startSync(current);
      this.#lastSyncAtMs = monotonicMs;
    }
  }

  #startSync(segment: LogSegment): void {
    this.#backgroundSyncStartedAtMs = this.#stopwatchMs();
    segment.startSync();
  }

  /** From here on replies hold until everything written so far is durable. */
  #promiseSync(): void {
    this.#promisedBytes = this.#chain.current.writtenBytes;
    this.#keepPromise();
  }

  /** Syncs what replies wait for, unless a sync runs: then the writes made meanwhile share the next one. */
  #keepPromise(): void {
    const { current } = this.#chain;
    if (current.isSyncing || current.syncedBytes >= this.#promisedBytes) return;
    const mode = this.#settings.alwaysMode;
    const isBlocking = this.#pace.shouldBlock(mode) && !(mode === 'adaptive' && this.hasIndependentClients);
    if (!isBlocking) {
      this.#startSync(current);
      return;
    }
    const startedAtMs = this.#stopwatchMs();
    current.syncNow();
    this.#pace.recordBlocking(this.#stopwatchMs() - startedAtMs);
    this.#chain.advance();
    this.#syncEnded(current);
  }

  #backgroundSyncEnded(segment: LogSegment): void {
    if (segment === this.#chain.current)
      this.#pace.recordBackground(this.#stopwatchMs() - this.#backgroundSyncStartedAtMs);
    this.#syncEnded(segment);
    if (!this.#isEnded && segment === this.#chain.current) this.#keepPromise();
  }

  #syncEnded(segment: LogSegment): void {
    this.#reportProgress();
    if (segment.syncFailure !== undefined) this.#syncFailed(segment, segment.syncFailure);
  }

  #syncFailed(segment: LogSegment, reason: string): void {
    if (this.#isEnded) return;
    if (this.#reportedSyncFailure !== segment) {
      this.#reportedSyncFailure = segment;
      this.#events.syncFailed(reason);
    }
    // Also under another policy, if replies still wait from the time of `always`.
    if (this.#settings.policy === 'always' || this.#promisedBytes > this.#chain.syncedBytes) this.#end('sync', reason);
  }

  #end(operation: 'write' | 'sync', reason: string): void {
    this.#isEnded = true;
    this.#promisedBytes = Number.POSITIVE_INFINITY;
    this.#events.fatal({ operation, reason });
  }

  #reportProgress(): void {
    const { syncedBytes } = this.#chain;
    if (syncedBytes === this.#reportedBytes) return;
    this.#reportedBytes = syncedBytes;
    this.#events.synced(syncedBytes);
  }

  #reportHealed(hadSyncFailure: boolean): void {
    if (hadSyncFailure && this.#chain.syncFailure === undefined) this.#events.syncRecovered();
    this.#reportProgress();
  }

  #failure(): AofWriteError {
    const { current, syncFailure } = this.#chain;
    const code = this.#writeFailure === undefined && syncFailure !== undefined ? 'AOF_SYNC_FAILED' : 'AOF_WRITE_FAILED';
    const reason = this.writeError ?? 'the writer was closed';
    return new AofWriteError(code, current.file.path, current.fileSize, reason);
  }
}
