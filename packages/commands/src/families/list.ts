/** Lists: elements in order, added and taken at both ends, read and edited in between. list-move.ts holds LMOVE, LMPOP and LPOS. */
import { ListValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import { textsFrom } from '../argument-texts.ts';
import { type ListEnd, popToReply, push, pushAll, removedFromList } from '../list-ends.ts';
import { readInteger, readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY, NOT_POSITIVE, SYNTAX_ERROR, wrongArity } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { listMoveCommands } from './list-move.ts';

/** LPUSH, RPUSH and, where only an existing list is added to, LPUSHX and RPUSHX. */
function pushing(end: ListEnd, needsList: boolean): Handler {
  return (ctx, request) => {
    const key = request.key(1);
    const found = writeValue(ctx, key, 'list');
    if (found === WRONG_TYPE) return;
    if (found === undefined && needsList) return ctx.reply.integer(0);
    const list = found ?? new ListValue();
    const added = request.count - 2;
    list.grow(ctx.keyspace.thresholds.listMaxListpackSize, bytesFrom(request, 2), added);
    if (added === 1) push(list, end, request.latin1(2));
    else pushAll(list, end, textsFrom(request, 2));
    if (found === undefined) ctx.db.set(key, list);
    else ctx.db.touched(key);
    ctx.keyspace.dirty += added;
    ctx.reply.integer(list.length);
  };
}

function bytesFrom(request: Request, first: number): number {
  let bytes = 0;
  for (let i = first; i < request.count; i++) bytes += request.length(i);
  return bytes;
}

/** LPOP and RPOP, with or without a count. */
function popping(name: string, end: ListEnd): Handler {
  return (ctx, request) => {
    if (request.count > 3) return ctx.reply.error(wrongArity(name));
    const hasCount = request.count === 3;
    const count = hasCount ? readInteger(ctx, request, 2, NOT_POSITIVE) : 1;
    if (count === undefined) return;
    if (count < 0) return ctx.reply.error(NOT_POSITIVE);
    const key = request.key(1);
    const list = writeValue(ctx, key, 'list');
    if (list === WRONG_TYPE) return;
    if (list === undefined) return hasCount ? ctx.reply.nullArray() : ctx.reply.nullBulk();
    const taken = Math.min(count, list.length);
    if (hasCount) ctx.reply.array(taken);
    if (taken === 0) return;
    popToReply(ctx, list, end, taken);
    removedFromList(ctx, key, list, taken);
  };
}

const llen: Handler = (ctx, request) => {
  const list = readValue(ctx, request.key(1), 'list');
  if (list !== WRONG_TYPE) ctx.reply.integer(list?.length ?? 0);
};

const lindex: Handler = (ctx, request) => {
  const list = readValue(ctx, request.key(1), 'list');
  if (list === WRONG_TYPE) return;
  if (list === undefined) return ctx.reply.nullBulk();
  const index = readInteger(ctx, request, 2);
  if (index === undefined) return;
  const element = list.at(index);
  if (element === undefined) ctx.reply.nullBulk();
  else ctx.reply.bulk(element);
};

/** The elements from `start` to `last` (both included, negative from the tail) that a list of `length` has. */
function rangeOf(start: number, last: number, length: number): { start: number; end: number } {
  const from = Math.max(0, start < 0 ? length + start : start);
  const end = Math.min(length, (last < 0 ? length + last : last) + 1);
  return from < end ? { start: from, end } : { start: 0, end: 0 };
}

const lrange: Handler = (ctx, request) => {
  const first = readInteger(ctx, request, 2);
  if (first === undefined) return;
  const last = readInteger(ctx, request, 3);
  if (last === undefined) return;
  const list = readValue(ctx, request.key(1), 'list');
  if (list === WRONG_TYPE) return;
  const { reply } = ctx;
  if (list === undefined) return reply.array(0);
  const { start, end } = rangeOf(first, last, list.length);
  reply.array(end - start);
  list.visit(
    start,
    end,
    (element) => reply.bulk(element),
    (bytes, from, to) => reply.bulkRange(bytes, from, to),
  );
};

const ltrim: Handler = (ctx, request) => {
  const first = readInteger(ctx, request, 2);
  if (first === undefined) return;
  const last = readInteger(ctx, request, 3);
  if (last === undefined) return;
  const key = request.key(1);
  const list = writeValue(ctx, key, 'list');
  if (list === WRONG_TYPE) return;
  if (list !== undefined) {
    const { length } = list;
    const { start, end } = rangeOf(first, last, length);
    list.keep(start, end);
    removedFromList(ctx, key, list, length - list.length);
  }
  ctx.reply.ok();
};

const lset: Handler = (ctx, request) => {
  const key = request.key(1);
  const list = writeValue(ctx, key, 'list');
  if (list === WRONG_TYPE) return;
  if (list === undefined) return ctx.reply.error(NO_SUCH_KEY);
  const index = readInteger(ctx, request, 2);
  if (index === undefined) return;
  const { listMaxListpackSize } = ctx.keyspace.thresholds;
  list.grow(listMaxListpackSize, request.length(3), 1);
  if (!list.replace(index, request.latin1(3))) return ctx.reply.error(INDEX_OUT_OF_RANGE);
  list.shrink(listMaxListpackSize);
  ctx.db.touched(key);
  ctx.keyspace.dirty++;
  ctx.reply.ok();
};

const linsert: Handler = (ctx, request) => {
  const isAfter = request.is(2, 'after');
  if (!isAfter && !request.is(2, 'before')) return ctx.reply.error(SYNTAX_ERROR);
  const key = request.key(1);
  const list = writeValue(ctx, key, 'list');
  if (list === WRONG_TYPE) return;
  if (list === undefined) return ctx.reply.integer(0);
  list.grow(ctx.keyspace.thresholds.listMaxListpackSize, request.length(4), 1);
  if (!list.insert(request.latin1(3), isAfter, request.latin1(4))) return ctx.reply.integer(-1);
  ctx.db.touched(key);
  ctx.keyspace.dirty++;
  ctx.reply.integer(list.length);
};

const lrem: Handler = (ctx, request) => {
  const count = readInteger(ctx, request, 2);
  if (count === undefined) return;
  const key = request.key(1);
  const list = writeValue(ctx, key, 'list');
  if (list === WRONG_TYPE) return;
  const removed = list === undefined ? 0 : list.remove(request.latin1(3), count);
  if (list !== undefined && removed > 0) removedFromList(ctx, key, list, removed);
  ctx.reply.integer(removed);
};

const PUSH = { flags: ['write', 'denyoom', 'fast'], categories: ['list'], group: 'list' } as const;
const POP = { flags: ['write', 'fast'], categories: ['list'], group: 'list' } as const;
const ADDING = [keys('RW insert')];
const TAKING = [keys('RW access delete')];

export const listCommands: readonly CommandSpec[] = [
  {
    ...PUSH,
    name: 'lpush',
    arity: -3,
    since: '1.0.0',
    summary: 'Adds elements at the head of a list, which is created if need be.',
    complexity: 'O(N), N being the number of elements.',
    keySpecs: ADDING,
    handler: pushing('left', false),
  },
  {
    ...PUSH,
    name: 'rpush',
    arity: -3,
    since: '1.0.0',
    summary: 'Adds elements at the tail of a list, which is created if need be.',
    complexity: 'O(N), N being the number of elements.',
    keySpecs: ADDING,
    handler: pushing('right', false),
  },
  {
    ...PUSH,
    name: 'lpushx',
    arity: -3,
    since: '2.2.0',
    summary: 'Adds elements at the head of a list that exists.',
    complexity: 'O(N), N being the number of elements.',
    keySpecs: ADDING,
    handler: pushing('left', true),
  },
  {
    ...PUSH,
    name: 'rpushx',
    arity: -3,
    since: '2.2.0',
    summary: 'Adds elements at the tail of a list that exists.',
    complexity: 'O(N), N being the number of elements.',
    keySpecs: ADDING,
    handler: pushing('right', true),
  },
  {
    ...POP,
    name: 'lpop',
    arity: -2,
    since: '1.0.0',
    summary: 'Takes elements from the head of a list.',
    complexity: 'O(N), N being the number of elements taken.',
    keySpecs: TAKING,
    handler: popping('lpop', 'left'),
  },
  {
    ...POP,
    name: 'rpop',
    arity: -2,
    since: '1.0.0',
    summary: 'Takes elements from the tail of a list.',
    complexity: 'O(N), N being the number of elements taken.',
    keySpecs: TAKING,
    handler: popping('rpop', 'right'),
  },
  {
    name: 'llen',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['list'],
    group: 'list',
    since: '1.0.0',
    summary: 'Answers how many elements a list has.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: llen,
  },
  {
    name: 'lrange',
    arity: 4,
    flags: ['readonly'],
    categories: ['list'],
    group: 'list',
    since: '1.0.0',
    summary: 'Answers a range of elements.',
    complexity:
      'O(S+N), S being the distance of the start from the nearer end, counted in nodes, N the elements in the range.',
    keySpecs: [keys('RO access')],
    handler: lrange,
  },
  {
    name: 'lindex',
    arity: 3,
    flags: ['readonly'],
    categories: ['list'],
    group: 'list',
    since: '1.0.0',
    summary: 'Answers the element at an index.',
    complexity: 'O(N), N being the distance from the nearer end, counted in nodes.',
    keySpecs: [keys('RO access')],
    handler: lindex,
  },
  {
    name: 'lset',
    arity: 4,
    flags: ['write', 'denyoom'],
    categories: ['list'],
    group: 'list',
    since: '1.0.0',
    summary: 'Replaces the element at an index.',
    complexity: 'O(N), N being the distance from the nearer end, counted in nodes.',
    keySpecs: [keys('RW update')],
    handler: lset,
  },
  {
    name: 'linsert',
    arity: 5,
    flags: ['write', 'denyoom'],
    categories: ['list'],
    group: 'list',
    since: '2.2.0',
    summary: 'Puts an element before or after the first one that equals a given one.',
    complexity: 'O(N), N being the number of elements before that one.',
    keySpecs: ADDING,
    handler: linsert,
  },
  {
    name: 'lrem',
    arity: 4,
    flags: ['write'],
    categories: ['list'],
    group: 'list',
    since: '1.0.0',
    summary: 'Removes elements that equal a given one, the first ones, the last ones, or all.',
    complexity: 'O(N+M), N being the length of the list, M the elements removed.',
    keySpecs: [keys('RW delete')],
    handler: lrem,
  },
  {
    name: 'ltrim',
    arity: 4,
    flags: ['write'],
    categories: ['list'],
    group: 'list',
    since: '1.0.0',
    summary: 'Keeps a range of elements and removes the others.',
    complexity: 'O(N), N being the number of elements removed.',
    keySpecs: [keys('RW delete')],
    handler: ltrim,
  },
  ...listMoveCommands,
];
