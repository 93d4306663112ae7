/**
 * The live end of the log: records come in, one write per tick goes out, and the fsync policy decides when it is durable.
 *
 * Invariants
 * - syncedBytes <= writtenBytes <= appendedBytes. Offsets count bytes since the writer was made, over all files.
 * - A reply that waits for `holdRepliesUntil` never leaves before everything its client may have seen is durable.
 * - A failed write leaves whole records in the file; what it did not write is kept, in order.
 * - A failed sync is not healed by a later one that succeeds, only by a rewrite: see `markReplaced` and `succeed`.
 * - While there is a successor, it gets every record that the file before it gets, and nothing is durable before it is in both.
 *
 * Nothing here reads a clock: times are passed in. Nothing logs: see `AofWriterEvents`.
 */
import type { DiskFile } from '@aof/disk';
import { AofWriteError, type AofWriteErrorCode } from './aof-write-error.ts';
import type { AofWriterEvents, WriteFailure } from './events.ts';
import type { LogSegment } from './log-segment.ts';
import { RecordBuffer, type RecordTee } from './record-buffer.ts';
import { SegmentChain } from './segment-chain.ts';
import { type AofWriterSettings, BLOCKING_LIMIT_MS, DEFAULT_SETTINGS, SYNC_INTERVAL_MS } from './settings.ts';
import { SyncPace } from './sync-pace.ts';
import { WritePostponement } from './write-postponement.ts';
import { WriteTrouble } from './write-trouble.ts';
import type { AofWriterOptions, FlushResult, Rotation } from './writer-options.ts';

export class AofWriter {
  readonly #records = new RecordBuffer();
  readonly #chain: SegmentChain;
  readonly #pace: SyncPace;
  readonly #writes: WriteTrouble;
  readonly #postponement: WritePostponement;
  readonly #events: AofWriterEvents;
  readonly #stopwatchMs: () => number;
  readonly #isRewriting: () => boolean;
  readonly #isGathering: () => boolean;
  #settings: AofWriterSettings;
  /** Replies may be waiting for a sync up to here. Never shrinks. */
  #promisedBytes = 0;
  /** The last `syncedBytes` that was reported. */
  #reportedBytes = 0;
  #lastSyncAtMs: number;
  #backgroundSyncStartedAtMs = 0;
  #reportedSyncFailure: LogSegment | undefined;
  #successorFailure: AofWriteError | undefined;
  #isEnded = false;

  constructor(options: AofWriterOptions) {
    this.#settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.#events = options.events;
    this.#writes = new WriteTrouble(options.events);
    this.#postponement = new WritePostponement(() => options.events.syncDelayed());
    this.#stopwatchMs = options.stopwatchMs;
    this.#isRewriting = options.isRewriting ?? (() => false);
    this.#isGathering = options.isGathering ?? (() => false);
    this.#lastSyncAtMs = options.startedAtMs;
    this.#pace = new SyncPace(options.blockingLimitMs ?? BLOCKING_LIMIT_MS);
    this.#chain = new SegmentChain(options.file, options.fileSize, (segment) => this.#backgroundSyncEnded(segment));
  }

  // --- what INFO and the server's replies need ---

  /** Bytes that records, SELECTs and annotations have taken so far. */
  get appendedBytes(): number {
    return this.#records.appendedBytes;
  }

  /** The file that is being written to; of two, the one that has the log's name. */
  get file(): DiskFile {
    return this.#chain.named.file;
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

  /** Bytes in `file`, for aof_current_size. */
  get fileSize(): number {
    return this.#chain.named.fileSize;
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
    return this.#postponement.delayedSyncCount;
  }

  /** aof_last_write_status. */
  get lastWriteStatus(): 'ok' | 'err' {
    return this.writeError === undefined ? 'ok' : 'err';
  }

  /** While writes must be refused (MISCONF): why, as strerror(3) puts it. */
  get writeError(): string | undefined {
    return this.#writes.reason ?? this.#chain.syncFailure;
  }

  /** How long the last sync in the background took, ms. */
  get lastSyncMs(): number {
    return this.#pace.lastBackgroundMs;
  }

  get settings(): AofWriterSettings {
    return this.#settings;
  }

  /** `adaptive`: clients whose replies need not wait for a sync are being served, so that none should block. */
  set hasIndependentClients(value: boolean) {
    this.#pace.hasIndependentClients = value;
  }

  /** A flush that finds records makes the event loop wait for a sync. */
  get blocksForSync(): boolean {
    return this.#isPromising && this.#isBlocking;
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
    if (records.length === 0) {
      records.consume(0);
      if (this.#chain.live.some(({ isSyncing }) => !isSyncing)) this.#syncByPolicy(monotonicMs);
      return 'clean';
    }
    // Under `always` it never is too early: the policy may have been changed after a failure, and now a reply means that it is durable.
    if (!isForced && this.#settings.policy !== 'always' && this.#writes.isRetryTooEarly(monotonicMs)) {
      this.#syncByPolicy(monotonicMs);
      return 'failed';
    }
    if (!isForced && this.#shouldPostpone(monotonicMs)) return 'postponed';
    this.#postponement.end();
    const failure = this.#write();
    if (failure === undefined) this.#writes.succeeded();
    else {
      this.#writes.failed(failure, monotonicMs);
      if (this.#settings.policy === 'always') this.#end('write', failure.reason);
    }
    // Also after a failure: what earlier flushes wrote must not stay unsynced because the disk is full.
    this.#syncByPolicy(monotonicMs);
    return failure === undefined && !this.#isEnded ? 'written' : 'failed';
  }

  /**
   * Changes settings. To `always`: what was written before is synced too, and replies hold until it is. Away from it, or to
   * `noFsyncOnRewrite` during a rewrite: what was appended before, written or not, is synced once more, and replies hold until it is.
   * @throws AofWriteError to `always` while writes fail, or after a failed sync: what clients were told could not be kept
   */
  configure(changes: Partial<AofWriterSettings>): void {
    const next = { ...this.#settings, ...changes };
    const becomesAlways = next.policy === 'always' && this.#settings.policy !== 'always';
    if (becomesAlways && this.writeError !== undefined) throw this.#failure();
    const wasPromising = this.#isPromising;
    this.#settings = next;
    // What ran under `always` is answered when it is durable, also if the next flush syncs no more.
    if (wasPromising && !this.#isPromising) {
      this.#records.settle();
      this.#promisedBytes = Math.max(this.#promisedBytes, this.#records.appendedBytes);
    }
    if (!next.areTimestampsEnabled) this.#records.cancelAnnotation();
    if (becomesAlways && this.#isPromising) this.#promiseSync();
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
   * From now on writes to another file as well, as at the end of a rewrite of the single-file layout; nothing appended from now on is
   * durable before it is in both. The new file is synced at once, as a whole and in the background, whatever the policy.
   *
   * Until `nameSuccessor` a write or a sync of it that fails drops it, and harms nothing else: see `successorFailure`.
   *
   * @param file open for appending, `fileSize` bytes long; holds everything that was appended so far. The writer closes it
   * @returns resolves when that sync has ended, or the file is not written to any more; never rejects
   */
  addSuccessor(file: DiskFile, fileSize: number): Promise<void> {
    this.#records.settle();
    this.#successorFailure = undefined;
    return this.#chain.addSuccessor(file, fileSize, this.#records.appendedBytes);
  }

  /** Why the last successor was given up. Once its first sync has ended well, it is durable up to `syncedBytes` at least. */
  get successorFailure(): AofWriteError | undefined {
    return this.#successorFailure;
  }

  /** The successor has been given the log's name, so that a restart may find either of the two: there is no way back. */
  nameSuccessor(): void {
    this.#chain.nameSuccessor();
  }

  /** Goes on in the old file alone. */
  dropSuccessor(): void {
    this.#chain.dropSuccessor();
    this.#reportProgress();
  }

  /**
   * Goes on in the successor alone, whose name is durable: the old file is closed, its failures are healed, and what was buffered for it
   * is dropped. Does nothing once the writer has been closed, or has ended with a fatal failure.
   */
  succeed(): void {
    if (this.#isEnded) return;
    const hadSyncFailure = this.#chain.syncFailure !== undefined;
    this.#chain.succeed();
    this.#consumeWritten();
    this.#postponement.end();
    if (this.#records.length === 0) this.#writes.succeeded();
    // What the new file has not got yet, because the old one had failed, is no failure of the new one: the next flush tries.
    else this.#writes.retryAtOnce();
    this.#reportHealed(hadSyncFailure);
    this.#keepPromise();
  }

  /**
   * Writes, syncs and closes, whatever the policy. The write and a sync are done when this returns; the promise waits for
   * syncs that were already running. The writer cannot be used afterwards. A successor without the name is dropped.
   *
   * @param monotonicMs monotonic time
   * @throws AofWriteError (as a rejection) something was not written or is not known to be durable; the file is closed all the same
   */
  async close(monotonicMs: number): Promise<void> {
    if (!this.#chain.isSuccessorNamed) this.#giveUpSuccessor('AOF_WRITE_FAILED', 'the writer was closed');
    const result = this.flush(monotonicMs, true);
    this.#isEnded = true;
    for (const segment of this.#chain.live) segment.syncNow(true);
    this.#chain.advance();
    this.#reportProgress();
    await this.#chain.close();
    if (result === 'failed' || this.#chain.syncFailure !== undefined) throw this.#failure();
  }

  // --- inside ---

  #shouldPostpone(monotonicMs: number): boolean {
    const { live, current } = this.#chain;
    if (this.#settings.policy !== 'everysec' || !live.some(({ isSyncing }) => isSyncing)) return false;
    // Replies from the time of `always` wait for it.
    return this.#promisedBytes <= current.writtenBytes && this.#postponement.waits(monotonicMs);
  }

  /** Gives each file what it has not got yet. The successor is the first: whoever reads along takes it for the newer one. */
  #write(): WriteFailure | undefined {
    const { current, successor } = this.#chain;
    let failure = successor === undefined ? undefined : this.#writeTo(successor);
    if (failure !== undefined && !this.#chain.isSuccessorNamed) {
      this.#giveUpSuccessor('AOF_WRITE_FAILED', failure.reason);
      failure = undefined;
    }
    failure = this.#writeTo(current) ?? failure;
    this.#consumeWritten();
    return failure;
  }

  #writeTo(segment: LogSegment): WriteFailure | undefined {
    const { bytes, length, consumedBytes } = this.#records;
    const from = segment.writtenBytes - consumedBytes;
    return from === length ? undefined : segment.write(bytes, from, length - from);
  }

  /** Forgets what every file has got. */
  #consumeWritten(): void {
    const { writtenBytes } = this.#chain;
    const { consumedBytes } = this.#records;
    if (writtenBytes > consumedBytes) this.#records.consume(writtenBytes - consumedBytes);
  }

  #giveUpSuccessor(code: AofWriteErrorCode, reason: string): void {
    const { successor } = this.#chain;
    if (successor === undefined) return;
    this.#successorFailure = new AofWriteError(code, successor.file.path, successor.fileSize, reason);
    this.dropSuccessor();
  }

  #isSyncSuspended(): boolean {
    return this.#settings.noFsyncOnRewrite && this.#isRewriting();
  }

  /** Two files are never waited for: that would take twice as long. */
  get #isBlocking(): boolean {
    return this.#chain.live.length === 1 && this.#pace.shouldBlock(this.#settings.alwaysMode);
  }

  /** The policy is `always`, and holds now. */
  get #isPromising(): boolean {
    return this.#settings.policy === 'always' && !this.#isSyncSuspended();
  }

  #syncByPolicy(monotonicMs: number): void {
    const { policy } = this.#settings;
    const { live, syncedBytes } = this.#chain;
    if (this.#isEnded) return;
    // Replies from before a change of the policy wait, and nobody else would sync for them.
    if (!this.#isPromising && this.#promisedBytes > syncedBytes) this.#keepPromise();
    if (policy === 'no' || !live.some(({ needsSync }) => needsSync) || this.#isSyncSuspended()) return;
    if (policy === 'always') {
      this.#promiseSync();
    } else if (monotonicMs - this.#lastSyncAtMs >= SYNC_INTERVAL_MS) {
      // While one of a file runs this one is skipped, and the next is a second away.
      for (const segment of live) if (segment.needsSync && !segment.isSyncing) this.#startSync(segment);
      this.#lastSyncAtMs = monotonicMs;
    }
  }

  #startSync(segment: LogSegment): void {
    this.#backgroundSyncStartedAtMs = this.#stopwatchMs();
    segment.startSync();
  }

  /** From here on replies hold until everything written so far is durable. */
  #promiseSync(): void {
    this.#promisedBytes = Math.max(this.#promisedBytes, this.#chain.current.writtenBytes);
    this.#keepPromise();
  }

  /** Syncs what replies wait for, unless a sync runs: then the writes made meanwhile share the next one. */
  #keepPromise(): void {
    const { live } = this.#chain;
    const isBlocking = this.#isBlocking;
    for (const segment of live) {
      // What is promised and not written yet is for the next flush.
      if (segment.isSyncing || segment.syncedBytes >= Math.min(this.#promisedBytes, segment.writtenBytes)) continue;
      // Of two files the one that is behind does not wait.
      if (!isBlocking && live.length === 1 && this.#isGathering()) continue;
      if (isBlocking) this.#syncNow(segment);
      else this.#startSync(segment);
    }
  }

  #syncNow(segment: LogSegment): void {
    const startedAtMs = this.#stopwatchMs();
    segment.syncNow();
    this.#pace.recordBlocking(this.#stopwatchMs() - startedAtMs);
    this.#chain.advance();
    this.#syncEnded(segment);
  }

  #backgroundSyncEnded(segment: LogSegment): void {
    const { current, successor, isSuccessorNamed } = this.#chain;
    if (segment === current) this.#pace.recordBackground(this.#stopwatchMs() - this.#backgroundSyncStartedAtMs);
    if (segment === successor && segment.syncFailure !== undefined && !isSuccessorNamed)
      return this.#giveUpSuccessor('AOF_SYNC_FAILED', segment.syncFailure);
    this.#syncEnded(segment);
    if (!this.#isEnded && this.#chain.live.includes(segment)) this.#keepPromise();
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
    const isSync = this.#writes.reason === undefined && syncFailure !== undefined;
    const code = isSync ? 'AOF_SYNC_FAILED' : 'AOF_WRITE_FAILED';
    const { file, fileSize } = current;
    return new AofWriteError(code, file.path, fileSize, this.writeError ?? 'the writer was closed');
  }
}
