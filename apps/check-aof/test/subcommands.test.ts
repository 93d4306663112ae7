/** What holds for every subcommand of the table, and the options that redis-check-aof has. */
import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { showsColour } from '../src/output.ts';
import { SUBCOMMANDS } from '../src/subcommands.ts';
import { put } from './corpus.ts';
import { runOn, type World } from './environment.ts';

const GOOD = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n';

async function run(...args: string[]) {
  return runWith({}, ...args);
}

async function runWith(world: World, ...args: string[]) {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  put(
    disk,
    [
      ['appendonly.aof', Buffer.from(`#TS:100\r\n${GOOD}#TS:200\r\n${GOOD}`)],
      ['é.aof', Buffer.from(GOOD.slice(0, 20))],
    ],
    '/d/',
  );
  disk.makeDirectory('/m');
  put(
    disk,
    [
      ['a.manifest', Buffer.from('file a.incr.aof seq 1 type i\n')],
      ['a.incr.aof', Buffer.from(GOOD)],
    ],
    '/m/',
  );
  const run = await runOn(disk, args, world);
  return { ...run, size: disk.status('/d/appendonly.aof')?.size };
}

test('names are told apart', () => {
  expect(new Set(SUBCOMMANDS.map(({ name }) => name)).size).toBe(SUBCOMMANDS.length);
});

describe.each(SUBCOMMANDS.map((subcommand) => [subcommand.name, subcommand] as const))('%s', (name, subcommand) => {
  test('is taught by examples that call it', async () => {
    const { status, stdout } = await run(name, '--help');
    expect(status).toBe(0);
    for (const { name: option, summary } of subcommand.options)
      expect(stdout).toMatch(new RegExp(`${option}.*\n[^]*${summary.slice(0, 9)}`));
    expect(stdout).toContain('--json');
    expect(subcommand.examples.length).toBeGreaterThan(0);
    for (const { purpose, lines } of subcommand.examples) {
      expect(stdout).toContain(purpose);
      const calls = name === 'check' ? 'check-aof ' : `check-aof ${name}`;
      expect(lines.join('\n')).toContain(calls);
    }
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(160);
    expect((await run('--help')).stdout).toContain(subcommand.summary);
  });

  test('refuses what it does not know, with status 2', async () => {
    const { status, stdout, stderr } = await run(name, '--no-such-option', '/d');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`check-aof ${name} --help`);
  });

  test('names what each status means', () => {
    expect(Object.keys(subcommand.exitStatus)).toContain('0');
  });
});

describe('--truncate-to-timestamp', () => {
  test.each([
    ['150', 0, 36],
    [' +150', 0, 36],
    ['', 0, 72],
    ['0', 0, 72],
    ['9223372036854775807', 0, 72],
    ['-3', 1, 72],
    ['x', 1, 72],
    ['150 ', 1, 72],
    [' ', 1, 72],
    ['9223372036854775808', 1, 72],
  ])("'%s'", async (text, status, size) => {
    const outcome = await run('--truncate-to-timestamp', text, '/d/appendonly.aof');
    expect(outcome).toMatchObject({ status, size });
    if (status === 1 && text !== '-3') expect(outcome.stdout).toBe('Invalid timestamp, aborting...\n');
  });
});

test('colours are for terminals that want them', () => {
  expect(showsColour(true, {})).toBe(true);
  expect(showsColour(false, {})).toBe(false);
  expect(showsColour(true, { NO_COLOR: '1' })).toBe(false);
  expect(showsColour(true, { NO_COLOR: '' })).toBe(true);
  expect(showsColour(true, { TERM: 'dumb' })).toBe(false);
});

describe('check --json', () => {
  test('says everything in one document', async () => {
    const { status, stdout } = await run('--json', '/d/appendonly.aof');
    expect(JSON.parse(stdout)).toEqual({
      command: 'check',
      path: '/d/appendonly.aof',
      mode: 'check',
      kind: 'single',
      verdict: 'valid',
      files: [
        {
          name: '/d/appendonly.aof',
          path: '/d/appendonly.aof',
          role: 'single',
          verdict: 'ok',
          size: 72,
          okUpTo: 72,
          okUpToLine: 15,
        },
      ],
      lines: [
        'Start checking Old-Style AOF',
        'AOF analyzed: filename=/d/appendonly.aof, size=72, ok_up_to=72, ok_up_to_line=15, diff=0',
        'AOF /d/appendonly.aof is valid',
      ],
      status,
    });
    expect(status).toBe(0);
  });

  test('of what is damaged, strict and gone', async () => {
    const damaged = await run('--json', '/d/é.aof');
    expect(damaged.status).toBe(1);
    expect(JSON.parse(Buffer.from(damaged.stdout, 'latin1').toString('utf8'))).toMatchObject({
      verdict: 'not-valid',
      files: [{ name: '/d/é.aof', verdict: 'failed', size: 20, okUpTo: 0, okUpToLine: 6 }],
      lines: expect.arrayContaining(['AOF /d/é.aof is not valid. Use the --fix option to try fixing it.']),
      status: 1,
    });
    expect(JSON.parse((await run('check', '/d/nowhere', '--json')).stdout)).toMatchObject({
      verdict: 'not-valid',
      files: [],
      lines: ['Cannot open file /d/nowhere: No such file or directory'],
      status: 1,
    });
    const strict = await run('--strict', '--json', '/d/é.aof');
    expect(JSON.parse(strict.stdout)).toMatchObject({ command: 'check', mode: 'strict', findingCount: 1, status: 1 });
  });

  test('of a folder, by its manifest', async () => {
    expect((await run('/m')).stdout).toMatch(
      /^Start checking Multi Part AOF\n.*All AOF files and manifest are valid\n$/s,
    );
    expect(JSON.parse((await run('--json', '/m')).stdout)).toMatchObject({
      path: '/m',
      kind: 'multi-part',
      verdict: 'valid',
      files: [{ name: 'a.incr.aof', path: '/m/a.incr.aof', role: 'incr', verdict: 'ok', size: 27 }],
    });
    expect(await run('doctor', '/nowhere')).toMatchObject({ status: 5, stdout: 'There is no /nowhere.\n' });
    const several = await run('/d');
    expect(several).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^There are several logs in \/d: .+\n$/),
    });
  });

  test('of a cut', async () => {
    const { stdout, size } = await run('--json', '--truncate-to-timestamp', '150', '/d/appendonly.aof');
    expect(JSON.parse(stdout)).toMatchObject({ mode: 'truncate', verdict: 'repaired', status: 0 });
    expect(size).toBe(36);
  });
});

describe('what a process has open is not cut', () => {
  const holder = { processId: 17, processName: 'redis-server', path: '/d/appendonly.aof' };
  test.each([
    ['/d/é.aof', ['--fix']],
    ['/d/appendonly.aof', ['--truncate-to-timestamp', '150']],
  ])('%s: %s', async (path, options) => {
    const { status, stdout, size } = await runWith({ holder: { ...holder, path } }, ...options, path);
    expect({ status, size }).toEqual({ status: 4, size: 72 });
    expect(Buffer.from(stdout, 'latin1').toString()).toContain(`Process 17 (redis-server) has ${path} open.`);
    expect(stdout).not.toContain('Continue?');
  });

  test('what is only looked at may be open', async () => {
    expect((await runWith({ holder }, '/d/appendonly.aof')).status).toBe(0);
    expect((await runWith({ holder }, '--fix', '/d/appendonly.aof')).status).toBe(0);
  });
});

test('verdicts have colours where colours are shown, and the same words', async () => {
  for (const args of [
    ['/d/appendonly.aof'],
    ['/d/é.aof'],
    ['--strict', '/d/é.aof'],
    ['--strict', '/d/appendonly.aof'],
  ]) {
    const plain = await run(...args);
    const coloured = await runWith({ hasColour: true }, ...args);
    expect(plain.stdout).not.toContain('\x1b');
    expect(coloured.stdout).toContain(plain.status === 0 ? '\x1b[32m' : '\x1b[31m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are
    expect(coloured.stdout.replace(/\x1b\[\d+m/g, '')).toBe(plain.stdout);
  }
});
