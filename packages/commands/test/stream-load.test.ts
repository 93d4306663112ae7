/**
 * Streams as real servers' logs have them: the records of fixtures/streams-*.aof, a base written with
 * `aof-use-rdb-preamble no`, must make what the server had (fixtures/streams-*.json).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Request } from '@aof/resp-codec';
import { describe, expect, test } from 'vitest';
import { Client } from '../src/client.ts';
import { LocalServer } from './local-server.ts';
import { readRecords } from './log-records.ts';
import { type ReplyTree, textsOf } from './reply-tree.ts';

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

const FIXTURES = join(import.meta.dirname, 'fixtures');
const read = (name: string) => readFileSync(join(FIXTURES, name), 'latin1');

/** A reply that is a map in RESP2, by name. */
function fieldsOf(tree: ReplyTree | undefined): ReadonlyMap<string, ReplyTree> {
  const items = tree?.items ?? [];
  return new Map(items.flatMap((item, i) => (i % 2 === 0 ? [[item.text ?? '', items[i + 1]] as const] : [])));
}

function itemsOf(tree: ReplyTree | undefined): readonly ReplyTree[] {
  return tree?.items ?? [];
}

/** XINFO STREAM FULL in the form of the expectation. */
function found(server: LocalServer, key: string): ExpectedStream {
  const info = fieldsOf(server.ask(['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0']));
  return {
    entries: itemsOf(info.get('entries')).map(({ items = [] }) => [
      items[0]?.text ?? '',
      textsOf(items[1]).map((text) => text ?? ''),
    ]),
    'entries-added': Number(info.get('entries-added')?.text),
    'last-generated-id': info.get('last-generated-id')?.text ?? '',
    groups: itemsOf(info.get('groups'))
      .map(fieldsOf)
      .map((group) => ({
        name: group.get('name')?.text ?? '',
        'last-delivered-id': group.get('last-delivered-id')?.text ?? '',
        consumers: itemsOf(group.get('consumers')).map((consumer) => fieldsOf(consumer).get('name')?.text ?? ''),
        pending: itemsOf(group.get('pending')).map(({ items = [] }) => [
          items[0]?.text ?? '',
          items[1]?.text ?? '',
          Number(items[3]?.text),
        ]),
      })),
  };
}

describe.each(['redis-7.0.15', 'valkey-8.1'])('the streams of %s', (name) => {
  test('are what its log makes', () => {
    const server = new LocalServer();
    const records = readRecords(read(`streams-${name}.aof`));
    const errors = records.map(({ args }) => server.load(args)).filter((error) => error !== undefined);
    expect(errors).toEqual([]);
    const expected: Record<string, ExpectedStream> = JSON.parse(read(`streams-${name}.json`));
    expect(Object.keys(expected).length).toBeGreaterThan(1);
    for (const [key, stream] of Object.entries(expected)) expect(found(server, key)).toEqual(stream);
    expect(server.database().size).toBe(Object.keys(expected).length);
  });
});

describe('while loading', () => {
  test('a LIMIT is accepted with exact trimming, and has no effect', () => {
    const server = new LocalServer();
    for (let i = 1; i <= 5; i++) server.load(['XADD', 's', `${i}-1`, 'a', 'b']);
    expect(server.load(['XADD', 's', 'MAXLEN', '=', '2', 'LIMIT', '1', '6-1', 'a', 'b'])).toBeUndefined();
    expect(server.ask(['XLEN', 's']).text).toBe('2');
    expect(server.load(['XTRIM', 's', 'MAXLEN', '=', '1', 'LIMIT', '7'])).toBeUndefined();
    expect(server.ask(['XLEN', 's']).text).toBe('1');
    expect(server.ask(['XTRIM', 's', 'MAXLEN', '=', '1', 'LIMIT', '7']).kind).toBe('-');
  });

  test('nothing is logged again', () => {
    const server = new LocalServer();
    server.load(['XADD', 's', '*', 'a', 'b']);
    server.load(['XGROUP', 'CREATE', 's', 'g', '0']);
    server.load(['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>']);
    expect(server.records).toEqual([]);
  });
});

describe('the log', () => {
  const T = 1_700_000_000_000;

  function logOf(...commands: readonly string[]): string[] {
    const server = new LocalServer();
    for (const line of ['XADD s 1-1 a b', 'XADD s 2-1 a b', 'XGROUP CREATE s g 0']) server.run(0, line.split(' '));
    server.records.length = 0;
    for (const line of commands) server.run(0, line.split(' '));
    return server.records.map(({ args }) => args.join(' '));
  }

  test('has the ID that was chosen, and exact trimming', () => {
    expect(logOf('XADD s * a b')).toEqual([`XADD s ${T}-0 a b`]);
    expect(logOf('xadd s MAXLEN ~ 1 LIMIT 10 3-* a b')).toEqual(['xadd s MAXLEN = 3 LIMIT 10 3-0 a b']);
    expect(logOf('XADD s MINID ~ 2 NOMKSTREAM 3-1 a b')).toEqual(['XADD s MINID = 1-1 NOMKSTREAM 3-1 a b']);
    expect(logOf('XTRIM s MAXLEN ~ 1')).toEqual([]);
    expect(logOf('XTRIM s MAXLEN ~ 0')).toEqual(['XTRIM s MAXLEN = 0']);
    expect(logOf('XTRIM s MINID ~ 9')).toEqual(['XTRIM s MINID = 18446744073709551615-18446744073709551615']);
  });

  test('has deliveries and how far the group has come, as one unit', () => {
    const claim = (id: string) => `XCLAIM s g c 0 ${id} TIME ${T} RETRYCOUNT 1 FORCE JUSTID LASTID ${id}`;
    expect(logOf('XREADGROUP GROUP g c STREAMS s >')).toEqual([
      'MULTI',
      claim('1-1'),
      claim('2-1'),
      'XGROUP SETID s g 2-1 ENTRIESREAD 2',
      'EXEC',
    ]);
    expect(logOf('XREADGROUP GROUP g c NOACK STREAMS s >')).toEqual([
      'MULTI',
      'XGROUP CREATECONSUMER s g c',
      'XGROUP SETID s g 2-1 ENTRIESREAD 2',
      'EXEC',
    ]);
  });

  test('has new consumers that were given nothing, and what was delivered again', () => {
    expect(logOf('XREADGROUP GROUP g c STREAMS s 0')).toEqual(['XGROUP CREATECONSUMER s g c']);
    const log = logOf('XREADGROUP GROUP g c COUNT 1 STREAMS s >', 'XREADGROUP GROUP g c STREAMS s 0');
    expect(log.slice(4)).toEqual([`XCLAIM s g c 0 1-1 TIME ${T} RETRYCOUNT 2 JUSTID`]);
  });
});

test('dirty counts entries as Redis does', () => {
  const server = new LocalServer();
  // The differences of rdb_changes_since_last_save on redis-server 7.0.15.
  const steps: [string, number][] = [
    ['XADD s 1-1 a 1', 1],
    ['XADD s MAXLEN 0 2-1 a 1', 1],
    ['XADD s 3-1 a 1', 1],
    ['XGROUP CREATE s g 0', 1],
    ['XREADGROUP GROUP g c1 STREAMS s 0', 2],
    ['XREADGROUP GROUP g c2 NOACK STREAMS s 0', 2],
    ['XGROUP SETID s g 5', 1],
    ['XREADGROUP GROUP g c3 STREAMS s >', 0],
    ['XGROUP SETID s g 0', 1],
    ['XREADGROUP GROUP g c5 STREAMS s >', 2],
    ['XREADGROUP GROUP g c5 STREAMS s 0', 1],
    ['XCLAIM s g c7 0 3-1', 2],
    ['XGROUP CREATECONSUMER s g c9', 1],
    ['XGROUP CREATECONSUMER s g c9', 0],
    ['XAUTOCLAIM s g c10 0 0', 2],
    ['XCLAIM s g c8 0 9-1 LASTID 99', 1],
    ['XACK s g 3-1 4-1', 1],
    ['XDEL s 3-1 4-1', 1],
    ['XTRIM s MAXLEN 0', 0],
    ['XGROUP DELCONSUMER s g c9', 1],
    ['XGROUP DESTROY s g', 1],
    ['XSETID s 200', 1],
  ];
  for (const [line, expected] of steps) {
    const before = server.keyspace.dirty;
    server.run(0, line.split(' '));
    expect(server.keyspace.dirty - before, line).toBe(expected);
  }
});

test('who waits for entries of a group is told when it is gone', () => {
  const server = new LocalServer();
  for (const line of ['XGROUP CREATE s g $ MKSTREAM', 'XGROUP CREATE s h $']) server.run(0, line.split(' '));
  const link = server.client(0)?.link;
  if (link === undefined) throw new Error('no client');
  const waiting = ['g', 'h'].map((group, i) => {
    const client = new Client(50 + i, link, server.nowMs, { isAuthenticated: true });
    server.executor.execute(client, Request.of(`XREADGROUP GROUP ${group} c BLOCK 0 STREAMS s >`.split(' ')));
    expect(client.isSuspended).toBe(true);
    return client;
  });
  expect(server.run(0, ['XGROUP', 'DESTROY', 's', 'g'])).toBe(':1\r\n');
  expect(waiting.map(({ reply }) => reply.take().join(''))).toEqual([
    "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n",
    '',
  ]);
});
