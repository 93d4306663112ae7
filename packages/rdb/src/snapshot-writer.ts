/**
 * Writes the data set of a snapshot as an RDB file: what it hands out goes to an RdbWriter.
 *
 * Invariants: no call writes more than a piece of a large value; the caller begins and ends the file and takes its chunks.
 */

import type { FrozenCursor, FrozenItems, FrozenValue, Key, LargeEntry, SnapshotSink, Value } from '@aof/keyspace';
import type { RdbKeyHead } from './entries.ts';
import { plainEntries, plainStreamRest } from './keyspace-streams.ts';
import { plainValue } from './keyspace-values.ts';
import type { RdbWriter } from './writer.ts';

/** A piece ends with the element that reaches this, as it was before it was compressed: some hundred microseconds of work. */
const PIECE_BYTES = 64 * 1024;
const PIECE_ELEMENTS = 1024;

export class RdbSnapshotWriter implements SnapshotSink {
  /** A value in pieces cannot be interrupted by another key. */
  readonly acceptsBetween = false;
  readonly #writer: RdbWriter;
  #begun: LargeEntry | undefined;

  /** @param writer of a file that is begun */
  constructor(writer: RdbWriter) {
    this.#writer = writer;
  }

  writeValue(database: number, key: Key, value: Value, expireAtMs: number): void {
    this.#writer.key({ database, key, expireAtMs, ...plainValue(value) });
  }

  writeStringBytes(
    database: number,
    bytes: Uint8Array,
    keyStart: number,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
  ): void {
    this.#writer.stringKey(database, bytes, keyStart, valueStart, valueEnd, expireAtMs);
  }

  writePiece(entry: LargeEntry): boolean {
    const { content } = entry;
    if (this.#begun !== entry) {
      this.#begun = entry;
      beginLarge(this.#writer, entry, content);
    }
    if (!writeElements(this.#writer, content)) return false;
    if (content.type === 'stream') this.#writer.endStream(plainStreamRest(content.stream));
    else this.#writer.endValue();
    this.#begun = undefined;
    return true;
  }
}

function beginLarge(writer: RdbWriter, head: RdbKeyHead, content: FrozenValue): void {
  const { database, key, expireAtMs } = head;
  const plainHead = { database, key, expireAtMs };
  switch (content.type) {
    case 'string':
      return writer.beginString(plainHead, content.size);
    case 'list':
      return writer.beginList(plainHead, content.size);
    case 'set':
      return writer.beginSet(plainHead, content.size);
    case 'zset':
      return writer.beginSortedSet(plainHead, content.size);
    case 'hash':
      return writer.beginHash(plainHead, content.size);
    case 'stream':
      return writer.beginStream(plainHead, content.stream.countLiveNodes());
  }
}

/** Writes a piece; answers whether it was the last. */
function writeElements(writer: RdbWriter, content: FrozenValue): boolean {
  if (content.type === 'string') {
    writer.bytes(content.read());
    return content.isAtEnd;
  }
  const enough = writer.pendingBytes + writer.savedBytes + PIECE_BYTES;
  for (let left = PIECE_ELEMENTS; left > 0 && writer.pendingBytes + writer.savedBytes < enough; left--) {
    if (!writeElement(writer, content)) return true;
  }
  return false;
}

/** Writes the next element, if there is one. */
function writeElement(writer: RdbWriter, content: Exclude<FrozenValue, { readonly type: 'string' }>): boolean {
  if (content.type !== 'stream' && content.cursor !== undefined) {
    return writeElementOfBytes(writer, content.type, content.cursor);
  }
  switch (content.type) {
    case 'list':
    case 'set': {
      const { done, value } = content.items.next();
      if (!done) writer.element(value);
      return !done;
    }
    case 'zset': {
      const { done, value } = content.items.next();
      if (!done) writer.scored(value[0], value[1]);
      return !done;
    }
    case 'hash': {
      const { done, value } = content.items.next();
      if (!done) writer.field(value[0], value[1]);
      return !done;
    }
    case 'stream': {
      const { done, value } = content.nodes.next();
      if (!done) writer.streamNode(plainEntries(value));
      return !done;
    }
  }
}

/** `writeElement` from where the elements lie: no string is made of them. */
function writeElementOfBytes(writer: RdbWriter, type: FrozenItems['type'], cursor: FrozenCursor): boolean {
  if (!cursor.next()) return false;
  const { bytes, keyStart, valueStart } = cursor;
  if (type === 'hash') writer.fieldOfBytes(bytes, keyStart, valueStart, cursor.valueEnd);
  else if (type === 'zset') writer.scoredOfBytes(bytes, keyStart, valueStart, cursor.score);
  else writer.elementOfBytes(bytes, keyStart, valueStart);
  return true;
}
