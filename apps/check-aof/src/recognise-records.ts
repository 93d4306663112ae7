/**
 * Finds records in bytes that no longer hold together: where one begins that is whole, names a known command and has the
 * right number of arguments. From there on records follow without a gap as long as they do.
 *
 * It guesses: bytes of a value may look like a record. Good for saying what damage costs.
 */
import { ANNOTATION, AofRecordReader, END, NEED_MORE, RECORD } from '@aof/aof-files';
import type { DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import { Request } from '@aof/resp-codec';
import { type BrokenRecord, brokenRecordOf } from './broken-record.ts';
import { type CommandNames, OWN_NAMES } from './command-names.ts';
import { databasesOf } from './key-place.ts';
import { recordKeys, runnableName } from './record-keys.ts';

const STAR = 42;
/** What is searched is read in pieces of this size. */
const SEARCH_BYTES = 256 * 1024;
/** Bytes behind a beginning that its two headers may take. */
const HEADERS_BYTES = 64;
/** A run is looked for in what has been read already, if it is at least this much. */
const MIN_RUN_BYTES = 4096;
/** So much of a broken record is looked at. */
const BROKEN_BYTES = 16 * 1024;
const HEADERS_OR_ANNOTATION = /^(#|\*[1-9]\d{0,6}\r\n\$)/;
const HEADERS = /^\*[1-9]\d{0,6}\r\n\$[1-9]\d{0,2}\r\n/;
/** Records are read on from a beginning in chunks of this size. */
const CHUNK_BYTES = 64 * 1024;

export interface RecognisedRecord {
  /** Where it begins, annotations before it included, and ends in the file. */
  readonly offset: number;
  readonly end: number;
  /** None where the command is only known elsewhere. */
  readonly keys: readonly string[];
  /** Lower case. */
  readonly name: string;
  /** As `databasesOf` has them. */
  readonly databases: readonly number[];
}

/**
 * Calls `visit` for each record that can be recognised in `file` from `from` on, and `visitBroken` for what can be told of those
 * between them. @throws DiskError
 */
export async function recogniseRecords(
  file: DiskFile,
  from: number,
  visit: (record: RecognisedRecord) => void,
  visitBroken: (record: BrokenRecord) => void = () => {},
  names: CommandNames = OWN_NAMES,
): Promise<void> {
  const search = new RecordSearch(file, names);
  let toldAt = -1;
  const tellBroken = (at: number): void => {
    if (at === toldAt) return;
    toldAt = at;
    const broken = search.brokenAt(at);
    if (broken !== undefined) visitBroken(broken);
  };
  for (let at = from; ; ) {
    const beginning = search.nextBeginning(at);
    if (at === from && beginning !== from) tellBroken(from);
    if (beginning === undefined) return;
    const { end, alone, resumeAt } = await search.run(beginning, visit);
    if (alone !== undefined) visitBroken(alone);
    if (end < file.size()) tellBroken(end);
    at = resumeAt;
  }
}

/**
 * Where the first records begin that follow one another from there to the end of the file: those behind an RDB part that can no
 * longer be read. @throws DiskError
 */
export async function firstRunToEnd(file: DiskFile, from: number, names: CommandNames): Promise<number | undefined> {
  const search = new RecordSearch(file, names);
  const size = file.size();
  for (let at = from; ; ) {
    const beginning = search.nextBeginning(at);
    if (beginning === undefined) return undefined;
    const { end, resumeAt } = await search.run(beginning, () => {});
    if (end === size) return beginning;
    at = resumeAt;
  }
}

class RecordSearch {
  readonly #file: DiskFile;
  readonly #names: CommandNames;
  readonly #size: number;
  readonly #view = new Request();
  /** What was read last, and where it lies in the file. */
  readonly #bytes = Buffer.allocUnsafe(SEARCH_BYTES);
  #windowStart = 0;
  #windowLength = 0;

  constructor(file: DiskFile, names: CommandNames) {
    this.#file = file;
    this.#names = names;
    this.#size = file.size();
  }

  /** The next place that looks like the headers of a record; what stands before it may be anything, where bytes are missing. */
  nextBeginning(from: number): number | undefined {
    for (let at = from; at < this.#size; ) {
      const piece = this.#window(at, HEADERS_BYTES);
      for (let i = piece.indexOf(STAR); i >= 0; i = piece.indexOf(STAR, i + 1)) {
        if (piece.length - i < HEADERS_BYTES && at + piece.length < this.#size) break;
        if (HEADERS.test(piece.toString('latin1', i, i + HEADERS_BYTES))) return at + i;
      }
      if (at + piece.length >= this.#size) return undefined;
      at += piece.length - HEADERS_BYTES + 1;
    }
    return undefined;
  }

  /**
   * Reads records from `from` on. One alone, behind which there is nothing like a record, does not count: bytes of a value.
   * @returns where the first begins that is none, where to look for the next, and the one that is alone
   */
  async run(
    from: number,
    visit: (record: RecognisedRecord) => void,
  ): Promise<{ readonly end: number; readonly resumeAt: number; readonly alone: RecognisedRecord | undefined }> {
    const run = new Run(this.#view, this.#names, from, visit);
    const piece = this.#window(from, MIN_RUN_BYTES);
    let goesOn = run.read(piece);
    if (goesOn && from + piece.length < this.#size) {
      for await (const chunk of fileChunks(this.#file, from + piece.length, CHUNK_BYTES)) {
        goesOn = run.read(chunk);
        if (!goesOn) break;
      }
    }
    if (goesOn) run.finish();
    const alone = run.conclude(run.end === this.#size || this.#looksLikeRecord(run.end));
    return { alone, end: run.end, resumeAt: Math.max(run.passedOver, from + 1) };
  }

  /** What can be told of the record that begins at `at` and is none. */
  brokenAt(at: number): BrokenRecord | undefined {
    const piece = this.#window(at, MIN_RUN_BYTES);
    // Anything else is no record from its first byte on.
    return piece[0] === STAR ? brokenRecordOf(piece.subarray(0, BROKEN_BYTES), this.#names) : undefined;
  }

  #looksLikeRecord(at: number): boolean {
    return HEADERS_OR_ANNOTATION.test(this.#window(at, HEADERS_BYTES).toString('latin1', 0, HEADERS_BYTES));
  }

  /** The bytes from `at` on: at least so many, unless the file ends. Valid until the next call. */
  #window(at: number, least: number): Buffer {
    const end = this.#windowStart + this.#windowLength;
    if (at < this.#windowStart || (at + least > end && end < this.#size) || at > end) {
      this.#windowStart = at;
      this.#windowLength = this.#file.read(this.#bytes, 0, SEARCH_BYTES, at);
    }
    return this.#bytes.subarray(at - this.#windowStart, this.#windowLength);
  }
}

/** Records that follow one another without a gap. */
class Run {
  readonly #view: Request;
  readonly #names: CommandNames;
  readonly #reader: AofRecordReader;
  readonly #visit: (record: RecognisedRecord) => void;
  /** Behind the record before: annotations belong to the record that follows them. */
  #start: number;
  /** The first record, as long as it is the only one. */
  #first: RecognisedRecord | undefined;
  #count = 0;
  /** Where the first begins that is none. */
  end: number;
  /** Behind that, if it is at least framed as one: its arguments are not searched. */
  passedOver: number;

  constructor(view: Request, names: CommandNames, from: number, visit: (record: RecognisedRecord) => void) {
    this.#view = view;
    this.#names = names;
    this.#reader = new AofRecordReader({ mode: 'check', fileOffset: from, view });
    this.#visit = visit;
    this.#start = from;
    this.end = from;
    this.passedOver = from;
  }

  /** @returns whether the run may go on behind these bytes */
  read(bytes: Uint8Array): boolean {
    this.#reader.feed(bytes);
    return this.#readAll();
  }

  finish(): void {
    this.#reader.end();
    this.#readAll();
  }

  /** @returns the only record, if nothing follows it */
  conclude(isFollowed: boolean): RecognisedRecord | undefined {
    if (this.#first === undefined || !isFollowed) return this.#first;
    this.#visit(this.#first);
    return undefined;
  }

  #readAll(): boolean {
    for (;;) {
      const status = this.#reader.next();
      if (status === NEED_MORE) return true;
      if (status !== RECORD && status !== ANNOTATION) return status === END;
      this.passedOver = this.#reader.endOffset;
      if (status === RECORD && !this.#record()) return false;
      this.end = this.#reader.endOffset;
    }
  }

  #record(): boolean {
    const record = recognised(this.#names.understood(this.#view), this.#start, this.#reader.endOffset);
    if (record === undefined) return false;
    this.#start = record.end;
    if (this.#count++ === 0) this.#first = record;
    else {
      if (this.#first !== undefined) this.#visit(this.#first);
      this.#first = undefined;
      this.#visit(record);
    }
    return true;
  }
}

function recognised(view: Request, offset: number, end: number): RecognisedRecord | undefined {
  const name = runnableName(view);
  if (name === undefined) return undefined;
  const keys = recordKeys(view).map(({ index }) => view.latin1(index));
  return { offset, end, keys, name, databases: databasesOf(view) };
}
