/**
 * Loads a log: streams its files, in order, record by record, into an injected `apply`.
 *
 * Invariants
 * - Nothing on disk changes unless the *last* file ends inside a record or a transaction and truncation is allowed.
 * - What is cut off begins after the last record that stands for itself: an unfinished transaction goes as a whole.
 * - Memory is bounded by two chunks and the longest record.
 * - No read is under way any more when a file is closed.
 * - Bytes that a checksum file vouches for are compared before a load can succeed, and are never cut off.
 *
 * Source: Redis persistence docs; Redis aof.c, loadSingleAppendOnlyFile.
 */
import {
  ANNOTATION,
  type AofFile,
  AofRecordReader,
  type BlockSum,
  cutLogFile,
  END,
  NEED_MORE,
  RECORD,
  type ReadStatus,
  type RecordFault,
  type RecordView,
} from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import type { KeyAttributes, KeyForeseer, PackedTaker, RdbEntry } from '@aof/rdb';
import { LoadError } from './load-error.ts';
import { beginsWithRdbPart, loadRdbPart, MAGIC_BYTES } from './rdb-part.ts';
import { VouchedBytes, type Vouching } from './vouched-bytes.ts';

/** Bytes that are read at once, one chunk ahead of what is applied. */
const CHUNK_BYTES = 1024 * 1024;
/** After this many records others may run: clients are answered -LOADING, INFO tells the progress. */
const RECORDS_PER_TURN = 16 * 1024;

/** Refusals that damaged bytes may be the reason of. */
const CAUSED_BY_BYTES: ReadonlySet<string> = new Set(['AOF_BAD_FORMAT', 'AOF_RECORD_REFUSED', 'AOF_RDB_PART']);

/**
 * What became of a record: applied and complete in itself, part of an open transaction, or refused (unknown command,
 * wrong number of arguments), which ends the load.
 */
export type ApplyOutcome = 'applied' | 'in-transaction' | { readonly refusal: string };

/** Who runs the records: a server's executor, a checker's counters. */
export interface RecordApplier {
  /** Filled with each record before `apply` is called; its bytes are valid only until `apply` returns. */
  readonly view: RecordView;
  /** Runs the record in `view`. */
  apply(): ApplyOutcome;
  /** A transaction is still open at the end of a file: what it holds must not run. */
  abandonTransaction(): void;
  /** Takes the entries of an RDB part; without it, files that begin with one are refused. */
  readonly applyEntry?: EntryApplier;
  /** Takes what it can of the keys with string values; without it, they are entries too. */
  readonly applyString?: StringApplier;
  /** Hears of some keys at once before `applyString` gets them one by one. */
  readonly foreseeKey?: KeyForeseer;
  /** Takes what it can of the keys with small collections, where `applyString` is given; the others are entries. */
  readonly takePacked?: PackedTaker;
}

/**
 * Takes one entry of an RDB part. Keys come whole or, if they are large, in parts one behind the other. Nothing has expired
 * as long as the load runs, not even keys whose time has passed. How many keys are to come (`resize`) is bounded by what the rest of
 * the file makes likely, so that room may be made for them.
 *
 * @returns why the entry cannot be taken, which ends the load, or undefined
 * @throws RdbError the entry contradicts itself
 */
export type EntryApplier = (entry: RdbEntry) => string | undefined;

/**
 * Takes a key, which has come no other way, and its short string value: ranges (ends exclusive) of `bytes`, which hold during the call
 * only, as `attributes` does.
 *
 * @returns why the key cannot be taken, which ends the load, or undefined
 */
export type StringApplier = (
  database: number,
  bytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  attributes: Readonly<KeyAttributes>,
) => string | undefined;

/** What the operator may want to hear. The loader itself neither logs nor exits. */
export interface LoadEvents {
  /** Bytes of all files that are applied so far. */
  progress(loadedBytes: number): void;
  fileLoaded(file: AofFile, elapsedMs: number): void;
  /** The file begins with an RDB part, which is going to be read. */
  rdbPartFound?(file: AofFile): void;
  /** It has been read; records follow at `fileOffset`, unless the file ends there. */
  rdbPartLoaded?(file: AofFile, fileOffset: number): void;
  /** The file has a checksum file, and everything that it vouches for is as it was written. */
  checksumsMatched?(file: AofFile, vouching: Vouching): void;
  /** The last file ends inside a record or, `isTransaction`, inside a transaction; `fileOffset` is where the good part ends. */
  truncatedFound(file: AofFile, fileOffset: number, isTransaction: boolean): void;
  /** The file has been cut there, on disk. */
  truncated(file: AofFile, fileOffset: number): void;
}

export interface LoadLogOptions {
  readonly disk: Disk;
  readonly files: readonly AofFile[];
  readonly applier: RecordApplier;
  readonly events: LoadEvents;
  /** `aof-load-truncated`: cut an unfinished end off the last file and go on. */
  readonly mayTruncate: boolean;
  /** `rdbchecksum`: compare the checksum of an RDB part. Default: true. */
  readonly verifiesRdbChecksum?: boolean;
  /** Longest argument of a record, and longest string of an RDB part, in bytes. Default: 512 MiB. */
  readonly maxBulkBytes?: number | undefined;
  /** Sum the bytes that no checksum file vouches for, for `uncovered` of the report. Default: false. */
  readonly sumsUncovered?: boolean;
  /** Monotonic clock, ms. */
  readonly nowMs: () => number;
  /** Lets others run for a moment. */
  readonly yieldTurn: () => Promise<void>;
}

export interface LoadReport {
  /** `not-exist`: no files; `empty`: no bytes; `truncated`: the last file was cut. */
  readonly state: 'ok' | 'not-exist' | 'empty' | 'truncated';
  readonly totalBytes: number;
  readonly records: number;
  /** By path, with `sumsUncovered`: what nothing vouched for, as it was loaded. Not known to be durable yet. */
  readonly uncovered?: ReadonlyMap<string, readonly BlockSum[]>;
}

/** @throws LoadError the log cannot be loaded; nothing on disk has changed, unless cutting itself failed */
export async function loadLog(options: LoadLogOptions): Promise<LoadReport> {
  const { files } = options;
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length === 0) return { state: 'not-exist', totalBytes, records: 0 };
  const vouched = files.map((file) => new VouchedBytes(options.disk, file, options.sumsUncovered === true));
  if (totalBytes === 0) return { state: 'empty', totalBytes, records: 0 };
  const uncovered = new Map<string, readonly BlockSum[]>();
  let records = 0;
  let loadedBytes = 0;
  let isTruncated = false;
  for (const [i, file] of files.entries()) {
    const bytes = vouched[i] ?? new VouchedBytes(options.disk, file, false);
    const load = new FileLoad(options, file, bytes, loadedBytes);
    const startedAtMs = options.nowMs();
    const end = await load.run();
    records += load.records;
    loadedBytes += file.size;
    if (bytes.vouching !== undefined) options.events.checksumsMatched?.(file, bytes.vouching);
    if (end !== undefined && end.fileOffset < bytes.coveredEnd) throw unfinishedAndVouchedFor(file, end, bytes);
    uncovered.set(file.path, bytes.uncovered(end?.fileOffset ?? file.size));
    if (end !== undefined) {
      handleTruncation(options, file, end, i === files.length - 1);
      isTruncated = true;
    } else if (file.size > 0) options.events.fileLoaded(file, options.nowMs() - startedAtMs);
  }
  const report = { state: isTruncated ? 'truncated' : 'ok', totalBytes, records } as const;
  return options.sumsUncovered === true ? { ...report, uncovered } : report;
}

/** Where a file's good part ends although the file goes on. */
interface UnfinishedEnd {
  readonly fileOffset: number;
  readonly isTransaction: boolean;
}

/** Reads one file and applies its records. */
class FileLoad {
  readonly #options: LoadLogOptions;
  readonly #file: AofFile;
  readonly #vouched: VouchedBytes;
  readonly #bytesBefore: number;
  /** End of the last record that stands for itself. */
  #safeOffset = 0;
  #isInTransaction = false;
  #sinceYield = 0;
  records = 0;

  constructor(options: LoadLogOptions, file: AofFile, vouched: VouchedBytes, bytesBefore: number) {
    this.#options = options;
    this.#file = file;
    this.#vouched = vouched;
    this.#bytesBefore = bytesBefore;
  }

  /** @returns undefined when the file ends where a record ends, outside a transaction */
  async run(): Promise<UnfinishedEnd | undefined> {
    const { disk, applier } = this.#options;
    const handle = reading(this.#file, () => disk.open(this.#file.path, 'read'));
    try {
      this.#safeOffset = await this.#loadRdbPart(handle);
      const fault = await this.#stream(handle, this.#safeOffset);
      if (fault !== undefined) this.#verifyRest(handle);
      if (fault !== undefined && fault.code !== 'AOF_TRUNCATED') throw this.#badFormat(fault);
      if (fault === undefined && !this.#isInTransaction) return undefined;
      if (this.#isInTransaction) applier.abandonTransaction();
      return { fileOffset: this.#safeOffset, isTransaction: this.#isInTransaction };
    } catch (error) {
      // Where damaged bytes are the reason, that is what there is to know.
      if (error instanceof LoadError && CAUSED_BY_BYTES.has(error.code)) this.#verifyRest(handle);
      throw error;
    } finally {
      handle.close();
    }
  }

  #verifyRest(handle: DiskFile): void {
    reading(this.#file, () => this.#vouched.takeRest(handle, new Uint8Array(CHUNK_BYTES)));
  }

  /** @returns the file offset at which the records begin */
  async #loadRdbPart(handle: DiskFile): Promise<number> {
    const { applier, events } = this.#options;
    const file = this.#file;
    const head = new Uint8Array(MAGIC_BYTES);
    const length = reading(file, () => handle.read(head, 0, head.length, 0));
    if (!beginsWithRdbPart(head.subarray(0, length))) return 0;
    if (applier.applyEntry === undefined) {
      throw new LoadError('AOF_RDB_PREAMBLE', `The append only file ${file.name} begins with an RDB part`, {
        path: file.path,
        fileOffset: 0,
        hint: 'What is loaded here is records alone. On the server that wrote it: CONFIG SET aof-use-rdb-preamble no, then BGREWRITEAOF.',
      });
    }
    events.rdbPartFound?.(file);
    const fileOffset = await loadRdbPart({
      ...this.#options,
      file,
      applyEntry: (entry) => applier.applyEntry?.(entry),
      applyString: applier.applyString,
      foreseeKey: applier.foreseeKey,
      takePacked: applier.takePacked,
      read: async (buffer, position) => {
        const count = await reading(file, () => handle.readAsync(buffer, 0, buffer.length, position));
        this.#vouched.take(buffer.subarray(0, count), position);
        return count;
      },
      progress: (offset) => events.progress(this.#bytesBefore + offset),
      chunkBytes: Math.max(1, Math.min(CHUNK_BYTES, file.size)),
      totalBytes: file.size,
    });
    events.rdbPartLoaded?.(file, fileOffset);
    return fileOffset;
  }

  /** Reads one chunk ahead while the last one is applied. Resolves with what ended the reading, if not the end of the file. */
  async #stream(handle: DiskFile, fileOffset: number): Promise<RecordFault | undefined> {
    const { applier, maxBulkBytes } = this.#options;
    const reader = new AofRecordReader({
      mode: 'load',
      view: applier.view,
      fileOffset,
      ...(maxBulkBytes === undefined ? {} : { maxBulkBytes }),
    });
    const chunkBytes = Math.max(1, Math.min(CHUNK_BYTES, this.#file.size - fileOffset));
    let [current, next] = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)];
    let position = fileOffset;
    let pending = handle.readAsync(current, 0, chunkBytes, position);
    try {
      for (;;) {
        const length = await reading(this.#file, () => pending);
        this.#vouched.take(current.subarray(0, length), position);
        position += length;
        if (length === 0) reader.end();
        else {
          reader.feed(current.subarray(0, length));
          pending = handle.readAsync(next, 0, chunkBytes, position);
          // A failure is met by the await above, after this chunk; until then it must not count as unhandled.
          pending.catch(() => undefined);
        }
        const status = await this.#applyAll(reader);
        if (status === END) return undefined;
        if (status !== NEED_MORE) return reader.fault;
        [current, next] = [next, current];
      }
    } finally {
      await pending.catch(() => 0);
    }
  }

  /** Applies every record that is whole. */
  async #applyAll(reader: AofRecordReader): Promise<ReadStatus> {
    for (;;) {
      const status = reader.next();
      if (status === ANNOTATION) continue;
      if (status !== RECORD) {
        this.#options.events.progress(this.#bytesBefore + reader.endOffset);
        return status;
      }
      this.#apply(reader);
      if (++this.#sinceYield >= RECORDS_PER_TURN) {
        this.#sinceYield = 0;
        this.#options.events.progress(this.#bytesBefore + reader.endOffset);
        await this.#options.yieldTurn();
      }
    }
  }

  #apply(reader: AofRecordReader): void {
    const outcome = this.#options.applier.apply();
    this.records++;
    if (outcome === 'applied') {
      this.#isInTransaction = false;
      this.#safeOffset = reader.endOffset;
    } else if (outcome === 'in-transaction') this.#isInTransaction = true;
    else {
      throw new LoadError('AOF_RECORD_REFUSED', `${outcome.refusal} reading the append only file ${this.#file.name}`, {
        path: this.#file.path,
        fileOffset: reader.recordOffset,
        hint: `The record at offset ${reader.recordOffset} is not one that this server knows: it was written by a newer server or module, or with rename-command lines that this configuration lacks, or its bytes are damaged. Look at it with check-aof.`,
      });
    }
  }

  #badFormat(fault: RecordFault): LoadError {
    const { name, path } = this.#file;
    return new LoadError(
      'AOF_BAD_FORMAT',
      `Bad file format reading the append only file ${name}: make a backup of your AOF file, then use check-aof --fix <filename.manifest>`,
      {
        path,
        fileOffset: fault.fileOffset,
        hint: `At offset ${fault.fileOffset}: ${fault.text ?? 'there is no record'}. Make a backup, then run check-aof ${path}`,
      },
    );
  }
}

/** A crash takes only what was not synced, and only what is synced is vouched for. */
function unfinishedAndVouchedFor(file: AofFile, end: UnfinishedEnd, { coveredEnd }: VouchedBytes): LoadError {
  const what = end.isTransaction ? 'transaction' : 'record';
  return new LoadError(
    'AOF_TRUNCATED',
    `Unexpected end of file reading the append only file ${file.name}: the ${what} at offset ${end.fileOffset} is not finished, but the bytes up to ${coveredEnd} are vouched for. aof-load-truncated does not cut them off`,
    {
      path: file.path,
      fileOffset: end.fileOffset,
      hint: `Nothing has been changed on disk. Look at it with check-aof --strict; check-aof repair cuts the end off and keeps a copy`,
    },
  );
}

function handleTruncation(options: LoadLogOptions, file: AofFile, end: UnfinishedEnd, isLast: boolean): void {
  if (!isLast) {
    throw new LoadError(
      'AOF_TRUNCATED_NOT_LAST',
      `Fatal error: the truncated file is not the last file: ${file.name}`,
      {
        path: file.path,
        fileOffset: end.fileOffset,
        hint: 'Nothing has been changed on disk. Restore this file from a backup: cutting it would lose records that later files build on.',
      },
    );
  }
  options.events.truncatedFound(file, end.fileOffset, end.isTransaction);
  if (!options.mayTruncate) {
    throw new LoadError(
      'AOF_TRUNCATED',
      `Unexpected end of file reading the append only file ${file.name}. You can: 1) Make a backup of your AOF file, then use check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.`,
      { path: file.path, fileOffset: end.fileOffset, hint: `check-aof --fix ${file.path}` },
    );
  }
  try {
    cutLogFile(options.disk, file.path, end.fileOffset);
  } catch (cause) {
    if (!(cause instanceof DiskError)) throw cause;
    throw new LoadError('AOF_TRUNCATED', `Error truncating the AOF file ${file.name}: ${cause.reason}`, {
      path: file.path,
      fileOffset: end.fileOffset,
      cause,
      hint: 'The file could not be cut. Check its permissions and the disk, then start again.',
    });
  }
  options.events.truncated(file, end.fileOffset);
}

/** Runs a read; its failure becomes a LoadError that names the file. */
function reading<T>(file: AofFile, read: () => T): T {
  const fail = (cause: unknown): never => {
    if (!(cause instanceof DiskError)) throw cause;
    throw new LoadError(
      'AOF_READ_FAILED',
      `Unrecoverable error reading the append only file ${file.name}: ${cause.reason}`,
      { path: file.path, cause, hint: 'Check the disk and the permissions of the file.' },
    );
  };
  try {
    const result = read();
    // The promise that comes back is of the same type: it only fails differently.
    return result instanceof Promise ? (result.catch(fail) as T) : result;
  } catch (error) {
    return fail(error);
  }
}
