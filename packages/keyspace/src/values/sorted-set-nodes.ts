/**
 * The nodes of a sorted set's tree (see sorted-set-tree.ts for the invariants): leaves, inner nodes, and the operations
 * that look at one node and its children.
 *
 * Scores and members are parallel arrays. A leaf has the addresses of its members in the table that keeps their bytes
 * (byte-table.ts): small integers, which cost the garbage collector nothing. The separators of inner nodes are strings, for they outlive
 * their members. A score array holds unboxed doubles: it is born with a fraction in it, so that V8 never
 * keeps tagged integers there, which would make every load polymorphic.
 */

export const LEAF_CAPACITY = 64;
export const INNER_CAPACITY = 32;

/** Says whether a pair is before what is searched. Must be monotone: true for a prefix of the order, then false. */
export type IsBefore = (score: number, member: string) => boolean;

/** What is asked of the table that keeps the members. */
export interface MemberKeys {
  keyAt(address: number): string;
  /** Compares the member at `address` with `member`, byte by byte: below 0, 0 or above 0. */
  compareKey(address: number, member: string): number;
}

export class Leaf {
  scores: number[];
  /** Addresses. */
  members: number[];
  previous: Leaf | undefined = undefined;
  next: Leaf | undefined = undefined;

  constructor(scores: number[], members: number[]) {
    this.scores = scores;
    this.members = members;
  }
}

export class Inner {
  readonly children: Node[];
  readonly counts: number[];
  readonly scores: number[];
  readonly members: string[];

  constructor(children: Node[], counts: number[], scores: number[], members: string[]) {
    this.children = children;
    this.counts = counts;
    this.scores = scores;
    this.members = members;
  }
}

export type Node = Leaf | Inner;

/** A node that was split off to the right, its separator, and where: at an end of the whole order or inside. */
export interface Split {
  readonly node: Node;
  readonly score: number;
  readonly member: string;
  readonly edge: 'first' | 'last' | 'none';
}

/** An array of doubles that begins with `score`, whatever it is, in V8's unboxed form. */
export function doubles(score: number): number[] {
  const scores = [0.5];
  scores[0] = score;
  return scores;
}

/** Index of the first pair of a leaf that is not below (`score`, `member`). */
export function leafBound({ scores, members }: Leaf, score: number, member: string, keys: MemberKeys): number {
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = scores[middle];
    if (other < score || (other === score && keys.compareKey(members[middle], member) < 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether pair `at` of a leaf is (`score`, `member`). */
export function isPairAt(
  { scores, members }: Leaf,
  at: number,
  score: number,
  member: string,
  keys: MemberKeys,
): boolean {
  return scores[at] === score && keys.compareKey(members[at], member) === 0;
}

/** Index of the first separator in `scores`, `members` from `from` on that is not below (`score`, `member`). */
function lowerBound(scores: number[], members: string[], from: number, score: number, member: string): number {
  let low = from;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = scores[middle];
    if (other < score || (other === score && members[middle] < member)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first score from `from` on that is not below `score`, or above it if `isInclusive`. */
export function scoreBound(scores: number[], from: number, score: number, isInclusive: boolean): number {
  let low = from;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = scores[middle];
    if (other < score || (isInclusive && other === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the child that holds (`score`, `member`) if any does. */
export function childIndex(node: Inner, score: number, member: string): number {
  const at = lowerBound(node.scores, node.members, 1, score, member);
  return at < node.scores.length && node.scores[at] === score && node.members[at] === member ? at : at - 1;
}

export function insertAt<T>(list: T[], at: number, item: T): void {
  list.push(item);
  for (let i = list.length - 1; i > at; i--) list[i] = list[i - 1];
  list[at] = item;
}

export function removeAt<T>(list: T[], at: number): void {
  for (let i = at + 1; i < list.length; i++) list[i - 1] = list[i];
  list.pop();
}

function append<T>(list: T[], more: readonly T[]): void {
  for (let i = 0; i < more.length; i++) list.push(more[i]);
}

export function emptyLeaf(): Leaf {
  const scores = doubles(0);
  scores.pop();
  return new Leaf(scores, []);
}

export function countOf(node: Node): number {
  if (node instanceof Leaf) return node.members.length;
  let count = 0;
  for (let i = 0; i < node.counts.length; i++) count += node.counts[i];
  return count;
}

/** Index of the first of `count` pairs from `from` on for which `isBefore` does not hold. */
function partition(from: number, count: number, isBefore: (at: number) => boolean): number {
  let low = from;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many pairs of a leaf are before what is searched. */
export function pairsBefore({ scores, members }: Leaf, isBefore: IsBefore, keys: MemberKeys): number {
  return partition(0, scores.length, (at) => isBefore(scores[at], keys.keyAt(members[at])));
}

/** Index of the child in which what is searched begins. */
export function childBefore({ scores, members }: Inner, isBefore: IsBefore): number {
  return partition(1, scores.length, (at) => isBefore(scores[at], members[at])) - 1;
}

/**
 * Splits a full leaf and adds a pair at `at`. Inside the order it halves; at the end of the whole order the old leaf
 * stays full (cut to size) and the new one begins with the pair, so that growing scores fill leaves completely; at the
 * beginning likewise.
 */
export function splitLeaf(leaf: Leaf, at: number, score: number, member: number, keys: MemberKeys): Split {
  const { scores, members } = leaf;
  let edge: Split['edge'] = 'none';
  let right: Leaf;
  if (at === members.length && leaf.next === undefined) {
    edge = 'last';
    leaf.scores = scores.slice();
    leaf.members = members.slice();
    right = new Leaf(doubles(score), [member]);
  } else if (at === 0 && leaf.previous === undefined) {
    edge = 'first';
    right = new Leaf(scores.slice(), members.slice());
    leaf.scores = doubles(score);
    leaf.members = [member];
  } else {
    const middle = LEAF_CAPACITY >>> 1;
    right = new Leaf(scores.slice(middle), members.slice(middle));
    scores.length = middle;
    members.length = middle;
    const target = at <= middle ? leaf : right;
    const targetAt = at <= middle ? at : at - middle;
    insertAt(target.scores, targetAt, score);
    insertAt(target.members, targetAt, member);
  }
  right.next = leaf.next;
  right.previous = leaf;
  if (leaf.next) leaf.next.previous = right;
  leaf.next = right;
  return { node: right, score: right.scores[0], member: keys.keyAt(right.members[0]), edge };
}

export function splitInner(node: Inner, edge: Split['edge']): Split {
  const { children, counts, scores, members } = node;
  const at = edge === 'last' ? children.length - 1 : edge === 'first' ? 1 : children.length >>> 1;
  const right = new Inner(children.slice(at), counts.slice(at), scores.slice(at), members.slice(at));
  children.length = at;
  counts.length = at;
  scores.length = at;
  members.length = at;
  return { node: right, score: right.scores[0], member: right.members[0], edge };
}

function unlink(leaf: Leaf): void {
  if (leaf.previous) leaf.previous.next = leaf.next;
  if (leaf.next) leaf.next.previous = leaf.previous;
}

/** Takes the children `from` (inclusive) to `to` (exclusive) out of `node`. They are empty or their pairs are elsewhere. */
export function dropChildren(node: Inner, from: number, to: number): void {
  for (let i = from; i < to; i++) unlinkLeaves(node.children[i]);
  node.children.splice(from, to - from);
  node.counts.splice(from, to - from);
  node.scores.splice(from, to - from);
  node.members.splice(from, to - from);
}

function unlinkLeaves(node: Node): void {
  if (node instanceof Leaf) unlink(node);
  else for (const child of node.children) unlinkLeaves(child);
}

/** Pairs of a leaf, children of an inner node. */
function slotsOf(node: Node): number {
  return node instanceof Leaf ? node.members.length : node.children.length;
}

/** Merges child `at` of `node` with a neighbour if it is small and the two fit well into one. */
export function mergeIfSmall(node: Inner, at: number): void {
  const child = node.children[at];
  const capacity = child instanceof Leaf ? LEAF_CAPACITY : INNER_CAPACITY;
  const slots = slotsOf(child);
  if (slots * 4 >= capacity) return;
  const room = capacity * 0.75 - slots;
  if (at + 1 < node.children.length && slotsOf(node.children[at + 1]) <= room) mergeWithNext(node, at);
  else if (at > 0 && slotsOf(node.children[at - 1]) <= room) mergeWithNext(node, at - 1);
}

function mergeWithNext(node: Inner, at: number): void {
  const left = node.children[at];
  const right = node.children[at + 1];
  if (left instanceof Leaf && right instanceof Leaf) {
    append(left.scores, right.scores);
    append(left.members, right.members);
    unlink(right);
  } else if (left instanceof Inner && right instanceof Inner) {
    // The first separator of `right`, which nobody read there, becomes one that counts.
    right.scores[0] = node.scores[at + 1];
    right.members[0] = node.members[at + 1];
    append(left.children, right.children);
    append(left.counts, right.counts);
    append(left.scores, right.scores);
    append(left.members, right.members);
  }
  node.counts[at] += node.counts[at + 1];
  removeAt(node.children, at + 1);
  removeAt(node.counts, at + 1);
  removeAt(node.scores, at + 1);
  removeAt(node.members, at + 1);
}

/** Removes the pairs `start` to `end` (exclusive) of `node`, which keeps at least one; tells the address of each member. */
export function removeRanks(node: Node, start: number, end: number, onRemove: (member: number) => void): void {
  if (node instanceof Leaf) {
    for (let i = start; i < end; i++) onRemove(node.members[i]);
    node.scores.splice(start, end - start);
    node.members.splice(start, end - start);
    return;
  }
  let at = 0;
  let before = 0;
  while (before + node.counts[at] <= start) before += node.counts[at++];
  const first = at;
  let dropFrom = -1;
  let dropTo = -1;
  for (; at < node.children.length && before < end; at++) {
    const count = node.counts[at];
    const from = Math.max(0, start - before);
    const to = Math.min(count, end - before);
    before += count;
    if (to - from === count) {
      forEachMember(node.children[at], onRemove);
      if (dropFrom < 0) dropFrom = at;
      dropTo = at + 1;
    } else {
      removeRanks(node.children[at], from, to, onRemove);
      node.counts[at] = count - (to - from);
    }
  }
  if (dropFrom >= 0) dropChildren(node, dropFrom, dropTo);
  // Only the children on both sides of the gap can have become small.
  if (first + 1 < node.children.length) mergeIfSmall(node, first + 1);
  if (first < node.children.length) mergeIfSmall(node, first);
}

function forEachMember(node: Node, visit: (member: number) => void): void {
  if (node instanceof Leaf) for (const member of node.members) visit(member);
  else for (const child of node.children) forEachMember(child, visit);
}

/** Answers the number of pairs below `node`. */
export function verifyNode(node: Node, leaves: Leaf[], root: Node, keys: MemberKeys): number {
  if (node instanceof Leaf) {
    leaves.push(node);
    if (node.scores.length !== node.members.length) throw new Error('columns of a leaf differ in length');
    if (node.members.length > LEAF_CAPACITY) throw new Error('overfull leaf');
    if (node.members.length === 0 && node !== root) throw new Error('empty leaf');
    return node.members.length;
  }
  const { children, counts, scores, members } = node;
  if (children.length < (node === root ? 2 : 1) || children.length > INNER_CAPACITY) throw new Error('wrong fan-out');
  if (counts.length !== children.length || scores.length !== children.length || members.length !== children.length) {
    throw new Error('columns of an inner node differ in length');
  }
  if (new Set(children.map(heightOf)).size !== 1) throw new Error('leaves at different depths');
  let total = 0;
  children.forEach((child, i) => {
    const from = leaves.length;
    const count = verifyNode(child, leaves, root, keys);
    if (count !== counts[i]) throw new Error(`a count is ${counts[i]} instead of ${count}`);
    total += count;
    if (i === 0) return;
    const before = leaves[from - 1];
    const after = leaves[from];
    if (leafBound(after, scores[i], members[i], keys) !== 0) throw new Error('separator too high');
    const rank = leafBound(before, scores[i], members[i], keys);
    if (rank !== before.members.length) throw new Error('separator too low');
  });
  return total;
}

function heightOf(node: Node): number {
  return node instanceof Leaf ? 0 : 1 + heightOf(node.children[0]);
}
