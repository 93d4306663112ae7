/**
 * A stream's consumer group through kill -9, with ioredis and node-redis: what was acknowledged to a client by the server is
 * true after the restart. Every entry that XADD answered is there, every one that a consumer was given is pending with it
 * or done, every one whose XACK was answered is done, and none is given to two consumers.
 */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { expect, test } from 'vitest';
import { startAof, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

const STREAM = 'jobs';
const GROUP = 'workers';
const LOAD_MS = 300;
const CONSUMERS = 3;
const BATCH = 5;
const ROUNDS = 2;
/** Of a batch so many are acknowledged. */
const ACKNOWLEDGED = 3;

/** What the test needs of a client library. Rejects when the connection ends. */
interface Connection {
  add(n: number): Promise<string>;
  /** IDs of new entries for the consumer. */
  read(consumer: string): Promise<string[]>;
  acknowledge(ids: readonly string[]): Promise<unknown>;
  end(): void;
}

async function overIoredis(socket: string): Promise<Connection> {
  const redis = new Redis({ path: socket, retryStrategy: () => null });
  redis.on('error', () => undefined); // rejections tell
  return {
    add: async (n) => (await redis.xadd(STREAM, '*', 'n', n)) ?? '',
    read: async (consumer) => {
      const reply = await redis.xreadgroup('GROUP', GROUP, consumer, 'COUNT', BATCH, 'STREAMS', STREAM, '>');
      const [[, entries] = ['', []]] = (reply ?? []) as [string, [string, string[]][]][];
      return entries.map(([id]) => id);
    },
    acknowledge: (ids) => redis.xack(STREAM, GROUP, ...ids),
    end: () => redis.disconnect(),
  };
}

async function overNodeRedis(socket: string): Promise<Connection> {
  const client = createClient({ RESP: 3, socket: { path: socket, reconnectStrategy: false, tls: false } });
  client.on('error', () => undefined); // rejections tell
  await client.connect();
  return {
    add: (n) => client.xAdd(STREAM, '*', { n: String(n) }),
    read: async (consumer) => {
      const reply = await client.sendCommand([
        'XREADGROUP',
        'GROUP',
        GROUP,
        consumer,
        'COUNT',
        String(BATCH),
        'STREAMS',
        STREAM,
        '>',
      ]);
      // A map of streams in RESP3, which node-redis makes an object of.
      const streams = (reply ?? {}) as unknown as Readonly<Record<string, [string, string[]][]>>;
      const entries = streams[STREAM] ?? [];
      return entries.map(([id]) => id);
    },
    acknowledge: (ids) => client.xAck(STREAM, GROUP, [...ids]),
    end: () => client.destroy(),
  };
}

/** What the server has said, over all rounds. */
class Ledger {
  readonly added = new Set<string>();
  /** By whom an entry was read. */
  readonly delivered = new Map<string, string>();
  readonly done = new Set<string>();
  /** XACKs without an answer yet: their entries may be done. */
  readonly perhapsDone = new Set<string>();
}

async function produce(connection: Connection, ledger: Ledger): Promise<void> {
  for (let n = 0; ; n++) ledger.added.add(await connection.add(n));
}

async function consume(connection: Connection, consumer: string, ledger: Ledger): Promise<void> {
  for (;;) {
    const ids = await connection.read(consumer);
    for (const id of ids) {
      expect(ledger.delivered.get(id), `${id} is given out twice`).toBeUndefined();
      ledger.delivered.set(id, consumer);
    }
    const finished = ids.slice(0, ACKNOWLEDGED);
    if (finished.length === 0) continue;
    for (const id of finished) ledger.perhapsDone.add(id);
    await connection.acknowledge(finished);
    for (const id of finished) ledger.done.add(id);
  }
}

/** Runs until the connection ends. */
async function untilKilled(work: Promise<void>): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error && /AssertionError/.test(error.name)) throw error;
}

async function pendingEntries(client: RawClient): Promise<Map<string, string>> {
  const reply = await client.call('XPENDING', STREAM, GROUP, '-', '+', '1000000');
  return new Map((reply as [string, string][]).map(([id, consumer]) => [id, consumer]));
}

async function check(client: RawClient, ledger: Ledger): Promise<void> {
  const entries = (await client.call('XRANGE', STREAM, '-', '+')) as [string, string[]][];
  const present = new Set(entries.map(([id]) => id));
  expect([...ledger.added].filter((id) => !present.has(id))).toEqual([]);
  const pending = await pendingEntries(client);
  for (const [id, consumer] of ledger.delivered) {
    const mayBeDone = ledger.perhapsDone.has(id);
    if (!mayBeDone || pending.has(id)) expect(pending.get(id), id).toBe(consumer);
  }
  expect([...ledger.done].filter((id) => pending.has(id))).toEqual([]);
}

test.each([
  ['ioredis', overIoredis],
  ['node-redis', overNodeRedis],
] as const)('kill -9 amid a consumer group, %s', async (_, connect) => {
  const dir = temporaryFolder();
  const args = ['--appendfsync', 'always'];
  const ledger = new Ledger();
  let { program, socket } = await startAof(dir, ...args);
  let client = await RawClient.open(socket);
  await client.call('XGROUP', 'CREATE', STREAM, GROUP, '$', 'MKSTREAM');
  for (let round = 0; round < ROUNDS; round++) {
    const before = ledger.done.size;
    const connections = await Promise.all(Array.from({ length: CONSUMERS + 1 }, () => connect(socket)));
    const work = connections.map((connection, i) =>
      untilKilled(i === 0 ? produce(connection, ledger) : consume(connection, `c${i}`, ledger)),
    );
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
    await program.kill();
    await Promise.all(work);
    client.close();
    for (const connection of connections) connection.end();
    expect(ledger.done.size).toBeGreaterThan(before);
    ({ program, socket } = await startAof(dir, ...args));
    client = await RawClient.open(socket);
    await check(client, ledger);
  }
  // Nothing is lost between what was given out and what was not: those who come later get the rest, once.
  const rest = (await client.call('XREADGROUP', 'GROUP', GROUP, 'late', 'COUNT', '1000000', 'STREAMS', STREAM, '>')) as
    | [string, [string, string[]][]][]
    | null;
  const late = new Set((rest?.[0]?.[1] ?? []).map(([id]) => id));
  expect([...late].filter((id) => ledger.delivered.has(id))).toEqual([]);
  const pending = await pendingEntries(client);
  const isAccountedFor = (id: string) => pending.has(id) || ledger.perhapsDone.has(id);
  expect([...ledger.added].filter((id) => !isAccountedFor(id))).toEqual([]);
  client.close();
});
