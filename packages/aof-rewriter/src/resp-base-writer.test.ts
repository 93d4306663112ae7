import { SimDisk } from '@aof/disk';
import {
  defaultThresholds,
  HashValue,
  Keyspace,
  ListValue,
  RawString,
  SetValue,
  Snapshot,
  SortedSetValue,
} from '@aof/keyspace';
import { describe, expect, test } from 'vitest';
import { BaseOutput } from './base-output.ts';
import { RespBaseWriter } from './resp-base-writer.ts';

const thresholds = defaultThresholds();

/** The base of a data set, as records of words. */
function baseOf(fill: (keyspace: Keyspace) => void, annotatedSec?: number, nowMs = 0): string[] {
  const keyspace = new Keyspace({ random: () => 0.5 });
  fill(keyspace);
  const disk = new SimDisk();
  const output = new BaseOutput(disk.open('/base', 'truncate'), { syncsInSteps: false, onProgress: () => undefined });
  const writer = new RespBaseWriter(output, { annotatedSec });
  writer.begin();
  new Snapshot(keyspace, { nowMs, sink: writer }).copy(() => false);
  writer.end();
  const text = Buffer.from(disk.readFile('/base')).toString('latin1');
  const records: string[] = [];
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf('\r\n', at);
    const count = Number(text.slice(at + 1, lineEnd));
    if (text[at] !== '*') {
      records.push(text.slice(at, lineEnd));
      at = lineEnd + 2;
      continue;
    }
    at = lineEnd + 2;
    const words: string[] = [];
    for (let i = 0; i < count; i++) {
      const headerEnd = text.indexOf('\r\n', at);
      const length = Number(text.slice(at + 1, headerEnd));
      words.push(text.slice(headerEnd + 2, headerEnd + 2 + length));
      at = headerEnd + 2 + length + 2;
    }
    records.push(words.join(' '));
  }
  return records;
}

/** The arguments behind the key, two by two. */
function pairsOf(records: readonly string[][]): [string, string][] {
  return records.flatMap((words) => {
    const pairs: [string, string][] = [];
    for (let i = 2; i < words.length; i += 2) pairs.push([words[i], words[i + 1]]);
    return pairs;
  });
}

describe('a base of records', () => {
  test('is empty without keys, but for the annotation', () => {
    expect(baseOf(() => undefined)).toEqual([]);
    expect(baseOf(() => undefined, 1700000000)).toEqual(['#TS:1700000000']);
  });

  test('has the shortest commands for each type', () => {
    const one = (fill: (db: Keyspace['databases'][number]) => void) => baseOf(({ databases }) => fill(databases[3]));
    expect(one((db) => db.set('k', 'v'))).toEqual(['SELECT 3', 'SET k v']);
    expect(one((db) => db.set('k', RawString.of('raw')))).toEqual(['SELECT 3', 'SET k raw']);
    expect(one((db) => db.set('k', ListValue.of(['a', 'b', 'a'], -2)))).toEqual(['SELECT 3', 'RPUSH k a b a']);
    expect(one((db) => db.set('k', HashValue.of([['f', 'v']], thresholds)))).toEqual(['SELECT 3', 'HMSET k f v']);
    const scores = [0.1, 0, 1e21, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1 / 3];
    const pairs = scores.map((score, i) => ({ member: `m${i}`, score }));
    expect(one((db) => db.set('k', SortedSetValue.of(pairs, thresholds)))).toEqual([
      'SELECT 3',
      'ZADD k -inf m4 0 m1 0.1 m0 0.3333333333333333 m5 1e+21 m2 inf m3',
    ]);
  });

  test('has expiries behind their keys, and leaves out what has expired', () => {
    const records = baseOf(
      ({ databases: [db] }) => {
        db.set('soon', 'v');
        db.setExpire('soon', 2000);
        db.set('gone', 'v');
        db.setExpire('gone', 999);
      },
      undefined,
      1000,
    );
    expect(records).toEqual(['SELECT 0', 'SET soon v', 'PEXPIREAT soon 2000']);
  });

  test('has 64 items at a time, whether the value is packed or large', () => {
    for (const size of [128, 64, 65, 1000]) {
      const items = Array.from({ length: size }, (_, i) => `i${i}`);
      const [, ...records] = baseOf(({ databases: [db] }) => db.set('k', ListValue.of(items, -2)));
      expect(records).toHaveLength(Math.ceil(size / 64));
      expect(records.slice(0, -1).every((record) => record.split(' ').length === 66)).toBe(true);
      expect(records.flatMap((record) => record.split(' ').slice(2))).toEqual(items);
      const [, ...hashed] = baseOf(({ databases: [db] }) =>
        db.set(
          'k',
          HashValue.of(
            items.map((item) => [item, 'v'] as const),
            thresholds,
          ),
        ),
      );
      expect(hashed).toHaveLength(Math.ceil(size / 64));
      expect(hashed[0].split(' ')).toHaveLength(2 + 2 * Math.min(64, size));
    }
  });

  test('has the members of large collections as they are, long ones and scores of every spelling', () => {
    const long = 'x'.repeat(300_000);
    const names = Array.from({ length: 1500 }, (_, i) => (i === 700 ? long : `m${'y'.repeat(i % 40)}${i}\xff`));
    const wordsOf = (fill: (db: Keyspace['databases'][number]) => void) => {
      const [, ...records] = baseOf(({ databases: [db] }) => fill(db));
      expect(records.length).toBeGreaterThan(1500 / 64);
      return records.map((record) => record.split(' '));
    };
    const sets = wordsOf((db) => db.set('k', SetValue.of(names, thresholds)));
    expect(new Set(sets.map(([command, key]) => `${command} ${key}`))).toEqual(new Set(['SADD k']));
    expect(sets.flatMap((words) => words.slice(2)).sort()).toEqual([...names].sort());
    const hashes = wordsOf((db) =>
      db.set(
        'k',
        HashValue.of(
          names.map((name, i) => [name, i === 3 ? long : `v${i}`] as const),
          thresholds,
        ),
      ),
    );
    expect(hashes.every(([command, key]) => command === 'HMSET' && key === 'k')).toBe(true);
    const values = new Map(pairsOf(hashes));
    expect(names.map((name) => values.get(name))).toEqual(names.map((_, i) => (i === 3 ? long : `v${i}`)));
    const scores = names.map((_, i) => [i / 3, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21][i % 5]);
    const zsets = wordsOf((db) =>
      db.set(
        'k',
        SortedSetValue.of(
          names.map((member, i) => ({ member, score: scores[i] })),
          thresholds,
        ),
      ),
    );
    expect(zsets.every(([command, key]) => command === 'ZADD' && key === 'k')).toBe(true);
    const written = new Map(pairsOf(zsets).map(([score, member]) => [member, score]));
    const spelled = scores.map((score) => (Object.is(score, -0) ? '-0' : String(score).replace('Infinity', 'inf')));
    expect(names.map((name) => written.get(name))).toEqual(spelled);
  });

  test('ends a batch early when it becomes long, and takes values longer than its buffer', () => {
    const long = 'x'.repeat(300_000);
    const records = baseOf(({ databases: [db] }) => {
      db.set('list', ListValue.of([long, long, 'y'], -2));
      db.set('string', RawString.of(long.repeat(5)));
    });
    expect(records.filter((record) => record.startsWith('RPUSH'))).toEqual([
      `RPUSH list ${long}`,
      `RPUSH list ${long}`,
      'RPUSH list y',
    ]);
    expect(records).toContain(`SET string ${long.repeat(5)}`);
  });
});
