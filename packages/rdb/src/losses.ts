/** What a target's format cannot hold: told, never dropped in silence. */

import type { RdbKeyHead, RdbValue, StreamValue } from './entries.ts';
import { estimateEntriesRead } from './stream-counters.ts';
import { ZERO_ID } from './stream-id.ts';
import type { TargetFormat } from './targets.ts';

/** Stable codes. */
export type RdbLossCode =
  /** A key whose type the target does not know, or that was passed over when reading: not written. */
  | 'key'
  /** When single fields of a hash expire: the hash is written, its fields stay for ever. */
  | 'hash-field-expiry'
  /** Entries added, greatest deleted ID and what groups have read: the target estimates them. */
  | 'stream-counters'
  /** When consumers were active last: the target takes when they were seen last. */
  | 'stream-active-time'
  /** Pending entries that nobody owns (Redis 8.8): they are not written, as if they had been acknowledged. */
  | 'stream-unowned-pending'
  /** What a stream remembers of producers (Redis 8.6): an entry that is sent again will be there twice. */
  | 'stream-producers'
  /** How long a key was idle, or how often it was used. */
  | 'usage'
  /** A function library: not written. */
  | 'function'
  /** A module's value or data, which only the module could read: not written. */
  | 'module'
  /** A slot's migration that was under way: not written. */
  | 'slot-import';

/** One thing that a file does not hold though it was given. */
export interface RdbLoss {
  readonly code: RdbLossCode;
  readonly database: number | undefined;
  readonly key: string | undefined;
}

/** What is lost of a value when it is written in this format. `key`: the value itself. */
export function lossesOfValue(value: RdbValue, format: TargetFormat): RdbLossCode[] {
  if (value.type === 'hash') {
    const isLost = !format.hasFieldExpiry && value.value.some(([, , expireAtMs]) => expireAtMs !== undefined);
    return isLost ? ['hash-field-expiry'] : [];
  }
  return value.type === 'stream' ? lossesOfStream(value.value, value.value.entries.length, format) : [];
}

/**
 * What is lost of a stream.
 *
 * @param length how many entries it has; `stream.entries` is not looked at
 */
export function lossesOfStream(
  stream: Omit<StreamValue, 'entries'>,
  length: number,
  format: TargetFormat,
): RdbLossCode[] {
  if (!format.hasStreams) return ['key'];
  const losses: RdbLossCode[] = [];
  losses.push(...newStreamLosses(stream));
  if (!format.hasListpacks && !areCountersEstimable(stream, length)) losses.push('stream-counters');
  const hasActiveTimes = stream.groups.some(({ consumers }) =>
    consumers.some(({ seenTimeMs, activeTimeMs }) => seenTimeMs !== activeTimeMs),
  );
  if (!format.hasSetListpacks && hasActiveTimes) losses.push('stream-active-time');
  return losses;
}

/** What streams have since Redis 8.6 and 8.8: no target holds it. */
export function newStreamLosses({
  groups,
  producers,
}: Pick<StreamValue, 'groups' | 'producers'>): ('stream-unowned-pending' | 'stream-producers')[] {
  const losses: ('stream-unowned-pending' | 'stream-producers')[] = [];
  if (groups.some(({ unowned }) => unowned !== undefined)) losses.push('stream-unowned-pending');
  if (producers !== undefined && producers.producers.length > 0) losses.push('stream-producers');
  return losses;
}

/** Whether a reader without the counters would come to the same ones. */
function areCountersEstimable(stream: Omit<StreamValue, 'entries'>, length: number): boolean {
  const { lastId, firstId, maxDeletedId, entriesAdded, groups } = stream;
  if (entriesAdded !== length || maxDeletedId !== ZERO_ID) return false;
  return groups.every((group) => group.entriesRead === estimateEntriesRead({ length, firstId, lastId }, group.lastId));
}

/** Whether idle time or frequency of a key are lost. */
export function isUsageLost(head: RdbKeyHead, format: TargetFormat): boolean {
  return !format.hasStreams && (head.idleSec !== undefined || head.frequency !== undefined);
}
