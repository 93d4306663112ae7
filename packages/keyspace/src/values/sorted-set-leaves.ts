/**
 * The leaves of a sorted set's tree (sorted-set-tree.ts): pairs of a score and the address of a member, in slots outside
 * the heap (sorted-set-pages.ts). A leaf leaves the garbage collector nothing to mark:
 *
 *     count     4 bytes: pairs
 *     next      4 bytes: the leaf to the right, or NONE
 *     previous  4 bytes: the leaf to the left, or NONE
 *     members   4 bytes each: addresses in the table that keeps the members' bytes (byte-table.ts)
 *     scores    8 bytes each
 *
 * Invariants: the first `count` places of both columns are pairs in order; all leaves that are in use are one chain.
 */

import {
  doubleOf,
  insertDouble,
  insertWord,
  NODE_BYTES,
  NONE,
  type SortedSetPages,
  scoreBound,
  wordOf,
} from './sorted-set-pages.ts';

const HEADER_BYTES = 12;
const PAIR_BYTES = 12;
/** An odd number, as the header is of words, so that the scores are aligned. */
export const LEAF_CAPACITY = (NODE_BYTES - HEADER_BYTES) / PAIR_BYTES;

/** In words from the leaf's beginning. A new slot's first word is 0. */
const COUNT = 0;
const NEXT = 1;
const PREVIOUS = 2;
const MEMBERS = HEADER_BYTES / 4;
/** In doubles. */
const SCORES = (MEMBERS + LEAF_CAPACITY) / 2;

/** How much of a leaf holds its first `pairs` pairs, bytes. */
export function leafBytes(pairs: number): number {
  return (SCORES + pairs) * Float64Array.BYTES_PER_ELEMENT;
}

/** Sees a pair. */
export type PairVisitor = (member: string, score: number) => void;
/** Sees a pair whose member is the bytes `start` to `end` (exclusive) of `bytes`, which hold during the call only. */
export type PairBytesVisitor = (bytes: Uint8Array, start: number, end: number, score: number) => void;

/** A member that is bytes: those from `keyStart` to `valueStart`. */
export interface MemberPlace {
  readonly bytes: Uint8Array;
  readonly keyStart: number;
  readonly valueStart: number;
}

/** What is asked of the table that keeps the members. */
export interface MemberKeys {
  keyAt(address: number): string;
  /** The member at `address` where it lies, to be used before anything else is asked; undefined where it is not bytes. */
  keyPlace(address: number): MemberPlace | undefined;
  /** Reads a word of the member at `address`, so that it is near when it is asked for; answers the word. */
  touch(address: number): number;
  /** Compares the member at `address` with `member`, byte by byte: below 0, 0 or above 0. */
  compareKey(address: number, member: string): number;
}

/** Says whether a pair is before what is searched. Must be monotone: true for a prefix of the order, then false. */
export type IsBefore = (score: number, address: number) => boolean;

/** Where a leaf was split: at an end of the whole order or inside. */
export type SplitPlace = 'first' | 'inside' | 'last';

export class SortedSetLeaves {
  readonly #pages: SortedSetPages;
  readonly #keys: MemberKeys;
  #inUse: number;
  /** Of no use but that what was read is kept: what nobody keeps need not be read. */
  lastTouched = 0;

  constructor(pages: SortedSetPages, keys: MemberKeys, inUse = 0) {
    this.#pages = pages;
    this.#keys = keys;
    this.#inUse = inUse;
  }

  /** How many leaves there are. */
  get inUse(): number {
    return this.#inUse;
  }

  /** An empty leaf to the right of `previous`, which may be NONE. */
  create(previous: number): number {
    const leaf = this.#pages.allocate();
    const next = previous === NONE ? NONE : this.next(previous);
    this.#pages.setWord(leaf, NEXT, next);
    this.#pages.setWord(leaf, PREVIOUS, previous);
    if (previous !== NONE) this.#pages.setWord(previous, NEXT, leaf);
    if (next !== NONE) this.#pages.setWord(next, PREVIOUS, leaf);
    this.#inUse++;
    return leaf;
  }

  /** Takes a leaf out of the chain and gives its slot back. */
  drop(leaf: number): void {
    const previous = this.previous(leaf);
    const next = this.next(leaf);
    if (previous !== NONE) this.#pages.setWord(previous, NEXT, next);
    if (next !== NONE) this.#pages.setWord(next, PREVIOUS, previous);
    this.#pages.free(leaf);
    this.#inUse--;
  }

  /** Moves a leaf to another slot; answers where it is now. */
  move(leaf: number): number {
    const moved = this.#pages.move(leaf);
    const previous = this.previous(moved);
    const next = this.next(moved);
    if (previous !== NONE) this.#pages.setWord(previous, NEXT, moved);
    if (next !== NONE) this.#pages.setWord(next, PREVIOUS, moved);
    return moved;
  }

  countOf(leaf: number): number {
    return this.#pages.word(leaf, COUNT);
  }

  next(leaf: number): number {
    return this.#pages.word(leaf, NEXT);
  }

  previous(leaf: number): number {
    return this.#pages.word(leaf, PREVIOUS);
  }

  scoreAt(leaf: number, at: number): number {
    return this.#pages.pageOf(leaf).doubles[doubleOf(leaf) + SCORES + at];
  }

  setScore(leaf: number, at: number, score: number): void {
    this.#pages.pageOf(leaf).doubles[doubleOf(leaf) + SCORES + at] = score;
  }

  /** The address of a member. */
  memberAt(leaf: number, at: number): number {
    return this.#pages.word(leaf, MEMBERS + at);
  }

  // Searching ---------------------------------------------------------------------------------------------------------

  /** Index of the first pair that is not below (`score`, `member`). */
  bound(leaf: number, score: number, member: string): number {
    const { words, doubles } = this.#pages.pageOf(leaf);
    const members = wordOf(leaf) + MEMBERS;
    const scores = doubleOf(leaf) + SCORES;
    let low = 0;
    let high = words[wordOf(leaf) + COUNT];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = doubles[scores + middle];
      if (other < score || (other === score && this.#keys.compareKey(words[members + middle], member) < 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Whether pair `at` is (`score`, `member`); `at` may be behind the last pair. */
  isPairAt(leaf: number, at: number, score: number, member: string): boolean {
    if (at >= this.countOf(leaf) || this.scoreAt(leaf, at) !== score) return false;
    return this.#keys.compareKey(this.memberAt(leaf, at), member) === 0;
  }

  /** How many pairs have a score below `score`, or up to it if `isInclusive`. */
  countBelow(leaf: number, score: number, isInclusive: boolean): number {
    const { words, doubles } = this.#pages.pageOf(leaf);
    const count = words[wordOf(leaf) + COUNT];
    return scoreBound(doubles, doubleOf(leaf) + SCORES, 0, count, score, isInclusive);
  }

  /** How many pairs are before what is searched. */
  countBefore(leaf: number, isBefore: IsBefore): number {
    let low = 0;
    let high = this.countOf(leaf);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.scoreAt(leaf, middle), this.memberAt(leaf, middle))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Visits the pairs `start` to `end` (exclusive), upwards. Members that are bytes go to `visitBytes`, if there is one. */
  forEach(leaf: number, start: number, end: number, visit: PairVisitor, visitBytes?: PairBytesVisitor): void {
    this.#lookAhead(leaf, start, end);
    for (let at = start; at < end; at++) this.#visit(leaf, at, visit, visitBytes);
  }

  /** As `forEach`, downwards. */
  forEachDown(leaf: number, start: number, end: number, visit: PairVisitor, visitBytes?: PairBytesVisitor): void {
    this.#lookAhead(leaf, start, end);
    for (let at = end - 1; at >= start; at--) this.#visit(leaf, at, visit, visitBytes);
  }

  /**
   * Touches members that will be visited. They lie anywhere in memory: here nothing waits for what is read, so the processor fetches
   * several at a time, where a visit waits for each.
   */
  #lookAhead(leaf: number, start: number, end: number): void {
    const { words } = this.#pages.pageOf(leaf);
    const members = wordOf(leaf) + MEMBERS;
    let read = 0;
    for (let i = start; i < end; i++) read ^= this.#keys.touch(words[members + i]);
    this.lastTouched = read;
  }

  #visit(leaf: number, at: number, visit: PairVisitor, visitBytes: PairBytesVisitor | undefined): void {
    const address = this.memberAt(leaf, at);
    const score = this.scoreAt(leaf, at);
    const place = visitBytes && this.#keys.keyPlace(address);
    if (visitBytes && place) visitBytes(place.bytes, place.keyStart, place.valueStart, score);
    else visit(this.#keys.keyAt(address), score);
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  /** Adds a pair to a leaf that has room. */
  insert(leaf: number, at: number, score: number, address: number): void {
    const { words, doubles } = this.#pages.pageOf(leaf);
    const count = words[wordOf(leaf) + COUNT]++;
    insertWord(words, wordOf(leaf) + MEMBERS, count, at, address);
    insertDouble(doubles, doubleOf(leaf) + SCORES, count, at, score);
  }

  /** Removes the pairs `start` to `end` (exclusive). */
  remove(leaf: number, start: number, end: number): void {
    const { words, doubles } = this.#pages.pageOf(leaf);
    const members = wordOf(leaf) + MEMBERS;
    const scores = doubleOf(leaf) + SCORES;
    const count = words[wordOf(leaf) + COUNT];
    const gone = end - start;
    for (let i = end; i < count; i++) {
      words[members + i - gone] = words[members + i];
      doubles[scores + i - gone] = doubles[scores + i];
    }
    words[wordOf(leaf) + COUNT] = count - gone;
  }

  /** Where a full leaf is to be split for a pair at `at`. */
  splitPlace(leaf: number, at: number): SplitPlace {
    if (at === LEAF_CAPACITY && this.next(leaf) === NONE) return 'last';
    return at === 0 && this.previous(leaf) === NONE ? 'first' : 'inside';
  }

  /**
   * Splits a full leaf and adds a pair at `at`; answers the new leaf to the right. Inside the order it halves; at the end of the
   * whole order the old leaf stays full and the new one begins with the pair, so that growing scores fill leaves completely;
   * at the beginning likewise.
   */
  split(leaf: number, place: SplitPlace, at: number, score: number, address: number): number {
    const right = this.create(leaf);
    const kept = place === 'last' ? LEAF_CAPACITY : place === 'first' ? 0 : LEAF_CAPACITY >>> 1;
    this.#movePairs(leaf, kept, LEAF_CAPACITY, right);
    if (at <= kept && place !== 'last') this.insert(leaf, at, score, address);
    else this.insert(right, at - kept, score, address);
    return right;
  }

  /** Moves all pairs of the leaf to the right, `right`, into `left`, which has room, and drops that. */
  merge(left: number, right: number): void {
    this.#movePairs(right, 0, this.countOf(right), left);
    this.drop(right);
  }

  /** Moves the pairs `start` to `end`, the last of `from`, to the end of `to`. */
  #movePairs(from: number, start: number, end: number, to: number): void {
    const source = this.#pages.pageOf(from);
    const target = this.#pages.pageOf(to);
    const moved = end - start;
    const count = this.countOf(to);
    const fromMembers = wordOf(from) + MEMBERS + start;
    const fromScores = doubleOf(from) + SCORES + start;
    const toMembers = wordOf(to) + MEMBERS + count;
    const toScores = doubleOf(to) + SCORES + count;
    for (let i = 0; i < moved; i++) {
      target.words[toMembers + i] = source.words[fromMembers + i];
      target.doubles[toScores + i] = source.doubles[fromScores + i];
    }
    this.#pages.setWord(from, COUNT, start);
    this.#pages.setWord(to, COUNT, count + moved);
  }
}
