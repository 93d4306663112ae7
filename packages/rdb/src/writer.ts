/**
 * Writes RDB files for a chosen server, into chunks that the caller takes and puts where they belong.
 *
 *     begin(aux) · function … · resize, key … · end()
 *
 * A value that is there as a whole is one call of `key`. One that is too large to be written at once is begun, told its elements
 * one by one, and ended; between any two of these calls the caller may do something else and take what is there. What the target
 * cannot hold is reported to `onLoss` and counted.
 *
 * Invariants: calls out of order are bugs and throw; an element of a begun value is in the output when the call returns; the
 * databases come as the caller sends them.
 *
 * Source: Redis rdb.c, rdbSaveRio.
 */

import { defaultThresholds, type Thresholds } from '@aof/keyspace';
import type { HashField, RdbKeyHead, RdbValue, StreamEntry, StreamValue } from './entries.ts';
import {
  CHECKSUM_SINCE,
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRE_MS,
  OPCODE_FREQUENCY,
  OPCODE_FUNCTION,
  OPCODE_IDLE,
  OPCODE_RESIZE,
  OPCODE_SELECT,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_QUICKLIST,
  TYPE_QUICKLIST_2,
  TYPE_SET,
  TYPE_STRING,
  TYPE_ZSET_2,
} from './format.ts';
import { isUsageLost, lossesOfStream, lossesOfValue, type RdbLoss, type RdbLossCode } from './losses.ts';
import { RdbOutput, type RdbOutputOptions } from './output.ts';
import { streamType, writeStreamNode, writeStreamRest } from './stream-writer.ts';
import { type RdbTarget, type TargetFormat, targetFormat } from './targets.ts';
import {
  expiringHashType,
  isEmptyValue,
  typeOfValue,
  writeField,
  writeListNode,
  writeScored,
  writeValue,
} from './value-writer.ts';

const NEVER = -1;

export interface RdbWriterOptions extends RdbOutputOptions {
  /** The oldest server that must be able to read the file. */
  readonly target: RdbTarget;
  /** Up to which sizes values are packed. Default: Redis's. */
  readonly thresholds?: Thresholds;
  /** Told whatever the target cannot hold, when it is given. May throw, which ends the writing. */
  readonly onLoss?: (loss: RdbLoss) => void;
}

/** What a file says of its origin. */
export interface RdbOrigin {
  /** Default: that of the target. */
  readonly serverVersion?: string;
  /** When it was written, seconds since the Unix epoch. */
  readonly createdSec: number;
  readonly usedMemoryBytes?: number;
  /** Whether it is the base of an append-only file. */
  readonly isAofBase?: boolean;
  /** Further fields. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** A value that is being written in pieces. */
interface OpenValue {
  readonly type: number;
  readonly call: 'element' | 'scored' | 'field' | 'bytes' | 'listNode' | 'streamNode';
  /** How many calls, or bytes, are still to come. */
  left: number;
  /** Entries of a stream so far. */
  entries: number;
  readonly earliestMs: number;
  readonly head: RdbKeyHead;
  /** The target does not know the type: nothing is written. */
  readonly isLost: boolean;
}

export class RdbWriter {
  readonly #output: RdbOutput;
  readonly #format: TargetFormat;
  readonly #thresholds: Thresholds;
  readonly #onLoss: ((loss: RdbLoss) => void) | undefined;
  readonly #losses = new Map<RdbLossCode, number>();
  #state: 'new' | 'begun' | 'ended' = 'new';
  #database = -1;
  #open: OpenValue | undefined;

  constructor(options: RdbWriterOptions) {
    this.#output = new RdbOutput(options);
    this.#format = targetFormat(options.target);
    this.#thresholds = options.thresholds ?? defaultThresholds();
    this.#onLoss = options.onLoss;
  }

  /** What the file does not hold though it was given, and how often. */
  get losses(): ReadonlyMap<RdbLossCode, number> {
    return this.#losses;
  }

  /** Bytes that are written and not taken. */
  get pendingBytes(): number {
    return this.#output.pendingBytes;
  }

  /** Bytes that compressing has saved so far: work that `pendingBytes` does not show. */
  get savedBytes(): number {
    return this.#output.savedBytes;
  }

  /** The bytes that were written since the last call, in order. */
  take(): Uint8Array[] {
    return this.#output.take();
  }

  /** The header and the fields about the file's origin. */
  begin(origin: RdbOrigin): void {
    if (this.#state !== 'new') throw new Error('bug: an RDB file is begun once');
    this.#state = 'begun';
    const format = this.#format;
    this.#output.rawText(format.header);
    this.aux(format.versionField, origin.serverVersion ?? format.serverVersion);
    this.aux('redis-bits', '64');
    this.aux('ctime', String(origin.createdSec));
    this.aux('used-mem', String(origin.usedMemoryBytes ?? 0));
    if (format.hasListpacks) this.aux('aof-base', origin.isAofBase ? '1' : '0');
    else this.aux('aof-preamble', origin.isAofBase ? '1' : '0');
    for (const [name, value] of Object.entries(origin.fields ?? {})) this.aux(name, value);
  }

  /** A field beside the keys; servers pass over those that they do not know. */
  aux(name: string, value: string): void {
    this.#assertBetweenKeys();
    this.#output.byte(OPCODE_AUX);
    this.#output.string(name);
    this.#output.string(value);
  }

  /** A function library. */
  function(code: string): void {
    this.#assertBetweenKeys();
    if (!this.#format.hasListpacks) return this.lose('function');
    this.#output.byte(OPCODE_FUNCTION);
    this.#output.string(code);
  }

  /** Says how many keys of `database` will follow, which saves the reader from growing its tables. */
  resize(database: number, keys: number, expiringKeys: number): void {
    this.#assertBetweenKeys();
    this.#select(database);
    this.#output.byte(OPCODE_RESIZE);
    this.#output.length(keys);
    this.#output.length(expiringKeys);
  }

  /** Notes that something was not written. @throws what `onLoss` throws */
  lose(code: RdbLossCode, head?: { readonly database: number; readonly key: string | undefined }): void {
    this.#losses.set(code, (this.#losses.get(code) ?? 0) + 1);
    this.#onLoss?.({ code, database: head?.database, key: head?.key });
  }

  /**
   * A key with all of its value. A list, set, sorted set or hash without elements is no key: nothing is written. Members and
   * fields must be distinct.
   */
  key(entry: RdbKeyHead & RdbValue): void {
    this.#assertBetweenKeys();
    if (isEmptyValue(entry)) return;
    const losses = lossesOfValue(entry, this.#format);
    for (const code of losses) this.lose(code, entry);
    if (losses.includes('key')) return;
    const type = typeOfValue(entry, this.#format, this.#thresholds);
    this.#head(entry, type);
    writeValue(this.#output, entry, type, this.#format, this.#thresholds);
  }

  /**
   * A key with a string value, both bytes: the key at `keyStart` to `valueStart`, the value from there to `valueEnd`. Written as `key`
   * writes it. @param expireAtMs -1: never
   */
  stringKey(
    database: number,
    bytes: Uint8Array,
    keyStart: number,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
  ): void {
    this.#assertBetweenKeys();
    this.#select(database);
    const output = this.#output;
    if (expireAtMs !== NEVER) {
      output.byte(OPCODE_EXPIRE_MS);
      output.int64(expireAtMs);
    }
    output.byte(TYPE_STRING);
    output.stringOfBytes(bytes, keyStart, valueStart);
    output.stringOfBytes(bytes, valueStart, valueEnd);
  }

  // Values in pieces --------------------------------------------------------------------------------------------------

  /** A string of `byteLength` bytes, which `bytes` brings. It is not compressed. */
  beginString(head: RdbKeyHead, byteLength: number): void {
    this.#begin(head, TYPE_STRING, 'bytes', byteLength);
    this.#output.length(byteLength);
  }

  /** A list, which `element` brings one by one; sets likewise. They are written plain, whatever their size. */
  beginList(head: RdbKeyHead, count: number): void {
    this.#begin(head, TYPE_LIST, 'element', count);
    this.#output.length(count);
  }

  beginSet(head: RdbKeyHead, count: number): void {
    this.#begin(head, TYPE_SET, 'element', count);
    this.#output.length(count);
  }

  /** A sorted set, which `scored` brings: the greatest first is the fastest to load. */
  beginSortedSet(head: RdbKeyHead, count: number): void {
    this.#begin(head, TYPE_ZSET_2, 'scored', count);
    this.#output.length(count);
  }

  /**
   * A hash, which `field` brings.
   *
   * @param earliestExpiryMs when the first of its fields expires; undefined if none does
   */
  beginHash(head: RdbKeyHead, count: number, earliestExpiryMs?: number): void {
    const { hasFieldExpiry, dialect } = this.#format;
    const expires = earliestExpiryMs !== undefined;
    if (expires && !hasFieldExpiry) this.lose('hash-field-expiry', head);
    const type = expires && hasFieldExpiry ? expiringHashType(this.#format) : TYPE_HASH;
    this.#begin(head, type, 'field', count, earliestExpiryMs);
    if (type !== TYPE_HASH && dialect === 'redis') this.#output.int64(earliestExpiryMs ?? 0);
    this.#output.length(count);
  }

  /** A list in nodes of some KiB, which `listNode` brings; smaller than one by elements, and as small in memory after loading. */
  beginListNodes(head: RdbKeyHead, nodeCount: number): void {
    this.#begin(head, this.#format.hasListpacks ? TYPE_QUICKLIST_2 : TYPE_QUICKLIST, 'listNode', nodeCount);
    this.#output.length(nodeCount);
  }

  /** A stream in nodes of about 100 entries, which `streamNode` brings, and then `endStream` the rest. */
  beginStream(head: RdbKeyHead, nodeCount: number): void {
    const isLost = !this.#format.hasStreams;
    this.#begin(head, streamType(this.#format), 'streamNode', nodeCount, undefined, isLost);
    if (!isLost) this.#output.length(nodeCount);
  }

  bytes(bytes: Uint8Array): void {
    this.#step('bytes', bytes.length);
    this.#output.raw(bytes);
  }

  element(text: string): void {
    this.#step('element', 1);
    this.#output.string(text);
  }

  scored(member: string, score: number): void {
    this.#step('scored', 1);
    writeScored(this.#output, member, score);
  }

  field(...[field, value, expireAtMs]: HashField): void {
    const { type, earliestMs } = this.#step('field', 1);
    writeField(this.#output, type, field, value, expireAtMs, earliestMs);
  }

  // The same of what is bytes already; ends are exclusive.

  elementOfBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#step('element', 1);
    this.#output.stringOfBytes(bytes, start, end);
  }

  scoredOfBytes(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.#step('scored', 1);
    this.#output.stringOfBytes(bytes, start, end);
    this.#output.double(score);
  }

  /** A field that does not expire, and its value behind it, of a hash none of whose fields expires. */
  fieldOfBytes(bytes: Uint8Array, start: number, valueStart: number, valueEnd: number): void {
    const { type } = this.#step('field', 1);
    if (type !== TYPE_HASH) throw new Error('bug: fields that expire come as text');
    this.#output.stringOfBytes(bytes, start, valueStart);
    this.#output.stringOfBytes(bytes, valueStart, valueEnd);
  }

  /** @param items one at least */
  listNode(items: readonly string[]): void {
    this.#step('listNode', 1);
    writeListNode(this.#output, items, this.#format);
  }

  /** @param entries in ascending order of IDs, one at least */
  streamNode(entries: readonly StreamEntry[]): void {
    const open = this.#step('streamNode', 1);
    open.entries += entries.length;
    if (!open.isLost) writeStreamNode(this.#output, entries);
  }

  /** Ends a value that is no stream. */
  endValue(): void {
    this.#endOpen();
  }

  /** Ends a stream with what it has beside its entries. */
  endStream(rest: Omit<StreamValue, 'entries'>): void {
    const { entries, head, isLost } = this.#endOpen('streamNode');
    for (const code of lossesOfStream(rest, entries, this.#format)) this.lose(code, head);
    if (!isLost) writeStreamRest(this.#output, rest, entries, this.#format);
  }

  /** The end of the file, with its checksum. */
  end(): void {
    this.#assertBetweenKeys();
    this.#state = 'ended';
    this.#output.byte(OPCODE_EOF);
    if (this.#format.version >= CHECKSUM_SINCE) this.#output.uint64(this.#output.checksum());
  }

  // -------------------------------------------------------------------------------------------------------------------

  #begin(head: RdbKeyHead, type: number, call: OpenValue['call'], count: number, earliestMs = 0, isLost = false): void {
    this.#assertBetweenKeys();
    if (!isLost) this.#head(head, type);
    this.#open = { type, call, left: count, entries: 0, earliestMs, head, isLost };
  }

  #step(call: OpenValue['call'], size: number): OpenValue {
    const open = this.#open;
    if (open?.call !== call || open.left < size)
      throw new Error(`bug: ${call} of an RDB value that does not expect it`);
    open.left -= size;
    return open;
  }

  #endOpen(call?: OpenValue['call']): OpenValue {
    const open = this.#open;
    const isExpected = open !== undefined && (call === undefined ? open.call !== 'streamNode' : open.call === call);
    if (!isExpected || open.left !== 0) throw new Error('bug: an RDB value is ended that is not complete');
    this.#open = undefined;
    return open;
  }

  #head(head: RdbKeyHead, type: number): void {
    const output = this.#output;
    this.#select(head.database);
    if (head.expireAtMs !== NEVER) {
      output.byte(OPCODE_EXPIRE_MS);
      output.int64(head.expireAtMs);
    }
    if (isUsageLost(head, this.#format)) {
      this.lose('usage', head);
    } else {
      if (head.idleSec !== undefined) {
        output.byte(OPCODE_IDLE);
        output.length(head.idleSec);
      }
      if (head.frequency !== undefined) {
        output.byte(OPCODE_FREQUENCY);
        output.byte(head.frequency);
      }
    }
    output.byte(type);
    output.string(head.key);
  }

  #select(database: number): void {
    if (database === this.#database) return;
    this.#database = database;
    this.#output.byte(OPCODE_SELECT);
    this.#output.length(database);
  }

  #assertBetweenKeys(): void {
    if (this.#state !== 'begun' || this.#open !== undefined)
      throw new Error('bug: an RDB file is written out of order');
  }
}
