/** Hashes: fields are set, read, counted up and removed. hash-read.ts holds what reads many of them. */
import { HashValue, type Key } from '@aof/keyspace';
import { textsFrom } from '../argument-texts.ts';
import type { CommandContext } from '../context.ts';
import { addInt64, parseInt64 } from '../int64.ts';
import { addLongDouble, isInfiniteLongDouble, isLongDouble } from '../long-double.ts';
import { readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { INCREMENT_NOT_FINITE, INCREMENT_OVERFLOW, NOT_A_FLOAT, NOT_AN_INTEGER, wrongArity } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { hashReadCommands } from './hash-read.ts';

const VALUE_NOT_AN_INTEGER = 'ERR hash value is not an integer';
const VALUE_NOT_A_FLOAT = 'ERR hash value is not a float';
const INCREMENT_INFINITE = 'ERR value is NaN or Infinity';

/** HSET, and HMSET, which answers OK instead of the number of new fields. */
function setting(name: string, answersOk: boolean): Handler {
  return (ctx, request) => {
    if (request.count % 2 === 1) return ctx.reply.error(wrongArity(name));
    const key = request.key(1);
    const found = writeValue(ctx, key, 'hash');
    if (found === WRONG_TYPE) return;
    const hash = found ?? new HashValue();
    const { thresholds } = ctx.keyspace;
    const pairs = (request.count - 2) / 2;
    const created =
      pairs > 1
        ? hash.setAll(textsFrom(request, 2), thresholds)
        : Number(hash.set(request.latin1(2), request.latin1(3), thresholds));
    ctx.keyspace.dirty += pairs;
    changed(ctx, key, found, hash);
    if (answersOk) ctx.reply.ok();
    else ctx.reply.integer(created);
  };
}

/** Stores a hash that is new, or tells that the one under the key has changed. */
function changed(ctx: CommandContext, key: Key, found: HashValue | undefined, hash: HashValue): void {
  if (found === undefined) ctx.db.set(key, hash);
  else ctx.db.touched(key);
}

const hsetnx: Handler = (ctx, request) => {
  const key = request.key(1);
  const found = writeValue(ctx, key, 'hash');
  if (found === WRONG_TYPE) return;
  const field = request.latin1(2);
  if (found?.has(field)) return ctx.reply.integer(0);
  setOne(ctx, key, found, field, request.latin1(3));
  ctx.reply.integer(1);
};

function setOne(ctx: CommandContext, key: Key, found: HashValue | undefined, field: string, value: string): void {
  const hash = found ?? new HashValue();
  hash.set(field, value, ctx.keyspace.thresholds);
  ctx.keyspace.dirty++;
  changed(ctx, key, found, hash);
}

const hdel: Handler = (ctx, request) => {
  const key = request.key(1);
  const hash = writeValue(ctx, key, 'hash');
  if (hash === WRONG_TYPE) return;
  if (hash === undefined) return ctx.reply.integer(0);
  const removed = hash.deleteAll(textsFrom(request, 2));
  if (hash.size === 0) ctx.db.remove(key);
  else if (removed > 0) ctx.db.touched(key);
  ctx.keyspace.dirty += removed;
  ctx.reply.integer(removed);
};

const hincrby: Handler = (ctx, request) => {
  const increment = request.integer(3);
  if (increment === undefined) return ctx.reply.error(NOT_AN_INTEGER);
  const key = request.key(1);
  const found = writeValue(ctx, key, 'hash');
  if (found === WRONG_TYPE) return;
  const field = request.latin1(2);
  const before = parseInt64(found?.get(field) ?? '0');
  if (before === undefined) return ctx.reply.error(VALUE_NOT_AN_INTEGER);
  const sum = addInt64(before, increment);
  if (sum === undefined) return ctx.reply.error(INCREMENT_OVERFLOW);
  setOne(ctx, key, found, field, String(sum));
  ctx.reply.integer(sum);
};

const hincrbyfloat: Handler = (ctx, request) => {
  const increment = request.latin1(3);
  if (!isLongDouble(increment)) return ctx.reply.error(NOT_A_FLOAT);
  if (isInfiniteLongDouble(increment)) return ctx.reply.error(INCREMENT_INFINITE);
  const key = request.key(1);
  const found = writeValue(ctx, key, 'hash');
  if (found === WRONG_TYPE) return;
  const field = request.latin1(2);
  const before = found?.get(field) ?? '0';
  if (!isLongDouble(before)) return ctx.reply.error(VALUE_NOT_A_FLOAT);
  const sum = addLongDouble(before, increment);
  if (sum === undefined) return ctx.reply.error(INCREMENT_NOT_FINITE);
  setOne(ctx, key, found, field, sum);
  // What is logged is the result: another machine might round otherwise.
  ctx.propagate(['HSET', key, field, sum]);
  ctx.reply.bulk(sum);
};

const hget: Handler = (ctx, request) => {
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash === WRONG_TYPE) return;
  const value = hash?.get(request.latin1(2));
  if (value === undefined) ctx.reply.nullBulk();
  else ctx.reply.bulk(value);
};

const hmget: Handler = (ctx, request) => {
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash === WRONG_TYPE) return;
  const { reply } = ctx;
  reply.array(request.count - 2);
  for (let i = 2; i < request.count; i++) {
    const value = hash?.get(request.latin1(i));
    if (value === undefined) reply.nullBulk();
    else reply.bulk(value);
  }
};

const hexists: Handler = (ctx, request) => {
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash !== WRONG_TYPE) ctx.reply.integer(hash?.has(request.latin1(2)) ? 1 : 0);
};

const hstrlen: Handler = (ctx, request) => {
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash !== WRONG_TYPE) ctx.reply.integer(hash?.valueLength(request.latin1(2)) ?? 0);
};

const hlen: Handler = (ctx, request) => {
  const hash = readValue(ctx, request.key(1), 'hash');
  if (hash !== WRONG_TYPE) ctx.reply.integer(hash?.size ?? 0);
};

const WRITE = { flags: ['write', 'denyoom', 'fast'], categories: ['hash'], group: 'hash' } as const;
const READ = { flags: ['readonly', 'fast'], categories: ['hash'], group: 'hash' } as const;

export const hashCommands: readonly CommandSpec[] = [
  {
    ...WRITE,
    name: 'hset',
    arity: -4,
    since: '2.0.0',
    summary: 'Sets fields of a hash, which is created if need be, and answers how many of them are new.',
    complexity: 'O(N), N being the number of fields.',
    keySpecs: [keys('RW update')],
    handler: setting('hset', false),
  },
  {
    ...WRITE,
    name: 'hmset',
    arity: -4,
    since: '2.0.0',
    summary: 'Sets fields of a hash, which is created if need be. HSET does the same.',
    complexity: 'O(N), N being the number of fields.',
    keySpecs: [keys('RW update')],
    handler: setting('hmset', true),
  },
  {
    ...WRITE,
    name: 'hsetnx',
    arity: 4,
    since: '2.0.0',
    summary: 'Sets a field of a hash unless the field exists.',
    complexity: 'O(1)',
    keySpecs: [keys('RW insert')],
    handler: hsetnx,
  },
  {
    ...WRITE,
    name: 'hincrby',
    arity: 4,
    since: '2.0.0',
    summary: 'Adds an integer to the one in a field, which counts as 0 if it is missing.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access update')],
    handler: hincrby,
  },
  {
    ...WRITE,
    name: 'hincrbyfloat',
    arity: 4,
    since: '2.6.0',
    summary: 'Adds a number to the one in a field, which counts as 0 if it is missing.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access update')],
    handler: hincrbyfloat,
  },
  {
    name: 'hdel',
    arity: -3,
    flags: ['write', 'fast'],
    categories: ['hash'],
    group: 'hash',
    since: '2.0.0',
    summary: 'Removes fields of a hash; a hash without fields goes.',
    complexity: 'O(N), N being the number of fields.',
    keySpecs: [keys('RW delete')],
    handler: hdel,
  },
  {
    ...READ,
    name: 'hget',
    arity: 3,
    since: '2.0.0',
    summary: 'Answers the value of a field.',
    complexity: 'O(1)',
    keySpecs: [keys('RO access')],
    handler: hget,
  },
  {
    ...READ,
    name: 'hmget',
    arity: -3,
    since: '2.0.0',
    summary: 'Answers the values of several fields.',
    complexity: 'O(N), N being the number of fields.',
    keySpecs: [keys('RO access')],
    handler: hmget,
  },
  {
    ...READ,
    name: 'hexists',
    arity: 3,
    since: '2.0.0',
    summary: 'Answers whether a field exists.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: hexists,
  },
  {
    ...READ,
    name: 'hstrlen',
    arity: 3,
    since: '3.2.0',
    summary: 'Answers how many bytes the value of a field has.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: hstrlen,
  },
  {
    ...READ,
    name: 'hlen',
    arity: 2,
    since: '2.0.0',
    summary: 'Answers how many fields a hash has.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: hlen,
  },
  ...hashReadCommands,
];
