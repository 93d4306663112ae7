/** Finds the first record of a file that no server would run, although its framing is good: such a log does not load. */
import { Request } from '@aof/resp-codec';
import { describeText } from './describe-record.ts';
import { plural } from './findings.ts';
import { isModuleCommand } from './known-commands.ts';
import { runnableName } from './record-keys.ts';

export interface Unrunnable {
  /** Where the record begins, or the transaction that it is in: bytes in the file. */
  readonly offset: number;
  readonly line: number;
  /** What is wrong with it, in words. */
  readonly reason: string;
}

/** A command that only servers with some module run. */
export interface ModuleCommand {
  readonly offset: number;
  readonly line: number;
  readonly name: string;
}

/** Sees all records of one file, in order. */
export class UnrunnableFinder {
  readonly view = new Request();
  #transaction: { readonly offset: number; readonly line: number } | undefined;
  #found: Unrunnable | undefined;

  #moduleCommand: ModuleCommand | undefined;

  /** The first one. */
  get moduleCommand(): ModuleCommand | undefined {
    return this.#moduleCommand;
  }

  get found(): Unrunnable | undefined {
    return this.#found;
  }

  /** The record in `view` begins at `offset`. */
  passed(offset: number, line: number): void {
    if (this.#found !== undefined) return;
    const name = runnableName(this.view);
    if (name === undefined) this.#found = { ...(this.#transaction ?? { offset, line }), reason: reasonOf(this.view) };
    else if (name === 'multi') this.#transaction = { offset, line };
    else if (name === 'exec') this.#transaction = undefined;
    else if (this.#moduleCommand === undefined && isModuleCommand(name))
      this.#moduleCommand = { offset, line, name: name.toUpperCase() };
  }
}

function reasonOf(view: Request): string {
  if (view.count === 0) return 'a record without a command';
  const text = describeText(view.latin1(0).slice(0, 128));
  return `a command that no server runs, ${text} with ${plural(view.count - 1, 'argument')}`;
}
