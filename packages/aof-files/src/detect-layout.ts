/**
 * Finds out which log is on disk, and upgrades a single file to the multi-part layout where that is wanted.
 *
 * The manifest decides. Where files and manifest do not fit together nothing is guessed: a log without its manifest, or
 * two logs, are errors that say what to do, because starting with the wrong one loses data.
 *
 * The upgrade can be cut off anywhere and is finished by the next start: a manifest that lists the old name is put on disk,
 * then the file is moved into the append folder, then both folders are synced.
 *
 * Source: Redis persistence documentation; Redis aof.c, aofUpgradePrepare.
 */

import type { Disk } from '@aof/disk';
import { renameChecksums } from './checksum-file.ts';
import { LayoutError } from './errors.ts';
import { type AofLocation, AofNames } from './file-names.ts';
import type { LayoutKind } from './layout.ts';
import { EMPTY_MANIFEST, listsNoLog, type Manifest } from './manifest.ts';
import { persistManifest, readManifest } from './manifest-file.ts';
import { MultiPartLayout } from './multi-part-layout.ts';
import { SingleLayout } from './single-layout.ts';

/** A log on disk; `kind` tells which of the two layouts it has. */
export type AofLayout = SingleLayout | MultiPartLayout;

/** What a server wants, and where. */
export interface LayoutOptions extends AofLocation {
  /** The layout for a new log. A log that is there keeps its own, but for the upgrade of a single file. */
  readonly wanted: LayoutKind;
}

/** What was found. */
export interface DetectedLayout {
  readonly layout: AofLayout;
  /** Whether a single file was moved into the append folder now. */
  readonly isUpgraded: boolean;
  /** Paths of files with content that look like a log of this server but are not part of it; worth a warning. */
  readonly ignored: readonly string[];
}

/**
 * @throws ManifestError, LayoutError, DiskError
 */
export function detectLayout(disk: Disk, options: LayoutOptions): DetectedLayout {
  const names = new AofNames(options);
  const folder = disk.status(names.appendDir);
  if (folder !== undefined && folder.kind !== 'directory' && options.wanted === 'multi-part') {
    throw new LayoutError('AOF_NOT_A_FOLDER', `'${names.appendDir}' is not a folder`, {
      path: names.appendDir,
      hint: 'Move it away, or set appenddirname to another name.',
    });
  }
  const manifest = folder?.kind === 'directory' ? readManifest(disk, names) : undefined;
  const hasSingle = disk.status(names.singlePath)?.kind === 'file';
  if (manifest !== undefined && isInterruptedUpgrade(disk, names, manifest) && hasSingle) {
    moveSingleFile(disk, names);
    return found(disk, names, manifest, { isUpgraded: true, hasSingle: false });
  }
  if (manifest !== undefined && !listsNoLog(manifest)) {
    if (hasSingle && options.wanted === 'single') throw twoLogs(names, names.manifestPath);
    return found(disk, names, manifest, { isUpgraded: false, hasSingle });
  }
  refuseUnlistedLog(disk, names, manifest, hasSingle);
  if (options.wanted === 'single') return { layout: new SingleLayout(disk, names), isUpgraded: false, ignored: [] };
  if (!hasSingle) return found(disk, names, manifest, { isUpgraded: false, hasSingle });
  return found(disk, names, upgrade(disk, names, manifest), { isUpgraded: true, hasSingle: false });
}

function found(
  disk: Disk,
  names: AofNames,
  manifest: Manifest | undefined,
  { isUpgraded, hasSingle }: { isUpgraded: boolean; hasSingle: boolean },
): DetectedLayout {
  const layout = new MultiPartLayout(disk, names, manifest);
  const unlisted = layout.unlistedFiles().map((name) => names.inAppendDir(name));
  return { layout, isUpgraded, ignored: hasSingle ? [names.singlePath, ...unlisted] : unlisted };
}

/** The manifest already lists the old name, but the file is not in the append folder yet. */
function isInterruptedUpgrade(disk: Disk, names: AofNames, manifest: Manifest): boolean {
  const isOldNameOnly = manifest.base?.name === names.appendfilename && manifest.incr.length === 0;
  return isOldNameOnly && disk.status(names.inAppendDir(names.appendfilename)) === undefined;
}

/** @returns the manifest that is on disk afterwards */
function upgrade(disk: Disk, names: AofNames, old: Manifest | undefined): Manifest {
  if (disk.status(names.appendDir) === undefined) disk.makeDirectory(names.appendDir);
  disk.syncDirectory(names.dir);
  const manifest: Manifest = {
    ...(old ?? EMPTY_MANIFEST),
    base: { name: names.appendfilename, sequence: 1, type: 'b' },
    lastBaseSequence: 1,
  };
  persistManifest(disk, names, manifest);
  moveSingleFile(disk, names);
  return manifest;
}

/** What vouches for the file goes first: found without its file it would be taken for a leftover. */
function moveSingleFile(disk: Disk, names: AofNames): void {
  const [from, to] = [names.singlePath, names.inAppendDir(names.appendfilename)];
  renameChecksums(disk, from, to);
  disk.rename(from, to);
  disk.syncDirectory(names.appendDir);
  disk.syncDirectory(names.dir);
}

/** Files with content that no manifest lists: harmless leftovers only if there is a manifest that lists nothing. */
function refuseUnlistedLog(disk: Disk, names: AofNames, manifest: Manifest | undefined, hasSingle: boolean): void {
  if (disk.status(names.appendDir)?.kind !== 'directory') return;
  const unlisted = new MultiPartLayout(disk, names, manifest).unlistedFiles();
  if (unlisted.includes(names.appendfilename) && hasSingle) {
    throw twoLogs(names, names.inAppendDir(names.appendfilename));
  }
  if (unlisted.length === 0 || manifest !== undefined) return;
  throw new LayoutError(
    'AOF_MANIFEST_LOST',
    `'${names.appendDir}' holds files of a log (${unlisted.join(', ')}) but no manifest that lists them`,
    {
      path: names.manifestPath,
      hint: `Restore ${names.manifestName} from a backup, or have it written anew: check-aof repair ${names.appendDir}. Not every file beside it need be part of the log. To start empty, move the files away.`,
    },
  );
}

function twoLogs(names: AofNames, other: string): LayoutError {
  return new LayoutError('AOF_TWO_LOGS', `There are two logs: '${names.singlePath}' and '${other}'`, {
    path: names.singlePath,
    hint: `Decide which one holds the data set (compare their times and run check-aof on both) and move the other one away.`,
  });
}
