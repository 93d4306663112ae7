/**
 * A large value as it was at one moment, read piece by piece while the value itself goes on changing.
 *
 * Taking one costs O(segments) of a table, O(nodes) of a list, O(1) of bytes. Every one is read to its end or released;
 * a value has one at a time.
 */

import type { FrozenBytes } from './frozen-bytes.ts';
import type { FrozenStream } from './stream.ts';
import type { Value } from './value.ts';

/** The items of a large table as bytes where they lie. */
export interface FrozenCursor {
  /** Moves to the next item; false at the end. Before the first call and after the end there is none. */
  next(): boolean;
  /** The item is in these, which hold until the keyspace is changed. */
  readonly bytes: Uint8Array;
  /** A member or a field is the bytes from here to `valueStart`. */
  readonly keyStart: number;
  /** A field's value is the bytes from here to `valueEnd`; nothing else has any. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Of a sorted set. */
  readonly score: number;
}

interface Frozen {
  /** Elements, members or pairs when it was taken. */
  readonly size: number;
  /** The same items as `items`, where they are bytes: whoever has begun with one stays with it. */
  readonly cursor?: FrozenCursor | undefined;
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
