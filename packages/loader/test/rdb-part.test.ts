import { SimDisk } from '@aof/disk';
import { type RdbEntry, writeRdbSync } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import { LoadError, loadLog } from '../src/index.ts';
import { contentOf, filesOn, put, RecordingApplier, record } from './recording-applier.ts';

const A = record('SET', 'a', '1');
const B = record('SET', 'b', '2');

function rdbOf(elements: number): string {
  const list = Array.from({ length: elements }, (_, i) => `element ${i}`);
  const chunks = writeRdbSync(
    [
      { kind: 'key', database: 0, key: 'past', expireAtMs: 1, type: 'string', value: 'kept' },
      { kind: 'key', database: 3, key: 'long', expireAtMs: -1, type: 'list', value: list },
    ],
    { target: 'redis-7.0', origin: { createdSec: 0 } },
  );
  return Buffer.concat([...chunks]).toString('latin1');
}
const RDB = rdbOf(3);

async function load(disk: SimDisk, refuses: (entry: RdbEntry) => string | undefined = () => undefined) {
  const keys: string[] = [];
  const events: string[] = [];
  let loadedBytes = 0;
  const applier = new RecordingApplier();
  const applyEntry = (entry: RdbEntry): string | undefined => {
    if (entry.kind === 'key') keys.push(`${entry.database} ${entry.key} ${entry.expireAtMs} ${entry.part}`);
    return refuses(entry);
  };
  const outcome = await loadLog({
    disk,
    files: filesOn(disk),
    applier: Object.assign(applier, { applyEntry }),
    mayTruncate: true,
    nowMs: () => 0,
    yieldTurn: () => Promise.resolve(),
    events: {
      progress: (bytes) => {
        expect(bytes).toBeGreaterThanOrEqual(loadedBytes);
        loadedBytes = bytes;
      },
      fileLoaded: (file) => events.push(`loaded ${file.name}`),
      truncatedFound: () => events.push('truncated'),
      truncated: () => undefined,
      rdbPartFound: (file) => events.push(`RDB part of ${file.name}`),
      rdbPartLoaded: (_file, offset) => events.push(`until ${offset}`),
    },
  }).then(
    (report) => ({ report, error: undefined }),
    (error: unknown) => ({ report: undefined, error }),
  );
  return { keys, events, loadedBytes, applied: applier.applied, ...outcome };
}

const KEYS = ['0 past 1 0', '3 long -1 0'];

describe('an RDB part', () => {
  test('goes to the applier, keys of the past too; records follow behind it', async () => {
    const disk = put(new SimDisk(), RDB + A + B);
    const { keys, applied, events, loadedBytes, report } = await load(disk);
    expect(keys).toEqual(KEYS);
    expect(applied).toEqual(['SET a 1', 'SET b 2']);
    expect(report).toEqual({ state: 'ok', totalBytes: RDB.length + A.length + B.length, records: 2 });
    expect(events).toEqual(['RDB part of appendonly.aof', `until ${RDB.length}`, 'loaded appendonly.aof']);
    expect(loadedBytes).toBe(report?.totalBytes);
  });

  test('may be all that a base has', async () => {
    const { keys, applied, report, loadedBytes } = await load(put(new SimDisk(), RDB, A));
    expect(keys).toEqual(KEYS);
    expect(applied).toEqual(['SET a 1']);
    expect(report?.state).toBe('ok');
    expect(loadedBytes).toBe(report?.totalBytes);
  });

  test('hands out a large collection in parts', async () => {
    const { keys, error } = await load(put(new SimDisk(), rdbOf(100_000)));
    expect(error).toBeUndefined();
    expect(keys.length).toBeGreaterThan(20);
    expect(keys.at(-1)).toBe(`3 long -1 ${keys.length - 2}`);
  });

  test('of Valkey begins with another magic', async () => {
    const chunks = writeRdbSync([], { target: 'valkey-9', origin: { createdSec: 0 } });
    const rdb = Buffer.concat([...chunks]).toString('latin1');
    expect(rdb.slice(0, 6)).toBe('VALKEY');
    expect((await load(put(new SimDisk(), rdb + A))).applied).toEqual(['SET a 1']);
  });

  test('counts for offsets: an unfinished end behind it is cut there', async () => {
    const disk = put(new SimDisk(), RDB + A + B.slice(0, 4));
    expect((await load(disk)).report?.state).toBe('truncated');
    expect(contentOf(disk)).toBe(RDB + A);
    const tail = put(new SimDisk(), RDB + B.slice(0, 4));
    await load(tail);
    expect(contentOf(tail)).toBe(RDB);
  });

  test('that is cut off is refused wherever it was cut, and left as it is', async () => {
    for (let length = 6; length < RDB.length; length++) {
      const disk = put(new SimDisk(), RDB.slice(0, length));
      const { error } = await load(disk);
      expect(error).toMatchObject({ code: 'AOF_RDB_PART', cause: { code: 'RDB_TRUNCATED' } });
      expect(contentOf(disk).length).toBe(length);
    }
  });

  test('that is damaged is refused, with the offset and what to do', async () => {
    const at = RDB.indexOf('kept') + 2;
    const { error } = await load(put(new SimDisk(), `${RDB.slice(0, at)}X${RDB.slice(at + 1)}${A}`));
    if (!(error instanceof LoadError)) throw new Error('a LoadError was expected');
    expect(error).toMatchObject({ code: 'AOF_RDB_PART', cause: { code: 'RDB_CHECKSUM' } });
    expect(error.fileOffset).toBeGreaterThan(at);
    expect(error.hint).toContain('take an earlier copy');
  });

  test('with an entry that the applier refuses ends the load there', async () => {
    const refuses = (entry: RdbEntry) => (entry.kind === 'key' && entry.key === 'long' ? 'No room for it' : undefined);
    const { error } = await load(put(new SimDisk(), RDB + A), refuses);
    if (!(error instanceof LoadError)) throw new Error('a LoadError was expected');
    expect(error.code).toBe('AOF_RDB_PART');
    expect(error.message).toBe('No room for it reading the RDB part of the append only file appendonly.aof');
    expect(error.fileOffset).toBeGreaterThan(0);
  });
});
