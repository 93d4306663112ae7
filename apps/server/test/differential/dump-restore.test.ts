/** DUMP and RESTORE beside a real server: payloads go both ways, and what is refused is refused alike. */
import { SimDisk } from '@aof/disk';
import { type ReplyValue, RespError } from '@aof/resp-codec';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RawClient } from '../end-to-end/raw-client.ts';
import { DIR, Machine } from '../simulation/machine.ts';
import { BothServers, hasRedis, skippedNote } from './beside-redis.ts';

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Commands that make the key `k`, by what it is. */
const VALUES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'a string': [['SET', 'k', 'hello']],
  'an empty string': [['SET', 'k', '']],
  'an integer': [['SET', 'k', '-12345']],
  bytes: [['SET', 'k', '\0\xff\r\n\x80']],
  'a string that compresses': [['SET', 'k', 'ab'.repeat(5000)]],
  'a string above 1 MiB': [
    ['SET', 'k', many(150_000, (i) => `${i} `).join('')],
    ['APPEND', 'k', 'x'.repeat(400_000)],
  ],
  'a short list': [['RPUSH', 'k', 'a', '1', '-70000', '']],
  'a long list': [['RPUSH', 'k', ...many(3000, (i) => `element ${i}`)]],
  'a set of integers': [['SADD', 'k', '1', '2', '300', '-70000', '5000000000']],
  'a small set': [['SADD', 'k', 'a', 'b', '1']],
  'a large set': [['SADD', 'k', ...many(1000, (i) => `m${i}`)]],
  'a small hash': [['HSET', 'k', 'f', 'v', 'g', '1', 'h', '']],
  'a large hash': [['HSET', 'k', ...many(1000, (i) => [`f${i}`, `v${i}`]).flat()]],
  'a small sorted set': [['ZADD', 'k', '1', 'a', '1.5', 'b', '-inf', 'c', 'inf', 'd', '1e-10', 'e']],
  'a large sorted set': [['ZADD', 'k', ...many(500, (i) => [String(Math.sin(i)), `m${i}`]).flat()]],
  'a stream': [
    ...many(150, (i) => ['XADD', 'k', `${i + 1}-0`, 'field', `value ${i}`, 'other', String(i)]),
    ['XDEL', 'k', '7-0'],
    ['XGROUP', 'CREATE', 'k', 'group', '0'],
    ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '5', 'STREAMS', 'k', '>'],
  ],
  'an empty stream': [['XGROUP', 'CREATE', 'k', 'group', '$', 'MKSTREAM']],
};

/** Arguments of RESTORE that both refuse; a word of PAYLOADS stands for a payload. */
const REFUSALS: readonly string[] = [
  'k 0 <empty>',
  'k 0 <short>',
  'k 0 <wrong-checksum>',
  'k 0 <wrong-data>',
  'k 0 <newer>',
  'k 0 <bad-data>',
  'k 0 <bad-type>',
  'there 0 <good>',
  'there 0 <wrong-data>',
  'there x <good>',
  'k x <good>',
  'k -1 <good>',
  'k 1.5 <good>',
  'k -1 <good> ABSTTL',
  'k -1 <wrong-data>',
  'k 0 <good> NOSUCH',
  'k 0 <good> REPLACE x',
  'k 0 <good> IDLETIME',
  'k 0 <good> IDLETIME x',
  'k 0 <good> IDLETIME -1',
  'k 0 <good> FREQ',
  'k 0 <good> FREQ -1',
  'k 0 <good> FREQ 256',
  'k 0 <good> FREQ 1 IDLETIME 1',
  'k 0 <good> IDLETIME 1 FREQ 1',
  'there x <wrong-data> NOSUCH',
  'k 0',
  'k',
];

const PAYLOADS: Readonly<Record<string, (good: string) => string>> = {
  '<good>': (good) => good,
  '<empty>': () => '',
  '<short>': (good) => good.slice(-9),
  '<wrong-checksum>': (good) => changed(good, -1),
  '<wrong-data>': (good) => changed(good, 2),
  '<newer>': (good) => changed(good, -9),
  '<bad-data>': () => sealed('\0\x3fabc'),
  '<bad-type>': () => sealed('\xc8\x01a'),
};

/** A payload with a checksum that is right, whatever is in it. */
function sealed(content: string): string {
  const body = Buffer.concat([Buffer.from(content, 'latin1'), Buffer.from([10, 0])]);
  const footer = Buffer.alloc(8);
  footer.writeBigUInt64LE(crc64(body));
  return Buffer.concat([body, footer]).toString('latin1');
}

/** Bit by bit, for it is a check of the fast one too. */
function crc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 0n ? crc >> 1n : (crc >> 1n) ^ 0x95ac9329ac4bc9b5n;
  }
  return crc;
}

let servers: BothServers;
let clients: readonly [ours: RawClient, oracle: RawClient];

async function ask(client: RawClient, ...args: readonly string[]): Promise<ReplyValue> {
  const reply = await client.call(...args.map((arg) => Buffer.from(arg, 'latin1')));
  return reply instanceof RespError ? `-${reply.message}` : reply;
}

/** The same command to both. @returns the reply, which was the same */
async function both(...args: readonly string[]): Promise<ReplyValue> {
  const [ours, oracle] = await Promise.all(clients.map((client) => ask(client, ...args)));
  expect(ours).toEqual(oracle);
  return ours ?? null;
}

async function dumped(client: RawClient): Promise<string> {
  const payload = await ask(client, 'DUMP', 'k');
  if (typeof payload !== 'string') throw new Error('DUMP answered no payload');
  return payload;
}

/** A payload whose byte at `at` (from the end, if negative) is another one. */
function changed(payload: string, at: number): string {
  const index = at < 0 ? payload.length + at : at;
  return `${payload.slice(0, index)}${String.fromCharCode(payload.charCodeAt(index) ^ 1)}${payload.slice(index + 1)}`;
}

describe.skipIf(!hasRedis)(`beside redis-server${skippedNote(Object.keys(VALUES).length + REFUSALS.length)}`, () => {
  beforeAll(async () => {
    servers = await BothServers.start();
    const [ours, oracle] = await Promise.all(servers.ports.map((port) => RawClient.open(port)));
    if (ours === undefined || oracle === undefined) throw new Error('two servers were expected');
    clients = [ours, oracle];
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await servers.stop();
  });

  beforeEach(() => both('FLUSHALL'));

  test.each(Object.entries(VALUES))('%s goes both ways', async (_, commands) => {
    for (const command of commands) for (const client of clients) await ask(client, ...command);
    const digest = await both('DEBUG', 'DIGEST-VALUE', 'k');
    const [ours, oracle] = await Promise.all(clients.map(dumped));
    expect(ours?.length).toBeGreaterThan(10);
    for (const payload of [ours ?? '', oracle ?? '']) {
      expect(await both('RESTORE', 'k', '0', payload, 'REPLACE')).toBe('OK');
      expect(await both('DEBUG', 'DIGEST-VALUE', 'k')).toEqual(digest);
      expect(await both('PTTL', 'k')).toBe(-1);
    }
  });

  test.each(REFUSALS)('RESTORE %s', async (words) => {
    await both('SET', 'k', 'value');
    const payload = await dumped(clients[1]);
    await both('DEL', 'k');
    await both('SET', 'there', 'x');
    const args = words.split(' ').map((word) => PAYLOADS[word]?.(payload) ?? word);
    const reply = await both('RESTORE', ...args);
    expect(reply).toMatch(/^-/);
    expect(await both('GET', 'there')).toBe('x');
    expect(await both('DBSIZE')).toBe(1);
  });

  test('expiries, idle times, and what has expired already', async () => {
    await both('SET', 'k', 'value');
    const payload = await dumped(clients[0]);
    await both('RESTORE', 'relative', '100000', payload);
    await both('RESTORE', 'absolute', '4102444800000', payload, 'ABSTTL');
    expect(await both('PEXPIRETIME', 'absolute')).toBe(4102444800000);
    for (const client of clients) expect(await ask(client, 'PTTL', 'relative')).toBeGreaterThan(90_000);
    await both('RESTORE', 'past', '1000', payload, 'ABSTTL');
    await both('EXISTS', 'past');
    await both('RESTORE', 'k', '1000', payload, 'ABSTTL', 'REPLACE');
    await both('EXISTS', 'k');
    await both('RESTORE', 'idle', '0', payload, 'IDLETIME', '1000', 'replace');
    for (const client of clients) expect(await ask(client, 'OBJECT', 'IDLETIME', 'idle')).toBeGreaterThanOrEqual(1000);
    await both('RESTORE', 'often', '0', payload, 'FREQ', '255');
    await both('DUMP', 'none');
    await both('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    await both('RESTORE', 'often', '0', payload, 'FREQ', '200', 'REPLACE');
    expect(await both('OBJECT', 'FREQ', 'often')).toBe(200);
    await both('RESTORE', 'idle', '0', payload, 'IDLETIME', '1000', 'REPLACE');
    expect(await both('OBJECT', 'FREQ', 'idle')).toBe(5);
    await both('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  });
});

describe('the log of RESTORE', () => {
  test('has the expiry as a time, and DEL for what had expired already', async () => {
    const disk = new SimDisk();
    const machine = new Machine({ disk, config: { 'aof-layout': 'single' } });
    await machine.start();
    await machine.ask('SET', 'k', 'value');
    const payload = machine.engine.port.dump('value');
    const text = Buffer.from(payload).toString('latin1');
    await machine.ask('RESTORE', 'ttl', '5000', text, 'REPLACE');
    await machine.ask('RESTORE', 'plain', '0', text);
    await machine.ask('RESTORE', 'k', '1', text, 'ABSTTL', 'REPLACE');
    await machine.ask('RESTORE', 'none', '1', text, 'ABSTTL', 'REPLACE');
    const log = Buffer.from(disk.readFile(`${DIR}/appendonly.aof`)).toString('latin1');
    const record = (...args: readonly string[]): string =>
      `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
    const expected = [
      record('SELECT', '0'),
      record('SET', 'k', 'value'),
      record('RESTORE', 'ttl', String(machine.nowMs + 5000), text, 'REPLACE', 'ABSTTL'),
      record('RESTORE', 'plain', '0', text),
      record('DEL', 'k'),
    ];
    expect(log).toBe(expected.join(''));
    const digest = machine.engine.port.digest();
    await machine.restart();
    expect(machine.engine.port.digest()).toBe(digest);
  });
});
