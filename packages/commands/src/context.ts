/**
 * What a handler sees of the world: the client that asks, its database, the reply, and the few things a server offers.
 */
import type { Database, Keyspace } from '@aof/keyspace';
import type { ReplyWriter } from '@aof/resp-codec';
import type { BlockedClients, Wait } from './blocking.ts';
import type { Client, QueuedCommand } from './client.ts';
import type { CommandTable } from './command-table.ts';
import type { CommandTimes } from './command-times.ts';
import type { ServerPort } from './server-port.ts';
import type { WatchRegistry } from './watch.ts';

/** An argument of a record: a latin1 string (a char per byte) or bytes. */
export type RecordArgument = string | Uint8Array;

/**
 * The context of the command that is running: one object per executor, its fields set for each call. Handlers must not
 * keep it.
 */
export interface CommandContext {
  client: Client;
  /** The client's selected database. */
  db: Database;
  readonly keyspace: Keyspace;
  /** The client's reply writer. */
  reply: ReplyWriter;
  readonly server: ServerPort;
  /** Wall clock of this command (of the whole transaction inside EXEC), ms since the Unix epoch. */
  nowMs: number;
  /**
   * Logs `record` instead of the command's own bytes; several calls make several records, in order. `database` is the
   * command's unless given. Nothing is written while loading.
   */
  propagate(record: readonly RecordArgument[], database?: number): void;
  /** Logs nothing for this command although it raised `dirty`. */
  propagateNothing(): void;
  readonly table: CommandTable;
  readonly watches: WatchRegistry;
  readonly times: CommandTimes;
  /** True inside EXEC: nothing may wait. */
  readonly isInExec: boolean;
  /** Random number in [0, 1). */
  random(): number;
  /** Runs a queued command as part of the current unit (EXEC). */
  callQueued(command: QueuedCommand): void;
  /** Selects a database for the client; false if there is none of that number. */
  select(database: number): boolean;
  /** The client waits until one of these keys can serve it, or its time is over; inside EXEC and while loading its time is over at once. */
  waitFor(wait: Wait): void;
  readonly blocked: BlockedClients;
  /** Ends another client's wait (CLIENT UNBLOCK); false if it does not wait. */
  unblock(client: Client, error?: string): boolean;
  /** The client's requests wait until `work` resolves with what writes the reply. Not inside EXEC. */
  suspendUntil(work: Promise<(reply: ReplyWriter) => void>): void;
  /** Logs the command's own bytes although `dirty` did not move (FLUSHALL on empty databases). */
  propagateAlways(): void;
}
