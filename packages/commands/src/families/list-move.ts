/** Lists: elements moved from list to list (LMOVE, RPOPLPUSH), taken from the first of several (LMPOP), searched for (LPOS). */
import { type Key, ListValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { type ListEnd, pop, popToReply, push, readListEnd, removedFromList } from '../list-ends.ts';
import { readInteger, readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { COUNT_NOT_POSITIVE, NUMKEYS_NOT_POSITIVE, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, countedKeyPositions, countedKeys, type Handler, keys } from '../spec.ts';

const COUNT_NEGATIVE = "ERR COUNT can't be negative";
const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";
const RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  'or use negative to start from the end of the list';

/** Moves one element from an end of one list to an end of another, or of the same, and answers it; `ifEmpty` if there is none. */
export function moveElement(
  ctx: CommandContext,
  from: Key,
  fromEnd: ListEnd,
  to: Key,
  toEnd: ListEnd,
  ifEmpty: () => void,
): void {
  const source = writeValue(ctx, from, 'list');
  if (source === WRONG_TYPE) return;
  if (source === undefined) return ifEmpty();
  const target = from === to ? source : writeValue(ctx, to, 'list');
  if (target === WRONG_TYPE) return;
  const element = pop(source, fromEnd) ?? '';
  const list = target ?? new ListValue();
  list.grow(ctx.keyspace.thresholds.listMaxListpackSize, element.length, 1);
  push(list, toEnd, element);
  if (target === undefined) ctx.db.set(to, list);
  else ctx.db.touched(to);
  removedFromList(ctx, from, source, 1);
  ctx.reply.bulk(element);
}

const lmove: Handler = (ctx, request) => {
  const from = readListEnd(request, 3);
  const to = readListEnd(request, 4);
  if (from === undefined || to === undefined) return ctx.reply.error(SYNTAX_ERROR);
  moveElement(ctx, request.key(1), from, request.key(2), to, () => ctx.reply.nullBulk());
};

const rpoplpush: Handler = (ctx, request) =>
  moveElement(ctx, request.key(1), 'right', request.key(2), 'left', () => ctx.reply.nullBulk());

/** What LMPOP and BLMPOP ask for; the keys are the arguments `first` to `end` (exclusive). */
export interface MultiPop {
  readonly first: number;
  readonly end: number;
  readonly side: ListEnd;
  readonly count: number;
}

/** Reads `numkeys key … LEFT|RIGHT [COUNT n]`, `numkeys` at `at`; undefined after the error has been written. */
export function readMultiPop(ctx: CommandContext, request: Request, at: number): MultiPop | undefined {
  const keyCount = readAtLeast(ctx, request, at, 1, NUMKEYS_NOT_POSITIVE);
  if (keyCount === undefined) return undefined;
  const first = at + 1;
  const end = first + keyCount;
  const side = end < request.count ? readListEnd(request, end) : undefined;
  if (side === undefined) return syntaxError(ctx);
  if (request.count === end + 1) return { first, end, side, count: 1 };
  if (request.count === end + 2 || !request.is(end + 1, 'count')) return syntaxError(ctx);
  const count = readAtLeast(ctx, request, end + 2, 1, COUNT_NOT_POSITIVE);
  if (count === undefined) return undefined;
  return request.count === end + 3 ? { first, end, side, count } : syntaxError(ctx);
}

function syntaxError(ctx: CommandContext): undefined {
  ctx.reply.error(SYNTAX_ERROR);
}

/** An integer of at least `least`; any other argument is answered with `error`. */
function readAtLeast(
  ctx: CommandContext,
  request: Request,
  index: number,
  least: 0 | 1,
  error: string,
): number | undefined {
  const value = readInteger(ctx, request, index, error);
  if (value === undefined || value >= least) return value;
  ctx.reply.error(error);
  return undefined;
}

/** Takes from the first list that is not empty. Returns false if there is none; true also after an error reply. */
export function popFirst(ctx: CommandContext, request: Request, { first, end, side, count }: MultiPop): boolean {
  const { reply } = ctx;
  for (let i = first; i < end; i++) {
    const key = request.key(i);
    const list = writeValue(ctx, key, 'list');
    if (list === WRONG_TYPE) return true;
    if (list === undefined) continue;
    const taken = Math.min(count, list.length);
    reply.array(2);
    reply.bulk(key);
    reply.array(taken);
    popToReply(ctx, list, side, taken);
    removedFromList(ctx, key, list, taken);
    ctx.propagate([side === 'left' ? 'LPOP' : 'RPOP', key, String(taken)]);
    return true;
  }
  return false;
}

const lmpop: Handler = (ctx, request) => {
  const asked = readMultiPop(ctx, request, 1);
  if (asked !== undefined && !popFirst(ctx, request, asked)) ctx.reply.nullArray();
};

const lpos: Handler = (ctx, request) => {
  let rank: number | undefined = 1;
  let count: number | undefined;
  let maxLength: number | undefined = 0;
  for (let i = 3; i < request.count; i += 2) {
    const hasValue = i + 1 < request.count;
    if (hasValue && request.is(i, 'rank')) {
      rank = readInteger(ctx, request, i + 1);
      if (rank === undefined) return;
      if (rank === 0) return ctx.reply.error(RANK_ZERO);
    } else if (hasValue && request.is(i, 'count')) {
      count = readAtLeast(ctx, request, i + 1, 0, COUNT_NEGATIVE);
      if (count === undefined) return;
    } else if (hasValue && request.is(i, 'maxlen')) {
      maxLength = readAtLeast(ctx, request, i + 1, 0, MAXLEN_NEGATIVE);
      if (maxLength === undefined) return;
    } else {
      return ctx.reply.error(SYNTAX_ERROR);
    }
  }
  const list = readValue(ctx, request.key(1), 'list');
  if (list === WRONG_TYPE) return;
  const found = list?.positions(request.latin1(2), { rank, count: count ?? 1, maxLength }) ?? [];
  if (count !== undefined) {
    ctx.reply.array(found.length);
    for (const index of found) ctx.reply.integer(index);
  } else if (found.length > 0) {
    ctx.reply.integer(found[0]);
  } else {
    ctx.reply.nullBulk();
  }
};

export const listMoveCommands: readonly CommandSpec[] = [
  {
    name: 'lmove',
    arity: 5,
    flags: ['write', 'denyoom'],
    categories: ['list'],
    group: 'list',
    since: '6.2.0',
    summary: 'Takes an element from one end of a list, adds it at one end of another, and answers it.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access delete'), keys('RW insert', 2)],
    handler: lmove,
  },
  {
    name: 'rpoplpush',
    arity: 3,
    flags: ['write', 'denyoom'],
    categories: ['list'],
    group: 'list',
    since: '1.2.0',
    summary: 'Takes the last element of a list, adds it at the head of another, and answers it.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access delete'), keys('RW insert', 2)],
    handler: rpoplpush,
  },
  {
    name: 'lmpop',
    arity: -4,
    flags: ['write', 'movablekeys'],
    categories: ['list'],
    group: 'list',
    since: '7.0.0',
    summary: 'Takes elements from the first of several lists that is not empty.',
    complexity: 'O(N+M), N being the number of keys, M the elements taken.',
    keySpecs: [countedKeys('RW access delete', 1)],
    getKeys: (request) => countedKeyPositions(request, 1),
    handler: lmpop,
  },
  {
    name: 'lpos',
    arity: -3,
    flags: ['readonly'],
    categories: ['list'],
    group: 'list',
    since: '6.0.6',
    summary: 'Answers the indexes of elements that equal a given one.',
    complexity: 'O(N), N being the number of elements compared.',
    keySpecs: [keys('RO access')],
    handler: lpos,
  },
];
