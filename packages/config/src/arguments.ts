/**
 * The command line of a server: `[configuration file] [-] [--option value …]…`.
 *
 * An argument that begins with `--` starts an option, except right after an option's bare name, where it is its value
 * (`--requirepass --secret`). The value may be in the same argument (`'--port 7000'`). `-` anywhere stands for
 * configuration on standard input. A leading bare `--`, as package runners pass it on, is passed over.
 */

import { toByteString } from './byte-string.ts';
import { ConfigError } from './config-error.ts';
import { quoteWord, splitLine } from './line-syntax.ts';

export interface ServerArguments {
  /** What to do: serve, or print one of the usual texts and leave. */
  readonly action: 'serve' | 'version' | 'help';
  /** The configuration file, if the first argument names one. */
  readonly path: string | undefined;
  /** Read configuration from standard input as well. */
  readonly readsStdin: boolean;
  /** The options, one configuration line each; for `ConfigSource.argumentText`. Undefined if there are none. */
  readonly argumentText: string | undefined;
}

/**
 * Takes a command line apart, without the program's own name.
 * @throws ConfigError `BAD_ARGUMENTS`: an argument that begins nothing; `UNKNOWN_OPTION`: `--name=value`.
 *         Everything else that is wrong is found by `parseConfigFile`.
 */
export function parseArguments(argv: readonly string[]): ServerArguments {
  const [first] = argv;
  if (argv.length === 1 && (first === '-v' || first === '--version')) return only('version');
  if (argv.length === 1 && (first === '-h' || first === '--help')) return only('help');
  const path = first !== undefined && first !== '' && !first.startsWith('-') ? first : undefined;
  const rest = path === undefined ? argv : argv.slice(1);
  const options = rest[0] === '--' && isOptionStart(rest[1]) ? rest.slice(1) : rest;
  const lines = collectLines(options.filter((argument) => argument !== '-'));
  return {
    action: 'serve',
    path,
    readsStdin: options.includes('-'),
    argumentText: lines.length === 0 ? undefined : lines.join('\n'),
  };
}

function only(action: 'version' | 'help'): ServerArguments {
  return { action, path: undefined, readsStdin: false, argumentText: undefined };
}

function isOptionStart(argument: string | undefined): boolean {
  return argument?.startsWith('--') === true;
}

function collectLines(options: readonly string[]): string[] {
  const lines: string[] = [];
  let expectsValue = false;
  for (const [index, argument] of options.entries()) {
    if (expectsValue || !isOptionStart(argument)) {
      const line = lines.pop();
      if (line === undefined) throw strayArgument(argument);
      lines.push(`${line} ${quoteWord(toByteString(argument))}`);
      expectsValue = false;
      continue;
    }
    checkEquals(argument, lines.length + 1);
    const isLastOrNextOption = index === options.length - 1 || isOptionStart(options[index + 1]);
    if (argument.toLowerCase() === '--save' && isLastOrNextOption) {
      // An empty list of save points that a script built: `--save` alone means `--save ""`.
      lines.push('save ""');
      continue;
    }
    const text = toByteString(argument.slice(2));
    lines.push(text);
    expectsValue = splitLine(text)?.length === 1;
  }
  return lines;
}

function strayArgument(argument: string): ConfigError {
  return new ConfigError('BAD_ARGUMENTS', {
    reason: 'Bad directive or wrong number of arguments',
    file: 'command line',
    line: 1,
    lineText: toByteString(argument),
    hint: `options begin with two dashes, and a configuration file comes first: try '--${argument.replace(/^-+/, '')}'`,
  });
}

function checkEquals(argument: string, line: number): void {
  const parts = /^--([A-Za-z0-9_-]+)=(.*)$/s.exec(argument);
  if (parts === null) return;
  throw new ConfigError('UNKNOWN_OPTION', {
    reason: 'Bad directive or wrong number of arguments',
    file: 'command line',
    line,
    lineText: toByteString(argument.slice(2)),
    hint: `write '--${parts[1]} ${parts[2]}' instead of '--${parts[1]}=${parts[2]}'`,
  });
}
