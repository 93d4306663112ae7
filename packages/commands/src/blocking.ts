/**
 * Clients that wait for keys: BLPOP and its like.
 *
 * A command that finds nothing registers its client with the keys it waits for. When one of them has changed, the command
 * runs again, as a unit of its own, after the unit that changed it; it answers, or goes on waiting in its old place.
 * Nobody polls: the hook that tells of every changed key marks those somebody waits for.
 *
 * Invariants: a waiting client is suspended and stands in the queue of each of its keys; queues are in order of arrival.
 */
import type { Database, Key, TypeName } from '@aof/keyspace';
import type { ReplyWriter, Request } from '@aof/resp-codec';
import type { Client } from './client.ts';
import type { Command } from './command-table.ts';
import { Deadlines } from './deadlines.ts';

/** What a client waits for. */
export interface Wait {
  readonly keys: readonly Key[];
  /** Only a value of this type wakes it. */
  readonly type: TypeName;
  /** Also wake it when the key goes, or becomes one of another type (the consumer group goes with it). */
  readonly wakesWhenGone?: boolean;
  /** Milliseconds from now, 0 for ever. */
  readonly timeoutMs: number;
  /** The answer when the time is over. */
  onTimeout(reply: ReplyWriter): void;
  /** What runs when a key is there, if not the command as it came (`$` of XREAD is resolved when it begins to wait). */
  readonly request?: Request;
}

/** A client that waits, with what it asked. */
export interface Waiting {
  readonly client: Client;
  readonly command: Command;
  readonly request: Request;
  readonly db: Database;
  readonly wait: Wait;
  /** Wall clock, ms; undefined: for ever. */
  readonly deadlineMs: number | undefined;
}

type Impatient = Waiting & { readonly deadlineMs: number };

function isImpatient(waiting: Waiting): waiting is Impatient {
  return waiting.deadlineMs !== undefined;
}

export class BlockedClients {
  readonly #waiting = new Map<Client, Waiting>();
  readonly #deadlines = new Deadlines<Impatient>();
  readonly #queues = new Map<Database, Map<Key, Set<Waiting>>>();
  #ready = new Map<Database, Set<Key>>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** How many keys somebody waits for. */
  get keyCount(): number {
    let count = 0;
    for (const keys of this.#queues.values()) count += keys.size;
    return count;
  }

  /** How many do not wait for ever. */
  get impatientCount(): number {
    return this.#deadlines.size;
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  of(client: Client): Waiting | undefined {
    return this.#waiting.get(client);
  }

  add(waiting: Waiting): void {
    this.#waiting.set(waiting.client, waiting);
    if (isImpatient(waiting)) this.#deadlines.add(waiting);
    let keys = this.#queues.get(waiting.db);
    if (keys === undefined) {
      keys = new Map();
      this.#queues.set(waiting.db, keys);
    }
    for (const key of waiting.wait.keys) {
      const queue = keys.get(key);
      if (queue === undefined) keys.set(key, new Set([waiting]));
      else queue.add(waiting);
    }
  }

  remove(client: Client): Waiting | undefined {
    const waiting = this.#waiting.get(client);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(client);
    if (isImpatient(waiting)) this.#deadlines.remove(waiting);
    const keys = this.#queues.get(waiting.db);
    for (const key of waiting.wait.keys) {
      const queue = keys?.get(key);
      queue?.delete(waiting);
      if (queue?.size === 0) keys?.delete(key);
    }
    if (keys?.size === 0) this.#queues.delete(waiting.db);
    return waiting;
  }

  /** `key` has changed: if somebody waits for it, it is looked at when the unit has ended. */
  touched(db: Database, key: Key): void {
    if (this.#queues.get(db)?.has(key)) this.#addReady(db, key);
  }

  /** The contents of databases were exchanged: every key that somebody waits for in them is looked at. */
  swapped(db: Database): void {
    for (const key of this.#queues.get(db)?.keys() ?? []) this.#addReady(db, key);
  }

  /** The keys that have changed since the last call, each once, in order. */
  takeReady(): ReadonlyMap<Database, ReadonlySet<Key>> {
    const ready = this.#ready;
    this.#ready = new Map();
    return ready;
  }

  /** Who waits for `key`, the longest first. May be changed while it is walked. */
  queueOf(db: Database, key: Key): Iterable<Waiting> {
    return this.#queues.get(db)?.get(key) ?? [];
  }

  #addReady(db: Database, key: Key): void {
    const keys = this.#ready.get(db);
    if (keys === undefined) this.#ready.set(db, new Set([key]));
    else keys.add(key);
  }

  /** When the first of those that do not wait for ever gives up, ms; undefined if nobody does. */
  get nextDeadlineMs(): number | undefined {
    return this.#deadlines.first?.deadlineMs;
  }

  /** Those whose time is over, the longest overdue first. */
  overdue(nowMs: number): Waiting[] {
    return this.#deadlines.dueAt(nowMs).sort((a, b) => a.deadlineMs - b.deadlineMs || a.client.id - b.client.id);
  }
}
