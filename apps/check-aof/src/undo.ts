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
import { NO_REGULAR_FILE, NoLogError } from './log-files.ts';
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

/** @param path absolute: what the repair was called with @throws NoLogError, UndoError, DiskError */
export async function undoRepair(disk: Disk, path: string, isForced: boolean): Promise<UndoResult> {
  const folder = repairedFolderIn(disk, path);
  const number = undoable(disk, folder).at(-1);
  if (number === undefined) throw new NoLogError(`There is no repair to undo in ${folder}`);
  const undo = new Undo(disk, folder, repairFolder(folder, number));
  return undo.run(isForced);
}

function repairedFolderIn(disk: Disk, path: string): string {
  const status = disk.status(path);
  // The manifest may be gone, as it was before the repair.
  if (status?.kind === 'file' || (status === undefined && path.endsWith('.manifest'))) return folderAbove(path);
  if (status === undefined) throw new NoLogError(`There is no ${path}`);
  if (status.kind === 'other') throw new NoLogError(`${path} is no log: ${NO_REGULAR_FILE}`);
  if (undoable(disk, path).length > 0) return path;
  const below = disk.list(path).map((name) => `${path}/${name}`);
  const repaired = below.filter((one) => disk.status(one)?.kind === 'directory' && undoable(disk, one).length > 0);
  return repaired[0] ?? path;
}

function undoable(disk: Disk, folder: string): number[] {
  return repairNumbers(disk, folder).filter(
    (number) => disk.status(`${repairFolder(folder, number)}/${UNDO_FILE}`) !== undefined,
  );
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
