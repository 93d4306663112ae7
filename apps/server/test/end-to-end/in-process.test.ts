/** Servers inside a Node program: `createServer`, `call`, several side by side, closing and starting again. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AofError } from '@aof/aof-files';
import { expect, test } from 'vitest';
import { createServer, ListenError, ReplyError, type ServerOptions } from '../../src/index.ts';
import { temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

test('call: replies as values, texts in UTF-8, errors as exceptions', async () => {
  await using server = await createServer();
  expect(await server.call('SET', 'greeting', 'grüß €')).toBe('OK');
  expect(await server.call('GET', 'greeting')).toBe('grüß €');
  expect(await server.callBytes('GET', 'greeting')).toEqual(new TextEncoder().encode('grüß €'));
  expect(await server.call('GET', 'nothing')).toBe(null);
  expect(await server.call('INCRBY', 'n', 41)).toBe(41);
  expect(await server.call('HSET', 'h', 'f', '1')).toBe(1);
  expect(await server.call('HGETALL', 'h')).toEqual(new Map([['f', '1']]));
  await server.call('SADD', 's', 'a', 'b');
  expect(await server.call('SMEMBERS', 's')).toEqual(new Set(['a', 'b']));
  await server.callBytes('SET', Uint8Array.of(0, 255), Uint8Array.of(13, 10, 0));
  expect(await server.callBytes('GET', Uint8Array.of(0, 255))).toEqual(Uint8Array.of(13, 10, 0));
  await expect(server.call('INCR', 'h')).rejects.toThrow(ReplyError);
  await expect(server.call('INCR', 'h')).rejects.toThrow('WRONGTYPE');
  await expect(server.call('NOSUCH')).rejects.toThrow("ERR unknown command 'NOSUCH'");
});

test('calls that are not awaited keep their order; a transaction is one after the other', async () => {
  await using server = await createServer();
  const calls = Array.from({ length: 100 }, () => server.call('INCR', 'n'));
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  const replies = await Promise.all(
    [['MULTI'], ['INCR', 'n'], ['GET', 'n'], ['EXEC']].map((args) => server.call(...args)),
  );
  expect(replies).toEqual(['OK', 'QUEUED', 'QUEUED', [101, '101']]);
});

test.each([
  [{ appendfsync: 'sometimes' }, 'BAD_VALUE', /appendfsync: argument\(s\) must be one of/],
  [{ appendonly: 'no' }, 'BAD_VALUE', /appendonly: a value of another type was expected: yes \| no/],
  [{ databases: -1 }, 'BAD_VALUE', /databases: argument must be between 1 and/],
  [{ hz: 1.5 }, 'BAD_VALUE', /hz: /],
  [{ port: 65_536 }, 'BAD_VALUE', /port: argument must be between 0 and 65535/],
  [{ bind: '127.0.0.1' }, 'BAD_VALUE', /bind: /],
  [{ save: null }, 'BAD_VALUE', /save: /],
  [{ apendonly: true }, 'UNKNOWN_OPTION', /no option 'apendonly'/],
])('%j: what is no value of an option is refused, whatever the types were', async (options, code, message) => {
  // As a JavaScript program would: nobody has checked the types.
  const refused = createServer(options as ServerOptions);
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toMatchObject({ name: 'ConfigError', code });
});

test('a call after the end is refused, also the first one', async () => {
  const server = await createServer();
  await server.close();
  await expect(server.call('PING')).rejects.toThrow('ERR the server has ended');
  await expect(server.callBytes('PING')).rejects.toThrow(ReplyError);
});

test('without a port CONFIG GET says so', async () => {
  await using server = await createServer();
  expect(await server.call('CONFIG', 'GET', 'port')).toEqual(new Map([['port', '0']]));
});

test('servers side by side share nothing', async () => {
  const [one, other] = [temporaryFolder(), temporaryFolder()];
  await using first = await createServer({ dir: one, appendonly: true, port: 0 });
  await using second = await createServer({ dir: other, appendonly: true, port: 0, databases: 2 });
  await Promise.all([first.call('SET', 'who', 'first'), second.call('SET', 'who', 'second')]);
  expect(first.port).not.toBe(second.port);
  const clients = await Promise.all([first, second].map(({ port }) => RawClient.open(port ?? 0)));
  expect(await Promise.all(clients.map((client) => client.call('GET', 'who')))).toEqual(['first', 'second']);
  expect(readFileSync(join(one, 'appendonly.aof'), 'latin1')).toContain('first');
  await expect(second.call('SELECT', 2)).rejects.toThrow('ERR DB index is out of range');
  for (const client of clients) client.close();
});

test('closing writes everything, ends connections and answers what was asked before', async () => {
  const dir = temporaryFolder();
  const server = await createServer({ dir, appendonly: true, port: 0, appendfsync: 'no' });
  const client = await RawClient.open(server.port ?? 0);
  const asked = [server.call('SET', 'a', '1'), server.call('APPEND', 'a', '2')];
  const closed = server.close();
  expect(server.close()).toBe(closed);
  await closed;
  expect(await Promise.all(asked)).toEqual(['OK', 2]);
  await client.closed;
  await expect(server.call('GET', 'a')).rejects.toThrow(ReplyError);
  await using again = await createServer({ dir, appendonly: true });
  expect(await again.call('GET', 'a')).toBe('12');
});

test('SHUTDOWN closes the server, not the program', async () => {
  const dir = temporaryFolder();
  const server = await createServer({ dir, appendonly: true, port: 0 });
  await server.call('SET', 'a', '1');
  const client = await RawClient.open(server.port ?? 0);
  await expect(client.call('SHUTDOWN')).rejects.toThrow('the connection was closed');
  await server.close();
  await using again = await createServer({ dir, appendonly: true });
  expect(await again.call('GET', 'a')).toBe('1');
});

test('a start that fails leaves nothing open', async () => {
  const dir = temporaryFolder();
  await using server = await createServer({ port: 0 });
  const { port } = server;
  await expect(createServer({ port: port ?? 0 })).rejects.toThrow(ListenError);
  writeFileSync(join(dir, 'appendonly.aof'), 'not a log');
  const broken = { dir, appendonly: true, unixsocket: join(dir, 's') };
  await expect(createServer(broken)).rejects.toThrow(AofError);
  await expect(createServer(broken)).rejects.toMatchObject({ code: 'AOF_BAD_FORMAT', fileOffset: 0 });
  expect(existsSync(join(dir, 's'))).toBe(false);
});

test('options of createServer are those of aof.conf, typed', async () => {
  const dir = temporaryFolder();
  await using server = await createServer({ dir, appendonly: true, 'aof-layout': 'multi-part', appendfilename: 'log' });
  await server.call('SET', 'a', '1');
  expect(existsSync(join(dir, 'appendonlydir', 'log.manifest'))).toBe(true);
  expect(await server.call('CONFIG', 'GET', 'appendfsync')).toEqual(new Map([['appendfsync', 'everysec']]));
});

test('DEBUG OBJECT describes values in the words of Redis', async () => {
  await using server = await createServer({ 'enable-debug-command': 'yes', 'maxmemory-policy': 'allkeys-lfu' });
  await server.call('RPUSH', 'few', 'a', 'b');
  await server.call('RPUSH', 'many', ...Array.from({ length: 5000 }, (_, i) => `element ${i}`));
  const common = 'serializedlength:\\d+ lru:\\d+ lru_seconds_idle:\\d+';
  const nodes = 'ql_nodes:\\d+ ql_avg_node:\\d+\\.\\d\\d ql_listpack_max:-2 ql_compressed:0 ql_uncompressed_size:\\d+';
  const few = String(await server.call('DEBUG', 'OBJECT', 'few'));
  expect(few).toMatch(new RegExp(`^Value at:0x0 refcount:1 encoding:listpack ${common}$`));
  // The lower 8 bits are the counter.
  expect(Number(/lru:(\d+)/.exec(few)?.[1]) & 255).toBe(await server.call('OBJECT', 'FREQ', 'few'));
  expect(await server.call('DEBUG', 'OBJECT', 'many')).toMatch(new RegExp(`encoding:quicklist ${common} ${nodes}$`));
});
