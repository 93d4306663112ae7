/**
 * The multi-part layout: a new incr file begins at the cut, a new base takes the place of all files before it.
 *
 * Order, and why: everything in the old incr file is durable before a manifest lists another one behind it, because only the
 * end of the last file may be missing; the manifest on disk lists the new incr file before anything is written to it; the base
 * and its name are durable before a manifest lists it; files are deleted only when a manifest lists them as history.
 *
 * What vouches for the base has its name when the folder is synced; what vouched for an older file of that name is gone before.
 *
 * A log that starts at run time writes to a temporary incr file, which gets its name together with the base.
 *
 * Source: Redis persistence docs, multi part AOF; Redis aof.c, rewriteAppendOnlyFileBackground and backgroundRewriteDoneHandler.
 */
import {
  type BaseFormat,
  type Manifest,
  type MultiPartLayout,
  removeChecksums,
  renameChecksums,
  type StagedManifest,
  VouchedFile,
  withIncrsAsHistory,
  withNextBase,
  withNextIncr,
} from '@aof/aof-files';
import { AofWriteError, type AofWriter } from '@aof/aof-writer';
import { DiskError, type DiskFile } from '@aof/disk';
import type { BaseOutput } from './base-output.ts';
import { dropFile, openLogFile } from './log-files.ts';
import type { LogState, PlanContext, RewritePlan, RewriteResult } from './rewrite-plan.ts';

export interface MultiPartOptions {
  /** The form of the base: decides its name. */
  readonly format: BaseFormat;
  /** `aof-disable-auto-gc`: history stays on disk and listed. */
  keepsHistory(): boolean;
}

export class MultiPartPlan implements RewritePlan {
  readonly temporaryPath: string;
  readonly bufferedBytes = 0;
  readonly failure = undefined;
  readonly #context: PlanContext;
  readonly #layout: MultiPartLayout;
  readonly #options: MultiPartOptions;
  /** As it was when the rewrite was asked for: the log may be turned off while the files change their names. */
  readonly #state: LogState;
  /** Another handle of the incr file that is being written: for syncs that are not the writer's. */
  #oldIncr: DiskFile | undefined;
  #newIncr: { readonly file: DiskFile; readonly path: string; readonly sequence: number } | undefined;
  #staged: StagedManifest | undefined;
  #isListed = false;
  #writer: AofWriter | undefined;
  #segment = 0;

  constructor(context: PlanContext, layout: MultiPartLayout, options: MultiPartOptions) {
    this.#context = context;
    this.#layout = layout;
    this.#options = options;
    this.#state = context.log.state;
    this.temporaryPath = layout.names.tempRewritePath(context.temporaryId);
  }

  get isReady(): boolean {
    return this.#staged !== undefined || !this.#layout.isChanging;
  }

  async prepare(): Promise<void> {
    const { disk } = this.#context;
    const { names } = this.#layout;
    await this.#layout.changesEnded();
    if (disk.status(names.appendDir) === undefined) {
      disk.makeDirectory(names.appendDir);
      await disk.syncDirectoryInBackground(names.dir);
    }
    // From then on, a base that is not listed is a leftover, and not a log that has lost its manifest.
    if (!this.#layout.isOnDisk) await this.#layout.changeManifest((manifest) => manifest);
    if (this.#state !== 'on') return;
    // All of it ends before anything is thrown: what fails is cleaned up after nobody uses it any more.
    const steps = await Promise.allSettled([this.#prepareIncr(), this.#stageManifest(), this.#syncOldIncr()]);
    for (const step of steps) if (step.status === 'rejected') throw step.reason;
  }

  /** In the background, which leaves little for the sync that blocks. */
  async #syncOldIncr(): Promise<void> {
    const { disk, log } = this.#context;
    const old = this.#layout.manifest.incr.at(-1);
    if (old === undefined) return;
    this.#oldIncr ??= disk.open(this.#layout.names.inAppendDir(old.name), 'read');
    if (log.writer?.writeError !== undefined) return;
    try {
      await this.#oldIncr.dataSync();
    } catch (error) {
      this.#syncFailed(error);
    }
  }

  /** The new incr file and the manifest that lists it are on the platter before the cut, which only renames. */
  async #prepareIncr(): Promise<void> {
    const { disk } = this.#context;
    const { names } = this.#layout;
    const sequence = this.#layout.freeIncrSequence();
    const path = names.inAppendDir(names.incrName(sequence));
    this.#newIncr = { file: openLogFile(this.#context, path), path, sequence };
    await disk.syncDirectoryInBackground(names.appendDir);
  }

  async #stageManifest(): Promise<void> {
    const { names } = this.#layout;
    this.#staged = await this.#layout.stageManifest((manifest) => {
      const sequence = this.#newIncr?.sequence ?? this.#layout.freeIncrSequence();
      return withNextIncr(manifest, names, sequence).manifest;
    });
  }

  cut(): void {
    const { log } = this.#context;
    if (this.#state === 'on' && log.writer !== undefined) this.#switchIncr(log.writer);
    else if (this.#state === 'starting') this.#beginLog();
  }

  #switchIncr(writer: AofWriter): void {
    const { report, monotonicMs } = this.#context;
    const { names } = this.#layout;
    const incr = this.#newIncr;
    if (incr === undefined) throw new Error('bug: the new incr file is missing');
    if (writer.flush(monotonicMs(), true) === 'failed') {
      throw new AofWriteError('AOF_WRITE_FAILED', this.temporaryPath, writer.fileSize, writer.writeError ?? 'closed');
    }
    // Now that everything is written, only a failed sync can be left: such a file stays as it is, and this rewrite heals it.
    if (writer.writeError === undefined) this.#syncOldIncrNow();
    report('notice', `Creating AOF incr file ${names.incrName(incr.sequence)} on background rewrite`);
    this.#commitManifest(writer.settings.policy === 'always');
    this.#isListed = true;
    const oldFileBytes = writer.fileSize;
    this.#segment = writer.rotate(incr.file, 0, monotonicMs()).segment;
    this.#context.log.rotated(oldFileBytes);
    this.#writer = writer;
    this.#closeOldIncr();
  }

  #syncOldIncrNow(): void {
    try {
      this.#oldIncr?.dataSyncNow();
    } catch (error) {
      this.#syncFailed(error);
    }
  }

  /** What a failed sync covered is uncertain, and the writer must not take a later one for an answer. */
  #syncFailed(error: unknown): never {
    if (error instanceof DiskError) this.#context.log.writer?.noteSyncFailure(error.reason);
    throw error;
  }

  /**
   * Puts the staged manifest in place. Where replies mean that something is durable, so must its name be before the first of
   * them; otherwise the sync of the folder may take its time.
   */
  #commitManifest(isDurableAtOnce: boolean): void {
    const { disk, report } = this.#context;
    const { names, manifest: former } = this.#layout;
    this.#staged?.commitNow();
    this.#staged = undefined;
    if (!isDurableAtOnce) {
      disk.syncDirectoryInBackground(names.appendDir).catch((error: unknown) => {
        // The sync that ends the rewrite covers this one too.
        report('warning', `Cannot sync ${names.appendDir}: ${error instanceof Error ? error.message : String(error)}`);
      });
      return;
    }
    try {
      disk.syncDirectory(names.appendDir);
    } catch (error) {
      if (error instanceof DiskError) this.#restoreManifest(former);
      throw error;
    }
  }

  /** A manifest that may be on disk although its sync failed is taken back, so that nothing is written behind its back. */
  #restoreManifest(former: Manifest): void {
    try {
      this.#layout.changeManifestNow(() => former);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      // Whether the new manifest is on disk is unknown: what it lists must stay.
      this.#isListed = true;
      this.#context.report('warning', `Cannot restore the manifest: ${error.message}`);
    }
  }

  #beginLog(): void {
    const path = this.#layout.names.tempIncrPath;
    const file = openLogFile(this.#context, path);
    const sequence = this.#layout.freeIncrSequence();
    this.#newIncr = { file, path, sequence };
    this.#writer = this.#context.log.begin(file);
  }

  async finish(output: BaseOutput, assertWanted: () => void): Promise<RewriteResult> {
    const { disk, temporaryId, report } = this.#context;
    const { names } = this.#layout;
    await output.sync();
    assertWanted();
    output.file.close();
    const finished = names.finishedRewritePath(temporaryId);
    disk.rename(this.temporaryPath, finished);
    report('notice', 'Background AOF rewrite terminated with success');
    await this.#layout.changesEnded();
    assertWanted();
    const { format } = this.#options;
    const sequence = this.#layout.freeBaseSequence(format);
    const name = names.baseName(sequence, format);
    const path = names.inAppendDir(name);
    try {
      removeChecksums(disk, path);
      disk.rename(finished, path);
    } catch (error) {
      await dropFile(this.#context, finished);
      throw error;
    }
    report('notice', `Successfully renamed the temporary AOF base file ${baseName(finished)} into ${name}`);
    try {
      renameChecksums(disk, this.temporaryPath, path);
      const startedIncr = this.#state === 'starting' ? this.#nameIncr() : undefined;
      await disk.syncDirectoryInBackground(names.appendDir);
      await disk.syncDirectoryInBackground(names.dir);
      await this.#layout.changeManifest((manifest) => {
        const next = withNextBase(manifest, names, format, sequence).manifest;
        const rewritten = withIncrsAsHistory(next, this.#state === 'on' ? 1 : 0);
        return startedIncr === undefined ? rewritten : withNextIncr(rewritten, names, startedIncr).manifest;
      });
    } catch (error) {
      await this.#takeBack(path);
      throw error;
    }
    if (this.#state === 'on') this.#writer?.markReplaced(this.#segment);
    return { name, baseBytes: output.byteLength, doubt: undefined };
  }

  /** Gives the incr file of a log that starts its name. @returns its number */
  #nameIncr(): number | undefined {
    const incr = this.#newIncr;
    if (incr === undefined) return undefined;
    const { disk, report } = this.#context;
    const name = this.#layout.names.incrName(incr.sequence);
    const path = this.#layout.names.inAppendDir(name);
    removeChecksums(disk, path);
    disk.rename(incr.path, path);
    report('notice', `Successfully renamed the temporary AOF incr file ${baseName(incr.path)} into ${name}`);
    this.#newIncr = { ...incr, path };
    if (incr.file instanceof VouchedFile) incr.file.renamedTo(path);
    return incr.sequence;
  }

  /** The old manifest is put on disk once more: only then is it certain that nothing lists the base at `path`. */
  async #takeBack(path: string): Promise<void> {
    try {
      await this.#layout.changeManifest((manifest) => manifest);
      await dropFile(this.#context, path);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#isListed = true;
      this.#context.report('warning', `Cannot restore the manifest: ${error.message}. ${path} stays where it is`);
    }
  }

  async discard(): Promise<void> {
    this.#staged?.abandon();
    this.#closeOldIncr();
    await dropFile(this.#context, this.temporaryPath);
    await dropFile(this.#context, this.#layout.names.finishedRewritePath(this.#context.temporaryId));
    const incr = this.#newIncr;
    if (incr === undefined) return;
    if (this.#state === 'starting') {
      // The writer closes the file.
      this.#context.log.abandon();
      this.#context.report('notice', `Removing the temp incr aof file ${baseName(incr.path)} in the background`);
      if (!this.#isListed) await dropFile(this.#context, incr.path);
    } else if (!this.#isListed) {
      await dropFile(this.#context, incr.path, incr.file);
    }
  }

  async deleteHistory(): Promise<void> {
    if (this.#options.keepsHistory()) return;
    const { report } = this.#context;
    for (const { name } of this.#layout.manifest.history) {
      report('notice', `Removing the history file ${name} in the background`);
    }
    try {
      const { failed } = await this.#layout.deleteHistory();
      for (const { name, error } of failed)
        report('warning', `Failed to remove the history file ${name}: ${error.reason}`);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      report('warning', `Failed to remove history files: ${error.message}`);
    }
  }

  #closeOldIncr(): void {
    this.#oldIncr?.close();
    this.#oldIncr = undefined;
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
