/** Checksum files: the plain check tells of them, --strict compares, --fix and repair keep them true. */

import { checksumNameOf, readChecksums } from '@aof/aof-files';
import { type Disk, SimDisk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../src/doctor.ts';
import { checkStrictly } from '../src/index.ts';
import { planRepair } from '../src/repair-plan.ts';
import { runRepair } from '../src/repair-run.ts';
import { loadForTrial } from '../src/trial-load.ts';
import { undoRepair } from '../src/undo.ts';
import { MANIFEST, put, RECORDED_AT_MS, readCorpus, SINGLE } from './corpus.ts';
import { seededChance } from './mutation.ts';
import { runCheck } from './run-check.ts';
import { binaryLog, damageTrial, record, vouchFor } from './vouching.ts';

const BLOCK = 64 * 1024;
const FOLDER = '/log';
const nothing = (): void => {};

const corpus = readCorpus('redis-7.0.15', 'rdb-base');
const [baseName = ''] = [...corpus.files.keys()].filter((name) => name.includes('.base.'));

/** A log of two files, both of them vouched for. */
function vouchedLog(): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(FOLDER);
  put(disk, corpus.files, `${FOLDER}/`);
  for (const name of [baseName, corpus.incrName]) vouchFor(disk, `${FOLDER}/${name}`);
  disk.settleAll();
  return disk;
}

function vouchedSingle(content: Uint8Array | string, end?: number): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(FOLDER);
  put(disk, [[`${FOLDER}/${SINGLE}`, Buffer.from(content)]]);
  vouchFor(disk, `${FOLDER}/${SINGLE}`, end);
  return disk;
}

function change(disk: Disk, path: string, at: number, byte = 1): void {
  const bytes = Buffer.from(disk.readFile(path));
  bytes[at] = (bytes[at] ?? 0) ^ byte;
  put(disk, [[path, bytes]]);
}

function strictly(disk: Disk, path = FOLDER) {
  return checkStrictly({ disk, files: findLog(disk, path).files, nowMs: RECORDED_AT_MS, progress: nothing });
}

function startOf(disk: Disk, path = FOLDER) {
  return loadForTrial({ disk, files: findLog(disk, path).files, nowMs: RECORDED_AT_MS, progress: nothing });
}

function contents(disk: SimDisk): Map<string, string> {
  const files = [...disk.contents()].filter(([path]) => !path.includes('/repair-'));
  return new Map(files.map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')]));
}

describe('check', () => {
  test('says what is vouched for, and nothing else than without', async () => {
    const disk = vouchedLog();
    const { stdout, exit } = await runCheck(disk, `${FOLDER}/${MANIFEST}`);
    const sizes = [baseName, corpus.incrName].map((name) => disk.status(`${FOLDER}/${name}`)?.size);
    expect(exit).toBe(0);
    const lines = stdout.split('\n').filter((line) => line.startsWith('Checksums'));
    expect(lines).toEqual([
      `Checksums vouch for ${sizes[0]} of ${sizes[0]} bytes of ${baseName} (--strict compares them)`,
      `Checksums vouch for ${sizes[1]} of ${sizes[1]} bytes of ${corpus.incrName} (--strict compares them)`,
    ]);
    for (const name of [baseName, corpus.incrName]) disk.unlink(checksumNameOf(`${FOLDER}/${name}`));
    const without = await runCheck(disk, `${FOLDER}/${MANIFEST}`);
    expect(stdout.replace(/^Checksums.*\n/gm, '')).toBe(without.stdout);
  });

  test.each([
    ['--fix', { kind: 'fix' } as const, record('SET', 'k', 'v').slice(0, 12)],
    ['--truncate-to-timestamp', { kind: 'truncate', until: 100 } as const, `#TS:200\r\n${record('SET', 'k', 'v')}`],
  ])('%s cuts what is vouched for with the file', async (_, mode, end) => {
    const good = `#TS:50\r\n${record('SET', 'long', 'x'.repeat(2 * BLOCK))}`;
    for (const covered of [undefined, good.length, BLOCK]) {
      const disk = vouchedSingle(good + end, covered);
      const { exit } = await runCheck(disk, `${FOLDER}/${SINGLE}`, { mode });
      expect(exit).toBe(0);
      expect(disk.status(`${FOLDER}/${SINGLE}`)?.size).toBe(good.length);
      const table = readChecksums(disk, `${FOLDER}/${SINGLE}`, good.length);
      // The block that was cut in two is vouched for no more.
      const whole = covered === undefined ? 2 * BLOCK : covered;
      expect([table?.coveredBytes, table?.coveredEnd]).toEqual([whole, whole]);
      expect((await strictly(disk, `${FOLDER}/${SINGLE}`)).findings).toEqual([]);
    }
  });
});

describe('--strict', () => {
  test('finds nothing in what is as it was written, and says how much that is', async () => {
    const disk = vouchedLog();
    const operations = disk.operations;
    const report = await strictly(disk);
    expect(report.findings).toEqual([]);
    for (const { bytes, vouchedBytes } of report.files) expect(vouchedBytes).toBe(bytes);
    expect(disk.operations).toBe(operations);
  });

  test('names the block and its commands', async () => {
    const records = Array.from({ length: 300 }, (_, i) => record('SET', `key:${i}`, `${i}`.repeat(300)));
    const content = records.join('');
    const disk = vouchedSingle(content);
    const at = content.indexOf('111111', BLOCK);
    change(disk, `${FOLDER}/${SINGLE}`, at);
    const { findings } = await strictly(disk, `${FOLDER}/${SINGLE}`);
    const ends = records.map((_, i) => records.slice(0, i + 1).join('').length);
    const first = ends.findIndex((end) => end > BLOCK);
    const count = ends.findIndex((end) => end >= 2 * BLOCK) - first + 1;
    expect(findings[0]).toMatchObject({
      code: 'checksum',
      certainty: 'certain',
      offset: BLOCK,
      message: `bytes ${BLOCK} to ${2 * BLOCK - 1} (block 1) are not those that were written; ${count} commands in it`,
    });
    expect(findings[0]?.command).toContain(`SET key:${first} `);
    expect(findings[0]?.after[0]).toContain(`SET key:${first + 1} `);
    expect(findings).toHaveLength(1);
  });

  test('an RDB part, and an end that is missing', async () => {
    const disk = vouchedLog();
    const incr = `${FOLDER}/${corpus.incrName}`;
    const { size = 0 } = disk.status(incr) ?? {};
    disk.open(incr, 'append').truncate(size - 40);
    const rdb = disk.readFile(`${FOLDER}/${baseName}`).length;
    change(disk, `${FOLDER}/${baseName}`, rdb >> 1);
    const { findings } = await strictly(disk);
    const found = findings.map(({ file, code, offset }) => ({ file, code, offset }));
    expect(found).toContainEqual({ file: baseName, code: 'checksum', offset: 0 });
    expect(found).toContainEqual({ file: corpus.incrName, code: 'checksum-end', offset: size - 40 });
  });

  test('a checksum file that a crash left unfinished is told, and no finding', async () => {
    const disk = vouchedLog();
    const path = checksumNameOf(`${FOLDER}/${corpus.incrName}`);
    disk.open(path, 'append').write(new Uint8Array(30));
    const { findings, files } = await strictly(disk);
    expect(findings).toEqual([]);
    expect(files[1]?.vouchingDoubt).toContain('2 entries cannot be read');
  });

  test('random damage is always found: thousands of logs', async () => {
    let damaged = 0;
    for (let seed = 1; seed <= 2000; seed++) if ((await damageTrial(seed)) > 0) damaged++;
    expect(damaged).toBeGreaterThan(1930);
  });

  test('a canary: without its checksum file the same log is found to be good', async () => {
    const disk = vouchedSingle(binaryLog(seededChance(4), 12, 120));
    const path = `${FOLDER}/${SINGLE}`;
    change(disk, path, disk.readFile(path).length - 3);
    expect((await strictly(disk, path)).findingCount).toBe(1);
    disk.unlink(checksumNameOf(path));
    expect((await strictly(disk, path)).findingCount).toBe(0);
  });
});

test('the doctor says it beforehand', async () => {
  const disk = vouchedLog();
  const unknown = (): undefined => undefined;
  const options = { disk, server: undefined, holderOf: unknown, accessOf: unknown, progress: nothing };
  const said = async () => (await diagnose(FOLDER, options)).findings.filter(({ code }) => code === 'checksums');
  expect((await said()).map(({ level }) => level)).toEqual(['ok', 'ok']);
  change(disk, `${FOLDER}/${corpus.incrName}`, 50);
  expect(await said()).toMatchObject([
    { level: 'ok' },
    { level: 'problem', text: expect.stringContaining(`${corpus.incrName}: 1 block of 64 KiB not as written`) },
  ]);
});

describe('repair', () => {
  const options = { nowMs: RECORDED_AT_MS, progress: nothing };

  /** Repairs, looks whether a server would start, undoes, and compares. */
  async function throughRepair(disk: SimDisk, path: string) {
    const before = contents(disk);
    await expect(startOf(disk, path)).rejects.toThrow();
    const plan = await planRepair(disk, path, { progress: nothing });
    expect(plan.isNothingToDo).toBe(false);
    await runRepair(plan, { disk, ...options });
    await startOf(disk, path);
    expect((await strictly(disk, path)).findings.filter(({ code }) => code.startsWith('checksum'))).toEqual([]);
    const again = await planRepair(disk, path, { progress: nothing });
    expect(again.isNothingToDo).toBe(true);
    await undoRepair(disk, path, false);
    expect(contents(disk)).toEqual(before);
    return plan;
  }

  test('takes changed bytes as they are, says which commands that concerns, and can be undone', async () => {
    const disk = vouchedLog();
    const incr = `${FOLDER}/${corpus.incrName}`;
    change(disk, incr, Buffer.from(disk.readFile(incr)).indexOf('after:7'), 2);
    const plan = await throughRepair(disk, FOLDER);
    const found = plan.files.find(({ file }) => file.name === corpus.incrName);
    expect(found).toMatchObject({ action: 'accept', loss: { bytes: 0, commands: 0 } });
    expect(found?.loss.unknown).toEqual([expect.stringMatching(/\(block \d\) are not those .* \d+ commands in it/)]);
  });

  test('of a single file', async () => {
    const disk = vouchedSingle(binaryLog(seededChance(9), 40, 9000));
    change(disk, `${FOLDER}/${SINGLE}`, BLOCK + 5000);
    const plan = await throughRepair(disk, `${FOLDER}/${SINGLE}`);
    expect(plan.files[0]?.action).toBe('accept');
  });

  test('an end that is missing', async () => {
    const content = record('SET', 'a', '1') + record('SET', 'b', '2');
    const disk = vouchedSingle(content);
    disk.open(`${FOLDER}/${SINGLE}`, 'append').truncate(record('SET', 'a', '1').length);
    const plan = await throughRepair(disk, `${FOLDER}/${SINGLE}`);
    expect(plan.loss.unknown).toEqual([expect.stringContaining('bytes at its end that were written and synced')]);
  });

  test('a broken end is cut off, whether or not it is vouched for', async () => {
    for (const covered of [undefined, 100]) {
      const disk = vouchedSingle(record('SET', 'a', 'x'.repeat(200)) + record('SET', 'b', '2').slice(0, 9), covered);
      // Nobody vouches for it: a server would cut it off itself.
      if (covered !== undefined)
        put(disk, [[`${FOLDER}/${SINGLE}`, Buffer.from(`${record('SET', 'a', 'x'.repeat(200))}zz`)]]);
      const plan = await throughRepair(disk, `${FOLDER}/${SINGLE}`);
      expect(plan.files[0]?.action).toBe('cut');
    }
  });
});
