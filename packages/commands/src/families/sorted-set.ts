/**
 * Sorted sets: members with scores, added, counted and looked up one by one. Ranges of them are in sorted-set-range.ts,
 * taking them out or drawing them in sorted-set-pop.ts, unions and the like in sorted-set-algebra.ts.
 */
import { ADDED, SortedSetValue, type Thresholds, UNCHANGED } from '@aof/keyspace';
import { formatDouble17, type Request } from '@aof/resp-codec';
import { textsFrom } from '../argument-texts.ts';
import { scanning, type VisitElement } from '../collection-scan.ts';
import type { CommandContext } from '../context.ts';
import { readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { NOT_A_FLOAT, SYNTAX_ERROR, wrongArity } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { sortedSetAlgebraCommands } from './sorted-set-algebra.ts';
import { sortedSetPopCommands } from './sorted-set-pop.ts';
import { sortedSetRangeCommands } from './sorted-set-range.ts';

const XX_WITH_NX = 'ERR XX and NX options at the same time are not compatible';
const GT_LT_NX = 'ERR GT, LT, and/or NX options at the same time are not compatible';
const INCR_OF_SEVERAL = 'ERR INCR option supports a single increment-element pair';
const NOT_A_NUMBER = 'ERR resulting score is not a number (NaN)';

/** Integral scores up to this are integers in a listpack. */
const LISTPACK_INTEGERS = 2 ** 62;

/** ZADD's words. */
interface AddOptions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
  /** Count changed members too. */
  ch: boolean;
  incr: boolean;
}

/** Reads the words after the key into `options`; answers where the first score stands. */
function readAddOptions(request: Request, options: AddOptions): number {
  let i = 2;
  for (; i < request.count; i++) {
    if (request.is(i, 'nx')) options.nx = true;
    else if (request.is(i, 'xx')) options.xx = true;
    else if (request.is(i, 'gt')) options.gt = true;
    else if (request.is(i, 'lt')) options.lt = true;
    else if (request.is(i, 'ch')) options.ch = true;
    else if (request.is(i, 'incr')) options.incr = true;
    else break;
  }
  return i;
}

/** What is wrong with the options and the number of score-member pairs, if anything. */
function addError({ nx, xx, gt, lt, incr }: AddOptions, pairs: number): string | undefined {
  if (!Number.isInteger(pairs) || pairs < 1) return SYNTAX_ERROR;
  if (nx && xx) return XX_WITH_NX;
  if ((gt && nx) || (lt && nx) || (gt && lt)) return GT_LT_NX;
  return incr && pairs > 1 ? INCR_OF_SEVERAL : undefined;
}

/** The scores from argument `first` on, every second; undefined after the error has been written. */
function readScores(ctx: CommandContext, request: Request, first: number): number[] | undefined {
  const scores: number[] = [];
  for (let i = first; i < request.count; i += 2) {
    const score = request.float(i);
    if (score === undefined) {
      ctx.reply.error(NOT_A_FLOAT);
      return undefined;
    }
    scores.push(score);
  }
  return scores;
}

/** What an option kept from happening. */
const REFUSED = Symbol('refused');

/**
 * The score that `member` gets from `given` under the options, or REFUSED if they leave the member as it is.
 *
 * @returns NaN for the sum of opposite infinities
 */
function resultingScore(
  set: SortedSetValue,
  member: string,
  given: number,
  options: AddOptions,
): number | typeof REFUSED {
  const current = set.score(member);
  if (current === undefined) return options.xx ? REFUSED : given;
  if (options.nx) return REFUSED;
  const score = options.incr ? current + given : given;
  if ((options.lt && score >= current) || (options.gt && score <= current)) return REFUSED;
  return score;
}

interface AddOutcome {
  added: number;
  updated: number;
  /** The score of the last pair if it was not refused; undefined too if several were put at once. */
  score: number | undefined;
}

/** Puts the pairs from argument `first` on. Stops at a score that is not a number, which only a single pair can have. */
function putPairs(
  set: SortedSetValue,
  request: Request,
  first: number,
  scores: readonly number[],
  options: AddOptions,
  thresholds: Thresholds,
): AddOutcome {
  const isPlain = !(options.nx || options.xx || options.gt || options.lt || options.incr);
  // The small form is written once for all pairs; the big one takes each as it is read.
  if (isPlain && scores.length > 1 && set.encoding() === 'listpack') {
    const pairs = scores.map((score, i) => ({ member: request.latin1(first + i * 2 + 1), score }));
    return { ...set.putAll(pairs, thresholds), score: undefined };
  }
  const outcome: AddOutcome = { added: 0, updated: 0, score: undefined };
  for (let i = 0; i < scores.length; i++) {
    const member = request.latin1(first + i * 2 + 1);
    const score = isPlain ? scores[i] : resultingScore(set, member, scores[i], options);
    if (score === REFUSED) continue;
    outcome.score = score;
    if (Number.isNaN(score)) break;
    const done = set.put(member, score, thresholds);
    if (done === ADDED) outcome.added++;
    else if (done !== UNCHANGED) outcome.updated++;
  }
  return outcome;
}

/** ZADD, and ZINCRBY, which is ZADD INCR (and takes its words, though its arity leaves no room for them). */
function adding(isIncrement: boolean): Handler {
  return (ctx, request) => {
    const { reply } = ctx;
    const { thresholds } = ctx.keyspace;
    const options: AddOptions = { nx: false, xx: false, gt: false, lt: false, ch: false, incr: isIncrement };
    const first = readAddOptions(request, options);
    const pairs = (request.count - first) / 2;
    const error = addError(options, pairs);
    if (error !== undefined) return reply.error(error);
    const scores = readScores(ctx, request, first);
    if (scores === undefined) return;
    const key = request.key(1);
    const found = writeValue(ctx, key, 'zset');
    if (found === WRONG_TYPE) return;
    let outcome: AddOutcome = { added: 0, updated: 0, score: undefined };
    if (found !== undefined || !options.xx) {
      found?.expect(pairs, thresholds);
      const set = found ?? SortedSetValue.forMembers(pairs, longestMember(request, first), thresholds);
      outcome = putPairs(set, request, first, scores, options, thresholds);
      if (found === undefined) ctx.db.set(key, set);
      else if (outcome.added + outcome.updated > 0) ctx.db.touched(key);
    }
    const { added, updated, score } = outcome;
    ctx.keyspace.dirty += added + updated;
    if (!options.incr) reply.integer(options.ch ? added + updated : added);
    else if (score === undefined) reply.nullBulk();
    else if (Number.isNaN(score)) reply.error(NOT_A_NUMBER);
    else reply.double(score);
  };
}

/** ZADD. */
export const addMembers: Handler = adding(false);

function longestMember(request: Request, first: number): number {
  let longest = 0;
  for (let i = first + 1; i < request.count; i += 2) longest = Math.max(longest, request.length(i));
  return longest;
}

const remove: Handler = (ctx, request) => {
  const key = request.key(1);
  const set = writeValue(ctx, key, 'zset');
  if (set === WRONG_TYPE) return;
  if (set === undefined) return ctx.reply.integer(0);
  const removed = set.removeAll(textsFrom(request, 2));
  if (set.size === 0) ctx.db.remove(key);
  else if (removed > 0) ctx.db.touched(key);
  ctx.keyspace.dirty += removed;
  ctx.reply.integer(removed);
};

const cardinality: Handler = (ctx, request) => {
  const set = readValue(ctx, request.key(1), 'zset');
  if (set !== WRONG_TYPE) ctx.reply.integer(set?.size ?? 0);
};

const score: Handler = (ctx, request) => {
  const set = readValue(ctx, request.key(1), 'zset');
  if (set !== WRONG_TYPE) writeScore(ctx, set, request.latin1(2));
};

const scores: Handler = (ctx, request) => {
  const set = readValue(ctx, request.key(1), 'zset');
  if (set === WRONG_TYPE) return;
  ctx.reply.array(request.count - 2);
  for (let i = 2; i < request.count; i++) writeScore(ctx, set, request.latin1(i));
};

function writeScore(ctx: CommandContext, set: SortedSetValue | undefined, member: string): void {
  const found = set?.score(member);
  if (found === undefined) ctx.reply.nullBulk();
  else ctx.reply.double(found);
}

/** ZRANK and ZREVRANK. */
function ranking(name: string, isDown: boolean): Handler {
  return (ctx, request) => {
    const { reply } = ctx;
    if (request.count > 4) return reply.error(wrongArity(name));
    const withScore = request.count === 4;
    if (withScore && !request.is(3, 'withscore')) return reply.error(SYNTAX_ERROR);
    const set = readValue(ctx, request.key(1), 'zset');
    if (set === WRONG_TYPE) return;
    const member = request.latin1(2);
    const found = set?.score(member);
    if (set === undefined || found === undefined) return withScore ? reply.nullArray() : reply.nullBulk();
    const rank = set.rank(member);
    if (withScore) reply.array(2);
    reply.integer(isDown ? set.size - 1 - rank : rank);
    if (withScore) reply.double(found);
  };
}

function scanPairs(set: SortedSetValue, cursor: number, count: number, visit: VisitElement): number {
  const isListpack = set.encoding() === 'listpack';
  return set.scan(cursor, count, (member, memberScore) => {
    // Redis answers what a listpack holds, and that are the digits of an integer where any other reply has an exponent.
    const isDigits = isListpack && Number.isInteger(memberScore) && Math.abs(memberScore) <= LISTPACK_INTEGERS;
    visit(member, isDigits ? String(BigInt(memberScore)) : formatDouble17(memberScore));
  });
}

const family = { categories: ['sortedset'], group: 'sorted-set' } as const;

export const sortedSetCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'zadd',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    since: '1.2.0',
    summary: 'Adds members with scores to a sorted set, or changes their scores.',
    complexity: 'O(log(N)) for each member, where N is the number of members of the sorted set.',
    keySpecs: [keys('RW update')],
    handler: addMembers,
  },
  {
    ...family,
    name: 'zincrby',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    since: '1.2.0',
    summary: 'Adds to the score of a member of a sorted set.',
    complexity: 'O(log(N)) where N is the number of members.',
    keySpecs: [keys('RW access update')],
    handler: adding(true),
  },
  {
    ...family,
    name: 'zrem',
    arity: -3,
    flags: ['write', 'fast'],
    since: '1.2.0',
    summary: 'Removes members from a sorted set, and the sorted set with its last member.',
    complexity: 'O(M*log(N)) where N is the number of members and M the number that is removed.',
    keySpecs: [keys('RW delete')],
    handler: remove,
  },
  {
    ...family,
    name: 'zcard',
    arity: 2,
    flags: ['readonly', 'fast'],
    since: '1.2.0',
    summary: 'Answers how many members a sorted set has.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: cardinality,
  },
  {
    ...family,
    name: 'zscore',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '1.2.0',
    summary: 'Answers the score of a member of a sorted set.',
    complexity: 'O(1)',
    keySpecs: [keys('RO access')],
    handler: score,
  },
  {
    ...family,
    name: 'zmscore',
    arity: -3,
    flags: ['readonly', 'fast'],
    since: '6.2.0',
    summary: 'Answers the scores of several members of a sorted set.',
    complexity: 'O(1) for each member.',
    keySpecs: [keys('RO access')],
    handler: scores,
  },
  {
    ...family,
    name: 'zrank',
    arity: -3,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Answers the position of a member in a sorted set, from the lowest score.',
    complexity: 'O(log(N)) where N is the number of members.',
    keySpecs: [keys('RO access')],
    handler: ranking('zrank', false),
  },
  {
    ...family,
    name: 'zrevrank',
    arity: -3,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Answers the position of a member in a sorted set, from the highest score.',
    complexity: 'O(log(N)) where N is the number of members.',
    keySpecs: [keys('RO access')],
    handler: ranking('zrevrank', true),
  },
  {
    ...family,
    name: 'zscan',
    arity: -3,
    flags: ['readonly'],
    since: '2.8.0',
    summary: 'Answers the members of a sorted set with their scores in portions.',
    complexity: 'O(1) for every call. O(N) for a complete iteration, where N is the number of members.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output'],
    handler: scanning('zset', scanPairs),
  },
  ...sortedSetRangeCommands,
  ...sortedSetPopCommands,
  ...sortedSetAlgebraCommands,
];
