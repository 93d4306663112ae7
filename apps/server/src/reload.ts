/** DEBUG RELOAD and DEBUG LOADAOF: the data set goes through a file and back, which shows that nothing is lost on the way. */
import type { ReloadOptions } from '@aof/commands';
import type { Engine } from './engine.ts';
import { findLog, loadFiles } from './start-log.ts';
import { loadSnapshot } from './start-snapshot.ts';

const LOG_NOT_LOADED = 'ERR Error trying to load the AOF files, check server logs.';
const SNAPSHOT_NOT_LOADED = 'ERR Error trying to load the RDB dump';

/** @returns the text of the failure, or undefined; after a failed load nothing is saved until one succeeds */
export async function reload(
  engine: Engine,
  source: 'snapshot' | 'log',
  options: ReloadOptions,
): Promise<string | undefined> {
  if (source === 'log' && engine.appendLog.state !== 'on') return LOG_NOT_LOADED;
  await stopBackgroundWork(engine);
  engine.appendLog.flushNow();
  return source === 'log' ? reloadLog(engine) : reloadSnapshot(engine, options);
}

/** Both copy the data set as it was at a cut, which the load would change under them. */
async function stopBackgroundWork({ rewriteControl, snapshotControl }: Engine): Promise<void> {
  const reason = 'the data set is being loaded anew';
  while (rewriteControl.isRunning || snapshotControl.isRunning) {
    await rewriteControl.stop(reason);
    await snapshotControl.stop(reason);
  }
}

async function reloadLog(engine: Engine): Promise<string | undefined> {
  const { appendLog, keyspace, log, snapshotControl } = engine;
  if (appendLog.bufferedBytes > 0) {
    log('warning', 'The log cannot be written: loading it now would lose what is not in it yet.');
    return LOG_NOT_LOADED;
  }
  const load = engine.whileLoading(async (setProgress) => {
    keyspace.flushAll();
    engine.functionLibraries.clear();
    await loadFiles(engine, findLog(engine), setProgress);
  });
  if (!(await succeeds(engine, load))) return LOG_NOT_LOADED;
  snapshotControl.noteReloaded();
  return undefined;
}

async function reloadSnapshot(
  engine: Engine,
  { saves = true, empties = true, replaces = false }: ReloadOptions,
): Promise<string | undefined> {
  const { keyspace, log, snapshotControl } = engine;
  if (saves && snapshotControl.saveNow() !== undefined) return 'ERR';
  const load = engine.whileLoading(async (setProgress) => {
    if (empties) {
      keyspace.flushAll();
      engine.functionLibraries.clear();
    }
    await loadSnapshot(engine, setProgress, { replaces });
  });
  if (!(await succeeds(engine, load))) return SNAPSHOT_NOT_LOADED;
  log('warning', 'DB reloaded by DEBUG RELOAD');
  return undefined;
}

async function succeeds({ log }: Engine, load: Promise<void>): Promise<boolean> {
  try {
    await load;
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    log('warning', error.message);
    return false;
  }
}
