/** `check-aof history` against a replay of the whole log, and its words against what happened. */
import { readFileSync } from 'node:fs';
import { SimDisk } from '@aof/disk';
import { typeName } from '@aof/keyspace';
import { writeRdbSync } from '@aof/rdb';
import { encodeCommand, Request } from '@aof/resp-codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flowOf } from '../src/history-related.ts';
import { Replay } from '../src/replay.ts';
import { put, readCorpus, SERVERS } from './corpus.ts';
import { runOn } from './environment.ts';
import { plainCommands } from './plain-log.ts';

const record = (text: string): Buffer =>
  text.startsWith('#') ? Buffer.from(`${text}\r\n`) : Buffer.from(encodeCommand(text.split(' ')));
const records = (...texts: string[]): Buffer => Buffer.concat(texts.map(record));

function logOf(bytes: Buffer): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  put(disk, [['appendonly.aof', bytes]], '/d/');
  return disk;
}

type Line = Record<string, unknown> & { readonly kind: string };

async function linesOf(disk: SimDisk, key: string, ...args: string[]) {
  const { stdout, status } = await runOn(disk, ['history', '/d', key, '--json', ...args]);
  const lines = stdout.split('\n').slice(0, -1);
  return { status, lines: lines.map((line) => JSON.parse(line) as Line) };
}

async function textOf(disk: SimDisk, key: string, ...args: string[]): Promise<string> {
  return (await runOn(disk, ['history', '/d', key, ...args])).stdout;
}

/** What a key is after each command of the whole log that names it, from a replay of everything. */
function naiveHistory(bytes: Buffer, key: string) {
  const replay = new Replay(0);
  return plainCommands(bytes).flatMap(({ args, fileOffset, database }) => {
    const name = args[0]?.toUpperCase();
    if (name !== 'MULTI' && name !== 'EXEC') replay.apply(Request.of(args));
    if (!args.slice(1).includes(key)) return [];
    const db = replay.keyspace.databases[database];
    const value = db?.peek(key);
    const expireAtMs = db?.expireAt(key) ?? -1;
    return [
      {
        offset: fileOffset,
        type: value === undefined ? null : typeName(value),
        expireAtMs: value === undefined || expireAtMs < 0 ? null : expireAtMs,
      },
    ];
  });
}

const asNaive = (lines: readonly Line[]) =>
  lines
    .filter(({ kind, arguments: words }) => kind === 'command' && !/^(FLUSH|SWAP)/i.test((words as string[])[0] ?? ''))
    .map(({ offset, after }) => {
      const state = after as { type: string; expireAtMs: number | null } | null;
      return { offset, type: state?.type ?? null, expireAtMs: state?.expireAtMs ?? null };
    });

describe('check-aof history', () => {
  test('equals a replay of the whole log, for every key of logs that real servers wrote', async () => {
    for (const server of SERVERS) {
      const { single } = readCorpus(server, 'aof-base');
      const disk = logOf(single);
      const keys = new Set(
        plainCommands(single).flatMap(({ args }) =>
          /^(SELECT|MULTI|EXEC)$/i.test(args[0] ?? '') ? [] : [args[1] ?? ''],
        ),
      );
      expect(keys.size).toBeGreaterThan(20);
      for (const key of [...keys].filter((_, i) => i % 7 === 0)) {
        const { lines, status } = await linesOf(
          disk,
          `"${key.replace(/[^a-z0-9:]/gi, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`,
        );
        expect(status).toBe(0);
        // A field or a value may be spelled like a key: those are not about it.
        const offsets = new Set(lines.map(({ offset }) => offset));
        expect(asNaive(lines)).toEqual(naiveHistory(single, key).filter(({ offset }) => offsets.has(offset)));
        expect(asNaive(lines).length).toBeGreaterThan(0);
      }
    }
  });

  test.each([
    [10, false],
    [16, true],
  ])('a value that came through %i keys: inexact %s', async (links, isInexact) => {
    // The log is read forwards: each reading finds one more.
    const copies = Array.from({ length: links }, (_, i) => `COPY k${links - i} k${links - i - 1}`);
    const disk = logOf(records(`SET k${links} value`, ...copies));
    expect((await linesOf(disk, 'k0')).lines.at(-1)).toMatchObject({ kind: 'end', isInexact });
    const text = await textOf(disk, 'k0');
    expect(text.includes('Types and sizes may be wrong')).toBe(isInexact);
    if (!isInexact) expect(text).toContain('is: string, 5 bytes');
  });

  test('equals a replay of the whole log when keys go from one to another', async () => {
    // Only what has an effect whatever the other key is: a log holds no RENAMENX that failed.
    const key = fc.constantFrom('a', 'b', 'c');
    const database = fc.constantFrom('0', '1');
    const command = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.constant('SADD'), key, fc.constantFrom('m', 'n')) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('SREM'), key, fc.constantFrom('m', 'n')) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('RENAME'), key, key) },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.constant('COPY'), key, key, fc.constant('DB'), database, fc.constant('REPLACE')),
      },
      { weight: 2, arbitrary: fc.tuple(fc.constant('SUNIONSTORE'), key, key, key) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('SMOVE'), key, key, fc.constant('m')) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('MOVE'), key, database) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('DEL'), key, key) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constant('PEXPIREAT'), key, fc.constantFrom('9000000000000', '9000000000001')),
      },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom('FLUSHDB', 'FLUSHALL', 'MULTI', 'EXEC')) },
      { weight: 1, arbitrary: fc.constant(['SWAPDB', '0', '1']) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('SELECT'), database) },
    );
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), async (commands) => {
        // MULTI and EXEC only in pairs: an open transaction is another test.
        let isOpen = false;
        const words = commands.filter(([name]) => {
          if (name === 'MULTI' && isOpen) return false;
          if (name === 'EXEC' && !isOpen) return false;
          if (name === 'MULTI' || name === 'EXEC') isOpen = !isOpen;
          return true;
        });
        if (isOpen) words.push(['EXEC']);
        const bytes = Buffer.concat(words.map((one) => Buffer.from(encodeCommand(one))));
        for (const name of ['a', 'b']) {
          const found = asNaive((await linesOf(logOf(bytes), name)).lines);
          compared += found.length;
          expect(found).toEqual(naiveHistory(bytes, name));
        }
      }),
      { numRuns: 50 },
    );
    expect(compared).toBeGreaterThan(200);
  });

  test('says in words what happened', async () => {
    const text = await textOf(
      logOf(
        records(
          'SET k hello',
          'PEXPIREAT k 1700000000000',
          'PERSIST k',
          'RENAME k other',
          'RENAME other k',
          'COPY k k DB 1',
          'DEL k',
          'SELECT 1',
          'MOVE k 2',
          'SWAPDB 2 0',
          'FLUSHDB',
          'FLUSHALL',
          'RPUSH k x',
          'LMOVE k l LEFT LEFT',
          'NOSUCH k',
          'SET k',
        ),
      ),
      'k',
    );
    const said = text.split('\n').filter((line) => line.startsWith('    '));
    expect(said.map((line) => line.trim())).toEqual([
      'created; now: string, 5 bytes',
      'it expires 2023-11-14T22:13:20.000Z; now: string, 5 bytes, expires 2023-11-14T22:13:20.000Z',
      'it does not expire any more; now: string, 5 bytes',
      'renamed to other; now: not there',
      'other was renamed to it; now: string, 5 bytes',
      'copied to k (DB 1); now: string, 5 bytes',
      'deleted; now: not there',
      'moved to database 2; now: not there',
      'databases 2 and 0 changed places; it is now in database 2 not there, in database 0 string, 5 bytes',
      'gone: all databases were emptied; it was in database 0 string, 5 bytes',
      'created; now: list, 1 element',
      'its last element went into l: gone; now: not there',
      'a command that is not known here: what it did to the key is not known either; now: not there',
      'not what the command takes: no server runs this; now: not there',
    ]);
    expect(text).toMatch(/At the end of the log k is not there.\n$/);
  });

  test('tells an expiry from a deletion where the log has times', async () => {
    const at = async (...texts: string[]): Promise<string> => {
      const lines = (await linesOf(logOf(records(...texts)), 'k')).lines;
      return String(lines.filter(({ kind }) => kind === 'command').at(-1)?.explanation);
    };
    const set = ['#TS:1700000000', 'SET k v PXAT 1700000010500'];
    expect(await at(...set, '#TS:1700000010', 'UNLINK k')).toBe('expired: its time was 2023-11-14T22:13:30.500Z');
    expect(await at(...set, '#TS:1700000009', 'DEL k')).toBe(
      'deleted before its time, which was 2023-11-14T22:13:30.500Z',
    );
    expect(await at('SET k v PXAT 1700000010500', 'DEL k')).toBe(
      'deleted, or expired: its time was 2023-11-14T22:13:30.500Z',
    );
  });

  test('begins with the value in the base, binary keys and large values included', async () => {
    const rdb = Buffer.concat([
      ...writeRdbSync(
        [
          { kind: 'key', database: 3, key: 'k\xff', expireAtMs: 9000000000000, type: 'string', value: 'va\x00l' },
          {
            kind: 'key',
            database: 0,
            key: 'big',
            expireAtMs: -1,
            type: 'list',
            value: Array.from({ length: 5000 }, (_, i) => `${i}`),
          },
        ],
        { target: 'redis-7.0', origin: { createdSec: 1700000000 } },
      ),
    ]);
    const disk = logOf(
      Buffer.concat([rdb, records('SELECT 3'), Buffer.from(encodeCommand(['APPEND', 'k\xff', 'ue']))]),
    );
    const { lines } = await linesOf(disk, '"k\\xff"');
    expect(lines).toMatchObject([
      {
        kind: 'base',
        database: 3,
        value: 'va\x00l',
        atSeconds: 1700000000,
        after: { type: 'string', size: 4, expireAtMs: 9000000000000 },
      },
      { kind: 'command', before: { size: 4 }, after: { size: 6 } },
      { kind: 'end', events: 2, keys: [{ database: 3, state: { type: 'string', size: 6 } }] },
    ]);
    expect(await textOf(disk, '"k\\xff"')).toContain(
      '2023-11-14T22:13:20Z [3] in the base: string, 4 bytes, expires 2255-03-14T16:00:00.000Z\n    "va\\x00l"\n',
    );
    const big = (await linesOf(disk, 'big')).lines;
    expect(big[0]).toMatchObject({ kind: 'base', after: { type: 'list', size: 5000 } });
  });

  test('leaves a transaction without EXEC out, and says so', async () => {
    const { lines, status } = await linesOf(logOf(records('SET k 1', 'MULTI', 'DEL k')), 'k');
    expect(status).toBe(1);
    expect(lines.map(({ kind }) => kind)).toEqual(['command', 'unfinished', 'fault', 'end']);
    expect(lines.at(-1)).toMatchObject({ keys: [{ database: 0, state: { type: 'string' } }] });
  });

  test('can be asked about one database, and about a key that is not there', async () => {
    const disk = logOf(records('SET k 1', 'SELECT 4', 'SET k 22', 'MOVE k 5'));
    const offsets = async (...args: string[]) =>
      (await linesOf(disk, 'k', ...args)).lines.filter(({ kind }) => kind === 'command').length;
    expect([
      await offsets(),
      await offsets('--db', '0'),
      await offsets('--db', '4'),
      await offsets('--db', '5'),
    ]).toEqual([3, 1, 2, 1]);
    expect(await textOf(disk, 'none')).toBe('Nothing in the log is about none.\n');
    expect((await runOn(disk, ['history', '/d', 'k', '--db', 'x'])).status).toBe(2);
    expect((await runOn(disk, ['history', '/none', 'k'])).status).toBe(5);
  });
});

test('the README shows what it prints', async () => {
  const disk = logOf(
    records(
      '#TS:1795255200',
      'SELECT 0',
      'HSET user:1 name Ann',
      'PEXPIREAT user:1 1795255260000',
      'RPUSH queue a b',
      '#TS:1795255223',
      'RENAME user:1 user:old',
      '#TS:1795255231',
      'COPY user:old user:1',
      'FLUSHALL',
    ),
  );
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(`$ check-aof history /data user:1\n${await textOf(disk, 'user:1')}`);
  const { stdout } = await runOn(disk, ['dump', '/d', '--key', 'user:*']);
  expect(readme).toContain(`$ check-aof dump /data --key 'user:*'\n${stdout}`);
});

test('what goes where is known from the command table', () => {
  const flow = (text: string) => flowOf(Request.of(text.split(' ')));
  expect(flow('RENAME a b')).toEqual({ sources: [1], targets: [2] });
  expect(flow('SORT a BY x STORE b')).toEqual({ sources: [1], targets: [5] });
  expect(flow('SUNIONSTORE d a b')).toEqual({ sources: [2, 3], targets: [1] });
  expect(flow('LMOVE a b LEFT LEFT')).toEqual({ sources: [1], targets: [2] });
  expect(flow('DEL a b').targets).toEqual([]);
  expect(flow('MSET a 1 b 2').sources).toEqual([]);
});
