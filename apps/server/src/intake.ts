/**
 * What clients have sent in this turn of the event loop and has not run yet, in the order in which it came.
 *
 * Between two reads the kernel is at work, and with it gone are the server's code and data from the processor's nearest caches. So a
 * short chunk is only put down here, and all of them run in the tick, one right after the other. A long one brings several requests, or
 * much to copy: it runs at once, after what is here.
 *
 * Invariants: chunks run in the order in which they came; each runs once, or not at all if the server ends before; nothing is here
 * after the tick.
 */

/** Who has sent a chunk. */
export interface Receiver {
  /** Takes the bytes `start` to `end` (exclusive) of `chunk`, which stay as they are until the intake is settled. */
  take(chunk: Uint8Array, start: number, end: number): void;
}

/** Longer chunks are not put down. A request without pipelining is about this long at most, as a rule. */
const MAX_CHUNK_BYTES = 256;
const CAPACITY_BYTES = 64 * 1024;

export class Intake {
  readonly #bytes = new Uint8Array(CAPACITY_BYTES);
  readonly #receivers: Receiver[] = [];
  /** Where the chunk of the receiver with the same index ends. */
  readonly #ends: number[] = [];
  #length = 0;
  /** The first chunk that has not run. */
  #next = 0;
  #nextStart = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Puts down the first `length` bytes of `chunk`, which may be reused then; answers whether it did: not if they are many. */
  add(receiver: Receiver, chunk: Uint8Array, length: number): boolean {
    const at = this.#length;
    if (length > MAX_CHUNK_BYTES || at + length > CAPACITY_BYTES) return false;
    const bytes = this.#bytes;
    // For so few bytes a loop costs less than a view of them.
    for (let i = 0; i < length; i++) bytes[at + i] = chunk[i];
    this.#length = at + length;
    this.#receivers.push(receiver);
    this.#ends.push(this.#length);
    return true;
  }

  /** Runs everything. What it has been told to keep of the bytes must be copied before the next `add`. */
  run(): void {
    const receivers = this.#receivers;
    // A request may end the server, and with it what is left here.
    while (this.#next < receivers.length) {
      const index = this.#next++;
      const start = this.#nextStart;
      const end = this.#ends[index];
      this.#nextStart = end;
      receivers[index]?.take(this.#bytes, start, end);
    }
    this.discard();
  }

  /** Nothing of what is here runs any more. */
  discard(): void {
    this.#receivers.length = 0;
    this.#ends.length = 0;
    this.#length = 0;
    this.#next = 0;
    this.#nextStart = 0;
  }
}
