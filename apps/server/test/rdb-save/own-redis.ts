/** A redis-server without a log, in a folder of its own that snapshots can be put into, and a connection to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RespError } from '@aof/resp-codec';
import { until } from '../differential/beside-redis.ts';
import { RawClient } from '../end-to-end/raw-client.ts';

export class OwnRedis {
  readonly dir: string;
  readonly #root: string;
  readonly #process: ChildProcess;
  readonly #client: RawClient;

  private constructor(root: string, dir: string, child: ChildProcess, client: RawClient) {
    this.#root = root;
    this.dir = dir;
    this.#process = child;
    this.#client = client;
  }

  static async start(): Promise<OwnRedis> {
    const root = mkdtempSync(join(tmpdir(), 'aof-rdb-'));
    const dir = join(root, 'redis');
    mkdirSync(dir);
    const socket = join(dir, 's');
    const allowed = ['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes'];
    const options = ['--dir', dir, '--port', '0', '--unixsocket', socket, '--save', '', ...allowed];
    const child = spawn('redis-server', options, { stdio: 'ignore' });
    await until(() => existsSync(socket));
    return new OwnRedis(root, dir, child, await connected(socket));
  }

  /** One command; strings are bytes, and errors come back as their texts. */
  async ask(...args: string[]): Promise<unknown> {
    const reply = await this.#client.call(...args.map((arg) => Buffer.from(arg, 'latin1')));
    return reply instanceof RespError ? reply.message : reply;
  }

  /** Another folder, which goes when the server does. */
  folderBeside(): string {
    const folder = join(this.#root, 'aof');
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** A folder of that name in both places: no file can be renamed to it. */
  makeFolders(name: string): void {
    for (const dir of [this.dir, this.folderBeside()]) mkdirSync(join(dir, name, 'full'), { recursive: true });
  }

  async stop(): Promise<void> {
    this.#client.close();
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.#root, { recursive: true });
  }
}

/** The name of a socket is there a moment before anybody listens. */
async function connected(socket: string): Promise<RawClient> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await RawClient.open(socket);
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
