/**
 * Runs memory cases here and in redis-server and prints the bytes per element of both, the keys included.
 *
 * Each case runs in a process of its own, because heaps remember. Redis is asked for used_memory before and after.
 * Needs redis-server and redis-cli on PATH, and node's --expose-gc.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SlabTable } from '../src/slab-table.ts';
import type { Value } from '../src/values/value.ts';

/** Some keys with values of the same kind. */
export interface MemoryCase {
  readonly keys: number;
  /** Elements per key. */
  readonly elements: number;
  /** A value of that many elements, all of its strings its own. */
  make(): Value;
  /** The words of element `index` in a command. */
  words(index: number): readonly string[];
  /** The command that adds elements. */
  readonly command: string;
}

const PORT = 7153;
const ELEMENTS_PER_COMMAND = 1000;

/** A string of its own, as a request decoder makes them. */
export function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Bytes in use after a full collection; one round leaves what finalisation freed. */
function heapBytes(): number {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes per element on this heap. */
function measureHere(one: MemoryCase): number {
  const table = new SlabTable();
  const before = heapBytes();
  for (let key = 0; key < one.keys; key++) {
    const name = flat(`key:${key}`);
    if (!table.find(name)) table.insert(name, one.make(), 0, 0);
  }
  const bytes = heapBytes() - before;
  return table.size === one.keys ? bytes / (one.keys * one.elements) : Number.NaN;
}

function cli(...args: string[]): string {
  return execFileSync('redis-cli', ['-p', String(PORT), ...args], { encoding: 'latin1' });
}

function usedMemory(): number {
  return Number(/used_memory:(\d+)/.exec(cli('info', 'memory'))?.[1]);
}

function* commandsOf({ keys, elements, words, command }: MemoryCase): Generator<string> {
  for (let key = 0; key < keys; key++) {
    for (let from = 0; from < elements; from += ELEMENTS_PER_COMMAND) {
      const args = [command, `key:${key}`];
      for (let i = from; i < Math.min(elements, from + ELEMENTS_PER_COMMAND); i++) args.push(...words(i));
      yield `${args.join(' ')}\r\n`;
    }
  }
}

/** Bytes per element in redis-server. */
function measureRedis(one: MemoryCase): number {
  cli('flushall');
  const before = usedMemory();
  const input = [...commandsOf(one)].join('');
  const piped = spawnSync('redis-cli', ['-p', String(PORT), '--pipe'], { input, encoding: 'latin1' });
  if (!piped.stdout.includes('errors: 0')) throw new Error(`redis-cli: ${piped.stdout}${piped.stderr}`);
  return (usedMemory() - before) / (one.keys * one.elements);
}

async function startRedis(folder: string): Promise<() => void> {
  const args = ['--port', String(PORT), '--dir', folder, '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  for (let tries = 0; tries < 100; tries++) {
    if (
      spawnSync('redis-cli', ['-p', String(PORT), 'ping'])
        .stdout.toString()
        .startsWith('PONG')
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return () => server.kill();
}

/**
 * Runs the case that the command line names, or all of them.
 *
 * @param script path of the calling script, which is started anew for each case
 */
export async function compareMemory(script: string, cases: Readonly<Record<string, MemoryCase>>): Promise<void> {
  const wanted = process.argv[2];
  if (wanted !== undefined) {
    process.stdout.write(String(measureHere(cases[wanted])));
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'aof-memory-'));
  const stop = await startRedis(folder);
  try {
    for (const [name, one] of Object.entries(cases)) {
      const here = Number(execFileSync(process.execPath, ['--expose-gc', script, name], { encoding: 'latin1' }));
      const redis = measureRedis(one);
      const line = [
        name.padEnd(28),
        here.toFixed(1).padStart(8),
        redis.toFixed(1).padStart(8),
        (here / redis).toFixed(2),
      ];
      process.stdout.write(`${line.join('  ')}\n`);
    }
  } finally {
    stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
