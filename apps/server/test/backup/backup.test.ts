/** BACKUP on a simulated disk: its states, what it refuses, and what a restored copy holds. */
import type { ConfigValues } from '@aof/config';
import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { DIR, generator, Rig } from '../rewrite/rig.ts';
import { Writes } from '../rewrite/writes.ts';
import { altered } from '../simulation/machine.ts';
import { restored, until } from './restoring.ts';

const LAYOUTS: readonly ConfigValues['aof-layout'][] = ['multi-part', 'single'];
const FOLDER = `${DIR}/backupdir`;

function newDisk(): SimDisk {
  const disk = new SimDisk({ seed: 5 });
  disk.makeDirectory(DIR);
  disk.settleAll();
  return disk;
}

async function statusOf(rig: Rig): Promise<Record<string, unknown>> {
  const reply = await rig.ask('backup', 'status');
  if (!Array.isArray(reply)) throw new Error('BACKUP STATUS answers a map');
  return Object.fromEntries(Array.from({ length: reply.length / 2 }, (_, i) => [reply[2 * i], reply[2 * i + 1]]));
}

async function started(rig: Rig): Promise<void> {
  expect(await rig.ask('backup', 'start')).toBe('OK');
  await until(rig, async () => (await statusOf(rig)).state === 'incrementing');
}

describe.each(LAYOUTS)('a backup, %s', (layout) => {
  test.each([false, true])(
    'has the data set of its seal, whatever is written before and after; base as RDB: %s',
    async (isRdb) => {
      const disk = newDisk();
      const config = { 'aof-layout': layout, 'aof-use-rdb-preamble': isRdb };
      const rig = await Rig.start(disk, config);
      const writes = new Writes(generator(3), 40);
      const write = async (count: number) => {
        for (let i = 0; i < count; i++) await rig.ask(...writes.next());
      };
      await write(60);
      expect(await statusOf(rig)).toEqual({ state: 'idle', error: '', start_time: '0', end_time: '0' });
      expect(rig.info('backup_in_progress')).toBe(0);
      await started(rig);
      expect(rig.info('backup_in_progress')).toBe(1);
      const pinned = (await rig.ask('backup', 'list')) as string[];
      expect(pinned.map((path) => path.replace(/\d+/, 'N'))).toEqual(
        layout === 'single' ? [] : [`${FOLDER}/appendonly.aof.N.base.${isRdb ? 'rdb' : 'aof'}`],
      );
      await write(60);
      const digest = rig.digest;
      expect(await rig.ask('backup', 'seal')).toBe('OK');
      const status = await statusOf(rig);
      expect(status).toMatchObject({ state: 'sealed', error: '' });
      expect(Number(status.end_time)).toBeGreaterThanOrEqual(Number(status.start_time));
      const files = (await rig.ask('backup', 'list')) as string[];
      expect(files.map((path) => disk.status(path)?.kind)).toEqual(files.map(() => 'file'));
      expect(files).toHaveLength(layout === 'single' ? 1 : 3);
      const sizes = files.map((path) => disk.status(path)?.size);
      await write(60);
      expect(await rig.ask('bgrewriteaof')).toMatch(/started/);
      await rig.rewritten();
      await write(20);
      expect(files.map((path) => disk.status(path)?.size)).toEqual(sizes);
      expect(rig.digest).not.toBe(digest);
      // Sealed means durable.
      const copy = restored(disk.afterCrash(1, 'only-synced'), FOLDER, layout);
      expect((await Rig.start(copy, config)).digest).toBe(digest);
      // The live log is what it was.
      expect((await Rig.start(disk.afterCrash(1, 'kill'), config)).digest).toBe(rig.digest);
      expect(await rig.ask('backup', 'cleanup')).toBe('OK');
      expect(disk.list(FOLDER)).toEqual([]);
      expect(await statusOf(rig)).toEqual({ state: 'idle', error: '', start_time: '0', end_time: '0' });
    },
  );

  test('goes without links and clones where the file system has none', async () => {
    const disk = newDisk();
    disk.canClone = false;
    disk.inject({ operation: 'link', code: 'EPERM', times: 100 });
    const rig = await Rig.start(disk, { 'aof-layout': layout });
    for (let i = 0; i < 50; i++) await rig.ask('set', `key:${i}`, 'x'.repeat(i * 100));
    await started(rig);
    await rig.ask('set', 'more', '1');
    expect(await rig.ask('backup', 'seal')).toBe('OK');
    const copy = restored(disk.afterCrash(1, 'only-synced'), FOLDER, layout);
    expect((await Rig.start(copy, { 'aof-layout': layout })).digest).toBe(rig.digest);
  });

  test.each([true, false])('takes along what vouches for its bytes; links: %s', async (canLink) => {
    const disk = newDisk();
    if (!canLink) {
      disk.canClone = false;
      disk.inject({ operation: 'link', code: 'EPERM', times: 100 });
    }
    const config = { 'aof-layout': layout, 'aof-checksums': true };
    const rig = await Rig.start(disk, config);
    for (let i = 0; i < 50; i++) await rig.ask('set', `key:${i}`, `value ${i} `.repeat(200));
    for (let second = 0; second < 3; second++) {
      rig.advance(1000);
      await rig.turn();
    }
    await started(rig);
    await rig.ask('set', 'more', '1');
    expect(await rig.ask('backup', 'seal')).toBe('OK');
    const digest = rig.digest;
    const files = (await rig.ask('backup', 'list')) as string[];
    const sums = files.filter((path) => path.endsWith('.crc64'));
    expect(sums.length).toBeGreaterThan(0);
    for (let i = 0; i < 50; i++) await rig.ask('set', `key:${i}`, 'other');
    rig.advance(2000);
    await rig.turn();
    const copy = () => restored(disk.afterCrash(1, 'only-synced'), FOLDER, layout);
    expect((await Rig.start(copy(), config)).digest).toBe(digest);
    const bare = copy();
    const folder = layout === 'single' ? DIR : `${DIR}/appendonlydir`;
    for (const name of bare.list(folder)) if (name.endsWith('.crc64')) bare.unlink(`${folder}/${name}`);
    expect((await Rig.start(bare, config)).digest).toBe(digest);
    // What they vouch for is known to be spoilt, although each record is whole.
    const spoilt = copy();
    const bytesOf = (name: string) => Buffer.from(spoilt.readFile(`${folder}/${name}`));
    const logs = spoilt.list(folder).filter((one) => spoilt.status(`${folder}/${one}`)?.kind === 'file');
    const name = logs.find((one) => bytesOf(one).includes('value 7')) ?? '';
    const bytes = bytesOf(name);
    bytes[bytes.indexOf('value 7')] = 0x56;
    const file = spoilt.open(`${folder}/${name}`, 'truncate');
    file.write(bytes);
    file.close();
    await expect(Rig.start(spoilt, config)).rejects.toMatchObject({ code: 'AOF_CHECKSUM_MISMATCH' });
    expect(await rig.ask('backup', 'cleanup')).toBe('OK');
    expect(disk.list(FOLDER)).toEqual([]);
  });

  test('says why it cannot be', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { 'aof-layout': layout });
    expect(await rig.ask('backup', 'seal')).toMatchObject({ message: 'ERR No backup ready to seal' });
    expect(await rig.ask('backup', 'abort')).toMatchObject({ message: 'ERR No backup in progress' });
    expect(await rig.ask('backup', 'cleanup')).toBe('OK');
    expect(await rig.ask('backup')).toMatchObject({ message: expect.stringMatching(/wrong number of arguments/) });
    disk.makeDirectory(FOLDER);
    disk.open(`${FOLDER}/mine`, 'truncate').close();
    expect(await rig.ask('backup', 'start')).toMatchObject({
      message: `ERR The backup directory is not empty: ${FOLDER}`,
    });
    disk.unlink(`${FOLDER}/mine`);
    await started(rig);
    expect(await rig.ask('backup', 'start')).toMatchObject({ message: 'ERR A backup is already in progress' });
    expect(await rig.ask('backup', 'cleanup')).toMatchObject({ message: expect.stringMatching(/in progress/) });
    expect(await rig.ask('backup', 'seal')).toBe('OK');
    expect(await rig.ask('backup', 'start')).toMatchObject({ message: expect.stringMatching(/BACKUP CLEANUP first/) });
    expect(await rig.ask('backup', 'abort')).toMatchObject({ message: 'ERR No backup in progress' });
  });

  test('is given up on request, and by the log being turned off', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { 'aof-layout': layout });
    await rig.ask('set', 'a', '1');
    await started(rig);
    expect(await rig.ask('backup', 'abort')).toBe('OK');
    expect(await statusOf(rig)).toMatchObject({ state: 'failed', error: 'aborted by user' });
    expect(disk.list(FOLDER)).toEqual([]);
    await started(rig);
    await rig.ask('config', 'set', 'appendonly', 'no');
    rig.advance(100);
    await until(rig, () => disk.list(FOLDER).length === 0);
    expect(await statusOf(rig)).toMatchObject({ state: 'failed', error: 'appendonly is stopped' });
    expect(await rig.ask('backup', 'start')).toMatchObject({
      message: expect.stringMatching(/There is no log to back up/),
    });
  });

  test('is kept for as long as it was said', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { 'aof-layout': layout });
    await started(rig);
    await rig.ask('backup', 'seal');
    rig.advance(60_000);
    await rig.turn();
    expect(await statusOf(rig)).toMatchObject({ state: 'sealed' });
    await rig.ask('config', 'set', 'backup-sealed-ttl', '90');
    rig.advance(20_000);
    await rig.turn();
    expect(await statusOf(rig)).toMatchObject({ state: 'sealed' });
    rig.advance(20_000);
    await until(rig, async () => (await statusOf(rig)).state === 'idle');
    expect(disk.list(FOLDER)).toEqual([]);
  });

  test('is found by the next server, sealed or not', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { 'aof-layout': layout });
    await rig.ask('set', 'a', '1');
    await started(rig);
    if (layout === 'multi-part') {
      const next = await Rig.start(disk.afterCrash(1, 'kill'), { 'aof-layout': layout });
      expect(await statusOf(next)).toMatchObject({ state: 'failed', error: expect.stringMatching(/ended before/) });
      expect(await next.ask('backup', 'start')).toMatchObject({ message: expect.stringMatching(/not empty/) });
      expect(await next.ask('backup', 'cleanup')).toBe('OK');
      await started(next);
    }
    await rig.ask('backup', 'seal');
    const files = await rig.ask('backup', 'list');
    const next = await Rig.start(disk.afterCrash(1, 'kill'), { 'aof-layout': layout });
    expect(await statusOf(next)).toMatchObject({ state: 'sealed', error: '' });
    expect(await next.ask('backup', 'list')).toEqual(files);
  });

  test('ends with the server, and leaves nothing', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { 'aof-layout': layout });
    await started(rig);
    await rig.engine.stop();
    expect(disk.list(FOLDER)).toEqual([]);
  });

  test('is none if its copy is damaged', async () => {
    const disk = newDisk();
    const spoilt = altered(disk, {
      readFile: (path: string) => disk.readFile(path),
      open: (path, mode) => {
        const file = disk.open(path, mode);
        if (mode !== 'read' || !path.startsWith(FOLDER)) return file;
        return altered(file, {
          readAsync: async (into, offset, length, position) => {
            const read = await file.readAsync(into, offset, length, position);
            if (read > 0) into[offset] = 0x3f;
            return read;
          },
        });
      },
    });
    const rig = await Rig.start(spoilt, { 'aof-layout': layout });
    await rig.ask('set', 'a', '1');
    await rig.ask('backup', 'start');
    for (let turns = 0; turns < 30; turns++) {
      rig.advance(100);
      await rig.turn();
    }
    if (layout === 'single')
      expect(await rig.ask('backup', 'seal')).toMatchObject({ message: expect.stringMatching(/cannot be loaded/) });
    expect(await statusOf(rig)).toMatchObject({ state: 'failed', error: expect.stringMatching(/cannot be loaded/) });
    await until(rig, () => disk.list(FOLDER).length === 0);
  });
});

test('a rewrite waits for the seal, unless it is needed to heal the log', async () => {
  const disk = newDisk();
  const rig = await Rig.start(disk, { 'aof-layout': 'multi-part' });
  await rig.ask('set', 'a', '1');
  await started(rig);
  const rewrites = rig.info('aof_rewrites');
  expect(await rig.ask('bgrewriteaof')).toMatch(/scheduled/);
  rig.advance(2000);
  await rig.turn();
  expect(rig.info('aof_rewrites')).toBe(rewrites);
  expect(await rig.ask('backup', 'seal')).toBe('OK');
  rig.advance(200);
  await rig.rewritten();
  expect(rig.info('aof_rewrites')).toBe(Number(rewrites) + 1);
});

test('a backup that is being sealed can be given up, and its seal is told so', async () => {
  const disk = newDisk();
  const rig = await Rig.start(disk, { 'aof-layout': 'multi-part' });
  await rig.ask('set', 'a', '1');
  await started(rig);
  disk.holdSyncs = true;
  const client = rig.connect();
  client.send(['backup', 'seal']);
  await rig.turn();
  expect(await statusOf(rig)).toMatchObject({ state: 'sealing' });
  const other = rig.connect();
  other.send(['backup', 'abort']);
  await until(rig, () => {
    for (let held = disk.pendingSyncs.length; held > 0; held--) disk.completeSync();
    return client.replies.length > 0 && other.replies.length > 0;
  });
  expect(client.replies).toMatchObject([{ message: 'ERR aborted by user' }]);
  expect(other.replies).toEqual(['OK']);
  expect(disk.list(FOLDER)).toEqual([]);
});

test('the log that a rewrite cannot make small fails the backup with it', async () => {
  const disk = newDisk();
  const rig = await Rig.start(disk, { 'aof-layout': 'multi-part' });
  disk.inject({ operation: 'open', path: /temp-rewriteaof/, code: 'ENOSPC', times: 5 });
  await rig.ask('backup', 'start');
  for (let turns = 0; turns < 20; turns++) {
    rig.advance(100);
    await rig.turn();
  }
  expect(await statusOf(rig)).toMatchObject({ state: 'failed', error: expect.stringMatching(/cannot be rewritten/) });
});

test('SEAL, ABORT and CLEANUP are refused in a transaction; START waits for its end', async () => {
  const rig = await Rig.start(newDisk(), { 'aof-layout': 'multi-part' });
  const client = rig.connect();
  client.send(['multi'], ['backup', 'start'], ['set', 'a', '1'], ['backup', 'seal'], ['exec']);
  await until(rig, () => client.replies.length === 5);
  expect(client.replies[4]).toMatchObject([
    'OK',
    'OK',
    { message: expect.stringMatching(/not allowed in transactions/) },
  ]);
  await until(rig, async () => (await statusOf(rig)).state === 'incrementing');
});
