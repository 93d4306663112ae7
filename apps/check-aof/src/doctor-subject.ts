/** What is examined: a server's configuration, if it is given, and where its log is or would be. */
import { AofNames, type LayoutKind, readFileKind } from '@aof/aof-files';
import type { ConfigValues, Directive } from '@aof/config';
import type { Disk } from '@aof/disk';
import { NO_REGULAR_FILE, NoLogError } from './log-files.ts';
import { baseName, DEFAULT_APPEND_FILE, DEFAULT_APPEND_FOLDER, parentOf } from './restore-source.ts';
import { readConfiguration } from './server-configuration.ts';

const DEFAULT_SNAPSHOT = 'dump.rdb';
const STAR = 42;
const ABSOLUTE_DIR = /^[ \t]*dir[ \t]+["']?\//im;

export interface Subject {
  readonly names: AofNames;
  /** The file of a snapshot. */
  readonly snapshotPath: string;
  /** Undefined if no configuration was given: then nothing is known of it. */
  readonly values: ConfigValues | undefined;
  /** Its lines that are no options; undefined likewise. */
  readonly directives: readonly Directive[] | undefined;
  /** Lines of it that were passed over. */
  readonly passedOver: readonly string[];
  /** It does not say for itself where the data is: that depends on where the server is started. */
  readonly isDirRelative: boolean;
  /** A file that was pointed at, if that is the log: `names` alone would mean the other layout, or another file. */
  readonly pointedAt: LayoutKind | undefined;
}

/** @param path absolute @throws NoLogError, ConfigError, DiskError, LayoutError */
export function subjectOf(disk: Disk, path: string): Subject {
  const status = disk.status(path);
  if (status === undefined) throw new NoLogError(`There is no ${path}`);
  if (status.kind === 'other') throw new NoLogError(`${path} is no log: ${NO_REGULAR_FILE}`);
  if (status.kind === 'directory') return folderSubject(disk, path);
  if (isLog(disk, path)) return logSubject(disk, path);
  const { values, directives, passedOver } = readConfiguration(disk, path);
  const isDirRelative =
    !ABSOLUTE_DIR.test(Buffer.from(disk.readFile(path)).toString('latin1')) && values.dir.startsWith(parentOf(path));
  const { dir, appendfilename, appenddirname, dbfilename } = values;
  const names = new AofNames({ dir, appendfilename, appenddirname });
  const snapshotPath = names.inDir(dbfilename);
  return { names, snapshotPath, values, directives, passedOver, isDirRelative, pointedAt: undefined };
}

/** Whether a file is a log, or a part of one, and no configuration. */
function isLog(disk: Disk, path: string): boolean {
  const kind = readFileKind(disk, path);
  if (kind !== 'resp') return true;
  const file = disk.open(path, 'read');
  try {
    const head = new Uint8Array(64);
    const bytes = Buffer.from(head.subarray(0, file.read(head, 0, head.length, 0)));
    return bytes[0] === STAR || bytes.toString('latin1').startsWith('#TS:');
  } finally {
    file.close();
  }
}

function logSubject(disk: Disk, path: string): Subject {
  if (readFileKind(disk, path) === 'manifest') return appendFolderSubject(parentOf(path), baseName(path));
  return subject(
    { dir: parentOf(path), appendfilename: baseName(path), appenddirname: DEFAULT_APPEND_FOLDER },
    'single',
  );
}

function folderSubject(disk: Disk, folder: string): Subject {
  const own = manifestIn(disk, folder);
  if (own !== undefined) return appendFolderSubject(folder, own);
  const names = disk.list(folder);
  for (const name of names) {
    const below = `${folder}/${name}`;
    const manifest = disk.status(below)?.kind === 'directory' ? manifestIn(disk, below) : undefined;
    if (manifest !== undefined) return appendFolderSubject(below, manifest);
  }
  const single = names.filter((name) => name.endsWith('.aof') && !name.startsWith('temp-'));
  const appendfilename = single.length === 1 ? (single[0] ?? DEFAULT_APPEND_FILE) : DEFAULT_APPEND_FILE;
  return subject({ dir: folder, appendfilename, appenddirname: DEFAULT_APPEND_FOLDER });
}

function manifestIn(disk: Disk, folder: string): string | undefined {
  return disk.list(folder).find((name) => name.endsWith('.manifest') && !name.startsWith('temp-'));
}

function appendFolderSubject(folder: string, manifest: string): Subject {
  const appendfilename = manifest.replace(/\.manifest$/, '');
  return subject({ dir: parentOf(folder), appendfilename, appenddirname: baseName(folder) });
}

function subject(location: ConstructorParameters<typeof AofNames>[0], pointedAt?: LayoutKind): Subject {
  const names = new AofNames(location);
  const snapshotPath = names.inDir(DEFAULT_SNAPSHOT);
  const nothing = { values: undefined, directives: undefined, passedOver: [], isDirRelative: false };
  return { names, snapshotPath, ...nothing, pointedAt };
}
