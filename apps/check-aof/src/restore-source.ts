/** The log that is restored from: where it is, and what its files are called. Nothing is written. */
import { AofNames } from '@aof/aof-files';
import type { Disk } from '@aof/disk';
import { type FoundLog, findLog } from '@aof/log-reader';

/** Where a server looks for its append folder unless `appenddirname` says otherwise. */
export const DEFAULT_APPEND_FOLDER = 'appendonlydir';
export const DEFAULT_APPEND_FILE = 'appendonly.aof';

export interface SourceLog extends FoundLog {
  /** As the server that wrote it is configured. */
  readonly names: AofNames;
}

/**
 * @param path absolute
 * @throws DiskError, ManifestError, LayoutError, LogReadError
 */
export function locateLog(disk: Disk, path: string): SourceLog {
  const log = findLog(disk, path);
  const file = baseName(log.path);
  const isSingle = log.layout === 'single';
  const names = new AofNames({
    dir: isSingle ? log.folder : parentOf(log.folder),
    appenddirname: isSingle ? DEFAULT_APPEND_FOLDER : baseName(log.folder),
    appendfilename: isSingle ? file : file.replace(/\.manifest$/, ''),
  });
  return { ...log, names };
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function inFolder(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
