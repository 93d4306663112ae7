/** Hashes: many fields at once, all (HGETALL, HKEYS, HVALS), some at random (HRANDFIELD), or portion by portion (HSCAN). */
import type { HashValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import { scanning } from '../collection-scan.ts';
import type { CommandContext } from '../context.ts';
import { readValue, WRONG_TYPE } from '../lookup.ts';
import { readRandomCount } from '../random-count.ts';
import { OUT_OF_RANGE, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';

const hgetall: Handler = (ctx, request) => {
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash === WRONG_TYPE) return;
  const { reply } = ctx;
  reply.map(hash?.size ?? 0);
  hash?.forEach((field, value) => {
    reply.bulk(field);
    reply.bulk(value);
  });
};

const hkeys: Handler = (ctx, request) => {
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash === WRONG_TYPE) return;
  ctx.reply.array(hash?.size ?? 0);
  hash?.forEach((field) => {
    ctx.reply.bulk(field);
  });
};

const hvals: Handler = (ctx, request) => {
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash === WRONG_TYPE) return;
  ctx.reply.array(hash?.size ?? 0);
  hash?.forEach((_, value) => {
    ctx.reply.bulk(value);
  });
};

/** With values, more than so many of either kind cannot be counted in a reply of RESP2. */
const MOST_PAIRS = Number.MAX_SAFE_INTEGER / 2;

/** HRANDFIELD's arguments after the key; undefined after the error has been written. */
function readRandomFields(ctx: CommandContext, request: Request) {
  const count = readRandomCount(ctx, request, 2);
  if (count === undefined) return undefined;
  const withValues = request.count === 4 && request.is(3, 'withvalues');
  if (request.count > 3 && !withValues) {
    ctx.reply.error(SYNTAX_ERROR);
    return undefined;
  }
  if (withValues && Math.abs(count) > MOST_PAIRS) {
    ctx.reply.error(OUT_OF_RANGE);
    return undefined;
  }
  return { count, withValues };
}

const hrandfield: Handler = (ctx, request) => {
  const { reply } = ctx;
  const asked = request.count > 2 ? readRandomFields(ctx, request) : { count: undefined, withValues: false };
  if (asked === undefined) return;
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash === WRONG_TYPE) return;
  if (asked.count === undefined) {
    if (hash === undefined) reply.nullBulk();
    else
      hash.visitRandom(
        1,
        () => ctx.random(),
        (field) => reply.bulk(field),
      );
  } else if (hash === undefined) {
    reply.array(0);
  } else {
    writeRandomFields(ctx, hash, asked.count, asked.withValues);
  }
};

function writeRandomFields(ctx: CommandContext, hash: HashValue, count: number, withValues: boolean): void {
  const { reply } = ctx;
  const random01 = () => ctx.random();
  const written = count < 0 ? -count : Math.min(count, hash.size);
  const isNested = withValues && reply.protocol === 3;
  reply.array(withValues && !isNested ? written * 2 : written);
  const write = (field: string, value: string): void => {
    if (isNested) reply.array(2);
    reply.bulk(field);
    if (withValues) reply.bulk(value);
  };
  if (count < 0) hash.visitRandom(written, random01, write);
  else hash.visitSample(written, random01, write);
}

const hscan = scanning('hash', (hash, cursor, count, visit) => hash.scan(cursor, count, visit));

export const hashReadCommands: readonly CommandSpec[] = [
  {
    name: 'hgetall',
    arity: 2,
    flags: ['readonly'],
    categories: ['hash'],
    group: 'hash',
    since: '2.0.0',
    summary: 'Answers all fields of a hash with their values.',
    complexity: 'O(N), N being the number of fields.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output_order'],
    handler: hgetall,
  },
  {
    name: 'hkeys',
    arity: 2,
    flags: ['readonly'],
    categories: ['hash'],
    group: 'hash',
    since: '2.0.0',
    summary: 'Answers all fields of a hash.',
    complexity: 'O(N), N being the number of fields.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output_order'],
    handler: hkeys,
  },
  {
    name: 'hvals',
    arity: 2,
    flags: ['readonly'],
    categories: ['hash'],
    group: 'hash',
    since: '2.0.0',
    summary: 'Answers the values of all fields of a hash.',
    complexity: 'O(N), N being the number of fields.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output_order'],
    handler: hvals,
  },
  {
    name: 'hrandfield',
    arity: -2,
    flags: ['readonly'],
    categories: ['hash'],
    group: 'hash',
    since: '6.2.0',
    summary: 'Answers fields at random: so many different ones, or if the count is negative with repetition.',
    complexity: 'O(N), N being the number of fields answered.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output'],
    handler: hrandfield,
  },
  {
    name: 'hscan',
    arity: -3,
    flags: ['readonly'],
    categories: ['hash'],
    group: 'hash',
    since: '2.8.0',
    summary: 'Answers the fields of a hash with their values in portions.',
    complexity: 'O(1) a call, O(N) for all, N being the number of fields.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output'],
    handler: hscan,
  },
];
