/**
 * The commands that make a stream of an entry.
 *
 *     XADD k id f v …                          each entry; XADD k MAXLEN 0 0-1 x y makes a stream without any
 *     XSETID k last [ENTRIESADDED n MAXDELETEDID id]           in brackets: since 7.0
 *     XGROUP CREATE k g last [ENTRIESREAD n]                   each group, then its consumers:
 *     [XGROUP CREATECONSUMER k g c]
 *     XCLAIM k g c 0 id TIME ms RETRYCOUNT n JUSTID FORCE      each pending entry
 *
 * What is pending although its entry is gone is not made again: XCLAIM does not.
 *
 * Source: Redis aof.c, rewriteStreamObject.
 */

import type { StreamEntry, StreamGroup, StreamValue } from './entries.ts';
import type { TargetFormat } from './targets.ts';

type StreamRest = Omit<StreamValue, 'entries'>;

export function streamEntryRecord(key: string, { id, fields }: StreamEntry): string[] {
  return ['XADD', key, id, ...fields];
}

/** What comes behind the entries, of which there were `length`. */
export function* streamRestRecords(
  key: string,
  { lastId, maxDeletedId, entriesAdded, groups }: StreamRest,
  length: number,
  { hasListpacks }: TargetFormat,
): Generator<string[]> {
  if (length === 0) yield ['XADD', key, 'MAXLEN', '0', '0-1', 'x', 'y'];
  const counters = hasListpacks ? ['ENTRIESADDED', String(entriesAdded), 'MAXDELETEDID', maxDeletedId] : [];
  yield ['XSETID', key, lastId, ...counters];
  for (const group of groups) yield* groupRecords(key, group, hasListpacks);
}

function* groupRecords(key: string, group: StreamGroup, hasListpacks: boolean): Generator<string[]> {
  const { name, lastId, entriesRead, consumers, pending } = group;
  const read = hasListpacks ? ['ENTRIESREAD', String(entriesRead)] : [];
  yield ['XGROUP', 'CREATE', key, name, lastId, ...read];
  if (hasListpacks) for (const consumer of consumers) yield ['XGROUP', 'CREATECONSUMER', key, name, consumer.name];
  for (const { id, consumer, deliveryTimeMs, deliveryCount } of pending) {
    const state = ['TIME', String(deliveryTimeMs), 'RETRYCOUNT', String(deliveryCount)];
    yield ['XCLAIM', key, name, consumer, '0', id, ...state, 'JUSTID', 'FORCE'];
  }
}
