/**
 * The atoms of the format, written into chunks: lengths, strings, numbers.
 *
 * Invariants: what was taken is the taker's, and never changed again; the checksum is over all bytes written so far.
 */

import { Crc64 } from '@aof/crc64';
import { copyBytes, isIntegerText } from '@aof/keyspace';
import { LENGTH_32, LENGTH_64, STRING_INT8, STRING_INT16, STRING_INT32, STRING_LZF } from './format.ts';
import { allocateLatin1, type Latin1Buffer } from './latin1.ts';
import { lzfCompress } from './lzf.ts';

/** Redis tries to compress strings longer than this. Source: rdb.c, rdbSaveRawString. */
const COMPRESSED_ABOVE_BYTES = 20;
/** Longer strings are left as they are: compressing is done at once, and these would hold up everything else for too long. */
const COMPRESSED_UP_TO_BYTES = 1 << 20;
/** What compressing must save. */
const COMPRESSION_GAIN = 4;
/** An int32 with its sign. */
const SHORT_INTEGER_CHARS = 11;
const LENGTH_MAX_BYTES = 9;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
/** Scratch memory above this size is given back. */
const SCRATCH_KEPT_BYTES = 1 << 20;
const INT64_MAX = 2n ** 63n - 1n;
const DEFAULT_CHUNK_BYTES = 64 * 1024;

export interface RdbOutputOptions {
  /** Whether strings are compressed where that saves something. Default true (the option `rdbcompression`). */
  readonly compresses?: boolean;
  /** Whether a checksum is made. Default true (the option `rdbchecksum`). */
  readonly sums?: boolean;
  /** Size of the chunks, in bytes; single strings may make larger ones. Default 64 KiB. */
  readonly chunkBytes?: number;
}

export class RdbOutput {
  readonly #compresses: boolean;
  readonly #chunkBytes: number;
  readonly #crc: Crc64 | undefined;
  #chunks: Uint8Array[] = [];
  #chunksBytes = 0;
  #buffer: Latin1Buffer;
  /** Bytes of the buffer that are written, and up to which they were taken and summed. */
  #at = 0;
  #done = 0;
  #packed: Latin1Buffer = allocateLatin1(0);
  #compressed: Latin1Buffer = allocateLatin1(0);
  #savedBytes = 0;

  constructor(options: RdbOutputOptions = {}) {
    this.#compresses = options.compresses ?? true;
    this.#chunkBytes = options.chunkBytes ?? DEFAULT_CHUNK_BYTES;
    this.#crc = (options.sums ?? true) ? new Crc64() : undefined;
    this.#buffer = allocateLatin1(this.#chunkBytes);
  }

  /** Bytes that were written and not taken. */
  get pendingBytes(): number {
    return this.#chunksBytes + this.#at - this.#done;
  }

  /** Bytes that compressing has saved so far: they took their time, though nobody sees them written. */
  get savedBytes(): number {
    return this.#savedBytes;
  }

  /** The bytes that were written since the last call, in order. */
  take(): Uint8Array[] {
    this.#close();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#chunksBytes = 0;
    return chunks;
  }

  /** The checksum of all that was written; 0 if none is made. */
  checksum(): bigint {
    this.#close();
    return this.#crc?.value ?? 0n;
  }

  // Numbers -----------------------------------------------------------------------------------------------------------

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = value;
  }

  /** A length, which may use 64 bits; negative ones are written as two's complement. */
  length(value: number | bigint): void {
    this.#reserve(LENGTH_MAX_BYTES);
    this.#length(value);
  }

  /** A signed number; what lies beyond 64 bits becomes the last one within. */
  int64(value: number): void {
    this.#reserve(8);
    const wide = BigInt(Math.trunc(value));
    this.#at = this.#buffer.writeBigInt64LE(wide > INT64_MAX ? INT64_MAX : wide, this.#at);
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.#at = this.#buffer.writeBigUInt64LE(value, this.#at);
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#at = this.#buffer.writeUInt16LE(value, this.#at);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  // Strings -----------------------------------------------------------------------------------------------------------

  /** The chars of `text` as bytes, without a length. */
  rawText(text: string): void {
    this.#reserve(text.length);
    this.#buffer.latin1Write(text, this.#at, text.length);
    this.#at += text.length;
  }

  /** Bytes without a length. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** `size` bytes that `write` puts at an offset of a buffer, without a length. */
  fixed(size: number, write: (target: Latin1Buffer, at: number) => void): void {
    this.#reserve(size);
    write(this.#buffer, this.#at);
    this.#at += size;
  }

  /** A string in the shortest form: an integer, compressed, or as it is. */
  string(content: string | Uint8Array): void {
    if (typeof content !== 'string') return this.#bytes(content, content.length);
    const { length } = content;
    if (length <= SHORT_INTEGER_CHARS && this.#integer(content)) return;
    if (this.#isCompressible(length)) {
      const scratch = this.#packedScratch(length);
      scratch.latin1Write(content, 0, length);
      return this.#bytes(scratch, length);
    }
    this.#reserve(LENGTH_MAX_BYTES + length);
    this.#length(length);
    this.#buffer.latin1Write(content, this.#at, length);
    this.#at += length;
  }

  /** `string` of the bytes `start` to `end` (exclusive). */
  stringOfBytes(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length <= SHORT_INTEGER_CHARS && this.#shortInteger(integerOf(bytes, start, end))) return;
    if (this.#isCompressible(length)) {
      const scratch = this.#packedScratch(length);
      copyBytes(scratch, 0, bytes, start, end);
      return this.#bytes(scratch, length);
    }
    this.#reserve(LENGTH_MAX_BYTES + length);
    this.#length(length);
    copyBytes(this.#buffer, this.#at, bytes, start, end);
    this.#at += length;
  }

  /**
   * A string that `build` puts together.
   *
   * @param maxBytes how many it may need
   * @param build writes from offset 0 on and answers where it ends
   */
  packed(maxBytes: number, build: (target: Latin1Buffer) => number): void {
    const scratch = this.#packedScratch(maxBytes);
    this.#bytes(scratch, build(scratch));
  }

  /** The first `length` of `bytes` as a string. */
  #bytes(bytes: Uint8Array, length: number): void {
    if (this.#isCompressible(length) && this.#compress(bytes, length)) return;
    this.#reserve(LENGTH_MAX_BYTES + length);
    this.#length(length);
    copyBytes(this.#buffer, this.#at, bytes, 0, length);
    this.#at += length;
  }

  #compress(bytes: Uint8Array, length: number): boolean {
    const room = length - COMPRESSION_GAIN;
    if (this.#compressed.length < room) this.#compressed = allocateLatin1(room);
    const size = lzfCompress(bytes, length, this.#compressed, room);
    if (size === 0) return false;
    this.#reserve(1 + 2 * LENGTH_MAX_BYTES + size);
    this.#buffer[this.#at++] = STRING_LZF;
    this.#length(size);
    this.#length(length);
    this.#compressed.copy(this.#buffer, this.#at, 0, size);
    this.#at += size;
    this.#savedBytes += length - size;
    return true;
  }

  #integer(text: string): boolean {
    return isIntegerText(text) && this.#shortInteger(Number(text));
  }

  /** Writes `value` if it is an int32. */
  #shortInteger(value: number): boolean {
    if (value !== (value | 0)) return false;
    this.#reserve(5);
    const buffer = this.#buffer;
    if (value >= -0x80 && value <= 0x7f) {
      buffer[this.#at] = STRING_INT8;
      this.#at = buffer.writeInt8(value, this.#at + 1);
    } else if (value >= -0x8000 && value <= 0x7fff) {
      buffer[this.#at] = STRING_INT16;
      this.#at = buffer.writeInt16LE(value, this.#at + 1);
    } else {
      buffer[this.#at] = STRING_INT32;
      this.#at = buffer.writeInt32LE(value, this.#at + 1);
    }
    return true;
  }

  #isCompressible(length: number): boolean {
    return this.#compresses && length > COMPRESSED_ABOVE_BYTES && length <= COMPRESSED_UP_TO_BYTES;
  }

  /** Room for it was made. */
  #length(value: number | bigint): void {
    const buffer = this.#buffer;
    const at = this.#at;
    if (typeof value === 'bigint' || value < 0 || value > 0xffff_ffff) {
      const wide = BigInt.asUintN(64, BigInt(value));
      if (wide <= 0xffff_ffffn) return this.#length(Number(wide));
      buffer[at] = LENGTH_64;
      this.#at = buffer.writeBigUInt64BE(wide, at + 1);
    } else if (value < 0x40) {
      buffer[at] = value;
      this.#at = at + 1;
    } else if (value < 0x4000) {
      buffer[at] = 0x40 | (value >> 8);
      buffer[at + 1] = value;
      this.#at = at + 2;
    } else {
      buffer[at] = LENGTH_32;
      this.#at = buffer.writeUInt32BE(value, at + 1);
    }
  }

  #packedScratch(size: number): Latin1Buffer {
    if (size <= this.#packed.length) return this.#packed;
    const grown = allocateLatin1(Math.max(size, 4096));
    if (size <= SCRATCH_KEPT_BYTES) this.#packed = grown;
    return grown;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#buffer.length) return;
    this.#close();
    this.#buffer = allocateLatin1(Math.max(size, this.#chunkBytes));
    this.#at = 0;
    this.#done = 0;
  }

  /** What was written since the last time becomes a chunk. */
  #close(): void {
    if (this.#at === this.#done) return;
    this.#crc?.update(this.#buffer, this.#done, this.#at);
    this.#chunks.push(this.#buffer.subarray(this.#done, this.#at));
    this.#chunksBytes += this.#at - this.#done;
    this.#done = this.#at;
  }
}

/** The integer whose text the bytes are, spelled as integers are (`isIntegerText`); NaN if they are none. At most SHORT_INTEGER_CHARS. */
function integerOf(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = bytes[at] - DIGIT_0;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  const isSpelledOtherwise = first >= end || (bytes[first] === DIGIT_0 && (isNegative || end - first > 1));
  if (isSpelledOtherwise) return Number.NaN;
  return isNegative ? -value : value;
}
