/** Between a stream's entry in a file and the stream of a keyspace. */

import {
  compareStreamIds,
  MIN_STREAM_ID,
  parseStreamId,
  type StreamId,
  StreamValue,
  streamIdText,
  type Thresholds,
} from '@aof/keyspace';
import type { StreamValue as PlainStream, StreamEntry, StreamGroup } from './entries.ts';

/** The stream of an entry, or of its first part. @throws RangeError an ID is none, or one does not lie behind the one before */
export function streamOf(plain: PlainStream, thresholds: Thresholds): StreamValue {
  const stream = new StreamValue();
  extendStream(stream, plain, thresholds);
  return stream;
}

/** Adds a further part, the last of which has all but the entries. @throws RangeError as `streamOf` */
export function extendStream(stream: StreamValue, plain: PlainStream, thresholds: Thresholds): void {
  for (const { id, fields } of plain.entries) {
    const next = idOf(id);
    if (compareStreamIds(next, stream.topId() ?? MIN_STREAM_ID) <= 0) throw new RangeError(`${id} is out of order`);
    stream.append(next, fields, thresholds);
  }
  stream.lastId = idOf(plain.lastId);
  stream.maxDeletedId = idOf(plain.maxDeletedId);
  stream.entriesAdded = plain.entriesAdded;
  for (const group of plain.groups) addGroup(stream, group);
}

function addGroup(stream: StreamValue, { name, lastId, entriesRead, consumers, pending }: StreamGroup): void {
  const group = stream.addGroup(name, idOf(lastId), entriesRead);
  for (const consumer of consumers) group.addConsumer(consumer.name, consumer.seenTimeMs, consumer.activeTimeMs);
  for (const { id, consumer, deliveryTimeMs, deliveryCount } of pending) {
    group.deliver({ ...idOf(id), consumer, deliveredAtMs: deliveryTimeMs, deliveryCount });
  }
}

function idOf(text: string): StreamId {
  const id = parseStreamId(text);
  if (id === undefined) throw new RangeError(`not a stream ID: ${text}`);
  return id;
}

/** A stream as plain data, in O(its size). */
export function plainStream(stream: StreamValue): PlainStream {
  return { entries: [...stream.nodes()].flatMap(plainEntries), ...plainStreamRest(stream) };
}

/** Entries as plain data. */
export function plainEntries(
  entries: Iterable<{ readonly id: StreamId; readonly fields: readonly string[] }>,
): StreamEntry[] {
  return Array.from(entries, ({ id, fields }) => ({ id: streamIdText(id), fields }));
}

/** What a stream has beside its entries. */
export function plainStreamRest(stream: StreamValue): Omit<PlainStream, 'entries'> {
  return {
    lastId: streamIdText(stream.lastId),
    firstId: streamIdText(stream.firstId),
    maxDeletedId: streamIdText(stream.maxDeletedId),
    entriesAdded: stream.entriesAdded,
    groups: stream.groups().map((group) => ({
      name: group.name,
      lastId: streamIdText(group.lastId),
      entriesRead: group.entriesRead,
      pending: [...group.pending.ascending(MIN_STREAM_ID)].map((entry) => ({
        id: streamIdText(entry),
        consumer: entry.consumer,
        deliveryTimeMs: entry.deliveredAtMs,
        deliveryCount: entry.deliveryCount,
      })),
      consumers: group.consumers().map(({ name, seenAtMs, activeAtMs }) => ({
        name,
        seenTimeMs: seenAtMs,
        activeTimeMs: activeAtMs,
      })),
    })),
  };
}
