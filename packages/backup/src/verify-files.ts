/** Reads the files of a backup as a start does, to the last byte, and changes nothing. */
import { AofError, type AofFile } from '@aof/aof-files';
import type { Disk } from '@aof/disk';
import { loadLog, type RecordApplier } from '@aof/loader';
import { BackupError } from './backup-error.ts';

export interface VerifyOptions {
  readonly disk: Disk;
  readonly files: readonly AofFile[];
  /** Judges the records; takes the entries of RDB parts, if there may be any. */
  readonly applier: RecordApplier;
  /** Longest argument and string, bytes. */
  readonly maxBulkBytes: number;
  readonly nowMs: () => number;
  /** Lets others run for a moment; rejects if the backup is not wanted any more. */
  readonly yieldTurn: () => Promise<void>;
}

/**
 * @returns how many records there are
 * @throws BackupError BACKUP_DAMAGED: a server would refuse them, or cut something off; BACKUP_CANCELLED
 */
export async function verifyFiles(options: VerifyOptions): Promise<number> {
  const { disk, files, applier, maxBulkBytes, nowMs, yieldTurn } = options;
  try {
    const { records } = await loadLog({
      disk,
      files,
      applier,
      events: SILENT,
      mayTruncate: false,
      maxBulkBytes,
      nowMs,
      yieldTurn,
    });
    return records;
  } catch (error) {
    if (!(error instanceof AofError) || error instanceof BackupError) throw error;
    throw damaged(error);
  }
}

function damaged(cause: AofError): BackupError {
  const { path, fileOffset, message } = cause;
  return new BackupError('BACKUP_DAMAGED', `the copy cannot be loaded: ${message}`, {
    cause,
    ...(path !== undefined && { path }),
    ...(fileOffset !== undefined && { fileOffset }),
    hint: 'The files of the log itself hold the same bytes: BGREWRITEAOF writes them anew from memory, then try again.',
  });
}

const SILENT = {
  progress: () => undefined,
  fileLoaded: () => undefined,
  truncatedFound: () => undefined,
  truncated: () => undefined,
};
