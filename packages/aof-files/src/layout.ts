/** What the two layouts of a log on disk have in common: what to load, where to append, what to clean up. */

import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { LayoutError } from './errors.ts';
import type { AofNames, BaseFormat } from './file-names.ts';

/** `single`: one file, as before Redis 7. `multi-part`: a manifest with a base and incr files. */
export type LayoutKind = 'single' | 'multi-part';

/** One file of the log, in the order of loading. */
export interface AofFile {
  readonly name: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly role: 'single' | 'base' | 'incr';
}

/** What `openForAppend` needs when there is no log yet. */
export interface AppendOptions {
  /** Form of a first base: `aof-use-rdb-preamble`. */
  readonly baseFormat: BaseFormat;
  /** Content of a first base: the (empty) data set in `baseFormat`. Called only if a base is made. */
  readonly baseContent: () => Uint8Array;
  /** Tells the temporary files of servers that share a folder apart. */
  readonly temporaryId: string | number;
}

/** A log that is open for appending. */
export interface OpenedLog {
  readonly file: DiskFile;
  readonly name: string;
  /** Bytes that it had when it was opened. */
  readonly size: number;
  /** Name of the base that was made because there was no log. */
  readonly createdBase: string | undefined;
  /** Whether `name` was made now. */
  readonly isCreated: boolean;
}

/** What both layouts can do. Failures of the disk itself are `DiskError`s. */
export interface AofLayoutActions {
  readonly kind: LayoutKind;
  readonly names: AofNames;
  /**
   * The files of the log in the order of loading; none if there is no log yet.
   * @throws LayoutError AOF_FILE_MISSING
   */
  filesToLoad(): AofFile[];
  /**
   * Opens the last file for appending and makes what is missing. Everything that was found on disk is synced first: what
   * a server that was killed had written but not synced is about to be served again.
   */
  openForAppend(options: AppendOptions): OpenedLog;
  /** Deletes what a rewrite left behind; returns what could not be deleted. */
  deleteHistory(): Promise<HistoryDeletion>;
}

/** Outcome of `deleteHistory`, by file name. */
export interface HistoryDeletion {
  readonly deleted: readonly string[];
  /** These stay listed, to be deleted later. */
  readonly failed: readonly { readonly name: string; readonly error: DiskError }[];
}

/** One file's size. @throws LayoutError AOF_FILE_MISSING with Redis's text */
export function fileToLoad(disk: Disk, file: { name: string; path: string; role: AofFile['role'] }): AofFile {
  const found = disk.status(file.path);
  if (found?.kind === 'file') return { ...file, size: found.size };
  const reason = new DiskError(found === undefined ? 'ENOENT' : 'EISDIR', 'stat', file.path).reason;
  throw new LayoutError('AOF_FILE_MISSING', `Unable to obtain the AOF file ${file.name} length. stat: ${reason}`, {
    path: file.path,
    hint: `Put ${file.name} back, from a backup if need be. Without it the log has a gap; take its line out of the manifest only if you accept that.`,
  });
}
