/**
 * Undoes the last repair of a log: the files and the manifest from before take their places again.
 *
 * Invariants: what has been written to the log since the repair is not thrown away unless that is asked for, and even then it is
 * kept in the repair's folder; the switch is one rename; an undo that was cut off can be called again; a log that is not the
 * one that was repaired is left alone.
 */
import { renameChecksums } from '@aof/aof-files';
import type { Disk } from '@aof/disk';
import { keepUnder } from './copy-file.ts';
import { linkedLogs, NO_REGULAR_FILE, NoLogError, type RealPath } from './log-files.ts';
import {
  beginsAs,
  folderAbove,
  looksAs,
  type Replacement,
  readUndoRecord,
  repairFolder,
  repairNumbers,
  UNDO_FILE,
  UNDONE_FILE,
  UndoError,
  type UndoRecord,
  writeFileDurably,
} from './undo-record.ts';

export interface UndoResult {
  readonly undoFolder: string;
  readonly restored: readonly string[];
  /** Bytes that were written to the log since the repair, and are now only in the repair's folder. */
  readonly bytesSince: number;
}

/**
 * @param path absolute: what the repair was called with
 * @param realPath follows symbolic links; by default there are none
 * @throws NoLogError, UndoError, DiskError
 */
export async function undoRepair(
  disk: Disk,
  path: string,
  isForced: boolean,
  realPath: RealPath = (one) => one,
): Promise<UndoResult> {
  const { folder, single } = repairedIn(disk, path, realPath);
  const number = undoable(disk, folder, single).at(-1);
  if (number === undefined) throw new NoLogError(`There is no repair to undo in ${folder}`);
  const undo = new Undo(disk, folder, repairFolder(folder, number));
  return undo.run(isForced);
}

/** Where a repair has been, and of which file if it was named. */
interface Repaired {
  readonly folder: string;
  /** Other logs may lie in the folder, which have been repaired since. */
  readonly single?: string;
}

function repairedIn(disk: Disk, path: string, realPath: RealPath): Repaired {
  const status = disk.status(path);
  if (status?.kind === 'file') return ofFile(realPath(path));
  // The manifest may be gone, as it was before the repair.
  if (status === undefined && path.endsWith('.manifest')) return { folder: folderAbove(path) };
  if (status === undefined) throw new NoLogError(`There is no ${path}`);
  if (status.kind === 'other') throw new NoLogError(`${path} is no log: ${NO_REGULAR_FILE}`);
  const below = disk.list(path).map((name) => `${path}/${name}`);
  const folders = below.filter((one) => disk.status(one)?.kind === 'directory').map((folder) => ({ folder }));
  const linked = linkedLogs(disk, realPath, path).map(ofFile);
  const all = [{ folder: path }, ...folders, ...linked];
  return all.find(({ folder, single }: Repaired) => undoable(disk, folder, single).length > 0) ?? { folder: path };
}

function ofFile(path: string): Repaired {
  return { folder: folderAbove(path), single: path.slice(path.lastIndexOf('/') + 1) };
}

/** Numbers of repairs, ascending. @param single only those of this file, or of the log of several files that it is of */
function undoable(disk: Disk, folder: string, single: string | undefined): number[] {
  return repairNumbers(disk, folder).filter((number) => {
    const kept = repairFolder(folder, number);
    return disk.status(`${kept}/${UNDO_FILE}`) !== undefined && (single === undefined || concerns(disk, kept, single));
  });
}

function concerns(disk: Disk, undoFolder: string, single: string): boolean {
  try {
    const { manifestName, replacements } = readUndoRecord(disk, undoFolder);
    return manifestName !== undefined || replacements.some(({ original }) => original === single);
  } catch (error) {
    // It may be: whoever undoes it is told.
    if (error instanceof UndoError) return true;
    throw error;
  }
}

class Undo {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #undoFolder: string;
  readonly #record: UndoRecord;

  constructor(disk: Disk, folder: string, undoFolder: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#undoFolder = undoFolder;
    this.#record = readUndoRecord(disk, undoFolder);
  }

  async run(isForced: boolean): Promise<UndoResult> {
    const { replacements, manifestName } = this.#record;
    const isSwitched = manifestName === undefined ? this.#isSingleSwitched() : this.#isManifestSwitched(manifestName);
    for (const replacement of replacements) this.#expectOriginal(replacement);
    const bytesSince = isSwitched ? this.#bytesSince() : 0;
    if (bytesSince > 0 && !isForced) {
      throw new UndoError(
        'UNDO_WRITTEN_SINCE',
        `${bytesSince} bytes have been written to the log since the repair: undoing it takes them out of the log`,
        'With --force it is done all the same; those bytes are kept beside the log.',
      );
    }
    if (manifestName !== undefined) this.#restoreParts(manifestName, isSwitched);
    else for (const replacement of replacements) await this.#restoreSingle(replacement, isSwitched);
    this.#disk.rename(`${this.#undoFolder}/${UNDO_FILE}`, `${this.#undoFolder}/${UNDONE_FILE}`);
    this.#disk.syncDirectory(this.#undoFolder);
    return { undoFolder: this.#undoFolder, restored: replacements.map(({ original }) => original), bytesSince };
  }

  /** Whether the single file is the repaired one; else it is the one from before, still or again. @throws UndoError */
  #isSingleSwitched(): boolean {
    const { replacements } = this.#record;
    const isAsBefore = replacements.every(({ original, before }) => looksAs(this.#disk, this.#here(original), before));
    if (isAsBefore) return false;
    const isRepaired = replacements.every(({ name, after }) => beginsAs(this.#disk, this.#here(name), after));
    if (isRepaired) return true;
    throw this.#foreign(replacements[0]?.original ?? 'the log');
  }

  /** The same of the manifest. @throws UndoError */
  #isManifestSwitched(manifestName: string): boolean {
    const path = this.#here(manifestName);
    const now = this.#disk.status(path) && Buffer.from(this.#disk.readFile(path)).toString('latin1');
    if (now === this.#record.manifestAfter) return true;
    if (now === this.#record.manifestBefore) return false;
    throw this.#foreign(manifestName);
  }

  #foreign(name: string): UndoError {
    return new UndoError(
      'UNDO_FOREIGN',
      `${name} is not what the repair left: a server has rewritten its log since, or this is another log`,
      `The files from before the repair are in ${this.#undoFolder}, but no longer belong to this log.`,
    );
  }

  /** A manifest must never list what is not there. @throws UndoError */
  #expectOriginal({ original, before }: Replacement): void {
    const isThere = [this.#kept(original), this.#here(original)].some((path) => looksAs(this.#disk, path, before));
    if (isThere) return;
    throw new UndoError(
      'UNDO_FILES_GONE',
      `${original}, which the repair replaced, is not in ${this.#undoFolder} any more, or has been changed`,
      'Nothing has been changed. Without that file the repair cannot be undone.',
    );
  }

  #bytesSince(): number {
    return this.#record.replacements.reduce((sum, { name, after }) => {
      const size = this.#disk.status(this.#here(name))?.size ?? after.bytes;
      return sum + Math.max(0, size - after.bytes);
    }, 0);
  }

  #restoreParts(manifestName: string, isSwitched: boolean): void {
    const disk = this.#disk;
    const { manifestBefore, replacements } = this.#record;
    // The files first: a manifest must never list what is not there.
    for (const { original } of replacements) {
      if (disk.status(this.#kept(original)) !== undefined) disk.rename(this.#kept(original), this.#here(original));
      renameChecksums(disk, this.#kept(original), this.#here(original));
    }
    disk.syncDirectory(this.#folder);
    const path = this.#here(manifestName);
    if (manifestBefore === undefined) {
      if (isSwitched) disk.unlink(path);
    } else if (isSwitched) {
      const temporary = this.#here(`temp-${manifestName}`);
      writeFileDurably(disk, temporary, Buffer.from(manifestBefore, 'latin1'));
      disk.rename(temporary, path);
    }
    disk.syncDirectory(this.#folder);
    for (const { name } of replacements) {
      renameChecksums(disk, this.#here(name), this.#kept(name));
      if (disk.status(this.#here(name)) !== undefined) disk.rename(this.#here(name), this.#kept(name));
    }
    disk.syncDirectory(this.#undoFolder);
    disk.syncDirectory(this.#folder);
  }

  /** The repaired file gets a second name, then the one from before is renamed over it. */
  async #restoreSingle({ original }: Replacement, isSwitched: boolean): Promise<void> {
    const disk = this.#disk;
    const path = this.#here(original);
    if (isSwitched) {
      const repaired = this.#kept(`repaired-${original}`);
      await keepUnder(disk, path, repaired);
      // What vouches for bytes goes before the name stands for others, and comes behind.
      renameChecksums(disk, path, repaired);
      disk.syncDirectory(this.#undoFolder);
      disk.syncDirectory(this.#folder);
      disk.rename(this.#kept(original), path);
      disk.syncDirectory(this.#folder);
    }
    renameChecksums(disk, this.#kept(original), path);
    disk.syncDirectory(this.#folder);
    disk.syncDirectory(this.#undoFolder);
  }

  #here(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** In the repair's folder. */
  #kept(name: string): string {
    return `${this.#undoFolder}/${name}`;
  }
}
