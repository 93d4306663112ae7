/**
 * BACKUP: a copy of the log that a start can load, made while the log goes on being written.
 *
 *     idle → pending → snapshotting → incrementing → sealing → sealed → idle        failed: from all between idle and sealed
 *
 * `pending` waits for the log and for what else runs in the background, `snapshotting` for the base (multi-part only), `incrementing`
 * for SEAL. How a backup is made is told in backup-course.ts.
 *
 * Invariants: the log on disk is whole at every moment, whatever becomes of a backup; one is under way at a time; `sealed` is said only
 * of one that is whole, verified and durable; nothing of a failed one is left if the disk allows.
 *
 * Source: Redis 8.10, BACKUP START, SEAL, STATUS, LIST, ABORT, CLEANUP.
 */
import type { BackupPort, BackupStatus } from '@aof/commands';
import { BackupCourse } from './backup-course.ts';
import type { Engine } from './engine.ts';

type State = 'idle' | 'pending' | 'snapshotting' | 'incrementing' | 'sealing' | 'sealed' | 'failed';

const UNDER_WAY: ReadonlySet<State> = new Set(['pending', 'snapshotting', 'incrementing', 'sealing']);

const NO_LOG =
  'ERR There is no log to back up: run CONFIG SET appendonly yes first, or copy the snapshot that BGSAVE writes';
const NO_REWRITE = 'the log cannot be rewritten, see the log of the server';

export class BackupControl implements BackupPort {
  readonly #engine: Engine;
  #state: State = 'idle';
  #error = '';
  #startedAtSec = 0;
  #sealedAtSec = 0;
  #files: readonly string[] = [];
  #course: BackupCourse | undefined;
  /** Work on the disk over several turns, while it goes on; never rejects. */
  #job: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  // --- commands ---

  start(): string | undefined {
    if (this.isBusy) return 'ERR A backup is already in progress';
    if (this.#state === 'sealed') return 'ERR The last backup is still there, run BACKUP CLEANUP first';
    const { appendLog, clock, log } = this.#engine;
    if (!appendLog.isOn) return NO_LOG;
    try {
      const course = new BackupCourse(this.#engine);
      course.folder.assertEmpty();
      this.#course = course;
    } catch (error) {
      return `ERR ${operatingError(error).message}`;
    }
    this.#enter('pending');
    this.#startedAtSec = Math.floor(clock.nowMs() / 1000);
    log('notice', `Backup started into ${this.#course.folder.path}`);
    this.#advance();
    return this.#failure();
  }

  async seal(): Promise<string | undefined> {
    if (this.#state !== 'incrementing' || this.#job !== undefined) return 'ERR No backup ready to seal';
    this.#state = 'sealing';
    await this.#run(async (course) => {
      const { files, sealedAtMs } = await course.seal();
      this.#files = files;
      this.#sealedAtSec = Math.floor(sealedAtMs / 1000);
      this.#state = 'sealed';
      this.#engine.log('notice', `Backup sealed in ${course.folder.path}`);
    });
    return this.#failure();
  }

  async abort(): Promise<string | undefined> {
    if (!this.isInProgress) return 'ERR No backup in progress';
    await this.#fail('aborted by user');
    return undefined;
  }

  async cleanup(): Promise<string | undefined> {
    if (this.isInProgress) return 'ERR A backup is in progress, run BACKUP ABORT to give it up';
    while (this.#job !== undefined) await this.#job;
    if (this.#state === 'idle') return undefined;
    let failure: string | undefined;
    await this.#run(async ({ folder }) => {
      try {
        await folder.clear();
        this.#enter('idle');
      } catch (error) {
        failure = `ERR ${operatingError(error).message}`;
      }
    });
    return failure;
  }

  status(): BackupStatus {
    const [state, error] = [this.#state, this.#error];
    return { state, error, startedAtSec: this.#startedAtSec, sealedAtSec: this.#sealedAtSec };
  }

  files(): readonly string[] {
    return this.#files;
  }

  // --- what others ask ---

  get isInProgress(): boolean {
    return UNDER_WAY.has(this.#state);
  }

  /** Whether something is left to be done. */
  get isBusy(): boolean {
    return this.isInProgress || this.#job !== undefined;
  }

  /**
   * Whether rewrites have to wait: what follows a pinned base must stay until the seal. A log that cannot be written is healed first
   * of all, which ends the backup.
   */
  get holdsRewrites(): boolean {
    const { appendLog, rewriteControl } = this.#engine;
    const isPinning = this.#state === 'snapshotting' && this.#job !== undefined;
    if (!isPinning && this.#state !== 'incrementing' && this.#state !== 'sealing') return false;
    return rewriteControl.layout?.kind === 'multi-part' && appendLog.writeError === undefined;
  }

  /** Looks for what a former server has left in the folder; at the start, before commands. */
  recover(): void {
    const { log } = this.#engine;
    try {
      const course = new BackupCourse(this.#engine);
      const { folder } = course;
      const content = folder.inspect();
      if (content.kind === 'sealed') {
        this.#course = course;
        this.#enter('sealed');
        this.#files = content.files;
        this.#sealedAtSec = Math.floor(content.sealedAtMs / 1000);
        this.#startedAtSec = this.#sealedAtSec;
        log('notice', `There is a sealed backup in ${folder.path}`);
      } else if (content.kind === 'unfinished') {
        this.#course = course;
        this.#enter('failed');
        this.#error = 'the server ended before the backup was sealed';
        log('warning', `There is an unfinished backup in ${folder.path}: BACKUP CLEANUP removes it`);
      }
    } catch (error) {
      log('warning', `Cannot look for a backup: ${operatingError(error).message}`);
    }
  }

  /** `hz` times a second. */
  cron(nowMs: number): void {
    if (this.#state === 'sealed') return this.#expire(nowMs);
    if (!this.isInProgress) return;
    if (!this.#engine.appendLog.isOn) this.#failInBackground('appendonly is stopped');
    else if (this.#state === 'incrementing' && this.#course?.isOvertaken)
      this.#failInBackground('the log was rewritten meanwhile');
    else this.#advance();
  }

  /** The server ends: gives up what is under way; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    if (this.isInProgress) await this.#fail('the server ends');
    while (this.#job !== undefined) await this.#job;
  }

  // --- the way to `incrementing` ---

  #advance(): void {
    if (this.#job !== undefined) return;
    if (this.#state === 'pending') this.#seekBase();
    else if (this.#state === 'snapshotting' && !this.#engine.rewriteControl.isRunning) {
      if (this.#engine.rewriteControl.lastStatus === 'err') this.#failInBackground(NO_REWRITE);
      else this.#begin();
    }
  }

  /** A single file needs none. A rewrite that runs already will do. */
  #seekBase(): void {
    const { appendLog, rewriteControl } = this.#engine;
    if (appendLog.state !== 'on') return;
    if (rewriteControl.layout?.kind === 'single') return this.#begin();
    if (!rewriteControl.isRunning) {
      if (rewriteControl.isScheduled) return;
      const { outcome } = rewriteControl.request();
      if (outcome === 'scheduled') return;
      if (outcome === 'error') return this.#failInBackground(NO_REWRITE);
    }
    this.#state = 'snapshotting';
  }

  #begin(): void {
    // It never rejects.
    void this.#run(async (course) => {
      const files = await course.begin();
      course.assertWanted();
      this.#files = files;
      this.#state = 'incrementing';
    });
  }

  #expire(nowMs: number): void {
    const ttlSec = this.#engine.config.values['backup-sealed-ttl'];
    if (ttlSec === 0 || this.#job !== undefined || nowMs / 1000 < this.#sealedAtSec + ttlSec) return;
    const { log } = this.#engine;
    log('notice', 'Removing the sealed backup: its backup-sealed-ttl is over');
    this.cleanup().then(
      (error) => {
        if (error !== undefined) log('warning', `Cannot remove the sealed backup: ${error.slice('ERR '.length)}`);
      },
      (error: unknown) => this.#throwLater(error),
    );
  }

  // --- failing ---

  #failure(): string | undefined {
    return this.#state === 'failed' ? `ERR ${this.#error}` : undefined;
  }

  #failInBackground(reason: string): void {
    this.#fail(reason).catch((error: unknown) => this.#throwLater(error));
  }

  /** Resolves when nothing of the backup is left, as far as the disk allows. */
  async #fail(reason: string): Promise<void> {
    this.#noteFailure(reason);
    this.#course?.cancel(reason);
    if (this.#job === undefined) await this.#run(({ folder }) => folder.clear());
    while (this.#job !== undefined) await this.#job;
  }

  #noteFailure(reason: string): void {
    this.#state = 'failed';
    this.#error = reason;
    this.#files = [];
    this.#sealedAtSec = 0;
    this.#engine.log('warning', `Backup failed: ${reason}`);
  }

  #run(work: (course: BackupCourse) => Promise<void>): Promise<void> {
    const course = this.#course;
    if (course === undefined) throw new Error('bug: no backup to work on');
    const job = work(course)
      .catch((error: unknown) => this.#workFailed(course, error))
      .catch((error: unknown) => this.#throwLater(error))
      .finally(() => {
        this.#job = undefined;
      });
    this.#job = job;
    return job;
  }

  async #workFailed({ folder }: BackupCourse, error: unknown): Promise<void> {
    const { message } = operatingError(error);
    // Otherwise it was cancelled, and why has been said.
    if (this.isInProgress) this.#noteFailure(message);
    try {
      await folder.clear();
    } catch (failure) {
      this.#engine.log('warning', `Cannot remove the unfinished backup: ${operatingError(failure).message}`);
    }
  }

  /** A bug must not end in a rejection that nobody sees. */
  #throwLater(error: unknown): void {
    this.#engine.options.schedule(() => {
      throw error;
    });
  }

  #enter(state: State): void {
    this.#state = state;
    this.#error = '';
    this.#files = [];
    this.#startedAtSec = 0;
    this.#sealedAtSec = 0;
  }
}

/** What an operator may hear; a bug has no code and goes on its way. */
function operatingError(error: unknown): Error {
  if (error instanceof Error && 'code' in error) return error;
  throw error;
}
