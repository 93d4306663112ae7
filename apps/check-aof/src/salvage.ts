/**
 * What can be saved behind a hole: the records that can still be recognised, and the keys that may be wrong because of those that
 * cannot.
 *
 * Rules: a transaction that the hole cuts in two is left out from its MULTI on; an EXEC whose MULTI is lost is left out. A key
 * may be wrong if a record behind the hole builds on what it held; one that is overwritten as a whole is right again.
 */
import type { DiskFile } from '@aof/disk';
import { type RecognisedRecord, recogniseRecords } from './recognise-records.ts';

export interface Salvage {
  /** Pieces of the file that are kept, in order: byte offsets, the end exclusive. */
  readonly ranges: readonly (readonly [start: number, end: number])[];
  readonly records: number;
  readonly bytes: number;
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
  await recogniseRecords(file, from, (record) => collector.add(record));
  return collector.finish();
}

class SalvageCollector {
  readonly #ranges: [start: number, end: number][] = [];
  readonly #doubtful = new Set<string>();
  readonly #sound = new Set<string>();
  #records = 0;
  /** End of the last record; -1 before the first. */
  #end = -1;
  /** Where the open transaction begins, and how many records came before it. */
  #multi: { readonly offset: number; readonly records: number } | undefined;
  #isDatabaseDoubtful = false;
  #hasSelected = false;

  add(record: RecognisedRecord): void {
    if (record.offset !== this.#end) this.#gap();
    this.#end = record.end;
    if (record.name === 'exec' && this.#multi === undefined) return;
    if (record.name === 'multi') {
      if (this.#multi !== undefined) this.#abandonTransaction();
      this.#multi = { offset: record.offset, records: this.#records };
    } else if (record.name === 'exec') this.#multi = undefined;
    this.#keep(record);
    this.#judgeKeys(record);
  }

  finish(): Salvage {
    this.#abandonTransaction();
    return {
      ranges: this.#ranges,
      records: this.#records,
      bytes: this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0),
      doubtfulKeys: [...this.#doubtful],
      isDatabaseDoubtful: this.#isDatabaseDoubtful,
    };
  }

  #gap(): void {
    this.#abandonTransaction();
    // What was sound may have been changed in the gap.
    this.#sound.clear();
    this.#hasSelected = false;
  }

  #keep({ offset, end }: RecognisedRecord): void {
    this.#records++;
    const last = this.#ranges.at(-1);
    if (last?.[1] === offset) last[1] = end;
    else this.#ranges.push([offset, end]);
  }

  #abandonTransaction(): void {
    if (this.#multi === undefined) return;
    const { offset, records } = this.#multi;
    this.#multi = undefined;
    this.#records = records;
    const last = this.#ranges.at(-1);
    if (last === undefined) return;
    // A transaction lies in one range: a gap ends both.
    if (last[0] >= offset) this.#ranges.pop();
    else last[1] = offset;
  }

  #judgeKeys({ name, keys }: RecognisedRecord): void {
    if (name === 'select') this.#hasSelected = true;
    else if (name !== 'multi' && name !== 'exec' && !this.#hasSelected) this.#isDatabaseDoubtful = true;
    if (FLUSHING.has(name)) this.#doubtful.clear();
    for (const key of keys) {
      if (OVERWRITING.has(name)) {
        this.#sound.add(key);
        this.#doubtful.delete(key);
      } else if (!this.#sound.has(key)) this.#doubtful.add(key);
    }
  }
}
