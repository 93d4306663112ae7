/** What holds for every subcommand of the table, and the options that redis-check-aof has. */
import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { showsColour } from '../src/output.ts';
import { runProgram } from '../src/program.ts';
import { SUBCOMMANDS } from '../src/subcommands.ts';
import { put } from './corpus.ts';

const GOOD = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n';

async function run(...args: string[]) {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  put(disk, [['appendonly.aof', Buffer.from(`#TS:100\r\n${GOOD}#TS:200\r\n${GOOD}`)]], '/d/');
  let [stdout, stderr] = ['', ''];
  const output = {
    write: (text: string) => {
      stdout += text;
    },
    answer: async () => 'n',
  };
  const environment = {
    disk,
    output,
    nowMs: () => 0,
    processId: 7,
    realPath: (path: string) => path,
    holderOf: () => undefined,
  };
  const status = await runProgram(args, environment, (text) => {
    stderr += text;
  });
  return { status, stdout, stderr, size: disk.status('/d/appendonly.aof')?.size };
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
