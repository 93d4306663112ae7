/**
 * Scripts: commands in order, on numbered connections, with pauses.
 *
 * As text, one step a line, quoted as in redis-cli:
 *
 *     SET k "a\x00b" EX 100
 *     2> MULTI            # connection 2; 0 where none is named
 *     sleep 30            # milliseconds
 */
import type { Argument } from './oracle.ts';

export interface CommandStep {
  readonly connection: number;
  readonly args: readonly Argument[];
}

export type Step = CommandStep | { readonly sleepMs: number };

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };
const WORD = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']+))(?=\s|$)/sy;

/** Reads a script from text. Empty lines and lines that begin with `#` are skipped. */
export function parseScript(text: string): Step[] {
  const steps: Step[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const sleep = /^sleep (\d+)$/.exec(trimmed);
    const prefix = /^(\d+)> /.exec(trimmed);
    if (sleep) steps.push({ sleepMs: Number(sleep[1]) });
    else if (prefix) steps.push(command(Number(prefix[1]), words(trimmed.slice(prefix[0].length))));
    else steps.push(command(0, words(trimmed)));
  }
  return steps;
}

/** A step of a script made by a program. */
export function command(connection: number, args: readonly Argument[]): CommandStep {
  return { connection, args };
}

function words(line: string): string[] {
  const found: string[] = [];
  const end = line.trimEnd().length;
  WORD.lastIndex = 0;
  while (WORD.lastIndex < end) {
    const at = WORD.lastIndex;
    const match = WORD.exec(line);
    if (match === null) throw new Error(`unbalanced quotes at ${at}: ${line}`);
    const [, double, single, plain] = match;
    found.push(double !== undefined ? unquoted(double) : (single ?? plain ?? ''));
  }
  return found;
}

function unquoted(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, letter: string) =>
    hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[letter] ?? letter),
  );
}

export function isCommand(step: Step): step is CommandStep {
  return 'args' in step;
}

/** Connections that a script uses. */
export function connectionsOf(steps: readonly Step[]): Set<number> {
  return new Set(steps.filter(isCommand).map((step) => step.connection));
}

/** An argument as a latin1 string. */
export function latin1(argument: Argument): string {
  return typeof argument === 'string' ? argument : Buffer.from(argument).toString('latin1');
}

/** A step as one line that `parseScript` reads; long arguments are cut, which it marks. */
export function formatStep(step: Step): string {
  if (!isCommand(step)) return `sleep ${step.sleepMs}`;
  const prefix = step.connection === 0 ? '' : `${step.connection}> `;
  return prefix + step.args.map((argument) => quote(latin1(argument))).join(' ');
}

/** Bytes as a word or a quoted string. */
export function quote(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…(${text.length} bytes)` : text;
  if (/^[\w.:()[\]+*?@-]+$/.test(shown)) return shown;
  return `"${shown.replace(/["\\]/g, '\\$&').replace(/[^ -~…]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
}
