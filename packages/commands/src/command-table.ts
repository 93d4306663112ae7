/**
 * The command table of one executor: every command compiled for lookup by bytes, with its statistics.
 *
 * Invariant: a name or alias is in the table once. Subcommands are reached only through their container.
 */
import type { Request } from '@aof/resp-codec';
import type { LatencyHistogram } from './latency-histogram.ts';
import type { CommandFlag, CommandSpec, Handler } from './spec.ts';

/** A command as it runs: the spec, its flags as booleans, and what INFO commandstats counts. */
export class Command {
  readonly spec: CommandSpec;
  /** `set`, or `config|get` for a subcommand. */
  readonly fullName: string;
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

export class CommandTable {
  readonly #byName = new Map<string, Command>();
  readonly #slots: (Command | undefined)[] = new Array(SLOTS).fill(undefined);

  constructor(specs: readonly CommandSpec[]) {
    for (const spec of specs) {
      if (this.#byName.has(spec.name)) throw new TypeError(`the command ${spec.name} is defined twice`);
      const command = new Command(spec);
      this.#byName.set(spec.name, command);
      let slot = slotOfName(spec.name);
      while (this.#slots[slot] !== undefined) slot = (slot + 1) & (SLOTS - 1);
      this.#slots[slot] = command;
    }
  }

  get size(): number {
    return this.#byName.size;
  }

  /** All commands, in the order of the families. */
  [Symbol.iterator](): IterableIterator<Command> {
    return this.#byName.values();
  }

  /** By lower-case name; `config|get` finds a subcommand. */
  get(fullName: string): Command | undefined {
    const bar = fullName.indexOf('|');
    if (bar < 0) return this.#byName.get(fullName);
    return this.#byName.get(fullName.slice(0, bar))?.subcommands?.get(fullName.slice(bar + 1));
  }

  /** The command that a request names, any case, without making a string; containers are not resolved. */
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
      if (request.is(0, command.spec.name)) return command;
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  resetStatistics(): void {
    for (const command of this) command.resetStatistics();
  }
}

function slotOfName(name: string): number {
  const { length } = name;
  return slotOf(length, name.charCodeAt(0) | 32, name.charCodeAt(length >> 1) | 32, name.charCodeAt(length - 1) | 32);
}

function slotOf(length: number, first: number, middle: number, last: number): number {
  return (Math.imul(length + (first << 5) + (middle << 12) + (last << 19), 0x9e3779b1) >>> 20) & (SLOTS - 1);
}
