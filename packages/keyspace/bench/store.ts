/**
 * The keyspace's dictionary next to a Map: bytes per key, inserts and lookups per second, the worst single insert.
 *
 *     node --expose-gc packages/keyspace/bench/store.ts [keys]
 *
 * Keys have 16 bytes, values 32. The worst insert includes garbage collection, the same for both; run with
 * --max-semi-space-size=2 to bound that. Each subject runs in a process of its own, because heaps remember.
 */

import { spawnSync } from 'node:child_process';
import { HashTable } from '../src/hash-table.ts';

interface Store {
  set(key: string, value: string): unknown;
  get(key: string): string | undefined;
}

const SUBJECTS: Record<string, () => Store> = {
  HashTable: () => new HashTable<string>({ cellStride: 2, wordStride: 2, numbers: 'lazy' }),
  Map: () => new Map<string, string>(),
};

/** A flat latin1 string of its own, as a request decoder makes them. */
function keyOf(scratch: Buffer, index: number): string {
  let rest = index;
  for (let at = 15; at >= 4; at--) {
    scratch[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return scratch.toString('latin1', 0, 16);
}

function measure(subject: string, count: number): string {
  const collect = globalThis.gc ?? (() => {});
  const scratch = Buffer.from('key:000000000000');
  const value = Buffer.alloc(32, 120);
  const store = SUBJECTS[subject]();
  collect();
  const before = process.memoryUsage();
  let worstNs = 0n;
  const started = process.hrtime.bigint();
  for (let index = 0; index < count; index++) {
    const key = keyOf(scratch, (index * 7919) % count);
    const text = value.toString('latin1');
    const began = process.hrtime.bigint();
    store.set(key, text);
    const tookNs = process.hrtime.bigint() - began;
    if (tookNs > worstNs) worstNs = tookNs;
  }
  const insertNs = Number(process.hrtime.bigint() - started) / count;
  collect();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const probes = Array.from({ length: 100_000 }, (_, index) => keyOf(scratch, (index * 104_729) % count));
  let hits = 0;
  const lookupStarted = process.hrtime.bigint();
  for (let round = 0; round < 10; round++) {
    for (const key of probes) if (store.get(key) !== undefined) hits++;
  }
  const lookupNs = Number(process.hrtime.bigint() - lookupStarted) / hits;
  return [
    subject.padEnd(10),
    `${(bytes / count).toFixed(1)} B/key`,
    `insert ${insertNs.toFixed(0)} ns (with making the strings)`,
    `lookup ${lookupNs.toFixed(0)} ns`,
    `worst insert ${(Number(worstNs) / 1e6).toFixed(2)} ms`,
  ].join('  ');
}

const [subject, countText] = process.argv.slice(2);
if (subject !== undefined && subject in SUBJECTS) {
  process.stdout.write(`${measure(subject, Number(countText))}\n`);
} else {
  const count = subject ?? '1000000';
  for (const name of Object.keys(SUBJECTS)) {
    const flags = ['--expose-gc', ...process.execArgv, import.meta.filename];
    spawnSync(process.execPath, [...flags, name, count], { stdio: 'inherit' });
  }
}
