/** Chance from a seed, and what the clients of a simulated server ask. */
import type { Engine } from '../../src/engine.ts';

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Command = readonly string[];

const KEYS = 8;
/** This client mostly reads what the others write. */
const READER = 0;

/** Endless commands for several clients. No value comes twice, so that nearly every data set is unlike all others. */
export class History {
  readonly #random: () => number;
  readonly #known: (command: Command) => boolean;
  readonly #scripts = new Map<number, Command[]>();
  #values = 0;

  constructor(random: () => number, engine: Engine) {
    this.#random = random;
    const names = new Set([...engine.executor.table].map((command) => command.fullName));
    this.#known = ([name]) => name !== undefined && names.has(name.toLowerCase());
  }

  /** The next `count` commands of a client. */
  next(client: number, count: number): Command[] {
    const script = this.#scripts.get(client) ?? [];
    this.#scripts.set(client, script);
    const isReader = client === READER && this.#random() < 0.9;
    while (script.length < count) script.push(...(isReader ? [this.#reading()] : this.#unit()));
    return script.splice(0, count);
  }

  #unit(): readonly Command[] {
    const roll = this.#random();
    if (roll < 0.12) return [['MULTI'], ...Array.from({ length: this.#below(4) }, () => this.#command()), ['EXEC']];
    if (roll < 0.14) return [['MULTI'], this.#command(), ['DISCARD']];
    if (roll < 0.18) return [['WATCH', this.#key()], ['MULTI'], this.#command(), ['EXEC']];
    if (roll < 0.24) return [['SELECT', String(this.#below(3))]];
    return [this.#command()];
  }

  #reading(): Command {
    const [key, other] = [this.#key(), this.#key()];
    const readings: readonly Command[] = [
      ['GET', key],
      ['GET', key],
      ['MGET', key, other],
      ['EXISTS', key, `l${other}`],
      ['STRLEN', key],
      ['PTTL', key],
      ['LRANGE', `l${key}`, '0', '-1'],
      ['DBSIZE'],
    ];
    return readings[this.#below(readings.length)] ?? ['PING'];
  }

  #command(): Command {
    for (;;) {
      const command = this.#anyCommand();
      if (this.#known(command)) return command;
    }
  }

  #anyCommand(): Command {
    const [key, other] = [this.#key(), this.#key()];
    const value = this.#value();
    switch (this.#below(38)) {
      case 0:
        return ['SET', key, value, 'PX', String(1 + this.#below(400))];
      case 1:
        return ['PEXPIRE', key, String(1 + this.#below(400))];
      case 2:
        return ['PERSIST', key];
      case 3:
        return ['DEL', key, other];
      case 4:
        return ['INCRBY', `n${key}`, String(1 + this.#below(1000))];
      case 5:
        return ['APPEND', key, value];
      case 6:
        return ['MSET', key, value, other, this.#value()];
      case 7:
        return ['RENAME', key, other];
      case 8:
        return ['GETDEL', key];
      case 9:
        return this.#random() < 0.15 ? ['FLUSHALL'] : ['GET', key];
      case 10:
        return this.#random() < 0.15 ? ['FLUSHDB'] : ['GET', key];
      case 11:
        return this.#random() < 0.3 ? ['SWAPDB', '0', '1'] : ['SETRANGE', key, '0', value];
      case 12:
        return ['COPY', key, other, 'DB', String(this.#below(3)), 'REPLACE'];
      case 13:
        return ['MOVE', key, String(this.#below(3))];
      case 14:
        return ['SET', key, value, 'XX', 'GET'];
      case 15:
        return ['NOSUCH', key];
      case 16:
        return ['RPUSH', `l${key}`, value];
      case 17:
        return ['LPOP', `l${key}`, '2'];
      case 18:
        return ['HSET', `h${key}`, other, value];
      case 19:
        return ['SADD', `s${key}`, value, other];
      case 20:
        return ['SPOP', `s${key}`];
      case 21:
        return ['ZADD', `z${key}`, String(this.#below(100)), value];
      case 22:
        return ['ZPOPMIN', `z${key}`];
      case 23:
        return ['EXISTS', key, other];
      case 24:
        return ['MGET', key, other];
      case 25:
        return this.#random() < 0.3 ? ['DBSIZE'] : ['STRLEN', key];
      case 26:
        return ['RENAMENX', key, other];
      default:
        return ['SET', key, value];
    }
  }

  #key(): string {
    return `k${this.#below(KEYS)}`;
  }

  /** Some are longer than a sector of the disk. */
  #value(): string {
    return `v${++this.#values}${this.#random() < 0.06 ? 'x'.repeat(1200) : ''}`;
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }
}
