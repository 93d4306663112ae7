/** What a follower of a live log tells, and where it was. */
import type { RdbEntry } from '@aof/rdb';
import type { Request } from '@aof/resp-codec';

/**
 * A place in a log behind a whole command or transaction, as plain JSON: kept by whoever follows, and given back to go on from there.
 * Valid as long as the log has the file; after that the follower begins anew, and says so.
 */
export interface TailCursor {
  readonly version: 1;
  readonly layout: 'single' | 'multi-part';
  /** Its name, and which file of that name it is. */
  readonly file: string;
  readonly fileId: string;
  readonly fileOffset: number;
  /** The database that the next command works on. */
  readonly database: number;
  /** The last `#TS:`. */
  readonly atSeconds?: number;
  /** Some bytes before `fileOffset`, in hex: a file that has others there is another one. */
  readonly before: string;
}

/** One command that changed the data set. SELECT, MULTI and EXEC are told by `database` and by transactions. */
export interface TailCommand {
  /** Its own copy of the bytes: may be kept. */
  readonly request: Request;
  readonly database: number;
  /** The last `#TS:` before it, seconds since the Unix epoch. */
  readonly atSeconds: number | undefined;
}

/**
 * Why a follower begins anew. `gap`: commands were rewritten away that it had not read; `ambiguous`: the new file does not tell which of its
 * commands had been read; `shrunk`: the log has lost commands that had been read; `replaced`: it is another log.
 */
export type RewrittenReason = 'gap' | 'ambiguous' | 'shrunk' | 'replaced';

export type TailEvent =
  /** Everything told before is void: a snapshot follows. */
  | { readonly type: 'rewritten'; readonly reason: RewrittenReason }
  /** What follows makes the data set from nothing: entries of an RDB part, or commands. */
  | { readonly type: 'snapshot-begin' }
  | { readonly type: 'entry'; readonly entry: RdbEntry }
  | ({ readonly type: 'snapshot-command' } & TailCommand)
  | { readonly type: 'snapshot-end'; readonly cursor: TailCursor }
  | ({ readonly type: 'command'; readonly cursor: TailCursor } & TailCommand)
  /** Whole, never in parts. */
  | { readonly type: 'transaction'; readonly commands: readonly TailCommand[]; readonly cursor: TailCursor }
  /** The log goes on in another file; nothing was lost and nothing comes twice. */
  | { readonly type: 'file-changed'; readonly cursor: TailCursor }
  /** Everything that was in the log has been told; comes before waiting, if anything was told since the last one. */
  | { readonly type: 'caught-up'; readonly cursor: TailCursor };

/** A cursor as `JSON.parse` gives it back, or undefined if it is none. */
export function isTailCursor(value: unknown): value is TailCursor {
  if (typeof value !== 'object' || value === null) return false;
  const { version, layout, file, fileId, fileOffset, database, atSeconds, before } = value as Record<string, unknown>;
  const isTime = atSeconds === undefined || typeof atSeconds === 'number';
  const isNamed = typeof file === 'string' && typeof fileId === 'string' && isTime;
  const isPlaced = Number.isSafeInteger(fileOffset) && Number.isSafeInteger(database) && typeof before === 'string';
  return version === 1 && (layout === 'single' || layout === 'multi-part') && isNamed && isPlaced;
}
