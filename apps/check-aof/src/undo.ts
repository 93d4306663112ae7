/**
 * Undoes the last repair of a log: the files and the manifest from before take their places again.
 *
 * Invariants: what has been written to the log since the repair is not thrown away unless that is asked for, and even then it is
 * kept in the repair's folder; the switch is one rename.
 */
import type { Disk } from '@aof/disk';
import { NoLogError } from './log-files.ts';
import {
  folderAbove,
  readUndoRecord,
  repairFolder,
  repairNumbers,
  UNDO_FILE,
  UNDONE_FILE,
  type UndoRecord,
  writeFileDurably,
} from './undo-record.ts';

export interface UndoResult {
  readonly undoFolder: string;
  readonly restored: readonly string[];
  /** Bytes that were written to the log since the repair, and are now only in the repair's folder. */
  readonly bytesSince: number;
}

/** The log has been written to since the repair. */
export class WrittenSinceError extends Error {
  override readonly name = 'WrittenSinceError';
  readonly bytes: number;

  constructor(bytes: number) {
    super(`${bytes} bytes have been written to the log since the repair: undoing it takes them out of the log`);
    this.bytes = bytes;
  }
}

/** @param path absolute: what the repair was called with @throws NoLogError, WrittenSinceError, DiskError */
export function undoRepair(disk: Disk, path: string, isForced: boolean): UndoResult {
  const folder = repairedFolderIn(disk, path);
  const number = undoable(disk, folder).at(-1);
  if (number === undefined) throw new NoLogError(`There is no repair to undo in ${folder}`);
  const undoFolder = repairFolder(folder, number);
  const record = readUndoRecord(disk, undoFolder);
  const bytesSince = writtenSince(disk, folder, record);
  if (bytesSince > 0 && !isForced) throw new WrittenSinceError(bytesSince);
  if (record.manifestName === undefined) restoreSingle(disk, folder, undoFolder, record);
  else restoreParts(disk, folder, undoFolder, record, record.manifestName);
  disk.rename(`${undoFolder}/${UNDO_FILE}`, `${undoFolder}/${UNDONE_FILE}`);
  disk.syncDirectory(undoFolder);
  return { undoFolder, restored: record.replacements.map(({ original }) => original), bytesSince };
}

function repairedFolderIn(disk: Disk, path: string): string {
  const status = disk.status(path);
  if (status?.kind === 'file') return folderAbove(path);
  if (status === undefined) throw new NoLogError(`There is no ${path}`);
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

function writtenSince(disk: Disk, folder: string, record: UndoRecord): number {
  if (record.manifestName !== undefined) {
    const path = `${folder}/${record.manifestName}`;
    const now = disk.status(path) && Buffer.from(disk.readFile(path)).toString('latin1');
    if (now !== undefined && now !== record.manifestAfter && now !== record.manifestBefore) {
      throw new NoLogError(
        `${record.manifestName} has changed since the repair (a server has rewritten its log): the files from before are in the folder of the repair, but no longer belong to this log`,
      );
    }
  }
  return record.replacements.reduce((sum, { name, bytes }) => {
    const size = disk.status(`${folder}/${name}`)?.size;
    return sum + (size === undefined ? 0 : Math.max(0, size - bytes));
  }, 0);
}

function restoreParts(disk: Disk, folder: string, undoFolder: string, record: UndoRecord, manifestName: string): void {
  // The files first: a manifest must never list what is not there.
  for (const { original } of record.replacements) {
    const moved = `${undoFolder}/${original}`;
    if (disk.status(moved) !== undefined) disk.rename(moved, `${folder}/${original}`);
  }
  disk.syncDirectory(folder);
  const path = `${folder}/${manifestName}`;
  if (record.manifestBefore === undefined) {
    if (disk.status(path) !== undefined) disk.unlink(path);
  } else {
    const temporary = `${folder}/temp-${manifestName}`;
    writeFileDurably(disk, temporary, Buffer.from(record.manifestBefore, 'latin1'));
    disk.rename(temporary, path);
  }
  disk.syncDirectory(folder);
  for (const { name } of record.replacements) {
    if (disk.status(`${folder}/${name}`) !== undefined) disk.rename(`${folder}/${name}`, `${undoFolder}/${name}`);
  }
  disk.syncDirectory(undoFolder);
  disk.syncDirectory(folder);
}

/** The repaired file gets a second name, then the one from before is renamed over it. */
function restoreSingle(disk: Disk, folder: string, undoFolder: string, record: UndoRecord): void {
  for (const { original } of record.replacements) {
    const kept = `${undoFolder}/${original}`;
    // The repair was cut off before it had changed anything.
    if (disk.status(kept) === undefined) continue;
    const repaired = `${undoFolder}/repaired-${original}`;
    if (disk.status(repaired) === undefined) disk.link(`${folder}/${original}`, repaired);
    disk.syncDirectory(undoFolder);
    disk.rename(kept, `${folder}/${original}`);
    disk.syncDirectory(folder);
  }
}
