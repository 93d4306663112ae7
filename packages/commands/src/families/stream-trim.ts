/**
 * Trimming streams: XTRIM, and the words of it that XADD takes.
 *
 *     MAXLEN | MINID [= | ~] threshold [LIMIT count]
 *
 * With `~` only whole nodes go, and what goes depends on how entries were packed; so the log has `=` and the threshold that
 * has the same effect.
 */
import { type Integer64, MAX_STREAM_ID, type StreamTrim, type StreamValue, streamIdText } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger, WRONG_TYPE, writeValue } from '../lookup.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { readId, readNewId, type StreamIdArgument } from './stream-arguments.ts';

const TWO_STRATEGIES = 'ERR syntax error, MAXLEN and MINID options at the same time are not compatible';
const MAXLEN_NEGATIVE = 'ERR The MAXLEN argument must be >= 0.';
const LIMIT_NEGATIVE = 'ERR The LIMIT argument must be >= 0.';
const LIMIT_WITHOUT_STRATEGY = 'ERR syntax error, LIMIT cannot be used without specifying a trimming strategy';
const LIMIT_WITHOUT_TILDE = 'ERR syntax error, LIMIT cannot be used without the special ~ option';
const NO_STRATEGY = 'ERR syntax error, XTRIM must be called with a trimming strategy';
/** Entries that go at most with `~` and without LIMIT: those of so many nodes, within bounds. */
const LIMIT_NODES = 100;
const LEAST_LIMIT = 10_000;
const GREATEST_LIMIT = 1_000_000;

/** What XTRIM and XADD read before the entry. */
export interface TrimWords {
  keep: StreamTrim | undefined;
  isApproximate: boolean;
  /** Where the threshold stands. */
  thresholdIndex: number;
  /** 0: none. */
  limit: number;
  /** XADD's only. */
  noMakeStream: boolean;
  /** XADD's ID; undefined for `*`. */
  id: StreamIdArgument | undefined;
  /** Where XADD's ID stands. */
  idIndex: number;
}

/**
 * Reads the words after the key.
 *
 * @param isAdding XADD's: they end at the ID
 * @returns undefined after the error has been written
 */
export function readTrimWords(ctx: CommandContext, request: Request, isAdding: boolean): TrimWords | undefined {
  const words: TrimWords = {
    keep: undefined,
    isApproximate: false,
    thresholdIndex: 0,
    limit: 0,
    noMakeStream: false,
    id: undefined,
    idIndex: request.count,
  };
  let isLimitGiven = false;
  for (let i = 2; i < request.count; i++) {
    const hasMore = i + 1 < request.count;
    if (isAdding && request.is(i, '*')) {
      words.idIndex = i;
      break;
    }
    if (hasMore && (request.is(i, 'maxlen') || request.is(i, 'minid'))) {
      if (!readStrategy(ctx, request, i, words)) return undefined;
      i = words.thresholdIndex;
    } else if (hasMore && request.is(i, 'limit')) {
      const limit = readNotNegative(ctx, request, ++i, LIMIT_NEGATIVE);
      if (limit === undefined) return undefined;
      words.limit = Number(limit);
      isLimitGiven = true;
    } else if (isAdding && request.is(i, 'nomkstream')) {
      words.noMakeStream = true;
    } else if (isAdding) {
      words.id = readNewId(ctx, request, i);
      if (words.id === undefined) return undefined;
      words.idIndex = i;
      break;
    } else {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
  }
  return checkLimit(ctx, words, isAdding, isLimitGiven) ? words : undefined;
}

function readStrategy(ctx: CommandContext, request: Request, at: number, words: TrimWords): boolean {
  if (words.keep !== undefined) {
    ctx.reply.error(TWO_STRATEGIES);
    return false;
  }
  let index = at + 1;
  const isLong = index + 1 < request.count;
  words.isApproximate = isLong && request.is(index, '~');
  if (words.isApproximate || (isLong && request.is(index, '='))) index++;
  words.thresholdIndex = index;
  if (request.is(at, 'maxlen')) {
    const maxLength = readNotNegative(ctx, request, index, MAXLEN_NEGATIVE);
    if (maxLength !== undefined) words.keep = { maxLength };
  } else {
    const minId = readId(ctx, request, index);
    if (minId !== undefined) words.keep = { minId };
  }
  return words.keep !== undefined;
}

function readNotNegative(ctx: CommandContext, request: Request, index: number, error: string): Integer64 | undefined {
  const value = readInteger(ctx, request, index, NOT_AN_INTEGER);
  if (value === undefined || value >= 0) return value;
  ctx.reply.error(error);
  return undefined;
}

/** Whether LIMIT fits the rest; sets the one that holds without it. */
function checkLimit(ctx: CommandContext, words: TrimWords, isAdding: boolean, isLimitGiven: boolean): boolean {
  let error: string | undefined;
  if (words.limit > 0 && words.keep === undefined) error = LIMIT_WITHOUT_STRATEGY;
  else if (!isAdding && words.keep === undefined) error = NO_STRATEGY;
  else if (ctx.client.isLoader) words.limit = 0;
  else if (isLimitGiven && !words.isApproximate) error = LIMIT_WITHOUT_TILDE;
  else if (!isLimitGiven && words.isApproximate) {
    const limit = LIMIT_NODES * ctx.keyspace.thresholds.streamNodeMaxEntries;
    words.limit = limit > 0 ? Math.min(limit, GREATEST_LIMIT) : LEAST_LIMIT;
  }
  if (error !== undefined) ctx.reply.error(error);
  return error === undefined;
}

/** Trims as the words say; answers how many entries went. */
export function trimStream(stream: StreamValue, { keep, isApproximate, limit }: TrimWords): number {
  return keep === undefined ? 0 : stream.trim(keep, isApproximate, limit);
}

/** The request's arguments with the threshold put exactly. */
export function exactArguments(request: Request, stream: StreamValue, words: TrimWords): string[] {
  const args = Array.from({ length: request.count }, (_, i) => request.latin1(i));
  if (words.keep === undefined || !words.isApproximate) return args;
  args[words.thresholdIndex - 1] = '=';
  args[words.thresholdIndex] =
    'maxLength' in words.keep ? String(stream.length) : streamIdText(stream.firstNodeId() ?? MAX_STREAM_ID);
  return args;
}

const xtrim: Handler = (ctx, request) => {
  const words = readTrimWords(ctx, request, false);
  if (words === undefined) return;
  const key = request.key(1);
  const stream = writeValue(ctx, key, 'stream');
  if (stream === WRONG_TYPE) return;
  if (stream === undefined) return ctx.reply.integer(0);
  const removed = trimStream(stream, words);
  if (removed > 0) {
    if (words.isApproximate) ctx.propagate(exactArguments(request, stream, words));
    ctx.db.touched(key);
    ctx.keyspace.dirty += removed;
  }
  ctx.reply.integer(removed);
};

export const streamTrimCommands: readonly CommandSpec[] = [
  {
    name: 'xtrim',
    arity: -4,
    flags: ['write'],
    categories: ['stream'],
    group: 'stream',
    since: '5.0.0',
    summary: 'Removes the oldest entries of a stream.',
    complexity: 'O(N), where N is the number of entries removed; whole nodes go at once.',
    keySpecs: [keys('RW delete')],
    tips: ['nondeterministic_output'],
    handler: xtrim,
  },
];
