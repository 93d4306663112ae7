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
import { type CommandNames, OWN_NAMES } from './command-names.ts';
import { type KeyPlace, KeySet } from './key-place.ts';
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
  /** Keys that may be wrong. */
  readonly doubtfulKeys: readonly KeyPlace[];
  /** The first record behind a hole selects no database: a lost one may have. */
  readonly isDatabaseDoubtful: boolean;
}

/** A record, and the database that it works on in the log that is kept. */
interface PlacedRecord {
  readonly record: RecognisedRecord;
  readonly database: number;
}

/** Commands after which their keys do not depend on what was there before. */
const OVERWRITING = new Set(['set', 'setex', 'psetex', 'mset', 'del', 'unlink', 'getset', 'getdel', 'restore']);

/**
 * @param from where the file stops being good
 * @param database that is selected there
 * @param later files behind this one, in order: they are kept, and may build on what is lost here
 * @throws DiskError
 */
export async function salvageBehind(
  file: DiskFile,
  from: number,
  database: number,
  later: readonly DiskFile[] = [],
  names: CommandNames = OWN_NAMES,
): Promise<Salvage> {
  const collector = new SalvageCollector(database);
  await recogniseRecords(
    file,
    from,
    (record) => collector.add(record),
    (record) => collector.addBroken(record),
    names,
  );
  for (const next of later) {
    collector.beginNextFile();
    await recogniseRecords(next, 0, (record) => collector.follow(record), undefined, names);
  }
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
  readonly #doubtful = new KeySet();
  readonly #sound = new KeySet();
  readonly #lost = new LossCounter();
  #records = 0;
  /** End of the last record; -1 before the first. */
  #end = -1;
  /** The open transaction: where it begins, and what is in it. */
  #transaction: { readonly records: PlacedRecord[]; readonly databaseBefore: number } | undefined;
  /** Keys since the last hole, as long as they may be those of a transaction whose beginning it took. */
  #behindGap: KeyPlace[] | undefined;
  /** Of what is kept: a lost SELECT changes nothing, as for the server that loads it. */
  #database: number;
  #isDatabaseDoubtful = false;
  #hasSelected = false;

  constructor(database: number) {
    this.#database = database;
  }

  add(record: RecognisedRecord): void {
    if (record.offset !== this.#end) this.#gap();
    this.#end = record.end;
    if (record.name === 'multi') return this.#multi(record);
    if (record.name === 'select') this.#database = record.databases[0] ?? this.#database;
    const placed = { record, database: this.#database };
    if (this.#transaction !== undefined) this.#transaction.records.push(placed);
    if (record.name === 'exec') return this.#exec(record);
    if (this.#transaction !== undefined) return;
    this.#keep(record);
    this.#judgeDatabase(placed);
    this.#judgeKeys(placed);
    this.#noteBehindGap(placed);
  }

  /** A record that cannot be kept: what it was to do to its keys is lost. */
  addBroken(record: BrokenRecord): void {
    this.#gap();
    this.#lose(record, this.#database);
  }

  /** What comes now is in a file that is kept as it is. A server begins each with database 0. */
  beginNextFile(): void {
    this.#abandonTransaction();
    this.#database = 0;
  }

  /** A record of such a file. */
  follow(record: RecognisedRecord): void {
    if (record.name === 'select') this.#database = record.databases[0] ?? this.#database;
    this.#judgeKeys({ record, database: this.#database });
  }

  /** @param size of all of the damaged file that was looked through, bytes */
  finish(size: number): Salvage {
    this.#abandonTransaction();
    const bytes = this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
    return {
      ranges: this.#ranges,
      records: this.#records,
      bytes,
      loss: this.#lost.loss(size - bytes),
      doubtfulKeys: this.#doubtful.first(),
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
    const database = this.#database;
    this.#transaction = { records: [{ record, database }], databaseBefore: database };
  }

  #exec(record: RecognisedRecord): void {
    if (this.#transaction === undefined) {
      // The first half of this transaction is lost: the second half alone was never true.
      for (const place of this.#behindGap ?? []) this.#doubt(place);
      this.#lose(record, this.#database);
    } else {
      for (const one of this.#transaction.records) {
        this.#keep(one.record);
        this.#judgeDatabase(one);
        this.#judgeKeys(one);
      }
    }
    this.#transaction = undefined;
    this.#behindGap = undefined;
  }

  #abandonTransaction(): void {
    if (this.#transaction === undefined) return;
    for (const { record, database } of this.#transaction.records) this.#lose(record, database);
    this.#database = this.#transaction.databaseBefore;
    this.#transaction = undefined;
  }

  #lose(record: BrokenRecord, database: number): void {
    this.#lost.add(record, database);
    for (const key of record.keys) this.#doubt({ database, key });
  }

  #keep({ offset, end }: RecognisedRecord): void {
    this.#records++;
    const last = this.#ranges.at(-1);
    if (last?.[1] === offset) last[1] = end;
    else this.#ranges.push([offset, end]);
  }

  #judgeDatabase({ record: { name } }: PlacedRecord): void {
    if (name === 'select') this.#hasSelected = true;
    else if (name !== 'multi' && name !== 'exec' && !this.#hasSelected) this.#isDatabaseDoubtful = true;
  }

  #judgeKeys({ record: { name, keys, databases }, database }: PlacedRecord): void {
    if (name === 'flushall') this.#doubtful.clear();
    if (name === 'flushdb') this.#doubtful.clear(database);
    if (name === 'swapdb') this.#swap(databases);
    for (const key of keys) {
      const place = { database, key };
      if (OVERWRITING.has(name)) {
        if (this.#sound.size < MAX_SOUND) this.#sound.add(place);
        this.#doubtful.delete(place);
      } else if (!this.#sound.has(place)) this.#doubt(place);
    }
    // What is moved or copied arrives in another database.
    if (name === 'select' || name === 'swapdb') return;
    const arriving = name === 'copy' ? keys.slice(1) : keys;
    for (const target of databases) for (const key of arriving) this.#doubt({ database: target, key });
  }

  #swap([one, other]: readonly number[]): void {
    if (one === undefined || other === undefined) return;
    this.#doubtful.swap(one, other);
    this.#sound.swap(one, other);
  }

  #doubt(place: KeyPlace): void {
    this.#sound.delete(place);
    if (this.#doubtful.size < MAX_DOUBTFUL) this.#doubtful.add(place);
  }

  #noteBehindGap({ record, database }: PlacedRecord): void {
    if (this.#behindGap === undefined) return;
    for (const key of record.keys) this.#behindGap.push({ database, key });
    if (this.#behindGap.length > MAX_BEHIND_GAP) this.#behindGap = undefined;
  }
}
