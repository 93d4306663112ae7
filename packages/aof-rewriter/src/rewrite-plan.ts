/**
 * What a rewrite does to the files of the log; one plan for each layout. The copying of the data set lies between `cut` and
 * `finish` and is the same for both (rewrite.ts).
 */
import type { AofWriter } from '@aof/aof-writer';
import type { Disk, DiskError, DiskFile } from '@aof/disk';
import type { BaseOutput } from './base-output.ts';

/** `on`: the log is being written. `off`: there is none, and none is wanted. `starting`: it begins with this rewrite. */
export type LogState = 'on' | 'off' | 'starting';

/** The log as a rewrite sees it. */
export interface RewrittenLog {
  readonly state: LogState;
  /** The writer of a log that is on. */
  readonly writer: AofWriter | undefined;
  /** Makes the writer of a log that starts; everything that is propagated from now on goes to it. */
  begin(file: DiskFile): AofWriter;
  /** The writer goes on in an empty file; the one before had so many bytes. */
  rotated(oldFileBytes: number): void;
  /** The log that was begun cannot start: stops appending to it. */
  abandon(): void;
}

export interface PlanContext {
  readonly disk: Disk;
  readonly log: RewrittenLog;
  /** Puts what vouches for the bytes of a new log file before it (`VouchedFile`). Default: nothing does. */
  vouch?(file: DiskFile): DiskFile;
  /** Tells the temporary files of servers that share a folder apart. */
  readonly temporaryId: string | number;
  /** A monotonic clock, ms. */
  monotonicMs(): number;
  /** Resolves in a later turn of the event loop. */
  nextTurn(): Promise<void>;
  report(level: 'notice' | 'warning', message: string): void;
}

/** What a rewrite has made. */
export interface RewriteResult {
  /** Name of the file that holds the data set. */
  readonly name: string;
  /** Bytes of it when it took its place. */
  readonly baseBytes: number;
  /** The new log is in place, but whether a power cut would find it there is unknown: what the disk said. */
  readonly doubt: string | undefined;
}

export interface RewritePlan {
  /** Where the base is written. */
  readonly temporaryPath: string;
  /** aof_rewrite_buffer_length. */
  readonly bufferedBytes: number;
  /** What the disk has refused meanwhile, so that the rewrite cannot succeed any more. */
  readonly failure: DiskError | undefined;
  /** What can be done before the cut while commands run. @throws DiskError */
  prepare(): Promise<void>;
  /** Whether `cut` can be called now; otherwise `prepare` has to be called again. */
  readonly isReady: boolean;
  /**
   * The switch: what is logged after this is not part of the base. In one turn with the cut, between commands.
   * @throws DiskError, AofWriteError and leaves the log as it was
   */
  cut(): void;
  /**
   * Puts the finished base in its place.
   * @param assertWanted throws if the rewrite has been cancelled; not called any more once there is no way back
   * @throws DiskError and leaves the log as it was, unless it says otherwise
   */
  finish(output: BaseOutput, assertWanted: () => void): Promise<RewriteResult>;
  /** Removes what a failed rewrite leaves behind, as far as the disk allows. */
  discard(): Promise<void>;
  /** Deletes what the new base has made history. Never rejects. */
  deleteHistory(): Promise<void>;
}
