/**
 * Small collections, from which one element or many are removed at once: CPU time per element.
 *
 *     node packages/keyspace/bench/small-removals.ts
 */
import { HashValue } from '../src/values/hash.ts';
import { ListValue } from '../src/values/list.ts';
import { SetValue } from '../src/values/set.ts';
import { SortedSetValue } from '../src/values/sorted-set.ts';
import { defaultThresholds } from '../src/values/thresholds.ts';
import { flat } from './memory-beside-redis.ts';

const LIST_SIZE = -2;
const COPIES = 200;
const ROUNDS = 40;
/** So that sets and sorted sets of all sizes here are small. */
const thresholds = { ...defaultThresholds(), setMaxListpackEntries: 512, zsetMaxListpackEntries: 512 };

/** The least of several rounds, each on copies that were made before the clock runs. */
function measure<T extends { clone(): T }>(name: string, removed: number, value: T, remove: (copy: T) => void): void {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const copies = Array.from({ length: COPIES }, () => value.clone());
    const before = process.cpuUsage();
    for (const copy of copies) remove(copy);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / COPIES / removed);
  }
  process.stdout.write(`  ${name.padEnd(24)} ${(least * 1000).toFixed(0).padStart(6)} ns\n`);
}

let read = 0;
for (const size of [10, 100, 500]) {
  const members = Array.from({ length: size }, (_, n) => flat(`member:${String(n).padStart(4, '0')}`));
  const integers = Array.from({ length: size }, (_, n) => flat(String(n * 7)));
  const pairs = members.map((member, n) => ({ member, score: n * 3 }));
  const fields = members.map((member) => [member, flat(`value of ${member}`)] as const);
  const list = ListValue.of(members, LIST_SIZE);
  const random = () => 0.3;
  const visit = (element: string) => {
    read += element.length;
  };
  for (const removed of [1, 10, 100].filter((count) => count < size)) {
    const chosen = (from: readonly string[]) =>
      Array.from({ length: removed }, (_, n) => flat(from[(n * 7919 + 3) % size] ?? ''));
    const [gone, goneIntegers] = [chosen(members), chosen(integers)];
    process.stdout.write(`${removed} of ${size}\n`);
    measure('SREM, packed', removed, SetValue.of(members, thresholds), (set) => set.removeAll(gone));
    measure('SREM, integers', removed, SetValue.of(integers, thresholds), (set) => set.removeAll(goneIntegers));
    measure('HDEL', removed, HashValue.of(fields, thresholds), (hash) => hash.deleteAll(gone));
    measure('ZREM', removed, SortedSetValue.of(pairs.slice(), thresholds), (set) => set.removeAll(gone));
    measure('SPOP', removed, SetValue.of(members, thresholds), (set) => set.popMany(removed, random, thresholds));
    measure('LPOP', removed, list, (copy) => copy.popAll('head', removed, visit));
    measure('RPOP', removed, list, (copy) => copy.popAll('tail', removed, visit));
    measure('LTRIM', removed, list, (copy) => copy.keep(removed, size));
  }
}
process.stdout.write(`(${read} bytes read)\n`);
