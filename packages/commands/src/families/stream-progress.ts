/**
 * How far groups have come: how many entries lie before an ID, those included that are gone, and how many lie behind it.
 *
 * A stream counts what was ever added; of single IDs it can tell the number only where no entry inside the stream was
 * removed by XDEL. Elsewhere the answer is "unknown".
 *
 * Source: Redis t_stream.c, of 7.0.
 */
import {
  addUint64,
  compareStreamIds,
  type Integer64,
  MIN_STREAM_ID,
  type StreamGroup,
  type StreamId,
  type StreamValue,
  subtractInt64,
  UNKNOWN_ENTRIES_READ,
} from '@aof/keyspace';

/** Whether an entry at or behind `start` may have been removed from inside. */
function hasTombstones(stream: StreamValue, start: StreamId): boolean {
  const { length, maxDeletedId, firstId } = stream;
  if (length === 0 || compareStreamIds(maxDeletedId, MIN_STREAM_ID) === 0) return false;
  if (compareStreamIds(maxDeletedId, firstId) < 0) return false;
  return compareStreamIds(start, maxDeletedId) <= 0;
}

/** The number of the entry `id` among all that were ever added, from 1; or UNKNOWN_ENTRIES_READ. */
function ordinalOf(stream: StreamValue, id: StreamId): Integer64 {
  const { entriesAdded, length, lastId, firstId, maxDeletedId } = stream;
  if (entriesAdded === 0) return 0;
  const toLast = compareStreamIds(id, lastId);
  if (length === 0 && toLast <= 0) return entriesAdded;
  if (toLast === 0) return entriesAdded;
  if (toLast > 0) return UNKNOWN_ENTRIES_READ;
  const isWhole = compareStreamIds(maxDeletedId, MIN_STREAM_ID) === 0 || compareStreamIds(maxDeletedId, firstId) < 0;
  if (!isWhole) return UNKNOWN_ENTRIES_READ;
  const toFirst = compareStreamIds(id, firstId);
  if (toFirst > 0) return UNKNOWN_ENTRIES_READ;
  return subtractInt64(entriesAdded, length - (toFirst === 0 ? 1 : 0));
}

/** Moves the group on to an entry behind those that it has been given. */
export function advanceGroup(group: StreamGroup, stream: StreamValue, id: StreamId): void {
  if (group.entriesRead !== UNKNOWN_ENTRIES_READ && !hasTombstones(stream, id)) {
    group.entriesRead = addUint64(group.entriesRead, 1);
  } else if (stream.entriesAdded !== 0) {
    group.entriesRead = ordinalOf(stream, id);
  }
  group.lastId = id;
}

/** How many entries the group has still to be given; undefined if that cannot be told. */
export function lagOf(group: StreamGroup, stream: StreamValue): Integer64 | undefined {
  const { entriesAdded } = stream;
  if (entriesAdded === 0) return 0;
  const isCounted = group.entriesRead !== UNKNOWN_ENTRIES_READ && !hasTombstones(stream, group.lastId);
  const read = isCounted ? group.entriesRead : ordinalOf(stream, group.lastId);
  return read === UNKNOWN_ENTRIES_READ ? undefined : subtractInt64(entriesAdded, read);
}
