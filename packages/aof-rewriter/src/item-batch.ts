/**
 * Some items of a large collection as bytes where they lie, gathered before the command that makes them is written: it begins
 * with their number.
 *
 * Invariant: what was gathered holds until the keyspace is changed.
 */
import type { FrozenCursor } from '@aof/keyspace';

const NO_BYTES = new Uint8Array(0);

export class ItemBatch {
  /** For sorted sets. A plain array of doubles: what spells them takes no other. */
  readonly scores: number[];
  readonly sources: Uint8Array[];
  readonly keyStarts: Uint32Array;
  readonly valueStarts: Uint32Array;
  readonly valueEnds: Uint32Array;
  readonly #maxBytes: number;
  /** Items gathered. */
  count = 0;

  /** @param maxBytes no more items are gathered once there are so many bytes */
  constructor(maxItems: number, maxBytes: number) {
    // Not a whole number: V8 would lay out the array for those first.
    this.scores = new Array<number>(maxItems).fill(0.5);
    this.sources = new Array<Uint8Array>(maxItems).fill(NO_BYTES);
    this.keyStarts = new Uint32Array(maxItems);
    this.valueStarts = new Uint32Array(maxItems);
    this.valueEnds = new Uint32Array(maxItems);
    this.#maxBytes = maxBytes;
  }

  /** Gathers the next items of `cursor`; answers whether there may be more. */
  gather(cursor: FrozenCursor): boolean {
    const maxItems = this.sources.length;
    let count = 0;
    let bytes = 0;
    let hasMore = true;
    while (count < maxItems && bytes < this.#maxBytes) {
      hasMore = cursor.next();
      if (!hasMore) break;
      this.scores[count] = cursor.score;
      this.sources[count] = cursor.bytes;
      this.keyStarts[count] = cursor.keyStart;
      this.valueStarts[count] = cursor.valueStart;
      this.valueEnds[count] = cursor.valueEnd;
      bytes += cursor.valueEnd - cursor.keyStart;
      count++;
    }
    this.count = count;
    return hasMore;
  }

  /** Lets go of the bytes. */
  clear(): void {
    this.sources.fill(NO_BYTES, 0, this.count);
    this.count = 0;
  }
}
