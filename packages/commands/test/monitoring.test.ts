/** SLOWLOG and LATENCY: beside a real server as far as time does not decide, and by themselves with a clock by hand. */
import { expect, test } from 'vitest';
import { ALL_COMMANDS } from '../src/table.ts';
import { differential } from './differential.ts';
import { LocalServer } from './local-server.ts';
import { type ReplyTree, textsOf } from './reply-tree.ts';
import type { ReplyRule } from './rules.ts';

/** Arguments and client names of the entries; ids, times and addresses are each server's own. */
const SLOW_COMMANDS: ReplyRule = (oracle, ours) => JSON.stringify(contents(oracle)) === JSON.stringify(contents(ours));

function contents(reply: ReplyTree): unknown {
  return reply.items?.map(({ items = [] }) => [items.map(({ kind }) => kind), textsOf(items[3]), items[5]?.text]);
}

const LONG = 'k'.repeat(200);

differential(
  'SLOWLOG',
  {
    'keeps the beginning of long commands': `
      CLIENT SETNAME me
      CONFIG SET slowlog-log-slower-than 0
      SLOWLOG RESET
      SET k v
      SET ${LONG} ${'EX 10 '.repeat(20)}
      GET k
      MULTI
      INCR n
      EXEC
      LPUSH k x
      NONSENSE
      GET
      SLOWLOG LEN
      SLOWLOG GET
      SLOWLOG GET 2
      SLOWLOG GET 0
      SLOWLOG GET -1
      CONFIG SET masterauth x
      CONFIG SET masterauth ''
      AUTH a b
      HELLO 3 AUTH a b
      SLOWLOG GET 4
      CONFIG SET slowlog-max-len 3
      SLOWLOG LEN
      SLOWLOG GET -1
      CONFIG SET slowlog-log-slower-than 10000 slowlog-max-len 128
      SLOWLOG RESET
      SLOWLOG GET`,
    errors: `
      SLOWLOG GET -2
      SLOWLOG GET x
      SLOWLOG GET 1 2
      SLOWLOG LEN x
      SLOWLOG NONSENSE
      SLOWLOG`,
  },
  { rules: { 'slowlog|get': SLOW_COMMANDS } },
);

differential(
  'LATENCY',
  {
    'nothing has happened yet': `
      LATENCY RESET
      LATENCY LATEST
      LATENCY HISTORY command
      LATENCY GRAPH command
      LATENCY RESET a b
      LATENCY DOCTOR
      LATENCY HISTOGRAM nonsense`,
    errors: 'LATENCY HISTORY\nLATENCY\nLATENCY NONSENSE\nLATENCY GRAPH\nLATENCY LATEST x',
    histograms: `
      CONFIG RESETSTAT
      SET k v
      GET k
      GET k
      LATENCY HISTOGRAM GET set`,
  },
  { rules: { 'latency|doctor': 'kind', 'latency|histogram': 'kind' } },
);

differential(
  'MEMORY',
  { 'about the whole server': 'MEMORY PURGE\nMEMORY PURGE x\nMEMORY STATS x\nMEMORY DOCTOR x\nMEMORY MALLOC-STATS x' },
  {},
);

/** A server on which KEYS takes 20 ms, and DBSIZE nothing. */
function slowServer(): LocalServer {
  const server: LocalServer = new LocalServer(
    3,
    ALL_COMMANDS.map((spec) => {
      if (spec.name !== 'keys') return spec;
      return {
        ...spec,
        handler: (ctx, request) => {
          server.advance(20);
          spec.handler?.(ctx, request);
        },
      };
    }),
  );
  return server;
}

test('what takes at least slowlog-log-slower-than is kept, with its time', () => {
  const server = slowServer();
  server.ask(['DBSIZE']);
  server.ask(['KEYS', 'a*']);
  const [entry, ...others] = server.ask(['SLOWLOG', 'GET']).items ?? [];
  expect(others).toEqual([]);
  expect(textsOf(entry).slice(0, 3)).toEqual(['0', '1700000000', '20000']);
  expect(textsOf(entry.items?.[3] ?? entry)).toEqual(['KEYS', 'a*']);
  server.ask(['CONFIG', 'SET', 'slowlog-log-slower-than', '20001']);
  server.ask(['KEYS', 'a*']);
  server.ask(['CONFIG', 'SET', 'slowlog-log-slower-than', '-1']);
  server.ask(['KEYS', 'a*']);
  expect(server.ask(['SLOWLOG', 'LEN']).text).toBe('1');
});

test('passwords are not kept', () => {
  const server = new LocalServer();
  server.ask(['CONFIG', 'SET', 'slowlog-log-slower-than', '0']);
  server.ask(['CONFIG', 'SET', 'requirepass', 'secret']);
  server.ask(['AUTH', 'secret']);
  server.ask(['HELLO', '3', 'AUTH', 'default', 'secret']);
  expect(JSON.stringify(server.ask(['SLOWLOG', 'GET', '-1']))).not.toContain('secret');
  expect(server.ask(['SLOWLOG', 'LEN']).text).not.toBe('0');
});

test('delays are kept per event from latency-monitor-threshold on', () => {
  const server = slowServer();
  server.ask(['KEYS', '*']);
  expect(server.ask(['LATENCY', 'LATEST']).items).toEqual([]);
  server.ask(['CONFIG', 'SET', 'latency-monitor-threshold', '20']);
  server.ask(['KEYS', '*']);
  server.ask(['KEYS', '*']);
  server.advance(5000);
  server.ask(['KEYS', '*']);
  const [latest] = server.ask(['LATENCY', 'LATEST']).items ?? [];
  expect(textsOf(latest)).toEqual(['command', '1700000005', '20', '20']);
  expect(server.ask(['LATENCY', 'HISTORY', 'command']).items?.map(textsOf)).toEqual([
    ['1700000000', '20'],
    ['1700000005', '20'],
  ]);
  expect(server.ask(['LATENCY', 'GRAPH', 'command']).text).toMatch(/5 s ago {7}20 ms #/);
  expect(server.ask(['LATENCY', 'DOCTOR']).text).toContain('command: 2 seconds');
  expect(server.ask(['LATENCY', 'RESET']).text).toBe('1');
  expect(server.ask(['LATENCY', 'LATEST']).items).toEqual([]);
});

test('histograms count every call, of subcommands under their container too, until CONFIG RESETSTAT', () => {
  const server = slowServer();
  for (let i = 0; i < 7; i++) server.ask(['GET', 'k']);
  server.ask(['KEYS', '*']);
  server.ask(['CONFIG', 'GET', 'port']);
  const histogram = (...names: readonly string[]) => JSON.stringify(server.ask(['LATENCY', 'HISTOGRAM', ...names]));
  expect(histogram('get')).toMatch(/calls.*"text":"7"/);
  expect(histogram('keys')).toContain('"33554"');
  expect(histogram('CONFIG')).toContain('config|get');
  server.ask(['CONFIG', 'RESETSTAT']);
  expect(server.ask(['LATENCY', 'HISTOGRAM', 'get']).items).toEqual([]);
});
