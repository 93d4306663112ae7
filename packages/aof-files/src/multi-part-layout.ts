/**
 * The log as a manifest and the files that it lists.
 *
 * Invariants: the manifest is the only truth about files; a file is made, with its content synced, before a manifest lists
 * it, and deleted only after a manifest lists it as history; a start overwrites no file that it does not list;
 * changes of the manifest go to disk one after the other.
 *
 * Before a first base is made, a manifest without files is put on disk: from then on, files that it does not list are
 * known to be leftovers, and not a log that has lost its manifest.
 */

import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { removeChecksums, removeChecksumsInBackground } from './checksum-file.ts';
import type { AofNames, BaseFormat } from './file-names.ts';
import {
  type AofFile,
  type AofLayoutActions,
  type AppendOptions,
  fileToLoad,
  type HistoryDeletion,
  type OpenedLog,
} from './layout.ts';
import {
  EMPTY_MANIFEST,
  listsNoLog,
  liveFiles,
  type Manifest,
  withNextBase,
  withNextIncr,
  withoutHistory,
} from './manifest.ts';
import { persistManifest, persistManifestInBackground, stageManifestFile, writeWhole } from './manifest-file.ts';

/** A manifest that is on disk, synced, under its temporary name. One of the two must be called. */
export interface StagedManifest {
  /**
   * Makes it the manifest at once. Durable only after a sync of the append folder, which is the caller's.
   * @throws DiskError and keeps the old one
   */
  commitNow(): Manifest;
  /** Forgets it. */
  abandon(): void;
}

export class MultiPartLayout implements AofLayoutActions {
  readonly kind = 'multi-part';
  readonly names: AofNames;
  readonly #disk: Disk;
  #manifest: Manifest;
  #isOnDisk: boolean;
  /** The last background change; never rejects. */
  #lastChange: Promise<unknown> = Promise.resolve();
  #runningChanges = 0;

  /** @param manifest the one on disk, or undefined if there is none */
  constructor(disk: Disk, names: AofNames, manifest: Manifest | undefined) {
    this.#disk = disk;
    this.names = names;
    this.#manifest = manifest ?? EMPTY_MANIFEST;
    this.#isOnDisk = manifest !== undefined;
  }

  /** The manifest as it was last put on disk. */
  get manifest(): Manifest {
    return this.#manifest;
  }

  /**
   * Puts a changed manifest on disk, blocking. Must not be called while a background change runs.
   * @throws DiskError and keeps the old one
   */
  changeManifestNow(change: (manifest: Manifest) => Manifest): Manifest {
    if (this.#runningChanges > 0) throw new Error('bug: the manifest is being changed in the background');
    const next = change(this.#manifest);
    persistManifest(this.#disk, this.names, next);
    return this.#adopt(next);
  }

  /**
   * The same without blocking; waits for earlier changes first. `change` gets the manifest that they left.
   * @throws DiskError (as a rejection) and keeps the old one
   */
  changeManifest(change: (manifest: Manifest) => Manifest): Promise<Manifest> {
    this.#runningChanges++;
    const changed = this.#lastChange.then(async () => {
      try {
        const next = change(this.#manifest);
        await persistManifestInBackground(this.#disk, this.names, next);
        return this.#adopt(next);
      } finally {
        this.#runningChanges--;
      }
    });
    // A failed change does not hinder the next one; whoever asked for it gets the rejection.
    this.#lastChange = changed.catch(() => undefined);
    return changed;
  }

  /** Whether there is a manifest on disk. */
  get isOnDisk(): boolean {
    return this.#isOnDisk;
  }

  /** Whether the manifest is being changed in the background. */
  get isChanging(): boolean {
    return this.#runningChanges > 0;
  }

  /** Resolves when the background changes that were asked for so far have ended, well or not. */
  async changesEnded(): Promise<void> {
    await this.#lastChange;
  }

  /** The number of the next incr file. What has content and is not listed is left alone. */
  freeIncrSequence(): number {
    return this.#freeSequence(this.#manifest.lastIncrSequence, (n) => this.names.incrName(n));
  }

  /** The number of the next base, likewise. */
  freeBaseSequence(format: BaseFormat): number {
    return this.#freeSequence(this.#manifest.lastBaseSequence, (n) => this.names.baseName(n, format));
  }

  /**
   * Writes and syncs a changed manifest in the background, so that little is left to do in the turn that needs it. Other
   * changes wait until it is committed or abandoned.
   * @throws DiskError (as a rejection) and keeps the old one
   */
  async stageManifest(change: (manifest: Manifest) => Manifest): Promise<StagedManifest> {
    this.#runningChanges++;
    const earlierChanges = this.#lastChange;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lastChange = promise;
    let isOpen = true;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#runningChanges--;
      resolve();
    };
    try {
      await earlierChanges;
      const next = change(this.#manifest);
      await stageManifestFile(this.#disk, this.names, next);
      const commitNow = (): Manifest => {
        try {
          this.#disk.rename(this.names.tempManifestPath, this.names.manifestPath);
          return this.#adopt(next);
        } finally {
          end();
        }
      };
      return { commitNow, abandon: end };
    } catch (error) {
      end();
      throw error;
    }
  }

  filesToLoad(): AofFile[] {
    return liveFiles(this.#manifest).map((file) => {
      const role = file.type === 'b' ? 'base' : 'incr';
      return fileToLoad(this.#disk, { name: file.name, path: this.names.inAppendDir(file.name), role });
    });
  }

  /** Files in the append folder that look like parts of this log, have content, and are not listed. */
  unlistedFiles(): string[] {
    if (this.#disk.status(this.names.appendDir) === undefined) return [];
    const { base, incr, history } = this.#manifest;
    const listed = new Set([...(base === undefined ? [] : [base]), ...incr, ...history].map((file) => file.name));
    return this.#disk
      .list(this.names.appendDir)
      .filter((name) => this.names.isLogName(name) && !listed.has(name) && this.#hasContent(name));
  }

  openForAppend(options: AppendOptions): OpenedLog {
    this.#makeFolderDurable();
    let next = this.#manifest;
    let createdBase: string | undefined;
    if (listsNoLog(next)) {
      if (!this.#isOnDisk) this.changeManifestNow((manifest) => manifest);
      const sequence = this.freeBaseSequence(options.baseFormat);
      const made = withNextBase(next, this.names, options.baseFormat, sequence);
      this.#writeBase(made.file.name, options);
      next = made.manifest;
      createdBase = made.file.name;
    }
    let last = next.incr.at(-1);
    const isCreated = last === undefined;
    if (last === undefined) {
      const sequence = this.freeIncrSequence();
      const made = withNextIncr(next, this.names, sequence);
      next = made.manifest;
      last = made.file;
    }
    const path = this.names.inAppendDir(last.name);
    if (isCreated) removeChecksums(this.#disk, path);
    const file = this.#disk.open(path, 'append');
    try {
      this.#syncFiles(file);
      if (next !== this.#manifest) this.changeManifestNow(() => next);
      else this.#disk.syncDirectory(this.names.appendDir);
      return { file, name: last.name, size: file.size(), createdBase, isCreated };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async deleteHistory(): Promise<HistoryDeletion> {
    const deleted: string[] = [];
    const failed: { name: string; error: DiskError }[] = [];
    for (const { name } of this.#manifest.history) {
      const path = this.names.inAppendDir(name);
      try {
        await removeChecksumsInBackground(this.#disk, path);
        await this.#disk.unlinkInBackground(path);
        deleted.push(name);
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        // It was deleted before a crash that came before the manifest was changed.
        if (error.code === 'ENOENT') deleted.push(name);
        else failed.push({ name, error });
      }
    }
    if (deleted.length > 0) {
      await this.changeManifest((manifest) => withoutHistory(manifest, (file) => deleted.includes(file.name)));
    }
    return { deleted, failed };
  }

  #adopt(next: Manifest): Manifest {
    this.#manifest = next;
    this.#isOnDisk = true;
    return next;
  }

  /** The folder may also have been made by a start that was killed before it could sync the parent. */
  #makeFolderDurable(): void {
    if (this.#disk.status(this.names.appendDir) === undefined) this.#disk.makeDirectory(this.names.appendDir);
    this.#disk.syncDirectory(this.names.dir);
  }

  #writeBase(name: string, options: AppendOptions): void {
    const temporary = this.names.tempRewritePath(options.temporaryId);
    const file = this.#disk.open(temporary, 'truncate');
    try {
      writeWhole(file, options.baseContent());
      file.syncNow();
    } finally {
      file.close();
    }
    const path = this.names.inAppendDir(name);
    removeChecksums(this.#disk, path);
    this.#disk.rename(temporary, path);
  }

  #syncFiles(last: DiskFile): void {
    for (const { name } of liveFiles(this.#manifest)) {
      const path = this.names.inAppendDir(name);
      if (path === last.path) continue;
      const file = this.#disk.open(path, 'read');
      try {
        file.syncNow();
      } finally {
        file.close();
      }
    }
    last.syncNow();
  }

  /**
   * The first number above `sequence` whose file is absent or empty, for what has content and is not listed is left alone, and
   * whose name is not on the list of what is to be deleted: numbers begin anew when a rewrite has left no incr file, and
   * history may have been deleted without the manifest knowing.
   */
  #freeSequence(sequence: number, nameOf: (sequence: number) => string): number {
    const history = new Set(this.#manifest.history.map(({ name }) => name));
    let free = sequence + 1;
    while (history.has(nameOf(free)) || this.#hasContent(nameOf(free))) free++;
    return free;
  }

  #hasContent(name: string): boolean {
    return (this.#disk.status(this.names.inAppendDir(name))?.size ?? 0) > 0;
  }
}
