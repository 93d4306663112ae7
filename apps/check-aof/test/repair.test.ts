/** Repairs: every damaged log loads afterwards, costs what the plan says, and can be undone. */

import { type Disk, SimCrash, SimDisk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { describe, expect, test } from 'vitest';
import { checkStrictly } from '../src/index.ts';
import { NoLogError } from '../src/log-files.ts';
import { planRepair } from '../src/repair-plan.ts';
import { RepairFailedError, runRepair } from '../src/repair-run.ts';
import { undoRepair } from '../src/undo.ts';
import { MANIFEST, MODES, put, RECORDED_AT_MS, readCorpus, SERVERS, SINGLE, variantFiles } from './corpus.ts';

const FOLDER = '/data/log';
const nothing = (): void => {};

function diskOf(files: Iterable<readonly [string, Uint8Array]>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(FOLDER, { recursive: true });
  put(disk, files, `${FOLDER}/`);
  disk.settleAll();
  return disk;
}

function contents(disk: Disk, folder = FOLDER): Map<string, string> {
  const files = disk.list(folder).filter((name) => disk.status(`${folder}/${name}`)?.kind === 'file');
  return new Map(files.map((name) => [name, Buffer.from(disk.readFile(`${folder}/${name}`)).toString('latin1')]));
}

async function strictly(disk: Disk, path = FOLDER) {
  const { files } = findLog(disk, path);
  return checkStrictly({ disk, files, nowMs: RECORDED_AT_MS, progress: nothing });
}

async function repair(disk: Disk, path = FOLDER, isSalvaging = false) {
  const plan = await planRepair(disk, path, { progress: nothing, isSalvaging });
  const result = plan.isNothingToDo
    ? undefined
    : await runRepair(plan, { disk, nowMs: RECORDED_AT_MS, progress: nothing });
  return { plan, result };
}

function record(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

describe.each(SERVERS)('%s', (server) => {
  test.each(MODES)('%s: every damage is repaired and undone', async (mode) => {
    const corpus = readCorpus(server, mode);
    let repaired = 0;
    for (const [name, verdict] of Object.entries(corpus.verdicts)) {
      const isSingle = name.startsWith('single-');
      const path = isSingle ? `${FOLDER}/${SINGLE}` : FOLDER;
      const disk = diskOf(variantFiles(corpus, name));
      const before = contents(disk);
      const { plan, result } = await repair(disk, path);
      expect({ name, isNothingToDo: plan.isNothingToDo }).toEqual({ name, isNothingToDo: verdict.exit === 0 });
      if (result === undefined) {
        expect(contents(disk)).toEqual(before);
        continue;
      }
      repaired++;
      const after = await strictly(disk, path);
      expect(after.findings.filter(({ certainty }) => certainty === 'certain')).toEqual([]);
      // Cutting what redis-check-aof cuts; an RDB part, which that cannot repair, keeps what is readable.
      if (verdict.fix_exit === 0) {
        const damagedBytes = before.get(isSingle ? SINGLE : corpus.incrName)?.length ?? 0;
        expect(plan.loss.bytes).toBe(damagedBytes - verdict.fixed_bytes);
      } else {
        // All that the single file has behind its RDB part is kept.
        expect(after.records).toBe(28);
        expect(after.keys).toBeGreaterThan(50);
      }
      await undoRepair(disk, path, false);
      expect(contents(disk)).toEqual(before);
    }
    expect(repaired).toBeGreaterThan(10);
  });
});

/** Keys of database 0. */
const places = (...keys: readonly string[]) => keys.map((key) => ({ database: 0, key }));

describe('the price', () => {
  test('counts what can be recognised in what is left out', async () => {
    const good = record('SELECT', '0') + record('SET', 'kept', '1');
    const bad = `\0\0\0\0${record('SET', 'one', '1')}${record('INCR', 'two')}*3\r\n$3\r\nSET\r\n$3\r\ncut\r\n$7\r\nval`;
    const disk = diskOf([[SINGLE, Buffer.from(good + bad)]]);
    const { plan } = await repair(disk);
    const keys = places('one', 'two', 'cut');
    expect(plan.loss).toEqual({ bytes: bad.length, commands: 3, keys, keyCount: 3, unknown: [] });
    expect(contents(disk).get(SINGLE)).toBe(good);
  });

  test('of zeros is no command', async () => {
    const disk = diskOf([[SINGLE, Buffer.from(`${record('SET', 'k', '1')}${'\0'.repeat(5000)}`)]]);
    const { plan } = await repair(disk);
    expect(plan.loss).toMatchObject({ bytes: 5000, commands: 0, keyCount: 0 });
    expect(plan.files[0]?.reason).toContain('zero bytes');
  });

  test('of half a transaction is its commands', async () => {
    const half = record('MULTI') + record('SET', 'a', '1') + record('SET', 'b', '1');
    const disk = diskOf([[SINGLE, Buffer.from(record('SET', 'k', '1') + half)]]);
    expect((await repair(disk)).plan.loss).toMatchObject({ bytes: half.length, commands: 2, keys: places('a', 'b') });
  });
});

describe('the manifest', () => {
  const corpus = readCorpus('redis-7.0.15', 'aof-base');
  const { incrName } = corpus;
  const baseName = [...corpus.files.keys()].find((name) => name.includes('.base.')) ?? '';
  const whole = Buffer.from(record('SELECT', '0') + record('SET', 'later', '1'));

  test.each([
    ['is gone', undefined],
    ['is empty', ''],
    ['is garbage', '\0\0\0'],
    ['has lost its last line feed', 'file x seq 1 type b'],
  ])('%s', async (_, text) => {
    const files = new Map(corpus.files);
    files.delete(MANIFEST);
    if (text !== undefined) files.set(MANIFEST, Buffer.from(text));
    const disk = diskOf(files);
    const before = contents(disk);
    const { plan } = await repair(disk);
    expect(plan.loss.bytes).toBe(0);
    expect(contents(disk).get(MANIFEST)).toBe(corpus.files.get(MANIFEST)?.toString('latin1'));
    expect((await strictly(disk)).keys).toBe(98);
    await undoRepair(disk, FOLDER, false);
    expect(contents(disk)).toEqual(before);
  });

  test.each([['there'], ['gone']])('is named itself, and %s: the whole log is meant', async (what) => {
    const files = new Map(corpus.files);
    if (what === 'gone') files.delete(MANIFEST);
    files.set(incrName, Buffer.concat([files.get(incrName) ?? Buffer.alloc(0), Buffer.from('garbage')]));
    const disk = diskOf(files);
    const before = contents(disk);
    const { plan } = await repair(disk, `${FOLDER}/${MANIFEST}`);
    expect(plan.files.map(({ file, action }) => [file.name, action])).toEqual([
      [baseName, 'keep'],
      [incrName, 'cut'],
    ]);
    expect((await strictly(disk)).keys).toBe(98);
    await undoRepair(disk, `${FOLDER}/${MANIFEST}`, false);
    expect(contents(disk)).toEqual(before);
  });

  test('lists a file that is gone', async () => {
    const files = new Map(corpus.files);
    files.delete(incrName);
    const { plan } = await repair(diskOf(files));
    expect(plan.loss.unknown).toEqual([`${incrName} is gone: what it held is lost`]);
  });

  test('lacks a newer file', async () => {
    const disk = diskOf([...corpus.files, ['appendonly.aof.3.incr.aof', whole]]);
    await repair(disk);
    expect(contents(disk).get(MANIFEST)).toMatch(/file appendonly\.aof\.3\.incr\.aof seq 3 type i\n$/);
    expect((await strictly(disk)).keys).toBe(99);
  });

  test('is gone in the middle of a rewrite: the newer base and the last incr file', async () => {
    const files = new Map(corpus.files);
    files.delete(MANIFEST);
    const disk = diskOf([
      ...files,
      ['appendonly.aof.3.base.aof', whole],
      ['appendonly.aof.3.incr.aof', Buffer.alloc(0)],
    ]);
    await repair(disk);
    expect(contents(disk).get(MANIFEST)).toBe(
      'file appendonly.aof.3.base.aof seq 3 type b\nfile appendonly.aof.3.incr.aof seq 3 type i\n',
    );
  });

  test('of several logs: nothing is guessed', async () => {
    const disk = diskOf([
      ['a.1.incr.aof', whole],
      ['b.1.incr.aof', whole],
    ]);
    await expect(planRepair(disk, FOLDER, { progress: nothing })).rejects.toThrow(NoLogError);
  });

  test('a broken file that is not the last: its end is left out, the later files stay', async () => {
    const files = new Map(corpus.files);
    const incr = files.get(incrName) ?? Buffer.alloc(0);
    files.set(incrName, incr.subarray(0, incr.length - 5));
    const manifest = `${files.get(MANIFEST)?.toString('latin1')}file appendonly.aof.3.incr.aof seq 3 type i\n`;
    files.set(MANIFEST, Buffer.from(manifest));
    files.set('appendonly.aof.3.incr.aof', whole);
    const disk = diskOf(files);
    const before = contents(disk);
    const { plan } = await repair(disk);
    expect(plan.loss).toMatchObject({ commands: 1, unknown: [] });
    const after = await strictly(disk);
    expect(after).toMatchObject({ findings: [], keys: 99 });
    expect(contents(disk).get(MANIFEST)).toContain('.2.incr.repaired-1.aof seq 2 type i');
    expect(contents(disk).has(baseName)).toBe(true);
    await undoRepair(disk, FOLDER, false);
    expect(contents(disk)).toEqual(before);
  });
});

describe('salvage', () => {
  const good = record('SELECT', '0') + record('SET', 'k', '1');

  async function salvaged(text: string) {
    const disk = diskOf([[SINGLE, Buffer.from(good + text, 'latin1')]]);
    const { plan } = await repair(disk, FOLDER, true);
    return { plan, rest: contents(disk).get(SINGLE)?.slice(good.length), salvage: plan.files[0]?.salvage };
  }

  test('keeps what can be recognised behind holes', async () => {
    const [one, two] = [record('SET', 'a', '1'), record('INCR', 'b') + record('DEL', 'k')];
    const { rest, salvage, plan } = await salvaged(`\0\0\0${one}*3\r\n$3\r\nSET\r\n$9${two}garbage`);
    expect(rest).toBe(one + two);
    expect(salvage).toMatchObject({ records: 3, doubtfulKeys: places('b'), isDatabaseDoubtful: true });
    expect(plan.loss.bytes).toBe('\0\0\0*3\r\n$3\r\nSET\r\n$9garbage'.length);
  });

  test('leaves out transactions that a hole cuts in two', async () => {
    const whole = record('MULTI') + record('SET', 'x', '1') + record('EXEC');
    const head = record('MULTI') + record('SET', 'y', '1');
    const tail = record('SET', 'z', '1') + record('EXEC');
    const { rest, salvage } = await salvaged(`\0${record('SELECT', '1')}${whole}${head}\0${tail}${head}`);
    expect(rest).toBe(record('SELECT', '1') + whole + record('SET', 'z', '1'));
    expect(salvage?.records).toBe(5);
  });

  test('names the keys of what is damaged, and of halves of transactions', async () => {
    const broken = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$8\r\nx\r\n';
    const head = record('MULTI') + record('SET', 'b', '1');
    const tail = record('SET', 'c', '1') + record('EXEC');
    const { salvage, plan } = await salvaged(`${broken}${head}\0${tail}${record('SET', 'd', '1')}`);
    expect(salvage?.doubtfulKeys).toEqual(places('a', 'b', 'c'));
    expect(plan.loss).toMatchObject({ commands: 2, keys: places('a', 'b') });
  });

  test('tells keys of different databases apart', async () => {
    const broken = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$8\r\nx\r\n';
    const overwritten = record('SET', 'a', '1');
    const doubtful = async (...commands: string[]) =>
      (await salvaged(`${broken}${commands.join('')}`)).salvage?.doubtfulKeys;
    expect(await doubtful(overwritten)).toEqual([]);
    // What happens to `a` of another database makes that of the first one no better.
    expect(await doubtful(record('SELECT', '3'), overwritten)).toEqual(places('a'));
    expect(await doubtful(record('SELECT', '3'), record('FLUSHDB'))).toEqual(places('a'));
    expect(await doubtful(record('FLUSHDB'), overwritten)).toEqual([]);
    expect(await doubtful(record('SELECT', '3'), record('FLUSHALL'))).toEqual([]);
    expect(await doubtful(record('SELECT', '3'), record('INCR', 'a'))).toEqual([
      ...places('a'),
      { database: 3, key: 'a' },
    ]);
    expect(await doubtful(record('SWAPDB', '0', '3'), overwritten)).toEqual([{ database: 3, key: 'a' }]);
    expect(await doubtful(record('MOVE', 'a', '3'), overwritten)).toEqual([{ database: 3, key: 'a' }]);
    expect(await doubtful(record('COPY', 'a', 'b', 'DB', '3'), overwritten)).toEqual([
      { database: 0, key: 'b' },
      { database: 3, key: 'b' },
    ]);
    // A SELECT in half a transaction goes with it.
    expect(await doubtful(record('MULTI'), record('SELECT', '3'), '\0', overwritten, overwritten)).toEqual([]);
  });

  test('takes nothing for a record that stands alone among bytes', async () => {
    const alone = record('SET', 'x', '1');
    expect((await salvaged(`\0\0${alone}\0\0`)).rest).toBe('');
    // At the end of the file nothing can follow.
    expect((await salvaged(`\0\0${alone}`)).rest).toBe(alone);
  });

  test('leaves out records without a command, which a server refuses', async () => {
    const [before, after] = [record('SET', 'a', '1'), record('SET', 'b', '1')];
    expect((await salvaged(`${before}*0\r\n${after}`)).rest).toBe(before + after);
  });

  test('leaves out commands that no server knows', async () => {
    const [before, after] = [record('SET', 'a', '1'), record('SET', 'b', '1')];
    const { rest, plan } = await salvaged(before + record('SEU', 'k', '2') + after);
    expect(rest).toBe(before + after);
    expect(plan.loss.bytes).toBe(27);
  });

  test('keeps time annotations, which are no holes', async () => {
    const text = `${record('MULTI')}#TS:1700000000\r\n${record('SET', 'a', '1')}#TS:1700000001\r\n${record('EXEC')}`;
    expect((await salvaged(`\0${text}`)).rest).toBe(text);
  });

  test('a key is right again once it is overwritten', async () => {
    const text = record('SELECT', '0') + record('INCR', 'n') + record('LPUSH', 'l', 'v') + record('SET', 'n', '5');
    expect((await salvaged(`\0${text}`)).salvage).toMatchObject({
      doubtfulKeys: places('l'),
      isDatabaseDoubtful: false,
    });
  });

  test('what a hole costs in real logs is about the hole', async () => {
    const corpus = readCorpus('redis-7.0.15', 'aof-base');
    for (const name of ['incr-hole', 'incr-deleted-middle', 'incr-flip-0']) {
      const disk = diskOf(variantFiles(corpus, name));
      const { plan, result } = await repair(disk, FOLDER, true);
      expect(plan.loss.bytes).toBeLessThan(150);
      expect(result?.loaded.keys).toBeGreaterThan(94);
    }
  });
});

describe('salvage of an RDB part', () => {
  const corpus = readCorpus('redis-7.0.15', 'rdb-base');

  test.each([
    ['single-flip-2', 5, 'hash:big'],
    ['single-flip-3', 5, 'stream'],
    ['single-hole', 0, 'zset:big'],
    ['single-deleted-middle', 0, 'zset:big'],
  ])('%s costs one key, which is named with its database', async (name, database, key) => {
    const disk = diskOf(variantFiles(corpus, name));
    const { plan, result } = await repair(disk, FOLDER, true);
    expect(plan.loss).toMatchObject({ keys: [{ database, key }], keyCount: 1, unknown: [] });
    // The key that an incr record builds on is there again, but for what it lost.
    expect(result?.loaded.keys).toBeGreaterThanOrEqual(97);
    // Without being asked for, none of it is guessed.
    const { plan: plain } = await repair(diskOf(variantFiles(corpus, name)));
    expect(plain.loss.unknown).toHaveLength(1);
  });

  test.each([[0x00], [0xff], [0x01]])('a hole of many bytes %i is searched in no time', async (byte) => {
    const at = corpus.verdicts['single-hole']?.edit?.at ?? 0;
    const hole = Buffer.alloc(50_000, byte);
    const bytes = Buffer.concat([corpus.single.subarray(0, at), hole, corpus.single.subarray(at + 37)]);
    const disk = diskOf([[SINGLE, bytes]]);
    const { plan, result } = await repair(disk, FOLDER, true);
    expect(plan.files[0]?.resumption?.offset).toBeGreaterThan(at + hole.length);
    expect(result?.loaded.keys).toBeGreaterThanOrEqual(97);
  });

  test('a wrong checksum alone is no place to go on from', async () => {
    const { plan } = await repair(diskOf(variantFiles(corpus, 'single-flip-0')), FOLDER, true);
    expect(plan.files[0]).toMatchObject({ action: 'rebuild', resumption: undefined });
  });
});

describe('safety', () => {
  test('a log that would not load after the repair is left as it is', async () => {
    const disk = diskOf([[SINGLE, Buffer.from(`${record('SEU', 'k', '1')}\0\0`)]]);
    const before = contents(disk);
    await expect(repair(disk)).rejects.toThrow(RepairFailedError);
    expect(contents(disk)).toEqual(before);
  });

  test('what was written after the repair is not undone by accident, and kept', async () => {
    const disk = diskOf([[SINGLE, Buffer.from(`${record('SET', 'k', '1')}\0\0`)]]);
    await repair(disk);
    const file = disk.open(`${FOLDER}/${SINGLE}`, 'append');
    file.write(Buffer.from(record('SET', 'new', '1')));
    file.close();
    await expect(undoRepair(disk, FOLDER, false)).rejects.toThrow(/29 bytes have been written/);
    expect((await undoRepair(disk, FOLDER, true)).bytesSince).toBe(29);
    expect(contents(disk, `${FOLDER}/repair-1`).get(`repaired-${SINGLE}`)).toContain('new');
  });

  const good = record('SELECT', '0') + record('SET', 'k', '1');
  const parts: ReadonlyMap<string, Buffer> = new Map([
    [
      MANIFEST,
      Buffer.from('file a.base.aof seq 1 type b\nfile a.incr.aof seq 1 type i\nfile b.incr.aof seq 2 type i\n'),
    ],
    ['a.base.aof', Buffer.from(good)],
    ['a.incr.aof', Buffer.from(`${good}*3\r\n$3`)],
    ['b.incr.aof', Buffer.from(`${good}\0\0\0`)],
  ]);
  const single: ReadonlyMap<string, Buffer> = new Map([[SINGLE, Buffer.from(`${good}\0\0\0`)]]);

  test.each([
    ['parts', parts, FOLDER],
    ['single file', single, `${FOLDER}/${SINGLE}`],
  ])('crash at every operation, power cut: %s', async (_, files, path) => {
    const old = contents(diskOf(files));
    let outcomes = '';
    for (let number = 1; ; number++) {
      const disk = diskOf(files);
      disk.crashAt(disk.operations + number, number % 2 === 0 ? 'before' : 'after');
      const crash = await repair(disk, path).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (crash === undefined) break;
      if (!(crash instanceof SimCrash)) throw crash;
      const restarted = disk.afterCrash(number);
      const report = await strictly(restarted, path);
      const isRepaired = report.findingCount === 0;
      outcomes += isRepaired ? 'r' : 'o';
      // The log is the old one, byte by byte, or the repaired one; a second repair and an undo both work from there.
      if (!isRepaired) for (const [name, bytes] of old) expect(contents(restarted).get(name)).toBe(bytes);
      await repair(restarted, path);
      expect((await strictly(restarted, path)).findings).toEqual([]);
      await undoRepair(restarted, path, false);
      if (isRepaired) for (const [name, bytes] of old) expect(contents(restarted).get(name)).toBe(bytes);
    }
    // Between the rename and the sync of its folder a power cut may leave either.
    expect(outcomes).toMatch(/^o{5,}[or]*r$/);
  });
});
