/**
 * A whole server in this process: engine, sockets, timers; several may live side by side.
 */

import { Config, type ConfigValues, checkValues, renameDirectives } from '@aof/config';
import { type Disk, NodeDisk } from '@aof/disk';
import { Request } from '@aof/resp-codec';
import { type Chance, type Clock, systemChance, systemClock } from './clock.ts';
import { Engine } from './engine.ts';
import { FileClaims } from './file-claims.ts';
import { InProcessClient } from './in-process-client.ts';
import { Listener } from './listener.ts';
import { createLog, type Log } from './log.ts';
import type { Relistening } from './relisten.ts';
import { makeFolder } from './start-log.ts';

/** What a timer of Node can wait at most; who waits longer is looked at once in between. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How a server is made. Every option of aof.conf may be given by its name. */
export interface ServerOptions extends Partial<Omit<ConfigValues, 'port'>> {
  /** TCP port; 0 for a free one; `false` (the default in-process) for none. */
  readonly port?: number | false;
  /** What clients call commands by: `{ CONFIG: 'maintain', FLUSHALL: '' }`; empty: they cannot call it. In this order. */
  readonly 'rename-command'?: Readonly<Record<string, string>>;
}

export interface ServerInternals {
  readonly config: Config;
  readonly configFile?: string;
  readonly disk?: Disk;
  readonly clock?: Clock;
  readonly chance?: Chance;
  readonly log?: Log;
  readonly port: number | undefined;
  /** Connections are accepted, and the files are this server's; the log has not been loaded yet. */
  onListening?(): void;
  /** The log cannot go on under `always`: the server has stopped answering and must not be trusted. */
  onFatal?(message: string): void;
  /** SHUTDOWN was asked for and accepted; by default the server closes. */
  onShutdown?(): void;
}

/** Thrown by `AofServer.call` where a client would have seen an error reply. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

export class AofServer implements AsyncDisposable {
  readonly engine: Engine;
  readonly #listener: Listener;
  readonly #internals: ServerInternals;
  readonly #claims: FileClaims | undefined;
  #timer: NodeJS.Timeout | undefined;
  #inProcess: InProcessClient | undefined;
  #inProcessBytes: InProcessClient | undefined;
  #closing: Promise<void> | undefined;

  constructor(internals: ServerInternals) {
    this.#internals = internals;
    const { config } = internals;
    const clock = internals.clock ?? systemClock;
    const log =
      internals.log ??
      createLog({
        level: () => config.values.loglevel,
        file: () => config.values.logfile,
        nowMs: () => clock.nowMs(),
        pid: process.pid,
      });
    const { disk = new NodeDisk() } = internals;
    // Another disk is nobody else's.
    this.#claims = disk instanceof NodeDisk ? new FileClaims(config, log) : undefined;
    this.engine = new Engine({
      config,
      disk,
      clock,
      chance: internals.chance ?? systemChance,
      log,
      configFile: internals.configFile ?? '',
      listeningPort: () => this.port,
      ...(this.#claims === undefined ? {} : { claims: this.#claims }),
      relisten: (bind, port) => this.#relisten(bind, port),
      schedule: (work) => setImmediate(work),
      delay: (ms, work) => setTimeout(work, Math.min(ms, MAX_TIMER_MS)).unref(),
      onFatal: (message) => this.#failed(message),
      onShutdown: () => {
        if (internals.onShutdown) internals.onShutdown();
        else this.close().catch((error: unknown) => log('warning', `Closing failed: ${String(error)}`));
      },
    });
    this.#listener = new Listener(this.engine);
  }

  /** The TCP port that is listened on. */
  get port(): number | undefined {
    return this.#listener.port;
  }

  /**
   * Listens, then loads the log; clients are told -LOADING meanwhile. Resolves when commands are served.
   * @throws ListenError, FilesInUseError, AofError, LoadError: nothing is left open then
   */
  async start(): Promise<void> {
    const { values } = this.engine.config;
    try {
      await this.#listener.listen({
        bind: values.bind,
        port: this.#internals.port,
        backlog: values['tcp-backlog'],
        unixSocket: values.unixsocket,
        unixSocketMode: values.unixsocketperm,
      });
      await this.#claimFiles();
      this.#internals.onListening?.();
      await this.engine.start();
    } catch (error) {
      this.#listener.close();
      this.#listener.destroySessions();
      this.#claims?.release();
      throw error;
    }
    this.#startTimer();
    if (this.port !== undefined) this.engine.log('notice', 'Ready to accept connections tcp');
    if (values.unixsocket !== '') this.engine.log('notice', 'Ready to accept connections unix');
  }

  /**
   * Runs one command in this process, without a socket; resolves with the reply once the log has it as the policy says.
   * Texts are UTF-8 both ways; maps come back as Map, sets as Set (RESP3).
   * @throws ReplyError the command was answered with an error
   */
  call(...args: readonly (string | Uint8Array | number)[]): Promise<unknown> {
    if (this.#closing !== undefined) return Promise.reject(new ReplyError('ERR the server has ended'));
    this.#inProcess ??= new InProcessClient(this.engine, 'utf8');
    return callOn(this.#inProcess, args);
  }

  /** `call` with bulk strings as bytes, for data that is not text. */
  callBytes(...args: readonly (string | Uint8Array | number)[]): Promise<unknown> {
    if (this.#closing !== undefined) return Promise.reject(new ReplyError('ERR the server has ended'));
    this.#inProcessBytes ??= new InProcessClient(this.engine, 'bytes');
    return callOn(this.#inProcessBytes, args);
  }

  /** Stops serving, saves if save points are set, flushes and syncs the log, closes everything. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #relisten(bind: readonly string[], port: number): Promise<Relistening> {
    const { values } = this.engine.config;
    // Where the system has chosen the port, the option says 0, and other addresses get the same one.
    const meant = port === values.port ? this.port : port;
    return this.#listener.relisten({ bind, port: meant === 0 ? undefined : meant, backlog: values['tcp-backlog'] });
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#listener.close();
    try {
      await this.engine.stop();
    } finally {
      this.#listener.destroySessions();
      this.#inProcess?.close();
      this.#inProcessBytes?.close();
      this.#claims?.release();
    }
  }

  /** Clients are told -LOADING while another server is waited for. @throws FilesInUseError */
  async #claimFiles(): Promise<void> {
    const claims = this.#claims;
    if (claims === undefined) return;
    if (this.engine.config.values.appendonly) makeFolder(this.engine);
    await this.engine.whileLoading(() => claims.takeAtStart());
  }

  #failed(message: string): void {
    clearInterval(this.#timer);
    this.#listener.close();
    this.#listener.destroySessions();
    this.#internals.onFatal?.(message);
  }

  /** `hz` times a second, changed with the option. */
  #startTimer(): void {
    const { config } = this.engine;
    const restart = () => {
      clearInterval(this.#timer);
      this.#timer = setInterval(() => this.#cron(), 1000 / config.values.hz);
      // A server without sockets must not keep its process alive.
      if (this.port === undefined) this.#timer.unref();
    };
    config.onChange('hz', () => {
      restart();
      return undefined;
    });
    restart();
  }

  #cron(): void {
    this.engine.cron();
    const { timeout } = this.engine.config.values;
    const nowMs = this.engine.clock.nowMs();
    for (const session of this.#listener.sessions) {
      if (timeout > 0 && nowMs - session.client.lastInteractionMs > timeout * 1000 && !session.client.isSuspended) {
        this.engine.log('verbose', 'Closing idle client');
        session.destroy();
      } else session.enforceOutputLimit();
    }
  }
}

async function callOn(client: InProcessClient, args: readonly (string | Uint8Array | number)[]): Promise<unknown> {
  const reply = await client.call(
    Request.of(args.map((arg) => (arg instanceof Uint8Array ? arg : Buffer.from(String(arg))))),
  );
  if (reply instanceof Error) throw new ReplyError(reply.message);
  return reply;
}

/**
 * Starts a server in this process.
 *
 * ```ts
 * await using server = await createServer({ dir, appendonly: true, port: 0 });
 * await server.call('SET', 'greeting', 'hello');
 * ```
 *
 * @throws ConfigError no such option, or not a value of it; ListenError the port is taken; AofError the log cannot be
 *         loaded or opened, or another server has it
 */
export async function createServer(options: ServerOptions = {}): Promise<AofServer> {
  const { port = false, 'rename-command': renames, ...values } = options;
  const workingFolder = process.cwd();
  // Without a port the option says what it says in aof.conf then. In a program of somebody else's, nothing is saved that
  // was not asked for.
  const defaults = { bind: ['127.0.0.1'], loglevel: 'warning', save: [], port: port === false ? 0 : port };
  const given = checkValues({ ...defaults, ...values }, workingFolder);
  const config = Config.of(workingFolder, given, renameDirectives(renames));
  const server = new AofServer({ config, port: port === false ? undefined : port });
  await server.start();
  return server;
}
