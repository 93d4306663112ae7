/**
 * Passes over the arrays of Redis 8.8, for which there is no value here.
 *
 *     array   := elements, 0 | 1 next index, element*
 *     element := index, 0 string | 1 int64 | 2 double | 3 short string
 *
 * Source: librdb, RDB_TYPE_ARRAY.
 */

import { awaitFixedText, awaitLength, awaitSkip, awaitWideLength, type Reading } from './awaiting.ts';
import { RdbFault } from './errors.ts';
import type { RdbInput } from './input.ts';

const STRING = 0;
const INTEGER = 1;
const DOUBLE = 2;
const SHORT_STRING = 3;

/** Passes over an array. @throws RdbFault */
export function* skipArray(input: RdbInput): Reading<void> {
  const count = input.length() ?? (yield* awaitLength(input));
  const hasNextIndex = input.length() ?? (yield* awaitLength(input));
  if (hasNextIndex > 1) throw new RdbFault('RDB_STRUCTURE', `an array with the flag ${hasNextIndex}`);
  if (hasNextIndex === 1) input.wideLength() ?? (yield* awaitWideLength(input));
  for (let left = count; left > 0; left--) {
    input.wideLength() ?? (yield* awaitWideLength(input));
    const tag = input.length() ?? (yield* awaitLength(input));
    if (tag === INTEGER || tag === DOUBLE) input.fixedText(8) ?? (yield* awaitFixedText(input, 8));
    else if (tag === STRING || tag === SHORT_STRING) input.skipString() ?? (yield* awaitSkip(input));
    else throw new RdbFault('RDB_STRUCTURE', `an array's element of no known kind: ${tag}`);
  }
}
