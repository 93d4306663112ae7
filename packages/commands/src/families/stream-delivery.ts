/**
 * What the commands of consumer groups share: groups and consumers by name, deliveries, and their records.
 *
 * A delivery is logged as what came of it, an XCLAIM for each entry, with which a replay needs neither the clock nor the
 * consumer's reading:
 *
 *     XCLAIM key group consumer 0 id TIME ms RETRYCOUNT n FORCE JUSTID LASTID last
 */
import {
  type PendingEntry,
  type StreamConsumer,
  type StreamGroup,
  type StreamId,
  type StreamValue,
  streamIdText,
  type Value,
} from '@aof/keyspace';
import type { CommandContext } from '../context.ts';
import { checkType, WRONG_TYPE } from '../lookup.ts';

/** A group where it was found. */
export interface FoundGroup {
  readonly key: string;
  readonly stream: StreamValue;
  readonly group: StreamGroup;
}

/** A name in an error: up to a zero byte. */
export function quoted(text: string): string {
  const zero = text.indexOf('\0');
  return `'${zero < 0 ? text : text.slice(0, zero)}'`;
}

/** The group; undefined after the error has been written. */
export function readGroup(ctx: CommandContext, key: string, name: string): FoundGroup | undefined {
  return groupIn(ctx, ctx.db.lookupRead(key), key, name);
}

/** The group in what was found under `key`; undefined after the error has been written. */
export function groupIn(
  ctx: CommandContext,
  value: Value | undefined,
  key: string,
  name: string,
): FoundGroup | undefined {
  const stream = checkType(ctx, value, 'stream');
  if (stream === WRONG_TYPE) return undefined;
  const group = stream?.group(name);
  if (stream !== undefined && group !== undefined) return { key, stream, group };
  ctx.reply.error(`NOGROUP No such key ${quoted(key)} or consumer group ${quoted(name)}`);
  return undefined;
}

/** The consumer, a new one if need be, which counts as a change; either way it has been seen now. */
export function seeConsumer(ctx: CommandContext, group: StreamGroup, name: string): StreamConsumer {
  const found = group.consumer(name);
  if (found !== undefined) {
    found.seenAtMs = ctx.nowMs;
    return found;
  }
  ctx.keyspace.dirty++;
  return group.addConsumer(name, ctx.nowMs);
}

/** Logs that an entry is pending as `entry` tells. */
export function propagateClaim(ctx: CommandContext, { key, group }: FoundGroup, entry: PendingEntry): void {
  const delivery = ['TIME', String(entry.deliveredAtMs), 'RETRYCOUNT', String(entry.deliveryCount)];
  const rest = ['FORCE', 'JUSTID', 'LASTID', streamIdText(group.lastId)];
  ctx.propagate(['XCLAIM', key, group.name, entry.consumer, '0', streamIdText(entry), ...delivery, ...rest]);
}

/** Logs that a pending entry was delivered again. */
export function propagateDelivery(ctx: CommandContext, { key, group }: FoundGroup, entry: PendingEntry): void {
  const delivery = ['TIME', String(entry.deliveredAtMs), 'RETRYCOUNT', String(entry.deliveryCount)];
  ctx.propagate(['XCLAIM', key, group.name, entry.consumer, '0', streamIdText(entry), ...delivery, 'JUSTID']);
}

/** Logs how far the group has come. */
export function propagateLastId(ctx: CommandContext, { key, group }: FoundGroup): void {
  const read = ['ENTRIESREAD', String(group.entriesRead)];
  ctx.propagate(['XGROUP', 'SETID', key, group.name, streamIdText(group.lastId), ...read]);
}

/** Milliseconds since the entry was delivered. */
export function idleMs(ctx: CommandContext, { deliveredAtMs }: PendingEntry): number {
  return ctx.nowMs - deliveredAtMs;
}

/** The ID alone, of something that has more. */
export function idOf({ ms, seq }: StreamId): StreamId {
  return { ms, seq };
}
