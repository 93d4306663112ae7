/** Our side of a comparison: an executor in memory, with a clock by hand and a sink that keeps the records. */
import { Config } from '@aof/config';
import { type Database, Keyspace } from '@aof/keyspace';
import { Request } from '@aof/resp-codec';
import { Client, type ClientLink } from '../src/client.ts';
import type { CommandTable } from '../src/command-table.ts';
import type { RecordArgument } from '../src/context.ts';
import { Executor } from '../src/execute.ts';
import { followConfig } from '../src/follow-config.ts';
import { NO_DATABASE } from '../src/propagation.ts';
import type { ServerPort } from '../src/server-port.ts';
import type { CommandSpec } from '../src/spec.ts';
import { ALL_COMMANDS } from '../src/table.ts';
import { Random } from './generator.ts';
import { type LogRecord, readRecords } from './log-records.ts';
import type { Argument } from './oracle.ts';
import { type ReplyTree, readReply } from './reply-tree.ts';
import { latin1 } from './script.ts';

const LINK: ClientLink = {
  address: '127.0.0.1:50000',
  localAddress: '127.0.0.1:6379',
  fd: 8,
  queryBufferBytes: 0,
  outputBufferBytes: 0,
  send: () => {},
  close: () => {},
  resume: () => {},
};

export class LocalServer {
  readonly records: LogRecord[] = [];
  readonly keyspace: Keyspace;
  readonly executor: Executor;
  readonly config = Config.of('/');
  readonly #protocol: 2 | 3;
  readonly #clients = new Map<number, Client>();
  readonly #reader: Client;
  readonly #loader: Client;
  #nowMs = 1_700_000_000_000;

  constructor(protocol: 2 | 3 = 2, commands: readonly CommandSpec[] | CommandTable = ALL_COMMANDS) {
    const random = new Random(1);
    this.#protocol = protocol;
    this.keyspace = new Keyspace({ random: () => random.next() });
    this.#reader = this.#newClient(0);
    this.#loader = new Client(999, LINK, this.#nowMs, { isAuthenticated: true, isLoader: true });
    this.executor = new Executor(
      {
        keyspace: this.keyspace,
        server: this.#port(),
        sink: {
          appendRaw: (database, bytes, start, end) => {
            this.#add(database, Buffer.from(bytes.subarray(start, end)).toString('latin1'));
          },
          appendRecord: (database, record) => this.#addRecord(database, record),
        },
        clock: { nowMs: () => this.#nowMs, monotonicUs: () => this.#nowMs * 1000 },
        commands,
      },
      this.#reader,
    );
    followConfig(this.config, this.executor);
  }

  /** Runs a command at `nowMs`; answers the raw reply (latin1). */
  run(connection: number, args: readonly Argument[], nowMs = this.#nowMs): string {
    let client = this.#clients.get(connection);
    if (client === undefined) {
      client = this.#newClient(connection + 1);
      client.reply.protocol = this.#protocol;
      this.#clients.set(connection, client);
    }
    return this.#execute(client, args, nowMs);
  }

  /** Runs a command in RESP2 on a connection of its own, without leaving records: for looking at the data. */
  ask(args: readonly Argument[], nowMs = this.#nowMs): ReplyTree {
    const before = this.records.length;
    const raw = this.#execute(this.#reader, args, nowMs);
    this.records.length = before;
    return readReply(raw, 0)?.tree ?? { kind: '_' };
  }

  /** Applies a record as the log's loader does; a text if it is refused or answers an error. */
  load(args: readonly Argument[], nowMs = this.#nowMs): string | undefined {
    this.#nowMs = nowMs;
    this.keyspace.isLoading = true;
    this.executor.state.isLoading = true;
    const outcome = this.executor.load(this.#loader, Request.of(args));
    this.executor.endBatch();
    this.keyspace.isLoading = false;
    this.executor.state.isLoading = false;
    if (typeof outcome === 'string') return undefined;
    return 'refusal' in outcome ? outcome.refusal : outcome.commandError;
  }

  client(connection: number): Client | undefined {
    return this.#clients.get(connection);
  }

  database(index = 0): Database {
    const db = this.keyspace.databases[index];
    if (db === undefined) throw new RangeError(`no database ${index}`);
    return db;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  #execute(client: Client, args: readonly Argument[], nowMs: number): string {
    this.#nowMs = nowMs;
    this.executor.execute(client, Request.of(args));
    // Nobody else is here to wake it: its time is over at once.
    if (client.isSuspended) this.executor.unblock(client);
    this.executor.takeUnblocked();
    this.executor.endBatch();
    return client.reply.take().map(latin1).join('');
  }

  #newClient(id: number): Client {
    return new Client(id, LINK, this.#nowMs, { isAuthenticated: true });
  }

  #add(database: number, bytes: string): void {
    this.records.push(...readRecords(bytes, database));
  }

  #addRecord(database: number, record: readonly RecordArgument[]): void {
    this.records.push({ database: database === NO_DATABASE ? undefined : database, args: record.map(latin1) });
  }

  #port(): ServerPort {
    const unused = (what: string) => () => {
      throw new Error(`the local server has no ${what}`);
    };
    return {
      config: this.config,
      clients: () => this.#clients.values(),
      clientById: (id) => [...this.#clients.values()].find((client) => client.id === id),
      info: () => [],
      resetStatistics: () => this.executor.resetStatistics(),
      rewriteConfigFile: () => 'The server is running without a config file',
      rewriteLog: () => ({ outcome: 'started' }),
      shutdown: () => undefined,
      lastSaveSec: () => 0,
      sleep: () => {},
      reload: unused('reload'),
      digest: unused('digest'),
      digestOf: unused('digest'),
      serializedLength: () => 0,
      setActiveExpire: () => {},
      log: () => {},
    };
  }
}
