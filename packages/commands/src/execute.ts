/**
 * Runs requests: finds the command, checks that it may run, calls it, and hands what it changed to the log.
 *
 * Invariants
 * - Every change of the keyspace happens inside a unit, and a unit's records reach the sink before `execute` returns,
 *   hence before any reply can leave.
 * - A refused command changes nothing, logs nothing and breaks a transaction that was being queued.
 */
import { type Database, type Key, type Keyspace, typeName } from '@aof/keyspace';
import { ReplyWriter, type Request } from '@aof/resp-codec';
import { BlockedClients, type Wait, type Waiting } from './blocking.ts';
import type { Client, QueuedCommand } from './client.ts';
import { type Command, CommandTable } from './command-table.ts';
import { CommandTimes } from './command-times.ts';
import type { CommandContext, RecordArgument } from './context.ts';
import { hasTooLongText, mayHaveLongText } from './longest-text.ts';
import { Propagation, type PropagationSink } from './propagation.ts';
import { refusalOf, type ServerState } from './refusal.ts';
import { STRING_TOO_LONG, unknownCommand, unknownSubcommand } from './replies.ts';
import type { ServerPort } from './server-port.ts';
import type { CommandSpec } from './spec.ts';
import { WatchRegistry } from './watch.ts';

/** Time comes from outside. */
export interface ExecutorClock {
  /** Wall clock, ms since the Unix epoch. */
  nowMs(): number;
  /** Monotonic clock, microseconds, fractions allowed. */
  monotonicUs(): number;
}

export interface ExecutorOptions {
  readonly keyspace: Keyspace;
  readonly server: ServerPort;
  readonly sink: PropagationSink;
  readonly clock: ExecutorClock;
  /** A table is this executor's alone: it counts calls. */
  readonly commands: readonly CommandSpec[] | CommandTable;
}

/** Who watches what commands do while replies may have to wait for the log. Off the hot path otherwise. */
export interface ExecutionObserver {
  /** `key` has changed. */
  touched(db: Database, key: Key): void;
  /** The command has run for `client`, in `db`, and its reply is written. */
  executed(client: Client, db: Database, command: Command, request: Request): void;
}

export interface ExecutorStatistics {
  totalCommands: number;
  /** Commands that only read. */
  totalReads: number;
  /** Replies by error prefix (`ERR`, `WRONGTYPE`, …). */
  readonly errors: Map<string, number>;
  totalErrors: number;
}

/**
 * What became of a record. `in-transaction`: it waits for its EXEC, or has opened the transaction. `refusal`: no such
 * command or not that many arguments. `commandError`: it ran and answered an error.
 */
export type LoadOutcome =
  | 'applied'
  | 'in-transaction'
  | { readonly refusal: string }
  | { readonly commandError: string; readonly commandName: string };

/** Requests of one batch that may share a reading of the wall clock. */
const CALLS_PER_CLOCK = 16;

const OWN_BYTES = 0;
const NOTHING = 1;
const ALWAYS = 2;
const RECORDS = 3;

export class Executor implements CommandContext {
  readonly keyspace: Keyspace;
  readonly server: ServerPort;
  readonly table: CommandTable;
  readonly watches = new WatchRegistry();
  readonly blocked = new BlockedClients();
  readonly state: ServerState = { isLoading: false, logWriteError: undefined, hasFailedToSave: false };
  readonly statistics: ExecutorStatistics = { totalCommands: 0, totalReads: 0, errors: new Map(), totalErrors: 0 };
  readonly times = new CommandTimes();
  observer: ExecutionObserver | undefined;
  readonly #propagation: Propagation;
  readonly #clock: ExecutorClock;
  readonly #silence = new ReplyWriter();
  #mode = OWN_BYTES;
  #execDepth = 0;
  /** Calls until the wall clock is read again. */
  #callsUntilClock = 0;
  #wallMs = 0;
  /** The command that runs, for one that has to wait. */
  #command: Command | undefined;
  #request: Request | undefined;
  /** The waiting client whose command runs again, and whether it still found nothing. */
  #retried: Waiting | undefined;
  #isStillWaiting = false;
  #unblocked: Client[] = [];
  /** Errors of `reply` that are in the statistics already: those of commands inside EXEC are not EXEC's own. */
  #errorsCounted = 0;

  // The context of the running command.
  client: Client;
  db: Database;
  reply: ReplyWriter;
  nowMs: number;

  constructor(options: ExecutorOptions, idle: Client) {
    this.keyspace = options.keyspace;
    this.server = options.server;
    this.table = options.commands instanceof CommandTable ? options.commands : new CommandTable(options.commands);
    this.#propagation = new Propagation(options.sink);
    this.#clock = options.clock;
    this.client = idle;
    this.db = this.keyspace.databases[0] as Database; // a keyspace has at least one
    this.reply = idle.reply;
    this.nowMs = options.clock.nowMs();
    this.keyspace.hooks.onExpired = (db, key) => this.#expired(db, key);
    this.keyspace.hooks.onTouched = (db, key) => this.#touched(db, key);
    this.keyspace.hooks.hearsTouches = () =>
      this.observer !== undefined || !this.watches.isEmpty || !this.blocked.isEmpty;
  }

  get isInExec(): boolean {
    return this.#execDepth > 0;
  }

  /**
   * Ends a batch of requests that came in together: what they took is added up, and the next one reads the clock anew.
   * Within a batch the wall clock is read once in a while, and runs of one command are timed as a whole.
   */
  endBatch(): void {
    this.#callsUntilClock = 0;
    const { current } = this.times;
    // One that is timed alone is still running, and has only let time pass (DEBUG SLEEP).
    if (current !== undefined && !current.isTimedAlone) this.times.stop(this.#clock.monotonicUs());
  }

  /** Runs one request of `client`; the reply is in the client's writer when this returns (unless it is suspended). */
  execute(client: Client, request: Request): void {
    if (--this.#callsUntilClock < 0) this.#readClock();
    const nowMs = this.#wallMs;
    client.lastInteractionMs = nowMs;
    client.commandCount++;
    if (mayHaveLongText(request) && hasTooLongText(request, this.table.find(request))) {
      return this.#refuseUnknown(client, STRING_TOO_LONG);
    }
    const command = this.#resolve(client, request);
    if (command === undefined) return;
    const refusal = client.isLoader ? undefined : refusalOf(this, client, command);
    if (refusal !== undefined) return this.#refuse(client, command, refusal);
    if (client.queue !== undefined && !command.runsInsideMulti) {
      client.queue.push({ command, request: request.detach() });
      client.queuedBytes += request.rawEnd - request.rawStart;
      this.#replyTo(client).simple('QUEUED');
      return this.#endReply(client);
    }
    this.nowMs = nowMs;
    this.keyspace.nowMs = nowMs;
    this.#begin(client);
    this.#runUnit(command, request, !command.touchesArbitraryKeys);
    if (this.observer !== undefined) this.observer.executed(client, this.db, command, request);
    this.#endReply(client);
    if (this.blocked.hasReady) this.#serveBlocked();
  }

  /**
   * Runs one record of the log for a client without a connection: nothing is refused for reasons of the moment, nothing
   * is propagated or answered. An error reply of the command does not stop the load; it comes back to be logged.
   */
  load(client: Client, request: Request): LoadOutcome {
    const found = this.table.findLogged(request);
    if (mayHaveLongText(request) && hasTooLongText(request, found))
      return { refusal: 'An argument is longer than what it is for may be' };
    const command =
      found?.subcommands !== undefined && request.count > 1
        ? (found.subcommands.get(request.latin1(1).toLowerCase()) ?? found)
        : found;
    if (command?.handler === undefined) return { refusal: `Unknown command '${request.latin1(0)}'` };
    if (!command.acceptsArgumentCount(request.count))
      return { refusal: `Wrong number of arguments for '${command.fullName}'` };
    if (client.queue !== undefined && !command.runsInsideMulti) {
      client.queue.push({ command, request: request.detach() });
      return 'in-transaction';
    }
    if (--this.#callsUntilClock < 0) this.#readClock();
    this.nowMs = this.#wallMs;
    this.keyspace.nowMs = this.nowMs;
    const errorsBefore = this.#silence.errorCount;
    this.#begin(client);
    this.#call(command, request);
    this.#silence.take();
    if (this.#silence.errorCount !== errorsBefore)
      return { commandError: this.#silence.lastError, commandName: command.fullName };
    return client.queue === undefined ? 'applied' : 'in-transaction';
  }

  /** Runs the server's own work on the keyspace as units of one record each (active expiry, eviction). */
  runServerWork(work: () => void): void {
    this.#readClock();
    this.nowMs = this.#wallMs;
    this.keyspace.nowMs = this.nowMs;
    work();
    this.#endUnit(false);
    if (this.blocked.hasReady) this.#serveBlocked();
    // It may be long until the next request.
    this.#callsUntilClock = 0;
  }

  callQueued(queued: QueuedCommand): void {
    const { client, reply } = this;
    this.db = this.#databaseOf(client);
    // CLIENT REPLY ON and OFF hold from the next command of a transaction on, SKIP from the one after EXEC.
    if (client.replyMode === 'on' || client.replyMode === 'off') this.reply = this.#replyTo(client);
    this.#errorsCounted = this.reply.errorCount;
    this.#execDepth++;
    try {
      this.#call(queued.command, queued.request);
    } finally {
      this.#execDepth--;
      if (this.reply !== reply) this.#silence.take();
      this.reply = reply;
      this.#errorsCounted = reply.errorCount;
    }
  }

  propagate(record: readonly RecordArgument[], database = this.db.index): void {
    this.#mode = RECORDS;
    if (!this.state.isLoading) this.#propagation.add(database, record);
  }

  propagateNothing(): void {
    this.#mode = NOTHING;
  }

  propagateAlways(): void {
    this.#mode = ALWAYS;
  }

  random(): number {
    return this.keyspace.random();
  }

  select(database: number): boolean {
    const db = this.keyspace.databases[database];
    if (db === undefined) return false;
    this.client.database = database;
    this.db = db;
    return true;
  }

  suspendUntil(work: Promise<(reply: ReplyWriter) => void>): void {
    const { client } = this;
    client.isSuspended = true;
    const resume = (write: (reply: ReplyWriter) => void) => {
      client.isSuspended = false;
      write(this.#replyTo(client));
      this.#endReply(client);
      client.link.resume();
    };
    work.then(resume, (error: unknown) => resume((reply) => reply.error(`ERR ${String(error)}`)));
  }

  waitFor(wait: Wait): void {
    const { client } = this;
    if (this.isInExec || client.isLoader) return wait.onTimeout(this.reply);
    if (this.#retried !== undefined) {
      this.#isStillWaiting = true;
      return;
    }
    const [command, request] = [this.#command, this.#request];
    if (command === undefined || request === undefined) throw new Error('bug: waiting outside a command');
    const deadlineMs = wait.timeoutMs === 0 ? undefined : this.nowMs + wait.timeoutMs;
    client.isSuspended = true;
    this.blocked.add({ client, command, request: request.detach(), db: this.db, wait, deadlineMs });
    if (deadlineMs !== undefined) this.server.wakeAt?.(deadlineMs);
  }

  /** Ends the wait of a client: as if its time were over, or with an error. False if it does not wait. */
  unblock(client: Client, error?: string): boolean {
    const waiting = this.blocked.of(client);
    if (waiting === undefined) return false;
    const reply = this.#replyTo(client);
    if (error === undefined) waiting.wait.onTimeout(reply);
    else reply.error(error);
    this.#endWait(client);
    return true;
  }

  /** Answers those whose time is over. */
  expireWaits(): void {
    for (const { client } of this.blocked.overdue(this.#clock.nowMs())) this.unblock(client);
  }

  get hasUnblocked(): boolean {
    return this.#unblocked.length > 0;
  }

  /** Clients whose wait has ended: their links are to be resumed, before the next flush. */
  takeUnblocked(): readonly Client[] {
    const unblocked = this.#unblocked;
    if (unblocked.length > 0) this.#unblocked = [];
    return unblocked;
  }

  /** Forgets what is kept for a client that is gone. */
  release(client: Client): void {
    this.blocked.remove(client);
    this.watches.unwatchAll(client);
    client.queue = undefined;
  }

  resetStatistics(): void {
    this.table.resetStatistics();
    this.statistics.totalCommands = 0;
    this.statistics.totalReads = 0;
    this.statistics.totalErrors = 0;
    this.statistics.errors.clear();
  }

  #begin(client: Client): void {
    this.client = client;
    this.db = this.#databaseOf(client);
    this.reply = this.#replyTo(client);
    this.keyspace.isNoTouch = client.isNoTouch;
    this.#errorsCounted = this.reply.errorCount;
  }

  #readClock(): void {
    this.#wallMs = this.#clock.nowMs();
    this.#callsUntilClock = CALLS_PER_CLOCK;
  }

  #call(command: Command, request: Request): void {
    const { keyspace, client, times } = this;
    const dirtyBefore = keyspace.dirty;
    const { db, reply } = this;
    this.#mode = OWN_BYTES;
    client.lastCommand = command.fullName;
    const isTimedAlone = command.isTimedAlone || times.timesAll;
    if (isTimedAlone || command !== times.current) times.start(command, this.#clock.monotonicUs());
    times.calls++;
    this.#command = command;
    this.#request = request;
    command.handler?.(this, request);
    if (isTimedAlone) times.stopSingle(command, request, client, this.#clock.monotonicUs());
    // It may have taken long, and the next one may be another client's.
    if (isTimedAlone) this.#callsUntilClock = 0;
    this.statistics.totalCommands++;
    if (command.isReadonly) this.statistics.totalReads++;
    command.calls++;
    if (reply.errorCount !== this.#errorsCounted) {
      this.#errorsCounted = reply.errorCount;
      command.failedCalls++;
      this.#countError(reply.lastError);
    }
    const mode = this.#mode;
    if ((keyspace.dirty !== dirtyBefore && mode === OWN_BYTES) || mode === ALWAYS) this.#propagateOwn(db, request);
    // EXEC's own call ends after those it ran: their records are its records.
    this.#mode = NOTHING;
  }

  #propagateOwn(db: Database, request: Request): void {
    if (this.state.isLoading) return;
    if (this.#execDepth === 0 && this.#propagation.isEmpty) this.#propagation.writeSingle(db.index, request);
    else this.#propagation.addRequest(db.index, request);
  }

  /** Runs the commands of those who wait for what the last unit has changed, each as a unit of its own. */
  #serveBlocked(): void {
    // What they change may be what others wait for.
    while (this.blocked.hasReady) {
      for (const [db, keys] of this.blocked.takeReady()) for (const key of keys) this.#serveKey(db, key);
    }
  }

  #serveKey(db: Database, key: Key): void {
    let value = db.peek(key);
    for (const waiting of this.blocked.queueOf(db, key)) {
      const { type, wakesWhenGone } = waiting.wait;
      const isMeant = wakesWhenGone || (value !== undefined && typeName(value) === type);
      if (!isMeant) continue;
      this.#retry(waiting);
      value = db.peek(key);
    }
  }

  #retry(waiting: Waiting): void {
    const { client, command } = waiting;
    const request = waiting.wait.request ?? waiting.request;
    this.#begin(client);
    this.#retried = waiting;
    this.#isStillWaiting = false;
    this.#runUnit(command, request, true);
    if (this.#isStillWaiting) return;
    if (this.observer !== undefined) this.observer.executed(client, this.db, command, request);
    this.#endWait(client);
  }

  #endWait(client: Client): void {
    this.blocked.remove(client);
    client.isSuspended = false;
    this.#endReply(client);
    this.#unblocked.push(client);
  }

  /** A unit that a bug ends halfway hands over its records all the same: the data set has what they tell. */
  #runUnit(command: Command, request: Request, together: boolean): void {
    try {
      this.#call(command, request);
    } finally {
      this.#retried = undefined;
      this.#endUnit(together);
    }
  }

  #endUnit(together: boolean): void {
    if (!this.#propagation.isEmpty) this.#propagation.endUnit(together);
  }

  /** The command that the request names, its subcommand resolved, its arity right; or an error reply and undefined. */
  #resolve(client: Client, request: Request): Command | undefined {
    const found = this.table.find(request);
    if (found === undefined) return this.#refuseUnknown(client, unknownCommand(request));
    let command = found;
    if (found.subcommands !== undefined && request.count > 1) {
      const sub = found.subcommands.get(request.latin1(1).toLowerCase());
      if (sub === undefined) {
        return this.#refuseUnknown(client, unknownSubcommand(request));
      }
      command = sub;
    }
    if (!command.acceptsArgumentCount(request.count) || command.handler === undefined) {
      this.#refuse(client, command, `ERR wrong number of arguments for '${command.fullName}' command`);
      return undefined;
    }
    return command;
  }

  /** Refuses what is not counted for any command. */
  #refuseUnknown(client: Client, text: string): undefined {
    if (client.queue !== undefined) client.queueIsBroken = true;
    this.#replyTo(client).error(text);
    this.#countError(text);
    this.#endReply(client);
  }

  #refuse(client: Client, command: Command, reason: string): void {
    command.rejectedCalls++;
    let text = reason;
    if (command.fullName === 'exec') {
      client.queue = undefined;
      client.queueIsBroken = false;
      client.queuedBytes = 0;
      this.watches.unwatchAll(client);
      text = `EXECABORT Transaction discarded because of: ${reason.replace(/^ERR /, '')}`;
    } else if (client.queue !== undefined) client.queueIsBroken = true;
    this.#replyTo(client).error(text);
    this.#countError(text);
    this.#endReply(client);
  }

  #countError(text: string): void {
    const space = text.indexOf(' ');
    const prefix = space < 0 ? text : text.slice(0, space);
    this.statistics.totalErrors++;
    this.statistics.errors.set(prefix, (this.statistics.errors.get(prefix) ?? 0) + 1);
  }

  #replyTo(client: Client): ReplyWriter {
    if (client.replyMode === 'on') return client.reply;
    this.#silence.protocol = client.reply.protocol;
    return this.#silence;
  }

  /** After each reply: what nobody hears is dropped, and CLIENT REPLY SKIP moves on. */
  #endReply(client: Client): void {
    if (client.replyMode === 'on') return;
    this.#silence.take();
    if (client.replyMode === 'skip') client.replyMode = 'on';
    else if (client.replyMode === 'skip-next') client.replyMode = 'skip';
  }

  #databaseOf(client: Client): Database {
    return this.keyspace.databases[client.database] as Database; // `select` admits only numbers that exist
  }

  #expired(db: Database, key: Key): void {
    if (this.state.isLoading) return;
    this.#propagation.add(db.index, ['DEL', key]);
  }

  #touched(db: Database, key: Key): void {
    if (!this.watches.isEmpty) this.watches.touched(db, key);
    if (this.observer !== undefined) this.observer.touched(db, key);
    if (!this.blocked.isEmpty) this.blocked.touched(db, key);
  }
}
