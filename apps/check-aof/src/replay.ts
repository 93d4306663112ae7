/**
 * A data set that records are replayed into, as a server does when it starts: the same commands, no server around them.
 *
 * Invariants: nothing expires; nothing is propagated; no command reaches beyond the data set, for only those that change data
 * and those that a log needs around them (SELECT, MULTI, EXEC) are run.
 */
import {
  ALL_COMMANDS,
  Client,
  type Command,
  Executor,
  NO_LINK,
  type RestoredValue,
  type ServerPort,
} from '@aof/commands';
import { Config } from '@aof/config';
import { Keyspace } from '@aof/keyspace';
import {
  entryToValue,
  extendValue,
  type KeyspaceLossCode,
  type RdbEntry,
  RdbError,
  type RdbKeyEntry,
  restoreValue,
} from '@aof/rdb';
import type { Request } from '@aof/resp-codec';

/** Commands that a log holds although they change no data. PFCOUNT is written where it updates what it has cached. */
const LOGGED_BESIDE_WRITES = new Set(['select', 'multi', 'exec', 'pfcount']);
/** These are written although they may have changed nothing. */
const LOGGED_WITHOUT_EFFECT = new Set(['flushall', 'flushdb', 'select', 'multi', 'pfcount', 'swapdb']);

/**
 * What became of a record.
 * `unknown`: no command of this name here. `arity`: not that many arguments. `not-logged`: a command that no server writes to
 * a log; it was not run. `error`: it ran and answered an error. `no-effect`: it ran and changed nothing.
 */
export type ReplayOutcome =
  | { readonly kind: 'applied' | 'in-transaction' | 'unknown' | 'no-effect' }
  | { readonly kind: 'arity' | 'not-logged'; readonly command: string }
  | { readonly kind: 'error'; readonly command: string; readonly text: string };

const APPLIED: ReplayOutcome = { kind: 'applied' };
const IN_TRANSACTION: ReplayOutcome = { kind: 'in-transaction' };
const UNKNOWN: ReplayOutcome = { kind: 'unknown' };
const NO_EFFECT: ReplayOutcome = { kind: 'no-effect' };

/** More databases than anybody uses: what a server was configured for is not in its log. */
const DATABASES = 1024;

export class Replay {
  readonly keyspace: Keyspace;
  /** Told what a value has that the data set here cannot hold. */
  onLost: (code: KeyspaceLossCode, key: string) => void = () => {};
  readonly #executor: Executor;
  readonly #client: Client;

  /** @param nowMs wall clock, ms since the Unix epoch; the same for all commands */
  constructor(nowMs: number) {
    let state = 1;
    // Chance plays no part in what a log holds; a plain sequence keeps runs alike.
    const random = (): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state / 2 ** 32;
    };
    this.keyspace = new Keyspace({ random, databaseCount: DATABASES });
    this.#client = new Client(0, NO_LINK, nowMs, { isAuthenticated: true, isLoader: true });
    this.#client.replyMode = 'off';
    this.#executor = new Executor(
      {
        keyspace: this.keyspace,
        server: portWithoutServer((payload) => this.#restored(payload)),
        sink: { appendRaw: () => {}, appendRecord: () => {} },
        clock: { nowMs: () => nowMs, monotonicUs: () => 0 },
        commands: ALL_COMMANDS,
      },
      this.#client,
    );
    this.keyspace.isLoading = true;
    this.#executor.state.isLoading = true;
  }

  /** The database that the next record works on. */
  get database(): number {
    return this.#client.database;
  }

  get isInTransaction(): boolean {
    return this.#client.queue !== undefined;
  }

  apply(request: Request): ReplayOutcome {
    const command = this.#find(request);
    if (command === undefined) return UNKNOWN;
    if (!command.acceptsArgumentCount(request.count)) return { kind: 'arity', command: command.fullName };
    if (!command.isWrite && !LOGGED_BESIDE_WRITES.has(command.fullName)) {
      return { kind: 'not-logged', command: command.fullName };
    }
    const dirtyBefore = this.keyspace.dirty;
    const outcome = this.#executor.load(this.#client, request);
    if (outcome === 'in-transaction') return IN_TRANSACTION;
    if (outcome === 'applied') {
      const hasEffect = this.keyspace.dirty !== dirtyBefore || LOGGED_WITHOUT_EFFECT.has(command.fullName);
      return hasEffect ? APPLIED : NO_EFFECT;
    }
    if ('refusal' in outcome) return UNKNOWN;
    return { kind: 'error', command: outcome.commandName, text: outcome.commandError };
  }

  /** The transaction that is open is given up, as at the end of a file. */
  abandonTransaction(): void {
    this.#executor.release(this.#client);
    this.#client.queueIsBroken = false;
  }

  /** A new file begins: its records say anew which database they work on. */
  beginFile(): void {
    this.abandonTransaction();
    this.#client.database = 0;
  }

  /** Puts an entry of an RDB part into the data set. @returns why it cannot be, or undefined @throws RdbError */
  applyEntry(entry: RdbEntry): string | undefined {
    return entry.kind === 'key' ? this.#applyKey(entry) : undefined;
  }

  #applyKey(entry: RdbKeyEntry): string | undefined {
    const { databases, thresholds } = this.keyspace;
    const db = databases[entry.database];
    if (db === undefined) return `database ${entry.database} is beyond all limits`;
    const present = db.peek(entry.key);
    if (entry.part > 0) {
      if (present === undefined) throw new Error('bug: a part of a value that has not begun');
      for (const code of extendValue(present, entry, thresholds)) this.onLost(code, entry.key);
      return undefined;
    }
    if (present !== undefined) return 'the key is there twice';
    const { value, lost } = entryToValue(entry, thresholds);
    for (const code of lost) this.onLost(code, entry.key);
    db.set(entry.key, value);
    if (entry.expireAtMs >= 0) db.setExpire(entry.key, entry.expireAtMs);
    return undefined;
  }

  /** What RESTORE makes of a payload. */
  #restored(payload: Uint8Array): RestoredValue {
    try {
      const { value, lost } = entryToValue(restoreValue(payload), this.keyspace.thresholds);
      for (const code of lost) this.onLost(code, 'RESTORE');
      return { value };
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      return 'bad-data';
    }
  }

  #find(request: Request): Command | undefined {
    const found = this.#executor.table.find(request);
    if (found?.subcommands === undefined || request.count < 2) return found;
    return found.subcommands.get(request.latin1(1).toLowerCase()) ?? (found.handler === undefined ? undefined : found);
  }
}

/** Commands that write ask nothing of a server; what they must not get is a bug to find, not a value to make up. */
function portWithoutServer(restore: (payload: Uint8Array) => RestoredValue): ServerPort {
  const none = (): never => {
    throw new Error('bug: a replayed command asks for a server');
  };
  return {
    config: Config.of('/'),
    clients: () => [],
    clientById: () => undefined,
    info: none,
    resetStatistics: none,
    rewriteConfigFile: none,
    rewriteLog: none,
    shutdown: none,
    lastSaveSec: none,
    sleep: none,
    reload: none,
    digest: none,
    digestOf: none,
    serializedLength: none,
    setActiveExpire: none,
    restore,
    log: () => {},
  };
}
