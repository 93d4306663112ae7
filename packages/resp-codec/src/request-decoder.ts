/**
 * Requests out of a stream of bytes, for servers.
 *
 * A request is an array of bulk strings, `*<count>\r\n` and `count` times `$<length>\r\n<bytes>\r\n`, or else a line
 * (see inline.ts). Empty arrays and blank lines are skipped. As in Redis, the byte after a `\r` and the two bytes after an
 * argument are not looked at, and a NUL byte in a line hides the line's end.
 *
 * Invariants:
 * - Any way of cutting a stream into chunks gives the same requests and the same error.
 * - A whole request is read where it lies, only an unfinished one is copied (see input.ts). What was read of it is not
 *   read again when more bytes come.
 * - Every length is checked against the limits before anything is done about it; memory grows with the bytes received.
 */
import { type DecodeStatus, FRAME, NEED_MORE, PROTOCOL_ERROR } from './decode-status.ts';
import { splitInline } from './inline.ts';
import { Input, NOTHING } from './input.ts';
import { parseInteger } from './integer.ts';
import { Request } from './request.ts';
import { RequestError, type RequestErrorCode } from './request-error.ts';
import { DEFAULT_LIMITS, type RequestLimits } from './request-limits.ts';
import * as byte from './resp-byte.ts';

// Local constants: V8 folds these, while it loads and checks an imported one at each use.
const { ARRAY, BULK, CR, LF, ZERO } = byte;
const NUL = 0;
/** Numbers of up to 9 digits fit a small integer and are read in place; longer ones take the careful way. */
const FAST_DIGITS = 9;
const FAST_LENGTH = 2 ** 30;
/** No argument is being read: its length comes next. */
const NO_BULK = -1;
/** Instead of a number or an index: more bytes are wanted, or `error` is set. */
const INCOMPLETE = -1;
const REFUSED = -2;
/** Larger buffers are let go of when nothing is left to read, so that an idle connection does not hold them. */
const KEPT_BYTES = 16 * 1024;
const KEPT_OFFSETS = 1024;

/** Decodes the requests of one connection; see the head of this file. */
export class RequestDecoder {
  /** The request that the last `next` delivered: one view, reused for each. */
  readonly request: Request = new Request();
  /** Why the stream cannot be read any further. */
  error: RequestError | undefined = undefined;
  /** May be replaced at any time; holds from the next length on that is read. */
  limits: RequestLimits;

  readonly #input = new Input();
  /** Where in the input's buffer the request being parsed begins. */
  #requestStart = 0;
  /** Arguments announced (0: between requests) and arguments read of the request being parsed. */
  #count = 0;
  #read = 0;
  /** Bytes in the argument being read, or NO_BULK. */
  #bulkLength = NO_BULK;
  /** All line ends of the request so far were `\r\n`. */
  #isCanonical = true;

  /** @param limits what a request may claim */
  constructor(limits: RequestLimits = DEFAULT_LIMITS) {
    this.limits = limits;
  }

  /** Bytes of the stream before the end of the last request that was delivered or skipped. */
  get consumedBytes(): number {
    return this.#input.streamOffset(this.#keepFrom());
  }

  /** Bytes fed and not consumed: an unfinished request, or requests that wait for `next`. */
  get bufferedBytes(): number {
    return this.#input.fedBytes - this.consumedBytes;
  }

  /**
   * Gives the bytes `start` … `end` of `chunk`. They are read in place, so they must stay as they are until `next` has
   * answered NEED_MORE or `retain` was called; then the chunk may be reused.
   */
  feed(chunk: Uint8Array, start = 0, end: number = chunk.length): void {
    if (this.error !== undefined) return;
    this.#input.feed(chunk, start, end, this.#keepFrom());
    this.#follow(this.#input.shift);
  }

  /** Reads on: FRAME when `request` is the next request, else NEED_MORE or PROTOCOL_ERROR. */
  next(): DecodeStatus {
    if (this.error !== undefined) return PROTOCOL_ERROR;
    const input = this.#input;
    for (;;) {
      if (input.isTail && this.#count === 0) input.leaveTail();
      const status = this.#parse(input);
      if (status !== NEED_MORE || !this.#extend(input)) return status;
    }
  }

  /** Copies what is fed and not yet delivered, so that the fed chunk may be reused: for a client that has to wait. */
  retain(): void {
    this.#input.retain(this.#keepFrom());
    this.#follow(this.#input.shift);
  }

  #extend(input: Input): boolean {
    const isBulk = this.#bulkLength !== NO_BULK;
    const neededEnd = isBulk ? input.position + this.#bulkLength + 2 : 0;
    const isExtended = input.extend(this.#keepFrom(), neededEnd, isBulk && this.#read === this.#count - 1);
    this.#follow(input.shift);
    if (!isExtended && this.#count === 0) this.#letGo();
    return isExtended;
  }

  /** Where the bytes begin that are still needed. */
  #keepFrom(): number {
    return this.#count === 0 ? this.#input.position : this.#requestStart;
  }

  /** Follows the unfinished request, which the input has moved. */
  #follow(shift: number): void {
    if (this.#count === 0 || shift === 0) return;
    this.#requestStart -= shift;
    const offsets = this.request.offsets;
    for (let i = 0; i < 2 * this.#read; i++) offsets[i] -= shift;
  }

  /** Parses as far as the input's buffer reaches. */
  #parse(input: Input): DecodeStatus {
    while (this.#count === 0) {
      if (input.position === input.end) return NEED_MORE;
      this.#requestStart = input.position;
      if (input.buffer[input.position] !== ARRAY) {
        const status = this.#parseInline(input);
        if (status !== undefined) return status;
      } else {
        const count = this.#readLength(input, ARRAY);
        if (count < 0) return count === INCOMPLETE ? NEED_MORE : PROTOCOL_ERROR;
        this.#count = count;
        this.#read = 0;
      }
    }
    for (;;) {
      if (this.#bulkLength === NO_BULK) {
        this.#readPlainArguments(input);
        if (this.#read === this.#count) break;
        const length = this.#readLength(input, BULK);
        if (length < 0) return length === INCOMPLETE ? NEED_MORE : PROTOCOL_ERROR;
        this.#bulkLength = length;
      }
      const start = input.position;
      const end = start + this.#bulkLength;
      if (end + 2 > input.end) return NEED_MORE;
      if (input.buffer[end] !== CR || input.buffer[end + 1] !== LF) this.#isCanonical = false;
      this.#addArgument(start, end);
      input.position = end + 2;
      this.#bulkLength = NO_BULK;
    }
    this.#deliver(input);
    return FRAME;
  }

  /**
   * The fast way through arguments that are whole, well formed and within the limits. It stops at any other, and where
   * the offsets have to grow: the careful way goes on there.
   */
  #readPlainArguments(input: Input): void {
    const { buffer, end } = input;
    const { maxBulkBytes, maxUnauthenticatedBulkBytes, maxRequestBytes } = this.limits;
    if (this.#requestStart + maxRequestBytes < end) return;
    // As an integer: the loop is slower with a limit that is a double.
    const maxLength = Math.min(maxBulkBytes, maxUnauthenticatedBulkBytes, FAST_LENGTH) | 0;
    const offsets = this.request.offsets;
    const stop = Math.min(2 * this.#count, offsets.length);
    let position = input.position;
    let slot = 2 * this.#read;
    while (slot < stop && position < end - 5 && buffer[position] === BULK) {
      let length = buffer[position + 1] - ZERO;
      let at = position + 2;
      if (length < 0 || length > 9) break;
      if (length !== 0) {
        const digitsEnd = Math.min(end - 1, position + 1 + FAST_DIGITS);
        for (; at < digitsEnd; at++) {
          const digit = buffer[at] - ZERO;
          if (digit < 0 || digit > 9) break;
          length = length * 10 + digit;
        }
      }
      if (buffer[at] !== CR || buffer[at + 1] !== LF) break;
      const argumentEnd = at + 2 + length;
      if (argumentEnd > end - 2 || length > maxLength) break;
      if (buffer[argumentEnd] !== CR || buffer[argumentEnd + 1] !== LF) break;
      offsets[slot] = at + 2;
      offsets[slot + 1] = argumentEnd;
      slot += 2;
      position = argumentEnd + 2;
    }
    this.#read = slot >> 1;
    input.position = position;
  }

  #addArgument(start: number, end: number): void {
    const request = this.request;
    const at = 2 * this.#read;
    if (at === request.offsets.length) {
      const offsets = new Int32Array(Math.min(2 * at, 2 * this.#count));
      offsets.set(request.offsets);
      request.offsets = offsets;
    }
    request.offsets[at] = start;
    request.offsets[at + 1] = end;
    this.#read++;
  }

  /** Completes `request`; the arguments' offsets are in place. */
  #deliver(input: Input): void {
    const request = this.request;
    request.buffer = input.buffer;
    request.count = this.#count;
    request.rawStart = this.#requestStart;
    request.rawEnd = input.position;
    request.isInline = false;
    if (!this.#isCanonical) {
      request.assign(Array.from({ length: this.#count }, (_, i) => request.bytes(i)));
      this.#isCanonical = true;
    }
    this.#count = 0;
  }

  /**
   * Reads the line `<type><number>\r\n` and goes behind it.
   * @returns the number, 0 for a negative count; INCOMPLETE; or REFUSED, when `error` is set
   */
  #readLength(input: Input, type: number): number {
    const buffer = input.buffer;
    const first = input.position + 1;
    const stop = Math.min(input.end - 1, first + FAST_DIGITS);
    let at = first;
    let value = 0;
    while (at < stop) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const isPlain = at > first && at < input.end - 1 && (buffer[first] !== ZERO || at === first + 1);
    if (isPlain && buffer[at] === CR && buffer[at + 1] === LF && buffer[first - 1] === type) {
      return this.#acceptLength(input, type, value, at + 2);
    }
    return this.#readLengthCarefully(input, type);
  }

  /** The same for any line: unfinished, too long, or not a number. */
  #readLengthCarefully(input: Input, type: number): number {
    const buffer = input.buffer;
    const start = input.position;
    const isArray = type === ARRAY;
    const lineEnd = this.#findLineEnd(input, CR);
    if (lineEnd === REFUSED) {
      if (isArray) return this.#refuse('RESP_ARRAY_HEADER_TOO_LONG', 'too big mbulk count string');
      return this.#refuse('RESP_BULK_HEADER_TOO_LONG', 'too big bulk count string');
    }
    if (lineEnd === INCOMPLETE || lineEnd + 1 >= input.end) return INCOMPLETE;
    if (buffer[start] !== type) {
      const found = buffer[start] === CR || buffer[start] === LF ? ' ' : String.fromCharCode(buffer[start]);
      return this.#refuse('RESP_EXPECTED_BULK', `expected '$', got '${found}'`);
    }
    const value = parseInteger(buffer, start + 1, lineEnd);
    if (value === undefined || (value < 0 && !isArray)) return this.#refuseLength(isArray);
    if (buffer[lineEnd + 1] !== LF) this.#isCanonical = false;
    return this.#acceptLength(input, type, Number(value), lineEnd + 2);
  }

  /** Checks a number that was read against the limits; `after` is where its line ends. */
  #acceptLength(input: Input, type: number, value: number, after: number): number {
    const limits = this.limits;
    if (type === ARRAY) {
      if (value > limits.maxArguments) return this.#refuseLength(true);
      if (value > limits.maxUnauthenticatedArguments) {
        return this.#refuse('RESP_UNAUTHENTICATED_ARRAY_LENGTH', 'unauthenticated multibulk length');
      }
      if (value <= 0) this.#isCanonical = true;
    } else {
      if (value > limits.maxBulkBytes) return this.#refuseLength(false);
      if (value > limits.maxUnauthenticatedBulkBytes) {
        return this.#refuse('RESP_UNAUTHENTICATED_BULK_LENGTH', 'unauthenticated bulk length');
      }
      if (after + value + 2 - this.#requestStart > limits.maxRequestBytes) {
        return this.#refuse('RESP_REQUEST_TOO_LONG', 'too big request');
      }
    }
    input.position = after;
    return Math.max(value, 0);
  }

  /** Reads a line of words. Undefined: it was blank and is skipped. */
  #parseInline(input: Input): DecodeStatus | undefined {
    const start = input.position;
    const lineEnd = this.#findLineEnd(input, LF);
    if (lineEnd === INCOMPLETE) return NEED_MORE;
    if (lineEnd === REFUSED) {
      this.#refuse('RESP_INLINE_TOO_LONG', 'too big inline request');
      return PROTOCOL_ERROR;
    }
    const textEnd = lineEnd > start && input.buffer[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    const words = splitInline(input.buffer, start, textEnd);
    if (words === undefined) {
      this.#refuse('RESP_UNBALANCED_QUOTES', 'unbalanced quotes in request');
      return PROTOCOL_ERROR;
    }
    input.position = lineEnd + 1;
    if (words.length === 0) return undefined;
    this.request.assign(words);
    this.request.isInline = true;
    return FRAME;
  }

  /** Where `terminator` ends the line at `position`; INCOMPLETE; or REFUSED if the line is longer than allowed. */
  #findLineEnd(input: Input, terminator: number): number {
    const buffer = input.buffer;
    // The terminator may stand one behind the longest line.
    const stop = Math.min(input.end, input.position + this.limits.maxLineBytes + 1);
    let at = Math.max(input.scanned, input.position);
    while (at < stop && buffer[at] !== terminator && buffer[at] !== NUL) at++;
    input.scanned = at;
    if (at < stop && buffer[at] === terminator) return at;
    return input.end - input.position > this.limits.maxLineBytes ? REFUSED : INCOMPLETE;
  }

  #refuseLength(isArray: boolean): typeof REFUSED {
    return isArray
      ? this.#refuse('RESP_ARRAY_LENGTH', 'invalid multibulk length')
      : this.#refuse('RESP_BULK_LENGTH', 'invalid bulk length');
  }

  #refuse(code: RequestErrorCode, text: string): typeof REFUSED {
    this.error = new RequestError(code, `Protocol error: ${text}`, this.consumedBytes);
    return REFUSED;
  }

  /** Nothing is left to read: an idle connection holds no large buffer. */
  #letGo(): void {
    const request = this.request;
    if (request.buffer.length > KEPT_BYTES) request.buffer = NOTHING;
    if (request.offsets.length > KEPT_OFFSETS) request.offsets = new Int32Array(16);
  }
}
