import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/seeded-random.ts';
import type { MemberKeys } from './sorted-set-nodes.ts';
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

function pairsDown(tree: SortedSetTree, start = tree.size - 1, count = tree.size): Pair[] {
  const pairs: Pair[] = [];
  tree.forEachDown(start, count, (member, score) => pairs.push([score, member]));
  return pairs;
}

/** The members by number, as a table has them by address. */
class Members implements MemberKeys {
  readonly #names: string[] = [];

  add(member: string): number {
    return this.#names.push(member) - 1;
  }

  keyAt(address: number): string {
    return this.#names[address];
  }

  compareKey(address: number, member: string): number {
    return Buffer.compare(Buffer.from(this.#names[address], 'latin1'), Buffer.from(member, 'latin1'));
  }
}

/** The tree beside a sorted array that does the same slowly. */
class Twin {
  readonly members = new Members();
  tree = new SortedSetTree(this.members);
  pairs: Pair[] = [];

  insert(pair: Pair): void {
    if (this.pairs.some((other) => compare(other, pair) === 0)) return;
    this.tree.insert(...pair, this.members.add(pair[1]));
    this.pairs.push(pair);
    this.pairs.sort(compare);
  }

  insertMany(pairs: readonly Pair[]): void {
    const known = new Set(this.pairs.map(String));
    for (const pair of pairs) {
      if (known.has(String(pair))) continue;
      known.add(String(pair));
      this.tree.insert(...pair, this.members.add(pair[1]));
      this.pairs.push(pair);
    }
    this.pairs.sort(compare);
  }

  remove(index: number): void {
    const [removed] = this.pairs.splice(index, 1);
    if (removed) expect(this.members.keyAt(this.tree.remove(...removed) ?? -1)).toBe(removed[1]);
  }

  removeRange(start: number, end: number): void {
    const removed: string[] = [];
    this.tree.removeRange(start, end, (member) => removed.push(member));
    expect(removed).toEqual(this.pairs.splice(start, end - start).map(([, member]) => member));
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
    expect(largest).toBeGreaterThan(64 * 32);
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
        }
      }),
      { numRuns: 20 },
    );
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
          if (twin.tree.replaceScore(score, member, newScore)) {
            twin.pairs[at] = [newScore, member];
            replaced++;
          }
          expect(twin.tree.replaceScore(score, `${member}?`, newScore)).toBe(false);
        }
        expect(replaced).toBeGreaterThan(count > 10 ? 0 : -1);
        twin.check();
      }),
      { numRuns: 30 },
    );
  });

  it('is built from sorted pairs, and its clones are independent', () => {
    for (const count of [0, 1, 63, 64, 65, 2048, 2049, 70_000]) {
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
      expect(tree.leafCount()).toBeLessThanOrEqual(Math.ceil(10_000 / 64));
    }
  });
});
