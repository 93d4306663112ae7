/**
 * Keys with short string values, one behind the other, handed over as bytes: most files hold little else, and making an entry
 * and two texts of each costs more than all the rest of reading.
 *
 * A batch is read first and then handed over, so that its keys can be foreseen: their places in a large table are anywhere in memory, and a
 * processor waits for several at once no longer than for one.
 *
 * Invariant: what is not there as a whole, or is wrong in any way, is left to whoever reads key by key, who tells it.
 */

import { NO_BYTES } from './byte-window.ts';
import { TYPE_STRING } from './format.ts';
import type { RdbInput, StringPair } from './input.ts';
import { type KeyAttributes, NO_ATTRIBUTES, noAttributes, tryAttributes } from './key-attributes.ts';
import type { PackedRuns } from './packed-runs.ts';

/** So many are handed over before others may do something. */
const RUN_KEYS = 1024;
/** A small collection counts as so many. */
const PACKED_WEIGHT = 4;
/** So many are read before the first of them is handed over. */
const BATCH_KEYS = 32;

/**
 * Takes a key and its string value: ranges (ends exclusive) of `bytes`, which hold during the call only, as `attributes` does.
 *
 * @param fileOffset where the key begins in the file, with what stands before it
 */
export type StringTaker = (
  database: number,
  bytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  attributes: Readonly<KeyAttributes>,
  fileOffset: number,
) => void;

/** Hears of keys that are about to be taken, some at a time: whoever looks for places for them can look for several at once. */
export type KeyForeseer = (database: number, bytes: Uint8Array, keyStart: number, keyEnd: number) => void;

/** A key that is to be handed over, and what is used again for the next. */
class FoundString implements StringPair {
  bytes: StringPair['bytes'] = NO_BYTES;
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  begin = 0;
  attributes = NO_ATTRIBUTES;
  readonly own = noAttributes();
}

export class StringRuns {
  readonly #input: RdbInput;
  readonly #take: StringTaker;
  readonly #foresee: KeyForeseer | undefined;
  /** Takes what comes between. */
  readonly #packed: PackedRuns | undefined;
  readonly #batch = Array.from({ length: BATCH_KEYS }, () => new FoundString());

  constructor(input: RdbInput, take: StringTaker, foresee: KeyForeseer | undefined, packed: PackedRuns | undefined) {
    this.#packed = packed;
    this.#input = input;
    this.#take = take;
    this.#foresee = foresee;
  }

  /** Hands over the keys at the beginning of the input that can be; answers how many there were. */
  handOver(database: number): number {
    let count = 0;
    while (count < RUN_KEYS) {
      const found = this.#find(database);
      this.#giveBatch(database, found);
      count += found;
      if (found > 0) continue;
      if (this.#packed?.handOver(database) !== true) break;
      count += PACKED_WEIGHT;
    }
    return count;
  }

  /** Reads a batch; answers how many keys it has. */
  #find(database: number): number {
    const input = this.#input;
    const foresee = this.#foresee;
    input.forgetPairs();
    for (let count = 0; count < BATCH_KEYS; count++) {
      const found = this.#batch[count];
      const begin = input.at;
      if (begin >= input.limit) return count;
      found.begin = begin;
      found.attributes = input.bytes[begin] === TYPE_STRING ? NO_ATTRIBUTES : found.own;
      if ((found.attributes !== NO_ATTRIBUTES && !tryAttributes(input, found.own)) || !findPair(input, found)) {
        input.at = begin;
        return count;
      }
      if (foresee !== undefined) foresee(database, found.bytes, found.keyStart, found.keyEnd);
    }
    return BATCH_KEYS;
  }

  #giveBatch(database: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd, attributes, begin } = this.#batch[i];
      const fileOffset = this.#input.fileOffset(begin);
      this.#take(database, bytes, keyStart, keyEnd, valueStart, valueEnd, attributes, fileOffset);
    }
  }
}

/** Reads a key and its value, if that is a short string. */
function findPair(input: RdbInput, pair: StringPair): boolean {
  return input.byte() === TYPE_STRING && input.shortPair(pair);
}
