/** Why a rewrite ended without a new log. */
import { AofError, type AofErrorDetails } from '@aof/aof-files';

/**
 * `AOF_REWRITE_NO_ROOM`: the disk clearly has no room for it. `AOF_REWRITE_FAILED`: the disk refused something.
 * `AOF_REWRITE_CANCELLED`: somebody gave it up on purpose. In all cases the log is as it was.
 */
export type RewriteErrorCode = 'AOF_REWRITE_NO_ROOM' | 'AOF_REWRITE_FAILED' | 'AOF_REWRITE_CANCELLED';

const HINTS: Readonly<Record<RewriteErrorCode, string>> = {
  AOF_REWRITE_NO_ROOM: 'free space on the disk of the log, then run BGREWRITEAOF',
  AOF_REWRITE_FAILED: 'see the cause; once the disk works again, run BGREWRITEAOF',
  AOF_REWRITE_CANCELLED: 'run BGREWRITEAOF if a rewrite is still wanted',
};

export class RewriteError extends AofError {
  override readonly name = 'RewriteError';
  declare readonly code: RewriteErrorCode;

  constructor(code: RewriteErrorCode, message: string, details: Omit<AofErrorDetails, 'hint'> = {}) {
    super(code, message, { ...details, hint: HINTS[code] });
  }
}
