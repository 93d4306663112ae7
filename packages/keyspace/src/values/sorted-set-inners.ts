/**
 * The inner nodes of a sorted set's tree (sorted-set-tree.ts), in slots as the leaves are (sorted-set-leaves.ts), and as large:
 *
 *     count       4 bytes: children
 *     kind        4 bytes: -1 - height, which is below anything that a leaf has there
 *     children    4 bytes each: leaves or inner nodes
 *     counts      4 bytes each: pairs below the child
 *     members     4 bytes each: the address of the member of the child's first pair
 *     scores      8 bytes each: the score of the child's first pair
 *
 * The first pair of child `i >= 1` is what separates it from child `i - 1`. That of child 0 is never read: a pair that is lower
 * than all of a tree goes there without a word to the nodes above.
 */

import type { IsBefore, MemberKeys } from './sorted-set-leaves.ts';
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

const HEADER_BYTES = 8;
const CHILD_BYTES = 20;
/** An even number, as the header is of words, so that the scores are aligned. */
const PLACES = (NODE_BYTES - HEADER_BYTES) / CHILD_BYTES;
/** A node may have one child more for as long as it takes to split it. */
export const INNER_CAPACITY = PLACES - 1;

/** In words from the node's beginning. */
const COUNT = 0;
const KIND = 1;
const CHILDREN = HEADER_BYTES / 4;
const COUNTS = CHILDREN + PLACES;
const MEMBERS = COUNTS + PLACES;
/** In doubles. */
const SCORES = (MEMBERS + PLACES) / 2;

export class SortedSetInners {
  readonly #pages: SortedSetPages;
  readonly #keys: MemberKeys;

  constructor(pages: SortedSetPages, keys: MemberKeys) {
    this.#pages = pages;
    this.#keys = keys;
  }

  /** A node without children. @param height of its children, plus 1: leaves are at height 0 */
  create(height: number): number {
    const node = this.#pages.allocate();
    this.#pages.setWord(node, KIND, -1 - height);
    return node;
  }

  /** Gives the slot of a node back. */
  drop(node: number): void {
    this.#pages.free(node);
  }

  /** The height of a node, which may be a leaf. */
  heightOf(node: number): number {
    const kind = this.#pages.word(node, KIND);
    return kind < NONE ? -1 - kind : 0;
  }

  /** Number of children. */
  countOf(node: number): number {
    return this.#pages.word(node, COUNT);
  }

  childAt(node: number, at: number): number {
    return this.#pages.word(node, CHILDREN + at);
  }

  setChild(node: number, at: number, child: number): void {
    this.#pages.setWord(node, CHILDREN + at, child);
  }

  /** Number of pairs below child `at`. */
  pairsAt(node: number, at: number): number {
    return this.#pages.word(node, COUNTS + at);
  }

  /** Adds to the number of pairs below child `at`; answers what it is then. */
  addPairs(node: number, at: number, pairs: number): number {
    const sum = this.pairsAt(node, at) + pairs;
    this.#pages.setWord(node, COUNTS + at, sum);
    return sum;
  }

  /** The first pair of child `at >= 1`: its score. */
  scoreAt(node: number, at: number): number {
    return this.#pages.pageOf(node).doubles[doubleOf(node) + SCORES + at];
  }

  /** The first pair of child `at >= 1`: the address of its member. */
  memberAt(node: number, at: number): number {
    return this.#pages.word(node, MEMBERS + at);
  }

  setFirst(node: number, at: number, score: number, address: number): void {
    this.#pages.setWord(node, MEMBERS + at, address);
    this.#pages.pageOf(node).doubles[doubleOf(node) + SCORES + at] = score;
  }

  // Searching ---------------------------------------------------------------------------------------------------------

  /** Index of the child that holds (`score`, `member`) if any does. */
  childOf(node: number, score: number, member: string): number {
    const { words, doubles } = this.#pages.pageOf(node);
    const members = wordOf(node) + MEMBERS;
    const scores = doubleOf(node) + SCORES;
    let low = 1;
    let high = words[wordOf(node) + COUNT];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = doubles[scores + middle];
      if (first < score || (first === score && this.#keys.compareKey(words[members + middle], member) <= 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  /** Index of the child in which the first pair lies, if any, whose score is not below `score`, or above it if `isInclusive`. */
  childBelow(node: number, score: number, isInclusive: boolean): number {
    const { words, doubles } = this.#pages.pageOf(node);
    const count = words[wordOf(node) + COUNT];
    return scoreBound(doubles, doubleOf(node) + SCORES, 1, count, score, isInclusive) - 1;
  }

  /** Index of the child in which what is searched begins. */
  childBefore(node: number, isBefore: IsBefore): number {
    let low = 1;
    let high = this.countOf(node);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.scoreAt(node, middle), this.memberAt(node, middle))) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Index of the child with the pair of rank `rank` in the node, which must be there. */
  childOfRank(node: number, rank: number): number {
    const { words } = this.#pages.pageOf(node);
    const counts = wordOf(node) + COUNTS;
    let at = 0;
    let left = rank;
    while (left >= words[counts + at]) left -= words[counts + at++];
    return at;
  }

  /** Number of pairs below the children before `at`. */
  pairsBefore(node: number, at: number): number {
    const { words } = this.#pages.pageOf(node);
    const counts = wordOf(node) + COUNTS;
    let sum = 0;
    for (let i = 0; i < at; i++) sum += words[counts + i];
    return sum;
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  /** Adds a child to a node that has a place for it. Its first pair is for the caller to set. */
  insert(node: number, at: number, child: number, pairs: number): void {
    const { words, doubles } = this.#pages.pageOf(node);
    const own = wordOf(node);
    const count = words[own + COUNT]++;
    insertWord(words, own + CHILDREN, count, at, child);
    insertWord(words, own + COUNTS, count, at, pairs);
    insertWord(words, own + MEMBERS, count, at, 0);
    insertDouble(doubles, doubleOf(node) + SCORES, count, at, 0);
  }

  /** Takes the children `start` to `end` (exclusive) out of a node. */
  remove(node: number, start: number, end: number): void {
    const { words, doubles } = this.#pages.pageOf(node);
    const own = wordOf(node);
    const scores = doubleOf(node) + SCORES;
    const count = words[own + COUNT];
    const gone = end - start;
    for (let i = end; i < count; i++) {
      words[own + CHILDREN + i - gone] = words[own + CHILDREN + i];
      words[own + COUNTS + i - gone] = words[own + COUNTS + i];
      words[own + MEMBERS + i - gone] = words[own + MEMBERS + i];
      doubles[scores + i - gone] = doubles[scores + i];
    }
    words[own + COUNT] = count - gone;
  }

  /** Moves the children from `start` on, with their first pairs, to the end of `to`. */
  move(node: number, start: number, to: number): void {
    const source = this.#pages.pageOf(node);
    const target = this.#pages.pageOf(to);
    const moved = this.countOf(node) - start;
    const count = this.countOf(to);
    const fromWord = wordOf(node) + start;
    const toWord = wordOf(to) + count;
    const fromScores = doubleOf(node) + SCORES + start;
    const toScores = doubleOf(to) + SCORES + count;
    for (let i = 0; i < moved; i++) {
      target.words[toWord + CHILDREN + i] = source.words[fromWord + CHILDREN + i];
      target.words[toWord + COUNTS + i] = source.words[fromWord + COUNTS + i];
      target.words[toWord + MEMBERS + i] = source.words[fromWord + MEMBERS + i];
      target.doubles[toScores + i] = source.doubles[fromScores + i];
    }
    this.#pages.setWord(node, COUNT, start);
    this.#pages.setWord(to, COUNT, count + moved);
  }
}
