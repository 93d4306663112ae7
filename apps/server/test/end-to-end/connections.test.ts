/** Connections: limits, passwords, idle ones, ones that do not read, broken requests; on real sockets in this process. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Config, type ConfigValues } from '@aof/config';
import { RespError } from '@aof/resp-codec';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { refusalOfConnection } from '../../src/connection-refusal.ts';
import { AofServer } from '../../src/server.ts';
import { freePort, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

const servers: AofServer[] = [];
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Started {
  readonly server: AofServer;
  readonly lines: readonly string[];
  /** Moves the server's clock. */
  advance(ms: number): void;
  connect(): Promise<RawClient>;
}

async function start(values: Partial<ConfigValues> = {}): Promise<Started> {
  let aheadMs = 0;
  const lines: string[] = [];
  const server = new AofServer({
    config: Config.of('/', { bind: ['127.0.0.1'], hz: 100, save: [], ...values }),
    clock: {
      nowMs: () => systemClock.nowMs() + aheadMs,
      monotonicUs: () => systemClock.monotonicUs() + aheadMs * 1000,
    },
    log: (_level, message) => lines.push(message),
    port: 0,
  });
  await server.start();
  servers.push(server);
  const connect = async () => {
    const client = await RawClient.open(server.port ?? 0);
    clients.push(client);
    return client;
  };
  const advance = (ms: number): void => {
    aheadMs += ms;
  };
  return { server, lines, connect, advance };
}

test('requirepass: nothing but AUTH and HELLO before, and little memory for those who have not logged in', async () => {
  const { connect } = await start({ requirepass: 'sesame' });
  const client = await connect();
  expect(await client.call('GET', 'a')).toEqual(new RespError('NOAUTH Authentication required.'));
  expect(await client.call('AUTH', 'wrong')).toEqual(
    new RespError('WRONGPASS invalid username-password pair or user is disabled.'),
  );
  expect(await client.call('AUTH', 'sesame')).toBe('OK');
  expect(await client.call('SET', 'a', 'x'.repeat(20_000))).toBe('OK');
  const hello = await connect();
  expect(await hello.call('HELLO', '3', 'AUTH', 'default', 'sesame')).toBeInstanceOf(Map);
  const guest = await connect();
  expect(await guest.call('SET', 'a', 'x'.repeat(20_000))).toEqual(
    new RespError('ERR Protocol error: unauthenticated bulk length'),
  );
  await guest.closed;
});

test('requirepass set while clients are connected leaves them logged in', async () => {
  const { connect } = await start();
  const client = await connect();
  await client.call('CONFIG', 'SET', 'requirepass', 'sesame');
  expect(await client.call('PING')).toBe('PONG');
  const other = await connect();
  expect(await other.call('PING')).toBeInstanceOf(RespError);
  await client.call('CONFIG', 'SET', 'requirepass', '');
  expect(await other.call('PING')).toBe('PONG');
});

test('who comes and who goes is told in the log, for those that want to read it', async () => {
  const { server, lines } = await start();
  const client = await RawClient.open(server.port ?? 0);
  const [, address] = /addr=(\S+)/.exec(String(await client.call('CLIENT', 'INFO'))) ?? [];
  client.close();
  await expect.poll(() => lines).toContain(`Client closed connection id=1 addr=${address}`);
  expect(lines).toContain(`Accepted ${address}`);
});

test('CONFIG RESETSTAT: counters and rates begin anew', async () => {
  const { server, connect } = await start({ appendonly: true, dir: temporaryFolder() });
  const { statistics } = server.engine;
  const client = await connect();
  statistics.delayedSyncs = 3; // as after a disk that hung
  await expect
    .poll(async () => {
      await Promise.all(Array.from({ length: 500 }, () => client.call('PING')));
      return statistics.commandsPerSec;
    })
    .toBeGreaterThan(1000);
  expect(String(await client.call('INFO', 'persistence'))).toContain('aof_delayed_fsync:3\r\n');
  expect(await client.call('CONFIG', 'RESETSTAT')).toBe('OK');
  expect(statistics.commandsPerSec).toBeLessThan(100);
  expect(String(await client.call('INFO', 'persistence'))).toContain('aof_delayed_fsync:0\r\n');
  expect(String(await client.call('INFO', 'stats'))).toContain('total_connections_received:0\r\n');
});

test('maxclients: one too many is told so and closed; when one goes there is room again', async () => {
  const { connect } = await start({ maxclients: 2 });
  const [first] = [await connect(), await connect()];
  expect(await first.call('PING')).toBe('PONG');
  const third = await connect();
  expect(await third.received()).toEqual(new RespError('ERR max number of clients reached'));
  await third.closed;
  expect(String(await first.call('INFO', 'stats'))).toContain('rejected_connections:1');
  first.close();
  await expect.poll(async () => (await connect()).call('PING').catch(() => 'refused')).toBe('PONG');
});

test('timeout: who says nothing for so long is disconnected', async () => {
  const { connect, advance } = await start({ timeout: 60 });
  const [idle, busy] = [await connect(), await connect()];
  await Promise.all([idle.call('PING'), busy.call('PING')]);
  advance(50_000);
  await busy.call('PING');
  advance(20_000);
  await idle.closed;
  expect(await busy.call('PING')).toBe('PONG');
});

test('client-output-buffer-limit: who does not read is disconnected, and the server says so', async () => {
  const { connect, lines } = await start();
  const client = await connect();
  await client.call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 2mb 0 0');
  await client.call('SET', 'big', 'x'.repeat(500_000));
  client.pause();
  for (let i = 0; i < 60; i++) client.write('*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n');
  await expect
    .poll(() => lines.join('\n'))
    .toMatch(/Client id=\d+ addr=127\.0\.0\.1:\d+ closed for overcoming of output buffer limits\./);
  const other = await connect();
  expect(await other.call('DBSIZE')).toBe(1);
  await expect.poll(async () => String(await other.call('INFO', 'clients'))).toContain('connected_clients:1\r\n');
});

test('a reader that is slow gets everything, in order', async () => {
  const { connect } = await start();
  const client = await connect();
  await client.call('SET', 'big', 'x'.repeat(300_000));
  client.pause();
  const replies = Array.from({ length: 100 }, (_, i) =>
    i % 2 === 0 ? client.call('GET', 'big') : client.call('ECHO', `${i}`),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.resume();
  const lengths = (await Promise.all(replies)).map((reply, i) => (i % 2 === 0 ? String(reply).length : reply));
  expect(lengths).toEqual(Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 300_000 : `${i}`)));
});

describe('CONFIG SET of port and bind', () => {
  const failed = (option: string, reason: string) =>
    new RespError(`ERR CONFIG SET failed (possibly related to argument '${option}') - ${reason}`);

  test('another port: connections stay, new ones go there, the old port is free', async () => {
    const { server, connect } = await start();
    const client = await connect();
    const [old, port] = [server.port ?? 0, await freePort()];
    expect(await client.call('CONFIG', 'SET', 'port', `${port}`, 'hz', '50')).toBe('OK');
    expect(server.port).toBe(port);
    expect(await client.call('CONFIG', 'GET', 'port', 'hz')).toEqual(['port', `${port}`, 'hz', '50']);
    const other = await connect();
    expect(await other.call('PING')).toBe('PONG');
    expect(String(await other.call('INFO', 'server'))).toMatch(
      new RegExp(`\\ntcp_port:${port}\\r\\n[^]*\\nlistener0:name=tcp,bind=127.0.0.1,port=${port}\\r\\n`),
    );
    await expect(RawClient.open(old)).rejects.toThrow('ECONNREFUSED');
  });

  test('a port that is taken, or another option that is refused: nothing has changed', async () => {
    const { server, connect, lines } = await start();
    const client = await connect();
    const old = server.port ?? 0;
    const { server: blocker } = await start();
    const taken = `${blocker.port}`;
    const reason = 'Unable to listen on this port. Check server logs.';
    expect(await client.call('CONFIG', 'SET', 'hz', '50', 'port', taken)).toEqual(failed('port', reason));
    expect(lines).toContain(`Could not create server TCP listening socket 127.0.0.1:${taken}: Address already in use`);
    server.engine.config.onChange('hz', () => 'not now');
    const port = await freePort();
    const refused = await client.call('CONFIG', 'SET', 'port', `${port}`, 'hz', '50');
    expect(refused).toEqual(failed('hz', 'not now'));
    expect(await client.call('CONFIG', 'GET', 'port', 'hz')).toEqual(['port', '6379', 'hz', '100']);
    expect(server.port).toBe(old);
    expect(await (await connect()).call('PING')).toBe('PONG');
    await expect(RawClient.open(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('other addresses of the same port, also such as overlap; a missing one changes nothing', async () => {
    const { server, connect } = await start();
    const client = await connect();
    const old = server.port;
    expect(await client.call('CONFIG', 'SET', 'bind', '*')).toBe('OK');
    expect(await client.call('CONFIG', 'SET', 'bind', '127.0.0.2 -10.99.99.99')).toBe('OK');
    expect(server.port).toBe(old);
    await expect(connect()).rejects.toThrow('ECONNREFUSED');
    expect(await (await RawClient.open(old ?? 0, '127.0.0.2')).call('PING')).toBe('PONG');
    const reason = 'Failed to bind to specified addresses.';
    expect(await client.call('CONFIG', 'SET', 'bind', '127.0.0.1 10.99.99.99')).toEqual(failed('bind', reason));
    expect(await client.call('CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.2 -10.99.99.99']);
    expect(await (await RawClient.open(old ?? 0, '127.0.0.2')).call('PING')).toBe('PONG');
    await expect(connect()).rejects.toThrow('ECONNREFUSED');
  });

  test('a server that closes meanwhile listens nowhere', async () => {
    const { server } = await start();
    const port = await freePort();
    const moving = server.call('CONFIG', 'SET', 'port', `${port}`).catch(() => undefined);
    await Promise.all([moving, server.close()]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.port).toBeUndefined();
    await expect(RawClient.open(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('one after the other, whoever asks; not in a transaction; 0 listens no more', async () => {
    const { server, connect } = await start();
    const [one, other] = [await connect(), await connect()];
    const [first, second] = [`${await freePort()}`, `${await freePort()}`];
    const set = (client: RawClient, port: string) => client.call('CONFIG', 'SET', 'port', port);
    expect(await Promise.all([set(one, first), set(other, second)])).toEqual(['OK', 'OK']);
    expect(await one.call('CONFIG', 'GET', 'port')).toEqual(['port', `${server.port}`]);
    expect(await set(one, first)).toBe('OK');
    expect(server.port).toBe(Number(first));
    await one.call('MULTI');
    await set(one, second);
    const reason = "can't be changed in a transaction";
    expect(await one.call('EXEC')).toEqual([failed('port', reason)]);
    expect(await set(one, '0')).toBe('OK');
    expect(server.port).toBeUndefined();
    expect(await one.call('PING')).toBe('PONG');
    await expect(RawClient.open(Number(first))).rejects.toThrow('ECONNREFUSED');
  });
});

test('CONFIG SET dir: only to a folder that is there', async () => {
  const { connect } = await start({ 'enable-protected-configs': 'yes' });
  const client = await connect();
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'file'), '');
  const failed = (reason: string) =>
    new RespError(`ERR CONFIG SET failed (possibly related to argument 'dir') - ${reason}`);
  expect(await client.call('CONFIG', 'SET', 'dir', join(dir, 'none'))).toEqual(failed('No such file or directory'));
  expect(await client.call('CONFIG', 'SET', 'dir', join(dir, 'file'))).toEqual(failed('Not a directory'));
  expect(await client.call('CONFIG', 'GET', 'dir')).toEqual(['dir', '/']);
  expect(await client.call('CONFIG', 'SET', 'dir', dir)).toBe('OK');
});

test('who speaks HTTP is cut off before its body is read, and the log says so once in a while', async () => {
  const { connect, lines, advance } = await start();
  for (const request of ['POST /x HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nhost: localhost\r\n']) {
    const page = await connect();
    page.write(`${request}\r\nSET stolen 1\r\n`);
    await page.closed;
  }
  const client = await connect();
  expect(await client.call('EXISTS', 'stolen')).toBe(0);
  expect(await client.call('POST', 'x')).toEqual(
    new RespError("ERR unknown command 'POST', with args beginning with: 'x' "),
  );
  const warnings = () => lines.filter((line) => line.startsWith('Possible SECURITY ATTACK detected'));
  expect(warnings()).toHaveLength(1);
  advance(61_000);
  const late = await connect();
  late.write('POST / HTTP/1.1\r\n');
  await late.closed;
  expect(warnings()).toHaveLength(2);
});

describe('requests', () => {
  test('in any pieces', async () => {
    const { connect } = await start();
    const client = await connect();
    const text = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nh\r\nlo\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n';
    for (const byte of text) {
      client.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([await client.received(), await client.received(), await client.received()]).toEqual([
      'OK',
      'h\r\nlo',
      'PONG',
    ]);
  });

  test('larger than any buffer', async () => {
    const { connect } = await start();
    const client = await connect();
    const value = 'abcdefgh'.repeat(2_500_000);
    expect(await client.call('SET', 'large', value)).toBe('OK');
    expect(await client.call('STRLEN', 'large')).toBe(value.length);
    expect((await client.call('GET', 'large')) === value).toBe(true);
  });

  test('that break the protocol are answered, after what came before them, and end the connection', async () => {
    const { connect } = await start();
    const client = await connect();
    client.write('*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n*1\r\n:5\r\n*1\r\n$4\r\nPING\r\n');
    expect(await client.received()).toBe('hi');
    expect(await client.received()).toEqual(new RespError("ERR Protocol error: expected '$', got ':'"));
    await client.closed;
  });

  test('before QUIT are answered, those behind it are not', async () => {
    const { connect } = await start();
    const client = await connect();
    client.write('ECHO one\r\nQUIT\r\nECHO two\r\n');
    expect([await client.received(), await client.received()]).toEqual(['one', 'OK']);
    await client.closed;
  });

  test('of a client that closes its end at once are answered', async () => {
    const { connect } = await start();
    const client = await connect();
    client.write('SET a 1\r\nGET a\r\n');
    client.end();
    expect([await client.received(), await client.received()]).toEqual(['OK', '1']);
    await client.closed;
  });

  test('of a client that has gone since are run', async () => {
    const unixsocket = join(temporaryFolder(), 's');
    const { connect } = await start({ unixsocket });
    for (let i = 0; i < 20; i++) {
      const client = await RawClient.open(unixsocket);
      client.write('INCR a\r\n');
      client.close();
    }
    const client = await connect();
    await expect.poll(() => client.call('GET', 'a')).toBe('20');
  });

  test('cut off by the end of the connection change nothing', async () => {
    const { connect } = await start();
    const client = await connect();
    client.write('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhel');
    client.end();
    await client.closed;
    expect(await (await connect()).call('EXISTS', 'a')).toBe(0);
  });
});

test('CLIENT KILL ends another connection, and a transaction of it is dropped', async () => {
  const { connect } = await start();
  const [victim, other] = [await connect(), await connect()];
  const id = String(await victim.call('CLIENT', 'ID'));
  await victim.call('MULTI');
  await victim.call('SET', 'a', '1');
  expect(await other.call('CLIENT', 'KILL', 'ID', id)).toBe(1);
  await victim.closed;
  expect(await other.call('EXISTS', 'a')).toBe(0);
});

test('unixsocket: beside a port, with its mode, gone at the end', async () => {
  const path = join(temporaryFolder(), 's');
  const { server } = await start({ unixsocket: path, unixsocketperm: 0o700 });
  expect(statSync(path).mode & 0o777).toBe(0o700);
  const client = await RawClient.open(path);
  expect(await client.call('PING')).toBe('PONG');
  expect(await client.call('CLIENT', 'INFO')).toContain(`laddr=${path}:0`);
  expect(await client.call('CLIENT', 'INFO')).toContain(' flags=U ');
  client.close();
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test('a socket file that a dead server left behind is replaced', async () => {
  const path = join(temporaryFolder(), 's');
  const { server } = await start({ unixsocket: path });
  const second = await start({ unixsocket: path });
  await server.close().catch(() => undefined);
  expect(second.server.port).toBeGreaterThan(0);
});

describe('protected mode', () => {
  test('refuses other machines while there is no password', async () => {
    const { server } = await start();
    const refusal = (address: string) => refusalOfConnection(server.engine, 0, address);
    expect(refusal('192.168.7.7')).toMatch(/^DENIED .*protected mode/);
    expect(refusal('fe80::1')).toMatch(/^DENIED/);
    for (const local of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) expect(refusal(local)).toBeUndefined();
    await server.call('CONFIG', 'SET', 'protected-mode', 'no');
    expect(refusal('192.168.7.7')).toBeUndefined();
    await server.call('CONFIG', 'SET', 'protected-mode', 'yes', 'requirepass', 'sesame');
    expect(refusal('192.168.7.7')).toBeUndefined();
  });

  const address = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

  test.skipIf(address === undefined)('tells them so', async () => {
    const { server } = await start({ bind: ['0.0.0.0'] });
    const client = await RawClient.open(server.port ?? 0, address);
    clients.push(client);
    const reply = await client.received();
    expect(String(reply)).toContain('DENIED');
    await client.closed;
  });
});

test('hundreds of connections come and go', async () => {
  const { connect, server } = await start();
  for (let round = 0; round < 3; round++) {
    const many = await Promise.all(Array.from({ length: 150 }, connect));
    expect(await Promise.all(many.map((client) => client.call('INCR', 'n')))).toHaveLength(150);
    for (const client of many) client.close();
  }
  await expect.poll(() => server.engine.clients.size).toBe(0);
  expect(await server.call('GET', 'n')).toBe('450');
});
