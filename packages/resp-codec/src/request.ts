/**
 * A request as a view: one buffer and the offsets of the arguments in it. Nothing is decoded before it is asked for.
 *
 * Invariants: the bytes `rawStart` … `rawEnd` of `buffer` are the request's canonical RESP encoding (an inline request,
 * or one with odd line ends, is encoded anew into a buffer of its own); argument `i` is the bytes `start(i)` … `end(i)`.
 * A decoder reuses one view: it holds until the decoder's next call of `next`, the bytes under it until the next `feed`.
 */
import { type CommandArgument, encodeCommand } from './encode-command.ts';
import { parseFloatStrict } from './float.ts';
import { parseInteger } from './integer.ts';
import { decodeLatin1 } from './text.ts';

const NOTHING = new Uint8Array(0);
const CASE_BIT = 0x20;
const UPPER_A = 65;
const UPPER_Z = 90;

/** The arguments of one command; argument 0 is the command's name. */
export class Request {
  /** Holds the request; owned by the decoder unless this came from `detach` or `of`. */
  buffer: Uint8Array = NOTHING;
  /** Arguments, the name included; at least 1 in a request that a decoder delivered. */
  count = 0;
  /** The request's canonical RESP bytes are `rawStart` … `rawEnd` of `buffer`. */
  rawStart = 0;
  rawEnd = 0;
  /** Whether the client sent a line instead of an array; `buffer` holds the array all the same. */
  isInline = false;
  /** Start and end of argument `i` at `2 * i` and `2 * i + 1`; has at least `2 * count` elements. For hot loops. */
  offsets: Int32Array = new Int32Array(16);

  /** Where argument `i` starts in `buffer`. */
  start(i: number): number {
    return this.offsets[2 * i];
  }

  /** Where argument `i` ends in `buffer`, exclusive. */
  end(i: number): number {
    return this.offsets[2 * i + 1];
  }

  /** Bytes in argument `i`. */
  length(i: number): number {
    return this.offsets[2 * i + 1] - this.offsets[2 * i];
  }

  /** Argument `i` as a view of `buffer`: copy it to keep it. */
  bytes(i: number): Uint8Array {
    return this.buffer.subarray(this.offsets[2 * i], this.offsets[2 * i + 1]);
  }

  /** Argument `i` as a latin1 string, one character per byte: flat, so it may be stored. */
  latin1(i: number): string {
    return decodeLatin1(this.buffer, this.offsets[2 * i], this.offsets[2 * i + 1]);
  }

  /** Argument `i` as a key: the same as `latin1`, named for what it means. */
  key(i: number): string {
    return decodeLatin1(this.buffer, this.offsets[2 * i], this.offsets[2 * i + 1]);
  }

  /**
   * Argument `i` as a signed 64-bit integer, or undefined if it is not spelled as one (`+1`, `01`, `-0`, ` 1`, out of range).
   * @returns a number if it is a safe integer, else a bigint
   */
  integer(i: number): number | bigint | undefined {
    return parseInteger(this.buffer, this.offsets[2 * i], this.offsets[2 * i + 1]);
  }

  /** Argument `i` as a double, or undefined if strtod does not take all of it, or it is NaN or out of range. */
  float(i: number): number | undefined {
    return parseFloatStrict(this.buffer, this.offsets[2 * i], this.offsets[2 * i + 1]);
  }

  /** Whether argument `i` is `lowerCaseWord` but for the case of ASCII letters. Allocates nothing. */
  is(i: number, lowerCaseWord: string): boolean {
    const start = this.offsets[2 * i];
    const length = lowerCaseWord.length;
    if (this.offsets[2 * i + 1] - start !== length) return false;
    const buffer = this.buffer;
    for (let at = 0; at < length; at++) {
      const byte = buffer[start + at];
      const lower = byte >= UPPER_A && byte <= UPPER_Z ? byte | CASE_BIT : byte;
      if (lower !== lowerCaseWord.charCodeAt(at)) return false;
    }
    return true;
  }

  /** A request of its own, with its own copy of the bytes: may be kept, as a queued command of MULTI is. */
  detach(): Request {
    const copy = new Request();
    copy.buffer = this.toResp();
    copy.count = this.count;
    copy.rawEnd = copy.buffer.length;
    copy.isInline = this.isInline;
    const offsets = new Int32Array(2 * this.count);
    for (let i = 0; i < offsets.length; i++) offsets[i] = this.offsets[i] - this.rawStart;
    copy.offsets = offsets;
    return copy;
  }

  /** The request's RESP array, in bytes of its own. */
  toResp(): Uint8Array {
    // Not `slice`: on Node's Buffer that is a view.
    return new Uint8Array(this.buffer.subarray(this.rawStart, this.rawEnd));
  }

  /** A request made of `args`: latin1 strings (one byte per character) or bytes, which are copied. */
  static of(args: readonly CommandArgument[]): Request {
    const request = new Request();
    request.assign(args);
    return request;
  }

  /** Makes this view show `args`, encoded into a new buffer. */
  assign(args: readonly CommandArgument[]): void {
    const buffer = encodeCommand(args);
    const offsets = this.offsets.length < 2 * args.length ? new Int32Array(2 * args.length) : this.offsets;
    // Backwards, since the end is known and each argument is followed by a line end and preceded by its header.
    let at = buffer.length;
    for (let i = args.length - 1; i >= 0; i--) {
      const length = args[i].length;
      offsets[2 * i + 1] = at - 2;
      offsets[2 * i] = at - 2 - length;
      at -= length + 5 + String(length).length;
    }
    this.buffer = buffer;
    this.offsets = offsets;
    this.count = args.length;
    this.rawStart = 0;
    this.rawEnd = buffer.length;
    this.isInline = false;
  }
}
