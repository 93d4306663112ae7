/**
 * The folder that a restored log is written into.
 *
 *     TARGET/restore-unfinished/           everything is written here, and loaded from here to see that it is good
 *     TARGET/appendonlydir, or TARGET/appendonly.aof        one rename brings it here, whole
 *
 * Invariants: a server that is started in TARGET finds the whole log or none; what is renamed has been synced, with its name
 * and those of the folders above it; nothing that was there before is touched. TARGET may be the root of a mounted volume: nothing
 * beside it is written.
 */
import { type AofNames, type LayoutKind, type Manifest, AofNames as Names, persistManifest } from '@aof/aof-files';
import { type Disk, DiskError } from '@aof/disk';
import { RestoreError } from './restore-error.ts';
import { inFolder, parentOf } from './restore-source.ts';

export const UNFINISHED = 'restore-unfinished';

export interface TargetNames {
  readonly appendfilename: string;
  readonly appenddirname: string;
}

export class TargetFolder {
  readonly path: string;
  readonly layout: LayoutKind;
  /** Where files are written until `finish`. */
  readonly staged: AofNames;
  readonly #disk: Disk;
  /** The innermost first. */
  readonly #madeFolders: readonly string[];

  /**
   * Makes the folder, and the unfinished one in it. What an earlier attempt left unfinished is taken away.
   * @throws RestoreError RESTORE_TARGET_IN_USE; DiskError
   */
  constructor(disk: Disk, path: string, layout: LayoutKind, names: TargetNames) {
    this.#disk = disk;
    this.path = path;
    this.layout = layout;
    this.staged = new Names({ dir: inFolder(path, UNFINISHED), ...names });
    assertFree(disk, path);
    this.#madeFolders = makeFolders(disk, path);
    if (disk.status(this.staged.dir) !== undefined) removeTree(disk, this.staged.dir);
    disk.makeDirectory(this.staged.dir);
    if (layout === 'multi-part') disk.makeDirectory(this.staged.appendDir);
  }

  /** Where a file of the log is written. */
  pathOf(name: string): string {
    return this.layout === 'single' ? this.staged.singlePath : this.staged.inAppendDir(name);
  }

  /** Makes the staged files a log. They have been synced. @param manifest for the multi-part layout */
  writeManifest(manifest: Manifest): void {
    if (this.layout === 'multi-part') persistManifest(this.#disk, this.staged, manifest);
  }

  /** Brings the log to its place. @throws RestoreError RESTORE_TARGET_IN_USE: something has come to be there meanwhile; DiskError */
  finish(): void {
    const disk = this.#disk;
    assertFree(disk, this.path);
    const { staged, path } = this;
    const [from, name] =
      this.layout === 'single'
        ? [staged.singlePath, staged.appendfilename]
        : [staged.appendDir, staged.appendDir.slice(staged.dir.length + 1)];
    if (this.layout === 'multi-part') disk.syncDirectory(staged.appendDir);
    disk.syncDirectory(staged.dir);
    disk.syncDirectory(path);
    disk.rename(from, inFolder(path, name));
    disk.syncDirectory(path);
    disk.syncDirectory(staged.dir);
    disk.removeDirectory(staged.dir);
    disk.syncDirectory(path);
  }

  /** Takes away what was written, as far as the disk allows it. */
  discard(): void {
    try {
      if (this.#disk.status(this.staged.dir) !== undefined) removeTree(this.#disk, this.staged.dir);
      for (const folder of this.#madeFolders) this.#disk.removeDirectory(folder);
    } catch (error) {
      // Whoever discards has a reason of his own to report; the unfinished folder tells what it is.
      if (!(error instanceof DiskError)) throw error;
    }
  }
}

/** @throws RestoreError */
export function assertFree(disk: Disk, path: string): void {
  const status = disk.status(path);
  if (status === undefined) return;
  if (status.kind !== 'directory') {
    throw new RestoreError('RESTORE_TARGET_IN_USE', `${path} is not a folder`, { path });
  }
  const present = disk.list(path).filter((name) => name !== UNFINISHED && name !== 'lost+found');
  if (present.length === 0) return;
  throw new RestoreError('RESTORE_TARGET_IN_USE', `${path} is not empty: it holds ${present[0]}`, {
    path,
    hint: 'Name a folder that does not exist yet, or an empty one; nothing is ever overwritten.',
  });
}

/** Makes a folder and those above it that are missing, durably. @returns what was made, the innermost first */
function makeFolders(disk: Disk, path: string): string[] {
  const missing: string[] = [];
  for (let at = path; disk.status(at) === undefined; at = parentOf(at)) missing.push(at);
  for (const folder of missing.toReversed()) {
    disk.makeDirectory(folder);
    disk.syncDirectory(parentOf(folder));
  }
  return missing;
}

function removeTree(disk: Disk, folder: string): void {
  for (const name of disk.list(folder)) {
    const path = inFolder(folder, name);
    if (disk.status(path)?.kind === 'directory') removeTree(disk, path);
    else disk.unlink(path);
  }
  disk.removeDirectory(folder);
}

/** The absolute path of a folder that need not exist; what exists of it is without links. */
export function absoluteTarget(disk: Disk, realPath: (path: string) => string, path: string): string {
  const absolute = realPath(path);
  const missing: string[] = [];
  let at = absolute;
  while (at !== '/' && disk.status(at) === undefined) {
    missing.unshift(at.slice(at.lastIndexOf('/') + 1));
    at = parentOf(at);
  }
  return missing.reduce(inFolder, realPath(at));
}
