/**
 * Union, intersection and difference of sorted sets and sets: answered, counted or stored. A set counts as a sorted set
 * whose members all have the score 1.
 */
import { comparePairs, type ScoredMember, SetValue, SortedSetValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger } from '../lookup.ts';
import { LIMIT_NEGATIVE, SYNTAX_ERROR, WRONG_TYPE_ERROR } from '../replies.ts';
import { type CommandSpec, countedKeys, type Handler, keys } from '../spec.ts';
import { beginMembers, writeMember } from './sorted-set-pairs.ts';

const WEIGHT_NOT_A_FLOAT = 'ERR weight value is not a float';

type Operation = 'union' | 'intersection' | 'difference';
type Aggregate = (a: number, b: number) => number;

/** An input: a key's value, undefined where there is none, and what its scores are multiplied by. */
interface Source {
  readonly value: SetValue | SortedSetValue | undefined;
  weight: number;
}

interface Algebra {
  readonly sources: Source[];
  aggregate: Aggregate;
  withScores: boolean;
  /** ZINTERCARD: count no further; 0 for no limit. */
  limit: number;
}

/** Infinities of both signs, and infinity times zero, make 0. */
function orZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}

// Not Math.min and Math.max: these tell the zeros apart, and answer NaN for infinity times zero.
function lesser(a: number, b: number): number {
  if (b < a) return b;
  return a;
}

function greater(a: number, b: number): number {
  if (b > a) return b;
  return a;
}

const sum: Aggregate = (a, b) => orZero(a + b);
const AGGREGATES: readonly (readonly [word: string, Aggregate])[] = [
  ['sum', sum],
  ['min', lesser],
  ['max', greater],
];

// Reading a command -----------------------------------------------------------------------------------------------------

/** The form of one command: where its number of keys stands, and which options it takes. */
interface Form {
  readonly name: string;
  readonly operation: Operation;
  readonly numkeysIndex: 1 | 2;
  readonly isCount?: boolean;
}

/** Reads `numkeys key [key ...]` and the options; undefined after the error has been written. */
function readAlgebra(ctx: CommandContext, request: Request, form: Form): Algebra | undefined {
  const { numkeysIndex } = form;
  const numkeys = readInteger(ctx, request, numkeysIndex);
  if (numkeys === undefined) return undefined;
  if (numkeys < 1) return failed(ctx, `ERR at least 1 input key is needed for '${form.name}' command`);
  const first = numkeysIndex + 1;
  if (numkeys > request.count - first) return failed(ctx, SYNTAX_ERROR);
  const sources: Source[] = [];
  for (let i = first; i < first + numkeys; i++) {
    const value = ctx.db.lookupRead(request.key(i));
    if (value !== undefined && !(value instanceof SetValue) && !(value instanceof SortedSetValue)) {
      return failed(ctx, WRONG_TYPE_ERROR);
    }
    sources.push({ value, weight: 1 });
  }
  const algebra: Algebra = { sources, aggregate: sum, withScores: false, limit: 0 };
  return readOptions(ctx, request, first + numkeys, form, algebra) ? algebra : undefined;
}

function failed(ctx: CommandContext, error: string): undefined {
  ctx.reply.error(error);
}

/** Reads the options from argument `first` on; false after the error has been written. */
function readOptions(ctx: CommandContext, request: Request, first: number, form: Form, algebra: Algebra): boolean {
  const isWeighted = form.operation !== 'difference' && !form.isCount;
  const answersScores = form.numkeysIndex === 1 && !form.isCount;
  for (let i = first; i < request.count; i++) {
    const left = request.count - i;
    let error: string | undefined = SYNTAX_ERROR;
    if (isWeighted && left > algebra.sources.length && request.is(i, 'weights')) {
      error = readWeights(request, i + 1, algebra.sources);
      i += algebra.sources.length;
    } else if (isWeighted && left >= 2 && request.is(i, 'aggregate')) {
      i++;
      const named = AGGREGATES.find(([word]) => request.is(i, word));
      if (named !== undefined) {
        algebra.aggregate = named[1];
        error = undefined;
      }
    } else if (answersScores && request.is(i, 'withscores')) {
      algebra.withScores = true;
      error = undefined;
    } else if (form.isCount && left >= 2 && request.is(i, 'limit')) {
      i++;
      const limit = request.integer(i);
      error = limit === undefined || limit < 0 ? LIMIT_NEGATIVE : undefined;
      algebra.limit = Number(limit ?? 0);
    }
    if (error !== undefined) {
      ctx.reply.error(error);
      return false;
    }
  }
  return true;
}

/** Reads a weight for each source; answers the error, if any. */
function readWeights(request: Request, first: number, sources: readonly Source[]): string | undefined {
  for (let i = 0; i < sources.length; i++) {
    const weight = request.float(first + i);
    if (weight === undefined) return WEIGHT_NOT_A_FLOAT;
    sources[i].weight = weight;
  }
  return undefined;
}

// Computing -------------------------------------------------------------------------------------------------------------

function sizeOf({ value }: Source): number {
  return value?.size ?? 0;
}

/** Visits the pairs of a source; the members may be stored. */
function forEachPair({ value }: Source, visit: (member: string, score: number) => void): void {
  if (value instanceof SortedSetValue) return value.forEach(visit);
  value?.forEach((member) => {
    visit(member, 1);
  });
}

function scoreIn({ value }: Source, member: string): number | undefined {
  if (value instanceof SetValue) return value.has(member) ? 1 : undefined;
  return value?.score(member);
}

/** The smallest source first: what decides in which order scores are added up, too. */
function bySize(sources: readonly Source[]): Source[] {
  return [...sources].sort((a, b) => sizeOf(a) - sizeOf(b));
}

function union({ sources, aggregate }: Algebra): ScoredMember[] {
  const scores = new Map<string, number>();
  for (const source of bySize(sources)) {
    forEachPair(source, (member, own) => {
      const score = orZero(source.weight * own);
      const before = scores.get(member);
      scores.set(member, before === undefined ? score : aggregate(before, score));
    });
  }
  return Array.from(scores, ([member, score]) => ({ member, score }));
}

function intersection({ sources, aggregate }: Algebra): ScoredMember[] {
  const [smallest, ...others] = bySize(sources);
  const pairs: ScoredMember[] = [];
  forEachPair(smallest, (member, own) => {
    let score = orZero(smallest.weight * own);
    for (const other of others) {
      const found = other.value === smallest.value ? own : scoreIn(other, member);
      if (found === undefined) return;
      score = aggregate(score, found * other.weight);
    }
    pairs.push({ member, score });
  });
  return pairs;
}

/** The pairs of the first source whose members no other has: by looking each up, or by taking the others' out of a copy. */
function difference({ sources }: Algebra): ScoredMember[] {
  const [first, ...others] = sources;
  if (first.value === undefined || others.some(({ value }) => value === first.value)) return [];
  const pairs: ScoredMember[] = [];
  const probes = (sizeOf(first) * sources.length) / 2;
  const total = sources.reduce((sum, source) => sum + sizeOf(source), 0);
  if (Math.floor(probes) <= total) {
    others.sort((a, b) => sizeOf(b) - sizeOf(a));
    forEachPair(first, (member, score) => {
      if (others.every((other) => scoreIn(other, member) === undefined)) pairs.push({ member, score });
    });
    return pairs;
  }
  const left = new Map<string, number>();
  forEachPair(first, (member, score) => {
    left.set(member, score);
  });
  for (const other of others) {
    if (left.size === 0) break;
    forEachPair(other, (member) => {
      left.delete(member);
    });
  }
  for (const [member, score] of left) pairs.push({ member, score });
  return pairs;
}

const OPERATIONS: Readonly<Record<Operation, (algebra: Algebra) => ScoredMember[]>> = {
  union,
  intersection,
  difference,
};

// Answering -------------------------------------------------------------------------------------------------------------

function answering(name: string, operation: Operation): Handler {
  return (ctx, request) => {
    const { reply } = ctx;
    const algebra = readAlgebra(ctx, request, { name, operation, numkeysIndex: 1 });
    if (algebra === undefined) return;
    const pairs = OPERATIONS[operation](algebra).sort(comparePairs);
    beginMembers(reply, pairs.length, algebra.withScores);
    for (const { member, score } of pairs) writeMember(reply, member, score, algebra.withScores);
  };
}

function storing(name: string, operation: Operation): Handler {
  return (ctx, request) => {
    const algebra = readAlgebra(ctx, request, { name, operation, numkeysIndex: 2 });
    if (algebra === undefined) return;
    const pairs = OPERATIONS[operation](algebra);
    const key = request.key(1);
    if (pairs.length > 0) {
      ctx.db.set(key, SortedSetValue.of(pairs, ctx.keyspace.thresholds));
      ctx.keyspace.dirty++;
    } else if (ctx.db.remove(key)) {
      ctx.keyspace.dirty++;
    }
    ctx.reply.integer(pairs.length);
  };
}

/** The members of a source, for a loop that may end early. */
function* membersOf({ value }: Source): Generator<string> {
  if (value instanceof SetValue) yield* value.members();
  else for (const [member] of value?.pairs() ?? []) yield member;
}

const intersectionCount: Handler = (ctx, request) => {
  const algebra = readAlgebra(ctx, request, {
    name: 'zintercard',
    operation: 'intersection',
    numkeysIndex: 1,
    isCount: true,
  });
  if (algebra === undefined) return;
  const [smallest, ...others] = bySize(algebra.sources);
  let count = 0;
  for (const member of membersOf(smallest)) {
    const isInAll = others.every((other) => other.value === smallest.value || scoreIn(other, member) !== undefined);
    if (isInAll && ++count === algebra.limit) break;
  }
  ctx.reply.integer(count);
};

const family = { categories: ['sortedset'], group: 'sorted-set' } as const;
const UNION_COST = 'O(N)+O(M*log(M)) where N is the size of all sorted sets together and M the size of the result.';
const INTERSECTION_COST =
  'O(N*K)+O(M*log(M)) where N is the size of the smallest of K sorted sets and M the size of the result.';
const DIFFERENCE_COST =
  'O(N)+O(M*log(M)) where N is the size of all sorted sets together and M the size of the result.';

function answerSpec(name: string, operation: Operation, summary: string, complexity: string): CommandSpec {
  return {
    ...family,
    name,
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    since: '6.2.0',
    summary,
    complexity,
    keySpecs: [countedKeys('RO access', 1)],
    handler: answering(name, operation),
  };
}

function storeSpec(
  name: string,
  operation: Operation,
  since: string,
  summary: string,
  complexity: string,
): CommandSpec {
  return {
    ...family,
    name,
    arity: -4,
    flags: ['write', 'denyoom', 'movablekeys'],
    since,
    summary,
    complexity,
    keySpecs: [keys('OW update'), countedKeys('RO access', 2)],
    handler: storing(name, operation),
  };
}

export const sortedSetAlgebraCommands: readonly CommandSpec[] = [
  answerSpec('zunion', 'union', 'Answers the members of several sorted sets together.', UNION_COST),
  storeSpec('zunionstore', 'union', '2.0.0', 'Stores the members of several sorted sets together.', UNION_COST),
  answerSpec(
    'zinter',
    'intersection',
    'Answers the members that several sorted sets have in common.',
    INTERSECTION_COST,
  ),
  storeSpec(
    'zinterstore',
    'intersection',
    '2.0.0',
    'Stores the members that several sorted sets have in common.',
    INTERSECTION_COST,
  ),
  {
    ...family,
    name: 'zintercard',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    since: '7.0.0',
    summary: 'Counts the members that several sorted sets have in common.',
    complexity: 'O(N*K) where N is the size of the smallest of K sorted sets.',
    keySpecs: [countedKeys('RO access', 1)],
    handler: intersectionCount,
  },
  answerSpec('zdiff', 'difference', 'Answers the members of the first sorted set that no other has.', DIFFERENCE_COST),
  storeSpec(
    'zdiffstore',
    'difference',
    '6.2.0',
    'Stores the members of the first sorted set that no other has.',
    DIFFERENCE_COST,
  ),
];
