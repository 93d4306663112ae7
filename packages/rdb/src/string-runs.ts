/**
 * Keys with short string values, one behind the other, handed over as bytes: most files hold little else, and making an entry
 * and two texts of each costs more than all the rest of reading.
 *
 * Invariant: what is not there as a whole, or is wrong in any way, is left to whoever reads key by key, who tells it.
 */

import { RdbFault } from './errors.ts';
import { TYPE_STRING } from './format.ts';
import type { RdbInput, StringPair } from './input.ts';
import { isAttribute, type KeyAttributes, noAttributes, readAttribute } from './key-attributes.ts';

/** So many are handed over before others may do something. */
const RUN_KEYS = 1024;

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

/** What most keys have. */
const NONE: Readonly<KeyAttributes> = noAttributes();

/** Hands over the keys at the beginning of the input that can be; answers how many there were. */
export function handOverStrings(input: RdbInput, database: number, take: StringTaker): number {
  const own = noAttributes();
  let count = 0;
  for (; count < RUN_KEYS && input.at < input.limit; count++) {
    const begin = input.at;
    const attributes = input.bytes[begin] === TYPE_STRING ? NONE : own;
    const pair = attributes === NONE || readAttributes(input, own) ? stringPair(input) : undefined;
    if (pair === undefined) {
      input.at = begin;
      break;
    }
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = pair;
    take(database, bytes, keyStart, keyEnd, valueStart, valueEnd, attributes, input.fileOffset(begin));
  }
  return count;
}

/** Reads what stands before a key; false if that is not all there, or wrong. */
function readAttributes(input: RdbInput, attributes: KeyAttributes): boolean {
  attributes.expireAtMs = NONE.expireAtMs;
  attributes.idleSec = undefined;
  attributes.frequency = undefined;
  try {
    while (input.at < input.limit && isAttribute(input.bytes[input.at])) {
      const opcode = input.bytes[input.at++];
      if (!readAttribute(input, opcode, attributes)) return false;
    }
    return true;
  } catch (cause) {
    if (!(cause instanceof RdbFault)) throw cause;
    return false;
  }
}

/** Reads a key and its value, if that is a short string. */
function stringPair(input: RdbInput): StringPair | undefined {
  return input.byte() === TYPE_STRING ? input.shortPair() : undefined;
}
