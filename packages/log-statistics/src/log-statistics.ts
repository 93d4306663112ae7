/**
 * What a log is made of: sums by command, type, database, key prefix and time, and the keys that weigh most.
 *
 * Every byte of the log is observed once, as part of a record or as something between records, so each of the tables adds
 * up to the whole. Bytes of a record with several keys belong to the keys: from where a key's argument begins to where the
 * next one's does, what precedes the first to the first.
 *
 * Invariants: the tables of commands, types and databases and both timelines each sum to `bytes`; memory is bounded whatever
 * is observed. All counts are exact but for those that carry `mayMiss`.
 */
import { HeavyHitters, type Hitter } from './heavy-hitters.ts';
import { PrefixTree } from './prefix-tree.ts';
import { addToSeries, type Bucket, Timeline } from './timeline.ts';

/** A key's part of a record. */
export interface KeyShare {
  /** latin1, a character per byte. */
  readonly key: string;
  readonly bytes: number;
  /** The record changes the key, rather than read it. */
  readonly isWrite: boolean;
}

/** A record, an entry of an RDB part, or what stands between them. */
export interface Observation {
  /** Name of the command, or what stands for one. */
  readonly command: string;
  readonly type: string;
  readonly database: number;
  readonly bytes: number;
  /** Bytes of the log that precede it. */
  readonly position: number;
  /** When it happened, seconds since the Unix epoch; undefined if the log does not say. */
  readonly timeSec: number | undefined;
  readonly keys: readonly KeyShare[];
  /** It goes on with what the one before began: bytes of the same command. Default: no. */
  readonly isContinued?: boolean;
}

/** A key that a rewrite would write. */
export interface LiveObservation {
  readonly database: number;
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  /** How many such keys it stands for. Default: 1. */
  readonly weight?: number;
}

/** A row of a table. */
export interface Sums {
  /** Bytes in the log. */
  bytes: number;
  commands: number;
  /** Bytes that a rewrite would write, and keys in them. */
  liveBytes: number;
  liveKeys: number;
}

/** A command that weighs something; there may be any number of names in a damaged log. */
export class CommandSums implements Hitter {
  readonly name: string;
  readonly mayMiss: number;
  /** Bytes in the log. */
  weight = 0;
  commands = 0;

  constructor(name: string, mayMiss: number) {
    this.name = name;
    this.mayMiss = mayMiss;
  }
}

/** A key that is written often. */
export class KeySums implements Hitter {
  /** Of database and key: see `nameOfKey` and `keyOf`. */
  readonly name: string;
  readonly mayMiss: number;
  /** Writes. */
  weight = 0;
  /** Bytes in the log since it is followed. */
  bytes = 0;

  constructor(name: string, mayMiss: number) {
    this.name = name;
    this.mayMiss = mayMiss;
  }
}

export interface LogStatisticsOptions {
  /** Bytes of the whole log: the end of the axis of positions. */
  readonly totalBytes: number;
  /** Between the segments of keys. Default: `:`. */
  readonly separator?: string;
  /** Keys whose writes are counted at once, at least. Default: 8192. */
  readonly followedKeys?: number;
}

const COMMANDS = 512;
const FOLLOWED_KEYS = 8192;
const FOLLOWED_KEY_LENGTH = 4 * 1024 * 1024;
/** A damaged log may select any. */
const MAX_DATABASES = 1024;
/** The row of those beyond. */
export const OTHER_DATABASES = -1;
const MAX_TIME_BUCKETS = 128;
/** Positions are counted in hundredths of the log. */
const POSITION_BUCKETS = 100;

export class LogStatistics {
  bytes = 0;
  commands = 0;
  readonly byCommand = new HeavyHitters<CommandSums>({
    capacity: COMMANDS,
    create: (name, mayMiss) => new CommandSums(name, mayMiss),
  });
  readonly byType = new Map<string, Sums>();
  readonly byDatabase = new Map<number, Sums>();
  readonly prefixes: PrefixTree;
  readonly hotKeys: HeavyHitters<KeySums>;
  readonly byPosition: Timeline;
  /** By seconds since the Unix epoch; undefined as long as the log has not said any. */
  byTime: Timeline | undefined;
  firstTimeSec: number | undefined;
  lastTimeSec: number | undefined;
  /** What precedes the first time. */
  untimedBytes = 0;

  constructor({ totalBytes, separator = ':', followedKeys = FOLLOWED_KEYS }: LogStatisticsOptions) {
    this.prefixes = new PrefixTree(separator);
    this.hotKeys = new HeavyHitters<KeySums>({
      capacity: followedKeys,
      maxNameLength: FOLLOWED_KEY_LENGTH,
      create: (name, mayMiss) => new KeySums(name, mayMiss),
    });
    const width = Math.max(1, totalBytes) / POSITION_BUCKETS;
    this.byPosition = new Timeline({ origin: 0, width, maxBuckets: POSITION_BUCKETS + 1 });
  }

  observe(observation: Observation): void {
    const { command, type, database, bytes, isContinued } = observation;
    const commands = isContinued ? 0 : 1;
    this.bytes += bytes;
    this.commands += commands;
    this.byCommand.add(command, bytes).commands += commands;
    addLogged(rowOf(this.byType, type), bytes, commands);
    addLogged(this.#databaseRow(database), bytes, commands);
    this.#observeAxes(observation, commands);
  }

  observeLive({ database, key, type, bytes, weight = 1 }: LiveObservation): void {
    addLive(rowOf(this.byType, type), bytes, weight);
    addLive(this.#databaseRow(database), bytes, weight);
    this.prefixes.addLive(key, bytes, weight);
  }

  /** A key with an expiry was deleted. @param weight how many such keys it stands for */
  observeExpiry(key: string, weight = 1): void {
    this.prefixes.addExpiry(key, weight);
  }

  #databaseRow(database: number): Sums {
    const isOther = this.byDatabase.size >= MAX_DATABASES && !this.byDatabase.has(database);
    return rowOf(this.byDatabase, isOther ? OTHER_DATABASES : database);
  }

  #observeAxes(observation: Observation, commands: number): void {
    const { position, timeSec, keys, database } = observation;
    const byPosition = this.byPosition.at(position);
    addTo(byPosition, observation, commands);
    const byTime = this.#timeBucket(timeSec);
    if (byTime === undefined) this.untimedBytes += observation.bytes;
    else addTo(byTime, observation, commands);
    for (const { key, bytes, isWrite } of keys) {
      const first = this.prefixes.addLogged(key, bytes, isWrite ? 1 : 0);
      addToSeries(byPosition.prefixes, first, bytes);
      if (byTime !== undefined) addToSeries(byTime.prefixes, first, bytes);
      if (isWrite) this.hotKeys.add(nameOfKey(database, key), 1).bytes += bytes;
    }
  }

  #timeBucket(timeSec: number | undefined): Bucket | undefined {
    if (timeSec === undefined) return undefined;
    this.byTime ??= new Timeline({ origin: timeSec, width: 1, maxBuckets: MAX_TIME_BUCKETS });
    this.firstTimeSec ??= timeSec;
    this.lastTimeSec = Math.max(this.lastTimeSec ?? timeSec, timeSec);
    return this.byTime.at(timeSec);
  }
}

function addTo(bucket: Bucket, { type, bytes }: Observation, commands: number): void {
  bucket.bytes += bytes;
  bucket.commands += commands;
  addToSeries(bucket.types, type, bytes);
}

/** No character of a key is as high: what begins with one of these is a key of another database than 0. */
const DATABASE_MARK = 0x100;

/** The name of a key in `hotKeys`: of database 0, where nearly all are, the key itself, so that no string is made. */
export function nameOfKey(database: number, key: string): string {
  return database === 0 ? key : String.fromCharCode(Math.min(0xffff, DATABASE_MARK + database)) + key;
}

/** The database and the key of an entry of `hotKeys`. */
export function keyOf({ name }: KeySums): { readonly database: number; readonly key: string } {
  const database = name.charCodeAt(0) - DATABASE_MARK;
  return database > 0 ? { database, key: name.slice(1) } : { database: 0, key: name };
}

function rowOf<K>(rows: Map<K, Sums>, name: K): Sums {
  let row = rows.get(name);
  if (row === undefined) {
    row = { bytes: 0, commands: 0, liveBytes: 0, liveKeys: 0 };
    rows.set(name, row);
  }
  return row;
}

function addLogged(row: Sums, bytes: number, commands: number): void {
  row.bytes += bytes;
  row.commands += commands;
}

function addLive(row: Sums, bytes: number, weight: number): void {
  row.liveBytes += bytes * weight;
  row.liveKeys += weight;
}
