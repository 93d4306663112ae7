/**
 * The sorted set: distinct byte strings, each with a score, in the order of scores, then of the members' bytes.
 *
 * Two forms, which are the encodings that Redis reports: one packed string (`listpack`) while the members are few and
 * short, after that a hash table from member to score together with a tree that knows the order (`skiplist`). Adding converts forwards
 * only; a result that is built anew gets the form that fits it.
 *
 * Invariants: table and tree hold the same pairs, the tree by the addresses that members have in the table; scores are never NaN;
 * a sorted set that is stored under a key is never empty (its commands see to that).
 */
import { ByteTable } from '../byte-table.ts';
import { flatCopy } from '../latin1.ts';
import { packedEntry, packedOf, packedSlice, packedSplice, packedTake } from '../packed.ts';
import { type FrozenItems, nothingToRelease } from './frozen.ts';
import { shuffledPrefix } from './set.ts';
import type { PairBytesVisitor, PairVisitor } from './sorted-set-leaves.ts';
import {
  findPair,
  findPairs,
  insertPair,
  nextPair,
  pairAt,
  pairOffsets,
  pairScore,
  rankOfPair,
  removePairs,
  scoresOf,
  spanOfPairs,
} from './sorted-set-packed.ts';
import { type MemberBound, type MemberRange, type RankSpan, ScoreRange } from './sorted-set-range.ts';
import { SortedSetTree } from './sorted-set-tree.ts';
import { stringBytes } from './string-bytes.ts';
import type { Thresholds } from './thresholds.ts';

/** What `put` did. */
export const UNCHANGED = 0;
export const ADDED = 1;
export const UPDATED = 2;
export type PutOutcome = typeof UNCHANGED | typeof ADDED | typeof UPDATED;

/** What `putAll` did. */
export interface PutCounts {
  added: number;
  updated: number;
}

/** Up to so many pairs are put one by one: to unpack the small form costs more. */
const FEW_PAIRS = 4;
/** A sample of more than one pair in so many is drawn by shuffling all of them, a smaller one by trying. */
const SHUFFLE_SHARE = 3;

/** What V8 takes for an object of two fields. */
const OBJECT_BYTES = 40;

export interface ScoredMember {
  readonly member: string;
  readonly score: number;
}

/** The big form. */
interface Indexed {
  readonly table: ByteTable<number>;
  readonly tree: SortedSetTree;
}

/**
 * There is one of these for every key that holds a sorted set, so fields are few, and the private method is not a `#` method,
 * for which V8 keeps a word in each instance.
 */
export class SortedSetValue {
  #body: string | Indexed = '';
  /** Pairs of the small form; a table counts for itself. */
  #count = 0;

  /**
   * An empty sorted set in the form that fits what will be added.
   *
   * @param hint about how many members will be added
   * @param longest bytes of the longest of them, 0 if unknown
   */
  static forMembers(hint: number, longest: number, thresholds: Thresholds): SortedSetValue {
    const set = new SortedSetValue();
    if (hint > thresholds.zsetMaxListpackEntries || longest > thresholds.zsetMaxListpackValue) set.index();
    return set;
  }

  /**
   * A sorted set of pairs in the form that fits them. O(n log n), O(n) if they are in order.
   *
   * @param pairs with distinct members, which are flat strings; the array is sorted
   * @param keepsMinusZero whether a small sorted set keeps a score of -0, as Redis does with what it loads, not with what it adds
   */
  static of(pairs: ScoredMember[], thresholds: Thresholds, keepsMinusZero = false): SortedSetValue {
    pairs.sort(comparePairs);
    const isSmall =
      pairs.length <= thresholds.zsetMaxListpackEntries &&
      pairs.every(({ member }) => member.length <= thresholds.zsetMaxListpackValue);
    if (isSmall) return SortedSetValue.ofPacked(packedPairs(pairs, keepsMinusZero), pairs.length);
    const set = new SortedSetValue();
    const scores = pairs.map(({ score }) => score);
    const members = pairs.map(({ member }) => member);
    set.#body = indexOf(scores, members);
    return set;
  }

  /** A small sorted set of `count` pairs that are packed already (sorted-set-packed.ts): it is for the caller to know that it is small. */
  static ofPacked(pairs: string, count: number): SortedSetValue {
    const set = new SortedSetValue();
    set.#body = pairs;
    set.#count = count;
    return set;
  }

  get type(): 'zset' {
    return 'zset';
  }

  get size(): number {
    return typeof this.#body === 'string' ? this.#count : this.#body.table.size;
  }

  /** The answer of OBJECT ENCODING. */
  encoding(): 'listpack' | 'skiplist' {
    return typeof this.#body === 'string' ? 'listpack' : 'skiplist';
  }

  /** The score of `member`, or undefined. O(1). */
  score(member: string): number | undefined {
    const body = this.#body;
    if (typeof body !== 'string') return body.table.get(member);
    const at = findPair(body, member);
    return at < 0 ? undefined : pairScore(body, at);
  }

  /** Says that about `hint` members will be added at once: too many for the small form make it a big one now. */
  expect(hint: number, thresholds: Thresholds): void {
    if (hint > thresholds.zsetMaxListpackEntries) this.index();
  }

  /** Adds `member` (a flat string) or gives it a new score, which must not be NaN. O(log n). */
  put(member: string, score: number, thresholds: Thresholds): PutOutcome {
    let body = this.#body;
    if (typeof body === 'string') {
      const at = findPair(body, member);
      if (at >= 0) {
        if (pairScore(body, at) === score) return UNCHANGED;
        this.#body = insertPair(removePairs(body, [at]), score, member);
        return UPDATED;
      }
      if (this.#count < thresholds.zsetMaxListpackEntries && member.length <= thresholds.zsetMaxListpackValue) {
        this.#body = insertPair(body, score, member);
        this.#count++;
        return ADDED;
      }
      body = this.index();
    }
    const { table, tree } = body;
    if (!table.find(member)) {
      table.insertMissing(member, score);
      tree.insert(score, member, table.foundAddress());
      return ADDED;
    }
    const current = table.foundValue();
    if (current === score) return UNCHANGED;
    table.setFoundValue(score);
    const address = table.foundAddress();
    if (!tree.replaceScore(current, member, score)) {
      tree.remove(current, member);
      tree.insert(score, member, address);
    }
    return UPDATED;
  }

  /**
   * Puts pairs of flat strings and scores. Leaves what `put` of one after the other would, the form included, but a small form is
   * written once: O(n log n) in its size and what is put.
   */
  putAll(pairs: readonly ScoredMember[], thresholds: Thresholds): PutCounts {
    const counts: PutCounts = { added: 0, updated: 0 };
    const body = this.#body;
    let i = 0;
    if (typeof body === 'string' && pairs.length > FEW_PAIRS) {
      const scores = scoresOf(body);
      i = putShortPairs(scores, pairs, thresholds, counts);
      const content = Array.from(scores, ([member, score]) => ({ member, score }));
      this.#body = packedPairs(content.sort(comparePairs), true);
      this.#count = scores.size;
    }
    for (; i < pairs.length; i++) count(counts, this.put(pairs[i].member, pairs[i].score, thresholds));
    return counts;
  }

  private index(): Indexed {
    const body = this.#body;
    if (typeof body !== 'string') return body;
    const scores: number[] = [];
    const members: string[] = [];
    for (let at = 0; at < body.length; at = nextPair(body, at)) {
      members.push(packedTake(body, at));
      scores.push(pairScore(body, at));
    }
    const indexed = indexOf(scores, members);
    this.#body = indexed;
    return indexed;
  }

  /** Answers whether the member was there. O(log n). */
  remove(member: string): boolean {
    return this.removeAll([member]) === 1;
  }

  /**
   * Removes members; answers how many were there. A small form is written once: O(its size + what is removed), the big one O(log n)
   * for each.
   */
  removeAll(members: readonly string[]): number {
    const body = this.#body;
    if (typeof body === 'string') {
      const found = findPairs(body, members);
      if (found.length > 0) this.#body = removePairs(body, found);
      this.#count -= found.length;
      return found.length;
    }
    const before = body.table.size;
    for (const member of members) {
      if (!body.table.find(member)) continue;
      body.tree.remove(body.table.foundValue(), member);
      body.table.deleteFound();
    }
    return before - body.table.size;
  }

  /** Position of `member` in the order, from 0 on, or -1. O(log n). */
  rank(member: string): number {
    const body = this.#body;
    if (typeof body === 'string') {
      const at = findPair(body, member);
      return at < 0 ? -1 : rankOfPair(body, at);
    }
    const score = body.table.get(member);
    return score === undefined ? -1 : body.tree.rank(score, member);
  }

  /**
   * The ranks of what lies within `range`. O(log n).
   *
   * @param isDown the set will be walked downwards: matters only for ranges of members whose scores differ
   */
  span(range: ScoreRange | MemberRange, isDown = false): RankSpan {
    const body = this.#body;
    if (typeof body === 'string') return spanOfPairs(body, this.#count, range, isDown);
    const { tree } = body;
    let start: number;
    let end: number;
    if (range instanceof ScoreRange) {
      start = tree.countBelow(range.min.score, range.min.isExclusive);
      end = tree.countBelow(range.max.score, !range.max.isExclusive);
    } else {
      start = countBeforeBound(body, range.min, false);
      end = countBeforeBound(body, range.max, true);
    }
    return { start, end: Math.max(start, end) };
  }

  /**
   * Visits the members of ranks `start` to `end` (exclusive), `0 <= start <= end <= size`, upwards or downwards. For
   * replies: a member that is kept must be copied flat first. Those that lie as bytes go to `visitBytes`, if there is one. Nothing
   * may be changed meanwhile. O(log n + visited).
   */
  forEachTransient(
    start: number,
    end: number,
    isDown: boolean,
    visit: PairVisitor,
    visitBytes?: PairBytesVisitor,
  ): void {
    const body = this.#body;
    if (typeof body !== 'string') {
      if (isDown) body.tree.forEachDown(end - 1, end - start, visit, visitBytes);
      else body.tree.forEach(start, end - start, visit, visitBytes);
    } else if (isDown) {
      const offsets = pairOffsets(body, start, end);
      for (let i = offsets.length - 1; i >= 0; i--) visit(packedEntry(body, offsets[i]), pairScore(body, offsets[i]));
    } else {
      let at = pairAt(body, start);
      for (let rank = start; rank < end; rank++, at = nextPair(body, at))
        visit(packedEntry(body, at), pairScore(body, at));
    }
  }

  /** Visits every pair, upwards. The members may be stored. Nothing may be changed meanwhile. */
  forEach(visit: (member: string, score: number) => void): void {
    const body = this.#body;
    if (typeof body !== 'string') body.tree.forEach(0, body.tree.size, visit);
    else for (let at = 0; at < body.length; at = nextPair(body, at)) visit(packedTake(body, at), pairScore(body, at));
  }

  /** The pairs one by one, in no order, for loops that end early; strings as in `forEachTransient`. */
  *pairs(): Generator<[member: string, score: number]> {
    const body = this.#body;
    if (typeof body !== 'string') yield* body.table.entries();
    else for (let at = 0; at < body.length; at = nextPair(body, at)) yield [packedEntry(body, at), pairScore(body, at)];
  }

  /** Removes the members of ranks `start` to `end` (exclusive), `0 <= start <= end <= size`. O(log n + removed). */
  removeSpan(start: number, end: number): void {
    const body = this.#body;
    if (typeof body === 'string') {
      this.#body = packedSplice(body, pairAt(body, start), pairAt(body, end));
      this.#count -= end - start;
    } else {
      body.tree.removeRange(start, end, (member) => {
        body.table.delete(member);
      });
    }
  }

  /** A sorted set of the members of ranks `start` to `end` (exclusive), in the form that fits them. */
  slice(start: number, end: number, thresholds: Thresholds): SortedSetValue {
    const body = this.#body;
    if (typeof body === 'string' && end - start <= thresholds.zsetMaxListpackEntries) {
      const part = new SortedSetValue();
      part.#body = packedSlice(body, pairAt(body, start), pairAt(body, end));
      part.#count = end - start;
      return part;
    }
    const pairs: ScoredMember[] = [];
    // Members of the big form are flat, and are shared with the new set.
    const keep = typeof body === 'string' ? flatCopy : (member: string) => member;
    this.forEachTransient(start, end, false, (member, score) => {
      pairs.push({ member: keep(member), score });
    });
    return SortedSetValue.of(pairs, thresholds);
  }

  /**
   * Visits some pairs from `cursor` on and answers the next cursor, 0 at the end. Begin with 0. A member that is there all
   * the time is visited. A small set is visited whole, whatever the cursor.
   *
   * @param count about how many to visit, at least 1
   */
  scan(cursor: number, count: number, visit: (member: string, score: number) => void): number {
    if (typeof this.#body !== 'string') return this.#body.table.scan(cursor, count, visit);
    this.forEachTransient(0, this.#count, false, visit);
    return 0;
  }

  /**
   * A random member of a set that is not empty, with its score.
   *
   * @param random01 a source of numbers in [0, 1)
   */
  random(random01: () => number): ScoredMember {
    const body = this.#body;
    if (typeof body === 'string') {
      const at = pairAt(body, Math.floor(random01() * this.#count));
      return { member: packedEntry(body, at), score: pairScore(body, at) };
    }
    const { table } = body;
    table.findRandom(random01);
    return { member: table.foundKey(), score: table.foundValue() };
  }

  /** `count` different pairs, or all if there are no more, each set of them equally likely. */
  sample(count: number, random01: () => number): ScoredMember[] {
    const size = this.size;
    if (typeof this.#body === 'string' || count * SHUFFLE_SHARE > size) {
      const pairs: ScoredMember[] = [];
      this.forEachTransient(0, size, false, (member, score) => {
        pairs.push({ member, score });
      });
      return count >= size ? pairs : shuffledPrefix(pairs, count, random01);
    }
    const chosen = new Map<string, ScoredMember>();
    while (chosen.size < count) {
      const pair = this.random(random01);
      chosen.set(pair.member, pair);
    }
    return [...chosen.values()];
  }

  /** About how many bytes of memory the sorted set takes. */
  memoryBytes(): number {
    const body = this.#body;
    if (typeof body === 'string') return OBJECT_BYTES + stringBytes(body.length);
    return 2 * OBJECT_BYTES + body.table.memoryBytes() + body.tree.memoryBytes();
  }

  /** Bytes of the packed form; Infinity for the big one. */
  get packedBytes(): number {
    return typeof this.#body === 'string' ? this.#body.length : Number.POSITIVE_INFINITY;
  }

  /** The pairs as they are now, to be read later, in no order. */
  freeze(): FrozenItems {
    const { type, size } = this;
    if (typeof this.#body === 'string') return { type, size, items: this.clone().pairs(), release: nothingToRelease };
    const frozen = this.#body.table.freeze();
    return { type, size, items: frozen.entries(), cursor: frozen.cursor(), release: () => frozen.release() };
  }

  /** A sorted set with the same pairs in the same form, independent of this one. */
  clone(): SortedSetValue {
    const copy = new SortedSetValue();
    const body = this.#body;
    if (typeof body === 'string') {
      copy.#body = body;
    } else {
      const table = body.table.clone();
      copy.#body = { table, tree: body.tree.clone(table) };
    }
    copy.#count = this.#count;
    return copy;
  }

  /**
   * Checks that table and tree agree; for tests.
   *
   * @throws Error that says what does not hold
   */
  verify(): void {
    const body = this.#body;
    if (typeof body === 'string') return;
    body.tree.verify();
    if (body.tree.size !== body.table.size) throw new Error('table and tree differ in size');
    body.tree.forEach(0, body.tree.size, (member, score) => {
      if (body.table.get(member) !== score) throw new Error('table and tree differ in a score');
    });
  }
}

/** The order of sorted sets. */
export function comparePairs(a: ScoredMember, b: ScoredMember): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1;
  return a.member < b.member ? -1 : a.member > b.member ? 1 : 0;
}

/**
 * Gives members of the small form their scores, up to the pair that it does not take.
 *
 * @returns the place in `pairs` of that pair
 */
function putShortPairs(
  scores: Map<string, number>,
  pairs: readonly ScoredMember[],
  { zsetMaxListpackEntries, zsetMaxListpackValue }: Thresholds,
  counts: PutCounts,
): number {
  for (let i = 0; i < pairs.length; i++) {
    const { member, score } = pairs[i];
    const current = scores.get(member);
    const outcome = current === undefined ? ADDED : current === score ? UNCHANGED : UPDATED;
    if (outcome === ADDED && (scores.size >= zsetMaxListpackEntries || member.length > zsetMaxListpackValue)) return i;
    // The sum is 0 for -0, which the small form does not take from a command.
    if (outcome !== UNCHANGED) scores.set(member, score + 0);
    count(counts, outcome);
  }
  return pairs.length;
}

function count(counts: PutCounts, outcome: PutOutcome): void {
  if (outcome === ADDED) counts.added++;
  else if (outcome === UPDATED) counts.updated++;
}

/** The small form of pairs that are in order. */
function packedPairs(pairs: readonly ScoredMember[], keepsMinusZero: boolean): string {
  const entries: string[] = [];
  for (const { member, score } of pairs) {
    entries.push(member, keepsMinusZero && Object.is(score, -0) ? '-0' : String(score));
  }
  return packedOf(entries);
}

/**
 * How many members lie before one end of a range of members. All scores are equal.
 *
 * @param isMaximum whether it is the upper end: then the bound itself counts where it belongs to the range, else where it does not
 */
function countBeforeBound({ table, tree }: Indexed, bound: MemberBound, isMaximum: boolean): number {
  if (typeof bound === 'string') return bound === 'first' ? 0 : tree.size;
  const { member, isExclusive } = bound;
  const countsBound = isMaximum !== isExclusive;
  return tree.countBefore((_score, address) => {
    const order = table.compareKey(address, member);
    return order < 0 || (countsBound && order === 0);
  });
}

/** The big form of pairs that are in order. */
function indexOf(scores: readonly number[], members: readonly string[]): Indexed {
  const table = ByteTable.ofNumbers();
  const addresses: number[] = [];
  for (let i = 0; i < members.length; i++) {
    table.set(members[i], scores[i]);
    addresses.push(table.foundAddress());
  }
  return { table, tree: SortedSetTree.of(scores, addresses, table) };
}
