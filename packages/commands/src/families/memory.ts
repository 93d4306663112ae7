/** MEMORY: how much memory a key takes. */
import { HashValue, SetValue, type Value, valueBytes } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import { readInteger } from '../lookup.ts';
import { type MemoryReport, memoryReport, TABLE_BYTES, tableBytes } from '../memory-report.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';

/** How many elements of a collection are measured unless SAMPLES says otherwise. */
const DEFAULT_SAMPLES = 5;
const SMALL_DATASET_BYTES = 5 * 2 ** 20;
/** Ratios above which MEMORY DOCTOR says something. */
const HIGH_PEAK_PERCENT = 67;
const HIGH_FRAGMENTATION = 1.4;
const NO_REPORT = 'ERR this server does not know its memory';

function bytesOf(value: Value, samples: number): number {
  const isSampled = value instanceof HashValue || value instanceof SetValue;
  return isSampled ? value.memoryBytes(samples) : valueBytes(value);
}

/** How many elements to measure, 0 for all; undefined after the error has been written. */
function readSamples(ctx: CommandContext, request: Request): number | undefined {
  let samples: number | undefined = DEFAULT_SAMPLES;
  for (let i = 3; i < request.count; i += 2) {
    if (!request.is(i, 'samples') || i + 1 >= request.count) {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
    samples = readInteger(ctx, request, i + 1);
    if (samples === undefined) return undefined;
    if (samples < 0) {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
  }
  return samples;
}

const usage: Handler = (ctx, request) => {
  const samples = readSamples(ctx, request);
  if (samples === undefined) return;
  const key = request.key(2);
  const value = ctx.db.peek(key);
  if (value === undefined) ctx.reply.nullBulk();
  else ctx.reply.integer(TABLE_BYTES + valueBytes(key) + bytesOf(value, samples));
};

function reportOf(ctx: CommandContext): MemoryReport | undefined {
  const use = ctx.server.memoryUse?.();
  if (use === undefined) {
    ctx.reply.error(NO_REPORT);
    return undefined;
  }
  return memoryReport(ctx.keyspace, use);
}

const stats: Handler = (ctx) => {
  const report = reportOf(ctx);
  if (report === undefined) return;
  const { reply, keyspace } = ctx;
  const before: readonly (readonly [string, number])[] = [
    ['peak.allocated', report.peakBytes],
    ['total.allocated', report.usedBytes],
    ['startup.allocated', report.startupBytes],
    ['replication.backlog', 0],
    ['clients.slaves', 0],
    ['clients.normal', report.clientBytes],
    ['cluster.links', 0],
    ['aof.buffer', report.logBufferBytes],
    ['lua.caches', 0],
    ['functions.caches', 0],
  ];
  const databases = keyspace.databases.filter((db) => db.size > 0);
  const after: readonly (readonly [string, number])[] = [
    ['overhead.total', report.overheadBytes],
    ['keys.count', report.keyCount],
    ['keys.bytes-per-key', report.bytesPerKey],
    ['dataset.bytes', report.datasetBytes],
  ];
  const ratios: readonly (readonly [string, number])[] = [
    ['dataset.percentage', report.datasetPercent],
    ['peak.percentage', report.peakPercent],
    ['fragmentation', report.fragmentationRatio],
  ];
  reply.map(before.length + databases.length + after.length + ratios.length + 1);
  for (const [name, value] of before) writeNumber(ctx, name, value);
  for (const db of databases) {
    const { main, expires } = tableBytes(db);
    reply.bulk(`db.${db.index}`);
    reply.map(3);
    writeNumber(ctx, 'overhead.hashtable.main', main);
    writeNumber(ctx, 'overhead.hashtable.expires', expires);
    writeNumber(ctx, 'overhead.hashtable.slot-to-keys', 0);
  }
  for (const [name, value] of after) writeNumber(ctx, name, value);
  for (const [name, value] of ratios) {
    reply.bulk(name);
    reply.double(value);
  }
  writeNumber(ctx, 'fragmentation.bytes', report.fragmentationBytes);
};

function writeNumber(ctx: CommandContext, name: string, value: number): void {
  ctx.reply.bulk(name);
  ctx.reply.integer(value);
}

const doctor: Handler = (ctx) => {
  const report = reportOf(ctx);
  if (report === undefined) return;
  const found: string[] = [];
  if (report.peakPercent < HIGH_PEAK_PERCENT) {
    found.push('The peak was much above what is used now; the process may hold on to memory that it once needed.');
  }
  if (report.fragmentationRatio > HIGH_FRAGMENTATION) {
    found.push('More memory is resident than is used: garbage that is not collected yet, or pages with holes.');
  }
  if (report.datasetBytes < SMALL_DATASET_BYTES) found.splice(0, found.length, 'There is too little data to judge by.');
  ctx.reply.verbatim('txt', `${found.length > 0 ? found.join('\n') : 'Nothing about the memory looks wrong.'}\n`);
};

function sub(name: string, summary: string, responsePolicy: string, handler: Handler): CommandSpec {
  const requestTips = ['request_policy:all_shards', `response_policy:${responsePolicy}`];
  return {
    name,
    arity: 2,
    flags: [],
    categories: [],
    group: 'server',
    since: '4.0.0',
    summary,
    complexity: 'Depends on how much memory is allocated.',
    tips: name === 'purge' ? requestTips : ['nondeterministic_output', ...requestTips],
    handler,
  };
}

export const memoryCommand: CommandSpec = {
  name: 'memory',
  arity: -2,
  flags: [],
  categories: [],
  group: 'server',
  since: '4.0.0',
  summary: 'Container of the commands about memory.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'usage',
      arity: -3,
      flags: ['readonly'],
      categories: [],
      group: 'server',
      since: '4.0.0',
      summary: 'Estimates how many bytes a key and its value take.',
      complexity: 'O(N) where N is the number of samples.',
      keySpecs: [keys('RO', 2)],
      handler: usage,
    },
    sub('stats', 'Tells what memory is used for.', 'special', stats),
    sub('doctor', 'Reports what looks wrong about the memory.', 'special', doctor),
    sub('malloc-stats', 'Answers the statistics of the allocator.', 'special', (ctx) => {
      const text = ctx.server.allocatorReport?.();
      if (text === undefined) ctx.reply.error(NO_REPORT);
      else ctx.reply.verbatim('txt', text);
    }),
    // The heap gives free pages back by itself.
    sub('purge', 'Gives free memory back to the system.', 'all_succeeded', (ctx) => ctx.reply.ok()),
    helpSubcommand(
      [
        'DOCTOR',
        '    Report what looks wrong about the memory.',
        'MALLOC-STATS',
        '    Answer the statistics of the allocator.',
        'PURGE',
        '    Give free memory back to the system.',
        'STATS',
        '    Tell what memory is used for.',
        'USAGE <key> [SAMPLES <count>]',
        '    Estimate how many bytes the key and its value take; of a collection so many elements are measured,',
        '    all of them if the count is 0.',
      ],
      'server',
      '4.0.0',
      [],
    ),
  ],
};
