/**
 * Finds the log that a path means: a manifest, a single file, the folder of a manifest, or a server's folder with one of these
 * in it. Nothing is guessed: where several logs could be meant, that is an error which names them.
 */
import { liveFiles, type Manifest, parseManifest, readFileKind } from '@aof/aof-files';
import { type Disk, DiskError } from '@aof/disk';
import { LogReadError } from './log-read-error.ts';

/** One file of a log. */
export interface LogFile {
  /** Its name in its folder. */
  readonly name: string;
  readonly path: string;
  readonly role: 'single' | 'base' | 'incr';
  /** As in the manifest; 0 for a single file. */
  readonly sequence: number;
}

/** Where a log is, and how it was at the moment of looking. */
export interface FoundLog {
  readonly layout: 'single' | 'multi-part';
  /** The manifest, or the single file. */
  readonly path: string;
  /** The folder of the files. */
  readonly folder: string;
  /** In the order of loading. */
  readonly files: readonly LogFile[];
  /** Undefined for a single file. */
  readonly manifest: Manifest | undefined;
}

/**
 * @param path of a manifest, a file, or a folder
 * @throws LogReadError AOF_NO_LOG, AOF_SEVERAL_LOGS; ManifestError; DiskError
 */
export function findLog(disk: Disk, path: string): FoundLog {
  return logAt(disk, logPathOf(disk, path));
}

/**
 * Where that log is: the path of its manifest or of the single file, which is not looked into.
 *
 * @param path of a manifest, a file, or a folder
 * @throws LogReadError AOF_NO_LOG, AOF_SEVERAL_LOGS; DiskError
 */
export function logPathOf(disk: Disk, path: string): string {
  const status = disk.status(path);
  if (status === undefined) throw noLog(path, `There is no ${path}`);
  if (status.kind === 'other') throw noLog(path, `${path} is neither a file nor a folder`);
  if (status.kind !== 'directory') return path;
  const folder = withoutSlash(path);
  const manifests = manifestsIn(disk, folder);
  if (manifests.length > 0) return theOne(folder, manifests);
  const names = disk.list(folder);
  const below = names
    .filter((name) => disk.status(`${folder}/${name}`)?.kind === 'directory')
    .flatMap((name) => manifestsBelow(disk, `${folder}/${name}`));
  const single = names
    .filter((name) => /\.aof$/.test(name) && !isPartName(name) && !name.startsWith('temp-'))
    .map((name) => `${folder}/${name}`)
    .filter((file) => disk.status(file)?.kind === 'file');
  return theOne(folder, [...below, ...single]);
}

/** @param path of a manifest or a single file */
function logAt(disk: Disk, path: string): FoundLog {
  const folder = folderOf(path);
  // Whatever is in it, what bears this name was a manifest: as a log of records it would be nothing but damage.
  if (!path.endsWith('.manifest') && readFileKind(disk, path) !== 'manifest') {
    const files: LogFile[] = [{ name: nameOf(path), path, role: 'single', sequence: 0 }];
    return { layout: 'single', path, folder, files, manifest: undefined };
  }
  const manifest = parseManifest(disk.readFile(path), path);
  return { layout: 'multi-part', path, folder, files: filesOfManifest(manifest, folder), manifest };
}

/** The files that a manifest in `folder` lists for loading, in that order. */
export function filesOfManifest(manifest: Manifest, folder: string): LogFile[] {
  return liveFiles(manifest).map(({ name, sequence, type }) => ({
    name,
    path: `${folder}/${name}`,
    role: type === 'b' ? 'base' : 'incr',
    sequence,
  }));
}

function manifestsIn(disk: Disk, folder: string): string[] {
  return disk
    .list(folder)
    .filter((name) => name.endsWith('.manifest') && !name.startsWith('temp-'))
    .map((name) => `${folder}/${name}`);
}

/** Beside a log there may be folders that are nobody's business. */
function manifestsBelow(disk: Disk, folder: string): string[] {
  try {
    return manifestsIn(disk, folder);
  } catch (error) {
    if (error instanceof DiskError && ['EACCES', 'EPERM', 'ENOENT'].includes(error.code)) return [];
    throw error;
  }
}

/** A file of the multi-part layout, which is no log of its own. */
function isPartName(name: string): boolean {
  return /\.\d+\.(base|incr)\.aof$/.test(name);
}

function theOne(folder: string, paths: readonly string[]): string {
  const [only, ...others] = paths;
  if (only === undefined) throw noLog(folder, `There is no log in ${folder}: neither a manifest nor an .aof file`);
  if (others.length === 0) return only;
  throw new LogReadError('AOF_SEVERAL_LOGS', `There are several logs in ${folder}: ${paths.join(', ')}`, {
    path: folder,
    hint: 'Name the manifest or the file of the one that is meant.',
  });
}

function noLog(path: string, message: string): LogReadError {
  const hint = 'Name a manifest, an append-only file, or their folder. If a manifest is lost: check-aof repair.';
  return new LogReadError('AOF_NO_LOG', message, { path, hint });
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash) || '/';
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
