/**
 * One server per log and per snapshot. Two that write the same files destroy each other's data without a word: a rewrite or a save
 * of one takes the name from the file that the other goes on writing to, and what the other acknowledges from then on is lost.
 *
 * A claim is a socket with a name that Linux gives to one at a time, and frees with the process, however that ends (`claimName` of
 * `@aof/aof-files`, where check-aof looks too). Who connects is told the holder's pid.
 *
 * Invariants: whoever writes a log or a snapshot has claimed it before; a claim is kept until the server has closed, for a log may go
 * on being written after CONFIG SET dir. Where there are no such sockets nothing is claimed, and nobody is refused.
 */
import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { AofError, CLAIMS_FILE, claimHash, claimingSocket, claimName } from '@aof/aof-files';
import type { Config } from '@aof/config';
import type { Log } from './log.ts';

/** A server that was killed may be there for a moment yet, and a service manager may start the next one early. */
const WAIT_MS = 3000;
const RETRY_MS = 100;
/** A holder that does not say who it is within this time is busy: it is there, and that suffices. */
const PID_WAIT_MS = 1000;

/** What a server writes that no other may write. */
type ClaimedFile = 'log' | 'snapshot';

/** Another server, or one in this process, writes the same log or snapshot. */
export class FilesInUseError extends AofError {
  override readonly name = 'FilesInUseError';
  declare readonly code: 'AOF_FILES_IN_USE';
  /** Of the process that has the file, where it has said so. */
  readonly pid: number | undefined;

  constructor(file: ClaimedFile, { dir, fileName }: { dir: string; fileName: string }, pid: number | undefined) {
    const holder = pid === undefined ? 'Another server' : `Another server (${pidText(pid)})`;
    const what = file === 'log' ? 'append only file' : 'snapshot';
    super('AOF_FILES_IN_USE', `${holder} has the ${what} ${fileName} in the folder ${dir}: two would lose data`, {
      path: `${dir}/${fileName}`,
      hint: `stop the other server first, or give this one a folder of its own (option dir)${OTHER_WAYS[file]}`,
    });
    this.pid = pid;
  }
}

const OTHER_WAYS: Readonly<Record<ClaimedFile, string>> = {
  log: ' or another appendfilename',
  snapshot: `, another dbfilename, or no save points (--save '')`,
};

function pidText(pid: number): string {
  return pid === process.pid ? `pid ${pid}, this process` : `pid ${pid}`;
}

export class FileClaims {
  readonly #config: Config;
  readonly #log: Log;
  /** By name of the socket. */
  readonly #held = new Map<string, Server>();
  #isReleased = false;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  /** Claims what a server with these options writes; waits a little for one that ends. @throws FilesInUseError */
  async takeAtStart(): Promise<void> {
    const { appendonly, save } = this.#config.values;
    if (appendonly) await this.#takeOrWait('log');
    if (save.length > 0) await this.#takeOrWait('snapshot');
  }

  /** Claims a file that is about to be written, unless this server has it already. @returns why it must not be written */
  take(file: ClaimedFile): FilesInUseError | undefined {
    const where = this.#where(file);
    const name = nameOf(where);
    if (name === undefined || this.#held.has(name) || this.#listen(name) || !isTaken(name)) return undefined;
    return new FilesInUseError(file, where, undefined);
  }

  /** Who has claimed the file in `dir` whose name has this hash: this server, another one, or nobody that can be seen. */
  holderOf(hash: string): 'this server' | 'another' | 'nobody' {
    const name = nameIn(this.#config.values.dir, hash);
    if (name === undefined) return 'nobody';
    if (this.#held.has(name)) return 'this server';
    return isTaken(name) ? 'another' : 'nobody';
  }

  /** The server has closed, or has not started. Others may have the files at once. */
  release(): void {
    this.#isReleased = true;
    for (const server of this.#held.values()) server.close();
    this.#held.clear();
  }

  async #takeOrWait(file: ClaimedFile): Promise<void> {
    for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
      const refusal = this.take(file);
      if (refusal === undefined) return;
      if (waitedMs === 0) {
        this.#log('notice', `${refusal.message}. Waiting up to ${WAIT_MS / 1000} seconds for it to end`);
      }
      if (waitedMs >= WAIT_MS || this.#isReleased) throw await this.#named(file, refusal);
      await wait(RETRY_MS);
    }
  }

  async #named(file: ClaimedFile, refusal: FilesInUseError): Promise<FilesInUseError> {
    const where = this.#where(file);
    const name = nameOf(where);
    const pid = name === undefined ? undefined : await askPid(name);
    return pid === undefined ? refusal : new FilesInUseError(file, where, pid);
  }

  #where(file: ClaimedFile): { dir: string; fileName: string } {
    const { dir, appendfilename, dbfilename } = this.#config.values;
    return { dir, fileName: file === 'log' ? appendfilename : dbfilename };
  }

  /** @returns whether the name is this server's now */
  #listen(name: string): boolean {
    if (this.#isReleased) return false;
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(`${process.pid}\n`, () => socket.destroy());
    });
    // What the system has said against it, `isTaken` finds out in the same turn: a save cannot wait for an event.
    server.on('error', () => undefined);
    // Not through the primary of a cluster, which would share the socket between its workers.
    server.listen({ path: name, exclusive: true });
    // For a name instead of an address Node asks the system before `listen` returns.
    if (!server.listening) return false;
    server.unref();
    this.#held.set(name, server);
    return true;
  }
}

/** The name of the claim; undefined where there can be none: another system, or no folder. */
function nameOf({ dir, fileName }: { dir: string; fileName: string }): string | undefined {
  return nameIn(dir, claimHash(fileName));
}

function nameIn(dir: string, hash: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  let folder: BigIntStats;
  try {
    folder = statSync(dir, { bigint: true });
  } catch {
    return undefined; // what cannot be looked at cannot be written, which whoever tries is told
  }
  return claimName(folder, hash);
}

/** Whether a socket has the name; if not, listening has failed for a reason that says nothing about other servers. */
function isTaken(name: string): boolean {
  try {
    return claimingSocket(readFileSync(CLAIMS_FILE, 'latin1'), name) !== undefined;
  } catch {
    return false; // no /proc: nobody can tell
  }
}

function askPid(name: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path: name });
    socket.setTimeout(PID_WAIT_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1', 0, 32);
      if (answer.length > 32) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(/^\d+\n$/.test(answer) ? Number(answer) : undefined));
  });
}
