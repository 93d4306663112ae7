/**
 * Writes a log of a wanted size as a busy web shop would: sessions that expire, carts, counters, a cached page store, feeds, a
 * leaderboard, a stream of orders, and, towards the end, a rate limiter that has got out of hand.
 *
 *     node bench/generate-log.ts FOLDER 2gb
 *
 * The same arguments give the same bytes.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { encodeCommand } from '@aof/resp-codec';

const UNITS: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, gb: 1e9 };
const FLUSH_BYTES = 4 * 1024 * 1024;
/** 2026-11-20 08:00:00 UTC; the log is of eight hours. */
const BEGIN_SEC = 1_795_161_600;
const HOURS = 8;

/** A small generator of pseudo-random numbers: chance that is the same on every machine. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  /** Small numbers far more often than large ones: what is popular. */
  popular(limit: number): number {
    return Math.floor(limit ** (this.below(1 << 20) / (1 << 20))) - 1;
  }
}

class LogWriter {
  bytes = 0;
  readonly #file: number;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;

  constructor(path: string) {
    this.#file = fs.openSync(path, 'w');
  }

  command(...args: readonly (string | number)[]): void {
    this.raw(encodeCommand(args.map(String)));
  }

  raw(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= FLUSH_BYTES) this.#flush();
  }

  close(): void {
    this.#flush();
    fs.closeSync(this.#file);
  }

  #flush(): void {
    for (const bytes of [Buffer.concat(this.#gathered)]) {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.#file, bytes, done);
    }
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}

class Shop {
  readonly #log: LogWriter;
  readonly #chance = new Chance(20261121);
  readonly #totalBytes: number;
  readonly #filler = 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor '.repeat(60);
  /** Keys in the order in which they expire, per time to live. */
  readonly #queues = new Map<number, { readonly key: string; readonly atMs: number }[]>();
  #nowSec = 0;
  #database = -1;
  #sessions = 0;
  #orders = 0;

  constructor(log: LogWriter, totalBytes: number) {
    this.#log = log;
    this.#totalBytes = totalBytes;
  }

  run(): void {
    while (this.#log.bytes < this.#totalBytes) {
      this.#tick();
      this.#visitor();
    }
  }

  /** Time goes on with the bytes, in waves; mornings are slower than afternoons. */
  #tick(): void {
    const share = this.#log.bytes / this.#totalBytes;
    const waves = 0.011 * Math.sin(2 * Math.PI * 6 * share) + 0.0012 * Math.sin(2 * Math.PI * 23 * share);
    const sec = Math.max(this.#nowSec, BEGIN_SEC + Math.floor(HOURS * 3600 * (share ** 0.7 + waves)));
    if (sec === this.#nowSec) return;
    this.#nowSec = sec;
    this.#log.raw(Buffer.from(`#TS:${sec}\r\n`));
    for (const queue of this.#queues.values()) {
      let gone = 0;
      while (gone < queue.length && (queue[gone]?.atMs ?? 0) < sec * 1000) gone++;
      for (const { key } of queue.splice(0, gone)) this.#in(0, 'DEL', key);
    }
  }

  #visitor(): void {
    const chance = this.#chance;
    const share = this.#log.bytes / this.#totalBytes;
    const user = chance.popular(200_000);
    const draw = chance.below(100);
    if (share > 0.86) for (let i = chance.below(6); i > 0; i--) this.#limitRate();
    if (draw < 22) this.#openSession(user);
    else if (draw < 40) this.#in(0, 'HSET', `cart:${user}`, `item:${chance.below(40)}`, 1 + chance.below(9));
    else if (draw < 58) this.#in(0, 'INCRBY', `stats:page:${chance.popular(3000)}:views`, 1 + chance.below(3));
    else if (draw < 66) this.#in(0, 'INCR', 'stats:visits');
    else if (draw < 78) this.#cachePage();
    else if (draw < 86) this.#feed(user);
    else if (draw < 93) this.#in(0, 'ZINCRBY', 'leaderboard:weekly', 1 + chance.below(50), `user:${user}`);
    else if (draw < 96) this.#order(user);
    else if (draw < 98) this.#in(0, 'SADD', `tags:product:${chance.below(5000)}`, `tag-${chance.below(300)}`);
    else this.#in(1, 'SET', `job:lock:${chance.below(50)}`, this.#nowSec, 'PXAT', (this.#nowSec + 30) * 1000);
  }

  #openSession(user: number): void {
    const id = (0x1000_0000 + this.#sessions++ * 2654435761).toString(16).slice(-12).padStart(12, '0');
    const atMs = this.#expiring(`session:${id}`, 900);
    this.#in(0, 'SET', `session:${id}`, `{"user":${user},"csrf":"${id}${id}","seen":${this.#nowSec}}`, 'PXAT', atMs);
  }

  #cachePage(): void {
    const key = `cache:page:${this.#chance.popular(40_000)}`;
    const length = 200 + this.#chance.below(1100);
    this.#in(0, 'SET', key, this.#filler.slice(0, length));
  }

  #feed(user: number): void {
    const key = `user:${user}:feed`;
    this.#log.command('MULTI');
    this.#in(0, 'LPUSH', key, this.#filler.slice(0, 40 + this.#chance.below(80)));
    this.#in(0, 'LTRIM', key, 0, 9);
    this.#log.command('EXEC');
  }

  #order(user: number): void {
    const id = `${this.#nowSec * 1000}-${this.#orders++}`;
    this.#in(0, 'XADD', 'orders', 'MAXLEN', '=', 20_000, id, 'user', user, 'total', this.#chance.below(50_000));
  }

  #limitRate(): void {
    const key = `ratelimit:ip:${10 + this.#chance.below(90)}.${this.#chance.below(256)}.${this.#chance.below(256)}`;
    const atMs = this.#expiring(key, 60);
    this.#in(0, 'SET', key, this.#chance.below(100), 'PXAT', atMs);
  }

  /** @returns when it expires, ms; its DEL follows then */
  #expiring(key: string, ttlSec: number): number {
    const atMs = (this.#nowSec + ttlSec) * 1000;
    const queue = this.#queues.get(ttlSec) ?? [];
    queue.push({ key, atMs });
    this.#queues.set(ttlSec, queue);
    return atMs;
  }

  #in(database: number, ...args: readonly (string | number)[]): void {
    if (database !== this.#database) this.#log.command('SELECT', database);
    this.#database = database;
    this.#log.command(...args);
  }
}

function main([folder, size = '']: readonly string[]): void {
  const [, digits, unit] = /^(\d+)(kb|mb|gb)$/.exec(size) ?? [];
  if (folder === undefined || digits === undefined || unit === undefined) {
    process.stderr.write('Usage: generate-log.ts FOLDER SIZE (10mb, 2gb)\n');
    process.exitCode = 2;
    return;
  }
  fs.mkdirSync(folder, { recursive: true });
  const log = new LogWriter(join(folder, 'appendonly.aof.1.incr.aof'));
  new Shop(log, Number(digits) * (UNITS[unit] ?? 1)).run();
  log.close();
  fs.writeFileSync(join(folder, 'appendonly.aof.manifest'), 'file appendonly.aof.1.incr.aof seq 1 type i\n');
  process.stdout.write(`${folder}: ${log.bytes} bytes\n`);
}

main(process.argv.slice(2));
