/** Which log a server uses is decided by what is on disk; where that is not clear it does not start. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createServer, type ServerOptions } from '../../src/index.ts';
import { temporaryFolder } from './programs.ts';

const RECORD = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n';

/** Starts, runs commands and ends; the reply of the last one. */
async function life(options: ServerOptions, ...commands: readonly string[]): Promise<unknown> {
  await using server = await createServer({ appendonly: true, ...options });
  let reply: unknown;
  for (const command of commands) reply = await server.call(...command.split(' '));
  return reply;
}

test('a manifest wins over aof-layout single', async () => {
  const dir = temporaryFolder();
  await life({ dir, 'aof-layout': 'multi-part' }, 'SET a 1');
  expect(await life({ dir, 'aof-layout': 'single' }, 'SET b 2', 'GET a')).toBe('1');
  expect(existsSync(join(dir, 'appendonly.aof'))).toBe(false);
  expect(readFileSync(join(dir, 'appendonlydir', 'appendonly.aof.1.incr.aof'), 'latin1')).toContain('$1\r\nb\r\n');
});

test('a single file is upgraded where multi-part is wanted, and only there', async () => {
  const dir = temporaryFolder();
  await life({ dir }, 'SET a 1');
  await life({ dir }, 'SET b 2');
  expect(existsSync(join(dir, 'appendonlydir'))).toBe(false);
  expect(await life({ dir, 'aof-layout': 'multi-part' }, 'GET a')).toBe('1');
  expect(readFileSync(join(dir, 'appendonlydir', 'appendonly.aof.manifest'), 'utf8')).toBe(
    'file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
  );
  expect(existsSync(join(dir, 'appendonly.aof'))).toBe(false);
  expect(await life({ dir }, 'GET b')).toBe('2');
});

test('an empty folder beside a single file is nothing', async () => {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'appendonlydir'));
  writeFileSync(join(dir, 'appendonly.aof'), RECORD);
  expect(await life({ dir }, 'GET k')).toBe('v');
});

test('two logs are an error', async () => {
  const dir = temporaryFolder();
  await life({ dir, 'aof-layout': 'multi-part' }, 'SET a 1');
  writeFileSync(join(dir, 'appendonly.aof'), RECORD);
  await expect(life({ dir })).rejects.toMatchObject({
    code: 'AOF_TWO_LOGS',
    hint: expect.stringContaining('check-aof'),
  });
  expect(readFileSync(join(dir, 'appendonly.aof'), 'latin1')).toBe(RECORD);
});

test('a manifest that is lost is an error', async () => {
  const dir = temporaryFolder();
  await life({ dir, 'aof-layout': 'multi-part' }, 'SET a 1');
  rmSync(join(dir, 'appendonlydir', 'appendonly.aof.manifest'));
  await expect(life({ dir, 'aof-layout': 'multi-part' })).rejects.toMatchObject({ code: 'AOF_MANIFEST_LOST' });
  await expect(life({ dir })).rejects.toMatchObject({ code: 'AOF_MANIFEST_LOST' });
});

test('a file that the manifest lists and that is not there is an error', async () => {
  const dir = temporaryFolder();
  await life({ dir, 'aof-layout': 'multi-part' }, 'SET a 1');
  rmSync(join(dir, 'appendonlydir', 'appendonly.aof.1.incr.aof'));
  await expect(life({ dir })).rejects.toMatchObject({ code: 'AOF_FILE_MISSING' });
});

test('a file where the folder of the log should be is an error', async () => {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'appendonlydir'), '');
  await expect(life({ dir, 'aof-layout': 'multi-part' })).rejects.toMatchObject({ code: 'AOF_NOT_A_FOLDER' });
});
