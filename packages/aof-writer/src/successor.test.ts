/** The end of a rewrite of the single-file layout: two files get the same records, until the new one takes the old one's place. */
import { VouchedFile } from '@aof/aof-files';
import { encodeCommand } from '@aof/resp-codec';
import { describe, expect, test } from 'vitest';
import { createLog, LOG_PATH, type LogFixture, nextTurn } from '../test/writer-fixture.ts';

const resp = (...record: string[]): string => Buffer.from(encodeCommand(record)).toString('latin1');
const INCR = resp('INCR', 'a');
const ALWAYS = { policy: 'always', alwaysMode: 'background' } as const;

function append(log: LogFixture, key = 'a'): void {
  log.writer.appendRecord(0, ['INCR', key]);
}

/** With `base` in it, for everything that was appended so far. */
function addSuccessor(log: LogFixture, base = ''): Promise<void> {
  const file = log.open('/2');
  if (base !== '') file.write(Buffer.from(base));
  return log.writer.addSuccessor(file, base.length);
}

function held(log: LogFixture): string[] {
  return log.disk.pendingSyncs.map(({ path }) => path);
}

/** Ends all syncs that are held, but not those that begin because of it. */
async function completeSyncs(log: LogFixture): Promise<void> {
  for (let count = log.disk.pendingSyncs.length; count > 0; count--) log.disk.completeSync();
  await nextTurn();
}

describe('a successor', () => {
  test('gets what comes behind what it holds already, and then is the log alone', async () => {
    const log = createLog();
    let rewriteBuffer = '';
    append(log, 'a');
    log.writer.startRewriteBuffer({
      append: (bytes, start, end) => {
        rewriteBuffer += Buffer.from(bytes.subarray(start, end)).toString('latin1');
      },
    });
    append(log, 'b');
    log.writer.flush(0);
    append(log, 'c');
    log.writer.settle();
    log.writer.stopRewriteBuffer();
    await addSuccessor(log, rewriteBuffer);
    append(log, 'd');
    log.writer.flush(1);
    log.writer.nameSuccessor();
    append(log, 'e');
    log.writer.flush(2);
    log.writer.succeed();
    append(log, 'f');
    log.writer.flush(3);
    const [select, b, c, d, e, f] = [resp('SELECT', '0'), ...['b', 'c', 'd', 'e', 'f'].map((key) => resp('INCR', key))];
    expect(rewriteBuffer).toBe([select, b, c].join(''));
    expect(log.text()).toBe([select, INCR, select, b, c, d, e].join(''));
    expect(log.text('/2')).toBe([select, b, c, d, e, f].join(''));
    expect(log.writer.bufferedBytes).toBe(0);
    expect(log.writer.fileSize).toBe(log.text('/2').length);
    expect(log.writer.writtenBytes).toBe(log.writer.appendedBytes);
  });

  test('is synced at once, as a whole, whatever the policy; nothing else is synced for it', async () => {
    const log = createLog({ settings: { policy: 'no' } });
    append(log);
    log.writer.flush(0);
    log.operations();
    log.disk.holdSyncs = true;
    let hasEnded = false;
    const synced = addSuccessor(log).then(() => {
      hasEnded = true;
    });
    await nextTurn();
    expect(hasEnded).toBe(false);
    expect(held(log)).toEqual(['/2']);
    log.disk.completeSync();
    await synced;
    expect(log.writer.successorFailure).toBeUndefined();
    expect(log.operations().filter((operation) => operation.includes('sync'))).toEqual(['background-sync /2']);
  });

  test('has the log’s size and path from when it has the name', async () => {
    const log = createLog();
    append(log);
    log.writer.flush(0);
    await addSuccessor(log, 'base');
    expect([log.writer.file.path, log.writer.fileSize]).toEqual([LOG_PATH, log.text().length]);
    log.writer.nameSuccessor();
    expect([log.writer.file.path, log.writer.fileSize]).toEqual(['/2', 4]);
  });
});

describe('under always', () => {
  test('replies hold for both files, before and after the name; nothing blocks', async () => {
    const log = createLog({ settings: { policy: 'always', alwaysMode: 'blocking' } });
    log.disk.holdSyncs = true;
    append(log);
    log.writer.flush(0);
    const before = log.writer.syncedBytes;
    expect(before).toBe(log.writer.appendedBytes);
    void addSuccessor(log); // never rejects
    for (const isNamed of [false, true]) {
      if (isNamed) log.writer.nameSuccessor();
      for (const first of [LOG_PATH, '/2']) {
        await completeSyncs(log);
        const until = log.writer.syncedBytes;
        append(log);
        log.writer.flush(1);
        expect(held(log).toSorted()).toEqual(['/2', LOG_PATH]);
        log.disk.completeSync(held(log).indexOf(first));
        await nextTurn();
        expect(log.writer.syncedBytes).toBe(until);
        await completeSyncs(log);
        expect(log.writer.syncedBytes).toBe(log.writer.holdRepliesUntil);
        expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
      }
    }
    expect(log.operations().filter((operation) => operation === 'sync')).toHaveLength(1);
  });

  test('replies hold for the first sync of the new file, which nothing proves durable before', async () => {
    const log = createLog({ settings: ALWAYS });
    log.disk.holdSyncs = true;
    void addSuccessor(log); // never rejects
    append(log);
    log.writer.flush(0);
    expect(held(log)).toEqual(['/2', LOG_PATH]);
    log.disk.completeSync(1);
    await nextTurn();
    expect(log.writer.syncedBytes).toBe(0);
    // It covers what was written before it began; the record came later.
    log.disk.completeSync();
    await nextTurn();
    expect(log.writer.syncedBytes).toBe(0);
    expect(held(log)).toEqual(['/2']);
    await completeSyncs(log);
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
  });

  test('once the old file is let go, its sync is not waited for', async () => {
    const log = createLog({ settings: ALWAYS });
    log.disk.holdSyncs = true;
    const synced = addSuccessor(log);
    log.disk.completeSync();
    await synced;
    log.writer.nameSuccessor();
    append(log);
    log.writer.flush(0);
    log.disk.completeSync(held(log).indexOf('/2'));
    await nextTurn();
    expect(log.synced).toEqual([]);
    log.writer.succeed();
    expect(log.synced).toEqual([log.writer.appendedBytes]);
    log.disk.failSync();
    await nextTurn();
    expect(log.events).toEqual([]);
    expect(log.writer.pendingSyncs).toBe(0);
  });
});

describe('under everysec', () => {
  test('both are synced a second after the last sync; one that is slow holds up none of the other', async () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    void addSuccessor(log); // never rejects
    await completeSyncs(log);
    append(log);
    log.writer.flush(1000);
    expect(held(log)).toEqual([LOG_PATH, '/2']);
    log.disk.completeSync();
    await nextTurn();
    append(log);
    // Postponed for the sync of one of the two, but not for ever.
    expect(log.writer.flush(2000)).toBe('postponed');
    expect(log.writer.flush(4000)).toBe('written');
    expect(held(log)).toEqual(['/2', LOG_PATH]);
    expect(log.writer.syncedBytes).toBe(0);
  });

  test('a failed sync of the old file refuses writes until the new one has taken its place', async () => {
    const log = createLog();
    await addSuccessor(log);
    append(log);
    log.disk.inject({ operation: 'sync', path: /incr/ });
    log.writer.flush(1000);
    await nextTurn();
    log.writer.nameSuccessor();
    expect(log.writer.writeError).toBe('Input/output error');
    log.writer.succeed();
    expect(log.writer.writeError).toBeUndefined();
    expect(log.events.map(([name]) => name)).toEqual(['syncFailed', 'syncRecovered']);
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
  });
});

describe('a new file that the disk refuses', () => {
  test.each([
    ['write', 'AOF_WRITE_FAILED'],
    ['sync', 'AOF_SYNC_FAILED'],
  ] as const)('before it has the name: %s fails, it is given up and nothing is wrong', async (operation, code) => {
    const log = createLog({ settings: ALWAYS });
    await addSuccessor(log);
    append(log);
    log.disk.inject({ operation, path: /2/ });
    expect(log.writer.flush(0)).toBe('written');
    await nextTurn();
    expect(log.writer.successorFailure).toMatchObject({ code, reason: 'Input/output error', path: '/2' });
    expect(log.writer.writeError).toBeUndefined();
    expect(log.events).toEqual([]);
    append(log);
    log.writer.flush(1);
    await nextTurn();
    expect(log.text()).toBe(resp('SELECT', '0') + INCR + INCR);
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
    expect(log.writer.bufferedBytes).toBe(0);
  });

  test('the first sync fails: whoever waits for it is told', async () => {
    const log = createLog();
    log.disk.inject({ operation: 'sync', path: /2/ });
    await addSuccessor(log);
    expect(log.writer.successorFailure).toMatchObject({ code: 'AOF_SYNC_FAILED' });
    expect(log.writer.lastWriteStatus).toBe('ok');
  });

  test.each(['write', 'sync'] as const)('with the name, it is the log: %s', async (operation) => {
    const log = createLog({ settings: ALWAYS });
    await addSuccessor(log);
    log.writer.nameSuccessor();
    append(log);
    log.disk.inject({ operation, path: /2/ });
    log.writer.flush(0);
    await nextTurn();
    expect(log.events.at(-1)).toEqual(['fatal', { operation, reason: 'Input/output error' }]);
    expect(log.writer.holdRepliesUntil).toBe(Number.POSITIVE_INFINITY);
  });

  test('with the name, under everysec: each file gets what it has not got, once, when the disk takes it', async () => {
    const log = createLog();
    await addSuccessor(log, 'base');
    log.writer.nameSuccessor();
    append(log, 'a');
    log.disk.inject({ operation: 'write', path: /2/, maxBytes: 7 });
    log.disk.inject({ operation: 'write', path: /2/ });
    expect(log.writer.flush(0)).toBe('failed');
    expect(log.text('/2')).toBe('base');
    expect(log.writer.writeError).toBe('Input/output error');
    append(log, 'b');
    log.disk.inject({ operation: 'write', path: /incr/, maxBytes: 3 });
    log.disk.inject({ operation: 'write', path: /incr/ });
    log.disk.inject({ operation: 'truncate', path: /incr/ });
    expect(log.writer.flush(1000)).toBe('failed');
    const records = resp('SELECT', '0') + INCR + resp('INCR', 'b');
    expect(log.text('/2')).toBe(`base${records}`);
    expect(log.text()).toBe(records.slice(0, -resp('INCR', 'b').length + 3));
    await nextTurn();
    expect(log.writer.flush(2000)).toBe('written');
    expect([log.text(), log.text('/2')]).toEqual([records, `base${records}`]);
    expect(log.writer.bufferedBytes).toBe(0);
    expect(log.events.at(-1)).toEqual(['writeRecovered']);
  });
});

describe('an old file that the disk refuses', () => {
  test('what it has not got is dropped when the new one takes its place', async () => {
    const log = createLog();
    log.disk.inject({ operation: 'write', path: /incr/, code: 'ENOSPC', times: 3 });
    append(log);
    log.writer.flush(0);
    await addSuccessor(log, 'base');
    append(log, 'b');
    // Not tried again before a second is over, and so not written to the new file either.
    expect(log.writer.flush(1)).toBe('failed');
    expect(log.writer.flush(1000)).toBe('failed');
    expect(log.text('/2')).toBe(`base${resp('INCR', 'b')}`);
    append(log, 'c');
    expect(log.writer.flush(1001)).toBe('failed');
    log.writer.nameSuccessor();
    log.writer.succeed();
    await nextTurn();
    expect(log.writer.flush(1002)).toBe('written');
    expect(log.text('/2')).toBe(`base${resp('INCR', 'b')}${resp('INCR', 'c')}`);
    expect(log.text()).toBe('');
    expect([log.writer.bufferedBytes, log.writer.lastWriteStatus]).toEqual([0, 'ok']);
    expect(log.events.map(([name]) => name)).toEqual(['writeFailed', 'writeRecovered']);
  });

  test('a failed write of before is healed, and told', async () => {
    const log = createLog();
    log.disk.freeSpaceBytes = 0;
    append(log);
    log.writer.flush(0);
    await addSuccessor(log);
    log.writer.nameSuccessor();
    log.writer.succeed();
    expect(log.writer.lastWriteStatus).toBe('ok');
    expect(log.events.map(([name]) => name)).toEqual(['writeFailed', 'writeRecovered']);
    expect(log.synced).toEqual([log.writer.appendedBytes]);
    expect(log.writer.flush(1)).toBe('clean');
  });
});

describe('close', () => {
  test('without the name, the new file is dropped', async () => {
    const log = createLog();
    log.disk.holdSyncs = true;
    const synced = addSuccessor(log);
    append(log);
    const closed = log.writer.close(0);
    expect(log.operations().slice(-2)).toEqual([expect.stringMatching(/^write \d/), 'sync']);
    await synced;
    expect(log.writer.successorFailure).toMatchObject({ reason: 'the writer was closed' });
    log.disk.completeSync();
    await closed;
    expect(log.text('/2')).toBe('');
  });

  test('with the name, both get everything and are durable', async () => {
    const log = createLog({ settings: { policy: 'no' } });
    await addSuccessor(log);
    log.writer.nameSuccessor();
    append(log);
    await log.writer.close(0);
    log.writer.succeed();
    log.writer.dropSuccessor();
    const after = log.disk.afterCrash(1, 'only-synced').contents();
    const durable = [LOG_PATH, '/2'].map((path) => Buffer.from(after.get(path) ?? []).toString('latin1'));
    expect(durable[0]).toBe(resp('SELECT', '0') + INCR);
    // Its name is not synced here.
    expect(durable[1]).toBe('');
    expect(log.operations().filter((operation) => operation.startsWith('sync'))).toEqual(['sync', 'sync /2']);
    expect(log.writer.syncedBytes).toBe(log.writer.appendedBytes);
  });
});

test('one that is dropped is not written to any more', async () => {
  const log = createLog();
  await addSuccessor(log);
  append(log);
  log.writer.flush(0);
  log.writer.dropSuccessor();
  append(log);
  log.writer.flush(1);
  expect(log.text()).toBe(log.text('/2') + INCR);
  await addSuccessor(log);
  expect(log.writer.successorFailure).toBeUndefined();
});

test('one that is dropped vouches for nothing under its name, which may be another file’s when its sync ends', async () => {
  const log = createLog();
  log.disk.holdSyncs = true;
  const file = new VouchedFile(log.disk, log.open('/2'), { isOn: true, onFailure: () => undefined, spacingBytes: 1 });
  file.write(Buffer.from('base'));
  const synced = log.writer.addSuccessor(file, 4);
  log.writer.dropSuccessor();
  await synced;
  log.disk.unlink('/2');
  log.open('/2').write(Buffer.from('another base'));
  log.disk.completeSync();
  await nextTurn();
  expect([...log.disk.contents().keys()]).toEqual(['/2', LOG_PATH]);
});
