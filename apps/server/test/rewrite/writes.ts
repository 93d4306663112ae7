/** Random commands that change values, of every command that the table knows as a write. */
import { ALL_COMMANDS } from '@aof/commands';

/** What a key holds as a rule: its name begins with it, and now and then it holds something else. */
const KINDS = ['string', 'list', 'set', 'hash', 'zset', 'geo', 'log', 'stream'] as const;
export type Kind = (typeof KINDS)[number];

/** How a command's arguments are made. */
interface Sources {
  below(bound: number): number;
  /** @param kind what it holds as a rule; any kind by default */
  key(kind?: Kind): string;
  /** The ID of a new entry, above all that were asked for before. */
  nextId(): string;
  /** The ID of an entry that may be there. */
  someId(): string;
  /** What DUMP has answered. */
  payload(): string;
}

type Arguments = (from: Sources) => string[];

/** Some come often, so that what removes one finds it. */
const element = (from: Sources): string => (from.below(2) === 0 ? common(from) : `e${from.below(400)}`);
const common = (from: Sources): string => `e${from.below(6)}`;
const integer = (from: Sources): string => String(from.below(100) - 20);
const many = (from: Sources, make: () => string): string[] => Array.from({ length: 1 + from.below(4) }, make);
const pairs = (from: Sources, make: () => string[]): string[] => many(from, () => '').flatMap(make);
const oneOf = (from: Sources, ...texts: readonly string[]): string => texts[from.below(texts.length)] ?? '';
const group = (from: Sources): string => `g${from.below(2)}`;
const consumer = (from: Sources): string => `c${from.below(2)}`;
const ids = (from: Sources): string[] => Array.from({ length: 8 }, () => from.someId());
const place = (from: Sources): string[] => [
  `${from.below(1700) / 10 - 85}`,
  `${from.below(1600) / 10 - 80}`,
  element(from),
];
const trimming = (from: Sources): string[] => (from.below(8) === 0 ? ['MAXLEN', '~', '200'] : []);
const score = (from: Sources): string => oneOf(from, `${integer(from)}.25`, integer(from), 'inf', '1e-7');

/** What is called with a key and no other argument. */
const KEY_ONLY: Readonly<Record<string, Kind | undefined>> = {
  incr: 'string',
  decr: 'string',
  persist: undefined,
  getdel: 'string',
  lpop: 'list',
  rpop: 'list',
  spop: 'set',
  zpopmin: 'zset',
  zpopmax: 'zset',
};

/** By name, that of a subcommand behind `|`. */
export const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  ...Object.fromEntries(Object.entries(KEY_ONLY).map(([name, kind]) => [name, (from: Sources) => [from.key(kind)]])),
  append: (from) => [from.key('string'), element(from)],
  set: (from) => [from.key('string'), element(from)],
  setex: (from) => [from.key('string'), '1000', element(from)],
  psetex: (from) => [from.key('string'), '1000000', element(from)],
  setnx: (from) => [from.key('string'), element(from)],
  getset: (from) => [from.key('string'), element(from)],
  getex: (from) => [from.key('string'), 'EX', '500'],
  setrange: (from) => [from.key('string'), String(from.below(50)), element(from)],
  setbit: (from) => [from.key('string'), String(from.below(500)), String(from.below(2))],
  bitfield: (from) => [from.key('string'), 'SET', 'u8', String(from.below(99)), String(from.below(250))],
  bitop: (from) => ['OR', from.key('string'), from.key('string'), from.key('string')],
  mset: (from) => pairs(from, () => [from.key('string'), element(from)]),
  msetnx: (from) => pairs(from, () => [from.key('string'), element(from)]),
  incrby: (from) => [from.key('string'), integer(from)],
  decrby: (from) => [from.key('string'), integer(from)],
  incrbyfloat: (from) => [from.key('string'), '0.5'],
  lpush: (from) => [from.key('list'), ...many(from, () => element(from))],
  rpush: (from) => [from.key('list'), ...many(from, () => element(from))],
  lpushx: (from) => [from.key('list'), element(from)],
  rpushx: (from) => [from.key('list'), element(from)],
  lset: (from) => [from.key('list'), '0', element(from)],
  linsert: (from) => [from.key('list'), 'BEFORE', common(from), element(from)],
  lrem: (from) => [from.key('list'), '0', common(from)],
  ltrim: (from) => [from.key('list'), String(from.below(3)), '-2'],
  lmove: (from) => [from.key('list'), from.key('list'), 'LEFT', 'RIGHT'],
  rpoplpush: (from) => [from.key('list'), from.key('list')],
  lmpop: (from) => ['1', from.key('list'), 'LEFT', 'COUNT', '2'],
  sadd: (from) => [from.key('set'), ...many(from, () => element(from))],
  srem: (from) => [from.key('set'), ...many(from, () => common(from))],
  smove: (from) => [from.key('set'), from.key('set'), common(from)],
  sunionstore: (from) => [from.key('set'), from.key('set'), from.key('set')],
  sinterstore: (from) => [from.key('set'), from.key('set'), from.key('set')],
  sdiffstore: (from) => [from.key('set'), from.key('set'), from.key('set')],
  hset: (from) => [from.key('hash'), ...pairs(from, () => [element(from), element(from)])],
  hmset: (from) => [from.key('hash'), ...pairs(from, () => [element(from), element(from)])],
  hsetnx: (from) => [from.key('hash'), element(from), element(from)],
  hdel: (from) => [from.key('hash'), ...many(from, () => common(from))],
  hincrby: (from) => [from.key('hash'), element(from), integer(from)],
  hincrbyfloat: (from) => [from.key('hash'), element(from), '1.25'],
  zadd: (from) => [from.key('zset'), ...pairs(from, () => [score(from), element(from)])],
  zincrby: (from) => [from.key('zset'), integer(from), element(from)],
  zrem: (from) => [from.key('zset'), ...many(from, () => common(from))],
  zremrangebyrank: (from) => [from.key('zset'), '0', String(from.below(3))],
  zremrangebyscore: (from) => [from.key('zset'), '-5', '0'],
  zremrangebylex: (from) => [from.key('zset'), '[e1', '[e11'],
  zunionstore: (from) => [from.key('zset'), '2', from.key('zset'), from.key('zset')],
  zinterstore: (from) => [from.key('zset'), '2', from.key('zset'), from.key('zset')],
  zdiffstore: (from) => [from.key('zset'), '2', from.key('zset'), from.key('zset')],
  zrangestore: (from) => [from.key('zset'), from.key('zset'), '0', '5'],
  zmpop: (from) => ['1', from.key('zset'), 'MIN', 'COUNT', '2'],
  sort: (from) => [from.key('list'), 'ALPHA', 'STORE', from.key('list')],
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
  blpop: (from) => [from.key('list'), from.key('list'), '0'],
  brpop: (from) => [from.key('list'), '0'],
  blmove: (from) => [from.key('list'), from.key('list'), 'RIGHT', 'LEFT', '0'],
  brpoplpush: (from) => [from.key('list'), from.key('list'), '0'],
  blmpop: (from) => ['0', '2', from.key('list'), from.key('list'), 'RIGHT', 'COUNT', '3'],
  bzpopmin: (from) => [from.key('zset'), '0'],
  bzpopmax: (from) => [from.key('zset'), '0'],
  bzmpop: (from) => ['0', '1', from.key('zset'), 'MAX', 'COUNT', '3'],
  geoadd: (from) => [from.key('geo'), ...pairs(from, () => place(from))],
  geosearchstore: (from) => [from.key('geo'), from.key('geo'), 'FROMLONLAT', '0', '0', 'BYRADIUS', '8000', 'km'],
  georadius: (from) => [from.key('geo'), '0', '0', '9000', 'km', 'STORE', from.key('geo')],
  georadiusbymember: (from) => [from.key('geo'), element(from), '20000', 'km', 'STOREDIST', from.key('zset')],
  pfadd: (from) => [from.key('log'), ...many(from, () => element(from))],
  pfcount: (from) => [from.key('log')],
  pfmerge: (from) => [from.key('log'), from.key('log'), from.key('log')],
  pfdebug: (from) => ['TODENSE', from.key('log')],
  restore: (from) => [from.key(), oneOf(from, '0', '5000', '100000'), from.payload(), 'REPLACE'],
  xadd: (from) => [from.key('stream'), ...trimming(from), from.nextId(), 'field', element(from)],
  xdel: (from) => [from.key('stream'), ...many(from, () => from.someId())],
  xtrim: (from) => [from.key('stream'), 'MINID', from.someId()],
  xsetid: (from) => [from.key('stream'), from.nextId()],
  'xgroup|create': (from) => [from.key('stream'), group(from), oneOf(from, '0', '$', from.someId()), 'MKSTREAM'],
  'xgroup|setid': (from) => [from.key('stream'), group(from), oneOf(from, '0', from.someId())],
  'xgroup|destroy': (from) => [from.key('stream'), group(from)],
  'xgroup|createconsumer': (from) => [from.key('stream'), group(from), consumer(from)],
  'xgroup|delconsumer': (from) => [from.key('stream'), group(from), consumer(from)],
  xreadgroup: (from) => {
    const waits = from.below(4) === 0 ? ['BLOCK', '0'] : [];
    return ['GROUP', group(from), consumer(from), 'COUNT', '3', ...waits, 'STREAMS', from.key('stream'), '>'];
  },
  xack: (from) => [from.key('stream'), group(from), ...ids(from)],
  xclaim: (from) => {
    const force = from.below(2) === 0 ? ['FORCE'] : [];
    return [from.key('stream'), group(from), consumer(from), '0', ...ids(from), ...force];
  },
  xautoclaim: (from) => [from.key('stream'), group(from), consumer(from), '0', '0', 'COUNT', '5'],
  flushdb: () => [],
  flushall: () => [],
};

/** Rare, for they leave little to test. */
const RARE = new Set(['flushdb', 'flushall', 'swapdb']);
/** Writes that the table knows, `xgroup|create` among them. */
export const WRITE_NAMES: readonly string[] = ALL_COMMANDS.flatMap(({ flags, name, subcommands = [] }) => [
  ...(flags.includes('write') ? [name] : []),
  ...subcommands.filter((sub) => sub.flags.includes('write')).map((sub) => `${name}|${sub.name}`),
]);

/** Writes of the table that have no arguments here. */
export function uncovered(): string[] {
  return WRITE_NAMES.filter((name) => !(name in ARGUMENTS));
}
/** A client that sends one of these may be made to wait. */
export const WAITING: ReadonlySet<string> = new Set(
  ALL_COMMANDS.filter(({ flags }) => flags.includes('blocking')).map(({ name }) => name),
);
/** What needs neither a client of its own nor payloads. */
const PLAIN_NAMES = Object.keys(ARGUMENTS).filter((name) => !WAITING.has(name) && name !== 'restore');

/** A third of what is sent: there must be something for the others to change. */
const GROWING = ['set', 'rpush', 'sadd', 'hset', 'zadd', 'xadd', 'xgroup|create', 'xreadgroup', 'geoadd', 'expire'];

export class Writes implements Sources {
  readonly #random: () => number;
  readonly #keysOfKind: number;
  readonly #names: readonly string[];
  readonly #growing: readonly string[];
  readonly #payloads: readonly string[];
  #entries = 0;

  /**
   * @param only names of commands; by default all that neither wait nor need payloads
   * @param payloads what RESTORE is given (latin1)
   */
  constructor(
    random: () => number,
    keys: number,
    only: readonly string[] = PLAIN_NAMES,
    payloads: readonly string[] = [],
  ) {
    this.#random = random;
    this.#keysOfKind = Math.ceil(keys / KINDS.length);
    this.#names = only;
    const growing = GROWING.filter((name) => only.includes(name));
    this.#growing = growing.length > 0 ? growing : only;
    this.#payloads = payloads;
  }

  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  key(kind?: Kind): string {
    const own = kind === undefined || this.below(10) === 0 ? KINDS[this.below(KINDS.length)] : kind;
    if (this.below(10) === 0) return `${own}:large`;
    // Entries, groups and consumers must fit one another.
    return own === 'stream' ? 'stream:0' : `${own}:${this.below(this.#keysOfKind)}`;
  }

  nextId(): string {
    return `${++this.#entries}-1`;
  }

  someId(): string {
    const last = this.below(2) === 0 ? Math.min(20, this.#entries) : this.#entries;
    return `${this.#entries - this.below(last)}-1`;
  }

  payload(): string {
    return this.#payloads[this.below(this.#payloads.length)] ?? '';
  }

  next(): string[] {
    for (;;) {
      const names = this.below(3) === 0 ? this.#growing : this.#names;
      const name = names[this.below(names.length)] ?? 'set';
      if (RARE.has(name) && this.below(8) > 0) continue;
      if (this.below(40) === 0) return ['select', String(this.below(3))];
      return this.of(name);
    }
  }

  /** A command of this name, `xgroup|create` for example. */
  of(name: string): string[] {
    return [...name.split('|'), ...(ARGUMENTS[name]?.(this) ?? [])];
  }

  /** A large collection, so that pieces of it are written at different times. @param kind list, set, hash or sorted set: 0 to 3 */
  large(size: number, kind = this.below(4)): string[] {
    const items = Array.from({ length: size }, (_, i) => `e${i}`);
    switch (kind) {
      case 0:
        return ['rpush', 'list:large', ...items];
      case 1:
        return ['sadd', 'set:large', ...items];
      case 2:
        return ['hset', 'hash:large', ...items.flatMap((item) => [item, item])];
      default:
        return ['zadd', 'zset:large', ...items.flatMap((item, i) => [String(i / 8), item])];
    }
  }

  /** A stream of so many entries with a group that has some of them pending. */
  *largeStream(size: number): Iterable<string[]> {
    yield ['del', 'stream:large'];
    for (let i = 0; i < size; i++) yield ['xadd', 'stream:large', this.nextId(), 'field', `e${i}`.repeat(20)];
    yield ['xgroup', 'create', 'stream:large', 'g0', '0'];
    yield ['xreadgroup', 'group', 'g0', 'c0', 'count', String(size >> 1), 'streams', 'stream:large', '>'];
  }

  /** A string that is written in pieces: above 1 MiB. */
  largeString(): string[] {
    return ['setrange', 'string:large', String(1_100_000 + this.below(50_000)), 'end'];
  }
}
