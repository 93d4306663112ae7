/**
 * What can be saved behind a hole: the records that can still be recognised, and the keys that may be wrong because of those that
 * cannot.
 *
 * Rules: a transaction of which the hole took the end is left out; of one of which it took the beginning the EXEC is left out. A
 * key may be wrong if a record that is left out names it, if it is in half a transaction, or if a record behind the hole builds on
 * what it held; one that is overwritten as a whole is right again.
 */
import type { DiskFile } from '@aof/disk';
import type { BrokenRecord } from './broken-record.ts';
import type { Loss } from './loss.ts';
import { LossCounter } from './measure-loss.ts';
import { type RecognisedRecord, recogniseRecords } from './recognise-records.ts';

export interface Salvage {
  /** Pieces of the file that are kept, in order: byte offsets, the end exclusive. */
  readonly ranges: readonly (readonly [start: number, end: number])[];
  readonly records: number;
  readonly bytes: number;
  /** What is not kept. */
  readonly loss: Loss;
  /** Keys that may be wrong, a character per byte. */
  readonly doubtfulKeys: readonly string[];
  /** The first record behind a hole selects no database: a lost one may have. */
  readonly isDatabaseDoubtful: boolean;
}

/** Commands after which their keys do not depend on what was there before. */
const OVERWRITING = new Set(['set', 'setex', 'psetex', 'mset', 'del', 'unlink', 'getset', 'getdel', 'restore']);
const FLUSHING = new Set(['flushall', 'flushdb']);

/** @param from where the file stops being good @throws DiskError */
export async function salvageBehind(file: DiskFile, from: number): Promise<Salvage> {
  const collector = new SalvageCollector();
  await recogniseRecords(
    file,
    from,
    (record) => collector.add(record),
    (record) => collector.addBroken(record),
  );
  return collector.finish(file.size() - from);
}

/** Keys that are told apart; beyond, a key may be called doubtful that is not. */
const MAX_SOUND = 1_000_000;
/** Doubtful keys that are named; beyond, they are too many to look at. */
const MAX_DOUBTFUL = 1_000_000;
/** A transaction of which a hole took the beginning is looked for in so many keys behind the hole. */
const MAX_BEHIND_GAP = 100_000;

class SalvageCollector {
  readonly #ranges: [start: number, end: number][] = [];
  readonly #doubtful = new Set<string>();
  readonly #sound = new Set<string>();
  readonly #lost = new LossCounter();
  #records = 0;
  /** End of the last record; -1 before the first. */
  #end = -1;
  /** The open transaction: where it begins, and what is in it. */
  #transaction: { readonly offset: number; readonly records: RecognisedRecord[] } | undefined;
  /** Keys since the last hole, as long as they may be those of a transaction whose beginning it took. */
  #behindGap: string[] | undefined;
  #isDatabaseDoubtful = false;
  #hasSelected = false;

  add(record: RecognisedRecord): void {
    if (record.offset !== this.#end) this.#gap();
    this.#end = record.end;
    if (record.name === 'multi') return this.#multi(record);
    if (this.#transaction !== undefined) this.#transaction.records.push(record);
    if (record.name === 'exec') return this.#exec(record);
    if (this.#transaction !== undefined) return;
    this.#keep(record);
    this.#judgeKeys(record);
    this.#noteBehindGap(record);
  }

  /** A record that cannot be kept: what it was to do to its keys is lost. */
  addBroken(record: BrokenRecord): void {
    this.#gap();
    this.#lose(record);
  }

  /** @param size of all that was looked through, bytes */
  finish(size: number): Salvage {
    this.#abandonTransaction();
    const bytes = this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
    return {
      ranges: this.#ranges,
      records: this.#records,
      bytes,
      loss: this.#lost.loss(size - bytes),
      doubtfulKeys: [...this.#doubtful],
      isDatabaseDoubtful: this.#isDatabaseDoubtful,
    };
  }

  #gap(): void {
    this.#abandonTransaction();
    // What was sound may have been changed in the gap.
    this.#sound.clear();
    this.#hasSelected = false;
    this.#behindGap = [];
  }

  #multi(record: RecognisedRecord): void {
    this.#abandonTransaction();
    this.#behindGap = undefined;
    this.#transaction = { offset: record.offset, records: [record] };
  }

  #exec(record: RecognisedRecord): void {
    if (this.#transaction === undefined) {
      // The first half of this transaction is lost: the second half alone was never true.
      for (const key of this.#behindGap ?? []) this.#doubt(key);
      this.#lose(record);
    } else {
      for (const one of this.#transaction.records) {
        this.#keep(one);
        this.#judgeKeys(one);
      }
    }
    this.#transaction = undefined;
    this.#behindGap = undefined;
  }

  #abandonTransaction(): void {
    for (const record of this.#transaction?.records ?? []) this.#lose(record);
    this.#transaction = undefined;
  }

  #lose(record: BrokenRecord): void {
    this.#lost.add(record);
    for (const key of record.keys) this.#doubt(key);
  }

  #keep({ offset, end }: RecognisedRecord): void {
    this.#records++;
    const last = this.#ranges.at(-1);
    if (last?.[1] === offset) last[1] = end;
    else this.#ranges.push([offset, end]);
  }

  #judgeKeys({ name, keys }: RecognisedRecord): void {
    if (name === 'select') this.#hasSelected = true;
    else if (name !== 'multi' && name !== 'exec' && !this.#hasSelected) this.#isDatabaseDoubtful = true;
    if (FLUSHING.has(name)) this.#doubtful.clear();
    for (const key of keys) {
      if (OVERWRITING.has(name)) {
        if (this.#sound.size < MAX_SOUND) this.#sound.add(key);
        this.#doubtful.delete(key);
      } else if (!this.#sound.has(key)) this.#doubt(key);
    }
  }

  #doubt(key: string): void {
    this.#sound.delete(key);
    if (this.#doubtful.size < MAX_DOUBTFUL) this.#doubtful.add(key);
  }

  #noteBehindGap({ keys }: RecognisedRecord): void {
    if (this.#behindGap === undefined) return;
    this.#behindGap.push(...keys);
    if (this.#behindGap.length > MAX_BEHIND_GAP) this.#behindGap = undefined;
  }
}
