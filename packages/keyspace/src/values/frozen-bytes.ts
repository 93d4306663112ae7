/**
 * Bytes as they were at one moment, read piece by piece while their owner overwrites them.
 *
 * Before the owner changes bytes in place it calls `keep`, which saves the pages concerned that are still to be read. An owner
 * that moves to another buffer leaves the old one alone from then on, and need not tell.
 */

const PAGE_BYTES = 64 * 1024;

export class FrozenBytes {
  readonly type = 'string';
  /** Bytes in all. */
  readonly size: number;
  /** The owner's buffer: what `keep` is about. */
  readonly buffer: Uint8Array;
  readonly #onEnd: () => void;
  /** Old content of pages that were changed, by their number. */
  readonly #kept = new Map<number, Uint8Array>();
  #position = 0;

  /** @param onEnd nothing will be read any more */
  constructor(buffer: Uint8Array, size: number, onEnd: () => void) {
    this.buffer = buffer;
    this.size = size;
    this.#onEnd = onEnd;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.size;
  }

  /** The next bytes, at most a page of them: a view, valid until the owner is changed. Empty at the end. */
  read(): Uint8Array {
    const start = this.#position;
    const page = Math.floor(start / PAGE_BYTES);
    const end = Math.min(this.size, (page + 1) * PAGE_BYTES);
    this.#position = end;
    const kept = this.#kept.get(page);
    this.#kept.delete(page);
    if (this.isAtEnd) this.#onEnd();
    return kept?.subarray(start - page * PAGE_BYTES, end - page * PAGE_BYTES) ?? this.buffer.subarray(start, end);
  }

  /** The owner is about to change the bytes `start` to `end` (exclusive) of `buffer`. */
  keep(start: number, end: number): void {
    const last = Math.min(end, this.size);
    const first = Math.max(start, this.#position);
    for (let page = Math.floor(first / PAGE_BYTES); page * PAGE_BYTES < last; page++) {
      if (this.#kept.has(page)) continue;
      const view = this.buffer.subarray(page * PAGE_BYTES, Math.min(this.size, (page + 1) * PAGE_BYTES));
      // Not `slice`, which copies nothing where the buffer is a Buffer.
      this.#kept.set(page, new Uint8Array(view));
    }
  }

  release(): void {
    this.#position = this.size;
    this.#kept.clear();
    this.#onEnd();
  }
}
