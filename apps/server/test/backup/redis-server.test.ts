/** Backups that are made under load, restored by this server and by a real redis-server. */
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test as plainTest } from 'vitest';
import { type RunningServer, redisVersion, startAof, startRedis, temporaryFolder } from '../end-to-end/programs.ts';
import { RawClient } from '../end-to-end/raw-client.ts';

const VERSION = redisVersion('the tests that restore backups in redis-server');
const test = plainTest.skipIf(VERSION === undefined);

/** Counts in a string and in a list at once, until told to stop; answers how many were sent and how many acknowledged. */
class Load {
  sent = 0;
  acknowledged = 0;
  #isWanted = true;
  readonly #ended: Promise<void>;

  constructor(client: RawClient) {
    this.#ended = this.#run(client);
  }

  async #run(client: RawClient): Promise<void> {
    while (this.#isWanted) {
      const number = String(++this.sent);
      await client.call('MULTI');
      await client.call('SET', 'count', number);
      await client.call('RPUSH', 'list', number);
      await client.call('HSET', `hash:${this.sent % 50}`, number, 'x'.repeat(this.sent % 200));
      await client.call('EXEC');
      this.acknowledged = this.sent;
    }
    client.close();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#ended;
  }

  async reaches(count: number): Promise<void> {
    while (this.acknowledged < count) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function backUp(server: RunningServer, load: Load): Promise<{ least: number; most: number; files: string[] }> {
  const client = await RawClient.open(server.socket);
  await load.reaches(100);
  expect(await client.call('BACKUP', 'START')).toBe('OK');
  for (let state = ''; state !== 'incrementing'; ) {
    [, state = ''] = (await client.call('BACKUP', 'STATUS')) as string[];
    expect(['pending', 'snapshotting', 'incrementing']).toContain(state);
  }
  await load.reaches(load.acknowledged + 200);
  const least = load.acknowledged;
  expect(await client.call('BACKUP', 'SEAL')).toBe('OK');
  const most = load.sent;
  const files = (await client.call('BACKUP', 'LIST')) as string[];
  await load.reaches(load.acknowledged + 50);
  client.close();
  return { least, most, files };
}

test.each([
  ['multi-part', 'no'],
  ['multi-part', 'yes'],
  ['single', 'yes'],
])('%s, aof-use-rdb-preamble %s', async (layout, hasRdb) => {
  const dir = temporaryFolder();
  const options = ['--enable-debug-command', 'yes', '--aof-layout', layout, '--aof-use-rdb-preamble', hasRdb];
  const server = await startAof(dir, ...options);
  const load = new Load(await RawClient.open(server.socket));
  const { least, most, files } = await backUp(server, load);
  await load.stop();
  expect(files).toEqual(readdirSync(join(dir, 'backupdir')).map((name) => join(dir, 'backupdir', name)));
  await server.program.kill();

  const digests: unknown[] = [];
  for (const start of [startAof, startRedis]) {
    const restored = temporaryFolder();
    const target = layout === 'single' ? restored : join(restored, 'appendonlydir');
    mkdirSync(target, { recursive: true });
    cpSync(join(dir, 'backupdir'), target, { recursive: true });
    const own = start === startAof ? options : ['--enable-debug-command', 'yes'];
    const again = await start(restored, ...own, '--appendonly', 'yes', '--aof-load-truncated', 'no');
    const client = await RawClient.open(again.socket);
    digests.push(await client.call('DEBUG', 'DIGEST'));
    const count = Number(await client.call('GET', 'count'));
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count).toBeLessThanOrEqual(most);
    expect(await client.call('LLEN', 'list')).toBe(count);
    client.close();
    await again.program.kill();
  }
  expect(digests[0]).toBe(digests[1]);
});
