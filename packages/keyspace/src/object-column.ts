/**
 * Values that are JavaScript objects, by number: what a table of bytes points at where bytes do not do.
 *
 * In chunks, so that growing never copies what is there. A free place holds the number of the next free one.
 */

const CHUNK_SHIFT = 6;
const CHUNK = 1 << CHUNK_SHIFT;
const NONE = -1;

export class ObjectColumn<T extends object | string> {
  readonly #chunks: (T | number)[][] = [];
  #firstFree = NONE;
  #fresh = 0;

  /** Keeps `value`; answers its number. */
  add(value: T): number {
    const index = this.#firstFree;
    if (index === NONE) {
      if (this.#fresh === this.#chunks.length << CHUNK_SHIFT)
        this.#chunks.push(new Array<T | number>(CHUNK).fill(NONE));
      this.set(this.#fresh, value);
      return this.#fresh++;
    }
    const chunk = this.#chunks[index >>> CHUNK_SHIFT];
    // A free place holds a number, see above.
    this.#firstFree = chunk[index & (CHUNK - 1)] as number;
    chunk[index & (CHUNK - 1)] = value;
    return index;
  }

  get(index: number): T {
    // A number that `add` gave out and `remove` has not taken back holds a value.
    return this.#chunks[index >>> CHUNK_SHIFT][index & (CHUNK - 1)] as T;
  }

  set(index: number, value: T): void {
    this.#chunks[index >>> CHUNK_SHIFT][index & (CHUNK - 1)] = value;
  }

  remove(index: number): void {
    this.#chunks[index >>> CHUNK_SHIFT][index & (CHUNK - 1)] = this.#firstFree;
    this.#firstFree = index;
  }

  /** The same values under the same numbers. @param copy makes the copy's value of one of these */
  clone(copy: (value: T) => T): ObjectColumn<T> {
    const column = new ObjectColumn<T>();
    for (const chunk of this.#chunks) {
      column.#chunks.push(chunk.map((held) => (typeof held === 'number' ? held : copy(held))));
    }
    column.#firstFree = this.#firstFree;
    column.#fresh = this.#fresh;
    return column;
  }

  /** Bytes of the places, without what is in them. */
  memoryBytes(): number {
    return this.#chunks.length * (CHUNK * 8 + 16);
  }
}
