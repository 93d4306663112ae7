/** Why a log or a snapshot could not be loaded. Codes stay; messages may change. */
import { AofError, type AofErrorDetails } from '@aof/aof-files';

/**
 * `AOF_TRUNCATED`: the last file ends in the middle of a record and `aof-load-truncated` forbids to cut it, or cutting
 * failed. `AOF_TRUNCATED_NOT_LAST`: a file that is not the last one does. `AOF_BAD_FORMAT`: bytes that are no record.
 * `AOF_RECORD_REFUSED`: a record that cannot be run (unknown command, wrong number of arguments). `AOF_READ_FAILED`.
 * `AOF_RDB_PART`: the RDB part that a file begins with is damaged or cut off (the `cause` is the RdbError), or an entry in it
 * was refused. `AOF_RDB_PREAMBLE`: there is such a part, and an applier that takes records alone. `AOF_CHECKSUM_MISMATCH`: bytes
 * are not those that were written. `AOF_CHECKSUM_BEYOND_END`: bytes that are vouched for are not there.
 * `RDB_DAMAGED`: a snapshot file is damaged, cut off or none at all (the `cause` is the RdbError), or an entry in it was refused.
 * `RDB_READ_FAILED`.
 */
export type LoadErrorCode =
  | 'AOF_TRUNCATED'
  | 'AOF_TRUNCATED_NOT_LAST'
  | 'AOF_BAD_FORMAT'
  | 'AOF_RECORD_REFUSED'
  | 'AOF_READ_FAILED'
  | 'AOF_RDB_PART'
  | 'AOF_RDB_PREAMBLE'
  | 'AOF_CHECKSUM_MISMATCH'
  | 'AOF_CHECKSUM_BEYOND_END'
  | 'RDB_DAMAGED'
  | 'RDB_READ_FAILED';

export class LoadError extends AofError {
  override readonly name = 'LoadError';
  declare readonly code: LoadErrorCode;

  constructor(code: LoadErrorCode, message: string, details: AofErrorDetails = {}) {
    super(code, message, details);
  }
}
