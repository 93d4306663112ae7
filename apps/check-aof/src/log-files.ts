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

/** Of a pipe or a device: it has no size, and reading it may never end. */
export const NO_REGULAR_FILE = 'it is no regular file. Write what comes out of it into one first';

/** The path without links, absolute. */
export type RealPath = (path: string) => string;

/** Whatever is in it: what bears such a name is a manifest, or was one. */
export function isManifestName(path: string): boolean {
  return path.endsWith('.manifest');
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

/**
 * The same by every name under which servers may know the log: they claim it by the name that they are configured with, which may
 * be a symbolic link, and have open what it leads to. The first is what the path leads to.
 * @param path as it was given @throws DiskError
 */
export function placesOfLog(disk: Disk, realPath: RealPath, path: string): string[] {
  const real = realPath(path);
  const name = /([^/]+)\/*$/.exec(path)?.[1] ?? '';
  const named = name === '' || name === '.' || name === '..' ? [] : [`${realPath(folderOf(path))}/${name}`];
  const linked = disk.status(real)?.kind === 'directory' ? linkedLogs(disk, realPath, real) : [];
  return [...new Set([real, ...named, ...linked].map((one) => placeOfLog(disk, one)))];
}

/** Where the single files of a folder are that are symbolic links in it. @throws DiskError */
export function linkedLogs(disk: Disk, realPath: RealPath, folder: string): string[] {
  return disk.list(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (!name.endsWith('.aof') || disk.status(path)?.kind !== 'file') return [];
    const real = realPath(path);
    return real === path ? [] : [real];
  });
}

/** Whether a base of no bytes has lost what it held: an RDB file has a header at least, while a base of records may hold no key. */
export function isLostBase({ role, name }: Pick<LogFile, 'role' | 'name'>): boolean {
  return role === 'base' && name.endsWith('.rdb');
}

/** Servers start from such a log all the same: what the damage is, without a full stop. */
export function emptyBaseText({ name }: Pick<LogFile, 'name'>): string {
  return `${name} is empty, as no server leaves it: what it held is lost, unless there is a copy of it`;
}
