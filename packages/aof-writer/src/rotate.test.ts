import { encodeCommand } from '@aof/resp-codec';
import { describe, expect, test } from 'vitest';
import { createLog, type LogFixture, nextTurn } from '../test/writer-fixture.ts';

const resp = (...record: string[]): string => Buffer.from(encodeCommand(record)).toString('latin1');

function append(log: LogFixture, key: string): void {
  log.writer.appendRecord(0, ['INCR', key]);
}

describe('rotate', () => {
  test('writes the buffer to the old file, begins the new one with SELECT, syncs and closes the old one', async () => {
    const log = createLog();
    append(log, 'a');
    const next = log.open('/2');
    const { segment, oldFileSynced } = log.writer.rotate(next, 0, 10);
    expect(segment).toBe(2);
    append(log, 'b');
    log.writer.flush(11);
    expect(await oldFileSynced).toBe(true);
    expect(log.text()).toBe(resp('SELECT', '0') + resp('INCR', 'a'));
    expect(log.text('/2')).toBe(resp('SELECT', '0') + resp('INCR', 'b'));
    expect(log.operations().filter((operation) => operation.includes('sync'))).toEqual(['background-sync']);
    expect(log.writer.fileSize).toBe(log.text('/2').length);
    expect(log.writer.syncedBytes).toBe(log.text().length);
  });

  test('syncs the old file after a sync that did not cover everything', async () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    append(log, 'a');
    log.writer.flush(1000);
    append(log, 'b');
    const { oldFileSynced } = log.writer.rotate(log.open('/2'), 0, 1001);
    expect(log.disk.pendingSyncs).toHaveLength(1);
    log.disk.completeSync();
    await nextTurn();
    expect(log.disk.pendingSyncs).toHaveLength(1);
    expect(log.writer.pendingSyncs).toBe(1);
    log.disk.completeSync();
    expect(await oldFileSynced).toBe(true);
    expect(log.writer.syncedBytes).toBe(log.text().length);
  });

  test('under always, replies hold for the old file too', async () => {
    const log = createLog({ settings: { policy: 'always', alwaysMode: 'background' } });
    log.disk.holdSyncs = true;
    append(log, 'a');
    log.writer.flush(0);
    append(log, 'b');
    log.writer.rotate(log.open('/2'), 0, 1);
    append(log, 'c');
    log.writer.flush(2);
    expect(log.disk.pendingSyncs.map(({ path }) => path)).toEqual([expect.stringMatching(/incr/), '/2']);
    log.disk.completeSync(1);
    await nextTurn();
    expect(log.writer.syncedBytes).toBe(0);
    log.disk.completeSync();
    await nextTurn();
    expect(log.writer.syncedBytes).toBeLessThan(log.writer.holdRepliesUntil);
    log.disk.completeSync();
    await nextTurn();
    expect(log.writer.syncedBytes).toBe(log.writer.holdRepliesUntil);
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
  });

  test('changes nothing if the buffer cannot be written', () => {
    const log = createLog();
    log.disk.freeSpaceBytes = 0;
    append(log, 'a');
    const next = log.open('/2');
    expect(() => log.writer.rotate(next, 0, 0)).toThrow(
      expect.objectContaining({ code: 'AOF_WRITE_FAILED', reason: 'No space left on device', fileOffset: 0 }),
    );
    log.disk.freeSpaceBytes = 1000;
    log.writer.flush(1000);
    expect(log.text()).toBe(resp('SELECT', '0') + resp('INCR', 'a'));
    expect(log.text('/2')).toBe('');
  });

  test('goes on after what the new file holds already', () => {
    const log = createLog();
    const next = log.open('/2');
    next.write(Buffer.from('base'));
    log.writer.rotate(next, 4, 0);
    expect(log.writer.fileSize).toBe(4);
    log.disk.freeSpaceBytes = 3;
    append(log, 'a');
    log.writer.flush(1);
    expect(log.text('/2')).toBe('base');
  });
});

describe('close', () => {
  test('writes and syncs under any policy, before it returns', async () => {
    const log = createLog({ settings: { policy: 'no' } });
    append(log, 'a');
    const closed = log.writer.close(0);
    expect(log.operations()).toEqual([expect.stringMatching(/^write/), 'sync']);
    await closed;
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
    append(log, 'b');
    expect(log.writer.flush(1)).toBe('failed');
  });

  test('waits for syncs that run', async () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    append(log, 'a');
    log.writer.flush(1000);
    let isClosed = false;
    const closed = log.writer.close(1001).then(() => {
      isClosed = true;
    });
    await nextTurn();
    expect(isClosed).toBe(false);
    log.disk.completeSync();
    await closed;
  });

  test('rejects if something was not written', async () => {
    const log = createLog();
    log.disk.freeSpaceBytes = 0;
    append(log, 'a');
    await expect(log.writer.close(0)).rejects.toMatchObject({ code: 'AOF_WRITE_FAILED' });
  });

  test('rejects if a sync fails', async () => {
    const log = createLog();
    log.disk.inject({ operation: 'sync' });
    append(log, 'a');
    await expect(log.writer.close(0)).rejects.toMatchObject({ code: 'AOF_SYNC_FAILED', hint: /BGREWRITEAOF/ });
  });
});
