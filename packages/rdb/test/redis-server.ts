/** A redis-server of its own for differential tests: a temporary folder with a socket and a dump file. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export const isRedisInstalled = spawnSync('redis-server', ['--version']).status === 0;

type Argument = string | number | Uint8Array;

export class RedisServer {
  readonly #client: Redis;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, client: Redis) {
    this.#child = child;
    this.#folder = folder;
    this.#client = client;
  }

  static async start(): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'rdb-redis-'));
    const path = join(folder, 'socket');
    const options = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder];
    const logFile = join(folder, 'log');
    const child = spawn('redis-server', [...options, '--enable-debug-command', 'yes', '--logfile', logFile], {
      stdio: 'ignore',
    });
    const client = new Redis({ path, protocol: 2, lazyConnect: true, retryStrategy: () => null });
    // A refused connection is an error event as well as a rejection; the rejection is what is looked at.
    client.on('error', () => undefined);
    for (let tries = 0; ; tries++) {
      try {
        await client.connect();
        return new RedisServer(child, folder, client);
      } catch (cause) {
        if (tries === 100) throw new Error('redis-server does not answer', { cause });
        await sleep(50);
      }
    }
  }

  /** One command; strings are bytes (chars 0–255), and so are those in the reply. */
  async call(...args: readonly Argument[]): Promise<unknown> {
    const [name, ...rest] = args.map((arg) =>
      arg instanceof Uint8Array ? Buffer.from(arg) : Buffer.from(String(arg), 'latin1'),
    );
    return latin1(await this.#client.callBuffer(String(name), ...rest));
  }

  /** One command whose reply is bytes. */
  async bytes(...args: readonly Argument[]): Promise<Buffer> {
    const [name, ...rest] = args.map((arg) => Buffer.from(String(arg), 'latin1'));
    const reply: unknown = await this.#client.callBuffer(String(name), ...rest);
    if (!Buffer.isBuffer(reply)) throw new Error(`${name} did not answer bytes`);
    return reply;
  }

  /** The dump file that it writes now. */
  async save(): Promise<Buffer> {
    await this.call('SAVE');
    return readFileSync(join(this.#folder, 'dump.rdb'));
  }

  /** Loads a dump file in place of all it has. @throws Error with what it logged, if it refuses */
  async load(dump: Uint8Array): Promise<void> {
    writeFileSync(join(this.#folder, 'dump.rdb'), dump);
    try {
      await this.call('DEBUG', 'RELOAD', 'NOSAVE');
    } catch (cause) {
      const log = readFileSync(join(this.#folder, 'log'), 'latin1').slice(-2000);
      throw new Error(`redis-server does not load it:\n${log}`, { cause });
    }
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    if (this.#child.exitCode === null) await ended;
    rmSync(this.#folder, { recursive: true });
  }
}

function latin1(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? reply.map(latin1) : reply;
}
