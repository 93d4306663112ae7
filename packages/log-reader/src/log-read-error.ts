/** Why a log cannot be read, or not to its end. Codes stay; messages may change. */
import { AofError, type AofErrorDetails, type RecordFaultCode } from '@aof/aof-files';

/**
 * What is wrong in a file. `AOF_TRUNCATED`: it ends inside a record; `AOF_UNFINISHED_TRANSACTION`: inside a MULTI without EXEC;
 * `AOF_RDB_PART`: its RDB part is damaged or cut off (the `cause` is the RdbError); `AOF_READ_FAILED`: the disk refused (the
 * `cause` is the DiskError); the others: bytes that are no record.
 */
export type LogFaultCode = RecordFaultCode | 'AOF_UNFINISHED_TRANSACTION' | 'AOF_RDB_PART' | 'AOF_READ_FAILED';

/** `AOF_NO_LOG`: there is none at that path; `AOF_SEVERAL_LOGS`: which one is meant is not clear. */
export type LogReadErrorCode = LogFaultCode | 'AOF_NO_LOG' | 'AOF_SEVERAL_LOGS';

export class LogReadError extends AofError {
  override readonly name: string = 'LogReadError';
  declare readonly code: LogReadErrorCode;

  constructor(code: LogReadErrorCode, message: string, details: AofErrorDetails = {}) {
    super(code, message, details);
  }
}

/** A fault of one file, which ends the reading of it. */
export class LogFault extends LogReadError {
  override readonly name = 'LogFault';
  declare readonly code: LogFaultCode;
  declare readonly path: string;
  /** Where what could not be read is. */
  declare readonly fileOffset: number;
  /** Everything before this offset is good: whole records, whole transactions. */
  readonly goodEndOffset: number;

  constructor(
    code: LogFaultCode,
    message: string,
    details: AofErrorDetails & { readonly path: string; readonly fileOffset: number; readonly goodEndOffset: number },
  ) {
    super(code, message, details);
    this.goodEndOffset = details.goodEndOffset;
  }
}
