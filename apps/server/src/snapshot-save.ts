/**
 * Writing one snapshot: in the background, in slices beside the commands, or at once with everybody waiting.
 *
 * Invariants: the file is the data set at one moment; until it is whole and synced the old one keeps its name; no command
 * fails because the disk refuses a save; after a failure nothing of it is left.
 */
import { BaseOutput, databaseSizes, RdbBaseWriter, SnapshotCopy } from '@aof/aof-rewriter';
import { handOutAll, type Keyspace } from '@aof/keyspace';
import { SnapshotError, type SnapshotFile } from './snapshot-file.ts';

/** How the file is written. */
export interface SnapshotFormat {
  /** `rdbcompression`. */
  readonly compresses: boolean;
  /** `rdbchecksum`. */
  readonly sums: boolean;
  /** Of this process, which the file tells. */
  readonly usedMemoryBytes: number;
  /** The code of function libraries. */
  readonly functions: readonly string[];
}

interface SaveOptions {
  readonly keyspace: Keyspace;
  readonly file: SnapshotFile;
  readonly format: SnapshotFormat;
  /** Wall clock of the cut, ms since the Unix epoch. */
  readonly nowMs: number;
}

function createWriter(output: BaseOutput, { keyspace, format, nowMs }: SaveOptions): RdbBaseWriter {
  return new RdbBaseWriter(output, {
    ...format,
    createdSec: Math.floor(nowMs / 1000),
    thresholds: keyspace.thresholds,
    sizes: databaseSizes(keyspace),
    isAofBase: false,
  });
}

/** Writes a snapshot; nobody is served until it is on the disk. Beside a rewrite that runs. @throws SnapshotError */
export function saveNow(options: SaveOptions): void {
  const { keyspace, file, nowMs } = options;
  const handle = file.open();
  try {
    const output = new BaseOutput(handle, { syncsInSteps: false, onProgress: () => undefined });
    const writer = createWriter(output, options);
    writer.begin();
    handOutAll(keyspace, { nowMs, sink: writer });
    writer.end();
    output.syncNow();
  } catch (error) {
    handle.close();
    file.discard();
    throw file.writeFailed(error);
  }
  handle.close();
  try {
    file.rename();
  } catch (error) {
    file.discard();
    throw error;
  }
  file.syncFolderNow();
}

export interface BackgroundSaveOptions extends SaveOptions {
  /** `rdb-save-incremental-fsync`. */
  readonly syncsInSteps: boolean;
  /** A monotonic clock, µs. */
  monotonicUs(): number;
  /** There is work for `step` again. */
  onWork(): void;
}

export class BackgroundSave {
  readonly #options: BackgroundSaveOptions;
  #output: BaseOutput | undefined;
  #copy: SnapshotCopy | undefined;
  #cancelReason: string | undefined;

  constructor(options: BackgroundSaveOptions) {
    this.#options = options;
  }

  /** Keys at the cut. */
  get keyCount(): number {
    return this.#copy?.keyCount ?? 0;
  }

  get copiedKeys(): number {
    return this.#copy?.copiedKeys ?? 0;
  }

  /** Keys that were copied because they were about to change. */
  get earlyKeys(): number {
    return this.#copy?.earlyKeys ?? 0;
  }

  /** The longest `step`, µs. */
  get maxSliceUs(): number {
    return this.#copy?.maxSliceUs ?? 0;
  }

  /**
   * Takes the cut before it returns: to be called between commands. Resolves when the snapshot is in its place.
   * @throws SnapshotError (as a rejection) there is no new one
   */
  async run(): Promise<void> {
    const { file } = this.#options;
    try {
      await this.#write();
      file.rename();
    } catch (error) {
      this.#copy?.close();
      await this.#output?.discard();
      file.discard();
      throw file.writeFailed(error);
    }
    await file.syncFolder();
  }

  /** See SnapshotCopy. */
  step(budgetUs: number): boolean {
    return this.#copy?.step(budgetUs) ?? false;
  }

  /** Gives the save up, unless the new snapshot is in its place; `run` rejects then. */
  cancel(reason: string): void {
    this.#cancelReason ??= reason;
    this.#copy?.giveUp(new SnapshotError('RDB_SAVE_CANCELLED', reason));
  }

  async #write(): Promise<void> {
    const { keyspace, file, nowMs, syncsInSteps, monotonicUs, onWork } = this.#options;
    const output = new BaseOutput(file.open(), { syncsInSteps, onProgress: () => this.#copy?.wake() });
    this.#output = output;
    const writer = createWriter(output, this.#options);
    this.#copy = new SnapshotCopy({ keyspace, output, writer, nowMs, monotonicUs, onWork });
    await this.#copy.copied;
    await output.sync();
    if (this.#cancelReason !== undefined) throw new SnapshotError('RDB_SAVE_CANCELLED', this.#cancelReason);
    output.file.close();
  }
}
