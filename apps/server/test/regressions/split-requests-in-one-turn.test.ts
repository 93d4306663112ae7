/**
 * The log copies what requests have written late, many at once, from where their bytes lie. A request that came in two chunks lies in its
 * decoder's own memory, which the next chunk of the connection may overwrite: it is copied before. Several chunks of one connection come in
 * one turn of the event loop when so many connections are ready that the poll is repeated.
 */
import { Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Session } from '../../src/session.ts';
import { newDisk } from '../rewrite/course.ts';
import { Rig } from '../rewrite/rig.ts';

const request = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

const REQUESTS = Array.from({ length: 6 }, (_, i) => request('SET', `key:${i}`, `value${i}`));
/** Of each request. */
const BYTES = 36;

/** Where the stream of requests is cut. */
const CUTS = [
  ['a request in two chunks, then parts of others', [30, BYTES, BYTES + 30, 2 * BYTES, 2 * BYTES + 30]],
  ['each chunk ends one request and begins the next', [1, 2, 3, 4, 5].map((i) => i * BYTES + 10)],
  ['a few bytes at a time', Array.from({ length: 2 * BYTES - 1 }, (_, i) => 3 * (i + 1))],
  ['whole requests', [1, 2, 3, 4, 5].map((i) => i * BYTES)],
] as const;

test.each(CUTS)('%s: the log has what was executed', async (_, cuts) => {
  const disk = newDisk();
  const rig = await Rig.start(disk);
  const session = new Session(rig.engine, new Socket(), 7, () => undefined);
  const requests = REQUESTS.join('');
  expect(requests).toHaveLength(REQUESTS.length * BYTES);
  const shared = Buffer.alloc(256);
  let from = 0;
  for (const to of [...cuts, requests.length]) {
    const length = shared.write(requests.slice(from, to), 'latin1');
    session.receive(shared, length);
    shared.fill('?');
    from = to;
  }
  await rig.turn();
  await rig.turn();
  expect(rig.engine.keyspace.databases[0]?.size).toBe(REQUESTS.length);
  const found = await Rig.start(disk.afterCrash(1, 'kill'));
  expect(found.digest).toBe(rig.digest);
});

/** What one connection sends: short requests, long ones, transactions. */
const stream = fc
  .array(
    fc.oneof(
      fc.tuple(fc.nat(9), fc.nat(99)).map(([key, value]) => request('SET', `key:${key}`, `value:${value}`)),
      fc.tuple(fc.nat(9), fc.nat(400)).map(([key, length]) => request('APPEND', `long:${key}`, 'x'.repeat(length))),
      fc.nat(9).map((key) => request('MULTI') + request('INCR', `n:${key}`) + request('EXEC')),
      fc.nat(9).map((key) => `incr n:${key}\r\n`),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((requests) => requests.join(''));

/** Which connection sends how much of its stream next, and whether a turn of the event loop ends then. */
const piece = fc.record({
  connection: fc.nat(2),
  length: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 })),
  isLast: fc.nat(5).map((n) => n === 0),
});

test('however the requests of some connections are cut, the log has what was executed', async () => {
  let executed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(stream, { minLength: 3, maxLength: 3 }),
      fc.array(piece, { maxLength: 80 }),
      async (streams, pieces) => {
        const disk = newDisk();
        const rig = await Rig.start(disk);
        const sessions = streams.map((_, i) => new Session(rig.engine, new Socket(), 7 + i, () => undefined));
        const sent = streams.map(() => 0);
        const shared = Buffer.alloc(16_384);
        const send = (connection: number, length: number): void => {
          const from = sent[connection] ?? 0;
          const text = streams[connection]?.slice(from, from + length) ?? '';
          if (text === '') return;
          sessions[connection]?.receive(shared, shared.write(text, 'latin1'));
          shared.fill('?', 0, text.length);
          sent[connection] = from + text.length;
        };
        for (const { connection, length, isLast } of pieces) {
          send(connection, length);
          if (isLast) await rig.turn();
        }
        for (const connection of streams.keys()) send(connection, Number.POSITIVE_INFINITY);
        await rig.turn();
        await rig.turn();
        executed += rig.engine.keyspace.size;
        expect((await Rig.start(disk.afterCrash(1, 'kill'))).digest).toBe(rig.digest);
      },
    ),
    { numRuns: 100 },
  );
  expect(executed).toBeGreaterThan(500);
});
