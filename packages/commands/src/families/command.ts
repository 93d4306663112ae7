/** COMMAND and its subcommands: the command table as clients read it. */
import { type ReplyWriter, Request } from '@aof/resp-codec';
import type { Command } from '../command-table.ts';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import { keyPositions } from '../key-positions.ts';
import { asciiLower, SYNTAX_ERROR } from '../replies.ts';
import type { CommandFlag, CommandSpec, Handler, KeySpec } from '../spec.ts';
import { writeDocs } from './command-docs.ts';

/** In the order in which COMMAND INFO prints them; what is not named is not shown. */
const SHOWN_FLAGS: readonly CommandFlag[] = [
  'write',
  'readonly',
  'denyoom',
  'admin',
  'pubsub',
  'noscript',
  'blocking',
  'loading',
  'stale',
  'skip_monitor',
  'skip_slowlog',
  'fast',
  'no_auth',
  'no_async_loading',
  'no_multi',
  'movablekeys',
  'allow_busy',
];
const CATEGORIES: readonly string[] =
  'keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking dangerous connection transaction scripting'.split(
    ' ',
  );

/** ACL categories: those of the spec, and those that follow from flags, in the order of Redis. */
export function categoriesOf({ flags, categories }: CommandSpec): string[] {
  const all = new Set<string>(categories);
  const has = (flag: CommandFlag) => flags.includes(flag);
  if (has('write')) all.add('write');
  if (has('readonly') && !all.has('scripting')) all.add('read');
  if (has('admin')) all.add('admin').add('dangerous');
  if (has('pubsub')) all.add('pubsub');
  all.add(has('fast') ? 'fast' : 'slow');
  if (has('blocking')) all.add('blocking');
  return CATEGORIES.filter((category) => all.has(category)).map((category) => `@${category}`);
}

/** First key, last key and step as COMMAND INFO's old form has them. */
function legacyRange(specs: readonly KeySpec[]): readonly [number, number, number] {
  let range: readonly [number, number, number] | undefined;
  for (const { begin, find } of specs) {
    if (begin === 'unknown' || !('index' in begin) || find === 'unknown' || 'keynumIndex' in find) continue;
    const last = find.last >= 0 ? begin.index + find.last : find.last;
    if (range === undefined) range = [begin.index, last, find.step];
    else if (range[1] >= 0 && begin.index === range[1] + 1 && find.step === 1) range = [range[0], last, 1];
  }
  return range ?? [0, 0, 0];
}

function writeSet(reply: ReplyWriter, items: readonly string[]): void {
  reply.set(items.length);
  for (const item of items) reply.simple(item);
}

function writeKeySpec(reply: ReplyWriter, { notes, flags, begin, find }: KeySpec): void {
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) {
    reply.bulk('notes');
    reply.bulk(notes);
  }
  reply.bulk('flags');
  writeSet(reply, flags);
  reply.bulk('begin_search');
  if (begin === 'unknown') writeSearch(reply, 'unknown', []);
  else if ('index' in begin) writeSearch(reply, 'index', [['index', begin.index]]);
  else {
    writeSearch(reply, 'keyword', [
      ['keyword', begin.keyword],
      ['startfrom', begin.startFrom],
    ]);
  }
  reply.bulk('find_keys');
  if (find === 'unknown') writeSearch(reply, 'unknown', []);
  else if ('keynumIndex' in find) {
    writeSearch(reply, 'keynum', [
      ['keynumidx', find.keynumIndex],
      ['firstkey', find.firstKey],
      ['keystep', find.step],
    ]);
  } else {
    writeSearch(reply, 'range', [
      ['lastkey', find.last],
      ['keystep', find.step],
      ['limit', find.limit],
    ]);
  }
}

function writeSearch(reply: ReplyWriter, type: string, fields: readonly (readonly [string, string | number])[]): void {
  reply.map(2);
  reply.bulk('type');
  reply.bulk(type);
  reply.bulk('spec');
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulk(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulk(value);
  }
}

function writeInfo(reply: ReplyWriter, command: Command): void {
  const { spec } = command;
  const specs = spec.keySpecs ?? [];
  reply.array(10);
  reply.bulk(command.fullName);
  reply.integer(spec.arity);
  writeSet(
    reply,
    SHOWN_FLAGS.filter((flag) => spec.flags.includes(flag)),
  );
  for (const number of legacyRange(specs)) reply.integer(number);
  writeSet(reply, categoriesOf(spec));
  const tips = spec.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.bulk(tip);
  reply.set(specs.length);
  for (const keySpec of specs) writeKeySpec(reply, keySpec);
  const subcommands = [...(command.subcommands?.values() ?? [])];
  reply.set(subcommands.length);
  for (const sub of subcommands) writeInfo(reply, sub);
}

function namedCommands(ctx: CommandContext, request: Request): (Command | undefined)[] {
  return Array.from({ length: request.count - 2 }, (_, i) => ctx.table.get(asciiLower(request.latin1(i + 2))));
}

const info: Handler = (ctx, request) => {
  const commands = request.count > 2 ? namedCommands(ctx, request) : [...ctx.table];
  ctx.reply.array(commands.length);
  for (const command of commands) {
    if (command === undefined) ctx.reply.nullBulk();
    else writeInfo(ctx.reply, command);
  }
};

const docs: Handler = (ctx, request) => {
  const named = request.count > 2 ? namedCommands(ctx, request) : [...ctx.table];
  const commands = named.filter((command) => command !== undefined);
  ctx.reply.map(commands.length);
  for (const command of commands) writeDocs(ctx.reply, command);
};

const list: Handler = (ctx, request) => {
  let commands = [...ctx.table].flatMap((command) => [command, ...(command.subcommands?.values() ?? [])]);
  if (request.count !== 2) {
    if (request.count !== 5 || !request.is(2, 'filterby')) return ctx.reply.error(SYNTAX_ERROR);
    const argument = request.latin1(4);
    if (request.is(3, 'module')) commands = [];
    else if (request.is(3, 'aclcat')) {
      const category = `@${argument.toLowerCase()}`;
      commands = commands.filter((command) => categoriesOf(command.spec).includes(category));
    } else if (request.is(3, 'pattern')) {
      commands = commands.filter((command) => ctx.keyspace.matches(argument.toLowerCase(), command.fullName));
    } else return ctx.reply.error(SYNTAX_ERROR);
  }
  ctx.reply.array(commands.length);
  for (const command of commands) ctx.reply.bulk(command.fullName);
};

/** GETKEYS and GETKEYSANDFLAGS: the request that follows the word is looked at as if it had come by itself. */
function getKeys(withFlags: boolean): Handler {
  return (ctx, request) => {
    const args = Array.from({ length: request.count - 2 }, (_, i) => request.latin1(i + 2));
    const inner = Request.of(args);
    let command = ctx.table.find(inner);
    if (command?.subcommands !== undefined) command = command.subcommands.get((args[1] ?? '').toLowerCase());
    const { reply } = ctx;
    if (command === undefined) return reply.error('ERR Invalid command specified');
    const { spec } = command;
    if ((spec.keySpecs ?? []).length === 0 && spec.getKeys === undefined) {
      return reply.error('ERR The command has no key arguments');
    }
    if (!command.acceptsArgumentCount(args.length)) {
      return reply.error('ERR Invalid number of arguments specified for command');
    }
    const positions = keyPositions(command, inner);
    if (positions === undefined) return reply.error('ERR Invalid arguments specified for command');
    if (positions.length === 0) return reply.error('ERR The command has no key arguments');
    reply.array(positions.length);
    for (const { index, flags } of positions) {
      if (withFlags) reply.array(2);
      reply.bulk(args[index] ?? '');
      if (withFlags) writeSet(reply, flags);
    }
  };
}

function sub(
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
    flags: ['loading', 'stale'],
    categories: ['connection'],
    group: 'server',
    since,
    summary,
    complexity,
    ...(['info', 'list', 'docs'].includes(name) ? { tips: ['nondeterministic_output_order'] } : {}),
    handler,
  };
}

const PER_COMMAND = 'O(N) where N is the total number of Redis commands';
const PER_NAME = 'O(N) where N is the number of commands to look up';
const PER_ARGUMENT = 'O(N) where N is the number of arguments to the command';

export const commandCommand: CommandSpec = {
  name: 'command',
  arity: -1,
  flags: ['loading', 'stale'],
  categories: ['connection'],
  group: 'server',
  since: '2.8.13',
  summary: 'Describes all commands.',
  complexity: PER_COMMAND,
  tips: ['nondeterministic_output_order'],
  handler: (ctx) => {
    ctx.reply.array(ctx.table.size);
    for (const command of ctx.table) writeInfo(ctx.reply, command);
  },
  subcommands: [
    sub('count', 2, '2.8.13', 'Counts the commands.', 'O(1)', (ctx) => ctx.reply.integer(ctx.table.size)),
    sub('info', -2, '2.8.13', 'Describes commands.', PER_NAME, info),
    sub('list', -2, '7.0.0', 'Lists the names of the commands.', PER_COMMAND, list),
    sub('docs', -2, '7.0.0', 'Documents commands.', PER_NAME, docs),
    sub('getkeys', -4, '2.8.13', 'Finds the keys of a full command.', PER_ARGUMENT, getKeys(false)),
    sub(
      'getkeysandflags',
      -4,
      '7.0.0',
      'Finds the keys of a full command and what it does to them.',
      PER_ARGUMENT,
      getKeys(true),
    ),
    helpSubcommand(
      [
        '(no subcommand)',
        '    Describe all commands.',
        'COUNT',
        '    Count the commands.',
        'LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]',
        '    List the names of the commands.',
        'INFO [<command-name> ...]',
        '    Describe commands, all if none is named.',
        'DOCS [<command-name> ...]',
        '    Document commands, all if none is named.',
        'GETKEYS <full-command>',
        '    Find the keys of a full command.',
        'GETKEYSANDFLAGS <full-command>',
        '    Find the keys of a full command and what it does to them.',
      ],
      'server',
      '5.0.0',
      ['connection'],
    ),
  ],
};
