/**
 * Log records of both sides, in one form: the arguments and the database they apply to, SELECTs left out.
 */
import { readReplies, textsOf } from './reply-tree.ts';
import { CLOCK_TOLERANCE_MS } from './rules.ts';
import { quote } from './script.ts';

export interface LogRecord {
  /** Undefined for MULTI and EXEC, which belong to none. */
  readonly database: number | undefined;
  readonly args: readonly string[];
}

/** Reads records as they stand in a log; `database` is the one selected at the beginning. */
export function readRecords(bytes: string, database = 0): LogRecord[] {
  const records: LogRecord[] = [];
  let selected = database;
  for (const reply of readReplies(bytes)) {
    const args = textsOf(reply).map((text) => text ?? '');
    if (args[0] === 'SELECT') selected = Number(args[1]);
    else records.push({ database: isMarker(args) ? undefined : selected, args });
  }
  return records;
}

function isMarker(args: readonly string[]): boolean {
  return args.length === 1 && (args[0] === 'MULTI' || args[0] === 'EXEC');
}

/** Whether the records are the same: upper and lower case count, absolute times may differ as the clocks do. */
export function areSameRecords(oracle: readonly LogRecord[], ours: readonly LogRecord[]): boolean {
  return oracle.length === ours.length && oracle.every((record, i) => isSameRecord(record, ours[i]));
}

function isSameRecord(a: LogRecord, b: LogRecord): boolean {
  if (a.database !== b.database || a.args.length !== b.args.length) return false;
  return a.args.every((text, i) => text === b.args[i] || (isTime(a.args, i) && areNearTimes(text, b.args[i])));
}

/** Whether argument `i` of a record holds an absolute time, or a stream's entry ID, which begins with one. */
function isTime(args: readonly string[], i: number): boolean {
  const name = args[0].toLowerCase();
  if (name === 'pexpireat' || name === 'restore') return i === 2;
  if (name === 'set') return args[i - 1].toLowerCase() === 'pxat';
  return name.startsWith('x') && (args[i - 1].toLowerCase() === 'time' || /^\d{13}-\d+$/.test(args[i]));
}

function areNearTimes(a: string, b: string): boolean {
  const [aTime, aSequence] = a.split('-');
  const [bTime, bSequence] = b.split('-');
  return aSequence === bSequence && Math.abs(Number(aTime) - Number(bTime)) <= CLOCK_TOLERANCE_MS;
}

/** Records as lines, for messages. */
export function formatRecords(records: readonly LogRecord[]): string {
  if (records.length === 0) return '    (nothing)';
  return records.map(({ database, args }) => `    ${database ?? '-'}: ${args.map(quote).join(' ')}`).join('\n');
}
