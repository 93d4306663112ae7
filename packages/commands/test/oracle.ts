/**
 * The oracle: a real redis-server of its own for a test file, on a free port and in a temporary folder, with its log on,
 * and raw connections to it.
 *
 * Time is the oracle's: active expiry is off, so that keys expire only when they are accessed, as in the executor.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCommand } from '@aof/resp-codec';
import { type ReplyTree, readReply } from './reply-tree.ts';
import { latin1 } from './script.ts';

export type Argument = string | Uint8Array;

/** Other versions answer otherwise here and there, which only a person can judge. */
const KNOWN_VERSION = '7.0.';
const START_TRIES = 5;
const CONNECT_TRIES = 100;
const CONNECT_PAUSE_MS = 20;
const READ_BYTES = 1 << 20;
/** A reply that takes longer is one that will never come: the command blocks. */
const REPLY_LIMIT_MS = 10_000;

/** Version of the redis-server on PATH; undefined where there is none, or none of the version that the tests know. */
export function oracleVersion(): string | undefined {
  try {
    const version = /v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'latin1' }))?.[1];
    return version?.startsWith(KNOWN_VERSION) ? version : undefined;
  } catch {
    return undefined;
  }
}

/** Says that so many tests do not run. */
export function reportSkipped(count: number, title: string): void {
  process.stderr.write(`SKIPPED ${count} differential cases of ${title}: no redis-server ${KNOWN_VERSION}x on PATH\n`);
}

/** A connection: commands in, the raw bytes of the replies out. */
export class OracleConnection {
  readonly #socket: Socket;
  #received = '';
  #wanted = 0;
  #replies: string[] = [];
  #done: { resolve(replies: string[]): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk.toString('latin1')));
    socket.on('close', () => this.#fail(new Error('the oracle closed the connection')));
    socket.on('error', (error) => this.#fail(error));
  }

  static open(port: number): Promise<OracleConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new OracleConnection(socket));
      });
    });
  }

  /** Sends all commands at once; answers the raw bytes (latin1) of one reply for each. */
  exchange(commands: readonly (readonly Argument[])[]): Promise<string[]> {
    if (commands.length === 0) return Promise.resolve([]);
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#replies = [];
      this.#wanted = commands.length;
      const limit = setTimeout(() => {
        const waiting = commands.slice(this.#replies.length).map((args) => args.map(latin1).join(' '));
        this.#fail(new Error(`the oracle has not answered: ${waiting.join('; ').slice(0, 1000)}`));
      }, REPLY_LIMIT_MS);
      this.#done = {
        resolve: (replies) => {
          clearTimeout(limit);
          resolve(replies);
        },
        reject: (error) => {
          clearTimeout(limit);
          reject(error);
        },
      };
      this.#socket.write(Buffer.concat(commands.map((args) => encodeCommand(args))));
    });
  }

  /** The same, as trees. */
  async ask(commands: readonly (readonly Argument[])[]): Promise<ReplyTree[]> {
    const replies = await this.exchange(commands);
    return replies.map((raw) => readReply(raw, 0)?.tree ?? { kind: '_' });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    let at = 0;
    while (this.#replies.length < this.#wanted) {
      const reply = readReply(this.#received, at);
      if (reply === undefined) break;
      this.#replies.push(this.#received.slice(at, reply.end));
      at = reply.end;
    }
    this.#received = this.#received.slice(at);
    const done = this.#done;
    if (done === undefined || this.#replies.length < this.#wanted) return;
    this.#done = undefined;
    done.resolve(this.#replies);
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#done?.reject(error);
    this.#done = undefined;
  }
}

/** The server process, its log, and a pool of connections by number. */
export class Oracle {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #connections = new Map<number, OracleConnection>();
  #logFile: number | undefined;
  #logOffset = 0;

  private constructor(port: number, process: ChildProcess, folder: string) {
    this.port = port;
    this.#process = process;
    this.#folder = folder;
  }

  /** Starts a server; another process may take the free port first, hence the tries. */
  static async start(): Promise<Oracle> {
    for (let attempt = 1; ; attempt++) {
      const folder = mkdtempSync(join(tmpdir(), 'aof-oracle-'));
      const port = await freePort();
      const oracle = new Oracle(port, spawnServer(port, folder), folder);
      try {
        await oracle.#waitUntilReady();
        return oracle;
      } catch (error) {
        oracle.stop();
        if (attempt === START_TRIES) throw error;
      }
    }
  }

  /** Connection `number`, opened when first asked for. */
  async connection(number: number): Promise<OracleConnection> {
    const open = this.#connections.get(number);
    if (open !== undefined) return open;
    const opened = await OracleConnection.open(this.port);
    this.#connections.set(number, opened);
    return opened;
  }

  /** Empty databases, zero statistics, connections as new; the log is read from here on. */
  async reset(protocol: 2 | 3, connections: Iterable<number>): Promise<void> {
    for (const [number, connection] of this.#connections) {
      if (number !== 0) connection.close();
      if (number !== 0) this.#connections.delete(number);
    }
    const first = await this.connection(0);
    await first.exchange([['RESET'], ['FLUSHALL'], ['CONFIG', 'RESETSTAT'], ['HELLO', String(protocol)]]);
    for (const number of connections) {
      if (number !== 0) await (await this.connection(number)).exchange([['HELLO', String(protocol)]]);
    }
    this.readLog();
  }

  /** What was written to the log since the last call, as a latin1 string. */
  readLog(): string {
    this.#logFile ??= this.#openLog();
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let text = '';
    for (;;) {
      const length = readSync(this.#logFile, buffer, 0, buffer.length, this.#logOffset);
      if (length === 0) return text;
      text += buffer.toString('latin1', 0, length);
      this.#logOffset += length;
    }
  }

  stop(): void {
    for (const connection of this.#connections.values()) connection.close();
    if (this.#logFile !== undefined) closeSync(this.#logFile);
    this.#process.stdin?.end();
  }

  #openLog(): number {
    const folder = join(this.#folder, 'appendonlydir');
    const name = readdirSync(folder).find((file) => file.endsWith('.incr.aof'));
    if (name === undefined) throw new Error(`the oracle has no incr file in ${folder}`);
    return openSync(join(folder, name), 'r');
  }

  async #waitUntilReady(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const connection = await this.connection(0);
        const [setting, folder] = await connection.ask([
          ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
          ['CONFIG', 'GET', 'dir'],
        ]);
        // Another test's server may have taken the port.
        if (setting.text === 'OK' && folder.items?.[1]?.text === realpathSync(this.#folder)) return;
        throw new Error(`not the oracle: ${JSON.stringify([setting, folder])}`);
      } catch (error) {
        for (const connection of this.#connections.values()) connection.close();
        this.#connections.clear();
        if (attempt === CONNECT_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
      }
    }
  }
}

/**
 * A server that ends with us, however we end: a shell waits for the end of our pipe, then kills it and clears its folder.
 */
const UNTIL_PIPE_ENDS = 'redis-server "$@" >/dev/null 2>&1 & cat >/dev/null; kill -9 $!; rm -rf "$0"';

function spawnServer(port: number, folder: string): ChildProcess {
  const options = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    logfile: join(folder, 'log'),
    save: '',
    appendonly: 'yes',
    'aof-use-rdb-preamble': 'no',
    appendfsync: 'no',
    'auto-aof-rewrite-percentage': '0',
    'enable-debug-command': 'yes',
    hz: '1',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn('sh', ['-c', UNTIL_PIPE_ENDS, folder, ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no free port'));
      });
    });
  });
}
