/** Logs with checksum files between this server, a real redis-server and its tools. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readChecksums } from '@aof/aof-files';
import { NodeDisk } from '@aof/disk';
import { expect, test as plainTest } from 'vitest';
import { cli, redisVersion, run, spawnAof, startAof, startRedis, temporaryFolder } from './programs.ts';

const VERSION = redisVersion('the tests with checksum files');
const test = plainTest.skipIf(VERSION === undefined);
const OPTIONS = ['--aof-layout', 'multi-part', '--aof-checksums', 'yes', '--appendfsync', 'always'];

function covered(path: string): number {
  return readChecksums(new NodeDisk(), path, statSync(path).size)?.coveredBytes ?? 0;
}

test('redis-server appends to a log that is vouched for: that is no damage, and is vouched for from the next start on', async () => {
  const dir = temporaryFolder();
  const path = join(dir, 'appendonlydir', 'appendonly.aof.1.incr.aof');
  const server = await startAof(dir, ...OPTIONS);
  for (let i = 0; i < 3; i++) await cli(server.socket, 'SET', `ours:${i}`, 'value '.repeat(3000));
  // Killed: up to 4 KiB that were synced are not vouched for.
  await server.program.kill();
  const { size } = statSync(path);
  expect(covered(path)).toBeGreaterThan(size - 4096 - 20_000);

  const redis = await startRedis(dir);
  expect((await cli(redis.socket, 'GET', 'ours:2')).trim()).toBe('value '.repeat(3000).trim());
  for (let i = 0; i < 3; i++) await cli(redis.socket, 'SET', `theirs:${i}`, 'value '.repeat(5000));
  redis.program.signal('SIGTERM');
  await redis.program.exited;
  expect(covered(path)).toBeLessThan(statSync(path).size);

  const again = await startAof(dir, ...OPTIONS);
  expect(again.program.output).toMatch(
    /Checksums of appendonly\.aof\.1\.incr\.aof match: they vouch for \d+ of \d+ bytes/,
  );
  expect((await cli(again.socket, 'STRLEN', 'theirs:2')).trim()).toBe('30000');
  expect(covered(path)).toBe(statSync(path).size);
  await cli(again.socket, 'SET', 'last', 'one');
  again.program.signal('SIGTERM');
  await again.program.exited;
  expect(covered(path)).toBe(statSync(path).size);
  await run('redis-check-aof', [join(dir, 'appendonlydir', 'appendonly.aof.manifest')]);

  const bytes = readFileSync(path);
  bytes[40_000] = (bytes[40_000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await run('redis-check-aof', [join(dir, 'appendonlydir', 'appendonly.aof.manifest')]);
  const refused = spawnAof(['--dir', dir, '--port', '0', '--unixsocket', join(dir, 's'), '--appendonly', 'yes']);
  expect((await refused.exited).code).toBe(1);
  expect(refused.output).toContain('bytes 0 to 65535 (block 0) are not those that were written');
  expect(refused.output).toContain('What to do: ');
}, 60_000);
