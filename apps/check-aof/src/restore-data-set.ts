/**
 * The data set that a log makes up to some place, in memory: for what cannot be had by copying the log's own bytes, that is,
 * another form, or some of the keys.
 *
 * Invariant: what cannot be taken over is counted in `losses` or ends in an error; nothing is dropped in silence.
 */
import { hash } from 'node:crypto';
import { type Disk, DiskError } from '@aof/disk';
import { createGlob, type Database, digestDataset, type Keyspace, NO_EXPIRY } from '@aof/keyspace';
import { type FileEndEvent, type FoundLog, readLog } from '@aof/log-reader';
import { type RdbEntry, RdbError, type RdbLossCode } from '@aof/rdb';
import { formatDouble17, type Request } from '@aof/resp-codec';
import { asWritten, type CommandNames } from './command-names.ts';
import { describeText } from './describe-record.ts';
import { sentence } from './findings.ts';
import { isUnknownName } from './record-keys.ts';
import { Replay } from './replay.ts';
import type { CutPlace } from './restore-cut.ts';
import { RestoreError } from './restore-error.ts';
import { FunctionLibraries } from './restore-functions.ts';

/**
 * `command`: records that cannot be replayed here and were passed over; `stream-pending`: deleted stream entries that were still
 * pending, which records cannot make; the others are those of the RDB formats.
 */
export type LossCode = RdbLossCode | 'command' | 'stream-pending';

export interface Loss {
  count: number;
  /** The first ones: keys, names of commands. */
  readonly examples: string[];
}

/** What the result does not hold though the log does, by kind. */
export class Losses {
  readonly byCode = new Map<LossCode, Loss>();

  add(code: LossCode, example: string | undefined): void {
    const loss = this.byCode.get(code) ?? { count: 0, examples: [] };
    this.byCode.set(code, loss);
    loss.count++;
    if (example === undefined || loss.examples.length >= SHOWN_EXAMPLES) return;
    if (!loss.examples.includes(example)) loss.examples.push(example);
  }

  count(code: LossCode): number {
    return this.byCode.get(code)?.count ?? 0;
  }
}

const SHOWN_EXAMPLES = 10;
/** Keys looked at before others may run. */
const SCAN_STEP = 1024;

export interface DataSet {
  readonly keyspace: Keyspace;
  readonly functions: FunctionLibraries;
  readonly losses: Losses;
  readonly records: number;
}

export interface BuildOptions {
  readonly disk: Disk;
  readonly log: FoundLog;
  readonly place: CutPlace;
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: number;
  /** Passes over records that cannot be replayed here, and counts them as losses. */
  readonly skipsUnknown: boolean;
  readonly progress: (done: number, total: number) => void;
  readonly names: CommandNames;
}

/** @throws RestoreError RESTORE_UNKNOWN_COMMANDS; DiskError, LogFault */
export async function buildDataSet(options: BuildOptions): Promise<DataSet> {
  const { disk, log, place, progress, names } = options;
  const builder = new Builder(options);
  for await (const batch of readLog(disk, log, { faults: 'report', understood: names.understood })) {
    for (const event of batch) {
      if (event.kind === 'file-begin') {
        if (!builder.beginFile()) return builder.finish();
      } else if (event.kind === 'entry') builder.entry(event.entry);
      else if (event.kind === 'command') {
        if (builder.isAtPlace && event.endOffset > place.fileOffset) return builder.finish();
        builder.command(event.request);
      } else if (event.kind === 'file-end') builder.endFile(event);
    }
    progress(batch.readBytes, batch.totalBytes);
  }
  return builder.finish();
}

class Builder {
  readonly #options: BuildOptions;
  readonly #replay: Replay;
  readonly #functions = new FunctionLibraries();
  readonly #losses = new Losses();
  readonly #unknown = new Map<string, number>();
  #hasUnknownName = false;
  #fileIndex = -1;
  #records = 0;

  constructor(options: BuildOptions) {
    this.#options = options;
    this.#replay = new Replay(options.nowMs);
    let last = '';
    this.#replay.onLost = (code, key) => {
      // The parts of one value count once.
      if (`${code} ${key}` !== last) this.#losses.add(code, describeText(key));
      last = `${code} ${key}`;
    };
  }

  /** The file that is read now is the one in which the place is. */
  get isAtPlace(): boolean {
    return this.#fileIndex === this.#options.place.fileIndex;
  }

  /** @returns false if the place is before this file */
  beginFile(): boolean {
    const { fileIndex, fileOffset } = this.#options.place;
    this.#fileIndex++;
    if (this.#fileIndex > fileIndex || (this.#fileIndex === fileIndex && fileOffset === 0)) return false;
    this.#replay.beginFile();
    return true;
  }

  /** What was read well when the place was looked for must be read well again. @throws DiskError, LogFault */
  endFile({ fault, goodEndOffset }: FileEndEvent): void {
    if (fault === undefined || (this.isAtPlace && goodEndOffset >= this.#options.place.fileOffset)) return;
    throw fault.cause instanceof DiskError ? fault.cause : fault;
  }

  entry(entry: RdbEntry): void {
    if (entry.kind === 'function') return this.#functions.add(entry.code);
    if (entry.kind === 'module-skipped') return this.#losses.add('module', entry.key && describeText(entry.key));
    if (entry.kind === 'key-skipped') return this.#losses.add('key', describeText(entry.key));
    if (entry.kind === 'slot-import') return this.#losses.add('slot-import', undefined);
    if (entry.kind !== 'key') return;
    if (entry.frequency !== undefined || entry.idleSec !== undefined)
      this.#losses.add('usage', describeText(entry.key));
    const refusal = this.#refusalOf(entry);
    if (refusal === undefined) return;
    throw new RestoreError(
      'RESTORE_DAMAGED',
      `The RDB part holds what no server writes, at ${describeText(entry.key)}: ${refusal}`,
      {
        fileOffset: entry.fileOffset,
        hint: 'Repair a copy of it first: check-aof repair.',
      },
    );
  }

  #refusalOf(entry: RdbEntry): string | undefined {
    try {
      return this.#replay.applyEntry(entry);
    } catch (error) {
      if (error instanceof RdbError) return error.message;
      throw error;
    }
  }

  command(request: Request): void {
    this.#records++;
    if (request.is(0, 'function')) {
      const refusal = this.#functions.apply(request);
      if (refusal !== undefined) this.#cannot(refusal);
      return;
    }
    const { kind } = this.#replay.apply(request);
    if (kind !== 'unknown' && kind !== 'arity') return;
    this.#hasUnknownName ||= isUnknownName(request);
    this.#cannot(describeText(asWritten(request).latin1(0).toUpperCase()));
  }

  finish(): DataSet {
    if (this.#unknown.size > 0 && !this.#options.skipsUnknown) {
      const names = [...this.#unknown].map(([name, count]) => `${name} (${count})`).join(', ');
      const message = `Records that cannot be replayed here: ${names}`;
      const renamed = this.#hasUnknownName ? this.#options.names.hint : undefined;
      const hint =
        '--skip-unknown passes over them; check-aof restore without --only, --db, --target and --keep-expired copies the log itself, and replays nothing.';
      const full = renamed === undefined ? hint : `${sentence(renamed)} ${hint}`;
      throw new RestoreError('RESTORE_UNKNOWN_COMMANDS', message, { hint: full });
    }
    this.#replay.abandonTransaction();
    const { keyspace } = this.#replay;
    return { keyspace, functions: this.#functions, losses: this.#losses, records: this.#records };
  }

  #cannot(name: string): void {
    const counted = this.#unknown.has(name) || this.#unknown.size < SHOWN_EXAMPLES ? name : 'others';
    this.#unknown.set(counted, (this.#unknown.get(counted) ?? 0) + 1);
    this.#losses.add('command', name);
  }
}

export interface Selection {
  /** Patterns of keys, one of which must match; none: all keys. */
  readonly only: readonly string[];
  /** Databases; none: all. */
  readonly databases: readonly number[];
  /** Keys whose time has passed stay, for ever; else they go. */
  readonly keepsExpired: boolean;
}

export interface SelectedKeys {
  readonly kept: number;
  /** Not asked for. */
  readonly leftOut: number;
  /** Asked for, and expired by now: gone, or kept without expiry. */
  readonly expired: number;
}

/** Takes away what is not selected, and what has expired. */
export function selectKeys(keyspace: Keyspace, selection: Selection, nowMs: number): SelectedKeys {
  const { only, databases, keepsExpired } = selection;
  const globs = only.map(createGlob);
  const counts = { kept: 0, leftOut: 0, expired: 0 };
  const visit = (db: Database, isWanted: boolean, key: string): void => {
    if (!isWanted || (globs.length > 0 && !globs.some((matches) => matches(key)))) {
      counts.leftOut++;
      db.remove(key);
      return;
    }
    const expireAtMs = db.expireAt(key);
    if (expireAtMs === NO_EXPIRY || nowMs <= expireAtMs) {
      counts.kept++;
      return;
    }
    counts.expired++;
    if (keepsExpired) {
      counts.kept++;
      db.persist(key);
    } else db.remove(key);
  };
  for (const db of keyspace.databases) {
    const isWanted = databases.length === 0 || databases.includes(db.index);
    for (const key of keysNow(db)) visit(db, isWanted, key);
  }
  return counts;
}

/** Every key once, though the visits change the database. */
function* keysNow(db: Database): Generator<string, void, void> {
  if (db.size === 0) return;
  let cursor = 0;
  do {
    const keys = new Set<string>();
    cursor = db.scan(cursor, SCAN_STEP, (key) => keys.add(key));
    yield* keys;
  } while (cursor !== 0);
}

const DIGEST_TOOLS = {
  sha1: (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer'),
  formatDouble17,
};

/** As DEBUG DIGEST gives it. */
export function digestOf(keyspace: Keyspace): string {
  return digestDataset(keyspace, DIGEST_TOOLS);
}
