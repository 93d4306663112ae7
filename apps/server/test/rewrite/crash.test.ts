/**
 * A crash at every operation of the disk during a rewrite, and a disk that refuses each of them: what is on disk is one valid
 * log, and the server goes on.
 *
 * Oracle: what a start finds is the data set as it was after some command; under `always` not before any that was
 * acknowledged; when only the process died, not before any whose records were written.
 */
import type { BaseFormat } from '@aof/aof-files';
import type { ConfigValues } from '@aof/config';
import { type CrashMode, type CrashMoment, type Disk, type FaultyOperation, SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { altered, withFiles } from '../simulation/machine.ts';
import { cutDamage } from '../simulation/recovery.ts';
import { course, newDisk, SEED, SEEDS } from './course.ts';
import { Rig } from './rig.ts';

async function recovered(disk: SimDisk, config: Partial<ConfigValues>): Promise<{ digest: string; rig: Rig }> {
  const rig = await Rig.start(disk, config);
  return { digest: rig.digest, rig };
}

const LAYOUTS: readonly ConfigValues['aof-layout'][] = ['multi-part', 'single'];
/** Most of what is logged during a rewrite is more than this. */
const CEILING_BYTES = 40;
const BUFFER_FILE = /temp-rewriteaof-buffer/;
const MOMENTS: readonly CrashMoment[] = ['before', 'half', 'after'];

describe.each(LAYOUTS)(`a crash at any operation of a rewrite, seed ${SEED}, %s`, (layout) => {
  test.each<readonly [CrashMode, ConfigValues['appendfsync'], BaseFormat, number | undefined]>([
    ['kill', 'everysec', 'aof', undefined],
    ['only-synced', 'always', 'aof', undefined],
    ['power-cut', 'always', 'aof', undefined],
    ['power-cut', 'everysec', 'aof', undefined],
    ['kill', 'everysec', 'rdb', undefined],
    ['only-synced', 'always', 'rdb', undefined],
    ['power-cut', 'always', 'rdb', undefined],
    ['power-cut', 'everysec', 'rdb', undefined],
    // Only this layout has a rewrite buffer, which goes on in a file here.
    ...(layout === 'single'
      ? ([
          ['kill', 'everysec', 'aof', CEILING_BYTES],
          ['power-cut', 'always', 'rdb', CEILING_BYTES],
        ] as const)
      : []),
  ])(
    '%s under %s, base in the form %s, ceiling of the rewrite buffer %s',
    async (mode, appendfsync, format, ceilingBytes) => {
      const config = {
        'aof-layout': layout,
        appendfsync,
        'aof-timestamp-enabled': false,
        'aof-use-rdb-preamble': format === 'rdb',
      };
      const whole = await course({ config, isCounted: true, ceilingBytes, seed: SEED });
      expect(whole.rig.info('aof_last_bgrewrite_status')).toBe('ok');
      expect(whole.rig.info('aof_rewrites')).toBe(1);
      expect(whole.disk.trace.some((line) => BUFFER_FILE.test(line))).toBe(ceilingBytes !== undefined);
      const last = whole.disk.operations;
      expect(last - whole.before).toBeGreaterThan(8);
      for (let operation = whole.before + 1; operation <= last; operation++) {
        const moment = MOMENTS[(operation + SEED) % MOMENTS.length] ?? 'before';
        const { disk, acknowledged, written } = await course({
          config,
          isCounted: false,
          ceilingBytes,
          seed: SEED,
          onRewrite: (own) => own.crashAt(operation, moment),
        });
        expect(disk.isCrashed).toBe(true);
        const what = `${moment} ${operation}: ${disk.trace.at(-1)}`;
        const after = disk.afterCrash(operation + SEED, mode);
        // Sectors that were not synced may be lost from the middle of what was: an operator cuts the file there.
        if (mode === 'power-cut') cutDamage(after);
        const { digest, rig } = await recovered(after, config);
        // The last state that looks like this: commands may leave everything as it is.
        const found = whole.digests.lastIndexOf(digest);
        const required = mode === 'kill' ? written : 0;
        expect(found, what).toBeGreaterThanOrEqual(appendfsync === 'always' ? acknowledged : required);
        expect(leftovers(after), what).toEqual([]);
        if (operation % 3 === 0) await goesOn(rig, after, config, what);
      }
    },
  );

  test('kill, while the log is turned on', async () => {
    const config = { 'aof-layout': layout };
    const whole = await course({ config, isCounted: true, startsAtRunTime: true, seed: SEED });
    expect(whole.rig.info('aof_last_bgrewrite_status')).toBe('ok');
    for (let operation = whole.before + 1; operation <= whole.disk.operations; operation++) {
      const { disk, rig: killed } = await course({
        config,
        isCounted: false,
        startsAtRunTime: true,
        seed: SEED,
        onRewrite: (own) => own.crashAt(operation, 'half'),
      });
      const what = `${operation}: ${disk.trace.at(-1)}`;
      const { digest, rig } = await recovered(disk.afterCrash(operation, 'kill'), config);
      // Not durable before the rewrite has ended: then either nothing is found, or what was.
      const isOn = killed.info('aof_last_bgrewrite_status') === 'ok' && killed.engine.appendLog.state === 'on';
      if (isOn) expect(whole.digests, what).toContain(digest);
      else expect(['0'.repeat(40), ...whole.digests], what).toContain(digest);
      await goesOn(rig, rig.engine.disk, config, what);
    }
  });
});

/** Something between the server and its disk that breaks one rule. */
const CANARIES: readonly (readonly [string, ConfigValues['aof-layout'], (disk: SimDisk) => Disk])[] = [
  [
    'the base is not synced',
    'multi-part',
    (disk) => withFiles(disk, (file) => (file.path.includes('temp-rewrite') ? { sync: async () => undefined } : {})),
  ],
  [
    'the new file is not synced',
    'single',
    (disk) => withFiles(disk, (file) => (file.path.includes('temp-rewrite') ? { sync: async () => undefined } : {})),
  ],
  ['folders are not synced', 'single', (disk) => altered(disk, { syncDirectoryInBackground: async () => undefined })],
  [
    'the new incr file is not listed before it is written to',
    'multi-part',
    (disk) =>
      altered(disk, {
        rename: (from, to) => {
          if (!to.endsWith('.manifest') || disk.trace.some((line) => line.includes('temp-rewriteaof-bg')))
            disk.rename(from, to);
          else if (!disk.trace.some((line) => line.includes('incr.aof truncate'))) disk.rename(from, to);
        },
      }),
  ],
];

describe('a canary', () => {
  test.each(CANARIES)('is noticed: %s', async (_, layout, wrap) => {
    const config: Partial<ConfigValues> = { 'aof-layout': layout, appendfsync: 'always' };
    let isNoticed = false;
    for (const seed of SEEDS) {
      const life = { config, wrap, seed };
      const whole = await course({ ...life, isCounted: true });
      for (let operation = whole.before + 1; operation <= whole.disk.operations && !isNoticed; operation++) {
        const onRewrite = (own: SimDisk) => own.crashAt(operation, 'before');
        const { disk, acknowledged } = await course({ ...life, isCounted: false, onRewrite });
        const found = recovered(disk.afterCrash(operation, 'only-synced'), config).then(
          ({ digest }) => whole.digests.lastIndexOf(digest),
          () => -1,
        );
        isNoticed = (await found) < acknowledged;
      }
      if (isNoticed) break;
    }
    expect(isNoticed).toBe(true);
  });
});

/** What was recovered is written to and rewritten, and that too is found. */
async function goesOn(rig: Rig, disk: Disk, config: Partial<ConfigValues>, what: string): Promise<void> {
  await rig.ask('SET', 'afterwards', what);
  await rig.ask('BGREWRITEAOF');
  await rig.rewritten();
  await rig.ask('LPUSH', 'later', what);
  expect(rig.info('aof_last_bgrewrite_status'), what).toBe('ok');
  const expected = rig.digest;
  if (!(disk instanceof SimDisk)) throw new Error('not a simulated disk');
  expect((await recovered(disk.afterCrash(1, 'kill'), config)).digest, what).toBe(expected);
}

function leftovers(disk: SimDisk): string[] {
  return [...disk.contents().keys()].filter((path) => path.includes('temp-'));
}

/** Until what a write has failed for is in the log. */
async function writtenAgain(rig: Rig): Promise<void> {
  for (let i = 0; i < 25; i++) {
    rig.advance(100);
    await rig.turn();
  }
  expect(rig.info('aof_last_write_status')).toBe('ok');
}

const BUFFER_FAULTS: readonly (readonly [FaultyOperation, RegExp])[] = [
  ['open', BUFFER_FILE],
  ['write', BUFFER_FILE],
  ['read', BUFFER_FILE],
  ['unlink', BUFFER_FILE],
];

describe.each(LAYOUTS)('a disk that refuses during a rewrite, %s', (layout) => {
  const config = { 'aof-layout': layout };

  test.each<readonly [FaultyOperation, RegExp]>([
    ['open', /temp-|incr|base|manifest/],
    ['write', /temp-/],
    ['sync', /temp-|manifest/],
    ['sync', /incr/],
    ['rename', /./],
    ['unlink', /./],
    ['sync-directory', /./],
    ...(layout === 'single' ? BUFFER_FAULTS : []),
  ])('%s of %s', async (operation, path) => {
    let hits = 0;
    const most = path === BUFFER_FILE ? 5 : 20;
    for (let skip = 0; skip < most; skip++) {
      let stop: () => void = () => undefined;
      const disk = newDisk();
      const begun = await course({
        config,
        isCounted: false,
        disk,
        ceilingBytes: path === BUFFER_FILE ? CEILING_BYTES : undefined,
        onRewrite: (own) => {
          stop = own.inject({ operation, path, skip, code: 'EIO' });
        },
      });
      stop();
      const what = `${operation} ${path} ${skip}: ${begun.rig.lines.slice(-6).join('\n')}`;
      const { rig } = begun;
      expect(rig.fatal, what).toBeUndefined();
      // The new file has become the log, and that could not be written then.
      if (operation === 'write') await writtenAgain(rig);
      if (rig.info('aof_last_bgrewrite_status') === 'err') hits++;
      const now = rig.digest;
      expect((await recovered(disk.afterCrash(skip, 'kill'), config)).digest, what).toBe(now);
      await goesOn(rig, disk, config, what);
    }
    // Some are never asked for in this layout, and some failures harm nothing.
    const isAsked = path === BUFFER_FILE ? operation !== 'unlink' : /^write|rename$/.test(operation);
    if (isAsked) expect(hits).toBeGreaterThan(0);
  });

  test.each(layout === 'single' ? [undefined, CEILING_BYTES] : [undefined])(
    'a full disk, ceiling %s',
    async (ceilingBytes) => {
      for (const freeBytes of [0, 100, 3000, 6000, 9000, 12_000]) {
        const disk = newDisk();
        const { rig } = await course({
          config,
          isCounted: false,
          disk,
          ceilingBytes,
          onRewrite: (own) => {
            own.freeSpaceBytes = freeBytes;
          },
        });
        disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
        await writtenAgain(rig);
        const now = rig.digest;
        expect((await recovered(disk.afterCrash(1, 'kill'), config)).digest, `${freeBytes}`).toBe(now);
        await goesOn(rig, disk, config, `${freeBytes} bytes free`);
      }
    },
  );
});
