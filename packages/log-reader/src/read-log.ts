/**
 * Reads a log, of either layout, from its first byte to its last, as events in batches.
 *
 * Invariants: nothing is written; memory is bounded by two chunks and the longest record, or one part of a value of an RDB
 * part; what is readable is delivered before a fault is; no read is under way when a file is closed. All files are opened before the first
 * is read, so that a server that rewrites its log meanwhile takes none away.
 */
import { NEED_MORE } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import type { Request } from '@aof/resp-codec';
import { CHUNK_BYTES, fileChunks } from './file-chunks.ts';
import { type FoundLog, findLog, type LogFile } from './find-log.ts';
import type { LogEvent } from './log-event.ts';
import { faultOf, readFailed } from './log-fault.ts';
import { LogFault } from './log-read-error.ts';
import { RdbPart, type RdbPartOptions } from './rdb-part.ts';
import { RecordEvents } from './record-events.ts';

/** A rewrite may delete files between the reading of the manifest and their opening; then the manifest is read anew. */
const OPEN_ATTEMPTS = 5;

export interface ReadLogOptions extends RdbPartOptions {
  /**
   * What becomes of a fault: `throw` it, as the default is, or `report` it in the `file-end` event and go on with the next file.
   * Either way what is readable before it is delivered first.
   */
  readonly faults?: 'throw' | 'report';
  /** Which files of the log are read. Default: all. */
  readonly isWanted?: (file: LogFile) => boolean;
  /**
   * What a record means, where the server calls commands by other names (`rename-command`): that is the event's `request`, and
   * decides about databases and transactions. Default: what stands there.
   */
  readonly understood?: (record: Request) => Request;
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
  const opened = openLog(disk, path, options.isWanted);
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

function openLog(disk: Disk, path: string | FoundLog, isWanted: (file: LogFile) => boolean = () => true): OpenedFile[] {
  for (let attempt = 1; ; attempt++) {
    const opened: OpenedFile[] = [];
    try {
      const log = typeof path === 'string' ? findLog(disk, path) : path;
      for (const file of log.files.filter(isWanted)) {
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
    const part = new RdbPart(file, handle, options);
    for await (const events of part.events()) yield batchOf(events, state, events.at(-1)?.endOffset ?? 0);
    const { recordsAt } = part;
    const records = new RecordEvents({
      file,
      fileOffset: recordsAt,
      atSeconds: state.atSeconds,
      transactions: state.transactions,
      maxBulkBytes: options.maxBulkBytes,
      understood: options.understood,
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

function batchOf(events: readonly LogEvent[], { readBytes, totalBytes }: ReadingState, fileOffset: number): LogBatch {
  return { [Symbol.iterator]: () => events[Symbol.iterator](), readBytes: readBytes + fileOffset, totalBytes };
}
