/** What can be configured about the log's writer, all of it changeable while the server runs. */

/** When the log is synced: after every write and before replies, about once a second, or whenever the kernel likes. */
export type FsyncPolicy = 'always' | 'everysec' | 'no';

/**
 * How `always` syncs. `blocking`: the event loop waits. `background`: replies wait but the loop goes on, and all writes made
 * during one sync share the next. `adaptive`: blocking while the disk is fast and everybody waits for it, else background.
 */
export type AlwaysMode = 'blocking' | 'background' | 'adaptive';

export interface AofWriterSettings {
  /** `appendfsync`. */
  readonly policy: FsyncPolicy;
  readonly alwaysMode: AlwaysMode;
  /** `aof-timestamp-enabled`: write a `#TS:` annotation when the second has changed. */
  readonly areTimestampsEnabled: boolean;
  /** `no-appendfsync-on-rewrite`: no sync by any policy while `isRewriting()`. Loses what a crash finds unsynced, also under `always`. */
  readonly noFsyncOnRewrite: boolean;
}

/** Redis's defaults. */
export const DEFAULT_SETTINGS: AofWriterSettings = {
  policy: 'everysec',
  alwaysMode: 'adaptive',
  areTimestampsEnabled: false,
  noFsyncOnRewrite: false,
};

/** Under `everysec`: time from the start of one sync to the next. Source: Redis persistence docs. */
export const SYNC_INTERVAL_MS = 1000;

/** Under `everysec`: how long a write may wait for a running sync before it is made anyway. Source: Redis aof.c. */
export const MAX_POSTPONE_MS = 2000;

/** After a failed write: how long until an unforced flush tries again. Source: Redis aof.c, once a second. */
export const RETRY_INTERVAL_MS = 1000;

/** Write errors are reported at most this often. Source: Redis aof.c. */
export const ERROR_REPORT_INTERVAL_MS = 30_000;

/**
 * `adaptive` blocks while a sync takes at most this long. Where every client waits for the sync anyway, handing it to another thread
 * gains nothing and costs two changes of thread, which take long on a busy machine: measured, 0.5 ms lost a third of the rate of
 * unpipelined writers to it, and 5 ms gained nothing over 2.
 */
export const BLOCKING_LIMIT_MS = 2;
