/**
 * A base as records: for each key the shortest commands that make it.
 *
 *     #TS:<unix seconds>                      if annotations are on
 *     SELECT n                                when the database changes
 *     SET k v | RPUSH k e… | SADD k m… | HMSET k f v … | ZADD k score m …     64 items at a time
 *     XADD … XSETID … XGROUP … XCLAIM …       see stream-records.ts
 *     PEXPIREAT k ms                          after a key that expires
 *
 * Scores have the fewest digits that read back as the same double. A batch also ends before it grows beyond 256 KiB.
 *
 * Invariants: what is written is a whole number of records whenever `acceptsBetween` holds; a key's records are in order,
 * though records of other keys may come between them.
 *
 * Source: Redis persistence docs; Redis aof.c, rewriteAppendOnlyFileRio.
 */
import { formatTimestampAnnotation } from '@aof/aof-files';
import {
  type FrozenBytes,
  type FrozenCursor,
  type FrozenItems,
  type FrozenStream,
  type LargeEntry,
  NO_EXPIRY,
  type Value,
} from '@aof/keyspace';
import type { BaseOutput } from './base-output.ts';
import type { BaseWriter } from './base-writer.ts';
import { ItemBatch } from './item-batch.ts';
import { ScoreTexts, scoreText } from './score-text.ts';
import { streamRecords } from './stream-records.ts';

/** Source: Redis, AOF_REWRITE_ITEMS_PER_CMD. */
const BATCH_ITEMS = 64;
const BATCH_BYTES = 256 * 1024;

const ADDING_COMMANDS = { list: 'RPUSH', set: 'SADD', hash: 'HMSET', zset: 'ZADD' } as const;

export interface RespBaseOptions {
  /** Seconds since the Unix epoch for the annotation at the start; undefined for none. */
  readonly annotatedSec: number | undefined;
}

export class RespBaseWriter implements BaseWriter {
  readonly format = 'aof';
  readonly #output: BaseOutput;
  readonly #options: RespBaseOptions;
  #database = -1;
  /** The large string whose bytes are being written. */
  #openBytes: FrozenBytes | undefined;
  /** What is still to be written of streams that have begun. */
  readonly #streams = new WeakMap<FrozenStream, Generator<string[], void>>();
  readonly #setRecord = ['SET', '', ''];
  // The batch that is being gathered: one array for all of them.
  readonly #batch: (string | Uint8Array)[] = [];
  #batchItems = 0;
  #batchBytes = 0;
  /** The batch of a table of bytes. */
  readonly #items = new ItemBatch(BATCH_ITEMS, BATCH_BYTES);
  readonly #scoreTexts = new ScoreTexts(BATCH_ITEMS);

  constructor(output: BaseOutput, options: RespBaseOptions) {
    this.#output = output;
    this.#options = options;
  }

  begin(): void {
    const { annotatedSec } = this.#options;
    if (annotatedSec !== undefined) this.#output.addText(formatTimestampAnnotation(annotatedSec));
  }

  end(): void {
    this.#output.flush();
  }

  /** Between the pieces of a large string nothing else may be written. */
  get acceptsBetween(): boolean {
    return this.#openBytes === undefined;
  }

  writeValue(database: number, key: string, value: Value, expireAtMs: number): void {
    this.#select(database);
    if (typeof value === 'string') this.#writeString(key, value);
    else if (value.type === 'string') this.#output.addRecord(['SET', key, value.bytes]);
    else if (value.type === 'stream') for (const record of streamRecords(key, value)) this.#output.addRecord(record);
    else {
      this.#beginBatch(value.type, key);
      if (value.type === 'list') value.visit(0, value.length, (element) => this.#addItem(key, element));
      else if (value.type === 'set') value.forEachTransient((member) => this.#addItem(key, member));
      else if (value.type === 'zset') {
        value.forEachTransient(0, value.size, false, (member, score) => this.#addItem(key, scoreText(score), member));
      } else for (const [field, text] of value.entries()) this.#addItem(key, field, text);
      this.#endBatch();
    }
    this.#writeExpiry(key, expireAtMs);
  }

  writeStringBytes(
    database: number,
    bytes: Uint8Array,
    keyStart: number,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
  ): void {
    this.#select(database);
    this.#output.addSet(bytes, keyStart, valueStart, valueEnd);
    if (expireAtMs === NO_EXPIRY) return;
    this.#output.addRecord(['PEXPIREAT', bytes.subarray(keyStart, valueStart), String(expireAtMs)]);
  }

  writePiece(entry: LargeEntry): boolean {
    const { key, expireAtMs } = entry;
    const isLast = this.#writeContent(entry);
    if (isLast) {
      this.#select(entry.database);
      this.#writeExpiry(key, expireAtMs);
    }
    return isLast;
  }

  #writeContent(entry: LargeEntry): boolean {
    const { content } = entry;
    if (content.type === 'string') return this.#writeBytes(entry, content);
    return content.type === 'stream' ? this.#writeStream(entry, content) : this.#writeBatch(entry, content);
  }

  #writeStream({ database, key }: LargeEntry, content: FrozenStream): boolean {
    this.#select(database);
    let records = this.#streams.get(content);
    if (records === undefined) {
      records = streamRecords(key, content.stream);
      this.#streams.set(content, records);
    }
    for (let i = 0; i < BATCH_ITEMS; i++) {
      const { done, value } = records.next();
      if (done) return true;
      this.#output.addRecord(value);
    }
    return false;
  }

  /** The most frequent record: one array for all of them. */
  #writeString(key: string, value: string): void {
    const record = this.#setRecord;
    record[1] = key;
    record[2] = value;
    this.#output.addRecord(record);
    record[2] = '';
  }

  #writeBytes({ database, key }: LargeEntry, content: FrozenBytes): boolean {
    if (this.#openBytes === undefined) {
      this.#select(database);
      this.#output.addText(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n`);
      this.#output.addText(key);
      this.#output.addText(`\r\n$${content.size}\r\n`);
      this.#openBytes = content;
    }
    this.#output.addBytes(content.read());
    if (!content.isAtEnd) return false;
    this.#output.addText('\r\n');
    this.#openBytes = undefined;
    return true;
  }

  /** Writes the next batch; answers whether it was the last. */
  #writeBatch({ database, key }: LargeEntry, content: FrozenItems): boolean {
    this.#select(database);
    if (content.cursor !== undefined) return this.#writeBatchOfBytes(key, content.type, content.cursor);
    this.#beginBatch(content.type, key);
    while (this.#batchItems < BATCH_ITEMS && this.#batchBytes < BATCH_BYTES) {
      if (!this.#addNext(content)) {
        this.#endBatch();
        return true;
      }
    }
    this.#endBatch();
    return false;
  }

  #writeBatchOfBytes(key: string, type: FrozenItems['type'], cursor: FrozenCursor): boolean {
    const [items, output] = [this.#items, this.#output];
    const hasMore = items.gather(cursor);
    const { count } = items;
    if (count > 0) {
      const hasTwo = type === 'hash' || type === 'zset';
      output.addArrayHeader(2 + (hasTwo ? 2 * count : count));
      output.addBulkText(ADDING_COMMANDS[type]);
      output.addBulkText(key);
    }
    const texts = this.#scoreTexts;
    if (type === 'zset') texts.spell(items.scores, count);
    for (let i = 0; i < count; i++) {
      const bytes = items.sources[i];
      const valueStart = items.valueStarts[i];
      if (type === 'zset') output.addBulk(texts.bytes, texts.starts[i], texts.ends[i]);
      output.addBulk(bytes, items.keyStarts[i], valueStart);
      if (type === 'hash') output.addBulk(bytes, valueStart, items.valueEnds[i]);
    }
    items.clear();
    return !hasMore;
  }

  #addNext(content: FrozenItems): boolean {
    if (content.type === 'hash') {
      const next = content.items.next();
      if (next.done) return false;
      this.#push(next.value[0], next.value[1]);
    } else if (content.type === 'zset') {
      const next = content.items.next();
      if (next.done) return false;
      this.#push(scoreText(next.value[1]), next.value[0]);
    } else {
      const next = content.items.next();
      if (next.done) return false;
      this.#push(next.value);
    }
    return true;
  }

  #select(database: number): void {
    if (database === this.#database) return;
    this.#database = database;
    this.#output.addRecord(['SELECT', String(database)]);
  }

  #writeExpiry(key: string, expireAtMs: number): void {
    if (expireAtMs !== NO_EXPIRY) this.#output.addRecord(['PEXPIREAT', key, String(expireAtMs)]);
  }

  #beginBatch(type: keyof typeof ADDING_COMMANDS, key: string): void {
    this.#batch.length = 0;
    this.#batch.push(ADDING_COMMANDS[type], key);
    this.#batchItems = 0;
    this.#batchBytes = 0;
  }

  /** For values that are written whole: full batches go out on the way. */
  #addItem(key: string, first: string, second?: string): void {
    if (this.#batchItems === BATCH_ITEMS || this.#batchBytes >= BATCH_BYTES) {
      this.#endBatch();
      this.#batch.length = 1;
      this.#batch.push(key);
      this.#batchItems = 0;
      this.#batchBytes = 0;
    }
    this.#push(first, second);
  }

  #push(first: string, second?: string): void {
    this.#batch.push(first);
    this.#batchBytes += first.length;
    if (second !== undefined) {
      this.#batch.push(second);
      this.#batchBytes += second.length;
    }
    this.#batchItems++;
  }

  #endBatch(): void {
    if (this.#batchItems > 0) this.#output.addRecord(this.#batch);
  }
}
