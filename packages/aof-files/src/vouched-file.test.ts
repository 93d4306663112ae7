/**
 * What a vouched file promises, with a crash at every operation of the disk: what is vouched for is always found again, as it was
 * written; and as much is vouched for as is promised.
 */
import { type CrashMode, DiskError, type DiskFile, SimCrash, SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { CHECKSUM_BLOCK_BYTES as BLOCK, checksumNameOf, readChecksums } from './checksum-file.ts';
import { ChecksumVerifier } from './checksum-verifier.ts';
import { VouchedFile } from './vouched-file.ts';

const PATH = '/d/log';

function newDisk(): SimDisk {
  const disk = new SimDisk({ seed: 5 });
  disk.makeDirectory('/d');
  disk.settleAll();
  return disk;
}

/** The file, and what it said about failures. */
function vouched(disk: SimDisk, wrap: (file: DiskFile) => DiskFile = (file) => file) {
  const failures: string[] = [];
  const onFailure = (error: DiskError) => failures.push(error.code);
  const file = new VouchedFile(disk, wrap(disk.open(PATH, 'append')), { isOn: true, onFailure });
  return { file, failures };
}

let counter = 0;
/** Bytes that no other call gives. */
function bytes(length: number): Uint8Array {
  const made = new Uint8Array(length);
  for (let i = 0; i < length; i++) made[i] = Math.imul(++counter, 2654435761) >>> 9;
  return made;
}

function covered(disk: SimDisk): number {
  return readChecksums(disk, PATH, disk.status(PATH)?.size ?? 0)?.coveredBytes ?? 0;
}

/** What is wrong with what is vouched for, if anything is. */
function violation(disk: SimDisk): string | undefined {
  const content = disk.status(PATH) === undefined ? new Uint8Array(0) : disk.readFile(PATH);
  const table = readChecksums(disk, PATH, content.length);
  if (table === undefined) return undefined;
  if (table.coveredEnd > content.length) return `vouches for ${table.coveredEnd} of ${content.length} bytes`;
  const verifier = new ChecksumVerifier(table);
  verifier.take(content, 0);
  return verifier.mismatchCount > 0 ? `does not match: ${JSON.stringify(verifier.mismatches)}` : undefined;
}

function refused(run: () => unknown): void {
  expect(run).toThrow(DiskError);
}

describe('vouches', () => {
  test('for nothing that is not synced, then for all but 4 KiB, and for all once the file is synced as a whole', () => {
    const disk = newDisk();
    const { file } = vouched(disk);
    file.write(bytes(2 * BLOCK + 5000));
    expect(covered(disk)).toBe(0);
    file.dataSyncNow();
    expect(covered(disk)).toBe(2 * BLOCK + 5000);
    file.write(bytes(4000));
    file.dataSyncNow();
    expect(covered(disk)).toBe(2 * BLOCK + 5000);
    file.write(bytes(100));
    file.dataSyncNow();
    expect(covered(disk)).toBe(2 * BLOCK + 9100);
    file.write(bytes(7));
    file.dataSyncNow();
    file.write(bytes(9));
    file.syncNow();
    expect(covered(disk)).toBe(2 * BLOCK + 9116);
    expect(violation(disk)).toBeUndefined();
  });

  test('for all that a sync of the whole file covers, durably', async () => {
    for (const sync of [async (file: VouchedFile) => file.syncNow(), (file: VouchedFile) => file.sync()]) {
      const disk = newDisk();
      const { file } = vouched(disk);
      file.write(bytes(300));
      await sync(file);
      disk.syncDirectory('/d');
      expect(covered(disk.afterCrash(1, 'only-synced'))).toBe(300);
    }
  });

  test('for what a sync in the background covered, not for what came meanwhile', async () => {
    const disk = newDisk();
    disk.holdSyncs = true;
    const { file } = vouched(disk);
    file.write(bytes(BLOCK + 10));
    const synced = file.dataSync();
    file.write(bytes(BLOCK));
    expect(covered(disk)).toBe(0);
    disk.completeSync();
    await synced;
    expect(covered(disk)).toBe(BLOCK + 10);
    expect(violation(disk)).toBeUndefined();
  });

  test('on from the middle of a block of a file that was there, when it is turned on', () => {
    const disk = newDisk();
    disk.open(PATH, 'append').write(bytes(BLOCK + 1000));
    const { file } = vouched(disk);
    file.write(bytes(5000));
    file.dataSyncNow();
    // The first block was full before: nobody has summed it.
    expect(covered(disk)).toBe(6000);
    file.turnOff();
    file.write(bytes(BLOCK));
    file.turnOn();
    file.write(bytes(5000));
    file.syncNow();
    file.write(bytes(10));
    file.close();
    // Three blocks: the first was there, the second had been left while nobody looked, the third was summed when that ended.
    expect(covered(disk)).toBe(6000 + 11_000);
    expect(violation(disk)).toBeUndefined();
  });

  test('costs little: one small write for 4 KiB, no sync of its own', () => {
    const disk = newDisk();
    const { file } = vouched(disk);
    for (let i = 0; i < 5000; i++) {
      file.write(bytes(40));
      file.dataSyncNow();
    }
    const own = disk.trace.filter((line) => line.includes('.crc64'));
    expect(own.filter((line) => line.includes('sync'))).toEqual([]);
    expect(own.length).toBeLessThan(2 + 200_000 / 4096);
    expect(disk.status(checksumNameOf(PATH))?.size).toBeLessThan(200_000 * 0.007 + 24);
  });
});

describe('a failure', () => {
  test('a write that is cut back is as if it had not been', () => {
    const disk = newDisk();
    const { file } = vouched(disk);
    file.write(bytes(BLOCK - 100));
    const size = file.size();
    disk.freeSpaceBytes = 150;
    expect(file.write(bytes(400))).toBe(150);
    refused(() => file.write(bytes(250)));
    file.truncate(size);
    disk.freeSpaceBytes = 1e6;
    file.write(bytes(400));
    file.dataSyncNow();
    expect(covered(disk)).toBe(BLOCK + 300);
    expect(violation(disk)).toBeUndefined();
  });

  test('a write that could not be cut back is vouched for when it has been made whole', () => {
    const disk = newDisk();
    const { file } = vouched(disk);
    file.write(bytes(BLOCK - 100));
    disk.inject({ operation: 'write', maxBytes: 5000 });
    const rest = bytes(9000);
    expect(file.write(rest)).toBe(5000);
    disk.inject({ operation: 'write', code: 'EIO' });
    refused(() => file.write(rest, 5000));
    file.dataSyncNow();
    expect(covered(disk)).toBe(0);
    file.write(rest, 5000);
    file.dataSyncNow();
    expect(covered(disk)).toBe(BLOCK + 8900);
    expect(violation(disk)).toBeUndefined();
  });

  test('of a sync: nothing more is vouched for', async () => {
    for (const isBackground of [false, true]) {
      const disk = newDisk();
      const { file } = vouched(disk);
      file.write(bytes(5000));
      file.dataSyncNow();
      file.write(bytes(5000));
      disk.inject({ operation: 'sync', path: /log$/ });
      if (isBackground) await expect(file.dataSync()).rejects.toThrow(DiskError);
      else refused(() => file.dataSyncNow());
      file.dataSyncNow();
      file.turnOn();
      file.write(bytes(5000));
      file.syncNow();
      expect(covered(disk)).toBe(5000);
    }
  });

  test.each([
    ['open', /crc64/],
    ['write', /crc64/],
    ['sync', /crc64/],
  ] as const)('of the checksum file (%s) is told and harms nothing', (operation, path) => {
    const disk = newDisk();
    const { file, failures } = vouched(disk);
    disk.inject({ operation, path, code: 'ENOSPC' });
    file.write(bytes(5000));
    file.syncNow();
    file.write(bytes(5000));
    file.syncNow();
    expect(failures).toEqual(['ENOSPC']);
    expect([file.isVouching, file.size()]).toEqual([false, 10_000]);
    expect(violation(disk)).toBeUndefined();
    file.turnOn();
    file.write(bytes(5000));
    file.close();
    expect(violation(disk)).toBeUndefined();
  });

  test('half an entry that a full disk left is no hindrance', () => {
    const disk = newDisk();
    const { file, failures } = vouched(disk);
    file.write(bytes(5000));
    disk.freeSpaceBytes = 30;
    file.dataSyncNow();
    expect(failures).toEqual(['ENOSPC']);
    disk.freeSpaceBytes = 1e6;
    file.turnOn();
    file.write(bytes(5000));
    file.dataSyncNow();
    expect(covered(disk)).toBe(10_000);
    expect(violation(disk)).toBeUndefined();
  });
});

test('what vouched for an older file of the name is gone before the new one is written to', () => {
  const disk = newDisk();
  const { file } = vouched(disk);
  file.write(bytes(5000));
  file.close();
  disk.open(PATH, 'truncate').close();
  vouched(disk).file.close();
  expect(disk.status(checksumNameOf(PATH))).toBeUndefined();
});

test('the checksum file follows a file to its new name', () => {
  const disk = newDisk();
  const { file } = vouched(disk);
  file.write(bytes(5000));
  file.dataSyncNow();
  disk.rename(PATH, '/d/other');
  file.renamedTo('/d/other');
  file.write(bytes(5000));
  file.syncNow();
  file.close();
  expect(disk.list('/d')).toEqual(['other', 'other.crc64']);
  expect(readChecksums(disk, '/d/other', 10_000)?.coveredBytes).toBe(10_000);
});

/** A life with writes, syncs, a cut, a second opening: the same every time. */
async function life(disk: SimDisk, wrap: (file: DiskFile) => DiskFile): Promise<void> {
  counter = 0;
  for (let round = 0; round < 2; round++) {
    const { file } = vouched(disk, wrap);
    disk.syncDirectory('/d');
    for (const length of [3000, 66_000, 900]) {
      file.write(bytes(length));
      if (length === 900) await file.sync();
      else file.dataSyncNow();
      file.write(bytes(700));
    }
    const whole = file.size();
    file.write(bytes(60_000));
    file.truncate(whole);
    const synced = file.dataSync();
    synced.catch(() => undefined); // awaited below, unless the disk crashes first
    file.write(bytes(5000));
    await synced;
    file.dataSyncNow();
    file.write(bytes(300));
    file.close();
  }
}

const MODES: readonly (readonly [CrashMode, number])[] = [
  ['kill', 0],
  ['only-synced', 0],
  ...[1, 2, 3].map((seed) => ['power-cut', seed] as const),
];

async function violations(wrap: (file: DiskFile) => DiskFile = (file) => file): Promise<string[]> {
  const found: string[] = [];
  for (let operation = 1; ; operation++) {
    for (const moment of ['before', 'half', 'after'] as const) {
      const disk = newDisk();
      disk.crashAt(disk.operations + operation, moment);
      try {
        await life(disk, wrap);
        return found;
      } catch (error) {
        if (!(error instanceof SimCrash)) throw error;
      }
      for (const [mode, seed] of MODES) {
        const text = violation(disk.afterCrash(seed, mode));
        if (text !== undefined) found.push(`${moment} ${operation} ${disk.trace.at(-1)}, ${mode} ${seed}: ${text}`);
      }
    }
  }
}

function altered(file: DiskFile, changes: Partial<DiskFile>): DiskFile {
  return new Proxy(file, {
    get(target, name) {
      const value: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('a crash at every operation', () => {
  test('what is vouched for is there', async () => {
    expect(await violations()).toEqual([]);
  });

  test.each<readonly [string, (file: DiskFile) => DiskFile]>([
    [
      'vouching before the sync',
      (file) => altered(file, { dataSyncNow: () => undefined, dataSync: async () => undefined }),
    ],
    ['a cut that does not happen', (file) => altered(file, { truncate: () => undefined, size: () => file.size() })],
    [
      'a byte that the disk changes',
      (file) =>
        altered(file, {
          write: (given, offset, length) => {
            const changed = new Uint8Array(given);
            changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 4;
            return file.write(changed, offset, length);
          },
        }),
    ],
  ])('a canary is noticed: %s', async (_, wrap) => {
    expect((await violations(wrap)).length).toBeGreaterThan(0);
  });
});
