/** The programs as processes: command lines, streams, exit status. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { parseArguments } from '../src/arguments.ts';
import { VERSION } from '../src/version.ts';
import { readCorpus, variantFiles } from './corpus.ts';

const BIN = join(import.meta.dirname, '../bin');
let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'check-aof-bin-'));
  const corpus = readCorpus('redis-7.0.15', 'rdb-base');
  for (const [name, bytes] of variantFiles(corpus, 'incr-truncated-9')) fs.writeFileSync(join(folder, name), bytes);
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

function run(program: string, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(join(BIN, `${program}.js`), args, {
    cwd: folder,
    input,
    encoding: 'latin1',
  });
  return { status, stdout, stderr };
}

test('check, refuse, fix, check', () => {
  const file = join(folder, 'appendonly.aof.2.incr.aof');
  const size = fs.statSync(file).size;
  expect(run('check-aof', ['--fix', 'appendonly.aof.manifest'], 'n\n').stdout).toMatch(/\[y\/N\]: Aborting\.\.\.\n$/);
  expect(fs.statSync(file).size).toBe(size);
  const fixed = run('check-aof', ['--fix', 'appendonly.aof.manifest'], 'y\n');
  expect(fixed).toMatchObject({ status: 0, stderr: '' });
  expect(fixed.stdout).toMatch(
    /Successfully truncated AOF appendonly\.aof\.2\.incr\.aof\nAll AOF files and manifest are valid\n$/,
  );
  expect(fs.statSync(file).size).toBeLessThan(size);
});

test('check-rdb', () => {
  const good = run('check-rdb', ['appendonly.aof.2.base.rdb']);
  expect(good).toMatchObject({ status: 0, stderr: '' });
  expect(good.stdout).toContain('Checksum OK\n');
  expect(run('check-rdb', [])).toEqual({
    status: 1,
    stdout: '',
    stderr: 'Usage: check-rdb [--json] <rdb-file-name>\n',
  });
  const json = run('check-rdb', ['--json', 'appendonly.aof.2.base.rdb']);
  expect(JSON.parse(json.stdout)).toMatchObject({
    command: 'check-rdb',
    path: 'appendonly.aof.2.base.rdb',
    verdict: 'valid',
    lines: expect.arrayContaining(['[info] 80 keys read']),
    status: 0,
  });
});

test('what cannot be opened or understood', () => {
  expect(run('check-aof', ['nowhere'])).toEqual({
    status: 1,
    stdout: 'Cannot open file nowhere: No such file or directory\n',
    stderr: '',
  });
});

describe('the command line', () => {
  const read = (...args: string[]) => {
    const line = parseArguments(args);
    if (line.kind !== 'run') return line.kind;
    const { operands } = line.invocation;
    return { name: line.subcommand.name, operands, options: line.invocation.options };
  };

  test('is read as redis-check-aof reads it', () => {
    expect(read('--fix')).toEqual({ name: 'check', operands: ['--fix'], options: {} });
    expect(read('--fix', 'f')).toEqual({ name: 'check', operands: ['f'], options: { '--fix': [] } });
    expect(read('f', '--fix')).toBe('usage');
    expect(read()).toBe('usage');
    expect(read('--truncate-to-timestamp', '--fix', 'f')).toMatchObject({
      operands: ['f'],
      options: { '--truncate-to-timestamp': ['--fix'] },
    });
  });

  test('names a subcommand, or has an option that redis-check-aof has not', () => {
    expect(read('f', '--json')).toEqual({ name: 'check', operands: ['f'], options: { '--json': [] } });
    expect(read('f', '--fix', '--json')).toMatchObject({ name: 'check', options: { '--fix': [], '--json': [] } });
    expect(read('repair', '--max-loss=1kb', 'f', '--max-loss', '3keys')).toMatchObject({
      name: 'repair',
      options: { '--max-loss': ['1kb', '3keys'] },
    });
    expect(read('check', '--', '--strict')).toEqual({ name: 'check', operands: ['--strict'], options: {} });
    for (const line of ['repair', 'repair a b', 'repair --fast f', 'repair f --max-loss', 'undo --force=1 f'])
      expect([line, read(...line.split(' '))]).toEqual([line, 'bad-usage']);
    expect(read('repair', '--help')).toBe('help');
    expect(read('help', 'repair')).toBe('help');
  });

  test('knows the version of the package', () => expect(VERSION).toBe(manifest.version));
});
