/**
 * What an RDB file holds, as plain data: what the reader answers and the writer takes.
 *
 * Byte strings are latin1 JS strings, a char 0–255 for each byte, flat. Times are ms since the Unix epoch.
 */

import type { Dialect } from './format.ts';

/** A field of a hash, its value, and when it expires if it does. */
export type HashField = readonly [field: string, value: string, expireAtMs?: number];
/** A member of a sorted set; scores are never NaN. */
export type ScoredPair = readonly [member: string, score: number];
/** `milliseconds-sequence`, each an unsigned 64-bit integer in decimal: as XADD answers it. */
export type StreamId = string;
/** A number where it is exact, else a bigint. */
export type Count = number | bigint;

export interface StreamEntry {
  readonly id: StreamId;
  /** Field, value, field, value … */
  readonly fields: readonly string[];
}

/** An entry that was delivered and not acknowledged. */
export interface StreamPending {
  readonly id: StreamId;
  readonly consumer: string;
  readonly deliveryTimeMs: number;
  readonly deliveryCount: Count;
}

/** A delivered entry that has no owner any more. */
export type StreamUnowned = Omit<StreamPending, 'consumer'>;

/** What a stream remembers of producers, so that an entry that is sent twice is added once (Redis 8.6). */
export interface StreamProducers {
  /** For how long, seconds, and how many IDs per producer. */
  readonly durationSec: Count;
  readonly maxEntries: Count;
  readonly producers: readonly StreamProducer[];
  /** How many IDs were ever added, and how many had been there before. */
  readonly added: Count;
  readonly duplicates: Count;
}

export interface StreamProducer {
  readonly name: string;
  /** The producer's ID of an entry, and the entry's own. */
  readonly entries: readonly (readonly [producerId: string, id: StreamId])[];
}

export interface StreamConsumer {
  readonly name: string;
  /** When it last tried, and when it last succeeded, to read or claim; the latter is -1 if it never did. */
  readonly seenTimeMs: number;
  readonly activeTimeMs: number;
}

export interface StreamGroup {
  readonly name: string;
  readonly lastId: StreamId;
  /** How many entries it has read since the first one ever; -1 if that is not known. */
  readonly entriesRead: Count;
  /** In the order of IDs. */
  readonly pending: readonly StreamPending[];
  /** Entries that a consumer has given back and nobody owns since, in the order of IDs (Redis 8.8, XNACK). Absent: none. */
  readonly unowned?: readonly StreamUnowned[];
  readonly consumers: readonly StreamConsumer[];
}

export interface StreamValue {
  /** In the order of IDs; without deleted ones. */
  readonly entries: readonly StreamEntry[];
  readonly lastId: StreamId;
  /** ID of the first entry that is there, `0-0` if there is none. */
  readonly firstId: StreamId;
  readonly maxDeletedId: StreamId;
  /** How many entries were ever added. */
  readonly entriesAdded: Count;
  readonly groups: readonly StreamGroup[];
  /** Absent: no producer was ever told apart. */
  readonly producers?: StreamProducers;
}

/** A value, by its type. A string above 1 MiB comes as bytes; either form can be written. */
export type RdbValue =
  | { readonly type: 'string'; readonly value: string | Uint8Array }
  | { readonly type: 'list'; readonly value: readonly string[] }
  | { readonly type: 'set'; readonly value: readonly string[] }
  | { readonly type: 'zset'; readonly value: readonly ScoredPair[] }
  | { readonly type: 'hash'; readonly value: readonly HashField[] }
  | { readonly type: 'stream'; readonly value: StreamValue };

export type RdbValueType = RdbValue['type'];

/** What belongs to a key beside its value. */
export interface RdbKeyHead {
  readonly database: number;
  readonly key: string;
  /** -1: never. */
  readonly expireAtMs: number;
  /** Seconds since it was used, where the server counted them (an LRU policy). */
  readonly idleSec?: number;
  /** 0–255, logarithmic, where the server counted it (an LFU policy). */
  readonly frequency?: number;
}

/** Where something begins in the file. */
interface Placed {
  readonly fileOffset: number;
}

export type RdbKeyEntry = Placed &
  RdbKeyHead &
  RdbValue & {
    readonly kind: 'key';
    /** How the value was encoded, as redis-check-rdb names it. */
    readonly encoding: string;
    /**
     * 0, unless `partElements` cuts values: then the number of the part. Elements of the parts in order are the value's. Of a stream, all
     * but the entries is in the last part.
     */
    readonly part: number;
    readonly isLast: boolean;
  };

export interface RdbHeaderEntry extends Placed {
  readonly kind: 'header';
  readonly dialect: Dialect;
  readonly version: number;
}

export interface RdbAuxEntry extends Placed {
  readonly kind: 'aux';
  readonly key: string;
  readonly value: string;
}

export interface RdbSelectEntry extends Placed {
  readonly kind: 'select';
  readonly database: number;
}

/** How many keys the database has, as a hint. */
export interface RdbResizeEntry extends Placed {
  readonly kind: 'resize';
  readonly database: number;
  readonly keys: number;
  readonly expiringKeys: number;
}

/** How many keys a cluster slot has, as a hint. */
export interface RdbSlotInfoEntry extends Placed {
  readonly kind: 'slot-info';
  readonly slot: number;
  readonly keys: number;
  readonly expiringKeys: number;
}

/** Slots whose migration to this server was under way (Valkey 9). */
export interface RdbSlotImportEntry extends Placed {
  readonly kind: 'slot-import';
  readonly job: string;
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/** A function library; one of a 7.0 release candidate comes in the form of 7.0, with the header line it lacked. */
export interface RdbFunctionEntry extends Placed {
  readonly kind: 'function';
  readonly code: string;
}

/** A module's value, or its data beside the keys or beside the next key's value: passed over, because only the module can read it. */
export interface RdbModuleSkippedEntry extends Placed {
  readonly kind: 'module-skipped';
  /** Undefined for data beside the keys or their values. */
  readonly key: string | undefined;
  readonly database: number;
  /** `key-metadata` for what stands beside a key's value, which has no module's name. */
  readonly moduleType: string;
  readonly moduleVersion: number;
  /** What it takes in the file. */
  readonly byteLength: number;
}

/** A key of a type that values here do not have (the arrays of Redis 8.8): passed over. */
export interface RdbKeySkippedEntry extends Placed {
  readonly kind: 'key-skipped';
  readonly database: number;
  readonly key: string;
  readonly encoding: string;
  /** What it takes in the file. */
  readonly byteLength: number;
}

/** A list, set, sorted set or hash without elements, which old bugs left behind: no key, as in Redis. */
export interface RdbEmptyKeyEntry extends Placed {
  readonly kind: 'empty-key';
  readonly database: number;
  readonly key: string;
  readonly encoding: string;
}

export interface RdbEndEntry extends Placed {
  readonly kind: 'end';
  /** `off`: the file has one but it was not to be checked; `absent`: the file has none, or was written without. */
  readonly checksum: 'ok' | 'off' | 'absent';
}

export type RdbEntry =
  | RdbHeaderEntry
  | RdbAuxEntry
  | RdbSelectEntry
  | RdbResizeEntry
  | RdbSlotInfoEntry
  | RdbSlotImportEntry
  | RdbFunctionEntry
  | RdbKeyEntry
  | RdbModuleSkippedEntry
  | RdbKeySkippedEntry
  | RdbEmptyKeyEntry
  | RdbEndEntry;
