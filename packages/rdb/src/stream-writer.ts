/** Writes streams in the version that a target has; the format is told in stream-reader.ts. */

import type { StreamEntry, StreamGroup, StreamPending, StreamValue } from './entries.ts';
import { TYPE_STREAM, TYPE_STREAM_2, TYPE_STREAM_3 } from './format.ts';
import { listpackEntryBytes, listpackMaxBytes, writeListpack } from './listpack.ts';
import type { RdbOutput } from './output.ts';
import { ID_BYTES, splitId, writeId } from './stream-id.ts';
import { streamNodeItems } from './stream-node.ts';
import type { TargetFormat } from './targets.ts';

/** Redis's defaults of stream-node-max-entries and stream-node-max-bytes. */
const NODE_ENTRIES = 100;
const NODE_BYTES = 4096;

export function streamType(format: TargetFormat): number {
  if (format.hasSetListpacks) return TYPE_STREAM_3;
  return format.hasListpacks ? TYPE_STREAM_2 : TYPE_STREAM;
}

/** Writes a stream whose format has streams. @throws RangeError an ID is none, or a pending entry's consumer is not there */
export function writeStream(output: RdbOutput, stream: StreamValue, format: TargetFormat): void {
  const { entries } = stream;
  const ends = nodeEnds(entries);
  output.length(ends.length);
  let start = 0;
  for (const end of ends) {
    writeStreamNode(output, entries.slice(start, end));
    start = end;
  }
  writeStreamRest(output, stream, entries.length, format);
}

/** A node of entries in ascending order, of which there is one at least. */
export function writeStreamNode(output: RdbOutput, entries: readonly StreamEntry[]): void {
  output.length(ID_BYTES);
  output.fixed(ID_BYTES, (target, at) => writeId(target, at, entries[0].id));
  const items = streamNodeItems(entries);
  output.packed(listpackMaxBytes(items), (target) => writeListpack(target, items));
}

/** What comes behind the nodes. */
export function writeStreamRest(
  output: RdbOutput,
  stream: Omit<StreamValue, 'entries'>,
  length: number,
  format: TargetFormat,
): void {
  output.length(length);
  writeLengthId(output, stream.lastId);
  if (format.hasListpacks) {
    writeLengthId(output, stream.firstId);
    writeLengthId(output, stream.maxDeletedId);
    output.length(stream.entriesAdded);
  }
  output.length(stream.groups.length);
  for (const group of stream.groups) writeGroup(output, group, format);
}

function writeGroup(output: RdbOutput, group: StreamGroup, format: TargetFormat): void {
  output.string(group.name);
  writeLengthId(output, group.lastId);
  if (format.hasListpacks) output.length(group.entriesRead);
  output.length(group.pending.length);
  const byConsumer = new Map<string, StreamPending[]>(group.consumers.map(({ name }) => [name, []]));
  for (const pending of group.pending) {
    writeRawId(output, pending.id);
    output.int64(pending.deliveryTimeMs);
    output.length(pending.deliveryCount);
    const own = byConsumer.get(pending.consumer);
    if (own === undefined) throw new RangeError(`entry ${pending.id} is pending for a consumer that is not there`);
    own.push(pending);
  }
  output.length(group.consumers.length);
  for (const { name, seenTimeMs, activeTimeMs } of group.consumers) {
    output.string(name);
    output.int64(seenTimeMs);
    if (format.hasSetListpacks) output.int64(activeTimeMs);
    const own = byConsumer.get(name) ?? [];
    output.length(own.length);
    for (const { id } of own) writeRawId(output, id);
  }
}

/** An ID as two lengths. */
function writeLengthId(output: RdbOutput, id: string): void {
  const { milliseconds, sequence } = splitId(id);
  output.length(milliseconds);
  output.length(sequence);
}

function writeRawId(output: RdbOutput, id: string): void {
  output.fixed(ID_BYTES, (target, at) => writeId(target, at, id));
}

/** Where the nodes end: they are as large as those that a server would have made. */
function nodeEnds(entries: readonly StreamEntry[]): number[] {
  const ends: number[] = [];
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < entries.length; i++) {
    if (i > start && (i - start >= NODE_ENTRIES || bytes > NODE_BYTES)) {
      ends.push(i);
      start = i;
      bytes = 0;
    }
    for (const field of entries[i].fields) bytes += listpackEntryBytes(field);
  }
  if (start < entries.length) ends.push(entries.length);
  return ends;
}
