/**
 * What an interrupted rewrite or change of the manifest left behind: temporary files, and checksum files whose log file is gone.
 * They are never a part of the log.
 */

import type { Disk } from '@aof/disk';
import { checksummedNameOf, checksumNameOf } from './checksum-file.ts';
import { type AofNames, tempRewriteId } from './file-names.ts';

/**
 * Paths of leftovers: in the server's folder, in the append folder, temporary files by their full names.
 * @param isInUse tells by the id in its name whether a rewrite's file belongs to a server that runs: several may share `dir`
 */
export function listTempFiles(disk: Disk, names: AofNames, isInUse: (id: string) => boolean = () => false): string[] {
  const inDir = disk
    .list(names.dir)
    .filter((name) => {
      const id = tempRewriteId(checksummedNameOf(name) ?? name);
      return id !== undefined && !isInUse(id);
    })
    .map((name) => names.inDir(name));
  const paths = [names.tempIncrPath, checksumNameOf(names.tempIncrPath), names.tempManifestPath];
  const orphans = [names.singlePath, ...logPathsWithChecksums(disk, names)]
    .filter((path) => disk.status(path) === undefined)
    .map((path) => checksumNameOf(path));
  return [...inDir, ...paths, ...orphans].filter((path) => disk.status(path)?.kind === 'file');
}

/** Paths of the parts of the log in the append folder that have, or had, a checksum file. */
function logPathsWithChecksums(disk: Disk, names: AofNames): string[] {
  if (disk.status(names.appendDir)?.kind !== 'directory') return [];
  return disk
    .list(names.appendDir)
    .map((name) => checksummedNameOf(name) ?? '')
    .filter((name) => names.isLogName(name))
    .map((name) => names.inAppendDir(name));
}

/**
 * Deletes them, at start, before anything is written.
 * @returns the paths that were deleted
 * @throws DiskError
 */
export function removeTempFiles(disk: Disk, names: AofNames, isInUse?: (id: string) => boolean): string[] {
  const paths = listTempFiles(disk, names, isInUse);
  for (const path of paths) disk.unlink(path);
  return paths;
}
