/**
 * The records of one file as events, synchronously, chunk by chunk: keeps track of the database, the time and the transaction.
 *
 * Invariants: the answers do not depend on how the input is cut; nothing is allocated per command. The database is 0 where a
 * file begins, for each file is loaded by a client of its own.
 *
 * Source: Redis aof.c, loadSingleAppendOnlyFile.
 */
import {
  ANNOTATION,
  AofRecordReader,
  parseTimestampAnnotation,
  RECORD,
  type ReadStatus,
  type RecordFault,
} from '@aof/aof-files';
import { Request } from '@aof/resp-codec';
import type { LogFile } from './find-log.ts';
import type { AnnotationEvent, CommandEvent, Transaction } from './log-event.ts';

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

export interface RecordEventsOptions {
  readonly file: LogFile;
  /** Of the first byte that is fed. */
  readonly fileOffset: number;
  /** Default 0. */
  readonly database?: number;
  readonly atSeconds?: number | undefined;
  /** Transactions that were met before. */
  readonly transactions?: number;
  readonly maxBulkBytes?: number | undefined;
  readonly understood?: ((record: Request) => Request) | undefined;
}

export class RecordEvents {
  /** Why the last `next` answered undefined: NEED_MORE, or how the reading ended. */
  status: ReadStatus = 0;
  /** Everything before is whole records and whole transactions. */
  goodEndOffset: number;
  database: number;
  atSeconds: number | undefined;
  /** Transactions met so far. */
  transactions: number;
  readonly #file: LogFile;
  readonly #reader: AofRecordReader;
  readonly #record = new Request();
  readonly #understood: ((record: Request) => Request) | undefined;
  readonly #event: Changeable<CommandEvent>;
  #transaction: Changeable<Transaction> | undefined;
  /** EXEC or DISCARD was delivered as the last event, and closes the transaction. */
  #isClosing = false;

  constructor(options: RecordEventsOptions) {
    const { file, fileOffset, maxBulkBytes } = options;
    this.#file = file;
    this.#understood = options.understood;
    this.goodEndOffset = fileOffset;
    this.database = options.database ?? 0;
    this.atSeconds = options.atSeconds;
    this.transactions = options.transactions ?? 0;
    this.#reader = new AofRecordReader({
      mode: 'load',
      view: this.#record,
      fileOffset,
      ...(maxBulkBytes === undefined ? {} : { maxBulkBytes }),
    });
    this.#event = {
      kind: 'command',
      request: this.#record,
      database: this.database,
      file,
      fileOffset,
      endOffset: fileOffset,
      atSeconds: this.atSeconds,
      transaction: undefined,
    };
  }

  /** The transaction that is open. */
  get openTransaction(): Transaction | undefined {
    return this.#isClosing ? undefined : this.#transaction;
  }

  /** What the reader found instead of a record. */
  get fault(): RecordFault | undefined {
    return this.#reader.fault;
  }

  /** Behind what has been delivered. */
  get endOffset(): number {
    return this.#reader.endOffset;
  }

  /** Gives the next bytes, which must not change until `next` answers undefined. */
  feed(chunk: Uint8Array): void {
    this.#reader.feed(chunk);
  }

  /** Tells that the file ends. */
  end(): void {
    this.#reader.end();
  }

  /** The next event, or undefined: see `status`. */
  next(): CommandEvent | AnnotationEvent | undefined {
    const reader = this.#reader;
    const status = reader.next();
    this.status = status;
    if (status === RECORD) return this.#command();
    if (status === ANNOTATION) return this.#annotation();
    return undefined;
  }

  /** The file ends here: an open transaction is unfinished. */
  close(): void {
    if (this.openTransaction !== undefined && this.#transaction !== undefined) this.#transaction.state = 'unfinished';
  }

  #command(): CommandEvent {
    const event = this.#event;
    const reader = this.#reader;
    if (this.#isClosing) {
      this.#transaction = undefined;
      this.#isClosing = false;
    }
    event.fileOffset = reader.recordOffset;
    event.endOffset = reader.endOffset;
    if (this.#understood !== undefined) event.request = this.#understood(this.#record);
    const nameLength = event.request.length(0);
    // Few commands have a name as long as those that matter here.
    if (nameLength >= 4 && nameLength <= 7) this.#track(event, nameLength);
    event.database = this.database;
    event.transaction = this.#transaction;
    if (this.#transaction === undefined || this.#isClosing) this.goodEndOffset = event.endOffset;
    return event;
  }

  #track(event: CommandEvent, nameLength: number): void {
    const { request } = event;
    if (nameLength === 6) {
      if (request.is(0, 'select') && request.count === 2) this.#select(request);
    } else if (nameLength === 5) {
      if (request.is(0, 'multi')) this.#begin(event);
    } else if (this.#transaction !== undefined) {
      if (request.is(0, 'exec')) this.#finish('complete');
      else if (request.is(0, 'discard')) this.#finish('discarded');
    }
  }

  /** An index that is none is an error that a server passes over. */
  #select(request: Request): void {
    const database = request.integer(1);
    if (typeof database === 'number' && database >= 0) this.database = database;
  }

  #begin(event: CommandEvent): void {
    if (this.#transaction !== undefined) return;
    this.transactions++;
    this.#transaction = { id: this.transactions, file: this.#file, fileOffset: event.fileOffset, state: 'open' };
  }

  #finish(state: 'complete' | 'discarded'): void {
    if (this.#transaction === undefined) return;
    this.#transaction.state = state;
    this.#isClosing = true;
  }

  #annotation(): AnnotationEvent {
    const { buffer, rawStart, rawEnd } = this.#record;
    const line = buffer.subarray(rawStart, rawEnd);
    const seconds = parseTimestampAnnotation(line);
    if (seconds !== undefined && !Number.isNaN(seconds)) {
      this.atSeconds = seconds;
      this.#event.atSeconds = seconds;
    }
    if (this.openTransaction === undefined) this.goodEndOffset = this.#reader.endOffset;
    return {
      kind: 'annotation',
      text: Buffer.from(line)
        .toString('latin1')
        .replace(/\r?\n$/, ''),
      seconds,
      file: this.#file,
      fileOffset: this.#reader.recordOffset,
      endOffset: this.#reader.endOffset,
    };
  }
}
