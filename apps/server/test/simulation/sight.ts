/**
 * What a reply tells its client about the data set: up to which command the data must survive so that no crash can make
 * the reply untrue. A write tells that it was done, a read what its keys held, DBSIZE something about all of them.
 */
import type { State } from './recovery.ts';

type Args = readonly string[];

/** Numbers of commands: what a reply rests on; and what it rests on if it is the null of an aborted EXEC. */
export interface Ground {
  readonly reply: number;
  readonly aborted: number;
}

const NOTHING: Ground = { reply: 0, aborted: 0 };
/** Commands whose replies tell nothing about data. */
const BLIND = new Set(['SELECT', 'MULTI', 'DISCARD', 'WATCH', 'UNWATCH', 'NOSUCH', 'PING', 'BGREWRITEAOF']);
/** Commands that look at every key, or at the number of keys. */
const WIDE = new Set(['DBSIZE', 'KEYS', 'SCAN', 'FLUSHALL', 'FLUSHDB', 'SWAPDB']);
/** Commands that look at another database too. (CONFIG SET to `always` vouches for everything before it.) */
const FAR = new Set(['COPY', 'MOVE']);

interface Session {
  database: string;
  queue: Args[] | undefined;
  watched: string[];
}

export class Sight {
  /** By database and key: the last command that changed it. */
  readonly #changedBy = new Map<string, number>();
  #lastChange = 0;
  readonly #sessions = new Map<number, Session>();

  /** A client's command with the number `index` has run and changed `before` into `after`. */
  look(client: number, args: Args, index: number, before: State, after: State): Ground {
    const session = this.#sessions.get(client) ?? { database: '0', queue: undefined, watched: [] };
    this.#sessions.set(client, session);
    const hasChanged = this.#note(index, before, after);
    const name = args[0] ?? '';
    if (session.queue !== undefined && !['EXEC', 'DISCARD', 'WATCH', 'MULTI'].includes(name)) {
      session.queue.push(args);
      return NOTHING;
    }
    if (name === 'SELECT') session.database = args[1] ?? '0';
    if (name === 'MULTI') session.queue ??= [];
    if (name === 'WATCH') session.watched.push(...args.slice(1).map((key) => `${session.database}/${key}`));
    if (hasChanged) this.#endTransaction(session, name);
    if (hasChanged) return { reply: index, aborted: index };
    if (name === 'EXEC') return this.#execGround(session);
    if (name === 'DISCARD') this.#endTransaction(session, name);
    if (name === 'UNWATCH') session.watched = [];
    const reply = this.#groundOf(session, args);
    return { reply, aborted: reply };
  }

  #execGround(session: Session): Ground {
    const queue = session.queue ?? [];
    const reply = Math.max(0, ...queue.map((args) => this.#groundOf(session, args)));
    const aborted = Math.max(0, ...session.watched.map((key) => this.#changedBy.get(key) ?? 0));
    this.#endTransaction(session, 'EXEC');
    return { reply, aborted };
  }

  #endTransaction(session: Session, name: string): void {
    if (name !== 'EXEC' && name !== 'DISCARD') return;
    session.queue = undefined;
    session.watched = [];
  }

  #groundOf({ database }: Session, args: Args): number {
    const name = args[0] ?? '';
    if (BLIND.has(name)) return 0;
    if (WIDE.has(name) || args.includes('always')) return this.#lastChange;
    // Values are never named like keys, so every argument may be taken for one.
    const databases = FAR.has(name) ? ['0', '1', '2', '3'] : [database];
    return Math.max(0, ...databases.flatMap((db) => args.map((key) => this.#changedBy.get(`${db}/${key}`) ?? 0)));
  }

  #note(index: number, before: State, after: State): boolean {
    if (before === after) return false;
    const old = new Map(before.map((entry) => [entry.key, entry.text]));
    let hasChanged = false;
    const change = (key: string): void => {
      hasChanged = true;
      this.#changedBy.set(key, index);
      this.#lastChange = index;
    };
    for (const { key, text } of after) {
      if (old.get(key) !== text) change(key);
      old.delete(key);
    }
    for (const key of old.keys()) change(key);
    return hasChanged;
  }
}
