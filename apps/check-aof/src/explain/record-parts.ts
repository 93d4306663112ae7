/** What a record says about itself: its command, the type that it works on, and its keys with their parts of its bytes. */
import { ALL_COMMANDS, type Command, CommandTable, keyPositions } from '@aof/commands';
import { keysOf } from '@aof/log-reader';
import type { KeyShare } from '@aof/log-statistics';
import type { Request } from '@aof/resp-codec';

/** Of records that name no key. */
export const NO_KEY = 'no key';
/** Of records about a key that is not there any more, or of unknown commands. */
export const UNKNOWN_TYPE = 'unknown';

export interface RecordParts {
  /** Upper case, as people write it. */
  readonly command: string;
  /** Undefined: commands on keys of any type (DEL, EXPIRE, RENAME, …). */
  readonly type: string | undefined;
  readonly keys: readonly KeyShare[];
}

/** The type of the values that the commands of a group work on. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  bitmap: 'string',
  hyperloglog: 'string',
  list: 'list',
  set: 'set',
  hash: 'hash',
  'sorted-set': 'zset',
  geo: 'zset',
  stream: 'stream',
};

const NOT_A_NAME = '(no command)';
const NO_KEYS: readonly KeyShare[] = [];

interface Known {
  readonly name: string;
  readonly type: string | undefined;
}

export class RecordPartsReader {
  readonly #table = new CommandTable(ALL_COMMANDS);
  readonly #known = new Map<Command, Known>();

  of(request: Request): RecordParts {
    const command = this.#find(request);
    const positions = keysOf(request) ?? [];
    const keys =
      command !== undefined && positions.length > 1 ? sharesOf(command, request) : shareOf(request, positions);
    if (command === undefined) return { command: nameOf(request), type: UNKNOWN_TYPE, keys };
    const { name, type } = this.#known.get(command) ?? this.#describe(command);
    return { command: name, type: keys.length === 0 ? NO_KEY : type, keys };
  }

  #find(request: Request): Command | undefined {
    const found = request.count === 0 ? undefined : this.#table.find(request);
    if (found?.subcommands === undefined || request.count < 2) return found;
    return found.subcommands.get(request.latin1(1).toLowerCase()) ?? found;
  }

  #describe(command: Command): Known {
    const known = { name: command.fullName.replace('|', ' ').toUpperCase(), type: TYPES[command.spec.group] };
    this.#known.set(command, known);
    return known;
  }
}

/** The bytes of a record with one key are that key's; of keys that only other servers know the first stands for all. */
function shareOf(request: Request, positions: readonly number[]): readonly KeyShare[] {
  const first = positions[0];
  if (first === undefined) return NO_KEYS;
  return [{ key: request.key(first), bytes: request.rawEnd - request.rawStart, isWrite: true }];
}

function sharesOf(command: Command, request: Request): readonly KeyShare[] {
  const ordered = (keyPositions(command, request) ?? []).toSorted((a, b) => a.index - b.index);
  return ordered.map(({ index, flags }, i) => {
    const next = ordered[i + 1];
    const start = i === 0 ? request.rawStart : headerStart(request, index);
    const end = next === undefined ? request.rawEnd : headerStart(request, next.index);
    return { key: request.key(index), bytes: end - start, isWrite: !flags.includes('RO') };
  });
}

/** Where the `$` of argument `index` stands: behind the line end of the one before. */
function headerStart(request: Request, index: number): number {
  return request.end(index - 1) + 2;
}

function nameOf(request: Request): string {
  if (request.count === 0 || request.length(0) > 64) return NOT_A_NAME;
  const name = request.latin1(0);
  return /^[A-Za-z][A-Za-z0-9._|-]*$/.test(name) ? name.toUpperCase() : NOT_A_NAME;
}
