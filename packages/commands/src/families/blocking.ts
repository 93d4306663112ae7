/** Commands that wait for an element: BLPOP, BRPOP, BLMOVE, BRPOPLPUSH, BLMPOP, BZPOPMIN, BZPOPMAX, BZMPOP. */
import type { Key } from '@aof/keyspace';
import type { ReplyWriter, Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { type ListEnd, pop, readListEnd, removedFromList } from '../list-ends.ts';
import { WRONG_TYPE, writeValue } from '../lookup.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, countedKeyPositions, countedKeys, type Handler, keys } from '../spec.ts';
import * as lists from './list-move.ts';
import * as sortedSets from './sorted-set-pop.ts';

/** Times have 63 bits, for clients. */
const END_OF_TIME_MS = 2 ** 63;
const TIMEOUT_NOT_A_FLOAT = 'ERR timeout is not a float or out of range';
const TIMEOUT_NEGATIVE = 'ERR timeout is negative';
const TIMEOUT_OUT_OF_RANGE = 'ERR timeout is out of range';

const nullArray = (reply: ReplyWriter): void => reply.nullArray();

/**
 * A time to wait in seconds, with fractions.
 * @returns milliseconds, rounded up, 0 for ever; undefined after the error has been written
 */
export function readTimeout(ctx: CommandContext, request: Request, index: number): number | undefined {
  const seconds = request.float(index);
  if (seconds === undefined) return failed(ctx, TIMEOUT_NOT_A_FLOAT);
  if (seconds < 0) return failed(ctx, TIMEOUT_NEGATIVE);
  const ms = Math.ceil(seconds * 1000);
  if (ms >= END_OF_TIME_MS - ctx.nowMs) return failed(ctx, TIMEOUT_OUT_OF_RANGE);
  return Math.min(ms, Number.MAX_SAFE_INTEGER - ctx.nowMs);
}

function failed(ctx: CommandContext, error: string): undefined {
  ctx.reply.error(error);
}

function keysOf(request: Request, first: number, end: number): Key[] {
  return Array.from({ length: end - first }, (_, i) => request.key(first + i));
}

/** BLPOP and BRPOP: the first element of the first list that has one. */
function popping(end: ListEnd): Handler {
  return (ctx, request) => {
    const last = request.count - 1;
    const timeoutMs = readTimeout(ctx, request, last);
    if (timeoutMs === undefined) return;
    for (let i = 1; i < last; i++) {
      const key = request.key(i);
      const list = writeValue(ctx, key, 'list');
      if (list === WRONG_TYPE) return;
      if (list === undefined) continue;
      ctx.reply.array(2);
      ctx.reply.bulk(key);
      ctx.reply.bulk(pop(list, end) ?? '');
      removedFromList(ctx, key, list, 1);
      return ctx.propagate([end === 'left' ? 'LPOP' : 'RPOP', key]);
    }
    ctx.waitFor({ keys: keysOf(request, 1, last), type: 'list', timeoutMs, onTimeout: nullArray });
  };
}

/** BLMOVE and BRPOPLPUSH; `record` is what the log gets. */
function moving(
  ctx: CommandContext,
  request: Request,
  ends: readonly [ListEnd, ListEnd],
  record: readonly string[],
): void {
  const timeoutMs = readTimeout(ctx, request, request.count - 1);
  if (timeoutMs === undefined) return;
  const [from, to] = [request.key(1), request.key(2)];
  const dirtyBefore = ctx.keyspace.dirty;
  lists.moveElement(ctx, from, ends[0], to, ends[1], () => {
    // As in Redis, a transaction is told otherwise than one whose time is over.
    if (ctx.isInExec) ctx.reply.nullBulk();
    else ctx.waitFor({ keys: [from], type: 'list', timeoutMs, onTimeout: nullArray });
  });
  if (ctx.keyspace.dirty !== dirtyBefore) ctx.propagate(record);
}

const blmove: Handler = (ctx, request) => {
  const from = readListEnd(request, 3);
  const to = readListEnd(request, 4);
  if (from === undefined || to === undefined) return ctx.reply.error(SYNTAX_ERROR);
  moving(ctx, request, [from, to], ['LMOVE', request.key(1), request.key(2), request.latin1(3), request.latin1(4)]);
};

const brpoplpush: Handler = (ctx, request) =>
  moving(ctx, request, ['right', 'left'], ['RPOPLPUSH', request.key(1), request.key(2)]);

const blmpop: Handler = (ctx, request) => {
  const asked = lists.readMultiPop(ctx, request, 2);
  if (asked === undefined) return;
  const timeoutMs = readTimeout(ctx, request, 1);
  if (timeoutMs === undefined || lists.popFirst(ctx, request, asked)) return;
  ctx.waitFor({ keys: keysOf(request, asked.first, asked.end), type: 'list', timeoutMs, onTimeout: nullArray });
};

/** BZPOPMIN and BZPOPMAX: the key, a member and its score. */
function poppingScores(end: sortedSets.ScoreEnd): Handler {
  return (ctx, request) => {
    const { reply } = ctx;
    const last = request.count - 1;
    const timeoutMs = readTimeout(ctx, request, last);
    if (timeoutMs === undefined) return;
    for (let i = 1; i < last; i++) {
      const key = request.key(i);
      const set = writeValue(ctx, key, 'zset');
      if (set === WRONG_TYPE) return;
      if (set === undefined) continue;
      reply.array(3);
      reply.bulk(key);
      sortedSets.popFrom(ctx, key, set, end, 1, (member, score) => {
        reply.bulk(member);
        reply.double(score);
      });
      return ctx.propagate([end === 'min' ? 'ZPOPMIN' : 'ZPOPMAX', key]);
    }
    ctx.waitFor({ keys: keysOf(request, 1, last), type: 'zset', timeoutMs, onTimeout: nullArray });
  };
}

const bzmpop: Handler = (ctx, request) => {
  const asked = sortedSets.readMultiPop(ctx, request, 2);
  if (asked === undefined) return;
  const timeoutMs = readTimeout(ctx, request, 1);
  if (timeoutMs === undefined || sortedSets.popFirst(ctx, request, asked)) return;
  const waited = keysOf(request, asked.first, asked.first + asked.numkeys);
  ctx.waitFor({ keys: waited, type: 'zset', timeoutMs, onTimeout: nullArray });
};

const LIST_POP: Pick<CommandSpec, 'arity' | 'flags' | 'categories' | 'group' | 'complexity' | 'keySpecs'> = {
  arity: -3,
  flags: ['write', 'noscript', 'blocking'],
  categories: ['list'],
  group: 'list',
  complexity: 'O(N), N being the number of keys.',
  keySpecs: [keys('RW access delete', 1, -2)],
};

const LIST_MOVE = {
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  categories: ['list'],
  group: 'list',
  complexity: 'O(1)',
  keySpecs: [keys('RW access delete'), keys('RW insert', 2)],
} as const;

const SORTED_SET_POP: Pick<CommandSpec, 'arity' | 'flags' | 'categories' | 'group' | 'complexity' | 'keySpecs'> = {
  arity: -3,
  flags: ['write', 'noscript', 'blocking', 'fast'],
  categories: ['sortedset'],
  group: 'sorted-set',
  complexity: 'O(log(N)), N being the number of members.',
  keySpecs: [keys('RW access delete', 1, -2)],
};

export const blockingCommands: readonly CommandSpec[] = [
  {
    ...LIST_POP,
    name: 'blpop',
    since: '2.0.0',
    summary: 'Takes the first element of the first list that has one, or waits for one.',
    handler: popping('left'),
  },
  {
    ...LIST_POP,
    name: 'brpop',
    since: '2.0.0',
    summary: 'Takes the last element of the first list that has one, or waits for one.',
    handler: popping('right'),
  },
  {
    ...LIST_MOVE,
    name: 'blmove',
    arity: 6,
    since: '6.2.0',
    summary: 'Moves an element from one list to another, or waits for one.',
    handler: blmove,
  },
  {
    ...LIST_MOVE,
    name: 'brpoplpush',
    arity: 4,
    since: '2.2.0',
    summary: 'Moves the last element of a list to the head of another, or waits for one.',
    handler: brpoplpush,
  },
  {
    name: 'blmpop',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    categories: ['list'],
    group: 'list',
    since: '7.0.0',
    summary: 'Takes elements from the first of several lists that is not empty, or waits for one.',
    complexity: 'O(N+M), N being the number of keys, M the elements taken.',
    keySpecs: [countedKeys('RW access delete', 2)],
    getKeys: (request) => countedKeyPositions(request, 2),
    handler: blmpop,
  },
  {
    ...SORTED_SET_POP,
    name: 'bzpopmin',
    since: '5.0.0',
    summary: 'Takes the member of the lowest score from the first sorted set that has one, or waits for one.',
    handler: poppingScores('min'),
  },
  {
    ...SORTED_SET_POP,
    name: 'bzpopmax',
    since: '5.0.0',
    summary: 'Takes the member of the highest score from the first sorted set that has one, or waits for one.',
    handler: poppingScores('max'),
  },
  {
    name: 'bzmpop',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    categories: ['sortedset'],
    group: 'sorted-set',
    since: '7.0.0',
    summary: 'Takes members from the first of several sorted sets that is not empty, or waits for one.',
    complexity: 'O(K) + O(M*log(N)), K being the number of keys, N the members and M those taken.',
    keySpecs: [countedKeys('RW access delete', 2)],
    getKeys: (request) => countedKeyPositions(request, 2),
    handler: bzmpop,
  },
];
