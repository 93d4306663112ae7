/**
 * What vouches for the bytes of one file of the log, compared while the file is read.
 *
 * Invariants: bytes that do not match, or are not there, are refused whatever `mayTruncate` says, and before any other reason that
 * they may cause; a file without a checksum file, or behind what that covers, is loaded as ever.
 */
import { type AofFile, type BlockSum, ChecksumVerifier, checksumNameOf, readChecksums } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { LoadError } from './load-error.ts';

/** What vouches for one file, in bytes of it. */
export interface Vouching {
  readonly coveredBytes: number;
  /** Entries of the checksum file that are not whole. */
  readonly damagedEntries: number;
  /** False: the checksum file has no header that can be read, and vouches for nothing. */
  readonly isReadable: boolean;
}

export class VouchedBytes {
  /** Undefined: there is no checksum file. */
  readonly vouching: Vouching | undefined;
  readonly #file: AofFile;
  readonly #coveredEnd: number;
  readonly #verifier: ChecksumVerifier;

  /**
   * @param sumsUncovered whether to sum what nothing vouches for yet
   * @throws LoadError AOF_CHECKSUM_BEYOND_END, AOF_READ_FAILED
   */
  constructor(disk: Disk, file: AofFile, sumsUncovered: boolean) {
    this.#file = file;
    const table = readTable(disk, file);
    this.vouching = table;
    this.#coveredEnd = table?.coveredEnd ?? 0;
    if (this.#coveredEnd > file.size) throw beyondEnd(file, this.#coveredEnd);
    this.#verifier = new ChecksumVerifier(table, sumsUncovered);
  }

  /** Offset behind the last byte that is vouched for; 0 if none is. */
  get coveredEnd(): number {
    return this.#coveredEnd;
  }

  /** Takes bytes as they were read; what was taken before is passed over. @throws LoadError AOF_CHECKSUM_MISMATCH */
  take(bytes: Uint8Array, fileOffset: number): void {
    this.#verifier.take(bytes, fileOffset);
    const [mismatch] = this.#verifier.mismatches;
    if (mismatch === undefined) return;
    const { name, path } = this.#file;
    const { block, start, end } = mismatch;
    throw new LoadError(
      'AOF_CHECKSUM_MISMATCH',
      `The append only file ${name} is damaged: bytes ${start} to ${end - 1} (block ${block}) are not those that were written, says ${checksumNameOf(name)}`,
      { path, fileOffset: start, hint: `Nothing has been changed on disk. ${WAYS_OUT(path)}` },
    );
  }

  /** Compares what is vouched for and was not read yet: what cannot be read may be damaged further on. @throws LoadError */
  takeRest(handle: DiskFile, chunk: Uint8Array): void {
    for (let at = this.#verifier.position; at < this.#coveredEnd; at = this.#verifier.position) {
      const length = handle.read(chunk, 0, chunk.length, at);
      if (length === 0) throw beyondEnd(this.#file, this.#coveredEnd);
      this.take(chunk.subarray(0, length), at);
    }
  }

  /**
   * Sums of what nothing vouched for.
   * @param limit where the good part of the file ends
   */
  uncovered(limit: number): readonly BlockSum[] {
    return this.#verifier.uncovered.filter(({ end }) => end <= limit);
  }
}

function readTable(disk: Disk, file: AofFile): ReturnType<typeof readChecksums> {
  try {
    return readChecksums(disk, file.path, file.size);
  } catch (cause) {
    if (!(cause instanceof DiskError)) throw cause;
    const name = checksumNameOf(file.name);
    throw new LoadError('AOF_READ_FAILED', `Unrecoverable error reading the checksum file ${name}: ${cause.reason}`, {
      path: checksumNameOf(file.path),
      cause,
      hint: `Check the disk and the permissions of the file. Without ${name} the log is loaded too; nothing vouches for its bytes then.`,
    });
  }
}

function beyondEnd({ name, path, size }: AofFile, coveredEnd: number): LoadError {
  return new LoadError(
    'AOF_CHECKSUM_BEYOND_END',
    `The append only file ${name} has lost its end: it has ${size} bytes, and ${checksumNameOf(name)} vouches for ${coveredEnd} that were written and synced`,
    { path, fileOffset: size, hint: `Nothing has been changed on disk. ${WAYS_OUT(path)}` },
  );
}

const WAYS_OUT = (path: string): string =>
  `check-aof --strict shows the commands in question. Restore the file from a backup; or accept it as it is, with check-aof repair, or, if another program has changed it on purpose, by removing ${checksumNameOf(path)}`;
