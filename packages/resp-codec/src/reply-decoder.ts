/**
 * Replies out of a stream of bytes, for clients: RESP2, and all of RESP3 (streamed strings and aggregates included).
 *
 * A reply is a type byte, then a line, or a length with bytes or elements behind it:
 * `+` simple string, `-` error, `:` integer, `$` bulk string, `*` array, `_` null, `,` double, `#` boolean, `!` bulk error,
 * `=` verbatim string, `(` big number, `%` map, `~` set, `|` attributes of the value that follows, `>` push message.
 * A length `?` begins a stream: of pieces `;<length>` until an empty one, or of elements until `.`.
 *
 * Invariants:
 * - Any way of cutting a stream into chunks gives the same replies and the same error.
 * - Elements that were read are not read again when more bytes come; only an unfinished element is kept as bytes.
 * - Every length is checked against the limits before anything is done about it; memory grows with the bytes received.
 * - Nothing is thrown: `error` says what breaks the protocol or a limit.
 */
import { type DecodeStatus, FRAME, NEED_MORE, PROTOCOL_ERROR } from './decode-status.ts';
import { Input } from './input.ts';
import { PlainReader } from './plain-reader.ts';
import { Aggregate, ENDLESS, joinPieces, MAX_NATIVE_ELEMENTS, nativeSize, toMap } from './reply-aggregate.ts';
import { isLineEnd, isLineType, ScalarDecoder } from './reply-scalar.ts';
import {
  AttributedReply,
  DEFAULT_REPLY_LIMITS,
  type ReplyFormatCode,
  ReplyFormatError,
  type ReplyLimits,
  type ReplyOptions,
  type ReplyValue,
} from './reply-value.ts';
import {
  ARRAY,
  ATTRIBUTE,
  BULK,
  BULK_ERROR,
  CR,
  END,
  LF,
  MAP,
  MINUS,
  PIECE,
  PUSH,
  QUESTION,
  SET,
  VERBATIM,
  ZERO,
} from './resp-byte.ts';

/** A length that may be allowed has no more digits. */
const LENGTH_DIGITS = 15;
/** Node's longest string; a bulk string beyond it could not be decoded. */
const MAX_STRING = 2 ** 29 - 24;
const TYPES = '+-:$*_,#!=(%~|>;.';
/** Instead of a length. */
const NULL_LENGTH = -1;
const STREAMED = -2;
const NO_LENGTH = -3;

type Attributes = Map<ReplyValue, ReplyValue>;

/** Decodes the replies of one connection; see the head of this file. */
export class ReplyDecoder {
  /** What the last `next` delivered. */
  reply: ReplyValue = null;
  /** Whether `reply` is a push message: it answers no command. */
  isPush = false;
  /** Why the stream cannot be read any further. */
  error: ReplyFormatError | undefined = undefined;

  readonly #limits: ReplyLimits;
  readonly #scalars: ScalarDecoder;
  readonly #plain: PlainReader;
  readonly #maxBulkBytes: number;
  readonly #isNative: boolean;
  readonly #isAttributed: boolean;

  readonly #input = new Input();
  /** What the reply being read is nested in: the first `#depth` of these. */
  readonly #aggregates: Aggregate[] = [];
  #depth = 0;
  /** Where in the stream the reply being read began. */
  #replyStart = 0;
  /** Attributes that wait for the next value at each depth, and how many depths have some. */
  readonly #attributes: (Attributes | undefined)[] = [];
  #waitingAttributes = 0;
  /** Why an element is not there: more bytes are wanted, an aggregate was opened (FRAME: go on), or `error` is set. */
  #outcome: DecodeStatus = NEED_MORE;
  /** How far the input must reach for the element that is being read, or 0. */
  #neededEnd = 0;
  /** Behind the length that was read last. */
  #bodyStart = 0;

  constructor(options: ReplyOptions = {}) {
    this.#limits = { ...DEFAULT_REPLY_LIMITS, ...options.limits };
    const { maxBulkBytes } = this.#limits;
    this.#maxBulkBytes = options.bulk === 'bytes' ? maxBulkBytes : Math.min(maxBulkBytes, MAX_STRING);
    this.#scalars = new ScalarDecoder(options);
    this.#plain = new PlainReader(options, this.#limits, this.#maxBulkBytes);
    this.#isNative = options.collections !== 'array';
    this.#isAttributed = options.attributes === 'wrap';
  }

  /**
   * Gives the bytes `start` … `end` of `chunk`. They are read in place, so they must stay as they are until `next` has
   * answered NEED_MORE or `retain` was called; then the chunk may be reused.
   */
  feed(chunk: Uint8Array, start = 0, end: number = chunk.length): void {
    if (this.error !== undefined) return;
    this.#input.feed(chunk, start, end, this.#input.position);
    this.#plain.reset();
  }

  /** Reads on: FRAME when `reply` is the next reply, else NEED_MORE or PROTOCOL_ERROR. */
  next(): DecodeStatus {
    if (this.error !== undefined) return PROTOCOL_ERROR;
    const input = this.#input;
    if (this.#depth === 0 && this.#waitingAttributes === 0) {
      const value = this.#plain.read(input);
      if (value !== undefined) {
        this.reply = value;
        this.isPush = false;
        return FRAME;
      }
    }
    while (!input.isDrained) {
      if (input.isTail) this.#leaveTail(input);
      const status = this.#parse(input);
      if (status !== NEED_MORE) return status;
      const isExtended = input.extend(input.position, this.#neededEnd, this.#neededEnd !== 0);
      this.#neededEnd = 0;
      this.#plain.reset();
      if (!isExtended) break;
    }
    this.reply = null;
    return NEED_MORE;
  }

  /** Copies what is fed and not yet delivered, so that the fed chunk may be reused. */
  retain(): void {
    this.#input.retain(this.#input.position);
    this.#plain.reset();
  }

  #leaveTail(input: Input): void {
    input.leaveTail();
    this.#plain.reset();
  }

  /** Reads elements until a reply is whole. */
  #parse(input: Input): DecodeStatus {
    for (;;) {
      if (this.#depth === 0) this.#replyStart = input.streamOffset(input.position);
      const value = this.#depth === 0 ? this.#readElement(input) : this.#readNested(input);
      if (value === undefined) {
        if (this.#outcome !== FRAME) return this.#outcome;
        continue;
      }
      const whole = this.#waitingAttributes === 0 ? value : this.#attribute(value);
      if (this.#depth === 0) {
        this.reply = whole;
        return FRAME;
      }
      this.#aggregates[this.#depth - 1].add(whole);
    }
  }

  /** The next element of the innermost aggregate, or the aggregate itself if it is whole. */
  #readNested(input: Input): ReplyValue | undefined {
    const aggregate = this.#aggregates[this.#depth - 1];
    if (this.#waitingAttributes === 0 && !aggregate.isStreamedString) this.#readPlainItems(input, aggregate);
    if (aggregate.count === aggregate.length) return this.#close(aggregate);
    if (aggregate.count >= this.#limits.maxElements) return this.#fail('RESP_LENGTH', 'too many elements');
    return this.#readElement(input);
  }

  /** Takes the fast way as long as it leads on. */
  #readPlainItems(input: Input, aggregate: Aggregate): void {
    if (this.#replyEndLimit() < input.end) return;
    const limit = Math.min(aggregate.length, this.#limits.maxElements);
    aggregate.count = this.#plain.readItems(input, aggregate.items, aggregate.count, limit);
  }

  /** Reads one element. Undefined: see `#outcome`. */
  #readElement(input: Input): ReplyValue | undefined {
    this.isPush = false;
    if (input.position === input.end) return this.#needMore(0);
    const type = input.buffer[input.position];
    const isInString = this.#depth > 0 && this.#aggregates[this.#depth - 1].isStreamedString;
    if (isInString !== (type === PIECE)) return this.#failType(type);
    if (isLineType(type)) return this.#readLine(input, type);
    switch (type) {
      case BULK:
      case BULK_ERROR:
      case VERBATIM:
        return this.#readSized(input, type);
      case PIECE:
        return this.#readPiece(input);
      case ARRAY:
      case SET:
      case MAP:
      case ATTRIBUTE:
      case PUSH:
        return this.#open(input, type);
      case END:
        return this.#readEnd(input);
      default:
        return this.#failType(type);
    }
  }

  #readLine(input: Input, type: number): ReplyValue | undefined {
    const lineEnd = this.#findLineEnd(input);
    if (lineEnd < 0) return undefined;
    const value = this.#scalars.line(type, input.buffer, input.position + 1, lineEnd);
    if (value === undefined) return this.#fail('RESP_NUMBER', `not a value of type '${String.fromCharCode(type)}'`);
    input.position = lineEnd + 2;
    return value;
  }

  /** A bulk string, a bulk error or a verbatim string. */
  #readSized(input: Input, type: number): ReplyValue | undefined {
    const length = this.#readLength(input);
    const start = this.#bodyStart;
    if (length === NO_LENGTH) return undefined;
    if (type === BULK && length === NULL_LENGTH) {
      input.position = start;
      return null;
    }
    if (type === BULK && length === STREAMED) return this.#push(input, BULK, ENDLESS);
    const end = this.#bodyEnd(input, length);
    if (end < 0) return undefined;
    const value = this.#scalars.sized(type, input.buffer, start, end);
    if (value === undefined) return this.#fail('RESP_LENGTH', 'a verbatim string without a format');
    input.position = end + 2;
    return value;
  }

  /** A piece of a streamed string; an empty one ends it. */
  #readPiece(input: Input): ReplyValue | undefined {
    const length = this.#readLength(input);
    const start = this.#bodyStart;
    if (length === NO_LENGTH) return undefined;
    const string = this.#aggregates[this.#depth - 1];
    if (length === 0) {
      string.length = string.count;
      return this.#goOn(input, start);
    }
    if (length + string.pieceBytes > this.#maxBulkBytes) return this.#fail('RESP_LENGTH', 'a streamed string too long');
    const end = this.#bodyEnd(input, length);
    if (end < 0) return undefined;
    string.pieceBytes += length;
    const piece = new Uint8Array(input.buffer.subarray(start, end));
    input.position = end + 2;
    return piece;
  }

  /** The end mark of a streamed aggregate. */
  #readEnd(input: Input): undefined {
    const aggregate = this.#depth > 0 ? this.#aggregates[this.#depth - 1] : undefined;
    const isAwaited = this.#attributes[this.#depth] !== undefined;
    if (aggregate?.length !== ENDLESS || !aggregate.isEven || isAwaited) return this.#failType(END);
    const lineEnd = this.#findLineEnd(input);
    if (lineEnd < 0) return undefined;
    if (lineEnd !== input.position + 1) return this.#failType(END);
    aggregate.length = aggregate.count;
    return this.#goOn(input, lineEnd + 2);
  }

  /** Begins an aggregate. */
  #open(input: Input, type: number): null | undefined {
    const length = this.#readLength(input);
    if (length === NO_LENGTH) return undefined;
    if (length === NULL_LENGTH && type === ARRAY) {
      input.position = this.#bodyStart;
      return null;
    }
    const isStreamable = type !== PUSH && type !== ATTRIBUTE;
    if (length === NULL_LENGTH || (length === STREAMED && !isStreamable)) {
      return this.#fail('RESP_LENGTH', 'an aggregate without a length');
    }
    // A push message stands between replies, not in one.
    if (type === PUSH && (this.#depth > 0 || this.#waitingAttributes > 0)) return this.#failType(type);
    const isPairs = type === MAP || type === ATTRIBUTE;
    return this.#push(input, type, length === STREAMED ? ENDLESS : isPairs ? 2 * length : length);
  }

  /** One level deeper: goes behind the header of an aggregate, or a streamed string, of `length` elements. */
  #push(input: Input, type: number, length: number): undefined {
    if (this.#depth >= this.#limits.maxDepth) return this.#fail('RESP_DEPTH', 'too many levels of aggregates');
    if (length !== ENDLESS && length > this.#limits.maxElements) return this.#fail('RESP_LENGTH', 'too many elements');
    if (length !== ENDLESS && !this.#isNativeSize(type, length)) return undefined;
    let aggregate = this.#aggregates[this.#depth];
    if (aggregate === undefined) {
      aggregate = new Aggregate();
      this.#aggregates.push(aggregate);
    }
    aggregate.open(type, length);
    this.#depth++;
    return this.#goOn(input, this.#bodyStart);
  }

  /** Turns the innermost aggregate, which is whole, into a value. Undefined for attributes: they wait for theirs. */
  #close(aggregate: Aggregate): ReplyValue | undefined {
    const { type } = aggregate;
    if (!this.#isNativeSize(type, aggregate.length)) return undefined;
    const items = aggregate.takeItems();
    this.#depth--;
    this.isPush = type === PUSH;
    switch (type) {
      case BULK: {
        const bytes = joinPieces(items, aggregate.pieceBytes);
        return this.#scalars.sized(BULK, bytes, 0, bytes.length);
      }
      case MAP:
        return this.#isNative ? toMap(items) : items;
      case SET:
        return this.#isNative ? new Set(items) : items;
      case ATTRIBUTE:
        this.#keepAttributes(toMap(items));
        this.#outcome = FRAME;
        return undefined;
      default:
        return items;
    }
  }

  /** Whether JavaScript's own types can hold so many; if not, `error` is set. */
  #isNativeSize(type: number, length: number): boolean {
    const isNative = this.#isNative || type === ATTRIBUTE;
    if (!isNative || nativeSize(type, length) <= MAX_NATIVE_ELEMENTS) return true;
    this.#fail('RESP_LENGTH', "more than a Map or a Set can hold; use collections: 'array'");
    return false;
  }

  #keepAttributes(attributes: Attributes): void {
    const waiting = this.#attributes[this.#depth];
    if (waiting === undefined) {
      this.#attributes[this.#depth] = attributes;
      this.#waitingAttributes++;
    } else {
      for (const [key, value] of attributes) waiting.set(key, value);
    }
  }

  /** Gives `value` the attributes that wait for it. */
  #attribute(value: ReplyValue): ReplyValue {
    const attributes = this.#attributes[this.#depth];
    if (attributes === undefined) return value;
    this.#attributes[this.#depth] = undefined;
    this.#waitingAttributes--;
    return this.#isAttributed ? new AttributedReply(attributes, value) : value;
  }

  /**
   * Reads the length behind the type byte; `#bodyStart` is then where its line ends.
   * @returns the length, NULL_LENGTH, STREAMED, or NO_LENGTH (see `#outcome`)
   */
  #readLength(input: Input): number {
    const { buffer, end } = input;
    const first = input.position + 1;
    const stop = Math.min(end - 1, first + LENGTH_DIGITS);
    let at = first;
    let length = 0;
    while (at < stop) {
      const digit = buffer[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
      at++;
    }
    if (at > first && at < end - 1 && isLineEnd(buffer, at)) {
      this.#bodyStart = at + 2;
      return length;
    }
    const lineEnd = this.#findLineEnd(input);
    if (lineEnd < 0) return NO_LENGTH;
    this.#bodyStart = lineEnd + 2;
    if (lineEnd === first + 1 && buffer[first] === QUESTION) return STREAMED;
    if (lineEnd === first + 2 && buffer[first] === MINUS && buffer[first + 1] === ZERO + 1) return NULL_LENGTH;
    this.#fail('RESP_LENGTH', 'not a length');
    return NO_LENGTH;
  }

  /** Where the `length` bytes at `#bodyStart` end, if they and their line end are there; else -1 (see `#outcome`). */
  #bodyEnd(input: Input, length: number): number {
    const end = this.#bodyStart + length;
    if (length < 0 || length > this.#maxBulkBytes) {
      this.#fail('RESP_LENGTH', 'not an allowed length');
    } else if (end + 2 > this.#replyEndLimit()) {
      this.#fail('RESP_REPLY_TOO_LONG', 'too long a reply');
    } else if (end + 2 > input.end) {
      this.#needMore(end + 2);
    } else if (!isLineEnd(input.buffer, end)) {
      this.#fail('RESP_LINE_END', 'no line end after a bulk string');
    } else {
      return end;
    }
    return -1;
  }

  /** Where the line at `position` ends, or -1 (see `#outcome`). */
  #findLineEnd(input: Input): number {
    const { buffer, position } = input;
    const longest = position + 1 + this.#limits.maxLineBytes;
    const stop = Math.min(input.end, longest + 1);
    let at = Math.max(input.scanned, position + 1);
    while (at < stop && buffer[at] !== CR && buffer[at] !== LF) at++;
    input.scanned = at;
    if (at > longest) {
      this.#fail('RESP_LINE_TOO_LONG', 'too long a line');
    } else if (at === input.end || (buffer[at] === CR && at + 1 === input.end)) {
      this.#needMore(0);
    } else if (!isLineEnd(buffer, at)) {
      this.#fail('RESP_LINE_END', 'a line that does not end with CR LF');
    } else if (at + 2 > this.#replyEndLimit()) {
      this.#fail('RESP_REPLY_TOO_LONG', 'too long a reply');
    } else {
      return at;
    }
    return -1;
  }

  /** Index in the input's buffer behind the longest reply allowed. */
  #replyEndLimit(): number {
    return this.#replyStart + this.#limits.maxReplyBytes - this.#input.streamOffset(0);
  }

  /** The header of an aggregate, or an end mark, is read: the caller goes on at `position`. */
  #goOn(input: Input, position: number): undefined {
    input.position = position;
    this.#outcome = FRAME;
    return undefined;
  }

  #needMore(neededEnd: number): undefined {
    this.#neededEnd = neededEnd;
    this.#outcome = NEED_MORE;
    return undefined;
  }

  #failType(type: number): undefined {
    const { code, text }: { code: ReplyFormatCode; text: string } = TYPES.includes(String.fromCharCode(type))
      ? { code: 'RESP_UNEXPECTED_TYPE', text: 'cannot stand here' }
      : { code: 'RESP_UNKNOWN_TYPE', text: 'is no type' };
    return this.#fail(code, `'${String.fromCharCode(type)}' ${text}`);
  }

  #fail(code: ReplyFormatCode, message: string): undefined {
    this.error = new ReplyFormatError(code, message, this.#input.streamOffset(this.#input.position));
    this.#outcome = PROTOCOL_ERROR;
    this.reply = null;
    return undefined;
  }
}
