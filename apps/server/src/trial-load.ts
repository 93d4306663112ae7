/**
 * Loads a log as a start would, with the server's own commands, into a data set that nobody serves.
 *
 * Invariants: the server that runs is not touched: the trial has an engine of its own, which never opens a log and is thrown away; of the
 * records only those are run that a server writes to its log, whatever a file that somebody has edited may hold.
 */
import { Config } from '@aof/config';
import type { ApplyOutcome, EntryApplier, RecordApplier, StringApplier } from '@aof/loader';
import type { KeyForeseer, PackedTaker } from '@aof/rdb';
import { Engine } from './engine.ts';
import { RecordChecker } from './record-checker.ts';
import { ExecutorApplier } from './start-log.ts';

/** What a log holds beside commands that write. PFCOUNT is written where it updates what it has cached. */
const LOGGED_BESIDE_WRITES: ReadonlySet<string> = new Set(['select', 'multi', 'exec', 'pfcount']);

export class TrialApplier implements RecordApplier {
  readonly view: RecordApplier['view'];
  readonly applyEntry: EntryApplier;
  readonly applyString: StringApplier;
  readonly foreseeKey: KeyForeseer;
  readonly takePacked: PackedTaker;
  readonly #engine: Engine;
  readonly #checker: RecordChecker;
  readonly #commands: ExecutorApplier;

  /** @param served the server whose configuration, clock and chance count */
  constructor(served: Engine) {
    const engine = new Engine({
      ...served.options,
      config: Config.of(served.config.workingFolder, { ...served.config.values, save: [] }, served.config.directives),
      log: (level, message) => {
        if (level === 'warning') served.log(level, `Backup, while it is loaded for trial: ${message}`);
      },
      onFatal: () => undefined,
      onShutdown: () => undefined,
    });
    engine.keyspace.isLoading = true;
    engine.executor.state.isLoading = true;
    this.#engine = engine;
    this.#commands = new ExecutorApplier(engine);
    this.#checker = new RecordChecker(engine.executor.table, this.#commands.view);
    this.view = this.#commands.view;
    this.applyEntry = this.#commands.applyEntry;
    this.applyString = this.#commands.applyString;
    this.foreseeKey = this.#commands.foreseeKey;
    this.takePacked = this.#commands.takePacked;
  }

  /** Keys that the log makes, those that have expired included. */
  get keyCount(): number {
    return this.#engine.keyspace.size;
  }

  apply(): ApplyOutcome {
    const verdict = this.#checker.apply();
    if (typeof verdict !== 'string') return verdict;
    const { command } = this.#checker;
    const isRun = command?.isWrite === true || LOGGED_BESIDE_WRITES.has(command?.fullName ?? '');
    return isRun ? this.#commands.apply() : verdict;
  }

  abandonTransaction(): void {
    this.#checker.abandonTransaction();
    this.#commands.abandonTransaction();
  }
}
