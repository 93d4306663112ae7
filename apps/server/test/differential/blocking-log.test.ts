/**
 * What is logged of commands that have waited: what they did in the end, after what woke them, as redis-server 7.0.15 logs it
 * (but for the spelling of `LEFT` and `RIGHT`, see DIFFERENCES.md of @aof/commands).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AofServer, createServer } from '../../src/index.ts';
import { pause, RawConnection, until } from './beside-redis.ts';

/** Who waits, one after the other; what then comes; what the log has of all that. */
interface Served {
  readonly waiting: readonly string[];
  readonly comes: readonly string[];
  readonly records: readonly string[];
}

const SERVED: readonly Served[] = [
  { waiting: ['BLPOP none l 0'], comes: ['RPUSH l 1 2'], records: ['RPUSH l 1 2', 'LPOP l'] },
  { waiting: ['BRPOP l 0'], comes: ['RPUSH l 1 2'], records: ['RPUSH l 1 2', 'RPOP l'] },
  { waiting: ['BRPOPLPUSH q d 0'], comes: ['RPUSH q 1'], records: ['RPUSH q 1', 'RPOPLPUSH q d'] },
  {
    waiting: ['BLMOVE q d LEFT RIGHT 0', 'BLPOP d 0'],
    comes: ['RPUSH q 1'],
    records: ['RPUSH q 1', 'LMOVE q d LEFT RIGHT', 'LPOP d'],
  },
  {
    waiting: ['BLMPOP 0 2 none l RIGHT COUNT 5'],
    comes: ['RPUSH l 1 2 3'],
    records: ['RPUSH l 1 2 3', 'RPOP l 3'],
  },
  {
    waiting: ['BZPOPMIN z 0', 'BZMPOP 0 1 z MAX COUNT 3', 'BZPOPMAX z 0'],
    comes: ['ZADD z 1 a 2 b 3 c', 'ZADD z 1 a'],
    records: ['ZADD z 1 a 2 b 3 c', 'ZPOPMIN z', 'ZPOPMAX z 2', 'ZADD z 1 a', 'ZPOPMAX z'],
  },
  {
    waiting: ['BLPOP l 0'],
    comes: ['MULTI', 'RPUSH l 1', 'SET k v', 'EXEC'],
    records: ['MULTI', 'RPUSH l 1', 'SET k v', 'EXEC', 'LPOP l'],
  },
];

describe('the log of commands that have waited', () => {
  const dir = mkdtempSync(join(tmpdir(), 'blocking-log-'));
  let server: AofServer;

  beforeAll(async () => {
    server = await createServer({ dir, port: 0, appendonly: true });
  });

  afterAll(async () => {
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test.each(SERVED)('$waiting, then $comes', async ({ waiting, comes, records }) => {
    const writer = new RawConnection(server.port ?? 0);
    await send(writer, 'FLUSHALL');
    const waiters = waiting.map(() => new RawConnection(server.port ?? 0));
    for (const [i, command] of waiting.entries()) {
      waiters[i]?.send(command.split(' '));
      await untilWaiting(server, i + 1);
    }
    for (const command of comes) await send(writer, command);
    await until(() => waiters.every(({ text }) => text !== ''));
    for (const connection of [writer, ...waiters]) connection.close();
    expect(recordsSinceFlush(dir)).toEqual(records);
  });
});

async function send(connection: RawConnection, command: string): Promise<void> {
  connection.text = '';
  connection.send(command.split(' '));
  await until(() => connection.text !== '');
}

async function untilWaiting(server: AofServer, count: number): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (String(await server.call('INFO', 'clients')).includes(`blocked_clients:${count}\r\n`)) return;
    await pause(1);
  }
  throw new Error(`there are never ${count} clients that wait`);
}

/** The records behind the last FLUSHALL, their arguments with blanks between. Replies leave after their records are in the file. */
function recordsSinceFlush(dir: string): string[] {
  const log = readFileSync(join(dir, 'appendonly.aof'), 'latin1');
  const records = log
    .slice(log.lastIndexOf('FLUSHALL'))
    .split(/\*\d+\r\n/)
    .slice(1);
  return records.map((record) =>
    record
      .replace(/\$\d+\r\n/g, '')
      .trim()
      .replaceAll('\r\n', ' '),
  );
}
