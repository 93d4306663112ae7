/**
 * Byte strings as redis-cli writes and reads them: a plain word, or in quotes with `\n`, `\"`, `\xff`. Latin1, a character per byte.
 *
 * Invariant: `unquoted(quoted(text))` is `text`.
 */
import { nameText } from './output.ts';

/** Printable ASCII without blanks, quotes and backslashes: what redis-cli and a person read as one word. */
const PLAIN = /^[!#-&(-[\]-~]+$/;
/** What does not stand for itself between quotes. */
const ESCAPED = /[^ !#-[\]-~]/g;
const NAMES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};
const ESCAPES = new Map(Object.entries(NAMES).map(([character, name]) => [name, character]));

/** `word`, or `"two words\n"`. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? text : `"${escaped(text)}"`;
}

/** The same without quotes around it. */
export function escaped(text: string): string {
  return text.replace(ESCAPED, (c) => NAMES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** What `quoted` was given, or undefined if `text` is not in quotes. */
export function unquoted(text: string): string | undefined {
  const body = /^"((?:[^"\\]|\\[\s\S])*)"$/.exec(text)?.[1];
  return body?.replace(/\\(x[0-9a-f]{2}|[\s\S])/gi, (whole, after: string) =>
    after.length === 3 ? String.fromCharCode(Number.parseInt(after.slice(1), 16)) : (ESCAPES.get(whole) ?? after),
  );
}

/** An argument of the command line as the bytes that are meant: its UTF-8, or, in quotes, what the escapes say. */
export function bytesOfArgument(argument: string): string {
  const bytes = nameText(argument);
  return unquoted(bytes) ?? bytes;
}
