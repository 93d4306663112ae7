/**
 * Writes values in the form that a target's server would write: packed while they are small, plain after that.
 *
 * A type comes before the key and the value after it, so choosing and writing are two steps: `typeOfValue`, then `writeValue`
 * with its answer.
 *
 * Source: Redis rdb.c, rdbSaveObjectType and rdbSaveObject, of each version.
 */

import { isIntegerText, type Thresholds } from '@aof/keyspace';
import type { HashField, RdbValue, ScoredPair } from './entries.ts';
import {
  NODE_PACKED,
  TYPE_HASH,
  TYPE_HASH_EXPIRY,
  TYPE_HASH_LISTPACK,
  TYPE_HASH_ZIPLIST,
  TYPE_QUICKLIST,
  TYPE_QUICKLIST_2,
  TYPE_SET,
  TYPE_SET_INTSET,
  TYPE_SET_LISTPACK,
  TYPE_STRING,
  TYPE_VALKEY_HASH_EXPIRY,
  TYPE_ZSET_2,
  TYPE_ZSET_LISTPACK,
  TYPE_ZSET_ZIPLIST,
} from './format.ts';
import { intsetMaxBytes, writeIntset } from './intset.ts';
import { listpackEntryBytes, listpackMaxBytes, writeListpack } from './listpack.ts';
import type { RdbOutput } from './output.ts';
import { streamType, writeStream } from './stream-writer.ts';
import type { TargetFormat } from './targets.ts';
import { writeZiplist, ziplistMaxBytes } from './ziplist.ts';

const NEVER = -1;
/** list-max-listpack-size -1 … -5, in bytes. */
const NODE_BYTES: readonly number[] = [4096, 8192, 16384, 32768, 65536];
/** A limit by elements is a limit by bytes as well. Source: Redis quicklist.c, SIZE_SAFETY_LIMIT. */
const NODE_SAFETY_BYTES = 8192;

/** Whether there is nothing in it: such a key does not exist. */
export function isEmptyValue({ type, value }: RdbValue): boolean {
  return type !== 'string' && type !== 'stream' && value.length === 0;
}

/** The type under which `value`, which has elements, is to be written. A stream must be one that the format has. */
export function typeOfValue(value: RdbValue, format: TargetFormat, thresholds: Thresholds): number {
  switch (value.type) {
    case 'string':
      return TYPE_STRING;
    case 'list':
      return format.hasListpacks ? TYPE_QUICKLIST_2 : TYPE_QUICKLIST;
    case 'set':
      return typeOfSet(value.value, format, thresholds);
    case 'zset':
      return typeOfSortedSet(value.value, format, thresholds);
    case 'hash':
      return typeOfHash(value.value, format, thresholds);
    case 'stream':
      return streamType(format);
  }
}

function typeOfSet(members: readonly string[], format: TargetFormat, thresholds: Thresholds): number {
  const { setMaxIntsetEntries, setMaxListpackEntries, setMaxListpackValue } = thresholds;
  if (members.length <= setMaxIntsetEntries && members.every(isIntegerText)) return TYPE_SET_INTSET;
  const isSmall =
    format.hasSetListpacks &&
    members.length <= setMaxListpackEntries &&
    members.every((member) => member.length <= setMaxListpackValue);
  return isSmall ? TYPE_SET_LISTPACK : TYPE_SET;
}

function typeOfSortedSet(pairs: readonly ScoredPair[], format: TargetFormat, thresholds: Thresholds): number {
  const { zsetMaxListpackEntries, zsetMaxListpackValue } = thresholds;
  const isSmall =
    pairs.length <= zsetMaxListpackEntries && pairs.every(([member]) => member.length <= zsetMaxListpackValue);
  if (!isSmall) return TYPE_ZSET_2;
  return format.hasListpacks ? TYPE_ZSET_LISTPACK : TYPE_ZSET_ZIPLIST;
}

function typeOfHash(fields: readonly HashField[], format: TargetFormat, thresholds: Thresholds): number {
  if (format.hasFieldExpiry && fields.some(([, , expireAtMs]) => expireAtMs !== undefined))
    return expiringHashType(format);
  const { hashMaxListpackEntries, hashMaxListpackValue } = thresholds;
  const isSmall =
    fields.length <= hashMaxListpackEntries &&
    fields.every(([field, value]) => field.length <= hashMaxListpackValue && value.length <= hashMaxListpackValue);
  if (!isSmall) return TYPE_HASH;
  return format.hasListpacks ? TYPE_HASH_LISTPACK : TYPE_HASH_ZIPLIST;
}

/** The type of hashes with fields that expire. A server makes it small again by itself. */
export function expiringHashType(format: TargetFormat): number {
  return format.dialect === 'valkey' ? TYPE_VALKEY_HASH_EXPIRY : TYPE_HASH_EXPIRY;
}

/** Writes `value` under the type that `typeOfValue` answered. */
export function writeValue(
  output: RdbOutput,
  value: RdbValue,
  type: number,
  format: TargetFormat,
  thresholds: Thresholds,
): void {
  switch (value.type) {
    case 'string':
      return output.string(value.value);
    case 'list':
      return writeNodes(output, value.value, format, thresholds.listMaxListpackSize);
    case 'set':
      return writeSet(output, value.value, type);
    case 'zset':
      return writeSortedSet(output, value.value, type);
    case 'hash':
      return writeHash(output, value.value, type);
    case 'stream':
      return writeStream(output, value.value, format);
  }
}

function writeNodes(output: RdbOutput, items: readonly string[], format: TargetFormat, maxListpackSize: number): void {
  const ends = nodeEnds(items, maxListpackSize);
  output.length(ends.length);
  let start = 0;
  for (const end of ends) {
    writeListNode(output, items.slice(start, end), format);
    start = end;
  }
}

/** A node of a list. */
export function writeListNode(output: RdbOutput, items: readonly string[], format: TargetFormat): void {
  if (format.hasListpacks) {
    output.length(NODE_PACKED);
    writePackedItems(output, items, true);
  } else {
    writePackedItems(output, items, false);
  }
}

/** Where the nodes of a list end. */
function nodeEnds(items: readonly string[], maxListpackSize: number): number[] {
  const isByBytes = maxListpackSize < 0;
  const maxBytes = isByBytes ? NODE_BYTES[Math.min(-maxListpackSize, NODE_BYTES.length) - 1] : NODE_SAFETY_BYTES;
  const maxItems = isByBytes ? Number.POSITIVE_INFINITY : Math.max(1, maxListpackSize);
  const ends: number[] = [];
  let bytes = 0;
  let start = 0;
  for (let i = 0; i < items.length; i++) {
    const size = listpackEntryBytes(items[i]);
    if (i > start && (bytes + size > maxBytes || i - start >= maxItems)) {
      ends.push(i);
      start = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < items.length) ends.push(items.length);
  return ends;
}

/** A listpack or a ziplist of `items` as a string. */
export function writePackedItems(output: RdbOutput, items: readonly string[], isListpack: boolean): void {
  if (isListpack) output.packed(listpackMaxBytes(items), (target) => writeListpack(target, items));
  else output.packed(ziplistMaxBytes(items), (target) => writeZiplist(target, items));
}

function writeSet(output: RdbOutput, members: readonly string[], type: number): void {
  if (type === TYPE_SET_INTSET) {
    return output.packed(intsetMaxBytes(members.length), (target) => writeIntset(target, 0, members));
  }
  if (type === TYPE_SET_LISTPACK) return writePackedItems(output, members, true);
  output.length(members.length);
  for (const member of members) output.string(member);
}

function writeSortedSet(output: RdbOutput, pairs: readonly ScoredPair[], type: number): void {
  if (type !== TYPE_ZSET_2) {
    // A packed sorted set is searched in its order.
    const items = pairs.toSorted(comparePairs).flatMap(([member, score]) => [member, scoreText(score)]);
    return writePackedItems(output, items, type === TYPE_ZSET_LISTPACK);
  }
  output.length(pairs.length);
  for (const [member, score] of pairs) writeScored(output, member, score);
}

/** A member of a plain sorted set. */
export function writeScored(output: RdbOutput, member: string, score: number): void {
  output.string(member);
  output.double(score);
}

function comparePairs([member, score]: ScoredPair, [otherMember, otherScore]: ScoredPair): number {
  if (score !== otherScore) return score < otherScore ? -1 : 1;
  return member < otherMember ? -1 : member > otherMember ? 1 : 0;
}

/** The score as C reads it back to the same double. */
/** A score as Redis writes it: the shortest text that reads back as the same double. */
export function scoreText(score: number): string {
  if (Object.is(score, -0)) return '-0';
  if (Number.isFinite(score)) return String(score);
  return score > 0 ? 'inf' : '-inf';
}

function writeHash(output: RdbOutput, fields: readonly HashField[], type: number): void {
  if (type === TYPE_HASH_LISTPACK || type === TYPE_HASH_ZIPLIST) {
    const items: string[] = [];
    for (const [field, value] of fields) items.push(field, value);
    return writePackedItems(output, items, type === TYPE_HASH_LISTPACK);
  }
  const earliestMs = earliestExpiry(fields);
  if (type === TYPE_HASH_EXPIRY) output.int64(earliestMs);
  output.length(fields.length);
  for (const [field, value, expireAtMs] of fields) writeField(output, type, field, value, expireAtMs, earliestMs);
}

function earliestExpiry(fields: readonly HashField[]): number {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const [, , expireAtMs] of fields)
    if (expireAtMs !== undefined && expireAtMs < earliestMs) earliestMs = expireAtMs;
  return Number.isFinite(earliestMs) ? earliestMs : 0;
}

/**
 * A field of a hash that is not packed.
 *
 * @param type of the hash: expiries are dropped where it has none
 * @param earliestMs what was written as the earliest expiry of all
 */
export function writeField(
  output: RdbOutput,
  type: number,
  field: string,
  value: string,
  expireAtMs: number | undefined,
  earliestMs: number,
): void {
  if (type === TYPE_HASH_EXPIRY) output.length(expireAtMs === undefined ? 0 : expireAtMs - earliestMs + 1);
  output.string(field);
  output.string(value);
  if (type === TYPE_VALKEY_HASH_EXPIRY) output.int64(expireAtMs ?? NEVER);
}
