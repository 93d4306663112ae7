/**
 * When the data set is saved to the snapshot file: SAVE, BGSAVE, save points, FLUSHALL, the end of the server; what INFO and the
 * operator hear about it; and whether writes are refused because a save has failed.
 *
 * Invariants: a background save and a rewrite never run at the same time, for each needs a snapshot of the keyspace; what is not
 * the whole data set (while it is loaded, or after a load has failed) is never saved.
 *
 * Source: Redis persistence docs; Redis rdb.c, saveCommand, bgsaveCommand and backgroundSaveDoneHandler; server.c, serverCron.
 */
import type { SaveAnswer, SnapshotPort } from '@aof/commands';
import { BackgroundSlices } from './background-slices.ts';
import { CopyingFigures } from './copying-figures.ts';
import type { Engine } from './engine.ts';
import { usedMemoryBytes } from './memory-use.ts';
import { SnapshotError, SnapshotFile } from './snapshot-file.ts';
import { BackgroundSave, type SnapshotFormat, saveNow } from './snapshot-save.ts';
import { temporaryId } from './temporary-files.ts';

/** After a save has failed, the next one that nobody asked for waits so long. Source: Redis, CONFIG_BGSAVE_RETRY_DELAY. */
const RETRY_DELAY_SEC = 5;

interface Running {
  readonly save: BackgroundSave;
  /** The keyspace's changes at the cut. */
  readonly dirty: number;
  readonly ended: Promise<void>;
}

export class SnapshotControl implements SnapshotPort {
  /** Of the copying in the background: what INFO tells. */
  readonly figures: CopyingFigures;
  readonly #engine: Engine;
  readonly #slices: BackgroundSlices;
  #running: Running | undefined;
  #isScheduled = false;
  #lastSaveMs: number;
  /** Before any try. */
  #lastTryMs = Number.NEGATIVE_INFINITY;
  #lastStatus: 'ok' | 'err' = 'ok';
  #count = 0;
  /** The keyspace's changes that are in the snapshot on disk. */
  #savedDirty = 0;
  #hasEnded = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.figures = new CopyingFigures(engine.clock);
    this.#slices = new BackgroundSlices(engine, () => this.#running?.save);
    // As in Redis: what was found at the start counts as saved then.
    this.#lastSaveMs = engine.clock.nowMs();
    const follow = () => {
      this.#noteRefusal();
      return undefined;
    };
    engine.config.onChange('save', follow);
    engine.config.onChange('stop-writes-on-bgsave-error', follow);
  }

  // --- what others ask ---

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Saves that were asked for or begun by save points. */
  get count(): number {
    return this.#count;
  }

  /** Unix time of the last successful save, seconds. */
  get lastSaveSec(): number {
    return Math.floor(this.#lastSaveMs / 1000);
  }

  get lastStatus(): 'ok' | 'err' {
    return this.#lastStatus;
  }

  /** Changes that are not in the snapshot on disk. */
  get unsavedChanges(): number {
    return this.#engine.keyspace.dirty - this.#savedDirty;
  }

  // --- who wants a snapshot ---

  /** SAVE. */
  save(): SaveAnswer {
    if (this.#running !== undefined) return 'in-progress';
    this.#count++;
    return this.saveNow() === undefined ? 'done' : 'failed';
  }

  /** BGSAVE. */
  saveInBackground(mayWait: boolean): SaveAnswer {
    if (this.#running !== undefined) return 'in-progress';
    const { executor, rewriteControl } = this.#engine;
    if (!executor.isInExec && !rewriteControl.isRunning) return this.#start() ? 'started' : 'failed';
    if (!mayWait && !executor.isInExec) return 'busy';
    this.#isScheduled = true;
    return 'scheduled';
  }

  /** FLUSHALL: what is gone must not come back at the next start. */
  flushed(): void {
    const { config, executor } = this.#engine;
    this.#running?.save.cancel('the data set has been emptied');
    if (config.values.save.length === 0 || executor.state.isLoading) return;
    // Half of a transaction is no data set that ever was.
    if (executor.isInExec) this.#isScheduled = true;
    else this.saveNow();
  }

  /** `hz` times a second. */
  cron(nowMs: number): void {
    const { config, rewriteControl, executor, log } = this.#engine;
    if (this.#running !== undefined) return this.#reportProgress(this.#running, nowMs);
    if (rewriteControl.isRunning || executor.state.isLoading) return;
    const nowSec = Math.floor(nowMs / 1000);
    if (this.#lastStatus === 'err' && nowSec - Math.floor(this.#lastTryMs / 1000) <= RETRY_DELAY_SEC) return;
    const sinceSaveSec = nowSec - this.lastSaveSec;
    const due = config.values.save.find(
      ({ seconds, changes }) => this.unsavedChanges >= changes && sinceSaveSec > seconds,
    );
    if (due !== undefined) log('notice', `${due.changes} changes in ${due.seconds} seconds. Saving...`);
    else if (!this.#isScheduled) return;
    this.#start();
  }

  // --- the end of the server ---

  /**
   * The snapshot that SHUTDOWN, a signal or closing leaves behind: if save points are set or it is asked for. What has been
   * decided once stays so, unless the save has failed and `force` is missing.
   * @param save SHUTDOWN's SAVE or NOSAVE
   * @returns why there is no new snapshot
   */
  saveAtEnd({
    save,
    force,
  }: {
    readonly save: boolean | undefined;
    readonly force: boolean;
  }): SnapshotError | undefined {
    if (this.#hasEnded) return undefined;
    const { config, log, hasWholeDataset } = this.#engine;
    if (this.#running !== undefined) log('warning', 'There is a child saving an .rdb. Killing it!');
    this.#running?.save.cancel('the server ends');
    this.#isScheduled = false;
    const isWanted = hasWholeDataset && (save ?? config.values.save.length > 0);
    if (isWanted) log('notice', 'Saving the final RDB snapshot before exiting.');
    const failure = isWanted ? this.saveNow() : undefined;
    this.#hasEnded = failure === undefined || force;
    return failure;
  }

  /** SHUTDOWN has been accepted, and has saved what was to be saved. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Gives up what runs; resolves when nothing of it is left. */
  async stop(reason: string): Promise<void> {
    this.#isScheduled = false;
    const running = this.#running;
    if (running === undefined) return;
    running.save.cancel(reason);
    await running.ended;
  }

  // --- saves ---

  /** Saves while everybody waits. @returns why there is no new snapshot, after it has been logged */
  saveNow(): SnapshotError | undefined {
    const { log, clock, keyspace } = this.#engine;
    try {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      saveNow({ keyspace, file: this.#file(''), format: this.#format(), nowMs: clock.nowMs() });
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      log('warning', error.message);
      return error;
    }
    log('notice', 'DB saved on disk');
    this.#saved(keyspace.dirty);
    return undefined;
  }

  /** What is in memory is what is on disk. */
  noteReloaded(): void {
    this.#savedDirty = this.#engine.keyspace.dirty;
  }

  /** @returns whether it has begun; if not, the log says why */
  #start(): boolean {
    const { log, clock, keyspace, config } = this.#engine;
    const nowMs = clock.nowMs();
    this.#isScheduled = false;
    this.#count++;
    this.#lastTryMs = nowMs;
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#noteFailure(refusal);
      return false;
    }
    const save = new BackgroundSave({
      keyspace,
      file: this.#file('bg-'),
      format: this.#format(),
      nowMs,
      syncsInSteps: config.values['rdb-save-incremental-fsync'],
      monotonicUs: () => clock.monotonicUs(),
      onWork: () => this.#slices.schedule(),
    });
    log('notice', `Background saving started by pid ${process.pid}`);
    const { dirty } = keyspace;
    this.#slices.begin();
    const ended = save.run().then(
      () => this.#succeeded(),
      (error: unknown) => this.#failed(error),
    );
    this.#running = { save, dirty, ended };
    this.figures.begin(save);
    return true;
  }

  /** Why nothing may be saved, or undefined. */
  #refusal(): SnapshotError | undefined {
    const { hasWholeDataset, options } = this.#engine;
    if (!hasWholeDataset) return incomplete();
    const inUse = options.claims?.take('snapshot');
    if (inUse === undefined) return undefined;
    const { message, path, hint } = inUse;
    return new SnapshotError('RDB_SAVE_FAILED', `Failed saving the DB: ${message}. What to do: ${hint}`, {
      cause: inUse,
      ...(path === undefined ? {} : { path }),
    });
  }

  #file(mark: string): SnapshotFile {
    const { disk, config } = this.#engine;
    return new SnapshotFile(disk, config.values, `${mark}${temporaryId(config.values.dbfilename)}`);
  }

  #format(): SnapshotFormat {
    const { config, functionLibraries } = this.#engine;
    const { rdbcompression, rdbchecksum } = config.values;
    return {
      compresses: rdbcompression,
      sums: rdbchecksum,
      usedMemoryBytes: usedMemoryBytes(),
      functions: functionLibraries.codes,
    };
  }

  #succeeded(): void {
    const { log } = this.#engine;
    const { dirty } = this.#end();
    log('notice', 'DB saved on disk');
    log('notice', 'Background saving terminated with success');
    this.#saved(dirty);
  }

  #failed(error: unknown): void {
    this.#end();
    if (!(error instanceof SnapshotError)) {
      // A bug must not end in a rejection that nobody sees.
      this.#engine.options.schedule(() => {
        throw error;
      });
    } else if (error.code === 'RDB_SAVE_CANCELLED') {
      this.#engine.log('warning', `Background saving terminated on purpose: ${error.message}`);
    } else this.#noteFailure(error);
  }

  #noteFailure(error: SnapshotError): void {
    this.#engine.log('warning', error.message);
    this.#engine.log('warning', 'Background saving error');
    this.#lastStatus = 'err';
    this.#noteRefusal();
  }

  #saved(dirty: number): void {
    // FLUSHALL may have saved later changes meanwhile.
    this.#savedDirty = Math.max(this.#savedDirty, dirty);
    this.#lastSaveMs = this.#engine.clock.nowMs();
    this.#lastStatus = 'ok';
    this.#noteRefusal();
  }

  /** Whether commands that write are refused from now on. */
  #noteRefusal(): void {
    const { config, executor } = this.#engine;
    const { save, 'stop-writes-on-bgsave-error': stopsWrites } = config.values;
    executor.state.hasFailedToSave = this.#lastStatus === 'err' && stopsWrites && save.length > 0;
  }

  #end(): Running {
    const running = this.#running;
    if (running === undefined) throw new Error('bug: a save ended that did not run');
    this.#running = undefined;
    this.figures.end();
    return running;
  }

  #reportProgress({ save: { copiedKeys, keyCount } }: Running, nowMs: number): void {
    if (!this.figures.isLineDue(nowMs)) return;
    this.#engine.log('notice', `Background saving: ${copiedKeys} of ${keyCount} keys copied`);
  }
}

function incomplete(): SnapshotError {
  const message = 'What is in memory is not the whole data set, for loading it has failed: it is not saved';
  return new SnapshotError('RDB_SAVE_FAILED', message);
}
