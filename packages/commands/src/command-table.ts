/**
 * The command table of one executor: every command compiled for lookup by bytes, with its statistics.
 *
 * Clients call a command by its own name, unless `rename-command` has given it another one, or none. The log holds both: what a
 * client has written stands there as it was sent, and what the server writes by itself (SELECT, MULTI, the DEL of an expired
 * key, the base of a rewrite) stands there under its own name.
 *
 * Invariants: a name is in the table once. No command is called by another command's own name, so that a record of the log
 * means one command. Subcommands are reached only through their container.
 */
import type { Request } from '@aof/resp-codec';
import type { LatencyHistogram } from './latency-histogram.ts';
import { COMMANDS_ELSEWHERE } from './missing-commands.ts';
import { asciiLower } from './replies.ts';
import type { CommandFlag, CommandSpec, Handler } from './spec.ts';

/** A command as it runs: the spec, its flags as booleans, and what INFO commandstats counts. */
export class Command {
  readonly spec: CommandSpec;
  /** `set`, or `config|get` for a subcommand. */
  readonly fullName: string;
  /** What clients call it by, lower case; its own name where `rename-command` says nothing. Unused for subcommands. */
  calledBy: string;
  readonly parent: Command | undefined;
  readonly subcommands: ReadonlyMap<string, Command> | undefined;
  readonly handler: Handler | undefined;
  readonly arity: number;
  readonly isWrite: boolean;
  readonly isReadonly: boolean;
  readonly isDenyOom: boolean;
  readonly isAllowedWhileLoading: boolean;
  readonly isAllowedWithoutAuth: boolean;
  readonly isAllowedInMulti: boolean;
  /** EXEC, DISCARD, MULTI, WATCH, QUIT and RESET run at once inside a transaction. */
  readonly runsInsideMulti: boolean;
  readonly touchesArbitraryKeys: boolean;
  /** PING is refused like a write while the log cannot be written. */
  readonly isRefusedOnWriteError: boolean;
  readonly isFast: boolean;
  readonly skipsSlowLog: boolean;
  /** It may take long, so its calls are timed one by one. */
  readonly isTimedAlone: boolean;
  /** Durations of its calls, once there are any. */
  latency: LatencyHistogram | undefined;
  calls = 0;
  usec = 0;
  rejectedCalls = 0;
  failedCalls = 0;

  constructor(spec: CommandSpec, parent?: Command) {
    this.spec = spec;
    this.parent = parent;
    this.calledBy = spec.name;
    this.fullName = parent ? `${parent.spec.name}|${spec.name}` : spec.name;
    this.subcommands = spec.subcommands
      ? new Map(spec.subcommands.map((sub) => [sub.name, new Command(sub, this)]))
      : undefined;
    this.handler = spec.handler;
    this.arity = spec.arity;
    const has = (flag: CommandFlag) => spec.flags.includes(flag);
    this.isWrite = has('write');
    this.isReadonly = has('readonly');
    this.isDenyOom = has('denyoom');
    this.isAllowedWhileLoading = has('loading');
    this.isAllowedWithoutAuth = has('no_auth');
    this.isAllowedInMulti = !has('no_multi');
    this.isFast = has('fast');
    this.skipsSlowLog = has('skip_slowlog');
    this.isTimedAlone = !/^O\((?:1|log)/.test(spec.complexity ?? '');
    this.touchesArbitraryKeys = has('touches_arbitrary_keys');
    this.runsInsideMulti = RUNS_INSIDE_MULTI.has(this.fullName);
    this.isRefusedOnWriteError = this.isWrite || spec.name === 'ping';
  }

  acceptsArgumentCount(count: number): boolean {
    return this.arity >= 0 ? count === this.arity : count >= -this.arity;
  }

  resetStatistics(): void {
    this.calls = 0;
    this.usec = 0;
    this.rejectedCalls = 0;
    this.failedCalls = 0;
    this.latency = undefined;
    for (const sub of this.subcommands?.values() ?? []) sub.resetStatistics();
  }
}

const RUNS_INSIDE_MULTI = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);

/** Slots of the lookup table; a power of two well above the number of commands, so that most lookups probe once. */
const SLOTS = 4096;

/** A line of `rename-command`, byte strings. */
export interface CommandRename {
  /** What clients have called the command by so far, any case. */
  readonly from: string;
  /** What they call it by from now on; empty: they cannot call it. */
  readonly to: string;
}

export class CommandTable {
  /** By what clients call them. */
  readonly #byName = new Map<string, Command>();
  /** By their own names. */
  readonly #byOwnName = new Map<string, Command>();
  /** Commands that Redis has and this table has not: by what clients call them, their own names. */
  readonly #elsewhere = new Map(COMMANDS_ELSEWHERE.map((name) => [name, name]));
  readonly #slots: (Command | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #renamed = new Map<string, string>();

  constructor(specs: readonly CommandSpec[]) {
    for (const spec of specs) {
      if (this.#byOwnName.has(spec.name)) throw new TypeError(`the command ${spec.name} is defined twice`);
      const command = new Command(spec);
      this.#byOwnName.set(spec.name, command);
      this.#byName.set(spec.name, command);
      this.#elsewhere.delete(spec.name);
    }
    this.#fillSlots();
  }

  /** How many commands clients can call. */
  get size(): number {
    return this.#byName.size;
  }

  /**
   * What clients call the renamed commands by, lower case, '' where they cannot; by their own names. Those that Redis has and this
   * table has not are among them.
   */
  get renamed(): ReadonlyMap<string, string> {
    return this.#renamed;
  }

  /** All commands that clients can call, in the order of the families. */
  [Symbol.iterator](): IterableIterator<Command> {
    return this.#byName.values();
  }

  /**
   * Has clients call a command by another name, or not at all; to be done before the first request.
   * @returns why not, in Redis's words. A command that Redis has and this table has not may be renamed too, which changes nothing.
   */
  rename({
    from,
    to,
  }: CommandRename): 'No such command in rename-command' | 'Target command name already exists' | undefined {
    const [name, newName] = [asciiLower(from), asciiLower(to)];
    const command = this.#byName.get(name);
    if (command === undefined && !this.#elsewhere.has(name)) return 'No such command in rename-command';
    const isTaken = newName !== name && (this.#byName.has(newName) || this.#elsewhere.has(newName));
    if (isTaken || isOwnNameOfAnother(newName, command, this.#byOwnName)) return 'Target command name already exists';
    const ownName = command?.spec.name ?? this.#elsewhere.get(name) ?? name;
    if (newName === ownName) this.#renamed.delete(ownName);
    else this.#renamed.set(ownName, newName);
    if (command === undefined) {
      this.#elsewhere.delete(name);
      if (newName !== '') this.#elsewhere.set(newName, ownName);
      return undefined;
    }
    this.#byName.delete(name);
    command.calledBy = newName;
    if (newName !== '') this.#byName.set(newName, command);
    this.#fillSlots();
    return undefined;
  }

  /** By what clients call it, lower case; `config|get` finds a subcommand. */
  get(fullName: string): Command | undefined {
    const bar = fullName.indexOf('|');
    if (bar < 0) return this.#byName.get(fullName);
    return this.#byName.get(fullName.slice(0, bar))?.subcommands?.get(fullName.slice(bar + 1));
  }

  /** The command that a client's request names, any case, without making a string; containers are not resolved. */
  find(request: Request): Command | undefined {
    const { buffer } = request;
    const start = request.start(0);
    const end = request.end(0);
    if (start === end) return undefined;
    let slot = slotOf(
      end - start,
      (buffer[start] ?? 0) | 32,
      (buffer[(start + end) >> 1] ?? 0) | 32,
      (buffer[end - 1] ?? 0) | 32,
    );
    for (;;) {
      const command = this.#slots[slot];
      if (command === undefined) return undefined;
      if (request.is(0, command.calledBy)) return command;
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  /** The command that a record of the log names: by what clients call it, or by its own name. */
  findLogged(record: Request): Command | undefined {
    const command = this.find(record);
    if (command !== undefined || this.#renamed.size === 0 || record.count === 0) return command;
    return this.#byOwnName.get(asciiLower(record.latin1(0)));
  }

  resetStatistics(): void {
    for (const command of this) command.resetStatistics();
  }

  #fillSlots(): void {
    this.#slots.fill(undefined);
    for (const [name, command] of this.#byName) {
      let slot = slotOfName(name);
      while (this.#slots[slot] !== undefined) slot = (slot + 1) & (SLOTS - 1);
      this.#slots[slot] = command;
    }
  }
}

/** Redis lets a name that has been freed be taken; then the log's own DEL could be somebody's GET. */
function isOwnNameOfAnother(
  name: string,
  command: Command | undefined,
  byOwnName: ReadonlyMap<string, Command>,
): boolean {
  return byOwnName.has(name) && byOwnName.get(name) !== command;
}

function slotOfName(name: string): number {
  const { length } = name;
  return slotOf(length, name.charCodeAt(0) | 32, name.charCodeAt(length >> 1) | 32, name.charCodeAt(length - 1) | 32);
}

function slotOf(length: number, first: number, middle: number, last: number): number {
  return (Math.imul(length + (first << 5) + (middle << 12) + (last << 19), 0x9e3779b1) >>> 20) & (SLOTS - 1);
}
