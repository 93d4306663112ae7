/** What a log is read as: events, in the order of the log. */
import type { RdbEntry } from '@aof/rdb';
import type { Request } from '@aof/resp-codec';
import type { LogFile } from './find-log.ts';
import type { LogFault } from './log-read-error.ts';

/**
 * A MULTI and what follows it. All its commands, MULTI and EXEC among them, share one object, whose `state` becomes known later.
 * `open`: its EXEC has not been met yet; `complete`; `discarded`: by a DISCARD, which no server writes; `unfinished`: the file
 * ended before EXEC, so that a server drops it as a whole.
 */
export interface Transaction {
  /** From 1, in the order of the log. */
  readonly id: number;
  readonly file: LogFile;
  /** Of its MULTI. */
  readonly fileOffset: number;
  readonly state: 'open' | 'complete' | 'discarded' | 'unfinished';
}

/** A file begins. */
export interface FileBeginEvent {
  readonly kind: 'file-begin';
  readonly file: LogFile;
  /** Bytes that it had when it was opened. */
  readonly size: number;
}

/** Something from the RDB part that a file begins with: a key, with its database, expiry and value, or what stands around keys. */
export interface EntryEvent {
  readonly kind: 'entry';
  readonly entry: RdbEntry;
  readonly file: LogFile;
  readonly fileOffset: number;
  readonly endOffset: number;
  /** When the RDB part was written, seconds since the Unix epoch, if it says so (`ctime`). */
  readonly atSeconds: number | undefined;
}

/**
 * A command. One object serves for all: its fields, and the bytes of `request`, hold until the next event is asked for;
 * `request.detach()` is a copy to keep.
 */
export interface CommandEvent {
  readonly kind: 'command';
  readonly request: Request;
  /** The database it works on; that of SELECT is the one that it selects. */
  readonly database: number;
  readonly file: LogFile;
  readonly fileOffset: number;
  readonly endOffset: number;
  /** The last `#TS:` before it, seconds since the Unix epoch; undefined where there was none. */
  readonly atSeconds: number | undefined;
  /** Undefined outside MULTI … EXEC. */
  readonly transaction: Transaction | undefined;
}

/** A line between records that begins with `#`. */
export interface AnnotationEvent {
  readonly kind: 'annotation';
  /** Latin1, without its line end. */
  readonly text: string;
  /** If it is a `#TS:`, seconds since the Unix epoch; NaN if that is no number. */
  readonly seconds: number | undefined;
  readonly file: LogFile;
  readonly fileOffset: number;
  readonly endOffset: number;
}

/** A file ends, at its end or at a fault. */
export interface FileEndEvent {
  readonly kind: 'file-end';
  readonly file: LogFile;
  /** Everything before is good: whole records, whole transactions. The size of the file if there is no fault. */
  readonly goodEndOffset: number;
  readonly fault: LogFault | undefined;
  readonly isLast: boolean;
}

export type LogEvent = FileBeginEvent | EntryEvent | CommandEvent | AnnotationEvent | FileEndEvent;
