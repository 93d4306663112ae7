import { describe, expect, test } from 'vitest';
import { createLog, type LogFixture, nextTurn } from '../test/writer-fixture.ts';

function append(log: LogFixture, count = 1): void {
  for (let i = 0; i < count; i++) log.writer.appendRecord(0, ['INCR', 'k']);
}

describe('everysec', () => {
  test('writes once per flush and begins a sync a second after the last one began', async () => {
    const log = createLog();
    append(log, 3);
    expect(log.writer.flush(999)).toBe('written');
    expect(log.operations()).toEqual([expect.stringMatching(/^write/)]);
    expect(log.writer.syncedBytes).toBe(0);
    append(log);
    expect(log.writer.flush(1000)).toBe('written');
    expect(log.operations()).toEqual([expect.stringMatching(/^write/), 'background-sync']);
    await nextTurn();
    expect(log.synced).toEqual([log.writer.appendedBytes]);
    append(log);
    log.writer.flush(1999);
    expect(log.operations()).toEqual([expect.stringMatching(/^write/)]);
    append(log);
    log.writer.flush(2000);
    expect(log.operations()).toEqual([expect.stringMatching(/^write/), 'background-sync']);
  });

  test('never holds replies', () => {
    const log = createLog();
    append(log);
    log.writer.flush(1000);
    expect(log.writer.holdRepliesUntil).toBe(0);
  });

  test('syncs what was written before silence, with an empty buffer, once', async () => {
    const log = createLog();
    append(log);
    log.writer.flush(500);
    log.operations();
    expect(log.writer.flush(900)).toBe('clean');
    expect(log.operations()).toEqual([]);
    expect(log.writer.flush(1000)).toBe('clean');
    expect(log.operations()).toEqual(['background-sync']);
    await nextTurn();
    expect(log.writer.flush(5000)).toBe('clean');
    expect(log.operations()).toEqual([]);
  });

  test('postpones the write while a sync runs, and makes it when the sync has ended', async () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(1000);
    const before = log.writer.writtenBytes;
    append(log);
    expect(log.writer.flush(1001)).toBe('postponed');
    expect(log.writer.flush(2900)).toBe('postponed');
    expect([log.writer.writtenBytes, log.writer.pendingSyncs]).toEqual([before, 1]);
    expect(log.writer.bufferedBytes).toBeGreaterThan(0);
    log.disk.completeSync();
    await nextTurn();
    expect(log.writer.flush(2950)).toBe('written');
    expect([log.writer.bufferedBytes, log.writer.delayedSyncCount]).toEqual([0, 0]);
    expect(log.events).toEqual([]);
  });

  test('writes anyway after two seconds, counts it and says so; no second sync while one runs', async () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(1000);
    append(log);
    expect(log.writer.flush(1500)).toBe('postponed');
    expect(log.writer.flush(3499)).toBe('postponed');
    log.operations();
    expect(log.writer.flush(3500)).toBe('written');
    expect(log.operations()).toEqual([expect.stringMatching(/^write/)]);
    expect(log.events).toEqual([['syncDelayed']]);
    expect([log.writer.delayedSyncCount, log.writer.pendingSyncs]).toEqual([1, 1]);
    // The skipped sync has restarted the second.
    log.disk.completeSync();
    await nextTurn();
    log.writer.flush(4499);
    expect(log.operations()).toEqual([]);
    log.writer.flush(4500);
    expect(log.operations()).toEqual(['background-sync']);
  });

  test('counts the two seconds of a later postponement anew', async () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(1000);
    append(log);
    log.writer.flush(1100);
    log.disk.completeSync();
    await nextTurn();
    log.writer.flush(2500);
    append(log);
    expect(log.writer.flush(3400)).toBe('postponed');
    expect(log.writer.delayedSyncCount).toBe(0);
  });

  test('a forced flush does not wait for the sync', () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(1000);
    append(log);
    expect(log.writer.flush(1001, true)).toBe('written');
    expect(log.events).toEqual([]);
  });

  test('a sync counts only what was written before it began', async () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(1000);
    const before = log.writer.writtenBytes;
    append(log);
    log.writer.flush(1001, true);
    log.disk.completeSync();
    await nextTurn();
    expect(log.synced).toEqual([before]);
    expect(log.writer.syncedBytes).toBeLessThan(log.writer.writtenBytes);
  });
});

describe('no', () => {
  test('never syncs and never postpones', () => {
    const log = createLog({ settings: { policy: 'no' } });
    for (const at of [0, 2000, 4000]) {
      append(log);
      expect(log.writer.flush(at)).toBe('written');
    }
    log.writer.flush(9000);
    expect(log.operations().filter((operation) => operation.includes('sync'))).toEqual([]);
  });
});

describe('no-appendfsync-on-rewrite', () => {
  test('suspends the sync of any policy while a rewrite runs, and no longer', async () => {
    let isRewriting = true;
    for (const policy of ['everysec', 'always'] as const) {
      isRewriting = true;
      const settings = { policy, noFsyncOnRewrite: true };
      const log = createLog({ settings, isRewriting: () => isRewriting });
      append(log);
      expect(log.writer.flush(2000)).toBe('written');
      expect(log.operations().filter((operation) => operation.includes('sync'))).toEqual([]);
      expect(log.writer.holdRepliesUntil).toBe(0);
      isRewriting = false;
      log.writer.flush(2100);
      await nextTurn();
      expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
    }
  });

  test('is off by default', () => {
    const log = createLog({ isRewriting: () => true });
    append(log);
    log.writer.flush(1000);
    expect(log.operations()).toContain('background-sync');
  });
});
