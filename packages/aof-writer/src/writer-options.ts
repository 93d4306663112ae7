/** What a writer is made with, and what it answers. */
import type { DiskFile } from '@aof/disk';
import type { AofWriterEvents } from './events.ts';
import type { AofWriterSettings } from './settings.ts';

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
  /**
   * Asked before a sync in the background begins for replies that wait: whether more records are about to come that should
   * share it. The sync begins with a later flush that is told no.
   */
  readonly isGathering?: () => boolean;
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
