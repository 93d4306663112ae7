/**
 * The stream: entries of fields and values in the order of their IDs, which only grow, and the groups that read them.
 *
 * Entries are packed into nodes (stream-node.ts), the nodes in a list by the ID of their first entry. New entries go to
 * the last node until it is full by number or by size, both counted as Redis counts them: what trims by whole nodes trims
 * the same here.
 *
 * A node is never changed but replaced, all but the one that is open for appending, so that a copy of a stream shares its
 * nodes: it takes O(nodes), not O(entries).
 *
 * Invariants: `length` counts the entries that are there; `firstId` is the ID of the first of them, 0-0 if there is none;
 * `lastId` is at or behind every entry that ever was; every node has an entry, deleted or not. A stream may be empty.
 * Strings that are put in have chars 0–255.
 */
import { flatCopy } from '../latin1.ts';
import { nothingToRelease } from './frozen.ts';
import { StreamGroup } from './stream-group.ts';
import {
  addUint64,
  compareStreamIds,
  type Integer64,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  type StreamId,
} from './stream-id.ts';
import { IdList } from './stream-id-list.ts';
import {
  liveEntryStarts,
  newStreamNode,
  type StreamEntryView,
  type StreamNode,
  StreamNodeReader,
  streamEntryText,
  withoutEntry,
  withoutFirst,
} from './stream-node.ts';
import { listpackIntegerBytes, streamEntryListpackBytes, streamHeadListpackBytes } from './stream-node-size.ts';
import { stringBytes } from './string-bytes.ts';

/** When a node is full. The options of the same names. */
export interface StreamThresholds {
  /** Bytes in Redis's form; 0 for no limit. */
  readonly streamNodeMaxBytes: number;
  /** Entries, deleted ones included; 0 for no limit. */
  readonly streamNodeMaxEntries: number;
}

/** What a trim keeps: so many entries, or those from an ID on. */
export type StreamTrim = { readonly maxLength: Integer64 } | { readonly minId: StreamId };

/** An entry that may be kept. Fields and values may be slices of a node. */
export interface StreamEntry {
  readonly id: StreamId;
  readonly fields: readonly string[];
}

/** Whatever the thresholds say, a node with more bytes than this takes no further entry. */
const NODE_LIMIT_BYTES = 16 << 20;
/** The open node's text is a rope of so many pieces at most, and one more for each KiB. */
const MAX_LOOSE_PIECES = 16;
const NO_FIELDS: readonly string[] = [];
const STREAM_BYTES = 400;
const NODE_BYTES = 120;
/** A pending entry written out. */
const PENDING_BYTES = 32;

export class StreamValue {
  /** How many entries are there. */
  length = 0;
  lastId: StreamId = MIN_STREAM_ID;
  firstId: StreamId = MIN_STREAM_ID;
  /** The greatest ID that XDEL has removed. */
  maxDeletedId: StreamId = MIN_STREAM_ID;
  /** How many entries were ever added. */
  entriesAdded: Integer64 = 0;
  #nodes = new IdList<StreamNode>();
  #bytes = 0;
  /** The node that may be changed: the last one, if this stream has made it. */
  #open: StreamNode | undefined;
  /** What the open node takes in a listpack but for its two counters. */
  #openBytes = 0;
  /** The open node's fields. */
  #openFields: readonly string[] = NO_FIELDS;
  #loosePieces = 0;
  /** The ID of the last entry that is there, unless it must be looked for. */
  #topId: StreamId | undefined;
  #groups: Map<string, StreamGroup> | undefined;

  get type(): 'stream' {
    return 'stream';
  }

  /** The answer of OBJECT ENCODING. */
  encoding(): 'stream' {
    return 'stream';
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  /** Bytes of all nodes, and about those of what is pending. */
  get packedBytes(): number {
    let bytes = this.#bytes;
    for (const group of this.#groups?.values() ?? []) bytes += group.pending.size * PENDING_BYTES;
    return bytes;
  }

  // Entries -----------------------------------------------------------------------------------------------------------

  /**
   * Adds an entry.
   *
   * @param id behind `lastId`
   * @param fields field, value, field, value …, one pair at least
   */
  append(id: StreamId, fields: readonly string[], thresholds: StreamThresholds): void {
    const node = this.#nodeFor(id, fields, thresholds);
    const hasNodeFields = hasFields(this.#openFields, fields);
    const text = streamEntryText(node, id, fields, hasNodeFields);
    // A rope, so that an entry costs its own bytes only; nothing reads it here, which would flatten it.
    node.text += text;
    node.count++;
    this.#bytes += text.length;
    this.#openBytes += streamEntryListpackBytes(node, id, fields, hasNodeFields);
    if (++this.#loosePieces > MAX_LOOSE_PIECES + (node.text.length >>> 10)) this.#flatten(node);
    this.lastId = id;
    this.#topId = id;
    this.entriesAdded = addUint64(this.entriesAdded, 1);
    if (++this.length === 1) this.firstId = id;
  }

  /** The node that takes the entry. */
  #nodeFor(id: StreamId, fields: readonly string[], thresholds: StreamThresholds): StreamNode {
    const node = this.#openLast();
    if (node !== undefined && this.#hasRoom(node, fields, thresholds)) return node;
    if (node !== undefined) this.#flatten(node);
    const made = newStreamNode(id, fields);
    this.#nodes.append(made);
    this.#bytes += made.text.length;
    this.#open = made;
    this.#openFields = fields.filter((_, i) => i % 2 === 0);
    this.#openBytes = streamHeadListpackBytes(fields);
    return made;
  }

  #hasRoom(node: StreamNode, fields: readonly string[], thresholds: StreamThresholds): boolean {
    const { streamNodeMaxBytes, streamNodeMaxEntries } = thresholds;
    const limit = streamNodeMaxBytes === 0 ? NODE_LIMIT_BYTES : Math.min(streamNodeMaxBytes, NODE_LIMIT_BYTES);
    let bytes = this.#openBytes + listpackIntegerBytes(node.count) + listpackIntegerBytes(node.deleted);
    for (let i = 0; i < fields.length; i++) bytes += fields[i].length;
    return bytes < limit && (streamNodeMaxEntries === 0 || node.count + node.deleted < streamNodeMaxEntries);
  }

  /** The last node, open for changes. */
  #openLast(): StreamNode | undefined {
    const last = this.#nodes.last();
    if (last === this.#open) return last;
    if (last === undefined) return undefined;
    // It may belong to a copy too, and it has been closed before.
    const opened = { ...last };
    this.#nodes.set(opened);
    this.#open = opened;
    this.#loosePieces = 0;
    const reader = new StreamNodeReader(opened);
    this.#openFields = reader.nodeFields();
    this.#openBytes = streamHeadListpackBytes(this.#openFields.flatMap((field) => [field, '']));
    this.#openBytes += opened.trimmedBytes;
    while (reader.next()) this.#openBytes += reader.listpackBytes();
    return opened;
  }

  #flatten(node: StreamNode): void {
    if (this.#loosePieces > 0) node.text = flatCopy(node.text);
    this.#loosePieces = 0;
  }

  has(id: StreamId): boolean {
    return this.#find(id) !== undefined;
  }

  /** A reader at the entry, and its node. */
  #find(id: StreamId): { readonly node: StreamNode; readonly reader: StreamNodeReader } | undefined {
    const node = this.#nodes.floor(id);
    if (node === undefined) return undefined;
    const reader = new StreamNodeReader(node);
    if (!reader.seek(id) || reader.isDeleted || compareStreamIds(reader, id) !== 0) return undefined;
    return { node, reader };
  }

  /**
   * Visits the entries from `start` to `end` (both included) for as long as `visit` answers true; the view is valid during
   * the call only. Nothing may be changed meanwhile.
   */
  visit(start: StreamId, end: StreamId, isDown: boolean, visit: (entry: StreamEntryView) => boolean): void {
    if (isDown) this.#visitDown(start, end, visit);
    else this.#visitUp(start, end, visit);
  }

  #visitUp(start: StreamId, end: StreamId, visit: (entry: StreamEntryView) => boolean): void {
    for (const node of this.#nodes.ascending(this.#nodes.floor(start) ?? start)) {
      const reader = new StreamNodeReader(node);
      let isFound = reader.seek(start);
      for (; isFound; isFound = reader.next()) {
        if (reader.isDeleted) continue;
        if (compareStreamIds(reader, end) > 0 || !visit(reader)) return;
      }
    }
  }

  #visitDown(start: StreamId, end: StreamId, visit: (entry: StreamEntryView) => boolean): void {
    for (const node of this.#nodes.descending(end)) {
      const starts = liveEntryStarts(node);
      const reader = new StreamNodeReader(node);
      for (let i = starts.length - 1; i >= 0; i--) {
        reader.moveTo(starts[i]);
        if (compareStreamIds(reader, end) > 0) continue;
        if (compareStreamIds(reader, start) < 0 || !visit(reader)) return;
      }
    }
  }

  /** The entries in order, for loops that pause: nothing may be changed meanwhile, which is what `freeze` is for. */
  *entries(): Generator<StreamEntry> {
    for (const entries of this.nodes()) yield* entries;
  }

  /** The entries node by node, as `entries`; nodes without any are left out. */
  *nodes(): Generator<readonly StreamEntry[]> {
    for (const node of this.#nodes.ascending(MIN_STREAM_ID)) {
      if (node.count === 0) continue;
      const entries: StreamEntry[] = [];
      const reader = new StreamNodeReader(node);
      while (reader.nextLive()) entries.push({ id: { ms: reader.ms, seq: reader.seq }, fields: reader.fields() });
      yield entries;
    }
  }

  /** How many nodes `nodes` has. O(nodes). */
  countLiveNodes(): number {
    let count = 0;
    for (const node of this.#nodes.ascending(MIN_STREAM_ID)) if (node.count > 0) count++;
    return count;
  }

  /** The ID of the last entry that is there; undefined if there is none. */
  topId(): StreamId | undefined {
    if (this.#topId !== undefined) return this.#topId;
    this.#visitDown(MIN_STREAM_ID, MAX_STREAM_ID, ({ ms, seq }) => {
      this.#topId = { ms, seq };
      return false;
    });
    return this.#topId;
  }

  /** The ID that the first node begins with, though its entry may be deleted; undefined if there is no node. */
  firstNodeId(): StreamId | undefined {
    return this.#nodes.first();
  }

  /** Removes an entry; answers whether it was there. */
  delete(id: StreamId): boolean {
    const found = this.#find(id);
    if (found === undefined) return false;
    const { node, reader } = found;
    if (node.count === 1) this.#dropNode(node);
    else this.#replace(node, withoutEntry(node, reader));
    this.length--;
    if (compareStreamIds(id, this.maxDeletedId) > 0) this.maxDeletedId = id;
    if (this.#topId !== undefined && compareStreamIds(id, this.#topId) === 0) this.#topId = undefined;
    if (compareStreamIds(id, this.firstId) === 0) this.#findFirst();
    return true;
  }

  /**
   * Removes entries from the first one on.
   *
   * @param isApproximate only whole nodes
   * @param limit at most so many entries of whole nodes; 0 for no limit
   * @returns how many were removed
   */
  trim(keep: StreamTrim, isApproximate: boolean, limit: number): number {
    let removed = 0;
    for (let node = this.#nodes.first(); node !== undefined; node = this.#nodes.first()) {
      if ('maxLength' in keep && this.length <= keep.maxLength) break;
      if (limit > 0 && removed + node.count > limit) break;
      if (this.#isWholeTrimmed(node, keep)) {
        this.#dropNode(node);
        this.length -= node.count;
        removed += node.count;
        continue;
      }
      if (!isApproximate) removed += this.#trimNode(node, keep);
      break;
    }
    if (removed === 0) return 0;
    if (this.length === 0) this.#topId = undefined;
    this.#findFirst();
    return removed;
  }

  #isWholeTrimmed(node: StreamNode, keep: StreamTrim): boolean {
    if ('maxLength' in keep) return this.length - node.count >= keep.maxLength;
    const reader = new StreamNodeReader(node);
    // The last entry counts even if it is deleted.
    while (reader.next()) if (compareStreamIds(reader, keep.minId) >= 0) return false;
    return true;
  }

  #trimNode(node: StreamNode, keep: StreamTrim): number {
    // Within a node the excess is a small number.
    const excess = 'maxLength' in keep ? this.length - Number(keep.maxLength) : 0;
    const shorter = withoutFirst(node, (id, count) =>
      'maxLength' in keep ? count < excess : compareStreamIds(id, keep.minId) < 0,
    );
    const removed = node.count - shorter.count;
    if (removed > 0) this.#replace(node, shorter);
    this.length -= removed;
    return removed;
  }

  #dropNode(node: StreamNode): void {
    this.#nodes.delete(node);
    this.#bytes -= node.text.length;
    if (node === this.#open) this.#open = undefined;
  }

  #replace(node: StreamNode, other: StreamNode): void {
    this.#nodes.set(other);
    this.#bytes += other.text.length - node.text.length;
    if (node !== this.#open) return;
    this.#open = other;
    this.#loosePieces = 0;
  }

  #findFirst(): void {
    this.firstId = MIN_STREAM_ID;
    for (const node of this.#nodes.ascending(MIN_STREAM_ID)) {
      const reader = new StreamNodeReader(node);
      if (!reader.nextLive()) continue;
      this.firstId = { ms: reader.ms, seq: reader.seq };
      return;
    }
  }

  // Groups ------------------------------------------------------------------------------------------------------------

  get groupCount(): number {
    return this.#groups?.size ?? 0;
  }

  group(name: string): StreamGroup | undefined {
    return this.#groups?.get(name);
  }

  /** The groups in the order of their names, as bytes. */
  groups(): StreamGroup[] {
    return [...(this.#groups?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Adds a group, of which there must be none of that name. */
  addGroup(name: string, lastId: StreamId, entriesRead: Integer64): StreamGroup {
    this.#groups ??= new Map();
    const group = new StreamGroup(name, lastId, entriesRead);
    this.#groups.set(name, group);
    return group;
  }

  /** Removes a group; answers whether it was there. */
  removeGroup(name: string): boolean {
    return this.#groups?.delete(name) ?? false;
  }

  // Copies ------------------------------------------------------------------------------------------------------------

  /** A stream with the same entries and groups, independent of this one, in O(nodes + pending entries). */
  clone(): StreamValue {
    const copy = new StreamValue();
    copy.length = this.length;
    copy.lastId = this.lastId;
    copy.firstId = this.firstId;
    copy.maxDeletedId = this.maxDeletedId;
    copy.entriesAdded = this.entriesAdded;
    // From now on the last node is shared too.
    if (this.#open !== undefined) this.#flatten(this.#open);
    this.#open = undefined;
    copy.#nodes = this.#nodes.clone();
    copy.#bytes = this.#bytes;
    copy.#topId = this.#topId;
    for (const [name, group] of this.#groups ?? []) {
      copy.#groups ??= new Map();
      copy.#groups.set(name, group.clone());
    }
    return copy;
  }

  /** The stream as it is now, to be read in pieces while it goes on changing. */
  freeze(): FrozenStream {
    const stream = this.clone();
    const { length: size } = stream;
    return { type: 'stream', size, stream, nodes: stream.nodes(), release: nothingToRelease };
  }

  /** About how many bytes of memory the stream takes. */
  memoryBytes(): number {
    let bytes = STREAM_BYTES + this.#nodes.size * (NODE_BYTES + stringBytes(0)) + this.#bytes;
    for (const group of this.#groups?.values() ?? []) bytes += group.memoryBytes();
    return bytes;
  }
}

/** A stream as it was at one moment: its entries node by node, all else in `stream`, which nobody changes. */
export interface FrozenStream {
  readonly type: 'stream';
  readonly size: number;
  readonly stream: StreamValue;
  readonly nodes: Iterator<readonly StreamEntry[]>;
  release(): void;
}

/** Whether every second item is the field of the same number. */
function hasFields(fields: readonly string[], items: readonly string[]): boolean {
  if (fields.length * 2 !== items.length) return false;
  for (let i = 0; i < fields.length; i++) if (fields[i] !== items[2 * i]) return false;
  return true;
}
