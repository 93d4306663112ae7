/**
 * Replies, appended to a string of one character per byte (latin1), which is what sockets take fastest.
 *
 * Invariants:
 * - What `take` returns, written in order (strings as latin1), is all replies since the last `take`.
 * - `byteLength` is the number of those bytes.
 * - A string piece stays below a bound, so that no string comes near the engine's limit and flattening one is never slow.
 * - A short reply is a few concatenations. Of a long one they would be so many objects for the collector, so that its elements are
 *   gathered as bytes, in memory that all writers share: it belongs to one at a time, who is asked to empty it first.
 * - In RESP2 every RESP3 type is written as Redis writes it to a RESP2 client.
 */
import { formatDouble17 } from './double-format.ts';
import { writeBulkHeader } from './encode-command.ts';
import { CR, LF } from './resp-byte.ts';
import { decodeLatin1, writeBytes, writeLatin1 } from './text.ts';

/** The protocol that a client speaks. */
export type Protocol = 2 | 3;
/** A reply, or a part of one: bytes, or a string to be written as latin1. */
export type ReplyPiece = string | Uint8Array;
/** The place of a length that is not known yet; from `defer`. */
export type DeferredLength = number & { readonly brand: 'DeferredLength' };

/** From this size on a string goes to the list of pieces. */
const PIECE_BYTES = 64 * 1024;
/** Binary values below this are decoded into the string; above, they are a piece of their own. */
const INLINE_BYTES = 4 * 1024;
/** Lengths and counts below this have their line ready. */
const READY = 1024;

/** From so many elements on a reply is gathered as bytes. */
const LONG_REPLY = 8;
const GATHERED_BYTES = 16 * 1024;
/** What comes around the bytes of a bulk, at most. */
const MAX_FRAME_BYTES = 16;
const gathered = new Uint8Array(GATHERED_BYTES);
let gatheredLength = 0;
let gatherer: ReplyWriter | undefined;

const ready = (type: string) => Array.from({ length: READY }, (_, n) => `${type}${n}\r\n`);
const INTEGERS = ready(':');
const BULK_HEADERS = ready('$');
const ARRAY_HEADERS = ready('*');

/** Writes the replies of one client; see the head of this file. */
export class ReplyWriter {
  /** May change between replies (HELLO). */
  protocol: Protocol;
  /** Errors written since this writer was made, and the last of them: for statistics. */
  errorCount = 0;
  lastError = '';
  #text = '';
  #pieces: ReplyPiece[] = [];
  /** Bytes in `#pieces`. */
  #pieceBytes = 0;
  /** Deferred lengths without a value. */
  #open = 0;
  /** Until the next `take` what is written is gathered as bytes. */
  #isGathering = false;

  constructor(protocol: Protocol = 2) {
    this.protocol = protocol;
  }

  /** Bytes written since the last `take`; a deferred length counts once it is closed. */
  get byteLength(): number {
    return this.#pieceBytes + this.#text.length + (gatherer === this ? gatheredLength : 0);
  }

  /** Whether nothing was written since the last `take`. */
  get isEmpty(): boolean {
    return this.byteLength === 0 && this.#pieces.length === 0;
  }

  /** `+OK`. */
  ok(): void {
    this.#append('+OK\r\n');
  }

  /** A status such as PONG; without line breaks. */
  simple(text: string): void {
    this.#append(`+${text}\r\n`);
  }

  /** An error, its code first: `ERR no such key`. Line breaks become spaces, so that a client's text cannot forge replies. */
  error(text: string): void {
    this.errorCount++;
    this.lastError = text;
    this.#append(`-${/[\r\n]/.test(text) ? text.replace(/[\r\n]/g, ' ') : text}\r\n`);
  }

  /** A signed 64-bit integer. */
  integer(n: number | bigint): void {
    this.#append(typeof n === 'number' && n >= 0 && n < READY ? (INTEGERS[n] ?? `:${n}\r\n`) : `:${n}\r\n`);
  }

  /** A byte string: a latin1 string, or bytes, which are copied. */
  bulk(value: string | Uint8Array): void {
    if (typeof value === 'string') {
      if (this.#isGathering) this.#gatherBulk(value);
      else this.#append(`${bulkHeader(value.length)}${value}\r\n`);
    } else {
      this.bulkRange(value, 0, value.length);
    }
  }

  /** A byte string, copied: the bytes `start` to `end` (exclusive) of `bytes`. */
  bulkRange(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length >= INLINE_BYTES) {
      this.bulkShared(new Uint8Array(bytes.subarray(start, end)));
    } else if (this.#canGather(length)) {
      const at = writeBulkHeader(gathered, gatheredLength, length);
      this.#endBulk(writeBytes(gathered, at, bytes, start, end));
    } else {
      this.#append(`${bulkHeader(length)}${decodeLatin1(bytes, start, end)}\r\n`);
    }
  }

  /** A byte string that is not copied: `value` must not change until the pieces from `take` have been written. */
  bulkShared(value: Uint8Array): void {
    this.#endGathering();
    this.#text += bulkHeader(value.length);
    this.#pushText();
    this.#pieces.push(value);
    this.#pieceBytes += value.length;
    this.#text = '\r\n';
  }

  /** No such value: `$-1`, or in RESP3 `_`. */
  nullBulk(): void {
    this.#append(this.protocol === 2 ? '$-1\r\n' : '_\r\n');
  }

  /** No such array: `*-1`, or in RESP3 `_`. */
  nullArray(): void {
    this.#append(this.protocol === 2 ? '*-1\r\n' : '_\r\n');
  }

  /** Begins an array; `length` elements follow. */
  array(length: number): void {
    this.#expect(length);
    this.#append(arrayHeader(length));
  }

  /** Begins a map; `pairs` times a key and a value follow. In RESP2 an array of twice as many. */
  map(pairs: number): void {
    this.#expect(2 * pairs);
    this.#append(this.protocol === 2 ? arrayHeader(2 * pairs) : `%${pairs}\r\n`);
  }

  /** Begins a set; `length` elements follow. In RESP2 an array. */
  set(length: number): void {
    this.#expect(length);
    this.#append(this.protocol === 2 ? arrayHeader(length) : `~${length}\r\n`);
  }

  /** Begins a push message; `length` elements follow. In RESP2 an array. */
  push(length: number): void {
    this.#append(this.protocol === 2 ? arrayHeader(length) : `>${length}\r\n`);
  }

  /** Begins attributes; `pairs` times a key and a value follow, then the reply they belong to. RESP3 only. */
  attribute(pairs: number): void {
    if (this.protocol === 2) throw new Error('RESP2 has no attributes');
    this.#append(`|${pairs}\r\n`);
  }

  /** A double, as text from a formatter of the caller's or as a number, printed with 17 digits. In RESP2 a byte string. */
  double(n: number | string): void {
    const text = typeof n === 'string' ? n : formatDouble17(n);
    this.#append(this.protocol === 2 ? `${bulkHeader(text.length)}${text}\r\n` : `,${text}\r\n`);
  }

  /** A truth value. In RESP2 the integers 1 and 0. */
  boolean(value: boolean): void {
    if (this.protocol === 2) this.#append(value ? ':1\r\n' : ':0\r\n');
    else this.#append(value ? '#t\r\n' : '#f\r\n');
  }

  /** An integer of any size, in decimal. In RESP2 a byte string. */
  bigNumber(n: bigint | string): void {
    const text = String(n);
    this.#append(this.protocol === 2 ? `${bulkHeader(text.length)}${text}\r\n` : `(${text}\r\n`);
  }

  /** Text for people; `format` is `txt` or `mkd`. In RESP2 a byte string. */
  verbatim(format: string, text: string): void {
    if (this.protocol === 2) this.bulk(text);
    else this.#append(`=${text.length + 4}\r\n${format}:${text}\r\n`);
  }

  /** Replies that are encoded already. A latin1 string, or bytes, which are copied. */
  raw(encoded: ReplyPiece): void {
    this.#append(typeof encoded === 'string' ? encoded : decodeLatin1(encoded, 0, encoded.length));
  }

  /** Leaves room for the header of an array, a map or a set whose elements follow; exactly one `close…` must fill it. */
  defer(): DeferredLength {
    this.#pushText();
    this.#isGathering = true;
    this.#open++;
    // The only place where the brand is given.
    return (this.#pieces.push('') - 1) as DeferredLength;
  }

  /** Fills `hold` with the header of an array of `length` elements. */
  closeArray(hold: DeferredLength, length: number): void {
    this.#close(hold, arrayHeader(length));
  }

  /** Fills `hold` with the header of a map of `pairs` pairs. */
  closeMap(hold: DeferredLength, pairs: number): void {
    this.#close(hold, this.protocol === 2 ? arrayHeader(2 * pairs) : `%${pairs}\r\n`);
  }

  /** Fills `hold` with the header of a set of `length` elements. */
  closeSet(hold: DeferredLength, length: number): void {
    this.#close(hold, this.protocol === 2 ? arrayHeader(length) : `~${length}\r\n`);
  }

  /** Returns what was written, in order, and empties the writer. Every deferred length must be closed. */
  take(): ReplyPiece[] {
    if (this.#open !== 0) throw new Error('a deferred length was never closed');
    this.#endGathering();
    const text = this.#text;
    this.#text = '';
    if (this.#pieces.length === 0) return text.length === 0 ? [] : [text];
    const pieces = this.#pieces;
    if (text.length > 0) pieces.push(text);
    this.#pieces = [];
    this.#pieceBytes = 0;
    return joinStrings(pieces);
  }

  #append(text: string): void {
    if (this.#isGathering) return this.#gather(text);
    this.#text += text;
    if (this.#text.length >= PIECE_BYTES) this.#pushText();
  }

  /** So many elements follow. */
  #expect(length: number): void {
    if (length >= LONG_REPLY) this.#isGathering = true;
  }

  #gather(text: string): void {
    if (gatherer !== this) {
      if (gatherer !== undefined) gatherer.#emptyGathered();
      gatherer = this;
    }
    if (text.length > GATHERED_BYTES - gatheredLength) {
      this.#emptyGathered();
      if (text.length > GATHERED_BYTES) {
        this.#text += text;
        if (this.#text.length >= PIECE_BYTES) this.#pushText();
        return;
      }
    }
    gatheredLength = writeLatin1(gathered, gatheredLength, text);
  }

  /** The most frequent element of a long reply. */
  #gatherBulk(value: string): void {
    const { length } = value;
    if (!this.#canGather(length)) {
      this.#gather(bulkHeader(length));
      this.#gather(value);
      return this.#gather('\r\n');
    }
    const at = writeBulkHeader(gathered, gatheredLength, length);
    this.#endBulk(writeLatin1(gathered, at, value));
  }

  /** Whether the memory for long replies is this writer's and has room for a bulk of `length` bytes. */
  #canGather(length: number): boolean {
    return this.#isGathering && gatherer === this && length + MAX_FRAME_BYTES <= GATHERED_BYTES - gatheredLength;
  }

  /** Ends a bulk whose bytes have been gathered up to `at`. */
  #endBulk(at: number): void {
    gathered[at] = CR;
    gathered[at + 1] = LF;
    gatheredLength = at + 2;
  }

  /** Moves what has been gathered, which is this writer's, to the text. */
  #emptyGathered(): void {
    if (gatheredLength === 0) return;
    this.#text += decodeLatin1(gathered, 0, gatheredLength);
    gatheredLength = 0;
    if (this.#text.length >= PIECE_BYTES) this.#pushText();
  }

  #endGathering(): void {
    this.#isGathering = false;
    if (gatherer !== this) return;
    this.#emptyGathered();
    gatherer = undefined;
  }

  #pushText(): void {
    if (gatherer === this) this.#emptyGathered();
    if (this.#text.length === 0) return;
    this.#pieces.push(this.#text);
    this.#pieceBytes += this.#text.length;
    this.#text = '';
  }

  #close(hold: DeferredLength, header: string): void {
    if (this.#pieces[hold] !== '') throw new Error('not an open deferred length');
    this.#pieces[hold] = header;
    this.#pieceBytes += header.length;
    this.#open--;
  }
}

function bulkHeader(length: number): string {
  return length < READY ? BULK_HEADERS[length] : `$${length}\r\n`;
}

function arrayHeader(length: number): string {
  return length < READY ? ARRAY_HEADERS[length] : `*${length}\r\n`;
}

/** Deferred lengths leave many short strings: neighbours are joined, as far as a piece may be long. */
function joinStrings(pieces: readonly ReplyPiece[]): ReplyPiece[] {
  const joined: ReplyPiece[] = [];
  let text = '';
  for (const piece of pieces) {
    const isString = typeof piece === 'string';
    if (text.length > 0 && (!isString || text.length + piece.length > PIECE_BYTES)) {
      joined.push(text);
      text = '';
    }
    if (isString) text += piece;
    else joined.push(piece);
  }
  if (text.length > 0) joined.push(text);
  return joined;
}
