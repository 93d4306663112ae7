/**
 * Which arguments of a record are keys: from the command table, and for commands that only other servers' logs hold, from here.
 *
 * Source: COMMAND of Redis 7.0 and 8.0 and of Valkey 8 for what the table lacks.
 */
import { ALL_COMMANDS, type Command, CommandTable, keyPositions } from '@aof/commands';
import type { Request } from '@aof/resp-codec';

const NO_KEYS: readonly number[] = [];
const FIRST: readonly number[] = [1];

/** Where the keys of a command stand that the table lacks. */
type KeysOf = (request: Request) => readonly number[] | undefined;

const first: KeysOf = ({ count }) => (count > 1 ? FIRST : undefined);
const none: KeysOf = () => NO_KEYS;

/** `<numkeys>` at `at`, then so many keys, each followed by `step - 1` other arguments. */
function counted(at: number, step = 1): KeysOf {
  return (request) => {
    const count = at < request.count ? request.integer(at) : undefined;
    if (typeof count !== 'number' || count < 0 || at + count * step >= request.count) return undefined;
    return Array.from({ length: count }, (_, i) => at + 1 + i * step);
  };
}

/** MIGRATE host port key|"" db timeout … [KEYS key …]. */
const migrate: KeysOf = (request) => {
  if (request.count < 6) return undefined;
  if (request.length(3) > 0) return [3];
  for (let i = 6; i < request.count; i++) {
    if (request.is(i, 'keys')) return Array.from({ length: request.count - i - 1 }, (_, k) => i + 1 + k);
  }
  return undefined;
};

const ELSEWHERE: ReadonlyMap<string, KeysOf> = new Map([
  ...['restore-asking', 'hexpire', 'hpexpire', 'hexpireat', 'hpexpireat'].map(named(first)),
  ...['hpersist', 'hgetdel', 'hgetex', 'hsetex', 'delifeq', 'delex', 'xackdel', 'xdelex'].map(named(first)),
  ...['eval', 'evalsha', 'fcall'].map(named(counted(2))),
  ...['script', 'function', 'publish', 'spublish'].map(named(none)),
  ...['msetex'].map(named(counted(1, 2))),
  ...['migrate'].map(named(migrate)),
]);

function named(keys: KeysOf): (name: string) => [string, KeysOf] {
  return (name) => [name, keys];
}

const table = new CommandTable(ALL_COMMANDS);

/** For commands whose keys stand at the same places in every request: nothing is made anew. */
const fixedKeys = new Map<Command, readonly number[]>();
for (const command of table) {
  const { spec } = command;
  const [keySpec, other] = spec.keySpecs ?? [];
  // What looks at the arguments may only tell what becomes of the key, not where it stands.
  const isFixed = spec.getKeys === undefined || keySpec?.flags.includes('variable_flags');
  if (!isFixed || spec.subcommands !== undefined) continue;
  if (keySpec === undefined) fixedKeys.set(command, NO_KEYS);
  else if (other === undefined && isFirstArgument(keySpec)) fixedKeys.set(command, FIRST);
}

function isFirstArgument({ begin, find }: { readonly begin: unknown; readonly find: unknown }): boolean {
  return JSON.stringify([begin, find]) === '[{"index":1},{"last":0,"step":1,"limit":0}]';
}

/**
 * The positions of the keys in `request`, in order, as COMMAND GETKEYS finds them; empty for commands without keys.
 *
 * @returns undefined if the command is not known, or its arguments are not what it takes. The array is shared: not to be changed.
 */
export function keysOf(request: Request): readonly number[] | undefined {
  if (request.count === 0) return undefined;
  const found = table.find(request);
  if (found === undefined) return ELSEWHERE.get(request.latin1(0).toLowerCase())?.(request);
  const fixed = fixedKeys.get(found);
  if (fixed !== undefined) return found.acceptsArgumentCount(request.count) ? fixed : undefined;
  let command = found;
  if (found.subcommands !== undefined && request.count > 1) {
    command = found.subcommands.get(request.latin1(1).toLowerCase()) ?? found;
  }
  if (!command.acceptsArgumentCount(request.count)) return undefined;
  return keyPositions(command, request)?.map(({ index }) => index);
}
