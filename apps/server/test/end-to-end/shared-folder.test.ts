/** Servers with different file names share a folder: none takes what another is writing for a leftover. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimHash } from '@aof/aof-files';
import { Config, type ConfigValues } from '@aof/config';
import { type DiskFile, NodeDisk, type OpenMode } from '@aof/disk';
import { afterEach, describe, expect, test } from 'vitest';
import { AofServer, createServer } from '../../src/index.ts';
import { until } from '../differential/beside-redis.ts';
import { temporaryFolder } from './programs.ts';

/** Syncs of temporary files take until they are let go, so that a rewrite or a save is in progress for as long as a test wants. */
class HoldingDisk extends NodeDisk {
  #letGo: () => void = () => undefined;
  readonly #isLetGo = new Promise<void>((resolve) => {
    this.#letGo = resolve;
  });

  letGo(): void {
    this.#letGo();
  }

  override open(path: string, mode: OpenMode): DiskFile {
    const file = super.open(path, mode);
    if (!/\/temp-[^/]*\.(aof|rdb)$/.test(path) || mode === 'read') return file;
    const sync = file.sync.bind(file);
    file.sync = async () => {
      await this.#isLetGo;
      return sync();
    };
    return file;
  }
}

const servers: AofServer[] = [];
const disks: HoldingDisk[] = [];
afterEach(async () => {
  for (const disk of disks.splice(0)) disk.letGo();
  for (const server of servers.splice(0)) await server.close();
});

function holdingDisk(): HoldingDisk {
  const disk = new HoldingDisk();
  disks.push(disk);
  return disk;
}

async function start(values: Partial<ConfigValues>, disk = new NodeDisk()): Promise<AofServer> {
  const server = new AofServer({
    config: Config.of('/', { save: [], loglevel: 'warning', ...values }),
    disk,
    log: () => undefined,
    port: undefined,
  });
  await server.start();
  servers.push(server);
  return server;
}

function temporaryFiles(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.startsWith('temp-'));
}

describe.skipIf(process.platform !== 'linux')('a second server starts', () => {
  const layouts = ['single', 'multi-part'] as const;
  test.each(layouts)('while the rewrite of the first one is in progress (%s)', async (layout) => {
    const dir = temporaryFolder();
    const disk = holdingDisk();
    const common = { dir, appendonly: true, 'aof-layout': layout };
    // Folders of their own for the parts: what is shared is `dir`.
    const [a, b] = ['a', 'b'].map((name) => ({
      ...common,
      appendfilename: `${name}.aof`,
      appenddirname: `${name}-parts`,
    }));
    const first = await start(a ?? common, disk);
    await first.call('SET', 'name', 'a');
    await first.call('BGREWRITEAOF');
    await until(() => temporaryFiles(dir).length > 0);
    const writing = temporaryFiles(dir);
    expect(writing).toHaveLength(1);

    const second = await start(b ?? common);
    await second.call('SET', 'name', 'b');
    expect(temporaryFiles(dir)).toEqual(writing);
    // Of one process, and at the same time: their files have different names.
    await second.call('BGREWRITEAOF');
    await until(() => temporaryFiles(dir).length === 1);
    disk.letGo();
    await rewritten(first);
    await rewritten(second);
    expect(temporaryFiles(dir)).toEqual([]);

    for (const server of servers.splice(0)) await server.close();
    expect(await (await start(a ?? common)).call('GET', 'name')).toBe('a');
    expect(await (await start(b ?? common)).call('GET', 'name')).toBe('b');
  });

  test('while the snapshot of the first one is being saved', async () => {
    const dir = temporaryFolder();
    const disk = holdingDisk();
    const first = await start({ dir, dbfilename: 'a.rdb' }, disk);
    await first.call('SET', 'name', 'a');
    await first.call('BGSAVE');
    await until(() => temporaryFiles(dir).length > 0);
    const writing = temporaryFiles(dir);

    const second = await start({ dir, dbfilename: 'b.rdb' });
    await second.call('SET', 'name', 'b');
    expect(temporaryFiles(dir)).toEqual(writing);
    await second.call('SAVE');
    expect(temporaryFiles(dir)).toEqual(writing);
    disk.letGo();
    await until(() => existsSync(join(dir, 'a.rdb')));
    await until(() => temporaryFiles(dir).length === 0);

    for (const server of servers.splice(0)) await server.close();
    expect(await (await start({ dir, dbfilename: 'a.rdb' })).call('GET', 'name')).toBe('a');
    expect(await (await start({ dir, dbfilename: 'b.rdb' })).call('GET', 'name')).toBe('b');
  });
});

async function rewritten(server: AofServer): Promise<void> {
  for (let info = ''; !info.includes('aof_rewrite_in_progress:0'); )
    info = String(await server.call('INFO', 'persistence'));
  expect(await server.call('INFO', 'persistence')).toContain('aof_last_bgrewrite_status:ok');
}

test.skipIf(process.platform !== 'linux')('what is left behind goes, what a process may be writing stays', async () => {
  const dir = temporaryFolder();
  const child = spawn('sleep', ['60']);
  const alive = child.pid ?? 0;
  const gone = spawn('true');
  await once(gone, 'exit');
  await using claiming = await createServer({ dir, appendonly: true, appendfilename: 'claimed.aof' });
  const [mine, claimed, other] = ['appendonly.aof', 'claimed.aof', 'other.aof'].map(claimHash);
  const stay = [
    // Of an earlier version, or of Redis, which says no more than its pid.
    `temp-rewriteaof-${alive}.aof`,
    `temp-rewriteaof-bg-${alive}.aof`,
    `temp-${alive}.rdb`,
    `temp-bg-${alive}.rdb`,
    `temp-rewriteaof-${gone.pid}-${claimed}.aof`,
    `temp-rewriteaof-buffer-${process.pid}-${claimed}.aof`,
    `temp-rewriteaof-${alive}-${other}.aof`,
    'temp-rewriteaof-mine.aof',
    'temp-mine.rdb',
  ];
  const go = [
    `temp-rewriteaof-${gone.pid}.aof`,
    `temp-rewriteaof-${process.pid}.aof`,
    `temp-bg-${process.pid}.rdb`,
    `temp-${gone.pid}.rdb`,
    `temp-rewriteaof-${gone.pid}-${other}.aof`,
    // A pid is given anew: who has claimed the log knows that nobody else rewrites it.
    `temp-rewriteaof-${alive}-${mine}.aof`,
    `temp-rewriteaof-buffer-${alive}-${mine}.aof`,
    `temp-rewriteaof-bg-${alive}-${mine}.aof`,
    `temp-${gone.pid}-${claimHash('dump.rdb')}.rdb`,
  ];
  for (const name of [...stay, ...go]) writeFileSync(join(dir, name), 'x');
  await start({ dir, appendonly: true });
  expect(temporaryFiles(dir).sort()).toEqual(stay.sort());
  expect(await claiming.call('PING')).toBe('PONG');
  child.kill();
});
