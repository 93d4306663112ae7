/** Real processes for end-to-end tests: this server, redis-server and its tools; each in a temporary folder of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach } from 'vitest';

const SERVER = join(import.meta.dirname, '../../bin/aof-server.js');
/** Long enough for a machine that is busy with other tests. */
const START_LIMIT_MS = 20_000;

const running = new Set<Program>();
const folders = new Set<string>();

afterEach(async () => {
  await Promise.all(Array.from(running, (program) => program.kill()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
});

/** A folder that is removed, with all processes started since, after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aof-'));
  folders.add(folder);
  return folder;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process whose output is kept. */
export class Program {
  output = '';
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  #onOutput: () => void = () => undefined;
  #hasExited = false;

  constructor(
    command: string,
    args: readonly string[],
    options: { readonly cwd?: string; readonly input?: string } = {},
  ) {
    this.#process = spawn(command, args, { cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    const collect = (chunk: Buffer): void => {
      this.output += chunk.toString('latin1');
      this.#onOutput();
    };
    this.#process.stdout?.on('data', collect);
    this.#process.stderr?.on('data', collect);
    this.#process.stdin?.on('error', () => undefined); // a program may end before it has read its input
    this.#process.stdin?.end(options.input ?? '', 'latin1');
    running.add(this);
    this.exited = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', (code, signal) => {
        this.#hasExited = true;
        running.delete(this);
        resolve({ code, signal });
        this.#onOutput();
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Nobody reads what it prints any more. */
  closeOutput(): void {
    this.#process.stdout?.destroy();
  }

  /** kill -9, and waits for the end. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** Resolves when the output has `text`. @throws the program ended without saying it */
  async said(text: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const limit = setTimeout(() => reject(new Error(`waited for '${text}' in:\n${this.output}`)), START_LIMIT_MS);
    this.#onOutput = () => {
      if (this.output.includes(text)) resolve();
      else if (this.#hasExited) reject(new Error(`ended without saying '${text}':\n${this.output}`));
    };
    this.#onOutput();
    try {
      await promise;
    } finally {
      clearTimeout(limit);
      this.#onOutput = () => undefined;
    }
  }
}

/** A server that is ready, on a unix socket in its folder, and on a TCP port where one was asked for. */
export interface RunningServer {
  readonly program: Program;
  readonly dir: string;
  readonly socket: string;
}

/** Starts this server. `args` come after the defaults, so they win. */
export async function startAof(dir: string, ...args: readonly string[]): Promise<RunningServer> {
  const socket = join(dir, 's');
  const program = spawnAof(['--dir', dir, '--port', '0', '--unixsocket', socket, '--appendonly', 'yes', ...args]);
  await program.said('Ready to accept connections');
  return { program, dir, socket };
}

export function spawnAof(
  args: readonly string[],
  options: { readonly node?: string; readonly input?: string } = {},
): Program {
  const { node = process.execPath, ...rest } = options;
  return new Program(node, [SERVER, ...args], rest);
}

/** Starts a real redis-server. */
export async function startRedis(dir: string, ...args: readonly string[]): Promise<RunningServer> {
  const socket = join(dir, 'r');
  const fixed = ['--dir', dir, '--port', '0', '--unixsocket', socket, '--save', '', '--enable-debug-command', 'yes'];
  const program = new Program('redis-server', [...fixed, '--appendonly', 'yes', ...args]);
  await program.said('server is now ready to accept connections at');
  return { program, dir, socket };
}

/** Runs a tool to its end; its output, both streams. */
export async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const program = new Program(command, args, { input });
  const { code } = await program.exited;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${program.output}`);
  return program.output;
}

export function cli(socket: string, ...args: readonly string[]): Promise<string> {
  return run('redis-cli', ['-s', socket, ...args]);
}

/** A TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Version of the redis-server on PATH; undefined, with a line that says so, where there is none. */
export function redisVersion(what: string): string | undefined {
  try {
    return /v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'latin1' }))?.[1];
  } catch {
    process.stderr.write(`SKIPPED ${what}: no redis-server on PATH\n`);
    return undefined;
  }
}

/** A Node on PATH that is not the one of the workspace, or undefined. */
export function systemNode(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return folders.map((folder) => join(folder, 'node')).find((path) => existsSync(path));
}
