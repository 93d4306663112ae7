/** Pending entries: looked at (XPENDING), taken over by another consumer (XCLAIM, XAUTOCLAIM). */
import {
  addUint64,
  compareStreamIds,
  type Integer64,
  MIN_STREAM_ID,
  nextStreamId,
  type PendingEntry,
  type StreamConsumer,
  type StreamId,
} from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger } from '../lookup.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { parseId, readEnd, readId, readStart, writeEntry, writeId } from './stream-arguments.ts';
import {
  type FoundGroup,
  groupIn,
  idleMs,
  idOf,
  propagateClaim,
  propagateLastId,
  quoted,
  readGroup,
  seeConsumer,
} from './stream-delivery.ts';

const COUNT_NOT_POSITIVE = 'ERR COUNT must be > 0';
const AUTOCLAIM_COUNT = 100;
/** For each entry to be claimed so many are looked at. */
const ATTEMPTS = 10;
/** Source: Redis t_stream.c: LONG_MAX by the size of an ID. */
const MAX_COUNT = 2n ** 63n / 16n - 1n;

// Claiming ------------------------------------------------------------------------------------------------------------

/** What XCLAIM is told beside the IDs. */
interface ClaimWords {
  ids: StreamId[];
  force: boolean;
  justId: boolean;
  /** Milliseconds since the Unix epoch. */
  deliveredAtMs: number;
  /** Undefined: one more than before. */
  deliveryCount: Integer64 | undefined;
  lastId: StreamId;
}

/** Reads IDs and words from argument 5 on; undefined after the error has been written. */
function readClaimWords(ctx: CommandContext, request: Request): ClaimWords | undefined {
  const { nowMs, reply } = ctx;
  const words: ClaimWords = {
    ids: [],
    force: false,
    justId: false,
    deliveredAtMs: nowMs,
    deliveryCount: undefined,
    lastId: MIN_STREAM_ID,
  };
  let i = 5;
  for (; i < request.count; i++) {
    const id = parseId(request.latin1(i));
    if (id === undefined) break;
    words.ids.push(id);
  }
  for (; i < request.count; i++) {
    const hasMore = i + 1 < request.count;
    if (request.is(i, 'force')) words.force = true;
    else if (request.is(i, 'justid')) words.justId = true;
    else if (hasMore && (request.is(i, 'idle') || request.is(i, 'time'))) {
      const isIdle = request.is(i, 'idle');
      const error = `ERR Invalid ${isIdle ? 'IDLE' : 'TIME'} option argument for XCLAIM`;
      const given = readInteger(ctx, request, ++i, error);
      if (given === undefined) return undefined;
      const time = isIdle ? nowMs - given : given;
      // Clients' clocks may be ahead, or their sums wrong: what cannot be was now.
      words.deliveredAtMs = time < 0 || time > nowMs ? nowMs : time;
    } else if (hasMore && request.is(i, 'retrycount')) {
      const count = request.integer(++i);
      if (count === undefined) return refuse(ctx, 'ERR Invalid RETRYCOUNT option argument for XCLAIM');
      words.deliveryCount = count < 0 ? undefined : count;
    } else if (hasMore && request.is(i, 'lastid')) {
      const id = readId(ctx, request, ++i);
      if (id === undefined) return undefined;
      words.lastId = id;
    } else {
      reply.error(`ERR Unrecognized XCLAIM option ${quoted(request.latin1(i))}`);
      return undefined;
    }
  }
  return words;
}

function refuse(ctx: CommandContext, error: string): undefined {
  ctx.reply.error(error);
}

const claim: Handler = (ctx, request) => {
  const { reply } = ctx;
  const found = readGroup(ctx, request.key(1), request.latin1(2));
  if (found === undefined) return;
  const minIdleMs = readInteger(ctx, request, 4, 'ERR Invalid min-idle-time argument for XCLAIM');
  if (minIdleMs === undefined) return;
  const words = readClaimWords(ctx, request);
  if (words === undefined) return;
  ctx.db.lookupWrite(found.key);
  ctx.propagateNothing();
  const { group } = found;
  let isLastIdNew = compareStreamIds(words.lastId, group.lastId) > 0;
  if (isLastIdNew) group.lastId = words.lastId;
  const hold = reply.defer();
  let count = 0;
  for (const id of words.ids) {
    const before = group.pending.get(id);
    if (!found.stream.has(id)) {
      if (before !== undefined) {
        forget(ctx, found, before);
        isLastIdNew = false;
      }
      continue;
    }
    if (before === undefined ? !words.force : idleMs(ctx, before) < minIdleMs) continue;
    const consumer = seeConsumer(ctx, group, request.latin1(3));
    const deliveries = before?.deliveryCount ?? 1;
    deliver(ctx, found, consumer, {
      ...id,
      consumer: consumer.name,
      deliveredAtMs: words.deliveredAtMs,
      deliveryCount: words.deliveryCount ?? (words.justId ? deliveries : addUint64(deliveries, 1)),
    });
    isLastIdNew = false;
    writeClaimed(ctx, found, id, words.justId);
    count++;
  }
  if (isLastIdNew) {
    propagateLastId(ctx, found);
    ctx.keyspace.dirty++;
  }
  reply.closeArray(hold, count);
};

/** An entry that is gone is no longer pending; the replay of its claim finds that out as well. */
function forget(ctx: CommandContext, found: FoundGroup, entry: PendingEntry): void {
  propagateClaim(ctx, found, entry);
  found.group.acknowledge(entry);
  ctx.keyspace.dirty++;
}

function deliver(ctx: CommandContext, found: FoundGroup, consumer: StreamConsumer, entry: PendingEntry): void {
  found.group.deliver(entry);
  consumer.activeAtMs = ctx.nowMs;
  propagateClaim(ctx, found, entry);
  ctx.keyspace.dirty++;
}

function writeClaimed(ctx: CommandContext, { stream }: FoundGroup, id: StreamId, justId: boolean): void {
  if (justId) return writeId(ctx.reply, id);
  stream.visit(id, id, false, (entry) => {
    writeEntry(ctx.reply, entry);
    return false;
  });
}

const autoClaim: Handler = (ctx, request) => {
  const { reply } = ctx;
  // Looked up first, and only then looked at: errors in the arguments win, but it counts.
  const value = ctx.db.lookupRead(request.key(1));
  const minIdleMs = readInteger(ctx, request, 4, 'ERR Invalid min-idle-time argument for XAUTOCLAIM');
  if (minIdleMs === undefined) return;
  const start = readStart(ctx, request, 5);
  if (start === undefined) return;
  let count = AUTOCLAIM_COUNT;
  let justId = false;
  for (let i = 6; i < request.count; i++) {
    if (request.is(i, 'count') && i + 1 < request.count) {
      const given = request.integer(++i);
      if (given === undefined || given < 1 || given > MAX_COUNT) return reply.error(COUNT_NOT_POSITIVE);
      count = Number(given);
    } else if (request.is(i, 'justid')) justId = true;
    else return reply.error(SYNTAX_ERROR);
  }
  const found = groupIn(ctx, value, request.key(1), request.latin1(2));
  if (found === undefined) return;
  ctx.db.lookupWrite(found.key);
  ctx.propagateNothing();
  const claimed: StreamId[] = [];
  const gone: StreamId[] = [];
  let next = found.group.pending.ceiling(start);
  for (let attempts = count * ATTEMPTS; next !== undefined && attempts > 0 && count > 0; attempts--) {
    const entry = next;
    if (!found.stream.has(entry)) {
      forget(ctx, found, entry);
      gone.push(idOf(entry));
      count--;
    } else if (minIdleMs <= 0 || idleMs(ctx, entry) >= minIdleMs) {
      const consumer = seeConsumer(ctx, found.group, request.latin1(3));
      const deliveryCount = justId ? entry.deliveryCount : addUint64(entry.deliveryCount, 1);
      deliver(ctx, found, consumer, { ...entry, consumer: consumer.name, deliveredAtMs: ctx.nowMs, deliveryCount });
      claimed.push(idOf(entry));
      count--;
    }
    const following = nextStreamId(entry);
    next = following && found.group.pending.ceiling(following);
  }
  reply.array(3);
  writeId(reply, next ?? MIN_STREAM_ID);
  reply.array(claimed.length);
  for (const id of claimed) writeClaimed(ctx, found, id, justId);
  reply.array(gone.length);
  for (const id of gone) writeId(reply, id);
};

// Looking -------------------------------------------------------------------------------------------------------------

/** XPENDING's long form. */
interface PendingRange {
  readonly start: StreamId;
  readonly end: StreamId;
  readonly count: number;
  readonly minIdleMs: number;
  readonly consumer: string | undefined;
}

/** Reads `[IDLE ms] start end count [consumer]`; undefined after the error has been written. */
function readPendingRange(ctx: CommandContext, request: Request): PendingRange | undefined {
  const hasIdle = request.is(3, 'idle');
  const minIdleMs = hasIdle ? readInteger(ctx, request, 4) : 0;
  if (minIdleMs === undefined) return undefined;
  if (hasIdle && request.count < 8) return refuse(ctx, SYNTAX_ERROR);
  const at = hasIdle ? 5 : 3;
  const count = readInteger(ctx, request, at + 2);
  if (count === undefined) return undefined;
  const start = readStart(ctx, request, at);
  if (start === undefined) return undefined;
  const end = readEnd(ctx, request, at + 1);
  if (end === undefined) return undefined;
  const consumer = at + 3 < request.count ? request.latin1(at + 3) : undefined;
  return { start, end, count: Math.max(0, count), minIdleMs, consumer };
}

const pending: Handler = (ctx, request) => {
  const isShort = request.count === 3;
  if (!isShort && (request.count < 6 || request.count > 9)) return ctx.reply.error(SYNTAX_ERROR);
  const range = isShort ? undefined : readPendingRange(ctx, request);
  if (!isShort && range === undefined) return;
  const found = readGroup(ctx, request.key(1), request.latin1(2));
  if (found === undefined) return;
  if (range === undefined) writePendingSummary(ctx, found);
  else writePendingRange(ctx, found, range);
};

function writePendingSummary({ reply }: CommandContext, { group }: FoundGroup): void {
  const [first, last] = [group.pending.first(), group.pending.last()];
  reply.array(4);
  reply.integer(group.pending.size);
  if (first === undefined || last === undefined) {
    reply.nullBulk();
    reply.nullBulk();
    reply.nullArray();
    return;
  }
  writeId(reply, first);
  writeId(reply, last);
  const consumers = group.consumers().filter((consumer) => consumer.pending.size > 0);
  reply.array(consumers.length);
  for (const consumer of consumers) {
    reply.array(2);
    reply.bulk(consumer.name);
    reply.bulk(String(consumer.pending.size));
  }
}

function writePendingRange(ctx: CommandContext, { group }: FoundGroup, range: PendingRange): void {
  const { reply } = ctx;
  const { start, end, minIdleMs, consumer } = range;
  const list = consumer === undefined ? group.pending : group.consumer(consumer)?.pending;
  if (list === undefined) return reply.array(0);
  const hold = reply.defer();
  let count = 0;
  if (range.count > 0) {
    for (const entry of list.ascending(start)) {
      if (compareStreamIds(entry, end) > 0) break;
      if (minIdleMs !== 0 && idleMs(ctx, entry) < minIdleMs) continue;
      reply.array(4);
      writeId(reply, entry);
      reply.bulk(entry.consumer);
      reply.integer(Math.max(0, idleMs(ctx, entry)));
      reply.integer(entry.deliveryCount);
      if (++count === range.count) break;
    }
  }
  reply.closeArray(hold, count);
}

const family = { categories: ['stream'], group: 'stream', tips: ['nondeterministic_output'] } as const;

export const streamClaimCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'xclaim',
    arity: -6,
    flags: ['write', 'fast'],
    since: '5.0.0',
    summary: 'Makes entries pending for another consumer.',
    complexity: 'O(log(N)) for each entry, where N is the number of pending ones.',
    keySpecs: [keys('RW update')],
    handler: claim,
  },
  {
    ...family,
    name: 'xautoclaim',
    arity: -6,
    flags: ['write', 'fast'],
    since: '6.2.0',
    summary: 'Makes entries that have been pending for long pending for another consumer.',
    complexity: 'O(1) if COUNT is small.',
    keySpecs: [keys('RW delete')],
    handler: autoClaim,
  },
  {
    ...family,
    name: 'xpending',
    arity: -3,
    flags: ['readonly'],
    since: '5.0.0',
    summary: 'Answers what is pending for the consumers of a group.',
    complexity: 'O(N) for N entries or consumers answered; with IDLE for N entries looked at.',
    keySpecs: [keys('RO access')],
    handler: pending,
  },
];
