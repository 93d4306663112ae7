/** A real redis-server for comparisons: started in an empty folder of its own, talked to over a unix socket. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A reply as text: `+OK`, `-ERR …`, a bulk string's content, or an array of replies. */
export type Reply = string | null | Reply[];

/** The version of the redis-server on this machine, or undefined if there is none. */
export function installedVersion(): string | undefined {
  try {
    const text = execFileSync('redis-server', ['--version'], { encoding: 'latin1' });
    return /v=([0-9.]+)/.exec(text)?.[1];
  } catch {
    return undefined;
  }
}

/** What redis-server says on standard error about a configuration that stops it, without the heading. */
export function refusalOf(configText: string, args: readonly string[] = ['-']): string {
  const folder = mkdtempSync(join(tmpdir(), 'aof-config-'));
  try {
    const run = spawnSync('redis-server', args, {
      input: configText,
      cwd: folder,
      encoding: 'latin1',
      timeout: 5000,
    });
    return run.stderr.slice(run.stderr.indexOf(' ***\n') + 5).trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export class RedisServer implements AsyncDisposable {
  readonly folder: string;
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(folder: string, process: ChildProcess, socket: Socket) {
    this.folder = folder;
    this.#process = process;
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
  }

  /**
   * @param args options besides those for the socket
   * @param input configuration, a byte string
   * @param from how the configuration gets there: by standard input or as `redis.conf` in the folder
   */
  static async start(
    args: readonly string[] = [],
    input = '',
    from: 'stdin' | 'redis.conf' = 'stdin',
  ): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'aof-config-'));
    const socketPath = join(folder, 's');
    const bytes = Buffer.from(input, 'latin1');
    if (from === 'redis.conf') writeFileSync(join(folder, from), bytes);
    const all = [from === 'stdin' ? '-' : from, '--port', '0', '--unixsocket', socketPath, ...args];
    const child = spawn('redis-server', all, { cwd: folder, stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString('latin1');
    });
    child.stdin.end(bytes);
    for (let tries = 0; tries < 500 && child.exitCode === null; tries++) {
      const socket = await tryConnect(socketPath);
      if (socket !== undefined) return new RedisServer(folder, child, socket);
      await wait(10);
    }
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`redis-server did not start: ${complaint}`);
  }

  /** Sends a command of byte strings and waits for its reply. */
  async call(...args: string[]): Promise<Reply> {
    const request = [`*${args.length}\r\n`, ...args.map((arg) => `$${arg.length}\r\n${arg}\r\n`)].join('');
    this.#socket.write(Buffer.from(request, 'latin1'));
    for (;;) {
      const parsed = parseReply(this.#received.toString('latin1'), 0);
      if (parsed !== undefined) {
        this.#received = this.#received.subarray(parsed.end);
        return parsed.reply;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null && this.#process.kill('SIGKILL')) await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

function parseReply(text: string, start: number): { reply: Reply; end: number } | undefined {
  const lineEnd = text.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = text.slice(start, lineEnd);
  const count = Number(line.slice(1));
  if (line.startsWith('$')) {
    if (count < 0) return { reply: null, end: lineEnd + 2 };
    const end = lineEnd + 2 + count + 2;
    return end > text.length ? undefined : { reply: text.slice(lineEnd + 2, end - 2), end };
  }
  if (!line.startsWith('*')) return { reply: line, end: lineEnd + 2 };
  const replies: Reply[] = [];
  let end = lineEnd + 2;
  for (let i = 0; i < count; i++) {
    const element = parseReply(text, end);
    if (element === undefined) return undefined;
    replies.push(element.reply);
    end = element.end;
  }
  return { reply: replies, end };
}
