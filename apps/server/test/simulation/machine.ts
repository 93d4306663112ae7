/**
 * A machine for simulations: a disk in memory, clocks and a scheduler that move by hand, and a server without sockets.
 *
 * Killing the process leaves the disk's page cache as it is and starts another engine on it; what the old one still
 * waits for (a sync, a turn) never comes. Nothing happens by itself: see `turn`, `advance` and `completeSync` of the disk.
 */
import type { ClientLink } from '@aof/commands';
import { Config, type ConfigValues } from '@aof/config';
import type { Disk, DiskFile, SimDisk } from '@aof/disk';
import { FRAME, ReplyDecoder, type ReplyValue, RequestDecoder } from '@aof/resp-codec';
import { Engine } from '../../src/engine.ts';

export const DIR = '/var';

export interface MachineOptions {
  readonly disk: SimDisk;
  readonly config?: Partial<ConfigValues>;
  /** Something between the engine and its disk. */
  readonly wrap?: (disk: Disk, machine: Machine) => Disk;
  readonly nowMs?: number;
  readonly random?: () => number;
  /** What each look at the monotonic clock costs: work takes time then. Default 0. */
  readonly tickUs?: number;
}

export class Machine {
  readonly disk: SimDisk;
  readonly lines: string[] = [];
  engine: Engine;
  nowMs: number;
  /** The message of the log's fatal error: a real process has ended. */
  fatal: string | undefined;
  isShutDown = false;
  readonly #options: MachineOptions;
  #scheduled: (() => void)[] = [];
  #clients: SimClient[] = [];
  #process = { hasEnded: false };
  #ticks = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.disk = options.disk;
    this.nowMs = options.nowMs ?? 1_700_000_000_000;
    this.engine = this.#createEngine();
  }

  /** Loads the log and opens it. */
  async start(): Promise<void> {
    let isRunning = true;
    const started = this.engine.start().finally(() => {
      isRunning = false;
    });
    started.catch(() => undefined); // awaited below; it may fail while others run
    while (isRunning) {
      await settle();
      this.turn();
    }
    await started;
  }

  /** kill -9, and another process on the same disk. */
  async restart(): Promise<void> {
    this.#process.hasEnded = true;
    for (const client of this.#clients) client.isGone = true;
    this.#clients = [];
    this.#scheduled = [];
    this.fatal = undefined;
    this.engine = this.#createEngine();
    await this.start();
  }

  connect(): SimClient {
    const client = new SimClient(this.engine);
    this.#clients.push(client);
    return client;
  }

  /** Runs what was scheduled for after the present turn of the event loop. */
  turn(): void {
    const work = this.#scheduled;
    this.#scheduled = [];
    for (const run of work) run();
  }

  get hasScheduledWork(): boolean {
    return this.#scheduled.length > 0;
  }

  /** Time passes; the timer runs ten times a second. */
  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (let next = nextTimer(this.nowMs); next <= end; next = nextTimer(next)) {
      this.nowMs = next;
      this.engine.cron();
    }
    this.nowMs = end;
  }

  /** One command on a client of its own, turn by turn until it is answered. */
  async ask(...args: string[]): Promise<ReplyValue> {
    const client = this.connect();
    client.send(args);
    for (let turns = 0; client.replies.length === 0; turns++) {
      if (turns > 100) throw new Error(`no reply to ${args.join(' ')}`);
      this.turn();
      await settle();
    }
    return client.replies[0] ?? null;
  }

  #createEngine(): Engine {
    const { config, wrap, random, tickUs = 0 } = this.#options;
    const life = { hasEnded: false };
    this.#process = life;
    return new Engine({
      config: Config.of(DIR, { dir: DIR, databases: 4, appendonly: true, save: [], ...config }),
      disk: mortal(wrap?.(this.disk, this) ?? this.disk, life),
      clock: { nowMs: () => this.nowMs, monotonicUs: () => this.nowMs * 1000 + tickUs * this.#ticks++ },
      chance: { random: random ?? (() => 0.5), hashSeed: () => ({ k0: 1, k1: 2 }), runId: () => 'f'.repeat(40) },
      log: (level, message) => this.lines.push(`${level}: ${message}`),
      configFile: '',
      listeningPort: () => undefined,
      schedule: (work) => this.#scheduled.push(work),
      // Nobody in these lives waits for a key.
      delay: () => undefined,
      onFatal: (message) => {
        this.fatal = message;
      },
      onShutdown: () => {
        this.isShutDown = true;
      },
    });
  }
}

const TIMER_MS = 100;

function nextTimer(nowMs: number): number {
  return (Math.floor(nowMs / TIMER_MS) + 1) * TIMER_MS;
}

/** All connections of a process read into one buffer, which the next one overwrites. */
const receiveBuffer = Buffer.alloc(64 * 1024);

/** A connection: requests go in as bytes, replies come out when the engine lets them. */
export class SimClient {
  readonly replies: ReplyValue[] = [];
  /** Called after each command has run, before its reply can leave. */
  onExecuted: (args: readonly string[]) => void = () => undefined;
  onReply: (reply: ReplyValue) => void = () => undefined;
  /** The process has ended: what its engine still sends gets nowhere. */
  isGone = false;
  /** What it sends waits for the tick, as what is short does on a socket; otherwise it runs at once. */
  isPutDown = false;
  readonly #engine: Engine;
  readonly #client: Engine['executor']['client'];
  readonly #requests = new RequestDecoder();
  readonly #replies = new ReplyDecoder({ bulk: 'latin1' });

  constructor(engine: Engine) {
    this.#engine = engine;
    const link: ClientLink = {
      address: '127.0.0.1:50000',
      localAddress: '127.0.0.1:6379',
      fd: 8,
      queryBufferBytes: 0,
      outputBufferBytes: 0,
      send: (chunks) => this.#receive(chunks),
      close: () => {
        this.#client.isClosing = true;
      },
      resume: () => engine.scheduleReplies(this.#client),
    };
    this.#client = engine.createClient(link, engine.nextClientId());
  }

  /** Sends commands in one packet, as a pipeline does. */
  send(...commands: readonly (readonly string[])[]): void {
    const text = commands.map((args) => resp(args)).join('');
    const length = receiveBuffer.write(text, 'latin1');
    if (length < text.length) throw new Error('too much for one packet');
    const take = (chunk: Uint8Array, start: number, end: number) => this.#take(chunk, start, end, commands);
    if (!this.isPutDown || !this.#engine.receiveLater({ take }, receiveBuffer, length)) {
      this.#engine.runReceived();
      take(receiveBuffer, 0, length);
      this.#engine.settle();
    }
    receiveBuffer.fill('?', 0, length);
  }

  #take(chunk: Uint8Array, start: number, end: number, commands: readonly (readonly string[])[]): void {
    this.#requests.feed(chunk, start, end);
    for (let i = 0; !this.#client.isClosing && this.#requests.next() === FRAME; i++) {
      this.#engine.execute(this.#client, this.#requests.request);
      this.onExecuted(commands[i] ?? []);
    }
    this.#engine.scheduleReplies(this.#client);
  }

  /** The peer is gone. */
  disconnect(): void {
    this.isGone = true;
    this.#engine.removeClient(this.#client);
  }

  #receive(chunks: readonly (string | Uint8Array)[]): void {
    if (this.isGone) return;
    for (const chunk of chunks) {
      this.#replies.feed(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
      while (this.#replies.next() === FRAME) {
        this.replies.push(this.#replies.reply);
        this.onReply(this.#replies.reply);
      }
    }
  }
}

/** What the caller awaits has run, as far as it does not wait for a turn or a sync. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function resp(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}

/** A process that has been killed hears nothing more of what it asked of the disk. */
function mortal(disk: Disk, life: { readonly hasEnded: boolean }): Disk {
  const untilDeath = async <T>(work: Promise<T>): Promise<T> => {
    const [outcome] = await Promise.allSettled([work]);
    if (life.hasEnded) return new Promise(() => undefined);
    if (outcome.status === 'fulfilled') return outcome.value;
    throw outcome.reason;
  };
  const withMortalFiles = withFiles(disk, (file) => ({
    dataSync: () => untilDeath(file.dataSync()),
    sync: () => untilDeath(file.sync()),
    readAsync: (into, offset, length, position) => untilDeath(file.readAsync(into, offset, length, position)),
  }));
  return altered(withMortalFiles, {
    syncDirectoryInBackground: (path) => untilDeath(disk.syncDirectoryInBackground(path)),
    unlinkInBackground: (path) => untilDeath(disk.unlinkInBackground(path)),
  });
}

/** A disk whose files have some methods of their own. */
export function withFiles(disk: Disk, changes: (file: DiskFile) => Partial<DiskFile>): Disk {
  return altered(disk, {
    open: (path, mode) => {
      const file = disk.open(path, mode);
      return altered(file, changes(file));
    },
  });
}

/** `target` with some methods replaced. */
export function altered<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(name in changes ? changes : object, name);
      return typeof value === 'function' ? value.bind(object) : value;
    },
  });
}
