/**
 * What a repair leaves behind so that it can be undone: a folder `repair-<n>` beside the log, with the files that it replaced and
 * a record of what it did.
 *
 * The record is written and synced before anything changes, so that an undo also cleans up after a repair that was cut off.
 */
import { writeWhole } from '@aof/aof-files';
import type { Disk } from '@aof/disk';

/** A file that the repair put in the place of another. */
export interface Replacement {
  /** Name of the file that was replaced, in the log's folder before and in the repair's folder afterwards. */
  readonly original: string;
  /** Name of the file that replaces it; the same for a single file. */
  readonly name: string;
  /** Bytes of it when the repair ended: more have been written since if it is longer. */
  readonly bytes: number;
}

export interface UndoRecord {
  readonly version: 1;
  /** Name of the manifest; undefined for a single file. */
  readonly manifestName?: string;
  /** The manifests before (undefined: there was none) and after, a character per byte. */
  readonly manifestBefore?: string;
  readonly manifestAfter?: string;
  readonly replacements: readonly Replacement[];
}

export const UNDO_FILE = 'undo.json';
/** The record's name once it has been undone. */
export const UNDONE_FILE = 'undone.json';

export function repairFolder(folder: string, number: number): string {
  return `${folder}/repair-${number}`;
}

/** Numbers of the repairs of a folder, ascending. */
export function repairNumbers(disk: Disk, folder: string): number[] {
  const numbers = disk.list(folder).flatMap((name) => {
    const found = /^repair-(\d{1,9})$/.exec(name)?.[1];
    return found === undefined ? [] : [Number(found)];
  });
  return numbers.toSorted((a, b) => a - b);
}

export function readUndoRecord(disk: Disk, folder: string): UndoRecord {
  const text = Buffer.from(disk.readFile(`${folder}/${UNDO_FILE}`)).toString('utf8');
  // Written by `writeUndoRecord` alone.
  return JSON.parse(text) as UndoRecord;
}

/** Makes the folder with the record in it, durably. */
export function writeUndoRecord(disk: Disk, folder: string, record: UndoRecord): void {
  disk.makeDirectory(folder);
  writeFileDurably(disk, `${folder}/${UNDO_FILE}`, Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`, 'utf8'));
  disk.syncDirectory(folder);
  disk.syncDirectory(folderAbove(folder));
}

/** Writes and syncs a file; its name is durable only after a sync of its folder. */
export function writeFileDurably(disk: Disk, path: string, bytes: Uint8Array): void {
  const file = disk.open(path, 'truncate');
  try {
    writeWhole(file, bytes);
    file.syncNow();
  } finally {
    file.close();
  }
}

export function folderAbove(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
