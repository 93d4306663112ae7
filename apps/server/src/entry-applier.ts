/**
 * Puts what an RDB part or file holds straight into the keyspace, without commands.
 *
 * Invariants: keys whose time has passed are kept where records may build on them, which is behind an RDB part; function libraries are
 * kept to be written back; what is of a module, or of a type that this server does not have, ends the load, as in Redis; what else
 * this server cannot hold is told to the operator, kind by kind and once.
 *
 * Source: Redis rdb.c, rdbLoadRioWithLoadingCtx.
 */
import { type Database, NO_EXPIRY } from '@aof/keyspace';
import {
  entryToValue,
  extendValue,
  type KeyAttributes,
  type KeyspaceLossCode,
  type PackedCollection,
  packedToValue,
  type RdbEntry,
  type RdbKeyEntry,
  type RdbModuleSkippedEntry,
} from '@aof/rdb';
import type { Engine } from './engine.ts';

const LOSSES = {
  'hash-field-expiry': 'field expiries',
  'stream-unowned-pending': 'pending entries without owner',
  'stream-producers': 'producers of streams',
} as const satisfies Record<KeyspaceLossCode, string>;

type Loss = (typeof LOSSES)[KeyspaceLossCode] | 'empty keys';

export interface EntryApplierOptions {
  /** Keys that have expired by then, ms since the Unix epoch, are left out. By default none is. */
  readonly leavesOutExpiredAtMs?: number;
  /** Keys that are there already are replaced; by default they end the load. */
  readonly replaces?: boolean;
}

export class KeyspaceEntryApplier {
  loadedKeys = 0;
  expiredKeys = 0;
  readonly #engine: Engine;
  readonly #options: EntryApplierOptions;
  /** The parts that come are of a key that is left out. */
  #isLeftOut = false;
  readonly #losses = new Map<Loss, number>();

  constructor(engine: Engine, options: EntryApplierOptions = {}) {
    this.#engine = engine;
    this.#options = options;
  }

  /** @returns why the entry cannot be taken, or undefined @throws RdbError the entry contradicts itself */
  apply(entry: RdbEntry): string | undefined {
    switch (entry.kind) {
      case 'key':
        return this.#applyKey(entry);
      case 'function':
        this.#keep(entry.code);
        return undefined;
      case 'module-skipped':
        return moduleRefusal(entry);
      case 'key-skipped':
        return `The key '${entry.key}' is of the type ${entry.encoding}, which this server does not have`;
      case 'empty-key':
        this.#count('empty keys');
        return undefined;
      case 'resize':
        this.#engine.keyspace.databases[entry.database]?.reserve(entry.keys);
        return undefined;
      case 'end':
        this.#report();
        return undefined;
      default:
        return undefined;
    }
  }

  /** @returns why the key cannot be taken, or undefined. See StringApplier. */
  applyString(
    database: number,
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    attributes: Readonly<KeyAttributes>,
  ): string | undefined {
    const { databases } = this.#engine.keyspace;
    const db = databases[database];
    if (db === undefined) return beyond(database, databases.length);
    const { expireAtMs, idleSec, frequency } = attributes;
    if (this.#hasExpired(attributes)) return undefined;
    const sizeBefore = db.size;
    db.setBytes(bytes, keyStart, keyEnd, valueStart, valueEnd, expireAtMs >= 0 ? expireAtMs : NO_EXPIRY);
    // What was there is gone then, which matters to nobody: the load ends.
    if (db.size === sizeBefore && this.#options.replaces !== true) {
      return twice(latin1Of(bytes, keyStart, keyEnd), database);
    }
    if (idleSec !== undefined || frequency !== undefined) setUsage(db, latin1Of(bytes, keyStart, keyEnd), attributes);
    this.loadedKeys++;
    return undefined;
  }

  /** See KeyForeseer. */
  foreseeKey(database: number, bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    this.#engine.keyspace.databases[database]?.foreseeBytes(bytes, keyStart, keyEnd);
  }

  /** See PackedTaker. Whatever is unusual about a key is left to `apply`. */
  takePacked(
    database: number,
    key: string,
    collection: Readonly<PackedCollection>,
    attributes: Readonly<KeyAttributes>,
  ): boolean {
    const { databases, thresholds } = this.#engine.keyspace;
    const db = databases[database];
    const { expireAtMs } = attributes;
    if (db === undefined || this.#isPast(expireAtMs) || db.peek(key) !== undefined) return false;
    const value = packedToValue(collection, thresholds);
    if (value === undefined) return false;
    db.set(key, value);
    if (expireAtMs >= 0) db.setExpire(key, expireAtMs);
    setUsage(db, key, attributes);
    this.loadedKeys++;
    return true;
  }

  #keep(code: string): void {
    const { functionLibraries, log } = this.#engine;
    if (functionLibraries.isEmpty)
      log(
        'warning',
        'The RDB file has function libraries: this server cannot run them, but keeps them for the files that it writes',
      );
    functionLibraries.keep(code);
  }

  #applyKey(entry: RdbKeyEntry): string | undefined {
    const { databases, thresholds } = this.#engine.keyspace;
    const db = databases[entry.database];
    if (db === undefined) return beyond(entry.database, databases.length);
    const isFirst = entry.part === 0;
    if (isFirst) this.#isLeftOut = this.#hasExpired(entry);
    if (this.#isLeftOut) return undefined;
    const present = db.peek(entry.key);
    if (!isFirst) {
      if (present === undefined) throw new Error('bug: a part of a value that has not begun');
      this.#countAll(extendValue(present, entry, thresholds));
      return undefined;
    }
    if (present !== undefined) {
      if (this.#options.replaces !== true) return twice(entry.key, entry.database);
      db.remove(entry.key);
    }
    this.#begin(db, entry);
    this.loadedKeys++;
    return undefined;
  }

  #hasExpired({ expireAtMs }: Pick<KeyAttributes, 'expireAtMs'>): boolean {
    if (!this.#isPast(expireAtMs)) return false;
    this.expiredKeys++;
    return true;
  }

  /** Whether a key is left out that expires then. */
  #isPast(expireAtMs: number): boolean {
    const { leavesOutExpiredAtMs } = this.#options;
    return leavesOutExpiredAtMs !== undefined && expireAtMs >= 0 && expireAtMs < leavesOutExpiredAtMs;
  }

  #begin(db: Database, entry: RdbKeyEntry): void {
    const { value, lost } = entryToValue(entry, this.#engine.keyspace.thresholds);
    db.set(entry.key, value);
    if (entry.expireAtMs >= 0) db.setExpire(entry.key, entry.expireAtMs);
    setUsage(db, entry.key, entry);
    this.#countAll(lost);
  }

  #countAll(codes: readonly KeyspaceLossCode[]): void {
    for (const code of codes) this.#count(LOSSES[code]);
  }

  #count(loss: Loss): void {
    this.#losses.set(loss, (this.#losses.get(loss) ?? 0) + 1);
  }

  #report(): void {
    for (const [loss, count] of this.#losses) {
      this.#engine.log('warning', `The RDB file holds what this server does not keep: ${loss} (${count})`);
    }
  }
}

type Usage = Partial<Pick<KeyAttributes, 'idleSec' | 'frequency'>>;

function setUsage(db: Database, key: string, { idleSec, frequency }: Usage): void {
  if (idleSec !== undefined) db.setIdle(key, idleSec);
  if (frequency !== undefined) db.setFrequency(key, frequency);
}

function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

function beyond(database: number, count: number): string {
  return `Database ${database} is beyond the ${count} databases of this server`;
}

function twice(key: string, database: number): string {
  return `The key '${key}' comes twice in database ${database}`;
}

/** Only the module could give its data back: with them lost, the next save would lose them for good. */
function moduleRefusal({ key, moduleType }: RdbModuleSkippedEntry): string {
  const what = key === undefined ? 'AUX module data' : `module data under '${key}'`;
  return `The RDB file contains ${what} that this server can't load: no matching module type '${moduleType}'`;
}
