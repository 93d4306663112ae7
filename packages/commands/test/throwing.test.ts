/**
 * A handler that throws is a bug, which ends the process. Where something catches it all the same, as whoever called a server in its own
 * process may, the executor is as it was and the log has what the data set has.
 */
import { Request } from '@aof/resp-codec';
import { beforeEach, expect, test } from 'vitest';
import type { CommandSpec } from '../src/spec.ts';
import { ALL_COMMANDS } from '../src/table.ts';
import { LocalServer } from './local-server.ts';

/** `BUG n`: sets the key `bug`, says so to the log if n is 1, and throws; without n it only throws. */
const BUG: CommandSpec = {
  name: 'bug',
  arity: -1,
  flags: ['write'],
  categories: ['string'],
  group: 'string',
  since: '7.0.0',
  summary: 'Throws.',
  handler: (ctx, request) => {
    if (request.count > 1) ctx.propagate(['SET', 'bug', request.latin1(1)]);
    throw new Error('a bug');
  },
};

/** `WAITBUG key`: waits for a list, and throws when there is one. */
const WAITBUG: CommandSpec = {
  ...BUG,
  name: 'waitbug',
  handler: (ctx, request) => {
    if (ctx.db.peek(request.key(1)) !== undefined) throw new Error('a bug');
    ctx.waitFor({ keys: [request.key(1)], type: 'list', timeoutMs: 0, onTimeout: (reply) => reply.nullArray() });
  },
};

let server: LocalServer;
beforeEach(() => {
  server = new LocalServer(2, [...ALL_COMMANDS, BUG, WAITBUG]);
});

function run(connection: number, ...commands: readonly string[]): string[] {
  return commands.map((command) => server.run(connection, command.split(' ')));
}

/** Whether the client waits after that command. */
function wait(connection: number, command: string): boolean | undefined {
  run(connection, 'PING');
  const client = server.client(connection);
  if (client !== undefined) server.executor.execute(client, Request.of(command.split(' ')));
  return client?.isSuspended;
}

function records(): string[] {
  return server.records.map(({ args }) => args.join(' '));
}

test('a queued command that throws ends its EXEC, and the next commands are no part of it', () => {
  expect(run(0, 'MULTI', 'SET a 1', 'INCR n', 'BUG', 'SET b 2').at(-1)).toBe('+QUEUED\r\n');
  expect(() => run(0, 'EXEC')).toThrow('a bug');
  expect(server.executor.isInExec).toBe(false);
  // What ran before it has changed the data set, so the log has it: at once, and not with the next unit.
  expect(records()).toEqual(['MULTI', 'SET a 1', 'INCR n', 'EXEC']);
  expect(server.ask(['MGET', 'a', 'n', 'b']).items?.map(({ text }) => text)).toEqual(['1', '1', undefined]);

  server.records.length = 0;
  expect(run(1, 'SET c 3', 'GET c')).toEqual(['+OK\r\n', '$1\r\n3\r\n']);
  expect(records()).toEqual(['SET c 3']);
  // Outside of EXEC a command may wait, and the transaction is over.
  expect(run(1, 'EXEC')).toEqual(['-ERR EXEC without MULTI\r\n']);
  expect(wait(1, 'BLPOP l 0')).toBe(true);
});

test('a record that was given before the throw reaches the log, between those of its transaction', () => {
  run(0, 'MULTI', 'SET a 1', 'BUG 1', 'SET b 2');
  expect(() => run(0, 'EXEC')).toThrow('a bug');
  expect(records()).toEqual(['MULTI', 'SET a 1', 'SET bug 1', 'EXEC']);
  expect(() => run(1, 'BUG 2')).toThrow('a bug');
  expect(records().slice(4)).toEqual(['SET bug 2']);
});

test('a command that has waited and throws when it runs again keeps nobody else from waiting', () => {
  expect(wait(0, 'WAITBUG l')).toBe(true);
  expect(() => run(1, 'RPUSH l x')).toThrow('a bug');
  expect(records()).toEqual(['RPUSH l x']);
  expect(wait(2, 'BLPOP other 0')).toBe(true);
  run(1, 'RPUSH other y');
  expect(server.client(2)?.isSuspended).toBe(false);
});
