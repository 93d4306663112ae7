import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/seeded-random.ts';
import { INNER_CAPACITY } from './sorted-set-inners.ts';
import { LEAF_CAPACITY, type MemberKeys, type MemberPlace } from './sorted-set-leaves.ts';
import { SortedSetTree } from './sorted-set-tree.ts';

type Pair = readonly [score: number, member: string];

function compare(a: Pair, b: Pair): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  return a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;
}

function pairsUp(tree: SortedSetTree, start = 0, count = tree.size): Pair[] {
  const pairs: Pair[] = [];
  tree.forEach(start, count, (member, score) => pairs.push([score, member]));
  return pairs;
}

/** Upwards, members as bytes where they are that; `seen` counts those of either kind. */
function pairsOfBytes(
  tree: SortedSetTree,
  start: number,
  count: number,
  seen: { strings: number; bytes: number },
): Pair[] {
  const pairs: Pair[] = [];
  tree.forEach(
    start,
    count,
    (member, score) => {
      pairs.push([score, member]);
      seen.strings++;
    },
    (bytes, from, to, score) => {
      pairs.push([score, Buffer.from(bytes).toString('latin1', from, to)]);
      seen.bytes++;
    },
  );
  return pairs;
}

function pairsDown(tree: SortedSetTree, start = tree.size - 1, count = tree.size): Pair[] {
  const pairs: Pair[] = [];
  tree.forEachDown(start, count, (member, score) => pairs.push([score, member]));
  return pairs;
}

/** The members by number, as a table has them by address. One that is removed must not be asked for. */
class Members implements MemberKeys {
  readonly #names: (string | undefined)[] = [];

  add(member: string): number {
    return this.#names.push(member) - 1;
  }

  remove(address: number): void {
    this.#names[address] = undefined;
  }

  keyAt(address: number): string {
    const name = this.#names[address];
    if (name === undefined) throw new Error(`the member at ${address} is gone`);
    return name;
  }

  keyPlace(address: number): MemberPlace | undefined {
    const key = this.keyAt(address);
    // Every seventh is not bytes.
    if (address % 7 === 0) return undefined;
    const bytes = Buffer.from(`<${key}>`, 'latin1');
    return { bytes, keyStart: 1, valueStart: bytes.length - 1 };
  }

  touch(address: number): number {
    return this.keyAt(address).length;
  }

  compareKey(address: number, member: string): number {
    const own = this.keyAt(address);
    return own < member ? -1 : own > member ? 1 : 0;
  }
}

/** The tree beside a sorted array that does the same slowly. */
class Twin {
  readonly members = new Members();
  readonly #addresses = new Map<string, number>();
  tree = new SortedSetTree(this.members);
  pairs: Pair[] = [];

  insertMany(pairs: readonly Pair[]): void {
    for (const pair of pairs) {
      if (this.#addresses.has(String(pair))) continue;
      this.#addresses.set(String(pair), this.members.add(pair[1]));
      this.tree.insert(...pair, this.#addressOf(pair));
      this.pairs.push(pair);
    }
    this.pairs.sort(compare);
  }

  remove(index: number): void {
    const [removed] = this.pairs.splice(index, 1);
    if (removed === undefined) return;
    expect(this.tree.remove(...removed)).toBe(this.#addressOf(removed));
    this.#forget(removed);
  }

  removeRange(start: number, end: number): void {
    const gone = this.pairs.splice(start, end - start);
    const removed: string[] = [];
    this.tree.removeRange(start, end, (member) => {
      this.#forget(gone[removed.length]);
      removed.push(member);
    });
    expect(removed).toEqual(gone.map(([, member]) => member));
  }

  replaceScore(index: number, newScore: number): boolean {
    const [score, member] = this.pairs[index];
    if (!this.tree.replaceScore(score, member, newScore)) return false;
    this.#addresses.set(String([newScore, member]), this.#addressOf(this.pairs[index]));
    this.#addresses.delete(String(this.pairs[index]));
    this.pairs[index] = [newScore, member];
    return true;
  }

  #addressOf(pair: Pair): number {
    return this.#addresses.get(String(pair)) ?? Number.NaN;
  }

  #forget(pair: Pair): void {
    this.members.remove(this.#addressOf(pair));
    this.#addresses.delete(String(pair));
  }

  check(): void {
    this.tree.verify();
    expect(this.tree.size).toBe(this.pairs.length);
    expect(pairsUp(this.tree)).toEqual(this.pairs);
  }
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

type Step =
  | { kind: 'random' | 'ascending' | 'descending' | 'equal'; count: number; seed: number }
  | { kind: 'removeRange'; from: number; part: number }
  | { kind: 'removeEach'; share: number; seed: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('random' as const, 'ascending' as const, 'descending' as const, 'equal' as const),
    count: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1000, max: 5000 })),
    seed: seeds,
  }),
  fc.record({ kind: fc.constant('removeRange' as const), from: fraction, part: fraction }),
  fc.record({ kind: fc.constant('removeEach' as const), share: fraction, seed: seeds }),
);

function run(twin: Twin, current: Step, at: number): void {
  const size = twin.pairs.length;
  if (current.kind === 'removeRange') {
    const start = Math.floor(current.from * size);
    twin.removeRange(start, start + Math.floor(current.part * (size - start + 1)));
  } else if (current.kind === 'removeEach') {
    const random = seededRandom(current.seed);
    for (let i = Math.min(size, Math.floor(current.share * size), 1500); i > 0; i--) {
      twin.remove(Math.floor(random() * twin.pairs.length));
    }
  } else {
    const random = seededRandom(current.seed);
    const { kind } = current;
    twin.insertMany(
      Array.from({ length: current.count }, (_, i): Pair => {
        const score = kind === 'random' ? Math.floor(random() * 3000) / 4 : kind === 'equal' ? 7 : i;
        return [kind === 'descending' ? 1000 - i : score, `m${Math.floor(random() * 1e6)}-${at}`];
      }),
    );
  }
}

describe('the tree of a sorted set', () => {
  it('equals a sorted array, with all its invariants, under any inserts and removals', () => {
    let largest = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const twin = new Twin();
        steps.forEach((current, at) => {
          run(twin, current, at);
          twin.check();
          largest = Math.max(largest, twin.pairs.length);
        });
      }),
      { numRuns: 40 },
    );
    // Three levels, or the test has not seen an inner node below another.
    expect(largest).toBeGreaterThan(LEAF_CAPACITY * INNER_CAPACITY);
  });

  it('keeps its separators right where inner nodes lost their first children and were merged', () => {
    const random = seededRandom(7);
    const twin = new Twin();
    run(twin, { kind: 'ascending', count: 12_000, seed: 1 }, 0);
    for (let round = 0; round < 60; round++) {
      const size = twin.pairs.length;
      const start = Math.floor(random() * size * 0.8);
      const [score] = twin.pairs[start];
      twin.removeRange(start, Math.min(size, start + Math.floor(random() * 2500)));
      const [next] = twin.pairs[start] ?? [score + 10];
      const refill = Math.floor(random() * 2000);
      twin.insertMany(
        Array.from({ length: refill }, (_, i): Pair => [score + (next - score) * random(), `r${round}-${i}`]),
      );
      if (round % 5 === 0) twin.check();
    }
    twin.check();
  });

  it('finds ranks, ranges and counts', () => {
    const seen = { strings: 0, bytes: 0 };
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 6000 }), (seed, count) => {
        const random = seededRandom(seed);
        const twin = new Twin();
        run(twin, { kind: 'random', count, seed }, 0);
        const { tree, pairs } = twin;
        for (let i = 0; i < 20; i++) {
          const rank = Math.floor(random() * pairs.length);
          const [score, member] = pairs[rank];
          expect(tree.rank(score, member)).toBe(rank);
          expect(tree.rank(score, `${member}~`)).toBe(-1);
          expect(tree.countBefore((other) => other < score)).toBe(pairs.filter((pair) => pair[0] < score).length);
          expect(tree.countBefore((other) => other <= score)).toBe(pairs.filter((pair) => pair[0] <= score).length);
          expect(tree.countBelow(score, false)).toBe(pairs.filter((pair) => pair[0] < score).length);
          expect(tree.countBelow(score, true)).toBe(pairs.filter((pair) => pair[0] <= score).length);
          const length = Math.floor(random() * 200);
          expect(pairsUp(tree, rank, length)).toEqual(pairs.slice(rank, rank + length));
          const down = pairs.slice(Math.max(0, rank - length + 1), rank + 1).reverse();
          expect(pairsDown(tree, rank, length)).toEqual(length === 0 ? [] : down);
          expect(pairsOfBytes(tree, rank, length, seen)).toEqual(pairs.slice(rank, rank + length));
        }
      }),
      { numRuns: 20 },
    );
    expect(Math.min(seen.strings, seen.bytes)).toBeGreaterThan(100);
  });

  it('orders equal scores by unsigned bytes, and takes infinities and both zeros', () => {
    const members = new Members();
    const tree = new SortedSetTree(members);
    for (const member of ['b', 'a', '\xff', '', 'aa', '\x00']) tree.insert(-0, member, members.add(member));
    tree.insert(Infinity, 'top', members.add('top'));
    tree.insert(-Infinity, 'bottom', members.add('bottom'));
    expect(pairsUp(tree).map(([, member]) => member)).toEqual(['bottom', '', '\x00', 'a', 'aa', 'b', '\xff', 'top']);
    expect(tree.rank(0, 'a')).toBe(3);
    expect(members.keyAt(tree.remove(0, 'a') ?? -1)).toBe('a');
    expect(tree.remove(0, 'a')).toBeUndefined();
    tree.verify();
  });

  it('changes a score in place only where the order stays as it is', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 300 }), (seed, count) => {
        const random = seededRandom(seed);
        const twin = new Twin();
        run(twin, { kind: 'random', count, seed }, 0);
        let replaced = 0;
        for (let i = 0; i < 100; i++) {
          const at = Math.floor(random() * twin.pairs.length);
          const [score, member] = twin.pairs[at];
          const newScore = score + (random() - 0.5) * 3;
          if (twin.replaceScore(at, newScore)) replaced++;
          expect(twin.tree.replaceScore(score, `${member}?`, newScore)).toBe(false);
        }
        expect(replaced).toBeGreaterThan(count > 10 ? 0 : -1);
        twin.check();
      }),
      { numRuns: 30 },
    );
  });

  it('finds its way among equal scores, whichever pairs are removed', () => {
    let ties = 0;
    const change = fc.record({
      kind: fc.constantFrom('insert' as const, 'removeFirsts' as const, 'removeSome' as const, 'removeRange' as const),
      from: fraction,
      part: fraction,
      seed: seeds,
    });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 2, maxLength: 10 }),
        fc.integer({ min: 1, max: 3 }),
        (changes, scores) => {
          const twin = new Twin();
          const insert = (count: number, random: () => number) =>
            twin.insertMany(
              Array.from(
                { length: count },
                (): Pair => [Math.floor(random() * scores), `m${Math.floor(random() * 1e5)}`],
              ),
            );
          insert(4000, seededRandom(scores));
          for (const { kind, from, part, seed } of changes) {
            const random = seededRandom(seed);
            const start = Math.floor(from * twin.pairs.length);
            if (kind === 'insert') insert(Math.floor(part * 2000), random);
            else if (kind === 'removeRange')
              twin.removeRange(start, start + Math.floor(part * (twin.pairs.length - start)));
            // Those that are first in a leaf come again and again, for each that follows becomes the first.
            else if (kind === 'removeFirsts') for (let i = Math.floor(part * 200); i > 0; i--) twin.remove(start);
            else
              for (let i = Math.floor(part * 1000); i > 0; i--) twin.remove(Math.floor(random() * twin.pairs.length));
            twin.check();
            for (let i = 0; i < 50 && twin.pairs.length > 0; i++) {
              const rank = Math.floor(random() * twin.pairs.length);
              const [score, member] = twin.pairs[rank];
              expect(twin.tree.rank(score, member)).toBe(rank);
              expect(twin.tree.rank(score, `${member}0`) === -1 || twin.pairs[rank + 1]?.[1] === `${member}0`).toBe(
                true,
              );
              expect(twin.tree.rank(score + 0.5, member)).toBe(-1);
              ties++;
            }
          }
        },
      ),
      { numRuns: 25 },
    );
    expect(ties).toBeGreaterThan(1000);
  });

  it('is built from sorted pairs, and its clones are independent', () => {
    const full = LEAF_CAPACITY * INNER_CAPACITY;
    for (const count of [0, 1, LEAF_CAPACITY - 1, LEAF_CAPACITY, LEAF_CAPACITY + 1, full, full + 1, 70_000]) {
      const members = new Members();
      const addresses = Array.from({ length: count }, (_, i) => members.add(`m${i}`));
      const tree = SortedSetTree.of(addresses, addresses, members);
      tree.verify();
      expect(pairsUp(tree).length).toBe(count);
      const copy = tree.clone(members);
      copy.insert(-1, 'new', members.add('new'));
      tree.removeRange(0, Math.floor(count / 2), () => {});
      copy.verify();
      tree.verify();
      expect(copy.size).toBe(count + 1);
      expect(tree.size).toBe(count - Math.floor(count / 2));
    }
  });

  it('fills its leaves when scores only grow or only fall', () => {
    for (const direction of [1, -1]) {
      const members = new Members();
      const tree = new SortedSetTree(members);
      for (let i = 0; i < 10_000; i++) tree.insert(direction * i, `m${i}`, members.add(`m${i}`));
      tree.verify();
      expect(tree.leafCount()).toBeLessThanOrEqual(Math.ceil(10_000 / LEAF_CAPACITY));
    }
  });

  it('takes little more than its pairs, and gives back what it no longer needs', () => {
    const twin = new Twin();
    const empty = twin.tree.memoryBytes();
    expect(empty).toBeLessThan(2000);
    run(twin, { kind: 'ascending', count: 50_000, seed: 1 }, 0);
    const full = twin.tree.memoryBytes();
    expect(full / 50_000).toBeGreaterThan(12);
    // A page may be new and empty, which is a third at most.
    expect(full / 50_000).toBeLessThan(12 * 1.6);
    twin.removeRange(500, 49_500);
    expect(twin.tree.memoryBytes()).toBeLessThan(full / 4);
    twin.removeRange(0, 1000);
    expect(twin.tree.memoryBytes()).toBe(empty);
  });

  it('goes on giving back memory while any of its pairs are removed, and stays whole', () => {
    const random = seededRandom(13);
    const twin = new Twin();
    const insert = (count: number, round: string) =>
      twin.insertMany(Array.from({ length: count }, (_, i): Pair => [Math.floor(random() * 500), `${round}-${i}`]));
    insert(24_000, 'first');
    const full = twin.tree.memoryBytes();
    for (let left = 22_000; left >= 1000; left -= 1500) {
      while (twin.pairs.length > left) twin.remove(Math.floor(random() * twin.pairs.length));
      twin.check();
    }
    expect(twin.tree.memoryBytes()).toBeLessThan(full / 3);
    twin.tree = twin.tree.clone(twin.members);
    insert(8000, 'second');
    twin.check();
    while (twin.pairs.length > 0) twin.remove(twin.pairs.length - 1);
    twin.check();
  });
});
