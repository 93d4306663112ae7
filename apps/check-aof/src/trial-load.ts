/**
 * Loads a log the way a server does when it starts, with the server's own loader, into a data set that nobody serves.
 *
 * Unlike a server it passes over commands that other servers know and this one does not: they are counted. Nothing on disk
 * changes. Memory is the data set, two chunks, and the longest record.
 */
import { type Disk, DiskError } from '@aof/disk';
import { type ApplyOutcome, loadLog, type RecordApplier } from '@aof/loader';
import type { RdbEntry } from '@aof/rdb';
import { Request } from '@aof/resp-codec';
import { type CommandNames, OWN_NAMES } from './command-names.ts';
import { isModuleCommand, knownElsewhere } from './known-commands.ts';
import type { LogFile } from './log-files.ts';
import { runnableName } from './record-keys.ts';
import { Replay } from './replay.ts';

export interface TrialLoadOptions {
  readonly disk: Disk;
  readonly files: readonly LogFile[];
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: number;
  /** Bytes of all files that have been loaded. */
  readonly progress: (done: number, total: number) => void;
  /** By what names the server calls commands. Default: by their own. */
  readonly names?: CommandNames;
}

export interface TrialLoadReport {
  readonly records: number;
  /** Keys in the data set; undefined where the records were only read. */
  readonly keys: number | undefined;
  /** Commands that were passed over: other servers know them. */
  readonly notReplayed: number;
  /** Commands that answered an error: a server goes on, and so does this. */
  readonly failed: number;
}

/** @throws LoadError a server would not start from these files; DiskError one of them is not there */
export async function loadForTrial(options: TrialLoadOptions): Promise<TrialLoadReport> {
  return new TrialLoad(options).run();
}

/**
 * The same without running the commands: all is read, and each command judged by its name and its number of arguments. Memory is
 * two chunks and the longest record, however large the data set is.
 * @throws LoadError, DiskError
 */
export async function readForTrial(options: TrialLoadOptions): Promise<TrialLoadReport> {
  const applier = new JudgingApplier(options.names ?? OWN_NAMES);
  const records = await loadInto(applier, options);
  return { records, keys: undefined, notReplayed: records, failed: 0 };
}

/** A load whose data set can be looked at afterwards. */
export class TrialLoad {
  readonly #options: TrialLoadOptions;
  readonly #applier: ReplayApplier;

  constructor(options: TrialLoadOptions) {
    this.#options = options;
    this.#applier = new ReplayApplier(new Replay(options.nowMs), options.names ?? OWN_NAMES);
  }

  get keyspace(): Replay['keyspace'] {
    return this.#applier.replay.keyspace;
  }

  async run(): Promise<TrialLoadReport> {
    const records = await loadInto(this.#applier, this.#options);
    const { notReplayed, failed } = this.#applier;
    return { records, keys: this.keyspace.size, notReplayed, failed };
  }
}

interface TrialApplier extends RecordApplier {
  /** Each file says anew which database its records work on. */
  beginFile(): void;
}

/** @returns how many records were applied */
async function loadInto(applier: TrialApplier, options: TrialLoadOptions): Promise<number> {
  const { disk, progress } = options;
  const files = options.files.map((file) => ({ ...file, size: sizeOf(disk, file.path) }));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const { records } = await loadLog({
    disk,
    files,
    applier,
    mayTruncate: false,
    nowMs: () => 0,
    yieldTurn: () => Promise.resolve(),
    events: {
      progress: (loadedBytes) => progress(loadedBytes, total),
      fileLoaded: () => applier.beginFile(),
      truncatedFound: () => {},
      truncated: () => {},
    },
  });
  return records;
}

function sizeOf(disk: Disk, path: string): number {
  const status = disk.status(path);
  if (status === undefined) throw new DiskError('ENOENT', 'open', path);
  return status.size;
}

class ReplayApplier implements TrialApplier {
  readonly view = new Request();
  readonly replay: Replay;
  readonly #names: CommandNames;
  notReplayed = 0;
  failed = 0;

  constructor(replay: Replay, names: CommandNames) {
    this.replay = replay;
    this.#names = names;
  }

  apply(): ApplyOutcome {
    const record = this.#names.understood(this.view);
    const outcome = this.replay.apply(record);
    switch (outcome.kind) {
      case 'unknown':
        return this.#unknown(record);
      case 'arity':
        return { refusal: `Wrong number of arguments for '${outcome.command}'` };
      case 'error':
        this.failed++;
        break;
    }
    return this.replay.isInTransaction ? 'in-transaction' : 'applied';
  }

  applyEntry(entry: RdbEntry): string | undefined {
    return this.replay.applyEntry(entry);
  }

  abandonTransaction(): void {
    this.replay.abandonTransaction();
  }

  beginFile(): void {
    this.replay.beginFile();
  }

  #unknown(record: Request): ApplyOutcome {
    const name = record.count === 0 ? '' : record.latin1(0);
    const isKnown = knownElsewhere(name, record.count) === 'yes' || isModuleCommand(name);
    if (!isKnown) return { refusal: `Unknown command '${name.slice(0, 128)}'` };
    this.notReplayed++;
    return this.replay.isInTransaction ? 'in-transaction' : 'applied';
  }
}

class JudgingApplier implements TrialApplier {
  readonly view = new Request();
  readonly #names: CommandNames;
  #isInTransaction = false;

  constructor(names: CommandNames) {
    this.#names = names;
  }

  apply(): ApplyOutcome {
    const name = runnableName(this.#names.understood(this.view));
    if (name === undefined) return { refusal: 'Unknown command or wrong number of arguments' };
    if (name === 'multi') this.#isInTransaction = true;
    else if (name === 'exec') this.#isInTransaction = false;
    return this.#isInTransaction ? 'in-transaction' : 'applied';
  }

  applyEntry(): undefined {
    // That it can be read is what counts here.
  }

  abandonTransaction(): void {
    this.#isInTransaction = false;
  }

  beginFile(): void {
    this.#isInTransaction = false;
  }
}
