/**
 * The bytes that a reader looks at: the chunk that was fed, or, when something is not complete at its end, a buffer with what
 * is left of it and the next chunk.
 *
 * Invariants: `bytes[at … limit)` is what is there to read, `fileOffset(at)` its place in the file. The buffer grows with the
 * bytes that arrive, never with what a length claims. The checksum is over all bytes before `at`, as far as it is asked for.
 */

import { Crc64 } from '@aof/crc64';
import { allocateLatin1, type Latin1Buffer, latin1View } from './latin1.ts';

/** A joining buffer up to this size is kept for later. */
const KEPT_BYTES = 1 << 20;
const FIRST_BYTES = 4096;
export const NO_BYTES = allocateLatin1(0);

export class ByteWindow {
  bytes: Latin1Buffer = NO_BYTES;
  /** The next byte to read. */
  at = 0;
  limit = 0;
  /** File offset of `bytes[0]`. */
  #origin: number;
  #carry: Latin1Buffer = NO_BYTES;
  readonly #crc: Crc64 | undefined;
  /** Up to here the checksum is done. */
  #summed = 0;

  /** @param fileOffset of the first byte that is fed */
  constructor(fileOffset: number, isSummed: boolean) {
    this.#origin = fileOffset;
    this.#crc = isSummed ? new Crc64() : undefined;
  }

  fileOffset(at: number): number {
    return this.#origin + at;
  }

  /** Adds a chunk, which must stay as it is until `keep`. */
  feed(chunk: Uint8Array): void {
    this.#sum();
    const left = this.limit - this.at;
    if (left === 0) {
      if (this.#carry.length > KEPT_BYTES) this.#carry = NO_BYTES;
      this.#move(latin1View(chunk), chunk.length);
      return;
    }
    this.#reserve(left + chunk.length);
    this.#carry.set(chunk, this.limit);
    this.limit += chunk.length;
  }

  /** Copies what is not read yet, so that the chunk may be reused. */
  keep(): void {
    this.#sum();
    const left = this.limit - this.at;
    if (left > 0 && this.bytes !== this.#carry) this.#reserve(left);
  }

  /** The checksum of all that was read; 0 when there is none to make. */
  checksum(): bigint {
    this.#sum();
    return this.#crc?.value ?? 0n;
  }

  /** Brings what is not read yet to the beginning of a carry buffer of at least `size`. */
  #reserve(size: number): void {
    const { bytes, at, limit } = this;
    if (bytes === this.#carry && at + size <= bytes.length) return;
    this.#sum();
    if (this.#carry.length < size) {
      const grown = allocateLatin1(Math.max(size, 2 * this.#carry.length, FIRST_BYTES));
      grown.set(bytes.subarray(at, limit));
      this.#carry = grown;
    } else if (bytes === this.#carry) {
      bytes.copyWithin(0, at, limit);
    } else {
      this.#carry.set(bytes.subarray(at, limit));
    }
    this.#move(this.#carry, limit - at);
  }

  /** From now on the window is the first `limit` of `bytes`, which begin with what was at `at`. */
  #move(bytes: Latin1Buffer, limit: number): void {
    this.#origin += this.at;
    this.bytes = bytes;
    this.at = 0;
    this.#summed = 0;
    this.limit = limit;
  }

  #sum(): void {
    this.#crc?.update(this.bytes, this.#summed, this.at);
    this.#summed = this.at;
  }
}
