/**
 * Random logs, and what a naive count says about them: every number is taken from the list of records as it was drawn, with
 * nothing of what is tested but names.
 */
import fc from 'fast-check';

/** A record as it was drawn. Keys begin with a letter that tells their type: s, l, h, t (a set) and z. */
export interface DrawnRecord {
  readonly args: readonly string[];
  readonly database: number;
  readonly timeSec: number | undefined;
  /** Indexes of the arguments that are keys; all are written. */
  readonly keys: readonly number[];
  readonly bytes: number;
  /** Bytes of the log that precede it. */
  readonly position: number;
  /** The record is in a transaction that has no EXEC. */
  readonly isDropped: boolean;
}

export interface DrawnLog {
  readonly bytes: Buffer;
  readonly records: readonly DrawnRecord[];
  /** Databases and what they hold. */
  readonly live: ReadonlyMap<string, LiveValue>;
  readonly expiry: { given: number; deleted: number; deletedByExpiry: number; persisted: number; flushed: number };
}

export interface LiveValue {
  readonly database: number;
  readonly key: string;
  /** Elements in the order of writing; of a string its value alone; of hashes and sorted sets by field or member. */
  readonly content: string[] | Map<string, string> | Set<string>;
  expireAtMs: number;
}

export const TYPES: Readonly<Record<string, string>> = { s: 'string', l: 'list', h: 'hash', t: 'set', z: 'zset' };
const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon:x', 'epsilon:y', 'zeta:eta:theta'];
const FAR_MS = 4_000_000_000_000;

type Step = readonly [kind: number, key: number, word: number, amount: number];

/** @param isTimed whether it has timestamps */
export const anyLog: fc.Arbitrary<DrawnLog> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.integer({ min: 1, max: 90 })), {
      maxLength: 300,
      size: 'max',
    }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([steps, isTimed, isOpenEnded]) => drawn(steps, isTimed, isOpenEnded));

/** A log of these steps. @param isOpenEnded it ends in a transaction without EXEC */
export function drawn(steps: readonly Step[], isTimed: boolean, isOpenEnded: boolean): DrawnLog {
  const log = new Drawing();
  for (const [i, step] of steps.entries()) {
    if (isTimed && step[3] % 3 === 0) log.time(1_700_000_000 + i * 7 + (step[3] % 7));
    const isTogether = step[0] % 10 === 0;
    if (isTogether) log.add(['MULTI'], []);
    log.step(step);
    if (isTogether) log.step([step[0] + 1, step[1], step[2] + 1, step[3]]);
    if (isTogether) log.add(['EXEC'], []);
  }
  if (isOpenEnded) {
    log.isDropped = true;
    log.add(['MULTI'], []);
    log.add(['SET', 's:never', 'x'], [1]);
  }
  return log;
}

class Drawing implements DrawnLog {
  readonly records: DrawnRecord[] = [];
  readonly live = new Map<string, LiveValue>();
  readonly expiry = { given: 0, deleted: 0, deletedByExpiry: 0, persisted: 0, flushed: 0 };
  isDropped = false;
  #chunks: Buffer[] = [];
  #position = 0;
  #database = 0;
  #timeSec: number | undefined;

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  time(seconds: number): void {
    this.#timeSec = seconds;
    this.#put(Buffer.from(`#TS:${seconds}\r\n`), ['#TS'], []);
  }

  add(args: readonly string[], keys: readonly number[]): void {
    const text = `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`;
    this.#put(Buffer.from(text), args, keys);
  }

  step([kind, keyNumber, wordNumber, amount]: Step): void {
    const word = WORDS[wordNumber % WORDS.length] ?? '';
    const value = 'v'.repeat(amount);
    const second = WORDS[(wordNumber + 1) % WORDS.length] ?? '';
    switch (kind % 12) {
      case 0:
        return this.#set(`s:${word}`, value, -1);
      case 1:
        return this.#set(`s:${word}`, value, this.#soonMs(amount));
      case 2:
        this.add(['MSET', `s:${word}`, value, `s:${second}`, 'w'], [1, 3]);
        this.#overwrite(`s:${word}`, value);
        return this.#overwrite(`s:${second}`, 'w');
      case 3:
        return this.#push(`l:${word}`, [value, second]);
      case 4:
        return this.#hset(`h:${word}`, second, value);
      case 5:
        return this.#sadd(`t:${word}`, `${second}${amount}`);
      case 6:
        return this.#zadd(`z:${word}`, amount, second);
      case 7:
        return this.#expire(keyNumber, amount);
      case 8:
      case 9:
        return this.#delete(keyNumber);
      case 10:
        if (keyNumber % 8 === 0) return this.#flush();
        return this.#persist(keyNumber);
      default:
        this.#database = keyNumber % 3;
        return this.add(['SELECT', String(this.#database)], []);
    }
  }

  #put(bytes: Buffer, args: readonly string[], keys: readonly number[]): void {
    const { isDropped } = this;
    this.records.push({
      args,
      database: args[0] === '#TS' ? 0 : this.#database,
      timeSec: this.#timeSec,
      keys,
      bytes: bytes.length,
      position: this.#position,
      isDropped,
    });
    this.#chunks.push(bytes);
    this.#position += bytes.length;
  }

  // --- the data set ---

  #soonMs(amount: number): number {
    return (this.#timeSec ?? 1_700_000_000) * 1000 + amount * 50;
  }

  #at(key: string): LiveValue | undefined {
    return this.live.get(`${this.#database} ${key}`);
  }

  #make(key: string, content: LiveValue['content'], expireAtMs = -1): LiveValue {
    const value = { database: this.#database, key, content, expireAtMs };
    this.live.set(`${this.#database} ${key}`, value);
    return value;
  }

  #keyOf(number: number): LiveValue | undefined {
    const here = [...this.live.values()].filter(({ database }) => database === this.#database);
    return here[number % Math.max(1, here.length)];
  }

  #set(key: string, value: string, expireAtMs: number): void {
    if (expireAtMs < 0) this.add(['SET', key, value], [1]);
    else this.add(['SET', key, value, 'PXAT', String(expireAtMs)], [1]);
    const before = this.#at(key)?.expireAtMs ?? -1;
    if (before < 0 && expireAtMs >= 0) this.expiry.given++;
    if (before >= 0 && expireAtMs < 0) this.expiry.persisted++;
    this.#make(key, [value], expireAtMs);
  }

  /** As MSET does. */
  #overwrite(key: string, value: string): void {
    if ((this.#at(key)?.expireAtMs ?? -1) >= 0) this.expiry.persisted++;
    this.#make(key, [value]);
  }

  #push(key: string, values: readonly string[]): void {
    this.add(['RPUSH', key, ...values], [1]);
    const { content } = this.#at(key) ?? this.#make(key, []);
    if (Array.isArray(content)) content.push(...values);
  }

  #hset(key: string, field: string, value: string): void {
    this.add(['HSET', key, field, value], [1]);
    const { content } = this.#at(key) ?? this.#make(key, new Map());
    if (content instanceof Map) content.set(field, value);
  }

  #sadd(key: string, member: string): void {
    this.add(['SADD', key, member], [1]);
    const { content } = this.#at(key) ?? this.#make(key, new Set());
    if (content instanceof Set) content.add(member);
  }

  #zadd(key: string, score: number, member: string): void {
    this.add(['ZADD', key, String(score), member], [1]);
    const { content } = this.#at(key) ?? this.#make(key, new Map());
    if (content instanceof Map) content.set(member, String(score));
  }

  #expire(number: number, amount: number): void {
    const value = this.#keyOf(number);
    if (value === undefined) return;
    const atMs = amount % 2 === 0 ? FAR_MS : this.#soonMs(amount);
    this.add(['PEXPIREAT', value.key, String(atMs)], [1]);
    if (value.expireAtMs < 0) this.expiry.given++;
    value.expireAtMs = atMs;
  }

  #persist(number: number): void {
    const value = this.#keyOf(number);
    if (value === undefined || value.expireAtMs < 0) return;
    this.add(['PERSIST', value.key], [1]);
    this.expiry.persisted++;
    value.expireAtMs = -1;
  }

  #delete(number: number): void {
    const value = this.#keyOf(number);
    if (value === undefined) return;
    this.add(['DEL', value.key], [1]);
    this.live.delete(`${this.#database} ${value.key}`);
    if (value.expireAtMs < 0) return;
    this.expiry.deleted++;
    if (this.#timeSec !== undefined && value.expireAtMs < (this.#timeSec + 1) * 1000) this.expiry.deletedByExpiry++;
  }

  #flush(): void {
    this.add(['FLUSHDB'], []);
    for (const [name, value] of this.live) {
      if (value.database !== this.#database) continue;
      this.live.delete(name);
      if (value.expireAtMs >= 0) this.expiry.flushed++;
    }
  }
}

/** Bytes of the records that a rewrite writes for a value: 64 items at a time, then the expiry. */
export function naiveLiveBytes({ key, content, expireAtMs }: LiveValue): number {
  const type = TYPES[key.charAt(0)];
  const name = { string: 'SET', list: 'RPUSH', hash: 'HMSET', set: 'SADD', zset: 'ZADD' }[type ?? ''] ?? '';
  const items = content instanceof Map ? [...content] : [...content].map((item) => [item]);
  let bytes = expireAtMs < 0 ? 0 : recordBytes(['PEXPIREAT', key, String(expireAtMs)]);
  for (let at = 0; at < items.length; at += 64) bytes += recordBytes([name, key, ...items.slice(at, at + 64).flat()]);
  return bytes;
}

export function recordBytes(args: readonly string[]): number {
  return `*${args.length}\r\n`.length + args.reduce((sum, { length }) => sum + `$${length}\r\n`.length + length + 2, 0);
}

/** Sums of numbers by name. */
export function tally<T>(
  items: Iterable<T>,
  of: (item: T) => Iterable<readonly [string, number]>,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const item of items) for (const [name, amount] of of(item)) sums[name] = (sums[name] ?? 0) + amount;
  return sums;
}
