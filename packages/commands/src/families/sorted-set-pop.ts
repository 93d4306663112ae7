/** Members of sorted sets taken from an end (ZPOPMIN, ZPOPMAX, ZMPOP) or drawn at random (ZRANDMEMBER). */
import type { SortedSetValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger, readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { readRandomCount } from '../random-count.ts';
import { COUNT_NOT_POSITIVE, NOT_POSITIVE, NUMKEYS_NOT_POSITIVE, OUT_OF_RANGE, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, countedKeys, type Handler, keys } from '../spec.ts';
import { beginMembers, writeMember, writePair } from './sorted-set-pairs.ts';

/** The lowest or the highest scores. */
export type ScoreEnd = 'min' | 'max';

/** With scores, more than so many cannot be counted in a reply of RESP2. */
const MOST_PAIRS = 2n ** 62n;

/** Removes `count` members, at most all, from an end, having told of each, the outermost first. */
export function popFrom(
  ctx: CommandContext,
  key: string,
  set: SortedSetValue,
  end: ScoreEnd,
  count: number,
  visit: (member: string, score: number) => void,
): void {
  const size = set.size;
  const [start, stop] = end === 'min' ? [0, count] : [size - count, size];
  set.forEachTransient(start, stop, end === 'max', visit);
  set.removeSpan(start, stop);
  if (set.size === 0) ctx.db.remove(key);
  else ctx.db.touched(key);
  ctx.keyspace.dirty += count;
}

/** ZPOPMIN and ZPOPMAX. */
function popping(end: ScoreEnd): Handler {
  return (ctx, request) => {
    const { reply } = ctx;
    if (request.count > 3) return reply.error(SYNTAX_ERROR);
    const hasCount = request.count === 3;
    const count = hasCount ? readInteger(ctx, request, 2, NOT_POSITIVE) : 1;
    if (count === undefined) return;
    if (count < 0) return reply.error(NOT_POSITIVE);
    const key = request.key(1);
    const set = writeValue(ctx, key, 'zset');
    if (set === WRONG_TYPE) return;
    if (set === undefined || count === 0) return reply.array(0);
    const popped = Math.min(count, set.size);
    // Without a count even RESP3 has no pairs.
    const isNested = hasCount && reply.protocol === 3;
    reply.array(isNested ? popped : popped * 2);
    popFrom(ctx, key, set, end, popped, (member, score) => {
      if (isNested) return writePair(reply, member, score);
      reply.bulk(member);
      reply.double(score);
    });
  };
}

export interface MultiPop {
  /** Index of the first key. */
  readonly first: number;
  readonly numkeys: number;
  readonly end: ScoreEnd;
  readonly count: number;
}

/** `numkeys key [key ...] MIN|MAX [COUNT count]`, `numkeys` at `at`; undefined after the error has been written. */
export function readMultiPop(ctx: CommandContext, request: Request, at: number): MultiPop | undefined {
  const failed = (error: string): undefined => {
    ctx.reply.error(error);
  };
  const numkeys = readInteger(ctx, request, at, NUMKEYS_NOT_POSITIVE);
  if (numkeys === undefined) return undefined;
  if (numkeys < 1) return failed(NUMKEYS_NOT_POSITIVE);
  const first = at + 1;
  const where = first + numkeys;
  if (where >= request.count) return failed(SYNTAX_ERROR);
  const end = request.is(where, 'min') ? 'min' : request.is(where, 'max') ? 'max' : undefined;
  if (end === undefined) return failed(SYNTAX_ERROR);
  let count: number | undefined;
  for (let i = where + 1; i < request.count; i += 2) {
    if (count !== undefined || !request.is(i, 'count') || i + 1 >= request.count) return failed(SYNTAX_ERROR);
    count = readInteger(ctx, request, i + 1, COUNT_NOT_POSITIVE);
    if (count === undefined) return undefined;
    if (count < 1) return failed(COUNT_NOT_POSITIVE);
  }
  return { first, numkeys, end, count: count ?? 1 };
}

/** Takes from the first sorted set that is not empty. Returns false if there is none; true also after an error reply. */
export function popFirst(ctx: CommandContext, request: Request, { first, numkeys, end, count }: MultiPop): boolean {
  const { reply } = ctx;
  for (let i = first; i < first + numkeys; i++) {
    const key = request.key(i);
    const set = writeValue(ctx, key, 'zset');
    if (set === WRONG_TYPE) return true;
    if (set === undefined) continue;
    const taken = Math.min(count, set.size);
    reply.array(2);
    reply.bulk(key);
    reply.array(taken);
    popFrom(ctx, key, set, end, taken, (member, score) => writePair(reply, member, score));
    ctx.propagate([end === 'min' ? 'ZPOPMIN' : 'ZPOPMAX', key, String(taken)]);
    return true;
  }
  return false;
}

const multiPop: Handler = (ctx, request) => {
  const asked = readMultiPop(ctx, request, 1);
  if (asked !== undefined && !popFirst(ctx, request, asked)) ctx.reply.nullArray();
};

/** ZRANDMEMBER's arguments after the key; undefined after the error has been written. */
function readDrawing(ctx: CommandContext, request: Request) {
  const count = readRandomCount(ctx, request, 2);
  if (count === undefined) return undefined;
  const withScores = request.count === 4 && request.is(3, 'withscores');
  if (request.count > 3 && !withScores) {
    ctx.reply.error(SYNTAX_ERROR);
    return undefined;
  }
  const exact = BigInt(request.integer(2) ?? 0);
  if (withScores && (exact >= MOST_PAIRS || exact <= -MOST_PAIRS)) {
    ctx.reply.error(OUT_OF_RANGE);
    return undefined;
  }
  return { count, withScores };
}

const randomMember: Handler = (ctx, request) => {
  const { reply } = ctx;
  const asked = request.count > 2 ? readDrawing(ctx, request) : { count: undefined, withScores: false };
  if (asked === undefined) return;
  const { count, withScores } = asked;
  const set = readValue(ctx, request.key(1), 'zset');
  if (set === WRONG_TYPE) return;
  const random01 = () => ctx.random();
  if (count === undefined) {
    if (set === undefined) reply.nullBulk();
    else reply.bulk(set.random(random01).member);
    return;
  }
  if (set === undefined || count === 0) return reply.array(0);
  if (count > 0) {
    const sample = set.sample(count, random01);
    beginMembers(reply, sample.length, withScores);
    for (const { member, score } of sample) writeMember(reply, member, score, withScores);
    return;
  }
  beginMembers(reply, -count, withScores);
  for (let left = -count; left > 0; left--) {
    const { member, score } = set.random(random01);
    writeMember(reply, member, score, withScores);
  }
};

const family = { categories: ['sortedset'], group: 'sorted-set' } as const;
const POP_COST = 'O(log(N)+M) where N is the number of members and M the number removed.';

export const sortedSetPopCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'zpopmin',
    arity: -2,
    flags: ['write', 'fast'],
    since: '5.0.0',
    summary: 'Removes the members with the lowest scores from a sorted set and answers them.',
    complexity: POP_COST,
    keySpecs: [keys('RW access delete')],
    handler: popping('min'),
  },
  {
    ...family,
    name: 'zpopmax',
    arity: -2,
    flags: ['write', 'fast'],
    since: '5.0.0',
    summary: 'Removes the members with the highest scores from a sorted set and answers them.',
    complexity: POP_COST,
    keySpecs: [keys('RW access delete')],
    handler: popping('max'),
  },
  {
    ...family,
    name: 'zmpop',
    arity: -4,
    flags: ['write', 'movablekeys'],
    since: '7.0.0',
    summary: 'Removes members from an end of the first of several sorted sets that exists and answers them.',
    complexity: `${POP_COST} O(K) for K keys besides.`,
    keySpecs: [countedKeys('RW access delete', 1)],
    handler: multiPop,
  },
  {
    ...family,
    name: 'zrandmember',
    arity: -2,
    flags: ['readonly'],
    since: '6.2.0',
    summary: 'Answers random members of a sorted set.',
    complexity: 'O(M) where M is the number of members answered.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output'],
    handler: randomMember,
  },
];
