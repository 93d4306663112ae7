/**
 * Carries out a repair: writes what replaces the broken files beside them, loads the result to see that it is good, and then
 * switches with one rename: of the manifest, or of the single file.
 *
 * Invariants: until the switch the log is as it was, whatever happens; what is switched to has been written, synced and
 * loaded; the replaced files are kept. A repair that is cut off behind the switch has happened.
 */

import { writeWhole } from '@aof/aof-files';
import type { Disk, DiskFile } from '@aof/disk';
import { LoadError } from '@aof/loader';
import { filesOfManifest } from '@aof/log-reader';
import { type RdbEntry, RdbReader, type RdbTarget, writeRdb } from '@aof/rdb';
import type { CommandNames } from './command-names.ts';
import { copyBeginning, copyRange, refuseWithoutSpace, writeFrom } from './copy-file.ts';
import type { Finding } from './findings.ts';
import type { LogFile } from './log-files.ts';
import { entriesOf } from './rdb-part.ts';
import { entriesFrom, type RdbResumption } from './rdb-resync.ts';
import type { FilePlan, RepairPlan } from './repair-plan.ts';
import { type NewFile, switchOver } from './repair-switch.ts';
import { manifestWith } from './repaired-manifest.ts';
import { checkStrictly } from './strict-check.ts';
import { loadForTrial, readForTrial, type TrialLoadReport } from './trial-load.ts';
import { folderAbove, type Replacement, repairFolder, repairNumbers } from './undo-record.ts';

export interface RepairRunOptions {
  readonly disk: Disk;
  readonly nowMs: number;
  readonly progress: (done: number, total: number) => void;
  /** The result is read through instead of loaded, for data sets larger than memory. Default: false. */
  readonly isOnlyRead?: boolean;
  /** By what names the server calls commands. Default: by their own. */
  readonly names?: CommandNames;
}

export interface RepairResult {
  /** Where the replaced files are. */
  readonly undoFolder: string;
  readonly replacements: readonly Replacement[];
  /** What loading it gave. */
  readonly loaded: TrialLoadReport;
}

/** The repaired log would not load either; nothing has been changed. */
export class RepairFailedError extends Error {
  override readonly name = 'RepairFailedError';
  /** Where and why, with the commands around. */
  readonly findings: readonly Finding[];

  constructor(cause: LoadError, findings: readonly Finding[]) {
    super(`the log would still not load after this repair (${cause.message}); nothing has been changed`, { cause });
    this.findings = findings;
  }
}

/** A server does not start from a log with one of these. */
const FATAL_CODES = new Set([
  'framing',
  'truncated',
  'transaction',
  'rdb',
  'file-missing',
  'command-unknown',
  'command-arity',
]);

/** @throws RepairFailedError, DiskError; before the switch nothing has changed but for files that are taken away again */
export async function runRepair(plan: RepairPlan, options: RepairRunOptions): Promise<RepairResult> {
  const { disk } = options;
  const number = (repairNumbers(disk, plan.folder).at(-1) ?? 0) + 1;
  const made: string[] = [];
  try {
    const { replacements, files } = await writeReplacements(plan, number, options, made);
    const loaded = await load(files, options);
    const undoFolder = repairFolder(plan.folder, number);
    const replaced = await switchOver(disk, plan, undoFolder, [...replacements.values()], made);
    return { undoFolder, replacements: replaced, loaded };
  } catch (error) {
    // After the switch nothing is in this list any more.
    for (const path of made) if (disk.status(path) !== undefined) disk.unlink(path);
    throw error;
  }
}

/** @throws RepairFailedError a server would not start from these files */
async function load(files: readonly LogFile[], options: RepairRunOptions): Promise<TrialLoadReport> {
  try {
    return await (options.isOnlyRead ? readForTrial : loadForTrial)({ ...options, files });
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    // It would hold the data set, for which there is no room.
    const findings = options.isOnlyRead ? [] : (await checkStrictly({ ...options, files })).findings;
    const fatal = findings.filter(({ code, certainty }) => FATAL_CODES.has(code) && certainty !== 'possible');
    throw new RepairFailedError(error, fatal);
  }
}

async function writeReplacements(
  { folder, found, files }: RepairPlan,
  number: number,
  { disk, nowMs }: RepairRunOptions,
  made: string[],
): Promise<{ readonly replacements: ReadonlyMap<string, NewFile>; readonly files: readonly LogFile[] }> {
  const broken = files.filter(({ action }) => action !== 'keep');
  const replacements = new Map<string, NewFile>();
  for (const plan of broken) {
    const name = repairedName(plan.file.name, number);
    const path = `${folder}/${name}`;
    made.push(path);
    if (plan.action === 'rebuild') await rebuildRdb(disk, plan, path, nowMs);
    else await copyGood(disk, plan, path);
    replacements.set(plan.file.name, { original: plan.file.name, name });
  }
  disk.syncDirectory(folder);
  if (found !== undefined)
    return { replacements, files: filesOfManifest(manifestWith(found.manifest, [...replacements.values()]), folder) };
  const single = files.map(({ file }): LogFile => {
    const name = replacements.get(file.name)?.name ?? file.name;
    return { name, path: `${folder}/${name}`, role: 'single' };
  });
  return { replacements, files: single };
}

/** `appendonly.aof.3.incr.aof` → `appendonly.aof.3.incr.repaired-1.aof`. */
function repairedName(name: string, number: number): string {
  const dot = name.lastIndexOf('.');
  const stem = name.replace(/\.repaired-\d+(\.[^.]*)$/, '$1');
  const at = dot < 0 ? stem.length : stem.lastIndexOf('.');
  return `${stem.slice(0, at)}.repaired-${number}${stem.slice(at)}`;
}

function copyGood(disk: Disk, { file, keptBytes, salvage }: FilePlan, path: string): Promise<number> {
  return copyBeginning(disk, file.path, path, keptBytes, async (from, to) => {
    for (const [start, end] of salvage?.ranges ?? []) await copyRange(from, to, start, end);
  });
}

/** Writes the keys before the damage as a new RDB part, and the records behind it as they are. */
async function rebuildRdb(
  disk: Disk,
  { file, size, tailOffset, resumption }: FilePlan,
  path: string,
  nowMs: number,
): Promise<number> {
  const target = await targetOf(disk, file.path);
  if (disk.status(path) !== undefined) disk.unlink(path);
  refuseWithoutSpace(disk, folderAbove(path), size);
  return writeFrom(disk, file.path, path, async (from, to) => {
    const origin = { createdSec: Math.floor(nowMs / 1000), isAofBase: true };
    const entries = withoutDuplicates(readable(from, resumption));
    for await (const chunk of writeRdb(entries, { target, origin })) writeWhole(to, chunk);
    if (tailOffset !== undefined) await copyRange(from, to, tailOffset, size);
  });
}

/** What can be read before the damage, and behind it. */
async function* readable(file: DiskFile, resumption: RdbResumption | undefined): AsyncGenerator<RdbEntry, void, void> {
  yield* entriesOf(file, new RdbReader({ findsDuplicates: true }));
  if (resumption !== undefined) yield* entriesFrom(file, resumption);
}

/** A key whose name was damaged may have become that of another: a server refuses a key that is there twice. */
async function* withoutDuplicates(entries: AsyncIterable<RdbEntry>): AsyncGenerator<RdbEntry, void, void> {
  const seen = new Set<string>();
  for await (const entry of entries) {
    if (entry.kind === 'key') {
      const place = `${entry.database}/${entry.key}`;
      if (seen.has(place)) continue;
      seen.add(place);
    }
    yield entry;
  }
}

/** The oldest server that reads files of the same version. */
async function targetOf(disk: Disk, path: string): Promise<RdbTarget> {
  const file = disk.open(path, 'read');
  try {
    const reader = new RdbReader();
    for await (const entry of entriesOf(file, reader)) if (entry.kind !== 'header') break;
    if (reader.dialect === 'valkey') return 'valkey-9';
    if (reader.version <= 10) return 'redis-7.0';
    return reader.version === 11 ? 'redis-7.2' : 'redis-7.4';
  } finally {
    file.close();
  }
}
