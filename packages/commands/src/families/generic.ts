/** Commands on keys of any type: remove, count, rename, copy, move. */
import { cloneValue, typeName } from '@aof/keyspace';
import { readDatabase } from '../lookup.ts';
import { NO_SUCH_KEY, SAME_OBJECT, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';

const remove: Handler = (ctx, request) => {
  let removed = 0;
  for (let i = 1; i < request.count; i++) {
    const key = request.key(i);
    // The look-up lets an expired key go as expired, not as removed.
    if (ctx.db.lookupWrite(key) !== undefined && ctx.db.remove(key)) removed++;
  }
  ctx.keyspace.dirty += removed;
  ctx.reply.integer(removed);
};

const exists: Handler = (ctx, request) => {
  let found = 0;
  for (let i = 1; i < request.count; i++) if (ctx.db.lookupReadNoTouch(request.key(i)) !== undefined) found++;
  ctx.reply.integer(found);
};

const touch: Handler = (ctx, request) => {
  let found = 0;
  for (let i = 1; i < request.count; i++) if (ctx.db.lookupRead(request.key(i)) !== undefined) found++;
  ctx.reply.integer(found);
};

const type: Handler = (ctx, request) => {
  const value = ctx.db.lookupReadNoTouch(request.key(1));
  ctx.reply.simple(value === undefined ? 'none' : typeName(value));
};

function rename(onlyIfNew: boolean): Handler {
  return (ctx, request) => {
    const { db, reply } = ctx;
    const from = request.key(1);
    const to = request.key(2);
    if (db.lookupWrite(from) === undefined) return reply.error(NO_SUCH_KEY);
    if (from === to) return onlyIfNew ? reply.integer(0) : reply.ok();
    if (onlyIfNew && db.lookupWrite(to) !== undefined) return reply.integer(0);
    db.rename(from, to);
    ctx.keyspace.dirty++;
    if (onlyIfNew) reply.integer(1);
    else reply.ok();
  };
}

const move: Handler = (ctx, request) => {
  const target = readDatabase(ctx, request, 2);
  if (target === undefined) return;
  if (target === ctx.db) return ctx.reply.error(SAME_OBJECT);
  const key = request.key(1);
  // The source first: while there is none, nothing expires in the target.
  if (ctx.db.lookupWrite(key) === undefined || !ctx.db.move(key, target)) return ctx.reply.integer(0);
  ctx.keyspace.dirty++;
  ctx.reply.integer(1);
};

const copy: Handler = (ctx, request) => {
  let target = ctx.db;
  let replaces = false;
  for (let i = 3; i < request.count; i++) {
    if (request.is(i, 'replace')) replaces = true;
    else if (request.is(i, 'db') && i + 1 < request.count) {
      const named = readDatabase(ctx, request, ++i);
      if (named === undefined) return;
      target = named;
    } else return ctx.reply.error(SYNTAX_ERROR);
  }
  const from = request.key(1);
  const to = request.key(2);
  if (target === ctx.db && from === to) return ctx.reply.error(SAME_OBJECT);
  const value = ctx.db.lookupRead(from);
  if (value === undefined) return ctx.reply.integer(0);
  const expireAtMs = ctx.db.expireAt(from);
  if (target.lookupWrite(to) !== undefined && !replaces) return ctx.reply.integer(0);
  target.set(to, cloneValue(value));
  if (expireAtMs !== -1) target.setExpire(to, expireAtMs);
  ctx.keyspace.dirty++;
  ctx.reply.integer(1);
};

const BY_SHARD = ['request_policy:multi_shard', 'response_policy:agg_sum'];

export const genericCommands: readonly CommandSpec[] = [
  {
    name: 'del',
    arity: -2,
    flags: ['write'],
    categories: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    summary: 'Removes keys.',
    complexity: 'O(N) where N is the number of keys.',
    keySpecs: [keys('RM delete', 1, -1)],
    tips: BY_SHARD,
    handler: remove,
  },
  {
    name: 'unlink',
    arity: -2,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    group: 'generic',
    since: '4.0.0',
    summary: 'Removes keys; their memory is reclaimed later.',
    complexity: 'O(N) where N is the number of keys.',
    keySpecs: [keys('RM delete', 1, -1)],
    tips: BY_SHARD,
    handler: remove,
  },
  {
    name: 'exists',
    arity: -2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    summary: 'Counts which of the keys exist.',
    complexity: 'O(N) where N is the number of keys to check.',
    keySpecs: [keys('RO', 1, -1)],
    tips: BY_SHARD,
    handler: exists,
  },
  {
    name: 'touch',
    arity: -2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    group: 'generic',
    since: '3.2.1',
    summary: 'Counts which of the keys exist and marks them as just used.',
    complexity: 'O(N) where N is the number of keys that will be touched.',
    keySpecs: [keys('RO', 1, -1)],
    tips: BY_SHARD,
    handler: touch,
  },
  {
    name: 'type',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    summary: 'Answers the type of the value of a key.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: type,
  },
  {
    name: 'rename',
    arity: 3,
    flags: ['write'],
    categories: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    summary: 'Gives a key another name, in place of a key that has it.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access delete'), keys('OW update', 2)],
    handler: rename(false),
  },
  {
    name: 'renamenx',
    arity: 3,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    summary: 'Gives a key another name unless a key has it.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access delete'), keys('OW insert', 2)],
    handler: rename(true),
  },
  {
    name: 'copy',
    arity: -3,
    flags: ['write', 'denyoom'],
    categories: ['keyspace'],
    group: 'generic',
    since: '6.2.0',
    summary: 'Copies the value of a key to another key.',
    complexity: 'O(N) worst case for collections, where N is the number of nested items. O(1) for string values.',
    keySpecs: [keys('RO access'), keys('OW update', 2)],
    handler: copy,
  },
  {
    name: 'move',
    arity: 3,
    flags: ['write', 'fast'],
    categories: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    summary: 'Moves a key to another database.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access update')],
    handler: move,
  },
];
