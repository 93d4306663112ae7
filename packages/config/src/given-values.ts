/**
 * Values that a program gives instead of a configuration file. They are held to what a line of such a file is held to:
 * a policy that nobody knows must not quietly become another one.
 */
import { toByteString } from './byte-string.ts';
import { ConfigError } from './config-error.ts';
import type { Directive } from './directives.ts';
import { isRefusal, type Option } from './option.ts';
import { type ConfigValues, isOptionName, optionOf } from './options.ts';
import { splitArguments } from './settings.ts';

/**
 * Checks values by the kinds of their options. A relative `dir` becomes absolute; an option that is undefined is left out.
 *
 * @param given option names and typed values, possibly from a program that nobody has type-checked
 * @param workingFolder absolute; what a relative `dir` counts from
 * @throws ConfigError UNKNOWN_OPTION, BAD_VALUE
 */
export function checkValues(given: Readonly<Record<string, unknown>>, workingFolder: string): Partial<ConfigValues> {
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!isOptionName(name))
      throw new ConfigError('UNKNOWN_OPTION', { file: 'options', reason: `no option '${name}'` });
    const option = optionOf(name);
    const parsed = reparse(option, value, name === 'dir' ? workingFolder : option.kind.format(option.initial));
    if (parsed === undefined || isRefusal(parsed)) {
      const reason = parsed?.reason ?? `a value of another type was expected: ${option.kind.syntax}`;
      throw new ConfigError('BAD_VALUE', { file: 'options', reason: `${name}: ${reason}` });
    }
    checked[name] = parsed.value;
  }
  // Each value has been made by its own option's kind.
  return checked as Partial<ConfigValues>;
}

/**
 * Lines of `rename-command` that a program gives as an object: what a command is called by, and what from now on.
 * @throws ConfigError BAD_VALUE: not such an object
 */
export function renameDirectives(given: unknown): Directive[] {
  if (given === undefined) return [];
  if (typeof given !== 'object' || given === null) throw badRenames();
  return Object.entries(given).map(([from, to]) => {
    if (typeof to !== 'string') throw badRenames();
    return {
      name: 'rename-command',
      args: [toByteString(from), toByteString(to)],
      file: 'options',
      line: 0,
      lineText: '',
    };
  });
}

function badRenames(): ConfigError {
  return new ConfigError('BAD_VALUE', {
    file: 'options',
    reason:
      "rename-command: an object was expected, names of commands and what they are to be called, for example { FLUSHALL: '' }",
  });
}

/** What CONFIG SET would make of the value; undefined if it is not even of the option's type. */
function reparse({ kind, initial }: Option<unknown>, value: unknown, previousText: string) {
  if (value === null || typeof value !== typeof initial || Array.isArray(value) !== Array.isArray(initial)) return;
  const previous = { value: initial, text: previousText };
  let text: string;
  try {
    text = kind.format(value);
  } catch {
    return; // not a whole number, or without what its type says it has
  }
  return kind.parse(kind.takesSeveral ? splitArguments(text) : [text], { previous, origin: 'command' });
}
