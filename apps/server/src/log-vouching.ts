/**
 * `aof-checksums`: what vouches for the bytes of the log, and what the operator hears of it.
 *
 * Every file of the log that the server writes is a `VouchedFile`, also while the option is off: then it can be turned on at any
 * time, from the block on that is being filled. Checksum files that are there are compared by the loader whatever the option says.
 */
import { appendChecksums, VouchedFile } from '@aof/aof-files';
import { DiskError, type DiskFile } from '@aof/disk';
import type { LoadReport } from '@aof/loader';
import type { Engine } from './engine.ts';

export class LogVouching {
  readonly #engine: Engine;

  /** @param currentFile the file that the log is being written to */
  constructor(engine: Engine, currentFile: () => DiskFile | undefined) {
    this.#engine = engine;
    engine.config.onChange('aof-checksums', (isOn) => {
      if (isOn) {
        const text = 'What is written to the AOF from now on is vouched for. BGREWRITEAOF makes it so for all of it.';
        engine.log('notice', text);
      }
      this.follow(currentFile());
      return undefined;
    });
  }

  get #isOn(): boolean {
    return this.#engine.config.values['aof-checksums'];
  }

  /** @param file open for appending. @throws DiskError what vouched for an older file of its name cannot be removed */
  wrap(file: DiskFile): DiskFile {
    const { disk, log } = this.#engine;
    return new VouchedFile(disk, file, {
      isOn: this.#isOn,
      onFailure: ({ message }) => log('warning', `Nothing vouches for what is written to ${file.path} now: ${message}`),
    });
  }

  /** Makes `file` as the option says. */
  follow(file: DiskFile | undefined): void {
    if (!(file instanceof VouchedFile)) return;
    if (this.#isOn) file.turnOn();
    else file.turnOff();
  }

  /**
   * Vouches for what was loaded and nobody had vouched for.
   * @param file the one that is going to be written to
   * @throws DiskError it cannot be synced
   */
  adopt({ uncovered }: LoadReport, file: DiskFile): void {
    const { disk, log } = this.#engine;
    // The other files were synced when the log was opened; the end of this one may have been cut off.
    if (file instanceof VouchedFile && file.isVouching) file.syncNow();
    for (const [path, sums] of uncovered ?? []) {
      try {
        appendChecksums(disk, path, sums);
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        log('warning', `Nothing vouches for part of ${path}: ${error.message}`);
      }
    }
  }
}
