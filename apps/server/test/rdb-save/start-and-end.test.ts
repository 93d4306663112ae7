/** What is loaded at the start, when a start is refused, and what SHUTDOWN, closing and DEBUG RELOAD leave behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadError } from '@aof/loader';
import { describe, expect, test } from 'vitest';
import { AofServer, createServer } from '../../src/index.ts';
import { EmptyStartError } from '../../src/start-snapshot.ts';
import { spawnAof, temporaryFolder } from '../end-to-end/programs.ts';
import { DIR, Rig } from '../rewrite/rig.ts';
import { count, DUMP, errorOf, fill, NO_LOG, newDisk, saved } from './steps.ts';

const WITH_LOG = { appendonly: true } as const;
const POINTS = { save: [{ seconds: 900, changes: 1 }] };
const REFUSED = 'ERR Errors trying to SHUTDOWN. Check logs.';

/** A disk with a snapshot on it and no log. */
async function diskWithDump() {
  const disk = newDisk();
  const rig = await Rig.start(disk, NO_LOG);
  await fill(rig, 10);
  await rig.ask('SET', 'short', 'lived', 'PX', '5000');
  await rig.ask('RPUSH', 'brief', ...Array.from({ length: 5000 }, (_, i) => `${i}`));
  await rig.ask('PEXPIRE', 'brief', '5000');
  await rig.ask('SAVE');
  return { disk, rig };
}

describe('the start', () => {
  test('leaves out what has expired, parts of large values included', async () => {
    const { disk, rig } = await diskWithDump();
    const later = new Rig(disk, NO_LOG);
    later.nowMs += 6000;
    const started = later.engine.start();
    for (let i = 0; i < 30; i++) await later.turn();
    await started;
    expect(later.info('rdb_last_load_keys_expired')).toBe(2);
    expect(later.info('rdb_last_load_keys_loaded')).toBe(rig.engine.keyspace.size - 2);
    expect(later.engine.keyspace.size).toBe(rig.engine.keyspace.size - 2);
    expect(count(later, 'keys expired: 2.')).toBe(1);
  });

  test('shows how far it is, and serves nobody meanwhile', async () => {
    const { disk } = await diskWithDump();
    const rig = new Rig(disk, NO_LOG);
    const started = rig.engine.start();
    await rig.turn();
    const client = rig.connect();
    client.send(['GET', 'short'], ['SAVE'], ['BGSAVE']);
    const size = disk.status(DUMP)?.size ?? 0;
    expect(rig.info('loading')).toBe(1);
    expect(rig.info('loading_total_bytes')).toBe(size);
    expect(Number(rig.info('loading_loaded_bytes'))).toBeLessThanOrEqual(size);
    for (let i = 0; i < 30; i++) await rig.turn();
    await started;
    expect(client.replies.map(errorOf)).toEqual(Array(3).fill('LOADING Redis is loading the dataset in memory'));
    expect(rig.info('loading')).toBe(0);
  });

  test('with the log on never loads a snapshot beside a log', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, WITH_LOG);
    await rig.ask('SET', 'a', '1');
    await rig.ask('SAVE');
    await rig.ask('SET', 'b', '2');
    const again = await Rig.start(disk, WITH_LOG);
    expect(again.digest).toBe(rig.digest);
    expect(again.info('rdb_last_load_keys_loaded')).toBe(0);
  });

  test('with the log on, no log and a snapshot is refused, and nothing changes', async () => {
    const { disk } = await diskWithDump();
    const before = disk.contents();
    const failure = await Rig.start(disk, WITH_LOG).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EmptyStartError);
    expect(failure).toMatchObject({ code: 'AOF_EMPTY_BESIDE_SNAPSHOT', path: DUMP });
    expect(String((failure as EmptyStartError).hint)).toContain('CONFIG SET appendonly yes');
    expect(disk.contents()).toEqual(before);
  });

  test('what the refusal recommends keeps everything', async () => {
    const { disk, rig } = await diskWithDump();
    const switched = await Rig.start(disk, NO_LOG);
    expect(await switched.ask('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
    await switched.rewritten();
    expect((await Rig.start(disk, WITH_LOG)).digest).toBe(rig.digest);
  });

  test('aof-start-empty yes starts empty, and says so', async () => {
    const { disk } = await diskWithDump();
    const rig = await Rig.start(disk, { ...WITH_LOG, 'aof-start-empty': true });
    expect(rig.engine.keyspace.size).toBe(0);
    expect(count(rig, 'Starting empty')).toBe(1);
    // From then on there is a log.
    await Rig.start(disk, WITH_LOG);
  });

  test('a damaged snapshot ends it with a clear error, and is left as it is', async () => {
    const { disk } = await diskWithDump();
    const bytes = Buffer.from(disk.readFile(DUMP));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
    disk.open(DUMP, 'truncate').write(bytes);
    const rig = new Rig(disk, { ...NO_LOG, ...POINTS });
    const started = rig.engine.start();
    started.catch(() => undefined); // awaited below
    for (let i = 0; i < 30; i++) await rig.turn();
    await expect(started).rejects.toMatchObject({ code: 'RDB_DAMAGED', path: DUMP });
    await expect(started).rejects.toBeInstanceOf(LoadError);
    // Not even a signal that comes now puts half of it in the place of the file.
    expect(rig.engine.shutdown({ save: true, now: false, force: false })).toBeUndefined();
    expect(disk.readFile(DUMP)).toEqual(new Uint8Array(bytes));
  });

  test('the program ends with status 1 and says which file it is', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'dump.rdb'), 'REDIS0010 and nothing that makes sense');
    const program = spawnAof(['--dir', dir, '--port', '0', '--unixsocket', join(dir, 's')]);
    expect((await program.exited).code).toBe(1);
    expect(program.output).toContain('Fatal error loading the DB dump.rdb');
    expect(program.output).toContain('What to do:');
  });
});

describe('SHUTDOWN', () => {
  async function shutDown(config: Parameters<typeof Rig.start>[1], ...args: string[]) {
    const disk = newDisk();
    const rig = await Rig.start(disk, config);
    await rig.ask('SET', 'a', '1');
    const client = rig.connect();
    client.send(['SHUTDOWN', ...args]);
    await rig.turn();
    return { disk, rig, reply: client.replies[0], hasDump: disk.status(DUMP) !== undefined };
  }

  test.each([
    ['with save points', { ...NO_LOG, ...POINTS }, [], true],
    ['with save points and the log', { ...WITH_LOG, ...POINTS }, [], true],
    ['without save points', NO_LOG, [], false],
    ['SAVE without save points', NO_LOG, ['SAVE'], true],
    ['SAVE NOW FORCE', WITH_LOG, ['SAVE', 'NOW', 'FORCE'], true],
    ['NOSAVE with save points', { ...NO_LOG, ...POINTS }, ['NOSAVE'], false],
  ] as const)('%s', async (_, config, args, hasSaved) => {
    const { disk, rig, reply, hasDump } = await shutDown(config, ...args);
    expect(reply).toBeUndefined();
    expect(rig.isShutDown).toBe(true);
    expect(hasDump).toBe(hasSaved);
    await rig.engine.stop();
    expect(disk.status(DUMP) !== undefined).toBe(hasSaved);
    expect(count(rig, 'DB saved on disk')).toBe(hasSaved ? 1 : 0);
    if (hasSaved) expect((await Rig.start(disk, NO_LOG)).digest).toBe(rig.digest);
  });

  test('what came in behind it in the same turn is neither run nor answered, for it is in no snapshot', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { ...NO_LOG, ...POINTS });
    const [before, waiting, last, behind] = [rig.connect(), rig.connect(), rig.connect(), rig.connect()];
    waiting.send(['BLPOP', 'queue', '0']);
    let stopped: Promise<void> | undefined;
    last.onExecuted = () => {
      stopped = rig.engine.stop();
    };
    for (const client of [before, last, behind]) client.isPutDown = true;
    before.send(['SET', 'before', '1'], ['RPUSH', 'queue', 'x']);
    last.send(['SHUTDOWN']);
    behind.send(['SET', 'behind', '1']);
    await rig.turn();
    await stopped;
    await rig.turn();
    expect([before.replies, waiting.replies]).toEqual([['OK', 1], [['queue', 'x']]]);
    expect([last.replies, behind.replies]).toEqual([[], []]);
    expect(await (await Rig.start(disk, NO_LOG)).ask('KEYS', '*')).toEqual(['before']);
    expect(rig.engine.keyspace.size).toBe(1);
  });

  test('is refused when saving fails, and the server goes on; FORCE ends it all the same', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { ...NO_LOG, ...POINTS });
    disk.inject({ operation: 'rename', path: /rdb/, times: 1000 });
    expect(errorOf(await rig.ask('SHUTDOWN'))).toBe(REFUSED);
    expect(rig.isShutDown).toBe(false);
    expect(count(rig, "Error trying to save the DB, can't exit.")).toBe(1);
    expect(await rig.ask('SET', 'a', '1')).toBe('OK');
    rig.connect().send(['SHUTDOWN', 'FORCE']);
    await rig.turn();
    expect(rig.isShutDown).toBe(true);
    expect(count(rig, 'Error trying to save the DB. Exit anyway.')).toBe(1);
    await rig.engine.stop();
  });

  test('ends a background save, and saves what is there now', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { ...NO_LOG, ...POINTS });
    await fill(rig);
    await rig.ask('BGSAVE');
    await rig.ask('SET', 'later', '1');
    rig.connect().send(['SHUTDOWN']);
    expect(count(rig, 'There is a child saving an .rdb. Killing it!')).toBe(1);
    await rig.engine.stop();
    expect([...disk.contents().keys()]).toEqual([DUMP]);
    expect((await Rig.start(disk, NO_LOG)).digest).toBe(rig.digest);
  });

  test('beside a rewrite saves too', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { ...WITH_LOG, ...POINTS });
    await fill(rig);
    await rig.ask('BGREWRITEAOF');
    for (let i = 0; i < 3; i++) await rig.turn();
    expect(rig.info('aof_rewrite_in_progress')).toBe(1);
    rig.connect().send(['SHUTDOWN']);
    await rig.engine.stop();
    expect((await Rig.start(disk, NO_LOG)).digest).toBe(rig.digest);
    expect((await Rig.start(disk, WITH_LOG)).digest).toBe(rig.digest);
  });

  test('a signal follows shutdown-on-sigterm and the save points', async () => {
    for (const [args, hasDump] of [
      [['--save', '900 1'], true],
      [['--save', '900 1', '--shutdown-on-sigterm', 'nosave'], false],
    ] as const) {
      const dir = temporaryFolder();
      const program = spawnAof(['--dir', dir, '--port', '0', '--unixsocket', join(dir, 's'), ...args]);
      await program.said('Ready to accept connections');
      program.signal('SIGTERM');
      expect((await program.exited).code).toBe(0);
      expect(program.output.includes('DB saved on disk'), args.join(' ')).toBe(hasDump);
    }
  });

  test('closing a server in-process saves if save points were asked for, and only then', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'aof-save-'));
    try {
      const config = { dir, save: [{ seconds: 900, changes: 1 }] };
      await using first = await createServer({ dir });
      await first.call('SET', 'a', '1');
      await first.close();
      await using second = await createServer(config);
      expect(await second.call('DBSIZE')).toBe(0);
      await second.call('SET', 'a', '1');
      await second.close();
      await using third = await createServer(config);
      expect(await third.call('GET', 'a')).toBe('1');
      expect(third).toBeInstanceOf(AofServer);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('DEBUG RELOAD', () => {
  test('goes through the snapshot and changes nothing, with a log and a rewrite beside it', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, WITH_LOG);
    await fill(rig);
    await rig.ask('BGREWRITEAOF');
    for (let i = 0; i < 3; i++) await rig.turn();
    const before = rig.digest;
    expect(await rig.ask('DEBUG', 'RELOAD')).toBe('OK');
    expect(rig.digest).toBe(before);
    expect(rig.info('rdb_changes_since_last_save')).toBe(0);
    expect(disk.status(DUMP)).toBeDefined();
    await rig.ask('SET', 'later', '1');
    expect((await Rig.start(disk, WITH_LOG)).digest).toBe(rig.digest);
  });

  test('NOSAVE loads what was saved before', async () => {
    const rig = await Rig.start(newDisk(), NO_LOG);
    await rig.ask('SET', 'a', '1');
    await rig.ask('SAVE');
    await rig.ask('SET', 'a', '2');
    await rig.ask('SET', 'b', '2');
    expect(await rig.ask('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    expect(await rig.ask('MGET', 'a', 'b')).toEqual(['1', null]);
  });

  test('MERGE and NOFLUSH replace what is saved and keep the rest', async () => {
    const rig = await Rig.start(newDisk(), NO_LOG);
    await rig.ask('RPUSH', 'l', ...Array.from({ length: 3000 }, (_, i) => `${i}`));
    await rig.ask('SAVE');
    await rig.ask('LPOP', 'l');
    await rig.ask('SET', 'b', '2');
    expect(await rig.ask('DEBUG', 'RELOAD', 'MERGE', 'NOFLUSH', 'NOSAVE')).toBe('OK');
    expect(await rig.ask('LLEN', 'l')).toBe(3000);
    expect(await rig.ask('GET', 'b')).toBe('2');
  });

  test('that fails leaves the file alone, until a load succeeds again', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { ...NO_LOG, ...POINTS });
    await rig.ask('SET', 'a', '1');
    await rig.ask('SAVE');
    disk.inject({ operation: 'read', path: /rdb/ });
    expect(errorOf(await rig.ask('DEBUG', 'RELOAD'))).toBe('ERR Error trying to load the RDB dump');
    expect(rig.engine.keyspace.size).toBe(0);
    const before = disk.readFile(DUMP);
    expect(errorOf(await rig.ask('SAVE'))).toBe('ERR');
    expect(errorOf(await rig.ask('BGSAVE'))).toBe('ERR');
    expect(errorOf(await rig.ask('BGREWRITEAOF'))).toMatch(/^ERR Can't execute an AOF background rewriting/);
    expect(rig.engine.shutdown({ save: true, now: false, force: false })).toBeUndefined();
    expect(disk.readFile(DUMP)).toEqual(before);
    expect(await rig.ask('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    expect(await rig.ask('SAVE')).toBe('OK');
    expect(await rig.ask('GET', 'a')).toBe('1');
  });

  test('waits for no background save: it ends it', async () => {
    const rig = await Rig.start(newDisk(), NO_LOG);
    await fill(rig);
    await rig.ask('BGSAVE');
    const before = rig.digest;
    expect(await rig.ask('DEBUG', 'RELOAD')).toBe('OK');
    expect(rig.digest).toBe(before);
    await saved(rig);
    expect(count(rig, 'Background saving terminated on purpose')).toBe(1);
  });
});

test('the folder of the snapshot is made', async () => {
  const disk = newDisk();
  const rig = await Rig.start(disk, { ...NO_LOG, dir: `${DIR}/sub/folder` });
  expect(await rig.ask('SAVE')).toBe('OK');
  expect(disk.status(`${DIR}/sub/folder/dump.rdb`)).toBeDefined();
});
