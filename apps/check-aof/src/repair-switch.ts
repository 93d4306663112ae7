/**
 * Makes repaired files the log, with one rename: of the manifest, or of the single file. Those from before go to the repair's
 * folder, with what vouches for them.
 *
 * Invariant: until the switch the log is as it was; from then on it is the repaired one, whatever happens.
 */
import { type AofNames, formatManifest, type Manifest, persistManifest, renameChecksums } from '@aof/aof-files';
import type { Disk } from '@aof/disk';
import { keepUnder } from './copy-file.ts';
import type { RepairPlan } from './repair-plan.ts';
import { manifestWith } from './repaired-manifest.ts';
import { markOf, type Replacement, writeUndoRecord } from './undo-record.ts';

/** A file that was written to take the place of another. */
export interface NewFile {
  readonly original: string;
  readonly name: string;
}

/**
 * @param made the paths that were written: empty from the switch on, for then they are not to be taken away again
 * @throws DiskError
 */
export async function switchOver(
  disk: Disk,
  { folder, found }: RepairPlan,
  undoFolder: string,
  newFiles: readonly NewFile[],
  made: string[],
): Promise<Replacement[]> {
  const marked = newFiles.map(({ original, name }) => ({
    original,
    name,
    before: markOf(disk, `${folder}/${original}`),
    after: markOf(disk, `${folder}/${name}`),
  }));
  if (found === undefined) return switchSingle(disk, folder, undoFolder, marked, made);
  const manifest = manifestWith(found.manifest, newFiles);
  const { names, before } = found;
  writeUndoRecord(disk, undoFolder, {
    manifestName: names.manifestName,
    ...(before && { manifestBefore: Buffer.from(before).toString('latin1') }),
    manifestAfter: Buffer.from(formatManifest(manifest)).toString('latin1'),
    replacements: marked,
  });
  switchManifest(disk, names, manifest, made);
  for (const { original } of marked) {
    renameChecksums(disk, `${folder}/${original}`, `${undoFolder}/${original}`);
    disk.rename(`${folder}/${original}`, `${undoFolder}/${original}`);
  }
  disk.syncDirectory(undoFolder);
  disk.syncDirectory(folder);
  return marked;
}

/** The rename of the manifest is the switch. */
function switchManifest(disk: Disk, names: AofNames, manifest: Manifest, made: string[]): void {
  try {
    persistManifest(disk, names, manifest);
    made.length = 0;
  } catch (error) {
    // The last step, a sync, may have failed: then the new manifest is there and needs its files.
    const now = disk.status(names.manifestPath) && disk.readFile(names.manifestPath);
    if (now !== undefined && Buffer.compare(now, formatManifest(manifest)) === 0) made.length = 0;
    throw error;
  }
}

/** The rename of the repaired file over the broken one is the switch; the broken one has a second name by then. */
async function switchSingle(
  disk: Disk,
  folder: string,
  undoFolder: string,
  marked: readonly Replacement[],
  made: string[],
): Promise<Replacement[]> {
  const replacements = marked.map((replacement) => ({ ...replacement, name: replacement.original }));
  writeUndoRecord(disk, undoFolder, { replacements });
  for (const { original, name } of marked) {
    const path = `${folder}/${original}`;
    await keepUnder(disk, path, `${undoFolder}/${original}`);
    // What vouches for the old bytes goes before the name stands for new ones.
    renameChecksums(disk, path, `${undoFolder}/${original}`);
    disk.syncDirectory(undoFolder);
    disk.syncDirectory(folder);
    disk.rename(`${folder}/${name}`, path);
    made.length = 0;
  }
  disk.syncDirectory(folder);
  return replacements;
}
