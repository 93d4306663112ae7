/** Finds the first record of a file that no server would run, although its framing is good: such a log does not load. */
import type { Request } from '@aof/resp-codec';
import { asWritten, type CommandNames } from './command-names.ts';
import { describeText } from './describe-record.ts';
import { plural } from './findings.ts';
import { isModuleCommand } from './known-commands.ts';
import { isUnknownName, runnableName } from './record-keys.ts';

export interface Unrunnable {
  /** Where the record begins, or the transaction that it is in: bytes in the file. */
  readonly offset: number;
  readonly line: number;
  /** What is wrong with it, in words. */
  readonly reason: string;
  /** Its name is not known, and may be one that a server has given to a command. */
  readonly isUnknown: boolean;
}

/** A command that only servers with some module run. */
export interface ModuleCommand {
  readonly offset: number;
  readonly line: number;
  readonly name: string;
}

/** A renamed command by its own name: what a server writes by itself, and a Redis with such a configuration does not load. */
export interface OwnNamed {
  readonly offset: number;
  readonly line: number;
  readonly name: string;
  /** What becomes of it: words to go behind the name. */
  readonly refusal: string;
}

/** Sees all records of one file, in order. */
export class UnrunnableFinder {
  readonly #names: CommandNames;
  #transaction: { readonly offset: number; readonly line: number } | undefined;
  #found: Unrunnable | undefined;

  #moduleCommand: ModuleCommand | undefined;
  #ownNamed: OwnNamed | undefined;

  constructor(names: CommandNames) {
    this.#names = names;
  }

  /** The first one. */
  get moduleCommand(): ModuleCommand | undefined {
    return this.#moduleCommand;
  }

  /** The first one. */
  get ownNamed(): OwnNamed | undefined {
    return this.#ownNamed;
  }

  get found(): Unrunnable | undefined {
    return this.#found;
  }

  /** @param record as it is meant; it begins at `offset` */
  passed(record: Request, offset: number, line: number): void {
    if (this.#found !== undefined) return;
    if (this.#ownNamed === undefined) this.#noteOwnName(asWritten(record), offset, line);
    const name = runnableName(record);
    if (name === undefined) {
      const reason = reasonOf(asWritten(record));
      this.#found = { ...(this.#transaction ?? { offset, line }), reason, isUnknown: isUnknownName(record) };
    } else if (name === 'multi') this.#transaction = { offset, line };
    else if (name === 'exec') this.#transaction = undefined;
    else if (this.#moduleCommand === undefined && isModuleCommand(name))
      this.#moduleCommand = { offset, line, name: name.toUpperCase() };
  }

  #noteOwnName(record: Request, offset: number, line: number): void {
    const refusal = this.#names.refusalOf(record);
    if (refusal !== undefined) this.#ownNamed = { offset, line, name: record.latin1(0).toUpperCase(), refusal };
  }
}

function reasonOf(view: Request): string {
  if (view.count === 0) return 'a record without a command';
  const text = describeText(view.latin1(0).slice(0, 128));
  return `a command that no server runs, ${text} with ${plural(view.count - 1, 'argument')}`;
}
