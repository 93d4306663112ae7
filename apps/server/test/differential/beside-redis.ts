/** A real server to compare with, and raw connections to both. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCommand } from '@aof/resp-codec';
import { type AofServer, createServer } from '../../src/index.ts';

export const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not on the PATH: what needs it says SKIPPED
  }
})();

/** For the title of tests that need the real server. */
export function skippedNote(cases: number): string {
  return hasRedis ? '' : ` (SKIPPED: ${cases} cases, redis-server is not installed)`;
}

/** A port nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createTcpServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** One connection; everything that comes back is kept as latin1. */
export class RawConnection {
  text = '';
  readonly #socket: Socket;

  constructor(port: number) {
    this.#socket = createConnection(port, '127.0.0.1');
    this.#socket.setEncoding('latin1').setNoDelay(true);
    this.#socket.on('data', (chunk: string) => {
      this.text += chunk;
    });
    // A server that closes the connection shows in `text`.
    this.#socket.on('error', () => undefined);
  }

  send(command: readonly string[]): void {
    this.#socket.write(encodeCommand(command));
  }

  get isEnded(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** This server and a real one, side by side. */
export class BothServers {
  readonly ours: AofServer;
  readonly oraclePort: number;
  readonly #oracle: ChildProcess;
  readonly #folder: string;

  private constructor(ours: AofServer, oracle: ChildProcess, oraclePort: number, folder: string) {
    this.ours = ours;
    this.#oracle = oracle;
    this.oraclePort = oraclePort;
    this.#folder = folder;
  }

  static async start(): Promise<BothServers> {
    const folder = mkdtempSync(join(tmpdir(), 'both-servers-'));
    const port = await freePort();
    const args = ['--port', String(port), '--save', '', '--dir', folder, '--enable-debug-command', 'yes'];
    const oracle = spawn('redis-server', args, { stdio: 'ignore' });
    const ours = await createServer({ port: 0, 'enable-debug-command': 'yes', dir: folder });
    for (let attempt = 0; attempt < 200; attempt++) {
      const probe = new RawConnection(port);
      probe.send(['PING']);
      await pause(25);
      probe.close();
      if (probe.text !== '') break;
    }
    return new BothServers(ours, oracle, port, folder);
  }

  get ports(): readonly [ours: number, oracle: number] {
    return [this.ours.port ?? 0, this.oraclePort];
  }

  async stop(): Promise<void> {
    this.#oracle.kill('SIGKILL');
    await this.ours.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `isDone`, at most about two seconds. */
export async function until(isDone: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 2000 && !isDone(); attempt++) await pause(1);
}
