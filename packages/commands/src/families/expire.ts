/** Expiry: EXPIRE and its relatives set it, TTL and its relatives read it, PERSIST removes it. */
import type { Request } from '@aof/resp-codec';
import type { CommandContext, RecordArgument } from '../context.ts';
import { type ExpireTime, expireTime, storedExpireMs } from '../expire-time.ts';
import { invalidExpireTime, NOT_AN_INTEGER, repeated } from '../replies.ts';
import { type CommandFlag, type CommandSpec, type Handler, keys } from '../spec.ts';

const GT_WITH_LT = 'ERR GT and LT options at the same time are not compatible';
const NX_WITH_OTHERS = 'ERR NX and XX, GT or LT options at the same time are not compatible';

interface Conditions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
}

/** EXPIRE's words from argument 3 on, or the error. */
function readConditions(request: Request): Conditions | string {
  const conditions: Conditions = { nx: false, xx: false, gt: false, lt: false };
  for (let i = 3; i < request.count; i++) {
    if (request.is(i, 'nx')) conditions.nx = true;
    else if (request.is(i, 'xx')) conditions.xx = true;
    else if (request.is(i, 'gt')) conditions.gt = true;
    else if (request.is(i, 'lt')) conditions.lt = true;
    else return `ERR Unsupported option ${repeated(request.latin1(i))}`;
  }
  const { nx, xx, gt, lt } = conditions;
  if (nx && (xx || gt || lt)) return NX_WITH_OTHERS;
  return gt && lt ? GT_WITH_LT : conditions;
}

/** Whether the time may replace `current` (-1: none, which counts as later than any time). */
function isAllowed({ nx, xx, gt, lt }: Conditions, time: ExpireTime, current: number): boolean {
  if (nx) return current === -1;
  if (xx && current === -1) return false;
  if (gt && (current === -1 || time <= current)) return false;
  return !(lt && current !== -1 && time >= current);
}

/** A command that sets the expiry to `amount` units after the clock, or (`isAbsolute`) after the epoch. */
function expire(name: string, unitMs: 1 | 1000, isAbsolute: boolean): Handler {
  const error = invalidExpireTime(name);
  return (ctx, request) => {
    const conditions = request.count > 3 ? readConditions(request) : undefined;
    if (typeof conditions === 'string') return ctx.reply.error(conditions);
    const amount = request.integer(2);
    if (amount === undefined) return ctx.reply.error(NOT_AN_INTEGER);
    const time = expireTime(amount, unitMs, isAbsolute ? 0 : ctx.nowMs);
    if (time === undefined) return ctx.reply.error(error);
    const key = request.key(1);
    if (ctx.db.lookupWrite(key) === undefined) return ctx.reply.integer(0);
    if (conditions && !isAllowed(conditions, time, ctx.db.expireAt(key))) return ctx.reply.integer(0);
    if (isPast(ctx, time)) {
      ctx.db.remove(key);
      ctx.propagate(['DEL', key]);
    } else {
      ctx.db.setExpire(key, storedExpireMs(time));
      // PEXPIREAT is logged as it was sent.
      if (!isAbsolute || unitMs !== 1) ctx.propagate(['PEXPIREAT', key, String(time), ...wordsFrom(request, 3)]);
    }
    ctx.keyspace.dirty++;
    ctx.reply.integer(1);
  };
}

/** Whether a key with that expiry is to be removed at once. While the log is loaded nothing expires. */
export function isPast(ctx: CommandContext, time: ExpireTime): boolean {
  return time <= ctx.nowMs && !ctx.keyspace.isLoading;
}

function wordsFrom(request: Request, first: number): RecordArgument[] {
  const words: RecordArgument[] = [];
  for (let i = first; i < request.count; i++) words.push(request.latin1(i));
  return words;
}

/** A command that answers the expiry by `answer`, -1 if there is none, -2 if there is no key. */
function expiry(answer: (expireAtMs: number, nowMs: number) => number): Handler {
  return (ctx, request) => {
    const key = request.key(1);
    if (ctx.db.lookupReadNoTouch(key) === undefined) return ctx.reply.integer(-2);
    const expireAtMs = ctx.db.expireAt(key);
    ctx.reply.integer(expireAtMs === -1 ? -1 : answer(expireAtMs, ctx.nowMs));
  };
}

const remainingMs = (expireAtMs: number, nowMs: number) => Math.max(0, expireAtMs - nowMs);
const roundedSeconds = (ms: number) => Math.floor((ms + 500) / 1000);

const persist: Handler = (ctx, request) => {
  if (!ctx.db.persist(request.key(1))) return ctx.reply.integer(0);
  ctx.keyspace.dirty++;
  ctx.reply.integer(1);
};

const WRITE: readonly CommandFlag[] = ['write', 'fast'];
const READ: readonly CommandFlag[] = ['readonly', 'fast'];

function setter(name: string, since: string, summary: string, unitMs: 1 | 1000, isAbsolute: boolean): CommandSpec {
  return {
    name,
    arity: -3,
    flags: WRITE,
    categories: ['keyspace'],
    group: 'generic',
    since,
    summary,
    complexity: 'O(1)',
    keySpecs: [keys('RW update')],
    handler: expire(name, unitMs, isAbsolute),
  };
}

function getter(
  name: string,
  since: string,
  summary: string,
  isRelative: boolean,
  answer: (expireAtMs: number, nowMs: number) => number,
): CommandSpec {
  return {
    name,
    arity: 2,
    flags: READ,
    categories: ['keyspace'],
    group: 'generic',
    since,
    summary,
    complexity: 'O(1)',
    keySpecs: [keys('RO access')],
    ...(isRelative ? { tips: ['nondeterministic_output'] } : {}),
    handler: expiry(answer),
  };
}

export const expireCommands: readonly CommandSpec[] = [
  setter('expire', '1.0.0', 'Makes a key expire after some seconds.', 1000, false),
  setter('pexpire', '2.6.0', 'Makes a key expire after some milliseconds.', 1, false),
  setter('expireat', '1.2.0', 'Makes a key expire at a Unix time in seconds.', 1000, true),
  setter('pexpireat', '2.6.0', 'Makes a key expire at a Unix time in milliseconds.', 1, true),
  getter('ttl', '1.0.0', 'Answers the seconds until a key expires.', true, (at, now) =>
    roundedSeconds(remainingMs(at, now)),
  ),
  getter('pttl', '2.6.0', 'Answers the milliseconds until a key expires.', true, remainingMs),
  getter('expiretime', '7.0.0', 'Answers the Unix time in seconds at which a key expires.', false, roundedSeconds),
  getter('pexpiretime', '7.0.0', 'Answers the Unix time in milliseconds at which a key expires.', false, (at) => at),
  {
    name: 'persist',
    arity: 2,
    flags: WRITE,
    categories: ['keyspace'],
    group: 'generic',
    since: '2.2.0',
    summary: 'Lets a key no longer expire.',
    complexity: 'O(1)',
    keySpecs: [keys('RW update')],
    handler: persist,
  },
];
