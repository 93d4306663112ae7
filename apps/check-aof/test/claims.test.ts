/**
 * A server of this project claims its log and its snapshot. Nothing is repaired or cut beside it, also where its open files cannot
 * be seen: here it runs in this process, whose files are not looked at.
 */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AofServer, createServer, type ServerOptions } from '@aof/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusalText } from '../src/command-report.ts';
import { holderOf } from '../src/open-files.ts';
import { runBesideServers } from './environment.ts';

const DAMAGE = 'no record';

let folder = '';
let server: AofServer | undefined;

beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-claim-')));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  fs.rmSync(folder, { recursive: true });
});

/** A server with one key, whose log has been damaged since. @param log the last file of the log, in the folder */
async function startDamaged(options: ServerOptions, log: string): Promise<string> {
  server = await createServer({ dir: folder, ...options });
  await server.call('SET', 'a', '1');
  const path = join(folder, log);
  fs.appendFileSync(path, DAMAGE);
  return path;
}

async function run(...args: string[]) {
  const { status, said } = await runBesideServers(args);
  return { status, stdout: said };
}

/** Status 4, who it is, what to do; and nothing has changed. */
async function expectRefused(log: string, claimed: string, calls: readonly (readonly string[])[]): Promise<void> {
  const before = fs.readFileSync(log);
  const names = fs.readdirSync(folder, { recursive: true });
  for (const call of calls) {
    const { status, stdout } = await run(...call);
    expect({ call, status }).toEqual({ call, status: 4 });
    expect(stdout).toContain(`Process ${process.pid} (`);
    expect(stdout).toContain(
      `) writes ${claimed}, and has claimed it. Stop it first, or work on a copy in another folder; nothing has been changed.`,
    );
  }
  expect(fs.readFileSync(log)).toEqual(before);
  expect(fs.readdirSync(folder, { recursive: true })).toEqual(names);
}

describe.skipIf(process.platform !== 'linux')('beside a server that has claimed the log', () => {
  test('a single file is only looked at, until the server has closed', async () => {
    const log = await startDamaged({ appendonly: true }, 'appendonly.aof');
    await expectRefused(log, log, [
      ['repair', '--yes', log],
      ['repair', '--yes', folder],
      ['undo', log],
      ['--fix', log],
    ]);
    const repair = JSON.parse((await run('repair', '--json', '--yes', log)).stdout);
    expect(repair).toMatchObject({
      command: 'repair',
      status: 4,
      holder: { processId: process.pid, path: log, isClaimed: true },
    });
    const fix = JSON.parse((await run('--fix', '--json', log)).stdout);
    expect(fix).toMatchObject({ status: 4, verdict: 'not-valid' });
    expect(fix.lines.join()).toContain('and has claimed it. Stop it first');

    expect((await run('repair', '--dry-run', log)).stdout).toContain('keep 50 of 59 bytes');
    expect((await run(log)).status).toBe(1);
    expect((await run('--strict', log)).status).toBe(1);
    expect((await run('doctor', folder)).stdout).toMatch(/notice +Process .* has claimed it\. What is said here/);

    await server?.close();
    expect(await run('repair', '--yes', log)).toMatchObject({ status: 0 });
    expect((await run('undo', log)).status).toBe(0);
  });

  test('nor is it cut off at a moment', async () => {
    server = await createServer({ dir: folder, appendonly: true, 'aof-timestamp-enabled': true });
    await server.call('SET', 'a', '1');
    const log = join(folder, 'appendonly.aof');
    fs.appendFileSync(log, '#TS:4000000000\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n');
    await expectRefused(log, log, [['--truncate-to-timestamp', '3000000000', log]]);
  });

  test('a multi-part log too, however it is named', async () => {
    const layout = { appendonly: true, 'aof-layout': 'multi-part', appendfilename: 'my.log' } as const;
    const log = await startDamaged(layout, 'appendonlydir/my.log.1.incr.aof');
    const parts = join(folder, 'appendonlydir');
    await expectRefused(log, join(folder, 'my.log'), [
      ['repair', '--yes', folder],
      ['repair', '--yes', parts],
      ['repair', '--yes', join(parts, 'my.log.manifest')],
      ['undo', parts],
      ['--fix', join(parts, 'my.log.manifest')],
      ['--fix', log],
    ]);
    await server?.close();
    expect(await run('repair', '--yes', parts)).toMatchObject({ status: 0 });
  });

  test.each(['single', 'multi-part'] as const)(
    'its backup is left alone: the files may be the log itself (%s)',
    async (layout) => {
      server = await createServer({ dir: folder, appendonly: true, 'aof-layout': layout });
      await server.call('SET', 'a', '1');
      await server.call('BACKUP', 'START');
      for (let isSealed = false; !isSealed; ) {
        // Until it has its base, there is nothing to seal.
        isSealed = await server.call('BACKUP', 'SEAL').then(
          () => true,
          () => false,
        );
      }
      const backup = join(folder, 'backupdir');
      const name = fs.readdirSync(backup).find((file) => /(incr|only)\.aof$/.test(file)) ?? '';
      expect((await run('--strict', backup)).status).toBe(0);
      fs.appendFileSync(join(backup, name), DAMAGE);
      await expectRefused(join(backup, name), join(folder, 'appendonly.aof'), [
        ['repair', '--yes', backup],
        ['--fix', join(backup, name)],
      ]);
      // A copy elsewhere is nobody's.
      const copy = join(folder, 'elsewhere', 'copy');
      fs.cpSync(backup, copy, { recursive: true });
      expect((await run('repair', '--yes', copy)).status).toBe(0);
    },
  );

  test('another log in the same folder is not its business', async () => {
    await startDamaged({ appendonly: true, appendfilename: 'a.aof' }, 'a.aof');
    const other = join(folder, 'b.aof');
    fs.copyFileSync(join(folder, 'a.aof'), other);
    expect((await run('repair', '--yes', other)).status).toBe(0);
    expect(fs.readFileSync(other, 'latin1')).not.toContain(DAMAGE);
  });

  test.each(['restore', 'convert'])('nothing is written into its folder, empty as it is: %s', async (command) => {
    const target = join(folder, 'running');
    const log = join(folder, 'old', 'old.aof');
    for (const one of [target, join(folder, 'old')]) fs.mkdirSync(one);
    fs.writeFileSync(log, '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n');
    const into = (to: string): string[] =>
      command === 'restore' ? ['restore', log, '--to', to] : ['convert', log, '--to', 'ours', '--out', to];
    for (const options of [{ save: [{ seconds: 3600, changes: 1 }] }, { appendonly: true, appendfilename: 'my.log' }]) {
      server = await createServer({ dir: target, ...options });
      for (const name of fs.readdirSync(target)) fs.rmSync(join(target, name), { recursive: true });
      const claimed = 'save' in options ? join(target, 'dump.rdb') : target;
      await expectRefused(log, claimed, [into(target)]);
      expect((await run(...into(join(target, 'below')))).status).toBe(0);
      await server.close();
      fs.rmSync(target, { recursive: true });
      fs.mkdirSync(target);
    }
    expect((await run(...into(target))).status).toBe(0);
  });

  test('who writes only snapshots there has claimed these', async () => {
    server = await createServer({ dir: folder, save: [{ seconds: 3600, changes: 1 }] });
    await server.call('SET', 'a', '1');
    await server.call('SAVE');
    expect(holderOf(folder)).toMatchObject({ path: join(folder, 'dump.rdb'), isClaimed: true });
    expect(holderOf(join(folder, 'dump.rdb'))).toMatchObject({ processId: process.pid });
    await server.close();
    expect(holderOf(folder)).toBeUndefined();
  });
});

test('a server whose files are closed to us is told as what it is', () => {
  const holder = { processId: undefined, processName: 'aof-server', path: '/d/appendonly.aof', isClaimed: true };
  expect(refusalText(holder)).toBe(
    'A server (aof-server) of another user writes /d/appendonly.aof, and has claimed it. Stop it first, or work on a copy in another folder; nothing has been changed.',
  );
});
