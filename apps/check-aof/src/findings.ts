/** What a strict check finds: where, what, between which commands, and how sure it is. */
import type { Tone } from './output.ts';

/**
 * Stable codes.
 * `framing`, `truncated`, `transaction`, `rdb`, `file-missing`: the log is broken there.
 * `command-unknown`, `command-arity`, `command-error`, `command-not-logged`, `command-no-effect`, `spelling`: no server writes this.
 * `hole`, `stray-byte`, `time`: strange, but possible.
 * `checksum`, `checksum-end`: bytes are not those that were written, or not there, says the checksum file.
 */
export type FindingCode =
  | 'framing'
  | 'truncated'
  | 'transaction'
  | 'rdb'
  | 'file-missing'
  | 'command-unknown'
  | 'command-arity'
  | 'command-error'
  | 'command-not-logged'
  | 'command-no-effect'
  | 'spelling'
  | 'hole'
  | 'stray-byte'
  | 'time'
  | 'checksum'
  | 'checksum-end';

/** `certain`: no server wrote this. `likely`: hardly any would. `possible`: look at it. */
export type Certainty = 'certain' | 'likely' | 'possible';

export interface Finding {
  readonly code: FindingCode;
  readonly certainty: Certainty;
  /** File name, and its path. */
  readonly file: string;
  readonly path: string;
  /** Byte offset in the file of the record, or of the place in it. */
  readonly offset: number;
  /** As redis-check-aof counts, from 1 in each file; 0 in an RDB part. */
  readonly line: number;
  /** What is wrong, and why that is a sign of damage. */
  readonly message: string;
  /** The command itself, if it can be read, and its neighbours. */
  readonly command: string | undefined;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface StrictFile {
  readonly name: string;
  readonly bytes: number;
  readonly records: number;
  /** False if the rest of the file could not be read. */
  readonly isReadToEnd: boolean;
  /** Bytes that a checksum file vouches for, which have been compared; undefined: there is none. */
  readonly vouchedBytes?: number | undefined;
  /** What is wrong with the checksum file itself. */
  readonly vouchingDoubt?: string | undefined;
}

export interface StrictReport {
  readonly files: readonly StrictFile[];
  readonly records: number;
  /** Keys in the data set that the log makes. */
  readonly keys: number;
  /** Records of commands that are known but cannot be replayed here. */
  readonly notReplayed: number;
  /** The first ones; `findingCount` is how many there are. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
}

/** Findings kept in memory and shown; the rest is counted. */
export const MAX_FINDINGS = 1000;

/** How a tone shows; by default not at all. */
export type Tint = (tone: Tone, text: string) => string;

const TONES: Readonly<Record<Certainty, Tone>> = { certain: 'bad', likely: 'bad', possible: 'doubtful' };

/** For people, several lines. */
export function findingText(finding: Finding, tint: Tint = (_, text) => text): string {
  const { code, certainty, file, offset, line, message, command, before, after } = finding;
  const where = line > 0 ? `offset ${offset}, line ${line}` : `offset ${offset}`;
  const lines = [`${file}, ${where}: ${tint(TONES[certainty], `${message} [${code}, ${certainty}]`)}`];
  for (const text of before) lines.push(`      ${text}`);
  if (command !== undefined) lines.push(`    ${tint('strong', `> ${command}`)}`);
  for (const text of after) lines.push(`      ${text}`);
  return `${lines.join('\n')}\n`;
}

export function summaryText(report: StrictReport): string {
  const { files, records, keys, notReplayed, findingCount, findings } = report;
  const skipped = notReplayed > 0 ? `, ${notReplayed} not replayed` : '';
  const hidden = findingCount > findings.length ? ` (the first ${findings.length} are shown)` : '';
  const read = `${plural(files.length, 'file')}, ${plural(records, 'record')}${skipped}, ${plural(keys, 'key')}`;
  return `${vouchingText(files)}${read}: ${findingCount === 0 ? 'nothing found' : plural(findingCount, 'finding') + hidden}\n`;
}

/** A line for each file that has a checksum file. */
function vouchingText(files: readonly StrictFile[]): string {
  const lines = files.map(({ name, bytes, vouchedBytes, vouchingDoubt }) => {
    if (vouchedBytes === undefined) return '';
    const doubt = vouchingDoubt === undefined ? '' : `. ${vouchingDoubt}`;
    return `${name}: checksums vouch for ${vouchedBytes} of ${bytes} bytes${doubt}\n`;
  });
  return lines.join('');
}

/** With a capital, and a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** `1 key`, `2 keys`. */
export function plural(count: number, word: string, words = `${word}s`): string {
  return `${count} ${count === 1 ? word : words}`;
}
