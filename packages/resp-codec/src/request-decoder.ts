/**
 * Requests out of a stream of bytes, for servers.
 *
 * A request is an array of bulk strings, `*<count>\r\n` and `count` times `$<length>\r\n<bytes>\r\n`, or else a line
 * (see inline.ts). Empty arrays and blank lines are skipped. As in Redis, the byte after a `\r` and the two bytes after an
 * argument are not looked at, and a NUL byte in a line hides its end.
 *
 * Invariants:
 * - Any way of cutting a stream into chunks gives the same requests and the same error.
 * - Whole requests are read where they lie in the fed chunk. Only the tail of a chunk that holds an unfinished request is
 *   copied, into a buffer which grows with the bytes received, never with the bytes claimed; once that request is whole,
 *   reading goes on in the chunk. No byte is looked at twice but for a bounded number around each cut.
 * - Every length is checked against the limits before anything is done about it.
 * - No buffer that a delivered request lies in is written to before the next `feed`.
 */
import { type DecodeStatus, FRAME, NEED_MORE, PROTOCOL_ERROR } from './decode-status.ts';
import { splitInline } from './inline.ts';
import { parseInteger } from './integer.ts';
import { Request } from './request.ts';
import { RequestError, type RequestErrorCode } from './request-error.ts';
import { DEFAULT_LIMITS, type RequestLimits } from './request-limits.ts';

const NOTHING = new Uint8Array(0);
const NUL = 0;
const LF = 10;
const CR = 13;
const DOLLAR = 36;
const ASTERISK = 42;
const ZERO = 48;
/** Numbers of up to 9 digits fit a small integer and are read in place; longer ones take the careful way. */
const FAST_DIGITS = 9;
/** No argument is being read: its length comes next. */
const NO_BULK = -1;
/** `readLength` wants more bytes, or has set the error. */
const INCOMPLETE = -1;
const REFUSED = -2;
/** How many bytes of the chunk follow the tail when it is not known how many are missing. */
const TAIL_STEP = 256;
/** The smallest tail buffer, and the largest that an idle decoder keeps. */
const TAIL_SMALLEST = 1024;
const TAIL_KEPT = 16 * 1024;

/** Decodes requests; see the head of this file. One decoder per connection. */
export class RequestDecoder {
  /** The request that the last `next` delivered, reused for each. */
  readonly request = new Request();
  /** Why the stream cannot be read any further. */
  error: RequestError | undefined = undefined;
  /** May be replaced at any time; holds from the next length on that is read. */
  limits: RequestLimits;

  /** What is being parsed: the fed chunk, or the tail. */
  #buffer: Uint8Array = NOTHING;
  #position = 0;
  #end = 0;
  /** `#buffer` is the tail; the rest of the fed chunk follows it. */
  #isTail = false;
  #chunk: Uint8Array = NOTHING;
  #chunkPosition = 0;
  #chunkEnd = 0;
  /** Bytes at the end of the tail that came from `#chunk`. */
  #moved = 0;
  /** A request was delivered from the tail since the last `feed`. */
  #isTailDelivered = false;
  /** Buffers for tails. The tail that a request was delivered from and the next tail may be needed at the same time. */
  #tail: Uint8Array = NOTHING;
  #spareTail: Uint8Array = NOTHING;

  /** Where the request being parsed begins. */
  #requestStart = 0;
  /** Arguments announced (0: between requests) and arguments read of the request being parsed. */
  #count = 0;
  #read = 0;
  #bulkLength = NO_BULK;
  /** No line end is in `#buffer` between `#position` and here. */
  #scanned = 0;
  /** All line ends so far were `\r\n`. */
  #isCanonical = true;
  /** Stream offset of the byte at index 0 of `#buffer`. */
  #base = 0;
  #fed = 0;

  /** @param limits what a request may claim; see `limits` */
  constructor(limits: RequestLimits = DEFAULT_LIMITS) {
    this.limits = limits;
  }

  /** Bytes of the stream before the end of the last request that was delivered or skipped. */
  get consumedBytes(): number {
    return this.#base + (this.#count === 0 ? this.#position : this.#requestStart);
  }

  /** Bytes fed and not yet consumed: what an unfinished request (or one that waits for `next`) holds. */
  get bufferedBytes(): number {
    return this.#fed - this.consumedBytes;
  }

  /**
   * Gives the bytes `start` … `end` of `chunk`. They are read in place, so they must stay as they are until `next` has
   * answered NEED_MORE or `retain` was called; then the chunk may be reused.
   */
  feed(chunk: Uint8Array, start = 0, end: number = chunk.length): void {
    if (this.error !== undefined) return;
    const hasUnread = this.#isTail ? this.#chunkPosition < this.#chunkEnd : this.#position < this.#end;
    if (hasUnread) this.retain();
    this.#isTailDelivered = false;
    if (this.#isTail) {
      this.#chunk = chunk;
      this.#chunkPosition = start;
      this.#chunkEnd = end;
      this.#moved = 0;
    } else {
      this.#readChunk(chunk, start, end, this.#fed);
    }
    this.#fed += end - start;
  }

  /** Reads on: FRAME when `request` is the next request, else NEED_MORE or PROTOCOL_ERROR. */
  next(): DecodeStatus {
    if (this.error !== undefined) return PROTOCOL_ERROR;
    for (;;) {
      if (this.#isTail && this.#count === 0) this.#leaveTail();
      const status = this.#parse();
      if (status !== NEED_MORE || !this.#extendTail()) return status;
    }
  }

  /** Copies what is fed and not yet delivered, so that the fed chunk may be reused: for a client that must wait. */
  retain(): void {
    const rest = this.#isTail ? this.#chunkEnd - this.#chunkPosition : 0;
    if (this.#isTail && rest === 0) return;
    const from = this.#unfinishedStart();
    const size = this.#end - from;
    if (size + rest === 0) return;
    const tail = new Uint8Array(size + rest);
    tail.set(this.#buffer.subarray(from, this.#end));
    if (rest > 0) tail.set(this.#chunk.subarray(this.#chunkPosition, this.#chunkEnd), size);
    this.#readTail(tail, from, size + rest);
    this.#forgetChunk();
  }

  /** Parses as far as `#buffer` reaches. */
  #parse(): DecodeStatus {
    while (this.#count === 0) {
      if (this.#position === this.#end) return NEED_MORE;
      this.#requestStart = this.#position;
      if (this.#buffer[this.#position] !== ASTERISK) {
        const status = this.#parseInline();
        if (status !== undefined) return status;
      } else {
        const count = this.#readLength(ASTERISK);
        if (count < 0) return count === INCOMPLETE ? NEED_MORE : PROTOCOL_ERROR;
        this.#count = count;
        this.#read = 0;
      }
    }
    while (this.#read < this.#count) {
      if (this.#bulkLength === NO_BULK) {
        const length = this.#readLength(DOLLAR);
        if (length < 0) return length === INCOMPLETE ? NEED_MORE : PROTOCOL_ERROR;
        this.#bulkLength = length;
      }
      const start = this.#position;
      const end = start + this.#bulkLength;
      if (end + 2 > this.#end) return NEED_MORE;
      if (this.#buffer[end] !== CR || this.#buffer[end + 1] !== LF) this.#isCanonical = false;
      this.#addArgument(start, end);
      this.#position = end + 2;
      this.#scanned = end + 2;
      this.#bulkLength = NO_BULK;
    }
    this.#deliver();
    return FRAME;
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
  #deliver(): void {
    const request = this.request;
    request.buffer = this.#buffer;
    request.count = this.#count;
    request.rawStart = this.#requestStart;
    request.rawEnd = this.#position;
    request.isInline = false;
    if (!this.#isCanonical) {
      request.assign(Array.from({ length: this.#count }, (_, i) => request.bytes(i)));
      this.#isCanonical = true;
    }
    this.#count = 0;
  }

  /**
   * Reads the line `<type><number>\r\n` at `#position` and goes behind it.
   * @returns the number, 0 for a negative count; INCOMPLETE; or REFUSED, when `error` is set
   */
  #readLength(type: number): number {
    const buffer = this.#buffer;
    const first = this.#position + 1;
    const stop = Math.min(this.#end - 1, first + FAST_DIGITS);
    let at = first;
    let value = 0;
    while (at < stop) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const isPlain = at > first && at < this.#end - 1 && (buffer[first] !== ZERO || at === first + 1);
    const isWhole = isPlain && buffer[at] === CR && buffer[at + 1] === LF && buffer[first - 1] === type;
    if (!isWhole) return this.#readLengthCarefully(type);
    return this.#acceptLength(type, value, at + 2);
  }

  /** The same for any line: unfinished, too long, or not a number. */
  #readLengthCarefully(type: number): number {
    const buffer = this.#buffer;
    const start = this.#position;
    const isArray = type === ASTERISK;
    const lineEnd = this.#findLineEnd(CR);
    if (lineEnd === REFUSED) {
      if (isArray) return this.#refuse('RESP_ARRAY_HEADER_TOO_LONG', 'too big mbulk count string');
      return this.#refuse('RESP_BULK_HEADER_TOO_LONG', 'too big bulk count string');
    }
    if (lineEnd === INCOMPLETE || lineEnd + 1 >= this.#end) return INCOMPLETE;
    if (buffer[start] !== type) {
      const found = buffer[start] === CR || buffer[start] === LF ? ' ' : String.fromCharCode(buffer[start]);
      return this.#refuse('RESP_EXPECTED_BULK', `expected '$', got '${found}'`);
    }
    const value = parseInteger(buffer, start + 1, lineEnd);
    if (value === undefined || (value < 0 && !isArray)) return this.#refuseLength(isArray);
    if (buffer[lineEnd + 1] !== LF) this.#isCanonical = false;
    return this.#acceptLength(type, Number(value), lineEnd + 2);
  }

  /** Checks a number read against the limits; `after` is where its line ends. */
  #acceptLength(type: number, value: number, after: number): number {
    const limits = this.limits;
    if (type === ASTERISK) {
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
    this.#position = after;
    this.#scanned = after;
    return Math.max(value, 0);
  }

  /** Reads a line of words. Undefined: it was blank and is skipped. */
  #parseInline(): DecodeStatus | undefined {
    const start = this.#position;
    const lineEnd = this.#findLineEnd(LF);
    if (lineEnd === INCOMPLETE) return NEED_MORE;
    if (lineEnd === REFUSED) {
      this.#refuse('RESP_INLINE_TOO_LONG', 'too big inline request');
      return PROTOCOL_ERROR;
    }
    const textEnd = lineEnd > start && this.#buffer[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    const words = splitInline(this.#buffer, start, textEnd);
    if (words === undefined) {
      this.#refuse('RESP_UNBALANCED_QUOTES', 'unbalanced quotes in request');
      return PROTOCOL_ERROR;
    }
    this.#position = lineEnd + 1;
    this.#scanned = lineEnd + 1;
    if (words.length === 0) return undefined;
    this.request.assign(words);
    this.request.isInline = true;
    return FRAME;
  }

  /** Where `terminator` is in the line at `#position`; INCOMPLETE; or REFUSED if the line is longer than allowed. */
  #findLineEnd(terminator: number): number {
    const buffer = this.#buffer;
    // The terminator may stand one behind the longest line.
    const stop = Math.min(this.#end, this.#position + this.limits.maxLineBytes + 1);
    let at = this.#scanned;
    while (at < stop && buffer[at] !== terminator && buffer[at] !== NUL) at++;
    this.#scanned = at;
    if (at < stop && buffer[at] === terminator) return at;
    return this.#end - this.#position > this.limits.maxLineBytes ? REFUSED : INCOMPLETE;
  }

  #refuseLength(isArray: boolean): typeof REFUSED {
    return isArray
      ? this.#refuse('RESP_ARRAY_LENGTH', 'invalid multibulk length')
      : this.#refuse('RESP_BULK_LENGTH', 'invalid bulk length');
  }

  #refuse(code: RequestErrorCode, text: string): typeof REFUSED {
    this.error = new RequestError(code, `Protocol error: ${text}`, this.#base + this.#requestStart);
    return REFUSED;
  }

  /** Where the bytes begin that are still needed. */
  #unfinishedStart(): number {
    return this.#count === 0 ? this.#position : this.#requestStart;
  }

  /** Goes on in the chunk at its position `start`, which is `streamOffset` bytes into the stream. */
  #readChunk(chunk: Uint8Array, start: number, end: number, streamOffset: number): void {
    this.#buffer = chunk;
    this.#position = start;
    this.#scanned = start;
    this.#end = end;
    this.#base = streamOffset - start;
    this.#isTail = false;
  }

  /** Goes on in `tail`, whose `size` bytes begin with those at `from` of the buffer read so far. */
  #readTail(tail: Uint8Array, from: number, size: number): void {
    this.#buffer = tail;
    this.#tail = tail;
    this.#isTail = true;
    this.#moved = 0;
    this.#end = size;
    this.#base += from;
    this.#position -= from;
    this.#scanned -= from;
    this.#requestStart -= from;
    if (this.#count === 0 || from === 0) return;
    const offsets = this.request.offsets;
    for (let i = 0; i < 2 * this.#read; i++) offsets[i] -= from;
  }

  #forgetChunk(): void {
    this.#chunk = NOTHING;
    this.#chunkPosition = 0;
    this.#chunkEnd = 0;
  }

  /** Between requests: once all that is unread came from the chunk, it is read there. */
  #leaveTail(): void {
    const unread = this.#end - this.#position;
    if (unread > this.#moved) return;
    const streamOffset = this.#base + this.#position;
    this.#readChunk(this.#chunk, this.#chunkPosition - unread, this.#chunkEnd, streamOffset);
    this.#forgetChunk();
    this.#isTailDelivered = true;
  }

  /** Gets the parser more bytes; false if all that was fed is used up. */
  #extendTail(): boolean {
    if (!this.#isTail) {
      this.#saveTail();
      return false;
    }
    const rest = this.#chunkEnd - this.#chunkPosition;
    if (rest === 0) {
      this.#forgetChunk();
      return false;
    }
    const wanted = this.#bulkLength === NO_BULK ? 0 : this.#position + this.#bulkLength + 2 - this.#end;
    const amount = Math.min(rest, Math.max(wanted, TAIL_STEP, this.#moved));
    if (this.#end + amount > this.#tail.length) {
      const from = this.#unfinishedStart();
      const moved = this.#moved;
      const tail = this.#allocateTail(this.#end - from + amount);
      tail.set(this.#buffer.subarray(from, this.#end));
      this.#readTail(tail, from, this.#end - from);
      this.#moved = moved;
    }
    this.#tail.set(this.#chunk.subarray(this.#chunkPosition, this.#chunkPosition + amount), this.#end);
    this.#end += amount;
    this.#chunkPosition += amount;
    this.#moved += amount;
    return true;
  }

  /** Copies the unfinished request at the end of the chunk. */
  #saveTail(): void {
    const from = this.#unfinishedStart();
    const size = this.#end - from;
    if (size === 0) {
      this.#rest();
      return;
    }
    if (this.#isTailDelivered) {
      const tail = this.#tail;
      this.#tail = this.#spareTail;
      this.#spareTail = tail;
    }
    const tail = size <= this.#tail.length ? this.#tail : this.#allocateTail(size);
    tail.set(this.#buffer.subarray(from, this.#end));
    this.#readTail(tail, from, size);
  }

  /** A buffer for `size` bytes with room to grow: twice the size, but not beyond the end of the last argument. */
  #allocateTail(size: number): Uint8Array {
    const isLast = this.#bulkLength !== NO_BULK && this.#read === this.#count - 1;
    const whole = this.#position + this.#bulkLength + 2 - this.#unfinishedStart();
    return new Uint8Array(Math.max(TAIL_SMALLEST, size, isLast ? Math.min(2 * size, whole) : 2 * size));
  }

  /** Nothing is left to read: lets go of the chunk and of buffers that an idle connection should not hold. */
  #rest(): void {
    this.#readChunk(NOTHING, 0, 0, this.#fed);
    if (this.#tail.length > TAIL_KEPT) this.#tail = NOTHING;
    if (this.#spareTail.length > TAIL_KEPT) this.#spareTail = NOTHING;
    if (this.request.buffer.length > TAIL_KEPT) this.request.buffer = NOTHING;
    if (this.request.offsets.length > TAIL_KEPT) this.request.offsets = new Int32Array(16);
  }
}
