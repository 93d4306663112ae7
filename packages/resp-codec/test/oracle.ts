/** A real redis-server of its own for a test file, without persistence, on a free port. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CONNECT_TRIES = 100;
const CONNECT_PAUSE_MS = 20;

/** Version of the redis-server on PATH, or undefined where there is none. */
export function oracleVersion(): string | undefined {
  try {
    return /v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'latin1' }))?.[1];
  } catch {
    return undefined;
  }
}

export class Oracle {
  readonly #process: ChildProcess;
  readonly #port: number;
  readonly #folder: string;

  private constructor(process: ChildProcess, port: number, folder: string) {
    this.#process = process;
    this.#port = port;
    this.#folder = folder;
  }

  static async start(): Promise<Oracle> {
    const folder = mkdtempSync(join(tmpdir(), 'resp-codec-'));
    const port = await freePort();
    const options = ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder];
    const oracle = new Oracle(spawn('redis-server', options, { stdio: 'ignore' }), port, folder);
    for (let i = 0; ; i++) {
      try {
        await oracle.exchange(Buffer.from('PING\r\n'));
        return oracle;
      } catch (error) {
        if (i === CONNECT_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
      }
    }
  }

  /** Sends `stream` on a connection of its own and returns all that is answered. */
  exchange(stream: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, '127.0.0.1');
      const received: Buffer[] = [];
      socket.on('data', (chunk) => received.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(received)));
      // The end tells the server that there is no more: it answers, then closes.
      socket.end(stream);
    });
  }

  stop(): void {
    this.#process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
