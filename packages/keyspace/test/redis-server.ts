/** A redis-server of its own for differential tests: no persistence, a socket in a temporary folder. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export const isRedisInstalled = spawnSync('redis-server', ['--version']).status === 0;

export class RedisServer {
  readonly client: Redis;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, client: Redis) {
    this.#child = child;
    this.#folder = folder;
    this.client = client;
  }

  static async start(): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'keyspace-redis-'));
    const path = join(folder, 'socket');
    const options = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder];
    const child = spawn('redis-server', [...options, '--enable-debug-command', 'yes'], { stdio: 'ignore' });
    const client = new Redis({ path, lazyConnect: true, retryStrategy: () => null });
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
  async call(...args: readonly (string | number)[]): Promise<unknown> {
    const [name, ...rest] = args.map((arg) => Buffer.from(String(arg), 'latin1'));
    return latin1(await this.client.callBuffer(String(name), ...rest));
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await ended;
    rmSync(this.#folder, { recursive: true });
  }
}

function latin1(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? reply.map(latin1) : reply;
}
