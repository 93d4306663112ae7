/**
 * What a subcommand says: as text for people, or collected into the one JSON document that `--json` asks for.
 *
 * Every document has `command`, `path` and `status` (the exit status), and `error` (a sentence) where it could not be done.
 */
import { AofError, ManifestError } from '@aof/aof-files';
import { DiskError } from '@aof/disk';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { placesOfLog } from './log-files.ts';
import type { FileHolder } from './open-files.ts';
import { nameText, type Output } from './output.ts';
import type { Environment } from './subcommand.ts';

export class CommandReport {
  readonly isJson: boolean;
  readonly #output: Output;
  readonly #document: Record<string, unknown>;

  constructor(command: string, path: string, output: Output, isJson: boolean) {
    this.#output = output;
    this.isJson = isJson;
    this.#document = { command, path };
  }

  /**
   * Runs the command and, with --json, writes the document. Errors that mean that it cannot be done become a reason and a
   * status; `explain` is asked first.
   */
  async guard(
    command: () => Promise<ExitStatus>,
    explain: (error: unknown) => ExitStatus | undefined = () => undefined,
  ): Promise<ExitStatus> {
    const status = await command().catch((error: unknown) => explain(error) ?? this.#failed(error));
    this.add({ status });
    if (this.isJson) this.#output.write(nameText(`${JSON.stringify(this.#document, undefined, 2)}\n`));
    return status;
  }

  /** A line for people. */
  say(line: string): void {
    if (!this.isJson) this.#output.write(nameText(`${line}\n`));
  }

  /** Fields of the document. */
  add(fields: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#document, fields);
  }

  /**
   * Nothing may be changed under a server: whether one has `path`, or anything below it, open. Says who, or what could not be
   * looked at. @param path as it was given
   */
  isInUse({ disk, realPath, holderOf, unseenHolders }: Environment, path: string): boolean {
    if (placesOfLog(disk, realPath, path).some((place) => this.refusesHolder(holderOf(place)))) return true;
    const unseen = unseenHolders?.();
    if (unseen === undefined || this.#document.unseen === unseen) return false;
    this.add({ unseen });
    this.say(unseen);
    return false;
  }

  refusesHolder(holder: FileHolder | undefined): boolean {
    if (holder === undefined) return false;
    this.add({ holder });
    this.say(refusalText(holder));
    return true;
  }

  /** Asks for a yes. With --json the question is not shown, but answered all the same. */
  async agrees(question: string): Promise<boolean> {
    if (!this.isJson) this.#output.write(nameText(`${question} [y/N]: `));
    const isYes = (await this.#output.answer()).toLowerCase() === 'y';
    if (!isYes) this.say('Nothing has been changed.');
    return isYes;
  }

  #failed(error: unknown): ExitStatus {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    const hint = error instanceof DiskError ? DISK_HINTS.get(error.code) : undefined;
    this.add({ error: reason, ...(error instanceof AofError && { code: error.code }), ...(hint && { hint }) });
    this.say(reason);
    if (hint !== undefined) this.say(hint);
    return error instanceof DiskError ? EXIT.disk : EXIT.impossible;
  }
}

/** What to do where the disk has refused. */
const DISK_HINTS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'Run this as the user that the server runs as.'],
  ['EPERM', 'Run this as the user that the server runs as.'],
  ['EROFS', 'Nothing can be written there: copy the log to another disk, and work on the copy.'],
  ['ENOSPC', 'Free some space, or copy the log to a larger disk, and work on the copy.'],
]);

/** Who has what, without a full stop. */
export function holderText({ processId, processName, path, isClaimed = false }: FileHolder): string {
  const who =
    processId === undefined ? `A server (${processName}) of another user` : `Process ${processId} (${processName})`;
  return isClaimed ? `${who} writes ${path}, and has claimed it` : `${who} has ${path} open`;
}

/** Why nothing is done, and what to do. */
export function refusalText(holder: FileHolder): string {
  const hint = holder.isClaimed === true ? ', or work on a copy in another folder' : '';
  return `${holderText(holder)}. Stop it first${hint}; nothing has been changed.`;
}

/** In words, if it is one of the errors that mean that there is nothing to work on. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof DiskError) return `cannot ${error.operation} ${error.path}: ${error.reason}`;
  if (error instanceof ManifestError) {
    const where = error.line === undefined ? '' : ` (line ${error.line})`;
    return `${error.message}${where}. ${error.hint ?? ''}`;
  }
  return error instanceof AofError ? `${error.message}. ${error.hint ?? ''}`.trimEnd() : undefined;
}

/** What was said, as lines of a document. A name in it has the bytes that it has on disk, which is UTF-8. */
export function linesOf(said: string): string[] {
  return Buffer.from(said, 'latin1').toString('utf8').trimEnd().split('\n');
}
