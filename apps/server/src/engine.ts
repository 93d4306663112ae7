/**
 * The server without its sockets: keyspace, executor, log and clients, and the tick that ties them together.
 *
 * Invariants
 * - A reply leaves only through the gate, after the flush of the tick in which its command ran.
 * - Nothing here is global: several engines live side by side in one process.
 * - Time, chance and disk come in through the options.
 */
import { createHash } from 'node:crypto';
import { ALL_COMMANDS, Client, type ClientLink, Executor } from '@aof/commands';
import type { Config } from '@aof/config';
import type { Disk } from '@aof/disk';
import { activeExpireCycle, Keyspace } from '@aof/keyspace';
import type { Request, RequestLimits } from '@aof/resp-codec';
import { DEFAULT_LIMITS } from '@aof/resp-codec';
import { AppendLog } from './append-log.ts';
import type { Chance, Clock } from './clock.ts';
import type { Log } from './log.ts';
import { ReplyGate } from './reply-gate.ts';
import { EnginePort } from './engine-port.ts';
import { Statistics } from './statistics.ts';

/** What an engine is made of. */
export interface EngineOptions {
  readonly config: Config;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Calls back in the same turn of the event loop, after what is being received now (setImmediate). */
  schedule(work: () => void): void;
  /** The log cannot go on: no reply may leave any more, the process has to end with status 1. */
  onFatal(message: string): void;
  /** SHUTDOWN has been accepted. */
  onShutdown(): void;
}

/** A link whose replies can be written. */
export interface EngineLink extends ClientLink {
  send(chunks: readonly (string | Uint8Array)[]): void;
}

export class Engine {
  readonly config: Config;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly keyspace: Keyspace;
  readonly executor: Executor;
  readonly appendLog: AppendLog;
  readonly port: EnginePort;
  readonly statistics: Statistics;
  readonly runId: string;
  readonly options: EngineOptions;
  readonly #gate: ReplyGate;
  readonly #clients = new Map<number, Client>();
  readonly #links = new Map<Client, EngineLink>();
  #lastClientId = 0;
  #isTickScheduled = false;
  #isActiveExpireOn = true;
  #hasFailed = false;

  constructor(options: EngineOptions) {
    this.options = options;
    this.config = options.config;
    this.disk = options.disk;
    this.clock = options.clock;
    this.chance = options.chance;
    this.log = options.log;
    this.runId = options.chance.runId();
    this.statistics = new Statistics(options.clock.nowMs());
    this.#gate = new ReplyGate((client, chunks) => this.#links.get(client)?.send(chunks));
    this.keyspace = new Keyspace({
      databases: options.config.values.databases,
      hashSeed: options.chance.hashSeed(),
      random: () => options.chance.random(),
      thresholds: thresholdsOf(options.config),
    });
    this.appendLog = new AppendLog(this, {
      synced: (offset) => this.#gate.synced(offset),
      fatal: (message) => this.fail(message),
    });
    this.port = new EnginePort(this);
    this.executor = new Executor(
      { keyspace: this.keyspace, server: this.port, sink: this.appendLog, clock: options.clock, commands: ALL_COMMANDS },
      this.createDetachedClient(),
    );
    this.#followConfig();
  }

  // --- clients ---

  get clients(): ReadonlyMap<number, Client> {
    return this.#clients;
  }

  nextClientId(): number {
    return ++this.#lastClientId;
  }

  createClient(link: EngineLink, id: number): Client {
    const isAuthenticated = this.config.values.requirepass === '';
    const client = new Client(id, link, this.clock.nowMs(), { isAuthenticated });
    this.#clients.set(id, client);
    this.#links.set(client, link);
    this.statistics.connectionsReceived++;
    return client;
  }

  /** A client that nobody is connected to: the one that loads the log. */
  createDetachedClient(): Client {
    const client = new Client(0, NO_LINK, this.clock.nowMs(), { isAuthenticated: true, isLoader: true });
    client.replyMode = 'off';
    return client;
  }

  removeClient(client: Client): void {
    this.executor.release(client);
    this.#clients.delete(client.id);
    this.#links.delete(client);
  }

  linkOf(client: Client): EngineLink | undefined {
    return this.#links.get(client);
  }

  /** What requests of a client may claim: little before it has logged in. */
  limitsOf(client: Client): RequestLimits {
    const limits = { ...DEFAULT_LIMITS, bulkBytes: this.config.values['proto-max-bulk-len'] };
    return client.isAuthenticated ? limits : { ...limits, isAuthenticated: false };
  }

  // --- the way through ---

  /** Runs one request; its reply waits for the tick. */
  execute(client: Client, request: Request): void {
    this.executor.execute(client, request);
  }

  /** The buffer that requests came in is about to be reused. */
  settle(): void {
    this.appendLog.settle();
  }

  scheduleReplies(client: Client): void {
    if (this.#gate.schedule(client)) this.scheduleTick();
  }

  scheduleTick(): void {
    if (this.#isTickScheduled) return;
    this.#isTickScheduled = true;
    this.options.schedule(() => this.tick());
  }

  /** Once per turn of the event loop: expire a little, flush the log once, then let replies leave. */
  tick(): void {
    this.#isTickScheduled = false;
    if (this.#hasFailed) return;
    if (this.#isActiveExpireOn) this.expireSome(true);
    this.#flush();
    this.#gate.open(this.appendLog.holdRepliesUntil, this.appendLog.syncedBytes);
  }

  /** The work of a timer, `hz` times a second: what must happen also when nobody asks for anything. */
  cron(): void {
    if (this.#hasFailed) return;
    const nowMs = this.clock.nowMs();
    this.keyspace.accessClockSec = Math.floor(nowMs / 1000);
    if (this.#isActiveExpireOn) this.expireSome(false);
    this.#flush();
    this.statistics.sample(nowMs, this.executor.statistics.totalCommands);
  }

  /** The log cannot go on: the server ends, and no reply leaves any more. */
  fail(message: string): void {
    this.#hasFailed = true;
    this.#gate.discard();
    this.log('warning', message);
    this.options.onFatal(message);
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  setActiveExpire(isOn: boolean): void {
    this.#isActiveExpireOn = isOn;
  }

  sha1(bytes: Uint8Array): Uint8Array {
    return createHash('sha1').update(bytes).digest();
  }

  expireSome(isFast: boolean): void {
    if (this.keyspace.isLoading) return;
    this.executor.runServerWork(() =>
      activeExpireCycle(this.keyspace, {
        nowMs: this.keyspace.nowMs,
        isFast,
        effort: this.config.values['active-expire-effort'],
        monotonicUs: () => this.clock.monotonicUs(),
      }),
    );
  }

  #flush(): void {
    this.appendLog.flush();
    this.executor.state.logWriteError = this.appendLog.writeError;
  }

  #followConfig(): void {
    const { config } = this;
    for (const name of THRESHOLD_OPTIONS) {
      config.onChange(name, () => {
        this.keyspace.thresholds = thresholdsOf(config);
      });
    }
  }
}

const THRESHOLD_OPTIONS = [
  'hash-max-listpack-entries',
  'hash-max-listpack-value',
  'set-max-intset-entries',
  'set-max-listpack-entries',
  'set-max-listpack-value',
  'zset-max-listpack-entries',
  'zset-max-listpack-value',
  'list-max-listpack-size',
] as const;

/** The sizes up to which collections are kept packed. */
function thresholdsOf({ values }: Config): Keyspace['thresholds'] {
  return {
    hashMaxListpackEntries: values['hash-max-listpack-entries'],
    hashMaxListpackValue: values['hash-max-listpack-value'],
    setMaxIntsetEntries: values['set-max-intset-entries'],
    setMaxListpackEntries: values['set-max-listpack-entries'],
    setMaxListpackValue: values['set-max-listpack-value'],
    zsetMaxListpackEntries: values['zset-max-listpack-entries'],
    zsetMaxListpackValue: values['zset-max-listpack-value'],
    listMaxListpackSize: values['list-max-listpack-size'],
  };
}

const NO_LINK: ClientLink = {
  address: '',
  localAddress: '',
  fd: -1,
  queryBufferBytes: 0,
  outputBufferBytes: 0,
  close: () => undefined,
  resume: () => undefined,
};
