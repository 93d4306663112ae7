/** Random commands that change values, of every command that the table knows as a write. */
import { ALL_COMMANDS } from '@aof/commands';

/** How a command's arguments are made. */
interface Sources {
  below(bound: number): number;
  key(): string;
}

type Arguments = (from: Sources) => string[];

const element = (from: Sources): string => `e${from.below(400)}`;
const integer = (from: Sources): string => String(from.below(100) - 20);
const many = (from: Sources, make: () => string): string[] => Array.from({ length: 1 + from.below(4) }, make);
const pairs = (from: Sources, make: () => string[]): string[] => many(from, () => '').flatMap(make);

/** What is called with a key and no other argument. */
const KEY_ONLY = ['incr', 'decr', 'persist', 'getdel', 'lpop', 'rpop', 'spop', 'zpopmin', 'zpopmax'];

export const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  ...Object.fromEntries(KEY_ONLY.map((name) => [name, (from: Sources) => [from.key()]])),
  append: (from) => [from.key(), element(from)],
  set: (from) => [from.key(), element(from)],
  setex: (from) => [from.key(), '1000', element(from)],
  psetex: (from) => [from.key(), '1000000', element(from)],
  setnx: (from) => [from.key(), element(from)],
  getset: (from) => [from.key(), element(from)],
  getex: (from) => [from.key(), 'EX', '500'],
  setrange: (from) => [from.key(), String(from.below(50)), element(from)],
  setbit: (from) => [from.key(), String(from.below(500)), String(from.below(2))],
  bitfield: (from) => [from.key(), 'SET', 'u8', String(from.below(99)), String(from.below(250))],
  bitop: (from) => ['OR', from.key(), from.key(), from.key()],
  mset: (from) => pairs(from, () => [from.key(), element(from)]),
  msetnx: (from) => pairs(from, () => [from.key(), element(from)]),
  incrby: (from) => [from.key(), integer(from)],
  decrby: (from) => [from.key(), integer(from)],
  incrbyfloat: (from) => [from.key(), '0.5'],
  lpush: (from) => [from.key(), ...many(from, () => element(from))],
  rpush: (from) => [from.key(), ...many(from, () => element(from))],
  lpushx: (from) => [from.key(), element(from)],
  rpushx: (from) => [from.key(), element(from)],
  lset: (from) => [from.key(), '0', element(from)],
  linsert: (from) => [from.key(), 'BEFORE', element(from), element(from)],
  lrem: (from) => [from.key(), '0', element(from)],
  ltrim: (from) => [from.key(), String(from.below(3)), '-2'],
  lmove: (from) => [from.key(), from.key(), 'LEFT', 'RIGHT'],
  rpoplpush: (from) => [from.key(), from.key()],
  lmpop: (from) => ['1', from.key(), 'LEFT', 'COUNT', '2'],
  sadd: (from) => [from.key(), ...many(from, () => element(from))],
  srem: (from) => [from.key(), ...many(from, () => element(from))],
  smove: (from) => [from.key(), from.key(), element(from)],
  sunionstore: (from) => [from.key(), from.key(), from.key()],
  sinterstore: (from) => [from.key(), from.key(), from.key()],
  sdiffstore: (from) => [from.key(), from.key(), from.key()],
  hset: (from) => [from.key(), ...pairs(from, () => [element(from), element(from)])],
  hmset: (from) => [from.key(), ...pairs(from, () => [element(from), element(from)])],
  hsetnx: (from) => [from.key(), element(from), element(from)],
  hdel: (from) => [from.key(), ...many(from, () => element(from))],
  hincrby: (from) => [from.key(), element(from), integer(from)],
  hincrbyfloat: (from) => [from.key(), element(from), '1.25'],
  zadd: (from) => [from.key(), ...pairs(from, () => [`${integer(from)}.25`, element(from)])],
  zincrby: (from) => [from.key(), integer(from), element(from)],
  zrem: (from) => [from.key(), ...many(from, () => element(from))],
  zremrangebyrank: (from) => [from.key(), '0', String(from.below(3))],
  zremrangebyscore: (from) => [from.key(), '-5', '0'],
  zremrangebylex: (from) => [from.key(), '[e1', '[e11'],
  zunionstore: (from) => [from.key(), '2', from.key(), from.key()],
  zinterstore: (from) => [from.key(), '2', from.key(), from.key()],
  zdiffstore: (from) => [from.key(), '2', from.key(), from.key()],
  zrangestore: (from) => [from.key(), from.key(), '0', '5'],
  zmpop: (from) => ['1', from.key(), 'MIN', 'COUNT', '2'],
  sort: (from) => [from.key(), 'ALPHA', 'STORE', from.key()],
  del: (from) => [from.key()],
  unlink: (from) => [from.key()],
  rename: (from) => [from.key(), from.key()],
  renamenx: (from) => [from.key(), from.key()],
  copy: (from) => [from.key(), from.key(), 'REPLACE'],
  move: (from) => [from.key(), String(from.below(3))],
  expire: (from) => [from.key(), String(from.below(200) - 2)],
  pexpire: (from) => [from.key(), String(from.below(200_000) - 1000)],
  expireat: (from) => [from.key(), String(1_700_000_000 + from.below(400))],
  pexpireat: (from) => [from.key(), String(1_700_000_000_000 + from.below(400_000))],
  swapdb: (from) => [String(from.below(3)), String(from.below(3))],
  flushdb: () => [],
  flushall: () => [],
};

/** Rare, for they leave little to test. */
const RARE = new Set(['flushdb', 'flushall', 'swapdb']);

/** Writes of the table that have no arguments here. */
export function uncovered(): string[] {
  return ALL_COMMANDS.filter(({ flags, name }) => flags.includes('write') && !(name in ARGUMENTS)).map(
    ({ name }) => name,
  );
}

export class Writes {
  readonly #random: () => number;
  readonly #keys: number;
  readonly #names: readonly string[];

  /** @param only names of commands; by default all that the table has */
  constructor(random: () => number, keys: number, only: readonly string[] = Object.keys(ARGUMENTS)) {
    this.#random = random;
    this.#keys = keys;
    const known = new Set(ALL_COMMANDS.map(({ name }) => name));
    this.#names = only.filter((name) => known.has(name));
  }

  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  key(): string {
    return this.below(10) === 0 ? `large:${this.below(8)}` : `key:${this.below(this.#keys)}`;
  }

  next(): string[] {
    for (;;) {
      const name = this.#names[this.below(this.#names.length)] ?? 'set';
      if (RARE.has(name) && this.below(8) > 0) continue;
      if (this.below(40) === 0) return ['select', String(this.below(3))];
      return [name, ...(ARGUMENTS[name]?.(this) ?? [])];
    }
  }

  /** A large collection, so that pieces of it are written at different times. */
  large(size: number): string[] {
    const items = Array.from({ length: size }, (_, i) => `e${i}`);
    const kind = this.below(4);
    const key = `large:${kind + (size % 2) * 4}`;
    switch (kind) {
      case 0:
        return ['rpush', key, ...items];
      case 1:
        return ['sadd', key, ...items];
      case 2:
        return ['hset', key, ...items.flatMap((item) => [item, item])];
      default:
        return ['zadd', key, ...items.flatMap((item, i) => [String(i / 8), item])];
    }
  }
}
