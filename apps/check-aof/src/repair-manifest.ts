/**
 * Which files a log consists of, when its manifest is gone, damaged, or does not fit the files beside it.
 *
 * A manifest that can be read is believed. Else the names of the files tell: the newest base, and the incr files in the order
 * of their numbers. Where two bases are there, a rewrite was cut off: all that belongs to the newer one is the last incr file.
 *
 * A base contains the incr files from before it, and a server that ends early leaves some of these: taken into the log they would
 * be applied twice. Each rewrite begins an incr file before it makes a base, so an incr file whose number is below the base's is
 * one of these, and the last is none. A rewrite that fails uses up a number all the same: of those between only the times tell.
 */
import {
  AofNames,
  EMPTY_MANIFEST,
  type Manifest,
  ManifestError,
  type ManifestFile,
  parseManifest,
} from '@aof/aof-files';
import type { Disk } from '@aof/disk';
import { NoLogError } from './log-files.ts';

export interface FoundManifest {
  readonly names: AofNames;
  /** The bytes on disk; undefined if there is none. */
  readonly before: Uint8Array | undefined;
  /** What the log consists of. */
  readonly manifest: Manifest;
  readonly isChanged: boolean;
  /** What is wrong and what is done about it, in sentences. */
  readonly notes: readonly string[];
  /** Losses that cannot be counted. */
  readonly unknownLoss: readonly string[];
}

const PART_NAME = /^(.+)\.(\d{1,15})\.(?:(base)\.(?:rdb|aof)|incr\.aof)$/;

interface Part {
  readonly name: string;
  readonly prefix: string;
  readonly sequence: number;
  readonly isBase: boolean;
  readonly size: number;
  readonly modifiedAtMs: number;
}

/** @param folder absolute. @returns undefined if the folder holds no log in parts @throws NoLogError there are several */
export function findManifest(disk: Disk, folder: string): FoundManifest | undefined {
  const entries = disk.list(folder);
  const parts = entries.flatMap((name) => partOf(disk, folder, name));
  const manifests = entries.filter((name) => name.endsWith('.manifest') && !name.startsWith('temp-'));
  if (manifests.length > 1)
    throw new NoLogError(`There are several manifests in ${folder}: ${manifests.join(', ')}`, 'AOF_SEVERAL_LOGS');
  const prefixes = new Set(parts.map(({ prefix }) => prefix));
  const prefix = manifests[0]?.slice(0, -'.manifest'.length) ?? [...prefixes][0];
  if (prefix === undefined) return undefined;
  if (manifests.length === 0 && prefixes.size > 1) {
    throw new NoLogError(
      `There are files of several logs in ${folder}, and no manifest: ${[...prefixes].join(', ')}`,
      'AOF_SEVERAL_LOGS',
    );
  }
  const slash = folder.lastIndexOf('/');
  const names = new AofNames({
    dir: slash <= 0 ? '/' : folder.slice(0, slash),
    appenddirname: folder.slice(slash + 1),
    appendfilename: prefix,
  });
  const own = parts.filter((part) => part.prefix === prefix);
  if (manifests[0] === undefined) return lost(disk, names, own, undefined, `${names.manifestName} is gone`);
  const before = disk.readFile(names.manifestPath);
  try {
    return fitted(disk, names, own, before, parseManifest(before, names.manifestPath));
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const where = error.line === undefined ? '' : `, line ${error.line}`;
    return lost(disk, names, own, before, `${names.manifestName} cannot be read (${error.message}${where})`);
  }
}

function partOf(disk: Disk, folder: string, name: string): Part[] {
  const found = PART_NAME.exec(name);
  if (found === null) return [];
  const status = disk.status(`${folder}/${name}`);
  if (status?.kind !== 'file') return [];
  return [
    {
      name,
      prefix: found[1] ?? '',
      sequence: Number(found[2]),
      isBase: found[3] !== undefined,
      size: status.size,
      modifiedAtMs: status.modifiedAtMs,
    },
  ];
}

function lost(
  disk: Disk,
  names: AofNames,
  parts: readonly Part[],
  before: Uint8Array | undefined,
  problem: string,
): FoundManifest {
  const inOrder = parts.toSorted((a, b) => a.sequence - b.sequence);
  const bases = inOrder.filter(({ isBase, size }) => isBase && size > 0);
  const incrs = inOrder.filter(({ isBase }) => !isBase);
  const base = bases.at(-1) ?? upgradedBase(disk, names);
  if (base === undefined && incrs.length === 0) {
    throw new NoLogError(`${problem}, and there are no files from which the log could be put together`);
  }
  const notes = [`${problem}: it is written anew from the names of the files`];
  if (base === undefined) {
    const unknownLoss = ['no base was found: what it held, if there was one, is lost'];
    return { names, before, manifest: manifestOf(base, incrs), isChanged: true, notes, unknownLoss };
  }
  const behind = behindBase(base, incrs, bases.length);
  notes.push(...behind.notes);
  const { kept, unknownLoss } = behind;
  return { names, before, manifest: manifestOf(base, kept), isChanged: true, notes, unknownLoss };
}

/** The incr files that are loaded behind a base. */
interface BehindBase {
  readonly kept: readonly Part[];
  readonly notes: readonly string[];
  readonly unknownLoss: readonly string[];
}

/** @param incrs in the order of their numbers @param baseCount how many bases are there */
function behindBase(base: Part, incrs: readonly Part[], baseCount: number): BehindBase {
  const within = incrs.filter(({ sequence }) => sequence < base.sequence);
  const others = incrs.slice(within.length);
  const last = others.slice(-1);
  const noIncr = `no incr file of ${base.name} is there: what was written after it was made is lost`;
  const unknownLoss = within.length > 0 && last.length === 0 ? [noIncr] : [];
  // The older base would have been deleted soon: the rewrite had just ended, and behind it there was but one incr file.
  if (baseCount > 1) {
    const note = `there are ${baseCount} bases; the newest, ${base.name}, already contains all incr files but the last: only these two are used`;
    return { kept: last, notes: [note], unknownLoss };
  }
  const notes =
    within.length === 0
      ? []
      : [`${base.name} already contains ${namesOf(within)}, by the numbers: left out, and left alone`];
  // Nothing is before a first base.
  if (base.sequence === 1) return { kept: others, notes, unknownLoss };
  const told = byTheTimes(
    base,
    others.slice(0, -1).filter(({ size }) => size > 0),
  );
  return {
    kept: [...told.kept, ...last],
    notes: [...notes, ...told.notes],
    unknownLoss: [...unknownLoss, ...told.unknownLoss],
  };
}

/** Of incr files of which the numbers do not tell whether the base contains them. Either way something may be lost that nobody can count. */
function byTheTimes(base: Part, incrs: readonly Part[]): BehindBase {
  const firstNewer = incrs.findIndex(({ modifiedAtMs }) => modifiedAtMs > base.modifiedAtMs);
  const older = firstNewer < 0 ? incrs : incrs.slice(0, firstNewer);
  const newer = incrs.slice(older.length);
  const notes: string[] = [];
  const unknownLoss: string[] = [];
  if (older.length > 0) {
    const names = namesOf(older);
    notes.push(`${base.name} may already contain ${names}, not changed since it was made: left out, and left alone`);
    unknownLoss.push(`${names}: lost if ${base.name} does not contain it, which the numbers do not tell`);
  }
  if (newer.length > 0) {
    const names = namesOf(newer);
    notes.push(`${names} was changed after ${base.name} was made, so it comes behind it, if these times are true`);
    unknownLoss.push(
      `${names}: applied twice if ${base.name} contains it, which the numbers do not tell, and the times only if no copy has changed them`,
    );
  }
  return { kept: newer, notes, unknownLoss };
}

function namesOf(parts: readonly Part[]): string {
  return parts.map(({ name }) => name).join(', ');
}

/** A single file that was moved into the folder by an upgrade keeps its old name. */
function upgradedBase(disk: Disk, names: AofNames): Part | undefined {
  const name = names.appendfilename;
  const status = disk.status(names.inAppendDir(name));
  if (status?.kind !== 'file' || status.size === 0) return undefined;
  return { name, prefix: name, sequence: 1, isBase: true, size: status.size, modifiedAtMs: status.modifiedAtMs };
}

function manifestOf(base: Part | undefined, incrs: readonly Part[]): Manifest {
  const incr = incrs.map(({ name, sequence }): ManifestFile => ({ name, sequence, type: 'i' }));
  const listed: ManifestFile | undefined = base && { name: base.name, sequence: base.sequence, type: 'b' };
  return {
    ...EMPTY_MANIFEST,
    base: listed,
    incr,
    lastBaseSequence: base?.sequence ?? 0,
    lastIncrSequence: incr.at(-1)?.sequence ?? 0,
  };
}

/** Takes files that are not there out of a manifest, and adds incr files that are newer than all it lists. */
function fitted(
  disk: Disk,
  names: AofNames,
  parts: readonly Part[],
  before: Uint8Array,
  listed: Manifest,
): FoundManifest {
  const notes: string[] = [];
  const unknownLoss: string[] = [];
  const isThere = ({ name }: ManifestFile): boolean => {
    if (disk.status(names.inAppendDir(name))?.kind === 'file') return true;
    notes.push(`${name} is listed but not there: its line is taken out`);
    unknownLoss.push(`${name} is gone: what it held is lost`);
    return false;
  };
  const base = listed.base !== undefined && isThere(listed.base) ? listed.base : undefined;
  const incr = listed.incr.filter(isThere);
  const last = listed.incr.at(-1)?.sequence ?? 0;
  const newer = parts.filter(({ isBase, sequence, size }) => !isBase && sequence > last && size > 0);
  for (const { name, sequence } of newer.toSorted((a, b) => a.sequence - b.sequence)) {
    notes.push(`${name} is newer than all listed files: it is added`);
    incr.push({ name, sequence, type: 'i' });
  }
  if (base === undefined && incr.length === 0 && notes.length > 0) {
    throw new NoLogError(`no file that ${names.manifestName} lists is there`);
  }
  const isChanged = notes.length > 0;
  const known = new Set([listed.base, ...listed.incr, ...listed.history, ...incr].map((file) => file?.name));
  const stray = parts.filter(({ name, size }) => !known.has(name) && size > 0).map(({ name }) => name);
  if (stray.length > 0) notes.push(`not part of the log, and left alone: ${stray.join(', ')}`);
  const lastIncrSequence = Math.max(listed.lastIncrSequence, incr.at(-1)?.sequence ?? 0);
  return { names, before, manifest: { ...listed, base, incr, lastIncrSequence }, isChanged, notes, unknownLoss };
}
