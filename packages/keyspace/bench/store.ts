/**
 * The keyspace's dictionary next to a Map: bytes per key, inserts and lookups per second, the worst single insert.
 *
 *     node packages/keyspace/bench/store.ts [keys]
 *
 * Keys have 16 bytes, values 32. An insert and a lookup begin with a string that was just made, as a request's is: a Map
 * would otherwise profit from the hash that V8 keeps in a string once it was looked up. Inserts that a garbage collection interrupted
 * are reported apart: those pauses are the heap's. Each subject runs in a process of its own, because heaps remember.
 */

import { spawnSync } from 'node:child_process';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { SlabTable } from '../src/slab-table.ts';

interface Store {
  set(key: string, value: string): void;
  has(key: string): boolean;
}

function keyTable(): Store {
  const table = new SlabTable();
  return {
    set: (key, value) => (table.find(key) ? table.setValue(value) : table.insert(key, value, 0, 0)),
    has: (key) => table.find(key) && table.value() !== '',
  };
}

function map(): Store {
  const entries = new Map<string, string>();
  return { set: (key, value) => void entries.set(key, value), has: (key) => entries.get(key) !== undefined };
}

const SUBJECTS: Record<string, () => Store> = { SlabTable: keyTable, Map: map };
const LOOKUPS = 500_000;
/** Inserts shorter than this are not looked at one by one. */
const LONG_NS = 100_000;

const scratch = Buffer.from('key:000000000000');

/** A flat latin1 string of its own, as a request decoder makes them. */
function keyOf(index: number): string {
  let rest = index;
  for (let at = 15; at >= 4; at--) {
    scratch[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return scratch.toString('latin1', 0, 16);
}

function usedBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Mean time of `run`, ns. */
function timeEach(times: number, run: (i: number) => void): number {
  const started = performance.now();
  for (let i = 0; i < times; i++) run(i);
  return ((performance.now() - started) * 1e6) / times;
}

async function measure(subject: string, count: number): Promise<string> {
  const store = SUBJECTS[subject]();
  const value = Buffer.alloc(32, 120);
  const collections: { at: number; durationMs: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) collections.push({ at: entry.startTime, durationMs: entry.duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  const before = usedBytes();
  const long: { at: number; tookMs: number }[] = [];
  const makingNs = timeEach(LOOKUPS, (i) => keyOf((i * 7919) % count));
  const insertNs = timeEach(count, (i) => {
    const key = keyOf((i * 7919) % count);
    const text = value.toString('latin1');
    const at = performance.now();
    store.set(key, text);
    const tookMs = performance.now() - at;
    if (tookMs * 1e6 > LONG_NS) long.push({ at, tookMs });
  });
  await turn();
  await turn();
  const isCollection = (at: number, tookMs: number) =>
    collections.some((one) => one.at + one.durationMs >= at - 0.05 && one.at <= at + tookMs + 0.05);
  const own = long.filter(({ at, tookMs }) => !isCollection(at, tookMs)).map(({ tookMs }) => tookMs);
  const all = long.map(({ tookMs }) => tookMs);
  const bytes = usedBytes() - before;
  const lookupNs = timeEach(LOOKUPS, (i) => store.has(keyOf((i * 104_729) % count)));
  const missNs = timeEach(LOOKUPS, (i) => store.has(keyOf(count + ((i * 104_729) % count))));
  return [
    subject.padEnd(9),
    `${(bytes / count).toFixed(1)} B/key`,
    `insert ${insertNs.toFixed(0)} ns`,
    `hit ${(lookupNs - makingNs).toFixed(0)} ns`,
    `miss ${(missNs - makingNs).toFixed(0)} ns`,
    `worst insert ${Math.max(0, ...own).toFixed(2)} ms, with a collection ${Math.max(0, ...all).toFixed(2)} ms`,
  ].join('  ');
}

const [subject, countText] = process.argv.slice(2);
if (subject !== undefined && subject in SUBJECTS) {
  process.stdout.write(`${await measure(subject, Number(countText))}\n`);
} else {
  const flags = ['--expose-gc', '--max-semi-space-size=4', ...process.execArgv, import.meta.filename];
  for (const name of Object.keys(SUBJECTS)) {
    spawnSync(process.execPath, [...flags, name, subject ?? '1000000'], { stdio: 'inherit' });
  }
}
