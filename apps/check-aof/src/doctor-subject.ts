/**
 * What is examined: a server's configuration, if it is given, and where its log is or would be.
 *
 * A configuration of another server is read as far as this project knows its options: lines that it does not know are passed
 * over and told.
 */
import { AofNames, type LayoutKind, readFileKind } from '@aof/aof-files';
import { Config, ConfigError, type ConfigErrorCode, type ConfigValues, parseConfigFile } from '@aof/config';
import type { Disk } from '@aof/disk';
import { NO_REGULAR_FILE, NoLogError } from './log-files.ts';
import { baseName, DEFAULT_APPEND_FILE, DEFAULT_APPEND_FOLDER, parentOf } from './restore-source.ts';

/** Lines of a configuration that may be passed over. */
const MAX_PASSED_OVER = 100;
const PASSED_OVER: ReadonlySet<ConfigErrorCode> = new Set<ConfigErrorCode>([
  'UNKNOWN_OPTION',
  'BAD_VALUE',
  'WRONG_ARGUMENT_COUNT',
]);
const DEFAULT_SNAPSHOT = 'dump.rdb';
const STAR = 42;
const ABSOLUTE_DIR = /^[ \t]*dir[ \t]+["']?\//im;

export interface Subject {
  readonly names: AofNames;
  /** The file of a snapshot. */
  readonly snapshotPath: string;
  /** Undefined if no configuration was given: then nothing is known of it. */
  readonly values: ConfigValues | undefined;
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
  const { values, passedOver } = readConfiguration(disk, path);
  const isDirRelative =
    !ABSOLUTE_DIR.test(Buffer.from(disk.readFile(path)).toString('latin1')) && values.dir.startsWith(parentOf(path));
  const { dir, appendfilename, appenddirname, dbfilename } = values;
  const names = new AofNames({ dir, appendfilename, appenddirname });
  return { names, snapshotPath: names.inDir(dbfilename), values, passedOver, isDirRelative, pointedAt: undefined };
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
  return { names, snapshotPath, values: undefined, passedOver: [], isDirRelative: false, pointedAt };
}

/** @throws ConfigError what cannot be passed over */
function readConfiguration(disk: Disk, path: string): { readonly values: ConfigValues; readonly passedOver: string[] } {
  const passedOver = new Set<string>();
  const readFile = (file: string): string =>
    Buffer.from(disk.readFile(file))
      .toString('utf8')
      .split('\n')
      .map((line) => (passedOver.has(line.trim()) ? '' : line))
      .join('\n');
  for (;;) {
    try {
      const parsed = parseConfigFile({
        path,
        readFile,
        listFolder: (folder) => disk.list(folder),
        // A relative `dir` counts from where the server is started; beside its configuration is the best guess.
        workingFolder: parentOf(path),
        directives: new Set(['rename-command', 'user', 'loadmodule']),
      });
      return { values: new Config(parsed).values, passedOver: [...passedOver] };
    } catch (error) {
      const isKnown = error instanceof ConfigError && PASSED_OVER.has(error.code) && error.lineText !== '';
      if (!isKnown || passedOver.has(error.lineText) || passedOver.size === MAX_PASSED_OVER) throw error;
      passedOver.add(error.lineText);
    }
  }
}
