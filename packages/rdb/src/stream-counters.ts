/** What can be told of a stream's counters where a file does not hold them: versions before 7.0 did not count. */

import type { Count, StreamId } from './entries.ts';
import { compareIds } from './stream-id.ts';

/** A stream of which nothing was ever deleted, as far as is known. */
export interface StreamCounters {
  readonly length: number;
  readonly firstId: StreamId;
  readonly lastId: StreamId;
}

/**
 * How many entries a group has read whose last one is `groupLastId`; -1 if that cannot be told.
 *
 * Source: Redis t_stream.c, streamEstimateDistanceFromFirstEverEntry.
 */
export function estimateEntriesRead(stream: StreamCounters, groupLastId: StreamId): Count {
  if (stream.length === 0) return 0;
  const toLast = compareIds(groupLastId, stream.lastId);
  if (toLast === 0) return stream.length;
  if (toLast > 0) return -1;
  const toFirst = compareIds(groupLastId, stream.firstId);
  return toFirst < 0 ? 0 : toFirst === 0 ? 1 : -1;
}
