/**
 * The manifest as a file.
 *
 *     # comment
 *     file appendonly.aof.2.base.rdb seq 2 type b
 *     file appendonly.aof.1.incr.aof seq 1 type h
 *     file "with a space.aof.2.incr.aof" seq 2 type i
 *
 * One file per line: pairs of a key (case does not matter) and a value, quoted as in redis.conf where needed. Order: base,
 * history, incr. A line, with its LF, has at most 1024 bytes; unknown keys are for newer servers and ignored. A manifest
 * without files is written as a comment, because a reader takes an empty file for a damaged one.
 *
 * Source: Redis persistence documentation; Redis aof.c, aofLoadManifestFromFile.
 */

import { ManifestError, type ManifestErrorCode } from './errors.ts';
import { isPlainName } from './file-names.ts';
import type { Manifest, ManifestFile } from './manifest.ts';
import { quoteWord, splitWords } from './manifest-words.ts';

/** Longest line with its LF. Source: Redis aof.c. */
const MAX_LINE_BYTES = 1024;
const LF = 10;
const HASH = 35;
const EMPTY_MANIFEST_TEXT = '# No file is listed yet.\n';

const REASONS: Readonly<Record<ManifestErrorCode, string>> = {
  AOF_MANIFEST_UNREADABLE: 'Read AOF manifest failed',
  AOF_MANIFEST_EMPTY: 'Found an empty AOF manifest',
  AOF_MANIFEST_LINE_TOO_LONG: 'The AOF manifest file contains too long line',
  AOF_MANIFEST_FORMAT: 'Invalid AOF manifest file format',
  AOF_MANIFEST_PATH: "File can't be a path, just a filename",
  AOF_MANIFEST_DUPLICATE_BASE: 'Found duplicate base file information',
  AOF_MANIFEST_SEQUENCE: 'Found a non-monotonic sequence number',
  AOF_MANIFEST_TYPE: 'Unknown AOF file type',
};

const HINTS: Readonly<Record<ManifestErrorCode, string>> = {
  AOF_MANIFEST_UNREADABLE: 'Check the disk and the permissions of the manifest, then start again.',
  AOF_MANIFEST_EMPTY:
    'Restore it from a backup, or have it written anew from the files beside it, not all of which need be part of the log: check-aof repair, of its folder.',
  AOF_MANIFEST_LINE_TOO_LONG: 'End every line, the last one too, with a line feed and keep lines within 1024 bytes.',
  AOF_MANIFEST_FORMAT:
    'Write the line as `file <name> seq <number from 1> type <b|h|i>`, with odd names in double quotes.',
  AOF_MANIFEST_PATH: 'Name a file in the folder of the manifest.',
  AOF_MANIFEST_DUPLICATE_BASE: 'Keep one line of type b, the one of the newest base.',
  AOF_MANIFEST_SEQUENCE: 'Put the lines of type i in the order of their numbers and list each number once.',
  AOF_MANIFEST_TYPE: 'Set the type to b (base), i (incr) or h (history).',
};

/** A `ManifestError` with the reason and the hint of its code. */
export function manifestError(
  code: ManifestErrorCode,
  details: { path?: string; line?: number; lineText?: string; fileOffset?: number; cause?: unknown },
): ManifestError {
  return new ManifestError(code, REASONS[code], { hint: HINTS[code], ...details });
}

/** The bytes of the manifest's file. */
export function formatManifest(manifest: Manifest): Uint8Array {
  const files = [manifest.base, ...manifest.history, ...manifest.incr].filter((file) => file !== undefined);
  if (files.length === 0) return Buffer.from(EMPTY_MANIFEST_TEXT, 'latin1');
  return Buffer.from(files.map(formatManifestLine).join(''), 'latin1');
}

/** One line, with its LF; latin1, a character per byte. */
export function formatManifestLine(file: ManifestFile): string {
  const name = Buffer.from(file.name, 'utf8').toString('latin1');
  return `file ${quoteWord(name)} seq ${file.sequence} type ${file.type}\n`;
}

/**
 * Reads a manifest.
 * @param path for error messages only
 * @throws ManifestError the first violation, with its line
 */
export function parseManifest(bytes: Uint8Array, path: string): Manifest {
  if (bytes.length === 0) throw manifestError('AOF_MANIFEST_EMPTY', { path, fileOffset: 0 });
  const listed: ListedFiles = { base: undefined, history: [], incr: [] };
  let line = 0;
  for (let start = 0, end: number; start < bytes.length; start = end) {
    end = lineEnd(bytes, start);
    line++;
    if (bytes[start] === HASH) continue;
    const where = { path, line, fileOffset: start };
    const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
    // A NUL ends the line for a reader in C, so that it does not see the LF either.
    if (!text.endsWith('\n') || text.includes('\0')) throw manifestError('AOF_MANIFEST_LINE_TOO_LONG', where);
    const lineText = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
    const violation = (code: ManifestErrorCode): ManifestError => manifestError(code, { ...where, lineText });
    addFile(listed, parseFile(lineText, violation), violation);
  }
  const lastIncrSequence = listed.incr.at(-1)?.sequence ?? 0;
  return { ...listed, lastBaseSequence: listed.base?.sequence ?? 0, lastIncrSequence };
}

interface ListedFiles {
  base: ManifestFile | undefined;
  readonly history: ManifestFile[];
  readonly incr: ManifestFile[];
}

type Violation = (code: ManifestErrorCode) => ManifestError;

/** Behind the LF, or where the reader's line buffer is full: the rest then counts as a line of its own. */
function lineEnd(bytes: Uint8Array, start: number): number {
  const feed = bytes.indexOf(LF, start);
  const end = feed < 0 ? bytes.length : feed + 1;
  return Math.min(end, start + MAX_LINE_BYTES);
}

function parseFile(lineText: string, violation: Violation): ManifestFile {
  const words = splitWords(lineText);
  if (words === undefined || words.length < 6 || words.length % 2 !== 0) throw violation('AOF_MANIFEST_FORMAT');
  let name: string | undefined;
  let sequence = 0;
  let type: string | undefined;
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1] ?? '';
    switch (words[i]?.toLowerCase()) {
      case 'file':
        name = decodeName(value, violation);
        break;
      case 'seq':
        sequence = Number(/^[ \t\n\v\f\r]*\+?(\d+)/.exec(value)?.[1] ?? 0);
        break;
      case 'type':
        type = value.charAt(0);
        break;
    }
  }
  if (name === undefined || sequence === 0 || !Number.isSafeInteger(sequence) || !type) {
    throw violation('AOF_MANIFEST_FORMAT');
  }
  if (type !== 'b' && type !== 'h' && type !== 'i') throw violation('AOF_MANIFEST_TYPE');
  return { name, sequence, type };
}

function decodeName(word: string, violation: Violation): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(word, 'latin1'));
  } catch (error) {
    // Such a name cannot be handed to the disk, so that the file could not be found anyway.
    if (error instanceof TypeError) throw violation('AOF_MANIFEST_FORMAT');
    throw error;
  }
  if (name === '' || name.includes('\0')) throw violation('AOF_MANIFEST_FORMAT');
  if (!isPlainName(name)) throw violation('AOF_MANIFEST_PATH');
  return name;
}

function addFile(listed: ListedFiles, file: ManifestFile, violation: Violation): void {
  switch (file.type) {
    case 'b':
      if (listed.base !== undefined) throw violation('AOF_MANIFEST_DUPLICATE_BASE');
      listed.base = file;
      return;
    case 'h':
      listed.history.push(file);
      return;
    case 'i':
      if (file.sequence <= (listed.incr.at(-1)?.sequence ?? 0)) throw violation('AOF_MANIFEST_SEQUENCE');
      listed.incr.push(file);
  }
}
