/**
 * Everything that happened to one key, in all databases, in the order of the log: by replaying it, and the keys that went into it.
 *
 * Invariants: memory is bounded by the values of these keys, and by the commands of one transaction that touch them; a transaction
 * without its EXEC changes nothing, as in a server.
 */
import type { Disk } from '@aof/disk';
import { ListValue, NO_EXPIRY, RawString, StreamValue, stringLength, typeName, type Value } from '@aof/keyspace';
import {
  type CommandEvent,
  type EntryEvent,
  type FileEndEvent,
  keysOf,
  type LogEvent,
  LogFault,
  type LogFile,
  readLog,
  type Transaction,
} from '@aof/log-reader';
import { RdbError, type RdbKeyEntry } from '@aof/rdb';
import { Request } from '@aof/resp-codec';
import { type CommandNames, OWN_NAMES } from './command-names.ts';
import type { Happening, KeyChange, KeyState } from './history-explanation.ts';
import { type RelatedKeys, relatedKeys } from './history-related.ts';
import { databasesOf } from './key-place.ts';
import { quoted } from './quoted-text.ts';
import { isUnknownName } from './record-keys.ts';
import { Replay, type ReplayOutcome } from './replay.ts';

interface Placed {
  readonly file: LogFile;
  readonly fileOffset: number;
  readonly endOffset: number;
  readonly atSeconds: number | undefined;
  readonly database: number;
}

export type HistoryEvent =
  /** The key in the RDB part that a file begins with; `entry` is the first part of its value. */
  | (Placed & { readonly kind: 'base'; readonly entry: RdbKeyEntry; readonly state: KeyState | undefined })
  | (Placed & Happening & { readonly kind: 'command'; readonly transaction: Transaction | undefined })
  /** Of a transaction without its EXEC. */
  | (Placed & { readonly kind: 'unfinished'; readonly request: Request; readonly transaction: Transaction })
  | { readonly kind: 'fault'; readonly end: FileEndEvent };

export interface HistoryOptions {
  readonly disk: Disk;
  readonly path: string;
  /** Latin1, a character per byte. */
  readonly key: string;
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: number;
  readonly progress: (done: number, total: number) => void;
  /** By what names the server calls commands. Default: by their own. */
  readonly names?: CommandNames;
}

export class KeyHistory {
  readonly #options: HistoryOptions;
  readonly #replay: Replay;
  readonly #databasesSeen = new Set<number>();
  #related: RelatedKeys = { keys: new Set(), isCut: false };
  /** Commands of an open transaction that are about the keys. */
  #pending: CommandEvent[] = [];
  #firstPart: RdbKeyEntry | undefined;
  #hasUnknownName = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#replay = new Replay(options.nowMs);
  }

  /** @throws LogReadError, ManifestError, DiskError */
  async *events(): AsyncGenerator<readonly HistoryEvent[], void, void> {
    const { disk, path, key, progress, names = OWN_NAMES } = this.#options;
    const { understood } = names;
    this.#related = await relatedKeys(disk, path, key, { progress, understood });
    for await (const batch of readLog(disk, path, { faults: 'report', understood })) {
      progress(batch.readBytes, batch.totalBytes);
      const found: HistoryEvent[] = [];
      for (const event of batch) this.#take(event, found);
      if (found.length > 0) yield found;
    }
  }

  /** What went into the key comes from further than it was followed: types and sizes may be wrong. Known from the first event on. */
  get isInexact(): boolean {
    return this.#related.isCut;
  }

  /** Commands in the log are called as no server is known to call any. Known behind the last event. */
  get hasUnknownName(): boolean {
    return this.#hasUnknownName;
  }

  /** Where the key is now, by database. */
  states(): { readonly database: number; readonly state: KeyState }[] {
    return [...this.#databasesSeen]
      .sort((a, b) => a - b)
      .flatMap((database) => {
        const state = this.#stateIn(database);
        return state === undefined ? [] : [{ database, state }];
      });
  }

  #take(event: LogEvent, found: HistoryEvent[]): void {
    switch (event.kind) {
      case 'entry':
        return this.#takeEntry(event, found);
      case 'command':
        return this.#takeCommand(event, found);
      case 'file-end':
        this.#giveUpTransaction(found);
        if (event.fault !== undefined) found.push({ kind: 'fault', end: event });
        return;
      case 'file-begin':
        return this.#replay.beginFile();
      case 'annotation':
        return;
    }
  }

  #takeEntry({ entry, file, endOffset, atSeconds }: EntryEvent, found: HistoryEvent[]): void {
    if (entry.kind !== 'key' || !this.#related.keys.has(entry.key)) return;
    this.#applyEntry(entry, file);
    if (entry.key !== this.#options.key) return;
    const { database, fileOffset } = entry;
    this.#databasesSeen.add(database);
    if (entry.part === 0) this.#firstPart = entry;
    if (!entry.isLast || this.#firstPart === undefined) return;
    const state = this.#stateIn(database);
    found.push({ kind: 'base', file, fileOffset, endOffset, atSeconds, database, entry: this.#firstPart, state });
  }

  #applyEntry(entry: RdbKeyEntry, { path, name }: LogFile): void {
    try {
      this.#replay.applyEntry(entry);
    } catch (cause) {
      if (!(cause instanceof RdbError)) throw cause;
      const { fileOffset } = entry;
      throw new LogFault(
        'AOF_RDB_PART',
        `The key ${quoted(entry.key)} in ${name} contradicts itself: ${cause.message}`,
        {
          path,
          fileOffset,
          goodEndOffset: 0,
          hint: `At offset ${fileOffset}: check-aof --strict ${path}`,
          cause,
        },
      );
    }
  }

  #takeCommand(event: CommandEvent, found: HistoryEvent[]): void {
    const { request, transaction } = event;
    const isMeant = this.#isAbout(request);
    if (transaction === undefined) {
      if (isMeant) this.#run(event, found);
      return;
    }
    if (isMeant) this.#pending.push({ ...event, request: request.detach() });
    if (transaction.state === 'open') return;
    const pending = this.#pending;
    this.#pending = [];
    if (transaction.state === 'complete') for (const one of pending) this.#run(one, found);
  }

  #giveUpTransaction(found: HistoryEvent[]): void {
    for (const { transaction, request, file, fileOffset, endOffset, atSeconds, database } of this.#pending) {
      if (transaction === undefined || this.#positions(request).length === 0) continue;
      found.push({ kind: 'unfinished', request, transaction, file, fileOffset, endOffset, atSeconds, database });
    }
    this.#pending = [];
  }

  /** Whether a command may change the key, or one that goes into it. */
  #isAbout(request: Request): boolean {
    const keys = keysOf(request);
    if (keys === undefined) {
      this.#hasUnknownName ||= isUnknownName(request);
      return this.#positions(request).length > 0;
    }
    if (keys.length === 0) return isAboutDatabases(request);
    for (const index of keys) if (this.#related.keys.has(request.key(index))) return true;
    return false;
  }

  /** Where the key stands; of a command that is not known any argument may be one. */
  #positions(request: Request): number[] {
    const { key } = this.#options;
    const keys = keysOf(request) ?? Array.from({ length: request.count - 1 }, (_, i) => i + 1);
    return keys.filter((index) => request.length(index) === key.length && request.key(index) === key);
  }

  #run(event: CommandEvent, found: HistoryEvent[]): void {
    const { request, database, file, fileOffset, endOffset, atSeconds, transaction } = event;
    const positions = this.#positions(request);
    const isWhole = isAboutDatabases(request);
    const affected = this.#affected(request, database, isWhole);
    const before = affected.map((index) => this.#stateIn(index));
    const outcome = this.#apply(request, database);
    if (positions.length === 0 && !isWhole) return;
    const changes = affected.map((index, i): KeyChange => {
      const after = this.#stateIn(index);
      if (after !== undefined) this.#databasesSeen.add(index);
      return { database: index, before: before[i], after };
    });
    // What empties a database without the key did not happen to the key.
    if (isWhole && changes.every((change) => change.before === undefined && change.after === undefined)) return;
    const happening: Happening = {
      request: request.detach(),
      database,
      atSeconds,
      key: this.#options.key,
      positions,
      changes: changes.filter(
        (change, i) => (i === 0 && !isWhole) || change.before !== undefined || change.after !== undefined,
      ),
      outcome,
    };
    found.push({ kind: 'command', file, fileOffset, endOffset, transaction, ...happening });
  }

  #apply(request: Request, database: number): ReplayOutcome {
    if (this.#replay.database !== database) this.#replay.apply(Request.of(['SELECT', String(database)]));
    return this.#replay.apply(request);
  }

  /** The databases in which the key may change, that of the command first. */
  #affected(request: Request, database: number, isWhole: boolean): number[] {
    if (request.is(0, 'flushall')) return [...this.#databasesSeen];
    if (request.is(0, 'flushdb')) return [database];
    if (isWhole) return [...databasesOf(request)];
    const [other] = databasesOf(request);
    return other === undefined || other === database ? [database] : [database, other];
  }

  #stateIn(database: number): KeyState | undefined {
    const { key } = this.#options;
    const db = this.#replay.keyspace.databases[database];
    const value = db?.peek(key);
    if (db === undefined || value === undefined) return undefined;
    const expireAtMs = db.expireAt(key);
    return {
      type: typeName(value),
      size: sizeOf(value),
      expireAtMs: expireAtMs === NO_EXPIRY ? undefined : expireAtMs,
    };
  }
}

function isAboutDatabases(request: Request): boolean {
  return request.is(0, 'flushall') || request.is(0, 'flushdb') || request.is(0, 'swapdb');
}

/** Bytes of a string, elements of anything else. */
function sizeOf(value: Value): number {
  if (typeof value === 'string' || value instanceof RawString) return stringLength(value);
  return value instanceof ListValue || value instanceof StreamValue ? value.length : value.size;
}
