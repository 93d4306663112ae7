/** MULTI, EXEC, DISCARD, WATCH, UNWATCH: several commands as one unit. */
import type { Client } from '../client.ts';
import type { CommandContext } from '../context.ts';
import { type CommandSpec, keys } from '../spec.ts';

const FLAGS = ['noscript', 'loading', 'stale', 'fast'] as const;

/** Leaves the transaction: nothing queued, nothing watched. */
export function discardTransaction(ctx: CommandContext, client: Client): void {
  client.queue = undefined;
  client.queueIsBroken = false;
  client.queuedBytes = 0;
  ctx.watches.unwatchAll(client);
}

function multi(ctx: CommandContext): void {
  const { client } = ctx;
  if (client.queue !== undefined) return ctx.reply.error('ERR MULTI calls can not be nested');
  client.queue = [];
  ctx.reply.ok();
}

function discard(ctx: CommandContext): void {
  if (ctx.client.queue === undefined) return ctx.reply.error('ERR DISCARD without MULTI');
  discardTransaction(ctx, ctx.client);
  ctx.reply.ok();
}

function exec(ctx: CommandContext): void {
  const { client, reply } = ctx;
  const { queue } = client;
  if (queue === undefined) return reply.error('ERR EXEC without MULTI');
  const isBroken = client.queueIsBroken;
  const isWatchBroken = client.watchIsBroken || watchedKeyHasExpired(client, ctx.nowMs);
  discardTransaction(ctx, client);
  if (isBroken) return reply.error('EXECABORT Transaction discarded because of previous errors.');
  if (isWatchBroken) return reply.nullArray();
  reply.array(queue.length);
  for (const queued of queue) ctx.callQueued(queued);
}

/** A watched key whose time has passed since it was watched counts as changed, even if nobody has removed it yet. */
function watchedKeyHasExpired(client: Client, nowMs: number): boolean {
  return client.watched.some(({ db, key, wasExpired }) => !wasExpired && isExpired(db.expireAt(key), nowMs));
}

function isExpired(expireAtMs: number, nowMs: number): boolean {
  return expireAtMs !== -1 && nowMs > expireAtMs;
}

const watch: CommandSpec['handler'] = (ctx, request) => {
  const { client, db } = ctx;
  if (client.queue !== undefined) return ctx.reply.error('ERR WATCH inside MULTI is not allowed');
  // A client whose watch is broken already gains nothing from more.
  for (let i = 1; i < request.count && !client.watchIsBroken; i++) {
    const key = request.latin1(i);
    ctx.watches.watch(client, { db, key, wasExpired: isExpired(db.expireAt(key), ctx.nowMs) });
  }
  ctx.reply.ok();
};

function unwatch(ctx: CommandContext): void {
  ctx.watches.unwatchAll(ctx.client);
  ctx.reply.ok();
}

export const transactionCommands: readonly CommandSpec[] = [
  {
    name: 'multi',
    arity: 1,
    flags: [...FLAGS, 'allow_busy'],
    categories: ['transaction'],
    group: 'transactions',
    since: '1.2.0',
    summary: 'Begins a transaction: the commands that follow are queued.',
    complexity: 'O(1)',
    handler: multi,
  },
  {
    name: 'exec',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    categories: ['transaction'],
    group: 'transactions',
    since: '1.2.0',
    summary: 'Runs the queued commands as one unit.',
    complexity: 'Depends on commands in the transaction',
    handler: exec,
  },
  {
    name: 'discard',
    arity: 1,
    flags: [...FLAGS, 'allow_busy'],
    categories: ['transaction'],
    group: 'transactions',
    since: '2.0.0',
    summary: 'Forgets the queued commands and ends the transaction.',
    complexity: 'O(N), when N is the number of queued commands',
    handler: discard,
  },
  {
    name: 'watch',
    arity: -2,
    flags: [...FLAGS, 'allow_busy'],
    categories: ['transaction'],
    group: 'transactions',
    since: '2.2.0',
    summary: 'Makes the next EXEC do nothing if one of the keys changes before it.',
    complexity: 'O(1) for every key.',
    keySpecs: [keys('RO', 1, -1)],
    handler: watch,
  },
  {
    name: 'unwatch',
    arity: 1,
    flags: [...FLAGS, 'allow_busy'],
    categories: ['transaction'],
    group: 'transactions',
    since: '2.2.0',
    summary: 'Forgets all watched keys.',
    complexity: 'O(1)',
    handler: unwatch,
  },
];
