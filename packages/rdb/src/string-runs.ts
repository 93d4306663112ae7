/**
 * Keys with short string values, one behind the other, handed over as bytes: most files hold little else, and making an entry
 * and two texts of each costs more than all the rest of reading.
 *
 * Invariant: what is not there as a whole, or is wrong in any way, is left to whoever reads key by key, who tells it.
 */

import { TYPE_STRING } from './format.ts';
import type { RdbInput } from './input.ts';

/** So many are handed over before others may do something. */
const RUN_KEYS = 1024;

/**
 * Takes a key without expiry and its string value: ranges (ends exclusive) of `bytes`, which hold during the call only.
 *
 * @param fileOffset where the key begins in the file
 */
export type StringTaker = (
  database: number,
  bytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  fileOffset: number,
) => void;

/** Hands over the keys at the beginning of the input that can be; answers how many there were. */
export function handOverStrings(input: RdbInput, database: number, take: StringTaker): number {
  let count = 0;
  while (count < RUN_KEYS && input.at < input.limit && input.bytes[input.at] === TYPE_STRING) {
    const begin = input.at;
    input.at++;
    const pair = input.shortPair();
    if (pair === undefined) {
      input.at = begin;
      break;
    }
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = pair;
    take(database, bytes, keyStart, keyEnd, valueStart, valueEnd, input.fileOffset(begin));
    count++;
  }
  return count;
}
