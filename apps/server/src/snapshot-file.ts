/**
 * The snapshot on disk: `dbfilename` in `dir`, and how a new one takes the place of the old.
 *
 *     temp-<id>.rdb, temp-bg-<id>.rdb        being written; removed at the next start if a crash leaves them behind
 *     dump.rdb                               whole at any moment, so that copying it is safe
 *
 * Order: the content is synced, then the file gets its name, then the folder is synced.
 *
 * Source: Redis persistence docs; Redis rdb.c, rdbSave.
 */
import { AofError, type AofErrorDetails } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';

/** `RDB_SAVE_FAILED`: the disk refused. `RDB_SAVE_CANCELLED`: somebody gave it up on purpose. */
export type SnapshotErrorCode = 'RDB_SAVE_FAILED' | 'RDB_SAVE_CANCELLED';

/** Why there is no new snapshot; the old one is as it was, unless only the sync of the folder failed. */
export class SnapshotError extends AofError {
  override readonly name = 'SnapshotError';
  declare readonly code: SnapshotErrorCode;

  constructor(code: SnapshotErrorCode, message: string, details: Omit<AofErrorDetails, 'hint'> = {}) {
    const hint = code === 'RDB_SAVE_FAILED' ? 'see the cause; once the disk works again, run BGSAVE' : 'run BGSAVE';
    super(code, message, { ...details, hint });
  }
}

export interface SnapshotLocation {
  /** `dir`. */
  readonly dir: string;
  /** `dbfilename`. */
  readonly dbfilename: string;
}

export function snapshotPath({ dir, dbfilename }: SnapshotLocation): string {
  return `${dir}/${dbfilename}`;
}

/** Saves that run, or that a crash has interrupted. The id is that of temporary-files.ts. */
const TEMPORARY = /^temp-(?:bg-)?(\d+(?:-[0-9a-f]{16})?)\.rdb$/;

/**
 * Removes what interrupted saves have left behind.
 * @param isInUse tells by the id in its name whether a file belongs to a server that runs
 * @returns the paths @throws DiskError
 */
export function removeTemporarySnapshots(disk: Disk, dir: string, isInUse: (id: string) => boolean): string[] {
  if (disk.status(dir) === undefined) return [];
  const paths = disk
    .list(dir)
    .filter((name) => {
      const id = TEMPORARY.exec(name)?.[1];
      return id !== undefined && !isInUse(id);
    })
    .map((name) => `${dir}/${name}`);
  for (const path of paths) disk.unlink(path);
  return paths;
}

/** A snapshot that is being written. */
export class SnapshotFile {
  readonly temporaryPath: string;
  readonly #disk: Disk;
  readonly #location: SnapshotLocation;
  readonly #temporaryName: string;

  /** @param id tells it from others that are written to the folder at the same time */
  constructor(disk: Disk, location: SnapshotLocation, id: string) {
    this.#disk = disk;
    this.#location = location;
    this.#temporaryName = `temp-${id}.rdb`;
    this.temporaryPath = `${location.dir}/${this.#temporaryName}`;
  }

  /** @throws SnapshotError */
  open(): DiskFile {
    const { dir } = this.#location;
    try {
      if (this.#disk.status(dir) === undefined) this.#disk.makeDirectory(dir, { recursive: true });
      return this.#disk.open(this.temporaryPath, 'truncate');
    } catch (error) {
      throw this.#failed(
        error,
        (reason) =>
          `Failed opening the temp RDB file ${this.#temporaryName} (in server root dir ${dir}) for saving: ${reason}`,
      );
    }
  }

  /** Gives the finished file, which is synced, its name. @throws SnapshotError */
  rename(): void {
    const { dir, dbfilename } = this.#location;
    try {
      this.#disk.rename(this.temporaryPath, snapshotPath(this.#location));
    } catch (error) {
      throw this.#failed(
        error,
        (reason) =>
          `Error moving temp DB file ${this.#temporaryName} on the final destination ${dbfilename} (in server root dir ${dir}): ${reason}`,
      );
    }
  }

  /** Makes the new name durable. @throws SnapshotError */
  syncFolderNow(): void {
    try {
      this.#disk.syncDirectory(this.#location.dir);
    } catch (error) {
      throw this.#failed(error, folderFailure);
    }
  }

  /** The same in the background. @throws SnapshotError */
  async syncFolder(): Promise<void> {
    try {
      await this.#disk.syncDirectoryInBackground(this.#location.dir);
    } catch (error) {
      throw this.#failed(error, folderFailure);
    }
  }

  /** Removes what a failed save leaves behind, as far as the disk allows; the next start removes the rest. */
  discard(): void {
    try {
      if (this.#disk.status(this.temporaryPath) !== undefined) this.#disk.unlink(this.temporaryPath);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }

  /** Writing or syncing failed; what is no failure of the disk stays what it is. */
  writeFailed(error: unknown): unknown {
    return this.#failed(error, (reason, operation) => `Write error saving DB on disk(${operation}): ${reason}`);
  }

  #failed(error: unknown, text: (reason: string, operation: string) => string): unknown {
    if (!(error instanceof DiskError)) return error;
    const message = text(error.reason, error.operation);
    return new SnapshotError('RDB_SAVE_FAILED', message, { path: error.path, cause: error });
  }
}

function folderFailure(reason: string): string {
  return `Failed to fsync directory while saving DB: ${reason}`;
}
