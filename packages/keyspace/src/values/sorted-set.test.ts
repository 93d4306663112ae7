import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/seeded-random.ts';
import { ADDED, comparePairs, type ScoredMember, SortedSetValue, UNCHANGED, UPDATED } from './sorted-set.ts';
import { type MemberBound, MemberRange, type PairRange, type ScoreBound, ScoreRange } from './sorted-set-range.ts';
import { defaultThresholds, type Thresholds } from './thresholds.ts';

const small: Thresholds = { ...defaultThresholds(), zsetMaxListpackEntries: 6, zsetMaxListpackValue: 5 };
const never: Thresholds = { ...defaultThresholds(), zsetMaxListpackEntries: 0 };
const always: Thresholds = { ...defaultThresholds(), zsetMaxListpackEntries: 1e6, zsetMaxListpackValue: 1e6 };

/** A sorted set beside a Map that does the same slowly. */
class Twin {
  readonly thresholds: Thresholds;
  set = new SortedSetValue();
  scores = new Map<string, number>();

  constructor(thresholds: Thresholds) {
    this.thresholds = thresholds;
  }

  pairs(): ScoredMember[] {
    return [...this.scores].map(([member, score]) => ({ member, score })).sort(comparePairs);
  }

  put(member: string, score: number): void {
    const before = this.scores.get(member);
    const outcome = before === undefined ? ADDED : before === score ? UNCHANGED : UPDATED;
    expect(this.set.put(member, score, this.thresholds)).toBe(outcome);
    if (outcome !== UNCHANGED) this.scores.set(member, score);
  }

  remove(member: string): void {
    expect(this.set.remove(member)).toBe(this.scores.delete(member));
  }

  removeSpan(start: number, end: number): void {
    for (const { member } of this.pairs().slice(start, end)) this.scores.delete(member);
    this.set.removeSpan(start, end);
  }

  check(): void {
    this.set.verify();
    const pairs = this.pairs();
    expect(this.set.size).toBe(pairs.length);
    expect(pairsOf(this.set)).toEqual(pairs.map(plain));
  }
}

/** Without the sign of a zero, which a small set forgets. */
function plain({ member, score }: ScoredMember): ScoredMember {
  return { member, score: score + 0 };
}

function pairsOf(set: SortedSetValue, start = 0, end = set.size, isDown = false): ScoredMember[] {
  const pairs: ScoredMember[] = [];
  set.forEachTransient(start, end, isDown, (member, score) => {
    pairs.push(plain({ member, score }));
  });
  return pairs;
}

const score = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -(10 ** 16), max: 10 ** 16 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -0, Infinity, -Infinity, 1e21, 5e-324, Number.MAX_VALUE, 0.1, -2.5),
);
const member = fc.oneof(
  fc.integer({ min: 0, max: 20 }).map((n) => `m${n}`),
  fc.constantFrom('', 'a', 'aa', '\x00', '\xff', 'abcdef', 'b'),
);

const scoreBound: fc.Arbitrary<ScoreBound> = fc.record({ score, isExclusive: fc.boolean() });
const memberBound: fc.Arbitrary<MemberBound> = fc.oneof(
  fc.constantFrom('first' as const, 'last' as const),
  fc.record({ member, isExclusive: fc.boolean() }),
);

function naiveSpan(pairs: readonly ScoredMember[], range: PairRange): ScoredMember[] {
  return pairs.filter((pair) => !range.isBefore(pair.score, pair.member) && !range.isBehind(pair.score, pair.member));
}

describe('SortedSetValue', () => {
  it('equals a sorted list under any puts and removals, and converts where Redis does', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), member, score), { maxLength: 40 }), (steps) => {
        for (const thresholds of [small, never, always]) {
          const twin = new Twin(thresholds);
          let isBig = false;
          for (const [kind, item, itemScore] of steps) {
            if (kind === 0) {
              twin.remove(item);
            } else {
              twin.put(item, itemScore);
              isBig ||=
                twin.scores.size > thresholds.zsetMaxListpackEntries || item.length > thresholds.zsetMaxListpackValue;
            }
            expect(twin.set.encoding()).toBe(isBig ? 'skiplist' : 'listpack');
            expect(twin.set.score(item)).toEqual(twin.scores.has(item) ? expect.any(Number) : undefined);
            seen.add(twin.set.encoding());
          }
          twin.check();
          const pairs = twin.pairs();
          pairs.forEach((pair, rank) => {
            expect(twin.set.rank(pair.member)).toBe(rank);
            expect((twin.set.score(pair.member) ?? Number.NaN) + 0).toBe(pair.score + 0);
          });
          expect(twin.set.rank('not there')).toBe(-1);
        }
      }),
      { numRuns: 200 },
    );
    expect(seen.size).toBe(2);
  });

  it('puts many pairs at once as it puts them one by one', () => {
    const pairs = fc.array(fc.record({ member, score }), { maxLength: 40 });
    const limits = fc.constantFrom(small, never, always, { ...small, zsetMaxListpackEntries: 20 });
    const changes = new Set<string>();
    const exact = (set: SortedSetValue) => [...set.pairs()];
    fc.assert(
      fc.property(pairs, fc.array(fc.tuple(pairs, limits), { maxLength: 3 }), (loaded, batches) => {
        // What is loaded may hold -0, which stays as it is where it is not changed.
        const distinct = [...new Map(loaded.map((pair) => [pair.member, pair])).values()];
        const set = SortedSetValue.of(distinct, always, true);
        const single = set.clone();
        for (const [put, thresholds] of batches) {
          const before = set.encoding();
          const outcomes = put.map((pair) => single.put(pair.member, pair.score, thresholds));
          const times = (outcome: number) => outcomes.filter((one) => one === outcome).length;
          expect(set.putAll(put, thresholds)).toEqual({ added: times(ADDED), updated: times(UPDATED) });
          expect(set.encoding()).toBe(single.encoding());
          if (set.encoding() === 'listpack') expect(exact(set)).toEqual(exact(single));
          else expect(exact(set).sort()).toEqual(exact(single).sort());
          set.verify();
          expect(set.size).toBe(single.size);
          changes.add(`${before} ${set.encoding()}`);
        }
      }),
      { numRuns: 300 },
    );
    expect(changes.size).toBe(3);
  });

  it('gives up many members at once as it gives them up one by one', () => {
    const pairs = fc.uniqueArray(fc.record({ member, score }), {
      selector: (pair) => pair.member,
      maxLength: 28,
      size: 'max',
    });
    // Some that are there, by their number, some that may be, and the same again.
    const chosen = fc.array(fc.oneof(fc.nat(30), member), { maxLength: 40, size: 'max' });
    const removals = new Map<string, number>();
    fc.assert(
      fc.property(pairs, fc.array(chosen, { maxLength: 3 }), fc.constantFrom(never, always), (all, batches, limits) => {
        // The array is sorted by what it is given to.
        const twin = new Twin(limits);
        for (const pair of all) twin.put(pair.member, pair.score);
        for (const batch of batches) {
          const items = batch.map((one) => (typeof one === 'number' ? (all[one]?.member ?? '') : one));
          const removed = items.filter((item) => twin.scores.delete(item)).length;
          expect(twin.set.removeAll(items)).toBe(removed);
          twin.check();
          removals.set(twin.set.encoding(), (removals.get(twin.set.encoding()) ?? 0) + removed);
        }
      }),
      { numRuns: 300 },
    );
    for (const form of ['listpack', 'skiplist']) expect(removals.get(form)).toBeGreaterThan(100);
  });

  it('reads back every score it writes, in either form', () => {
    const decimal = fc
      .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.integer({ min: 0, max: 14 }))
      .map(([digits, places]) => digits / 10 ** places);
    fc.assert(
      fc.property(fc.oneof(decimal, score), (written) => {
        for (const thresholds of [always, never]) {
          const set = SortedSetValue.of([{ member: 'm', score: written }], thresholds);
          expect((set.score('m') ?? Number.NaN) + 0).toBe(written + 0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('finds ranges of scores, and of members among equal scores', () => {
    const pairs = fc.uniqueArray(fc.record({ member, score }), { selector: (pair) => pair.member, maxLength: 30 });
    fc.assert(
      fc.property(
        pairs,
        scoreBound,
        scoreBound,
        memberBound,
        memberBound,
        (all, minScore, maxScore, minMember, maxMember) => {
          const byScore = new ScoreRange(minScore, maxScore);
          const byMember = new MemberRange(minMember, maxMember);
          const equalScores = all.map((pair) => ({ ...pair, score: 1 }));
          for (const thresholds of [never, always]) {
            for (const [source, range] of [
              [all, byScore],
              [equalScores, byMember],
            ] as const) {
              const set = SortedSetValue.of([...source], thresholds);
              const expected = naiveSpan([...source].sort(comparePairs), range).map(plain);
              for (const isDown of [false, true]) {
                const { start, end } = set.span(range, isDown);
                expect(pairsOf(set, start, end)).toEqual(expected);
                expect(pairsOf(set, start, end, true)).toEqual([...expected].reverse());
              }
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('removes and copies spans', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4000 }), fc.integer(), (count, seed) => {
        const random = seededRandom(seed);
        for (const thresholds of [never, small, ...(count < 200 ? [always] : [])]) {
          const twin = new Twin(thresholds);
          for (let i = 0; i < count; i++) twin.put(`m${i}`, Math.floor(random() * 50));
          const start = Math.floor(random() * count);
          const end = start + Math.floor(random() * (count - start + 1));
          const slice = twin.set.slice(start, end, small);
          slice.verify();
          expect(pairsOf(slice)).toEqual(twin.pairs().slice(start, end));
          expect(slice.encoding()).toBe(end - start > 6 ? 'skiplist' : 'listpack');
          twin.removeSpan(start, end);
          twin.check();
        }
      }),
      { numRuns: 12 },
    );
  });

  it('equals a sorted list when it is big', () => {
    const random = seededRandom(11);
    const twin = new Twin(defaultThresholds());
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 4000; i++) {
        const item = `m${Math.floor(random() * 9000)}`;
        if (random() < 0.25) twin.remove(item);
        else twin.put(item, Math.floor(random() * 1000) / 8 - 60);
      }
      twin.check();
    }
    expect(twin.set.size).toBeGreaterThan(3000);
  });

  it('shares member strings between table and tree when scores change', () => {
    const set = SortedSetValue.of([{ member: 'a', score: 1 }], never);
    for (let i = 0; i < 300; i++) set.put(`m${i}`, i, never);
    expect(set.put('m5', 1000, never)).toBe(UPDATED);
    expect(set.rank('m5')).toBe(300);
    set.verify();
  });

  it('keeps clones apart', () => {
    for (const [count, thresholds] of [
      [5, small],
      [2000, small],
    ] as const) {
      const twin = new Twin(thresholds);
      for (let i = 0; i < count; i++) twin.put(`m${i}`, i % 7);
      const copy = twin.set.clone();
      expect(copy.encoding()).toBe(twin.set.encoding());
      const before = pairsOf(twin.set);
      copy.put('m0', 99, thresholds);
      copy.remove('m1');
      copy.verify();
      expect(pairsOf(twin.set)).toEqual(before);
      twin.check();
    }
  });

  it('visits all once in a scan, and any that stay while others come and go', () => {
    for (const thresholds of [always, never]) {
      const set = SortedSetValue.of(
        Array.from({ length: 400 }, (_, i) => ({ member: `stays-${i}`, score: i })),
        thresholds,
      );
      const found = new Map<string, number>();
      let cursor = 0;
      let round = 0;
      do {
        cursor = set.scan(cursor, 7, (item, itemScore) => {
          found.set(item, itemScore);
        });
        if (thresholds === never) for (let i = 0; i < 30; i++) set.put(`comes-${round}-${i}`, i, thresholds);
        round++;
      } while (cursor !== 0);
      for (let i = 0; i < 400; i++) expect(found.get(`stays-${i}`)).toBe(i);
    }
  });

  it('draws members evenly, and samples without repeating', () => {
    for (const thresholds of [never, always]) {
      const random = seededRandom(3);
      const all = Array.from({ length: 12 }, (_, i) => ({ member: `m${i}`, score: i }));
      const set = SortedSetValue.of([...all], thresholds);
      const drawn = new Map<string, number>();
      const draw = (pair: ScoredMember) => {
        expect(pair.member).toBe(`m${pair.score}`);
        drawn.set(pair.member, (drawn.get(pair.member) ?? 0) + 1);
      };
      const rounds = 2000;
      for (let round = 0; round < rounds; round++) {
        draw(set.random(random));
        for (const size of [2, 9]) {
          const sample = set.sample(size, random);
          expect(new Set(sample.map((pair) => pair.member)).size).toBe(size);
          sample.forEach(draw);
        }
      }
      expect(drawn.size).toBe(12);
      for (const count of drawn.values()) expect(Math.abs(count / rounds - 1)).toBeLessThan(0.12);
      expect(set.sample(100, random).sort(comparePairs)).toEqual(all);
    }
  });

  it('begins in the form that fits what is announced', () => {
    expect(SortedSetValue.forMembers(6, 5, small).encoding()).toBe('listpack');
    expect(SortedSetValue.forMembers(7, 5, small).encoding()).toBe('skiplist');
    expect(SortedSetValue.forMembers(1, 6, small).encoding()).toBe('skiplist');
    const set = SortedSetValue.of([{ member: 'a', score: -0 }], small);
    set.expect(6, small);
    expect(set.encoding()).toBe('listpack');
    set.expect(7, small);
    expect(set.encoding()).toBe('skiplist');
    expect(pairsOf(set)).toEqual([{ member: 'a', score: 0 }]);
  });

  it('takes ranges of members among different scores as Redis does in a listpack', () => {
    const set = SortedSetValue.of(
      ['b', 'd', 'a', 'c', 'e', 'b2'].map((item, i) => ({ member: item, score: i })),
      small,
    );
    const range = new MemberRange({ member: 'b', isExclusive: false }, { member: 'd', isExclusive: false });
    // The last member is at or above the minimum and the first at or below the maximum: a range there is.
    const up = set.span(range, false);
    expect(pairsOf(set, up.start, up.end).map((pair) => pair.member)).toEqual(['b', 'd', 'a', 'c']);
    const down = set.span(range, true);
    expect(pairsOf(set, down.start, down.end).map((pair) => pair.member)).toEqual(['c', 'e', 'b2']);
    expect(set.span(new MemberRange({ member: 'c', isExclusive: false }, 'last'), false)).toEqual({ start: 0, end: 0 });
  });

  it('knows about how much memory it takes', () => {
    const bytes = (count: number) =>
      SortedSetValue.of(
        Array.from({ length: count }, (_, i) => ({ member: `member:${i}`, score: i })),
        defaultThresholds(),
      ).memoryBytes();
    expect(bytes(10)).toBeGreaterThan(10 * 11);
    expect(bytes(10)).toBeLessThan(10 * 11 + 80);
    // 26 for the entry with its member, 12 for its place in the table, 12 for the pair in the tree.
    expect(bytes(10_000) / 10_000).toBeGreaterThan(50);
    expect(bytes(10_000) / 10_000).toBeLessThan(120);
  });
});
