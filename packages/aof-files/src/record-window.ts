/**
 * The bytes that a record reader looks at: the chunk that was fed, or, while a record spans chunks, a carry buffer with
 * its beginning and as much of the new chunk as it takes.
 *
 * Invariants: `bytes[at … limit)` is what is there to read; `fileOffset(at)` is its place in the file. A chunk is used
 * in place; only the unfinished record at its end is copied. The carry grows with the bytes that arrive, never with
 * what a length claims.
 */

/** The carry first takes this much of a new chunk: most records that span chunks are short. */
const FIRST_STEP_BYTES = 4 * 1024;
/** A carry buffer up to this size is kept for later. */
const KEPT_CARRY_BYTES = 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

export class RecordWindow {
  bytes: Uint8Array = NO_BYTES;
  /** The next byte to read. */
  at = 0;
  limit = 0;
  /** File offset of `bytes[0]`. */
  #origin: number;
  #carry: Uint8Array = NO_BYTES;
  #isCarry = false;
  /** The chunk of which the carry holds the beginning, and how much of it. */
  #chunk: Uint8Array = NO_BYTES;
  #chunkTaken = 0;
  #step = FIRST_STEP_BYTES;

  constructor(fileOffset: number) {
    this.#origin = fileOffset;
  }

  fileOffset(at: number): number {
    return this.#origin + at;
  }

  /** Bytes that were fed and are not read yet, from `at` on. */
  remaining(at: number): number {
    return this.limit - at + this.#chunk.length - this.#chunkTaken;
  }

  /** Adds a chunk; what was fed before must be used up, but for what `keep` kept. The chunk must stay as it is until then. */
  feed(chunk: Uint8Array): void {
    if (!this.#isCarry) {
      this.#origin += this.at;
      this.bytes = chunk;
      this.at = 0;
      this.limit = chunk.length;
      return;
    }
    this.#chunk = chunk;
    this.#chunkTaken = 0;
    this.#step = FIRST_STEP_BYTES;
  }

  /**
   * Moves more of the fed chunk into the carry.
   * @param wanted bytes that are known to be missing, 0 if unknown
   * @returns false if all that was fed is in the window already
   */
  extend(wanted: number): boolean {
    const left = this.#chunk.length - this.#chunkTaken;
    if (left === 0) return false;
    const count = Math.min(left, Math.max(wanted, this.#step));
    this.#step *= 4;
    this.#reserve(this.limit + count);
    this.#carry.set(this.#chunk.subarray(this.#chunkTaken, this.#chunkTaken + count), this.limit);
    this.#chunkTaken += count;
    this.limit += count;
    return true;
  }

  /** All that was read before `start` is done with: drops it and, when the rest lies in the chunk, goes on in place there. */
  release(start: number): void {
    if (!this.#isCarry) return;
    const chunkStart = this.#chunkTaken - (this.limit - start);
    // Still inside the beginning that the carry holds alone; it has to stay.
    if (chunkStart < 0) return;
    this.#origin += start - chunkStart;
    this.bytes = this.#chunk;
    this.limit = this.#chunk.length;
    this.at += chunkStart - start;
    this.#isCarry = false;
    this.#chunk = NO_BYTES;
    this.#chunkTaken = 0;
    if (this.#carry.length > KEPT_CARRY_BYTES) this.#carry = NO_BYTES;
  }

  /** Everything fed is of no interest: drops it, carry and chunk. */
  skipAll(): void {
    this.release(this.limit);
    this.#origin += this.limit;
    this.bytes = NO_BYTES;
    this.at = 0;
    this.limit = 0;
  }

  /**
   * Everything fed is read, and the bytes from `start` on belong to an unfinished record: copies them, so that the chunk
   * may be reused.
   * @returns by how much their positions in `bytes` have become smaller
   */
  keep(start: number): number {
    if (this.#isCarry) {
      this.#chunk = NO_BYTES;
      this.#chunkTaken = 0;
      return 0;
    }
    const length = this.limit - start;
    const chunk = this.bytes;
    this.#origin += start;
    this.#isCarry = length > 0;
    this.bytes = NO_BYTES;
    this.at -= start;
    this.limit = 0;
    if (length > 0) {
      this.#reserve(length);
      this.#carry.set(chunk.subarray(start, start + length));
      this.limit = length;
    }
    return start;
  }

  #reserve(size: number): void {
    if (this.#carry.length < size) {
      const grown = new Uint8Array(Math.max(size, 2 * this.#carry.length, FIRST_STEP_BYTES));
      grown.set(this.#carry.subarray(0, this.limit));
      this.#carry = grown;
    }
    this.bytes = this.#carry;
  }
}
