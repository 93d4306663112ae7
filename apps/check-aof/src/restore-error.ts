/** Why a log cannot be restored or converted. Codes stay; messages may change. */
import { AofError, type AofErrorDetails } from '@aof/aof-files';

export type RestoreErrorCode =
  /** --at, and nothing in the log bears a time. */
  | 'RESTORE_NO_TIMES'
  /** --at is before what the log begins with: a rewrite has let go of it. */
  | 'RESTORE_TIME_GONE'
  /** --at falls among records that bear no time. */
  | 'RESTORE_TIME_UNKNOWN'
  /** --before names a command that is not there, or not so often. */
  | 'RESTORE_NO_SUCH_COMMAND'
  /** --before-offset is not in the records of the file, or --file not in the log. */
  | 'RESTORE_BAD_OFFSET'
  /** The log is damaged before the place to go back to. */
  | 'RESTORE_DAMAGED'
  /** Records that cannot be replayed here, where replaying is needed. */
  | 'RESTORE_UNKNOWN_COMMANDS'
  /** Records are to be written for a server whose configuration leaves a command no name. */
  | 'RESTORE_NO_NAME'
  /** The target holds something, or lies inside the log. */
  | 'RESTORE_TARGET_IN_USE'
  /** What was written does not load to the same data; it was taken away again. */
  | 'RESTORE_NOT_VERIFIED';

export class RestoreError extends AofError {
  override readonly name = 'RestoreError';
  declare readonly code: RestoreErrorCode;

  constructor(code: RestoreErrorCode, message: string, details: AofErrorDetails = {}) {
    super(code, message, details);
  }
}
