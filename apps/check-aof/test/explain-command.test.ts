/** `check-aof explain` as a command: what it says and ends with, on logs of real servers and beside a real rewrite. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeDisk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { describe, expect, test } from 'vitest';
import { explainLog } from '../src/explain/explain-log.ts';
import type { Explanation } from '../src/explain/explanation.ts';
import { diskWith, MANIFEST, MODES, RECORDED_AT_MS, readCorpus, SERVERS, SINGLE } from './corpus.ts';
import { hasOracle } from './oracle.ts';
import { RedisServer } from './redis-server.ts';
import { contentsBelow, diskOf, document, INCR, LOG, NOW_MS, record, run } from './restore-rig.ts';

const OPTIONS = { separator: ':', top: 100, last: { share: 0.1 }, memoryBytes: 1e9, progress: () => {} };
const SELECT = record('SELECT', '0');
const DEAD = SELECT + record('SET', 'user:1', 'x'.repeat(900)).repeat(9) + record('SET', 'user:1', '1');

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function expectSums(explanation: Explanation): void {
  const { totalBytes, commands, byCommand, byType, byDatabase, timeline, files, rewrite } = explanation;
  expect(sum(files.map(({ bytes }) => bytes))).toBe(totalBytes);
  for (const rows of [byCommand, byType, byDatabase]) {
    expect(sum(rows.map(({ bytes }) => bytes))).toBe(totalBytes);
    expect(sum(rows.map((row) => row.commands))).toBe(commands);
  }
  expect(timeline.untimedBytes + sum(timeline.buckets.map(({ bytes }) => bytes))).toBe(totalBytes);
  expect(sum(byType.map(({ liveKeys }) => liveKeys ?? 0))).toBe(rewrite?.liveKeys);
}

describe.each(SERVERS)('a log of %s', (server) => {
  test.each(MODES)('%s', async (mode) => {
    const corpus = readCorpus(server, mode);
    for (const path of [MANIFEST, SINGLE]) {
      const disk = diskWith(path === SINGLE ? new Map([[SINGLE, corpus.single]]) : corpus.files);
      const explanation = await explainLog(disk, findLog(disk, path), { ...OPTIONS, nowMs: RECORDED_AT_MS });
      expectSums(explanation);
      const { rewrite, files, unread, byCommand } = explanation;
      expect([unread, rewrite?.notReplayed]).toEqual([undefined, 0]);
      expect(rewrite?.liveKeys).toBeGreaterThan(90);
      const rdbBytes = sum(files.map((file) => file.rdbBytes));
      expect(sum(byCommand.filter(({ name }) => name.startsWith('RDB')).map(({ bytes }) => bytes))).toBe(rdbBytes);
      expect(rdbBytes > 0).toBe(mode === 'rdb-base');
      // With next to no memory only the largest of a sample is followed, and what is counted stays the same.
      const sampled = await explainLog(disk, findLog(disk, path), {
        ...OPTIONS,
        memoryBytes: 1,
        nowMs: RECORDED_AT_MS,
      });
      expect(sampled).toMatchObject({
        byCommand,
        totalBytes: explanation.totalBytes,
        timeline: { axis: explanation.timeline.axis },
      });
      expect([sampled.rewrite?.method, sampled.rewrite?.notReplayed]).toEqual(['sampled', 0]);
      // What the server itself had.
      const { keys } = corpus.verdicts.intact?.server ?? {};
      if (keys !== undefined) expect((rewrite?.liveKeys ?? 0) + (rewrite?.dueKeys ?? 0)).toBeGreaterThanOrEqual(keys);
    }
  });
});

describe('the command', () => {
  test('says first what matters, and changes nothing', async () => {
    const disk = diskOf({ [INCR]: DEAD });
    const before = contentsBelow(disk, '/');
    const { status, stdout, stderr } = await run(disk, ['explain', LOG]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('A rewrite would shrink 8.5 kB to 55 B.\n');
    expect(Buffer.from(stdout, 'latin1').toString()).toMatch(/\nuser:\* +░+ +8\.4 kB +>99 % +32 B +1\n/);
    expect(contentsBelow(disk, '/')).toEqual(before);
  });

  test('a log that cannot be read to its end has status 1', async () => {
    const { status, stdout } = await run(diskOf({ [INCR]: DEAD.slice(0, -3) }), ['explain', LOG]);
    expect(status).toBe(1);
    expect(stdout).toContain('could not be read');
  });

  test('so has one that ends in a transaction', async () => {
    const { status, stdout } = await run(diskOf({ [INCR]: DEAD + record('MULTI') + record('SET', 'k', 'v') }), [
      'explain',
      LOG,
    ]);
    expect(status).toBe(1);
    expect(stdout.replace(/\n/g, ' ')).toContain('ends before the EXEC of a MULTI at offset');
    expect(stdout).toContain('A rewrite would shrink 8.5 kB to 55 B.');
  });

  test('says why nothing is shown along time', async () => {
    const timed = `#TS:1700000000\r\n${DEAD}`;
    expect((await run(diskOf({ [INCR]: DEAD }), ['explain', LOG])).stdout).toContain('records (no timestamps');
    for (const args of [
      ['explain', LOG],
      ['explain', '--html', '/page.html', LOG],
    ]) {
      const disk = diskOf({ [INCR]: timed });
      const { stdout } = await run(disk, args);
      expect(stdout).toContain('ALONG THE LOG: records (all that bears a time is of one second)');
      if (args.length > 2) expect(Buffer.from(disk.readFile('/page.html')).toString()).toContain('is of one second.');
    }
  });

  test('no log has status 5', async () => {
    expect((await run(diskOf({ [INCR]: DEAD }), ['explain', '/nowhere'])).status).toBe(5);
  });

  test('--html writes a page, but not over the log', async () => {
    const disk = diskOf({ [INCR]: DEAD });
    expect((await run(disk, ['explain', '--html', '/page.html', LOG])).status).toBe(0);
    expect(Buffer.from(disk.readFile('/page.html')).toString()).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    for (const own of [`${LOG}/${INCR}`, `${LOG}/${MANIFEST}`]) {
      const { status, stderr } = await run(disk, ['explain', '--html', own, LOG]);
      expect([status, stderr]).toEqual([2, expect.stringContaining('--html would overwrite')]);
      expect(disk.readFile(own).length).toBeGreaterThan(0);
    }
  });

  test.each([
    ['--last', '0%'],
    ['--last', 'yesterday'],
    ['--top', '0'],
    ['--memory', 'much'],
    ['--memory', '1mb'],
    ['--separator', ''],
  ])('%s %j is refused', async (name, value) => {
    const { status, stderr } = await run(diskOf({ [INCR]: DEAD }), ['explain', name, value, LOG]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(name)]);
  });

  test('--json has keys as text, and as base64 where they are none', async () => {
    const disk = diskOf({ [INCR]: SELECT + record('SET', '\xc3\xa9', '1') + record('SET', '\xff', '2') });
    const { status, stdout } = await run(disk, ['explain', '--json', LOG]);
    expect(status).toBe(0);
    const { biggestKeys } = JSON.parse(Buffer.from(stdout, 'latin1').toString());
    expect(biggestKeys).toMatchObject([
      { key: 'é', liveBytes: 28 },
      { key: '\\xff', keyBase64: '/w==', liveBytes: 27 },
    ]);
  });

  test('--last 2m looks at the last two minutes at least', async () => {
    const log = [0, 60, 120, 180, 240].map(
      (sec, i) => `#TS:${1_700_000_000 + sec}\r\n${record('SET', `a${i}:k`, 'v')}`,
    );
    const { recent } = await document(diskOf({ [INCR]: log.join('') }), ['explain', '--last', '2m', LOG]);
    expect(recent).toMatchObject({ label: 'the last 2 min', bytes: 3 * (log[0]?.length ?? 0) });
  });
});

test('a reader that goes away is no error', () => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'check-aof-explain-'));
  fs.writeFileSync(join(folder, SINGLE), DEAD);
  const program = join(import.meta.dirname, '../bin/check-aof.js');
  const line = `"${program}" explain "${join(folder, SINGLE)}" | true`;
  const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', line], { encoding: 'utf8' });
  fs.rmSync(folder, { recursive: true });
  expect([status, stderr]).toEqual([0, '']);
});

const DATA = [
  'SET string value',
  `SET large ${'v'.repeat(20_000)}`,
  `RPUSH list ${Array.from({ length: 200 }, (_, i) => `element-${i}`).join(' ')}`,
  `SADD set ${Array.from({ length: 130 }, (_, i) => `member-${i}`).join(' ')}`,
  'HSET hash f v g w',
  'ZADD zset 1.5 a -2 b inf c 3 d',
  'XADD stream 1-1 f v',
  'XADD stream 2-1 f w g x',
  'XGROUP CREATE stream group 0',
  'PFADD hll a b c',
  'SETBIT bits 100 1',
  'DEL string',
  'SELECT 7',
  'SET expiring later PX 100000000',
  'SET counter 1',
  'INCR counter',
];

test.skipIf(!hasOracle())('live bytes are what a real rewrite writes', async () => {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-explain-')));
  const log = join(folder, 'data');
  fs.mkdirSync(log);
  const server = await RedisServer.start(log, folder, '--aof-use-rdb-preamble', 'no');
  try {
    server.pipe(DATA);
    const disk = new NodeDisk();
    const { rewrite } = await explainLog(disk, findLog(disk, log), { ...OPTIONS, nowMs: NOW_MS });
    await server.rewrite();
    const names = fs.readdirSync(join(log, 'appendonlydir'));
    const base = names.find((name) => name.includes('.base.')) ?? '';
    expect(rewrite?.liveBytes).toBe(fs.statSync(join(log, 'appendonlydir', base)).size);
    expect(rewrite?.liveKeys).toBe(10);
  } finally {
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  }
});
if (!hasOracle()) process.stderr.write('SKIPPED: no redis-server 7.0, so that no rewrite is compared: 1 test\n');
