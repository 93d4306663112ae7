/**
 * SHUTDOWN and signals: whether the server may end now, and the snapshot that it leaves behind.
 *
 * Source: Redis server.c, prepareForShutdown and finishShutdown.
 */
import type { ShutdownRequest } from '@aof/commands';
import type { Engine } from './engine.ts';

const REFUSED = 'ERR Errors trying to SHUTDOWN. Check logs.';

/** @returns the text of the refusal, or undefined when the server goes down */
export function shutDown(engine: Engine, { save, force }: ShutdownRequest): string | undefined {
  const { appendLog, log, rewriteControl, snapshotControl, options } = engine;
  if (appendLog.writeError !== undefined && !force) {
    log('warning', 'Errors writing the AOF file: not exiting. Use SHUTDOWN FORCE to lose what is not written.');
    return REFUSED;
  }
  log('notice', 'User requested shutdown...');
  const refusal = rewriteControl.refusalOfShutdown;
  if (refusal !== undefined && !force) {
    log('warning', refusal);
    return refused(engine);
  }
  if (snapshotControl.saveAtEnd({ save, force }) !== undefined) {
    log('warning', `Error trying to save the DB${force ? '. Exit anyway.' : ", can't exit."}`);
    if (!force) return refused(engine);
  }
  options.onShutdown();
  return undefined;
}

function refused({ log }: Engine): string {
  log('warning', 'Errors trying to shut down the server. Check the logs for more information.');
  return REFUSED;
}
