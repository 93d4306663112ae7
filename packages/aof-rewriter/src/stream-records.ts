/**
 * The commands that make a stream.
 *
 *     XADD k id f v …                          each entry; XADD k MAXLEN 0 0-1 x y makes one without entries
 *     XSETID k last ENTRIESADDED n MAXDELETEDID id
 *     XGROUP CREATE k g last ENTRIESREAD n     each group, then each of its consumers:
 *     XGROUP CREATECONSUMER k g c              nothing is pending for it, else for each pending entry
 *     XCLAIM k g c 0 id TIME ms RETRYCOUNT n JUSTID FORCE
 *
 * What is pending although its entry is gone is not made again: XCLAIM does not.
 *
 * Source: Redis aof.c, rewriteStreamObject.
 */
import { MIN_STREAM_ID, type StreamGroup, type StreamValue, streamIdText } from '@aof/keyspace';

/** All commands in order; the stream must not change meanwhile. */
export function* streamRecords(key: string, stream: StreamValue): Generator<string[]> {
  if (stream.length === 0) yield ['XADD', key, 'MAXLEN', '0', '0-1', 'x', 'y'];
  for (const { id, fields } of stream.entries()) yield ['XADD', key, streamIdText(id), ...fields];
  const { lastId, maxDeletedId, entriesAdded } = stream;
  const counters = ['ENTRIESADDED', String(entriesAdded), 'MAXDELETEDID', streamIdText(maxDeletedId)];
  yield ['XSETID', key, streamIdText(lastId), ...counters];
  for (const group of stream.groups()) yield* groupRecords(key, group);
}

function* groupRecords(key: string, group: StreamGroup): Generator<string[]> {
  const { name, lastId, entriesRead } = group;
  yield ['XGROUP', 'CREATE', key, name, streamIdText(lastId), 'ENTRIESREAD', String(entriesRead)];
  for (const consumer of group.consumers()) {
    if (consumer.pending.size === 0) yield ['XGROUP', 'CREATECONSUMER', key, name, consumer.name];
    for (const entry of consumer.pending.ascending(MIN_STREAM_ID)) {
      const state = ['TIME', String(entry.deliveredAtMs), 'RETRYCOUNT', String(entry.deliveryCount)];
      yield ['XCLAIM', key, name, consumer.name, '0', streamIdText(entry), ...state, 'JUSTID', 'FORCE'];
    }
  }
}
