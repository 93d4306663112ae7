/**
 * Makes a folder that a server starts from out of a log, or out of what it was at some moment.
 *
 * Two ways: the log's own bytes are copied up to a place; or, for another form or some of the keys, the commands up to there are
 * replayed, and the data set that they make is written as one base.
 *
 * Invariants: the source is only read; the target gets a whole log, which has been loaded, or nothing; what is left out or lost is told.
 */
import { EMPTY_MANIFEST, type LayoutKind, type Manifest, MultiPartLayout } from '@aof/aof-files';
import { type Disk, DiskError } from '@aof/disk';
import { readLog } from '@aof/log-reader';
import type { RdbTarget } from '@aof/rdb';
import type { CommandNames } from './command-names.ts';
import { type HeldFiles, holdFound } from './held-files.ts';
import { type BaseForm, writeBase } from './restore-base.ts';
import { bytesOf, copyUpTo, type Part, partsUpTo } from './restore-copy.ts';
import { type Cut, CutFinder, type CutPlace, type FoundCut } from './restore-cut.ts';
import {
  buildDataSet,
  type DataSet,
  digestOf,
  Losses,
  type SelectedKeys,
  type Selection,
  selectKeys,
} from './restore-data-set.ts';
import { RestoreError } from './restore-error.ts';
import { baseName, inFolder, locateLog, type SourceLog } from './restore-source.ts';
import { assertFree, TargetFolder } from './restore-target.ts';
import { type LoadedTarget, loadTarget } from './restore-verify.ts';

/** Who is to start from the result. `ours`: this project's server; `resp`: records alone, for whoever reads them. */
export type ServerTarget = RdbTarget | 'ours' | 'resp';

/** The first servers that read a manifest. */
const MULTI_PART_SINCE: ReadonlySet<ServerTarget> = new Set<ServerTarget>([
  'ours',
  'resp',
  'redis-7.0',
  'redis-7.2',
  'redis-7.4',
  'valkey-8',
  'valkey-9',
]);

export interface RestoreRequest {
  /** Absolute, without links. */
  readonly path: string;
  /** Likewise; need not exist. */
  readonly target: string;
  readonly cut: Cut;
  readonly selection: Selection;
  /** Undefined: as the log is. */
  readonly server: ServerTarget | undefined;
  /** Undefined: what the server starts from; else that of the log. */
  readonly layout: LayoutKind | undefined;
  /** A damage is where the log ends. */
  readonly isUpToDamage: boolean;
  readonly skipsUnknown: boolean;
}

export interface RestoreOptions {
  readonly disk: Disk;
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: number;
  readonly progress: (done: number, total: number) => void;
  readonly names: CommandNames;
}

export interface RestoreResult {
  readonly source: SourceLog;
  readonly found: FoundCut;
  /** Bytes of the source that are behind the place. */
  readonly leftOutBytes: number;
  readonly layout: LayoutKind;
  readonly form: 'copy' | BaseForm['kind'];
  /** Of all files of the result. */
  readonly bytes: number;
  readonly keys: SelectedKeys;
  readonly losses: Losses;
  /** Records of a copy that cannot be replayed here: they are in it, and were not looked at. */
  readonly notReplayed: number;
  /** Some of them are called as no server is known to call a command. */
  readonly hasUnknownName: boolean;
  /** Why a Redis with the given configuration does not start from a copy. */
  readonly refusal: string | undefined;
}

/** Whether servers like this read a log of several files. */
export function readsMultiPart(server: ServerTarget): boolean {
  return MULTI_PART_SINCE.has(server);
}

/**
 * @throws RestoreError, LogReadError, ManifestError, LayoutError, DiskError; then the target is as it was, but for an unfinished
 *         folder that the disk may have refused to take away
 */
export async function restoreLog(request: RestoreRequest, options: RestoreOptions): Promise<RestoreResult> {
  assertFree(options.disk, request.target);
  return withLog(request.path, options, async (source, held) => {
    for (const folder of [source.folder, request.path]) assertOutside(request.target, folder);
    const found = await findCut(source, request, held);
    return writeTarget(source, found, request, held);
  });
}

/**
 * Finds the log at `path`, and runs `use` with its files held open: whatever a server does meanwhile, they stay what they are.
 * @throws RestoreError RESTORE_DAMAGED a file that the manifest lists is not there; and what `use` throws
 */
export async function withLog<T>(
  path: string,
  options: RestoreOptions,
  use: (source: SourceLog, held: RestoreOptions) => Promise<T>,
): Promise<T> {
  const { source, held } = holdLog(options.disk, path);
  try {
    return await use(source, { ...options, disk: held.disk });
  } finally {
    held.letGo();
  }
}

function holdLog(disk: Disk, path: string): { readonly source: SourceLog; readonly held: HeldFiles } {
  try {
    const { log, held } = holdFound(disk, () => locateLog(disk, path));
    return { source: log, held };
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') throw missingFile(error);
    throw error;
  }
}

function missingFile(cause: DiskError): RestoreError {
  return new RestoreError('RESTORE_DAMAGED', `The log has lost ${cause.path}, which its manifest lists`, {
    path: cause.path,
    cause,
    hint: 'Repair a copy of it first: check-aof repair.',
  });
}

async function writeTarget(
  source: SourceLog,
  found: FoundCut,
  request: RestoreRequest,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const { disk } = options;
  const parts = partsUpTo(disk, source, found.place);
  const keptBytes = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const leftOutBytes = totalBytes(disk, source) - keptBytes;
  const layout = request.layout ?? defaultLayout(request.server, source);
  const target = new TargetFolder(disk, request.target, layout, {
    appendfilename: source.names.appendfilename,
    appenddirname: baseName(source.names.appendDir),
  });
  try {
    const made = isRewriting(request)
      ? await rewritten(source, found.place, target, request, options)
      : await copied(parts, target, options);
    target.finish();
    return { source, found, leftOutBytes, layout, ...made };
  } catch (error) {
    target.discard();
    throw error;
  }
}

/** Files of the log from before its last rewrite, which a server has not deleted yet. */
function olderFiles(disk: Disk, { names, manifest }: SourceLog): string[] {
  if (manifest === undefined) return [];
  const listed = manifest.history
    .map(({ name }) => name)
    .filter((name) => disk.status(names.inAppendDir(name))?.kind === 'file');
  return [...new Set([...listed, ...new MultiPartLayout(disk, names, manifest).unlistedFiles()])];
}

type Made = Pick<RestoreResult, 'form' | 'bytes' | 'keys' | 'losses' | 'notReplayed' | 'hasUnknownName' | 'refusal'>;

function isRewriting({ server, selection }: RestoreRequest): boolean {
  return server !== undefined || selection.only.length > 0 || selection.databases.length > 0 || selection.keepsExpired;
}

/** Where the log is to end. Reads it once. @throws RestoreError, LogFault, DiskError */
export async function findCut(
  source: SourceLog,
  { cut, isUpToDamage }: Pick<RestoreRequest, 'cut' | 'isUpToDamage'>,
  { disk, progress, names }: RestoreOptions,
): Promise<FoundCut> {
  const older = olderFiles(disk, source);
  const finder = new CutFinder({ cut, files: source.files, olderFiles: older, isUpToDamage, hint: names.hint });
  const { understood } = names;
  for await (const batch of readLog(disk, source, { faults: 'report', understood })) {
    for (const event of batch) if (!finder.take(event)) return finder.finish();
    progress(batch.readBytes, batch.totalBytes);
  }
  return finder.finish();
}

async function copied(parts: readonly Part[], target: TargetFolder, options: RestoreOptions): Promise<Made> {
  const { disk } = options;
  const wanted = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  refuseWithoutRoom(disk, target.path, wanted);
  const manifest = await copyUpTo(parts, target, options);
  const loaded = await load(target, manifest, options);
  const { kept, expired, notReplayed, hasUnknownName, refusal, bytes } = loaded;
  const keys = { kept, expired, leftOut: 0 };
  return { form: 'copy', bytes, keys, losses: new Losses(), notReplayed, hasUnknownName, refusal };
}

async function rewritten(
  source: SourceLog,
  place: CutPlace,
  target: TargetFolder,
  request: RestoreRequest,
  options: RestoreOptions,
): Promise<Made> {
  const form = formOf(request.server);
  const name = target.staged.baseName(1, form.kind === 'rdb' ? 'rdb' : 'aof');
  const written = await writeSelected(source, place, target.pathOf(name), form, request, options);
  const base = { name, sequence: 1, type: 'b' } as const;
  const manifest = target.layout === 'single' ? EMPTY_MANIFEST : { ...EMPTY_MANIFEST, base, lastBaseSequence: 1 };
  const loaded = await load(target, manifest, options);
  const { keys, losses, lostKeys, digest } = written;
  // Values that the target does not know are missing; what there is must be all the rest.
  const isSame = lostKeys > 0 ? loaded.kept + loaded.expired === keys.kept - lostKeys : loaded.digest() === digest;
  if (!isSame) throw notVerified(`it loads as ${loaded.kept} keys that differ from the ${keys.kept} that were written`);
  return {
    form: form.kind,
    bytes: loaded.bytes,
    keys,
    losses,
    notReplayed: 0,
    hasUnknownName: false,
    refusal: undefined,
  };
}

interface Written {
  readonly keys: SelectedKeys;
  readonly losses: Losses;
  /** Keys that were selected and not written. */
  readonly lostKeys: number;
  /** Of what was selected. */
  readonly digest: string;
}

/** Replays and writes; the data set is let go of before the result is loaded. */
async function writeSelected(
  source: SourceLog,
  place: CutPlace,
  path: string,
  form: BaseForm,
  { selection, server, skipsUnknown }: RestoreRequest,
  options: RestoreOptions,
): Promise<Written> {
  const { nowMs } = options;
  const dataSet: DataSet = await buildDataSet({ ...options, log: source, place, skipsUnknown });
  const keys = selectKeys(dataSet.keyspace, selection, nowMs);
  const digest = digestOf(dataSet.keyspace);
  const hasFunctions = server !== 'ours';
  const { losses } = dataSet;
  const lostBefore = losses.count('key');
  await writeBase(dataSet, { ...options, path, form, hasFunctions });
  return { keys, losses, lostKeys: losses.count('key') - lostBefore, digest };
}

function formOf(server: ServerTarget | undefined): BaseForm {
  if (server === 'resp') return { kind: 'resp' };
  return { kind: 'rdb', target: server === undefined || server === 'ours' ? 'redis-7.0' : server };
}

function defaultLayout(server: ServerTarget | undefined, source: SourceLog): LayoutKind {
  if (server === undefined || server === 'ours') return source.layout;
  return readsMultiPart(server) ? 'multi-part' : 'single';
}

async function load(target: TargetFolder, manifest: Manifest, options: RestoreOptions): Promise<LoadedTarget> {
  const loaded = await loadTarget(target, manifest, options);
  // The manifest comes last: before it, what is there is not yet taken for a log.
  target.writeManifest(manifest);
  return loaded;
}

function notVerified(reason: string): RestoreError {
  return new RestoreError('RESTORE_NOT_VERIFIED', `What was written is not what was meant: ${reason}`, {
    hint: 'Nothing has been restored. This is a fault of check-aof or of the disk: please report it.',
  });
}

function assertOutside(target: string, folder: string): void {
  if (target !== folder && !target.startsWith(inFolder(folder, ''))) return;
  throw new RestoreError('RESTORE_TARGET_IN_USE', `${target} is inside ${folder}, which is only read`, {
    path: target,
    hint: 'Name a folder beside it, or on another disk.',
  });
}

function totalBytes(disk: Disk, { files }: SourceLog): number {
  return files.reduce((sum, { path }) => sum + bytesOf(disk, path), 0);
}

function refuseWithoutRoom(disk: Disk, path: string, wanted: number): void {
  const free = disk.freeBytes(path);
  if (free !== undefined && free < wanted) throw new DiskError('ENOSPC', 'write', path);
}
