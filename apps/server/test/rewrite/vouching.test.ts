/**
 * Checksum files in the life of a server: a crash at every operation of the disk, and a disk that refuses each of them.
 *
 * Oracle: whatever a crash takes, what is vouched for is there, as it was written; so a start that finds another reason to fail
 * than a broken disk is an error. Once a start has loaded a log, all of it is vouched for.
 */
import { CHECKSUM_BLOCK_BYTES, ChecksumVerifier, checksummedNameOf, readChecksums } from '@aof/aof-files';
import type { ConfigValues } from '@aof/config';
import type { CrashMode, CrashMoment, Disk, FaultyOperation, SimDisk } from '@aof/disk';
import { LoadError } from '@aof/loader';
import { describe, expect, test } from 'vitest';
import { altered, withFiles } from '../simulation/machine.ts';
import { cutDamage } from '../simulation/recovery.ts';
import { course, newDisk } from './course.ts';
import { Rig } from './rig.ts';

type Layout = ConfigValues['aof-layout'];
const LAYOUTS: readonly Layout[] = ['multi-part', 'single'];
const MOMENTS: readonly CrashMoment[] = ['before', 'half', 'after'];
const IS_LOG = /\.aof$|\.base\.rdb$/;

/** What is vouched for on a disk and is not there, or is not what was written. */
function violations(disk: SimDisk): string[] {
  const contents = disk.contents();
  return [...contents.keys()].flatMap((checksumPath) => {
    const path = checksummedNameOf(checksumPath);
    const content = path === undefined ? undefined : contents.get(path);
    if (path === undefined || content === undefined || path.includes('/temp-')) return [];
    const table = readChecksums(disk, path, content.length);
    const verifier = new ChecksumVerifier(table);
    verifier.take(content, 0);
    if ((table?.coveredEnd ?? 0) > content.length) return [`${path} has lost its end`];
    return verifier.mismatchCount > 0 ? [`${path} does not match`] : [];
  });
}

/** Bytes of files of the log that nobody vouches for. */
function uncovered(disk: SimDisk): Record<string, number> {
  const found: Record<string, number> = {};
  const contents = disk.contents();
  const manifest = Buffer.from(contents.get('/var/appendonlydir/appendonly.aof.manifest') ?? []).toString('latin1');
  for (const [path, content] of contents) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!IS_LOG.test(path) || (path.includes('dir/') && !manifest.includes(`file ${name} `))) continue;
    const bytes = content.length - (readChecksums(disk, path, content.length)?.coveredBytes ?? 0);
    if (bytes > 0) found[path] = bytes;
  }
  return found;
}

function leftovers(disk: SimDisk): string[] {
  const paths = [...disk.contents().keys()];
  return paths.filter(
    (path) => path.includes('temp-') || (path.endsWith('.crc64') && !paths.includes(path.slice(0, -6))),
  );
}

describe.each(LAYOUTS)('a crash at any operation of a rewrite, %s', (layout) => {
  test.each<readonly [CrashMode, ConfigValues['appendfsync'], boolean, boolean]>([
    ['kill', 'everysec', false, false],
    ['only-synced', 'always', true, false],
    ['power-cut', 'always', false, false],
    ['power-cut', 'everysec', false, true],
  ])(
    '%s under %s, base in the RDB form: %s, turned on at run time: %s',
    async (mode, appendfsync, isRdb, startsAtRunTime) => {
      const config = {
        'aof-layout': layout,
        appendfsync,
        'aof-use-rdb-preamble': isRdb,
        'aof-checksums': true,
      } as const;
      const whole = await course({ config, isCounted: false, startsAtRunTime });
      expect(whole.rig.info('aof_last_bgrewrite_status')).toBe('ok');
      expect(violations(whole.disk)).toEqual([]);
      expect([...whole.disk.contents().keys()].filter((path) => path.endsWith('.crc64')).length).toBeGreaterThan(0);
      for (let operation = whole.before + 1; operation <= whole.disk.operations; operation++) {
        const moment = MOMENTS[operation % MOMENTS.length] ?? 'before';
        const onRewrite = (own: SimDisk) => own.crashAt(operation, moment);
        const { disk } = await course({ config, isCounted: false, startsAtRunTime, onRewrite });
        const what = `${moment} ${operation}: ${disk.trace.at(-1)}`;
        const after = disk.afterCrash(operation, mode);
        expect(violations(after), what).toEqual([]);
        // Sectors that were not synced may be lost: nobody vouches for them, and an operator cuts the file there.
        if (mode === 'power-cut') cutDamage(after);
        const rig = await Rig.start(after, config);
        expect(violations(after), what).toEqual([]);
        expect(uncovered(after), what).toEqual({});
        expect(leftovers(after), what).toEqual([]);
        if (operation % 5 === 0) await goesOn(rig, after, config, what);
      }
    },
  );
});

async function goesOn(rig: Rig, disk: SimDisk, config: Partial<ConfigValues>, what: string): Promise<void> {
  await rig.ask('SET', 'afterwards', 'x'.repeat(9000));
  await rig.ask('BGREWRITEAOF');
  await rig.rewritten();
  await rig.ask('SET', 'later', 'x'.repeat(9000));
  expect(rig.info('aof_last_bgrewrite_status'), what).toBe('ok');
  const expected = rig.digest;
  await rig.engine.stop();
  expect(violations(disk), what).toEqual([]);
  expect(uncovered(disk), what).toEqual({});
  expect((await Rig.start(disk.afterCrash(1, 'kill'), config)).digest, what).toBe(expected);
}

/** Something between the server and its disk that breaks one rule. */
const CANARIES: readonly (readonly [string, Layout, (disk: SimDisk) => Disk])[] = [
  [
    'what vouched for the old file is still there when the new one takes its name',
    'single',
    (disk) =>
      altered(disk, {
        unlinkInBackground: async (path) => {
          if (!path.endsWith('.crc64')) await disk.unlinkInBackground(path);
        },
      }),
  ],
  [
    'records are vouched for before they are synced',
    'multi-part',
    (disk) =>
      withFiles(disk, (file) =>
        /incr\.aof$/.test(file.path) ? { dataSync: async () => undefined, dataSyncNow: () => undefined } : {},
      ),
  ],
];

describe('a canary', () => {
  test.each(CANARIES)('is noticed: %s', async (_, layout, wrap) => {
    const config: Partial<ConfigValues> = { 'aof-layout': layout, appendfsync: 'always', 'aof-checksums': true };
    const whole = await course({ config, isCounted: false, wrap });
    let refusals = 0;
    let found = 0;
    for (let operation = whole.before + 1; operation <= whole.disk.operations; operation++) {
      const onRewrite = (own: SimDisk) => own.crashAt(operation, 'before');
      const { disk } = await course({ config, isCounted: false, wrap, onRewrite });
      for (const [mode, seed] of [
        ['kill', 1],
        ['power-cut', 1],
        ['power-cut', 2],
        ['power-cut', 3],
        ['power-cut', 4],
      ] as const) {
        const after = disk.afterCrash(seed, mode);
        if (violations(after).length === 0) continue;
        found++;
        await Rig.start(after, config).catch((error: unknown) => {
          if (error instanceof LoadError && error.code.startsWith('AOF_CHECKSUM')) refusals++;
        });
      }
    }
    expect(found).toBeGreaterThan(0);
    // And a start notices it too.
    expect(refusals).toBeGreaterThan(0);
  });
});

describe.each(LAYOUTS)('a disk that refuses, %s', (layout) => {
  const config = { 'aof-layout': layout, 'aof-checksums': true } as const;

  test.each<readonly [FaultyOperation, RegExp]>([
    ['open', /crc64/],
    ['write', /crc64/],
    ['sync', /crc64/],
    ['rename', /crc64/],
    ['unlink', /crc64/],
    ['sync-directory', /./],
    ['sync', /incr|appendonly\.aof$/],
    ['truncate', /crc64/],
  ])('%s of %s: the log goes on, and nothing false is vouched for', async (operation, path) => {
    for (let skip = 0; skip < 3; skip++) {
      let stop: () => void = () => undefined;
      const disk = newDisk();
      const onRewrite = (own: SimDisk) => {
        stop = own.inject({ operation, path, skip, code: 'EIO' });
      };
      const { rig } = await course({ config, isCounted: false, disk, onRewrite });
      stop();
      const what = `${operation} ${path} ${skip}: ${rig.lines.slice(-6).join('\n')}`;
      expect(rig.fatal, what).toBeUndefined();
      const now = rig.digest;
      const after = disk.afterCrash(skip, 'kill');
      expect(violations(after), what).toEqual([]);
      expect((await Rig.start(after, config)).digest, what).toBe(now);
      await goesOn(rig, disk, config, what);
    }
  });
});

describe('CONFIG SET aof-checksums', () => {
  const LARGE = 'v'.repeat(30_000);

  test('yes: the block that is being filled and what follows is vouched for; no: nothing more', async () => {
    const disk = newDisk();
    const config = { appendfsync: 'always' } as const;
    const rig = await Rig.start(disk, config);
    for (let i = 0; i < 5; i++) await rig.ask('SET', `before:${i}`, LARGE);
    expect(violations(disk)).toEqual([]);
    expect(await rig.ask('CONFIG', 'SET', 'aof-checksums', 'yes')).toBe('OK');
    for (let i = 0; i < 5; i++) await rig.ask('SET', `after:${i}`, LARGE);
    expect(uncovered(disk)).toEqual({ '/var/appendonly.aof': 2 * CHECKSUM_BLOCK_BYTES });
    await rig.ask('CONFIG', 'SET', 'aof-checksums', 'no');
    const { size = 0 } = disk.status('/var/appendonly.aof.crc64') ?? {};
    for (let i = 0; i < 5; i++) await rig.ask('SET', `off:${i}`, LARGE);
    expect(disk.status('/var/appendonly.aof.crc64')?.size).toBe(size);
    expect(violations(disk)).toEqual([]);
    const again = await Rig.start(disk.afterCrash(1, 'power-cut'), { ...config, 'aof-checksums': true });
    expect(again.digest).toBe(rig.digest);
  });

  test('off: what vouches for a log is compared all the same, and goes with a rewrite', async () => {
    for (const layout of LAYOUTS) {
      const disk = newDisk();
      const rig = await Rig.start(disk, { 'aof-layout': layout, 'aof-checksums': true });
      await rig.ask('SET', 'k', LARGE);
      await rig.engine.stop();
      const damaged = disk.afterCrash(1, 'kill');
      const [path = ''] = [...damaged.contents()].find(([name, { length }]) => IS_LOG.test(name) && length > 0) ?? [];
      const bytes = damaged.readFile(path).slice();
      bytes[20_000] = 'w'.charCodeAt(0);
      damaged.open(path, 'truncate').write(bytes);
      const off = { 'aof-layout': layout };
      await expect(Rig.start(damaged, off)).rejects.toMatchObject({ code: 'AOF_CHECKSUM_MISMATCH', path });
      const without = await Rig.start(disk, off);
      await without.ask('BGREWRITEAOF');
      await without.rewritten();
      expect([...disk.contents().keys()].filter((name) => name.endsWith('.crc64'))).toEqual([]);
    }
  });
});
