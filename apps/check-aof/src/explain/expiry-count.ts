/**
 * Counts what becomes of expiries: how many keys get one, and how they lose it.
 *
 * Invariant: given = deleted + persisted + flushed + those that still have one; `flushed` is what the others leave.
 */
import { type Database, NO_EXPIRY } from '@aof/keyspace';
import type { KeyShare } from '@aof/log-statistics';
import type { ExpiryChurn } from './explanation.ts';

/** Records of so many keys are rare; room for more is made when they come. */
const USUAL_KEYS = 8;

/** A record as far as expiry goes. */
export interface ExpiringRecord {
  readonly command: string;
  /** When it happened, if the log says. */
  readonly timeSec: number | undefined;
  /** How many keys a key stands for; 0: it is not followed. */
  readonly weightOf: (key: string) => number;
  /** A key with an expiry is gone. */
  readonly onDeleted: (key: string, weight: number) => void;
}

export class ExpiryCount {
  #given = 0;
  #deleted = 0;
  #deletedByExpiry = 0;
  #persisted = 0;
  /** The expiries of the keys of a record before it is applied. */
  #before = new Float64Array(USUAL_KEYS);

  /** To be called before a record is applied. */
  before(db: Database, keys: readonly KeyShare[]): void {
    if (keys.length > this.#before.length) this.#before = new Float64Array(2 * keys.length);
    const before = this.#before;
    const hasExpiries = db.expiringCount > 0;
    for (let i = 0; i < keys.length; i++) before[i] = hasExpiries ? db.expireAt(keys[i]?.key ?? '') : NO_EXPIRY;
  }

  /** To be called behind it, with the same keys. */
  after(db: Database, keys: readonly KeyShare[], record: ExpiringRecord): void {
    for (let i = 0; i < keys.length; i++) {
      const share = keys[i];
      const before = this.#before[i] ?? NO_EXPIRY;
      if (share === undefined || !share.isWrite) continue;
      const isExpiring = db.expiringCount > 0 && db.expireAt(share.key) !== NO_EXPIRY;
      if (isExpiring === (before !== NO_EXPIRY)) continue;
      const weight = record.weightOf(share.key);
      if (isExpiring) this.#given += weight;
      else if (weight > 0)
        this.#lost(db, share.key, { ...record, weight, expireAtMs: before, isAlone: keys.length === 1 });
    }
  }

  #lost(
    db: Database,
    key: string,
    { command, timeSec, weight, expireAtMs, isAlone, onDeleted }: ExpiringRecord & Lost,
  ): void {
    if (db.peek(key) !== undefined) {
      this.#persisted += weight;
      return;
    }
    if (command === 'RENAME' || command === 'RENAMENX' || command === 'MOVE') return;
    this.#deleted += weight;
    onDeleted(key, weight);
    // A server deletes what has expired by a record of its own. The log's time is the second that the record is of.
    const isDeletion = isAlone && (command === 'DEL' || command === 'UNLINK');
    if (isDeletion && timeSec !== undefined && expireAtMs < (timeSec + 1) * 1000) this.#deletedByExpiry += weight;
  }

  /** A key came with an expiry, from an RDB part. */
  given(weight: number): void {
    this.#given += weight;
  }

  /**
   * @param due keys that still have an expiry, which has passed
   * @param waiting and which has not
   * @param hasTimes the log says when
   */
  result(due: number, waiting: number, hasTimes: boolean): ExpiryChurn {
    const given = Math.round(this.#given);
    const deleted = Math.round(this.#deleted);
    const persisted = Math.round(this.#persisted);
    return {
      given,
      deleted,
      deletedByExpiry: hasTimes ? Math.round(this.#deletedByExpiry) : undefined,
      persisted,
      flushed: Math.max(0, given - deleted - persisted - due - waiting),
      due,
      waiting,
    };
  }
}

/** A key that had an expiry and has none any more. */
interface Lost {
  readonly weight: number;
  readonly expireAtMs: number;
  /** The record is about no other key. */
  readonly isAlone: boolean;
}
