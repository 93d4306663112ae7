/**
 * Reads streams.
 *
 *     stream   := nodes, (master ID as a string, node as a string)*, length, last ID
 *                 v2: first ID, greatest deleted ID, entries added
 *                 groups, group*
 *     group    := name, last ID, v2: entries read, pending, (ID, delivery time, deliveries)*, consumers, consumer*
 *                 v5: unowned, ID*
 *     consumer := name, seen time, v3: active time, pending, ID*
 *     v4, behind the groups: duration, entries, producers, (name, entries, (producer's ID, ID)*)*, added, duplicates
 *
 * IDs are two lengths each, but those of pending entries 16 bytes. Pending entries that nobody owns, which only v5 may have, are
 * in the group's list like all others.
 *
 * Source: Redis rdb.c and t_stream.c.
 */

import {
  awaitBlob,
  awaitFixedText,
  awaitInt64,
  awaitLength,
  awaitText,
  awaitWideLength,
  type Reading,
} from './awaiting.ts';
import type {
  Count,
  RdbValue,
  StreamConsumer,
  StreamEntry,
  StreamGroup,
  StreamId,
  StreamPending,
  StreamProducer,
  StreamProducers,
  StreamUnowned,
  StreamValue,
} from './entries.ts';
import { RdbFault } from './errors.ts';
import { TYPE_STREAM, TYPE_STREAM_3, TYPE_STREAM_4, TYPE_STREAM_5 } from './format.ts';
import type { RdbInput } from './input.ts';
import { allocateLatin1 } from './latin1.ts';
import { estimateEntriesRead, type StreamCounters } from './stream-counters.ts';
import { countOf, ID_BYTES, idAt, ZERO_ID } from './stream-id.ts';
import { readStreamNode } from './stream-node.ts';
import type { ValueOptions } from './value-reader.ts';

/** What a part of a stream tells beside its entries. */
const NOTHING_ELSE: Omit<StreamValue, 'entries'> = {
  lastId: ZERO_ID,
  firstId: ZERO_ID,
  maxDeletedId: ZERO_ID,
  entriesAdded: 0,
  groups: [],
};

/** Reads a stream of any version. */
export function* readStream(input: RdbInput, options: ValueOptions): Reading<RdbValue> {
  const key = allocateLatin1(ID_BYTES);
  const nodes = input.length() ?? (yield* awaitLength(input));
  const masterIds = new Set<string>();
  let entries: StreamEntry[] = [];
  let firstEntryId: StreamId | undefined;
  let found = 0;
  for (let left = nodes; left > 0; left--) {
    if (entries.length >= options.partElements) {
      yield { type: 'stream', value: { entries, ...NOTHING_ELSE } };
      entries = [];
    }
    const name = input.text() ?? (yield* awaitText(input));
    if (name.length !== ID_BYTES)
      throw new RdbFault('RDB_STRUCTURE', 'Stream node key entry is not the size of a stream ID');
    if (masterIds.size === masterIds.add(name).size)
      throw new RdbFault('RDB_DUPLICATE', 'Listpack re-added with existing key');
    key.latin1Write(name, 0, ID_BYTES);
    const before = entries.length;
    readStreamNode(key, input.blob() ?? (yield* awaitBlob(input)), entries);
    found += entries.length - before;
    firstEntryId ??= entries.at(0)?.id;
  }
  const length = input.length() ?? (yield* awaitLength(input));
  if (length > 0 && nodes === 0) throw new RdbFault('RDB_STRUCTURE', 'Stream length inconsistent with rax entries');
  const rest = yield* readMetadata(input, options.type, found, firstEntryId ?? ZERO_ID);
  return { type: 'stream', value: { entries, ...rest } };
}

function* readMetadata(
  input: RdbInput,
  type: number,
  length: number,
  firstEntryId: StreamId,
): Reading<Omit<StreamValue, 'entries'>> {
  const lastId = yield* readId(input);
  let firstId = firstEntryId;
  let maxDeletedId = ZERO_ID;
  let entriesAdded: Count = length;
  if (type !== TYPE_STREAM) {
    firstId = yield* readId(input);
    maxDeletedId = yield* readId(input);
    entriesAdded = countOf(input.wideLength() ?? (yield* awaitWideLength(input)));
  }
  const counters = { length, lastId, firstId };
  const groupCount = input.length() ?? (yield* awaitLength(input));
  const groups: StreamGroup[] = [];
  const names = new Set<string>();
  for (let left = groupCount; left > 0; left--) {
    const group = yield* readGroup(input, type, counters);
    if (names.size === names.add(group.name).size)
      throw new RdbFault('RDB_DUPLICATE', 'Duplicated consumer group name');
    groups.push(group);
  }
  const rest = { lastId, firstId, maxDeletedId, entriesAdded, groups };
  return type < TYPE_STREAM_4 ? rest : { ...rest, producers: yield* readProducers(input) };
}

function* readProducers(input: RdbInput): Reading<StreamProducers> {
  const durationSec = yield* readCount(input);
  const maxEntries = yield* readCount(input);
  const count = input.length() ?? (yield* awaitLength(input));
  const producers: StreamProducer[] = [];
  for (let left = count; left > 0; left--) {
    const name = input.text() ?? (yield* awaitText(input));
    const entryCount = input.length() ?? (yield* awaitLength(input));
    const entries: (readonly [string, StreamId])[] = [];
    for (let entry = entryCount; entry > 0; entry--) {
      const producerId = input.text() ?? (yield* awaitText(input));
      entries.push([producerId, yield* readId(input)]);
    }
    producers.push({ name, entries });
  }
  return { durationSec, maxEntries, producers, added: yield* readCount(input), duplicates: yield* readCount(input) };
}

function* readCount(input: RdbInput): Reading<Count> {
  return countOf(input.wideLength() ?? (yield* awaitWideLength(input)));
}

/** A pending entry whose consumer is told later, if it has one. */
interface Delivery extends StreamUnowned {
  consumer: string | undefined;
}

function* readGroup(input: RdbInput, type: number, counters: StreamCounters): Reading<StreamGroup> {
  const name = input.text() ?? (yield* awaitText(input));
  const lastId = yield* readId(input);
  let entriesRead: Count;
  if (type === TYPE_STREAM) {
    entriesRead = estimateEntriesRead(counters, lastId);
  } else {
    entriesRead = countOf(BigInt.asIntN(64, input.wideLength() ?? (yield* awaitWideLength(input))));
  }
  const pendingCount = input.length() ?? (yield* awaitLength(input));
  const byId = new Map<StreamId, Delivery>();
  for (let left = pendingCount; left > 0; left--) {
    const id = yield* readRawId(input);
    const deliveryTimeMs = input.int64() ?? (yield* awaitInt64(input));
    const deliveryCount = countOf(input.wideLength() ?? (yield* awaitWideLength(input)));
    if (byId.has(id)) throw new RdbFault('RDB_DUPLICATE', 'Duplicated global PEL entry loading stream consumer group');
    byId.set(id, { id, consumer: undefined, deliveryTimeMs, deliveryCount });
  }
  const consumers = yield* readConsumers(input, type, byId);
  const unowned = type === TYPE_STREAM_5 ? yield* takeUnowned(input, byId) : [];
  const pending: StreamPending[] = [];
  for (const { id, consumer, deliveryTimeMs, deliveryCount } of byId.values()) {
    if (consumer === undefined) throw new RdbFault('RDB_STRUCTURE', 'Stream CG PEL entry without consumer');
    pending.push({ id, consumer, deliveryTimeMs, deliveryCount });
  }
  return { name, lastId, entriesRead, pending, consumers, ...(unowned.length > 0 && { unowned }) };
}

/** Takes the entries without owner out of the group's. */
function* takeUnowned(input: RdbInput, byId: Map<StreamId, Delivery>): Reading<StreamUnowned[]> {
  const taken: StreamUnowned[] = [];
  const count = input.length() ?? (yield* awaitLength(input));
  for (let left = count; left > 0; left--) {
    const id = yield* readRawId(input);
    const delivery = byId.get(id);
    if (delivery === undefined) throw new RdbFault('RDB_STRUCTURE', 'NACKed entry not found in group global PEL');
    if (delivery.consumer !== undefined) throw new RdbFault('RDB_STRUCTURE', 'NACKed entry has a consumer');
    byId.delete(id);
    const { deliveryTimeMs, deliveryCount } = delivery;
    taken.push({ id, deliveryTimeMs, deliveryCount });
  }
  return taken;
}

function* readConsumers(input: RdbInput, type: number, byId: Map<StreamId, Delivery>): Reading<StreamConsumer[]> {
  const consumers: StreamConsumer[] = [];
  const names = new Set<string>();
  const count = input.length() ?? (yield* awaitLength(input));
  for (let left = count; left > 0; left--) {
    const name = input.text() ?? (yield* awaitText(input));
    if (names.size === names.add(name).size) throw new RdbFault('RDB_DUPLICATE', 'Duplicate stream consumer detected');
    const seenTimeMs = input.int64() ?? (yield* awaitInt64(input));
    const activeTimeMs = type >= TYPE_STREAM_3 ? (input.int64() ?? (yield* awaitInt64(input))) : seenTimeMs;
    const pendingCount = input.length() ?? (yield* awaitLength(input));
    for (let pending = pendingCount; pending > 0; pending--) {
      const id = yield* readRawId(input);
      const delivery = byId.get(id);
      if (delivery === undefined) throw new RdbFault('RDB_STRUCTURE', 'Consumer entry not found in group global PEL');
      if (delivery.consumer !== undefined) throw new RdbFault('RDB_DUPLICATE', 'an entry is pending for two consumers');
      delivery.consumer = name;
    }
    consumers.push({ name, seenTimeMs, activeTimeMs });
  }
  return consumers;
}

function* readId(input: RdbInput): Reading<StreamId> {
  const milliseconds = input.wideLength() ?? (yield* awaitWideLength(input));
  const sequence = input.wideLength() ?? (yield* awaitWideLength(input));
  return `${milliseconds}-${sequence}`;
}

const rawId = allocateLatin1(ID_BYTES);

function* readRawId(input: RdbInput): Reading<StreamId> {
  rawId.latin1Write(input.fixedText(ID_BYTES) ?? (yield* awaitFixedText(input, ID_BYTES)), 0, ID_BYTES);
  return idAt(rawId, 0);
}
