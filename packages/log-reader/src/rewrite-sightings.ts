/**
 * Files that a rewrite of the single layout is making, as they were seen beside the log.
 *
 * Invariant: what is known is from the last look, so that a file that took the place of the log since then was seen while it was made, and
 * no other one was the log between.
 */
import type { Disk, DiskFile } from '@aof/disk';

/** Of the names of @aof/aof-files, for any id. */
const TEMPORARY_NAME = /^temp-rewriteaof-.+\.aof$/;

export class RewriteSightings {
  readonly #disk: Disk;
  /** By file id, the size of the log when it was first seen. */
  #seen = new Map<string, number>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** @param log the file that is the log as of now */
  look(folder: string, log: DiskFile): void {
    const seen = new Map<string, number>();
    for (const name of this.#disk.list(folder)) {
      if (!TEMPORARY_NAME.test(name)) continue;
      const fileId = this.#disk.status(`${folder}/${name}`)?.fileId;
      // The cut comes before the file, or with it, so that it lies before the end that the log has now.
      if (fileId !== undefined) seen.set(fileId, this.#seen.get(fileId) ?? log.size());
    }
    this.#seen = seen;
  }

  /** The offset in the log before it at which, or before which, the data set was copied; undefined if the file was not seen. */
  cutAtMost(fileId: string): number | undefined {
    return this.#seen.get(fileId);
  }

  forget(): void {
    this.#seen.clear();
  }
}
