/**
 * Loads a log the way a server does when it starts, with the server's own loader, into a data set that nobody serves.
 *
 * Unlike a server it passes over commands that other servers know and this one does not: they are counted. Nothing on disk
 * changes. Memory is the data set, two chunks, and the longest record.
 */
import { type Disk, DiskError } from '@aof/disk';
import { type ApplyOutcome, loadLog } from '@aof/loader';
import type { RdbEntry } from '@aof/rdb';
import { Request } from '@aof/resp-codec';
import { isModuleCommand, knownElsewhere } from './known-commands.ts';
import type { LogFile } from './log-files.ts';
import { Replay } from './replay.ts';

export interface TrialLoadOptions {
  readonly disk: Disk;
  readonly files: readonly LogFile[];
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: number;
  /** Bytes of all files that have been loaded. */
  readonly progress: (done: number, total: number) => void;
}

export interface TrialLoadReport {
  readonly records: number;
  /** Keys in the data set. */
  readonly keys: number;
  /** Commands that were passed over: other servers know them. */
  readonly notReplayed: number;
  /** Commands that answered an error: a server goes on, and so does this. */
  readonly failed: number;
}

/** @throws LoadError a server would not start from these files; DiskError one of them is not there */
export async function loadForTrial(options: TrialLoadOptions): Promise<TrialLoadReport> {
  return new TrialLoad(options).run();
}

/** A load whose data set can be looked at afterwards. */
export class TrialLoad {
  readonly #options: TrialLoadOptions;
  readonly #applier: ReplayApplier;

  constructor(options: TrialLoadOptions) {
    this.#options = options;
    this.#applier = new ReplayApplier(new Replay(options.nowMs));
  }

  get keyspace(): Replay['keyspace'] {
    return this.#applier.replay.keyspace;
  }

  async run(): Promise<TrialLoadReport> {
    const { disk, progress } = this.#options;
    const files = this.#options.files.map((file) => ({ ...file, size: sizeOf(disk, file.path) }));
    const total = files.reduce((sum, { size }) => sum + size, 0);
    const { records } = await loadLog({
      disk,
      files,
      applier: this.#applier,
      mayTruncate: false,
      nowMs: () => 0,
      yieldTurn: () => Promise.resolve(),
      events: {
        progress: (loadedBytes) => progress(loadedBytes, total),
        fileLoaded: () => this.#applier.replay.beginFile(),
        truncatedFound: () => {},
        truncated: () => {},
      },
    });
    const { notReplayed, failed } = this.#applier;
    return { records, keys: this.keyspace.size, notReplayed, failed };
  }
}

function sizeOf(disk: Disk, path: string): number {
  const status = disk.status(path);
  if (status === undefined) throw new DiskError('ENOENT', 'open', path);
  return status.size;
}

class ReplayApplier {
  readonly view = new Request();
  readonly replay: Replay;
  notReplayed = 0;
  failed = 0;

  constructor(replay: Replay) {
    this.replay = replay;
  }

  apply(): ApplyOutcome {
    const outcome = this.replay.apply(this.view);
    switch (outcome.kind) {
      case 'unknown':
        return this.#unknown();
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

  #unknown(): ApplyOutcome {
    const name = this.view.count === 0 ? '' : this.view.latin1(0);
    const isKnown = knownElsewhere(name, this.view.count) === 'yes' || isModuleCommand(name);
    if (!isKnown) return { refusal: `Unknown command '${name.slice(0, 128)}'` };
    this.notReplayed++;
    return this.replay.isInTransaction ? 'in-transaction' : 'applied';
  }
}
