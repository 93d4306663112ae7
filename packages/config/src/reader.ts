/**
 * Reads configuration: a file, then standard input, then the command line; what comes later wins.
 *
 * A line is blank, a comment (`#` first), or a directive and its arguments. A name relative to nothing (`include`, `dir`)
 * counts from the folder that `dir` names at that moment, as Redis changes into it at once.
 * Every mistake is a `ConfigError`; reading is bounded in text, files and depth.
 */

import { toByteString, toText } from './byte-string.ts';
import { ConfigError, type ConfigErrorCode, type ConfigErrorDetails } from './config-error.ts';
import { type Directive, type DirectiveName, findDirective, isDirectiveName, saysNothing } from './directives.ts';
import { isGlob } from './glob.ts';
import { expandInclude, type ListFolder } from './include-glob.ts';
import { splitLine, trimLine } from './line-syntax.ts';
import { nearestName } from './nearest-name.ts';
import { findOption, OPTION_NAMES, type OptionName, optionOf } from './options.ts';
import { resolvePath } from './resolve-path.ts';
import { Settings } from './settings.ts';

/** Most bytes of all the text that is read. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Most files that are read, each time that one is included counted. */
const MAX_FILES = 1000;
/** How deep files may include each other. */
const MAX_DEPTH = 32;

/** How the reader reaches files; a `Disk` fits after binding. */
export interface ConfigFiles {
  /** Whole content of a file: bytes, or text that stands for its UTF-8 bytes. Throws if it can't be read. */
  readFile(path: string): string | Uint8Array;
  /** Names in a folder, for `include` with wildcards. Without it such an include finds nothing. */
  listFolder?: ListFolder;
}

/** What to read. */
export interface ConfigSource extends ConfigFiles {
  /** The main file. */
  readonly path?: string | undefined;
  /** Text that came from standard input. */
  readonly stdinText?: string | Uint8Array | undefined;
  /** Options from the command line as `parseArguments` gives them: one line each. */
  readonly argumentText?: string | undefined;
  /** Absolute folder in which the process works; the default of `dir`. */
  readonly workingFolder: string;
  /** Directives to collect instead of refusing them. */
  readonly directives?: ReadonlySet<DirectiveName> | undefined;
}

/** What was read. Give it to `new Config(…)`. */
export interface ParsedConfig {
  readonly settings: Settings;
  /** Absolute path of the main file. */
  readonly configFile: string | undefined;
  readonly directives: readonly Directive[];
  /** Options without effect here that were set to something else than their default. */
  readonly withoutEffect: readonly OptionName[];
  /** One line that tells the operator about those options. */
  readonly notice: string | undefined;
}

/**
 * Reads a file (and standard input, and the command line).
 * @throws ConfigError at the first mistake
 */
export function parseConfigFile(source: ConfigSource): ParsedConfig {
  const reader = new Reader(source);
  const { path } = source;
  const configFile = path === undefined ? undefined : resolvePath(source.workingFolder, path);
  if (configFile !== undefined) reader.readFile(toByteString(configFile), toByteString(path ?? configFile), undefined);
  if (source.stdinText !== undefined) reader.readText(toByteString(source.stdinText), 'standard input');
  if (source.argumentText !== undefined) reader.readText(toByteString(source.argumentText), 'command line');
  reader.refuseReplica();
  const withoutEffect = OPTION_NAMES.filter(
    (name) => optionOf(name).class === 'accepted' && !reader.settings.isDefault(name),
  );
  const notice =
    withoutEffect.length === 0 ? undefined : `Options that have no effect on this server: ${withoutEffect.join(', ')}`;
  return { settings: reader.settings, configFile, directives: reader.directives, withoutEffect, notice };
}

/** A line on its way through the reader. */
interface Line {
  readonly file: string;
  readonly number: number;
  readonly text: string;
}

class Reader {
  readonly settings: Settings;
  readonly directives: Directive[] = [];
  readonly #source: ConfigSource;
  /** Files being read right now, outermost first. */
  readonly #open: string[] = [];
  /** The last line that said whose replica the server is. */
  #replicaLine: Line | undefined;
  #files = 0;
  #bytes = 0;

  constructor(source: ConfigSource) {
    this.#source = source;
    this.settings = new Settings(source.workingFolder);
  }

  /** @param path absolute; @param shown as it was written. Both byte strings. */
  readFile(path: string, shown: string, includedBy: Line | undefined): void {
    if (this.#open.includes(path)) {
      throw fail('INCLUDE_CYCLE', includedBy, { reason: `${toText(shown)} includes itself`, file: toText(shown) });
    }
    this.#files++;
    if (this.#files > MAX_FILES || this.#open.length >= MAX_DEPTH) {
      throw fail('TOO_LARGE', includedBy, { reason: 'too many included files', file: toText(shown) });
    }
    this.#open.push(path);
    this.readText(this.#load(path, shown, includedBy), toText(shown));
    this.#open.pop();
  }

  #load(path: string, shown: string, includedBy: Line | undefined): string {
    try {
      return toByteString(this.#source.readFile(toText(path)));
    } catch (cause) {
      throw fail('FILE_UNREADABLE', includedBy, {
        reason: `Fatal error, can't open config file '${toText(shown)}': ${describe(cause)}`,
        file: toText(shown),
        hint: includedBy
          ? 'a relative name counts from the folder that dir names at that line'
          : 'check the name and whether this user may read the file',
        cause,
      });
    }
  }

  readText(text: string, file: string): void {
    this.#bytes += text.length;
    if (this.#bytes > MAX_BYTES) {
      throw new ConfigError('TOO_LARGE', { reason: `more than ${MAX_BYTES} bytes of configuration`, file });
    }
    let number = 0;
    for (const raw of text.split('\n')) {
      number++;
      const line = trimLine(raw);
      if (line !== '' && !line.startsWith('#')) this.#readLine({ file, number, text: line });
    }
  }

  #readLine(line: Line): void {
    const words = splitLine(line.text);
    if (words === undefined) {
      throw fail('UNBALANCED_QUOTES', line, {
        reason: 'Unbalanced quotes in configuration line',
        hint: 'a closing quote must be followed by a blank or the end of the line; inside quotes write \\" for a quote',
      });
    }
    const [word, ...args] = words;
    if (word === undefined) return;
    const target = findOption(word);
    if (target === undefined) {
      this.#readDirective(word.toLowerCase(), args, line);
      return;
    }
    const mistake = this.settings.applyLine(target, args);
    if (target.name === 'replicaof') this.#replicaLine = line;
    if (mistake === undefined) return;
    if (mistake !== 'wrong number of arguments') throw fail('BAD_VALUE', line, { reason: mistake.reason });
    throw fail('WRONG_ARGUMENT_COUNT', line, { reason: mistake, hint: countHint(args, target.option.kind.syntax) });
  }

  /**
   * A replica's configuration would start a server that takes writes, apart from its master. A later `replicaof no one` says
   * that this is meant.
   */
  refuseReplica(): void {
    if (this.settings.isDefault('replicaof')) return;
    throw fail('UNSUPPORTED_DIRECTIVE', this.#replicaLine, {
      reason:
        'replication is not supported by this server: it would not follow that master, and would take writes itself',
      hint: "to start a server of its own, with the data that it has, remove the line or write 'replicaof no one'",
    });
  }

  #readDirective(name: string, args: readonly string[], line: Line): void {
    if (saysNothing(name, args, this.settings.get('requirepass').text !== '')) return;
    const [first] = args;
    if (name === 'include' && first !== undefined && args.length === 1) {
      this.#include(first, line);
      return;
    }
    const directive = findDirective(name, args.length);
    if (directive === undefined) {
      throw fail(name === 'include' || isDirectiveName(name) ? 'WRONG_ARGUMENT_COUNT' : 'UNKNOWN_OPTION', line, {
        reason: 'Bad directive or wrong number of arguments',
        hint: unknownHint(name),
      });
    }
    if (this.#source.directives?.has(directive) !== true) {
      throw fail('UNSUPPORTED_DIRECTIVE', line, {
        reason: `'${name}' is not supported by this server`,
        hint: 'remove the line; ignoring it could open what it is meant to close',
      });
    }
    this.directives.push({ name: directive, args, file: line.file, line: line.number, lineText: line.text });
  }

  #include(name: string, line: Line): void {
    const path = resolvePath(this.settings.get('dir').text, name);
    if (!isGlob(name)) {
      this.readFile(path, name, line);
      return;
    }
    const { listFolder } = this.#source;
    if (listFolder === undefined) return;
    for (const found of expandInclude(toText(path), listFolder)) {
      const bytes = toByteString(found);
      this.readFile(bytes, bytes, line);
    }
  }
}

function fail(
  code: ConfigErrorCode,
  line: Line | undefined,
  details: Omit<ConfigErrorDetails, 'file'> & { file?: string },
): ConfigError {
  if (line === undefined) return new ConfigError(code, { file: 'configuration', ...details });
  return new ConfigError(code, { ...details, file: line.file, line: line.number, lineText: line.text });
}

/** The reason that a disk gave, as short as it has one. */
function describe(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null && 'reason' in cause) return String(cause.reason);
  return cause instanceof Error ? cause.message : String(cause);
}

function unknownHint(name: string): string | undefined {
  if (name.includes('=')) return `write '${name.replace('=', ' ')}': a blank stands between a name and its value`;
  const nearest = nearestName(name);
  return nearest === undefined ? undefined : `did you mean '${nearest}'?`;
}

function countHint(args: readonly string[], syntax: string): string {
  if (args.length === 0) return `a value is missing: ${syntax}`;
  if (args.some((word) => word.startsWith('#'))) return 'a comment needs a line of its own';
  return `put a value with blanks in quotes; expected: ${syntax}`;
}
