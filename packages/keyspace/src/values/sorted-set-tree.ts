/**
 * The order of a big sorted set: a counted B+ tree of (score, member) pairs.
 *
 * Ordered by score, then by the member's bytes (chars of a latin1 string compare like unsigned bytes). Every inner node
 * knows how many pairs each of its children holds, so positions (ranks) are found as fast as pairs: O(log n). Leaves are
 * linked both ways, so that a range is walked without climbing.
 *
 * Invariants
 * - All leaves are at the same depth. Only the root may be an empty leaf. An inner node has 1 to INNER_CAPACITY children.
 * - `counts[i]` is the number of pairs below `children[i]`.
 * - The separator `i >= 1` of an inner node is not above the first pair of `children[i]` and above the last pair of
 *   `children[i - 1]`. It need not be a pair that is still there. Separator 0 is never read.
 * - A node that shrank below a quarter is merged with a neighbour when the two fit three quarters, which keeps
 *   the average fill above a constant fraction and the height logarithmic without any borrowing.
 *
 * Scores are never NaN. The tree does not notice members that occur twice with different scores: its owner does.
 */

import {
  childBefore,
  childIndex,
  countOf,
  doubles,
  dropChildren,
  emptyLeaf,
  INNER_CAPACITY,
  Inner,
  type IsBefore,
  insertAt,
  isPairAt,
  LEAF_CAPACITY,
  Leaf,
  leafBound,
  type MemberKeys,
  mergeIfSmall,
  type Node,
  pairsBefore,
  removeAt,
  removeRanks,
  type Split,
  scoreBound,
  splitInner,
  splitLeaf,
  verifyNode,
} from './sorted-set-nodes.ts';

/** Leaves that stand for all when memory is estimated. */
const MEASURED_LEAVES = 256;
/** A leaf's two columns, their headers, the leaf itself, and its part of the nodes above. */
const LEAF_BYTES = LEAF_CAPACITY * 16 + 200;

export class SortedSetTree {
  readonly #keys: MemberKeys;
  #root: Node = emptyLeaf();
  #size = 0;

  /** @param keys the table that keeps the members: as long as one is in the tree, it is at its address there */
  constructor(keys: MemberKeys) {
    this.#keys = keys;
  }

  /**
   * A tree of pairs that are in order already, in O(n), its leaves full.
   *
   * @param scores as long as `members`, the addresses; neither array is kept
   */
  static of(scores: ArrayLike<number>, members: readonly number[], keys: MemberKeys): SortedSetTree {
    const tree = new SortedSetTree(keys);
    const size = members.length;
    if (size === 0) return tree;
    let level: Node[] = [];
    let firsts: number[] = [];
    let last: Leaf | undefined;
    for (let from = 0; from < size; from += LEAF_CAPACITY) {
      const to = Math.min(size, from + LEAF_CAPACITY);
      const leafScores = doubles(scores[from]);
      for (let i = from + 1; i < to; i++) leafScores.push(scores[i]);
      const leaf = new Leaf(leafScores.slice(), members.slice(from, to));
      leaf.previous = last;
      if (last) last.next = leaf;
      last = leaf;
      level.push(leaf);
      firsts.push(from);
    }
    while (level.length > 1) {
      const parents: Node[] = [];
      const parentFirsts: number[] = [];
      for (let from = 0; from < level.length; from += INNER_CAPACITY) {
        const children = level.slice(from, from + INNER_CAPACITY);
        const own = firsts.slice(from, from + INNER_CAPACITY);
        const separatorScores = doubles(scores[own[0]]);
        for (let i = 1; i < own.length; i++) separatorScores.push(scores[own[i]]);
        const separators = own.map((first) => keys.keyAt(members[first]));
        parents.push(new Inner(children, children.map(countOf), separatorScores, separators));
        parentFirsts.push(own[0]);
      }
      level = parents;
      firsts = parentFirsts;
    }
    tree.#root = level[0];
    tree.#size = size;
    return tree;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a pair that is not in the tree. O(log n). @param address of `member` in the table */
  insert(score: number, member: string, address: number): void {
    this.#size++;
    const root = this.#root;
    const sibling = this.#insertInto(root, score, member, address);
    if (sibling === undefined) return;
    const scores = doubles(0);
    scores.push(sibling.score);
    const counts = [countOf(root), countOf(sibling.node)];
    this.#root = new Inner([root, sibling.node], counts, scores, ['', sibling.member]);
  }

  /** Answers the new right sibling of `node` and its separator, if `node` had to be split. */
  #insertInto(node: Node, score: number, member: string, address: number): Split | undefined {
    if (node instanceof Leaf) {
      const at = leafBound(node, score, member, this.#keys);
      if (node.members.length < LEAF_CAPACITY) {
        insertAt(node.scores, at, score);
        insertAt(node.members, at, address);
        return undefined;
      }
      return splitLeaf(node, at, score, address, this.#keys);
    }
    const at = childIndex(node, score, member);
    const child = node.children[at];
    const split = this.#insertInto(child, score, member, address);
    if (split === undefined) {
      node.counts[at]++;
      return undefined;
    }
    const moved = countOf(split.node);
    node.counts[at] += 1 - moved;
    insertAt(node.children, at + 1, split.node);
    insertAt(node.counts, at + 1, moved);
    insertAt(node.scores, at + 1, split.score);
    insertAt(node.members, at + 1, split.member);
    return node.children.length <= INNER_CAPACITY ? undefined : splitInner(node, split.edge);
  }

  /**
   * Removes a pair and answers its member's address, or undefined if it is not there. O(log n).
   */
  remove(score: number, member: string): number | undefined {
    const removed = this.#removeFrom(this.#root, score, member);
    if (removed !== undefined) {
      this.#size--;
      this.#lowerRoot();
    }
    return removed;
  }

  #removeFrom(node: Node, score: number, member: string): number | undefined {
    if (node instanceof Leaf) {
      const at = leafBound(node, score, member, this.#keys);
      if (at === node.scores.length || !isPairAt(node, at, score, member, this.#keys)) return undefined;
      const held = node.members[at];
      removeAt(node.scores, at);
      removeAt(node.members, at);
      return held;
    }
    const at = childIndex(node, score, member);
    const child = node.children[at];
    const removed = this.#removeFrom(child, score, member);
    if (removed === undefined) return undefined;
    const left = node.counts[at] - 1;
    node.counts[at] = left;
    if (left === 0) dropChildren(node, at, at + 1);
    else mergeIfSmall(node, at);
    return removed;
  }

  /**
   * Gives the pair (`score`, `member`) the score `newScore` without moving it, if its neighbours allow that: a small
   * change of a score usually changes no order.
   *
   * @returns false if nothing was done; then the pair has to be removed and inserted
   */
  replaceScore(score: number, member: string, newScore: number): boolean {
    let node = this.#root;
    while (node instanceof Inner) node = node.children[childIndex(node, score, member)];
    const { scores } = node;
    const at = leafBound(node, score, member, this.#keys);
    if (at === 0 || at >= scores.length - 1 || !isPairAt(node, at, score, member, this.#keys)) return false;
    // The ends of a leaf are left alone, because separators and the next leaves bound them.
    if (scores[at - 1] >= newScore || scores[at + 1] <= newScore) return false;
    scores[at] = newScore;
    return true;
  }

  /** Position of a pair in the order, or -1 if it is not there. O(log n). */
  rank(score: number, member: string): number {
    let before = 0;
    let node = this.#root;
    while (node instanceof Inner) {
      const at = childIndex(node, score, member);
      for (let i = 0; i < at; i++) before += node.counts[i];
      node = node.children[at];
    }
    const at = leafBound(node, score, member, this.#keys);
    return at < node.scores.length && isPairAt(node, at, score, member, this.#keys) ? before + at : -1;
  }

  /** Number of pairs for which `isBefore` holds. O(log n). */
  countBefore(isBefore: IsBefore): number {
    let before = 0;
    let node = this.#root;
    while (node instanceof Inner) {
      const at = childBefore(node, isBefore);
      for (let i = 0; i < at; i++) before += node.counts[i];
      node = node.children[at];
    }
    return before + pairsBefore(node, isBefore, this.#keys);
  }

  /** Number of pairs with a score below `score`, or up to it if `isInclusive`. O(log n). */
  countBelow(score: number, isInclusive: boolean): number {
    let before = 0;
    let node = this.#root;
    while (node instanceof Inner) {
      const at = scoreBound(node.scores, 1, score, isInclusive) - 1;
      for (let i = 0; i < at; i++) before += node.counts[i];
      node = node.children[at];
    }
    return before + scoreBound(node.scores, 0, score, isInclusive);
  }

  /** Visits `count` pairs from rank `start` on, upwards. The tree must not change meanwhile. O(log n + count). */
  forEach(start: number, count: number, visit: (member: string, score: number) => void): void {
    if (count <= 0) return;
    const found = this.#leafOf(start);
    let leaf: Leaf | undefined = found.leaf;
    let at = found.at;
    for (let left = count; leaf !== undefined && left > 0; leaf = leaf.next, at = 0) {
      const end = Math.min(leaf.members.length, at + left);
      left -= end - at;
      for (; at < end; at++) visit(this.#keys.keyAt(leaf.members[at]), leaf.scores[at]);
    }
  }

  /** Visits `count` pairs from rank `start` on, downwards. The tree must not change meanwhile. O(log n + count). */
  forEachDown(start: number, count: number, visit: (member: string, score: number) => void): void {
    if (count <= 0) return;
    const found = this.#leafOf(start);
    let leaf: Leaf | undefined = found.leaf;
    let at = found.at;
    let left = count;
    for (;;) {
      for (; at >= 0 && left > 0; at--, left--) visit(this.#keys.keyAt(leaf.members[at]), leaf.scores[at]);
      leaf = leaf.previous;
      if (leaf === undefined || left === 0) return;
      at = leaf.members.length - 1;
    }
  }

  /** Leaf and index of the pair of rank `rank`, which must be in the tree. */
  #leafOf(rank: number): { leaf: Leaf; at: number } {
    let left = rank;
    let node = this.#root;
    while (node instanceof Inner) {
      let at = 0;
      while (left >= node.counts[at]) left -= node.counts[at++];
      node = node.children[at];
    }
    return { leaf: node, at: left };
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
    removeRanks(this.#root, start, end, (address) => onRemove(this.#keys.keyAt(address)));
    this.#size -= end - start;
    this.#lowerRoot();
  }

  /** A copy over `keys`, a copy of this tree's table with the same addresses. O(n). */
  clone(keys: MemberKeys): SortedSetTree {
    const scores: number[] = [];
    const members: number[] = [];
    for (let leaf: Leaf | undefined = this.#leafOf(0).leaf; leaf !== undefined; leaf = leaf.next) {
      for (let i = 0; i < leaf.members.length; i++) {
        scores.push(leaf.scores[i]);
        members.push(leaf.members[i]);
      }
    }
    return SortedSetTree.of(scores, members, keys);
  }

  #clear(): void {
    this.#root = emptyLeaf();
    this.#size = 0;
  }

  #lowerRoot(): void {
    while (this.#root instanceof Inner && this.#root.children.length <= 1) {
      const only = this.#root.children[0];
      if (only === undefined) this.#clear();
      else this.#root = only;
    }
  }

  /** Number of leaves: how densely the tree is filled. O(leaves). */
  leafCount(): number {
    let count = 0;
    for (let leaf: Leaf | undefined = this.#leafOf(0).leaf; leaf !== undefined; leaf = leaf.next) count++;
    return count;
  }

  /** About how many bytes of memory the tree takes, without its members: of a large one, by some of its leaves. */
  memoryBytes(): number {
    let leaves = 0;
    let pairs = 0;
    for (
      let leaf: Leaf | undefined = this.#leafOf(0).leaf;
      leaf !== undefined && leaves < MEASURED_LEAVES;
      leaf = leaf.next
    ) {
      leaves++;
      pairs += leaf.scores.length;
    }
    return Math.round(LEAF_BYTES * leaves * (this.#size / Math.max(1, pairs)));
  }

  /**
   * Checks every invariant; for tests.
   *
   * @throws Error that names the one that does not hold
   */
  verify(): void {
    const leaves: Leaf[] = [];
    const count = verifyNode(this.#root, leaves, this.#root, this.#keys);
    if (count !== this.#size) throw new Error(`size ${this.#size}, but ${count} pairs`);
    leaves.forEach((leaf, i) => {
      if (leaf.previous !== leaves[i - 1] || leaf.next !== leaves[i + 1]) throw new Error('broken links');
    });
    let last = { score: -Infinity, member: '' };
    this.forEach(0, count, (member, score) => {
      const isAscending = last.score < score || (last.score === score && last.member < member);
      if (!isAscending && last.score !== -Infinity) throw new Error('not in order');
      last = { score, member };
    });
  }
}
