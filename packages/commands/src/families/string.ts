/** Strings as a whole: GET, SET, MGET, MSET, MSETNX; string-set.ts, string-range.ts and string-number.ts hold the rest. */
import { stringContent } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import { WRONG_TYPE_ERROR, wrongArity } from '../replies.ts';
import { type CommandSpec, type Handler, keys, variableKey } from '../spec.ts';
import { storeString } from '../stored-string.ts';
import { stringNumberCommands } from './string-number.ts';
import { stringRangeCommands } from './string-range.ts';
import { setWithOptions, stringSetCommands } from './string-set.ts';

const get: Handler = (ctx, request) => {
  // By bytes: the most frequent command of all makes no string of its key.
  const value = ctx.db.lookupReadBytes(request.buffer, request.start(1), request.end(1));
  if (typeof value === 'string') ctx.reply.bulk(value);
  else if (value === undefined) ctx.reply.nullBulk();
  else if (value.type === 'string') ctx.reply.bulk(value.bytes);
  else ctx.reply.error(WRONG_TYPE_ERROR);
};

const set: Handler = (ctx, request) => {
  if (request.count > 3) return setWithOptions(ctx, request);
  storeString(ctx.db, request, 1, 2);
  ctx.keyspace.dirty++;
  ctx.reply.ok();
};

function hasWord(request: Request, word: string, from: number): boolean {
  for (let i = from; i < request.count; i++) if (request.is(i, word)) return true;
  return false;
}

const mget: Handler = (ctx, request) => {
  const { db, reply } = ctx;
  reply.array(request.count - 1);
  for (let i = 1; i < request.count; i++) {
    const value = db.lookupRead(request.key(i));
    if (typeof value === 'string') reply.bulk(value);
    else if (value === undefined || value.type !== 'string') reply.nullBulk();
    else reply.bulk(stringContent(value));
  }
};

function mset(name: string, onlyIfNew: boolean): Handler {
  return (ctx, request) => {
    const { db, reply } = ctx;
    if (request.count % 2 === 0) return reply.error(wrongArity(name));
    for (let i = 1; onlyIfNew && i < request.count; i += 2) {
      if (db.lookupWrite(request.key(i)) !== undefined) return reply.integer(0);
    }
    for (let i = 1; i < request.count; i += 2) storeString(db, request, i, i + 1);
    ctx.keyspace.dirty += (request.count - 1) / 2;
    if (onlyIfNew) reply.integer(1);
    else reply.ok();
  };
}

export const stringCommands: readonly CommandSpec[] = [
  {
    name: 'get',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['string'],
    group: 'string',
    since: '1.0.0',
    summary: 'Answers the value of a key.',
    complexity: 'O(1)',
    keySpecs: [keys('RO access')],
    handler: get,
  },
  {
    name: 'set',
    arity: -3,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    group: 'string',
    since: '1.0.0',
    summary: 'Sets the value of a key, in place of any value it has.',
    complexity: 'O(1)',
    keySpecs: [
      { ...keys('RW access update variable_flags'), notes: 'RW and ACCESS due to the optional `GET` argument' },
    ],
    getKeys: (request) => [variableKey(hasWord(request, 'get', 3) ? 'RW access update' : 'OW update')],
    handler: set,
  },
  {
    name: 'mget',
    arity: -2,
    flags: ['readonly', 'fast'],
    categories: ['string'],
    group: 'string',
    since: '1.0.0',
    summary: 'Answers the values of several keys.',
    complexity: 'O(N) where N is the number of keys to retrieve.',
    keySpecs: [keys('RO access', 1, -1)],
    tips: ['request_policy:multi_shard'],
    handler: mget,
  },
  {
    name: 'mset',
    arity: -3,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    group: 'string',
    since: '1.0.1',
    summary: 'Sets the values of several keys.',
    complexity: 'O(N) where N is the number of keys to set.',
    keySpecs: [keys('OW update', 1, -1, 2)],
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    handler: mset('mset', false),
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    group: 'string',
    since: '1.0.1',
    summary: 'Sets the values of several keys if none of them exists.',
    complexity: 'O(N) where N is the number of keys to set.',
    keySpecs: [keys('OW insert', 1, -1, 2)],
    tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
    handler: mset('msetnx', true),
  },
  ...stringSetCommands,
  ...stringRangeCommands,
  ...stringNumberCommands,
];
