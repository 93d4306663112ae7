/** The conversions in the README of @aof/rdb, run as they stand there: a file becomes a log, and the log the same file again. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRdbSync, type WritableEntry, writeRdbSync } from '@aof/rdb';
import { expect, test } from 'vitest';
import { temporaryFolder } from './programs.ts';

const SERVER = join(import.meta.dirname, '../..');
const README = readFileSync(join(SERVER, '../../packages/rdb/README.md'), 'utf8');

/** Runs the example behind the words `heading` on the files in `dir`; what it prints. */
function runExample(heading: string, dir: string): string {
  const code =
    README.slice(README.indexOf(`**${heading}**`))
      .split('```js\n')[1]
      ?.split('```')[0] ?? '';
  expect(code).toContain('/var/lib/aof');
  const args = ['--input-type=module', '-e', code.replaceAll('/var/lib/aof', dir)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: SERVER, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

const ENTRIES: readonly WritableEntry[] = [
  { kind: 'key', database: 0, key: 'greeting', expireAtMs: -1, type: 'string', value: 'hello' },
  { kind: 'key', database: 0, key: 'scores', expireAtMs: 4102444800000, type: 'zset', value: [['ann', 1.5]] }, // biome-ignore format: one line
  { kind: 'key', database: 3, key: 'many', expireAtMs: -1, type: 'list', value: Array.from({ length: 3000 }, String) },
  { kind: 'key', database: 3, key: 'user', expireAtMs: -1, idleSec: 9, type: 'hash', value: [['name', 'Ann']] }, // biome-ignore format: one line
];

function keysIn(bytes: Uint8Array): unknown[] {
  return [...readRdbSync([bytes])].flatMap((entry) =>
    entry.kind === 'key' ? [[entry.database, entry.key, entry.expireAtMs, entry.type, entry.value]] : [],
  );
}

test('a file becomes a log, and the log the same file again', () => {
  const dir = temporaryFolder();
  const dump = join(dir, 'dump.rdb');
  const bytes = Buffer.concat([...writeRdbSync(ENTRIES, { target: 'redis-7.0', origin: { createdSec: 0 } })]);
  writeFileSync(dump, bytes);
  expect(runExample('RDB → AOF', dir)).toContain("code: 'usage'");
  expect(readFileSync(join(dir, 'appendonly.aof'), 'latin1')).toContain('\r\nRPUSH\r\n');
  rmSync(dump);
  expect(runExample('AOF → RDB', dir)).toBe('');
  expect(new Set(keysIn(readFileSync(dump)).map(String))).toEqual(new Set(keysIn(bytes).map(String)));
  expect(keysIn(bytes)).toHaveLength(ENTRIES.length);
});
