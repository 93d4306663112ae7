/** Members at random: SPOP takes them out of the set, SRANDMEMBER leaves them. */
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger, readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { readRandomCount } from '../random-count.ts';
import { NOT_POSITIVE, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';

/** Members that one SREM in the log removes at most. */
const RECORD_MEMBERS = 1024;

const pop: Handler = (ctx, request) => {
  if (request.count === 3) return popMany(ctx, request);
  if (request.count > 3) return ctx.reply.error(SYNTAX_ERROR);
  const key = request.key(1);
  const set = writeValue(ctx, key, 'set');
  if (set === WRONG_TYPE) return;
  if (set === undefined) return ctx.reply.nullBulk();
  const member = set.pop(() => ctx.random());
  // What was drawn is logged, not the drawing.
  ctx.propagate(['SREM', key, member]);
  ctx.reply.bulk(member);
  if (set.size === 0) ctx.db.remove(key);
  else ctx.db.touched(key);
  ctx.keyspace.dirty++;
};

function popMany(ctx: CommandContext, request: Request): void {
  const { reply, keyspace } = ctx;
  const count = readInteger(ctx, request, 2, NOT_POSITIVE);
  if (count === undefined) return;
  if (count < 0) return reply.error(NOT_POSITIVE);
  const key = request.key(1);
  const set = writeValue(ctx, key, 'set');
  if (set === WRONG_TYPE) return;
  if (set === undefined || count === 0) return reply.set(0);
  const size = set.size;
  reply.set(Math.min(count, size));
  if (count >= size) {
    set.forEachTransient(
      (member) => reply.bulk(member),
      (bytes, start, end) => reply.bulkRange(bytes, start, end),
    );
    ctx.db.remove(key);
    ctx.propagate(['DEL', key]);
    keyspace.dirty += size;
    return;
  }
  const popped = set.popMany(count, () => ctx.random(), keyspace.thresholds);
  for (const member of popped) reply.bulk(member);
  for (let from = 0; from < count; from += RECORD_MEMBERS) {
    ctx.propagate(['SREM', key, ...popped.slice(from, from + RECORD_MEMBERS)]);
  }
  ctx.db.touched(key);
  keyspace.dirty += count;
}

const randomMember: Handler = (ctx, request) => {
  const { reply } = ctx;
  const random01 = () => ctx.random();
  if (request.count > 3) return reply.error(SYNTAX_ERROR);
  const hasCount = request.count === 3;
  const count = hasCount ? readRandomCount(ctx, request, 2) : 1;
  if (count === undefined) return;
  const set = readValue(ctx, request.key(1), 'set');
  if (set === WRONG_TYPE) return;
  if (set === undefined || count === 0) {
    if (hasCount) reply.array(0);
    else reply.nullBulk();
    return;
  }
  if (!hasCount) return reply.bulk(set.random(random01));
  if (count < 0) {
    reply.array(-count);
    for (let left = -count; left > 0; left--) reply.bulk(set.random(random01));
    return;
  }
  const sample = set.sample(count, random01);
  reply.array(sample.length);
  for (const member of sample) reply.bulk(member);
};

export const setRandomCommands: readonly CommandSpec[] = [
  {
    name: 'spop',
    arity: -2,
    flags: ['write', 'fast'],
    categories: ['set'],
    group: 'set',
    since: '1.0.0',
    summary: 'Removes random members from a set and answers them.',
    complexity: 'O(1) for each member.',
    keySpecs: [keys('RW access delete')],
    tips: ['nondeterministic_output'],
    handler: pop,
  },
  {
    name: 'srandmember',
    arity: -2,
    flags: ['readonly'],
    categories: ['set'],
    group: 'set',
    since: '1.0.0',
    summary: 'Answers random members of a set.',
    complexity: 'O(1) for each member.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output'],
    handler: randomMember,
  },
];
