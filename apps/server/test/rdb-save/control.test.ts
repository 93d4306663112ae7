/** When snapshots are saved, and what INFO, the log and the clients hear about it. */
import type { ConfigValues } from '@aof/config';
import { describe, expect, test } from 'vitest';
import { DIR, Rig } from '../rewrite/rig.ts';
import { count, DUMP, errorOf, fill, NO_LOG, newDisk, saved } from './steps.ts';

const MISCONF = /^MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk\./;
const BUSY =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.";

const POINTS = { ...NO_LOG, save: [{ seconds: 10, changes: 3 }] };

async function rigWith(config: Partial<ConfigValues> = NO_LOG) {
  const disk = newDisk();
  return { disk, rig: await Rig.start(disk, config) };
}

describe('SAVE and BGSAVE', () => {
  test('leave a file that the next start loads', async () => {
    for (const command of ['SAVE', 'BGSAVE']) {
      const { disk, rig } = await rigWith();
      await fill(rig);
      expect(await rig.ask(command)).toBe(command === 'SAVE' ? 'OK' : 'Background saving started');
      await saved(rig);
      expect([...disk.contents().keys()]).toEqual([DUMP]);
      const again = await Rig.start(disk, NO_LOG);
      expect(again.digest).toBe(rig.digest);
      expect(again.info('rdb_last_load_keys_loaded')).toBe(rig.engine.keyspace.size);
      expect(again.info('rdb_changes_since_last_save')).toBe(0);
      expect(count(again, 'DB loaded from disk: ')).toBe(1);
    }
  });

  test('the header says that it is no base, and how many keys follow', async () => {
    const { disk, rig } = await rigWith();
    await rig.ask('SET', 'a', '1');
    await rig.ask('SET', 'b', '1', 'PX', '100000');
    await rig.ask('SAVE');
    const text = Buffer.from(disk.readFile(DUMP)).toString('latin1');
    expect(text).toMatch(/^REDIS0010/);
    expect(text).toContain('aof-base\xc0\x00');
    // And how much is to come: two keys in database 0, one of which expires.
    expect(text).toContain('\xfe\x00\xfb\x02\x01');
  });

  test('let replies leave before the slice of their turn', async () => {
    const { rig } = await rigWith();
    await fill(rig, 1000);
    await rig.ask('BGSAVE');
    const copied = () => Number(rig.info('current_save_keys_processed'));
    const client = rig.connect();
    client.isPutDown = true;
    let atReply: number | undefined;
    client.onReply = () => {
      atReply = copied();
    };
    let slices = 0;
    while (rig.engine.snapshotControl.isRunning) {
      const before = copied();
      client.send(['PING']);
      await rig.turn();
      if (before < copied()) slices++;
      expect(atReply).toBe(before);
    }
    expect(slices).toBeGreaterThan(2);
  });

  test('count, and say what they have done', async () => {
    const { rig } = await rigWith();
    await rig.ask('SET', 'a', '1');
    expect(rig.info('rdb_changes_since_last_save')).toBe(1);
    rig.nowMs += 5000;
    await rig.ask('SAVE');
    expect(await rig.ask('LASTSAVE')).toBe(Math.floor(rig.nowMs / 1000));
    await rig.ask('SET', 'b', '1');
    await rig.ask('BGSAVE');
    await rig.ask('SET', 'c', '1');
    await saved(rig);
    expect(rig.info('rdb_saves')).toBe(2);
    expect(rig.info('rdb_changes_since_last_save')).toBe(1);
    expect(rig.info('rdb_last_bgsave_status')).toBe('ok');
    expect(rig.info('rdb_last_bgsave_time_sec')).toBe(0);
    expect(rig.lines.slice(-3)).toEqual([
      `notice: Background saving started by pid ${process.pid}`,
      'notice: DB saved on disk',
      'notice: Background saving terminated with success',
    ]);
  });

  test('show how far they are, and refuse a second one', async () => {
    const { rig } = await rigWith();
    await fill(rig);
    await rig.ask('BGSAVE');
    await rig.turn();
    expect(rig.info('rdb_bgsave_in_progress')).toBe(1);
    expect(rig.info('rdb_current_bgsave_time_sec')).toBe(0);
    expect(rig.info('current_save_keys_total')).toBe(rig.engine.keyspace.size);
    expect(Number(rig.info('current_save_keys_processed'))).toBeGreaterThan(0);
    expect(Number(rig.info('current_fork_perc'))).toBeLessThan(100);
    for (const command of [['SAVE'], ['BGSAVE'], ['BGSAVE', 'SCHEDULE']])
      expect(errorOf(await rig.ask(...command))).toBe('ERR Background save already in progress');
    await saved(rig);
    expect(rig.info('rdb_bgsave_in_progress')).toBe(0);
    expect(rig.info('current_save_keys_total')).toBe(0);
  });

  test('a transaction is over before a background save begins', async () => {
    const { disk, rig } = await rigWith();
    const client = rig.connect();
    client.send(['MULTI'], ['SET', 'a', '1'], ['BGSAVE'], ['SET', 'b', '2'], ['EXEC']);
    await rig.turn();
    expect(client.replies.at(-1)).toEqual(['OK', 'Background saving scheduled', 'OK']);
    rig.advance(100);
    await saved(rig);
    expect((await Rig.start(disk, NO_LOG)).digest).toBe(rig.digest);
  });
});

describe('beside a rewrite', () => {
  test('BGSAVE is refused, or scheduled; SAVE goes ahead; and the rewrite ends well', async () => {
    const { disk, rig } = await rigWith({ appendonly: true });
    await fill(rig);
    await rig.ask('BGREWRITEAOF');
    for (let i = 0; i < 3; i++) await rig.turn();
    expect(rig.info('aof_rewrite_in_progress')).toBe(1);
    expect(errorOf(await rig.ask('BGSAVE'))).toBe(BUSY);
    expect(await rig.ask('BGSAVE', 'SCHEDULE')).toBe('Background saving scheduled');
    const before = rig.digest;
    expect(await rig.ask('SAVE')).toBe('OK');
    expect(rig.info('aof_rewrite_in_progress')).toBe(1);
    const dump = disk.readFile(DUMP);
    await rig.ask('SET', 'later', '1');
    await rig.rewritten();
    expect(rig.info('aof_last_bgrewrite_status')).toBe('ok');
    rig.advance(100);
    expect(rig.info('rdb_bgsave_in_progress')).toBe(1);
    await saved(rig);
    expect(rig.info('rdb_saves')).toBe(2);
    expect((await Rig.start(disk, { appendonly: true })).digest).toBe(rig.digest);
    expect((await Rig.start(disk, NO_LOG)).digest).toBe(rig.digest);
    const older = newDisk();
    older.open(DUMP, 'truncate').write(dump);
    expect((await Rig.start(older, NO_LOG)).digest).toBe(before);
  });

  test('BGREWRITEAOF waits for a background save, and so does turning the log on', async () => {
    const { disk, rig } = await rigWith();
    await fill(rig);
    await rig.ask('BGSAVE');
    expect(await rig.ask('BGREWRITEAOF')).toBe('Background append only file rewriting scheduled');
    expect(await rig.ask('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
    expect(count(rig, 'AOF was enabled but there is already another background operation.')).toBe(1);
    rig.advance(100);
    expect(rig.info('aof_rewrite_in_progress')).toBe(0);
    await saved(rig);
    rig.advance(100);
    expect(rig.info('aof_rewrite_in_progress')).toBe(1);
    await rig.rewritten();
    expect((await Rig.start(disk, { appendonly: true })).digest).toBe(rig.digest);
  });
});

describe('save points', () => {
  test('save after so many seconds with so many changes, and not before', async () => {
    const { rig } = await rigWith(POINTS);
    await rig.ask('MSET', 'a', '1', 'b', '2');
    rig.advance(30_000);
    await rig.turn();
    expect(rig.info('rdb_saves')).toBe(0);
    await rig.ask('SET', 'c', '3');
    rig.advance(100);
    await saved(rig);
    expect(rig.info('rdb_saves')).toBe(1);
    expect(count(rig, '3 changes in 10 seconds. Saving...')).toBe(1);
    await rig.ask('MSET', 'a', '1', 'b', '2', 'c', '3', 'd', '4');
    rig.advance(9_000);
    expect(rig.info('rdb_saves')).toBe(1);
    rig.advance(2_000);
    expect(rig.info('rdb_saves')).toBe(2);
  });

  test('can be changed while the server runs', async () => {
    const { rig } = await rigWith();
    expect(await rig.ask('CONFIG', 'GET', 'save')).toEqual(['save', '']);
    await rig.ask('SET', 'a', '1');
    rig.advance(5_000);
    expect(rig.info('rdb_saves')).toBe(0);
    await rig.ask('CONFIG', 'SET', 'save', '900 100 3 1');
    expect(await rig.ask('CONFIG', 'GET', 'save')).toEqual(['save', '900 100 3 1']);
    rig.advance(100);
    expect(rig.info('rdb_saves')).toBe(1);
  });
});

describe('a save that fails', () => {
  test.each(['open', 'write', 'sync', 'rename', 'sync-directory'] as const)(
    '%s: writes are refused until one succeeds',
    async (operation) => {
      const { disk, rig } = await rigWith(POINTS);
      await rig.ask('SET', 'a', '1');
      await rig.ask('SAVE');
      const old = disk.readFile(DUMP);
      await rig.ask('SET', 'b', '2');
      const stop = disk.inject({ operation, path: /rdb|^\/var$/, code: 'ENOSPC', times: 1000 });
      expect(await rig.ask('BGSAVE')).toBe('Background saving started');
      await saved(rig);
      expect(rig.info('rdb_last_bgsave_status')).toBe('err');
      expect(count(rig, 'No space left on device')).toBe(1);
      expect(count(rig, 'Background saving error')).toBe(1);
      expect([...disk.contents().keys()]).toEqual([DUMP]);
      // The new file is in its place already where only the folder could not be synced.
      if (operation !== 'sync-directory') expect(disk.readFile(DUMP)).toEqual(old);
      for (const refused of [['SET', 'c', '3'], ['PING']]) expect(errorOf(await rig.ask(...refused))).toMatch(MISCONF);
      expect(await rig.ask('GET', 'b')).toBe('2');
      expect(errorOf(await rig.ask('SAVE'))).toBe('ERR');
      stop();
      await rig.ask('BGSAVE');
      await saved(rig);
      expect(rig.info('rdb_last_bgsave_status')).toBe('ok');
      expect(await rig.ask('SET', 'c', '3')).toBe('OK');
    },
  );

  test('does so only with save points and stop-writes-on-bgsave-error', async () => {
    const { disk, rig } = await rigWith(POINTS);
    disk.inject({ operation: 'rename', path: /rdb/ });
    await rig.ask('BGSAVE');
    await saved(rig);
    expect(errorOf(await rig.ask('SET', 'a', '1'))).toMatch(MISCONF);
    await rig.ask('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
    expect(await rig.ask('SET', 'a', '1')).toBe('OK');
    await rig.ask('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes');
    expect(errorOf(await rig.ask('SET', 'a', '1'))).toMatch(MISCONF);
    await rig.ask('CONFIG', 'SET', 'save', '');
    expect(await rig.ask('SET', 'a', '1')).toBe('OK');
  });

  test('is tried again after 5 seconds, not before; on a full disk the log recovers too', async () => {
    const { disk, rig } = await rigWith({ appendonly: true, save: POINTS.save });
    await rig.ask('MSET', 'a', '1', 'b', '2', 'c', '3');
    disk.freeSpaceBytes = 20;
    rig.advance(11_100);
    await saved(rig);
    expect(rig.info('rdb_saves')).toBe(1);
    expect(rig.info('rdb_last_bgsave_status')).toBe('err');
    rig.advance(4_900);
    expect(rig.info('rdb_saves')).toBe(1);
    disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
    rig.advance(1_200);
    await saved(rig);
    expect(rig.info('rdb_saves')).toBe(2);
    expect(rig.info('rdb_last_bgsave_status')).toBe('ok');
    expect(await rig.ask('SET', 'd', '4')).toBe('OK');
  });
});

describe('FLUSHALL', () => {
  test('with save points leaves an empty snapshot at once, and ends a background save', async () => {
    const { disk, rig } = await rigWith(POINTS);
    await fill(rig);
    await rig.ask('SAVE');
    await rig.ask('BGSAVE');
    await rig.turn();
    await rig.ask('FLUSHALL');
    expect(rig.info('rdb_changes_since_last_save')).toBe(0);
    await saved(rig);
    expect(count(rig, 'Background saving terminated on purpose')).toBe(1);
    expect(rig.info('rdb_last_bgsave_status')).toBe('ok');
    expect(rig.info('rdb_saves')).toBe(2);
    expect((await Rig.start(disk, NO_LOG)).engine.keyspace.size).toBe(0);
  });

  test('without save points it leaves the snapshot as it is', async () => {
    const { disk, rig } = await rigWith();
    await rig.ask('SET', 'a', '1');
    await rig.ask('SAVE');
    await rig.ask('FLUSHALL');
    expect((await Rig.start(disk, NO_LOG)).engine.keyspace.size).toBe(1);
  });

  test('in a transaction is not saved before the transaction is over', async () => {
    const { disk, rig } = await rigWith(POINTS);
    await rig.ask('SET', 'a', '1');
    await rig.ask('SAVE');
    const client = rig.connect();
    client.send(['MULTI'], ['FLUSHALL'], ['SET', 'b', '2'], ['EXEC']);
    await rig.turn();
    expect(rig.info('rdb_changes_since_last_save')).toBe(2);
    rig.advance(100);
    await saved(rig);
    expect((await Rig.start(disk, NO_LOG)).digest).toBe(rig.digest);
  });

  test('that a log brings is not saved while it loads', async () => {
    const { disk, rig } = await rigWith({ appendonly: true, save: POINTS.save });
    await rig.ask('SET', 'a', '1');
    await rig.ask('FLUSHALL');
    await rig.ask('SET', 'b', '1');
    await rig.ask('SAVE');
    const before = disk.readFile(DUMP);
    const again = await Rig.start(disk, { appendonly: true, save: POINTS.save });
    expect(again.engine.keyspace.size).toBe(1);
    expect(disk.readFile(DUMP)).toEqual(before);
  });
});

test('no-appendfsync-on-rewrite holds for background saves too', async () => {
  const { disk, rig } = await rigWith({ appendonly: true, 'no-appendfsync-on-rewrite': true, appendfsync: 'always' });
  await fill(rig);
  await rig.ask('BGSAVE');
  const syncs = () => disk.trace.filter((line) => /sync.*appendonly/.test(line)).length;
  const before = syncs();
  const client = rig.connect();
  client.send(['SET', 'a', '1']);
  await rig.turn();
  expect(rig.info('rdb_bgsave_in_progress')).toBe(1);
  expect(syncs()).toBe(before);
  await saved(rig);
  await rig.ask('SET', 'a', '2');
  expect(syncs()).toBeGreaterThan(before);
});

test('leftovers of interrupted saves are removed at the start, and nothing else', async () => {
  const disk = newDisk();
  for (const name of ['temp-12.rdb', 'temp-bg-345.rdb', 'temp-mine.rdb', 'other.rdb'])
    disk.open(`${DIR}/${name}`, 'truncate');
  await Rig.start(disk, NO_LOG);
  expect([...disk.contents().keys()].sort()).toEqual([`${DIR}/other.rdb`, `${DIR}/temp-mine.rdb`]);
});
