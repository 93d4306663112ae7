/**
 * The server without its sockets: keyspace, executor, log and clients, and the tick that ties them together.
 *
 * Invariants
 * - A reply leaves only through the gate, after the flush of the tick in which its command ran.
 * - Nothing here is global: several engines live side by side in one process.
 * - Time, chance and disk come in through the options.
 */
import { Client, type ClientLink, Executor, followConfig, NO_LINK, type ShutdownRequest } from '@aof/commands';
import type { BufferLimit, Config } from '@aof/config';
import type { Disk } from '@aof/disk';
import { activeExpireCycle, Keyspace } from '@aof/keyspace';
import type { Request, RequestLimits } from '@aof/resp-codec';
import { AlwaysSync } from './always-sync.ts';
import { AppendLog } from './append-log.ts';
import { BackupControl } from './backup-control.ts';
import type { Chance, Clock } from './clock.ts';
import { commandTableOf } from './command-names.ts';
import { rewriteConfigFile } from './config-file.ts';
import { LIMIT_OPTIONS, requestLimits, THRESHOLD_OPTIONS, thresholdsOf } from './config-limits.ts';
import { EnginePort } from './engine-port.ts';
import type { FileClaims } from './file-claims.ts';
import { FunctionLibraries } from './function-libraries.ts';
import type { LoadingProgress } from './info-persistence.ts';
import { Intake, type Receiver } from './intake.ts';
import type { Log } from './log.ts';
import { usedMemoryBytes } from './memory-use.ts';
import type { Relisten } from './relisten.ts';
import { ReplyGate } from './reply-gate.ts';
import { RewriteControl } from './rewrite-control.ts';
import { shutDown } from './shutdown.ts';
import { SnapshotControl } from './snapshot-control.ts';
import { startLog } from './start-log.ts';
import { loadSnapshotAtStart, removeLeftovers } from './start-snapshot.ts';
import { Statistics } from './statistics.ts';

/** What an engine is made of. */
export interface EngineOptions {
  readonly config: Config;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Absolute path of the configuration file, '' without one. */
  readonly configFile: string;
  listeningPort(): number | undefined;
  /** Absent: there are no sockets, and `port` and `bind` are words. */
  readonly relisten?: Relisten;
  /** Absent: no other server can reach the disk. */
  readonly claims?: FileClaims;
  /** Bytes of a rewrite buffer that are kept in memory, the rest goes to a file. Default: that of `SinglePlan`. */
  readonly rewriteBufferCeilingBytes?: number;
  /** Calls back in the same turn of the event loop, after what is being received now (setImmediate). */
  schedule(work: () => void): void;
  /** Calls back once, after so many milliseconds. */
  delay(ms: number, work: () => void): void;
  /** The log cannot go on: no reply may leave any more, the process has to end with status 1. */
  onFatal(message: string): void;
  /** SHUTDOWN has been accepted. */
  onShutdown(): void;
}

export class Engine {
  readonly config: Config;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly keyspace: Keyspace;
  readonly functionLibraries = new FunctionLibraries();
  readonly executor: Executor;
  readonly appendLog: AppendLog;
  readonly rewriteControl: RewriteControl;
  readonly snapshotControl: SnapshotControl;
  readonly backupControl: BackupControl;
  readonly port: EnginePort;
  readonly statistics: Statistics;
  readonly runId: string;
  readonly options: EngineOptions;
  readonly #intake = new Intake();
  readonly #gate: ReplyGate;
  readonly #clients = new Map<number, Client>();
  #limits: RequestLimits;
  #unauthenticatedLimits: RequestLimits;
  readonly #always: AlwaysSync;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #lastClientId = 0;
  #loading: LoadingProgress | undefined;
  #hasWholeDataset = false;
  #isTickScheduled = false;
  #isActiveExpireOn = true;
  #hasFailed = false;
  #isStopped = false;

  constructor(options: EngineOptions) {
    this.options = options;
    this.config = options.config;
    this.disk = options.disk;
    this.clock = options.clock;
    this.chance = options.chance;
    this.log = options.log;
    this.runId = options.chance.runId();
    this.statistics = new Statistics(options.clock.nowMs(), usedMemoryBytes());
    [this.#limits, this.#unauthenticatedLimits] = requestLimits(options.config);
    this.#gate = new ReplyGate((client, chunks) => client.link.send(chunks));
    this.#always = new AlwaysSync(this, this.#gate);
    this.keyspace = new Keyspace({
      databaseCount: options.config.values.databases,
      hashSeed: options.chance.hashSeed(),
      random: () => options.chance.random(),
      thresholds: thresholdsOf(options.config),
    });
    this.appendLog = new AppendLog(this, {
      synced: (offset) => this.#always.synced(offset),
      isGathering: () => this.#always.isGathering(),
      fatal: (message) => this.fail(message),
    });
    this.rewriteControl = new RewriteControl(this);
    this.snapshotControl = new SnapshotControl(this);
    this.backupControl = new BackupControl(this);
    this.port = new EnginePort(this);
    this.executor = new Executor(
      {
        keyspace: this.keyspace,
        server: this.port,
        sink: this.appendLog,
        clock: options.clock,
        commands: commandTableOf(options.config),
      },
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

  createClient(link: ClientLink, id: number): Client {
    const isAuthenticated = this.config.values.requirepass === '';
    const client = new Client(id, link, this.clock.nowMs(), { isAuthenticated });
    this.#clients.set(id, client);
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
  }

  /** What requests of a client may claim: little before it has logged in. */
  limitsOf(client: Client): RequestLimits {
    return client.isAuthenticated ? this.#limits : this.#unauthenticatedLimits;
  }

  /** The limits of a class of clients' output buffers. */
  outputLimit(name: 'normal' | 'replica' | 'pubsub'): BufferLimit {
    return this.config.values['client-output-buffer-limit'][name];
  }

  get configFile(): string {
    return this.options.configFile;
  }

  get listeningPort(): number | undefined {
    return this.options.listeningPort();
  }

  // --- start and end ---

  /** How far the load is, while it runs. */
  get loading(): LoadingProgress | undefined {
    return this.#loading;
  }

  /** All data that there is has been loaded, and none since is missing: it may be saved. */
  get hasWholeDataset(): boolean {
    return this.#hasWholeDataset;
  }

  /**
   * Loads the log and opens it, if it is on, or else the snapshot.
   * @throws AofError, ManifestError, LoadError, DiskError
   */
  async start(): Promise<void> {
    this.log('notice', 'Server initialized');
    this.backupControl.recover();
    removeLeftovers(this);
    const load = this.config.values.appendonly ? startLog : loadSnapshotAtStart;
    await this.whileLoading((setProgress) => load(this, setProgress));
  }

  /** SHUTDOWN, or a signal: the text of the refusal, or undefined when the server goes down. */
  shutdown(request: ShutdownRequest): string | undefined {
    return shutDown(this, request);
  }

  /**
   * Answers what is pending, then writes, syncs and closes the log, and saves if save points are set. What still comes in
   * meanwhile is not answered any more, for it is in no log.
   * @throws AofWriteError, SnapshotError
   */
  async stop(): Promise<void> {
    if (this.#hasFailed) return;
    if (!this.snapshotControl.hasEnded) this.tick();
    else {
      // What has not run when SHUTDOWN has saved is in no snapshot: it must not be answered, but what has run is.
      for (const client of this.executor.takeUnblocked()) this.scheduleReplies(client);
      this.#answer();
    }
    this.#isStopped = true;
    this.#intake.discard();
    // SHUTDOWN has decided that before; who only closes the server still wants it.
    const unsaved = this.snapshotControl.saveAtEnd({ save: undefined, force: false });
    await this.rewriteControl.stop('the server ends');
    await this.snapshotControl.stop('the server ends');
    if (this.backupControl.isBusy) await this.backupControl.stop();
    if (this.appendLog.isOn) this.log('notice', 'Calling fsync() on the AOF file.');
    await this.appendLog.close();
    if (unsaved !== undefined) throw unsaved;
  }

  rewriteConfigFile(): string | undefined {
    return rewriteConfigFile(this);
  }

  /** Nothing expires or propagates while `load` runs, clients are told -LOADING, and what it has not finished is not saved. */
  async whileLoading(load: (setProgress: (progress: LoadingProgress) => void) => Promise<void>): Promise<void> {
    this.#hasWholeDataset = false;
    this.keyspace.isLoading = true;
    this.executor.state.isLoading = true;
    try {
      await load((progress) => {
        this.#loading = progress;
      });
      this.#hasWholeDataset = true;
    } finally {
      this.keyspace.isLoading = false;
      this.executor.state.isLoading = false;
      this.#loading = undefined;
    }
  }

  // --- the way through ---

  /** Keeps what has been received for the tick; answers whether it did. If not, `runReceived` comes first. */
  receiveLater(receiver: Receiver, chunk: Uint8Array, length: number): boolean {
    if (!this.#intake.add(receiver, chunk, length)) return false;
    this.scheduleTick();
    return true;
  }

  /** Runs what has been received and not run. */
  runReceived(): void {
    if (this.#intake.isEmpty) return;
    this.#intake.run();
    this.settle();
  }

  /** Runs one request; its reply waits for the tick. */
  execute(client: Client, request: Request): void {
    if (this.config.values['aof-timestamp-enabled']) this.appendLog.setWallClock(this.clock.nowMs());
    this.executor.execute(client, request);
  }

  /** The buffer that requests came in is about to be reused. */
  settle(): void {
    this.executor.endBatch();
    this.appendLog.settle();
    // Also when nobody is to be answered: there may be records to write, and others whose wait is over.
    this.scheduleTick();
  }

  scheduleReplies(client: Client): void {
    if (this.#gate.schedule(client)) this.scheduleTick();
  }

  scheduleTick(): void {
    if (this.#isTickScheduled) return;
    this.#isTickScheduled = true;
    this.options.schedule(() => {
      if (this.#isTickScheduled) this.tick(true);
    });
  }

  /** The tick now, if there is something for it to do in this turn: for whoever would otherwise let replies wait. */
  tickIfDue(): void {
    if (this.#isTickScheduled) this.tick();
  }

  /**
   * Once per turn of the event loop: run what has come in, expire a little, flush the log once, then let replies leave.
   * @param mayLookAgain all but the first may wait for another turn, for others to share the sync: see `AlwaysSync.looksAgain`
   */
  tick(mayLookAgain = false): void {
    if (this.#hasFailed || this.#isStopped) return;
    try {
      this.runReceived();
    } finally {
      this.#isTickScheduled = false;
      // A bug has ended it, and if somebody has caught that, the others are served.
      if (!this.#intake.isEmpty) this.scheduleTick();
    }
    if (this.#isStopped) return;
    if (mayLookAgain && this.#always.looksAgain()) return this.scheduleTick();
    if (this.#isActiveExpireOn) this.expireSome(true);
    this.#resumeUnblocked();
    this.#answer();
  }

  #answer(): void {
    const { everybodyWaits } = this.#always;
    this.#flush();
    if (this.#hasFailed) return;
    this.#gate.open(this.appendLog.holdRepliesUntil, this.appendLog.syncedBytes, everybodyWaits);
    this.#always.tickEnded();
  }

  /** Clients whose wait has ended go on with their next requests, before this tick's flush. */
  #resumeUnblocked(): void {
    for (let clients = this.executor.takeUnblocked(); clients.length > 0; clients = this.executor.takeUnblocked()) {
      for (const client of clients) client.link.resume();
    }
  }

  /** Calls `expireWaits` at `atMs` (wall clock), unless an earlier call is due anyway. */
  wakeAt(atMs: number): void {
    if (atMs >= this.#wakesAtMs) return;
    this.#wakesAtMs = atMs;
    this.options.delay(Math.max(1, atMs - this.clock.nowMs()), () => this.#wake(atMs));
  }

  #wake(atMs: number): void {
    // A later call was overtaken by an earlier one.
    if (atMs !== this.#wakesAtMs || this.#hasFailed) return;
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    this.executor.expireWaits();
    const next = this.executor.blocked.nextDeadlineMs;
    if (next !== undefined) this.wakeAt(next);
    this.scheduleTick();
  }

  /** The work of a timer, `hz` times a second: what must happen also when nobody asks for anything. */
  cron(): void {
    if (this.#hasFailed || this.#isStopped) return;
    const nowMs = this.clock.nowMs();
    if (this.#isActiveExpireOn) this.expireSome(false);
    this.#flush();
    // Expiry may have ended a wait.
    if (this.executor.hasUnblocked) this.scheduleTick();
    this.rewriteControl.cron(nowMs);
    this.snapshotControl.cron(nowMs);
    this.backupControl.cron(nowMs);
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

  expireSome(isFast: boolean): void {
    if (this.keyspace.isLoading) return;
    const startUs = this.clock.monotonicUs();
    this.executor.runServerWork(() =>
      activeExpireCycle(this.keyspace, {
        nowMs: this.keyspace.nowMs,
        isFast,
        effort: this.config.values['active-expire-effort'],
        monotonicUs: () => this.clock.monotonicUs(),
      }),
    );
    const tookUs = this.clock.monotonicUs() - startUs;
    this.statistics.expireCycleUs += tookUs;
    this.executor.times.events.add('expire-cycle', this.keyspace.nowMs, tookUs);
  }

  #flush(): void {
    const { events } = this.executor.times;
    if (events.thresholdMs === 0) return this.#writeLog();
    const startUs = this.clock.monotonicUs();
    this.#writeLog();
    events.add('aof-write', this.clock.nowMs(), this.clock.monotonicUs() - startUs);
  }

  #writeLog(): void {
    if (this.config.values.appendfsync === 'always') this.#always.flush();
    else {
      this.#always.stopWatching();
      this.appendLog.flush();
    }
    this.executor.state.logWriteError = this.appendLog.writeError;
  }

  #followConfig(): void {
    const { config } = this;
    followConfig(config, this.executor);
    for (const name of THRESHOLD_OPTIONS) {
      config.onChange(name, () => {
        Object.assign(this.keyspace.thresholds, thresholdsOf(config));
        return undefined;
      });
    }
    for (const name of LIMIT_OPTIONS) {
      config.onChange(name, () => {
        [this.#limits, this.#unauthenticatedLimits] = requestLimits(config);
        return undefined;
      });
    }
    config.onChange('dir', (dir) => {
      const kind = this.disk.status(dir)?.kind;
      if (kind === undefined) return 'No such file or directory';
      return kind === 'directory' ? undefined : 'Not a directory';
    });
    config.onChange('requirepass', (password) => {
      // As in Redis: whoever is connected stays logged in; without a password everybody is.
      if (password === '') for (const client of this.#clients.values()) client.isAuthenticated = true;
      return undefined;
    });
  }
}
