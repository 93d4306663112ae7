/** PING, ECHO, QUIT, AUTH, HELLO, SELECT, RESET: what a client says about itself and its connection. */
import type { Request } from '@aof/resp-codec';
import type { Client } from '../client.ts';
import type { CommandContext } from '../context.ts';
import { readDatabase } from '../lookup.ts';
import { SYNTAX_ERROR, wrongArity } from '../replies.ts';
import type { CommandSpec } from '../spec.ts';
import { REDIS_VERSION } from '../version.ts';
import { clientCommand, isValidClientName, NAME_ERROR } from './client.ts';
import { discardTransaction } from './transaction.ts';

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';

function ping(ctx: CommandContext, request: Request): void {
  if (request.count > 2) return ctx.reply.error(wrongArity('ping'));
  if (request.count === 2) ctx.reply.bulk(request.latin1(1));
  else ctx.reply.simple('PONG');
}

function quit(ctx: CommandContext): void {
  ctx.reply.ok();
  ctx.client.isClosing = true;
}

/** Compares in a time that does not tell where two passwords differ. */
function isSamePassword(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < given.length; i++)
    difference |= given.charCodeAt(i) ^ wanted.charCodeAt(i % (wanted.length || 1));
  return difference === 0;
}

function authenticate(ctx: CommandContext, user: string, password: string): boolean {
  const wanted = ctx.server.config.values.requirepass;
  if (user !== 'default' || (wanted !== '' && !isSamePassword(password, wanted))) return false;
  ctx.client.isAuthenticated = true;
  return true;
}

function auth(ctx: CommandContext, request: Request): void {
  if (request.count > 3) return ctx.reply.error(SYNTAX_ERROR);
  const hasUser = request.count === 3;
  if (!hasUser && ctx.server.config.values.requirepass === '') {
    return ctx.reply.error(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    );
  }
  const user = hasUser ? request.latin1(1) : 'default';
  if (!authenticate(ctx, user, request.latin1(request.count - 1))) return ctx.reply.error(WRONG_PASSWORD);
  ctx.reply.ok();
}

interface HelloOptions {
  readonly user?: string;
  readonly password?: string;
  readonly name?: string;
}

/** The options after HELLO's version, or the error they deserve. */
function helloOptions(request: Request): HelloOptions | string {
  let options: HelloOptions = {};
  let i = 2;
  while (i < request.count) {
    const more = request.count - i - 1;
    if (request.is(i, 'auth') && more >= 2) {
      options = { ...options, user: request.latin1(i + 1), password: request.latin1(i + 2) };
      i += 3;
    } else if (request.is(i, 'setname') && more >= 1) {
      options = { ...options, name: request.latin1(i + 1) };
      if (!isValidClientName(request.latin1(i + 1))) return NAME_ERROR;
      i += 2;
    } else {
      return `ERR Syntax error in HELLO option '${request.latin1(i)}'`;
    }
  }
  return options;
}

function hello(ctx: CommandContext, request: Request): void {
  const { client, reply } = ctx;
  let protocol: 2 | 3 = reply.protocol;
  if (request.count > 1) {
    const version = request.integer(1);
    if (version === undefined) return reply.error('ERR Protocol version is not an integer or out of range');
    if (version !== 2 && version !== 3) return reply.error('NOPROTO unsupported protocol version');
    protocol = version;
  }
  const options = helloOptions(request);
  if (typeof options === 'string') return reply.error(options);
  if (options.user !== undefined && !authenticate(ctx, options.user, options.password ?? '')) {
    return reply.error(WRONG_PASSWORD);
  }
  if (!client.isAuthenticated) {
    return reply.error(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
    );
  }
  if (options.name !== undefined) client.name = options.name;
  client.reply.protocol = protocol;
  reply.protocol = protocol;
  reply.map(7);
  reply.bulk('server');
  reply.bulk('redis');
  reply.bulk('version');
  reply.bulk(REDIS_VERSION);
  reply.bulk('proto');
  reply.integer(protocol);
  reply.bulk('id');
  reply.integer(client.id);
  reply.bulk('mode');
  reply.bulk('standalone');
  reply.bulk('role');
  reply.bulk('master');
  reply.bulk('modules');
  reply.array(0);
}

function select(ctx: CommandContext, request: Request): void {
  const db = readDatabase(ctx, request, 1);
  if (db === undefined) return;
  ctx.select(db.index);
  ctx.reply.ok();
}

function reset(ctx: CommandContext): void {
  const { client } = ctx;
  resetClient(ctx, client);
  ctx.reply = client.reply;
  client.reply.simple('RESET');
}

function resetClient(ctx: CommandContext, client: Client): void {
  discardTransaction(ctx, client);
  ctx.select(0);
  client.reply.protocol = 2;
  client.replyMode = 'on';
  client.name = '';
  client.userName = 'default';
  client.isNoEvict = false;
  client.isNoTouch = false;
  client.isAuthenticated = ctx.server.config.values.requirepass === '';
}

export const connectionCommands: readonly CommandSpec[] = [
  {
    name: 'ping',
    arity: -1,
    flags: ['fast'],
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Answers PONG, or what it was given.',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    handler: ping,
  },
  {
    name: 'echo',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Answers what it was given.',
    complexity: 'O(1)',
    handler: (ctx, request) => ctx.reply.bulk(request.latin1(1)),
  },
  {
    name: 'quit',
    arity: -1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Ends the connection once the replies so far have been written.',
    complexity: 'O(1)',
    handler: quit,
  },
  {
    name: 'auth',
    arity: -2,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Logs the connection in with a password.',
    complexity: 'O(N) where N is the number of passwords defined for the user',
    handler: auth,
  },
  {
    name: 'hello',
    arity: -1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    categories: ['connection'],
    group: 'connection',
    since: '6.0.0',
    summary: 'Chooses the protocol, optionally logs in and names the connection; answers what the server is.',
    complexity: 'O(1)',
    handler: hello,
  },
  {
    name: 'select',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Selects the database of the connection.',
    complexity: 'O(1)',
    handler: select,
  },
  {
    name: 'reset',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    categories: ['connection'],
    group: 'connection',
    since: '6.2.0',
    summary: 'Puts the connection back to how it was when it began.',
    complexity: 'O(1)',
    handler: reset,
  },
  clientCommand,
];
