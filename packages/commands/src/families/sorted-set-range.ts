/** Ranges of sorted sets, by rank, by score or by member: answered, counted, stored or removed. */
import type { RankSpan, SortedSetValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger, readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { readMemberRange, readScoreRange } from './sorted-set-bounds.ts';
import { beginMembers, writeMember, writeMemberBytes } from './sorted-set-pairs.ts';

const LIMIT_BY_RANK = 'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX';
const WITHSCORES_BY_MEMBER = 'ERR syntax error, WITHSCORES not supported in combination with BYLEX';
const NO_LIMIT = -1;

/** What a range is counted in. */
type RangeKind = 'rank' | 'score' | 'member';

interface RangeOptions {
  kind: RangeKind;
  isDown: boolean;
  withScores: boolean;
  offset: number;
  /** Negative: no limit. */
  limit: number;
}

/** What a command's name decides, and what its options may still decide. */
interface RangeForm {
  readonly kind?: RangeKind;
  readonly isDown?: boolean;
  /** ZRANGESTORE: the source stands at argument 2, and there are no scores to answer. */
  readonly isStore: boolean;
}

/** Reads the options after the bounds; undefined after the error has been written. */
function readRangeOptions(ctx: CommandContext, request: Request, form: RangeForm): RangeOptions | undefined {
  const options: RangeOptions = {
    kind: form.kind ?? 'rank',
    isDown: form.isDown ?? false,
    withScores: false,
    offset: 0,
    limit: NO_LIMIT,
  };
  for (let i = form.isStore ? 5 : 4; i < request.count; i++) {
    if (!form.isStore && request.is(i, 'withscores')) {
      options.withScores = true;
    } else if (request.is(i, 'limit') && i + 2 < request.count) {
      const offset = readInteger(ctx, request, i + 1);
      const limit = offset === undefined ? undefined : readInteger(ctx, request, i + 2);
      if (offset === undefined || limit === undefined) return undefined;
      options.offset = offset;
      options.limit = limit;
      i += 2;
    } else if (form.isDown === undefined && !options.isDown && request.is(i, 'rev')) {
      options.isDown = true;
    } else if (form.kind === undefined && options.kind === 'rank' && request.is(i, 'bylex')) {
      options.kind = 'member';
    } else if (form.kind === undefined && options.kind === 'rank' && request.is(i, 'byscore')) {
      options.kind = 'score';
    } else {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
  }
  const { kind, limit, withScores } = options;
  const isLimitedByRank = limit !== NO_LIMIT && kind === 'rank';
  if (!isLimitedByRank && !(withScores && kind === 'member')) return options;
  ctx.reply.error(isLimitedByRank ? LIMIT_BY_RANK : WITHSCORES_BY_MEMBER);
  return undefined;
}

/** Finds the ranks of a range in the sorted set that turns out to be there. */
type Locate = (set: SortedSetValue) => RankSpan;

/**
 * Reads the bounds at the arguments `first` and `first + 1`; a downward range by score or member has its maximum first.
 *
 * @returns undefined after the error has been written
 */
function readBounds(
  ctx: CommandContext,
  request: Request,
  first: number,
  kind: RangeKind,
  isDown: boolean,
): Locate | undefined {
  if (kind === 'rank') {
    const start = readInteger(ctx, request, first);
    const stop = start === undefined ? undefined : readInteger(ctx, request, first + 1);
    if (start === undefined || stop === undefined) return undefined;
    return ({ size }) => ranksOf(start, stop, size, isDown);
  }
  const [min, max] = isDown ? [first + 1, first] : [first, first + 1];
  const range = kind === 'score' ? readScoreRange(ctx, request, min, max) : readMemberRange(ctx, request, min, max);
  return range && ((set) => set.span(range, isDown));
}

/** The ranks from the lowest score on, of positions that may count from the end, and from the highest score on. */
function ranksOf(start: number, stop: number, size: number, isDown: boolean): RankSpan {
  const from = Math.max(0, start < 0 ? size + start : start);
  const to = Math.min(size - 1, stop < 0 ? size + stop : stop);
  if (from > to) return { start: 0, end: 0 };
  return isDown ? { start: size - 1 - to, end: size - from } : { start: from, end: to + 1 };
}

/** What LIMIT leaves of a span. By rank only `LIMIT <anything> -1` gets here, which Redis ignores. */
function limited({ start, end }: RankSpan, { kind, isDown, offset, limit }: RangeOptions): RankSpan {
  if (kind === 'rank') return { start, end };
  const skipped = offset < 0 ? end - start : Math.min(offset, end - start);
  const taken = limit < 0 ? end - start - skipped : Math.min(limit, end - start - skipped);
  return isDown
    ? { start: end - skipped - taken, end: end - skipped }
    : { start: start + skipped, end: start + skipped + taken };
}

/** ZRANGE and the commands that fix some of its options by their names. */
function ranging(kind?: RangeKind, isDown?: boolean): Handler {
  const form: RangeForm = { isStore: false, ...(kind && { kind }), ...(isDown !== undefined && { isDown }) };
  return (ctx, request) => {
    const { reply } = ctx;
    const options = readRangeOptions(ctx, request, form);
    if (options === undefined) return;
    const locate = readBounds(ctx, request, 2, options.kind, options.isDown);
    if (locate === undefined) return;
    const set = readValue(ctx, request.key(1), 'zset');
    if (set === WRONG_TYPE) return;
    if (set === undefined) return reply.array(0);
    const { withScores } = options;
    const { start, end } = limited(locate(set), options);
    beginMembers(reply, end - start, withScores);
    set.forEachTransient(
      start,
      end,
      options.isDown,
      (member, score) => writeMember(reply, member, score, withScores),
      (bytes, from, to, score) => writeMemberBytes(reply, bytes, from, to, score, withScores),
    );
  };
}

const rangeStore: Handler = (ctx, request) => {
  const options = readRangeOptions(ctx, request, { isStore: true });
  if (options === undefined) return;
  const locate = readBounds(ctx, request, 3, options.kind, options.isDown);
  if (locate === undefined) return;
  const set = readValue(ctx, request.key(2), 'zset');
  if (set === WRONG_TYPE) return;
  const { start, end } = set === undefined ? { start: 0, end: 0 } : limited(locate(set), options);
  const key = request.key(1);
  if (set !== undefined && start < end) {
    ctx.db.set(key, set.slice(start, end, ctx.keyspace.thresholds));
    ctx.keyspace.dirty++;
  } else if (ctx.db.remove(key)) {
    ctx.keyspace.dirty++;
  }
  ctx.reply.integer(end - start);
};

/** ZCOUNT and ZLEXCOUNT. */
function counting(kind: RangeKind): Handler {
  return (ctx, request) => {
    const locate = readBounds(ctx, request, 2, kind, false);
    if (locate === undefined) return;
    const set = readValue(ctx, request.key(1), 'zset');
    if (set === WRONG_TYPE) return;
    const { start, end } = set === undefined ? { start: 0, end: 0 } : locate(set);
    ctx.reply.integer(end - start);
  };
}

/** ZREMRANGEBYRANK, ZREMRANGEBYSCORE and ZREMRANGEBYLEX. */
function removing(kind: RangeKind): Handler {
  return (ctx, request) => {
    const locate = readBounds(ctx, request, 2, kind, false);
    if (locate === undefined) return;
    const key = request.key(1);
    const set = writeValue(ctx, key, 'zset');
    if (set === WRONG_TYPE) return;
    if (set === undefined) return ctx.reply.integer(0);
    const { start, end } = locate(set);
    set.removeSpan(start, end);
    if (set.size === 0) ctx.db.remove(key);
    else if (end > start) ctx.db.touched(key);
    ctx.keyspace.dirty += end - start;
    ctx.reply.integer(end - start);
  };
}

const family = { categories: ['sortedset'], group: 'sorted-set' } as const;
const RANGE_COST = 'O(log(N)+M) where N is the number of members and M the number answered.';
const STORE_COST = 'O(log(N)+M) where N is the number of members and M the number stored.';
const COUNT_COST = 'O(log(N)) where N is the number of members.';
const REMOVE_COST = 'O(log(N)+M) where N is the number of members and M the number removed.';

function rangeSpec(name: string, since: string, summary: string, handler: Handler): CommandSpec {
  return {
    ...family,
    name,
    arity: -4,
    flags: ['readonly'],
    since,
    summary,
    complexity: RANGE_COST,
    keySpecs: [keys('RO access')],
    handler,
  };
}

function countSpec(name: string, since: string, summary: string, handler: Handler): CommandSpec {
  return {
    ...family,
    name,
    arity: 4,
    flags: ['readonly', 'fast'],
    since,
    summary,
    complexity: COUNT_COST,
    keySpecs: [keys('RO access')],
    handler,
  };
}

function removeSpec(name: string, since: string, summary: string, handler: Handler): CommandSpec {
  return {
    ...family,
    name,
    arity: 4,
    flags: ['write'],
    since,
    summary,
    complexity: REMOVE_COST,
    keySpecs: [keys('RW delete')],
    handler,
  };
}

export const sortedSetRangeCommands: readonly CommandSpec[] = [
  rangeSpec('zrange', '1.2.0', 'Answers the members of a sorted set in a range of ranks, scores or names.', ranging()),
  rangeSpec(
    'zrevrange',
    '1.2.0',
    'Answers the members of a sorted set in a range of ranks, from the highest score.',
    ranging('rank', true),
  ),
  rangeSpec(
    'zrangebyscore',
    '1.0.5',
    'Answers the members of a sorted set in a range of scores.',
    ranging('score', false),
  ),
  rangeSpec(
    'zrevrangebyscore',
    '2.2.0',
    'Answers the members of a sorted set in a range of scores, from the highest.',
    ranging('score', true),
  ),
  rangeSpec(
    'zrangebylex',
    '2.8.9',
    'Answers the members of a sorted set of equal scores in a range of names.',
    ranging('member', false),
  ),
  rangeSpec(
    'zrevrangebylex',
    '2.8.9',
    'Answers the members of a sorted set of equal scores in a range of names, from the last.',
    ranging('member', true),
  ),
  {
    ...family,
    name: 'zrangestore',
    arity: -5,
    flags: ['write', 'denyoom'],
    since: '6.2.0',
    summary: 'Stores a range of a sorted set as another one.',
    complexity: STORE_COST,
    keySpecs: [keys('OW update'), keys('RO access', 2)],
    handler: rangeStore,
  },
  countSpec('zcount', '2.0.0', 'Counts the members of a sorted set in a range of scores.', counting('score')),
  countSpec(
    'zlexcount',
    '2.8.9',
    'Counts the members of a sorted set of equal scores in a range of names.',
    counting('member'),
  ),
  removeSpec('zremrangebyrank', '2.0.0', 'Removes a range of ranks from a sorted set.', removing('rank')),
  removeSpec('zremrangebyscore', '1.2.0', 'Removes a range of scores from a sorted set.', removing('score')),
  removeSpec(
    'zremrangebylex',
    '2.8.9',
    'Removes a range of names from a sorted set of equal scores.',
    removing('member'),
  ),
];
