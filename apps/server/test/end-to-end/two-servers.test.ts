/** Two servers on one folder: the second is refused, at its start or when it is to write; killed or closed, the first leaves no trace. */
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimHash } from '@aof/aof-files';
import { describe, expect, test } from 'vitest';
import { createServer, FilesInUseError, type ServerOptions } from '../../src/index.ts';
import { spawnAof, startAof, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

const SAVES = [{ seconds: 3600, changes: 1 }];

function ownSocket(dir: string): string[] {
  return ['--dir', dir, '--port', '0', '--unixsocket', join(temporaryFolder(), 's')];
}

/** The refusal of a server in this process. */
async function refusal(options: ServerOptions): Promise<FilesInUseError> {
  try {
    await using server = await createServer(options);
    throw new Error(`not refused: ${server.port}`);
  } catch (error) {
    if (error instanceof FilesInUseError) return error;
    throw error;
  }
}

describe.skipIf(process.platform !== 'linux')('two processes', () => {
  test('the second ends with status 1 and names folder and holder; the first goes on', async () => {
    const pidfile = join(temporaryFolder(), 'pid');
    const first = await startAof(temporaryFolder(), '--pidfile', pidfile);
    const [sameLog, sameSnapshot] = [
      spawnAof([...ownSocket(first.dir), '--appendonly', 'yes', '--save', '', '--pidfile', pidfile]),
      spawnAof([...ownSocket(first.dir), '--appendonly', 'no']),
    ];
    expect((await sameLog.exited).code).toBe(1);
    const holder = /pid=(\d+)/.exec(first.program.output)?.[1];
    expect(sameLog.output).toContain(
      `(pid ${holder}) has the append only file appendonly.aof in the folder ${first.dir}`,
    );
    expect(sameLog.output).toContain('What to do: stop the other server first, or give this one a folder of its own');
    expect(sameLog.output).not.toContain('Server initialized');
    expect((await sameSnapshot.exited).code).toBe(1);
    expect(sameSnapshot.output).toContain(`(pid ${holder}) has the snapshot dump.rdb in the folder ${first.dir}`);
    expect(existsSync(join(first.dir, 'dump.rdb'))).toBe(false);
    expect(readFileSync(pidfile, 'utf8')).toBe(`${holder}\n`);
    const client = await RawClient.open(first.socket);
    expect(await client.call('SET', 'a', '1')).toBe('OK');
    expect(readFileSync(join(first.dir, 'appendonly.aof'), 'latin1')).toContain('$1\r\na\r\n');
  });

  test('the second waits for the first to end, and tells clients that it loads; SIGKILL frees the files', async () => {
    const first = await startAof(temporaryFolder(), '--appendfsync', 'always');
    expect(await (await RawClient.open(first.socket)).call('SET', 'a', '1')).toBe('OK');
    const args = ownSocket(first.dir);
    const second = spawnAof([...args, '--appendonly', 'yes']);
    await second.said('Waiting up to 3 seconds');
    const client = await RawClient.open(args.at(-1) ?? '');
    await expect(client.call('GET', 'a')).resolves.toMatchObject({ code: 'LOADING' });
    await first.program.kill();
    await second.said('Ready to accept connections');
    expect(await client.call('GET', 'a')).toBe('1');
  });
});

describe.skipIf(process.platform !== 'linux')('two servers in one process', () => {
  test('the second is refused with a typed error; closed, the first leaves the folder to the next at once', async () => {
    const dir = temporaryFolder();
    const first = await createServer({ dir, appendonly: true, save: SAVES });
    const otherwise = join(temporaryFolder(), 'link');
    symlinkSync(dir, otherwise);
    const [byLog, bySnapshot, byLink] = await Promise.all([
      refusal({ dir, appendonly: true }),
      refusal({ dir, save: SAVES }),
      refusal({ dir: otherwise, appendonly: true }),
    ]);
    const ours = `pid ${process.pid}, this process`;
    expect(byLog).toMatchObject({ code: 'AOF_FILES_IN_USE', pid: process.pid, path: `${dir}/appendonly.aof` });
    expect(byLog.message).toContain(ours);
    expect(byLink).toMatchObject({ pid: process.pid, path: `${otherwise}/appendonly.aof` });
    expect(bySnapshot).toMatchObject({ code: 'AOF_FILES_IN_USE', pid: process.pid, path: `${dir}/dump.rdb` });
    expect(bySnapshot.hint).toContain("--save ''");
    await first.call('SET', 'a', '1');
    await first.close();
    await using next = await createServer({ dir, appendonly: true, save: SAVES });
    expect(await next.call('GET', 'a')).toBe('1');
  });

  test('servers that write other files, or none, share a folder', async () => {
    const dir = temporaryFolder();
    await using first = await createServer({ dir, appendonly: true, save: SAVES });
    await using second = await createServer({
      dir,
      appendonly: true,
      save: SAVES,
      appendfilename: 'b.aof',
      dbfilename: 'b.rdb',
    });
    await using third = await createServer({ dir });
    expect(await Promise.all([first, second, third].map((server) => server.call('SET', 'a', '1')))).toEqual([
      'OK',
      'OK',
      'OK',
    ]);
  });

  test('a start that has failed leaves the folder to the next', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'appendonly.aof'), 'not a log');
    await expect(createServer({ dir, appendonly: true })).rejects.toMatchObject({ code: 'AOF_BAD_FORMAT' });
    renameSync(join(dir, 'appendonly.aof'), join(dir, 'broken'));
    await using server = await createServer({ dir, appendonly: true });
    expect(await server.call('PING')).toBe('PONG');
  });
});

describe.skipIf(process.platform !== 'linux')('a server that comes to write at run time', () => {
  test('the log of another: CONFIG SET appendonly yes and BGREWRITEAOF are refused, and nothing is lost', async () => {
    const dir = temporaryFolder();
    await using first = await createServer({ dir, appendonly: true, appendfsync: 'always' });
    await using second = await createServer({ dir });
    await second.call('SET', 'a', 'second');
    await expect(second.call('CONFIG', 'SET', 'appendonly', 'yes')).rejects.toThrow('Unable to turn on AOF');
    await expect(second.call('BGREWRITEAOF')).rejects.toThrow("Can't execute an AOF background rewriting");
    await first.call('SET', 'a', 'first');
    expect(readFileSync(join(dir, 'appendonly.aof'), 'latin1')).toContain('first');
    expect(await second.call('INFO', 'persistence')).toContain('aof_enabled:0');
  });

  test('the snapshot of another: SAVE and BGSAVE are refused, and what it is writing is no leftover', async () => {
    const dir = temporaryFolder();
    await using first = await createServer({ dir, save: SAVES });
    await first.call('SET', 'a', 'first');
    const temporary = join(dir, `temp-bg-${process.pid}-${claimHash('dump.rdb')}.rdb`);
    writeFileSync(temporary, 'being written');
    await using second = await createServer({ dir });
    expect(existsSync(temporary)).toBe(true);
    await expect(second.call('SAVE')).rejects.toThrow('ERR');
    await expect(second.call('BGSAVE')).rejects.toThrow('ERR');
    await first.close();
    await using again = await createServer({ dir, save: SAVES });
    expect(await again.call('GET', 'a')).toBe('first');
    expect(existsSync(temporary)).toBe(false);
  });

  test('a log stays claimed where it is, and the snapshot is claimed where CONFIG SET dir puts it', async () => {
    const [dir, other] = [temporaryFolder(), join(temporaryFolder(), 'other')];
    mkdirSync(other);
    await using first = await createServer({ dir, appendonly: true, save: SAVES, 'enable-protected-configs': 'yes' });
    expect(await first.call('CONFIG', 'SET', 'dir', other)).toBe('OK');
    await first.call('SET', 'a', '1');
    expect(await first.call('SAVE')).toBe('OK');
    const [log, snapshot] = await Promise.all([
      refusal({ dir, appendonly: true }),
      refusal({ dir: other, save: SAVES }),
    ]);
    expect([log.path, snapshot.path]).toEqual([`${dir}/appendonly.aof`, `${other}/dump.rdb`]);
  });
});
