/**
 * What a check says, and whom it asks: the only way from the checks to the outside.
 *
 * All text is latin1, a character per byte: what is quoted from a file need not be UTF-8. File names are turned into such
 * text by `nameText`.
 */

export interface Output {
  /** Text that may or may not end a line. */
  write(text: string): void;
  /** The first byte of the answer to a question that has just been written, as a character; '' if there is none. */
  answer(): Promise<string>;
  /** A long operation has come so far. Bytes. */
  progress?(done: number, total: number): void;
  /** What has been written is on its way, so that more may be: who writes much without an end waits for it. */
  drained?(): Promise<void>;
  /** Whoever was reading has gone: what is written is dropped. */
  isUnread?(): boolean;
  /** Whether people see it, on a terminal that shows colours. Default: no. */
  readonly hasColour?: boolean;
}

/** An output whose text is kept instead of being written; all else goes to `output`. */
export function collecting(output: Output): { readonly collected: Output; readonly said: () => string } {
  let said = '';
  const write = (text: string): void => {
    said += text;
  };
  return { collected: { ...output, write }, said: () => said };
}

/** What a word means: all is well, look at it, broken. Strong: a heading. */
export type Tone = 'good' | 'doubtful' | 'bad' | 'strong';

const SGR: Readonly<Record<Tone, string>> = { good: '32', doubtful: '33', bad: '31', strong: '1' };

/** `text` in the colour of its meaning, where colours are shown. */
export function toned(output: Output, tone: Tone, text: string): string {
  return output.hasColour ? `\x1b[${SGR[tone]}m${text}\x1b[0m` : text;
}

/** Colours are for terminals, and not for all. Source: no-color.org; terminfo's `dumb`. */
export function showsColour(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** A name as the bytes that it has on disk. */
export function nameText(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}

/** What stands in front of messages that Redis's tools write by way of the server's log. */
export interface LogStamp {
  readonly processId: number;
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: () => number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A line of the server's log at level warning, in local time. */
export function logLine(stamp: LogStamp, message: string): string {
  const now = new Date(stamp.nowMs());
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${two(now.getDate())} ${MONTHS[now.getMonth()]} ${now.getFullYear()}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const fraction = String(now.getMilliseconds()).padStart(3, '0');
  return `${stamp.processId}:C ${day} ${time}.${fraction} # ${message}\n`;
}
