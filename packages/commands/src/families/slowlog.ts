/** SLOWLOG: the commands that took long. */
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import type { CommandFlag, CommandSpec, Handler } from '../spec.ts';

const FLAGS: readonly CommandFlag[] = ['admin', 'loading', 'stale'];
const DEFAULT_COUNT = 10;
const BAD_COUNT = 'ERR count should be greater than or equal to -1';
const BAD_FORM = "ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.";

/** How many are asked for, or the error. */
function readCount(request: Request): number | string {
  if (request.count === 2) return DEFAULT_COUNT;
  if (request.count > 3) return BAD_FORM;
  const count = request.integer(2);
  if (count === undefined || count < -1) return BAD_COUNT;
  return count === -1 ? Number.POSITIVE_INFINITY : Number(count);
}

const get: Handler = (ctx: CommandContext, request) => {
  const { reply } = ctx;
  const count = readCount(request);
  if (typeof count === 'string') return reply.error(count);
  const entries = count === 0 ? [] : ctx.times.slowLog.newest(Math.min(count, ctx.times.slowLog.size));
  reply.array(entries.length);
  for (const entry of entries) {
    reply.array(6);
    reply.integer(entry.id);
    reply.integer(entry.timeSec);
    reply.integer(entry.durationUs);
    reply.array(entry.args.length);
    for (const arg of entry.args) reply.bulk(arg);
    reply.bulk(entry.clientAddress);
    reply.bulk(entry.clientName);
  }
};

const shared = { flags: FLAGS, categories: [], group: 'server', since: '2.2.12' } as const;

export const slowLogCommand: CommandSpec = {
  name: 'slowlog',
  arity: -2,
  flags: [],
  categories: [],
  group: 'server',
  since: '2.2.12',
  summary: 'Container of the commands about slow commands.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...shared,
      name: 'get',
      arity: -2,
      summary: 'Answers the last commands that took long.',
      complexity: 'O(N) where N is the number of entries answered.',
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
      handler: get,
    },
    {
      ...shared,
      name: 'len',
      arity: 2,
      summary: 'Counts the entries of the slow log.',
      complexity: 'O(1)',
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
      handler: (ctx) => ctx.reply.integer(ctx.times.slowLog.size),
    },
    {
      ...shared,
      name: 'reset',
      arity: 2,
      summary: 'Empties the slow log.',
      complexity: 'O(N) where N is the number of entries.',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: (ctx) => {
        ctx.times.slowLog.clear();
        ctx.reply.ok();
      },
    },
    helpSubcommand(
      [
        'GET [<count>]',
        '    Answer the last entries, 10 unless a count is given, all of them for -1: an id, the Unix time, the',
        '    microseconds it took, the arguments, the address and the name of the client.',
        'LEN',
        '    Count the entries.',
        'RESET',
        '    Empty the slow log.',
      ],
      'server',
      '6.2.0',
      [],
    ),
  ],
};
