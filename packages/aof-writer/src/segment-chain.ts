/**
 * The files of the log that are not history yet: the current one, older ones that still have to become durable, and a successor
 * that is going to take the place of all of them and meanwhile gets the same records.
 *
 * Invariants: `syncedBytes` is a prefix: everything before it is durable, in whatever file it is, and in the successor too; it never
 * shrinks. A file whose sync failed holds it back until a rewrite has replaced that file. A file that is not written to any more is
 * closed once it is durable, has failed or has been replaced.
 */
import type { DiskFile } from '@aof/disk';
import { LogSegment } from './log-segment.ts';

/** A file that is not written to any more, on its way to being closed. A sync of it is running. */
interface Retirement {
  readonly segment: LogSegment;
  readonly promise: Promise<boolean>;
  /** @param isDurable false if its sync failed or was not needed any more */
  readonly resolve: (isDurable: boolean) => void;
}

interface Succession {
  readonly segment: LogSegment;
  /** It has the log's name: there is no way back. */
  isNamed: boolean;
  /** Its first sync has ended, or is not waited for any more. */
  readonly onFirstSync: () => void;
}

export class SegmentChain {
  /** Oldest first; the last is the current one. */
  #segments: LogSegment[];
  #current: LogSegment;
  #succession: Succession | undefined;
  #live: readonly LogSegment[];
  readonly #retirements = new Map<LogSegment, Retirement>();
  #syncedBytes = 0;
  readonly #onSyncEnd: (segment: LogSegment) => void;

  /** @param onSyncEnd a background sync of a file that is not history has ended, well or not; `syncedBytes` is up to date */
  constructor(file: DiskFile, fileSize: number, onSyncEnd: (segment: LogSegment) => void) {
    this.#onSyncEnd = onSyncEnd;
    this.#current = this.#open(file, fileSize, 1, 0);
    this.#segments = [this.#current];
    this.#live = this.#segments;
  }

  get current(): LogSegment {
    return this.#current;
  }

  get successor(): LogSegment | undefined {
    return this.#succession?.segment;
  }

  get isSuccessorNamed(): boolean {
    return this.#succession?.isNamed ?? false;
  }

  /** The files that are written to: the current one, and its successor. */
  get live(): readonly LogSegment[] {
    return this.#live;
  }

  /** The file that has the log's name. */
  get named(): LogSegment {
    return this.#succession?.isNamed ? this.#succession.segment : this.#current;
  }

  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  /** What each of the live files has got. */
  get writtenBytes(): number {
    let writtenBytes = this.#current.writtenBytes;
    for (const segment of this.#live) writtenBytes = Math.min(writtenBytes, segment.writtenBytes);
    return writtenBytes;
  }

  /** Background syncs that run or wait, those of older files included. */
  get pendingSyncs(): number {
    return this.#retirements.size + this.#live.filter(({ isSyncing }) => isSyncing).length;
  }

  /** Why the sync of a file that is still needed failed. A successor without the name is not: it can be given up. */
  get syncFailure(): string | undefined {
    const failed = this.#segments.find((segment) => segment.syncFailure !== undefined);
    return failed?.syncFailure ?? (this.#succession?.isNamed ? this.#succession.segment.syncFailure : undefined);
  }

  /** Works out `syncedBytes` anew, after a sync. */
  advance(): void {
    const segments = this.#segments;
    while (segments.length > 1 && segments[0] !== undefined && isDurable(segments[0])) segments.shift();
    const syncedBytes = segments[0]?.syncedBytes ?? 0;
    const successorBytes = this.#succession?.segment.syncedBytes ?? Number.POSITIVE_INFINITY;
    this.#syncedBytes = Math.max(this.#syncedBytes, Math.min(syncedBytes, successorBytes));
  }

  /**
   * Goes on in `file`. The old file is synced in the background and closed.
   * @returns resolves to whether the old file became durable; never rejects
   */
  rotate(file: DiskFile, fileSize: number): Promise<boolean> {
    if (this.#succession !== undefined) throw new Error('bug: the log has a successor, which would miss what comes');
    const old = this.#current;
    this.#goOnIn(this.#open(file, fileSize, old.number + 1, old.writtenBytes));
    const retired = this.#retire(old);
    this.advance();
    return retired;
  }

  /** Everything in files before number `number` is also, durably, elsewhere: their failures and their syncs do not matter. */
  markReplaced(number: number): void {
    this.#segments = this.#segments.filter((segment) => segment.number >= number);
    this.advance();
  }

  /**
   * From now on `file`, which holds everything up to `startBytes` of the log, is written to as well. It is synced in the background.
   * @returns resolves when that has ended, or the successor was dropped; never rejects
   */
  addSuccessor(file: DiskFile, fileSize: number, startBytes: number): Promise<void> {
    if (this.#succession !== undefined) throw new Error('bug: the log has a successor already');
    const { promise, resolve } = Promise.withResolvers<void>();
    // What of it is durable is not known before that sync.
    const segment = this.#open(file, fileSize, this.#current.number + 1, startBytes, 0);
    this.#succession = { segment, isNamed: false, onFirstSync: resolve };
    this.#live = [this.#current, segment];
    segment.startSync(true);
    return promise;
  }

  /** The successor has the log's name: its failures are the log's. */
  nameSuccessor(): void {
    if (this.#succession !== undefined) this.#succession.isNamed = true;
  }

  /** The successor is not written to any more and is closed. */
  dropSuccessor(): void {
    const dropped = this.#endSuccession();
    if (dropped === undefined) return;
    dropped.disown();
    void this.#retire(dropped); // never rejects, and nobody waits for it
    this.advance();
  }

  /** The successor takes the place of all files, which are closed unsynced. */
  succeed(): void {
    const old = this.#current;
    const successor = this.#endSuccession();
    if (successor === undefined) throw new Error('bug: the log has no successor');
    this.#goOnIn(successor);
    this.markReplaced(successor.number);
    void this.#retire(old); // likewise
  }

  /** Closes every file. Resolves when the syncs that ran have ended. */
  async close(): Promise<void> {
    const successor = this.#endSuccession();
    for (const segment of [this.#current, successor]) if (segment !== undefined) void this.#retire(segment); // awaited next
    await Promise.all(Array.from(this.#retirements.values(), ({ promise }) => promise));
  }

  #endSuccession(): LogSegment | undefined {
    const succession = this.#succession;
    this.#succession = undefined;
    this.#live = [this.#current];
    succession?.onFirstSync();
    return succession?.segment;
  }

  #retire(segment: LogSegment): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const retirement = { segment, promise, resolve };
    this.#retirements.set(segment, retirement);
    if (!segment.isSyncing) this.#carryOn(retirement);
    return promise;
  }

  #goOnIn(segment: LogSegment): void {
    this.#current = segment;
    this.#segments.push(segment);
    this.#live = [segment];
  }

  #open(file: DiskFile, fileSize: number, number: number, startBytes: number, syncedBytes = startBytes): LogSegment {
    const onSyncEnd = (segment: LogSegment) => this.#syncEnded(segment);
    return new LogSegment({ file, fileSize, number, startBytes, syncedBytes, onSyncEnd });
  }

  #isNeeded(segment: LogSegment): boolean {
    return segment === this.#succession?.segment || this.#segments.includes(segment);
  }

  #syncEnded(segment: LogSegment): void {
    const isNeeded = this.#isNeeded(segment);
    const retirement = this.#retirements.get(segment);
    if (retirement !== undefined) this.#carryOn(retirement);
    this.advance();
    if (isNeeded) this.#onSyncEnd(segment);
    if (segment === this.#succession?.segment) this.#succession.onFirstSync();
  }

  /** The next step with a file that is not written to any more and whose sync is not running. */
  #carryOn(retirement: Retirement): void {
    const { segment } = retirement;
    if (this.#isNeeded(segment) && segment.syncFailure === undefined && !isDurable(segment)) {
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
