/**
 * Speed of a check beside redis-check-aof, on a file of `SET`s with values of 100 bytes: `node bench/check.ts [MB] [runs]`.
 * Prints medians and their ratio, then what check, `--strict` and repair do in small heaps. The file is in the page cache for all.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As many keys as the data set has, however long the log is: what is replayed holds these. */
const KEYS = 50_000;
const CHECK_AOF = join(import.meta.dirname, '../bin/check-aof.js');
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
      const key = `key:${String(i++ % KEYS).padStart(12, '0')}`;
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

/** Runs check-aof in a heap of so many MB; a larger one would end it. */
function inSmallHeap(heapMb: number, args: readonly string[], expected: number): void {
  const startedMs = performance.now();
  const env = { ...process.env, NODE_OPTIONS: `--max-old-space-size=${heapMb}` };
  const { status } = spawnSync(CHECK_AOF, args, { stdio: 'ignore', env });
  if (status !== expected) throw new Error(`check-aof ${args.join(' ')} ended with ${status} in ${heapMb} MB`);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`check-aof ${args.slice(0, -1).join(' ')} in a heap of ${heapMb} MB: ${seconds} s\n`);
}

const bytes = writeLog();
const ours = medianMs(CHECK_AOF, [path]);
const theirs = medianMs('redis-check-aof', [path]);
const rate = (ms: number): string => `${Math.round(bytes / 1000 / ms)} MB/s`;
process.stdout.write(`check-aof ${rate(ours)}, redis-check-aof ${rate(theirs)}: ${(theirs / ours).toFixed(2)} x\n`);
inSmallHeap(48, ['check', path], 0);
inSmallHeap(96, ['check', '--strict', path], 0);
fs.appendFileSync(path, Buffer.alloc(1_000_000));
inSmallHeap(48, ['repair', '--dry-run', path], 1);
inSmallHeap(48, ['repair', '--yes', '--no-load', path], 0);
fs.appendFileSync(path, Buffer.alloc(1_000_000));
inSmallHeap(96, ['repair', '--yes', path], 0);
fs.rmSync(folder, { recursive: true });
