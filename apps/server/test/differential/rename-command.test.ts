/** `rename-command` beside a real server: what clients are told, what the log gets, and which logs start a server again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCommand } from '@aof/resp-codec';
import { afterEach, describe, expect, test } from 'vitest';
import { type AofServer, createServer } from '../../src/index.ts';
import { freePort, Program, spawnAof, startRedis, temporaryFolder } from '../end-to-end/programs.ts';
import { hasRedis, pause, RawConnection, skippedNote, until } from './beside-redis.ts';

const RENAMES = {
  CONFIG: 'Wartung',
  FLUSHALL: '',
  SET: 'put',
  MULTI: 'm',
  EXEC: 'x',
  XGROUP: 'xg',
  INCR: 'up it',
  KEYS: 'Welche',
};
const LINES = Object.entries(RENAMES).flatMap(([from, to]) => ['--rename-command', from, to]);
const END = 'the end of it';

/** Every reply is compared byte by byte. */
const CALLS: readonly string[] = [
  'config get port',
  'WARTUNG get maxmemory',
  'wartung set maxmemory 0',
  'wartung bad',
  'wartung',
  'wartung get',
  'wartung get rename*',
  'flushall',
  'COMMAND INFO config flushall Welche',
  'COMMAND INFO wartung|get config|get',
  'COMMAND GETKEYS put a b',
  'COMMAND GETKEYS set a b',
  'COMMAND LIST FILTERBY PATTERN war*',
  'COMMAND LIST FILTERBY PATTERN flush*',
  'put a 1',
  'PUT e v PX 100000',
  'set a 2',
  'put a',
  'm',
  'put b 2',
  'up_it b',
  'x',
  'xadd s 1-1 f v',
  'xg create s g 0',
  'xg create s',
  'xg bad s',
];

const servers: AofServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(dir: string, renames: Readonly<Record<string, string>> = RENAMES): Promise<AofServer> {
  const server = await createServer({ dir, appendonly: true, port: 0, 'rename-command': renames });
  servers.push(server);
  return server;
}

/** `_` stands for a blank inside of a word. */
function wordsOf(call: string): string[] {
  return call.split(' ').map((word) => word.replaceAll('_', ' '));
}

async function repliesTo(calls: readonly string[], port: number): Promise<string> {
  const connection = new RawConnection(port);
  for (const call of [...calls.map(wordsOf), ['ECHO', END]]) connection.send(call);
  await until(() => connection.text.includes(END));
  connection.close();
  return connection.text;
}

/** The records of a log, but for the times in them. */
function logText(path: string): string {
  return readFileSync(path, 'latin1').replace(/\$13\r\n\d{13}\r\n/g, '<time>');
}

describe(`renamed commands${skippedNote(2)}`, () => {
  test.skipIf(!hasRedis)('answers and log records are those of a real server', async () => {
    const [dir, redisDir] = [temporaryFolder(), temporaryFolder()];
    const port = await freePort();
    await startRedis(redisDir, '--port', String(port), ...LINES);
    const ours = await start(dir);
    const [mine, redis] = await Promise.all([repliesTo(CALLS, ours.port ?? 0), repliesTo(CALLS, port)]);
    expect(mine.split('\r\n')).toEqual(redis.split('\r\n'));
    const incr = readdirSync(join(redisDir, 'appendonlydir')).find((name) => name.endsWith('.incr.aof')) ?? '';
    expect(logText(join(dir, 'appendonly.aof'))).toBe(logText(join(redisDir, 'appendonlydir', incr)));
  });

  test.skipIf(!hasRedis)('lines that are wrong end the start with the same words', async () => {
    for (const [line, reason] of [
      [['CONFIG', 'GET'], 'Target command name already exists'],
      [['NOSUCH', 'x'], 'No such command in rename-command'],
      [['CONFIG'], 'Bad directive or wrong number of arguments'],
    ] as const) {
      const args = ['--port', '0', '--unixsocket', join(temporaryFolder(), 's'), '--rename-command', ...line];
      const programs = [spawnAof(args), new Program('redis-server', args)];
      for (const program of programs) {
        expect((await program.exited).code).toBe(1);
        const quoted = line.map((word) => `"${word}"`).join(' ');
        expect(program.output.replaceAll('"', '')).toContain(
          `>>> 'rename-command ${quoted}'\n${reason}`.replaceAll('"', ''),
        );
      }
    }
  });
});

describe('a log under rename-command', () => {
  test('starts the server again under the same lines, whoever has written its records', async () => {
    const dir = temporaryFolder();
    const renames = { SET: 'put', DEL: '', SELECT: '', MULTI: 'm', EXEC: 'x' };
    const first = await start(dir, renames);
    await first.call('put', 'a', '1');
    await first.call('put', 'e', '1', 'PX', '1');
    await first.call('put', 'f', 'v', 'EX', '1000');
    await until(() => logText(join(dir, 'appendonly.aof')).includes('DEL'));
    await first.close();
    // Redis cannot be started with such a log: what it writes itself, SELECT first, it does not know then.
    expect(logText(join(dir, 'appendonly.aof'))).toMatch(/SELECT.*put.*SET.*PXAT.*DEL/s);
    const second = await start(dir, renames);
    expect(await second.call('MGET', 'a', 'e', 'f')).toEqual(['1', null, 'v']);
    await second.call('BGREWRITEAOF');
    await until(() => !logText(join(dir, 'appendonly.aof')).includes('put'));
    await second.close();
    // After a rewrite the records have their own names: the lines may go.
    const third = await start(dir, {});
    expect(await third.call('MGET', 'a', 'e', 'f')).toEqual(['1', null, 'v']);
  });

  test('from before the lines is loaded; one from under them is refused without, and says why', async () => {
    const dir = temporaryFolder();
    const before = await start(dir, {});
    await before.call('SET', 'a', '1');
    await before.close();
    const under = await start(dir, { SET: 'put' });
    await under.call('put', 'b', '2');
    expect(await under.call('MGET', 'a', 'b')).toEqual(['1', '2']);
    await under.close();
    const log = readFileSync(join(dir, 'appendonly.aof'));
    await expect(start(dir, {})).rejects.toMatchObject({
      code: 'AOF_RECORD_REFUSED',
      message: "Unknown command 'put' reading the append only file appendonly.aof",
      fileOffset: log.indexOf(encodeCommand(['put', 'b', '2'])),
      hint: expect.stringContaining('rename-command'),
    });
    expect(readFileSync(join(dir, 'appendonly.aof'))).toEqual(log);
  });

  test('is verified by BACKUP as a start would load it', async () => {
    const dir = temporaryFolder();
    const server = await start(dir, { SET: 'put', BACKUP: 'sichern' });
    await server.call('put', 'a', '1');
    await server.call('sichern', 'START');
    for (let sealed: unknown; sealed !== 'OK'; await pause(5)) {
      // Until it has its base, there is nothing to seal.
      sealed = await server.call('sichern', 'SEAL').catch((error: unknown) => {
        expect(String(error)).toContain('No backup ready to seal');
      });
    }
  });

  test('belongs to one server: another in the same process keeps its own names', async () => {
    const renamed = await start(temporaryFolder(), { SET: 'put' });
    const plain = await start(temporaryFolder(), {});
    await expect(renamed.call('SET', 'a', '1')).rejects.toThrow("ERR unknown command 'SET'");
    expect(await renamed.call('put', 'a', '1')).toBe('OK');
    expect(await plain.call('SET', 'a', '1')).toBe('OK');
    await expect(plain.call('put', 'a', '1')).rejects.toThrow("ERR unknown command 'put'");
  });

  test.each([
    [{ NOSUCH: 'x' }, 'No such command in rename-command'],
    [{ DEL: '', GET: 'del' }, 'Target command name already exists'],
    [{ GET: 7 }, 'rename-command: an object was expected'],
    ['FLUSHALL', 'rename-command: an object was expected'],
  ])('createServer refuses %j', async (renames, reason) => {
    // What a program gives that nobody has type-checked.
    const given = renames as unknown as Record<string, string>;
    await expect(start(temporaryFolder(), given)).rejects.toMatchObject({
      code: 'BAD_VALUE',
      message: expect.stringContaining(reason),
    });
  });
});
