/**
 * As many clients as the operating system lets this process have sockets for. A server that runs out of file descriptors
 * cannot rewrite its log any more, so some are kept for files.
 */
import type { Config } from '@aof/config';
import type { Log } from './log.ts';

/** For the event loop, the log and its rewrite, a snapshot, a backup, listening sockets. */
const RESERVED = 64;

/** File descriptors that this process may have; undefined where the system does not say. Node has raised it as far as it may. */
export function openFilesLimit(): number | undefined {
  const report: unknown = process.report.getReport();
  const limits = (report as { userLimits?: { open_files?: { soft?: unknown } } }).userLimits; // typed as `object`
  const soft = limits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

/** Lowers `maxclients` to what `openFiles` allows, says so, and refuses more from then on. */
export function limitClients(config: Config, openFiles: number, log: Log): void {
  const most = Math.max(1, openFiles - RESERVED);
  const { maxclients } = config.values;
  if (maxclients > most) {
    log(
      'warning',
      `You requested maxclients of ${maxclients} requiring at least ${maxclients + RESERVED} max file descriptors.`,
    );
    config.set(['maxclients', `${most}`]);
    log(
      'warning',
      `Current maximum open files is ${openFiles}. maxclients has been reduced to ${most} to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.`,
    );
  }
  config.onChange('maxclients', (wanted) =>
    wanted > most
      ? `The operating system is not able to handle the specified number of clients, try with ${most}`
      : undefined,
  );
}
