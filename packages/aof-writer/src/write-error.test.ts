import { describe, expect, test } from 'vitest';
import { createLog, type LogFixture, nextTurn } from '../test/writer-fixture.ts';

function append(log: LogFixture, key = 'k'): void {
  log.writer.appendRecord(0, ['INCR', key]);
}

describe('a failed write', () => {
  test('leaves whole records in the file, keeps the buffer and sets the status', () => {
    const log = createLog();
    append(log, 'a');
    log.writer.flush(0);
    const before = log.text();
    log.disk.freeSpaceBytes = 7;
    append(log, 'b');
    const buffered = log.writer.bufferedBytes;
    expect(log.writer.flush(1)).toBe('failed');
    expect(log.text()).toBe(before);
    expect(log.writer.bufferedBytes).toBe(buffered);
    expect(log.writer.fileSize).toBe(before.length);
    expect([log.writer.lastWriteStatus, log.writer.writeError]).toEqual(['err', 'No space left on device']);
    expect(log.events).toEqual([
      [
        'writeFailed',
        {
          code: 'ENOSPC',
          reason: 'No space left on device',
          writtenBytes: 7,
          expectedBytes: buffered,
          truncateReason: undefined,
        },
      ],
    ]);
    expect(log.writer.holdRepliesUntil).toBe(0);
  });

  test('is tried again once a second; success heals it', () => {
    const log = createLog();
    log.disk.freeSpaceBytes = 0;
    append(log, 'a');
    log.writer.flush(0);
    log.operations();
    append(log, 'b');
    expect(log.writer.flush(999)).toBe('failed');
    expect(log.operations()).toEqual([]);
    expect(log.writer.flush(1000)).toBe('failed');
    expect(log.operations()).toEqual([expect.stringMatching(/^write/)]);
    log.disk.freeSpaceBytes = 10_000;
    expect(log.writer.flush(1500)).toBe('failed');
    expect(log.writer.flush(2000)).toBe('written');
    expect([log.writer.lastWriteStatus, log.writer.writeError]).toEqual(['ok', undefined]);
    expect(log.events.map(([name]) => name)).toEqual(['writeFailed', 'writeRecovered']);
    expect(log.text()).toMatch(/\na\r\n.*\nb\r\n$/s);
  });

  test('is tried again at once by a forced flush', () => {
    const log = createLog();
    log.disk.inject({ operation: 'write', code: 'EIO' });
    append(log);
    expect(log.writer.flush(0)).toBe('failed');
    expect(log.writer.flush(1, true)).toBe('written');
  });

  test('is reported at most every thirty seconds', () => {
    const log = createLog();
    log.disk.freeSpaceBytes = 0;
    append(log);
    for (let ms = 0; ms <= 60_000; ms += 1000) log.writer.flush(ms);
    expect(log.events).toHaveLength(3);
  });

  test('does not keep what was written before from being synced', () => {
    const log = createLog();
    append(log);
    log.writer.flush(0);
    log.disk.freeSpaceBytes = 0;
    append(log);
    log.writer.flush(900);
    log.operations();
    expect(log.writer.flush(1200)).toBe('failed');
    expect(log.operations()).toEqual(['background-sync']);
  });

  test('that cannot be cut back is gone on with behind the part that was written', () => {
    const log = createLog();
    append(log, 'a');
    log.disk.freeSpaceBytes = 10;
    log.disk.inject({ operation: 'truncate', code: 'EIO' });
    expect(log.writer.flush(0)).toBe('failed');
    expect(log.events[0]?.[1]).toMatchObject({ writtenBytes: 10, truncateReason: 'Input/output error' });
    expect([log.writer.fileSize, log.writer.writtenBytes]).toEqual([10, 10]);
    append(log, 'b');
    log.disk.freeSpaceBytes = 1000;
    expect(log.writer.flush(1000)).toBe('written');
    const whole = createLog();
    append(whole, 'a');
    append(whole, 'b');
    whole.writer.flush(0);
    expect(log.text()).toBe(whole.text());
    expect(log.writer.writtenBytes).toBe(log.writer.appendedBytes);
  });

  test('a short write that goes on is no error', () => {
    const log = createLog();
    log.disk.inject({ operation: 'write', maxBytes: 3, times: 2 });
    append(log);
    expect(log.writer.flush(0)).toBe('written');
    expect(log.text()).toHaveLength(log.writer.appendedBytes);
    expect(log.events).toEqual([]);
  });
});

describe('a failed sync under everysec', () => {
  async function failedLog(): Promise<LogFixture> {
    const log = createLog();
    append(log);
    log.writer.flush(0);
    log.disk.inject({ operation: 'sync' });
    log.writer.flush(1000);
    await nextTurn();
    return log;
  }

  test('sets the status, is said once, and is not healed by a later sync that succeeds', async () => {
    const log = await failedLog();
    expect([log.writer.lastWriteStatus, log.writer.writeError]).toEqual(['err', 'Input/output error']);
    for (let ms = 1100; ms < 9000; ms += 500) {
      append(log);
      expect(log.writer.flush(ms)).toBe('written');
      await nextTurn();
    }
    expect(log.operations().filter((operation) => operation === 'background-sync').length).toBeGreaterThan(3);
    expect(log.writer.lastWriteStatus).toBe('err');
    expect(log.writer.syncedBytes).toBe(0);
    expect(log.events).toEqual([['syncFailed', 'Input/output error']]);
  });

  test('is not healed by going on in another file, but by replacing the file', async () => {
    const log = await failedLog();
    const { segment, oldFileSynced } = log.writer.rotate(log.open('/2'), 0, 1100);
    expect(await oldFileSynced).toBe(false);
    append(log);
    log.writer.flush(2100);
    await nextTurn();
    expect([log.writer.lastWriteStatus, log.writer.syncedBytes]).toEqual(['err', 0]);
    log.writer.markReplaced(segment);
    expect([log.writer.lastWriteStatus, log.writer.syncedBytes]).toEqual(['ok', log.writer.writtenBytes]);
    expect(log.events.at(-1)).toEqual(['syncRecovered']);
    expect(log.synced).toEqual([log.writer.writtenBytes]);
  });

  test('of the new file is not healed by the rewrite that the new file began', async () => {
    const log = await failedLog();
    const { segment } = log.writer.rotate(log.open('/2'), 0, 1100);
    append(log);
    log.disk.inject({ operation: 'sync' });
    log.writer.flush(2100);
    await nextTurn();
    log.writer.markReplaced(segment);
    expect(log.writer.lastWriteStatus).toBe('err');
    expect(log.events.map(([name]) => name)).toEqual(['syncFailed', 'syncFailed']);
  });
});
