/** MEMORY: how much memory a key takes. */
import { HashValue, SetValue, SortedSetValue, type Value, valueBytes } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import { readInteger } from '../lookup.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';

/** How many elements of a collection are measured unless SAMPLES says otherwise. */
const DEFAULT_SAMPLES = 5;
/** A key's places in the columns of the key table: key, value, hash, clock and epoch, some of them free. */
const TABLE_BYTES = 32;

function bytesOf(value: Value, samples: number): number {
  const isSampled = value instanceof HashValue || value instanceof SetValue || value instanceof SortedSetValue;
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
    helpSubcommand(
      'MEMORY',
      [
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
