import { Crc64 } from '@aof/crc64';
import { type Disk, SimDisk } from '@aof/disk';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  appendChecksums,
  CHECKSUM_BLOCK_BYTES as BLOCK,
  type BlockSum,
  blockStartOf,
  type ChecksumTable,
  checksummedNameOf,
  checksumNameOf,
  readChecksums,
  removeChecksums,
} from './checksum-file.ts';
import { AofNames, ChecksumVerifier, removeTempFiles } from './index.ts';

const PATH = '/appendonly.aof';
const ENTRY = 24;

function contentOf(bytes: number, seed = 1): Uint8Array {
  const content = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) content[i] = Math.imul(i + seed, 2654435761) >>> 11;
  return content;
}

function sumOf(content: Uint8Array, end: number): BlockSum {
  const crc = new Crc64();
  crc.update(content, blockStartOf(end), end);
  return { end, low: crc.low, high: crc.high };
}

function checksumBytes(disk: Disk): Uint8Array {
  return disk.readFile(checksumNameOf(PATH)).slice();
}

function rewritten(disk: Disk, bytes: Uint8Array): void {
  disk.open(checksumNameOf(PATH), 'truncate').write(bytes);
}

function tableOf(disk: Disk, size: number): ChecksumTable {
  const table = readChecksums(disk, PATH, size);
  if (table === undefined) throw new Error('there is no checksum file');
  return table;
}

function verified(content: Uint8Array, table: ChecksumTable | undefined, pieces: readonly number[], collects = false) {
  const verifier = new ChecksumVerifier(table, collects);
  let at = 0;
  for (const piece of [...pieces, content.length]) {
    const end = Math.min(content.length, at + piece);
    verifier.take(content.subarray(at, end), at);
    at = end;
  }
  return verifier;
}

test('the names of logs and of what vouches for them', () => {
  expect(checksumNameOf('appendonly.aof.1.incr.aof')).toBe('appendonly.aof.1.incr.aof.crc64');
  expect(checksummedNameOf('appendonly.aof.1.incr.aof.crc64')).toBe('appendonly.aof.1.incr.aof');
  expect(checksummedNameOf('appendonly.aof.1.incr.aof')).toBeUndefined();
  const names = new AofNames({ dir: '/', appendfilename: 'appendonly.aof', appenddirname: 'd' });
  expect(names.isLogName('appendonly.aof.1.incr.aof.crc64')).toBe(false);
});

test('the bytes are those that the format says', () => {
  const disk = new SimDisk();
  appendChecksums(disk, PATH, [{ end: 2 ** 32 + 5, low: -2, high: 0x01020304 }]);
  const hex = Buffer.from(checksumBytes(disk)).toString('hex');
  expect(hex.slice(0, 32)).toBe(`${Buffer.from('AOFCRC64').toString('hex')}0100000000000100`);
  expect(hex.slice(48, 80)).toBe('0500000001000000feffffff04030201');
  expect(hex).toHaveLength(2 * 2 * ENTRY);
});

describe('a table', () => {
  test('there is none without a checksum file', () => {
    expect(readChecksums(new SimDisk(), PATH, 100)).toBeUndefined();
  });

  test('of several entries of a block the one with the greatest end counts, in whatever order', () => {
    const content = contentOf(BLOCK + 500);
    const disk = new SimDisk();
    appendChecksums(disk, PATH, [sumOf(content, 100), sumOf(content, BLOCK + 300)]);
    appendChecksums(disk, PATH, [sumOf(content, BLOCK), sumOf(content, BLOCK + 20)]);
    const table = tableOf(disk, content.length);
    expect([table.endOf(0), table.endOf(1), table.endOf(2)]).toEqual([BLOCK, BLOCK + 300, 0]);
    expect([table.coveredEnd, table.coveredBytes, table.damagedEntries]).toEqual([BLOCK + 300, BLOCK + 300, 0]);
    expect([...table.sumsUpTo(BLOCK + 299)]).toEqual([sumOf(content, BLOCK)]);
  });

  test('knows of entries behind the end of the log only that they are there', () => {
    const disk = new SimDisk();
    appendChecksums(disk, PATH, [sumOf(contentOf(100), 100), { end: 2 ** 50, low: 1, high: 1 }]);
    const table = tableOf(disk, 100);
    expect([table.coveredEnd, table.coveredBytes]).toEqual([2 ** 50, 100]);
  });

  test('a header that is cut off, damaged or of another version covers nothing, and appending begins anew', () => {
    const content = contentOf(100);
    const disk = new SimDisk();
    appendChecksums(disk, PATH, [sumOf(content, 100)]);
    const whole = checksumBytes(disk);
    for (let at = 0; at < ENTRY; at++) {
      rewritten(disk, whole.subarray(0, at));
      expect(readChecksums(disk, PATH, 100)).toMatchObject({ isReadable: false, coveredEnd: 0 });
      const damaged = whole.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      rewritten(disk, damaged);
      expect(readChecksums(disk, PATH, 100)).toMatchObject({ isReadable: false, coveredEnd: 0 });
      appendChecksums(disk, PATH, [sumOf(content, 60)]);
      expect(readChecksums(disk, PATH, 100)).toMatchObject({ isReadable: true, coveredEnd: 60 });
    }
  });

  test('passes over entries that are not whole, and appends behind half of one', () => {
    const content = contentOf(3 * BLOCK);
    const disk = new SimDisk();
    appendChecksums(disk, PATH, [sumOf(content, BLOCK), sumOf(content, 2 * BLOCK), sumOf(content, 3 * BLOCK)]);
    const whole = checksumBytes(disk);
    for (let at = ENTRY; at < whole.length; at++) {
      const damaged = whole.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      rewritten(disk, damaged);
      expect(tableOf(disk, content.length)).toMatchObject({ coveredBytes: 2 * BLOCK, damagedEntries: 1 });
      rewritten(disk, whole.subarray(0, at));
      const table = tableOf(disk, content.length);
      expect(table.coveredEnd).toBe((Math.floor(at / ENTRY) - 1) * BLOCK);
      expect(table.damagedEntries).toBe(at % ENTRY === 0 ? 0 : 1);
      appendChecksums(disk, PATH, [sumOf(content, 3 * BLOCK)]);
      expect(tableOf(disk, content.length)).toMatchObject({ coveredEnd: 3 * BLOCK, damagedEntries: 0 });
    }
    rewritten(disk, Buffer.concat([whole.subarray(0, 2 * ENTRY), new Uint8Array(2 * ENTRY)]));
    expect(tableOf(disk, content.length)).toMatchObject({ coveredEnd: BLOCK, damagedEntries: 2 });
  });
});

test('whatever a checksum file holds, reading it ends with a table that fits the log', () => {
  const content = contentOf(2 * BLOCK);
  const disk = new SimDisk();
  appendChecksums(disk, PATH, [sumOf(content, BLOCK), sumOf(content, 2 * BLOCK)]);
  const whole = checksumBytes(disk);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length + 30), fc.uint8Array({ maxLength: 40 })), { maxLength: 4 }),
      fc.nat(3 * BLOCK),
      (edits, size) => {
        let bytes = Buffer.from(whole);
        for (const [at, piece] of edits) bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + 7)]);
        rewritten(disk, bytes);
        const table = tableOf(disk, size);
        expect(table.coveredBytes).toBeLessThanOrEqual(size);
        expect([0, BLOCK, 2 * BLOCK]).toContain(table.coveredEnd);
        expect(table.damagedEntries).toBeLessThanOrEqual(bytes.length / ENTRY + 1);
      },
    ),
  );
});

describe('a verifier', () => {
  const lengths = fc.integer({ min: 1, max: 3 * BLOCK });

  test('finds nothing in what was written, and every changed byte that is covered, however the file is read', () => {
    fc.assert(
      fc.property(
        lengths,
        fc.array(lengths, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 4 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (size, ends, pieces, place, change) => {
          const content = contentOf(size);
          const covered = ends.filter((end) => end <= size);
          const disk = new SimDisk();
          appendChecksums(
            disk,
            PATH,
            covered.map((end) => sumOf(content, end)),
          );
          const table = readChecksums(disk, PATH, size);
          expect(verified(content, table, pieces)).toMatchObject({ mismatchCount: 0, position: size });
          const at = place % size;
          const block = Math.floor(at / BLOCK);
          const isCovered = at < (table?.endOf(block) ?? 0);
          content[at] = (content[at] ?? 0) ^ change;
          const found = verified(content, table, pieces).mismatches;
          expect(found).toEqual(isCovered ? [{ block, start: block * BLOCK, end: table?.endOf(block) }] : []);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('sums what is not covered, so that everything can be', () => {
    fc.assert(
      fc.property(
        lengths,
        fc.array(lengths, { maxLength: 3 }),
        fc.array(lengths, { maxLength: 4 }),
        (size, ends, pieces) => {
          const content = contentOf(size);
          const disk = new SimDisk();
          const covered = ends.filter((end) => end <= size).map((end) => sumOf(content, end));
          appendChecksums(disk, PATH, covered);
          const { uncovered } = verified(content, readChecksums(disk, PATH, size), pieces, true);
          appendChecksums(disk, PATH, uncovered);
          const table = tableOf(disk, size);
          expect([table.coveredBytes, table.coveredEnd]).toEqual([size, size]);
          expect(verified(content, table, pieces, true)).toMatchObject({ mismatchCount: 0, uncovered: [] });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('passes over what it has taken already, and takes no gap', () => {
    const content = contentOf(BLOCK + 10);
    const disk = new SimDisk();
    appendChecksums(disk, PATH, [sumOf(content, BLOCK), sumOf(content, BLOCK + 10)]);
    const verifier = new ChecksumVerifier(tableOf(disk, content.length));
    verifier.take(content.subarray(0, 1000), 0);
    verifier.take(content.subarray(10, 500), 10);
    verifier.take(content.subarray(400), 400);
    expect(verifier.mismatchCount).toBe(0);
    expect(() => verifier.take(content, content.length + 1)).toThrow('bug');
  });
});

describe('leftovers', () => {
  const names = new AofNames({ dir: '/', appendfilename: 'appendonly.aof', appenddirname: 'd' });
  const INCR = names.inAppendDir('appendonly.aof.1.incr.aof');

  test('what vouches for a file that is gone is removed at the start, the rest stays', () => {
    const disk = new SimDisk();
    disk.makeDirectory('/d');
    const put = (path: string) => disk.open(path, 'truncate').write(Buffer.from('x'));
    for (const path of [INCR, checksumNameOf(INCR), '/d/notes.crc64']) put(path);
    const leftovers = ['/temp-rewriteaof-7.aof.crc64', '/d/temp-appendonly.aof.incr.crc64', '/appendonly.aof.crc64'];
    for (const path of [...leftovers, '/d/appendonly.aof.2.base.rdb.crc64']) put(path);
    expect(removeTempFiles(disk, names)).toEqual([...leftovers, '/d/appendonly.aof.2.base.rdb.crc64']);
    expect(disk.list('/d')).toEqual(['appendonly.aof.1.incr.aof', 'appendonly.aof.1.incr.aof.crc64', 'notes.crc64']);
  });

  test('removing tells whether there was something', () => {
    const disk = new SimDisk();
    appendChecksums(disk, PATH, [{ end: 1, low: 0, high: 0 }]);
    expect([removeChecksums(disk, PATH), removeChecksums(disk, PATH)]).toEqual([true, false]);
  });
});
