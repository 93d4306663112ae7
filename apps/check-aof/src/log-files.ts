/** What the programs call a log and its files, and where a server that uses it has files open. */
import type { Disk } from '@aof/disk';
import { type LogFile as FileOfLog, LogReadError } from '@aof/log-reader';
import { folderOf } from './check-files.ts';

export type LogFile = Omit<FileOfLog, 'sequence'>;

/** There is no one log to repair, or to take a repair back of. */
export class NoLogError extends LogReadError {
  override readonly name = 'NoLogError';

  constructor(message: string, code: 'AOF_NO_LOG' | 'AOF_SEVERAL_LOGS' = 'AOF_NO_LOG') {
    super(code, message);
  }
}

/**
 * What a server that uses the log of `path` has open files in: the folder of a manifest, or the single file itself.
 * @param path absolute: a folder, a manifest, a file of a log
 * @throws DiskError
 */
export function placeOfLog(disk: Disk, path: string): string {
  if (disk.status(path)?.kind === 'directory') return path;
  const folder = folderOf(path);
  if (disk.status(folder)?.kind !== 'directory') return path;
  return disk.list(folder).some((name) => name.endsWith('.manifest')) || path.endsWith('.manifest') ? folder : path;
}
