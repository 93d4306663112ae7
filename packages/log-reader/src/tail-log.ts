/**
 * Follows a live log across rewrites, in both layouts: change-data capture.
 *
 * Invariants
 * - Every command comes once, in order; a transaction comes whole; half a record never comes.
 * - What cannot be told exactly is not guessed: a `rewritten` event says that a snapshot begins anew.
 * - Nothing is written. The file that is being read stays open, so that a rewrite takes nothing away.
 *
 * In the multi-part layout a file is finished when the manifest lists another one behind it. In the single layout the file changes under
 * its name; the follower goes on only if it saw the new file while the rewrite made it, for then no other one was between, and
 * where `alignRewrite` can tell. Rewrites of little data may come and go unseen; then the snapshot is small too.
 */
import { type Disk, DiskError } from '@aof/disk';
import { type FoundLog, findLog, type LogFile } from './find-log.ts';
import { FollowedFile, type TailUnit } from './followed-file.ts';
import { LogReadError } from './log-read-error.ts';
import { alignRewrite } from './rewrite-alignment.ts';
import { RewriteSightings } from './rewrite-sightings.ts';
import type { RewrittenReason, TailCursor, TailEvent } from './tail-event.ts';
import { TailSnapshot } from './tail-snapshot.ts';

export interface TailLogOptions {
  /** Where to go on. Default: a snapshot, then what follows it. */
  readonly cursor?: TailCursor | undefined;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** How long to wait before looking again. Default 100. */
  readonly pollMs?: number;
  /** Instead of `pollMs`: resolves when it is worth looking again, and soon when `signal` is aborted. */
  readonly wait?: (signal: AbortSignal | undefined) => Promise<void>;
}

const DEFAULT_POLL_MS = 100;
/** Events between two looks for a rewrite. */
const ITEMS_PER_LOOK = 1024;
/** Looks at a log that is not there: it may be on its way from one folder to another. */
const MAX_MISSING = 50;
/** Looks at a file that is shorter than it was: a server that could not write a batch cuts it off and writes it again. */
const MAX_SHRUNK = 2;

/**
 * @param path as of `findLog`
 * @throws LogReadError AOF_NO_LOG, AOF_SEVERAL_LOGS: there is none at the start, or none any more; LogFault: bytes that are no record; DiskError
 */
export async function* tailLog(
  disk: Disk,
  path: string,
  options: TailLogOptions = {},
): AsyncGenerator<TailEvent, void, void> {
  for await (const event of new LogTail(disk, path, options).events()) {
    // Between two events, however many there are to catch up with.
    if (options.signal?.aborted) return;
    yield event;
  }
}

/** What a look around came to. */
type Outcome = 'nothing' | 'moved' | RewrittenReason;

class LogTail {
  readonly #disk: Disk;
  readonly #givenPath: string;
  readonly #options: TailLogOptions;
  readonly #sightings: RewriteSightings;
  #log: FoundLog;
  /** Undefined only before the first snapshot. */
  #current: FollowedFile | undefined;
  /** Files that follow, opened when a snapshot began. */
  #ahead: FollowedFile[] = [];
  #shrunk = 0;
  #missing = 0;

  constructor(disk: Disk, path: string, options: TailLogOptions) {
    this.#disk = disk;
    this.#givenPath = path;
    this.#options = options;
    this.#sightings = new RewriteSightings(disk);
    this.#log = findLog(disk, path);
  }

  async *events(): AsyncGenerator<TailEvent, void, void> {
    try {
      const { cursor } = this.#options;
      const reason = cursor === undefined ? 'new' : await this.#resume(cursor);
      if (reason !== undefined && reason !== 'new') yield { type: 'rewritten', reason };
      if (reason !== undefined) yield* this.#snapshot();
      yield* this.#follow();
    } finally {
      this.#closeAll();
    }
  }

  async *#follow(): AsyncGenerator<TailEvent, void, void> {
    const { signal } = this.#options;
    for (let isToldSo = false; !signal?.aborted; ) {
      const current = this.#present();
      const from = current.position.fileOffset;
      yield* this.#tell(current);
      const outcome = signal?.aborted ? 'nothing' : yield* this.#lookAround(current);
      if (outcome !== 'nothing' && outcome !== 'moved') {
        yield { type: 'rewritten', reason: outcome };
        yield* this.#snapshot();
      }
      if (outcome !== 'nothing' || current.position.fileOffset !== from) isToldSo = false;
      if (outcome !== 'nothing') continue;
      if (!isToldSo) yield { type: 'caught-up', cursor: this.#cursor() };
      isToldSo = true;
      if (!signal?.aborted) await this.#wait();
    }
  }

  /** @returns why the log does not go on there, or undefined */
  async #resume(cursor: TailCursor): Promise<RewrittenReason | undefined> {
    const { files, layout } = this.#log;
    if (cursor.layout !== layout) return 'replaced';
    const file = files.find(({ name }) => name === cursor.file);
    const followed = file && FollowedFile.open(this.#disk, file);
    if (followed === undefined) return 'gap';
    if (await followed.resume(cursor)) {
      this.#current = followed;
      return undefined;
    }
    const [isOther, isShorter] = [followed.fileId !== cursor.fileId, followed.handle.size() < cursor.fileOffset];
    followed.close();
    if (isOther) return layout === 'single' ? 'gap' : 'replaced';
    return isShorter ? 'shrunk' : 'replaced';
  }

  async *#snapshot(): AsyncGenerator<TailEvent, void, void> {
    this.#closeAll();
    const snapshot = TailSnapshot.open(this.#disk, this.#givenPath);
    this.#log = snapshot.log;
    [this.#current, ...this.#ahead] = snapshot.files;
    this.#shrunk = 0;
    yield { type: 'snapshot-begin' };
    const first = this.#present();
    yield* this.#watching(snapshot.events(first));
    const [next] = this.#ahead;
    if (first.file.role === 'base' && next !== undefined) {
      first.close();
      this.#current = this.#ahead.shift();
    }
    yield { type: 'snapshot-end', cursor: this.#cursor() };
  }

  /** All that is whole in a file. */
  async *#tell(file: FollowedFile): AsyncGenerator<TailEvent, void, void> {
    if (!file.hasMore) return;
    if (!(await file.isSound())) return;
    for await (const unit of this.#watching(file.units())) {
      yield { ...told(unit), cursor: file.cursor(this.#log.layout) };
    }
  }

  /** Looks for a rewrite from time to time while there is much to tell. */
  async *#watching<T>(items: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
    let count = 0;
    for await (const item of items) {
      yield item;
      if (++count % ITEMS_PER_LOOK === 0) this.#lookForRewrite();
    }
  }

  /** Only in the single layout, and as long as the file that is followed is the log, a rewrite has to be seen to be followed. */
  #lookForRewrite(): void {
    const { file, fileId, handle } = this.#present();
    const isTheLog = (): boolean => this.#disk.status(file.path)?.fileId === fileId;
    if (this.#log.layout !== 'single' || !isTheLog()) return;
    this.#sightings.look(this.#log.folder, handle);
    // What was seen is known to replace this file only if nothing has replaced it before the look ended.
    if (!isTheLog()) this.#sightings.forget();
  }

  #lookAround(current: FollowedFile): AsyncGenerator<TailEvent, Outcome, void> {
    return this.#log.layout === 'single' ? this.#lookAtFile(current) : this.#lookAtManifest(current);
  }

  async *#lookAtManifest(current: FollowedFile): AsyncGenerator<TailEvent, Outcome, void> {
    const log = this.#find(this.#log.path);
    if (log === undefined) return this.#isMissing();
    if (log.layout !== 'multi-part') return 'replaced';
    const { name, role } = current.file;
    const index = log.files.findIndex((file) => file.name === name && file.role === role);
    if (index >= 0 && this.#disk.status(current.file.path)?.fileId !== current.fileId) return 'replaced';
    const successor = index < 0 ? this.#ahead[0]?.file : log.files[index + 1];
    // Whether commands were lost meanwhile cannot be told: the log may have been switched off and on again.
    if (successor === undefined) return index < 0 ? 'gap' : this.#isStillSound(current);
    // Nothing is written to a file any more once another one is listed behind it, so this is all.
    yield* this.#tell(current);
    if (!(await current.isSound())) return 'shrunk';
    const fault = await current.faultAtEnd();
    if (fault !== undefined) throw fault;
    const next = this.#open(successor);
    if (next === undefined) return 'gap';
    this.#moveTo(next, current.position.atSeconds);
    this.#log = log;
    yield { type: 'file-changed', cursor: this.#cursor() };
    return 'moved';
  }

  async *#lookAtFile(current: FollowedFile): AsyncGenerator<TailEvent, Outcome, void> {
    const status = this.#disk.status(current.file.path);
    if (status?.kind !== 'file') return this.#isMissing();
    if (status.fileId === current.fileId) {
      this.#lookForRewrite();
      return this.#isStillSound(current);
    }
    // The file has lost its name: what may still be written to it is written to the one that has it before.
    yield* this.#tell(current);
    if (!(await current.isSound())) return 'shrunk';
    const next = FollowedFile.open(this.#disk, current.file);
    if (next === undefined) return 'nothing';
    const cutAtMost = this.#sightings.cutAtMost(next.fileId);
    const alignment = cutAtMost === undefined ? undefined : await alignRewrite(current, next, cutAtMost);
    if (alignment?.kind === 'exact') {
      const { fileOffset, database } = alignment;
      await next.placeAt(fileOffset, database, current.position.atSeconds);
      this.#moveTo(next, current.position.atSeconds);
      this.#sightings.forget();
      yield { type: 'file-changed', cursor: this.#cursor() };
      return 'moved';
    }
    next.close();
    return alignment === undefined ? 'gap' : 'ambiguous';
  }

  /** The log has no name for the moment, or has another one for good. */
  #isMissing(): Outcome {
    if (this.#find(this.#givenPath) !== undefined) return 'replaced';
    this.#missing++;
    if (this.#missing <= MAX_MISSING) return 'nothing';
    throw new LogReadError('AOF_NO_LOG', `There is no ${this.#log.path} any more`, {
      path: this.#log.path,
      hint: 'A server that was upgraded keeps its log in appenddirname: follow that folder.',
    });
  }

  /** A file that has become shorter, or has other bytes where it was read, has lost what was told. */
  async #isStillSound(current: FollowedFile): Promise<Outcome> {
    this.#missing = 0;
    if (await current.isSound()) {
      this.#shrunk = 0;
      return 'nothing';
    }
    this.#shrunk++;
    return this.#shrunk > MAX_SHRUNK ? 'shrunk' : 'nothing';
  }

  #moveTo(next: FollowedFile, atSeconds: number | undefined): void {
    this.#present().close();
    next.position = { ...next.position, atSeconds };
    this.#current = next;
    this.#shrunk = 0;
  }

  /** The file, if it was opened with the snapshot, for its name may be gone by now. */
  #open(file: LogFile): FollowedFile | undefined {
    const [ahead] = this.#ahead;
    if (ahead?.file.name === file.name) return this.#ahead.shift();
    return FollowedFile.open(this.#disk, file);
  }

  /** The log as it is now; undefined if there is none for the moment. */
  #find(path: string): FoundLog | undefined {
    try {
      return findLog(this.#disk, path);
    } catch (error) {
      const isGone = error instanceof DiskError && error.code === 'ENOENT';
      if (isGone || (error instanceof LogReadError && error.code === 'AOF_NO_LOG')) return undefined;
      throw error;
    }
  }

  #present(): FollowedFile {
    if (this.#current === undefined) throw new Error('bug: no file of the log is being followed');
    return this.#current;
  }

  #cursor(): TailCursor {
    return this.#present().cursor(this.#log.layout);
  }

  #wait(): Promise<void> {
    const { signal, pollMs = DEFAULT_POLL_MS, wait } = this.#options;
    if (wait !== undefined) return wait(signal);
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, pollMs);
      signal?.addEventListener('abort', end);
    });
  }

  #closeAll(): void {
    this.#current?.close();
    for (const file of this.#ahead) file.close();
    this.#current = undefined;
    this.#ahead = [];
  }
}

function told(unit: TailUnit) {
  return 'commands' in unit ? ({ type: 'transaction', ...unit } as const) : ({ type: 'command', ...unit } as const);
}
