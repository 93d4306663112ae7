/**
 * How many bytes a stream node takes in Redis, which closes a node by that size: trimming with `~` removes whole nodes, so
 * that its results are those of Redis only if nodes end where Redis's end.
 *
 *     entry of a listpack := its encoding (1 … 9 bytes for an integer, 1 … 5 and the bytes for a text), its length backwards
 *
 * Source: the listpack specification by Salvatore Sanfilippo (antirez/listpack on GitHub).
 */
import { type Integer64, type StreamId, subtractInt64 } from './stream-id.ts';
import { isIntegerText } from './string.ts';

/** The header and the end byte. */
const LISTPACK_EMPTY_BYTES = 7;
const EXACT_DIGITS = 15;

/** Bytes of an integer in a listpack. */
export function listpackIntegerBytes(value: Integer64): number {
  if (value >= 0 && value <= 127) return 2;
  if (value >= -4096 && value <= 4095) return 3;
  if (value >= -0x8000 && value <= 0x7fff) return 4;
  if (value >= -0x80_0000 && value <= 0x7f_ffff) return 5;
  return value >= -0x8000_0000 && value <= 0x7fff_ffff ? 6 : 10;
}

/** Bytes of a text in a listpack, where the text of an integer is an integer. */
function listpackTextBytes(text: string): number {
  const { length } = text;
  if (isIntegerText(text)) return listpackIntegerBytes(length <= EXACT_DIGITS ? Number(text) : BigInt(text));
  if (length < 64) return 1 + length + 1;
  const encoded = length < 4096 ? 2 + length : 5 + length;
  if (encoded <= 127) return encoded + 1;
  if (encoded < 16_383) return encoded + 2;
  if (encoded < 2_097_151) return encoded + 3;
  return encoded < 268_435_455 ? encoded + 4 : encoded + 5;
}

/** Bytes of a node without entries whose fields are every second item, but for its two counters. */
export function streamHeadListpackBytes(items: readonly string[]): number {
  let bytes = LISTPACK_EMPTY_BYTES + listpackIntegerBytes(items.length / 2) + listpackIntegerBytes(0);
  for (let i = 0; i < items.length; i += 2) bytes += listpackTextBytes(items[i]);
  return bytes;
}

/**
 * Bytes of an entry in the listpack of a node.
 *
 * @param items field, value, field, value …
 * @param hasNodeFields the fields are the node's
 */
export function streamEntryListpackBytes(
  node: StreamId,
  id: StreamId,
  items: readonly string[],
  hasNodeFields: boolean,
): number {
  const fieldCount = items.length / 2;
  const pieces = 3 + (hasNodeFields ? fieldCount : 1 + 2 * fieldCount);
  let bytes = listpackIntegerBytes(0) + listpackIntegerBytes(pieces);
  bytes += listpackIntegerBytes(subtractInt64(id.ms, node.ms)) + listpackIntegerBytes(subtractInt64(id.seq, node.seq));
  if (!hasNodeFields) bytes += listpackIntegerBytes(fieldCount);
  for (let i = hasNodeFields ? 1 : 0; i < items.length; i += hasNodeFields ? 2 : 1)
    bytes += listpackTextBytes(items[i]);
  return bytes;
}
