/**
 * How reading waits for input. Readers of larger things are generators, written as if all bytes were there:
 *
 *     const text = input.text() ?? (yield* awaitText(input));
 *
 * The first half is taken when the atom is complete; the second yields `undefined`, which means "feed more", until it is. Generators
 * also yield a part of a value (`RdbValue`) where it is to be delivered in parts.
 */

import type { RdbValue } from './entries.ts';
import type { Blob, RdbInput } from './input.ts';

/** `undefined`: more input is needed; a value: a part of it is complete. */
export type Reading<T> = Generator<RdbValue | undefined, T, void>;

/** Waits until `read` answers. */
export function* awaitAtomic<T>(read: () => T | undefined): Reading<T> {
  for (;;) {
    yield undefined;
    const result = read();
    if (result !== undefined) return result;
  }
}

export const awaitByte = (input: RdbInput): Reading<number> => awaitAtomic(() => input.byte());
export const awaitLength = (input: RdbInput): Reading<number> => awaitAtomic(() => input.length());
export const awaitWideLength = (input: RdbInput): Reading<bigint> => awaitAtomic(() => input.wideLength());
export const awaitInt32 = (input: RdbInput): Reading<number> => awaitAtomic(() => input.int32());
export const awaitInt64 = (input: RdbInput): Reading<number> => awaitAtomic(() => input.int64());
export const awaitUint64 = (input: RdbInput): Reading<bigint> => awaitAtomic(() => input.uint64());
export const awaitDouble = (input: RdbInput): Reading<number> => awaitAtomic(() => input.double());
export const awaitTextDouble = (input: RdbInput): Reading<number> => awaitAtomic(() => input.textDouble());
export const awaitText = (input: RdbInput): Reading<string> => awaitAtomic(() => input.text());
export const awaitFixedText = (input: RdbInput, size: number): Reading<string> =>
  awaitAtomic(() => input.fixedText(size));
export const awaitBlob = (input: RdbInput): Reading<Blob> => awaitAtomic(() => input.blob());
export const awaitSkip = (input: RdbInput): Reading<number> => awaitAtomic(() => input.skipString());
