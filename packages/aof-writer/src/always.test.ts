import type { DiskFile } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { createLog, type LogFixture, nextTurn } from '../test/writer-fixture.ts';

const blocking = { settings: { policy: 'always', alwaysMode: 'blocking' } } as const;
const background = { settings: { policy: 'always', alwaysMode: 'background' } } as const;

function append(log: LogFixture): void {
  log.writer.appendRecord(0, ['INCR', 'k']);
}

function mayReply(log: LogFixture): boolean {
  return log.writer.syncedBytes >= log.writer.holdRepliesUntil;
}

describe('always, blocking', () => {
  test('syncs after each write, before the flush returns', () => {
    const log = createLog(blocking);
    for (let i = 0; i < 3; i++) {
      append(log);
      append(log);
      expect(log.writer.flush(i)).toBe('written');
      expect(log.operations()).toEqual([expect.stringMatching(/^write/), 'sync']);
      expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
      expect(mayReply(log)).toBe(true);
    }
    expect(log.writer.flush(9)).toBe('clean');
    expect(log.operations()).toEqual([]);
  });

  test('a failed sync is fatal and nothing is promised any more', () => {
    const log = createLog(blocking);
    append(log);
    log.disk.inject({ operation: 'sync', code: 'EIO' });
    expect(log.writer.flush(0)).toBe('failed');
    expect(log.events).toEqual([
      ['syncFailed', 'Input/output error'],
      ['fatal', { operation: 'sync', reason: 'Input/output error' }],
    ]);
    expect(mayReply(log)).toBe(false);
    append(log);
    log.operations();
    expect(log.writer.flush(5000, true)).toBe('failed');
    expect(log.operations()).toEqual([]);
    expect(log.events).toHaveLength(2);
  });

  test('a failed write is fatal, after the file was cut back', () => {
    const log = createLog(blocking);
    append(log);
    log.writer.flush(0);
    const before = log.text();
    log.disk.freeSpaceBytes = 5;
    append(log);
    expect(log.writer.flush(1)).toBe('failed');
    expect(log.events.map(([name]) => name)).toEqual(['writeFailed', 'fatal']);
    expect(log.events[1]).toEqual(['fatal', { operation: 'write', reason: 'No space left on device' }]);
    expect(log.text()).toBe(before);
    expect(mayReply(log)).toBe(false);
  });
});

describe('always, in the background', () => {
  test('replies hold until the sync that began after their write; later writes share the next sync', async () => {
    const log = createLog(background);
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(0);
    const first = log.writer.appendedBytes;
    expect(log.writer.holdRepliesUntil).toBe(first);
    expect(mayReply(log)).toBe(false);
    append(log);
    log.writer.flush(1);
    append(log);
    log.writer.flush(2);
    const third = log.writer.appendedBytes;
    // The writes do not wait for the sync, and there is only one of it.
    expect(log.writer.writtenBytes).toBe(third);
    expect(log.disk.pendingSyncs).toHaveLength(1);
    log.disk.completeSync();
    await nextTurn();
    expect(log.synced).toEqual([first]);
    expect(log.disk.pendingSyncs).toHaveLength(1);
    expect(mayReply(log)).toBe(false);
    log.disk.completeSync();
    await nextTurn();
    expect(log.synced).toEqual([first, third]);
    expect(mayReply(log)).toBe(true);
    expect(log.disk.pendingSyncs).toHaveLength(0);
  });

  test('a tick that wrote nothing holds its replies too, for they may show what is not durable yet', () => {
    const log = createLog(background);
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(0);
    expect(log.writer.flush(1)).toBe('clean');
    expect(mayReply(log)).toBe(false);
  });

  test('a sync waits while more are about to come that will share it; the next flush asks again', () => {
    let isGathering = true;
    const log = createLog({ ...background, isGathering: () => isGathering });
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(0);
    expect(log.disk.pendingSyncs).toHaveLength(0);
    expect(mayReply(log)).toBe(false);
    isGathering = false;
    expect(log.writer.flush(1)).toBe('clean');
    expect(log.disk.pendingSyncs).toHaveLength(1);
  });

  test('a failed sync is fatal, and the replies that wait for it never leave', async () => {
    const log = createLog(background);
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(0);
    log.disk.failSync();
    await nextTurn();
    expect(log.events.map(([name]) => name)).toEqual(['syncFailed', 'fatal']);
    expect(mayReply(log)).toBe(false);
    expect(log.synced).toEqual([]);
  });
});

describe('always, adaptive', () => {
  function slowDisk(duration: { ms: number }, stopwatch: () => LogFixture['stopwatch']): (file: DiskFile) => DiskFile {
    const advance = (): void => {
      stopwatch().ms += duration.ms;
    };
    return (file) =>
      new Proxy(file, {
        get(target, name) {
          if (name === 'dataSyncNow') {
            return () => {
              advance();
              target.dataSyncNow();
            };
          }
          if (name === 'dataSync') {
            return async () => {
              await target.dataSync();
              advance();
            };
          }
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
  }

  test('blocks while syncs are fast, goes to the background when they become slow, and comes back', async () => {
    const duration = { ms: 0.1 };
    const log: LogFixture = createLog(
      { settings: { policy: 'always' } },
      undefined,
      slowDisk(duration, () => log.stopwatch),
    );
    const syncOfNextWrite = async (): Promise<string | undefined> => {
      append(log);
      log.writer.flush(0);
      await nextTurn();
      return log.operations().at(-1);
    };
    for (let i = 0; i < 20; i++) expect(await syncOfNextWrite()).toBe('sync');
    duration.ms = 12;
    const kinds: (string | undefined)[] = [];
    for (let i = 0; i < 20; i++) kinds.push(await syncOfNextWrite());
    // The average needs a few samples.
    expect(kinds.indexOf('background-sync')).toBeLessThan(5);
    expect(kinds.slice(5)).toEqual(Array(15).fill('background-sync'));
    duration.ms = 0.1;
    for (let i = 0; i < 64; i++) await syncOfNextWrite();
    for (let i = 0; i < 20; i++) expect(await syncOfNextWrite()).toBe('sync');
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
  });
});

describe('changing the policy', () => {
  test('to always syncs what was written before, and holds replies meanwhile', async () => {
    const log = createLog({ settings: { alwaysMode: 'background' } });
    append(log);
    log.writer.flush(0);
    log.disk.holdSyncs = true;
    log.writer.configure({ policy: 'always' });
    expect(mayReply(log)).toBe(false);
    log.disk.completeSync();
    await nextTurn();
    expect(mayReply(log)).toBe(true);
  });

  test('to always blocks for it if no sync runs', () => {
    const log = createLog({ settings: { alwaysMode: 'blocking' } });
    append(log);
    log.writer.flush(0);
    log.writer.configure({ policy: 'always' });
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
  });

  test('to always waits for the sync that runs, then syncs what it did not cover', async () => {
    const log = createLog({ settings: { alwaysMode: 'blocking' } });
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(1000);
    append(log);
    log.writer.flush(1001, true);
    log.operations();
    log.writer.configure({ policy: 'always' });
    expect(log.operations()).toEqual([]);
    expect(mayReply(log)).toBe(false);
    log.disk.completeSync();
    await nextTurn();
    expect(log.operations()).toEqual(['sync']);
    expect(mayReply(log)).toBe(true);
  });

  test('away from always still keeps what was promised', async () => {
    const log = createLog(background);
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(0);
    append(log);
    log.writer.flush(1);
    log.writer.configure({ policy: 'no' });
    log.disk.completeSync();
    await nextTurn();
    log.disk.completeSync();
    await nextTurn();
    expect(mayReply(log)).toBe(true);
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
  });

  test.each(['no', 'everysec'] as const)(
    'away from always to %s syncs what ran under it and is not written yet, and replies hold',
    async (policy) => {
      const log = createLog(background);
      log.disk.holdSyncs = true;
      append(log);
      log.writer.flush(0);
      append(log);
      const executed = log.writer.appendedBytes;
      log.writer.configure({ policy });
      expect(log.writer.holdRepliesUntil).toBe(executed);
      // A sync runs: everysec would put the write off.
      expect(log.writer.flush(1)).toBe('written');
      expect(mayReply(log)).toBe(false);
      // What comes now has been promised nothing.
      append(log);
      log.disk.completeSync();
      await nextTurn();
      expect(mayReply(log)).toBe(false);
      log.disk.completeSync();
      await nextTurn();
      expect(mayReply(log)).toBe(true);
      expect(log.writer.syncedBytes).toBe(executed);
      log.writer.flush(2);
      expect(log.disk.pendingSyncs).toHaveLength(0);
      expect(mayReply(log)).toBe(true);
    },
  );

  test('no-appendfsync-on-rewrite, turned on while a rewrite runs, holds only for what comes then', () => {
    const log = createLog({ ...blocking, isRewriting: () => true });
    append(log);
    const executed = log.writer.appendedBytes;
    log.writer.configure({ noFsyncOnRewrite: true });
    expect(log.writer.holdRepliesUntil).toBe(executed);
    log.writer.flush(0);
    expect(log.writer.syncedBytes).toBe(executed);
    append(log);
    log.operations();
    log.writer.flush(1);
    expect(log.operations()).toEqual([expect.stringMatching(/^write/)]);
    expect(mayReply(log)).toBe(true);
  });

  test('away from always and back before the flush promises no less', () => {
    const log = createLog(blocking);
    append(log);
    const executed = log.writer.appendedBytes;
    log.writer.configure({ policy: 'no' });
    log.writer.configure({ policy: 'always' });
    expect(log.writer.holdRepliesUntil).toBe(executed);
    expect(log.operations()).toEqual([]);
    log.writer.flush(0);
    expect(log.operations()).toEqual([expect.stringMatching(/^write/), 'sync']);
    expect(mayReply(log)).toBe(true);
  });

  test('away from always while a sync waits for others to share it: it begins all the same', async () => {
    let isGathering = true;
    const log = createLog({ ...background, isGathering: () => isGathering });
    append(log);
    log.writer.flush(0);
    expect(mayReply(log)).toBe(false);
    log.writer.configure({ policy: 'no' });
    isGathering = false;
    expect(log.writer.flush(1)).toBe('clean');
    await nextTurn();
    expect(mayReply(log)).toBe(true);
  });

  test('away from always on a disk that is full: replies hold until there is room', () => {
    const log = createLog(blocking);
    append(log);
    log.writer.configure({ policy: 'no' });
    log.disk.freeSpaceBytes = 0;
    expect(log.writer.flush(0)).toBe('failed');
    expect(mayReply(log)).toBe(false);
    log.disk.freeSpaceBytes = 1000;
    expect(log.writer.flush(1000)).toBe('written');
    expect(mayReply(log)).toBe(true);
    expect(log.events.map(([name]) => name)).toEqual(['writeFailed', 'writeRecovered']);
  });

  test('away from always does not make the failure of a promised sync harmless', async () => {
    const log = createLog(background);
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(0);
    log.writer.configure({ policy: 'everysec' });
    log.disk.failSync();
    await nextTurn();
    expect(log.events.map(([name]) => name)).toEqual(['syncFailed', 'fatal']);
  });

  test('to always is refused while writes fail: what clients were told could not be kept', () => {
    const log = createLog();
    log.disk.freeSpaceBytes = 0;
    append(log);
    log.writer.flush(0);
    expect(() => log.writer.configure({ policy: 'always' })).toThrow(
      expect.objectContaining({ code: 'AOF_WRITE_FAILED', reason: 'No space left on device' }),
    );
    expect(log.writer.settings.policy).toBe('everysec');
    log.disk.freeSpaceBytes = 1000;
    expect(log.writer.flush(1000)).toBe('written');
    log.writer.configure({ policy: 'always' });
    expect(log.events.some(([name]) => name === 'fatal')).toBe(false);
  });

  test('to always is refused after a failed sync, until a rewrite', async () => {
    const log = createLog();
    append(log);
    log.disk.inject({ operation: 'sync' });
    log.writer.flush(1000);
    await nextTurn();
    expect(() => log.writer.configure({ policy: 'always' })).toThrow(
      expect.objectContaining({ code: 'AOF_SYNC_FAILED', reason: 'Input/output error' }),
    );
    expect(log.writer.settings.policy).toBe('everysec');
    await log.writer.addSuccessor(log.open('/next'), 0);
    log.writer.nameSuccessor();
    log.writer.succeed();
    log.writer.configure({ policy: 'always' });
    append(log);
    expect(log.writer.flush(1001)).toBe('written');
    expect(mayReply(log)).toBe(true);
  });
});
