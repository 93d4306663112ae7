// Starts the two servers that a benchmark compares, each in a folder of its own, and stops them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type ServerName = 'redis' | 'aof';

export interface RunningServer {
  readonly name: ServerName;
  readonly port: number;
  readonly folder: string;
  readonly pid: number;
  /** Resident memory, bytes. */
  memoryBytes(): number;
  /** CPU time that the process has used so far, user and system, seconds. */
  cpuSeconds(): number;
  stop(options?: { keepFolder?: boolean }): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..');

export function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    execFileSync('redis-benchmark', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // what execFileSync throws
    throw error;
  }
}

/** `options` are command line options of both servers, `env` what ours gets besides. */
export async function startServer(
  name: ServerName,
  options: readonly string[],
  folder = mkdtempSync(join(tmpdir(), `bench-${name}-`)),
  env: NodeJS.ProcessEnv = {},
): Promise<RunningServer> {
  const port = await freePort();
  const shared = ['--port', String(port), '--dir', folder, '--save', '', ...options];
  const child =
    name === 'redis'
      ? spawn('redis-server', shared, { stdio: 'ignore' })
      : spawn(process.execPath, [join(ROOT, 'apps/server/bin/aof-server.js'), ...shared], {
          stdio: 'ignore',
          env: { ...process.env, ...env },
        });
  await waitUntilReady(port, child);
  return {
    name,
    port,
    folder,
    pid: child.pid ?? 0,
    memoryBytes: () => residentBytes(child.pid ?? 0),
    cpuSeconds: () => cpuSeconds(child.pid ?? 0),
    stop: async ({ keepFolder = false } = {}) => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      if (!keepFolder) rmSync(folder, { recursive: true, force: true });
      // Dirty pages of this run must not slow down the next one's syncs.
      execFileSync('sync');
    },
  };
}

/** A port that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function residentBytes(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(found ?? 0) * 1024;
}

function cpuSeconds(pid: number): number {
  // Fields 14 and 15, utime and stime in ticks of 10 ms; the name before them may hold blanks.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function waitUntilReady(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 3000; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server on port ${port} ended with status ${child.exitCode}`);
    const reply = await ask(port, 'PING\r\n').catch(() => '');
    if (reply.startsWith('+PONG')) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the server on port ${port} does not answer`);
}

/** Sends `text` and answers what comes back first. */
export function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('latin1'));
    });
  });
}
