/**
 * Puts what an RDB part holds straight into the keyspace, without commands.
 *
 * Invariants: keys whose time has passed are kept, for records behind the RDB part may build on them; what this server
 * cannot hold is told to the operator, kind by kind and once, and never silently left out.
 *
 * Source: Redis rdb.c, rdbLoadRioWithLoadingCtx.
 */
import type { Database } from '@aof/keyspace';
import { entryToValue, extendValue, type KeyspaceLossCode, type RdbEntry, type RdbKeyEntry } from '@aof/rdb';
import type { Engine } from './engine.ts';

const LOSSES = {
  'hash-field-expiry': 'field expiries',
  'stream-unowned-pending': 'pending entries without owner',
  'stream-producers': 'producers of streams',
} as const satisfies Record<KeyspaceLossCode, string>;

type Loss = (typeof LOSSES)[KeyspaceLossCode] | 'function libraries' | 'module values' | 'module data' | 'empty keys';

export class KeyspaceEntryApplier {
  readonly #engine: Engine;
  readonly #losses = new Map<Loss, number>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @returns why the entry cannot be taken, or undefined @throws RdbError the entry contradicts itself */
  apply(entry: RdbEntry): string | undefined {
    switch (entry.kind) {
      case 'key':
        return this.#applyKey(entry);
      case 'function':
        this.#count('function libraries');
        return undefined;
      case 'module-skipped':
        this.#count(entry.key === undefined ? 'module data' : 'module values');
        return undefined;
      case 'key-skipped':
        return `The key '${entry.key}' is of the type ${entry.encoding}, which this server does not have`;
      case 'empty-key':
        this.#count('empty keys');
        return undefined;
      case 'end':
        this.#report();
        return undefined;
      default:
        return undefined;
    }
  }

  #applyKey(entry: RdbKeyEntry): string | undefined {
    const { databases, thresholds } = this.#engine.keyspace;
    const db = databases[entry.database];
    if (db === undefined)
      return `Database ${entry.database} is beyond the ${databases.length} databases of this server`;
    const isFirst = entry.part === 0;
    const present = db.peek(entry.key);
    if (!isFirst) {
      if (present === undefined) throw new Error('bug: a part of a value that has not begun');
      this.#countAll(extendValue(present, entry, thresholds));
      return undefined;
    }
    if (present !== undefined) return `The key '${entry.key}' comes twice in database ${entry.database}`;
    this.#begin(db, entry);
    return undefined;
  }

  #begin(db: Database, entry: RdbKeyEntry): void {
    const { value, lost } = entryToValue(entry, this.#engine.keyspace.thresholds);
    db.set(entry.key, value);
    if (entry.expireAtMs >= 0) db.setExpire(entry.key, entry.expireAtMs);
    if (entry.idleSec !== undefined) db.setIdle(entry.key, entry.idleSec);
    if (entry.frequency !== undefined) db.setFrequency(entry.key, entry.frequency);
    if (entry.frequency !== undefined) db.setFrequency(entry.key, entry.frequency);
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
      this.#engine.log('warning', `The RDB part holds what this server does not keep: ${loss} (${count})`);
    }
  }
}
