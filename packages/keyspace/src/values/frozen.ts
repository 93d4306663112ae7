/**
 * A large value as it was at one moment, read piece by piece while the value itself goes on changing.
 *
 * Taking one costs O(segments) of a table, O(nodes) of a list, O(1) of bytes. Every one is read to its end or released;
 * a value has one at a time.
 */

import type { FrozenBytes } from './frozen-bytes.ts';
import type { FrozenStream } from './stream.ts';
import type { Value } from './value.ts';

interface Frozen {
  /** Elements, members or pairs when it was taken. */
  readonly size: number;
  /** Gives up what has not been read. */
  release(): void;
}

/** Strings as they come may be slices: not to be stored. */
export type FrozenItems =
  | (Frozen & { readonly type: 'list' | 'set'; readonly items: Iterator<string> })
  | (Frozen & { readonly type: 'hash'; readonly items: Iterator<readonly [field: string, value: string]> })
  | (Frozen & { readonly type: 'zset'; readonly items: Iterator<readonly [member: string, score: number]> });

export type FrozenValue = FrozenItems | FrozenBytes | FrozenStream;

/** Up to this many bytes a value counts as small: it is dealt with whole, in some ten microseconds. */
const SMALL_BYTES = 16 * 1024;
/** A string is copied so much faster than elements are. */
const SMALL_STRING_BYTES = 1 << 20;

/** Whether a value is written in one go; otherwise it is frozen and written in pieces. */
export function isSmall(value: Value): boolean {
  if (typeof value === 'string') return true;
  if (value.type === 'string') return value.byteLength <= SMALL_STRING_BYTES;
  return value.packedBytes <= SMALL_BYTES;
}

/** The `release` of a frozen value whose content cannot change anyway: it has its own copy. */
export function nothingToRelease(): void {
  return undefined;
}
