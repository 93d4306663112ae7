/** Backups are verified by loading them; what loads them changes nothing of the server. */

import { verifyFiles } from '@aof/backup';
import type { ConfigValues } from '@aof/config';
import { SimDisk } from '@aof/disk';
import { writeRdbSync } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import { RecordChecker } from '../../src/record-checker.ts';
import { TrialApplier } from '../../src/trial-load.ts';
import { DIR, Rig } from '../rewrite/rig.ts';
import { until } from './restoring.ts';

const LAYOUTS: readonly ConfigValues['aof-layout'][] = ['multi-part', 'single'];
const PATH = '/copy.aof';

const record = (...args: readonly string[]): string =>
  `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;

const keyOf = (database: number, key: string, value: string) =>
  ({ kind: 'key', database, key, value, expireAtMs: -1, type: 'string' }) as const;

function rdbOf(...keys: readonly ReturnType<typeof keyOf>[]): string {
  const chunks = writeRdbSync(keys, { target: 'redis-7.0', origin: { createdSec: 0 } });
  return Buffer.concat([...chunks]).toString('latin1');
}

async function newRig(config: Partial<ConfigValues> = {}): Promise<Rig> {
  const disk = new SimDisk({ seed: 5 });
  disk.makeDirectory(DIR);
  disk.settleAll();
  return Rig.start(disk, config);
}

/** How many records a copy with this content has, if a start would take it. */
function verify(content: string, applier: TrialApplier | RecordChecker): Promise<number> {
  const disk = new SimDisk();
  const file = disk.open(PATH, 'truncate');
  file.write(Buffer.from(content, 'latin1'));
  file.close();
  return verifyFiles({
    disk,
    files: [{ name: 'copy.aof', path: PATH, size: content.length, role: 'single' }],
    applier,
    maxBulkBytes: 2 ** 20,
    nowMs: () => 0,
    yieldTurn: () => Promise.resolve(),
  });
}

describe.each(LAYOUTS)('a backup, %s', (layout) => {
  test.each(['auto', 'load', 'read'] as const)('is verified as backup-verify says: %s', async (way) => {
    const rig = await newRig({ 'aof-layout': layout, 'backup-verify': way, 'aof-use-rdb-preamble': true });
    for (let i = 0; i < 30; i++) await rig.ask('set', `key:${i}`, `${i}`);
    await rig.ask('backup', 'start');
    await until(rig, () => rig.lines.some((line) => line.includes('Backup started')));
    await until(rig, async () => String(await rig.ask('backup', 'status')).includes('incrementing'));
    for (let i = 20; i < 50; i++) await rig.ask('rpush', `list:${i}`, `${i}`);
    const digest = rig.digest;
    expect(await rig.ask('backup', 'seal')).toBe('OK');
    const said = way === 'read' ? 'verified by reading it' : 'verified by loading it, 60 keys';
    expect(rig.lines.filter((line) => line.includes('Backup: verified'))).toEqual([`notice: Backup: ${said}`]);
    expect(rig.digest).toBe(digest);
  });
});

describe('the trial', () => {
  test('finds what reading alone does not: a key twice, a database that there is not', async () => {
    const { engine } = await newRig();
    const checker = () => new RecordChecker(engine.executor.table);
    for (const rdb of [rdbOf(keyOf(0, 'a', '1'), keyOf(0, 'a', '2')), rdbOf(keyOf(4, 'a', '1'))]) {
      expect(await verify(rdb, checker())).toBe(0);
      const refused = { code: 'BACKUP_DAMAGED', message: expect.stringContaining('cannot be loaded') };
      await expect(verify(rdb, new TrialApplier(engine))).rejects.toMatchObject(refused);
    }
    const good = new TrialApplier(engine);
    expect(await verify(rdbOf(keyOf(0, 'a', '1')) + record('SELECT', '1') + record('SET', 'a', '1'), good)).toBe(2);
    expect(good.keyCount).toBe(2);
  });

  test('leaves the server alone, whatever the records say', async () => {
    const rig = await newRig({ 'aof-layout': 'multi-part', save: [] });
    await rig.ask('set', 'served', '1');
    const digest = rig.digest;
    const disk = rig.engine.disk.list(DIR);
    const trial = new TrialApplier(rig.engine);
    const records = [
      record('SET', 'a', '1'),
      record('CONFIG', 'SET', 'maxclients', '77'),
      record('MULTI'),
      record('SET', 'b', '2'),
      record('SHUTDOWN', 'NOSAVE'),
      record('EXEC'),
      record('LPUSH', 'a', 'x'),
      record('BGREWRITEAOF'),
      record('DEL', 'served'),
    ];
    expect(await verify(records.join(''), trial)).toBe(records.length);
    await rig.turn();
    expect(trial.keyCount).toBe(2);
    expect(rig.digest).toBe(digest);
    expect(rig.engine.config.values.maxclients).not.toBe(77);
    expect([rig.isShutDown, rig.fatal, rig.info('aof_rewrite_in_progress')]).toEqual([false, undefined, 0]);
    expect(rig.engine.disk.list(DIR)).toEqual(disk);
    expect(rig.lines.filter((line) => line.includes('loaded for trial')).join('')).toContain('WRONGTYPE');
    await expect(verify(record('NOSUCHCOMMAND'), new TrialApplier(rig.engine))).rejects.toMatchObject({
      code: 'BACKUP_DAMAGED',
    });
  });
});
