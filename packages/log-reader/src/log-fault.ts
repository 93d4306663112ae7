/** Why the reading of a file's records ended, as a typed error. */
import { FORMAT_ERROR, NEED_MORE, type RecordFault, TRUNCATED } from '@aof/aof-files';
import type { DiskError } from '@aof/disk';
import type { RdbError } from '@aof/rdb';
import type { LogFile } from './find-log.ts';
import { LogFault } from './log-read-error.ts';
import type { RecordEvents } from './record-events.ts';

/** Why the reading of the records ended, if not at the end of the file. */
export function faultOf(records: RecordEvents, file: LogFile): LogFault | undefined {
  const { status, fault, goodEndOffset, openTransaction } = records;
  if (status === TRUNCATED || status === FORMAT_ERROR) {
    if (fault === undefined) throw new Error('bug: a record reader failed without a fault');
    return recordFault(fault, file, goodEndOffset);
  }
  if (openTransaction === undefined) return undefined;
  const { fileOffset } = openTransaction;
  return new LogFault(
    'AOF_UNFINISHED_TRANSACTION',
    `${file.name} ends before the EXEC of a MULTI at offset ${fileOffset}`,
    {
      path: file.path,
      fileOffset,
      goodEndOffset,
      hint: `A server that loads it drops the transaction. check-aof ${file.path}`,
    },
  );
}

function recordFault(fault: RecordFault, file: LogFile, goodEndOffset: number): LogFault {
  const what =
    fault.code === 'AOF_TRUNCATED'
      ? `${file.name} ends inside the record at offset ${fault.recordOffset}`
      : `${file.name} has no record at offset ${fault.recordOffset}: ${fault.text ?? 'it does not begin with *'}`;
  return new LogFault(fault.code, what, {
    path: file.path,
    fileOffset: fault.fileOffset,
    goodEndOffset,
    hint: `Make a backup, then check-aof ${file.path}`,
  });
}

export function readFailed(cause: DiskError, file: LogFile, goodEndOffset: number): LogFault {
  return new LogFault('AOF_READ_FAILED', `Cannot read ${file.name}: ${cause.reason}`, {
    path: file.path,
    fileOffset: goodEndOffset,
    goodEndOffset,
    cause,
    hint: 'Check the disk and the permissions of the file.',
  });
}

export function rdbFault(cause: RdbError, file: LogFile): LogFault {
  return new LogFault('AOF_RDB_PART', `The RDB part of ${file.name} cannot be read on: ${cause.message}`, {
    path: file.path,
    fileOffset: cause.fileOffset,
    goodEndOffset: 0,
    hint: cause.hint ?? `check-aof ${file.path}`,
    cause,
  });
}

/** What a file that goes on nowhere ends with: half a record, or a transaction without its EXEC. */
export function faultAtEnd(records: RecordEvents, file: LogFile): LogFault | undefined {
  if (records.status !== NEED_MORE) return faultOf(records, file);
  records.end();
  records.next();
  return faultOf(records, file);
}
