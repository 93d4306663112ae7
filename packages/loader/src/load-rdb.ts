/**
 * Loads a snapshot: an RDB file that stands for itself, as SAVE and BGSAVE write it.
 *
 * Invariants: nothing on disk changes; memory is bounded by one chunk, the longest string and one part of a collection; no
 * read is under way any more when the file is closed.
 *
 * Source: Redis rdb.c, rdbLoad.
 */
import { type Disk, DiskError } from '@aof/disk';
import type { KeyForeseer, PackedTaker } from '@aof/rdb';
import { LoadError } from './load-error.ts';
import type { EntryApplier, StringApplier } from './load-log.ts';
import { loadRdbEntries } from './rdb-part.ts';

/** Bytes that are read at once. */
const CHUNK_BYTES = 1024 * 1024;

export interface LoadRdbOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly applyEntry: EntryApplier;
  /** Takes what it can of the keys with string values; without it, they are entries too. */
  readonly applyString?: StringApplier;
  /** Hears of some keys at once before `applyString` gets them one by one. */
  readonly foreseeKey?: KeyForeseer;
  /** Takes what it can of the keys with small collections, where `applyString` is given; the others are entries. */
  readonly takePacked?: PackedTaker;
  /** Bytes of the file that are applied so far. */
  readonly progress: (loadedBytes: number) => void;
  /** `rdbchecksum`. Default: true. */
  readonly verifiesRdbChecksum?: boolean;
  /** Longest string, bytes. Default: 512 MiB. */
  readonly maxBulkBytes?: number | undefined;
  /** Lets others run for a moment. */
  readonly yieldTurn: () => Promise<void>;
}

export interface RdbLoadReport {
  readonly totalBytes: number;
  /** Bytes behind the end of the RDB file, which nobody reads. */
  readonly ignoredBytes: number;
}

/** @throws LoadError RDB_DAMAGED, RDB_READ_FAILED */
export async function loadRdb(options: LoadRdbOptions): Promise<RdbLoadReport> {
  const { disk, path } = options;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const failed = (cause: unknown): never => {
    if (!(cause instanceof DiskError)) throw cause;
    throw new LoadError('RDB_READ_FAILED', `Fatal error: can't open or read the RDB file ${name}: ${cause.reason}`, {
      path,
      cause,
      hint: 'Check the disk and the permissions of the file.',
    });
  };
  let file: ReturnType<Disk['open']>;
  try {
    file = disk.open(path, 'read');
  } catch (cause) {
    return failed(cause);
  }
  try {
    const totalBytes = file.size();
    const endOffset = await loadRdbEntries({
      ...options,
      read: (buffer, fileOffset) => file.readAsync(buffer, 0, buffer.length, fileOffset).catch(failed),
      chunkBytes: Math.max(1, Math.min(CHUNK_BYTES, totalBytes)),
      totalBytes,
      damaged: (cause) => {
        const { message, fileOffset, doing, hint } = cause;
        return new LoadError(
          'RDB_DAMAGED',
          `Fatal error loading the DB ${name}: ${message} (at offset ${fileOffset}, ${doing})`,
          { path, fileOffset, cause, hint: hintOf(hint ?? message, path) },
        );
      },
      refused: (refusal, fileOffset) =>
        new LoadError('RDB_DAMAGED', `Fatal error loading the DB ${name}: ${refusal} (at offset ${fileOffset})`, {
          path,
          fileOffset,
          hint: `The entry at offset ${fileOffset} does not fit this server: compare its configuration with that of the server that wrote the file.`,
        }),
    });
    options.progress(endOffset);
    return { totalBytes, ignoredBytes: totalBytes - endOffset };
  } finally {
    file.close();
  }
}

function hintOf(reason: string, path: string): string {
  return `${reason}. Nothing has been changed on disk. Look at the file with redis-check-rdb ${path}, or restore it from a backup; moved away, it is not missed at the start, which is then empty.`;
}
