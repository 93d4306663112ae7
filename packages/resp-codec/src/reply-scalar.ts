/** Values that are not aggregates: what stands on a line, and what follows a length. */
import { parseBigInteger, parseDouble, parseShortDouble, parseShortInteger } from './reply-number.ts';
import { type ReplyOptions, type ReplyValue, RespError, VerbatimText } from './reply-value.ts';
import {
  BIG_NUMBER,
  BOOLEAN,
  BULK_ERROR,
  CR,
  DOUBLE,
  ERROR,
  INTEGER,
  LF,
  NULL,
  SIMPLE,
  VERBATIM,
} from './resp-byte.ts';
import { decodeLatin1, decodeUtf8 } from './text.ts';

const LETTER_F = 102;
const LETTER_T = 116;
const LETTER_K = 75;
const LETTER_O = 79;
const COLON = 58;
const FORMAT_BYTES = 3;

/** Whether the value of `type` is all on the line behind it. */
export function isLineType(type: number): boolean {
  switch (type) {
    case SIMPLE:
    case ERROR:
    case INTEGER:
    case NULL:
    case DOUBLE:
    case BOOLEAN:
    case BIG_NUMBER:
      return true;
    default:
      return false;
  }
}

/** Decodes scalars as the options say. Answers undefined for what `type` cannot be. */
export class ScalarDecoder {
  readonly #integers: 'mixed' | 'number' | 'bigint';
  readonly #bulk: 'utf8' | 'latin1' | 'bytes';
  readonly #isVerbatimWrapped: boolean;

  constructor(options: ReplyOptions) {
    this.#integers = options.integers ?? 'mixed';
    this.#bulk = options.bulk ?? 'utf8';
    this.#isVerbatimWrapped = options.verbatim === 'wrap';
  }

  /** The value whose line, behind its type byte, is the bytes `start` … `end` of `buffer`. */
  line(type: number, buffer: Uint8Array, start: number, end: number): ReplyValue | undefined {
    switch (type) {
      case SIMPLE:
        if (end - start === 2 && buffer[start] === LETTER_O && buffer[start + 1] === LETTER_K) return 'OK';
        return this.text(buffer, start, end);
      case ERROR:
        return new RespError(this.text(buffer, start, end));
      case INTEGER:
        return this.#integer(buffer, start, end);
      case DOUBLE:
        return parseShortDouble(buffer, start, end) ?? parseDouble(decodeLatin1(buffer, start, end));
      case BIG_NUMBER:
        return parseBigInteger(decodeLatin1(buffer, start, end));
      case BOOLEAN:
        if (end - start !== 1) return undefined;
        return buffer[start] === LETTER_T ? true : buffer[start] === LETTER_F ? false : undefined;
      default:
        return start === end ? null : undefined;
    }
  }

  /** The value whose bytes, behind their length, are `start` … `end` of `buffer`. */
  sized(type: number, buffer: Uint8Array, start: number, end: number): ReplyValue | undefined {
    if (type === BULK_ERROR) return new RespError(this.text(buffer, start, end));
    if (type !== VERBATIM) {
      return this.#bulk === 'bytes' ? new Uint8Array(buffer.subarray(start, end)) : this.text(buffer, start, end);
    }
    const textStart = start + FORMAT_BYTES + 1;
    if (textStart > end || buffer[textStart - 1] !== COLON) return undefined;
    const text = this.text(buffer, textStart, end);
    return this.#isVerbatimWrapped ? new VerbatimText(decodeLatin1(buffer, start, textStart - 1), text) : text;
  }

  /** Text in the encoding of bulk strings; UTF-8 if those are bytes. */
  text(buffer: Uint8Array, start: number, end: number): string {
    return this.#bulk === 'latin1' ? decodeLatin1(buffer, start, end) : decodeUtf8(buffer, start, end);
  }

  #integer(buffer: Uint8Array, start: number, end: number): number | bigint | undefined {
    const short = parseShortInteger(buffer, start, end);
    if (this.#integers === 'bigint') {
      return short !== undefined ? BigInt(short) : parseBigInteger(decodeLatin1(buffer, start, end));
    }
    if (short !== undefined) return short;
    const long = parseBigInteger(decodeLatin1(buffer, start, end));
    if (long === undefined) return undefined;
    const rounded = Number(long);
    return this.#integers === 'number' || Number.isSafeInteger(rounded) ? rounded : long;
  }
}

/** Whether `\r\n` stands at `at`. */
export function isLineEnd(buffer: Uint8Array, at: number): boolean {
  return buffer[at] === CR && buffer[at + 1] === LF;
}
