/** Values by commands: put into a server, and asked of it. */
import type { RdbValue, StreamValue } from '../src/index.ts';
import type { Key } from './arbitrary.ts';
import type { RedisServer } from './redis-server.ts';

/** Puts a value into the selected database by commands, streams with their entries only. */
export async function put(server: RedisServer, key: Key): Promise<void> {
  const { key: name } = key;
  switch (key.type) {
    case 'string':
      await server.call('SET', name, key.value);
      break;
    case 'list':
      await server.call('RPUSH', name, ...key.value);
      break;
    case 'set':
      await server.call('SADD', name, ...key.value);
      break;
    case 'zset':
      await server.call('ZADD', name, ...key.value.flatMap(([member, score]) => [scoreArgument(score), member]));
      break;
    case 'hash':
      await server.call('HSET', name, ...key.value.flatMap((field) => field.slice(0, 2).map(String)));
      break;
    case 'stream':
      await putStream(server, name, key.value);
  }
  if (key.expireAtMs !== -1) await server.call('PEXPIREAT', name, key.expireAtMs);
}

async function putStream(server: RedisServer, name: string, stream: StreamValue): Promise<void> {
  for (const { id, fields } of stream.entries) {
    if (id !== '0-0') await server.call('XADD', name, id, ...fields);
  }
  for (const group of stream.groups) {
    await server.call(
      'XGROUP',
      'CREATE',
      name,
      group.name,
      group.lastId,
      'MKSTREAM',
      'ENTRIESREAD',
      String(group.entriesRead),
    );
    for (const consumer of group.consumers) {
      await server.call('XGROUP', 'CREATECONSUMER', name, group.name, consumer.name);
    }
    const present = new Set(stream.entries.map(({ id }) => id));
    for (const { id, consumer, deliveryTimeMs, deliveryCount } of group.pending) {
      if (!present.has(id) || id === '0-0') continue;
      const options = ['TIME', deliveryTimeMs, 'RETRYCOUNT', String(deliveryCount), 'FORCE', 'JUSTID'];
      await server.call('XCLAIM', name, group.name, consumer, 0, id, ...options);
    }
  }
  if (stream.entries.length > 2) await server.call('XDEL', name, stream.entries[1].id);
}

function scoreArgument(score: number): string {
  if (Object.is(score, -0)) return '-0';
  return Number.isFinite(score) ? String(score) : score > 0 ? 'inf' : '-inf';
}

/** What the server has under `key` of the selected database, in the order in which it tells it. */
export async function ask(server: RedisServer, key: string): Promise<RdbValue> {
  const type = await server.call('TYPE', key);
  switch (type) {
    case 'string':
      return { type, value: (await server.call('GET', key)) as string };
    case 'list':
      return { type, value: (await server.call('LRANGE', key, 0, -1)) as string[] };
    case 'set':
      return { type, value: (await server.call('SMEMBERS', key)) as string[] };
    case 'zset': {
      const reply = (await server.call('ZRANGE', key, 0, -1, 'WITHSCORES')) as string[];
      return { type, value: pairs(reply).map(([member, score]) => [member, scoreOf(score)]) };
    }
    case 'hash':
      return { type, value: pairs((await server.call('HGETALL', key)) as string[]) };
    case 'stream':
      return { type, value: await askStream(server, key) };
    default:
      throw new Error(`a key of type ${type}`);
  }
}

async function askStream(server: RedisServer, key: string): Promise<StreamValue> {
  const info = record(await server.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', 0));
  const groups = (info.groups as unknown[]).map(record);
  return {
    entries: (info.entries as [string, string[]][]).map(([id, fields]) => ({ id, fields })),
    lastId: info['last-generated-id'] as string,
    firstId: info['recorded-first-entry-id'] as string,
    maxDeletedId: info['max-deleted-entry-id'] as string,
    entriesAdded: info['entries-added'] as number,
    groups: groups.map((group) => ({
      name: group.name as string,
      lastId: group['last-delivered-id'] as string,
      entriesRead: (group['entries-read'] as number | null) ?? -1,
      pending: (group.pending as [string, string, number, number][]).map(
        ([id, consumer, deliveryTimeMs, deliveryCount]) => ({
          id,
          consumer,
          deliveryTimeMs,
          deliveryCount,
        }),
      ),
      consumers: (group.consumers as unknown[]).map(record).map((consumer) => ({
        name: consumer.name as string,
        seenTimeMs: consumer['seen-time'] as number,
        activeTimeMs: consumer['seen-time'] as number,
      })),
    })),
  };
}

function record(reply: unknown): Record<string, unknown> {
  const items = reply as unknown[];
  const found: Record<string, unknown> = {};
  for (let i = 0; i < items.length; i += 2) found[String(items[i])] = items[i + 1];
  return found;
}

function pairs(items: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let i = 0; i < items.length; i += 2) found.push([items[i], items[i + 1]]);
  return found;
}

function scoreOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/** The value with all that has no order in one. */
export function inOrder<T extends RdbValue>(value: T): RdbValue {
  const byName = <Item extends readonly [string, ...unknown[]]>([a]: Item, [b]: Item) => (a < b ? -1 : 1);
  switch (value.type) {
    case 'set':
      return { type: value.type, value: value.value.toSorted() };
    case 'zset':
      return { type: value.type, value: value.value.toSorted(byName) };
    case 'hash':
      return { type: value.type, value: value.value.toSorted(byName) };
    case 'stream': {
      const groups = value.value.groups.map((group) => ({
        ...group,
        consumers: group.consumers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      }));
      return { type: value.type, value: { ...value.value, groups: groups.sort((a, b) => (a.name < b.name ? -1 : 1)) } };
    }
    default:
      return value.type === 'string' && typeof value.value !== 'string'
        ? { type: value.type, value: Buffer.from(value.value).toString('latin1') }
        : ({ type: value.type, value: value.value } as RdbValue);
  }
}
