/**
 * Reads the value behind a type and a key, in every encoding that was ever written.
 *
 * Invariants: no count is believed before the elements are there; a packed structure is checked down to its last byte before any
 * of it is answered; a value without elements is answered as undefined (streams may have none).
 *
 * Source: Redis and Valkey rdb.c, rdbLoadObject.
 */

import {
  awaitAtomic,
  awaitBlob,
  awaitDouble,
  awaitInt64,
  awaitLength,
  awaitText,
  awaitTextDouble,
  awaitWideLength,
  type Reading,
} from './awaiting.ts';
import type { HashField, RdbValue, ScoredPair } from './entries.ts';
import { RdbFault } from './errors.ts';
import {
  type Dialect,
  NODE_PACKED,
  NODE_PLAIN,
  TYPE_HASH,
  TYPE_HASH_EXPIRY,
  TYPE_HASH_EXPIRY_PRE_RELEASE,
  TYPE_HASH_LISTPACK,
  TYPE_HASH_LISTPACK_EXPIRY,
  TYPE_HASH_LISTPACK_EXPIRY_PRE_RELEASE,
  TYPE_HASH_ZIPLIST,
  TYPE_HASH_ZIPMAP,
  TYPE_LIST,
  TYPE_LIST_ZIPLIST,
  TYPE_QUICKLIST,
  TYPE_QUICKLIST_2,
  TYPE_SET,
  TYPE_SET_INTSET,
  TYPE_SET_LISTPACK,
  TYPE_STREAM,
  TYPE_STREAM_2,
  TYPE_STREAM_3,
  TYPE_STREAM_4,
  TYPE_STREAM_5,
  TYPE_STRING,
  TYPE_ZSET,
  TYPE_ZSET_2,
  TYPE_ZSET_LISTPACK,
  TYPE_ZSET_ZIPLIST,
} from './format.ts';
import { type HashTemplates, isTemplateHash, readTemplateHash } from './hash-templates.ts';
import { type Blob, parseDouble, type RdbInput } from './input.ts';
import { readIntset } from './intset.ts';
import { readListpack } from './listpack.ts';
import { readStream } from './stream-reader.ts';
import { readZiplist } from './ziplist.ts';
import { readZipmap } from './zipmap.ts';

/** The latest expiry of a field, ms: 48 bits in Redis, the year 287396 in any case. */
const FIELD_EXPIRY_MAX = { redis: 2 ** 48 - 1, valkey: Number.MAX_SAFE_INTEGER };
const NEVER = -1;

/** What decides how a value is read. */
export interface ValueOptions {
  readonly type: number;
  readonly dialect: Dialect;
  /** After so many elements a part is yielded. */
  readonly partElements: number;
  readonly findsDuplicates: boolean;
  /** Of the file that the value is in. */
  readonly templates: HashTemplates;
}

/** Decodes a packed structure into its elements. */
type Unpack = (blob: Blob, items: string[]) => void;

/** What `readAtomic` answers for a value without elements. */
export const EMPTY: RdbValue = { type: 'list', value: [] };

/** Whether values of the type are one string: most are, and `readAtomic` reads them without the cost of a generator. */
export function isAtomic(type: number): boolean {
  return type === TYPE_STRING || UNPACK[type] !== undefined;
}

/** Reads a value of an atomic type; undefined if its last byte has not arrived, EMPTY if it has no elements. */
export function readAtomic(input: RdbInput, options: ValueOptions): RdbValue | undefined {
  if (options.type === TYPE_STRING) {
    const value = input.content();
    return value === undefined ? undefined : { type: 'string', value };
  }
  const blob = input.blob();
  return blob === undefined ? undefined : unpacked(blob, options);
}

/** Reads a value of `options.type`, which must be one that `typeNameOf` knows and no module's. Undefined: it has no elements. */
export function readValue(input: RdbInput, options: ValueOptions): Reading<RdbValue | undefined> {
  switch (options.type) {
    case TYPE_LIST:
    case TYPE_SET:
      return readElements(input, options);
    case TYPE_ZSET:
    case TYPE_ZSET_2:
      return readScoredPairs(input, options);
    case TYPE_HASH:
    case TYPE_HASH_EXPIRY:
    case TYPE_HASH_EXPIRY_PRE_RELEASE:
      return readFields(input, options);
    case TYPE_QUICKLIST:
    case TYPE_QUICKLIST_2:
      return readQuicklist(input, options);
    case TYPE_STREAM:
    case TYPE_STREAM_2:
    case TYPE_STREAM_3:
    case TYPE_STREAM_4:
    case TYPE_STREAM_5:
      return readStream(input, options);
    default:
      return isTemplateHash(options.type) ? readFieldsOfTemplate(input, options) : readRest(input, options);
  }
}

function* readFieldsOfTemplate(input: RdbInput, { type, templates }: ValueOptions): Reading<RdbValue> {
  return { type: 'hash', value: yield* readTemplateHash(input, type, templates) };
}

function* readElements(input: RdbInput, options: ValueOptions): Reading<RdbValue | undefined> {
  const type = options.type === TYPE_LIST ? 'list' : 'set';
  const seen = type === 'set' ? duplicatesOf(options) : undefined;
  const count = input.length() ?? (yield* awaitLength(input));
  let items: string[] = [];
  for (let left = count; left > 0; left--) {
    if (items.length >= options.partElements) {
      yield { type, value: items };
      items = [];
    }
    const item = input.text() ?? (yield* awaitText(input));
    seen?.add(item);
    items.push(item);
  }
  return count === 0 ? undefined : { type, value: items };
}

function* readScoredPairs(input: RdbInput, options: ValueOptions): Reading<RdbValue | undefined> {
  const seen = duplicatesOf(options);
  const isBinary = options.type === TYPE_ZSET_2;
  const count = input.length() ?? (yield* awaitLength(input));
  let pairs: ScoredPair[] = [];
  for (let left = count; left > 0; left--) {
    if (pairs.length >= options.partElements) {
      yield { type: 'zset', value: pairs };
      pairs = [];
    }
    const member = input.text() ?? (yield* awaitText(input));
    seen?.add(member);
    const score = isBinary
      ? (input.double() ?? (yield* awaitDouble(input)))
      : (input.textDouble() ?? (yield* awaitTextDouble(input)));
    pairs.push([member, checkScore(score)]);
  }
  return count === 0 ? undefined : { type: 'zset', value: pairs };
}

function* readFields(input: RdbInput, options: ValueOptions): Reading<RdbValue | undefined> {
  const seen = duplicatesOf(options);
  const { type } = options;
  const isValkey = type !== TYPE_HASH && options.dialect === 'valkey';
  const isBefore = type !== TYPE_HASH && !isValkey;
  // What the expiries of the fields count from; a released version tells it first.
  const base = type === TYPE_HASH_EXPIRY ? (input.int64() ?? (yield* awaitInt64(input))) - 1 : 0;
  const count = input.length() ?? (yield* awaitLength(input));
  let fields: HashField[] = [];
  for (let left = count; left > 0; left--) {
    if (fields.length >= options.partElements) {
      yield { type: 'hash', value: fields };
      fields = [];
    }
    let expireAtMs = NEVER;
    if (isBefore) {
      const difference = Number(input.wideLength() ?? (yield* awaitWideLength(input)));
      if (difference !== 0) expireAtMs = base + difference;
    }
    const field = input.text() ?? (yield* awaitText(input));
    const value = input.text() ?? (yield* awaitText(input));
    if (isValkey) expireAtMs = input.int64() ?? (yield* awaitInt64(input));
    seen?.add(field);
    fields.push(fieldOf(field, value, expireAtMs, options.dialect));
  }
  return count === 0 ? undefined : { type: 'hash', value: fields };
}

function* readQuicklist(input: RdbInput, options: ValueOptions): Reading<RdbValue | undefined> {
  const isSecond = options.type === TYPE_QUICKLIST_2;
  const nodes = input.length() ?? (yield* awaitLength(input));
  let items: string[] = [];
  let isEmpty = true;
  for (let left = nodes; left > 0; left--) {
    if (items.length >= options.partElements) {
      yield { type: 'list', value: items };
      items = [];
    }
    const container = isSecond ? (input.length() ?? (yield* awaitLength(input))) : NODE_PACKED;
    if (container === NODE_PLAIN) {
      items.push(input.text() ?? (yield* awaitText(input)));
    } else if (container === NODE_PACKED) {
      const blob = input.blob() ?? (yield* awaitBlob(input));
      if (isSecond) readListpack(blob, items);
      else readZiplist(blob, items);
    } else {
      throw new RdbFault('RDB_STRUCTURE', `Quicklist integrity check failed: a node has no known container`);
    }
    if (items.length > 0) isEmpty = false;
  }
  return isEmpty ? undefined : { type: 'list', value: items };
}

/** How the values are unpacked that are one packed structure. */
const UNPACK: Readonly<Record<number, Unpack>> = {
  [TYPE_HASH_ZIPMAP]: readZipmap,
  [TYPE_LIST_ZIPLIST]: readZiplist,
  [TYPE_SET_INTSET]: readIntset,
  [TYPE_ZSET_ZIPLIST]: readZiplist,
  [TYPE_HASH_ZIPLIST]: readZiplist,
  [TYPE_HASH_LISTPACK]: readListpack,
  [TYPE_ZSET_LISTPACK]: readListpack,
  [TYPE_SET_LISTPACK]: readListpack,
  [TYPE_HASH_LISTPACK_EXPIRY_PRE_RELEASE]: readListpack,
};

function unpacked(blob: Blob, options: ValueOptions): RdbValue {
  const items: string[] = [];
  const unpack = UNPACK[options.type] ?? readListpack;
  unpack(blob, items);
  return items.length === 0 ? EMPTY : packedValue(items, options);
}

/** The rest: atomic values whose bytes came in pieces, and the one that has a time before its structure. */
function* readRest(input: RdbInput, options: ValueOptions): Reading<RdbValue | undefined> {
  let value: RdbValue | undefined;
  if (options.type === TYPE_HASH_LISTPACK_EXPIRY) {
    // When the first field expires: a hint for servers that would not look into the structure.
    input.int64() ?? (yield* awaitInt64(input));
    value = unpacked(input.blob() ?? (yield* awaitBlob(input)), options);
  } else {
    value = readAtomic(input, options) ?? (yield* awaitAtomic(() => readAtomic(input, options)));
  }
  return value === EMPTY ? undefined : value;
}

function packedValue(items: string[], options: ValueOptions): RdbValue {
  const seen = duplicatesOf(options);
  switch (options.type) {
    case TYPE_LIST_ZIPLIST:
      return { type: 'list', value: items };
    case TYPE_SET_INTSET:
    case TYPE_SET_LISTPACK:
      for (const item of items) seen?.add(item);
      return { type: 'set', value: items };
    case TYPE_ZSET_ZIPLIST:
    case TYPE_ZSET_LISTPACK:
      checkMultiple(items, 2);
      return {
        type: 'zset',
        value: groups(items, 2, seen, (at) => [items[at], checkScore(parseDouble(items[at + 1]))]),
      };
    case TYPE_HASH_LISTPACK_EXPIRY:
    case TYPE_HASH_LISTPACK_EXPIRY_PRE_RELEASE:
      checkMultiple(items, 3);
      return { type: 'hash', value: groups(items, 3, seen, (at) => expiringField(items, at)) };
    default:
      checkMultiple(items, 2);
      return { type: 'hash', value: groups(items, 2, seen, (at): HashField => [items[at], items[at + 1]]) };
  }
}

function groups<T>(items: readonly string[], size: number, seen: Distinct | undefined, make: (at: number) => T): T[] {
  const made: T[] = [];
  for (let at = 0; at < items.length; at += size) {
    seen?.add(items[at]);
    made.push(make(at));
  }
  return made;
}

function expiringField(items: readonly string[], at: number): HashField {
  const expireAtMs = Number(items[at + 2]);
  return fieldOf(items[at], items[at + 1], expireAtMs === 0 ? NEVER : expireAtMs, 'redis');
}

function fieldOf(field: string, value: string, expireAtMs: number, dialect: Dialect): HashField {
  if (expireAtMs === NEVER) return [field, value];
  if (expireAtMs >= 0 && expireAtMs <= FIELD_EXPIRY_MAX[dialect]) return [field, value, expireAtMs];
  throw new RdbFault('RDB_NUMBER', `a field expires at ${expireAtMs}, which no server would set`);
}

function checkMultiple(items: readonly string[], size: number): void {
  if (items.length % size !== 0) {
    throw new RdbFault('RDB_STRUCTURE', `its ${items.length} elements are not in groups of ${size}`);
  }
}

function checkScore(score: number): number {
  if (Number.isNaN(score)) throw new RdbFault('RDB_NUMBER', 'Zset with NAN score detected');
  return score;
}

/** Notices what comes twice. */
class Distinct {
  readonly #seen = new Set<string>();

  add(text: string): void {
    if (this.#seen.size === this.#seen.add(text).size) {
      throw new RdbFault('RDB_DUPLICATE', `'${text.slice(0, 80)}' is there twice`);
    }
  }
}

function duplicatesOf(options: ValueOptions): Distinct | undefined {
  return options.findsDuplicates ? new Distinct() : undefined;
}
