/**
 * When a command may not run now, and what the client is told. The order of the checks is Redis's.
 */
import type { Client } from './client.ts';
import type { Command } from './command-table.ts';

const SAVE_FAILED =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";

/** Conditions under which commands are refused; the server keeps them up to date. */
export interface ServerState {
  isLoading: boolean;
  /** Text of strerror(3) while the log cannot be written, else undefined. */
  logWriteError: string | undefined;
  /** A snapshot has failed, and writes are refused until one succeeds. */
  hasFailedToSave: boolean;
}

interface RefusalContext {
  readonly state: ServerState;
}

/** The error to reply instead of running `command`, or undefined if it may run. Called for every command: keep it cheap. */
export function refusalOf({ state }: RefusalContext, client: Client, command: Command): string | undefined {
  if (!client.isAuthenticated && !command.isAllowedWithoutAuth) return 'NOAUTH Authentication required.';
  if (client.queue !== undefined && !command.isAllowedInMulti) return 'ERR Command not allowed inside a transaction';
  if (state.hasFailedToSave && command.isRefusedOnWriteError) return SAVE_FAILED;
  if (state.logWriteError !== undefined && command.isRefusedOnWriteError) {
    return `MISCONF Errors writing to the AOF file: ${state.logWriteError}`;
  }
  if (state.isLoading && !command.isAllowedWhileLoading) return 'LOADING Redis is loading the dataset in memory';
  return undefined;
}
