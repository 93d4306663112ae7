/**
 * String values: a latin1 JS string (one char 0–255 per byte), or a RawString, which grows in place.
 *
 * What a client sets whole is a JS string; APPEND, SETRANGE and SETBIT make a RawString of it, and values above
 * RAW_ABOVE_BYTES are RawStrings from the start, because V8's strings end below 512 MiB and large ones are better not copied.
 *
 * Invariants: the bytes of a RawString beyond `byteLength` are unspecified; those below are the value.
 */

import { allocateLatin1, type Latin1Buffer } from '../latin1.ts';
import { FrozenBytes } from './frozen-bytes.ts';

/** Values above this many bytes are kept as RawStrings. */
export const RAW_ABOVE_BYTES = 1 << 20;
/** Redis's longest string value with the embstr encoding. */
const EMBSTR_MAX_BYTES = 44;
/** Digits of the longest int64, with its sign. */
const INTEGER_MAX_CHARS = 20;
/** Up to this capacity growth doubles it; beyond, a quarter is added, which still copies each byte O(1) times. */
const DOUBLING_MAX_BYTES = 1 << 20;

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
const NINE = 0x39;
const INT64_MAX = '9223372036854775807';
const INT64_MIN = '-9223372036854775808';

export type StringValue = string | RawString;

/** Bytes that grow and change in place. */
export class RawString {
  #buffer: Latin1Buffer;
  #length: number;
  /** Who still has to read the bytes as they were; it is told before they change in place. */
  #frozen: FrozenBytes | undefined;

  private constructor(buffer: Latin1Buffer, length: number) {
    this.#buffer = buffer;
    this.#length = length;
  }

  /** A copy of the bytes, or of the chars (0–255). */
  static of(content: string | Uint8Array): RawString {
    const buffer = allocateLatin1(content.length);
    if (typeof content === 'string') buffer.latin1Write(content, 0, content.length);
    else buffer.set(content);
    return new RawString(buffer, content.length);
  }

  get type(): 'string' {
    return 'string';
  }

  get byteLength(): number {
    return this.#length;
  }

  /** The value's bytes: a view, valid until the next change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The byte at `index`, or undefined beyond the end. */
  at(index: number): number | undefined {
    return index < this.#length ? this.#buffer[index] : undefined;
  }

  /** Adds to the end. Amortised O(length of `content`). */
  append(content: string | Uint8Array): void {
    this.setRange(this.#length, content);
  }

  /** Overwrites from `offset` on; what lies between the old end and `offset` becomes zero bytes. */
  setRange(offset: number, content: string | Uint8Array): void {
    const end = offset + content.length;
    if (end > this.#length) this.resize(end);
    this.#keep(offset, end);
    if (typeof content === 'string') this.#buffer.latin1Write(content, offset, content.length);
    else this.#buffer.set(content, offset);
  }

  /** Sets the byte at `index`, first growing to it with zero bytes. */
  setByte(index: number, byte: number): void {
    if (index >= this.#length) this.resize(index + 1);
    this.#keep(index, index + 1);
    this.#buffer[index] = byte;
  }

  /** Cuts to `byteLength`, or grows to it with zero bytes. */
  resize(byteLength: number): void {
    if (byteLength > this.#buffer.length) {
      const spare = Math.min(this.#buffer.length, DOUBLING_MAX_BYTES) || 16;
      const capacity = Math.max(byteLength, this.#buffer.length + Math.max(spare, this.#buffer.length >>> 2));
      const grown = allocateLatin1(capacity);
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    if (byteLength > this.#length) {
      this.#keep(this.#length, byteLength);
      this.#buffer.fill(0, this.#length, byteLength);
    }
    this.#length = byteLength;
  }

  /** The bytes `start` to `end` (exclusive) as a string. @throws above V8's limit of a string, just below 512 MiB */
  latin1(start = 0, end = this.#length): string {
    return this.#buffer.latin1Slice(start, Math.min(end, this.#length));
  }

  /** The bytes as they are now, to be read later; one at a time. */
  freeze(): FrozenBytes {
    const frozen = new FrozenBytes(this.#buffer, this.#length, () => {
      if (this.#frozen === frozen) this.#frozen = undefined;
    });
    this.#frozen = frozen;
    return frozen;
  }

  #keep(start: number, end: number): void {
    const frozen = this.#frozen;
    if (frozen === undefined) return;
    if (frozen.buffer === this.#buffer) frozen.keep(start, end);
    else this.#frozen = undefined;
  }

  clone(): RawString {
    return RawString.of(this.bytes);
  }

  /** Allocated bytes. */
  memoryBytes(): number {
    return this.#buffer.length;
  }
}

/** The value for bytes that a client sent or a file holds: a copy, in the form that fits its size. */
export function stringValueOf(content: string | Uint8Array): StringValue {
  if (content.length > RAW_ABOVE_BYTES) return RawString.of(content);
  if (typeof content === 'string') return content;
  const buffer = Buffer.from(content.buffer, content.byteOffset, content.length);
  return buffer.toString('latin1');
}

export function stringLength(value: StringValue): number {
  return typeof value === 'string' ? value.length : value.byteLength;
}

/** The bytes `start` to `end` (exclusive): a string, or a view that is valid until the next change of the value. */
export function stringSlice(value: StringValue, start: number, end: number): string | Uint8Array {
  return typeof value === 'string' ? value.substring(start, end) : value.bytes.subarray(start, end);
}

/** The byte at `index`, or undefined beyond the end. */
export function stringByteAt(value: StringValue, index: number): number | undefined {
  if (typeof value !== 'string') return value.at(index);
  return index < value.length ? value.charCodeAt(index) : undefined;
}

/** The whole value: the string itself, or a view that is valid until the next change. What replies and records take. */
export function stringContent(value: StringValue): string | Uint8Array {
  return typeof value === 'string' ? value : value.bytes;
}

/** The whole value as a string. @throws above V8's limit of a string, just below 512 MiB */
export function stringText(value: StringValue): string {
  return typeof value === 'string' ? value : value.latin1();
}

export function stringEquals(one: StringValue, other: StringValue): boolean {
  if (typeof one === 'string' && typeof other === 'string') return one === other;
  const length = stringLength(one);
  if (length !== stringLength(other)) return false;
  for (let i = 0; i < length; i++) {
    if (stringByteAt(one, i) !== stringByteAt(other, i)) return false;
  }
  return true;
}

/** The value as one that can be changed in place: itself if it is a RawString, else a RawString with its bytes. */
export function toRawString(value: StringValue): RawString {
  return typeof value === 'string' ? RawString.of(value) : value;
}

/** Whether `text` is a signed 64-bit integer as Redis itself would print it: no sign `+`, no leading zero, no space. */
export function isIntegerText(text: string): boolean {
  // Most texts are none and begin with a letter: spare those the expression.
  if (text.length > INTEGER_MAX_CHARS || text.charCodeAt(0) > NINE || !INTEGER.test(text)) return false;
  if (text.startsWith('-')) return text.length < INT64_MIN.length || text <= INT64_MIN;
  return text.length < INT64_MAX.length || text <= INT64_MAX;
}

/** What OBJECT ENCODING answers for a string. What was changed in place is `raw`, as in Redis. */
export function stringEncoding(value: StringValue): 'int' | 'embstr' | 'raw' {
  if (typeof value !== 'string') return 'raw';
  if (isIntegerText(value)) return 'int';
  return value.length <= EMBSTR_MAX_BYTES ? 'embstr' : 'raw';
}
