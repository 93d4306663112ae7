/**
 * A server of the single layout, as far as a follower can see it: the log, the rewrite buffer, the switch. Source: Redis 6 aof.c.
 *
 * Invariant: `commands` is everything that was executed; the log and what is not flushed yet hold those behind the cut of its base.
 */
import type { SimDisk } from '@aof/disk';
import { writeRdbSync } from '@aof/rdb';
import { append, put, records, SINGLE, singleLog } from './logs.ts';

const TEMPORARY = '/d/temp-rewriteaof-7.aof';

export class ModelServer {
  readonly disk: SimDisk;
  /** `database:words`, a transaction in one. */
  readonly commands: string[] = [];
  /** How many commands were executed before the cut of the present base. */
  cut = 0;
  readonly #hasRdbBase: boolean;
  readonly #data = new Map<string, string>();
  #selected: string | undefined;
  /** Not written yet. */
  #buffer = Buffer.alloc(0);
  #rewrite: { readonly cut: number; buffer: Buffer } | undefined;

  constructor(hasRdbBase: boolean) {
    this.#hasRdbBase = hasRdbBase;
    this.disk = singleLog(this.#base());
  }

  /** @param keys with one: a command; with several: a transaction */
  execute(database: string, keys: readonly string[], value: string): void {
    const lines: string[] = [];
    if (keys.length > 1) lines.push('MULTI');
    if (database !== this.#selected) lines.push(`SELECT ${database}`);
    this.#selected = database;
    for (const key of keys) {
      lines.push(`SET ${key} ${value}`);
      this.#data.set(`${database} ${key}`, value);
    }
    if (keys.length > 1) lines.push('EXEC');
    this.commands.push(keys.map((key) => `${database}:SET ${key} ${value}`).join('+'));
    const bytes = records(...lines);
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    if (this.#rewrite !== undefined) this.#rewrite.buffer = Buffer.concat([this.#rewrite.buffer, bytes]);
  }

  /** Writes the buffer, or `bytes` of it. */
  flush(bytes = this.#buffer.length): void {
    append(this.disk, SINGLE, this.#buffer.subarray(0, bytes));
    this.#buffer = this.#buffer.subarray(bytes);
  }

  beginRewrite(): void {
    if (this.#rewrite !== undefined) return;
    this.flush();
    this.#selected = undefined;
    this.#rewrite = { cut: this.commands.length, buffer: Buffer.alloc(0) };
    put(this.disk, TEMPORARY, this.#base());
  }

  failRewrite(): void {
    if (this.#rewrite === undefined) return;
    this.#rewrite = undefined;
    this.disk.unlink(TEMPORARY);
  }

  /** What is not written yet comes into the new file alone, as part of the rewrite buffer. */
  finishRewrite(): void {
    if (this.#rewrite === undefined) return;
    append(this.disk, TEMPORARY, this.#rewrite.buffer);
    this.disk.rename(TEMPORARY, SINGLE);
    this.cut = this.#rewrite.cut;
    this.#rewrite = undefined;
    this.#buffer = Buffer.alloc(0);
    this.#selected = undefined;
  }

  #base(): Buffer {
    const keys = [...this.#data].sort(([a], [b]) => (a < b ? -1 : 1));
    if (!this.#hasRdbBase) {
      const lines = keys.flatMap(([place, value], i) => {
        const [database = '', key = ''] = place.split(' ');
        const isFirst = keys[i - 1]?.[0].split(' ')[0] !== database;
        return [...(isFirst ? [`SELECT ${database}`] : []), `SET ${key} ${value}`];
      });
      return records(...lines);
    }
    const entries = keys.map(([place, value]) => {
      const [database = '', key = ''] = place.split(' ');
      return { kind: 'key', database: Number(database), key, expireAtMs: -1, type: 'string', value } as const;
    });
    return Buffer.concat([...writeRdbSync(entries, { target: 'redis-5', origin: { createdSec: 1 } })]);
  }
}
