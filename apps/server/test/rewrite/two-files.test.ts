/**
 * The end of a rewrite of the single layout, while the log goes to the old file and to the new one: a crash at any operation of the
 * disk, a disk whose syncs never end, one that refuses, and everything that a client may ask for meanwhile.
 *
 * Oracle: whichever of the two a start finds under the name, it is the data set as it was after some command, under `always` not
 * before any that was acknowledged; when only the process died, not before any whose records were written.
 */
import type { ConfigValues } from '@aof/config';
import type { CrashMode, Disk, FaultyOperation, SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { altered, withFiles } from '../simulation/machine.ts';
import { cutDamage } from '../simulation/recovery.ts';
import { type Course, course, newDisk, SEED, SEEDS } from './course.ts';
import { DIR, Rig } from './rig.ts';

const LOG = `${DIR}/appendonly.aof`;
const NEW_FILE = /temp-rewriteaof-\d+-\w+\.aof$/;
const IS_RENAME = new RegExp(`^rename .*temp-rewriteaof-\\d+-\\w+\\.aof ${LOG}$`);
/** In the trace of a disk. */
const BLOCKS = /^sync(-directory)? /;

/** Number of the operation from which on records go to both files. */
function firstOfBoth({ disk, before }: Course): number {
  const writes = (line: string | undefined, path: RegExp): string | undefined =>
    line?.startsWith('write ') ? line.match(path)?.[1] : undefined;
  const index = disk.trace.findIndex((line, i) => {
    const length = writes(line, /temp-rewriteaof-\d+-\w+\.aof (\d+)$/);
    return i >= before && length !== undefined && length === writes(disk.trace[i + 1], /appendonly\.aof (\d+)$/);
  });
  expect(index).toBeGreaterThan(0);
  return index + 1;
}

const CRASHES: readonly (readonly [CrashMode, number])[] = [
  ['kill', 1],
  ['only-synced', 1],
  ...[1, 2].map((seed) => ['power-cut', seed] as const),
];

type Config = Partial<ConfigValues>;
type Wrap = (disk: SimDisk) => Disk;

/** Starts a server: what it says of its data set, or why it refuses. Crashes leave much the same, and a start takes long: each content once. */
function starts(): (disk: SimDisk, config: Config) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  return (disk, config) => {
    const files = [...disk.contents()].map(([path, bytes]) => `${path} ${Buffer.from(bytes).toString('latin1')}`);
    const content = files.join();
    const answer =
      known.get(content) ??
      Rig.start(disk, config).then(
        ({ digest }) => digest,
        (error: unknown) => `a refusal: ${error}`,
      );
    known.set(content, answer);
    return answer;
  };
}

/** Crashes at each operation from when both files are written, with a canary until it is noticed. @returns what was found that must not be */
async function crashEverywhere(
  config: Config,
  life: { readonly seed: number; readonly wrap?: Wrap },
): Promise<{ violations: string[]; crashes: number }> {
  const options = {
    config: { 'aof-layout': 'single', 'aof-timestamp-enabled': false, ...config },
    isSlow: true,
    ...life,
  } as const;
  const whole = await course({ ...options, isCounted: true });
  expect(whole.rig.info('aof_last_bgrewrite_status')).toBe('ok');
  const violations: string[] = [];
  const started = starts();
  const isPromised = config.appendfsync === 'always' && config['no-appendfsync-on-rewrite'] !== true;
  const first = firstOfBoth(whole);
  const last = whole.disk.operations;
  for (let operation = first; operation <= last && (life.wrap === undefined || violations.length === 0); operation++) {
    const moment = (['before', 'half', 'after'] as const)[(operation + life.seed) % 3] ?? 'before';
    const onRewrite = (own: SimDisk) => own.crashAt(operation, moment);
    const { disk, acknowledged, written } = await course({ ...options, isCounted: false, onRewrite });
    for (const [mode, seed] of CRASHES) {
      const after = disk.afterCrash((operation + life.seed) * 10 + seed, mode);
      if (mode === 'power-cut') cutDamage(after);
      const required = Math.max(isPromised ? acknowledged : 0, mode === 'kill' ? written : 0);
      const what = `${mode}, ${moment} ${operation}: ${disk.trace.at(-1)}`;
      const digest = await started(after, options.config);
      const found = whole.digests.lastIndexOf(digest);
      if (found < required) violations.push(`${what}: found ${found < 0 ? digest : found}, ${required} required`);
    }
  }
  return { violations, crashes: last - first };
}

describe(`a crash while records go to both files, seed ${SEED}`, () => {
  test.each<readonly [string, Config]>([
    ['always', { appendfsync: 'always' }],
    ['always, vouched for', { appendfsync: 'always', 'aof-checksums': true }],
    [
      'always, base in the RDB form, not synced while a rewrite runs',
      { appendfsync: 'always', 'aof-use-rdb-preamble': true, 'no-appendfsync-on-rewrite': true },
    ],
    ['everysec', { appendfsync: 'everysec' }],
    ['no', { appendfsync: 'no' }],
  ])('%s', async (_, config) => {
    let crashes = 0;
    for (let seed = SEED; seed < SEED + SEEDS.length; seed++) {
      const lived = await crashEverywhere(config, { seed });
      expect(lived.violations).toEqual([]);
      crashes += lived.crashes;
      if (crashes > 15) break;
    }
    expect(crashes).toBeGreaterThan(15);
  });
});

const isDone = (disk: SimDisk, pattern: RegExp): boolean => disk.trace.some((line) => pattern.test(line));

/** Something between the server and its disk that breaks one rule while both files are written. */
const CANARIES: readonly (readonly [string, Wrap])[] = [
  [
    'only the new file is synced',
    (disk) => withFiles(disk, ({ path }) => (path === LOG ? { dataSync: async () => undefined } : {})),
  ],
  [
    'only the old file is synced, but for the first time',
    (disk) => withFiles(disk, ({ path }) => (NEW_FILE.test(path) ? { dataSync: async () => undefined } : {})),
  ],
  [
    'the old file is let go before the folder is synced',
    (disk) =>
      altered(disk, {
        syncDirectoryInBackground: async (path) => {
          if (!isDone(disk, IS_RENAME)) await disk.syncDirectoryInBackground(path);
        },
      }),
  ],
  [
    'the new file gets its name before it is synced',
    (disk) => withFiles(disk, ({ path }) => (NEW_FILE.test(path) ? { sync: async () => undefined } : {})),
  ],
];

describe('a canary', () => {
  test.each(CANARIES)('is noticed: %s', async (_, wrap) => {
    const violations: string[] = [];
    for (const seed of SEEDS) {
      violations.push(...(await crashEverywhere({ appendfsync: 'always' }, { wrap, seed })).violations);
      if (violations.length > 0) break;
    }
    expect(violations.length).toBeGreaterThan(0);
  });
});

/** Where the end of a rewrite waits for the disk. */
type Stage = 'both files are written' | 'nothing vouches for the old file' | 'the new file has the name';
const STAGES: readonly Stage[] = [
  'both files are written',
  'nothing vouches for the old file',
  'the new file has the name',
];

interface Paused {
  readonly disk: SimDisk;
  readonly rig: Rig;
  readonly config: Config;
  /** Operations of the disk before the rewrite. */
  readonly before: number;
}

/** A rewrite, of a log that is on or of one that starts, that has come to `stage`, where a sync is held that it waits for. */
async function pausedAt(stage: Stage, more: Config = {}): Promise<Paused> {
  const config: Config = { 'aof-layout': 'single', 'aof-checksums': true, ...more };
  const disk = newDisk();
  const rig = await Rig.start(disk, config);
  await rig.ask('MSET', ...Array.from({ length: 60 }, (_, i) => [`key:${i}`, 'v'.repeat(i)]).flat());
  await rig.ask('SET', 'large', 'x'.repeat(9000));
  await rig.ask('SET', 'counter', '1');
  rig.advance(1100);
  await rig.turn();
  const isVouchedFor = config['aof-checksums'] === true && config.appendfsync !== 'no' && config.appendonly !== false;
  expect(disk.contents().has(`${LOG}.crc64`)).toBe(isVouchedFor);
  const before = disk.operations;
  disk.holdSyncs = true;
  await rig.ask(...(config.appendonly === false ? ['CONFIG', 'SET', 'appendonly', 'yes'] : ['BGREWRITEAOF']));
  for (let turn = 0; !isAt(stage, rig, disk, before); turn++) {
    if (turn > 300) throw new Error(`the rewrite does not get there: ${disk.trace.slice(-5).join(', ')}`);
    if (disk.pendingSyncs.length > 0) disk.completeSync();
    await rig.turn();
  }
  return { disk, rig, config, before };
}

function isAt(stage: Stage, rig: Rig, disk: SimDisk, before: number): boolean {
  const done = disk.trace.slice(before);
  const isWaiting = (path: string | RegExp) =>
    disk.pendingSyncs.some((sync) => sync.path.match(path)?.[0] === sync.path);
  const isCopied = rig.lines.some((line) => line.includes('rewrite terminated with success'));
  if (stage === 'both files are written') return isCopied && isWaiting(/.*temp-rewriteaof-\d+-\w+\.aof/);
  if (stage === 'the new file has the name') return done.some((line) => IS_RENAME.test(line)) && isWaiting(DIR);
  return done.includes(`unlink ${LOG}.crc64`) && isWaiting(DIR);
}

/** The disk ends all syncs from now on, and what waits for them goes on. */
async function release({ disk, rig }: Paused): Promise<void> {
  disk.holdSyncs = false;
  while (disk.pendingSyncs.length > 0) disk.completeSync();
  await rig.rewritten();
  // What a sync has kept from being written.
  rig.advance(100);
  await rig.turn();
}

async function found(disk: SimDisk, config: Config): Promise<string> {
  return (await Rig.start(disk, config)).digest;
}

function leftovers(disk: SimDisk): string[] {
  return [...disk.contents().keys()].filter((path) => path.includes('temp-'));
}

/** After the rewrite: what there is is the log, goes on to be written, and is found by a start. */
async function isSound({ disk, rig, config }: Paused): Promise<void> {
  expect(leftovers(disk)).toEqual([]);
  expect(rig.info('aof_last_write_status')).toBe('ok');
  expect(await found(disk.afterCrash(1, 'kill'), config)).toBe(rig.digest);
  await rig.ask('SET', 'later', 'x');
  await rig.ask('BGREWRITEAOF');
  await rig.rewritten();
  expect(rig.info('aof_last_bgrewrite_status')).toBe('ok');
  const { digest } = rig;
  await rig.engine.stop();
  expect(await found(disk.afterCrash(1, 'only-synced'), config)).toBe(digest);
}

describe.each(STAGES)('syncs that never end, %s', (stage) => {
  test('clients are served, no operation of the rewrite blocks, and nothing of it is lost', async () => {
    const paused = await pausedAt(stage);
    const { disk, rig, config, before } = paused;
    for (let i = 2; i < 12; i++) {
      expect(await rig.ask('INCR', 'counter')).toBe(i);
      rig.advance(300);
    }
    expect(await rig.ask('BGREWRITEAOF')).toMatchObject({ message: expect.stringContaining('already in progress') });
    expect(disk.trace.slice(before).filter((line) => BLOCKS.test(line))).toEqual([]);
    // Everysec has waited for two seconds, and then has written all the same.
    rig.advance(2500);
    await rig.turn();
    expect(await found(disk.afterCrash(1, 'kill'), config)).toBe(rig.digest);
    await release(paused);
    expect(rig.lines.at(-1)).toBe('notice: Background AOF rewrite finished successfully');
    await isSound(paused);
  });

  test('under always only those wait who have changed something', async () => {
    const paused = await pausedAt(stage, { appendfsync: 'always' });
    const { disk, rig } = paused;
    const before = disk.operations;
    const [writer, reader] = [rig.connect(), rig.connect()];
    for (let turn = 0; turn < 5; turn++) {
      // Who reads what is seen from when somebody reads.
      if (turn === 2) writer.send(['incr', 'counter']);
      reader.send(['get', 'key:3']);
      await rig.turn();
    }
    expect(reader.replies).toEqual(Array.from({ length: 5 }, () => 'vvv'));
    // The old file is synced, which is not enough.
    const index = disk.pendingSyncs.findIndex(({ path }) => path === LOG);
    disk.completeSync(index);
    for (let turn = 0; turn < 5; turn++) await rig.turn();
    expect(writer.replies).toEqual([]);
    expect(disk.trace.slice(before).filter((line) => BLOCKS.test(line))).toEqual([]);
    await release(paused);
    expect(writer.replies).toEqual([2]);
    await isSound(paused);
  });
});

describe.each(STAGES)('what clients ask for meanwhile, %s', (stage) => {
  const hasName = stage === 'the new file has the name';

  test('CONFIG SET appendonly no, and yes again', async () => {
    const paused = await pausedAt(stage);
    const { disk, rig, config } = paused;
    await rig.ask('INCR', 'counter');
    const { digest } = rig;
    expect(await rig.ask('CONFIG', 'SET', 'appendonly', 'no')).toBe('OK');
    // Whichever of the files a power cut leaves has it all.
    for (const mode of ['kill', 'only-synced'] as const)
      expect(await found(disk.afterCrash(1, mode), config)).toBe(digest);
    await rig.ask('SET', 'unlogged', 'x');
    await release(paused);
    expect(leftovers(disk)).toEqual([]);
    expect(await found(disk.afterCrash(1, 'only-synced'), config)).toBe(digest);
    expect(await rig.ask('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
    await rig.rewritten();
    await isSound(paused);
  });

  test('CONFIG SET appendonly no and yes at once: the log is the one that begins then', async () => {
    const paused = await pausedAt(stage);
    const { rig } = paused;
    await rig.ask('CONFIG', 'SET', 'appendonly', 'no');
    await rig.ask('CONFIG', 'SET', 'appendonly', 'yes');
    await rig.ask('INCR', 'counter');
    await release(paused);
    rig.advance(200);
    await rig.rewritten();
    expect(rig.engine.appendLog.state).toBe('on');
    await isSound(paused);
  });

  test('the end of the server', async () => {
    const paused = await pausedAt(stage);
    const { disk, rig, config } = paused;
    await rig.ask('INCR', 'counter');
    const { digest } = rig;
    const stopped = rig.engine.stop();
    await release(paused);
    await stopped;
    expect(rig.lines.some((line) => line.includes('rewrite terminated on purpose'))).toBe(!hasName);
    expect(leftovers(disk)).toEqual([]);
    expect(await found(disk.afterCrash(1, 'only-synced'), config)).toBe(digest);
  });

  test.each([
    ['FLUSHALL'],
    ['DEBUG', 'RELOAD'],
    ['DEBUG', 'LOADAOF'],
    ['BGREWRITEAOF'],
    ['CONFIG', 'SET', 'appendfsync', 'always'],
    ['CONFIG', 'SET', 'aof-checksums', 'no'],
  ])('%s %s %s %s', async (...request: string[]) => {
    const paused = await pausedAt(stage);
    const { disk, rig, config } = paused;
    const client = rig.connect();
    client.send(request.filter((word) => word !== undefined));
    client.send(['incr', 'counter'], ['select', '2'], ['set', 'other', 'x']);
    await release(paused);
    for (let turn = 0; turn < 40; turn++) await rig.turn();
    expect(client.replies).toHaveLength(4);
    expect(await found(disk.afterCrash(1, 'kill'), config)).toBe(rig.digest);
    await isSound(paused);
  });

  test('aof-checksums turned on: only the file that has the name is vouched for', async () => {
    const paused = await pausedAt(stage === STAGES[1] ? STAGES[0] : stage, { 'aof-checksums': false });
    const { disk, rig } = paused;
    await rig.ask('CONFIG', 'SET', 'aof-checksums', 'yes');
    await rig.ask('SET', 'large', 'x'.repeat(9000));
    await release(paused);
    await rig.ask('SET', 'large', 'y'.repeat(9000));
    rig.advance(1100);
    await rig.turn();
    expect(disk.contents().has(`${LOG}.crc64`)).toBe(true);
    await isSound(paused);
  });
});

test('aof-checksums turned off and on again, where neither file may be vouched for under the name: neither is', async () => {
  const paused = await pausedAt('nothing vouches for the old file');
  const { disk, rig } = paused;
  for (const isOn of ['no', 'yes']) await rig.ask('CONFIG', 'SET', 'aof-checksums', isOn);
  await rig.ask('SET', 'large', 'y'.repeat(9000));
  rig.advance(1200);
  const index = disk.pendingSyncs.findIndex(({ path }) => path === LOG);
  expect(index).toBeGreaterThanOrEqual(0);
  disk.completeSync(index);
  await rig.turn();
  expect(disk.contents().has(`${LOG}.crc64`)).toBe(false);
  await release(paused);
  expect(disk.contents().has(`${LOG}.crc64`)).toBe(true);
  await isSound(paused);
});

describe.each(['always', 'everysec', 'no'] as const)('a disk that refuses meanwhile, %s', (appendfsync) => {
  const refusals: readonly (readonly [FaultyOperation, RegExp])[] = [
    ['write', NEW_FILE],
    ['sync', NEW_FILE],
    ['rename', NEW_FILE],
    // Without syncs nothing vouches for the old file.
    ...(appendfsync === 'no'
      ? []
      : ([
          ['unlink', /crc64/],
          ['sync-directory', /./],
        ] as const)),
  ];

  test.each(refusals)(
    'the %s of what matches %s, before the new file has the name: it was all for nothing, and nothing else',
    async (operation, path) => {
      const paused = await pausedAt('both files are written', { appendfsync });
      const { disk, rig } = paused;
      const [client, reader] = [rig.connect(), rig.connect()];
      if (operation !== 'sync') disk.inject({ operation, path, code: 'EIO' });
      else disk.failSync(disk.pendingSyncs.findIndex((sync) => path.test(sync.path)));
      client.send(['incr', 'counter']);
      for (let turn = 0; turn < 3; turn++) await rig.turn();
      rig.advance(2500);
      reader.send(['get', 'key:2']);
      await release(paused);
      for (let turn = 0; turn < 3; turn++) await rig.turn();
      expect([client.replies, reader.replies]).toEqual([[2], ['vv']]);
      expect([rig.fatal, rig.info('aof_last_bgrewrite_status')]).toEqual([undefined, 'err']);
      await rig.ask('SET', 'goes', 'on');
      await isSound(paused);
    },
  );

  test('the folder cannot be synced with the new name: a doubt, and what is vouched for is neither file', async () => {
    const paused = await pausedAt('the new file has the name', { appendfsync });
    const { disk, rig } = paused;
    disk.failSync(disk.pendingSyncs.findIndex(({ path }) => path === DIR));
    await release(paused);
    expect(rig.lines.some((line) => line.includes('a power cut may still bring back the old one'))).toBe(true);
    expect(disk.contents().has(`${LOG}.crc64`)).toBe(false);
    await rig.ask('SET', 'large', 'x'.repeat(9000));
    expect(disk.contents().has(`${LOG}.crc64`)).toBe(false);
    await isSound(paused);
  });
});

describe('an old file that cannot be written or synced, under everysec', () => {
  test.each(['write', 'sync'] as const)(
    '%s: writes are refused until the new file has taken its place',
    async (operation) => {
      const paused = await pausedAt('both files are written');
      const { disk, rig, config } = paused;
      disk.inject({ operation, path: /appendonly\.aof$/, code: 'EIO', times: 1000 });
      await rig.ask('INCR', 'counter');
      rig.advance(2500);
      await rig.turn();
      expect(rig.info('aof_last_write_status')).toBe('err');
      expect(await rig.ask('INCR', 'counter')).toMatchObject({ message: expect.stringContaining('MISCONF') });
      await release(paused);
      rig.advance(1200);
      await rig.turn();
      expect(await rig.ask('INCR', 'counter')).toBe(3);
      await rig.turn();
      expect(await found(disk.afterCrash(1, 'kill'), config)).toBe(rig.digest);
    },
  );
});

describe.each(['both files are written', 'the new file has the name'] as const)('a log that starts, %s', (stage) => {
  const starts = { appendonly: false, appendfsync: 'always' } as const;

  test('is not the log before the rewrite has ended; then it is durable', async () => {
    const paused = await pausedAt(stage, starts);
    const { disk, rig } = paused;
    expect(rig.engine.appendLog.state).toBe('starting');
    expect(await rig.ask('SHUTDOWN')).toMatchObject({ message: expect.stringContaining('Errors trying to SHUTDOWN') });
    const client = rig.connect();
    client.send(['incr', 'counter']);
    await release(paused);
    expect(client.replies).toEqual([2]);
    expect(rig.engine.appendLog.state).toBe('on');
    const config = { ...paused.config, appendonly: true };
    expect(await found(disk.afterCrash(1, 'only-synced'), config)).toBe(rig.digest);
    await isSound({ ...paused, config });
  });

  test('appendonly no: it does not start', async () => {
    const paused = await pausedAt(stage, starts);
    const { disk, rig } = paused;
    await rig.ask('CONFIG', 'SET', 'appendonly', 'no');
    await rig.ask('INCR', 'counter');
    await release(paused);
    expect([rig.engine.appendLog.state, leftovers(disk)]).toEqual(['off', []]);
    await rig.ask('CONFIG', 'SET', 'appendonly', 'yes');
    await rig.rewritten();
    await isSound({ ...paused, config: { ...paused.config, appendonly: true } });
  });
});
