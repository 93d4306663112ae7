/**
 * Which clients watch which keys. A change of a watched key breaks the transactions of all who watch it.
 *
 * Databases are told apart by their object, whose contents SWAPDB exchanges; keys by database and bytes.
 */
import type { Database, Key } from '@aof/keyspace';
import type { Client, WatchedKey } from './client.ts';

export class WatchRegistry {
  readonly #byDatabase = new Map<Database, Map<Key, Set<Client>>>();

  get isEmpty(): boolean {
    return this.#byDatabase.size === 0;
  }

  watch(client: Client, watched: WatchedKey): void {
    const { db, key } = watched;
    if (client.watched.some((other) => other.db === db && other.key === key)) return;
    client.watched.push(watched);
    let keys = this.#byDatabase.get(db);
    if (keys === undefined) {
      keys = new Map();
      this.#byDatabase.set(db, keys);
    }
    const clients = keys.get(key);
    if (clients === undefined) keys.set(key, new Set([client]));
    else clients.add(client);
  }

  unwatchAll(client: Client): void {
    for (const { db, key } of client.watched) {
      const keys = this.#byDatabase.get(db);
      const clients = keys?.get(key);
      clients?.delete(client);
      if (clients?.size === 0) keys?.delete(key);
      if (keys?.size === 0) this.#byDatabase.delete(db);
    }
    client.watched = [];
    client.watchIsBroken = false;
  }

  /** `key` has changed. A key that had expired when it was watched and is now gone has not changed for its watcher. */
  touched(db: Database, key: Key): void {
    for (const client of this.#byDatabase.get(db)?.get(key) ?? []) {
      const watched = client.watched.find((item) => item.db === db && item.key === key);
      if (watched?.wasExpired && db.peek(key) === undefined) continue;
      client.watchIsBroken = true;
    }
  }

  /** All of `db` is about to be emptied or exchanged; keys that exist here or in `other` change. */
  touchedAll(db: Database, other?: Database): void {
    for (const [key, clients] of this.#byDatabase.get(db) ?? []) {
      if (db.peek(key) === undefined && other?.peek(key) === undefined) continue;
      for (const client of clients) client.watchIsBroken = true;
    }
  }
}
