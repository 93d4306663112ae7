/** When a rewrite runs, what clients and operators are told, and `appendonly` changed at run time. */
import { SimDisk } from '@aof/disk';
import { RespError } from '@aof/resp-codec';
import { describe, expect, test } from 'vitest';
import { DIR, Rig } from './rig.ts';

function newDisk(): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  return disk;
}

async function fill(rig: Rig, keys: number, size = 10): Promise<void> {
  for (let i = 0; i < keys; i += 50) {
    const pairs = Array.from({ length: Math.min(50, keys - i) }, (_, j) => [`key:${i + j}`, 'v'.repeat(size)]);
    await rig.ask('MSET', ...pairs.flat());
  }
}

/** Until the timer has had its chance, and what it has begun has ended. */
async function tick(rig: Rig, ms = 100): Promise<void> {
  rig.advance(ms);
  await rig.turn();
  await rig.rewritten();
}

describe('BGREWRITEAOF', () => {
  test('answers started, in progress, and scheduled inside MULTI', async () => {
    const rig = await Rig.start(newDisk());
    await fill(rig, 1000);
    expect(await rig.ask('BGREWRITEAOF')).toBe('Background append only file rewriting started');
    expect(await rig.ask('BGREWRITEAOF')).toEqual(
      new RespError('ERR Background append only file rewriting already in progress'),
    );
    expect([rig.info('aof_rewrite_in_progress'), rig.info('aof_rewrites')]).toEqual([1, 1]);
    await rig.rewritten();
    const client = rig.connect();
    client.send(['multi'], ['bgrewriteaof'], ['exec']);
    await rig.turn();
    expect(client.replies.at(-1)).toEqual(['Background append only file rewriting scheduled']);
    expect(rig.info('aof_rewrite_scheduled')).toBe(1);
    await tick(rig);
    expect([rig.info('aof_rewrite_scheduled'), rig.info('aof_rewrites')]).toEqual([0, 2]);
    expect(rig.info('aof_last_bgrewrite_status')).toBe('ok');
  });

  test('works while the log is off: only a base remains', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { appendonly: false, 'aof-layout': 'multi-part' });
    await fill(rig, 100);
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    expect([...disk.contents().keys()]).toEqual([
      `${DIR}/appendonlydir/appendonly.aof.1.base.aof`,
      `${DIR}/appendonlydir/appendonly.aof.manifest`,
    ]);
    expect(rig.info('aof_enabled')).toBe(0);
    expect((await Rig.start(disk)).digest).toBe(rig.digest);
  });

  test('keeps what is written meanwhile, in slices that end', async () => {
    for (const layout of ['multi-part', 'single'] as const) {
      const disk = newDisk();
      const rig = await Rig.start(disk, { 'aof-layout': layout });
      await fill(rig, 3000);
      const client = rig.connect();
      await rig.ask('BGREWRITEAOF');
      let turns = 0;
      for (; rig.engine.rewriteControl.isRunning; turns++) {
        client.send(['set', `key:${(turns * 7) % 3000}`, `new:${turns}`], ['rpush', 'list', `${turns}`]);
        if (turns === 5) {
          expect(rig.info('aof_rewrite_progress_perc')).toMatch(/^\d+\.\d\d$/);
          expect(Number(rig.info('aof_rewrite_buffer_length')) > 0).toBe(layout === 'single');
        }
        await rig.turn();
      }
      expect(turns).toBeGreaterThan(20);
      expect(rig.info('aof_rewrite_keys_copied_early')).toBeGreaterThan(5);
      expect(rig.info('aof_rewrite_buffer_length')).toBe(0);
      await rig.turn();
      expect((await Rig.start(disk.afterCrash(1, 'kill'), { 'aof-layout': layout })).digest).toBe(rig.digest);
    }
  });

  test.each([0, 5])(
    'appends a long rewrite buffer in short turns, and gets to its end beside %i writes of 60 KB in each',
    async (writes) => {
      const disk = newDisk();
      const rig = await Rig.start(disk, { 'aof-layout': 'single', appendfsync: 'no' });
      await fill(rig, 2000);
      const before = disk.trace.length;
      await rig.ask('BGREWRITEAOF');
      const client = rig.connect();
      const write = (count: number): void => {
        for (let i = 0; i < count; i++) client.send(['set', 'meanwhile', `${i % 10}`.repeat(60_000)]);
      };
      write(50);
      const appended: number[] = [];
      for (let turn = 0; rig.engine.rewriteControl.isRunning; turn++) {
        expect(turn).toBeLessThan(100);
        const from = disk.trace.length;
        if (rig.lines.some((line) => line.includes('terminated with success'))) write(writes);
        await rig.turn();
        const lengths = disk.trace.slice(from).map((line) => /^write .*temp-rewriteaof-.* (\d+)$/.exec(line)?.[1] ?? 0);
        appended.push(lengths.reduce<number>((sum, length) => sum + Number(length), 0));
      }
      expect(Math.max(...appended)).toBeLessThan(Math.max(400_000, 4 * writes * 60_000));
      // Of the base, of what each round has appended, and when both files are written: the last one has little to do.
      const syncs = disk.trace.slice(before).filter((line) => /^background-sync .*temp-rewriteaof-/.test(line));
      expect(syncs).toHaveLength(writes === 0 ? 3 : 8);
      expect(rig.info('aof_last_bgrewrite_status')).toBe('ok');
      expect((await Rig.start(disk.afterCrash(1, 'kill'), { 'aof-layout': 'single' })).digest).toBe(rig.digest);
    },
  );

  test.each(['between two turns', 'while a sync runs'])(
    'appends nothing more of its buffer once nobody wants it, %s',
    async (moment) => {
      const disk = newDisk();
      const rig = await Rig.start(disk, { 'aof-layout': 'single', appendfsync: 'no' });
      await fill(rig, 2000);
      await rig.ask('BGREWRITEAOF');
      const client = rig.connect();
      const write = (): void => {
        for (let i = 0; i < 10; i++) client.send(['set', 'meanwhile', `${i}`.repeat(60_000)]);
      };
      const isCopied = () => rig.lines.some((line) => line.includes('terminated with success'));
      write();
      for (let turn = 0; !isCopied(); turn++) {
        expect(turn).toBeLessThan(100);
        await rig.turn();
      }
      if (moment === 'while a sync runs') {
        disk.holdSyncs = true;
        for (let turn = 0; disk.pendingSyncs.length === 0; turn++) {
          expect(turn).toBeLessThan(100);
          await rig.turn();
        }
        write();
      }
      expect(rig.info('aof_rewrite_buffer_length')).toBeGreaterThan(300_000);
      const before = disk.trace.length;
      client.send(['config', 'set', 'appendonly', 'no']);
      disk.holdSyncs = false;
      while (disk.pendingSyncs.length > 0) disk.completeSync();
      await rig.rewritten();
      expect(disk.trace.slice(before).filter((line) => /^write .*temp-rewriteaof-/.test(line))).toEqual([]);
      expect([...disk.contents().keys()]).toEqual([`${DIR}/appendonly.aof`]);
    },
  );

  test('is refused when the disk clearly has no room, and the server goes on', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk);
    await fill(rig, 1000, 100);
    disk.freeSpaceBytes = 10_000;
    expect(await rig.ask('BGREWRITEAOF')).toEqual(
      new RespError(
        "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
      ),
    );
    expect(rig.info('aof_last_bgrewrite_status')).toBe('err');
    expect(rig.lines.at(-1)).toMatch(/no room for a rewrite: about \d+ bytes are needed, 10000 are free/);
    expect(await rig.ask('SET', 'a', 'b')).toBe('OK');
  });
});

describe('a rewrite buffer that the disk refuses', () => {
  test('ends the rewrite at once, gives its room back, and the log goes on', async () => {
    const disk = newDisk();
    const rig = new Rig(disk, { 'aof-layout': 'single' }, 0);
    const started = rig.engine.start();
    for (let i = 0; i < 8; i++) await rig.turn();
    await started;
    await fill(rig, 3000);
    disk.inject({ operation: 'write', path: /temp-rewriteaof-buffer/, code: 'ENOSPC' });
    const client = rig.connect();
    await rig.ask('BGREWRITEAOF');
    client.send(['set', 'meanwhile', 'x']);
    for (let turn = 0; turn < 10; turn++) await rig.turn();
    // Without this, all of the 3000 keys would be copied first, which takes this rig's clock some twenty turns.
    expect(rig.engine.rewriteControl.isRunning).toBe(false);
    expect(rig.info('aof_last_bgrewrite_status')).toBe('err');
    expect(rig.lines.at(-1)).toMatch(/terminated with error: .*temp-rewriteaof-buffer/);
    expect([...disk.contents().keys()]).toEqual([`${DIR}/appendonly.aof`]);
    await rig.ask('SET', 'later', 'x');
    expect((await Rig.start(disk.afterCrash(1, 'kill'), { 'aof-layout': 'single' })).digest).toBe(rig.digest);
  });
});

describe('what is said of a rewrite that runs', () => {
  test('keys done and in all, those copied early, the longest slice, and a line in the log every five seconds', async () => {
    const rig = await Rig.start(newDisk());
    await fill(rig, 3000);
    const field = (name: string) => Number(rig.info(name));
    await rig.ask('BGREWRITEAOF');
    const client = rig.connect();
    let lastDone = 0;
    for (let turn = 0; turn < 8; turn++) {
      client.send(['append', `key:${2999 - turn}`, 'x']);
      await rig.turn();
      const done = field('aof_rewrite_keys_done');
      expect(done).toBeGreaterThanOrEqual(lastDone);
      lastDone = done;
      expect(field('aof_rewrite_keys_total')).toBe(3000);
      expect(field('aof_rewrite_progress_perc')).toBeCloseTo((done * 100) / 3000, 1);
    }
    expect(lastDone).toBeGreaterThan(0);
    expect(lastDone).toBeLessThan(3000);
    expect(field('aof_rewrite_keys_copied_early')).toBeGreaterThan(0);
    expect(field('aof_rewrite_keys_copied_early')).toBeLessThanOrEqual(8);
    rig.advance(4900);
    const isProgress = (line: string) => /AOF rewrite: \d+ of 3000 keys copied, \d+ bytes written/.test(line);
    expect(rig.lines.filter(isProgress)).toEqual([]);
    rig.advance(200);
    expect(rig.lines.filter(isProgress)).toHaveLength(1);
    await rig.rewritten();
    // Every look at this rig's clock takes 300 µs; a rewrite that has ended keeps its longest slice.
    expect(field('aof_rewrite_max_slice_usec')).toBeGreaterThanOrEqual(300);
    expect(field('aof_rewrite_max_slice_usec')).toBeLessThan(5000);
    expect(rig.info('aof_last_bgrewrite_status')).toBe('ok');
  });
});

describe('automatic rewrites', () => {
  test.each(['multi-part', 'single'] as const)('begin at exactly the percentage, %s', async (layout) => {
    // Above the least size, growth of floor(current * 100 / base) - 100 percent; each record here has 32 bytes.
    const record = ['SET', 'key', 'v'.repeat(4)];
    const recordBytes = 32;
    const rig = await Rig.start(newDisk(), {
      'aof-layout': layout,
      'auto-aof-rewrite-min-size': 1,
      'auto-aof-rewrite-percentage': 0,
    });
    await rig.ask('MSET', ...Array.from({ length: 50 }, (_, i) => [`k${i}`, 'v'.repeat(20)]).flat());
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    const size = () => Number(rig.info('aof_current_size'));
    const base = Number(rig.info('aof_base_size'));
    await rig.ask(...record);
    const before = size();
    await rig.ask(...record);
    expect(size() - before).toBe(recordBytes);
    await tick(rig);
    expect(rig.info('aof_rewrites')).toBe(1);
    // With the log as it is: the percentage that it has not reached by one, and the one that it has.
    const growth = Math.floor((size() * 100) / base) - 100;
    expect(growth).toBeGreaterThan(0);
    await rig.ask('CONFIG', 'SET', 'auto-aof-rewrite-percentage', String(growth + 1));
    await tick(rig);
    expect(rig.info('aof_rewrites')).toBe(1);
    await rig.ask(
      'CONFIG',
      'SET',
      'auto-aof-rewrite-min-size',
      String(size()),
      'auto-aof-rewrite-percentage',
      String(growth),
    );
    await tick(rig);
    expect(rig.info('aof_rewrites')).toBe(1);
    await rig.ask('CONFIG', 'SET', 'auto-aof-rewrite-min-size', String(size() - 1));
    await tick(rig);
    expect(rig.info('aof_rewrites')).toBe(2);
    expect(rig.lines.some((line) => line.endsWith(`Starting automatic rewriting of AOF on ${growth}% growth`))).toBe(
      true,
    );
  });

  test('begin when the log has grown by the percentage and is larger than the least size', async () => {
    const rig = await Rig.start(newDisk(), { 'auto-aof-rewrite-min-size': 4096, 'auto-aof-rewrite-percentage': 100 });
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    while (Number(rig.info('aof_current_size')) + 40 <= 4096) {
      await rig.ask('SET', 'k', 'v'.repeat(10));
      await tick(rig);
    }
    expect(rig.info('aof_rewrites')).toBe(1);
    await rig.ask('SET', 'k', 'v'.repeat(60));
    await tick(rig);
    expect(rig.info('aof_rewrites')).toBe(2);
    expect(rig.lines.some((line) => /Starting automatic rewriting of AOF on \d+% growth/.test(line))).toBe(true);
    // One key is left: small again.
    expect(rig.info('aof_current_size')).toBe(rig.info('aof_base_size'));
    expect(Number(rig.info('aof_current_size'))).toBeLessThan(200);
  });

  test('are delayed after three failures in a row', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { 'auto-aof-rewrite-min-size': 1, 'auto-aof-rewrite-percentage': 1 });
    await fill(rig, 200);
    disk.inject({ operation: 'open', path: /temp-rewrite/, times: 1000 });
    for (let i = 0; i < 30; i++) await tick(rig);
    expect(rig.info('aof_rewrites_consecutive_failures')).toBe(3);
    expect(rig.lines.at(-1)).toMatch(/repeatedly failed and triggered the limit, will retry in 1 minutes/);
    for (let i = 0; i < 61; i++) await tick(rig, 1000);
    expect(rig.info('aof_rewrites_consecutive_failures')).toBe(4);
    expect(rig.lines.at(-1)).toMatch(/will retry in 2 minutes/);
  });
});

describe('appendonly at run time', () => {
  test.each(['multi-part', 'single'] as const)(
    'yes: what there is and what comes is in the log, %s',
    async (layout) => {
      const disk = newDisk();
      const rig = await Rig.start(disk, { appendonly: false, 'aof-layout': layout });
      await fill(rig, 2000);
      expect(await rig.ask('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
      await rig.ask('SET', 'meanwhile', 'x');
      await rig.ask('SET', 'key:7', 'changed');
      expect([rig.info('aof_enabled'), rig.info('aof_rewrite_in_progress')]).toEqual([1, 1]);
      await rig.rewritten();
      await rig.ask('SET', 'later', 'x');
      expect(rig.engine.appendLog.state).toBe('on');
      expect((await Rig.start(disk.afterCrash(1, 'kill'), { 'aof-layout': layout })).digest).toBe(rig.digest);
      expect(await rig.ask('CONFIG', 'SET', 'appendonly', 'no')).toBe('OK');
      const before = disk.contents();
      await rig.ask('SET', 'unlogged', 'x');
      await tick(rig);
      expect(disk.contents()).toEqual(before);
      expect(rig.info('aof_enabled')).toBe(0);
    },
  );

  test.each(['multi-part', 'single'] as const)('yes: tries again after a failure, %s', async (layout) => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { appendonly: false, 'aof-layout': layout });
    await fill(rig, 200);
    disk.inject({ operation: 'write', path: /temp-rewrite/, code: 'ENOSPC' });
    await rig.ask('CONFIG', 'SET', 'appendonly', 'yes');
    await rig.rewritten();
    expect([rig.info('aof_last_bgrewrite_status'), rig.info('aof_rewrite_scheduled')]).toEqual(['err', 1]);
    expect([...disk.contents().keys()].filter((path) => path.includes('temp'))).toEqual([]);
    await tick(rig);
    expect(rig.info('aof_last_bgrewrite_status')).toBe('ok');
    await rig.ask('SET', 'later', 'x');
    expect((await Rig.start(disk.afterCrash(1, 'kill'), { 'aof-layout': layout })).digest).toBe(rig.digest);
  });

  test('no: gives up the rewrite that runs; SHUTDOWN waits for the first one', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { appendonly: false });
    await fill(rig, 3000);
    await rig.ask('CONFIG', 'SET', 'appendonly', 'yes');
    expect(await rig.ask('SHUTDOWN')).toBeInstanceOf(RespError);
    expect(rig.isShutDown).toBe(false);
    await rig.ask('CONFIG', 'SET', 'appendonly', 'no');
    await rig.rewritten();
    expect([...disk.contents().keys()].filter((path) => path.includes('temp'))).toEqual([]);
    expect(rig.info('aof_rewrites_consecutive_failures')).toBe(0);
    expect([rig.info('aof_enabled'), rig.info('aof_rewrite_scheduled')]).toEqual([0, 0]);
    await rig.ask('CONFIG', 'SET', 'appendonly', 'yes');
    await rig.rewritten();
    expect((await Rig.start(disk)).digest).toBe(rig.digest);
  });

  test('aof-disable-auto-gc keeps history until it is turned off', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, { 'aof-layout': 'multi-part' });
    await rig.ask('CONFIG', 'SET', 'aof-disable-auto-gc', 'yes');
    await fill(rig, 10);
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    const text = () => Buffer.from(disk.readFile(`${DIR}/appendonlydir/appendonly.aof.manifest`)).toString();
    expect(text()).toContain('type h');
    expect(disk.contents().has(`${DIR}/appendonlydir/appendonly.aof.1.incr.aof`)).toBe(true);
    await rig.ask('CONFIG', 'SET', 'aof-disable-auto-gc', 'no');
    await rig.rewritten();
    expect(text()).not.toContain('type h');
    expect(disk.contents().has(`${DIR}/appendonlydir/appendonly.aof.1.incr.aof`)).toBe(false);
  });
});

describe('DEBUG RELOAD', () => {
  test('takes the data set through a file, also while a rewrite runs', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk);
    await fill(rig, 500);
    await rig.ask('ZADD', 'z', 'inf', 'a', '-inf', 'b', '0.1', 'c', '1e300', 'd');
    await rig.ask('EXPIRE', 'key:3', '100');
    const { digest } = rig;
    await rig.ask('BGREWRITEAOF');
    expect(await rig.ask('DEBUG', 'RELOAD')).toBe('OK');
    expect(rig.digest).toBe(digest);
    expect([...disk.contents().keys()].filter((path) => path.includes('temp'))).toEqual([]);
    await rig.ask('SET', 'later', 'x');
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    expect(rig.info('aof_last_bgrewrite_status')).toBe('ok');
    expect((await Rig.start(disk)).digest).toBe(rig.digest);
  });
});
