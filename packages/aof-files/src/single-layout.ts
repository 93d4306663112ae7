/**
 * The log as one file, `dir/appendfilename`: records, or an RDB part followed by records. A rewrite replaces it by a rename.
 * Source: Redis persistence documentation, versions before 7.0.
 */

import type { Disk } from '@aof/disk';
import { removeChecksums } from './checksum-file.ts';
import type { AofNames } from './file-names.ts';
import { type AofFile, type AofLayoutActions, fileToLoad, type HistoryDeletion, type OpenedLog } from './layout.ts';

export class SingleLayout implements AofLayoutActions {
  readonly kind = 'single';
  readonly names: AofNames;
  readonly #disk: Disk;

  constructor(disk: Disk, names: AofNames) {
    this.#disk = disk;
    this.names = names;
  }

  filesToLoad(): AofFile[] {
    const path = this.names.singlePath;
    if (this.#disk.status(path) === undefined) return [];
    return [fileToLoad(this.#disk, { name: this.names.appendfilename, path, role: 'single' })];
  }

  openForAppend(): OpenedLog {
    const path = this.names.singlePath;
    const isCreated = this.#disk.status(path) === undefined;
    if (isCreated) removeChecksums(this.#disk, path);
    const file = this.#disk.open(path, 'append');
    try {
      file.syncNow();
      this.#disk.syncDirectory(this.names.dir);
      return { file, name: this.names.appendfilename, size: file.size(), createdBase: undefined, isCreated };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async deleteHistory(): Promise<HistoryDeletion> {
    return { deleted: [], failed: [] };
  }
}
