/**
 * The atoms of the format, read from a window of bytes: lengths, strings, numbers.
 *
 * An atom is read whole or not at all: when its last byte has not arrived, the answer is undefined, `at` stays where the atom
 * begins, and `isWorthTrying` tells when enough has arrived to try again. So memory is bounded by the longest string that is
 * really there. What can never become an atom is an RdbFault, with `atomStart` at its place.
 *
 * Invariant: nothing is allocated for a string before all of its bytes are there, and for a compressed one no more than they
 * can decompress to.
 */

import { constants } from 'node:buffer';
import { copyBytes } from '@aof/keyspace';
import { ByteWindow, NO_BYTES } from './byte-window.ts';
import { RdbFault } from './errors.ts';
import { LENGTH_32, LENGTH_64, STRING_INT8, STRING_INT16, STRING_LZF } from './format.ts';
import { allocateLatin1, type Latin1Buffer, latin1Of } from './latin1.ts';
import { lzfDecompress, maxDecompressedBytes } from './lzf.ts';

/** Longer strings come as bytes where a value allows both. */
export const TEXT_MAX_BYTES = 1 << 20;
/** Longer strings are never handed over in pairs. */
const SHORT_MAX_BYTES = 8 * 1024;
/** Pairs that are held and do not lie in the window take no more than that. */
const PAIR_SCRATCH_BYTES = 8 * SHORT_MAX_BYTES;
const SCRATCH_KEPT_BYTES = 1 << 20;

/** Forms of a string. */
const RAW = 1;
const INTEGER = 2;
const COMPRESSED = 3;
type Form = typeof RAW | typeof INTEGER | typeof COMPRESSED;

/** A view of a string's bytes, valid until the next atom. */
export interface Blob {
  bytes: Latin1Buffer;
  start: number;
  end: number;
}

/** A key and its value as bytes. Ends are exclusive. */
export interface StringPair {
  bytes: Latin1Buffer;
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  valueEnd: number;
}

export class RdbInput extends ByteWindow {
  readonly #maxStringBytes: number;
  /** In the window, set by every atom. */
  #atom = 0;
  /** File offset that must have arrived before the incomplete atom can be read. */
  #wantedOffset = 0;
  /** The string that `#findString` found: where its bytes are, or what it says. */
  #bodyStart = 0;
  #bodyEnd = 0;
  #integer = 0;
  #expandedLength = 0;
  #scratch: Latin1Buffer = allocateLatin1(0);
  readonly #blob: Blob = { bytes: this.#scratch, start: 0, end: 0 };
  /** For pairs that are not in the window as they are, and how much of it they take. */
  #pairScratch: Latin1Buffer = NO_BYTES;
  #pairEnd = 0;

  constructor(fileOffset: number, isSummed: boolean, maxStringBytes: number) {
    super(fileOffset, isSummed);
    this.#maxStringBytes = maxStringBytes;
  }

  /** File offset of the atom that was read last, or could not be read. */
  get atomOffset(): number {
    return this.fileOffset(Math.min(this.#atom, this.at));
  }

  /** Whether the atom that was incomplete may be complete now. */
  get isWorthTrying(): boolean {
    return this.fileOffset(this.limit) >= this.#wantedOffset;
  }

  // Numbers -----------------------------------------------------------------------------------------------------------

  byte(): number | undefined {
    this.#atom = this.at;
    if (this.at >= this.limit) return this.#incomplete(this.at + 1);
    return this.bytes[this.at++];
  }

  /** A length; above 2^53 it is not exact, and no count or size of anything real. */
  length(): number | undefined {
    const { bytes, at } = this;
    this.#atom = at;
    if (at >= this.limit) return this.#incomplete(at + 1);
    const first = bytes[at];
    if (first < 0x40) {
      this.at = at + 1;
      return first;
    }
    const size = lengthSize(first);
    if (at + size > this.limit) return this.#incomplete(at + size);
    this.at = at + size;
    return this.#lengthAt(at);
  }

  /** A length that may use all 64 bits, or stand for a negative number. */
  wideLength(): bigint | undefined {
    const { at } = this;
    const value = this.length();
    if (value === undefined || value <= Number.MAX_SAFE_INTEGER) return value === undefined ? undefined : BigInt(value);
    return this.bytes.readBigUInt64BE(at + 1);
  }

  int32(): number | undefined {
    return this.#fixed(4) ? this.bytes.readInt32LE(this.#atom) : undefined;
  }

  /** A signed 64-bit number; exact up to 2^53, which times in milliseconds do not reach. */
  int64(): number | undefined {
    if (!this.#fixed(8)) return undefined;
    const { bytes } = this;
    return bytes.readInt32LE(this.#atom + 4) * 0x1_0000_0000 + bytes.readUInt32LE(this.#atom);
  }

  uint64(): bigint | undefined {
    return this.#fixed(8) ? this.bytes.readBigUInt64LE(this.#atom) : undefined;
  }

  double(): number | undefined {
    return this.#fixed(8) ? this.bytes.readDoubleLE(this.#atom) : undefined;
  }

  /** `size` bytes as text. */
  fixedText(size: number): string | undefined {
    return this.#fixed(size) ? latin1Of(this.bytes, this.#atom, this.at) : undefined;
  }

  /** The double of early versions: a byte with the length of its text, or 253 for NaN, 254 and 255 for the infinities. */
  textDouble(): number | undefined {
    const { at } = this;
    const size = this.byte();
    if (size === undefined) return undefined;
    if (size === 255) return Number.NEGATIVE_INFINITY;
    if (size === 254) return Number.POSITIVE_INFINITY;
    if (size === 253) return Number.NaN;
    if (at + 1 + size > this.limit) {
      this.at = at;
      return this.#incomplete(at + 1 + size);
    }
    this.at = at + 1 + size;
    return parseDouble(latin1Of(this.bytes, at + 1, this.at));
  }

  // Strings -----------------------------------------------------------------------------------------------------------

  /** A string as text. */
  text(): string | undefined {
    const { bytes, at } = this;
    const end = at + 1 + bytes[at];
    if (at < this.limit && bytes[at] < 0x40 && end <= this.limit) {
      this.#atom = at;
      this.at = end;
      return latin1Of(bytes, at + 1, end);
    }
    const form = this.#findString();
    if (form === undefined) return undefined;
    if (form === INTEGER) return String(this.#integer);
    if (form === RAW) return textOf(this.bytes, this.#bodyStart, this.#bodyEnd);
    return textOf(this.#expand(), 0, this.#expandedLength);
  }

  /** A string as text, or as bytes of its own if it is longer than TEXT_MAX_BYTES. */
  content(): string | Uint8Array | undefined {
    const form = this.#findString();
    if (form === undefined) return undefined;
    if (form === INTEGER) return String(this.#integer);
    if (form === RAW) {
      if (this.#bodyEnd - this.#bodyStart <= TEXT_MAX_BYTES)
        return latin1Of(this.bytes, this.#bodyStart, this.#bodyEnd);
      return new Uint8Array(this.bytes.subarray(this.#bodyStart, this.#bodyEnd));
    }
    const expanded = this.#expand();
    if (this.#expandedLength <= TEXT_MAX_BYTES) return latin1Of(expanded, 0, this.#expandedLength);
    return new Uint8Array(expanded.subarray(0, this.#expandedLength));
  }

  /** A string's bytes in place, for what is packed in it. */
  blob(): Blob | undefined {
    const form = this.#findString();
    if (form === undefined) return undefined;
    const blob = this.#blob;
    if (form === RAW) {
      blob.bytes = this.bytes;
      blob.start = this.#bodyStart;
      blob.end = this.#bodyEnd;
    } else if (form === COMPRESSED) {
      blob.bytes = this.#expand();
      blob.start = 0;
      blob.end = this.#expandedLength;
    } else {
      blob.bytes = this.#reserveScratch(16);
      blob.start = 0;
      blob.end = blob.bytes.latin1Write(String(this.#integer), 0, 16);
    }
    return blob;
  }

  /** Pairs that were found are not needed any more. */
  forgetPairs(): void {
    this.#pairEnd = 0;
  }

  /**
   * Finds two strings of at most SHORT_MAX_BYTES each, which hold until `forgetPairs`, and answers whether they are there. False, with
   * nothing read, also if they are longer or damaged (whoever reads them one by one finds out what it is), or if too many are held.
   */
  shortPair(pair: StringPair): boolean {
    const { at } = this;
    try {
      if (this.#findPair(pair)) return true;
    } catch (cause) {
      if (!(cause instanceof RdbFault)) throw cause;
    }
    this.at = at;
    return false;
  }

  #findPair(pair: StringPair): boolean {
    const { at } = this;
    if (this.#findString() === RAW) {
      pair.keyStart = this.#bodyStart;
      pair.keyEnd = this.#bodyEnd;
      const form = this.#findString();
      if (form === undefined || pair.keyEnd - pair.keyStart > SHORT_MAX_BYTES) return false;
      if (form !== RAW) return this.#buildPair(pair, form);
      pair.bytes = this.bytes;
      pair.valueStart = this.#bodyStart;
      pair.valueEnd = this.#bodyEnd;
      return pair.valueEnd - pair.valueStart <= SHORT_MAX_BYTES;
    }
    this.at = at;
    const keyForm = this.#findString();
    if (!this.#hasPairRoom()) return false;
    pair.keyStart = this.#pairEnd;
    pair.keyEnd = this.#append(keyForm, pair.keyStart);
    if (pair.keyEnd < 0) return false;
    return this.#appendValue(pair, this.#findString());
  }

  /** A pair of a key in the window and of a value that is not there as it is. */
  #buildPair(pair: StringPair, form: Form): boolean {
    if (!this.#hasPairRoom()) return false;
    const keyStart = this.#pairEnd;
    copyBytes(this.#pairScratch, keyStart, this.bytes, pair.keyStart, pair.keyEnd);
    pair.keyEnd = keyStart + pair.keyEnd - pair.keyStart;
    pair.keyStart = keyStart;
    return this.#appendValue(pair, form);
  }

  #appendValue(pair: StringPair, form: Form | undefined): boolean {
    pair.bytes = this.#pairScratch;
    pair.valueStart = pair.keyEnd;
    pair.valueEnd = this.#append(form, pair.valueStart);
    if (pair.valueEnd < 0) return false;
    this.#pairEnd = pair.valueEnd;
    return true;
  }

  #hasPairRoom(): boolean {
    if (this.#pairScratch.length === 0) this.#pairScratch = allocateLatin1(PAIR_SCRATCH_BYTES);
    return this.#pairEnd + 2 * SHORT_MAX_BYTES <= PAIR_SCRATCH_BYTES;
  }

  /** Puts the string that was found into the pairs' scratch memory; answers where it ends, or -1 if there is none, or it is too long. */
  #append(form: Form | undefined, at: number): number {
    const target = this.#pairScratch;
    if (form === undefined) return -1;
    if (form === INTEGER) {
      const text = String(this.#integer);
      return at + target.latin1Write(text, at, text.length);
    }
    const { bytes } = this;
    const start = this.#bodyStart;
    const end = this.#bodyEnd;
    const length = form === RAW ? end - start : this.#expandedLength;
    if (length > SHORT_MAX_BYTES) return -1;
    if (form === RAW) copyBytes(target, at, bytes, start, end);
    else lzfDecompress(bytes, start, end, target, at + length, at);
    return at + length;
  }

  /** Passes over a string; answers how many bytes it takes in the file. */
  skipString(): number | undefined {
    const { at } = this;
    return this.#findString() === undefined ? undefined : this.at - at;
  }

  /** Finds the string at `at` and moves behind it. */
  #findString(): Form | undefined {
    const { bytes, at, limit } = this;
    this.#atom = at;
    if (at >= limit) return this.#incomplete(at + 1);
    const first = bytes[at];
    if (first >= STRING_INT8) return this.#findEncoded(first);
    const size = lengthSize(first);
    if (at + size > limit) return this.#incomplete(at + size);
    const start = at + size;
    const end = start + this.#checkLength(this.#lengthAt(at));
    if (end > limit) return this.#incomplete(end);
    this.#bodyStart = start;
    this.#bodyEnd = end;
    this.at = end;
    return RAW;
  }

  #findEncoded(first: number): Form | undefined {
    const { bytes, at, limit } = this;
    if (first === STRING_LZF) return this.#findCompressed();
    if (first > STRING_LZF) throw new RdbFault('RDB_LENGTH', `Unknown RDB string encoding type ${first & 0x3f}`);
    const size = first === STRING_INT8 ? 1 : first === STRING_INT16 ? 2 : 4;
    if (at + 1 + size > limit) return this.#incomplete(at + 1 + size);
    if (first === STRING_INT8) this.#integer = bytes.readInt8(at + 1);
    else if (first === STRING_INT16) this.#integer = bytes.readInt16LE(at + 1);
    else this.#integer = bytes.readInt32LE(at + 1);
    this.at = at + 1 + size;
    return INTEGER;
  }

  #findCompressed(): Form | undefined {
    const { bytes, at, limit } = this;
    // Both lengths, as far as they have arrived; the shortest are a byte each.
    let from = at + 1;
    if (from >= limit) return this.#incomplete(from + 2);
    const firstSize = lengthSize(bytes[from]);
    if (from + firstSize >= limit) return this.#incomplete(from + firstSize + 1);
    const compressed = this.#checkLength(this.#lengthAt(from));
    from += firstSize;
    const secondSize = lengthSize(bytes[from]);
    if (from + secondSize > limit) return this.#incomplete(from + secondSize);
    const expanded = this.#checkLength(this.#lengthAt(from));
    if (expanded > maxDecompressedBytes(compressed)) throw new RdbFault('RDB_LZF', 'Invalid LZF compressed string');
    const start = from + secondSize;
    const end = start + compressed;
    if (end > limit) return this.#incomplete(end);
    this.#bodyStart = start;
    this.#bodyEnd = end;
    this.#expandedLength = expanded;
    this.at = end;
    return COMPRESSED;
  }

  /** Decompresses the string that was found into the scratch buffer. */
  #expand(): Latin1Buffer {
    const scratch = this.#reserveScratch(this.#expandedLength);
    lzfDecompress(this.bytes, this.#bodyStart, this.#bodyEnd, scratch, this.#expandedLength);
    return scratch;
  }

  #reserveScratch(size: number): Latin1Buffer {
    if (size <= this.#scratch.length) return this.#scratch;
    const grown = allocateLatin1(Math.max(size, 4096));
    if (size <= SCRATCH_KEPT_BYTES) this.#scratch = grown;
    return grown;
  }

  #checkLength(length: number): number {
    if (length <= this.#maxStringBytes) return length;
    throw new RdbFault('RDB_STRING_TOO_LONG', `a string of ${length} bytes is longer than ${this.#maxStringBytes}`);
  }

  /** The length at `at`, all of which is there. */
  #lengthAt(at: number): number {
    const { bytes } = this;
    const first = bytes[at];
    if (first < 0x40) return first;
    if (first < 0x80) return ((first & 0x3f) << 8) | bytes[at + 1];
    if (first === LENGTH_32) return bytes.readUInt32BE(at + 1);
    return bytes.readUInt32BE(at + 1) * 0x1_0000_0000 + bytes.readUInt32BE(at + 5);
  }

  /** Whether `size` bytes are there; moves behind them. */
  #fixed(size: number): boolean {
    const { at } = this;
    this.#atom = at;
    if (at + size > this.limit) {
      this.#incomplete(at + size);
      return false;
    }
    this.at = at + size;
    return true;
  }

  #incomplete(end: number): undefined {
    this.#wantedOffset = this.fileOffset(end);
    return undefined;
  }
}

function textOf(bytes: Latin1Buffer, start: number, end: number): string {
  if (end - start <= constants.MAX_STRING_LENGTH) return latin1Of(bytes, start, end);
  throw new RdbFault('RDB_STRING_TOO_LONG', `a string of ${end - start} bytes where text is needed`);
}

/** How many bytes a length takes that begins with `first`. */
function lengthSize(first: number): number {
  if (first < 0x40) return 1;
  if (first < 0x80) return 2;
  if (first === LENGTH_32) return 5;
  if (first === LENGTH_64) return 9;
  throw new RdbFault('RDB_LENGTH', `Unknown length encoding ${first >> 6}`);
}

const DOUBLE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A double as C prints it. @throws RdbFault with RDB_NUMBER */
export function parseDouble(text: string): number {
  if (DOUBLE.test(text)) return Number(text);
  switch (text.toLowerCase()) {
    case 'inf':
    case '+inf':
    case 'infinity':
      return Number.POSITIVE_INFINITY;
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
    case 'nan':
    case '-nan':
      return Number.NaN;
    default:
      throw new RdbFault('RDB_NUMBER', `a score that is no number: '${text.slice(0, 40)}'`);
  }
}
