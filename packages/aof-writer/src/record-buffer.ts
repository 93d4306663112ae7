/**
 * The records that wait for the next write, as the bytes that the file will get: requests as they came, encoded records,
 * and between them the SELECTs and `#TS:` annotations that make them replayable.
 *
 * Ranges of a request buffer are not copied one by one: neighbours are joined and copied once, at the latest when
 * `settle` is called, which must happen before the request buffer changes.
 *
 * Invariants: the buffer holds whole records only, except at its start after `consume`; a tee has been given exactly the
 * bytes that came in since it was set, beginning with a SELECT.
 */
import { formatTimestampAnnotation } from '@aof/aof-files';
import { commandLength, writeCommand } from '@aof/resp-codec';

/** Receives a copy of what is appended while a rewrite runs. `bytes` is only valid during the call. */
export interface RecordTee {
  append(bytes: Uint8Array, start: number, end: number): void;
}

/** Capacity that is kept between bursts. */
const IDLE_CAPACITY_BYTES = 64 * 1024;
/** A capacity above this is given back after a burst. */
const LARGE_CAPACITY_BYTES = 1024 * 1024;
/** Writes in a row that needed less than a quarter of a large buffer before it is given back. */
const SMALL_WRITES_BEFORE_SHRINK = 64;

const NONE = -1;

export class RecordBuffer {
  #bytes = new Uint8Array(IDLE_CAPACITY_BYTES);
  #length = 0;
  /** Bytes that were consumed or dropped, since the beginning. */
  #consumedBytes = 0;
  #smallWrites = 0;
  /** Database of the last record, as a reader of the file will know it. */
  #database = NONE;
  #tee: RecordTee | undefined;

  // The range that was appended but not copied yet.
  #source: Uint8Array | undefined;
  #sourceStart = 0;
  #sourceEnd = 0;
  #sourceDatabase = NONE;

  #annotatedSecond = NONE;
  #annotation: string | undefined;

  /** Bytes waiting, those not copied yet included. */
  get length(): number {
    return this.#length + this.#sourceEnd - this.#sourceStart;
  }

  /** Where in the log the waiting bytes begin. */
  get consumedBytes(): number {
    return this.#consumedBytes;
  }

  /** Bytes appended since the beginning. */
  get appendedBytes(): number {
    return this.#consumedBytes + this.length;
  }

  /** The waiting bytes are the first `length` of these. Valid until the next append or consume; call `settle` first. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  appendRaw(database: number, bytes: Uint8Array, start: number, end: number): void {
    if (bytes === this.#source && start === this.#sourceEnd && database === this.#sourceDatabase) {
      this.#sourceEnd = end;
      return;
    }
    this.settle();
    this.#beginRecord(database);
    this.#source = bytes;
    this.#sourceStart = start;
    this.#sourceEnd = end;
    this.#sourceDatabase = database;
  }

  appendRecord(database: number, record: readonly (string | Uint8Array)[]): void {
    this.settle();
    this.#beginRecord(database);
    this.#encode(record);
  }

  /** Copies the range that is still in the request buffer, which may then change. */
  settle(): void {
    const source = this.#source;
    if (source === undefined) return;
    const start = this.#sourceStart;
    const end = this.#sourceEnd;
    this.#source = undefined;
    this.#sourceStart = 0;
    this.#sourceEnd = 0;
    const from = this.#length;
    const to = from + end - start;
    this.#reserve(to);
    this.#bytes.set(source.subarray(start, end), from);
    this.#length = to;
    this.#tee?.append(this.#bytes, from, to);
  }

  /** The first `bytes` waiting bytes are in the file: forgets them. */
  consume(bytes: number): void {
    this.#consumedBytes += bytes;
    if (bytes < this.#length) {
      this.#bytes.copyWithin(0, bytes, this.#length);
      this.#length -= bytes;
      return;
    }
    this.#shrinkAfterBurst();
    this.#length = 0;
  }

  /** The next record will be preceded by a SELECT: a new file begins. */
  forgetDatabase(): void {
    this.settle();
    this.#database = NONE;
  }

  /** From now on annotations are written before a record if the second is later than the last annotated one. */
  annotate(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second <= this.#annotatedSecond) return;
    this.settle();
    this.#annotatedSecond = second;
    this.#annotation = formatTimestampAnnotation(second);
  }

  /** Drops an annotation that no record has followed yet. */
  cancelAnnotation(): void {
    if (this.#annotation === undefined) return;
    this.#annotation = undefined;
    this.#annotatedSecond = NONE;
  }

  /** `tee` gets what is appended from now on; undefined ends it. */
  setTee(tee: RecordTee | undefined): void {
    this.settle();
    if (tee !== undefined) this.#database = NONE;
    this.#tee = tee;
  }

  #beginRecord(database: number): void {
    const annotation = this.#annotation;
    if (annotation !== undefined) {
      this.#annotation = undefined;
      const from = this.#length;
      this.#reserve(from + annotation.length);
      for (let i = 0; i < annotation.length; i++) this.#bytes[this.#length++] = annotation.charCodeAt(i);
      this.#tee?.append(this.#bytes, from, this.#length);
    }
    if (database === this.#database || database < 0) return;
    this.#database = database;
    this.#encode(['SELECT', String(database)]);
  }

  #encode(record: readonly (string | Uint8Array)[]): void {
    const from = this.#length;
    this.#reserve(from + commandLength(record));
    this.#length = writeCommand(this.#bytes, from, record);
    this.#tee?.append(this.#bytes, from, this.#length);
  }

  #reserve(capacity: number): void {
    if (capacity <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(capacity, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#smallWrites = 0;
  }

  #shrinkAfterBurst(): void {
    const capacity = this.#bytes.length;
    if (capacity <= LARGE_CAPACITY_BYTES) return;
    this.#smallWrites = this.#length < capacity / 4 ? this.#smallWrites + 1 : 0;
    if (this.#smallWrites < SMALL_WRITES_BEFORE_SHRINK) return;
    this.#smallWrites = 0;
    this.#bytes = new Uint8Array(IDLE_CAPACITY_BYTES);
  }
}
