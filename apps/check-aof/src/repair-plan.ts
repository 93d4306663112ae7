/**
 * What a repair of a folder would do, and what it would cost. Making the plan changes nothing.
 *
 * Every file keeps what is good from its beginning; what follows is left out. Files behind a broken one are kept: their records
 * are good, though they may build on what is lost.
 */

import { readFileKind } from '@aof/aof-files';
import type { Disk, DiskFile } from '@aof/disk';
import { filesOfManifest } from '@aof/log-reader';
import { Request } from '@aof/resp-codec';
import { checkRecords } from './check-records.ts';
import { type CommandNames, OWN_NAMES } from './command-names.ts';
import { DatabaseTracker, type KeyPlace } from './key-place.ts';
import {
  emptyBaseText,
  isLostBase,
  isManifestName,
  type LogFile,
  NO_REGULAR_FILE,
  NoLogError,
  type RealPath,
} from './log-files.ts';
import { type Loss, NO_LOSS } from './loss.ts';
import { lossBehind, totalLoss } from './measure-loss.ts';
import { type RdbPart, rdbPartOf } from './rdb-part.ts';
import { type RdbResumption, resumptionOf } from './rdb-resync.ts';
import { firstRunToEnd } from './recognise-records.ts';
import { type FoundManifest, findManifest } from './repair-manifest.ts';
import { withVouching } from './repair-vouching.ts';
import { type Salvage, salvageBehind } from './salvage.ts';
import { folderAbove } from './undo-record.ts';
import { type ModuleCommand, type OwnNamed, type Unrunnable, UnrunnableFinder } from './unrunnable-record.ts';

/**
 * What happens to one file. `keep`: it is good. `cut`: its first `keptBytes` are kept. `rebuild`: its RDB part is damaged; the
 * keys before the damage are written to a new base. `accept`: all of it is kept, although it holds other bytes than were written.
 */
export interface FilePlan {
  readonly file: LogFile;
  readonly size: number;
  readonly action: 'keep' | 'cut' | 'rebuild' | 'accept';
  readonly keptBytes: number;
  /** `cut`, where that was asked for: what is kept of what lies behind. */
  readonly salvage?: Salvage | undefined;
  /** `rebuild`: where the records behind the RDB part begin; they are kept. */
  readonly tailOffset?: number | undefined;
  /** `cut`: commands in what is left out that a salvage would keep. */
  readonly salvageable?: number | undefined;
  /** `rebuild`: a key that can be read, of which a damaged length may have taken in what follows. */
  readonly doubtfulKey?: KeyPlace | undefined;
  /** In what is kept: a record for which no server starts. */
  readonly unrunnable?: Unrunnable | undefined;
  /** `rebuild`, where that was asked for: where keys can be read again behind the damage; they are kept. */
  readonly resumption?: RdbResumption | undefined;
  /** In what is kept: the first command of a module. */
  readonly moduleCommand?: ModuleCommand | undefined;
  /** In what is kept: the first renamed command that stands there by its own name. */
  readonly ownNamed?: OwnNamed | undefined;
  /** What is unrunnable, or was and is left out, has a name that is not known. */
  readonly hasUnknownName?: boolean | undefined;
  /** What is wrong, in words. */
  readonly reason: string | undefined;
  readonly loss: Loss;
}

export interface RepairPlan {
  /** The folder in which the log is; absolute. */
  readonly folder: string;
  /** Undefined: the log is a single file. */
  readonly found: FoundManifest | undefined;
  readonly files: readonly FilePlan[];
  readonly notes: readonly string[];
  readonly loss: Loss;
  readonly isNothingToDo: boolean;
}

export interface PlanOptions {
  /** Bytes of all files that have been looked at. */
  readonly progress: (done: number, total: number) => void;
  /** Records behind a hole are kept where they can be recognised. Default: false. */
  readonly isSalvaging?: boolean;
  /** Follows symbolic links. Default: there are none. */
  readonly realPath?: RealPath;
  /** By what names the server calls commands. Default: by their own. */
  readonly names?: CommandNames;
}

/** @param path absolute: a folder or a single file @throws NoLogError, DiskError */
export async function planRepair(
  disk: Disk,
  path: string,
  { progress, isSalvaging = false, realPath = (path) => path, names = OWN_NAMES }: PlanOptions,
): Promise<RepairPlan> {
  const { folder, found, files, links } = logIn(disk, path, realPath);
  const sizes = files.map((file) => disk.status(file.path)?.size ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const plans: FilePlan[] = [];
  let before = 0;
  for (const [i, file] of files.entries()) {
    const start = before;
    const later = isSalvaging ? files.slice(i + 1) : [];
    const plan = await planFile(disk, file, {
      isSalvaging,
      later,
      names,
      progress: (at) => progress(start + at, total),
    });
    plans.push(await withVouching(disk, plan));
    before += sizes[i] ?? 0;
  }
  const unknown = [...(found?.unknownLoss ?? [])];
  return {
    folder,
    found,
    files: plans,
    notes: [...links, ...(found?.notes ?? []), ...notesOn(plans)],
    loss: totalLoss([...plans.map(({ loss }) => loss), { ...NO_LOSS, unknown }]),
    isNothingToDo: !found?.isChanged && plans.every(({ action }) => action === 'keep'),
  };
}

function notesOn(plans: readonly FilePlan[]): string[] {
  const empty = plans.filter(({ file, size }) => size === 0 && isLostBase(file)).map(({ file }) => emptyBaseText(file));
  const modules = plans.flatMap(({ file, moduleCommand: first }) =>
    first === undefined
      ? []
      : [
          `${first.name} in ${file.name}, at offset ${first.offset}, line ${first.line}, is a command of a module: a server without it does not start`,
        ],
  );
  return [...empty, ...modules, ...plans.flatMap(ownNamedNote), ...behindDamage(plans)];
}

/** The server that wrote the log refuses to load it, if it is a Redis: no repair changes that. */
function ownNamedNote({ file, ownNamed }: FilePlan): string[] {
  if (ownNamed === undefined) return [];
  const { name, refusal, offset, line } = ownNamed;
  return [
    `${name} in ${file.name}, at offset ${offset}, line ${line}, ${refusal}; check-aof convert --to redis-7.0, with --config, writes a base without names`,
  ];
}

/** What holds for files behind a broken one: they are good, and not what they were. */
function behindDamage(plans: readonly FilePlan[]): string[] {
  const broken = plans.findIndex(({ action }) => action === 'cut' || action === 'rebuild');
  if (broken < 0) return [];
  return plans
    .slice(broken + 1)
    .filter(({ keptBytes, action }) => keptBytes > 0 || action === 'rebuild')
    .map(
      ({ file }) =>
        `${file.name} comes behind damage: its commands are kept, and what builds on lost keys may be wrong`,
    );
}

type DamagedPart = Extract<RdbPart, { state: 'damaged' }>;

interface LogIn {
  readonly folder: string;
  readonly found: FoundManifest | undefined;
  readonly files: readonly LogFile[];
  /** Symbolic links that were followed to it, as sentences. */
  readonly links: readonly string[];
}

function logIn(disk: Disk, path: string, realPath: RealPath): LogIn {
  const status = disk.status(path);
  const folder = folderAbove(path);
  // Whoever names the manifest, which may be gone, means the log.
  if (status?.kind !== 'directory' && isManifestName(path) && disk.status(folder)?.kind === 'directory') {
    return logIn(disk, folder, realPath);
  }
  if (status === undefined) throw new NoLogError(`There is no ${path}`);
  if (status.kind === 'other') throw new NoLogError(`${path} is no log: ${NO_REGULAR_FILE}`);
  if (status.kind === 'file') {
    // A rename over a link would leave the log that it leads to as it is, for whoever knows that by another name.
    const real = realPath(path);
    const file = { name: real.slice(real.lastIndexOf('/') + 1), path: real, role: 'single' } as const;
    const links =
      real === path ? [] : [`${path} is a symbolic link to ${real}: that file is looked at, and the link stays`];
    return { folder: folderAbove(real), found: undefined, files: [file], links };
  }
  const found = findManifest(disk, path);
  if (found !== undefined) return { folder: path, found, files: filesOfManifest(found.manifest, path), links: [] };
  const below = disk.list(path).filter((name) => disk.status(`${path}/${name}`)?.kind === 'directory');
  const nested = below.map((name) => `${path}/${name}`).filter((folder) => findManifest(disk, folder) !== undefined);
  const singles = disk.list(path).filter((name) => name.endsWith('.aof') && !name.startsWith('temp-'));
  const [only, ...others] = [...nested, ...singles.map((name) => `${path}/${name}`)];
  if (only === undefined) throw new NoLogError(`There is no log in ${path}`);
  if (others.length > 0)
    throw new NoLogError(
      `There are several logs in ${path}: name one of ${[only, ...others].join(', ')}`,
      'AOF_SEVERAL_LOGS',
    );
  return logIn(disk, only, realPath);
}

interface FilePlanOptions {
  readonly isSalvaging: boolean;
  /** The files behind it, which may build on what is lost in it. */
  readonly later: readonly LogFile[];
  readonly names: CommandNames;
  readonly progress: (offset: number) => void;
}

async function planFile(disk: Disk, file: LogFile, options: FilePlanOptions): Promise<FilePlan> {
  const { isSalvaging, later, names, progress } = options;
  const handle = disk.open(file.path, 'read');
  try {
    const size = handle.size();
    const hasRdbPart = size > 0 && file.role !== 'incr' && readFileKind(disk, file.path) === 'rdb';
    let fileOffset = 0;
    if (hasRdbPart) {
      const part = await rdbPartOf(handle, progress);
      if (part.state === 'damaged') return await planRebuild(handle, file, part, options);
      fileOffset = part.endOffset;
    }
    const finder = new UnrunnableFinder(names);
    const databases = new DatabaseTracker();
    const verdict = await checkRecords({
      file: handle,
      fileOffset,
      line: 1,
      name: file.name,
      path: file.path,
      untilTimestamp: undefined,
      progress,
      names,
      passed: (record, offset, recordLine) => {
        finder.passed(record, offset, recordLine);
        if (finder.found === undefined) databases.passed(record);
      },
    });
    const isKept = (one: { readonly offset: number } | undefined): boolean =>
      one !== undefined && one.offset < verdict.okUpTo;
    const unrunnable = isKept(finder.found) ? finder.found : undefined;
    const moduleCommand = isKept(finder.moduleCommand) ? finder.moduleCommand : undefined;
    const ownNamed = isKept(finder.ownNamed) ? finder.ownNamed : undefined;
    const noted = { unrunnable, moduleCommand, ownNamed, hasUnknownName: unrunnable?.isUnknown };
    // What follows a strange command is good: only salvaging, which keeps that, leaves the command out.
    const goesBySalvage = isSalvaging && unrunnable !== undefined;
    const keptBytes = goesBySalvage ? unrunnable.offset : verdict.okUpTo;
    if (keptBytes === size)
      return { file, size, action: 'keep', keptBytes, ...noted, reason: undefined, loss: NO_LOSS };
    const what = goesBySalvage ? unrunnable.reason : describeEnd(handle, keptBytes, size, names);
    const reason = `${what}, at offset ${keptBytes}, line ${goesBySalvage ? unrunnable.line : verdict.nextLine}`;
    const cut = { file, size, action: 'cut', keptBytes, ...noted, reason } as const;
    const { settled } = databases;
    if (!isSalvaging) return { ...cut, ...(await lossBehind(handle, keptBytes, settled, names)) };
    const salvage = await withOpen(disk, later, (files) => salvageBehind(handle, keptBytes, settled, files, names));
    return { ...cut, unrunnable: undefined, salvage, loss: salvage.loss };
  } finally {
    handle.close();
  }
}

async function withOpen<T>(
  disk: Disk,
  files: readonly LogFile[],
  use: (files: readonly DiskFile[]) => Promise<T>,
): Promise<T> {
  const handles: DiskFile[] = [];
  try {
    for (const { path } of files) handles.push(disk.open(path, 'read'));
    return await use(handles);
  } finally {
    for (const handle of handles) handle.close();
  }
}

async function planRebuild(
  handle: DiskFile,
  file: LogFile,
  part: DamagedPart,
  { isSalvaging, names }: FilePlanOptions,
): Promise<FilePlan> {
  const size = handle.size();
  const { fileOffset, keys } = part;
  const resumption = isSalvaging && !part.isReadToEnd ? await resumptionBehind(handle, part) : undefined;
  const tailOffset = await firstRunToEnd(handle, resumption?.endOffset ?? fileOffset, names);
  const missing = Math.max(0, part.keysPromised + (resumption?.promisedBehind ?? 0) - keys - (resumption?.keys ?? 0));
  const bytes = Math.max(0, (resumption?.offset ?? tailOffset ?? size) - fileOffset);
  const behind = resumption === undefined ? '' : `, and ${resumption.keys} behind it`;
  const reason = `${part.reason}, at offset ${fileOffset}; ${keys} keys before it${behind} can be read`;
  const unknown = unknownOf(file, part, missing, resumption !== undefined);
  const doubtfulKey = part.isReadToEnd ? undefined : part.lastKey;
  // What was read behind the key that took others in was never a key.
  const hasTakenIn = resumption !== undefined && resumption.offset < fileOffset;
  const key = hasTakenIn ? doubtfulKey?.key : part.key;
  const damaged = key === undefined ? [] : [{ database: part.database, key }];
  const keyCount = hasTakenIn ? 1 : missing;
  const loss: Loss = { ...NO_LOSS, bytes, keys: damaged, keyCount, unknown };
  return { file, size, action: 'rebuild', keptBytes: 0, tailOffset, resumption, doubtfulKey, reason, loss };
}

/**
 * Where reading can go on. Damage is found behind where it is: a length that is wrong takes in keys that follow, so if keys are
 * missing, and all of them can be read from within the last one, they are.
 */
async function resumptionBehind(
  handle: DiskFile,
  { fileOffset, database, keysToCome, key, lastKey }: DamagedPart,
): Promise<RdbResumption | undefined> {
  // The damaged key is none of those that can be read.
  const expectedKeys = keysToCome === undefined || key === undefined ? keysToCome : keysToCome - 1;
  const behind = await resumptionOf(handle, { from: fileOffset, database, expectedKeys });
  if (behind?.isComplete || keysToCome === undefined || lastKey?.database !== database) return behind;
  const from = lastKey.fileOffset + 1;
  const within = await resumptionOf(handle, {
    from,
    until: fileOffset,
    database,
    expectedKeys: keysToCome,
    wantsAll: true,
  });
  return within ?? behind;
}

function unknownOf({ name }: LogFile, { isReadToEnd }: DamagedPart, missing: number, isResumed: boolean): string[] {
  if (isReadToEnd) return [`${name}: all its keys can be read, but its checksum is wrong: any of them may be damaged`];
  // One alone is the damaged one, which is named.
  if (isResumed) return missing > 1 ? [`${missing} keys of ${name} lie in the damage and are lost with it`] : [];
  return [`at least ${missing} keys of ${name} lie behind the damage and are lost with it`];
}

const SAMPLE_BYTES = 4096;

/** What the end that is left out looks like. */
function describeEnd(file: DiskFile, offset: number, size: number, names: CommandNames): string {
  const bytes = Buffer.alloc(Math.min(SAMPLE_BYTES, size - offset));
  file.read(bytes, 0, bytes.length, offset);
  if (bytes.every((byte) => byte === 0)) return 'zero bytes';
  const text = bytes.toString('latin1');
  const name = /^\*1\r\n\$\d+\r\n([^\r\n]+)\r\n/.exec(text)?.[1];
  if (name !== undefined && names.understood(Request.of([name])).is(0, 'multi')) return 'a transaction without its end';
  if (/^\*\d+\r\n\$/.test(text)) return 'a record that is cut off or damaged';
  return 'bytes that are no record';
}
