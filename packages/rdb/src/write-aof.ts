/**
 * Writes entries as the commands that make them: an append-only file of records, from an iteration over entries.
 *
 *     SELECT n                                      when the database changes
 *     SET k v | RPUSH k e… | SADD k m… | HMSET k f v … | ZADD k score m …       64 items at a time
 *     HPEXPIREAT k ms FIELDS 1 f                    for each field that expires
 *     XADD … XSETID … XGROUP … XCLAIM …             see stream-records.ts
 *     FUNCTION LOAD code
 *     PEXPIREAT k ms                                after a key that expires
 *
 * Invariants: records are whole wherever a chunk ends; a value that comes in parts needs memory for one part.
 *
 * Source: Redis aof.c, rewriteAppendOnlyFileRio.
 */

import type { HashField, RdbEntry, RdbKeyHead, RdbValue } from './entries.ts';
import { lossesOfStream, type RdbLoss, type RdbLossCode } from './losses.ts';
import { streamEntryRecord, streamRestRecords } from './stream-records.ts';
import { type RdbTarget, type TargetFormat, targetFormat } from './targets.ts';
import { scoreText } from './value-writer.ts';

/** A key that is written, whole or in parts as `readRdb` gives them. */
type KeyEntry = { readonly kind: 'key'; readonly part?: number; readonly isLast?: boolean } & RdbKeyHead & RdbValue;
/** What can be written: entries as they are read, or with less. */
export type LoggableEntry = Exclude<RdbEntry, { readonly kind: 'key' }> | KeyEntry;

export interface WriteAofOptions {
  /** The oldest server that must be able to load the log. Default `redis-7.0`. */
  readonly target?: RdbTarget;
  /** Told whatever the log cannot hold. May throw, which ends the writing. */
  readonly onLoss?: (loss: RdbLoss) => void;
}

/** Redis's AOF_REWRITE_ITEMS_PER_CMD. */
const ITEMS_PER_COMMAND = 64;
/** Chunks of at least this size are handed out. */
const HANDED_OUT_BYTES = 64 * 1024;

type Argument = string | Uint8Array;

/**
 * The bytes of an append-only file with `entries`. Such a file cannot tell how long keys were idle, nor when consumers of streams were seen.
 * Fields about the origin of what is read, and hints, are left out.
 */
export async function* writeAof(
  entries: AsyncIterable<LoggableEntry> | Iterable<LoggableEntry>,
  options: WriteAofOptions = {},
): AsyncGenerator<Uint8Array, void, void> {
  const writer = new AofEntryWriter(options);
  for await (const entry of entries) {
    writer.write(entry);
    if (writer.pendingBytes >= HANDED_OUT_BYTES) yield* writer.take();
  }
  yield* writer.take();
}

class AofEntryWriter {
  readonly #format: TargetFormat;
  readonly #onLoss: ((loss: RdbLoss) => void) | undefined;
  #chunks: Uint8Array[] = [];
  #text = '';
  #bytes = 0;
  #database = 0;
  /** Entries of the stream whose parts are coming. */
  #streamEntries = 0;

  constructor({ target = 'redis-7.0', onLoss }: WriteAofOptions) {
    this.#format = targetFormat(target);
    this.#onLoss = onLoss;
  }

  get pendingBytes(): number {
    return this.#bytes + this.#text.length;
  }

  take(): Uint8Array[] {
    this.#settle();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return chunks;
  }

  write(entry: LoggableEntry): void {
    switch (entry.kind) {
      case 'key':
        return this.#key(entry);
      case 'function':
        if (this.#format.hasListpacks) this.#record(['FUNCTION', 'LOAD', entry.code]);
        else this.#lose('function');
        return;
      case 'module-skipped':
        return this.#lose('module', entry);
      case 'key-skipped':
        return this.#lose('key', entry);
      case 'slot-import':
        return this.#lose('slot-import');
      default:
        return;
    }
  }

  #key(entry: KeyEntry): void {
    const { database, key, expireAtMs, part = 0, isLast = true } = entry;
    if (entry.type === 'stream' && !this.#format.hasStreams) {
      if (isLast) this.#lose('key', entry);
      return;
    }
    if (database !== this.#database) this.#record(['SELECT', String(database)]);
    this.#database = database;
    if (part === 0) {
      this.#streamEntries = 0;
      if (entry.idleSec !== undefined || entry.frequency !== undefined) this.#lose('usage', entry);
    }
    this.#value(entry, isLast);
    if (isLast && expireAtMs >= 0) this.#record(['PEXPIREAT', key, String(expireAtMs)]);
  }

  #value(entry: KeyEntry, isLast: boolean): void {
    const { key } = entry;
    switch (entry.type) {
      case 'string':
        return this.#record(['SET', key, entry.value]);
      case 'list':
        return this.#items('RPUSH', key, entry.value, (item) => [item]);
      case 'set':
        return this.#items('SADD', key, entry.value, (item) => [item]);
      case 'zset':
        return this.#items('ZADD', key, entry.value, ([member, score]) => [scoreText(score), member]);
      case 'hash':
        this.#items('HMSET', key, entry.value, ([field, value]) => [field, value]);
        return this.#fieldExpiries(entry, entry.value);
      case 'stream': {
        const { entries } = entry.value;
        for (const one of entries) this.#record(streamEntryRecord(key, one));
        this.#streamEntries += entries.length;
        if (!isLast) return;
        for (const code of lossesOfStream(entry.value, this.#streamEntries, this.#format)) this.#lose(code, entry);
        for (const record of streamRestRecords(key, entry.value, this.#streamEntries, this.#format))
          this.#record(record);
      }
    }
  }

  #items<T>(command: string, key: string, items: readonly T[], argumentsOf: (item: T) => string[]): void {
    for (let at = 0; at < items.length; at += ITEMS_PER_COMMAND)
      this.#record([command, key, ...items.slice(at, at + ITEMS_PER_COMMAND).flatMap(argumentsOf)]);
  }

  #fieldExpiries(head: RdbKeyHead, fields: readonly HashField[]): void {
    const expiring = fields.filter(([, , expireAtMs]) => expireAtMs !== undefined);
    if (expiring.length === 0) return;
    if (!this.#format.hasFieldExpiry) return this.#lose('hash-field-expiry', head);
    for (const [field, , expireAtMs] of expiring)
      this.#record(['HPEXPIREAT', head.key, String(expireAtMs), 'FIELDS', '1', field]);
  }

  #lose(code: RdbLossCode, head?: { readonly database: number; readonly key: string | undefined }): void {
    this.#onLoss?.({ code, database: head?.database, key: head?.key });
  }

  #record(args: readonly Argument[]): void {
    this.#text += `*${args.length}\r\n`;
    for (const arg of args) {
      this.#text += `$${arg.length}\r\n`;
      if (typeof arg === 'string') {
        this.#text += arg;
      } else {
        this.#settle();
        this.#chunks.push(arg);
        this.#bytes += arg.length;
      }
      this.#text += '\r\n';
    }
  }

  /** What is text so far becomes bytes. */
  #settle(): void {
    if (this.#text === '') return;
    const bytes = Buffer.from(this.#text, 'latin1');
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#text = '';
  }
}
