import { SimDisk } from '@aof/disk';
import { RdbError, writeRdbSync } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import { LoadError, loadRdb } from '../src/index.ts';

const PATH = '/dump.rdb';
const RDB = Buffer.concat([
  ...writeRdbSync(
    [
      { kind: 'key', database: 0, key: 'a', expireAtMs: -1, type: 'string', value: 'x'.repeat(200) },
      { kind: 'key', database: 2, key: 'b', expireAtMs: 1, type: 'list', value: ['1', '2'] },
    ],
    { target: 'redis-7.0', origin: { createdSec: 0 } },
  ),
]);

async function load(content: Uint8Array, disk = new SimDisk(), refusal?: string) {
  const file = disk.open(PATH, 'truncate');
  if (content.length > 0) file.write(content);
  file.close();
  const keys: string[] = [];
  let loadedBytes = 0;
  const before = disk.contents();
  const outcome = await loadRdb({
    disk,
    path: PATH,
    applyEntry: (entry) => {
      if (entry.kind === 'key') keys.push(`${entry.database} ${entry.key} ${entry.expireAtMs}`);
      return entry.kind === 'key' ? refusal : undefined;
    },
    progress: (bytes) => {
      loadedBytes = bytes;
    },
    yieldTurn: () => Promise.resolve(),
  }).then(
    (report) => ({ report, error: undefined }),
    (error: unknown) => ({ report: undefined, error }),
  );
  expect(disk.contents()).toEqual(before);
  return { keys, loadedBytes, ...outcome };
}

function asLoadError(error: unknown): LoadError {
  if (!(error instanceof LoadError)) throw new Error(`not a LoadError: ${error}`);
  return error;
}

describe('a snapshot', () => {
  test('goes to the applier, and what follows behind its end is told', async () => {
    const { keys, report, loadedBytes } = await load(Buffer.concat([RDB, Buffer.from('tail')]));
    expect(keys).toEqual(['0 a -1', '2 b 1']);
    expect(report).toEqual({ totalBytes: RDB.length + 4, ignoredBytes: 4 });
    expect(loadedBytes).toBe(RDB.length);
  });

  test('that is cut off anywhere is refused', async () => {
    for (let length = 0; length < RDB.length; length++) {
      const error = asLoadError((await load(RDB.subarray(0, length))).error);
      expect(error.code, `${length}`).toBe('RDB_DAMAGED');
      expect(error.cause).toBeInstanceOf(RdbError);
      expect(error.path).toBe(PATH);
    }
  });

  test('with a flipped bit is refused, by its checksum at the latest', async () => {
    for (let at = 0; at < RDB.length; at++) {
      const damaged = Buffer.from(RDB);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 4, at);
      expect(asLoadError((await load(damaged)).error).code, `${at}`).toBe('RDB_DAMAGED');
    }
  });

  test('is not read as a log', async () => {
    const error = asLoadError((await load(Buffer.from('*1\r\n$8\r\nFLUSHALL\r\n'))).error);
    expect(error).toMatchObject({ code: 'RDB_DAMAGED', fileOffset: 0 });
  });

  test('with an entry that the applier refuses ends there', async () => {
    const { error, keys } = await load(RDB, new SimDisk(), 'Database 2 is missing');
    expect(asLoadError(error).message).toContain('Database 2 is missing');
    expect(keys).toHaveLength(1);
  });

  test('gives short strings to who takes them as bytes, and lets others run meanwhile', async () => {
    const strings = Array.from({ length: 20_000 }, (_, i) => ({
      database: 1,
      key: `k${i}`,
      value: `value ${i}`,
      expireAtMs: i % 3 === 0 ? 1e12 + i : -1,
    }));
    const entries = strings.map((one) => ({ ...one, kind: 'key' as const, type: 'string' as const }));
    const rdb = Buffer.concat([...writeRdbSync(entries, { target: 'redis-7.0', origin: { createdSec: 0 } })]);
    const disk = new SimDisk();
    disk.open(PATH, 'truncate').write(rdb);
    const taken: unknown[] = [];
    let [turns, others] = [0, 0];
    const loadAll = (refusedKey?: string) =>
      loadRdb({
        disk,
        path: PATH,
        applyEntry: ({ kind }) => {
          if (kind === 'key') others++;
          return undefined;
        },
        applyString: (database, bytes, keyStart, keyEnd, valueStart, valueEnd, { expireAtMs }) => {
          const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1');
          const key = text(keyStart, keyEnd);
          taken.push({ database, key, value: text(valueStart, valueEnd), expireAtMs });
          return key === refusedKey ? `no ${key}` : undefined;
        },
        progress: () => undefined,
        yieldTurn: async () => {
          turns++;
        },
      });
    await loadAll();
    expect(taken).toEqual(strings);
    expect(others).toBe(0);
    expect(turns).toBeGreaterThan(2);
    const error = asLoadError(await loadAll('k17').catch((cause: unknown) => cause));
    expect(error).toMatchObject({ code: 'RDB_DAMAGED', fileOffset: rdb.indexOf('k17') - 2 });
    expect(error.message).toContain('no k17');
  });

  test('that the disk cannot read is a failure of its own', async () => {
    const disk = new SimDisk();
    disk.inject({ operation: 'read', code: 'EIO' });
    expect(asLoadError((await load(RDB, disk)).error).code).toBe('RDB_READ_FAILED');
    const missing = await loadRdb({
      disk: new SimDisk(),
      path: PATH,
      applyEntry: () => undefined,
      progress: () => undefined,
      yieldTurn: () => Promise.resolve(),
    }).catch((error: unknown) => error);
    expect(asLoadError(missing).code).toBe('RDB_READ_FAILED');
  });
});
