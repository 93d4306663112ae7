/**
 * Under `appendfsync always`, while clients read beside others that write: who has seen data that is not durable yet.
 *
 * A reply may leave before a sync only if a crash could not make it untrue. Writers wait for their own records; readers
 * wait if a key that they read has changed since the last completed sync; whatever cannot be judged by its keys waits.
 *
 * Invariant: a client that has seen a change at log offset n has `hasSeenUnsynced` until n is durable or its replies
 * of that tick are held.
 */
import { type Client, type Command, type ExecutionObserver, keyPositions } from '@aof/commands';
import type { Database, Key } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';

interface Batch {
  readonly until: number;
  readonly keys: ReadonlyMap<Database, ReadonlySet<Key>>;
  readonly isEverything: boolean;
}

/** Groups of commands that neither read nor change the data set. */
const FREE_GROUPS: ReadonlySet<string> = new Set(['connection']);

export class SyncBarrier implements ExecutionObserver {
  /** Changes since the last flush. */
  #current = new Map<Database, Set<Key>>();
  #isEverything = false;
  /** Changes that were written and are not known to be durable, oldest first. */
  #batches: Batch[] = [];

  /** `key` has changed. */
  touched(db: Database, key: Key): void {
    const keys = this.#current.get(db);
    if (keys === undefined) this.#current.set(db, new Set([key]));
    else keys.add(key);
  }

  /** Begins to watch: what was written before is not known key by key, and durable once the log is, up to `until`. */
  start(until: number): void {
    this.#current = new Map();
    this.#isEverything = false;
    this.#batches = [{ until, keys: new Map(), isEverything: true }];
  }

  /** A command has run: decides whether its client has to wait. */
  executed(client: Client, db: Database, command: Command, request: Request): void {
    // Also of a client that waits already: others have to know.
    if (client.queue === undefined && changesUnnamedKeys(command)) this.#isEverything = true;
    if (!client.hasSeenUnsynced) client.hasSeenUnsynced = this.#mustWait(client, db, command, request);
  }

  /** The log was flushed: what has changed is durable once the log is durable up to `until`. */
  flushed(until: number): void {
    if (this.#current.size > 0 || this.#isEverything) {
      this.#batches.push({ until, keys: this.#current, isEverything: this.#isEverything });
      this.#current = new Map();
      this.#isEverything = false;
    }
  }

  /** The log is durable up to `offset`. */
  synced(offset: number): void {
    let done = 0;
    while ((this.#batches[done]?.until ?? Number.POSITIVE_INFINITY) <= offset) done++;
    if (done > 0) this.#batches.splice(0, done);
  }

  #mustWait(client: Client, db: Database, command: Command, request: Request): boolean {
    const { spec } = command;
    if (client.queue !== undefined || FREE_GROUPS.has(spec.group)) return false;
    const keySpecs = spec.keySpecs ?? [];
    const hasKeys = keySpecs.length > 0;
    if (!command.isReadonly || !hasKeys) return true;
    // SORT … BY and GET read keys that no specification names.
    if (keySpecs.some(({ flags, find }) => find === 'unknown' || flags.includes('incomplete'))) return true;
    if (this.#isEverything || this.#batches.some((batch) => batch.isEverything)) return true;
    if (this.#current.size === 0 && this.#batches.length === 0) return false;
    const positions = keyPositions(command, request);
    return positions === undefined || positions.some(({ index }) => this.#isUnsynced(db, request.latin1(index)));
  }

  #isUnsynced(db: Database, key: Key): boolean {
    if (this.#current.get(db)?.has(key)) return true;
    return this.#batches.some((batch) => batch.keys.get(db)?.has(key));
  }
}

/** FLUSHALL, SWAPDB, EXEC: what they change is not told key by key. */
function changesUnnamedKeys({ spec, isWrite }: Command): boolean {
  const hasKeys = (spec.keySpecs ?? []).length > 0;
  return !hasKeys && (isWrite || spec.group === 'transactions');
}
