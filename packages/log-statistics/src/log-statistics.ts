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
import { addToSeries, Timeline } from './timeline.ts';

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
  /** `database` and key, see `keyOf`. */
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
    const { command, type, database, bytes } = observation;
    this.bytes += bytes;
    this.commands++;
    this.byCommand.add(command, bytes).commands++;
    addLogged(rowOf(this.byType, type), bytes);
    addLogged(this.#databaseRow(database), bytes);
    this.#observeTime(observation);
  }

  /** A key that a rewrite would write, with so many bytes. */
  observeLive(database: number, key: string, type: string, bytes: number): void {
    addLive(rowOf(this.byType, type), bytes);
    addLive(this.#databaseRow(database), bytes);
    this.prefixes.addLive(key, bytes);
  }

  /** A key with an expiry was deleted. */
  observeExpiry(key: string): void {
    this.prefixes.addExpiry(key);
  }

  #databaseRow(database: number): Sums {
    const isOther = this.byDatabase.size >= MAX_DATABASES && !this.byDatabase.has(database);
    return rowOf(this.byDatabase, isOther ? OTHER_DATABASES : database);
  }

  #observeTime(observation: Observation): void {
    const { timeSec, position, type, bytes } = observation;
    const buckets = [this.byPosition.at(position)];
    if (timeSec === undefined) this.untimedBytes += bytes;
    else {
      this.byTime ??= new Timeline({ origin: timeSec, width: 1, maxBuckets: MAX_TIME_BUCKETS });
      this.firstTimeSec ??= timeSec;
      this.lastTimeSec = Math.max(this.lastTimeSec ?? timeSec, timeSec);
      buckets.push(this.byTime.at(timeSec));
    }
    for (const bucket of buckets) {
      bucket.bytes += bytes;
      bucket.commands++;
      addToSeries(bucket.types, type, bytes);
    }
    for (const { key, bytes: share, isWrite } of observation.keys) {
      const first = this.prefixes.addLogged(key, share, isWrite ? 1 : 0);
      for (const bucket of buckets) addToSeries(bucket.prefixes, first, share);
      if (isWrite) this.hotKeys.add(nameOf(observation.database, key), 1).bytes += share;
    }
  }
}

function nameOf(database: number, key: string): string {
  return `${database} ${key}`;
}

/** The database and the key of an entry of `hotKeys`. */
export function keyOf({ name }: KeySums): { readonly database: number; readonly key: string } {
  const space = name.indexOf(' ');
  return { database: Number(name.slice(0, space)), key: name.slice(space + 1) };
}

function rowOf<K>(rows: Map<K, Sums>, name: K): Sums {
  let row = rows.get(name);
  if (row === undefined) {
    row = { bytes: 0, commands: 0, liveBytes: 0, liveKeys: 0 };
    rows.set(name, row);
  }
  return row;
}

function addLogged(row: Sums, bytes: number): void {
  row.bytes += bytes;
  row.commands++;
}

function addLive(row: Sums, bytes: number): void {
  row.liveBytes += bytes;
  row.liveKeys++;
}
