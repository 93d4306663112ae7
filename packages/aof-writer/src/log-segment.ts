/**
 * One file of the log: what was written to it, and how much of that is known to be on the platter.
 *
 * Offsets count the bytes of the whole log since the writer was made, so that they go on from file to file.
 *
 * Invariants: syncedBytes <= writtenBytes; once a sync has failed, syncedBytes never moves again: what the
 * kernel could not write it may have forgotten, and the next sync's success says nothing about it.
 */
import { VouchedFile } from '@aof/aof-files';
import { DiskError, type DiskFile } from '@aof/disk';
import type { WriteFailure } from './events.ts';

export interface LogSegmentOptions {
  readonly file: DiskFile;
  /** Bytes in `file`. */
  readonly fileSize: number;
  /** Counts the files of the log. */
  readonly number: number;
  /** Up to here the log is in this file, or in those before it. */
  readonly startBytes: number;
  /** Of that, what is known to be durable. */
  readonly syncedBytes: number;
  /** A sync in the background has ended, well or not. */
  readonly onSyncEnd: (segment: LogSegment) => void;
}

export class LogSegment {
  readonly number: number;
  readonly file: DiskFile;
  readonly #onSyncEnd: (segment: LogSegment) => void;
  /** Bytes of the file that are meant to be there: where a failed write is cut back to. */
  #fileSize: number;
  #writtenBytes: number;
  #syncedBytes: number;
  /** What the last sync that began has covered, or will. */
  #requestedBytes: number;
  #syncFailure: string | undefined;
  #isSyncing = false;

  constructor({ file, fileSize, number, startBytes, syncedBytes, onSyncEnd }: LogSegmentOptions) {
    this.file = file;
    this.#fileSize = fileSize;
    this.number = number;
    this.#writtenBytes = startBytes;
    this.#syncedBytes = syncedBytes;
    this.#requestedBytes = startBytes;
    this.#onSyncEnd = onSyncEnd;
  }

  get fileSize(): number {
    return this.#fileSize;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  /** Whether something was written after the last sync began. */
  get needsSync(): boolean {
    return this.#writtenBytes > this.#requestedBytes;
  }

  get isSyncing(): boolean {
    return this.#isSyncing;
  }

  /** Why the first sync that failed did, as strerror(3) puts it. */
  get syncFailure(): string | undefined {
    return this.#syncFailure;
  }

  /**
   * Writes `length` bytes of `bytes` from `offset` on: all of them, or, if the disk refuses, none. Should the part that got
   * into the file also resist being cut off, then that part: `writtenBytes` tells where to go on.
   */
  write(bytes: Uint8Array, offset: number, length: number): WriteFailure | undefined {
    let done = 0;
    try {
      // One call as a rule. A short write is no error yet (one call has an upper limit); what follows it tells.
      while (done < length) done += this.file.write(bytes, offset + done, length - done);
    } catch (error) {
      return this.#cutBack(asDiskError(error), done, length);
    }
    this.#grow(length);
    return undefined;
  }

  /**
   * Begins to sync everything written so far in the background; ends with `onSyncEnd`. One at a time.
   * @param isWhole not only its bytes; of a file that is vouched for, all that is durable is then vouched for
   */
  startSync(isWhole = false): void {
    const covered = this.#writtenBytes;
    this.#requestedBytes = covered;
    this.#isSyncing = true;
    const synced = isWhole ? this.file.sync() : this.file.dataSync();
    synced.then(
      () => this.#endSync(covered),
      (error: unknown) => this.#endSync(covered, error),
    );
  }

  /** Syncs everything written so far; on failure sets `syncFailure`. @param isWhole as of `startSync` */
  syncNow(isWhole = false): void {
    this.#requestedBytes = this.#writtenBytes;
    try {
      if (isWhole) this.file.syncNow();
      else this.file.dataSyncNow();
    } catch (error) {
      this.failSync(asDiskError(error).reason);
      return;
    }
    this.#settle(this.#writtenBytes);
  }

  /** A sync of the file has failed, whoever asked for it. */
  failSync(reason: string): void {
    this.#syncFailure ??= reason;
    if (this.file instanceof VouchedFile) this.file.distrust();
  }

  /** Nothing of the file matters any more, also what a sync that runs will cover: its name may soon be another file's. */
  disown(): void {
    if (this.file instanceof VouchedFile) this.file.distrust();
  }

  /** Closes the file, whatever the disk says to it: what matters was synced before, or is known to have failed. */
  close(): void {
    try {
      this.file.close();
    } catch (error) {
      asDiskError(error);
    }
  }

  #endSync(covered: number, error?: unknown): void {
    this.#isSyncing = false;
    // Whatever went wrong, these bytes are not known to be durable.
    if (error !== undefined) this.failSync(error instanceof DiskError ? error.reason : String(error));
    else this.#settle(covered);
    this.#onSyncEnd(this);
  }

  #settle(covered: number): void {
    if (this.#syncFailure === undefined && covered > this.#syncedBytes) this.#syncedBytes = covered;
  }

  #cutBack(error: DiskError, done: number, length: number): WriteFailure {
    let truncateReason: string | undefined;
    if (done > 0) {
      try {
        this.file.truncate(this.#fileSize);
      } catch (truncateError) {
        truncateReason = asDiskError(truncateError).reason;
        this.#grow(done);
      }
    }
    return { code: error.code, reason: error.reason, writtenBytes: done, expectedBytes: length, truncateReason };
  }

  #grow(bytes: number): void {
    this.#fileSize += bytes;
    this.#writtenBytes += bytes;
  }
}

/** Anything but a disk's error is a bug (or a simulated crash) and goes on its way. */
function asDiskError(error: unknown): DiskError {
  if (error instanceof DiskError) return error;
  throw error;
}
