/** Keys with their databases: `a` of database 0 and `a` of database 3 are two keys. */
import type { Request } from '@aof/resp-codec';
import { describeText } from './describe-record.ts';

export interface KeyPlace {
  readonly database: number;
  /** Latin1, a character per byte. */
  readonly key: string;
}

/** A set of keys, in the order in which they came. */
export class KeySet {
  #ids = new Set<string>();

  get size(): number {
    return this.#ids.size;
  }

  add(place: KeyPlace): void {
    this.#ids.add(idOf(place));
  }

  delete(place: KeyPlace): void {
    this.#ids.delete(idOf(place));
  }

  has(place: KeyPlace): boolean {
    return this.#ids.has(idOf(place));
  }

  /** @param database only its keys; default all */
  clear(database?: number): void {
    if (database === undefined) this.#ids.clear();
    else for (const id of this.#ids) if (placeOf(id).database === database) this.#ids.delete(id);
  }

  /** What SWAPDB does. */
  swap(one: number, other: number): void {
    const swapped = [...this.#ids].map((id) => {
      const { database, key } = placeOf(id);
      return idOf({ database: database === one ? other : database === other ? one : database, key });
    });
    this.#ids = new Set(swapped);
  }

  /** The first ones. */
  first(count = this.#ids.size): KeyPlace[] {
    const found: KeyPlace[] = [];
    for (const id of this.#ids) {
      if (found.length >= count) break;
      found.push(placeOf(id));
    }
    return found;
  }
}

function idOf({ database, key }: KeyPlace): string {
  return `${database} ${key}`;
}

function placeOf(id: string): KeyPlace {
  const space = id.indexOf(' ');
  return { database: Number(id.slice(0, space)), key: id.slice(space + 1) };
}

/** `user:1`, or `user:1 (db 3)`. */
export function placeText({ database, key }: KeyPlace): string {
  return database === 0 ? describeText(key) : `${describeText(key)} (db ${database})`;
}

/** The databases that a command names: that of SELECT, the target of MOVE and COPY, both of SWAPDB. */
export function databasesOf(request: Request): readonly number[] {
  if (request.is(0, 'select')) return databasesAt(request, 1);
  if (request.is(0, 'move')) return databasesAt(request, 2);
  if (request.is(0, 'swapdb')) return [...databasesAt(request, 1), ...databasesAt(request, 2)];
  if (!request.is(0, 'copy')) return [];
  // COPY source destination [DB n] [REPLACE]
  for (let i = 3; i + 1 < request.count; i++) if (request.is(i, 'db')) return databasesAt(request, i + 1);
  return [];
}

function databasesAt(request: Request, index: number): number[] {
  const database = index < request.count ? request.integer(index) : undefined;
  return typeof database === 'number' ? [database] : [];
}

/** Follows SELECT through the records of one file, as a server does that loads it. */
export class DatabaseTracker {
  #database = 0;
  #beforeTransaction: number | undefined;

  /** As it is where the last record outside a transaction ends. */
  get settled(): number {
    return this.#beforeTransaction ?? this.#database;
  }

  passed(request: Request): void {
    if (request.is(0, 'select')) this.#database = databasesOf(request)[0] ?? this.#database;
    else if (request.is(0, 'multi')) this.#beforeTransaction = this.#database;
    else if (request.is(0, 'exec')) this.#beforeTransaction = undefined;
  }
}
