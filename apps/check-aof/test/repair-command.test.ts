/** `repair` and `undo` as commands: what they say, ask and return. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { exceededLimit, NO_LOSS, parseLossLimit } from '../src/loss.ts';
import { type FileHolder, holderOf } from '../src/open-files.ts';
import { barText, ProgressBar } from '../src/progress-bar.ts';
import { put } from './corpus.ts';
import { type ProgramRun, runOn } from './environment.ts';

const GOOD = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n';
const TAIL = '*3\r\n$3\r\nSET\r\n$4\r\nlost\r\n$1\r\n1\r\n';
const BROKEN = `${GOOD}\0${TAIL}`;

class Session {
  readonly disk = new SimDisk();
  answer = '';
  holder: FileHolder | undefined;

  constructor(content = BROKEN) {
    this.disk.makeDirectory('/d');
    put(this.disk, [['appendonly.aof', Buffer.from(content)]], '/d/');
  }

  run(...args: string[]): Promise<ProgramRun> {
    const { answer, holder } = this;
    return runOn(this.disk, args, { answer, holder });
  }

  get content(): string {
    return Buffer.from(this.disk.readFile('/d/appendonly.aof')).toString('latin1');
  }
}

describe('repair', () => {
  test('shows the plan and its price, asks, does it; undo takes it back', async () => {
    const session = new Session();
    expect(await session.run('repair', '/d')).toMatchObject({ status: 1 });
    expect(session.content).toBe(BROKEN);
    session.answer = 'y';
    const { status, stdout } = await session.run('repair', '/d');
    expect(status).toBe(0);
    expect(stdout).toBe(
      `Log: /d
  appendonly.aof: keep 27 of 58 bytes; what follows is bytes that are no record, at offset 27, line 8
Price: 31 bytes; to be recognised in them: 1 command, on 1 key
  keys: lost
1 command of these can be kept: check-aof repair --dry-run --salvage /d
Repair it? The files from before are kept. [y/N]: Repaired. It loads: 1 record, 1 key.
The files from before are in /d/repair-1; check-aof undo puts them back.
`,
    );
    expect(session.content).toBe(GOOD);
    expect(await session.run('repair', '/d')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Nothing to repair'),
    });
    expect(await session.run('undo', '/d')).toMatchObject({ status: 0 });
    expect(session.content).toBe(BROKEN);
    expect(await session.run('undo', '/d')).toMatchObject({ status: 5 });
  });

  test('--dry-run changes nothing, --yes does not ask', async () => {
    const session = new Session();
    const operations = session.disk.operations;
    expect(await session.run('repair', '--dry-run', '--yes', '/d')).toMatchObject({ status: 1 });
    expect(session.disk.operations).toBe(operations);
    expect(await session.run('repair', '/d', '--yes')).toMatchObject({ status: 0 });
    expect(session.content).toBe(GOOD);
  });

  test.each([
    ['30', 3],
    ['31', 0],
    ['0commands', 3],
    ['1command', 0],
    ['0keys', 3],
    ['1kb', 0],
  ])('--max-loss %s: %i', async (limit, status) => {
    const session = new Session();
    expect(await session.run('repair', '--yes', '--max-loss', limit, '/d')).toMatchObject({ status });
    expect(session.content).toBe(status === 0 ? GOOD : BROKEN);
  });

  test('--no-load reads the result through, and refuses what no server runs', async () => {
    const session = new Session();
    expect(await session.run('repair', '--yes', '--no-load', '/d')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Repaired. It can be read to its end: 1 record.'),
    });
    expect(session.content).toBe(GOOD);
  });

  test('a command that no server runs is left out by --salvage alone', async () => {
    const strange = '*2\r\n$3\r\nSEU\r\n$1\r\nk\r\n';
    const session = new Session(GOOD + strange + TAIL);
    const { status, stdout } = await session.run('repair', '--yes', '/d');
    expect(status).toBe(5);
    expect(stdout).toContain('a command that no server runs, SEU with 1 argument, at offset 27, line 8');
    expect(session.content).toBe(GOOD + strange + TAIL);
    expect(await session.run('repair', '--yes', '--salvage', '/d')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 key may be wrong, for what they build on may be lost:\n      k\n'),
    });
    expect(session.content).toBe(GOOD + TAIL);
  });

  test('the price names keys with their database', async () => {
    const select = '*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n';
    const multi = '*1\r\n$5\r\nMULTI\r\n';
    const price = async (content: string, ...args: string[]) =>
      (await new Session(content).run('repair', '--dry-run', ...args, '/d')).stdout;
    expect(await price(`${GOOD}${select}\0${TAIL}`)).toContain('\n  keys: lost (db 3)\n');
    expect(await price(`${GOOD}${TAIL.slice(0, -2)}`)).toContain('\n  keys: lost\n');
    // A transaction that is left out takes its SELECT with it; within it, it holds.
    expect(await price(`${GOOD}${multi}${TAIL}${select}${TAIL}`)).toContain('\n  keys: lost, lost (db 3)\n');
    const { lost } = JSON.parse(await price(`${GOOD}${select}${TAIL.slice(0, -2)}`, '--json'));
    expect(lost).toMatchObject({ keys: 1, keyNames: ['lost'], keyDatabases: [3] });
    const salvaged = await price(`${select}${GOOD}\0*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n`, '--salvage');
    expect(salvaged).toContain('1 key may be wrong, for what they build on may be lost:\n      k (db 3)\n');
  });

  test('--json says everything in one document', async () => {
    const session = new Session();
    const { status, stdout } = await session.run('repair', '--json', '--yes', '/d');
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'repair',
      path: '/d',
      status,
      isNothingToDo: false,
      plan: [{ file: 'appendonly.aof', action: 'cut', bytes: 58, keptBytes: 27 }],
      lost: { bytes: 31, commands: 1, keys: 1, keyNames: ['lost'], keyDatabases: [0], unknown: [] },
      undoFolder: '/d/repair-1',
      loaded: { records: 1, keys: 1, notReplayed: 0, failed: 0 },
    });
  });

  test('--json says which limit is exceeded', async () => {
    const session = new Session();
    const { stdout } = await session.run('repair', '--json', '--max-loss', '1kb', '--max-loss', '0keys', '/d');
    expect(JSON.parse(stdout)).toMatchObject({ exceeded: { of: 'keys', atMost: 0 }, status: 3 });
  });

  test('refuses while a process has the log open', async () => {
    const session = new Session();
    session.holder = { processId: 17, processName: 'redis-server', path: '/d/appendonly.aof' };
    for (const command of ['repair', 'undo']) {
      const { status, stdout } = await session.run(command, '/d');
      expect(status).toBe(4);
      expect(stdout).toContain('Process 17 (redis-server) has /d/appendonly.aof open');
    }
    expect(session.content).toBe(BROKEN);
  });

  test('a log from under rename-command is not repaired, and the message says what it may be', async () => {
    const session = new Session(`${GOOD}*3\r\n$3\r\nput\r\n$1\r\na\r\n$1\r\n1\r\n`);
    const before = session.content;
    const { status, stdout } = await session.run('repair', '--yes', '/d');
    expect(status).toBe(5);
    expect(stdout).toContain('unless its configuration calls commands so (rename-command)');
    expect(session.content).toBe(before);
  });

  test('says why where there is nothing to repair', async () => {
    const session = new Session();
    expect(await session.run('repair', '/nowhere')).toEqual({
      status: 5,
      stderr: '',
      stdout: 'There is no /nowhere.\n',
    });
    session.disk.makeDirectory('/empty');
    expect(await session.run('repair', '/empty')).toMatchObject({ status: 5, stdout: 'There is no log in /empty.\n' });
    expect(await session.run('repair', '--yes', '--max-loss', 'much', '/d')).toMatchObject({ status: 2 });
    expect(await session.run('repair', '--now', '/d')).toMatchObject({ status: 2 });
    expect(await session.run('repair', '/d', '/e')).toMatchObject({ status: 2 });
  });

  test('a full disk leaves everything as it was', async () => {
    const session = new Session();
    session.disk.freeSpaceBytes = 10;
    expect(await session.run('repair', '--yes', '/d')).toMatchObject({ status: 6 });
    expect(session.disk.list('/d')).toEqual(['appendonly.aof']);
    expect(session.content).toBe(BROKEN);
  });
});

test('limits', () => {
  expect(parseLossLimit('64KB')).toEqual({ of: 'bytes', atMost: 65536 });
  expect(parseLossLimit('3keys')).toEqual({ of: 'keys', atMost: 3 });
  for (const text of ['', 'kb', '3apples', '-1', '1.5mb']) expect(parseLossLimit(text)).toBeUndefined();
  // What cannot be counted is above every limit, but not above none.
  const loss = { ...NO_LOSS, unknown: ['a file'] };
  expect(exceededLimit(loss, [{ of: 'keys', atMost: 10 }])).toBeDefined();
  expect(exceededLimit(loss, [])).toBeUndefined();
});

test.skipIf(process.platform !== 'linux')('the process that has a file open is found', async () => {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-open-')));
  fs.writeFileSync(join(folder, 'x.aof'), '');
  expect(holderOf(folder)).toBeUndefined();
  const child = spawn('sh', ['-c', 'exec 3<x.aof; echo; exec sleep 20'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  expect(holderOf(folder)).toMatchObject({ processId: child.pid, path: join(folder, 'x.aof') });
  expect(holderOf(join(folder, 'x.aof'))).toBeDefined();
  child.kill();
  await once(child, 'exit');
  fs.rmSync(folder, { recursive: true });
});

describe('the progress bar', () => {
  test('tells bytes, rate and time left', () => {
    expect(barText(1.2e9, 2.4e9, 3000)).toBe(
      `[${'#'.repeat(15)}${' '.repeat(15)}]  50 %  1.2 GB of 2.4 GB  400 MB/s  0:03 left`,
    );
  });

  test('comes late, seldom, and goes away', () => {
    let nowMs = 0;
    const written: string[] = [];
    const bar = new ProgressBar({ write: (text) => written.push(text), nowMs: () => nowMs });
    for (; nowMs < 1000; nowMs += 10) bar.update(nowMs, 2000);
    expect(written).toHaveLength(5);
    bar.clear();
    bar.clear();
    expect(written.at(-1)).toBe('\r\x1b[K');
    expect(written).toHaveLength(6);
  });
});
