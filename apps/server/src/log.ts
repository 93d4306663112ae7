/**
 * Log lines in Redis's format: `<pid>:<role> <day> <month> <year> <time> <mark> <message>`.
 *
 * Invariant: a line that cannot be written is not worth the server. Above all a full disk must not end it while it
 * says that the disk is full, with writes in memory that wait for room.
 */
import { appendFileSync } from 'node:fs';

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

/** Writes one line of the log. */
export type Log = (level: LogLevel, message: string) => void;

const LEVELS: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning'];
const MARKS: Readonly<Record<LogLevel, string>> = { debug: '.', verbose: '-', notice: '*', warning: '#' };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `20 Nov 2026 12:34:56.789`, local time. */
export function formatLogTime(nowMs: number): string {
  const t = new Date(nowMs);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${two(t.getDate())} ${MONTHS[t.getMonth()]} ${t.getFullYear()}`;
  const time = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
  return `${day} ${time}.${String(t.getMilliseconds()).padStart(3, '0')}`;
}

export interface LogOptions {
  /** Least important level that is written; asked for each line, for it can change. */
  level(): LogLevel | 'nothing';
  /** A file to append to, or '' for standard output. */
  file(): string;
  nowMs(): number;
  readonly pid: number;
}

export function createLog(options: LogOptions): Log {
  return (level, message) => {
    const threshold = options.level();
    if (threshold === 'nothing' || LEVELS.indexOf(level) < LEVELS.indexOf(threshold)) return;
    const line = `${options.pid}:M ${formatLogTime(options.nowMs())} ${MARKS[level]} ${message}\n`;
    const file = options.file();
    if (file === '' || !append(file, line)) process.stdout.write(line);
  };
}

/** A line must be out before a crash that follows it, hence synchronously. @returns whether the file has taken it */
function append(file: string, line: string): boolean {
  try {
    appendFileSync(file, line);
    return true;
  } catch {
    return false; // standard output gets it instead: there is no better place to say so
  }
}
