/**
 * The bytes that were fed to a decoder and that it has not used up.
 *
 * They are read where they lie in the fed chunk. An item (a request, an element of a reply) that the chunk does not
 * finish is copied to a buffer of ours, the tail. When the next chunk comes, only what is missing of the item follows it
 * into the tail; after the item, reading goes on in the chunk.
 *
 * Invariants:
 * - The unread bytes are `position` … `end` of `buffer` and, while `isTail`, the rest of the chunk behind them.
 * - The tail grows with the bytes received, never with a length that was only claimed, and at least doubles when it
 *   moves, so that copying stays linear.
 * - No buffer that an item was read from is written to before the next `feed`, except behind that item.
 */

export const NOTHING: Uint8Array = new Uint8Array(0);
/** How many bytes of the chunk follow the tail when it is not known how many are missing. */
const STEP = 256;
/** Up to so many bytes are copied faster one by one. */
const FEW = 64;
/** The smallest tail, and the largest that is kept for the next unfinished item. */
const SMALLEST = 1024;
const KEPT = 16 * 1024;

export class Input {
  buffer: Uint8Array = NOTHING;
  /** The decoder reads on here. */
  position = 0;
  end = 0;
  /** The decoder has looked for the end of a line up to here; if that is behind `position`, it means nothing. */
  scanned = 0;
  /** `buffer` is the tail. */
  isTail = false;
  /** Bytes fed so far. */
  fedBytes = 0;
  /** How far the last `feed`, `retain` or `extend` moved an unfinished item towards the beginning of `buffer`. */
  shift = 0;

  /** While `isTail`: the fed chunk, and what of it is still to follow. */
  #chunk: Uint8Array = NOTHING;
  #chunkPosition = 0;
  #chunkEnd = 0;
  /** Bytes at the end of the tail that came from `#chunk`. */
  #moved = 0;
  /** Buffers for tails: two, because the old tail may be in use when the next one is made. */
  #tail: Uint8Array = NOTHING;
  #spareTail: Uint8Array = NOTHING;
  /** An item that lies in `#tail` was read since the last `feed`. */
  #isTailInUse = false;

  /** Whether all that was fed is read, and no item is unfinished. */
  get isDrained(): boolean {
    return this.position === this.end && !this.isTail;
  }

  /** The place in the stream of the byte at `index` of `buffer`. */
  streamOffset(index: number): number {
    return this.fedBytes - (this.#chunkEnd - this.#chunkPosition) - (this.end - index);
  }

  /**
   * Takes the bytes `start` … `end` of `chunk`, which must stay as they are until all is read, or `retain` is called.
   * @param keepFrom where in `buffer` the unfinished item begins, or else `position`
   */
  feed(chunk: Uint8Array, start: number, end: number, keepFrom: number): void {
    this.shift = 0;
    this.#isTailInUse = false;
    if (this.isTail ? this.#chunkPosition < this.#chunkEnd : this.position < this.end) this.retain(keepFrom);
    this.fedBytes += end - start;
    if (this.isTail) {
      this.#chunk = chunk;
      this.#chunkPosition = start;
      this.#chunkEnd = end;
      this.#moved = 0;
    } else {
      this.#readChunk(chunk, start, end);
    }
  }

  /** Copies all that is unread, and the unfinished item from `keepFrom` on, so that the fed chunk may be reused. */
  retain(keepFrom: number): void {
    this.shift = 0;
    const rest = this.isTail ? this.#chunkEnd - this.#chunkPosition : 0;
    const size = this.end - keepFrom;
    // What is in the tail is ours already; what has followed it from the chunk must no longer be read there.
    if (size + rest === 0 || (this.isTail && rest === 0)) {
      this.#forgetChunk();
      return;
    }
    const tail = new Uint8Array(size + rest);
    copy(this.buffer, keepFrom, this.end, tail, 0);
    copy(this.#chunk, this.#chunkPosition, this.#chunkPosition + rest, tail, size);
    this.#readTail(tail, size + rest, keepFrom);
    this.#forgetChunk();
  }

  /** Between items: once all that is unread came from the chunk, it is read there. */
  leaveTail(): void {
    const unread = this.end - this.position;
    if (unread > this.#moved) return;
    this.#readChunk(this.#chunk, this.#chunkPosition - unread, this.#chunkEnd);
    this.#forgetChunk();
    this.#isTailInUse = true;
    // What was read from it may still refer to it; this need not.
    if (this.#tail.length > KEPT) this.#tail = NOTHING;
  }

  /**
   * Gets the decoder more bytes of an unfinished item, which may move (see `shift`).
   *
   * @param keepFrom where in `buffer` the unfinished item begins, or else `position`
   * @param neededEnd index in `buffer` that must be reached, as far as is known; else 0
   * @param isWhole whether nothing of the item follows `neededEnd`
   * @returns false if all that was fed is used up; what is unfinished is kept
   */
  extend(keepFrom: number, neededEnd: number, isWhole: boolean): boolean {
    this.shift = 0;
    const whole = isWhole ? neededEnd - keepFrom : Number.POSITIVE_INFINITY;
    if (!this.isTail) {
      this.#saveTail(keepFrom, whole);
      return false;
    }
    const rest = this.#chunkEnd - this.#chunkPosition;
    if (rest === 0) {
      this.#forgetChunk();
      return false;
    }
    const amount = Math.min(rest, Math.max(neededEnd - this.end, STEP, this.#moved));
    if (this.end + amount > this.buffer.length) {
      const size = this.end - keepFrom;
      const tail = allocate(size + amount, whole);
      copy(this.buffer, keepFrom, this.end, tail, 0);
      this.#readTail(tail, size, keepFrom);
    }
    copy(this.#chunk, this.#chunkPosition, this.#chunkPosition + amount, this.buffer, this.end);
    this.end += amount;
    this.#chunkPosition += amount;
    this.#moved += amount;
    return true;
  }

  /** Copies the unfinished item at the end of the chunk, if there is one, and lets go of the chunk. */
  #saveTail(keepFrom: number, whole: number): void {
    const size = this.end - keepFrom;
    if (size === 0) {
      this.#readChunk(NOTHING, 0, 0);
      return;
    }
    if (this.#isTailInUse) {
      const tail = this.#tail;
      this.#tail = this.#spareTail;
      this.#spareTail = tail;
    }
    const tail = size <= this.#tail.length ? this.#tail : allocate(size, whole);
    copy(this.buffer, keepFrom, this.end, tail, 0);
    this.#readTail(tail, size, keepFrom);
  }

  /** Goes on in `chunk`, from `start` to `end`. */
  #readChunk(chunk: Uint8Array, start: number, end: number): void {
    this.buffer = chunk;
    this.position = start;
    this.scanned = start;
    this.end = end;
    this.isTail = false;
  }

  /** Goes on in `tail`, whose `size` bytes begin with those at `from` of the buffer read so far. */
  #readTail(tail: Uint8Array, size: number, from: number): void {
    this.position -= from;
    this.scanned -= from;
    this.end = size;
    this.shift += from;
    this.buffer = tail;
    this.isTail = true;
    this.#tail = tail;
  }

  #forgetChunk(): void {
    this.#chunk = NOTHING;
    this.#chunkPosition = 0;
    this.#chunkEnd = 0;
    this.#moved = 0;
  }
}

/** Copies the bytes `start` … `end` of `source` to `at` in `target`. */
function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > FEW) {
    target.set(source.subarray(start, end), at);
  } else {
    for (let i = start; i < end; i++) target[at + i - start] = source[i];
  }
}

/** A buffer for `size` bytes with room to grow, but not beyond the `whole` item. */
function allocate(size: number, whole: number): Uint8Array {
  return new Uint8Array(Math.max(SMALLEST, size, Math.min(2 * size, whole)));
}
