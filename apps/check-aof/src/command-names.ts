/**
 * By what names the server of a log calls its commands: `rename-command` in its configuration, which `--config` names. The log
 * holds a renamed command by its new name where a client sent it, and by its own where the server wrote it.
 *
 * Who reads a log asks `understood` what a record means, and goes by that; who shows a record shows it `asWritten`; who writes a
 * record asks `written` for the name by which the same server loads it.
 *
 * Invariant: a name means one command, or there is no such object.
 */
import { ALL_COMMANDS, CommandTable } from '@aof/commands';
import { ConfigError, type Directive } from '@aof/config';
import { Request } from '@aof/resp-codec';
import { describeText } from './describe-record.ts';
import { readRenames } from './server-configuration.ts';
import { type Environment, type Invocation, type Option, UsageError } from './subcommand.ts';

export const CONFIG_OPTION: Option = {
  name: '--config',
  value: '<redis.conf>',
  summary: "the server's configuration, if it renames commands (rename-command)",
};

/** What to do where commands are not known. A sentence without a full stop. */
const HINT = 'if the server renames commands, give its configuration: --config redis.conf';

export class CommandNames {
  /** Where commands are not known, and this may be why: what to do about it. Undefined if the configuration was given. */
  readonly hint: string | undefined;
  /** The configuration, as it was given. */
  readonly configPath: string | undefined;
  /** Lower case: new name to own name, and own name to new name ('': none). */
  readonly #ownNames = new Map<string, string>();
  readonly #newNames = new Map<string, string>();
  #longest = 0;

  /**
   * @param directives of a configuration; undefined: none is known, and commands have their own names
   * @throws ConfigError BAD_VALUE a name would mean two commands
   */
  constructor(directives?: readonly Directive[], configPath?: string) {
    this.hint = directives === undefined ? HINT : undefined;
    this.configPath = configPath;
    if (directives === undefined) return;
    for (const [own, name] of renamedBy(directives)) {
      this.#newNames.set(own, name);
      if (name === '') continue;
      this.#ownNames.set(name, own);
      this.#longest = Math.max(this.#longest, name.length);
    }
  }

  /** For lines to type: the option with a blank before it, or '' where it was not given. */
  get optionText(): string {
    return this.configPath === undefined ? '' : ` --config ${this.configPath}`;
  }

  /** Whether commands have other names than their own, or none. */
  get areRenamed(): boolean {
    return this.#newNames.size > 0;
  }

  /**
   * What a record means: itself, or if it names a command by its new name, the same with its own name, in bytes of its own.
   * To be handed on as a function.
   */
  readonly understood = (record: Request): Request => {
    // The longest is 0 where nothing is renamed.
    if (record.count === 0 || record.length(0) > this.#longest) return record;
    const own = this.#ownNames.get(lowerCase(record.latin1(0)));
    return own === undefined ? record : new UnderstoodRecord(record, upperCase(own));
  };

  /** By what name the server loads a command of this own name (upper case); '' if it loads none. */
  written(ownName: string): string {
    const name = this.#newNames.get(lowerCase(ownName));
    return name === undefined ? ownName : upperCase(name);
  }

  /**
   * What becomes of a record that has a renamed command by its own name, as servers log some by themselves: words to go behind that
   * name. Undefined for any other record.
   * @param record as it stands in the log
   */
  refusalOf(record: Request): string | undefined {
    if (this.#newNames.size === 0 || record.count === 0) return undefined;
    const name = this.#newNames.get(lowerCase(record.latin1(0)));
    if (name === undefined) return undefined;
    const now = name === '' ? 'has no name' : `is called ${describeText(upperCase(name))}`;
    return `${now} by the configuration: aof-server loads that, a Redis does not start from it`;
  }
}

/** Nothing is known of the server: its commands have their own names. */
export const OWN_NAMES = new CommandNames();

/** What `--config` says. @throws UsageError it cannot be read, or means nothing */
export function commandNames(
  invocation: Invocation,
  { disk, realPath }: Pick<Environment, 'disk' | 'realPath'>,
): CommandNames {
  const given = invocation.value('--config');
  if (given === undefined) return OWN_NAMES;
  try {
    return new CommandNames(readRenames(disk, realPath(given)), given);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(`--config: ${error.message}`);
  }
}

/** A record of the log, if it does not stand there as it is meant. */
class UnderstoodRecord extends Request {
  readonly record: Request;
  readonly #ownName: string;

  constructor(record: Request, ownName: string) {
    super();
    this.record = record;
    this.#ownName = ownName;
    this.assign([ownName, ...Array.from({ length: record.count - 1 }, (_, i) => record.bytes(i + 1))]);
  }

  override detach(): Request {
    return new UnderstoodRecord(this.record.detach(), this.#ownName);
  }
}

/** The record as it stands in the log. */
export function asWritten(request: Request): Request {
  return request instanceof UnderstoodRecord ? request.record : request;
}

/** Whether a record is called so, lower case: as it is meant, or as it stands in the log. */
export function isNamed(request: Request, name: string): boolean {
  return request.is(0, name) || (request instanceof UnderstoodRecord && request.record.is(0, name));
}

/** Own names, and what the lines of a configuration make of them. @throws ConfigError */
function renamedBy(directives: readonly Directive[]): ReadonlyMap<string, string> {
  const table = new CommandTable(ALL_COMMANDS);
  const newer = new Map<string, string>();
  for (const { name, args, file, line, lineText } of directives) {
    if (name !== 'rename-command') continue;
    const [from = '', to = ''] = args;
    const reason = table.rename({ from, to });
    // A command of a newer server: its name says enough.
    if (reason === 'No such command in rename-command') newer.set(lowerCase(from), lowerCase(to));
    else if (reason !== undefined) throw new ConfigError('BAD_VALUE', { reason, file, line, lineText });
  }
  return new Map([...table.renamed, ...newer]);
}

function upperCase(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** Only letters of ASCII: a name may be any bytes. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
