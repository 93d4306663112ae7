/**
 * Streams: entries added, counted, removed. Ranges and XREAD are in stream-read.ts, trimming in stream-trim.ts; consumer
 * groups in stream-group.ts, stream-group-read.ts and stream-claim.ts; XINFO in stream-info.ts.
 */
import {
  compareStreamIds,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  type StreamId,
  StreamValue,
  streamIdText,
} from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import { readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { completeId, generateId, readId, readIds, writeId } from './stream-arguments.ts';
import { streamClaimCommands } from './stream-claim.ts';
import { streamGroupCommands } from './stream-group.ts';
import { streamGroupReadCommands } from './stream-group-read.ts';
import { streamInfoCommand } from './stream-info.ts';
import { streamReadCommands } from './stream-read.ts';
import { exactArguments, readTrimWords, streamTrimCommands, type TrimWords, trimStream } from './stream-trim.ts';

const ID_ZERO = 'ERR The ID specified in XADD must be greater than 0-0';
const EXHAUSTED = 'ERR The stream has exhausted the last possible ID, unable to add more items';
const ID_TOO_SMALL = 'ERR The ID specified in XADD is equal or smaller than the target stream top item';
const TOO_LARGE = 'ERR Elements are too large to be stored';
const ADDED_NEGATIVE = 'ERR entries_added must be positive';
const SET_BELOW_GIVEN = 'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id';
const SET_BELOW_TOP = 'ERR The ID specified in XSETID is smaller than the target stream top item';
const ADDED_BELOW_LENGTH = 'ERR The entries_added specified in XSETID is smaller than the target stream length';

/** An entry is part of one string: V8's end below 512 MiB. */
const ENTRY_MAX_BYTES = 500 << 20;

/** The ID of the new entry; undefined if it would not lie behind the last one. */
function newId({ id }: TrimWords, last: StreamId, nowMs: number): StreamId | undefined {
  if (id === undefined) return generateId(last, nowMs);
  const found = id.hasSequence ? id : completeId(id, last);
  return found !== undefined && compareStreamIds(found, last) > 0 ? { ms: found.ms, seq: found.seq } : undefined;
}

function entryBytes(request: Request, from: number): number {
  let bytes = 0;
  for (let i = from; i < request.count; i++) bytes += request.length(i);
  return bytes;
}

const xadd: Handler = (ctx, request) => {
  const { reply } = ctx;
  const words = readTrimWords(ctx, request, true);
  if (words === undefined) return;
  const from = words.idIndex + 1;
  const count = request.count - from;
  if (count < 2 || count % 2 === 1) return reply.error(wrongArity('xadd'));
  const given = words.id;
  if (given?.hasSequence && compareStreamIds(given, MIN_STREAM_ID) === 0) return reply.error(ID_ZERO);
  const key = request.key(1);
  const found = writeValue(ctx, key, 'stream');
  if (found === WRONG_TYPE) return;
  if (found === undefined && words.noMakeStream) return reply.nullBulk();
  const stream = found ?? new StreamValue();
  if (compareStreamIds(stream.lastId, MAX_STREAM_ID) === 0) return reply.error(EXHAUSTED);
  const id = newId(words, stream.lastId, ctx.nowMs);
  if (id === undefined) return reply.error(ID_TOO_SMALL);
  if (entryBytes(request, from) > ENTRY_MAX_BYTES) return reply.error(TOO_LARGE);
  const fields: string[] = [];
  for (let i = from; i < request.count; i++) fields.push(request.latin1(i));
  stream.append(id, fields, ctx.keyspace.thresholds);
  writeId(reply, id);
  if (found === undefined) ctx.db.set(key, stream);
  else ctx.db.touched(key);
  ctx.keyspace.dirty++;
  if (words.keep !== undefined) trimStream(stream, words);
  if (given?.hasSequence && !words.isApproximate) return;
  const args = exactArguments(request, stream, words);
  if (!given?.hasSequence) args[words.idIndex] = streamIdText(id);
  ctx.propagate(args);
};

const xlen: Handler = (ctx, request) => {
  const stream = readValue(ctx, request.key(1), 'stream');
  if (stream !== WRONG_TYPE) ctx.reply.integer(stream?.length ?? 0);
};

const xdel: Handler = (ctx, request) => {
  const key = request.key(1);
  const stream = writeValue(ctx, key, 'stream');
  if (stream === WRONG_TYPE) return;
  if (stream === undefined) return ctx.reply.integer(0);
  const ids = readIds(ctx, request, 2);
  if (ids === undefined) return;
  let removed = 0;
  for (const id of ids) if (stream.delete(id)) removed++;
  if (removed > 0) ctx.db.touched(key);
  ctx.keyspace.dirty += removed;
  ctx.reply.integer(removed);
};

const xsetid: Handler = (ctx, request) => {
  const { reply } = ctx;
  const id = readId(ctx, request, 2);
  if (id === undefined) return;
  let entriesAdded: number | bigint | undefined;
  let maxDeletedId = MIN_STREAM_ID;
  for (let i = 3; i < request.count; i += 2) {
    const hasMore = i + 1 < request.count;
    if (hasMore && request.is(i, 'entriesadded')) {
      entriesAdded = request.integer(i + 1);
      if (entriesAdded === undefined) return reply.error(NOT_AN_INTEGER);
      if (entriesAdded < 0) return reply.error(ADDED_NEGATIVE);
    } else if (hasMore && request.is(i, 'maxdeletedid')) {
      const deleted = readId(ctx, request, i + 1);
      if (deleted === undefined) return;
      if (compareStreamIds(id, deleted) < 0) return reply.error(SET_BELOW_GIVEN);
      maxDeletedId = deleted;
    } else {
      return reply.error(SYNTAX_ERROR);
    }
  }
  const stream = writeValue(ctx, request.key(1), 'stream');
  if (stream === WRONG_TYPE) return;
  if (stream === undefined) return reply.error(NO_SUCH_KEY);
  const top = stream.topId();
  if (top !== undefined && compareStreamIds(id, top) < 0) return reply.error(SET_BELOW_TOP);
  if (top !== undefined && entriesAdded !== undefined && entriesAdded < stream.length) {
    return reply.error(ADDED_BELOW_LENGTH);
  }
  stream.lastId = id;
  if (entriesAdded !== undefined) stream.entriesAdded = entriesAdded;
  if (compareStreamIds(maxDeletedId, MIN_STREAM_ID) !== 0) stream.maxDeletedId = maxDeletedId;
  // As in Redis WATCH does not see this, nor what happens to groups.
  ctx.keyspace.dirty++;
  reply.ok();
};

const family = { categories: ['stream'], group: 'stream', since: '5.0.0' } as const;

export const streamCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'xadd',
    arity: -5,
    flags: ['write', 'denyoom', 'fast'],
    summary: 'Adds an entry to a stream, which is made if need be, and may trim it.',
    complexity: 'O(1) for the entry, O(N) for the trimming, where N is the number of entries removed.',
    keySpecs: [{ ...keys('RW update'), notes: 'UPDATE instead of INSERT because of the optional trimming feature' }],
    tips: ['nondeterministic_output'],
    handler: xadd,
  },
  {
    ...family,
    name: 'xlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    summary: 'Answers how many entries a stream has.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: xlen,
  },
  {
    ...family,
    name: 'xdel',
    arity: -3,
    flags: ['write', 'fast'],
    summary: 'Removes entries from a stream.',
    complexity: 'O(log(N)) for each entry, where N is the number of nodes.',
    keySpecs: [keys('RW delete')],
    handler: xdel,
  },
  {
    ...family,
    name: 'xsetid',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    summary: 'Sets the last ID of a stream and what it counts.',
    complexity: 'O(1)',
    keySpecs: [keys('RW update')],
    handler: xsetid,
  },
  ...streamTrimCommands,
  ...streamReadCommands,
  ...streamGroupCommands,
  ...streamGroupReadCommands,
  ...streamClaimCommands,
  streamInfoCommand,
];
