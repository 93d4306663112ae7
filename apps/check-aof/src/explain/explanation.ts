/**
 * What `explain` finds out about a log: plain numbers and names, from which the text, the page and the JSON are made.
 *
 * Keys and prefixes are latin1, a character per byte. Bytes and counts are exact unless a field says otherwise.
 */

export interface ExplainedFile {
  readonly name: string;
  readonly role: 'single' | 'base' | 'incr';
  readonly bytes: number;
  /** What of it is an RDB part. */
  readonly rdbBytes: number;
}

/** Where the log could not be read any further. */
export interface UnreadPart {
  readonly file: string;
  readonly fileOffset: number;
  /** What was not read of this file and of others like it; 0: the file ends in a transaction that is not finished. */
  readonly bytes: number;
  readonly reason: string;
}

/** Live: what a rewrite would write, as records. Undefined in all of these: nothing was replayed. */
export interface NamedRow {
  readonly name: string;
  readonly bytes: number;
  readonly commands: number;
  readonly liveBytes: number | undefined;
  readonly liveKeys: number | undefined;
}

export interface CommandRow {
  readonly name: string;
  readonly bytes: number;
  readonly commands: number;
}

export interface PrefixRow {
  /** The whole of it, with `*` for what tells keys apart; undefined: the other keys below the parent. */
  readonly prefix: string | undefined;
  readonly bytes: number;
  /** Bytes that may be missing from `bytes`, because they were counted as "other" before the prefix stood out. */
  readonly mayMiss: number;
  readonly writes: number;
  readonly liveBytes: number | undefined;
  readonly liveKeys: number | undefined;
  /** Keys with an expiry that were deleted. */
  readonly expiries: number;
  readonly children: readonly PrefixRow[];
}

export interface BigKey {
  readonly database: number;
  readonly key: string;
  readonly type: string;
  /** Bytes of the records that a rewrite would write for it. */
  readonly liveBytes: number;
  /** ms since the Unix epoch; -1: never. */
  readonly expireAtMs: number;
}

export interface HotKey {
  readonly database: number;
  readonly key: string;
  /** At least that many, and at most `mayMiss` more. */
  readonly writes: number;
  readonly mayMiss: number;
  /** Bytes in the log of the writes that were counted. */
  readonly bytes: number;
  /** 0: it is gone, or would be by a rewrite; undefined: not known. */
  readonly liveBytes: number | undefined;
}

/**
 * `replayed`: the whole data set was built, live bytes are exact. `sampled`: it outgrew the memory that it may take, so that
 * of every so many keys one was followed; live bytes are estimates. `none`: nothing was replayed.
 */
export type Method = 'replayed' | 'sampled' | 'none';

export interface RewriteOutlook {
  readonly method: Method;
  /** Of so many keys one was followed; 1 unless sampled. */
  readonly sampledOneIn: number;
  /** What a rewrite would write as records, at the time of the run. */
  readonly liveBytes: number;
  /** The true number is so near with a probability of 95 %; 0 unless sampled. */
  readonly liveBytesError: number;
  readonly liveKeys: number;
  /** The same as an RDB file (`aof-use-rdb-preamble yes`); undefined if sampled. */
  readonly rdbBytes: number | undefined;
  /** Keys whose time has passed and whose DEL has not been logged: a rewrite leaves them out. */
  readonly dueKeys: number;
  /** Records of commands that could not be replayed, with the names of the first of them. */
  readonly notReplayed: number;
  readonly notReplayedCommands: readonly string[];
  /** What to do about them, if they may be known by other names. */
  readonly hint: string | undefined;
}

/** What became of expiries; undefined if nothing was replayed. Counts are of the followed keys times `sampledOneIn`. */
export interface ExpiryChurn {
  /** How often a key got an expiry that had none. */
  readonly given: number;
  /** Of those: deleted with it, … */
  readonly deleted: number;
  /** … of those by their expiry, not by a client; undefined: the log has no timestamps that could tell, … */
  readonly deletedByExpiry: number | undefined;
  /** … lost it and stayed (SET, PERSIST), … */
  readonly persisted: number;
  /** … went with FLUSHALL or FLUSHDB, or under another name, … */
  readonly flushed: number;
  /** … still have it, and their time has passed (`due`) or is to come (`waiting`). */
  readonly due: number;
  readonly waiting: number;
}

export interface ExplainedBucket {
  readonly bytes: number;
  readonly commands: number;
}

export interface Series {
  readonly name: string;
  /** In all. */
  readonly bytes: number;
  /** By bucket. */
  readonly points: readonly number[];
}

export interface ExplainedTimeline {
  /** Seconds since the Unix epoch, or bytes from the beginning of the log. */
  readonly axis: 'time' | 'position';
  readonly origin: number;
  readonly width: number;
  readonly buckets: readonly ExplainedBucket[];
  /** Heaviest first; the last one may be OTHER_SERIES. */
  readonly types: readonly Series[];
  readonly prefixes: readonly Series[];
  /** Bytes before the first time that the log says, which are in no bucket. */
  readonly untimedBytes: number;
}

/** Of prefixes that are not told apart. */
export const OTHER_SERIES = 'other';

export interface GrowthRow {
  /** First segment of the keys. */
  readonly prefix: string;
  /** In the last part of the log, and before it. */
  readonly bytes: number;
  readonly bytesBefore: number;
}

/** What the last part of the log is made of. */
export interface RecentGrowth {
  /** `the last 10 %`, `the last 15 minutes`. */
  readonly label: string;
  readonly bytes: number;
  readonly bytesBefore: number;
  /** By how much their share grew. */
  readonly rows: readonly GrowthRow[];
}

export interface Explanation {
  readonly path: string;
  /** When this was found out, ms since the Unix epoch. */
  readonly atMs: number;
  readonly files: readonly ExplainedFile[];
  readonly totalBytes: number;
  /** Records and keys of RDB parts, with the timestamps and what else stands between them. */
  readonly commands: number;
  readonly unread: UnreadPart | undefined;
  readonly firstTimeSec: number | undefined;
  readonly lastTimeSec: number | undefined;
  readonly rewrite: RewriteOutlook | undefined;
  readonly byCommand: readonly CommandRow[];
  readonly byType: readonly NamedRow[];
  readonly byDatabase: readonly NamedRow[];
  readonly byPrefix: PrefixRow;
  readonly timeline: ExplainedTimeline;
  readonly biggestKeys: readonly BigKey[];
  readonly hottestKeys: readonly HotKey[];
  /** A key that was not followed at the end was written at most that often; 0: all keys were followed. */
  readonly hottestMayMiss: number;
  readonly expiry: ExpiryChurn | undefined;
  readonly recent: RecentGrowth;
}
