/** Files that real servers wrote read as those servers read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ENTRY, RdbError, RdbReader } from '../src/index.ts';
import type { Key } from './arbitrary.ts';
import { keysOf, readAll } from './entries.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

interface Expected {
  readonly loads?: false;
  readonly databases: Readonly<Record<string, Readonly<Record<string, ExpectedKey>>>>;
}

interface ExpectedKey {
  readonly type: string;
  readonly value: unknown;
  readonly pexpiretime: number;
}

/** Streams as XRANGE and XINFO STREAM FULL tell of them. */
interface ExpectedStream {
  readonly entries: readonly (readonly [id: string, fields: readonly string[]])[];
  readonly 'entries-added': number;
  readonly 'last-generated-id': string;
  readonly groups: readonly {
    readonly name: string;
    readonly 'last-delivered-id': string;
    readonly consumers: readonly string[];
    readonly pending: readonly (readonly [id: string, consumer: string, deliveries: number])[];
  }[];
}

function expectedOf(path: string): Expected {
  return JSON.parse(readFileSync(join(FIXTURES, path), 'utf8'));
}

/** A value as `expected.json` has it. */
function told(key: Key): unknown {
  switch (key.type) {
    case 'string':
      return typeof key.value === 'string' ? key.value : Buffer.from(key.value).toString('latin1');
    case 'list':
      return key.value;
    case 'set':
      return key.value.toSorted();
    case 'hash':
      return Object.fromEntries(key.value);
    case 'zset':
      return Object.fromEntries(key.value);
    case 'stream':
      return {
        entries: key.value.entries.map(({ id, fields }) => [id, fields]),
        'entries-added': key.value.entriesAdded,
        'last-generated-id': key.value.lastId,
        groups: key.value.groups.map((group) => ({
          name: group.name,
          'last-delivered-id': group.lastId,
          consumers: group.consumers.map(({ name }) => name),
          pending: group.pending.map(({ id, consumer, deliveryCount }) => [id, consumer, deliveryCount]),
        })),
      };
  }
}

/** The same of what is expected: sets have no order, and scores are numbers, not their digits in C. */
function comparable({ type, value }: ExpectedKey): unknown {
  if (type === 'set') return (value as string[]).toSorted();
  if (type === 'zset') {
    return Object.fromEntries((value as [string, string][]).map(([member, score]) => [member, scoreOf(score)]));
  }
  return type === 'stream' ? (value as ExpectedStream) : value;
}

function scoreOf(text: string): number {
  return text.endsWith('inf') ? (text === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY) : Number(text);
}

/** `database/key` → what is there. */
function expectedKeys(expected: Expected): Map<string, unknown> {
  const keys = Object.entries(expected.databases).flatMap(([database, inIt]) =>
    Object.entries(inIt).map(([key, there]): [string, unknown] => [
      `${database}/${key}`,
      { type: there.type, value: comparable(there), expireAtMs: there.pexpiretime },
    ]),
  );
  return new Map(keys);
}

function foundKeys(keys: readonly Key[]): Map<string, unknown> {
  return new Map(
    keys.map((key) => {
      const { database, key: name, type, expireAtMs } = key;
      return [`${database}/${name}`, { type, value: told(key), expireAtMs }];
    }),
  );
}

const names = readdirSync(join(FIXTURES, 'rdb'))
  .filter((name) => name.endsWith('.rdb'))
  .map((name) => name.slice(0, -4));

describe('test data of redis-rdb-tools and Valkey', () => {
  test('is there', () => {
    expect(names.length).toBeGreaterThan(35);
  });

  test.each(names)('%s', (name) => {
    const bytes = readFileSync(join(FIXTURES, 'rdb', `${name}.rdb`));
    const expected = expectedOf(`rdb/${name}.expected.json`);
    if (expected.loads !== false) {
      // The server that loaded it dropped what had expired by then.
      const keys = keysOf(readAll(bytes, { findsDuplicates: true }));
      const alive = keys.filter(({ expireAtMs }) => expireAtMs === -1);
      expect(foundKeys(alive)).toEqual(expectedKeys(expected));
    }
  });

  test('of which Redis refuses a damaged ziplist at the same place', () => {
    const bytes = readFileSync(join(FIXTURES, 'rdb/corrupt_ziplist.rdb'));
    const error = errorOf(() => readAll(bytes));
    expect(error).toMatchObject({
      code: 'RDB_STRUCTURE',
      doing: 'read-object-value',
      key: 'key:000000000091',
      encoding: 'hash-ziplist',
      database: 0,
    });
    expect(error.hint).toMatch(/earlier copy/);
  });

  test('of which Redis refuses the data of modules that it does not have, which are passed over here', () => {
    const value = readAll(readFileSync(join(FIXTURES, 'rdb/redis_40_with_module.rdb')));
    expect(value.filter(({ kind }) => kind === 'module-skipped')).toEqual([
      expect.objectContaining({ key: 'foo', moduleType: 'ReJSON-RL', moduleVersion: 0, database: 0 }),
    ]);
    expect(keysOf(value)).toHaveLength(1);
    const aux = readAll(readFileSync(join(FIXTURES, 'rdb/redis_60_with_module_aux.rdb')));
    expect(aux.filter(({ kind }) => kind === 'module-skipped')).toEqual([
      expect.objectContaining({ key: undefined, moduleType: 'test__rdb' }),
    ]);
    expect(aux.at(-1)).toMatchObject({ kind: 'end', checksum: 'ok' });
  });

  test('of which keys without elements are none', () => {
    const entries = readAll(readFileSync(join(FIXTURES, 'rdb/corrupt_empty_keys.rdb')));
    expect(entries.filter(({ kind }) => kind === 'empty-key')).toHaveLength(9);
  });

  test('of which one has expired keys, which are kept', () => {
    const [key] = keysOf(readAll(readFileSync(join(FIXTURES, 'rdb/keys_with_expiry.rdb'))));
    expect(key.expireAtMs).toBe(Date.UTC(2022, 11, 25, 10, 11, 12, 573));
  });
});

describe.each(['redis-7.0.15', 'valkey-8.1-dev'])('%s', (server) => {
  const expected = expectedKeys(expectedOf(`${server}/expected.json`));

  test('dump.rdb holds the data set', () => {
    const bytes = readFileSync(join(FIXTURES, server, 'dump.rdb'));
    expect(foundKeys(keysOf(readAll(bytes, { findsDuplicates: true })))).toEqual(expected);
  });

  test('the base of an append-only file holds what its incr file does not change', () => {
    const entries = readAll(readFileSync(join(FIXTURES, server, 'base.rdb')));
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'aux', key: 'aof-base', value: '1' }));
    const changed = readFileSync(join(FIXTURES, server, 'incr.aof'), 'latin1');
    const untouched = [...foundKeys(keysOf(entries))].filter(
      ([place]) => !changed.includes(`\r\n${place.slice(place.indexOf('/') + 1)}\r\n`),
    );
    expect(untouched.length).toBeGreaterThan(30);
    for (const [place, key] of untouched) expect(key, place).toEqual(expected.get(place));
  });

  test('behind the RDB part of a single file the log goes on', () => {
    const bytes = readFileSync(join(FIXTURES, server, 'preamble.aof'));
    const base = readFileSync(join(FIXTURES, server, 'base.rdb'));
    const reader = new RdbReader();
    reader.feed(bytes);
    let keys = 0;
    while (reader.next() === ENTRY) if (reader.entry?.kind === 'key') keys++;
    expect(keys).toBe(keysOf(readAll(base)).length);
    expect(reader.endOffset).toBe(base.length);
    expect(Buffer.from(reader.rest).toString('latin1')).toBe(bytes.toString('latin1', base.length));
  });
});

function errorOf(run: () => unknown): RdbError {
  try {
    run();
  } catch (error) {
    if (error instanceof RdbError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
