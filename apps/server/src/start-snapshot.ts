/** The snapshot at the start: loading it where there is no log, and not forgetting it where there is to be one. */
import { AofError, type AofLayout } from '@aof/aof-files';
import { loadRdb } from '@aof/loader';
import type { RdbEntry } from '@aof/rdb';
import { DEFAULT_LIMITS } from '@aof/resp-codec';
import type { Engine } from './engine.ts';
import { KeyspaceEntryApplier } from './entry-applier.ts';
import type { LoadingProgress } from './info-persistence.ts';
import { removeTemporarySnapshots, snapshotPath } from './snapshot-file.ts';
import { isWrittenElsewhere } from './temporary-files.ts';

/** A line about the progress of a long load, this often. */
const PROGRESS_LINE_MS = 5000;

/** The log is on, there is none, and a snapshot lies beside it: starting empty would look like a loss of everything. */
export class EmptyStartError extends AofError {
  override readonly name = 'EmptyStartError';
  declare readonly code: 'AOF_EMPTY_BESIDE_SNAPSHOT';

  constructor(path: string) {
    super(
      'AOF_EMPTY_BESIDE_SNAPSHOT',
      `appendonly is yes and there is no append only file, but there is a snapshot: ${path}. With the append only file on, a snapshot is never loaded: the server would start empty, and its first save would overwrite that snapshot.`,
      {
        path,
        hint: 'start with appendonly no, which loads the snapshot, then run CONFIG SET appendonly yes (it writes the data set to a new append only file) and CONFIG REWRITE. To start empty on purpose: aof-start-empty yes.',
      },
    );
  }
}

/** @throws EmptyStartError, DiskError */
export function refuseEmptyStart({ config, disk, log }: Engine, layout: Pick<AofLayout, 'filesToLoad'>): void {
  const path = snapshotPath(config.values);
  if (layout.filesToLoad().length > 0 || disk.status(path)?.kind !== 'file') return;
  if (!config.values['aof-start-empty']) throw new EmptyStartError(path);
  log('warning', `Starting empty, as aof-start-empty says: the snapshot ${path} is not loaded.`);
}

/** Removes what interrupted saves have left behind. @throws DiskError */
export function removeLeftovers({ config, disk, log, options }: Engine): void {
  const isInUse = (id: string): boolean => isWrittenElsewhere(options.claims, id);
  for (const path of removeTemporarySnapshots(disk, config.values.dir, isInUse)) {
    log('notice', `Removed ${path}, which an interrupted save had left behind`);
  }
}

/** Loads the snapshot, if there is one. @throws LoadError */
export async function loadSnapshotAtStart(
  engine: Engine,
  setProgress: (progress: LoadingProgress) => void,
): Promise<void> {
  if (engine.disk.status(snapshotPath(engine.config.values)) === undefined) return;
  const startedUs = engine.clock.monotonicUs();
  await loadSnapshot(engine, setProgress, { replaces: false });
  const seconds = (engine.clock.monotonicUs() - startedUs) / 1e6;
  engine.log('notice', `DB loaded from disk: ${seconds.toFixed(3)} seconds`);
}

/** @param replaces whether keys that are there already are replaced; otherwise they end the load @throws LoadError */
export async function loadSnapshot(
  engine: Engine,
  setProgress: (progress: LoadingProgress) => void,
  { replaces }: { readonly replaces: boolean },
): Promise<void> {
  const { clock, config, disk, log, statistics } = engine;
  const path = snapshotPath(config.values);
  const startedAtMs = clock.nowMs();
  const totalBytes = disk.status(path)?.size ?? 0;
  let lineAtMs = startedAtMs;
  setProgress({ startedAtMs, totalBytes, loadedBytes: 0 });
  const applier = new KeyspaceEntryApplier(engine, { leavesOutExpiredAtMs: startedAtMs, replaces });
  const { ignoredBytes } = await loadRdb({
    disk,
    path,
    applyEntry: (entry) => {
      tellOrigin(engine, entry);
      return applier.apply(entry);
    },
    applyString: (...key) => applier.applyString(...key),
    foreseeKey: (...key) => applier.foreseeKey(...key),
    takePacked: (...key) => applier.takePacked(...key),
    progress: (loadedBytes) => {
      setProgress({ startedAtMs, totalBytes, loadedBytes });
      const nowMs = clock.nowMs();
      if (nowMs - lineAtMs < PROGRESS_LINE_MS) return;
      lineAtMs = nowMs;
      log('notice', `Loading the DB: ${((loadedBytes * 100) / totalBytes).toFixed(1)}% of ${totalBytes} bytes`);
    },
    verifiesRdbChecksum: config.values.rdbchecksum,
    // What was written under a higher limit must come back under a lower one.
    maxBulkBytes: Math.max(DEFAULT_LIMITS.maxBulkBytes, config.values['proto-max-bulk-len']),
    yieldTurn: () => new Promise((resolve) => engine.options.schedule(resolve)),
  });
  if (ignoredBytes > 0) log('warning', `${ignoredBytes} bytes behind the end of ${path} are left out`);
  const { loadedKeys, expiredKeys } = applier;
  statistics.lastLoad = { loadedKeys, expiredKeys };
  log('notice', `Done loading RDB, keys loaded: ${loadedKeys}, keys expired: ${expiredKeys}.`);
}

/** What the file says of itself. */
function tellOrigin({ log, clock }: Engine, entry: RdbEntry): void {
  if (entry.kind !== 'aux') return;
  const { key: name, value } = entry;
  if (name === 'redis-ver' || name === 'valkey-ver') log('notice', `Loading RDB produced by version ${value}`);
  else if (name === 'ctime') {
    const age = Math.max(0, Math.floor(clock.nowMs() / 1000) - Number(value));
    log('notice', `RDB age ${age} seconds`);
  } else if (name === 'used-mem') {
    log('notice', `RDB memory usage when created ${(Number(value) / 1024 / 1024).toFixed(2)} Mb`);
  }
}
