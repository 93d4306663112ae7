/** Replies that once went wrong: freed bytes sent to slow readers, a claim of many keys, a connection closed half. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCommand } from '@aof/resp-codec';
import { afterEach, expect, test } from 'vitest';
import { type AofServer, createServer, type ServerOptions } from '../../src/index.ts';

const MEBIBYTE = 1024 * 1024;
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(options: ServerOptions = {}): Promise<AofServer> {
  const dir = mkdtempSync(join(tmpdir(), 'replies-'));
  cleanUps.push(() => rmSync(dir, { recursive: true, force: true }));
  const server = await createServer({ dir, port: 0, ...options });
  cleanUps.push(() => server.close());
  return server;
}

function connect(server: AofServer): Socket {
  const socket = createConnection({ port: server.port ?? 0, host: '127.0.0.1', allowHalfOpen: true });
  cleanUps.push(() => socket.destroy());
  return socket;
}

/** Everything until the other side ends the connection. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a reply that the kernel takes in pieces is the value, whatever happens to memory meanwhile', async () => {
  const server = await start();
  const value = Buffer.alloc(40 * MEBIBYTE, 'A');
  await server.call('SET', 'big', value);
  const socket = connect(server);
  socket.pause();
  socket.write(encodeCommand(['GET', 'big']));
  while (!String(await server.call('CLIENT', 'LIST')).includes('cmd=get')) await pause(5);
  socket.write(encodeCommand(['QUIT']));
  await server.call('DEL', 'big');
  // What was freed is used again.
  for (let i = 0; i < 24; i++) await server.call('SET', `other${i % 6}`, Buffer.alloc(8 * MEBIBYTE, 'E'));
  const received = await readAll(socket);
  const expected = Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n+OK\r\n')]);
  expect(received.length).toBe(expected.length);
  expect(received.equals(expected)).toBe(true);
});

test('a claim of more keys than there are arguments is refused, not counted to', async () => {
  const server = await start();
  for (const count of ['1000000000', '4294967296', '9007199254740991', '2']) {
    await expect(server.call('COMMAND', 'GETKEYS', 'ZUNION', count, 'a')).rejects.toThrow('ERR Invalid arguments');
  }
  expect(await server.call('COMMAND', 'GETKEYS', 'ZUNION', '1', 'a')).toEqual(['a']);
});

test('a client that closes its half after its requests still gets every reply, also those that wait for a sync', async () => {
  const server = await start({ appendonly: true, appendfsync: 'always' });
  const reader = connect(server);
  reader.resume();
  for (let i = 0; i < 60; i++) {
    const socket = connect(server);
    reader.write(encodeCommand(['GET', 'elsewhere']));
    socket.write(encodeCommand(['SET', 'k', String(i)]));
    await pause(i % 3);
    socket.write(encodeCommand(['SET', 'k', 'again']));
    socket.end();
    expect((await readAll(socket)).toString()).toBe('+OK\r\n+OK\r\n');
  }
});

test('a client that waits is read on only so far, and all that it sent runs when its wait is over', async () => {
  const server = await start();
  const socket = connect(server);
  socket.write(encodeCommand(['BLPOP', 'queue', '0']));
  await pause(20);
  const rounds = 3000;
  for (let i = 0; i < rounds; i++) socket.write(encodeCommand(['APPEND', 'text', 'x'.repeat(1000)]));
  await pause(200);
  expect(await server.call('EXISTS', 'text')).toBe(0);
  const input = Number(/total_net_input_bytes:(\d+)/.exec(String(await server.call('INFO', 'stats')))?.[1]);
  expect(input).toBeLessThan(2 * MEBIBYTE);
  await server.call('RPUSH', 'queue', 'go');
  socket.write(encodeCommand(['QUIT']));
  await readAll(socket);
  expect(await server.call('STRLEN', 'text')).toBe(rounds * 1000);
});

test('a client that wants no replies still wakes the one that waits for what it pushes', async () => {
  const server = await start({ hz: 1 });
  const [waiting, silent] = [connect(server), connect(server)];
  silent.write(encodeCommand(['CLIENT', 'REPLY', 'OFF']));
  waiting.write(encodeCommand(['BLPOP', 'queue', '0']));
  while (!String(await server.call('CLIENT', 'LIST')).includes('cmd=blpop')) await pause(5);
  waiting.write(encodeCommand(['QUIT']));
  silent.write(encodeCommand(['RPUSH', 'queue', 'x']));
  expect((await readAll(waiting)).toString()).toBe('*2\r\n$5\r\nqueue\r\n$1\r\nx\r\n+OK\r\n');
});
