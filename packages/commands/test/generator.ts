/**
 * Scripts at random from a grammar: for each command, parts that make its arguments. What comes out is mostly valid; a
 * part of it is damaged (arguments dropped, doubled, replaced by odd ones), and keys now and then hold another type.
 */
import { command, type Step } from './script.ts';

/** mulberry32: small, fast, the same everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)];
  }
}

/** Makes some arguments (latin1 strings). */
export type Part = (random: Random) => string[];

/** The arguments after the name, by command; `config get` is a subcommand. */
export type Grammar = Readonly<Record<string, readonly Part[]>>;

/** One of the words, in any case. */
export function word(...words: readonly string[]): Part {
  return (random) => {
    const chosen = random.pick(words);
    return [random.chance(0.3) ? chosen.toLowerCase() : chosen];
  };
}

/** Exactly this text. */
export function literal(...texts: readonly string[]): Part {
  return (random) => [random.pick(texts)];
}

export function integer(low: number, high: number): Part {
  return (random) => [String(random.integer(low, high))];
}

export function optional(part: Part, probability = 0.5): Part {
  return (random) => (random.chance(probability) ? part(random) : []);
}

export function oneOf(...parts: readonly Part[]): Part {
  return (random) => random.pick(parts)(random);
}

export function sequence(...parts: readonly Part[]): Part {
  return (random) => parts.flatMap((part) => part(random));
}

export function repeated(part: Part, low: number, high: number): Part {
  return (random) => Array.from({ length: random.integer(low, high) }, () => part(random)).flat();
}

const TYPE_LETTERS = ['s', 'l', 'h', 't', 'z', 'x'] as const;
/** Which keys a part names: of its own type, mostly. */
export type TypeLetter = (typeof TYPE_LETTERS)[number] | 'p' | 'g';

/**
 * A key. `s` strings, `l` lists, `h` hashes, `t` sets, `z` sorted sets, `x` streams, `p`
 * HyperLogLogs, `g` positions; few of each, so that commands meet.
 * One key in ten is of another type's.
 */
export function key(type: TypeLetter, count = 4): Part {
  return (random) => {
    if (random.chance(0.03)) return [random.pick(['', '\x00\xff', 'missing'])];
    const letter = random.chance(0.1) ? random.pick(TYPE_LETTERS) : type;
    return [`${letter}${random.integer(1, count)}`];
  };
}

/** Values: integers, floats, text, empty, binary, and now and then long. */
export const value: Part = (random) => {
  const kind = random.integer(0, 9);
  if (kind < 3) return [String(random.integer(-20, 20_000))];
  if (kind < 4) return [random.pick(['1.5', '-0.25', '3.0e3', '1e-5', '100'])];
  if (kind < 8)
    return [random.pick(['a', 'hello', 'Hello World', 'b\x00c', '\xff\xfe\x00', 'x'.repeat(44), 'y'.repeat(45)])];
  if (kind < 9) return [''];
  return [random.pick(WEIRD)];
};

/** Arguments that are seldom right. None asks for much memory where it is taken for a length. */
export const WEIRD: readonly string[] = [
  '',
  ' ',
  'abc',
  '1.5',
  '-1',
  '0',
  '00',
  '+1',
  '-0',
  ' 1',
  '1 ',
  '1e3',
  '0x10',
  'inf',
  '-inf',
  'nan',
  '9007199254740992',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '99999999999999999999999',
  '4294967296',
  '1.7976931348623157e308',
  '\xff\x80\r\n!',
  'NX',
  'GET',
  'EX',
  'COUNT',
  '*',
];

export interface GeneratorOptions {
  readonly grammar: Grammar;
  /** Commands that begin every script, so that keys of all types are there. */
  readonly prelude?: readonly (readonly string[])[];
  readonly steps: number;
  /** Part of the commands that are damaged; 0.15 unless given. */
  readonly damaged?: number;
  /** Wraps runs of commands in MULTI and EXEC now and then. */
  readonly transactions?: boolean;
  /** Runs every command inside MULTI and EXEC. */
  readonly isAlwaysQueued?: boolean;
  /** Makes a key of this part expire now and then, and waits until it has. */
  readonly expiring?: Part;
  /** Spreads the commands over so many connections; 1 unless given. */
  readonly connections?: number;
}

/** A key gets so long to live, and the script pauses so long. */
const EXPIRES_IN_MS = '2';
const PAUSE_MS = 6;
const EXPIRING_CONNECTION = 9;

/** A script from the grammar. The same seed makes the same script. */
export function generate(seed: number, options: GeneratorOptions): Step[] {
  const random = new Random(seed);
  const names = Object.keys(options.grammar);
  const steps: Step[] = (options.prelude ?? []).map((args) => command(0, args));
  let untilExec = 0;
  for (let i = 0; i < options.steps; i++) {
    const connection = random.integer(0, (options.connections ?? 1) - 1);
    if (untilExec === 0 && (options.isAlwaysQueued || (options.transactions && random.chance(0.05)))) {
      steps.push(command(0, ['MULTI']));
      untilExec = random.integer(1, 5);
    }
    if (options.expiring && untilExec === 0 && random.chance(0.08)) {
      // Last before the pause, so that nothing can see it while it is about to expire; on a connection without MULTI.
      steps.push(command(EXPIRING_CONNECTION, ['PEXPIRE', ...options.expiring(random), EXPIRES_IN_MS]), {
        sleepMs: PAUSE_MS,
      });
    }
    const name = random.pick(names);
    let args = [...name.split(' '), ...options.grammar[name].flatMap((part) => part(random))];
    if (random.chance(options.damaged ?? 0.15)) args = damage(random, args);
    if (random.chance(0.5)) args[0] = args[0].toUpperCase();
    steps.push(command(connection, args));
    if (untilExec > 0 && --untilExec === 0) steps.push(command(0, [random.chance(0.9) ? 'EXEC' : 'DISCARD']));
  }
  if (untilExec > 0) steps.push(command(0, ['EXEC']));
  return steps;
}

function damage(random: Random, args: readonly string[]): string[] {
  const damaged = [...args];
  const last = damaged.length - 1;
  switch (random.integer(0, 4)) {
    case 0:
      if (last > 0) damaged.pop();
      break;
    case 1:
      damaged.push(random.pick(WEIRD));
      break;
    case 2:
      if (last > 1) damaged.splice(random.integer(1, last), 1);
      break;
    case 3:
      if (last > 1) damaged.splice(random.integer(2, last), 0, random.pick(damaged));
      break;
    default:
      if (last > 0) damaged[random.integer(Math.min(2, last), last)] = random.pick(WEIRD);
  }
  return damaged;
}

/** Makes one key of each type but strings, for commands that must refuse them. */
export const OTHER_TYPES: readonly (readonly string[])[] = [
  ['RPUSH', 'l1', 'a', 'b', 'c'],
  ['HSET', 'h1', 'f', '1', 'g', 'x'],
  ['SADD', 't1', 'a', 'b', 'c'],
  ['ZADD', 'z1', '1', 'a', '2', 'b'],
];
