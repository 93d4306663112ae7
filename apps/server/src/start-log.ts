/** From what is on disk to a running log: finding it, loading it, opening it, and what the operator hears on the way. */
import { type AofFile, type AofLayout, detectLayout, removeTempFiles } from '@aof/aof-files';
import type { Client } from '@aof/commands';
import {
  type ApplyOutcome,
  type EntryApplier,
  type LoadReport,
  loadLog,
  type RecordApplier,
  type StringApplier,
} from '@aof/loader';
import { type KeyForeseer, type PackedTaker, writeRdbSync } from '@aof/rdb';
import { DEFAULT_LIMITS, Request } from '@aof/resp-codec';
import type { Engine } from './engine.ts';
import { KeyspaceEntryApplier } from './entry-applier.ts';
import type { LoadingProgress } from './info-persistence.ts';
import { refuseEmptyStart } from './start-snapshot.ts';
import { isWrittenElsewhere, temporaryId } from './temporary-files.ts';

/** A line about the progress of a long load, this often. */
const PROGRESS_LINE_MS = 5000;

/** Finds the log, loads it and opens it. @throws AofError, ManifestError, LoadError, DiskError */
export async function startLog(engine: Engine, setProgress: (progress: LoadingProgress) => void): Promise<void> {
  makeFolder(engine);
  const layout = findLog(engine);
  refuseEmptyStart(engine, layout);
  openLog(engine, layout, await loadFiles(engine, layout, setProgress));
}

/** The folder of the log, which a fresh one has not yet. @throws DiskError */
export function makeFolder({ config, disk, log }: Engine): void {
  const { dir } = config.values;
  if (disk.status(dir) !== undefined) return;
  disk.makeDirectory(dir, { recursive: true });
  log('notice', `Created the folder ${dir}`);
}

/** Decides which log to use, by what is there. @throws ManifestError, LayoutError, DiskError */
export function findLog({ config, disk, log, options }: Engine): AofLayout {
  const { values } = config;
  const location = { dir: values.dir, appendfilename: values.appendfilename, appenddirname: values.appenddirname };
  const { layout, isUpgraded, ignored } = detectLayout(disk, { ...location, wanted: values['aof-layout'] });
  if (isUpgraded) {
    log(
      'notice',
      `Successfully migrated an old-style AOF file (${values.appendfilename}) into the AOF directory (${values.appenddirname}).`,
    );
  }
  for (const path of ignored) {
    log('warning', `${path} looks like a file of this log but is not part of it: it is left alone and not loaded`);
  }
  for (const path of removeTempFiles(disk, layout.names, (id) => isWrittenElsewhere(options.claims, id))) {
    log('notice', `Removed ${path}, which an interrupted rewrite had left behind`);
  }
  return layout;
}

/** Loads all files of the log into the keyspace. @throws LoadError */
export async function loadFiles(
  engine: Engine,
  layout: Pick<AofLayout, 'filesToLoad'>,
  setProgress: (progress: LoadingProgress) => void,
): Promise<LoadReport> {
  const { clock, log, config } = engine;
  const files = layout.filesToLoad();
  const totalBytes = files.reduce((sum, file) => sum + file.size, 0);
  const startedAtMs = clock.nowMs();
  const monotonicMs = () => clock.monotonicUs() / 1000;
  const startedMonotonicMs = monotonicMs();
  let lineAtMs = startedMonotonicMs;
  setProgress({ startedAtMs, totalBytes, loadedBytes: 0 });
  const report = await loadLog({
    disk: engine.disk,
    files,
    applier: new ExecutorApplier(engine),
    mayTruncate: config.values['aof-load-truncated'],
    // What was written under a higher limit must come back under a lower one.
    maxBulkBytes: Math.max(DEFAULT_LIMITS.maxBulkBytes, config.values['proto-max-bulk-len']),
    verifiesRdbChecksum: config.values.rdbchecksum,
    sumsUncovered: config.values['aof-checksums'],
    nowMs: monotonicMs,
    yieldTurn: () => new Promise((resolve) => engine.options.schedule(resolve)),
    events: {
      progress: (loadedBytes) => {
        setProgress({ startedAtMs, totalBytes, loadedBytes });
        if (monotonicMs() - lineAtMs < PROGRESS_LINE_MS) return;
        lineAtMs = monotonicMs();
        log('notice', progressLine(loadedBytes, totalBytes, lineAtMs - startedMonotonicMs));
      },
      fileLoaded: (file, elapsedMs) => {
        if (file.role !== 'single')
          log('notice', `DB loaded from ${file.role} file ${file.name}: ${seconds(elapsedMs)}`);
      },
      rdbPartFound: (file) => {
        const isBase = file.role !== 'single' && file.name !== config.values.appendfilename;
        log('notice', isBase ? 'Reading RDB base file on AOF loading...' : 'Reading RDB preamble from AOF file...');
      },
      rdbPartLoaded: (file, fileOffset) => {
        if (fileOffset < file.size) log('notice', 'Reading the remaining AOF tail...');
      },
      checksumsMatched: (file, { coveredBytes, isReadable, damagedEntries }) => {
        log('notice', `Checksums of ${file.name} match: they vouch for ${coveredBytes} of ${file.size} bytes`);
        if (isReadable && damagedEntries === 0) return;
        const what = isReadable ? `${damagedEntries} entries` : 'the header';
        log('warning', `The checksum file of ${file.name} is damaged or cut off: ${what} could not be read`);
      },
      truncatedFound: (file, _fileOffset, isTransaction) => {
        if (isTransaction) log('warning', `Revert incomplete MULTI/EXEC transaction in AOF file ${file.name}`);
        if (!config.values['aof-load-truncated']) return;
        log('warning', `!!! Warning: short read while loading the AOF file ${file.name}!!!`);
      },
      truncated: (file, fileOffset) => {
        log('warning', `!!! Truncating the AOF ${file.name} at offset ${fileOffset} !!!`);
        log('warning', `AOF ${file.name} loaded anyway because aof-load-truncated is enabled`);
      },
    },
  });
  if (report.state !== 'not-exist') {
    log('notice', `DB loaded from append only file: ${seconds(monotonicMs() - startedMonotonicMs)}`);
  }
  return report;
}

/** Opens the log for appending, making it if there is none. @throws LayoutError, DiskError */
function openLog(engine: Engine, layout: AofLayout, report: LoadReport): void {
  const { log } = engine;
  const baseFormat = engine.config.values['aof-use-rdb-preamble'] ? 'rdb' : 'aof';
  const opened = layout.openForAppend({
    baseFormat,
    // The data set of a fresh server is empty, and so are its records; an RDB file of it is not.
    baseContent: () => (baseFormat === 'rdb' ? emptyRdbBase(engine) : new Uint8Array(0)),
    temporaryId: temporaryId(engine.config.values.appendfilename),
  });
  if (opened.createdBase !== undefined) log('notice', `Creating AOF base file ${opened.createdBase} on server start`);
  const verb = opened.isCreated ? 'Creating' : 'Opening';
  if (layout.kind === 'single') log('notice', `${verb} AOF file ${opened.name} on server start`);
  else log('notice', `${verb} AOF incr file ${opened.name} on server start`);
  const loadedFiles = layout.filesToLoad();
  const total = sizeOf(loadedFiles);
  const base = layout.kind === 'single' ? opened.size : sizeOf(loadedFiles.filter((file) => file.role === 'base'));
  engine.rewriteControl.layout = layout;
  engine.appendLog.open(opened.file, total - opened.size, report.state === 'not-exist' ? 0 : base);
  engine.appendLog.vouchForLoaded(report);
  layout.deleteHistory().then(
    ({ deleted, failed }) => {
      for (const name of deleted) log('notice', `Removed the history file ${name}`);
      for (const { name, error } of failed)
        log('warning', `Failed to remove the history file ${name}: ${error.reason}`);
    },
    (error: unknown) => log('warning', `Failed to remove history files: ${String(error)}`),
  );
}

/** Runs records as the server's own commands, for a client that nobody is connected to. */
export class ExecutorApplier implements RecordApplier {
  readonly #engine: Engine;
  readonly #client: Client;
  /** A record of the log is a request like any other. */
  readonly view = new Request();
  /** The entries of an RDB part go into the keyspace without a command. */
  readonly applyEntry: EntryApplier;
  readonly applyString: StringApplier;
  readonly foreseeKey: KeyForeseer;
  readonly takePacked: PackedTaker;

  constructor(engine: Engine) {
    this.#engine = engine;
    const entries = new KeyspaceEntryApplier(engine);
    this.applyEntry = (entry) => entries.apply(entry);
    this.applyString = (...key) => entries.applyString(...key);
    this.foreseeKey = (...key) => entries.foreseeKey(...key);
    this.takePacked = (...key) => entries.takePacked(...key);
    this.#client = engine.createDetachedClient();
  }

  apply(): ApplyOutcome {
    const outcome = this.#engine.executor.load(this.#client, this.view);
    if (typeof outcome === 'string' || 'refusal' in outcome) return outcome;
    this.#engine.log(
      'warning',
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${outcome.commandError}' after processing the command '${outcome.commandName}'`,
    );
    return this.#client.queue === undefined ? 'applied' : 'in-transaction';
  }

  abandonTransaction(): void {
    this.#engine.executor.release(this.#client);
    this.#client.queueIsBroken = false;
  }
}

function emptyRdbBase({ clock }: Engine): Uint8Array {
  const origin = { createdSec: Math.floor(clock.nowMs() / 1000), isAofBase: true };
  return Buffer.concat([...writeRdbSync([], { target: 'redis-7.0', origin })]);
}

function sizeOf(files: readonly AofFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(3)} seconds`;
}

function progressLine(loadedBytes: number, totalBytes: number, elapsedMs: number): string {
  const perSecond = loadedBytes / (elapsedMs / 1000);
  const etaSec = Math.round((totalBytes - loadedBytes) / Math.max(1, perSecond));
  return `Loading the append only file: ${((loadedBytes * 100) / totalBytes).toFixed(1)}% of ${totalBytes} bytes, ${etaSec} seconds to go`;
}
