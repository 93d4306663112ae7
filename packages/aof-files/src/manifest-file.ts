/**
 * The manifest on disk, replaced atomically: a temporary file is written, synced, renamed over the manifest, and the folder
 * is synced. A crash at any point leaves the old manifest or the new one.
 *
 * Source: Redis persistence documentation; Redis aof.c, writeAofManifestFile.
 */

import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { ManifestError } from './errors.ts';
import type { AofNames } from './file-names.ts';
import type { Manifest } from './manifest.ts';
import { formatManifest, manifestError, parseManifest } from './manifest-text.ts';

/**
 * @returns undefined if there is no manifest, or no append folder
 * @throws ManifestError
 */
export function readManifest(disk: Disk, names: AofNames): Manifest | undefined {
  const path = names.manifestPath;
  if (disk.status(path) === undefined) return undefined;
  return parseManifest(readWhole(disk, path), path);
}

function readWhole(disk: Disk, path: string): Uint8Array {
  try {
    disk.open(path, 'read').close();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    // A folder can be opened by a reader in C, which fails to read it then.
    if (error.code === 'EISDIR') throw manifestError('AOF_MANIFEST_UNREADABLE', { path, cause: error });
    const message = `Fatal error: can't open the AOF manifest file ${path} for reading: ${error.reason}`;
    const hint = 'Check the permissions of the manifest, then start again.';
    throw new ManifestError('AOF_MANIFEST_UNREADABLE', message, { path, cause: error, hint });
  }
  try {
    return disk.readFile(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw manifestError('AOF_MANIFEST_UNREADABLE', { path, cause: error });
  }
}

/**
 * Makes `manifest` the one on disk, blocking. The append folder must exist.
 * @throws DiskError the old manifest still holds; or, if the sync of the folder failed, which of the two a power cut leaves is unknown
 */
export function persistManifest(disk: Disk, names: AofNames, manifest: Manifest): void {
  const file = disk.open(names.tempManifestPath, 'truncate');
  try {
    writeWhole(file, formatManifest(manifest));
    file.syncNow();
  } finally {
    file.close();
  }
  disk.rename(names.tempManifestPath, names.manifestPath);
  disk.syncDirectory(names.appendDir);
}

/** The same with both syncs in the background. Only one may run at a time for one location. */
export async function persistManifestInBackground(disk: Disk, names: AofNames, manifest: Manifest): Promise<void> {
  await stageManifestFile(disk, names, manifest);
  disk.rename(names.tempManifestPath, names.manifestPath);
  await disk.syncDirectoryInBackground(names.appendDir);
}

/** Only the temporary file, synced: a rename then makes it the manifest at once. */
export async function stageManifestFile(disk: Disk, names: AofNames, manifest: Manifest): Promise<void> {
  const file = disk.open(names.tempManifestPath, 'truncate');
  try {
    writeWhole(file, formatManifest(manifest));
    await file.sync();
  } finally {
    file.close();
  }
}

/** Writes all of `bytes`, in as many writes as it takes. @throws DiskError */
export function writeWhole(file: DiskFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += file.write(bytes, written);
}
