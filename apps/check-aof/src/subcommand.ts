/**
 * What a subcommand of check-aof is: one value that says how it is called, teaches it by examples, and runs it.
 *
 * A new one is a file that exports such a value, and a line in `subcommands.ts`. Every subcommand has `--json` and `--help`
 * without naming them.
 */
import type { Disk } from '@aof/disk';
import type { ExitStatus } from './exit-status.ts';
import type { FileHolder } from './open-files.ts';
import type { Output } from './output.ts';

/** All that a subcommand has of the world. */
export interface Environment {
  readonly disk: Disk;
  /** Text, questions, progress, colour: whether there is a terminal is decided there. */
  readonly output: Output;
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: () => number;
  readonly processId: number;
  /** The path without links, absolute. */
  readonly realPath: (path: string) => string;
  /** Who has the path, or anything below it, open. @param path as `realPath` gives it */
  readonly holderOf: (path: string) => FileHolder | undefined;
  /** A line beside the output, on standard error: for people, where the output is fixed. */
  readonly advise?: (line: string) => void;
  /** What `holderOf` cannot see, as a sentence; undefined if it sees all. */
  readonly unseenHolders?: () => string | undefined;
}

export interface Option {
  /** `--max-loss`. */
  readonly name: `--${string}`;
  /** What its value is, for the usage line; an option without one takes none. */
  readonly value?: string;
  readonly isRepeatable?: boolean;
  /** One line. */
  readonly summary: string;
}

/** What somebody wants, as a sentence, and the lines to type for it. */
export interface Example {
  readonly purpose: string;
  readonly lines: readonly string[];
}

export interface Subcommand {
  readonly name: string;
  /** One line, for the list of subcommands. */
  readonly summary: string;
  /** For the usage line: `<folder|file.aof>`. */
  readonly operands: string;
  /** How many operands it takes, at least and at most. Default: one. */
  readonly operandCount?: readonly [least: number, most: number];
  readonly options: readonly Option[];
  /** What --json does, if it is not one document for everything. */
  readonly jsonSummary?: string;
  /** At least one. */
  readonly examples: readonly Example[];
  /** What --help says behind the options: units, limits. Lines. */
  readonly remarks?: readonly string[];
  /** What each status means here. `usage` need not be named. */
  readonly exitStatus: Readonly<Partial<Record<ExitStatus, string>>>;
  /** @throws UsageError; DiskError is reported by the caller */
  run(invocation: Invocation, environment: Environment): Promise<ExitStatus>;
}

/** The values of options cannot be meant like this: said on standard error, with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command line, taken apart: operands, and options with their values. */
export class Invocation {
  readonly operands: readonly string[];
  readonly #options: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], options: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.operands = operands;
    this.#options = options;
  }

  /** The first operand. */
  get path(): string {
    return this.operands[0] ?? '';
  }

  get isJson(): boolean {
    return this.has('--json');
  }

  /** All options by name, with their values. */
  get options(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.#options);
  }

  has(name: `--${string}`): boolean {
    return this.#options.has(name);
  }

  /** The value that was given last. */
  value(name: `--${string}`): string | undefined {
    return this.#options.get(name)?.at(-1);
  }

  /** All values, in order. */
  values(name: `--${string}`): readonly string[] {
    return this.#options.get(name) ?? [];
  }
}

/** Every subcommand has it. */
export const JSON_OPTION: Option = { name: '--json', summary: 'say everything in one JSON document' };
