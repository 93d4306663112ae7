/**
 * What a repair leaves behind so that it can be undone: a folder `repair-<n>` beside the log, with the files that it replaced and
 * a record of what it did.
 *
 * The record is written and synced before anything changes, so that an undo also cleans up after a repair that was cut off. It
 * says how each file looked before and after, so that an undo knows how far the repair came, and that it is this log.
 */
import { AofError, writeWhole } from '@aof/aof-files';
import { Crc64 } from '@aof/crc64';
import { type Disk, DiskError } from '@aof/disk';

/** How a file looks: enough to tell it from others without reading all of it. */
export interface FileMark {
  readonly bytes: number;
  /** CRC-64 of its first and its last 64 KiB, hexadecimal. */
  readonly sample: string;
}

/** A file that the repair put in the place of another. */
export interface Replacement {
  /** Name of the file that was replaced, in the log's folder before and in the repair's folder afterwards. */
  readonly original: string;
  /** Name of the file that replaces it; the same for a single file. */
  readonly name: string;
  /** The one that was replaced. */
  readonly before: FileMark;
  /** The one that replaces it, when the repair ended: more has been written since if it is longer. */
  readonly after: FileMark;
}

export interface UndoRecord {
  readonly version: typeof VERSION;
  /** Name of the manifest; undefined for a single file. */
  readonly manifestName?: string;
  /** The manifests before (undefined: there was none) and after, a character per byte. */
  readonly manifestBefore?: string;
  readonly manifestAfter?: string;
  readonly replacements: readonly Replacement[];
}

/**
 * Stable. `UNDO_RECORD_BAD`: it cannot be read. `UNDO_FOREIGN`: the log is not the one that was repaired, or has been rewritten
 * since. `UNDO_FILES_GONE`: what was replaced is no longer there, or has been changed. `UNDO_WRITTEN_SINCE`: a server has
 * written to the log since the repair.
 */
export type UndoErrorCode = 'UNDO_RECORD_BAD' | 'UNDO_FOREIGN' | 'UNDO_FILES_GONE' | 'UNDO_WRITTEN_SINCE';

/** A repair cannot be undone; nothing has been changed. */
export class UndoError extends AofError {
  override readonly name = 'UndoError';
  declare readonly code: UndoErrorCode;

  constructor(code: UndoErrorCode, message: string, hint: string) {
    super(code, message, { hint });
  }
}

export const UNDO_FILE = 'undo.json';
/** The record's name once it has been undone. */
export const UNDONE_FILE = 'undone.json';
const VERSION = 2;
const SAMPLE_BYTES = 64 * 1024;

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

/** How the first `bytes` of a file look; by default all of it. @throws DiskError */
export function markOf(disk: Disk, path: string, bytes?: number): FileMark {
  const file = disk.open(path, 'read');
  try {
    const length = bytes ?? file.size();
    const sum = new Crc64();
    const sample = new Uint8Array(Math.min(SAMPLE_BYTES, length));
    for (const position of [0, length - sample.length]) {
      sum.update(sample.subarray(0, file.read(sample, 0, sample.length, position)));
    }
    return { bytes: length, sample: sum.value.toString(16).padStart(16, '0') };
  } finally {
    file.close();
  }
}

/** Whether the file at `path` is there and begins with what the mark is of. @throws DiskError */
export function beginsAs(disk: Disk, path: string, mark: FileMark): boolean {
  const status = disk.status(path);
  return status?.kind === 'file' && status.size >= mark.bytes && markOf(disk, path, mark.bytes).sample === mark.sample;
}

/** Whether the file at `path` is what the mark is of. @throws DiskError */
export function looksAs(disk: Disk, path: string, mark: FileMark): boolean {
  return disk.status(path)?.size === mark.bytes && beginsAs(disk, path, mark);
}

/** @throws UndoError it cannot be read; DiskError */
export function readUndoRecord(disk: Disk, folder: string): UndoRecord {
  const path = `${folder}/${UNDO_FILE}`;
  const record = recordOf(parsed(Buffer.from(disk.readFile(path)).toString('utf8')));
  if (record !== undefined) return record;
  throw new UndoError(
    'UNDO_RECORD_BAD',
    `${path} is not a record of this version of check-aof, or is damaged`,
    `The files from before the repair are in ${folder}: stop the server and put them back by hand.`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function recordOf(json: unknown): UndoRecord | undefined {
  if (!isObject(json) || json.version !== VERSION || !Array.isArray(json.replacements)) return undefined;
  const { manifestName, manifestBefore, manifestAfter } = json;
  const hasManifest = isPlainName(manifestName) && typeof manifestAfter === 'string' && isTextOrNone(manifestBefore);
  if (manifestName !== undefined && !hasManifest) return undefined;
  const replacements = json.replacements.filter(isReplacement);
  if (replacements.length < json.replacements.length) return undefined;
  if (!hasManifest) return { version: VERSION, replacements };
  const before = manifestBefore === undefined ? {} : { manifestBefore };
  return { version: VERSION, manifestName, manifestAfter, ...before, replacements };
}

function isReplacement(json: unknown): json is Replacement {
  return (
    isObject(json) && isPlainName(json.original) && isPlainName(json.name) && isMark(json.before) && isMark(json.after)
  );
}

function isMark(json: unknown): json is FileMark {
  return (
    isObject(json) && Number.isSafeInteger(json.bytes) && Number(json.bytes) >= 0 && typeof json.sample === 'string'
  );
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null;
}

function isTextOrNone(json: unknown): json is string | undefined {
  return json === undefined || typeof json === 'string';
}

/** A name in the folder itself: a record must not reach outside. */
function isPlainName(json: unknown): json is string {
  return typeof json === 'string' && json !== '' && json !== '.' && json !== '..' && !/[/\0]/.test(json);
}

/** Makes the folder with the record in it, durably. */
export function writeUndoRecord(disk: Disk, folder: string, record: Omit<UndoRecord, 'version'>): void {
  disk.makeDirectory(folder);
  const text = `${JSON.stringify({ version: VERSION, ...record }, undefined, 2)}\n`;
  // Half a record would not be known from a damaged one.
  const temporary = `${folder}/temp-${UNDO_FILE}`;
  writeFileDurably(disk, temporary, Buffer.from(text, 'utf8'));
  disk.rename(temporary, `${folder}/${UNDO_FILE}`);
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

/** Where the file system knows no second name, or no copy that shares blocks. */
const CANNOT = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EXDEV', 'EMLINK', 'ENOSYS']);

/** Runs what a file system may not be able to do. @returns whether it was done @throws DiskError for all other reasons */
export function whereSupported(operation: () => void): boolean {
  try {
    operation();
    return true;
  } catch (error) {
    if (error instanceof DiskError && CANNOT.has(error.code)) return false;
    throw error;
  }
}

export function folderAbove(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
