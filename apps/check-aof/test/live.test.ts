/** A server appends to its log, and rewrites it, while it is looked at: that is no damage, and nothing is written to it. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runBesideServers } from './environment.ts';
import { hasOracle } from './oracle.ts';
import { RedisServer } from './redis-server.ts';

/** What a look may find besides nothing: the record, or the transaction, that was being written. */
const AT_THE_END = /^(truncated|transaction)$/;

async function look(...args: string[]) {
  const { status, said } = await runBesideServers(args);
  return { status, stdout: said };
}

/** A client that writes for as long as it takes. @returns how to end it */
function writer(socket: string): () => Promise<void> {
  // One after the other: what is looked at must not grow faster than it is read.
  const words = ['-s', socket, '-r', '100000000', 'RPUSH', 'list', 'x'.repeat(50)];
  const child = spawn('redis-cli', words, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return () => {
    child.kill();
    return ended;
  };
}

test.skipIf(!hasOracle())('a log that grows meanwhile is read as far as it was written', async () => {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-live-')));
  const data = join(folder, 'data');
  fs.mkdirSync(data);
  const server = await RedisServer.start(data, folder, '--auto-aof-rewrite-percentage', '0');
  const stop = writer(join(folder, 'socket'));
  try {
    await expect.poll(() => fs.statSync(incrIn(data)).size, { timeout: 10_000 }).toBeGreaterThan(0);
    let records = 0;
    let writtenBytes = 0;
    for (let round = 0; round < 4; round++) {
      const rewriting = round === 2 ? server.rewrite() : undefined;
      const explained = JSON.parse((await look('explain', '--json', '--no-replay', data)).stdout);
      if (explained.unread !== undefined)
        expect(explained.unread.reason).toMatch(/ ends (inside the record|before the EXEC)/);
      records += explained.commands;
      const strict = JSON.parse((await look('--strict', '--json', data)).stdout);
      expect(strict.error).toBeUndefined();
      for (const { code } of strict.findings) expect(code).toMatch(AT_THE_END);
      expect((await look('check', data)).stdout).toMatch(/^Start checking Multi Part AOF\n/);
      expect((await look('history', '--json', data, 'nobody')).stdout).toMatch(/"kind":"end","events":0,/);
      // Nobody is in the way of the server, and whoever would be is stopped.
      expect(await look('repair', '--yes', data)).toMatchObject({
        status: 4,
        stdout: expect.stringMatching(/redis-server/),
      });
      // On a busy machine the writer may not have had its turn yet.
      const sizeNow = (): number => fs.statSync(incrIn(data)).size;
      await expect.poll(sizeNow, { timeout: 10_000 }).not.toBe(writtenBytes);
      writtenBytes = sizeNow();
      await rewriting;
    }
    expect(records).toBeGreaterThan(100);
    await stop();
    server.call('FLUSHALL');
    server.call('SET', 'last', '1');
    expect(JSON.parse((await look('--strict', '--json', data)).stdout)).toMatchObject({ findings: [], keys: 1 });
  } finally {
    await stop();
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  }
});

function incrIn(data: string): string {
  const log = join(data, 'appendonlydir');
  const name = fs.readdirSync(log).find((file) => file.endsWith('.incr.aof'));
  return join(log, name ?? '');
}
if (!hasOracle())
  process.stderr.write('SKIPPED: no redis-server 7.0, so that no log grows while it is looked at: 1 test\n');
