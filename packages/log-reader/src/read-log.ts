/**
 * Reads a log, of either layout, from its first byte to its last, as events in batches.
 *
 * Invariants: nothing is written; memory is bounded by two chunks and the longest record, or one part of a value of an RDB
 * part; what is readable is delivered before a fault is; no read is under way when a file is closed. All files are opened before the first
 * is read, so that a server that rewrites its log meanwhile takes none away.
 */
import { FORMAT_ERROR, NEED_MORE, type RecordFault, TRUNCATED } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { beginsWithRdbPart, MAGIC_BYTES } from '@aof/loader';
import { ENTRY, END as RDB_END, RdbReader } from '@aof/rdb';
import { fileChunks } from './file-chunks.ts';
import { type FoundLog, findLog, type LogFile } from './find-log.ts';
import type { EntryEvent, LogEvent } from './log-event.ts';
import { LogFault } from './log-read-error.ts';
import { RecordEvents } from './record-events.ts';

/** Large enough that the time goes into reading, small enough to stay in the processor's cache. */
const CHUNK_BYTES = 1024 * 1024;
/** Collections of an RDB part come in parts of about so many elements. */
const PART_ELEMENTS = 1024;
/** A rewrite may delete files between the reading of the manifest and their opening; then the manifest is read anew. */
const OPEN_ATTEMPTS = 5;

export interface ReadLogOptions {
  /**
   * What becomes of a fault: `throw` it, as the default is, or `report` it in the `file-end` event and go on with the next file.
   * Either way what is readable before it is delivered first.
   */
  readonly faults?: 'throw' | 'report';
  /** Elements in a part of a collection of an RDB part. Default 1024; Infinity: values come whole. */
  readonly partElements?: number;
  /** Whether the checksum of an RDB part is compared. Default true. */
  readonly verifiesRdbChecksum?: boolean;
  /** Longest argument of a record, and longest string of an RDB part, in bytes. Default: 512 MiB. */
  readonly maxBulkBytes?: number;
  /** Bytes that are read at once. Default 1 MiB. */
  readonly chunkBytes?: number;
}

/** Events that lie in memory already. Those that a loop leaves unread are passed over. */
export interface LogBatch extends Iterable<LogEvent> {
  /** Bytes of the log before this batch, and of the whole log when it was opened. */
  readonly readBytes: number;
  readonly totalBytes: number;
}

/**
 * The events of the log at `path`.
 *
 *     for await (const batch of readLog(disk, path)) for (const event of batch) …
 *
 * @param path as of `findLog`; or a log that has been found, whose files are read as listed there
 * @throws LogReadError, ManifestError: there is no log to read; LogFault: see `faults`
 */
export async function* readLog(
  disk: Disk,
  path: string | FoundLog,
  options: ReadLogOptions = {},
): AsyncGenerator<LogBatch, void, void> {
  const opened = openLog(disk, path);
  const totalBytes = opened.reduce((sum, { size }) => sum + size, 0);
  const state: ReadingState = { readBytes: 0, totalBytes, atSeconds: undefined, transactions: 0 };
  try {
    for (const [i, file] of opened.entries())
      yield* readFile(file, { ...options, state, isLast: i === opened.length - 1 });
  } finally {
    for (const { handle } of opened) handle.close();
  }
}

interface OpenedFile {
  readonly file: LogFile;
  readonly handle: DiskFile;
  readonly size: number;
}

/** What goes on from file to file. */
interface ReadingState {
  /** Of the files before the present one. */
  readBytes: number;
  readonly totalBytes: number;
  atSeconds: number | undefined;
  transactions: number;
}

interface FileOptions extends ReadLogOptions {
  readonly state: ReadingState;
  readonly isLast: boolean;
}

function openLog(disk: Disk, path: string | FoundLog): OpenedFile[] {
  for (let attempt = 1; ; attempt++) {
    const opened: OpenedFile[] = [];
    try {
      const log = typeof path === 'string' ? findLog(disk, path) : path;
      for (const file of log.files) {
        const handle = disk.open(file.path, 'read');
        opened.push({ file, handle, size: handle.size() });
      }
      return opened;
    } catch (error) {
      for (const { handle } of opened) handle.close();
      const isGone = error instanceof DiskError && error.code === 'ENOENT';
      if (!isGone || typeof path !== 'string' || attempt === OPEN_ATTEMPTS) throw error;
    }
  }
}

async function* readFile(opened: OpenedFile, options: FileOptions): AsyncGenerator<LogBatch, void, void> {
  const { file, handle, size } = opened;
  const { state, isLast } = options;
  yield batchOf([{ kind: 'file-begin', file, size }], state, 0);
  let fault: LogFault | undefined;
  let goodEndOffset = 0;
  try {
    const recordsAt = yield* readRdbPart(opened, options);
    const records = new RecordEvents({
      file,
      fileOffset: recordsAt,
      atSeconds: state.atSeconds,
      transactions: state.transactions,
      maxBulkBytes: options.maxBulkBytes,
    });
    goodEndOffset = recordsAt;
    try {
      yield* readRecords(records, handle, recordsAt, options);
    } finally {
      records.close();
      ({ goodEndOffset } = records);
      state.atSeconds = records.atSeconds;
      state.transactions = records.transactions;
    }
    fault = faultOf(records, file);
  } catch (error) {
    if (error instanceof LogFault) fault = error;
    else if (error instanceof DiskError) fault = readFailed(error, file, goodEndOffset);
    else throw error;
  }
  yield batchOf([{ kind: 'file-end', file, goodEndOffset, fault, isLast }], state, size);
  state.readBytes += size;
  if (fault !== undefined && options.faults !== 'report') throw fault;
}

async function* readRecords(
  records: RecordEvents,
  handle: DiskFile,
  recordsAt: number,
  { state, chunkBytes = CHUNK_BYTES }: FileOptions,
): AsyncGenerator<LogBatch, void, void> {
  const batch = new RecordBatch(records, state);
  for await (const chunk of fileChunks(handle, recordsAt, chunkBytes)) {
    records.feed(chunk);
    yield* batch.all();
    if (records.status !== NEED_MORE) return;
  }
  records.end();
  yield* batch.all();
}

/** The events of what has been fed. One object serves for all batches of a file. */
class RecordBatch implements LogBatch, Iterator<LogEvent> {
  readonly #records: RecordEvents;
  readonly #state: ReadingState;
  readonly #result: { done: boolean; value: LogEvent | undefined } = { done: false, value: undefined };
  #isDone = false;

  constructor(records: RecordEvents, state: ReadingState) {
    this.#records = records;
    this.#state = state;
  }

  get readBytes(): number {
    return this.#state.readBytes + this.#records.endOffset;
  }

  get totalBytes(): number {
    return this.#state.totalBytes;
  }

  *all(): Generator<LogBatch, void, void> {
    this.#isDone = false;
    yield this;
    while (!this.#isDone) this.next();
  }

  [Symbol.iterator](): Iterator<LogEvent> {
    return this;
  }

  next(): IteratorResult<LogEvent, undefined> {
    const value = this.#isDone ? undefined : this.#records.next();
    const result = this.#result;
    result.value = value;
    result.done = value === undefined;
    if (value === undefined) this.#isDone = true;
    // `done` says whether there is a value: the two fields change together.
    return result as IteratorResult<LogEvent, undefined>;
  }
}

/** @returns where the records begin @throws LogFault AOF_RDB_PART */
async function* readRdbPart(
  { file, handle }: OpenedFile,
  options: FileOptions,
): AsyncGenerator<LogBatch, number, void> {
  const head = new Uint8Array(MAGIC_BYTES);
  const length = await handle.readAsync(head, 0, head.length, 0);
  if (!beginsWithRdbPart(head.subarray(0, length))) return 0;
  const { state, partElements = PART_ELEMENTS, maxBulkBytes, chunkBytes = CHUNK_BYTES } = options;
  const reader = new RdbReader({
    partElements,
    acceptsNewer: true,
    verifiesChecksum: options.verifiesRdbChecksum ?? true,
    ...(maxBulkBytes === undefined ? {} : { maxStringBytes: maxBulkBytes }),
  });
  const entries = new RdbEntries(reader, file);
  for await (const chunk of fileChunks(handle, 0, chunkBytes)) {
    reader.feed(chunk);
    yield* entries.batches(state);
    if (entries.isEnded) break;
  }
  if (!entries.isEnded) {
    reader.end();
    yield* entries.batches(state);
  }
  const { error } = reader;
  if (error === undefined) return reader.endOffset;
  throw new LogFault('AOF_RDB_PART', `The RDB part of ${file.name} cannot be read on: ${error.message}`, {
    path: file.path,
    fileOffset: error.fileOffset,
    goodEndOffset: 0,
    hint: error.hint ?? `check-aof ${file.path}`,
    cause: error,
  });
}

/** Entries of an RDB part in memory at once: few, because an entry may be large. */
const ENTRIES_PER_BATCH = 256;

class RdbEntries {
  isEnded = false;
  readonly #reader: RdbReader;
  readonly #file: LogFile;
  #atSeconds: number | undefined;

  constructor(reader: RdbReader, file: LogFile) {
    this.#reader = reader;
    this.#file = file;
  }

  /** The entries of what has been fed. */
  *batches(state: ReadingState): Generator<LogBatch, void, void> {
    for (;;) {
      const events: EntryEvent[] = [];
      while (events.length < ENTRIES_PER_BATCH) {
        const event = this.#next();
        if (event === undefined) break;
        events.push(event);
      }
      if (events.length > 0) yield batchOf(events, state, this.#reader.endOffset);
      if (events.length < ENTRIES_PER_BATCH) return;
    }
  }

  #next(): EntryEvent | undefined {
    const reader = this.#reader;
    const status = reader.next();
    const { entry } = reader;
    if (status !== ENTRY || entry === undefined) {
      this.isEnded = status === RDB_END || reader.error !== undefined;
      return undefined;
    }
    if (entry.kind === 'aux' && entry.key === 'ctime' && /^\d{1,15}$/.test(entry.value))
      this.#atSeconds = Number(entry.value);
    const { fileOffset } = entry;
    return {
      kind: 'entry',
      entry,
      file: this.#file,
      fileOffset,
      endOffset: reader.endOffset,
      atSeconds: this.#atSeconds,
    };
  }
}

function batchOf(events: readonly LogEvent[], { readBytes, totalBytes }: ReadingState, fileOffset: number): LogBatch {
  return { [Symbol.iterator]: () => events[Symbol.iterator](), readBytes: readBytes + fileOffset, totalBytes };
}

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

function readFailed(cause: DiskError, file: LogFile, goodEndOffset: number): LogFault {
  return new LogFault('AOF_READ_FAILED', `Cannot read ${file.name}: ${cause.reason}`, {
    path: file.path,
    fileOffset: goodEndOffset,
    goodEndOffset,
    cause,
    hint: 'Check the disk and the permissions of the file.',
  });
}
