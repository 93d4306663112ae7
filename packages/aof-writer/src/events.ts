/** What the writer tells its server, which turns it into log lines, held replies and exits. The writer itself never logs. */

/** A write of the log that did not succeed. */
export interface WriteFailure {
  /** The errno name, `ENOSPC`. */
  readonly code: string;
  /** The text of strerror(3). */
  readonly reason: string;
  /** Bytes that reached the file before the error; above 0 it is what Redis calls a short write. */
  readonly writtenBytes: number;
  readonly expectedBytes: number;
  /** Why the written part could not be cut off again; undefined if it was, or if there was none. */
  readonly truncateReason: string | undefined;
}

/** Why the log cannot go on under `always`: the server has to end itself without replying. */
export interface FatalFailure {
  readonly operation: 'write' | 'sync';
  /** The text of strerror(3). */
  readonly reason: string;
}

/**
 * Called synchronously, some from inside `flush`. They must not call back into the writer except for its read-only
 * properties.
 */
export interface AofWriterEvents {
  /** `syncedBytes` has grown to this: replies held for an offset up to it may leave. */
  synced(syncedBytes: number): void;
  /** `everysec`: a sync takes so long that the log was written without waiting for it. */
  syncDelayed(): void;
  /** A write failed; the records are kept for a retry. At most every 30 seconds. */
  writeFailed(failure: WriteFailure): void;
  /** A write succeeded after a failed one, or a rewrite has replaced what could not be written. */
  writeRecovered(): void;
  /** A sync failed: the log's contents are uncertain until a rewrite has replaced the file. Once per file. */
  syncFailed(reason: string): void;
  /** A rewrite has replaced the files whose sync had failed. */
  syncRecovered(): void;
  /** Held replies can never be sent: exit. Comes at most once; the writer does nothing any more. */
  fatal(failure: FatalFailure): void;
}
