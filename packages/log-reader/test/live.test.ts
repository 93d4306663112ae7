/** The example of the README against servers that write and rewrite: this one in both layouts, and redis-server. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TailCommand } from '@aof/log-reader';
import { encodeCommand, FRAME, ReplyDecoder } from '@aof/resp-codec';
import { createServer } from '@aof/server';
import { afterEach, describe, expect, test } from 'vitest';
import { type Copy, follow } from './example.ts';

const folders: string[] = [];

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'log-reader-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Notes the numbered writes in the order in which they come, and how often it was told to begin anew. */
class Notes implements Copy {
  readonly numbers: string[] = [];
  cleared = 0;

  clear(): void {
    this.cleared++;
  }

  entry(): void {
    // What was there before is not numbered.
  }

  apply(commands: readonly TailCommand[]): void {
    const values = commands.map(({ request, database }) => `${database}:${request.latin1(request.count - 1)}`);
    // In a transaction: all of it at once.
    if (values.every((value) => /^\d:\d/.test(value))) this.numbers.push(values.join('+'));
  }
}

/** A server as this test needs it. */
interface Target {
  call(...words: string[]): Promise<unknown>;
}

/** Writes numbered values until told to end; some of them in transactions, some in another database. */
async function writeLoad({ call }: Target, signal: AbortSignal, written: string[], from: number): Promise<void> {
  for (let n = from; !signal.aborted; n++) {
    if (n % 10 === 3) {
      const words = [`${n}a`, `${n}b`];
      await Promise.all([call('MULTI'), ...words.map((word) => call('RPUSH', 'list', word)), call('EXEC')]);
      written.push(words.map((word) => `0:${word}`).join('+'));
    } else if (n % 50 === 7) {
      await Promise.all([call('SELECT', '5'), call('SET', 'other', `${n}`), call('SELECT', '0')]);
      written.push(`5:${n}`);
    } else {
      await call('SET', `key:${n % 100}`, `${n}`);
      written.push(`0:${n}`);
    }
    if (n % 20 === 0) await sleep(1);
  }
}

const REWRITES = 3;

/**
 * A rewrite that is over between two looks makes a follower begin anew, which it says: on a busy machine that may happen, and says nothing
 * about what is lost. Then it is tried again.
 */
const ATTEMPTS = 3;

async function followsRewrites(target: Target, log: string, folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { notes, from, written } = await followRewrites(target, log, folder, attempt);
    expect(written.length).toBeGreaterThan(200);
    if (notes.cleared > 1 && attempt < ATTEMPTS) continue;
    expect(notes.cleared).toBe(1);
    expect(notes.numbers.slice(from)).toEqual(written);
    return;
  }
}

/** Follows, with one new start in between, while the server writes and rewrites its log. */
async function followRewrites(target: Target, log: string, folder: string, attempt: number) {
  const placeFile = join(folder, `place-${attempt}.json`);
  const filler = 'x'.repeat(500);
  for (let n = 0; n < 20_000; n += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => target.call('SET', `filler:${n + i}`, filler)));
  }
  await rewrite(target);
  const notes = new Notes();
  let [ending, following] = begin(notes);
  function begin(copy: Copy): [AbortController, Promise<void>] {
    const controller = new AbortController();
    return [controller, follow(log, placeFile, copy, { signal: controller.signal, pollMs: 2 })];
  }
  await until(() => existsSync(placeFile), 'a place to go on from');
  const from = notes.numbers.length;
  const stopWriting = new AbortController();
  const written: string[] = [];
  const writing = writeLoad(target, stopWriting.signal, written, attempt * 1_000_000);
  const caughtUp = async (): Promise<void> => {
    const count = written.length;
    await until(() => notes.numbers.length - from >= count || notes.cleared > 1, 'what was written');
  };
  for (let i = 0; i < REWRITES; i++) {
    await sleep(30);
    await rewrite(target);
    // Who ends before it has seen the new file begins anew after it.
    await caughtUp();
    if (i > 0) continue;
    ending.abort();
    await following;
    await sleep(20);
    [ending, following] = begin(notes);
  }
  await sleep(30);
  stopWriting.abort();
  await writing;
  await caughtUp();
  // What came twice would come now.
  await sleep(20);
  ending.abort();
  await following;
  return { notes, from, written };
}

async function rewrite({ call }: Target): Promise<void> {
  const state = async () => `${await call('INFO', 'persistence')}`;
  await call('BGREWRITEAOF');
  for (let left = 2000; left > 0; left--) {
    await sleep(5);
    if (/aof_rewrite_in_progress:0/.test(await state())) break;
  }
  expect(await state()).toMatch(/aof_last_bgrewrite_status:ok/);
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (let left = 1000; left > 0; left--) {
    if (isTrue()) return;
    await sleep(5);
  }
  throw new Error(`there never was ${what}`);
}

describe('the tail example follows a server through three rewrites without losing or repeating a command', () => {
  test.each([
    ['multi-part', 'yes'],
    ['single', 'yes'],
    ['single', 'no'],
  ] as const)('layout %s, base as RDB %s', async (layout, preamble) => {
    const dir = temporaryFolder();
    await using server = await createServer({
      dir,
      appendonly: true,
      'aof-layout': layout,
      'aof-use-rdb-preamble': preamble === 'yes',
      'auto-aof-rewrite-percentage': 0,
    });
    const log = layout === 'single' ? join(dir, 'appendonly.aof') : join(dir, 'appendonlydir');
    const call = (...words: string[]): Promise<unknown> => server.call(...words);
    await followsRewrites({ call }, log, dir);
  });
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

test.skipIf(!hasRedis)('redis-server, through three rewrites', async () => {
  const dir = temporaryFolder();
  const port = 20_000 + (process.pid % 20_000);
  const options = [
    '--port',
    `${port}`,
    '--dir',
    dir,
    '--appendonly',
    'yes',
    '--save',
    '',
    '--loglevel',
    'warning',
    '--hz',
    '5',
  ];
  const server = spawn('redis-server', [...options, '--auto-aof-rewrite-percentage', '0'], { stdio: 'ignore' });
  const ended = once(server, 'exit');
  try {
    const socket = await connected(port);
    const call = caller(socket);
    await followsRewrites({ call }, join(dir, 'appendonlydir'), dir);
    socket.destroy();
  } finally {
    server.kill();
    await ended;
  }
});

async function connected(port: number): Promise<Socket> {
  for (let left = 100; ; left--) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(20);
    }
  }
}

/** Sends commands, each with its reply. */
function caller(socket: Socket): Target['call'] {
  const decoder = new ReplyDecoder();
  const waiting: ((reply: unknown) => void)[] = [];
  socket.on('data', (chunk) => {
    decoder.feed(chunk);
    while (decoder.next() === FRAME) waiting.shift()?.(decoder.reply);
  });
  return (...words) => {
    socket.write(encodeCommand(words));
    return new Promise((resolve) => waiting.push(resolve));
  };
}

test('the README shows the example that is tested', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(readFileSync(new URL('./example.ts', import.meta.url), 'utf8').trim());
});
