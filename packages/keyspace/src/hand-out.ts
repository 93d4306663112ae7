/**
 * The whole data set handed out in one go, for whoever may stop the server that long (SAVE, SHUTDOWN). Beside a snapshot that is
 * open, for it leaves no mark on what it passes.
 *
 * Invariants: nothing changes; every key that has not expired is handed out exactly once; large collections go out in pieces.
 */

import { type BytesVisitor, type EntryVisitor, NO_EXPIRY } from './dictionary.ts';
import type { Keyspace } from './keyspace.ts';
import type { LargeEntry, SnapshotOptions } from './snapshot.ts';
import { type FrozenItems, isSmall, nothingToRelease } from './values/frozen.ts';
import type { Value } from './values/value.ts';

/** Hands out everything before it returns; nothing may change the keyspace meanwhile. */
export function handOutAll(keyspace: Keyspace, { nowMs, sink }: SnapshotOptions): void {
  let database = 0;
  const hasExpired = (expireAtMs: number): boolean => expireAtMs !== NO_EXPIRY && nowMs > expireAtMs;
  const visit: EntryVisitor = (key, value, expireAtMs) => {
    if (hasExpired(expireAtMs)) return;
    const content = isSmall(value) ? undefined : liveItems(value);
    if (content === undefined) sink.writeValue(database, key, value, expireAtMs);
    else writePieces({ database, key, expireAtMs, content }, (entry) => sink.writePiece(entry));
  };
  let visitBytes: BytesVisitor | undefined;
  if (sink.writeStringBytes !== undefined) {
    visitBytes = (bytes, keyStart, valueStart, valueEnd, expireAtMs) => {
      if (hasExpired(expireAtMs)) return;
      sink.writeStringBytes?.(database, bytes, keyStart, valueStart, valueEnd, expireAtMs);
    };
  }
  for (const { index, dictionary } of keyspace.databases) {
    database = index;
    dictionary.visitAll(visit, visitBytes);
  }
}

function writePieces(entry: LargeEntry, write: (entry: LargeEntry) => boolean): void {
  while (!write(entry));
}

/** A collection as it is read piece by piece; nothing needs to be frozen where nothing changes. Others go out whole. */
function liveItems(value: Value): FrozenItems | undefined {
  if (typeof value === 'string') return undefined;
  const release = nothingToRelease;
  switch (value.type) {
    case 'list':
      return { type: 'list', size: value.length, items: value[Symbol.iterator](), release };
    case 'set':
      return { type: 'set', size: value.size, items: value.members()[Symbol.iterator](), release };
    case 'hash':
      return { type: 'hash', size: value.size, items: value.entries()[Symbol.iterator](), release };
    case 'zset':
      return { type: 'zset', size: value.size, items: value.pairs()[Symbol.iterator](), release };
    default:
      return undefined;
  }
}
