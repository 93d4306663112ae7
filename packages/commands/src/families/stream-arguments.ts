/** What the stream commands share: IDs as arguments, and entries and IDs in replies. */
import {
  addUint64,
  type Integer64,
  integer64,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  nextStreamId,
  previousStreamId,
  type StreamEntryView,
  type StreamId,
  streamIdText,
} from '@aof/keyspace';
import type { ReplyWriter, Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';

const INVALID_ID = 'ERR Invalid stream ID specified as stream command argument';
const INVALID_START = 'ERR invalid start ID for the interval';
const INVALID_END = 'ERR invalid end ID for the interval';
/** Longer texts are no IDs, whatever they say. */
const ID_MAX_CHARS = 127;
const UINT64 = 2n ** 64n;
const EXACT_DIGITS = 15;
const LAST_SEQUENCE: Integer64 = MAX_STREAM_ID.seq;

/** `*` or `ms-*`: what is missing is chosen by XADD. */
export interface StreamIdArgument extends StreamId {
  /** False for `ms-*`, whose `seq` is 0. */
  readonly hasSequence: boolean;
}

/**
 * An unsigned 64-bit number as C's strtoull(3) reads it, but for negative ones that are spelled properly. Redis accepts so
 * much, and old clients may rely on leading zeros.
 */
function readHalf(text: string): Integer64 | undefined {
  const match = /^[ \t-\r]*([+-]?)(\d+)$/.exec(text);
  if (match === null || /^-[1-9]\d*$/.test(text)) return undefined;
  const [, sign, digits] = match;
  if (digits.length <= EXACT_DIGITS && sign !== '-') return Number(digits);
  const value = BigInt(digits);
  if (value >= UINT64) return undefined;
  return integer64(sign === '-' ? BigInt.asUintN(64, -value) : value);
}

/**
 * The ID that `text` is; undefined if it is none.
 *
 * @param missingSequence what `ms` alone stands for
 */
export function parseId(text: string, missingSequence: Integer64 = 0): StreamId | undefined {
  if (text.length > ID_MAX_CHARS) return undefined;
  const dash = text.indexOf('-');
  const ms = readHalf(dash < 0 ? text : text.slice(0, dash));
  const seq = dash < 0 ? missingSequence : readHalf(text.slice(dash + 1));
  return ms === undefined || seq === undefined ? undefined : { ms, seq };
}

/** The same where `-` and `+` stand for the first and the last ID. */
function parseIdOrEdge(text: string, missingSequence: Integer64): StreamId | undefined {
  if (text === '-') return MIN_STREAM_ID;
  return text === '+' ? MAX_STREAM_ID : parseId(text, missingSequence);
}

function orError<T>(reply: ReplyWriter, id: T | undefined): T | undefined {
  if (id === undefined) reply.error(INVALID_ID);
  return id;
}

/** An ID; undefined after the error has been written. */
export function readId(ctx: CommandContext, request: Request, index: number): StreamId | undefined {
  return orError(ctx.reply, parseId(request.latin1(index)));
}

/** An ID, `-` or `+`; undefined after the error has been written. */
export function readIdOrEdge(ctx: CommandContext, request: Request, index: number): StreamId | undefined {
  return orError(ctx.reply, parseIdOrEdge(request.latin1(index), 0));
}

/** All arguments from `from` on as IDs; undefined after the error has been written. */
export function readIds(ctx: CommandContext, request: Request, from: number): StreamId[] | undefined {
  const ids: StreamId[] = [];
  for (let i = from; i < request.count; i++) {
    const id = readId(ctx, request, i);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}

/** An ID that may be `ms-*`; undefined after the error has been written. */
export function readNewId(ctx: CommandContext, request: Request, index: number): StreamIdArgument | undefined {
  const text = request.latin1(index);
  const isPartial = text.endsWith('-*') && text.indexOf('-') === text.length - 2;
  const id = parseId(isPartial ? text.slice(0, -2) : text);
  return orError(ctx.reply, id && text.length <= ID_MAX_CHARS ? { ...id, hasSequence: !isPartial } : undefined);
}

/** The start of an interval, exclusive if it begins with `(`; undefined after the error has been written. */
export function readStart(ctx: CommandContext, request: Request, index: number): StreamId | undefined {
  return readBound(ctx, request.latin1(index), 0, nextStreamId, INVALID_START);
}

/** The end of an interval, exclusive if it begins with `(`; undefined after the error has been written. */
export function readEnd(ctx: CommandContext, request: Request, index: number): StreamId | undefined {
  return readBound(ctx, request.latin1(index), LAST_SEQUENCE, previousStreamId, INVALID_END);
}

function readBound(
  ctx: CommandContext,
  text: string,
  missingSequence: Integer64,
  neighbour: (id: StreamId) => StreamId | undefined,
  error: string,
): StreamId | undefined {
  const isExclusive = text.length > 1 && text.startsWith('(');
  if (!isExclusive) return orError(ctx.reply, parseIdOrEdge(text, missingSequence));
  const id = orError(ctx.reply, parseId(text.slice(1), missingSequence));
  if (id === undefined) return undefined;
  const bound = neighbour(id);
  if (bound === undefined) ctx.reply.error(error);
  return bound;
}

/** The ID of an entry that is added at `nowMs` behind `last`; undefined if none lies behind it. */
export function generateId(last: StreamId, nowMs: number): StreamId | undefined {
  return nowMs > last.ms ? { ms: nowMs, seq: 0 } : nextStreamId(last);
}

/** The ID that `ms-*` stands for behind `last`; undefined if there is none. */
export function completeId({ ms }: StreamId, last: StreamId): StreamId | undefined {
  if (ms !== last.ms) return { ms, seq: 0 };
  return last.seq === LAST_SEQUENCE ? undefined : { ms, seq: addUint64(last.seq, 1) };
}

export function writeId(reply: ReplyWriter, id: StreamId): void {
  reply.bulk(streamIdText(id));
}

/** `[id, [field, value, …]]` */
export function writeEntry(reply: ReplyWriter, entry: StreamEntryView): void {
  reply.array(2);
  writeId(reply, entry);
  reply.array(2 * entry.fieldCount);
  entry.forEachField((field, value) => {
    reply.bulk(field);
    reply.bulk(value);
  });
}
