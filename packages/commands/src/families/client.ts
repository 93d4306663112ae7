/** CLIENT and its subcommands: who is connected, and what may be done about it. */
import type { Request } from '@aof/resp-codec';
import { type Client, isUnixSocket } from '../client.ts';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../replies.ts';
import type { CommandFlag, CommandSpec, Handler } from '../spec.ts';

export const NAME_ERROR = 'ERR Client names cannot contain spaces, newlines or special characters.';
const KILL_TYPES = new Map([
  ['normal', 'normal'],
  ['master', 'master'],
  ['slave', 'replica'],
  ['replica', 'replica'],
  ['pubsub', 'pubsub'],
]);

/** Printable, without spaces: `!` to `~`. */
export function isValidClientName(name: string): boolean {
  return /^[!-~]*$/.test(name);
}

/** One client as CLIENT LIST prints it. */
export function describeClient(client: Client, nowMs: number): string {
  const seconds = (sinceMs: number) => Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  let flags = client.queue === undefined ? '' : 'x';
  if (client.isSuspended) flags += 'b';
  if (client.watchIsBroken) flags += 'd';
  if (client.isClosing) flags += 'c';
  if (isUnixSocket(client)) flags += 'U';
  if (client.isNoEvict) flags += 'e';
  if (client.isNoTouch) flags += 'T';
  const { link } = client;
  const fields: [string, string | number][] = [
    ['id', client.id],
    ['addr', link.address],
    ['laddr', link.localAddress],
    ['fd', link.fd],
    ['name', client.name],
    ['age', seconds(client.createdAtMs)],
    ['idle', seconds(client.lastInteractionMs)],
    ['flags', flags === '' ? 'N' : flags],
    ['db', client.database],
    ['sub', 0],
    ['psub', 0],
    ['ssub', 0],
    ['multi', client.queue === undefined ? -1 : client.queue.length],
    ['watch', client.watched.length],
    ['qbuf', link.queryBufferBytes],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', client.queuedBytes],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', 0],
    ['oll', 0],
    ['omem', link.outputBufferBytes],
    ['tot-mem', link.queryBufferBytes + link.outputBufferBytes + client.queuedBytes],
    ['events', 'r'],
    ['cmd', client.lastCommand],
    ['user', client.userName],
    ['redir', -1],
    ['resp', client.reply.protocol],
    ['lib-name', client.libraryName],
    ['lib-ver', client.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

function list(ctx: CommandContext, request: Request): void {
  let clients = [...ctx.server.clients()];
  if (request.count === 4 && request.is(2, 'type')) {
    const type = KILL_TYPES.get(request.latin1(3).toLowerCase());
    if (type === undefined) return ctx.reply.error(`ERR Unknown client type '${request.latin1(3)}'`);
    if (type !== 'normal') clients = [];
  } else if (request.count > 3 && request.is(2, 'id')) {
    const wanted = new Set<number>();
    for (let i = 3; i < request.count; i++) {
      const id = request.integer(i);
      if (typeof id !== 'number') return ctx.reply.error('ERR Invalid client ID');
      wanted.add(id);
    }
    clients = clients.filter((client) => wanted.has(client.id));
  } else if (request.count !== 2) return ctx.reply.error(SYNTAX_ERROR);
  ctx.reply.verbatim('txt', clients.map((client) => `${describeClient(client, ctx.nowMs)}\n`).join(''));
}

interface KillFilter {
  address?: string;
  localAddress?: string;
  id?: number;
  type?: string;
  user?: string;
  maxAgeSec?: number;
  skipMe: boolean;
}

/** The filter that CLIENT KILL's words ask for, or the error. */
function killFilter(request: Request): KillFilter | string {
  const filter: KillFilter = { skipMe: true };
  for (let i = 2; i < request.count; i += 2) {
    if (i + 1 >= request.count) return SYNTAX_ERROR;
    const value = request.latin1(i + 1);
    if (request.is(i, 'id') || request.is(i, 'maxage')) {
      const number = request.integer(i + 1);
      const isAge = request.is(i, 'maxage');
      if (typeof number !== 'number' || number < 1) {
        return isAge ? NOT_AN_INTEGER : 'ERR client-id should be greater than 0';
      }
      if (isAge) filter.maxAgeSec = number;
      else filter.id = number;
    } else if (request.is(i, 'type')) {
      const type = KILL_TYPES.get(value.toLowerCase());
      if (type === undefined) return `ERR Unknown client type '${value}'`;
      filter.type = type;
    } else if (request.is(i, 'addr')) filter.address = value;
    else if (request.is(i, 'laddr')) filter.localAddress = value;
    else if (request.is(i, 'user')) {
      if (value !== 'default') return `ERR No such user '${value}'`;
      filter.user = value;
    } else if (request.is(i, 'skipme')) {
      if (request.is(i + 1, 'yes')) filter.skipMe = true;
      else if (request.is(i + 1, 'no')) filter.skipMe = false;
      else return SYNTAX_ERROR;
    } else return SYNTAX_ERROR;
  }
  return filter;
}

function isKilled(client: Client, filter: KillFilter, ctx: CommandContext): boolean {
  if (filter.address !== undefined && client.link.address !== filter.address) return false;
  if (filter.localAddress !== undefined && client.link.localAddress !== filter.localAddress) return false;
  if (filter.id !== undefined && client.id !== filter.id) return false;
  if (filter.type !== undefined && filter.type !== 'normal') return false;
  if (filter.user !== undefined && client.userName !== filter.user) return false;
  if (filter.maxAgeSec !== undefined && ctx.nowMs - client.createdAtMs < filter.maxAgeSec * 1000) return false;
  return !(filter.skipMe && client === ctx.client);
}

function kill(ctx: CommandContext, request: Request): void {
  const isOldForm = request.count === 3;
  const filter = isOldForm ? { address: request.latin1(2), skipMe: false } : killFilter(request);
  if (typeof filter === 'string') return ctx.reply.error(filter);
  let killed = 0;
  for (const client of [...ctx.server.clients()]) {
    if (!isKilled(client, filter, ctx)) continue;
    killed++;
    // Killing oneself: the reply leaves first.
    if (client === ctx.client) client.isClosing = true;
    else client.link.close(false);
  }
  if (!isOldForm) ctx.reply.integer(killed);
  else if (killed > 0) ctx.reply.ok();
  else ctx.reply.error('ERR No such client');
}

function unblock(ctx: CommandContext, request: Request): void {
  const isError = request.count === 4 && request.is(3, 'error');
  if (request.count > 4 || (request.count === 4 && !isError && !request.is(3, 'timeout'))) {
    return ctx.reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  }
  const id = request.integer(2);
  if (id === undefined) return ctx.reply.error(NOT_AN_INTEGER);
  const client = ctx.server.clientById(Number(id));
  const isUnblocked =
    client !== undefined && ctx.unblock(client, isError ? 'UNBLOCKED client unblocked via CLIENT UNBLOCK' : undefined);
  ctx.reply.integer(isUnblocked ? 1 : 0);
}

function setName(ctx: CommandContext, request: Request): void {
  const name = request.latin1(2);
  if (!isValidClientName(name)) return ctx.reply.error(NAME_ERROR);
  ctx.client.name = name;
  ctx.reply.ok();
}

function setInfo(ctx: CommandContext, request: Request): void {
  const value = request.latin1(3);
  const isName = request.is(2, 'lib-name');
  if (!isName && !request.is(2, 'lib-ver')) {
    return ctx.reply.error(`ERR Unrecognized option '${request.latin1(2)}'`);
  }
  if (!isValidClientName(value)) {
    const which = isName ? 'lib-name' : 'lib-ver';
    return ctx.reply.error(`ERR ${which} cannot contain spaces, newlines or special characters.`);
  }
  if (isName) ctx.client.libraryName = value;
  else ctx.client.libraryVersion = value;
  ctx.reply.ok();
}

function setReplyMode(ctx: CommandContext, request: Request): void {
  const { client } = ctx;
  if (request.is(2, 'on')) {
    // In a transaction a SKIP before it still holds for the command after EXEC.
    if (client.replyMode !== 'skip-next') client.replyMode = 'on';
    client.reply.ok();
  } else if (request.is(2, 'off')) client.replyMode = 'off';
  else if (request.is(2, 'skip')) {
    if (client.replyMode !== 'off') client.replyMode = 'skip-next';
  } else ctx.reply.error(SYNTAX_ERROR);
}

/** A switch of the client with the words ON and OFF. */
function onOff(apply: (client: Client, on: boolean) => void): Handler {
  return (ctx, request) => {
    const on = request.is(2, 'on');
    if (!on && !request.is(2, 'off')) return ctx.reply.error(SYNTAX_ERROR);
    apply(ctx.client, on);
    ctx.reply.ok();
  };
}

const OPEN: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const ADMIN: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];

function sub(
  name: string,
  arity: number,
  flags: readonly CommandFlag[],
  since: string,
  summary: string,
  handler: Handler,
  more: { complexity?: string; tips?: readonly string[] } = {},
): CommandSpec {
  return {
    name,
    arity,
    flags,
    categories: ['connection'],
    group: 'connection',
    since,
    summary,
    complexity: more.complexity ?? 'O(1)',
    ...(more.tips ? { tips: more.tips } : {}),
    handler,
  };
}

const PER_CLIENT = 'O(N) where N is the number of client connections';
const NONDETERMINISTIC = { tips: ['nondeterministic_output'] };

export const clientCommand: CommandSpec = {
  name: 'client',
  arity: -2,
  flags: [],
  categories: [],
  group: 'connection',
  since: '2.4.0',
  summary: 'Container of the commands about client connections.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    sub('id', 2, OPEN, '5.0.0', 'Answers the number of this connection.', (ctx) => ctx.reply.integer(ctx.client.id)),
    sub('setname', 3, OPEN, '2.6.9', 'Names this connection.', setName),
    sub('getname', 2, OPEN, '2.6.9', 'Answers the name of this connection.', (ctx) => {
      if (ctx.client.name === '') ctx.reply.nullBulk();
      else ctx.reply.bulk(ctx.client.name);
    }),
    sub('setinfo', 4, OPEN, '7.2.0', 'Notes the client library and its version.', setInfo),
    sub('list', -2, ADMIN, '2.4.0', 'Lists the connections.', list, { complexity: PER_CLIENT, ...NONDETERMINISTIC }),
    sub(
      'info',
      2,
      OPEN,
      '6.2.0',
      'Describes this connection.',
      (ctx) => {
        ctx.reply.verbatim('txt', `${describeClient(ctx.client, ctx.nowMs)}\n`);
      },
      NONDETERMINISTIC,
    ),
    sub('kill', -3, ADMIN, '2.4.0', 'Ends connections.', kill, { complexity: PER_CLIENT }),
    sub('unblock', -3, ADMIN, '5.0.0', 'Ends the wait of a connection.', unblock, {
      complexity: 'O(log N) where N is the number of client connections',
    }),
    sub(
      'no-evict',
      3,
      ADMIN,
      '7.0.0',
      'Excepts this connection from the eviction of clients.',
      onOff((client, on) => {
        client.isNoEvict = on;
      }),
    ),
    sub(
      'no-touch',
      3,
      OPEN,
      '7.2.0',
      'Reads of this connection leave the access times of keys alone.',
      onOff((client, on) => {
        client.isNoTouch = on;
      }),
    ),
    sub('reply', 3, OPEN, '3.2.0', 'Says whether the server answers this connection.', setReplyMode),
    helpSubcommand(
      [
        'GETNAME',
        '    Answer the name of the current connection.',
        'ID',
        '    Answer the number of the current connection.',
        'INFO',
        '    Describe the current connection.',
        'KILL <ip:port>',
        '    End the connection of that address.',
        'KILL <option> <value> [<option> <value> [...]]',
        '    End the connections that match all of: ADDR, LADDR, TYPE, USER, SKIPME, ID, MAXAGE.',
        'LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <id> ...]',
        '    Describe the connections.',
        'NO-EVICT (ON|OFF)',
        '    Except the current connection from the eviction of clients.',
        'NO-TOUCH (ON|OFF)',
        '    Leave the access times of keys alone.',
        'REPLY (ON|OFF|SKIP)',
        '    Say whether the current connection is answered.',
        'SETINFO <option> <value>',
        '    Note LIB-NAME or LIB-VER of the client.',
        'UNBLOCK <clientid> [TIMEOUT|ERROR]',
        '    End the wait of a connection, as if its time were over or with an error.',
        'SETNAME <name>',
        '    Name the current connection.',
      ],
      'connection',
      '5.0.0',
      ['connection'],
    ),
  ],
};
