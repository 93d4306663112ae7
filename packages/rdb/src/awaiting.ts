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

function* await_<T>(read: () => T | undefined): Reading<T> {
  for (;;) {
    yield undefined;
    const result = read();
    if (result !== undefined) return result;
  }
}

export const awaitByte = (input: RdbInput): Reading<number> => await_(() => input.byte());
export const awaitLength = (input: RdbInput): Reading<number> => await_(() => input.length());
export const awaitWideLength = (input: RdbInput): Reading<bigint> => await_(() => input.wideLength());
export const awaitInt32 = (input: RdbInput): Reading<number> => await_(() => input.int32());
export const awaitInt64 = (input: RdbInput): Reading<number> => await_(() => input.int64());
export const awaitUint64 = (input: RdbInput): Reading<bigint> => await_(() => input.uint64());
export const awaitDouble = (input: RdbInput): Reading<number> => await_(() => input.double());
export const awaitTextDouble = (input: RdbInput): Reading<number> => await_(() => input.textDouble());
export const awaitText = (input: RdbInput): Reading<string> => await_(() => input.text());
export const awaitFixedText = (input: RdbInput, size: number): Reading<string> => await_(() => input.fixedText(size));
export const awaitContent = (input: RdbInput): Reading<string | Uint8Array> => await_(() => input.content());
export const awaitBlob = (input: RdbInput): Reading<Blob> => await_(() => input.blob());
export const awaitSkip = (input: RdbInput): Reading<number> => await_(() => input.skipString());
