/** Which keys there are: KEYS, SCAN, RANDOMKEY. */
import { createGlob, typeName } from '@aof/keyspace';
import { readCursor, readScanOptions } from '../scan-options.ts';
import type { CommandSpec, Handler } from '../spec.ts';

const keysCommand: Handler = (ctx, request) => {
  const { reply } = ctx;
  const hold = reply.defer();
  let count = 0;
  for (const key of ctx.db.keys(request.latin1(1))) {
    reply.bulk(key);
    count++;
  }
  reply.closeArray(hold, count);
};

const scan: Handler = (ctx, request) => {
  const { reply } = ctx;
  const cursor = readCursor(ctx, request, 1);
  if (cursor === undefined) return;
  const options = readScanOptions(ctx, request, 2, true);
  if (options === undefined) return;
  const { pattern, type } = options;
  const matches = pattern === undefined ? undefined : createGlob(pattern);
  const met: string[] = [];
  const next = ctx.db.dictionary.scan(cursor, options.count, (key) => {
    if (matches?.(key) !== false) met.push(key);
  });
  const found = met.filter((key) => {
    if (type === undefined) return !ctx.db.removeIfDue(key);
    const value = ctx.db.lookupReadNoTouch(key);
    return value !== undefined && typeName(value) === type;
  });
  reply.array(2);
  reply.bulk(String(next));
  reply.array(found.length);
  for (const key of found) reply.bulk(key);
};

const randomKey: Handler = (ctx) => {
  const key = ctx.db.randomKey();
  if (key === undefined) ctx.reply.nullBulk();
  else ctx.reply.bulk(key);
};

export const scanCommands: readonly CommandSpec[] = [
  {
    name: 'keys',
    arity: 2,
    flags: ['readonly'],
    categories: ['keyspace', 'dangerous'],
    group: 'generic',
    since: '1.0.0',
    summary: 'Answers all keys that match a pattern.',
    complexity: 'O(N) with N being the number of keys in the database.',
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
    handler: keysCommand,
  },
  {
    name: 'scan',
    arity: -2,
    flags: ['readonly', 'touches_arbitrary_keys'],
    categories: ['keyspace'],
    group: 'generic',
    since: '2.8.0',
    summary: 'Answers the keys of a database in portions.',
    complexity: 'O(1) for every call. O(N) for a complete iteration, where N is the number of keys.',
    tips: ['nondeterministic_output', 'request_policy:special'],
    handler: scan,
  },
  {
    name: 'randomkey',
    arity: 1,
    flags: ['readonly', 'touches_arbitrary_keys'],
    categories: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    summary: 'Answers a key at random.',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'nondeterministic_output'],
    handler: randomKey,
  },
];
