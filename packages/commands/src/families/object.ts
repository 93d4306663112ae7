/** OBJECT: how a value is kept and when it was last used. */
import type { Value } from '@aof/keyspace';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';

/** Redis keeps one shared object for each integer below this, and answers this reference count for it. */
const SHARED_INTEGERS = 10_000;
const SHARED_REFERENCE_COUNT = 2 ** 31 - 1;
const NOT_TRACKED =
  'not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';
const NO_FREQUENCY = `ERR An LFU maxmemory policy is not selected, access frequency ${NOT_TRACKED}`;
const NO_IDLE_TIME = `ERR An LFU maxmemory policy is selected, idle time ${NOT_TRACKED}`;

/** A subcommand that answers something about the value of a key, null where there is none. */
function about(write: (ctx: CommandContext, value: Value, key: string) => void): Handler {
  return (ctx, request) => {
    const key = request.key(2);
    const value = ctx.db.lookupReadNoTouch(key);
    if (value === undefined) ctx.reply.nullBulk();
    else write(ctx, value, key);
  };
}

function isSharedInteger(value: Value): boolean {
  return typeof value === 'string' && /^(?:0|[1-9]\d*)$/.test(value) && Number(value) < SHARED_INTEGERS;
}

function sub(name: string, since: string, summary: string, handler: Handler): CommandSpec {
  return {
    name,
    arity: 3,
    flags: ['readonly'],
    categories: ['keyspace'],
    group: 'generic',
    since,
    summary,
    complexity: 'O(1)',
    keySpecs: [keys('RO', 2)],
    tips: ['nondeterministic_output'],
    handler,
  };
}

export const objectCommand: CommandSpec = {
  name: 'object',
  arity: -2,
  flags: [],
  categories: [],
  group: 'generic',
  since: '2.2.3',
  summary: 'Container of the commands about how values are kept.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    sub(
      'encoding',
      '2.2.3',
      'Answers how the value of a key is kept.',
      about((ctx, value) => ctx.reply.bulk(ctx.keyspace.encodingOf(value))),
    ),
    sub(
      'freq',
      '4.0.0',
      'Answers how often a key is used.',
      about((ctx, _, key) => {
        const frequency = ctx.db.frequencyOf(key);
        if (frequency === undefined) ctx.reply.error(NO_FREQUENCY);
        else ctx.reply.integer(frequency);
      }),
    ),
    sub(
      'idletime',
      '2.2.3',
      'Answers for how many seconds a key was not used.',
      about((ctx, _, key) => {
        if (ctx.keyspace.frequency !== undefined) ctx.reply.error(NO_IDLE_TIME);
        else ctx.reply.integer(ctx.db.idleSeconds(key));
      }),
    ),
    sub(
      'refcount',
      '2.2.3',
      'Answers how many references the value of a key has.',
      about((ctx, value) => ctx.reply.integer(isSharedInteger(value) ? SHARED_REFERENCE_COUNT : 1)),
    ),
    helpSubcommand(
      [
        'ENCODING <key>',
        '    Answer how the value of the key is kept.',
        'FREQ <key>',
        '    Answer how often the key is used, on a logarithmic scale.',
        'IDLETIME <key>',
        '    Answer for how many seconds the key was not used.',
        'REFCOUNT <key>',
        '    Answer how many references the value of the key has.',
      ],
      'generic',
      '6.2.0',
      ['keyspace'],
    ),
  ],
};
