/**
 * The records of one file as redis-check-aof sees them: how far they are good, in which line that is, and what is wrong behind.
 *
 * Good ends where the last complete record outside a transaction ends. The texts are its texts.
 *
 * Source: redis-check-aof.c, checkSingleAof, processRESP, processAnnotations.
 */
import {
  ANNOTATION,
  AofRecordReader,
  END,
  formatFaultLine,
  NEED_MORE,
  parseTimestampAnnotation,
  RECORD,
  type RecordFault,
} from '@aof/aof-files';
import type { DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import { Request } from '@aof/resp-codec';
import { type CommandNames, OWN_NAMES } from './command-names.ts';
import { nameText } from './output.ts';

export interface RecordCheckOptions {
  readonly file: DiskFile;
  /** Where the records begin: behind an RDB part. */
  readonly fileOffset: number;
  /** Number of the first line. */
  readonly line: number;
  /** How messages call the file; the path is used where transactions are at fault. */
  readonly name: string;
  readonly path: string;
  /** Stop at the first annotation of a later time, seconds. */
  readonly untilTimestamp: number | undefined;
  readonly progress: (fileOffset: number) => void;
  /** A whole record, as it is meant, went by: where it begins, and its line. */
  readonly passed?: (record: Request, offset: number, line: number) => void;
  /** By what names the server calls commands. Default: by their own. */
  readonly names?: CommandNames;
}

/** What was found. Offsets are bytes in the file. */
export interface RecordVerdict {
  /** Behind the last record that stands for itself. */
  readonly okUpTo: number;
  readonly line: number;
  /** The line in which what follows there begins; redis-check-aof prints the other one, where it stopped reading. */
  readonly nextLine: number;
  /** What to say about what follows there, with its line end; undefined if it just stops. */
  readonly complaint: string | undefined;
  /** Where the annotation of a later time than `untilTimestamp` is, if there is one. */
  readonly laterOffset: number | undefined;
  /** An annotation that was to be compared holds no time. */
  readonly hasBadTimestamp: boolean;
}

const MULTI = 'multi';
const EXEC = 'exec';
/** Two headers of at most 128 bytes and the beginning of a name. */
const HEAD_BYTES = 512;

export async function checkRecords(options: RecordCheckOptions): Promise<RecordVerdict> {
  return new RecordCheck(options).run();
}

class RecordCheck {
  readonly #options: RecordCheckOptions;
  readonly #view = new Request();
  readonly #reader: AofRecordReader;
  readonly #names: CommandNames;
  #okUpTo: number;
  #isInTransaction = false;
  /** Where redis-check-aof looked last: it quotes this offset. */
  #lookedAt: number;
  #lineBefore: number;
  #nextLine: number;
  #complaint: string | undefined;
  #line: number | undefined;
  #laterOffset: number | undefined;
  #hasBadTimestamp = false;

  constructor(options: RecordCheckOptions) {
    this.#options = options;
    const { fileOffset, line, names = OWN_NAMES } = options;
    this.#reader = new AofRecordReader({ mode: 'check', fileOffset, line, view: this.#view });
    this.#names = names;
    this.#okUpTo = options.fileOffset;
    this.#lookedAt = options.fileOffset;
    this.#lineBefore = options.line;
    this.#nextLine = options.line;
  }

  async run(): Promise<RecordVerdict> {
    const { file, fileOffset, progress } = this.#options;
    let goesOn = true;
    for await (const chunk of fileChunks(file, fileOffset)) {
      this.#reader.feed(chunk);
      goesOn = this.#readAll();
      progress(this.#reader.endOffset);
      if (!goesOn) break;
    }
    if (goesOn) {
      this.#reader.end();
      this.#readAll();
    }
    return {
      okUpTo: this.#okUpTo,
      line: this.#line ?? this.#reader.line,
      nextLine: this.#nextLine,
      complaint: this.#complaint,
      laterOffset: this.#laterOffset,
      hasBadTimestamp: this.#hasBadTimestamp,
    };
  }

  /** @returns whether there is more to read */
  #readAll(): boolean {
    const reader = this.#reader;
    for (;;) {
      const status = reader.next();
      if (status === RECORD) {
        const record = this.#names.understood(this.#view);
        if (!this.#record(record)) return false;
        this.#options.passed?.(record, reader.recordOffset, this.#lineBefore);
      } else if (status === ANNOTATION) {
        if (!this.#annotation()) return false;
      } else if (status === NEED_MORE) {
        return true;
      } else {
        if (status === END) this.#end();
        else if (reader.fault !== undefined) this.#fault(reader.fault);
        return false;
      }
      if (!this.#isInTransaction) {
        this.#okUpTo = reader.endOffset;
        this.#nextLine = reader.line;
      }
      this.#lineBefore = reader.line;
    }
  }

  #record({ buffer, offsets: meant }: Request): boolean {
    const { offsets, count } = this.#view;
    if (count === 0) {
      this.#lookedAt = this.#reader.recordOffset;
      return true;
    }
    const word = transactionWord(buffer, meant[0] ?? 0, meant[1] ?? 0);
    if (word !== undefined && !this.#transaction(word, this.#offsetOf(offsets[0] ?? 0))) return false;
    this.#lookedAt = this.#offsetOf(offsets[2 * count - 2] ?? 0);
    return true;
  }

  #offsetOf(at: number): number {
    return this.#reader.recordOffset + at - this.#view.rawStart;
  }

  /** @returns false if the word may not stand here */
  #transaction(word: typeof MULTI | typeof EXEC, valueOffset: number): boolean {
    if (this.#isInTransaction === (word === EXEC)) {
      this.#isInTransaction = word === MULTI;
      return true;
    }
    const text = `Unexpected ${word.toUpperCase()} in AOF ${nameText(this.#options.path)}`;
    this.#complaint = `${formatFaultLine({ fileOffset: valueOffset, text })}\n`;
    // The record's first line, the name's length and the name are counted, the rest is not looked at.
    this.#line = this.#lineBefore + 3;
    return false;
  }

  #annotation(): boolean {
    const { buffer, rawStart, rawEnd } = this.#view;
    const { untilTimestamp } = this.#options;
    this.#lookedAt = this.#reader.recordOffset;
    if (untilTimestamp === undefined) return true;
    const time = parseTimestampAnnotation(buffer.subarray(rawStart, rawEnd));
    if (time === undefined || time <= untilTimestamp) return true;
    if (Number.isNaN(time)) this.#hasBadTimestamp = true;
    else this.#laterOffset = this.#reader.recordOffset;
    return false;
  }

  #fault(fault: RecordFault): void {
    const word = this.#wordBefore(fault);
    if (word !== undefined && !this.#transaction(word.word, word.fileOffset)) return;
    if (fault.code === 'AOF_RECORD_PREFIX') {
      this.#complaint = `AOF ${nameText(this.#options.name)} format error\n`;
    } else if (fault.text !== undefined) {
      this.#complaint = `${formatFaultLine({ fileOffset: fault.fileOffset, text: fault.text })}\n`;
    } else {
      this.#lookedAt = fault.fileOffset;
      this.#end();
    }
  }

  #end(): void {
    if (!this.#isInTransaction) return;
    const text = 'Reached EOF before reading EXEC for MULTI';
    this.#complaint = `${formatFaultLine({ fileOffset: this.#lookedAt, text })}\n`;
  }

  /** MULTI or EXEC, if that is the name of the record that could not be read to its end. */
  #wordBefore(fault: RecordFault): { word: typeof MULTI | typeof EXEC; fileOffset: number } | undefined {
    const length = fault.fileOffset - fault.recordOffset;
    if (length <= 0) return undefined;
    const head = new Uint8Array(HEAD_BYTES);
    const size = this.#options.file.read(head, 0, HEAD_BYTES, fault.recordOffset);
    const text = Buffer.from(head.buffer, 0, size).toString('latin1');
    const found = /^\*[^\n]*\n\$[ \t\v\f\r]*\+?(\d+)\r\n/.exec(text);
    if (found === null) return undefined;
    const start = found[0].length;
    const end = start + Number(found[1]);
    if (end + 2 > length) return undefined;
    const word = transactionWord(head, start, Math.min(end, size));
    return word === undefined ? undefined : { word, fileOffset: fault.recordOffset + start };
  }
}

/** Which of the two words `bytes[start … end)` is, as C compares it: any case, up to a NUL. */
function transactionWord(bytes: Uint8Array, start: number, end: number): typeof MULTI | typeof EXEC | undefined {
  const first = (bytes[start] ?? 0) | 32;
  const word = first === 109 ? MULTI : first === 101 ? EXEC : undefined;
  if (word === undefined || end - start < word.length) return undefined;
  for (let i = 1; i < word.length; i++) {
    if (((bytes[start + i] ?? 0) | 32) !== word.charCodeAt(i)) return undefined;
  }
  return end - start === word.length || bytes[start + word.length] === 0 ? word : undefined;
}
