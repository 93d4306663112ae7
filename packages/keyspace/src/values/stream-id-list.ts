/**
 * Things in the order of their stream IDs: the nodes of a stream, the pending entries of a group or a consumer.
 *
 * Chunks of at most 128 things, in order. Adding at the end and removing at the front, what streams mostly do, is O(1)
 * amortised: chunks that have become empty at the front are skipped and dropped by halves. Anything else is a binary search
 * for the chunk, one inside it, and the move of a part of one chunk.
 *
 * Invariants: IDs ascend strictly; no chunk from `#first` on is empty; those before it are.
 */
import { compareStreamIds, type StreamId } from './stream-id.ts';

const CHUNK_LENGTH = 128;
/** Empty chunks at the front that are kept at least. */
const KEPT_EMPTY = 32;

export class IdList<T extends StreamId> {
  #chunks: T[][] = [];
  #first = 0;
  #size = 0;
  // Where the last search ended: at the first thing that is not before the ID.
  #chunk = 0;
  #slot = 0;

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    return this.#chunks.at(this.#first)?.[0];
  }

  last(): T | undefined {
    return this.#first < this.#chunks.length ? this.#chunks.at(-1)?.at(-1) : undefined;
  }

  /** Adds a thing whose ID is behind all others. */
  append(item: T): void {
    const chunk = this.#chunks.at(-1);
    if (chunk !== undefined && this.#first < this.#chunks.length && chunk.length < CHUNK_LENGTH) chunk.push(item);
    else this.#chunks.push([item]);
    this.#size++;
  }

  /** Puts a thing in its place, instead of one with the same ID if there is one. */
  set(item: T): void {
    const last = this.last();
    if (last === undefined || compareStreamIds(last, item) < 0) return this.append(item);
    const found = this.#seek(item);
    const chunk = this.#chunks[this.#chunk];
    if (found !== undefined && compareStreamIds(found, item) === 0) {
      chunk[this.#slot] = item;
      return;
    }
    chunk.splice(this.#slot, 0, item);
    this.#size++;
    if (chunk.length > CHUNK_LENGTH) this.#chunks.splice(this.#chunk + 1, 0, chunk.splice(CHUNK_LENGTH / 2));
  }

  /** The thing with exactly this ID. */
  get(id: StreamId): T | undefined {
    const found = this.#seek(id);
    return found !== undefined && compareStreamIds(found, id) === 0 ? found : undefined;
  }

  /** The first thing at or behind `id`. */
  ceiling(id: StreamId): T | undefined {
    return this.#seek(id);
  }

  /** The last thing at or before `id`. */
  floor(id: StreamId): T | undefined {
    const found = this.#seek(id);
    if (found !== undefined && compareStreamIds(found, id) === 0) return found;
    if (this.#slot > 0) return this.#chunks[this.#chunk][this.#slot - 1];
    return this.#chunk > this.#first ? this.#chunks[this.#chunk - 1].at(-1) : undefined;
  }

  /** Removes the thing with this ID and answers it. */
  delete(id: StreamId): T | undefined {
    const found = this.get(id);
    if (found === undefined) return undefined;
    const chunk = this.#chunks[this.#chunk];
    chunk.splice(this.#slot, 1);
    this.#size--;
    if (chunk.length === 0) this.#dropChunk(this.#chunk);
    return found;
  }

  /** From the first thing at or behind `from` on; nothing may be changed meanwhile. */
  *ascending(from: StreamId): Generator<T> {
    this.#seek(from);
    let slot = this.#slot;
    for (let at = this.#chunk; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at];
      for (; slot < chunk.length; slot++) yield chunk[slot];
      slot = 0;
    }
  }

  /** From the last thing at or before `from` down; nothing may be changed meanwhile. */
  *descending(from: StreamId): Generator<T> {
    const found = this.#seek(from);
    let slot = found !== undefined && compareStreamIds(found, from) === 0 ? this.#slot : this.#slot - 1;
    for (let at = this.#chunk; at >= this.#first; at--) {
      const chunk = this.#chunks[at] ?? [];
      for (; slot >= 0; slot--) yield chunk[slot];
      slot = (this.#chunks[at - 1]?.length ?? 0) - 1;
    }
  }

  /** A list of the same things, independent of this one; the things themselves are shared. */
  clone(): IdList<T> {
    const copy = new IdList<T>();
    for (let at = this.#first; at < this.#chunks.length; at++) copy.#chunks.push(this.#chunks[at].slice());
    copy.#size = this.#size;
    return copy;
  }

  /** Finds the first thing that is not before `id`; `#chunk` and `#slot` are its place, or the one behind all. */
  #seek(id: StreamId): T | undefined {
    const chunks = this.#chunks;
    let low = this.#first;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = chunks[middle];
      if (compareStreamIds(chunk[chunk.length - 1], id) < 0) low = middle + 1;
      else high = middle;
    }
    this.#chunk = low;
    this.#slot = 0;
    if (low === chunks.length) return undefined;
    const chunk = chunks[low];
    let from = 0;
    let to = chunk.length - 1;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (compareStreamIds(chunk[middle], id) < 0) from = middle + 1;
      else to = middle;
    }
    this.#slot = from;
    return chunk[from];
  }

  #dropChunk(at: number): void {
    if (at !== this.#first) {
      this.#chunks.splice(at, 1);
      return;
    }
    this.#first++;
    if (this.#first > KEPT_EMPTY && this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
    if (this.#first === this.#chunks.length) {
      this.#chunks = [];
      this.#first = 0;
    }
  }
}
