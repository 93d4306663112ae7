/**
 * What a command is: the types of the command table, which is the one truth about every command's name, arity, flags,
 * keys, categories and documentation. COMMAND, the checks before a call, key extraction and the log all read it.
 */
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from './context.ts';

/** Flags as COMMAND INFO prints them, and the hidden `touches_arbitrary_keys` (SCAN, RANDOMKEY: expiry it meets is not the unit's own). */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'fast'
  | 'no_auth'
  | 'movablekeys'
  | 'no_async_loading'
  | 'no_multi'
  | 'allow_busy'
  | 'touches_arbitrary_keys';

/** Which data a command is about, as COMMAND DOCS groups them. */
export type CommandGroup =
  | 'generic'
  | 'string'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'hash'
  | 'pubsub'
  | 'transactions'
  | 'connection'
  | 'server'
  | 'scripting'
  | 'hyperloglog'
  | 'geo'
  | 'stream'
  | 'bitmap';

/** How a key specification finds its first key. */
export type KeyBegin =
  | { readonly index: number }
  | { readonly keyword: string; readonly startFrom: number }
  | 'unknown';

/** How it goes on from there. `last`, `step`, `limit` and `keynum` have the meaning of COMMAND INFO's key specifications. */
export type KeyFind =
  | { readonly last: number; readonly step: number; readonly limit: number }
  | { readonly keynumIndex: number; readonly firstKey: number; readonly step: number }
  | 'unknown';

/** One key specification (COMMAND INFO, element 9). */
export interface KeySpec {
  readonly notes?: string;
  /** In COMMAND INFO's order and spelling: `RO`, `RW`, `OW`, `RM`, then `access`, `update`, `insert`, `delete`, `not_key`, `incomplete`, `variable_flags`. */
  readonly flags: readonly string[];
  readonly begin: KeyBegin;
  readonly find: KeyFind;
}

/** A key of a request. */
export interface KeyPosition {
  /** Index of the argument. */
  readonly index: number;
  readonly flags: readonly string[];
}

/** Runs a command whose arity has been checked. Replies to `ctx.reply`; a client's error is a reply, never thrown. */
export type Handler = (ctx: CommandContext, request: Request) => void;

/** One command, or one subcommand. */
export interface CommandSpec {
  /** Lower case. A subcommand's is the word after the container's (`get` of CONFIG GET). */
  readonly name: string;
  /** Arguments with the name (and the subcommand's word): exact if positive, at least `-arity` if negative. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** Categories that do not follow from the flags, without `@`: `string`, `keyspace`, `dangerous`, … */
  readonly categories: readonly string[];
  readonly group: CommandGroup;
  readonly since: string;
  /** One sentence of our own. */
  readonly summary: string;
  readonly complexity?: string;
  readonly keySpecs?: readonly KeySpec[];
  /**
   * Positions of the keys, for commands whose keys or their flags no specification can tell (`movablekeys`,
   * `variable_flags`); a plain number has the flags of the first specification. Undefined: wrong arguments.
   */
  readonly getKeys?: (request: Request) => readonly (number | KeyPosition)[] | undefined;
  readonly tips?: readonly string[];
  readonly subcommands?: readonly CommandSpec[];
  /** Absent only for a container without a form of its own. */
  readonly handler?: Handler;
}

/** The one key at `index`, or the keys from there to `last` (negative: from the end) by `step`. */
export function keys(flags: string, index = 1, last = 0, step = 1): KeySpec {
  return { flags: flags.split(' '), begin: { index }, find: { last, step, limit: 0 } };
}

/** The first argument as a key whose flags depend on the others. */
export function variableKey(flags: string): KeyPosition {
  return { index: 1, flags: flags.split(' ') };
}

/** Keys that follow their own number: `numkeys` at `index`, the keys right after it. */
export function countedKeys(flags: string, index: number): KeySpec {
  return { flags: flags.split(' '), begin: { index }, find: { keynumIndex: 0, firstKey: 1, step: 1 } };
}

/** Positions of the keys of `<numkeys> key [key ...]`, the number standing at `index`. */
export function countedKeyPositions(request: Request, index: number): number[] | undefined {
  const count = request.integer(index);
  if (typeof count !== 'number' || count < 1 || index + count >= request.count) return undefined;
  return Array.from({ length: count }, (_, i) => index + 1 + i);
}
