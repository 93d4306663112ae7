/** The error of an operation on the log that cannot be done because the disk refuses. */

import { AofError } from '@aof/aof-files';

/** `AOF_WRITE_FAILED`: records could not be written. `AOF_SYNC_FAILED`: what was written is not known to be durable. */
export type AofWriteErrorCode = 'AOF_WRITE_FAILED' | 'AOF_SYNC_FAILED';

const HINTS: Readonly<Record<AofWriteErrorCode, string>> = {
  AOF_WRITE_FAILED:
    'free space on the disk of the log, then try again; INFO persistence shows aof_last_write_status:ok once it works',
  AOF_SYNC_FAILED: 'check the disk, then run BGREWRITEAOF: it writes the log anew from memory',
};

export class AofWriteError extends AofError {
  override readonly name = 'AofWriteError';
  declare readonly code: AofWriteErrorCode;
  /** The text of strerror(3). */
  readonly reason: string;

  /** @param fileOffset size of the file at the time, bytes */
  constructor(code: AofWriteErrorCode, path: string, fileOffset: number, reason: string) {
    const action = code === 'AOF_WRITE_FAILED' ? 'cannot write' : 'cannot sync';
    super(code, `${action} ${path}: ${reason}`, { path, fileOffset, hint: HINTS[code] });
    this.reason = reason;
  }
}
