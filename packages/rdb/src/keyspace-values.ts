/**
 * Between entries and the values of a keyspace.
 *
 * What has no counterpart in the keyspace is told: its hashes know no expiry of fields, its streams no producers and no pending
 * entries without owner.
 */

import {
  ADDED,
  type Database,
  HashValue,
  type Key,
  ListValue,
  type ScoredMember,
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
import { newStreamLosses, type RdbLossCode } from './losses.ts';
import type { PackedCollection } from './packed-runs.ts';

/** A value, and what of the entry is not in it. */
export interface KeyspaceValue {
  readonly value: Value;
  readonly lost: readonly KeyspaceLossCode[];
}

export type KeyspaceLossCode = Extract<
  RdbLossCode,
  'hash-field-expiry' | 'stream-unowned-pending' | 'stream-producers'
>;

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
    case 'hash':
      return { value: hashOf(entry.value, thresholds, entry), lost: lossesOfFields(entry.value) };
    case 'stream': {
      const value = checkedStream(entry, () => streamOf(entry.value, thresholds));
      return { value, lost: newStreamLosses(entry.value) };
    }
  }
}

/** The value of a small collection; undefined where the thresholds want another form, which `entryToValue` knows. */
export function packedToValue(collection: Readonly<PackedCollection>, thresholds: Thresholds): Value | undefined {
  const { type, content, count, longest } = collection;
  switch (type) {
    case 'hash':
      if (count > thresholds.hashMaxListpackEntries || longest > thresholds.hashMaxListpackValue) return undefined;
      return HashValue.ofPacked(content, count);
    case 'zset':
      if (count > thresholds.zsetMaxListpackEntries || longest > thresholds.zsetMaxListpackValue) return undefined;
      return SortedSetValue.ofPacked(content, count);
    case 'list':
      return ListValue.ofPacked(content, count, thresholds.listMaxListpackSize);
    case 'intset':
      return SetValue.ofIntset(content, thresholds);
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
    value.append(entry.value, thresholds.listMaxListpackSize);
  } else if (entry.type === 'set' && value instanceof SetValue) {
    addMembers(value, entry.value, thresholds, entry);
  } else if (entry.type === 'zset' && value instanceof SortedSetValue) {
    addPairs(value, entry.value, thresholds, entry);
  } else if (entry.type === 'hash' && value instanceof HashValue) {
    addFields(value, entry.value, thresholds, entry);
    return lossesOfFields(entry.value);
  } else if (entry.type === 'stream' && value instanceof StreamValue) {
    checkedStream(entry, () => extendStream(value, entry.value, thresholds));
    return newStreamLosses(entry.value);
  } else {
    throw new Error('bug: a part of another type of value');
  }
  return NOTHING;
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
  return { value, lost: NOTHING };
}

const NOTHING: readonly KeyspaceLossCode[] = [];
const FIELD_EXPIRY: readonly KeyspaceLossCode[] = ['hash-field-expiry'];

function setOf(members: readonly string[], thresholds: Thresholds, place: EntryPlace): SetValue {
  const set = new SetValue();
  set.expect(members.length, thresholds);
  if (set.addAll(members, thresholds) < members.length) refuseTwice(members, place);
  return set;
}

function sortedSetOf(pairs: readonly ScoredPair[], thresholds: Thresholds, place: EntryPlace): SortedSetValue {
  const set = SortedSetValue.of(scoredMembers(pairs), thresholds, true);
  // A small one is built without looking; a large one has lost what came twice.
  if (set.size < pairs.length || set.encoding() === 'listpack') refuseTwice(firstsOf(pairs), place);
  return set;
}

function hashOf(fields: readonly HashField[], thresholds: Thresholds, place: EntryPlace): HashValue {
  const hash = HashValue.of(fields, thresholds);
  if (hash.size < fields.length) refuseTwice(firstsOf(fields), place);
  return hash;
}

// What is added to a value that has begun: a table tells as it takes an element whether it has it; a small form takes all at once and
// is asked before.

function addMembers(set: SetValue, members: readonly string[], thresholds: Thresholds, place: EntryPlace): void {
  if (set.encoding() === 'hashtable') {
    for (const member of members) if (!set.add(member, thresholds)) throw duplicate(member, place);
    return;
  }
  refuseTwice(members, place, (member) => set.has(member));
  set.addAll(members, thresholds);
}

function addPairs(set: SortedSetValue, pairs: readonly ScoredPair[], thresholds: Thresholds, place: EntryPlace): void {
  if (set.encoding() === 'skiplist') {
    for (const [member, score] of pairs) {
      if (set.put(member, score, thresholds) !== ADDED) throw duplicate(member, place);
    }
    return;
  }
  refuseTwice(firstsOf(pairs), place, (member) => set.score(member) !== undefined);
  set.putAll(scoredMembers(pairs), thresholds);
}

function addFields(hash: HashValue, fields: readonly HashField[], thresholds: Thresholds, place: EntryPlace): void {
  if (hash.encoding() === 'hashtable') {
    for (const [field, value] of fields) if (!hash.set(field, value, thresholds)) throw duplicate(field, place);
    return;
  }
  refuseTwice(firstsOf(fields), place, (field) => hash.has(field));
  const entries: string[] = [];
  for (const [field, value] of fields) entries.push(field, value);
  hash.setAll(entries, thresholds);
}

function scoredMembers(pairs: readonly ScoredPair[]): ScoredMember[] {
  return pairs.map(([member, score]) => ({ member, score }));
}

/** The members of pairs, or the fields. */
function firstsOf(pairs: readonly (readonly [string, ...unknown[]])[]): string[] {
  return pairs.map(([first]) => first);
}

/** @throws RdbError one of `texts` comes twice, or is there already */
function refuseTwice(texts: readonly string[], place: EntryPlace, isThere = (_: string): boolean => false): void {
  const seen = new Set<string>();
  for (const text of texts) {
    if (isThere(text) || seen.has(text)) throw duplicate(text, place);
    seen.add(text);
  }
}

function lossesOfFields(fields: readonly HashField[]): readonly KeyspaceLossCode[] {
  return fields.some(([, , expireAtMs]) => expireAtMs !== undefined) ? FIELD_EXPIRY : NOTHING;
}

function duplicate(text: string, place: EntryPlace): RdbError {
  return new RdbError('RDB_DUPLICATE', `'${text.slice(0, 80)}' is there twice`, details(place));
}

function details({ fileOffset = 0, key, database, encoding }: EntryPlace): RdbErrorDetails {
  return { fileOffset, doing: 'read-object-value', key, database, encoding };
}
