/**
 * Speed of a check beside redis-check-aof, on a file of `SET`s with values of 100 bytes: `node bench/check.ts [MB] [runs]`.
 * Prints medians and their ratio. The file is in the page cache for both.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const megabytes = Number(process.argv[2] ?? 1000);
const runs = Number(process.argv[3] ?? 3);
const folder = fs.mkdtempSync(join(tmpdir(), 'check-aof-bench-'));
const path = join(folder, 'appendonly.aof');

function writeLog(): number {
  const file = fs.openSync(path, 'w');
  let bytes = 0;
  for (let i = 0; bytes < megabytes * 1e6; ) {
    let text = '';
    for (let j = 0; j < 10_000; j++) {
      const key = `key:${String(i++).padStart(12, '0')}`;
      text += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$100\r\n${'v'.repeat(100)}\r\n`;
    }
    bytes += fs.writeSync(file, text);
  }
  fs.closeSync(file);
  return bytes;
}

function medianMs(program: string, args: readonly string[]): number {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedMs = performance.now();
    const { status } = spawnSync(program, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${program} ended with ${status}`);
    times.push(performance.now() - startedMs);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

const bytes = writeLog();
const ours = medianMs(join(import.meta.dirname, '../bin/check-aof.js'), [path]);
const theirs = medianMs('redis-check-aof', [path]);
fs.rmSync(folder, { recursive: true });
const rate = (ms: number): string => `${Math.round(bytes / 1000 / ms)} MB/s`;
process.stdout.write(`check-aof ${rate(ours)}, redis-check-aof ${rate(theirs)}: ${(theirs / ours).toFixed(2)} x\n`);
