/**
 * Sorted sets of half a million members of sixteen bytes: CPU time per operation, and bytes per pair.
 *
 *     node --expose-gc packages/keyspace/bench/sorted-set-edits.ts
 */
import { SortedSetValue } from '../src/values/sorted-set.ts';
import { MemberRange, ScoreRange } from '../src/values/sorted-set-range.ts';
import { defaultThresholds } from '../src/values/thresholds.ts';
import { seededRandom } from '../test/seeded-random.ts';
import { flat } from './memory-beside-redis.ts';

const MEMBERS = 500_000;
const RANGE = 50;
const thresholds = defaultThresholds();
const random = seededRandom(1);
/** Made before the clock runs, in no order. */
const members = Array.from({ length: MEMBERS }, (_, n) =>
  flat(`member:${String((n * 7919) % 10_000_019).padStart(9, '0')}`),
);
const scores = members.map(() => random() * 1e6);
const anyMember = () => members[Math.floor(random() * MEMBERS)];
let read = 0;

function measure(name: string, times: number, operate: (n: number) => void): void {
  const before = process.cpuUsage();
  for (let n = 0; n < times; n++) operate(n);
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${name.padEnd(44)} ${((user + system) / times).toFixed(3)} µs\n`);
}

function heapBytes(): number {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A sorted set of all members, and what it costs. */
function fill(name: string, score: (n: number) => number): SortedSetValue {
  const before = heapBytes();
  const set = new SortedSetValue();
  measure(name, MEMBERS, (n) => set.put(members[n], score(n), thresholds));
  process.stdout.write(`    bytes per pair ${((heapBytes() - before) / MEMBERS).toFixed(1)}\n`);
  return set;
}

function readRange(set: SortedSetValue, start: number, asBytes: boolean): void {
  set.forEachTransient(
    start,
    Math.min(set.size, start + RANGE),
    false,
    (member) => {
      read += member.length;
    },
    asBytes
      ? (_bytes, from, to) => {
          read += to - from;
        }
      : undefined,
  );
}

fill('ZADD, ascending', (n) => n);
const set = fill('ZADD, anywhere', (n) => scores[n]);
measure('ZRANGE of 50 anywhere, as strings', 50_000, () => readRange(set, Math.floor(random() * MEMBERS), false));
measure('ZRANGE of 50 anywhere, as bytes', 50_000, () => readRange(set, Math.floor(random() * MEMBERS), true));
measure('ZCOUNT', 200_000, (n) => {
  const min = { score: scores[n], isExclusive: false };
  const { start, end } = set.span(new ScoreRange(min, { score: scores[n] + 100, isExclusive: true }));
  read += end - start;
});
measure('ZRANK', 200_000, () => {
  read += set.rank(anyMember());
});
measure('ZINCRBY 1', 200_000, () => {
  const member = anyMember();
  set.put(member, (set.score(member) ?? 0) + 1, thresholds);
});
measure('ZADD of another score', 200_000, () => set.put(anyMember(), random() * 1e6, thresholds));
measure('COPY', 2, () => {
  read += set.clone().size;
});
measure('ZREM', MEMBERS * 0.9, (n) => set.remove(members[n]));

const equal = fill('ZADD, all scores equal', () => 0);
measure('ZRANK, all scores equal', 200_000, () => {
  read += equal.rank(anyMember());
});
measure('ZRANGEBYLEX of 50', 50_000, () => {
  const { start } = equal.span(new MemberRange({ member: anyMember(), isExclusive: false }, 'last'));
  readRange(equal, start, true);
});
measure('ZREM, all scores equal', MEMBERS * 0.9, (n) => equal.remove(members[n]));
process.stdout.write(`(${read} read)\n`);
