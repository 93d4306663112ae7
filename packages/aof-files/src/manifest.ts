/**
 * The manifest in memory: which files the log consists of. Immutable; a change gives a new one.
 *
 * Loading order is the base, then the incr files. History files were live before a rewrite and only wait to be deleted.
 *
 * Invariants: at most one base; the sequence numbers of the incr files strictly increase (gaps are allowed) and the last
 * incr file is the one that is appended to; `lastBaseSequence` and `lastIncrSequence` never decrease, so that no file gets
 * the name of an older one.
 */

import type { AofNames, BaseFormat } from './file-names.ts';

/** The role of a file: `b` base, `h` history, `i` incr. */
export type ManifestFileType = 'b' | 'h' | 'i';

/** One line of a manifest. */
export interface ManifestFile {
  /** A plain file name in the append folder. */
  readonly name: string;
  /** From 1; base and incr files are counted apart. */
  readonly sequence: number;
  readonly type: ManifestFileType;
}

/** What a manifest says. */
export interface Manifest {
  readonly base: ManifestFile | undefined;
  /** Newest first. */
  readonly history: readonly ManifestFile[];
  /** Oldest first. */
  readonly incr: readonly ManifestFile[];
  /** The highest sequence number that a base has had; 0 before the first. */
  readonly lastBaseSequence: number;
  /** The highest sequence number that an incr file has had; 0 before the first. Starts anew when a manifest without incr files is read. */
  readonly lastIncrSequence: number;
}

/** A manifest that lists nothing. */
export const EMPTY_MANIFEST: Manifest = Object.freeze({
  base: undefined,
  history: [],
  incr: [],
  lastBaseSequence: 0,
  lastIncrSequence: 0,
});

/** Whether a log is listed at all; history is not part of it. */
export function listsNoLog(manifest: Manifest): boolean {
  return manifest.base === undefined && manifest.incr.length === 0;
}

/** The files to load, in order. */
export function liveFiles(manifest: Manifest): ManifestFile[] {
  return manifest.base === undefined ? [...manifest.incr] : [manifest.base, ...manifest.incr];
}

/** Adds the next incr file, from then on the one to append to. @param sequence default: the next number */
export function withNextIncr(
  manifest: Manifest,
  names: AofNames,
  sequence = manifest.lastIncrSequence + 1,
): { manifest: Manifest; file: ManifestFile } {
  const file: ManifestFile = { name: names.incrName(sequence), sequence, type: 'i' };
  return { manifest: { ...manifest, incr: [...manifest.incr, file], lastIncrSequence: sequence }, file };
}

/**
 * Sets the next base; the old one becomes history. The incr files stay: see `withIncrsAsHistory`.
 * @param sequence default: the next number
 */
export function withNextBase(
  manifest: Manifest,
  names: AofNames,
  format: BaseFormat,
  sequence = manifest.lastBaseSequence + 1,
): { manifest: Manifest; file: ManifestFile } {
  const file: ManifestFile = { name: names.baseName(sequence, format), sequence, type: 'b' };
  const history = manifest.base === undefined ? manifest.history : [asHistory(manifest.base), ...manifest.history];
  return { manifest: { ...manifest, base: file, history, lastBaseSequence: sequence }, file };
}

/**
 * Turns incr files that a new base contains into history.
 * @param keep how many of the last ones stay: 1 while the log is on, 0 for a rewrite with the log off
 */
export function withIncrsAsHistory(manifest: Manifest, keep: 0 | 1): Manifest {
  const kept = keep === 0 ? [] : manifest.incr.slice(-1);
  const rewritten = manifest.incr.slice(0, manifest.incr.length - kept.length);
  return { ...manifest, incr: kept, history: [...rewritten.map(asHistory), ...manifest.history] };
}

/** Forgets history files, once they are deleted. @param isDeleted default: all of them are */
export function withoutHistory(manifest: Manifest, isDeleted: (file: ManifestFile) => boolean = () => true): Manifest {
  return { ...manifest, history: manifest.history.filter((file) => !isDeleted(file)) };
}

function asHistory(file: ManifestFile): ManifestFile {
  return { ...file, type: 'h' };
}
