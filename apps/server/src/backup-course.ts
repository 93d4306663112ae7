/**
 * One backup, from an empty folder to a sealed one.
 *
 * Multi-part: the base that a rewrite has just made is pinned; to seal, the log goes on in a new incr file, and the one before is
 * pinned too. Single file: what the file holds at the seal is copied. What was copied is read as a start would read it before it
 * becomes a backup.
 *
 * Invariants: nothing of the log changes but that it begins an incr file, as it does at the cut of a rewrite; a backup that was cancelled
 * is never reported as made.
 */
import type { AofFile, Manifest, MultiPartLayout } from '@aof/aof-files';
import { MultiPartPlan } from '@aof/aof-rewriter';
import { BackupError, BackupFolder, verifyFiles } from '@aof/backup';
import type { RecordApplier } from '@aof/loader';
import { DEFAULT_LIMITS } from '@aof/resp-codec';
import type { Engine } from './engine.ts';
import { hasRoomForSecondDataSet } from './memory-use.ts';
import { RecordChecker } from './record-checker.ts';
import { TrialApplier } from './trial-load.ts';

/** A backup that is whole, durable and verified. */
export interface SealedBackup {
  /** Paths, in the order of loading; the manifest last. */
  readonly files: readonly string[];
  /** When the data set was as the backup has it, ms since the Unix epoch. */
  readonly sealedAtMs: number;
}

export class BackupCourse {
  readonly folder: BackupFolder;
  readonly #engine: Engine;
  /** Of a multi-part log, as it was when its base was pinned. */
  #pinned: Manifest | undefined;
  #cancelReason: string | undefined;

  /** @throws LayoutError a name is none */
  constructor(engine: Engine) {
    this.#engine = engine;
    const { dir, backupdirname, appendfilename } = engine.config.values;
    const location = { dir, backupdirname, appendfilename };
    this.folder = new BackupFolder({ disk: engine.disk, location, yieldTurn: () => this.#nextTurn() });
  }

  /** Every step after this one ends in a BackupError BACKUP_CANCELLED. */
  cancel(reason: string): void {
    this.#cancelReason ??= reason;
  }

  /** @throws BackupError BACKUP_CANCELLED */
  assertWanted(): void {
    if (this.#cancelReason !== undefined) throw new BackupError('BACKUP_CANCELLED', this.#cancelReason);
  }

  /** Whether the log's files are no longer those that follow the pinned base. */
  get isOvertaken(): boolean {
    if (this.#pinned === undefined) return false;
    const { layout } = this.#engine.rewriteControl;
    return layout?.kind !== 'multi-part' || layout.manifest.base?.name !== this.#pinned.base?.name;
  }

  /**
   * Makes the folder and pins what does not change any more.
   * @returns the paths of that
   * @throws BackupError, DiskError, AofError
   */
  async begin(): Promise<readonly string[]> {
    await this.folder.prepare();
    this.assertWanted();
    const { layout } = this.#engine.rewriteControl;
    return layout?.kind === 'multi-part' ? this.#pinBase(layout) : [];
  }

  async #pinBase(layout: MultiPartLayout): Promise<readonly string[]> {
    const base = layout.filesToLoad().find(({ role }) => role === 'base');
    if (base === undefined) throw new BackupError('BACKUP_DAMAGED', 'the log has no base');
    this.#pinned = layout.manifest;
    await this.folder.pin(base);
    this.assertWanted();
    const path = this.folder.pathOf(base.name);
    await this.#verify([{ ...base, path }]);
    this.#engine.log('notice', `Backup: the base file ${base.name} is pinned`);
    return [path];
  }

  /** @throws BackupError, DiskError, AofError: there is no backup */
  async seal(): Promise<SealedBackup> {
    const { layout } = this.#engine.rewriteControl;
    if (layout === undefined) throw new BackupError('BACKUP_CANCELLED', 'there is no log');
    const isSingle = layout.kind === 'single';
    const sealed = await (isSingle ? this.#sealSingle(layout.names.singlePath) : this.#sealMultiPart(layout));
    this.assertWanted();
    return sealed;
  }

  async #sealMultiPart(layout: MultiPartLayout): Promise<SealedBackup> {
    await this.#beginIncr(layout);
    const sealedAtMs = this.#engine.clock.nowMs();
    if (this.isOvertaken) throw new BackupError('BACKUP_CANCELLED', 'the log was rewritten meanwhile');
    const { base } = layout.manifest;
    const incr = layout.manifest.incr.slice(0, -1);
    const names = new Set(incr.map(({ name }) => name));
    for (const file of layout.filesToLoad()) if (names.has(file.name)) await this.folder.pin(file);
    const manifest: Manifest = {
      base,
      history: [],
      incr,
      lastBaseSequence: base?.sequence ?? 0,
      lastIncrSequence: incr.at(-1)?.sequence ?? 0,
    };
    const files = this.folder.filesOf(manifest);
    await this.#verifyAll(files);
    this.assertWanted();
    await this.folder.sealMultiPart(manifest);
    const paths = this.folder.withChecksums(files.map(({ path }) => path));
    return { files: [...paths, this.folder.manifestPath], sealedAtMs };
  }

  /** The log goes on in a new incr file, as a rewrite has it do at its cut. */
  async #beginIncr(layout: MultiPartLayout): Promise<void> {
    const { appendLog, rewriteControl } = this.#engine;
    const plan = new MultiPartPlan(rewriteControl.planContext(), layout, { format: 'aof', keepsHistory: () => true });
    try {
      do {
        await plan.prepare();
        this.assertWanted();
      } while (!plan.isReady);
      if (appendLog.state !== 'on') throw new BackupError('BACKUP_CANCELLED', 'appendonly is stopped');
      plan.cut();
    } catch (error) {
      await plan.discard();
      throw error;
    }
  }

  async #sealSingle(path: string): Promise<SealedBackup> {
    const { appendLog, clock } = this.#engine;
    // Not while a command runs: the copy ends where a unit ends.
    await this.#nextTurn();
    appendLog.flushNow();
    if (appendLog.writer === undefined || appendLog.writeError !== undefined) {
      const reason = appendLog.writeError ?? 'it is off';
      throw new BackupError('BACKUP_CANCELLED', `the log cannot be written: ${reason}`);
    }
    const { fileSize } = appendLog.writer;
    const sealedAtMs = clock.nowMs();
    const copy = await this.folder.copySingle(path, fileSize);
    await this.#verifyAll([copy]);
    this.assertWanted();
    await this.folder.sealSingle();
    return { files: this.folder.withChecksums([this.folder.singlePath]), sealedAtMs };
  }

  /** All files of a backup, by loading them where that is wanted and possible. */
  async #verifyAll(files: readonly AofFile[]): Promise<void> {
    const { config, log } = this.#engine;
    const way = config.values['backup-verify'];
    if (way === 'load' || (way === 'auto' && hasRoomForSecondDataSet())) {
      const trial = new TrialApplier(this.#engine);
      await this.#verify(files, trial);
      log('notice', `Backup: verified by loading it, ${trial.keyCount} keys`);
    } else {
      // Its base was read when it was pinned.
      await this.#verify(files.filter(({ role }) => role !== 'base'));
      const reason = way === 'auto' ? ', for there is no memory to load it beside the data that is served' : '';
      log('notice', `Backup: verified by reading it${reason}`);
    }
  }

  async #verify(
    files: readonly AofFile[],
    applier: RecordApplier = new RecordChecker(this.#engine.executor.table),
  ): Promise<void> {
    const { clock, config, disk } = this.#engine;
    await verifyFiles({
      disk,
      files,
      applier,
      maxBulkBytes: Math.max(DEFAULT_LIMITS.maxBulkBytes, config.values['proto-max-bulk-len']),
      nowMs: () => clock.monotonicUs() / 1000,
      yieldTurn: () => this.#nextTurn(),
    });
  }

  async #nextTurn(): Promise<void> {
    await new Promise<void>((resolve) => this.#engine.options.schedule(resolve));
    this.assertWanted();
  }
}
