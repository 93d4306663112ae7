/**
 * Stream nodes: up to a hundred entries or so in one string, each told by what it has not in common with the first.
 *
 *     node   := field count n, field^n, entry*
 *     entry  := flags, milliseconds behind the node's, sequence, content
 *     flags  := 1 the entry is deleted | 2 its fields are the node's
 *     content := deleted: listpack bytes | the node's fields: value^n | other: field count m, (field value)^m
 *
 * Numbers are in groups of seven bits, low ones first, all but the last with the upper bit set. The sequence counts from
 * the node's if the milliseconds are the node's, else from 0. Fields and values are packed (packed.ts).
 *
 * The node's ID and fields are those of the first entry that it was made for. A deleted entry keeps its place, so that a
 * node covers the same IDs and counts the same entries as in Redis, but gives its bytes back. Entries that are trimmed away
 * from the front are only counted.
 *
 * Invariants: a node has one entry at least, deleted or not, from `head` on; IDs ascend; `count` entries are there and `deleted` are not.
 * Source: the idea is that of Redis's stream nodes (t_stream.c); their layout, which files have, is in the room rdb.
 */
import { flatCopy, type Latin1Buffer, latin1Scratch } from '../latin1.ts';
import { packedEntry, packedNext, packedSize, packedSkip, packedWrite } from '../packed.ts';
import { addUint64, compareStreamIds, type Integer64, integer64, type StreamId, subtractInt64 } from './stream-id.ts';
import { streamEntryListpackBytes } from './stream-node-size.ts';

const IS_DELETED = 1;
const HAS_NODE_FIELDS = 2;
const MORE = 0x80;
const SEVEN_BITS = 0x7f;
const NUMBER_MAX_BYTES = 10;
/** So many groups of seven bits are exact in a number. */
const EXACT_GROUPS = 7;

/** A node. What `text` holds is only for this file. */
export interface StreamNode extends StreamId {
  text: string;
  /** Where the first entry begins that has not been trimmed away. */
  head: number;
  count: number;
  deleted: number;
  /** About what the entries before `head` took in a listpack. */
  trimmedBytes: number;
}

/** Sees a field and its value. Both may be slices of the node: not to be stored. */
export type FieldVisitor = (field: string, value: string) => void;

/** An entry, valid until its reader moves on. */
export interface StreamEntryView extends StreamId {
  readonly fieldCount: number;
  forEachField(visit: FieldVisitor): void;
  /** Field, value, field, value … */
  fields(): string[];
}

/** An empty node for entries from `id` on whose fields are mostly those of `items` (field, value, field, value …). */
export function newStreamNode(id: StreamId, items: readonly string[]): StreamNode {
  let size = NUMBER_MAX_BYTES;
  for (let i = 0; i < items.length; i += 2) size += packedSize(items[i].length);
  const target = latin1Scratch(size);
  let head = writeNumber(target, 0, items.length / 2);
  for (let i = 0; i < items.length; i += 2) head = packedWrite(target, head, items[i]);
  const text = target.latin1Slice(0, head);
  return { ms: id.ms, seq: id.seq, text, head, count: 0, deleted: 0, trimmedBytes: 0 };
}

/**
 * The text that appends an entry to a node.
 *
 * @param hasNodeFields the fields of `items` are the node's
 */
export function streamEntryText(
  node: StreamId,
  id: StreamId,
  items: readonly string[],
  hasNodeFields: boolean,
): string {
  let size = 1 + 3 * NUMBER_MAX_BYTES;
  for (let i = 0; i < items.length; i++) size += packedSize(items[i].length);
  const target = latin1Scratch(size);
  target[0] = hasNodeFields ? HAS_NODE_FIELDS : 0;
  let at = writeId(target, 1, node, id);
  if (!hasNodeFields) at = writeNumber(target, at, items.length / 2);
  for (let i = hasNodeFields ? 1 : 0; i < items.length; i += hasNodeFields ? 2 : 1) {
    at = packedWrite(target, at, items[i]);
  }
  return target.latin1Slice(0, at);
}

function writeId(target: Latin1Buffer, at: number, node: StreamId, id: StreamId): number {
  if (id.ms !== node.ms) return writeNumber(target, writeNumber(target, at, subtractInt64(id.ms, node.ms)), id.seq);
  return writeNumber(target, writeNumber(target, at, 0), subtractInt64(id.seq, node.seq));
}

/**
 * Writes an integer, of which the 64 bits count as unsigned, at `at`; answers where it ends. Signed ones come from
 * subtractions that wrapped.
 */
function writeNumber(target: Latin1Buffer, at: number, value: Integer64): number {
  let next = at;
  if (typeof value === 'number' && value >= 0) {
    let rest = value;
    while (rest >= MORE) {
      // The upper bits of a number above 2^31 are lost to `&`, not the lower ones.
      target[next++] = (rest % MORE) | MORE;
      rest = Math.floor(rest / MORE);
    }
    target[next] = rest;
    return next + 1;
  }
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= BigInt(MORE)) {
    target[next++] = Number(rest & BigInt(SEVEN_BITS)) | MORE;
    rest >>= 7n;
  }
  target[next] = Number(rest);
  return next + 1;
}

/** Where the number that was read last ended. */
let numberEnd = 0;

/** A number that is known to be small. */
function readNumber(text: string, at: number): number {
  return Number(readInteger(text, at));
}

function readInteger(text: string, at: number): Integer64 {
  const first = text.charCodeAt(at);
  if (first < MORE) {
    numberEnd = at + 1;
    return first;
  }
  let value = 0;
  let scale = 1;
  for (let i = 0; i < EXACT_GROUPS; i++) {
    const group = text.charCodeAt(at + i);
    value += (group & SEVEN_BITS) * scale;
    if (group < MORE) {
      numberEnd = at + i + 1;
      return value;
    }
    scale *= MORE;
  }
  return readWideInteger(text, at);
}

function readWideInteger(text: string, start: number): Integer64 {
  let value = 0n;
  let shift = 0n;
  for (let at = start; ; at++) {
    const group = text.charCodeAt(at);
    value |= BigInt(group & SEVEN_BITS) << shift;
    shift += 7n;
    if (group < MORE) {
      numberEnd = at + 1;
      return integer64(value);
    }
  }
}

/** Reads the entries of a node one by one, deleted ones too. */
export class StreamNodeReader implements StreamEntryView {
  ms: Integer64;
  seq: Integer64;
  isDeleted = false;
  fieldCount = 0;
  /** Where the entry begins and ends in the node's text. */
  start = 0;
  end: number;
  readonly #node: StreamNode;
  readonly #text: string;
  readonly #nodeFieldCount: number;
  readonly #nodeFieldsAt: number;
  #nodeFields: string[] | undefined;
  #hasNodeFields = false;
  /** Where the content of the entry begins. */
  #contentAt = 0;
  #deletedBytes = 0;

  constructor(node: StreamNode) {
    this.#node = node;
    this.#text = node.text;
    this.ms = node.ms;
    this.seq = node.seq;
    this.#nodeFieldCount = readNumber(this.#text, 0);
    this.#nodeFieldsAt = numberEnd;
    this.end = node.head;
  }

  /** Moves to the next entry; false behind the last. */
  next(): boolean {
    if (this.end >= this.#text.length) return false;
    this.moveTo(this.end);
    return true;
  }

  /** Moves to the next entry that is not deleted; false if there is none. */
  nextLive(): boolean {
    while (this.next()) if (!this.isDeleted) return true;
    return false;
  }

  /** Moves to the first entry at or behind `id`; false if there is none. */
  seek(id: StreamId): boolean {
    while (this.next()) if (compareStreamIds(this, id) >= 0) return true;
    return false;
  }

  /** Moves to the entry that begins at `start`. */
  moveTo(start: number): void {
    const text = this.#text;
    const node = this.#node;
    this.start = start;
    const flags = text.charCodeAt(start);
    const ms = readInteger(text, start + 1);
    const seq = readInteger(text, numberEnd);
    this.ms = ms === 0 ? node.ms : addUint64(node.ms, ms);
    this.seq = ms === 0 ? addUint64(node.seq, seq) : seq;
    this.isDeleted = (flags & IS_DELETED) !== 0;
    this.#hasNodeFields = (flags & HAS_NODE_FIELDS) !== 0;
    if (this.isDeleted) {
      this.#deletedBytes = readNumber(text, numberEnd);
      this.fieldCount = 0;
      this.end = numberEnd;
    } else if (this.#hasNodeFields) {
      this.fieldCount = this.#nodeFieldCount;
      this.#contentAt = numberEnd;
      this.end = packedSkip(text, numberEnd, this.fieldCount);
    } else {
      this.fieldCount = readNumber(text, numberEnd);
      this.#contentAt = numberEnd;
      this.end = packedSkip(text, numberEnd, 2 * this.fieldCount);
    }
  }

  forEachField(visit: FieldVisitor): void {
    const text = this.#text;
    const nodeFields = this.#hasNodeFields ? this.nodeFields() : undefined;
    let at = this.#contentAt;
    for (let i = 0; i < this.fieldCount; i++) {
      let field = nodeFields?.[i];
      if (field === undefined) {
        field = packedEntry(text, at);
        at = packedNext(text, at);
      }
      visit(field, packedEntry(text, at));
      at = packedNext(text, at);
    }
  }

  fields(): string[] {
    const items: string[] = [];
    this.forEachField((field, value) => items.push(field, value));
    return items;
  }

  /** Bytes that the entry takes, or took, in a listpack of Redis. */
  listpackBytes(): number {
    if (this.isDeleted) return this.#deletedBytes;
    return streamEntryListpackBytes(this.#node, this, this.fields(), this.#hasNodeFields);
  }

  /** The text of the entry once it is deleted. */
  deletedText(): string {
    const target = latin1Scratch(1 + 3 * NUMBER_MAX_BYTES);
    const bytes = this.listpackBytes();
    target[0] = IS_DELETED;
    const at = writeNumber(target, writeId(target, 1, this.#node, this), bytes);
    return target.latin1Slice(0, at);
  }

  /** The fields of the node. */
  nodeFields(): string[] {
    if (this.#nodeFields !== undefined) return this.#nodeFields;
    const fields: string[] = [];
    let at = this.#nodeFieldsAt;
    for (let i = 0; i < this.#nodeFieldCount; i++) {
      fields.push(packedEntry(this.#text, at));
      at = packedNext(this.#text, at);
    }
    this.#nodeFields = fields;
    return fields;
  }
}

/** Where the entries of a node that are not deleted begin, in order: for going backwards. */
export function liveEntryStarts(node: StreamNode): number[] {
  const reader = new StreamNodeReader(node);
  const starts: number[] = [];
  while (reader.nextLive()) starts.push(reader.start);
  return starts;
}

/** The node with the entry that `reader` has reached deleted. */
export function withoutEntry(node: StreamNode, reader: StreamNodeReader): StreamNode {
  const { text } = node;
  const edited = text.substring(0, reader.start) + reader.deletedText() + text.substring(reader.end);
  return { ...node, text: flatCopy(edited), count: node.count - 1, deleted: node.deleted + 1 };
}

/**
 * The node with entries trimmed away from its first one on, for as long as `isNext` holds; it sees those deleted before,
 * too. The last entry must stay. Their text stays as well until it is half of all: O(entries trimmed) amortised.
 */
export function withoutFirst(node: StreamNode, isNext: (id: StreamId, removed: number) => boolean): StreamNode {
  const reader = new StreamNodeReader(node);
  let head = node.head;
  let removed = 0;
  while (reader.next() && isNext(reader, removed)) {
    head = reader.end;
    if (!reader.isDeleted) removed++;
  }
  if (removed === 0) return node;
  const trimmed = {
    ...node,
    head,
    count: node.count - removed,
    deleted: node.deleted + removed,
    trimmedBytes: node.trimmedBytes + head - node.head,
  };
  return head * 2 > node.text.length ? compacted(trimmed) : trimmed;
}

function compacted(node: StreamNode): StreamNode {
  const { text } = node;
  const fieldCount = readNumber(text, 0);
  const head = packedSkip(text, numberEnd, fieldCount);
  return { ...node, text: flatCopy(text.substring(0, head) + text.substring(node.head)), head };
}
