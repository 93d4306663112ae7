/** A real redis-server on a folder, for tests that hand logs back and forth. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export class RedisServer {
  readonly #child: ChildProcess;
  readonly #socket: string;

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child;
    this.#socket = socket;
  }

  /** Resolves when it has loaded what is in `dir`. @param socketFolder outside `dir` */
  static async start(dir: string, socketFolder: string, ...options: readonly string[]): Promise<RedisServer> {
    const socket = join(socketFolder, 'socket');
    const own = ['--port', '0', '--unixsocket', socket, '--dir', dir, '--save', '', '--appendonly', 'yes'];
    const log = ['--logfile', join(socketFolder, 'log'), '--enable-debug-command', 'yes'];
    const child = spawn('redis-server', [...own, ...log, ...options], { stdio: 'ignore' });
    const server = new RedisServer(child, socket);
    for (let tries = 0; server.#ask('PING').trim() !== 'PONG'; tries++) {
      if (tries === 200 || child.exitCode !== null) throw new Error(`redis-server does not start in ${dir}`);
      await sleep(20);
    }
    return server;
  }

  /** One command. @throws Error its reply is an error */
  call(...args: readonly string[]): string {
    const reply = this.#ask(...args);
    if (/^(ERR|WRONGTYPE|\(error\))/.test(reply)) throw new Error(`${args.join(' ')}: ${reply}`);
    return reply.trim();
  }

  /** Several commands over one connection. */
  pipe(lines: readonly string[]): void {
    const { status, stdout } = spawnSync('redis-cli', ['-s', this.#socket], {
      input: `${lines.join('\n')}\n`,
      timeout: 10_000,
      encoding: 'latin1',
    });
    if (status !== 0 || /^(ERR|WRONGTYPE)/m.test(stdout)) throw new Error(stdout);
  }

  digest(): string {
    return this.call('DEBUG', 'DIGEST');
  }

  /** Rewrites the log, and waits for it. */
  async rewrite(): Promise<void> {
    this.call('BGREWRITEAOF');
    while (/aof_rewrite_(in_progress|scheduled):1/.test(this.call('INFO', 'persistence'))) await sleep(20);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }

  #ask(...args: readonly string[]): string {
    return spawnSync('redis-cli', ['-s', this.#socket, ...args], { encoding: 'latin1', timeout: 5000 }).stdout ?? '';
  }
}
