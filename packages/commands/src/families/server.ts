/** CONFIG, INFO, DBSIZE, FLUSHDB, FLUSHALL, SWAPDB, TIME, SAVE, BGSAVE, LASTSAVE, SHUTDOWN, BGREWRITEAOF: the server as a whole. */
import type { SetResult } from '@aof/config';
import type { ReplyWriter, Request } from '@aof/resp-codec';
import { isLocalClient } from '../client.ts';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import { DB_INDEX_OUT_OF_RANGE, SYNTAX_ERROR } from '../replies.ts';
import type { CommandFlag, CommandSpec, Handler } from '../spec.ts';
import { commandCommand } from './command.ts';
import { debugCommand } from './debug.ts';

const ADMIN: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];

const configGet: Handler = (ctx, request) => {
  const patterns = Array.from({ length: request.count - 2 }, (_, i) => request.latin1(i + 2));
  const found = ctx.server.config.get(patterns);
  ctx.reply.map(found.length / 2);
  for (const text of found) ctx.reply.bulk(text);
};

const configSet: Handler = (ctx, request) => {
  const args = Array.from({ length: request.count - 2 }, (_, i) => request.latin1(i + 2));
  const { server } = ctx;
  const context = { isLoading: ctx.keyspace.isLoading, isLocal: isLocalClient(ctx.client) };
  const result = server.setConfig?.(args, context, !ctx.isInExec) ?? server.config.set(args, context);
  const answer = (outcome: SetResult) => (reply: ReplyWriter) => {
    if ('error' in outcome) reply.error(outcome.error);
    else reply.ok();
  };
  if (result instanceof Promise) ctx.suspendUntil(result.then(answer));
  else answer(result)(ctx.reply);
};

const configRewrite: Handler = (ctx) => {
  const error = ctx.server.rewriteConfigFile();
  if (error !== undefined) return ctx.reply.error(error);
  ctx.reply.ok();
};

const info: Handler = (ctx, request) => {
  const names = Array.from({ length: request.count - 1 }, (_, i) => request.latin1(i + 1).toLowerCase());
  const sections = ctx.server.info(names);
  const text = sections
    .map(({ name, fields }) => `# ${name}\r\n${fields.map(([field, value]) => `${field}:${value}\r\n`).join('')}`)
    .join('\r\n');
  ctx.reply.verbatim('txt', text);
};

/** The words SYNC and ASYNC: emptying is a matter of letting go here, so both do the same. */
function isFlushModeValid(request: Request): boolean {
  return request.count === 1 || (request.count === 2 && (request.is(1, 'sync') || request.is(1, 'async')));
}

const flushDb: Handler = (ctx, request) => {
  if (!isFlushModeValid(request)) return ctx.reply.error(SYNTAX_ERROR);
  ctx.watches.touchedAll(ctx.db);
  ctx.keyspace.dirty += ctx.db.flush();
  ctx.blocked.swapped(ctx.db);
  ctx.propagateAlways();
  ctx.reply.ok();
};

const flushAll: Handler = (ctx, request) => {
  if (!isFlushModeValid(request)) return ctx.reply.error(SYNTAX_ERROR);
  for (const db of ctx.keyspace.databases) ctx.watches.touchedAll(db);
  ctx.keyspace.dirty += ctx.keyspace.flushAll();
  for (const db of ctx.keyspace.databases) ctx.blocked.swapped(db);
  ctx.server.snapshots?.flushed();
  ctx.propagateAlways();
  ctx.reply.ok();
};

const swapDb: Handler = (ctx, request) => {
  const first = request.integer(1);
  if (typeof first !== 'number' || first !== (first | 0)) return ctx.reply.error('ERR invalid first DB index');
  const second = request.integer(2);
  if (typeof second !== 'number' || second !== (second | 0)) return ctx.reply.error('ERR invalid second DB index');
  const { databases } = ctx.keyspace;
  const one = databases[first];
  const other = databases[second];
  if (one === undefined || other === undefined) return ctx.reply.error(DB_INDEX_OUT_OF_RANGE);
  if (one !== other) {
    ctx.watches.touchedAll(one, other);
    ctx.watches.touchedAll(other, one);
    ctx.keyspace.swap(first, second);
    ctx.blocked.swapped(one);
    ctx.blocked.swapped(other);
  }
  ctx.keyspace.dirty++;
  ctx.reply.ok();
};

const time: Handler = (ctx) => {
  ctx.reply.array(2);
  ctx.reply.bulk(String(Math.floor(ctx.nowMs / 1000)));
  ctx.reply.bulk(String((ctx.nowMs % 1000) * 1000));
};

const shutdown: Handler = (ctx, request) => {
  let save: boolean | undefined;
  let isNow = false;
  let isForced = false;
  let isAbort = false;
  for (let i = 1; i < request.count; i++) {
    if (request.is(i, 'nosave') && save !== true) save = false;
    else if (request.is(i, 'save') && save !== false) save = true;
    else if (request.is(i, 'now')) isNow = true;
    else if (request.is(i, 'force')) isForced = true;
    else if (request.is(i, 'abort')) isAbort = true;
    else return ctx.reply.error(SYNTAX_ERROR);
  }
  if (isAbort && request.count > 2) return ctx.reply.error(SYNTAX_ERROR);
  if (isAbort) return ctx.reply.error('ERR No shutdown in progress.');
  const error = ctx.server.shutdown({ save, now: isNow, force: isForced });
  // A server that goes down does not answer: the client sees the connection end.
  if (error !== undefined) ctx.reply.error(error);
};

const SAVE_IN_PROGRESS = 'ERR Background save already in progress';
/** What Redis answers when a save fails: the reason is the server's log's to tell. */
const SAVE_FAILED = 'ERR';

const save: Handler = (ctx) => {
  const answer = ctx.server.snapshots?.save();
  if (answer === 'done') ctx.reply.ok();
  else ctx.reply.error(answer === 'in-progress' ? SAVE_IN_PROGRESS : SAVE_FAILED);
};

const bgSave: Handler = (ctx, request) => {
  const mayWait = request.count === 2 && request.is(1, 'schedule');
  if (request.count > 1 && !mayWait) return ctx.reply.error(SYNTAX_ERROR);
  switch (ctx.server.snapshots?.saveInBackground(mayWait)) {
    case 'started':
      return ctx.reply.simple('Background saving started');
    case 'scheduled':
      return ctx.reply.simple('Background saving scheduled');
    case 'in-progress':
      return ctx.reply.error(SAVE_IN_PROGRESS);
    case 'busy':
      return ctx.reply.error(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
      );
    default:
      return ctx.reply.error(SAVE_FAILED);
  }
};

const bgRewriteAof: Handler = (ctx: CommandContext) => {
  const answer = ctx.server.rewriteLog();
  if (answer.outcome === 'started') ctx.reply.simple('Background append only file rewriting started');
  else if (answer.outcome === 'scheduled') ctx.reply.simple('Background append only file rewriting scheduled');
  else if (answer.outcome === 'in-progress') {
    ctx.reply.error('ERR Background append only file rewriting already in progress');
  } else ctx.reply.error(answer.message);
};

function configSub(
  name: string,
  arity: number,
  since: string,
  summary: string,
  complexity: string,
  handler: Handler,
): CommandSpec {
  return {
    name,
    arity,
    flags: ADMIN,
    categories: [],
    group: 'server',
    since,
    summary,
    complexity,
    ...(name === 'set' ? { tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'] } : {}),
    handler,
  };
}

const configCommand: CommandSpec = {
  name: 'config',
  arity: -2,
  flags: [],
  categories: [],
  group: 'server',
  since: '2.0.0',
  summary: 'Container of the commands about the configuration.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    configSub(
      'get',
      -3,
      '2.0.0',
      'Answers options and their values.',
      'O(N) when N is the number of configuration parameters provided',
      configGet,
    ),
    configSub(
      'set',
      -4,
      '2.0.0',
      'Changes options, all or none.',
      'O(N) when N is the number of configuration parameters provided',
      configSet,
    ),
    configSub(
      'rewrite',
      2,
      '2.8.0',
      'Writes the options as they are now to the configuration file.',
      'O(1)',
      configRewrite,
    ),
    configSub('resetstat', 2, '2.0.0', 'Sets the statistics of INFO back to zero.', 'O(1)', (ctx) => {
      ctx.server.resetStatistics();
      ctx.reply.ok();
    }),
    helpSubcommand(
      [
        'GET <pattern>',
        '    Answer the options whose names match the pattern, and their values.',
        'SET <directive> <value>',
        '    Change an option.',
        'RESETSTAT',
        '    Set the statistics of INFO back to zero.',
        'REWRITE',
        '    Write the options as they are now to the configuration file.',
      ],
      'server',
      '5.0.0',
      [],
    ),
  ],
};

const ALL_SHARDS_SUCCEED = ['request_policy:all_shards', 'response_policy:all_succeeded'];

export const serverCommands: readonly CommandSpec[] = [
  commandCommand,
  configCommand,
  debugCommand,
  {
    name: 'info',
    arity: -1,
    flags: ['loading', 'stale'],
    categories: ['dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Reports on the server, in sections.',
    complexity: 'O(1)',
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    handler: info,
  },
  {
    name: 'dbsize',
    arity: 1,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    group: 'server',
    since: '1.0.0',
    summary: 'Counts the keys of the selected database.',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
    handler: (ctx) => ctx.reply.integer(ctx.db.size),
  },
  {
    name: 'flushdb',
    arity: -1,
    flags: ['write'],
    categories: ['keyspace', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Empties the selected database.',
    complexity: 'O(N) where N is the number of keys in the selected database',
    tips: ALL_SHARDS_SUCCEED,
    handler: flushDb,
  },
  {
    name: 'flushall',
    arity: -1,
    flags: ['write'],
    categories: ['keyspace', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Empties all databases.',
    complexity: 'O(N) where N is the total number of keys in all databases',
    tips: ALL_SHARDS_SUCCEED,
    handler: flushAll,
  },
  {
    name: 'swapdb',
    arity: 3,
    flags: ['write', 'fast'],
    categories: ['keyspace', 'dangerous'],
    group: 'server',
    since: '4.0.0',
    summary: 'Exchanges two databases.',
    complexity: 'O(N) where N is the count of clients watching or blocking on keys from both databases.',
    handler: swapDb,
  },
  {
    name: 'time',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: [],
    group: 'server',
    since: '2.6.0',
    summary: "Answers the server's time: Unix seconds, and microseconds of the current one.",
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    handler: time,
  },
  {
    name: 'save',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Saves a snapshot of the data set to the disk while everybody waits.',
    complexity: 'O(N) where N is the total number of keys in all databases',
    handler: save,
  },
  {
    name: 'bgsave',
    arity: -1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Saves a snapshot of the data set to the disk in the background.',
    complexity: 'O(1)',
    handler: bgSave,
  },
  {
    name: 'lastsave',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: ['admin', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Answers the Unix time of the last successful save.',
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    handler: (ctx) => ctx.reply.integer(ctx.server.lastSaveSec()),
  },
  {
    name: 'shutdown',
    arity: -1,
    flags: [...ADMIN, 'no_multi', 'allow_busy'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Flushes and syncs the log, saves a snapshot if save points are set, then ends the server.',
    complexity:
      'O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)',
    handler: shutdown,
  },
  {
    name: 'bgrewriteaof',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Rewrites the log in the background.',
    complexity: 'O(1)',
    handler: bgRewriteAof,
  },
];
