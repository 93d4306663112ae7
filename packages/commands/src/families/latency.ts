/** LATENCY: what took long, and how long commands take. */
import type { Command } from '../command-table.ts';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import type { LatencyHistogram } from '../latency-histogram.ts';
import type { CommandFlag, CommandSpec, Handler } from '../spec.ts';

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];
const MAX_BAR = 60;

const latest: Handler = (ctx) => {
  const events = ctx.times.events.latest();
  ctx.reply.array(events.length);
  for (const { event, last, maxMs } of events) {
    ctx.reply.array(4);
    ctx.reply.bulk(event);
    ctx.reply.integer(last.timeSec);
    ctx.reply.integer(last.ms);
    ctx.reply.integer(maxMs);
  }
};

const history: Handler = (ctx, request) => {
  const samples = ctx.times.events.historyOf(request.latin1(2));
  ctx.reply.array(samples.length);
  for (const { timeSec, ms } of samples) {
    ctx.reply.array(2);
    ctx.reply.integer(timeSec);
    ctx.reply.integer(ms);
  }
};

const reset: Handler = (ctx, request) => {
  const events = Array.from({ length: request.count - 2 }, (_, i) => request.latin1(i + 2));
  ctx.reply.integer(ctx.times.events.reset(events.length > 0 ? events : undefined));
};

const graph: Handler = (ctx, request) => {
  const event = request.latin1(2);
  const samples = ctx.times.events.historyOf(event);
  if (samples.length === 0) return ctx.reply.error(`ERR No samples available for event '${event}'`);
  const maxMs = Math.max(...samples.map(({ ms }) => ms));
  const nowSec = Math.floor(ctx.nowMs / 1000);
  const lines = samples.map(({ timeSec, ms }) => {
    const bar = '#'.repeat(Math.max(1, Math.round((ms / maxMs) * MAX_BAR)));
    return `${String(nowSec - timeSec).padStart(8)} s ago ${String(ms).padStart(8)} ms ${bar}`;
  });
  ctx.reply.verbatim('txt', `${event}, longest ${maxMs} ms\n${lines.join('\n')}\n`);
};

const doctor: Handler = (ctx) => {
  const { events } = ctx.times;
  const lines = events.latest().map(({ event, maxMs }) => {
    const samples = events.historyOf(event);
    const meanMs = samples.reduce((sum, { ms }) => sum + ms, 0) / samples.length;
    return `${event}: ${samples.length} seconds with a delay, ${meanMs.toFixed(0)} ms in the mean, ${maxMs} ms at most.`;
  });
  const advice =
    events.thresholdMs === 0
      ? 'Latency monitoring is off: CONFIG SET latency-monitor-threshold <milliseconds> turns it on.'
      : 'Nothing has taken as long as latency-monitor-threshold.';
  ctx.reply.verbatim('txt', `${lines.length > 0 ? lines.join('\n') : advice}\n`);
};

type Measured = Command & { readonly latency: LatencyHistogram };

function isMeasured(command: Command): command is Measured {
  return command.latency !== undefined && command.latency.total > 0;
}

/** The commands that have been called, those of the names or all; a container stands for its subcommands too. */
function measuredCommands(ctx: CommandContext, names: readonly string[]): Measured[] {
  const named =
    names.length === 0
      ? [...ctx.table]
      : names.map((name) => ctx.table.get(name.toLowerCase())).filter((command) => command !== undefined);
  return named.flatMap((command) => [command, ...(command.subcommands?.values() ?? [])]).filter(isMeasured);
}

const histogram: Handler = (ctx, request) => {
  const names = Array.from({ length: request.count - 2 }, (_, i) => request.latin1(i + 2));
  const commands = measuredCommands(ctx, names);
  const { reply } = ctx;
  reply.map(commands.length);
  for (const { fullName, latency } of commands) {
    const steps = latency.cumulative();
    reply.bulk(fullName);
    reply.map(2);
    reply.bulk('calls');
    reply.integer(latency.total);
    reply.bulk('histogram_usec');
    reply.map(steps.length);
    for (const [us, calls] of steps) {
      reply.integer(us);
      reply.integer(calls);
    }
  }
};

const REPORT_TIPS = ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'];

function sub(name: string, arity: number, summary: string, handler: Handler): CommandSpec {
  return {
    name,
    arity,
    flags: FLAGS,
    categories: [],
    group: 'server',
    since: name === 'histogram' ? '7.0.0' : '2.8.13',
    summary,
    complexity: name === 'histogram' ? 'O(N) where N is the number of commands with histograms.' : 'O(1)',
    tips: name === 'reset' ? ['request_policy:all_nodes', 'response_policy:all_succeeded'] : REPORT_TIPS,
    handler,
  };
}

export const latencyCommand: CommandSpec = {
  name: 'latency',
  arity: -2,
  flags: [],
  categories: [],
  group: 'server',
  since: '2.8.13',
  summary: 'Container of the commands about latency.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    sub('latest', 2, 'Answers the last and the longest delay of each event.', latest),
    sub('history', 3, 'Answers the delays of an event.', history),
    sub('reset', -2, 'Forgets the delays of events.', reset),
    sub('histogram', -2, 'Answers how long the calls of commands took.', histogram),
    sub('graph', 3, 'Draws the delays of an event.', graph),
    sub('doctor', 2, 'Reports on the delays of all events.', doctor),
    helpSubcommand(
      [
        'DOCTOR',
        '    Report on the delays of all events.',
        'GRAPH <event>',
        '    Draw the delays of the event.',
        'HISTOGRAM [<command> ...]',
        '    Answer how many calls of each command took up to how many microseconds.',
        'HISTORY <event>',
        '    Answer the delays of the event: Unix times and milliseconds.',
        'LATEST',
        '    Answer of each event the last delay and the longest.',
        'RESET [<event> ...]',
        '    Forget the delays of the events, of all if none is named.',
      ],
      'server',
      '2.8.13',
      [],
    ),
  ],
};
