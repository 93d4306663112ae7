/**
 * Sets and sorted sets: bytes per element here and in redis-server, its key included.
 *
 *     node --expose-gc packages/keyspace/bench/set-memory.ts [case]
 *
 * Needs redis-server and redis-cli on PATH. Each case runs in a process of its own, because heaps remember. Redis is
 * asked for used_memory before and after.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SlabTable } from '../src/slab-table.ts';
import { SetValue } from '../src/values/set.ts';
import { SortedSetValue } from '../src/values/sorted-set.ts';
import { defaultThresholds } from '../src/values/thresholds.ts';

interface Case {
  readonly isSorted: boolean;
  readonly keys: number;
  readonly members: number;
  member(index: number): string;
  score(index: number): number;
}

const PORT = 7102 + 50;
const plain = (index: number) => `member:${String(index).padStart(6, '0')}`;
const scattered = (index: number) => (index * 7919) % 1_000_003;

function set(keys: number, members: number, member: (index: number) => string): Case {
  return { isSorted: false, keys, members, member, score: () => 0 };
}

function sorted(keys: number, members: number, score: (index: number) => number): Case {
  return { isSorted: true, keys, members, member: plain, score };
}

const CASES: Readonly<Record<string, Case>> = {
  'set 10 integers': set(200_000, 10, (index) => String(index * 3)),
  'set 200 integers': set(2000, 200, (index) => String(100_000 + index * 3)),
  'set 10 strings': set(20_000, 10, plain),
  'set 100 strings': set(2000, 100, plain),
  'set 1M strings': set(1, 1_000_000, plain),
  'zset 10, integer scores': sorted(100_000, 10, scattered),
  'zset 100, integer scores': sorted(2000, 100, scattered),
  'zset 100, fractional scores': sorted(2000, 100, (index) => scattered(index) / 1000),
  'zset 1M, scattered scores': sorted(1, 1_000_000, (index) => scattered(index) / 8),
  'zset 1M, growing scores': sorted(1, 1_000_000, (index) => 1_700_000_000 + index),
};

/** A string of its own, as a request decoder makes them. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function fill(table: SlabTable, { isSorted, keys, members, member, score }: Case): void {
  const thresholds = defaultThresholds();
  for (let key = 0; key < keys; key++) {
    const setValue = new SetValue();
    const sortedValue = new SortedSetValue();
    for (let i = 0; i < members; i++) {
      if (isSorted) sortedValue.put(flat(member(i)), score(i), thresholds);
      else setValue.add(flat(member(i)), thresholds);
    }
    const name = flat(`key:${key}`);
    if (!table.find(name)) table.insert(name, isSorted ? sortedValue : setValue, 0, 0);
  }
}

/** Bytes per element on this heap. */
function measureHere(name: string): number {
  const collect = globalThis.gc ?? (() => {});
  const table = new SlabTable();
  collect();
  const before = process.memoryUsage();
  const startedNs = process.hrtime.bigint();
  fill(table, CASES[name]);
  const tookMs = Number(process.hrtime.bigint() - startedNs) / 1e6;
  collect();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.external - before.heapUsed - before.external;
  const elements = CASES[name].keys * CASES[name].members;
  process.stderr.write(`  ${name}: ${((tookMs * 1000) / elements).toFixed(2)} µs per element (${table.size} keys)\n`);
  return bytes / elements;
}

function cli(...args: string[]): string {
  return execFileSync('redis-cli', ['-p', String(PORT), ...args], { encoding: 'latin1' });
}

function usedMemory(): number {
  return Number(/used_memory:(\d+)/.exec(cli('info', 'memory'))?.[1]);
}

function* commands({ isSorted, keys, members, member, score }: Case): Generator<string> {
  for (let key = 0; key < keys; key++) {
    for (let from = 0; from < members; from += 1000) {
      const words = [isSorted ? 'ZADD' : 'SADD', `key:${key}`];
      for (let i = from; i < Math.min(members, from + 1000); i++) {
        if (isSorted) words.push(String(score(i)));
        words.push(member(i));
      }
      yield `${words.join(' ')}\n`;
    }
  }
}

/** Bytes per element in redis-server. */
function measureRedis(name: string): number {
  cli('flushall');
  const before = usedMemory();
  const input = [...commands(CASES[name])].join('');
  spawnSync('redis-cli', ['-p', String(PORT), '--pipe'], { input });
  return (usedMemory() - before) / (CASES[name].keys * CASES[name].members);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'aof-set-memory-'));
  const redis = spawn('redis-server', ['--port', String(PORT), '--save', '', '--dir', folder], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const wanted = process.argv[2] ?? '';
  for (const name of Object.keys(CASES).filter((each) => each.includes(wanted))) {
    const redisBytes = measureRedis(name);
    const child = spawnSync(process.execPath, ['--expose-gc', import.meta.filename, '--one', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const bytes = Number(child.stdout);
    const ratio = (bytes / redisBytes).toFixed(2);
    process.stdout.write(
      `${name.padEnd(30)} ${bytes.toFixed(1)} B, redis ${redisBytes.toFixed(1)} B, ratio ${ratio}\n`,
    );
  }
  redis.kill();
  rmSync(folder, { recursive: true, force: true });
}

if (process.argv[2] === '--one') process.stdout.write(String(measureHere(process.argv[3])));
else await main();
