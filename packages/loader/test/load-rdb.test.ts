import { SimDisk } from '@aof/disk';
import { type RdbEntry, RdbError, writeRdbSync } from '@aof/rdb';
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

type Refusing = (entry: RdbEntry) => string | undefined;

async function load(content: Uint8Array, disk = new SimDisk(), refuses: Refusing = () => undefined) {
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
      return refuses(entry);
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

  test('tells of keys to come no more than the rest of the file makes likely', async () => {
    const size = (keys: number) => [keys >>> 24, (keys >>> 16) & 0xff, (keys >>> 8) & 0xff, keys & 0xff];
    const claim = (database: number, keys: number) =>
      String.fromCharCode(0xfe, database, 0xfb, 0x80, ...size(keys), 0x80, ...size(keys));
    const key = (bytes: number) =>
      `\x00\x01k${String.fromCharCode(0x40 | (bytes >> 8), bytes & 0xff)}${'v'.repeat(bytes)}`;
    const claimsOf = async (content: string) => {
      const claims: number[] = [];
      const { error } = await load(Buffer.from(`REDIS0004${content}\xff`, 'latin1'), undefined, (entry) => {
        if (entry.kind === 'resize') claims.push(entry.keys, entry.expiringKeys);
        return undefined;
      });
      expect(error).toBeUndefined();
      return claims;
    };
    // From the claim on, 17 bytes and a value; of the last file, the databases together.
    expect(await claimsOf(claim(0, 0xffffffff) + key(0))).toEqual([1, 1]);
    expect(await claimsOf(claim(0, 0xffffffff) + key(1600))).toEqual([101, 101]);
    expect(await claimsOf(claim(0, 7) + key(1600))).toEqual([7, 7]);
    expect(await claimsOf(claim(0, 90) + claim(1, 90) + claim(2, 90) + key(1600))).toEqual([90, 90, 13, 13, 0, 0]);
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
    const { error, keys } = await load(RDB, new SimDisk(), ({ kind }) =>
      kind === 'key' ? 'Database 2 is missing' : undefined,
    );
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
