/** Requests of one batch share readings of the wall clock, but for those after a command that may have taken long. */
import { Request } from '@aof/resp-codec';
import { expect, test } from 'vitest';
import type { CommandSpec } from '../src/spec.ts';
import { ALL_COMMANDS } from '../src/table.ts';
import { LocalServer } from './local-server.ts';

test('what comes behind a slow command in the same batch does not go by the time from before it', () => {
  const slow: CommandSpec = {
    name: 'slow',
    arity: 1,
    flags: ['readonly'],
    categories: ['generic'],
    group: 'generic',
    since: '7.0.0',
    summary: 'Takes five seconds.',
    complexity: 'O(N)',
    handler: (ctx) => {
      server.advance(5000);
      ctx.reply.simple('OK');
    },
  };
  const server = new LocalServer(2, [...ALL_COMMANDS, slow]);
  server.run(1, ['SET', 'soon', 'gone', 'PX', '3000']);
  const startMs = server.nowMs;
  const client = server.client(1);
  if (client === undefined) throw new Error('the client is gone');
  // One batch: nothing ends it in between.
  for (const words of ['PING', 'SLOW', 'GET soon', 'SET a 1 PX 1000', 'PEXPIRETIME a'])
    server.executor.execute(client, Request.of(words.split(' ')));
  expect(client.reply.take().join('')).toBe(`+PONG\r\n+OK\r\n$-1\r\n+OK\r\n:${startMs + 6000}\r\n`);
});
