/** What the real servers had in memory (`expected.json`), and what a log makes here, in one form. */
import fs from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Keyspace, MIN_STREAM_ID, streamIdText, stringContent, type Value } from '@aof/keyspace';

/** `database/key` → type, value and expiry as text. */
export type DataSet = ReadonlyMap<string, string>;

interface ExpectedKey {
  readonly type: string;
  readonly value: unknown;
  readonly pexpiretime: number;
}

export function readExpected(server: string, mode: string): DataSet {
  const path = new URL(`../fixtures/${server}/${mode}/expected.json.gz`, import.meta.url);
  const { databases }: { databases: Record<string, Record<string, ExpectedKey>> } = JSON.parse(
    gunzipSync(fs.readFileSync(path)).toString('utf8'),
  );
  return new Map(
    Object.entries(databases).flatMap(([database, keys]) =>
      Object.entries(keys).map(([key, { type, value, pexpiretime }]) => [
        `${database}/${key}`,
        JSON.stringify([type, comparable(type, value), pexpiretime]),
      ]),
    ),
  );
}

/** What has no order gets one; scores are numbers, not their digits in C. */
function comparable(type: string, value: unknown): unknown {
  // The fixture's own form, as its README describes it.
  if (type === 'set') return (value as string[]).toSorted();
  if (type === 'hash') return Object.entries(value as Record<string, string>).toSorted();
  if (type === 'zset')
    return (value as [string, string][]).map(([member, score]) => [member, scoreOf(score)]).toSorted();
  return value;
}

function scoreOf(text: string): string {
  return text.endsWith('inf') ? text : String(Number(text));
}

/** Keys whose time had passed at `nowMs` are left out, as a server drops them. */
export function dataSetOf(keyspace: Keyspace, nowMs: number): DataSet {
  const found = new Map<string, string>();
  for (const db of keyspace.databases) {
    for (const key of db.dictionary.keys()) {
      const value = db.peek(key);
      const expireAtMs = db.expireAt(key);
      if (value === undefined || (expireAtMs >= 0 && expireAtMs <= nowMs)) continue;
      found.set(`${db.index}/${key}`, JSON.stringify([...told(value), expireAtMs < 0 ? -1 : expireAtMs]));
    }
  }
  return found;
}

function told(value: Value): [type: string, value: unknown] {
  if (typeof value === 'string') return ['string', value];
  switch (value.type) {
    case 'string':
      return ['string', stringContent(value)];
    case 'list':
      return ['list', [...value]];
    case 'set':
      return ['set', [...value.members()].toSorted()];
    case 'hash':
      return ['hash', [...value.entries()].map(([field, content]) => [field, content]).toSorted()];
    case 'zset': {
      const text = (score: number): string => (Number.isFinite(score) ? String(score) : score > 0 ? 'inf' : '-inf');
      return ['zset', [...value.pairs()].map(([member, score]) => [member, text(score)]).toSorted()];
    }
    case 'stream': {
      const groups = value.groups().map((group) => ({
        consumers: group.consumers().map(({ name }) => name),
        'last-delivered-id': streamIdText(group.lastId),
        name: group.name,
        pending: [...group.pending.ascending(MIN_STREAM_ID)].map((entry) => [
          streamIdText(entry),
          entry.consumer,
          Number(entry.deliveryCount),
        ]),
      }));
      const entries = [...value.entries()].map(({ id, fields }) => [streamIdText(id), fields]);
      return [
        'stream',
        {
          entries,
          'entries-added': Number(value.entriesAdded),
          groups,
          'last-generated-id': streamIdText(value.lastId),
        },
      ];
    }
  }
}

/** Keys that are not the same in both. */
export function differing(a: DataSet, b: DataSet): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key)).toSorted();
}
