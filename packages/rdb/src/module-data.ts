/**
 * Passes over what modules saved: a sequence of typed items up to an end mark.
 *
 *     data := (1 length | 2 length | 3 float | 4 double | 5 string)*, 0        signed, unsigned, 4 bytes, 8 bytes; all marks are lengths
 *
 * A module's type is a 64-bit number: nine characters of six bits and a version of ten.
 *
 * Source: Redis rdb.h and module.c, moduleTypeNameByID.
 */

import { awaitFixedText, awaitLength, awaitSkip, awaitWideLength, type Reading } from './awaiting.ts';
import { RdbFault } from './errors.ts';
import type { RdbInput } from './input.ts';

const END = 0;
const SIGNED = 1;
const UNSIGNED = 2;
const FLOAT = 3;
const DOUBLE = 4;
const STRING = 5;

const NAME_CHARS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_LENGTH = 9;
const KIND_BYTES = 4;

export interface ModuleType {
  readonly moduleType: string;
  readonly moduleVersion: number;
}

/** What the number of a module's type says. */
export function moduleTypeOf(id: bigint): ModuleType {
  let name = '';
  for (let i = 0; i < NAME_LENGTH; i++) {
    const shift = BigInt(10 + 6 * (NAME_LENGTH - 1 - i));
    name += NAME_CHARS[Number((id >> shift) & 63n)];
  }
  return { moduleType: name, moduleVersion: Number(id & 1023n) };
}

/** Passes over a module's data, its end mark included. */
export function* skipModuleData(input: RdbInput): Reading<void> {
  for (;;) {
    const mark = input.length() ?? (yield* awaitLength(input));
    switch (mark) {
      case END:
        return;
      case SIGNED:
      case UNSIGNED:
        input.wideLength() ?? (yield* awaitWideLength(input));
        break;
      case FLOAT:
        input.fixedText(4) ?? (yield* awaitFixedText(input, 4));
        break;
      case DOUBLE:
        input.fixedText(8) ?? (yield* awaitFixedText(input, 8));
        break;
      case STRING:
        input.skipString() ?? (yield* awaitSkip(input));
        break;
      default:
        throw new RdbFault('RDB_MODULE', `Error reading module value: ${mark} is no known mark`);
    }
  }
}

/** Passes over what modules keep beside a key's value (Redis 8.6): the data of so many kinds, each behind four bytes that tell whose. */
export function* skipKeyMetadata(input: RdbInput): Reading<void> {
  const kinds = input.length() ?? (yield* awaitLength(input));
  for (let left = kinds; left > 0; left--) {
    input.fixedText(KIND_BYTES) ?? (yield* awaitFixedText(input, KIND_BYTES));
    yield* skipModuleData(input);
  }
}

/** The mark that must stand before the time at which data beside the keys was saved. */
export const MODULE_UNSIGNED = UNSIGNED;
