/** Which events of a log are dumped. All conditions must hold; of one that is given several times, any. */
import { createGlob } from '@aof/keyspace';
import { type CommandEvent, type EntryEvent, keysOf } from '@aof/log-reader';
import { isNamed } from './command-names.ts';
import { bytesOfArgument } from './quoted-text.ts';
import { parseTime } from './restore-time.ts';
import { type Invocation, type Option, UsageError } from './subcommand.ts';

export const FILTER_OPTIONS: readonly Option[] = [
  {
    name: '--key',
    value: '<glob>',
    isRepeatable: true,
    summary: 'commands and keys of the base that touch such a key',
  },
  { name: '--command', value: '<name>', isRepeatable: true, summary: 'only this command, no keys of the base' },
  { name: '--db', value: '<n>', isRepeatable: true, summary: 'only this database' },
  { name: '--since', value: '<time>', summary: 'only what is known to have been done then or later' },
  { name: '--until', value: '<time>', summary: 'only what was done until then, that second included' },
  { name: '--file', value: '<name>', isRepeatable: true, summary: 'only this file of the log' },
  {
    name: '--range',
    value: '<from>-<to>',
    summary: 'only what begins at these byte offsets of its file; 500- is open',
  },
];

export class DumpFilter {
  readonly #keys: readonly ((key: string) => boolean)[];
  /** Lower case. */
  readonly #commands: readonly string[];
  readonly #databases: readonly number[];
  readonly #files: readonly string[];
  readonly #since: number | undefined;
  readonly #until: number | undefined;
  readonly #from: number;
  readonly #to: number;

  /** @throws UsageError */
  constructor(invocation: Invocation) {
    this.#keys = invocation.values('--key').map((glob) => createGlob(bytesOfArgument(glob)));
    this.#commands = invocation.values('--command').map((name) => name.toLowerCase());
    this.#databases = invocation.values('--db').map(databaseOf);
    this.#files = invocation.values('--file');
    this.#since = timeOf(invocation, '--since');
    this.#until = timeOf(invocation, '--until');
    [this.#from, this.#to] = rangeOf(invocation.value('--range'));
  }

  /** Whether a moment was asked for, which a log without timestamps cannot answer. */
  get asksForTime(): boolean {
    return this.#since !== undefined || this.#until !== undefined;
  }

  /** Whether certain commands or keys are meant, and so nothing of what stands around them. */
  get asksForCommands(): boolean {
    return this.#keys.length > 0 || this.#commands.length > 0 || this.#databases.length > 0;
  }

  takesFile(name: string): boolean {
    return this.#files.length === 0 || this.#files.includes(name);
  }

  takesPlace(fileOffset: number, atSeconds: number | undefined): boolean {
    if (fileOffset < this.#from || fileOffset > this.#to) return false;
    // What stands before the first annotation was done before it.
    const seconds = atSeconds ?? Number.NEGATIVE_INFINITY;
    return seconds >= (this.#since ?? seconds) && seconds <= (this.#until ?? seconds);
  }

  takesCommand({ request, database, fileOffset, atSeconds }: CommandEvent): boolean {
    if (!this.takesPlace(fileOffset, atSeconds) || !this.#takesDatabase(database)) return false;
    if (this.#commands.length > 0 && !this.#commands.some((name) => isNamed(request, name))) return false;
    if (this.#keys.length === 0) return true;
    // Of a command that is not known any argument may be a key.
    const positions = keysOf(request) ?? Array.from({ length: request.count - 1 }, (_, i) => i + 1);
    return positions.some((index) => this.#takesKey(request.key(index)));
  }

  takesEntry({ entry, fileOffset, atSeconds }: EntryEvent): boolean {
    if (!this.takesPlace(fileOffset, atSeconds) || this.#commands.length > 0) return false;
    // A field of the RDB part has a key too, which is none of a database.
    if (!('key' in entry) || !('database' in entry)) return !this.asksForCommands;
    const isMeant = this.#keys.length === 0 || (entry.key !== undefined && this.#takesKey(entry.key));
    return isMeant && this.#takesDatabase(entry.database);
  }

  #takesDatabase(database: number): boolean {
    return this.#databases.length === 0 || this.#databases.includes(database);
  }

  #takesKey(key: string): boolean {
    return this.#keys.some((matches) => matches(key));
  }
}

function databaseOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--db takes the number of a database, not '${text}'`);
  return Number(text);
}

function timeOf(invocation: Invocation, name: '--since' | '--until'): number | undefined {
  const text = invocation.value(name);
  if (text === undefined) return undefined;
  const seconds = parseTime(text);
  if (seconds === undefined) throw new UsageError(`${name} takes 2026-11-21T10:00:00Z or Unix seconds, not '${text}'`);
  return seconds;
}

function rangeOf(text: string | undefined): [from: number, to: number] {
  if (text === undefined) return [0, Number.POSITIVE_INFINITY];
  const [, from = '', to = ''] = /^(\d{1,15})-(\d{0,15})$/.exec(text) ?? [];
  if (from === '') throw new UsageError(`--range takes two byte offsets, 100-2000 or 100-, not '${text}'`);
  return [Number(from), to === '' ? Number.POSITIVE_INFINITY : Number(to)];
}
