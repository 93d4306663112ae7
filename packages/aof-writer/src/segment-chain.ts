/**
 * The files of the log that are not history yet: the current one, and older ones that still have to become durable.
 *
 * Invariants: `syncedBytes` is a prefix: everything before it is durable, in whatever file it is; it never shrinks. A
 * file whose sync failed holds it back until a rewrite has replaced that file. An older file is closed once it is
 * durable, has failed or has been replaced.
 */
import type { DiskFile } from '@aof/disk';
import { LogSegment } from './log-segment.ts';

/** An older file on its way to being closed. A sync of it is running. */
interface Retirement {
  readonly segment: LogSegment;
  readonly promise: Promise<boolean>;
  /** @param isDurable false if its sync failed or was not needed any more */
  readonly resolve: (isDurable: boolean) => void;
}

export class SegmentChain {
  /** Oldest first; the last is the current one. */
  #segments: LogSegment[];
  #current: LogSegment;
  readonly #retirements = new Map<LogSegment, Retirement>();
  #syncedBytes = 0;
  readonly #onSyncEnd: (segment: LogSegment) => void;

  /** @param onSyncEnd a background sync of a file that is not history has ended, well or not; `syncedBytes` is up to date */
  constructor(file: DiskFile, fileSize: number, onSyncEnd: (segment: LogSegment) => void) {
    this.#onSyncEnd = onSyncEnd;
    this.#current = this.#open(file, fileSize, 1, 0);
    this.#segments = [this.#current];
  }

  get current(): LogSegment {
    return this.#current;
  }

  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  /** Background syncs that run or wait, those of older files included. */
  get pendingSyncs(): number {
    return this.#retirements.size + (this.#current.isSyncing ? 1 : 0);
  }

  /** Why the sync of a file that is still needed failed. */
  get syncFailure(): string | undefined {
    return this.#segments.find((segment) => segment.syncFailure !== undefined)?.syncFailure;
  }

  /** Works out `syncedBytes` anew, after a sync. */
  advance(): void {
    const segments = this.#segments;
    while (segments.length > 1 && segments[0] !== undefined && isDurable(segments[0])) segments.shift();
    this.#syncedBytes = Math.max(this.#syncedBytes, segments[0]?.syncedBytes ?? 0);
  }

  /**
   * Goes on in `file`. The old file is synced in the background and closed.
   * @returns resolves to whether the old file became durable; never rejects
   */
  rotate(file: DiskFile, fileSize: number): Promise<boolean> {
    const old = this.#current;
    this.#goOnIn(file, fileSize, old.writtenBytes);
    const retired = this.#retire(old);
    this.advance();
    return retired;
  }

  /** Everything in files before number `number` is also, durably, elsewhere: their failures and their syncs do not matter. */
  markReplaced(number: number): void {
    this.#segments = this.#segments.filter((segment) => segment.number >= number);
    this.advance();
  }

  /** Goes on in `file`, which durably holds everything up to `startBytes` of the log. Older files are closed unsynced. */
  replaceAll(file: DiskFile, fileSize: number, startBytes: number): void {
    const old = this.#current;
    this.#goOnIn(file, fileSize, startBytes);
    this.markReplaced(this.#current.number);
    void this.#retire(old); // never rejects, and nobody waits for it
  }

  /** Closes every file. Resolves when the syncs that ran have ended. */
  async close(): Promise<void> {
    void this.#retire(this.#current); // one of those awaited next
    await Promise.all(Array.from(this.#retirements.values(), ({ promise }) => promise));
  }

  #retire(segment: LogSegment): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const retirement = { segment, promise, resolve };
    this.#retirements.set(segment, retirement);
    if (!segment.isSyncing) this.#carryOn(retirement);
    return promise;
  }

  #goOnIn(file: DiskFile, fileSize: number, startBytes: number): void {
    this.#current = this.#open(file, fileSize, this.#current.number + 1, startBytes);
    this.#segments.push(this.#current);
  }

  #open(file: DiskFile, fileSize: number, number: number, startBytes: number): LogSegment {
    return new LogSegment(file, fileSize, number, startBytes, (segment) => this.#syncEnded(segment));
  }

  #syncEnded(segment: LogSegment): void {
    const isNeeded = this.#segments.includes(segment);
    const retirement = this.#retirements.get(segment);
    if (retirement !== undefined) this.#carryOn(retirement);
    this.advance();
    if (isNeeded) this.#onSyncEnd(segment);
  }

  /** The next step with an older file whose sync is not running. */
  #carryOn(retirement: Retirement): void {
    const { segment } = retirement;
    const isNeeded = this.#segments.includes(segment);
    if (isNeeded && segment.syncFailure === undefined && !isDurable(segment)) {
      segment.startSync(true);
      return;
    }
    this.#retirements.delete(segment);
    segment.close();
    retirement.resolve(isDurable(segment));
  }
}

function isDurable(segment: LogSegment): boolean {
  return segment.syncedBytes === segment.writtenBytes;
}
