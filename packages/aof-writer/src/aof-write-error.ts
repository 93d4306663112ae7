/** The error of an operation on the log that cannot be done because the disk refuses. */

/** `AOF_WRITE_FAILED`: records could not be written. `AOF_SYNC_FAILED`: what was written is not known to be durable. */
export type AofWriteErrorCode = 'AOF_WRITE_FAILED' | 'AOF_SYNC_FAILED';

const HINTS: Readonly<Record<AofWriteErrorCode, string>> = {
  AOF_WRITE_FAILED:
    'free space on the disk of the log, then try again; INFO persistence shows aof_last_write_status:ok once it works',
  AOF_SYNC_FAILED: 'check the disk, then run BGREWRITEAOF: it writes the log anew from memory',
};

export class AofWriteError extends Error {
  override readonly name = 'AofWriteError';
  readonly code: AofWriteErrorCode;
  readonly path: string;
  /** Size of the file at the time, bytes. */
  readonly fileOffset: number;
  /** The text of strerror(3). */
  readonly reason: string;
  readonly hint: string;

  constructor(code: AofWriteErrorCode, path: string, fileOffset: number, reason: string) {
    super(`${code === 'AOF_WRITE_FAILED' ? 'cannot write' : 'cannot sync'} ${path}: ${reason}`);
    this.code = code;
    this.path = path;
    this.fileOffset = fileOffset;
    this.reason = reason;
    this.hint = HINTS[code];
  }
}
