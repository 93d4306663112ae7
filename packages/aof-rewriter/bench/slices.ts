// `node bench/slices.ts [keys]`: how long the slices of a base are, in CPU time, without a server around them.
import { rmSync } from 'node:fs';
import { NodeDisk } from '@aof/disk';
import { Keyspace, SetValue, Snapshot } from '@aof/keyspace';
import { BaseOutput, RespBaseWriter } from '../src/index.ts';

const BUDGET_US = 500;
const keys = Number(process.argv[2] ?? 1_000_000);

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const keyspace = new Keyspace({ random: Math.random });
const [db] = keyspace.databases;
for (let i = 0; i < keys; i++) db.set(`key:${i}`, `value:${i}`.padEnd(32, 'x'));
const members = Array.from({ length: keys }, (_, i) => `member:${i}`);
db.set('set', SetValue.of(members, keyspace.thresholds));

const disk = new NodeDisk();
const path = '/tmp/bench-slices.aof';
const output = new BaseOutput(disk.open(path, 'truncate'), { syncsInSteps: true, onProgress: () => undefined });
const writer = new RespBaseWriter(output, { annotatedSec: undefined });
const snapshot = new Snapshot(keyspace, { nowMs: 0, sink: writer });
const startedAt = performance.now();
const slices: { cpu: number; wall: number }[] = [];
for (let isDone = false; !isDone; ) {
  const cpuBefore = cpuUs();
  const from = performance.now();
  const end = from + BUDGET_US / 1000;
  isDone = snapshot.copy(() => output.isBlocked || performance.now() >= end);
  slices.push({ cpu: cpuUs() - cpuBefore, wall: (performance.now() - from) * 1000 });
  await new Promise((next) => setImmediate(next));
}
await output.sync();
const seconds = (performance.now() - startedAt) / 1000;
const sorted = (column: 'cpu' | 'wall'): number[] => slices.map((slice) => slice[column]).sort((a, b) => a - b);
for (const column of ['cpu', 'wall'] as const) {
  const times = sorted(column);
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(0);
  process.stdout.write(`${column}: p50 ${at(0.5)} p99 ${at(0.99)} p99.9 ${at(0.999)} max ${at(1)} µs\n`);
}
process.stdout.write(`${slices.length} slices, ${seconds.toFixed(2)} s, ${output.byteLength} bytes\n`);
rmSync(path);
