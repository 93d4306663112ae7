/** What vouches for a log is compared while it loads: damage is refused by name, and only what nobody vouches for is cut. */
import { appendChecksums, ChecksumVerifier, checksumNameOf, readChecksums } from '@aof/aof-files';
import { SimDisk } from '@aof/disk';
import { writeRdbSync } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import { LoadError, type LoadErrorCode } from '../src/index.ts';
import { contentOf, filesOn, load, put, RecordingApplier, record, SINGLE } from './recording-applier.ts';

const BLOCK = 64 * 1024;
const A = record('SET', 'a', '1');
const MULTI = record('MULTI');
/** Some blocks of records. */
const LONG = Array.from({ length: 3000 }, (_, i) => record('SET', `key:${i}`, 'v'.repeat(60))).join('');

/** Vouches for the first `end` bytes of a file, as they are now. */
function vouchFor(disk: SimDisk, path = SINGLE, end = disk.status(path)?.size ?? 0): void {
  const verifier = new ChecksumVerifier(undefined, true);
  verifier.take(disk.readFile(path).subarray(0, end), 0);
  appendChecksums(disk, path, verifier.uncovered);
}

function damage(disk: SimDisk, offset: number, path = SINGLE): void {
  const bytes = disk.readFile(path).slice();
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  disk.open(path, 'truncate').write(bytes);
}

function expectRefused(error: unknown, code: LoadErrorCode, path: string, fileOffset: number): LoadError {
  expect(error).toMatchObject({ name: 'LoadError', code, path, fileOffset });
  if (!(error instanceof LoadError)) throw new Error('unreachable');
  return error;
}

const single = (content: string) => put(new SimDisk(), content);

describe('a log that is vouched for', () => {
  test('loads, and what vouches for it is told', async () => {
    const disk = single(LONG);
    vouchFor(disk, SINGLE, 2 * BLOCK);
    const told: unknown[] = [];
    const changes = { checksumsMatched: (file: { name: string }, vouching: object) => told.push(file.name, vouching) };
    const { report, applied } = await load(disk, {
      events: { progress() {}, fileLoaded() {}, truncatedFound() {}, truncated() {}, ...changes },
    });
    expect(report?.state).toBe('ok');
    expect(applied).toHaveLength(3000);
    expect(told).toEqual(['appendonly.aof', expect.anything()]);
    expect(told[1]).toHaveProperty('coveredBytes', 2 * BLOCK);
  });

  test('a changed value is refused with the block, the bytes and the way out; nothing on disk changes', async () => {
    const disk = single(LONG);
    vouchFor(disk);
    damage(disk, BLOCK + LONG.slice(BLOCK).indexOf('vvvv'));
    const before = disk.operations;
    const { error } = await load(disk);
    expect(disk.operations).toBe(before);
    const { message, hint } = expectRefused(error, 'AOF_CHECKSUM_MISMATCH', SINGLE, BLOCK);
    expect(message).toContain(`bytes ${BLOCK} to ${2 * BLOCK - 1} (block 1)`);
    expect(hint).toContain('check-aof repair');
    expect(hint).toContain(checksumNameOf(SINGLE));
  });

  test.each([
    ['framing that breaks', LONG.indexOf('*3', 70_000)],
    ['a command that nobody knows', LONG.indexOf('SET', 70_000)],
    ['a length that leads behind the end', LONG.indexOf('$60', 70_000) + 1],
  ])('is refused for its bytes, not for what they cause: %s', async (_, offset) => {
    const disk = single(LONG);
    vouchFor(disk);
    damage(disk, offset);
    expectRefused((await load(disk)).error, 'AOF_CHECKSUM_MISMATCH', SINGLE, BLOCK);
  });

  test('every changed byte is found that is vouched for, and no other', async () => {
    const content = Array.from({ length: 30 }, (_, i) => record('SET', `k${i}`, 'value')).join('');
    const covered = content.length - 100;
    for (let offset = 0; offset < content.length; offset += 7) {
      const disk = single(content);
      vouchFor(disk, SINGLE, covered);
      damage(disk, offset);
      const { error } = await load(disk, { mayTruncate: true });
      if (offset < covered) expectRefused(error, 'AOF_CHECKSUM_MISMATCH', SINGLE, 0);
      else if (error !== undefined) expect(error).not.toMatchObject({ code: 'AOF_CHECKSUM_MISMATCH' });
    }
  });

  test('in several files, each by its own checksum file', async () => {
    const disk = put(new SimDisk(), LONG, A, LONG);
    const [base, , last] = filesOn(disk);
    if (base === undefined || last === undefined) throw new Error('unreachable');
    vouchFor(disk, base.path);
    vouchFor(disk, last.path, BLOCK);
    expect((await load(disk)).report?.records).toBe(6001);
    damage(disk, 3 * BLOCK - 1, base.path);
    expectRefused((await load(disk)).error, 'AOF_CHECKSUM_MISMATCH', base.path, 2 * BLOCK);
  });

  test('with an RDB part: its bytes and the records behind it', async () => {
    const rdb = Buffer.concat([
      ...writeRdbSync([], { target: 'redis-7.0', origin: { createdSec: 1, isAofBase: true } }),
    ]);
    const content = rdb.toString('latin1') + LONG;
    for (const offset of [12, rdb.length + LONG.indexOf('vvv', 10), content.length - 3]) {
      const disk = single(content);
      vouchFor(disk);
      damage(disk, offset);
      const { error } = await load(disk, {
        applier: Object.assign(new RecordingApplier(), { applyEntry: () => undefined }),
      });
      expectRefused(error, 'AOF_CHECKSUM_MISMATCH', SINGLE, offset - (offset % BLOCK));
    }
  });
});

describe('an end that was cut off', () => {
  test('is cut where nobody vouches for it, and what is vouched for stays true', async () => {
    const disk = single(LONG + A.slice(0, 9));
    vouchFor(disk, SINGLE, LONG.length);
    const { report } = await load(disk, { mayTruncate: true });
    expect(report?.state).toBe('truncated');
    expect(contentOf(disk)).toBe(LONG);
    expect((await load(disk)).report?.state).toBe('ok');
  });

  test.each([
    ['record', A.slice(0, 9)],
    ['transaction', MULTI + A],
  ])('half a %s that is vouched for is refused', async (what, half) => {
    const disk = single(LONG + half);
    vouchFor(disk);
    const { error } = await load(disk, { mayTruncate: true });
    expect(expectRefused(error, 'AOF_TRUNCATED', SINGLE, LONG.length).message).toContain(`the ${what} at offset`);
    expect(contentOf(disk)).toBe(LONG + half);
  });

  test.each([
    ['in the middle of a record', 10],
    ['between records', A.length],
    ['completely', LONG.length],
  ])('bytes that are vouched for and not there are refused: cut %s', async (_, bytes) => {
    const disk = single(LONG);
    vouchFor(disk);
    disk.open(SINGLE, 'append').truncate(LONG.length - bytes);
    const { error } = await load(disk, { mayTruncate: true });
    const { message } = expectRefused(error, 'AOF_CHECKSUM_BEYOND_END', SINGLE, LONG.length - bytes);
    expect(message).toContain(`vouches for ${LONG.length}`);
  });
});

describe('a checksum file', () => {
  test('that is damaged, cut off or empty is no error', async () => {
    const disk = single(LONG);
    vouchFor(disk);
    const whole = disk.readFile(checksumNameOf(SINGLE)).slice();
    for (const length of [0, 5, 24, 30, 60]) {
      disk.open(checksumNameOf(SINGLE), 'truncate').write(whole.subarray(0, length));
      expect((await load(disk)).report?.state).toBe('ok');
    }
    const zeros = Buffer.concat([whole, new Uint8Array(100)]);
    disk.open(checksumNameOf(SINGLE), 'truncate').write(zeros);
    expect((await load(disk)).report?.state).toBe('ok');
  });

  test('that cannot be read is', async () => {
    const disk = single(A);
    vouchFor(disk);
    disk.inject({ operation: 'open', path: /crc64/, code: 'EACCES' });
    const { error } = await load(disk);
    expect(error).toMatchObject({ code: 'AOF_READ_FAILED', path: checksumNameOf(SINGLE) });
  });
});

describe('what nobody vouched for', () => {
  test('is summed on request, so that it can be vouched for', async () => {
    const disk = put(new SimDisk(), LONG, A + A);
    const files = filesOn(disk);
    for (const { path } of files.slice(0, 1)) vouchFor(disk, path, BLOCK + 5);
    const { report } = await load(disk, { sumsUncovered: true });
    for (const { path, size } of files) {
      appendChecksums(disk, path, report?.uncovered?.get(path) ?? []);
      expect(readChecksums(disk, path, size)?.coveredBytes).toBe(size);
    }
    expect((await load(disk, { sumsUncovered: true })).report?.uncovered?.get(files[0]?.path ?? '')).toEqual([]);
  });

  test('is not summed as far as it is cut off', async () => {
    const disk = single(LONG + A.slice(0, 9));
    const { report } = await load(disk, { sumsUncovered: true, mayTruncate: true });
    const sums = report?.uncovered?.get(SINGLE) ?? [];
    appendChecksums(disk, SINGLE, sums);
    expect(readChecksums(disk, SINGLE, LONG.length)).toMatchObject({ isReadable: true });
    expect(sums.at(-1)?.end).toBe(LONG.length - (LONG.length % BLOCK));
    expect((await load(disk)).report?.state).toBe('ok');
  });
});
