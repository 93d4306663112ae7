/**
 * XREADGROUP: entries that no consumer of the group was given yet (`>`), or those that are pending for one consumer.
 *
 * What is given out is logged entry by entry, with the group's new position behind it:
 *
 *     XCLAIM … LASTID …, for what is pending XCLAIM key group consumer 0 id TIME ms RETRYCOUNT n JUSTID
 *     XGROUP SETID key group last ENTRIESREAD n
 *     XGROUP CREATECONSUMER key group consumer      the consumer is new, and no XCLAIM makes it
 *
 * Redis logs nothing of new consumers, except with NOACK, nor of what is pending: there a restart forgets both.
 */
import {
  addUint64,
  compareStreamIds,
  MAX_STREAM_ID,
  nextStreamId,
  type PendingEntry,
  type StreamConsumer,
  type StreamEntryView,
  type StreamId,
} from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readValue, WRONG_TYPE } from '../lookup.ts';
import type { CommandSpec, Handler } from '../spec.ts';
import { readId, writeEntry, writeId } from './stream-arguments.ts';
import {
  type FoundGroup,
  idOf,
  propagateClaim,
  propagateDelivery,
  propagateLastId,
  quoted,
  seeConsumer,
} from './stream-delivery.ts';
import { advanceGroup } from './stream-progress.ts';
import { endEmptyRead, keysAfterStreams, type ReadWords, readReadWords, StreamsReply } from './stream-read.ts';

const GROUP_MISSING = 'ERR Missing GROUP option for XREADGROUP';
const NO_LAST_ID =
  'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by ' +
  'specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.';

/** One of the streams that are asked for. */
interface Asked extends FoundGroup {
  /** What is pending behind this ID, or undefined for what is new. */
  readonly after: StreamId | undefined;
}

/** Finds all groups and IDs; undefined after the error has been written. */
function readAsked(ctx: CommandContext, request: Request, words: ReadWords, groupName: string): Asked[] | undefined {
  const asked: Asked[] = [];
  for (let i = words.firstKey; i < words.firstKey + words.keyCount; i++) {
    const key = request.key(i);
    const stream = readValue(ctx, key, 'stream');
    if (stream === WRONG_TYPE) return undefined;
    const group = stream?.group(groupName);
    const idIndex = i + words.keyCount;
    if (stream === undefined || group === undefined) {
      const what = `No such key ${quoted(key)} or consumer group ${quoted(groupName)}`;
      ctx.reply.error(`NOGROUP ${what} in XREADGROUP with GROUP option`);
      return undefined;
    }
    if (request.is(idIndex, '$')) {
      ctx.reply.error(NO_LAST_ID);
      return undefined;
    }
    const isNew = request.is(idIndex, '>');
    const after = isNew ? undefined : readId(ctx, request, idIndex);
    if (!isNew && after === undefined) return undefined;
    // The greatest ID means the same to Redis.
    const isGreatest = after !== undefined && compareStreamIds(after, MAX_STREAM_ID) === 0;
    asked.push({ key, stream, group, after: isGreatest ? undefined : after });
  }
  return asked;
}

const readGroupHandler: Handler = (ctx, request) => {
  const words = readReadWords(ctx, request, true);
  if (words === undefined) return;
  if (words.group === undefined) return ctx.reply.error(GROUP_MISSING);
  const { name, consumer: consumerName } = words.group;
  const asked = readAsked(ctx, request, words, name);
  if (asked === undefined) return;
  ctx.propagateNothing();
  const answer = new StreamsReply(ctx.reply);
  for (const one of asked) {
    // The second look-up counts in the statistics, as the real one does; the third is for who keeps old values.
    ctx.db.lookupRead(one.key);
    ctx.db.lookupWrite(one.key);
    const top = one.stream.topId();
    const hasNew = top !== undefined && compareStreamIds(top, one.group.lastId) > 0;
    if (one.after === undefined && !hasNew) {
      const asking = one.group.consumer(consumerName);
      if (asking !== undefined) asking.seenAtMs = ctx.nowMs;
      continue;
    }
    const isNewConsumer = one.group.consumer(consumerName) === undefined;
    const consumer = seeConsumer(ctx, one.group, consumerName);
    if (isNewConsumer && (words.noAcknowledge || one.after !== undefined)) {
      ctx.propagate(['XGROUP', 'CREATECONSUMER', one.key, name, consumerName]);
    }
    answer.begin(one.key);
    if (one.after === undefined) giveNew(ctx, one, consumer, words);
    else givePending(ctx, one, consumer, nextStreamId(one.after) ?? MAX_STREAM_ID, words.count);
    ctx.keyspace.dirty++;
  }
  if (answer.isEmpty) endEmptyRead(ctx, request, words);
  else answer.end();
};

function giveNew(ctx: CommandContext, asked: Asked, consumer: StreamConsumer, words: ReadWords): void {
  const { reply, nowMs } = ctx;
  const { stream, group } = asked;
  const hold = reply.defer();
  let count = 0;
  const give = (entry: StreamEntryView): boolean => {
    const id = idOf(entry);
    advanceGroup(group, stream, id);
    writeEntry(reply, entry);
    if (!words.noAcknowledge) {
      const pending: PendingEntry = { ...id, consumer: consumer.name, deliveredAtMs: nowMs, deliveryCount: 1 };
      group.deliver(pending);
      propagateClaim(ctx, asked, pending);
    }
    return ++count !== words.count;
  };
  stream.visit(nextStreamId(group.lastId) ?? MAX_STREAM_ID, MAX_STREAM_ID, false, give);
  consumer.activeAtMs = nowMs;
  propagateLastId(ctx, asked);
  reply.closeArray(hold, count);
}

/** Gives entries again that are pending for the consumer; of those that are gone only the ID. */
function givePending(ctx: CommandContext, asked: Asked, consumer: StreamConsumer, from: StreamId, limit: number): void {
  const { reply, nowMs } = ctx;
  const hold = reply.defer();
  let count = 0;
  for (const pending of consumer.pending.ascending(from)) {
    let isThere = false;
    asked.stream.visit(pending, pending, false, (entry) => {
      writeEntry(reply, entry);
      isThere = true;
      return false;
    });
    if (isThere) {
      const again = { ...pending, deliveredAtMs: nowMs, deliveryCount: addUint64(pending.deliveryCount, 1) };
      asked.group.deliver(again);
      propagateDelivery(ctx, asked, again);
      consumer.activeAtMs = nowMs;
    } else {
      reply.array(2);
      writeId(reply, pending);
      reply.nullArray();
    }
    if (++count === limit) break;
  }
  reply.closeArray(hold, count);
}

export const streamGroupReadCommands: readonly CommandSpec[] = [
  {
    name: 'xreadgroup',
    arity: -7,
    flags: ['write', 'blocking', 'movablekeys'],
    categories: ['stream'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Answers entries of streams that no consumer of a group was given yet, or those pending for one.',
    complexity: 'O(log(M)+N) for each stream, where M is the number of nodes and N that of the entries answered.',
    keySpecs: [
      {
        flags: ['RO', 'access'],
        begin: { keyword: 'STREAMS', startFrom: 4 },
        find: { last: -1, step: 1, limit: 2 },
      },
    ],
    getKeys: keysAfterStreams(4),
    handler: readGroupHandler,
  },
];
