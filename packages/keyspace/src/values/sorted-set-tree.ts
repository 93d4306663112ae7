/**
 * The order of a big sorted set: a counted B+ tree of (score, member) pairs.
 *
 * Ordered by score, then by the member's bytes (chars of a latin1 string compare like unsigned bytes). Every inner node
 * knows how many pairs each of its children holds, so positions (ranks) are found as fast as pairs: O(log n). Leaves are
 * linked both ways, so that a range is walked without climbing.
 *
 * Leaves and inner nodes are slots outside the garbage-collected heap (sorted-set-leaves.ts, sorted-set-inners.ts), members are
 * addresses in the table that keeps their bytes: the collector has as little to mark as of a small set. What kind of node
 * a slot holds is known by its height: leaves are at height 0.
 *
 * Invariants
 * - Only the root may be an empty leaf. An inner node has 1 to INNER_CAPACITY children, the root at least 2.
 * - An inner node knows the number of pairs of each child, and the first pair of each but the first. So a pair is never named that
 *   is no longer there: its member may be gone from the table as soon as it is removed.
 * - A node that shrank below a quarter is merged with a neighbour when the two fit three quarters, which keeps
 *   the average fill above a constant fraction and the height logarithmic without any borrowing.
 * - A slot is in use exactly while its node is in the tree.
 *
 * Scores are never NaN. The tree does not notice members that occur twice with different scores: its owner does.
 */

import { INNER_CAPACITY, SortedSetInners } from './sorted-set-inners.ts';
import { verifyTree } from './sorted-set-invariants.ts';
import {
  type IsBefore,
  LEAF_CAPACITY,
  leafBytes,
  type MemberKeys,
  type PairBytesVisitor,
  type PairVisitor,
  SortedSetLeaves,
  type SplitPlace,
} from './sorted-set-leaves.ts';
import { NONE, SortedSetPages } from './sorted-set-pages.ts';
import { moveNode, type TreeParts } from './sorted-set-parts.ts';

/** The tree's own objects. */
const TREE_BYTES = 300;

export class SortedSetTree {
  readonly #keys: MemberKeys;
  #pages: SortedSetPages;
  #leaves: SortedSetLeaves;
  #inners: SortedSetInners;
  #root: number;
  /** Inner nodes from the root to a leaf. */
  #height = 0;
  #size = 0;
  /** Where the leaf was split that makes inner nodes split. */
  #splitPlace: SplitPlace = 'inside';

  /** @param keys the table that keeps the members: as long as one is in the tree, it is at its address there */
  constructor(keys: MemberKeys) {
    this.#keys = keys;
    this.#pages = new SortedSetPages();
    this.#leaves = new SortedSetLeaves(this.#pages, keys);
    this.#inners = new SortedSetInners(this.#pages, keys);
    this.#root = this.#leaves.create(NONE);
  }

  /**
   * A tree of pairs that are in order already, in O(n), its leaves full.
   *
   * @param scores as long as `members`, the addresses; neither array is kept
   */
  static of(scores: ArrayLike<number>, members: ArrayLike<number>, keys: MemberKeys): SortedSetTree {
    const tree = new SortedSetTree(keys);
    const leaves = tree.#leaves;
    let leaf = tree.#root;
    let level = [leaf];
    tree.#pages.fit(leafBytes(Math.min(members.length, LEAF_CAPACITY)));
    for (let i = 0; i < members.length; i++) {
      if (leaves.countOf(leaf) === LEAF_CAPACITY) {
        leaf = leaves.create(leaf);
        level.push(leaf);
      }
      leaves.insert(leaf, leaves.countOf(leaf), scores[i], members[i]);
    }
    tree.#size = members.length;
    while (level.length > 1) {
      level = tree.#levelAbove(level);
      tree.#height++;
    }
    tree.#root = level[0];
    return tree;
  }

  /** Inner nodes, as full as they get, of the nodes of a level that is `#height` high. */
  #levelAbove(level: readonly number[]): number[] {
    const parents: number[] = [];
    for (let from = 0; from < level.length; from += INNER_CAPACITY) {
      const parent = this.#inners.create(this.#height + 1);
      const to = Math.min(level.length, from + INNER_CAPACITY);
      for (let i = from; i < to; i++) this.#insertChild(parent, this.#height + 1, i - from, level[i]);
      parents.push(parent);
    }
    return parents;
  }

  get size(): number {
    return this.#size;
  }

  // Nodes -------------------------------------------------------------------------------------------------------------

  /** Number of pairs below a node. */
  #pairsOf(node: number, height: number): number {
    return height === 0 ? this.#leaves.countOf(node) : this.#inners.pairsBefore(node, this.#inners.countOf(node));
  }

  /** Makes `child` a child of `node`, which has a place for it; `node` is `height` high. */
  #insertChild(node: number, height: number, at: number, child: number): void {
    this.#inners.insert(node, at, child, this.#pairsOf(child, height - 1));
    this.#learnFirst(node, height, at);
  }

  /** Tells a node what the first pair of child `at` is. */
  #learnFirst(node: number, height: number, at: number): void {
    if (at === 0) return;
    let leaf = this.#inners.childAt(node, at);
    for (let above = height - 1; above > 0; above--) leaf = this.#inners.childAt(leaf, 0);
    this.#inners.setFirst(node, at, this.#leaves.scoreAt(leaf, 0), this.#leaves.memberAt(leaf, 0));
  }

  /** The leaf that holds (`score`, `member`) if any does. */
  #leafOf(score: number, member: string): number {
    let node = this.#root;
    for (let height = this.#height; height > 0; height--) {
      node = this.#inners.childAt(node, this.#inners.childOf(node, score, member));
    }
    return node;
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  /** Adds a pair that is not in the tree. O(log n). @param address of `member` in the table */
  insert(score: number, member: string, address: number): void {
    this.#size++;
    const root = this.#root;
    const sibling = this.#insertInto(root, this.#height, score, member, address);
    if (sibling === NONE) return;
    this.#height++;
    this.#root = this.#inners.create(this.#height);
    this.#insertChild(this.#root, this.#height, 0, root);
    this.#insertChild(this.#root, this.#height, 1, sibling);
  }

  /** Answers the new right sibling of `node`, if `node` had to be split, or NONE. */
  #insertInto(node: number, height: number, score: number, member: string, address: number): number {
    if (height === 0) return this.#insertIntoLeaf(node, score, member, address);
    const inners = this.#inners;
    const at = inners.childOf(node, score, member);
    const sibling = this.#insertInto(inners.childAt(node, at), height - 1, score, member, address);
    if (sibling === NONE) {
      inners.addPairs(node, at, 1);
      return NONE;
    }
    this.#insertChild(node, height, at + 1, sibling);
    inners.addPairs(node, at, 1 - inners.pairsAt(node, at + 1));
    return inners.countOf(node) <= INNER_CAPACITY ? NONE : this.#splitInner(node, height);
  }

  #insertIntoLeaf(leaf: number, score: number, member: string, address: number): number {
    const leaves = this.#leaves;
    const at = leaves.bound(leaf, score, member);
    const count = leaves.countOf(leaf);
    if (this.#height === 0) this.#pages.fit(leafBytes(Math.min(count + 1, LEAF_CAPACITY)));
    if (count === LEAF_CAPACITY) {
      this.#splitPlace = leaves.splitPlace(leaf, at);
      return leaves.split(leaf, this.#splitPlace, at, score, address);
    }
    leaves.insert(leaf, at, score, address);
    return NONE;
  }

  /** Where only the ends of the order grow, inner nodes fill completely too. */
  #splitInner(node: number, height: number): number {
    const count = this.#inners.countOf(node);
    const place = this.#splitPlace;
    const right = this.#inners.create(height);
    this.#inners.move(node, place === 'last' ? count - 1 : place === 'first' ? 1 : count >>> 1, right);
    return right;
  }

  /**
   * Removes a pair and answers its member's address, or undefined if it is not there. O(log n).
   */
  remove(score: number, member: string): number | undefined {
    const removed = this.#removeFrom(this.#root, this.#height, score, member);
    if (removed !== undefined) {
      this.#size--;
      this.#lowerRoot();
      this.#vacate();
    }
    return removed;
  }

  #removeFrom(node: number, height: number, score: number, member: string): number | undefined {
    if (height === 0) return this.#removeFromLeaf(node, score, member);
    const inners = this.#inners;
    const at = inners.childOf(node, score, member);
    const child = inners.childAt(node, at);
    const removed = this.#removeFrom(child, height - 1, score, member);
    if (removed === undefined) return undefined;
    if (inners.addPairs(node, at, -1) === 0) {
      this.#dropNode(child, height - 1);
      inners.remove(node, at, at + 1);
    } else {
      if (inners.memberAt(node, at) === removed) this.#learnFirst(node, height, at);
      this.#mergeIfSmall(node, height, at);
    }
    return removed;
  }

  #removeFromLeaf(leaf: number, score: number, member: string): number | undefined {
    const at = this.#leaves.bound(leaf, score, member);
    if (!this.#leaves.isPairAt(leaf, at, score, member)) return undefined;
    const address = this.#leaves.memberAt(leaf, at);
    this.#leaves.remove(leaf, at, at + 1);
    return address;
  }

  /** Gives back a node without pairs or children. */
  #dropNode(node: number, height: number): void {
    if (height === 0) this.#leaves.drop(node);
    else this.#inners.drop(node);
  }

  /** Pairs of a leaf, children of an inner node. */
  #fillOf(node: number, height: number): number {
    return height === 0 ? this.#leaves.countOf(node) : this.#inners.countOf(node);
  }

  /** Merges child `at` of `node` with a neighbour if it is small and the two fit well into one. */
  #mergeIfSmall(node: number, height: number, at: number): void {
    const inners = this.#inners;
    const capacity = height === 1 ? LEAF_CAPACITY : INNER_CAPACITY;
    const fill = this.#fillOf(inners.childAt(node, at), height - 1);
    if (fill * 4 >= capacity) return;
    const room = capacity * 0.75 - fill;
    if (at + 1 < inners.countOf(node) && this.#fillOf(inners.childAt(node, at + 1), height - 1) <= room) {
      this.#mergeWithNext(node, height, at);
    } else if (at > 0 && this.#fillOf(inners.childAt(node, at - 1), height - 1) <= room) {
      this.#mergeWithNext(node, height, at - 1);
    }
  }

  #mergeWithNext(node: number, height: number, at: number): void {
    const inners = this.#inners;
    const left = inners.childAt(node, at);
    const right = inners.childAt(node, at + 1);
    if (height === 1) {
      this.#leaves.merge(left, right);
    } else {
      // The first pair of the first child of `right`, which nobody read there, becomes one that counts.
      inners.setFirst(right, 0, inners.scoreAt(node, at + 1), inners.memberAt(node, at + 1));
      inners.move(right, 0, left);
      inners.drop(right);
    }
    inners.addPairs(node, at, inners.pairsAt(node, at + 1));
    inners.remove(node, at + 1, at + 2);
  }

  #lowerRoot(): void {
    while (this.#height > 0 && this.#inners.countOf(this.#root) <= 1) {
      if (this.#inners.countOf(this.#root) === 0) {
        this.#clear();
        return;
      }
      const only = this.#inners.childAt(this.#root, 0);
      this.#inners.drop(this.#root);
      this.#root = only;
      this.#height--;
    }
  }

  /** Moves a node out of a page that is to be given back, if there is one. */
  #vacate(): void {
    const node = this.#pages.nodeToMove();
    if (node === NONE) return;
    const moved = moveNode(this.#parts(), node);
    if (node === this.#root) this.#root = moved;
  }

  /** Lets go of all pages at once. */
  #clear(): void {
    this.#pages = new SortedSetPages();
    this.#leaves = new SortedSetLeaves(this.#pages, this.#keys);
    this.#inners = new SortedSetInners(this.#pages, this.#keys);
    this.#root = this.#leaves.create(NONE);
    this.#height = 0;
    this.#size = 0;
  }

  /**
   * Gives the pair (`score`, `member`) the score `newScore` without moving it, if its neighbours allow that: a small
   * change of a score usually changes no order.
   *
   * @returns false if nothing was done; then the pair has to be removed and inserted
   */
  replaceScore(score: number, member: string, newScore: number): boolean {
    const leaves = this.#leaves;
    const leaf = this.#leafOf(score, member);
    const at = leaves.bound(leaf, score, member);
    if (at === 0 || at >= leaves.countOf(leaf) - 1 || !leaves.isPairAt(leaf, at, score, member)) return false;
    // The ends of a leaf are left alone, because the nodes above know the first, and the next leaf bounds the last.
    if (leaves.scoreAt(leaf, at - 1) >= newScore || leaves.scoreAt(leaf, at + 1) <= newScore) return false;
    leaves.setScore(leaf, at, newScore);
    return true;
  }

  /**
   * Removes the pairs of ranks `start` (inclusive) to `end` (exclusive), `0 <= start <= end <= size`, and tells `onRemove`
   * each member, which may be removed from the table then. O(log n + removed): subtrees that lie inside are dropped whole.
   */
  removeRange(start: number, end: number, onRemove: (member: string) => void): void {
    if (start >= end) return;
    if (start === 0 && end === this.#size) {
      this.forEach(0, end, onRemove);
      this.#clear();
      return;
    }
    this.#removeRanks(this.#root, this.#height, start, end, onRemove);
    this.#size -= end - start;
    this.#lowerRoot();
    this.#vacate();
  }

  /** Removes the pairs `start` to `end` (exclusive) of `node`, which keeps at least one. */
  #removeRanks(node: number, height: number, start: number, end: number, onRemove: (member: string) => void): void {
    if (height === 0) {
      this.#leaves.forEach(node, start, end, onRemove);
      this.#leaves.remove(node, start, end);
      return;
    }
    const inners = this.#inners;
    const first = inners.childOfRank(node, start);
    let before = inners.pairsBefore(node, first);
    let dropFrom = -1;
    let dropTo = -1;
    for (let at = first; before < end && at < inners.countOf(node); at++) {
      const child = inners.childAt(node, at);
      const pairs = inners.pairsAt(node, at);
      const from = Math.max(0, start - before);
      const to = Math.min(pairs, end - before);
      before += pairs;
      if (to - from === pairs) {
        this.#dropSubtree(child, height - 1, onRemove);
        if (dropFrom < 0) dropFrom = at;
        dropTo = at + 1;
      } else {
        this.#removeRanks(child, height - 1, from, to, onRemove);
        inners.addPairs(node, at, from - to);
        if (from === 0) this.#learnFirst(node, height, at);
      }
    }
    if (dropFrom >= 0) inners.remove(node, dropFrom, dropTo);
    // Only the children on both sides of the gap can have become small.
    if (first + 1 < inners.countOf(node)) this.#mergeIfSmall(node, height, first + 1);
    if (first < inners.countOf(node)) this.#mergeIfSmall(node, height, first);
  }

  #dropSubtree(node: number, height: number, onRemove: (member: string) => void): void {
    if (height === 0) {
      this.#leaves.forEach(node, 0, this.#leaves.countOf(node), onRemove);
    } else {
      const count = this.#inners.countOf(node);
      for (let i = 0; i < count; i++) this.#dropSubtree(this.#inners.childAt(node, i), height - 1, onRemove);
    }
    this.#dropNode(node, height);
  }

  /** A copy over `keys`, a copy of this tree's table with the same addresses. O(n), page by page. */
  clone(keys: MemberKeys): SortedSetTree {
    const copy = new SortedSetTree(keys);
    copy.#pages = this.#pages.clone();
    copy.#leaves = new SortedSetLeaves(copy.#pages, keys, this.#leaves.inUse);
    copy.#inners = new SortedSetInners(copy.#pages, keys);
    copy.#root = this.#root;
    copy.#height = this.#height;
    copy.#size = this.#size;
    return copy;
  }

  // Searching ---------------------------------------------------------------------------------------------------------

  /** Position of a pair in the order, or -1 if it is not there. O(log n). */
  rank(score: number, member: string): number {
    const inners = this.#inners;
    let before = 0;
    let node = this.#root;
    for (let height = this.#height; height > 0; height--) {
      const at = inners.childOf(node, score, member);
      before += inners.pairsBefore(node, at);
      node = inners.childAt(node, at);
    }
    const at = this.#leaves.bound(node, score, member);
    return this.#leaves.isPairAt(node, at, score, member) ? before + at : -1;
  }

  /** Number of pairs for which `isBefore` holds. O(log n). */
  countBefore(isBefore: IsBefore): number {
    const inners = this.#inners;
    let before = 0;
    let node = this.#root;
    for (let height = this.#height; height > 0; height--) {
      const at = inners.childBefore(node, isBefore);
      before += inners.pairsBefore(node, at);
      node = inners.childAt(node, at);
    }
    return before + this.#leaves.countBefore(node, isBefore);
  }

  /** Number of pairs with a score below `score`, or up to it if `isInclusive`. O(log n). */
  countBelow(score: number, isInclusive: boolean): number {
    const inners = this.#inners;
    let before = 0;
    let node = this.#root;
    for (let height = this.#height; height > 0; height--) {
      const at = inners.childBelow(node, score, isInclusive);
      before += inners.pairsBefore(node, at);
      node = inners.childAt(node, at);
    }
    return before + this.#leaves.countBelow(node, score, isInclusive);
  }

  /**
   * Visits `count` pairs from rank `start` on, upwards. Members that are bytes go to `visitBytes`, if there is one. The tree must
   * not change meanwhile. O(log n + count).
   */
  forEach(start: number, count: number, visit: PairVisitor, visitBytes?: PairBytesVisitor): void {
    if (count <= 0) return;
    const leaves = this.#leaves;
    let { leaf, at } = this.#leafOfRank(start);
    for (let left = count; leaf !== NONE && left > 0; leaf = leaves.next(leaf), at = 0) {
      const end = Math.min(leaves.countOf(leaf), at + left);
      left -= end - at;
      leaves.forEach(leaf, at, end, visit, visitBytes);
    }
  }

  /** As `forEach`, downwards. */
  forEachDown(start: number, count: number, visit: PairVisitor, visitBytes?: PairBytesVisitor): void {
    if (count <= 0) return;
    const leaves = this.#leaves;
    let { leaf, at } = this.#leafOfRank(start);
    for (let left = count; ; at = leaves.countOf(leaf) - 1) {
      const from = Math.max(0, at + 1 - left);
      left -= at + 1 - from;
      leaves.forEachDown(leaf, from, at + 1, visit, visitBytes);
      leaf = leaves.previous(leaf);
      if (leaf === NONE || left === 0) return;
    }
  }

  /** Leaf and index of the pair of rank `rank`, which must be in the tree. */
  #leafOfRank(rank: number): { leaf: number; at: number } {
    let left = rank;
    let node = this.#root;
    for (let height = this.#height; height > 0; height--) {
      const at = this.#inners.childOfRank(node, left);
      left -= this.#inners.pairsBefore(node, at);
      node = this.#inners.childAt(node, at);
    }
    return { leaf: node, at: left };
  }

  /** Number of leaves: how densely the tree is filled. */
  leafCount(): number {
    return this.#leaves.inUse;
  }

  /** About how many bytes of memory the tree takes, without its members. */
  memoryBytes(): number {
    return TREE_BYTES + this.#pages.memoryBytes();
  }

  /**
   * Checks every invariant; for tests.
   *
   * @throws Error that names the one that does not hold
   */
  verify(): void {
    verifyTree(this.#parts());
  }

  #parts(): TreeParts {
    return {
      pages: this.#pages,
      leaves: this.#leaves,
      inners: this.#inners,
      keys: this.#keys,
      root: this.#root,
      height: this.#height,
      size: this.#size,
    };
  }
}
