/** DEBUG: what tests of a server need. Allowed by `enable-debug-command`. */
import { ListValue, type Value } from '@aof/keyspace';
import type { ReplyWriter, Request } from '@aof/resp-codec';
import { isLocalClient } from '../client.ts';
import type { CommandContext } from '../context.ts';
import { NO_SUCH_KEY, NOT_A_FLOAT, NOT_AN_INTEGER } from '../replies.ts';
import type { CommandSpec, Handler } from '../spec.ts';

const REFUSED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.';

function isAllowed(ctx: CommandContext): boolean {
  const setting = ctx.server.config.values['enable-debug-command'];
  if (setting !== 'local') return setting === 'yes';
  return isLocalClient(ctx.client);
}

const sleep: Handler = (ctx, request) => {
  const seconds = request.float(2);
  if (seconds === undefined) return ctx.reply.error(NOT_A_FLOAT);
  ctx.server.sleep(seconds);
  ctx.reply.ok();
};

function reloadReply(ctx: CommandContext, work: Promise<string | undefined>): void {
  const answer = (error: string | undefined) => (reply: ReplyWriter) => {
    if (error === undefined) reply.ok();
    else reply.error(error);
  };
  ctx.suspendUntil(work.then(answer));
}

const reload: Handler = (ctx, request) => {
  let [saves, empties, replaces] = [true, true, false];
  for (let i = 2; i < request.count; i++) {
    if (request.is(i, 'noflush')) empties = false;
    else if (request.is(i, 'nosave')) saves = false;
    else if (request.is(i, 'merge')) replaces = true;
    else return ctx.reply.error('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.');
  }
  reloadReply(ctx, ctx.server.reload('snapshot', { saves, empties, replaces }));
};

const loadAof: Handler = (ctx) => reloadReply(ctx, ctx.server.reload('log'));

const setActiveExpire: Handler = (ctx, request) => {
  const value = request.integer(2);
  if (value === undefined) return ctx.reply.error(NOT_AN_INTEGER);
  ctx.server.setActiveExpire(value !== 0);
  ctx.reply.ok();
};

const object: Handler = (ctx, request) => {
  const key = request.key(2);
  const value = ctx.db.peek(key);
  if (value === undefined) return ctx.reply.error(NO_SUCH_KEY);
  const encoding = ctx.keyspace.encodingOf(value);
  const idle = ctx.db.idleSeconds(key);
  const lru = ctx.db.accessBits(key);
  ctx.reply.simple(
    `Value at:0x0 refcount:1 encoding:${encoding} serializedlength:${ctx.server.serializedLength(value)} lru:${lru} lru_seconds_idle:${idle}${nodesOf(ctx, value)}`,
  );
};

/** What is told of a list beyond its encoding, while it has more than one node. */
function nodesOf({ keyspace }: CommandContext, value: Value): string {
  if (!(value instanceof ListValue) || value.encoding() !== 'quicklist') return '';
  const mean = (value.length / value.nodeCount).toFixed(2);
  return ` ql_nodes:${value.nodeCount} ql_avg_node:${mean} ql_listpack_max:${keyspace.thresholds.listMaxListpackSize} ql_compressed:0 ql_uncompressed_size:${value.memoryBytes()}`;
}

const digest: Handler = (ctx) => ctx.reply.simple(ctx.server.digest());

const digestValue: Handler = (ctx, request) => {
  ctx.reply.array(request.count - 2);
  for (let i = 2; i < request.count; i++) ctx.reply.simple(ctx.server.digestOf(ctx.db, request.key(i)));
};

const FORMS: ReadonlyMap<string, { readonly min: number; readonly max: number; readonly run: Handler }> = new Map([
  ['sleep', { min: 3, max: 3, run: sleep }],
  ['reload', { min: 2, max: Number.POSITIVE_INFINITY, run: reload }],
  ['loadaof', { min: 2, max: 2, run: loadAof }],
  ['set-active-expire', { min: 3, max: 3, run: setActiveExpire }],
  ['object', { min: 3, max: 4, run: object }],
  ['digest', { min: 2, max: 2, run: digest }],
  ['digest-value', { min: 2, max: Number.POSITIVE_INFINITY, run: digestValue }],
  ['jmap', { min: 2, max: 2, run: (ctx) => ctx.reply.ok() }],
  ['help', { min: 2, max: 2, run: help }],
]);

const HELP = [
  'DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'DIGEST',
  '    Answer a hash of the whole data set.',
  'DIGEST-VALUE <key> [<key> ...]',
  '    Answer a hash of the value of each key.',
  'JMAP',
  '    Do nothing.',
  'LOADAOF',
  '    Write out the log, empty the data set and load it from the log.',
  'OBJECT <key>',
  '    Describe how a value is kept.',
  'RELOAD [option ...]',
  '    Save a snapshot, empty the data set and load it again. Options: NOSAVE, NOFLUSH, MERGE (replaces keys).',
  'SET-ACTIVE-EXPIRE <0|1>',
  '    Switch off or on that expired keys are looked for in the background.',
  'SLEEP <seconds>',
  '    Stop the server for that long.',
  'HELP',
  '    Print this help.',
];

function help(ctx: CommandContext): void {
  ctx.reply.array(HELP.length);
  for (const line of HELP) ctx.reply.simple(line);
}

function debug(ctx: CommandContext, request: Request): void {
  if (!isAllowed(ctx)) return ctx.reply.error(REFUSED);
  const name = request.latin1(1).toLowerCase();
  const form = FORMS.get(name);
  if (form === undefined || request.count < form.min || request.count > form.max) {
    const given = request.latin1(1).slice(0, 128);
    return ctx.reply.error(`ERR unknown subcommand or wrong number of arguments for '${given}'. Try DEBUG HELP.`);
  }
  form.run(ctx, request);
}

export const debugCommand: CommandSpec = {
  name: 'debug',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: [],
  group: 'server',
  since: '1.0.0',
  summary: 'Container of commands for tests.',
  complexity: 'Depends on subcommand.',
  handler: debug,
};
