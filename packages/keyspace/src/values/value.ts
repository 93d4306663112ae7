/** What a key can hold. Each container class owns its representation; commands use its operations and nothing below. */

import type { HashValue } from './hash.ts';
import type { ListValue } from './list.ts';
import type { SetValue } from './set.ts';
import type { SortedSetValue } from './sorted-set.ts';
import type { StreamValue } from './stream.ts';
import { type RawString, stringEncoding } from './string.ts';
import { stringBytes } from './string-bytes.ts';

/** A string is a latin1 JS string (one char 0–255 per byte) or, once edited in place or above 1 MiB, a RawString. */
export type Value = string | RawString | ListValue | HashValue | SetValue | SortedSetValue | StreamValue;

/** The names that TYPE answers and that SCAN's TYPE option takes. */
export type TypeName = 'string' | 'list' | 'hash' | 'set' | 'zset' | 'stream';

/** The type of `value` as the TYPE command names it. */
export function typeName(value: Value): TypeName {
  return typeof value === 'string' ? 'string' : value.type;
}

/** What OBJECT ENCODING answers for `value`. */
export function encodingOf(value: Value): string {
  return typeof value === 'string' || value.type === 'string' ? stringEncoding(value) : value.encoding();
}

/** A copy that shares nothing that can change (COPY). */
export function cloneValue(value: Value): Value {
  return typeof value === 'string' ? value : value.clone();
}

/** About how many bytes `value` takes. */
export function valueBytes(value: Value): number {
  return typeof value === 'string' ? stringBytes(value.length) : value.memoryBytes();
}
