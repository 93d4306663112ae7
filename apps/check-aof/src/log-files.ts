/** The files of a log, in the order of loading, from whatever a user points at: a manifest, a file, or a folder. */
import { parseManifest, readFileKind } from '@aof/aof-files';
import type { Disk } from '@aof/disk';
import { filesOfManifest } from '@aof/log-reader';
import { folderOf } from './check-files.ts';

export interface LogFile {
  readonly name: string;
  readonly path: string;
  readonly role: 'single' | 'base' | 'incr';
}

export interface LogFiles {
  /** Where the manifest is; undefined for a single file. */
  readonly manifestPath: string | undefined;
  readonly files: readonly LogFile[];
}

/** @throws DiskError, ManifestError; NoLogError the folder holds no manifest, or several */
export function logFilesOf(disk: Disk, path: string): LogFiles {
  if (disk.status(path)?.kind === 'directory') return fromManifest(disk, manifestIn(disk, path));
  if (readFileKind(disk, path) === 'manifest') return fromManifest(disk, path);
  return { manifestPath: undefined, files: [{ name: path, path, role: 'single' }] };
}

/** A folder in which there is no one log to check. */
export class NoLogError extends Error {
  override readonly name = 'NoLogError';
}

/** The path of the one manifest in a folder. @throws NoLogError there is none, or several; DiskError */
export function manifestIn(disk: Disk, folder: string): string {
  const manifests = disk.list(folder).filter((name) => name.endsWith('.manifest') && !name.startsWith('temp-'));
  const [only, ...others] = manifests;
  if (only === undefined) throw new NoLogError(`There is no manifest in ${folder}`);
  if (others.length > 0) throw new NoLogError(`There are several manifests in ${folder}: ${manifests.join(', ')}`);
  return `${folder.replace(/\/+$/, '')}/${only}`;
}

function fromManifest(disk: Disk, manifestPath: string): LogFiles {
  return {
    manifestPath,
    files: filesOfManifest(parseManifest(disk.readFile(manifestPath), manifestPath), folderOf(manifestPath)),
  };
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
