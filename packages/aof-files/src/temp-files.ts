/** Temporary files that an interrupted rewrite or change of the manifest left behind. They are never a part of the log. */

import type { Disk } from '@aof/disk';
import { type AofNames, tempRewriteId } from './file-names.ts';

/**
 * Paths of leftover temporary files, sorted.
 * @param isInUse tells by the id in its name whether a rewrite's file belongs to a server that runs: several may share `dir`
 */
export function listTempFiles(disk: Disk, names: AofNames, isInUse: (id: string) => boolean = () => false): string[] {
  const inDir = disk
    .list(names.dir)
    .filter((name) => {
      const id = tempRewriteId(name);
      return id !== undefined && !isInUse(id);
    })
    .map((name) => names.inDir(name));
  return [...inDir, names.tempIncrPath, names.tempManifestPath].filter((path) => disk.status(path)?.kind === 'file');
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
