/**
 * Between entries and the values of a keyspace.
 *
 * What has no counterpart in the keyspace is told: its hashes know no expiry of fields.
 */

import {
  type Database,
  HashValue,
  type Key,
  ListValue,
  SetValue,
  SortedSetValue,
  StreamValue,
  stringContent,
  stringValueOf,
  type Thresholds,
  type Value,
} from '@aof/keyspace';
import type { HashField, RdbKeyHead, RdbValue, ScoredPair } from './entries.ts';
import { RdbError, type RdbErrorDetails } from './errors.ts';
import { extendStream, plainStream, streamOf } from './keyspace-streams.ts';

/** A value, and what of the entry is not in it. */
export interface KeyspaceValue {
  readonly value: Value;
  readonly lost: 'hash-field-expiry' | undefined;
}

/** Where an entry stood, for errors. */
export interface EntryPlace {
  readonly fileOffset?: number;
  readonly key?: string;
  readonly database?: number;
  readonly encoding?: string;
}

/**
 * The value of an entry in the form that fits its size. Parts of a value are put together by `extendValue`.
 *
 * @throws RdbError RDB_DUPLICATE: a member or field comes twice; RDB_STRUCTURE: a stream is out of order
 */
export function entryToValue(entry: RdbValue & EntryPlace, thresholds: Thresholds): KeyspaceValue {
  switch (entry.type) {
    case 'string':
      return kept(stringValueOf(entry.value));
    case 'list':
      return kept(ListValue.of(entry.value, thresholds.listMaxListpackSize));
    case 'set':
      return kept(setOf(entry.value, thresholds, entry));
    case 'zset':
      return kept(sortedSetOf(entry.value, thresholds, entry));
    case 'hash': {
      const hash = new HashValue();
      return { value: hash, lost: addFields(hash, entry.value, thresholds, entry) };
    }
    case 'stream':
      return kept(checkedStream(entry, () => streamOf(entry.value, thresholds)));
  }
}

/**
 * Adds a further part of a value to what `entryToValue` made of the parts before.
 *
 * @throws RdbError RDB_DUPLICATE: a member or field comes twice; RDB_STRUCTURE: a stream is out of order
 * @throws Error the two are of different types, which is a bug
 */
export function extendValue(value: Value, entry: RdbValue & EntryPlace, thresholds: Thresholds): KeyspaceValue['lost'] {
  if (entry.type === 'list' && value instanceof ListValue) {
    for (const element of entry.value) {
      value.grow(thresholds.listMaxListpackSize, element.length, 1);
      value.pushTail(element);
    }
  } else if (entry.type === 'set' && value instanceof SetValue) {
    addMembers(value, entry.value, thresholds, entry);
  } else if (entry.type === 'zset' && value instanceof SortedSetValue) {
    addPairs(value, entry.value, thresholds, entry);
  } else if (entry.type === 'hash' && value instanceof HashValue) {
    return addFields(value, entry.value, thresholds, entry);
  } else if (entry.type === 'stream' && value instanceof StreamValue) {
    checkedStream(entry, () => extendStream(value, entry.value, thresholds));
  } else {
    throw new Error('bug: a part of another type of value');
  }
  return undefined;
}

/** What `db` holds under `key`, expired or not, as it can be written; undefined if nothing. */
export function valueToEntry(db: Database, key: Key): (RdbKeyHead & RdbValue) | undefined {
  const value = db.peek(key);
  if (value === undefined) return undefined;
  return { database: db.index, key, expireAtMs: db.expireAt(key), ...plainValue(value) };
}

/** A value as plain data, in O(its size). */
export function plainValue(value: Value): RdbValue {
  if (typeof value === 'string') return { type: 'string', value };
  switch (value.type) {
    case 'string':
      return { type: 'string', value: stringContent(value) };
    case 'list':
      return { type: 'list', value: [...value] };
    case 'set':
      return { type: 'set', value: [...value.members()] };
    case 'hash':
      return { type: 'hash', value: [...value.entries()] };
    case 'zset': {
      const pairs: ScoredPair[] = [];
      // Upwards, which packed forms need anyway.
      value.forEachTransient(0, value.size, false, (member, score) => {
        pairs.push([member, score]);
      });
      return { type: 'zset', value: pairs };
    }
    case 'stream':
      return { type: 'stream', value: plainStream(value) };
  }
}

/** What `make` answers; IDs that are out of order are a fault of the file. */
function checkedStream<T>(place: EntryPlace, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new RdbError('RDB_STRUCTURE', `stream: ${cause.message}`, details(place));
  }
}

function kept(value: Value): KeyspaceValue {
  return { value, lost: undefined };
}

function setOf(members: readonly string[], thresholds: Thresholds, place: EntryPlace): SetValue {
  const set = new SetValue();
  set.expect(members.length, thresholds);
  addMembers(set, members, thresholds, place);
  return set;
}

function addMembers(set: SetValue, members: readonly string[], thresholds: Thresholds, place: EntryPlace): void {
  for (const member of members) if (!set.add(member, thresholds)) throw duplicate(member, place);
}

function sortedSetOf(pairs: readonly ScoredPair[], thresholds: Thresholds, place: EntryPlace): SortedSetValue {
  const set = SortedSetValue.of(
    pairs.map(([member, score]) => ({ member, score })),
    thresholds,
  );
  if (set.size === pairs.length && !hasDuplicate(pairs, set)) return set;
  const distinct = new Set<string>();
  for (const [member] of pairs) {
    if (distinct.has(member)) throw duplicate(member, place);
    distinct.add(member);
  }
  return set;
}

/** Whether a small set, which is built without looking, has a member twice; a large one has lost it. */
function hasDuplicate(pairs: readonly ScoredPair[], set: SortedSetValue): boolean {
  return set.encoding() === 'listpack' && new Set(pairs.map(([member]) => member)).size !== pairs.length;
}

function addPairs(set: SortedSetValue, pairs: readonly ScoredPair[], thresholds: Thresholds, place: EntryPlace): void {
  for (const [member, score] of pairs) {
    const before = set.size;
    set.put(member, score, thresholds);
    if (set.size === before) throw duplicate(member, place);
  }
}

function addFields(
  hash: HashValue,
  fields: readonly HashField[],
  thresholds: Thresholds,
  place: EntryPlace,
): 'hash-field-expiry' | undefined {
  let lost: 'hash-field-expiry' | undefined;
  for (const [field, value, expireAtMs] of fields) {
    if (!hash.set(field, value, thresholds)) throw duplicate(field, place);
    if (expireAtMs !== undefined) lost = 'hash-field-expiry';
  }
  return lost;
}

function duplicate(text: string, place: EntryPlace): RdbError {
  return new RdbError('RDB_DUPLICATE', `'${text.slice(0, 80)}' is there twice`, details(place));
}

function details({ fileOffset = 0, key, database, encoding }: EntryPlace): RdbErrorDetails {
  return { fileOffset, doing: 'read-object-value', key, database, encoding };
}
