/**
 * Reads the records of an append-only file: commands as RESP arrays, and annotations (`#` lines) between them.
 *
 *     *2\r\n$3\r\nDEL\r\n$1\r\nk\r\n
 *     #TS:1700000000\r\n
 *
 * The bytes come in chunks of any size; a record is a view of them, copied only where it spans chunks. What differs from
 * the plain form is taken or refused as Redis does it: `load` is as forgiving as its loader (odd line ends pass),
 * `check` as strict as redis-check-aof.
 *
 * Invariants: the answers do not depend on how the input is cut; memory is bounded by the longest record that is really
 * there, whatever its lengths claim.
 *
 * Source: Redis aof.c, loadSingleAppendOnlyFile; redis-check-aof.c, processRESP.
 */

import { leadingInteger } from './leading-integer.ts';
import {
  lengthText,
  lineEndText,
  prefixText,
  type RecordFault,
  type RecordFaultCode,
  shortText,
} from './record-fault.ts';
import { RecordWindow } from './record-window.ts';

/** `next` answers: feed more, or call `end`. */
export const NEED_MORE = 0;
/** `view` holds a record. */
export const RECORD = 1;
/** `view` holds an annotation: a line, with its line end, from `rawStart` to `rawEnd`; `count` is 0. */
export const ANNOTATION = 2;
/** The input ended behind a record. Final. */
export const END = 3;
/** The input ended inside a record; see `fault`. Final. */
export const TRUNCATED = -1;
/** What follows is no record; see `fault`. Final. */
export const FORMAT_ERROR = -2;

export type ReadStatus =
  | typeof NEED_MORE
  | typeof RECORD
  | typeof ANNOTATION
  | typeof END
  | typeof TRUNCATED
  | typeof FORMAT_ERROR;

/** A record in place; a `Request` of @aof/resp-codec can be one. Holds until the next call of `next`. */
export interface RecordView {
  buffer: Uint8Array;
  /** Arguments, the command's name included. In `check` it may be 0. */
  count: number;
  /** The record is the bytes `rawStart` … `rawEnd` of `buffer`. */
  rawStart: number;
  rawEnd: number;
  /** Start and end of argument `i` at `2 * i` and `2 * i + 1`; has at least `2 * count` elements, may be replaced by a larger one. */
  offsets: Int32Array;
}

export interface RecordReaderOptions {
  readonly mode: 'load' | 'check';
  /** File offset of the first byte that is fed: behind an RDB part, say. Default 0. */
  readonly fileOffset?: number;
  /** Number of the first line. Default 1; redis-check-aof counts on across the files of a manifest. */
  readonly line?: number;
  /** Filled with each record. Default: one of the reader's own. */
  readonly view?: RecordView;
  /** Longest argument, in bytes. Default 512 MiB: Redis's `proto-max-bulk-len`. */
  readonly maxBulkBytes?: number;
  /** Longest record, in bytes. Default and highest: 2^31 - 1, because argument offsets are 32-bit. */
  readonly maxRecordBytes?: number;
}

const DEFAULT_MAX_BULK_BYTES = 512 * 1024 * 1024;
const MAX_RECORD_BYTES = 2 ** 31 - 1;
/** Characters of a line that Redis reads at once; a longer line falls into pieces. Source: its line buffers less the final NUL. */
const MAX_LINE_CHARS = 1023;
const MAX_CHECKED_LINE_CHARS = 127;
/** A header in the plain form is shorter than this: `$` and 10 digits. */
const MAX_PLAIN_CHARS = 11;
/** The longest string that redis-check-aof would try to read. */
const MAX_CHECKED_LENGTH = 2n ** 63n - 3n;

const LF = 10;
const CR = 13;
const HASH = 35;
const DOLLAR = 36;
const STAR = 42;
const ZERO = 48;

/** Internal answers beside those of `next`. */
const GO_ON = 10;
const INCOMPLETE = 11;
type Step = ReadStatus | typeof GO_ON | typeof INCOMPLETE;

/** A line of the input, as far as Redis would read it at once. */
interface Line {
  /** Without its first character, with its LF. */
  readonly text: string;
  readonly end: number;
  /** The input ends in it. */
  readonly isCut: boolean;
}

export class AofRecordReader {
  readonly view: RecordView;
  /** Why reading ended, after TRUNCATED or FORMAT_ERROR. */
  fault: RecordFault | undefined;
  /** Number of the line behind the last record, or of the one where reading failed; lines are what CR LF ends, but for annotations. */
  line: number;

  readonly #window: RecordWindow;
  readonly #isStrict: boolean;
  readonly #maxBulkBytes: number;
  readonly #maxRecordBytes: number;
  #wantsInput = true;
  #isEnded = false;
  /** The input has ended and all of it is in the window: a line that is cut off is judged as it is. */
  #isLastLook = false;
  #final: ReadStatus | undefined;
  #recordOffset: number;
  /** In the window. */
  #recordStart = 0;
  /** Arguments of the record that is being read; -1 before its first line. */
  #count = -1;
  #taken = 0;
  /** Bytes that are known to be missing from an argument. */
  #missing = 0;
  /** A value over the limit, whose bytes are counted and dropped (only when checking). */
  #oversize: { readonly fileOffset: number; readonly length: bigint; seen: number } | undefined;

  constructor(options: RecordReaderOptions) {
    this.view = options.view ?? {
      buffer: new Uint8Array(0),
      count: 0,
      rawStart: 0,
      rawEnd: 0,
      offsets: new Int32Array(16),
    };
    this.line = options.line ?? 1;
    this.#recordOffset = options.fileOffset ?? 0;
    this.#window = new RecordWindow(this.#recordOffset);
    this.#isStrict = options.mode === 'check';
    this.#maxBulkBytes = options.maxBulkBytes ?? DEFAULT_MAX_BULK_BYTES;
    this.#maxRecordBytes = Math.min(options.maxRecordBytes ?? MAX_RECORD_BYTES, MAX_RECORD_BYTES);
  }

  /** File offset of the record or annotation in `view`, or of the one that is not complete yet. */
  get recordOffset(): number {
    return this.#recordOffset;
  }

  /** File offset behind the record or annotation in `view`. */
  get endOffset(): number {
    return this.#window.fileOffset(this.#window.at);
  }

  /** Gives the next bytes, after NEED_MORE or at the start. They must not change until the next NEED_MORE. */
  feed(chunk: Uint8Array): void {
    this.#assertWantsInput();
    this.#wantsInput = false;
    this.#window.feed(chunk);
  }

  /** Tells that there is nothing more to feed, after NEED_MORE or at the start. */
  end(): void {
    this.#assertWantsInput();
    this.#wantsInput = false;
    this.#isEnded = true;
  }

  /** Reads on. */
  next(): ReadStatus {
    if (this.#final !== undefined) return this.#final;
    if (this.#wantsInput) return NEED_MORE;
    const window = this.#window;
    if (this.#count === this.#taken) this.#beginRecord();
    for (;;) {
      const step = this.#read();
      if (step === RECORD || step === ANNOTATION) return step;
      if (step !== INCOMPLETE) return this.#finish(step as ReadStatus);
      if (window.extend(this.#missing)) continue;
      if (!this.#isEnded) return this.#waitForInput();
      if (this.#count < 0 && this.#recordStart === window.limit) return this.#finish(END);
      if (this.#isLastLook) return this.#finish(this.#failTruncated());
      this.#isLastLook = true;
    }
  }

  #assertWantsInput(): void {
    if (!this.#wantsInput || this.#isEnded) throw new Error('bug: input for a record reader that has not asked for it');
  }

  #beginRecord(): void {
    const window = this.#window;
    window.release(window.at);
    this.#recordStart = window.at;
    this.#recordOffset = window.fileOffset(window.at);
    this.#count = -1;
    this.#taken = 0;
    this.#missing = 0;
  }

  /** The unfinished record is kept apart from the chunk, which may be reused from now on. */
  #waitForInput(): typeof NEED_MORE {
    const shift = this.#window.keep(this.#recordStart);
    this.#recordStart -= shift;
    const { offsets } = this.view;
    for (let i = 0; i < 2 * this.#taken; i++) offsets[i] -= shift;
    this.#wantsInput = true;
    return NEED_MORE;
  }

  /** Reads as far as the window goes. */
  #read(): Step {
    if (this.#oversize !== undefined) return this.#skipOversize(this.#oversize);
    if (this.#count < 0) {
      const step = this.#readCount();
      if (step !== GO_ON) return step;
    }
    for (;;) {
      this.#takePlainArguments();
      if (this.#taken >= this.#count) break;
      const step = this.#takeArgument();
      if (step !== GO_ON) return step;
    }
    this.line += 1 + 2 * this.#count;
    return this.#deliver(RECORD);
  }

  #deliver<T extends typeof RECORD | typeof ANNOTATION>(status: T): T {
    const { view } = this;
    view.buffer = this.#window.bytes;
    view.count = this.#count;
    view.rawStart = this.#recordStart;
    view.rawEnd = this.#window.at;
    return status;
  }

  /** The first line of a record, or an annotation. */
  #readCount(): Step {
    const window = this.#window;
    const { bytes, limit } = window;
    let at = window.at;
    if (at >= limit) return INCOMPLETE;
    if (bytes[at] === HASH) return this.#readAnnotation();
    if (bytes[at] !== STAR) return this.#fail('AOF_RECORD_PREFIX', window.fileOffset(at));
    const longest = Math.min(limit, at + MAX_PLAIN_CHARS);
    let count = 0;
    for (at++; at < longest; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      count = count * 10 + digit;
    }
    if (count === 0 || at + 1 >= limit || bytes[at] !== CR || bytes[at + 1] !== LF) return this.#readOddCount();
    window.at = at + 2;
    this.#count = count;
    return GO_ON;
  }

  #readAnnotation(): Step {
    const line = this.#lineAt(this.#window.at, MAX_LINE_CHARS);
    // Appending behind half a line would hide the next record in it. redis-check-aof lets it pass.
    if (line === undefined || (line.isCut && !this.#isStrict)) return INCOMPLETE;
    this.#window.at = line.end;
    this.#count = 0;
    return this.#deliver(ANNOTATION);
  }

  #readOddCount(): Step {
    const start = this.#window.at;
    const line = this.#lineAt(start, this.#isStrict ? MAX_CHECKED_LINE_CHARS : MAX_LINE_CHARS);
    if (line === undefined) return INCOMPLETE;
    const { value, length } = leadingInteger(line.text);
    if (this.#isStrict) {
      const step = this.#checkLineEnd(line, start, length);
      if (step !== GO_ON) return step;
    } else {
      if (line.isCut && (line.text === '' || line.text.startsWith('\0'))) return INCOMPLETE;
      if (value < 1n) return this.#fail('AOF_ARGUMENT_COUNT', this.#window.fileOffset(start));
      if (line.isCut) return INCOMPLETE;
    }
    this.#window.at = line.end;
    this.#count = value < 0n ? 0 : Number(value);
    return GO_ON;
  }

  /** Takes arguments as long as they are whole, in the plain form and within the limits. */
  #takePlainArguments(): void {
    const window = this.#window;
    const { bytes, limit } = window;
    const count = this.#count;
    const maxBulkBytes = this.#maxBulkBytes;
    const isStrict = this.#isStrict;
    const lastEnd = Math.min(limit, this.#recordStart + this.#maxRecordBytes) - 2;
    let { offsets } = this.view;
    let at = window.at;
    let taken = this.#taken;
    while (taken < count) {
      if (at >= limit || bytes[at] !== DOLLAR) break;
      const longest = at + MAX_PLAIN_CHARS;
      let cursor = at + 1;
      let length = 0;
      while (cursor < limit && cursor < longest) {
        const digit = bytes[cursor] - ZERO;
        if (digit < 0 || digit > 9) break;
        length = length * 10 + digit;
        cursor++;
      }
      const start = cursor + 2;
      const end = start + length;
      if (end > lastEnd || cursor === at + 1 || length > maxBulkBytes) break;
      if (bytes[cursor] !== CR || bytes[cursor + 1] !== LF) break;
      if (isStrict && (bytes[end] !== CR || bytes[end + 1] !== LF)) break;
      if (2 * taken + 1 >= offsets.length) offsets = this.#growOffsets();
      offsets[2 * taken] = start;
      offsets[2 * taken + 1] = end;
      taken++;
      at = end + 2;
    }
    window.at = at;
    this.#taken = taken;
  }

  /** One argument of any form, or why there is none. */
  #takeArgument(): Step {
    const window = this.#window;
    const start = window.at;
    if (start >= window.limit) {
      this.#missing = 0;
      return INCOMPLETE;
    }
    const prefix = window.bytes[start];
    if (prefix !== DOLLAR) return this.#fail('AOF_ARGUMENT_PREFIX', window.fileOffset(start), prefixText('$', prefix));
    const line = this.#lineAt(start, this.#isStrict ? MAX_CHECKED_LINE_CHARS : MAX_LINE_CHARS);
    if (line === undefined) return INCOMPLETE;
    const { value, length } = leadingInteger(line.text);
    if (this.#isStrict) {
      const step = this.#checkLineEnd(line, start, length);
      if (step !== GO_ON) return step;
    } else if (line.isCut) {
      return INCOMPLETE;
    }
    return this.#takeValue(start, line.end, value);
  }

  /** @param header where the argument begins; @param start where its value does */
  #takeValue(header: number, start: number, value: bigint): Step {
    const window = this.#window;
    if (value > this.#maxBulkBytes && value <= MAX_CHECKED_LENGTH && this.#isStrict) {
      this.#oversize = { fileOffset: window.fileOffset(start), length: value, seen: 0 };
      window.at = start;
      return this.#skipOversize(this.#oversize);
    }
    if (value < 0n || value > this.#maxBulkBytes) {
      if (this.#isStrict) this.line++;
      return this.#fail('AOF_ARGUMENT_LENGTH', window.fileOffset(header), lengthText(value));
    }
    const end = start + Number(value);
    if (end + 2 - this.#recordStart > this.#maxRecordBytes) {
      return this.#fail('AOF_RECORD_TOO_LONG', window.fileOffset(header));
    }
    this.#missing = end + 2 - window.limit;
    if (this.#missing > 0) {
      if (!this.#isLastLook) return INCOMPLETE;
      this.line++;
      return this.#failTruncated(window.fileOffset(start), shortText(value + 2n, window.limit - start));
    }
    if (this.#isStrict && (window.bytes[end] !== CR || window.bytes[end + 1] !== LF)) {
      this.line++;
      const found = lineEndText(window.bytes[end], window.bytes[end + 1]);
      return this.#fail('AOF_LINE_END', window.fileOffset(start), found);
    }
    const offsets = 2 * this.#taken + 1 < this.view.offsets.length ? this.view.offsets : this.#growOffsets();
    offsets[2 * this.#taken] = start;
    offsets[2 * this.#taken + 1] = end;
    this.#taken++;
    window.at = end + 2;
    return GO_ON;
  }

  /** Counts the bytes of a value over the limit without keeping them, so that the verdict is the one for the whole value. */
  #skipOversize(oversize: { readonly fileOffset: number; readonly length: bigint; seen: number }): Step {
    const window = this.#window;
    oversize.seen += window.remaining(window.at);
    window.at = window.limit;
    window.skipAll();
    this.#recordStart = window.at;
    if (oversize.seen >= oversize.length + 2n) {
      this.line++;
      return this.#fail('AOF_ARGUMENT_LENGTH', oversize.fileOffset, lengthText(oversize.length));
    }
    if (!this.#isLastLook) return INCOMPLETE;
    this.line++;
    return this.#failTruncated(oversize.fileOffset, shortText(oversize.length + 2n, oversize.seen));
  }

  /** The line at `start` up to its LF, or to where Redis's line buffer is full; undefined if more input may lengthen it. */
  #lineAt(start: number, maxChars: number): Line | undefined {
    const { bytes, limit } = this.#window;
    const longest = Math.min(limit, start + maxChars);
    const feed = bytes.subarray(start, longest).indexOf(LF);
    const isOpen = feed < 0 && longest < start + maxChars;
    if (isOpen && !this.#isLastLook) return undefined;
    const end = feed < 0 ? longest : start + feed + 1;
    return {
      text: latin1(bytes, start + 1, end),
      end,
      isCut: isOpen,
    };
  }

  /** redis-check-aof wants CR LF right behind the number. */
  #checkLineEnd(line: Line, start: number, numberLength: number): Step {
    const code = (i: number): number => (i < line.text.length ? line.text.charCodeAt(i) : 0);
    const found = [code(numberLength), code(numberLength + 1)] as const;
    if (found[0] === CR && found[1] === LF) return GO_ON;
    const fileOffset = this.#window.fileOffset(start);
    if (line.isCut) return this.#failTruncated(fileOffset, lineEndText(...found));
    return this.#fail('AOF_LINE_END', fileOffset, lineEndText(...found));
  }

  #growOffsets(): Int32Array {
    const grown = new Int32Array(2 * this.view.offsets.length);
    grown.set(this.view.offsets);
    this.view.offsets = grown;
    return grown;
  }

  #fail(code: RecordFaultCode, fileOffset: number, text?: string): typeof FORMAT_ERROR {
    this.#setFault(code, fileOffset, text);
    return FORMAT_ERROR;
  }

  #failTruncated(fileOffset = this.endOffset, text?: string): typeof TRUNCATED {
    this.#setFault('AOF_TRUNCATED', fileOffset, text);
    return TRUNCATED;
  }

  #setFault(code: RecordFaultCode, fileOffset: number, text: string | undefined): void {
    if (this.#count >= 0) this.line += 1 + 2 * this.#taken;
    this.fault = { code, fileOffset, recordOffset: this.#recordOffset, text };
  }

  #finish(status: ReadStatus): ReadStatus {
    this.#final = status;
    return status;
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
