import { readFileSync } from 'node:fs';
import type { Disk } from '@aof/disk';
import { writeRdbSync } from '@aof/rdb';
import { Request } from '@aof/resp-codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findLog, type LogEvent, LogFault, type LogFile, type ReadLogOptions, readLog } from '../src/index.ts';
import {
  FOLDER,
  multiPartLog,
  type PlainCommand,
  plainCommands,
  put,
  record,
  records,
  SINGLE,
  singleLog,
} from './logs.ts';

/** Events as data: what would change with the next one is copied. */
async function eventsOf(disk: Disk, path: string, options?: ReadLogOptions): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  await collect(disk, path, events, options);
  return events;
}

async function collect(disk: Disk, path: string, into: LogEvent[], options?: ReadLogOptions): Promise<void> {
  for await (const batch of readLog(disk, path, options)) {
    for (const event of batch) {
      into.push(event.kind === 'command' ? { ...event, request: event.request.detach() } : event);
    }
  }
}

function plain(events: readonly LogEvent[]): PlainCommand[] {
  return events.flatMap((event) => {
    if (event.kind !== 'command') return [];
    const { request, database, fileOffset, endOffset, atSeconds } = event;
    const args = Array.from({ length: request.count }, (_, i) => request.latin1(i));
    return [{ database, args, fileOffset, endOffset, atSeconds, isInTransaction: event.transaction !== undefined }];
  });
}

const CORPUS = new URL('../../../apps/server/test/fixtures/corpus/', import.meta.url);
const corpus = (name: string): Buffer => readFileSync(new URL(name, CORPUS));

describe('readLog', () => {
  test('equals the naive reading of logs that real servers wrote', async () => {
    for (const server of ['redis-7.0.15', 'valkey-8.1-dev']) {
      const [base, incr] = [corpus(`${server}/base.aof`), corpus(`${server}/incr.aof`)];
      const disk = multiPartLog({ 'appendonly.aof.1.base.aof': base, 'appendonly.aof.1.incr.aof': incr });
      const expected = [...plainCommands(base), ...plainCommands(incr)];
      expect(expected.length).toBeGreaterThan(100);
      expect(plain(await eventsOf(disk, FOLDER))).toEqual(expected);
      const single = Buffer.concat([base, incr]);
      expect(plain(await eventsOf(singleLog(single), SINGLE))).toEqual(plainCommands(single));
    }
  });

  test('gives the keys of an RDB part, then the records behind it at their offsets in the file', async () => {
    const [base, incr] = [corpus('redis-7.0.15-rdb/base.rdb'), corpus('redis-7.0.15-rdb/incr.aof')];
    const events = await eventsOf(singleLog(Buffer.concat([base, incr])), SINGLE);
    const keys = events.filter((event) => event.kind === 'entry' && event.entry.kind === 'key' && event.entry.isLast);
    expect(keys.length).toBeGreaterThan(50);
    const moved = plainCommands(incr).map((command) => ({
      ...command,
      fileOffset: command.fileOffset + base.length,
      endOffset: command.endOffset + base.length,
    }));
    expect(plain(events)).toEqual(moved);
    expect(events.at(-1)).toMatchObject({ kind: 'file-end', goodEndOffset: base.length + incr.length, isLast: true });
  });

  test('tells an entry with its database, expiry, place and the time of its part', async () => {
    const rdb = Buffer.concat([
      ...writeRdbSync(
        [{ kind: 'key', database: 3, key: 'k\xff', expireAtMs: 4102444800000, type: 'string', value: 'v' }],
        { target: 'redis-7.0', origin: { createdSec: 1700000000 } },
      ),
    ]);
    const events = await eventsOf(singleLog(rdb), SINGLE);
    const found = events.find((event) => event.kind === 'entry' && event.entry.kind === 'key');
    expect(found).toMatchObject({
      entry: { database: 3, key: 'k\xff', value: 'v', expireAtMs: 4102444800000 },
      atSeconds: 1700000000,
    });
    const entries = events.filter((event) => event.kind === 'entry');
    for (const [i, entry] of entries.entries()) expect(entry.fileOffset).toBe(i === 0 ? 0 : entries[i - 1]?.endOffset);
  });

  test('begins each file in database 0, and carries the time on', async () => {
    const disk = multiPartLog({
      'a.aof.1.base.aof': records('#TS:5', 'SELECT 7', 'SET a 1'),
      'a.aof.1.incr.aof': records('SET b 2', 'select 2', '#TS:9', '#other', 'SET c 3'),
    });
    const found = plain(await eventsOf(disk, FOLDER)).map(({ database, args, atSeconds }) => [
      args.join(' '),
      database,
      atSeconds,
    ]);
    expect(found).toEqual([
      ['SELECT 7', 7, 5],
      ['SET a 1', 7, 5],
      ['SET b 2', 0, 5],
      ['select 2', 2, 5],
      ['SET c 3', 2, 9],
    ]);
  });

  test('takes a record for what it is understood as, and keeps its place', async () => {
    const own: Readonly<Record<string, string>> = { use: 'SELECT', begin: 'MULTI', done: 'EXEC', put: 'SET' };
    const understood = (request: Request): Request => {
      const name = own[request.latin1(0)];
      const rest = Array.from({ length: request.count - 1 }, (_, i) => request.bytes(i + 1));
      return name === undefined ? request : Request.of([name, ...rest]);
    };
    const bytes = records('#TS:5', 'use 3', 'put a 1', 'begin', 'put b 2', 'done', 'SET c 3');
    const events = await eventsOf(singleLog(bytes), SINGLE, { understood });
    const asOwn = records('#TS:5', 'SELECT 3', 'SET a 1', 'MULTI', 'SET b 2', 'EXEC', 'SET c 3');
    const expected = plain(await eventsOf(singleLog(asOwn), SINGLE));
    const places = plainCommands(bytes);
    expect(plain(events)).toEqual(
      expected.map((command, i) => ({
        ...command,
        fileOffset: places[i]?.fileOffset,
        endOffset: places[i]?.endOffset,
      })),
    );
    expect(events.at(-1)).toMatchObject({ kind: 'file-end', goodEndOffset: bytes.length, fault: undefined });
  });

  test('shares one transaction among its commands, whose state is known in the end', async () => {
    const disk = singleLog(records('SET a 1', 'MULTI', 'SET b 2', 'EXEC', 'SET c 3', 'MULTI', 'SET d 4'));
    const events = await eventsOf(disk, SINGLE, { faults: 'report' });
    const states = events.flatMap((event) =>
      event.kind === 'command' ? [`${event.transaction?.id ?? '-'} ${event.transaction?.state ?? ''}`.trim()] : [],
    );
    expect(states).toEqual(['-', '1 complete', '1 complete', '1 complete', '-', '2 unfinished', '2 unfinished']);
    const goodEndOffset = records('SET a 1', 'MULTI', 'SET b 2', 'EXEC', 'SET c 3').length;
    expect(events.at(-1)).toMatchObject({
      kind: 'file-end',
      goodEndOffset,
      fault: { code: 'AOF_UNFINISHED_TRANSACTION', fileOffset: goodEndOffset },
    });
  });

  test('delivers what is readable before it throws the fault', async () => {
    const good = records('SET a 1', 'SET b 2');
    for (const [bad, code] of [
      ['*2\r\n$3\r\nDEL\r\n$1', 'AOF_TRUNCATED'],
      ['garbage', 'AOF_RECORD_PREFIX'],
      ['*x\r\n', 'AOF_ARGUMENT_COUNT'],
    ] as const) {
      const events: LogEvent[] = [];
      const reading = collect(singleLog(Buffer.concat([good, Buffer.from(bad)])), SINGLE, events);
      await expect(reading).rejects.toBeInstanceOf(LogFault);
      await expect(reading).rejects.toMatchObject({ code, goodEndOffset: good.length, path: SINGLE });
      expect(plain(events).length).toBe(2);
      expect(events.at(-1)).toMatchObject({ kind: 'file-end', goodEndOffset: good.length, fault: { code } });
    }
  });

  test('goes on behind a damaged file if faults are reported', async () => {
    const disk = multiPartLog({
      'a.aof.1.base.rdb': Buffer.from('REDIS0011garbage'),
      'a.aof.1.incr.aof': Buffer.concat([record('SET a 1'), Buffer.from('*2\r\n')]),
      'a.aof.2.incr.aof': record('SET b 2'),
    });
    const events = await eventsOf(disk, FOLDER, { faults: 'report' });
    const ends = events.flatMap((event) =>
      event.kind === 'file-end' ? [[event.fault?.code, event.goodEndOffset, event.isLast]] : [],
    );
    expect(ends).toEqual([
      ['AOF_RDB_PART', 0, false],
      ['AOF_TRUNCATED', record('SET a 1').length, false],
      [undefined, record('SET b 2').length, true],
    ]);
    expect(plain(events).map(({ args }) => args[1])).toEqual(['a', 'b']);
    const isWanted = ({ sequence, role }: LogFile): boolean => role === 'incr' && sequence === 2;
    expect(plain(await eventsOf(disk, FOLDER, { isWanted })).map(({ args }) => args[1])).toEqual(['b']);
  });

  test('passes over what a loop leaves unread, without losing track', async () => {
    const disk = singleLog(records('SET a 1', 'SELECT 3', 'SET b 2'));
    let batches = 0;
    for await (const batch of readLog(disk, SINGLE, { chunkBytes: 16 })) {
      batches++;
      for (const _ of batch) break;
    }
    expect(batches).toBeGreaterThan(3);
  });

  test('does not depend on how the bytes are cut', async () => {
    const words = fc.constantFrom('SET a 1', 'SELECT 4', 'MULTI', 'EXEC', '#TS:77', 'DEL a b c', 'SET k \xff\x00\r\n');
    let faults = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 20 }), fc.nat(40), fc.nat(30), async (texts, chunk, dropped) => {
        const bytes = records(...texts);
        const disk = singleLog(bytes.subarray(0, Math.max(0, bytes.length - dropped)));
        const whole = await eventsOf(disk, SINGLE, { faults: 'report' });
        const cut = await eventsOf(disk, SINGLE, { faults: 'report', chunkBytes: chunk + 1 });
        expect(plain(cut)).toEqual(plain(whole));
        expect(cut.at(-1)).toEqual(whole.at(-1));
        const end = whole.at(-1);
        if (end?.kind === 'file-end' && end.fault !== undefined) faults++;
        if (dropped === 0) expect(plain(whole)).toEqual(plainCommands(bytes));
      }),
      { numRuns: 200 },
    );
    expect(faults).toBeGreaterThan(10);
  });
});

describe('findLog', () => {
  const disk = multiPartLog({ 'a.aof.1.incr.aof': record('SET a 1') });
  const found = (path: string): string[] => findLog(disk, path).files.map((file) => file.path);

  test('finds a log by its manifest, its folder, and the folder of a server', () => {
    const file = `${FOLDER}/a.aof.1.incr.aof`;
    for (const path of [`${FOLDER}/appendonly.aof.manifest`, FOLDER, `${FOLDER}/`, '/d'])
      expect(found(path)).toEqual([file]);
    // A part of the log, named as such, is read alone.
    expect(found(file)).toEqual([file]);
    expect(findLog(singleLog(record('SET a 1')), '/d')).toMatchObject({ layout: 'single', path: SINGLE, folder: '/d' });
  });

  test('guesses nothing', () => {
    put(disk, SINGLE, record('SET b 2'));
    expect(() => findLog(disk, '/d')).toThrow(expect.objectContaining({ code: 'AOF_SEVERAL_LOGS' }));
    expect(() => findLog(disk, '/none')).toThrow(expect.objectContaining({ code: 'AOF_NO_LOG' }));
    disk.makeDirectory('/d/empty');
    expect(() => findLog(disk, '/d/empty')).toThrow(expect.objectContaining({ code: 'AOF_NO_LOG' }));
    put(disk, '/d/empty/temp-rewriteaof-1.aof', record('SET c 3'));
    expect(() => findLog(disk, '/d/empty')).toThrow(expect.objectContaining({ code: 'AOF_NO_LOG' }));
  });

  test('a manifest that lists a file which is not there is an error that names it', async () => {
    const broken = multiPartLog({ 'a.aof.1.incr.aof': record('SET a 1'), 'a.aof.2.incr.aof': record('SET b 2') });
    broken.unlink(`${FOLDER}/a.aof.2.incr.aof`);
    await expect(eventsOf(broken, FOLDER)).rejects.toMatchObject({
      code: 'ENOENT',
      path: `${FOLDER}/a.aof.2.incr.aof`,
    });
  });
});
