/** Checks every invariant of a sorted set's tree (sorted-set-tree.ts) and of its slots; for tests. */

import { INNER_CAPACITY } from './sorted-set-inners.ts';
import { LEAF_CAPACITY } from './sorted-set-leaves.ts';
import { NONE } from './sorted-set-pages.ts';
import type { TreeParts } from './sorted-set-parts.ts';

/** @throws Error that names the invariant that does not hold */
export function verifyTree(tree: TreeParts): void {
  const found: Found = { leaves: [], inners: [] };
  const pairs = verifyNode(tree, tree.root, tree.height, found);
  if (pairs !== tree.size) throw new Error(`size ${tree.size}, but ${pairs} pairs`);
  if (tree.leaves.inUse !== found.leaves.length) throw new Error('leaves are counted wrongly');
  found.leaves.forEach((leaf, i) => {
    const isLinked =
      tree.leaves.previous(leaf) === (found.leaves[i - 1] ?? NONE) &&
      tree.leaves.next(leaf) === (found.leaves[i + 1] ?? NONE);
    if (!isLinked) throw new Error('broken links');
  });
  verifyOrder(tree, found.leaves);
  tree.pages.verify([...found.leaves, ...found.inners]);
}

interface Found {
  /** From left to right. */
  readonly leaves: number[];
  readonly inners: number[];
}

/** Answers the number of pairs below `node`. */
function verifyNode(tree: TreeParts, node: number, height: number, found: Found): number {
  const isRoot = node === tree.root;
  if (height === 0) {
    found.leaves.push(node);
    if (tree.inners.heightOf(node) !== 0) throw new Error('a leaf that says it is none');
    const count = tree.leaves.countOf(node);
    if (count > LEAF_CAPACITY) throw new Error('overfull leaf');
    if (count === 0 && !isRoot) throw new Error('empty leaf');
    return count;
  }
  found.inners.push(node);
  if (tree.inners.heightOf(node) !== height) throw new Error('a wrong height');
  const { inners, leaves } = tree;
  const count = inners.countOf(node);
  if (count < (isRoot ? 2 : 1) || count > INNER_CAPACITY) throw new Error('wrong fan-out');
  let total = 0;
  for (let at = 0; at < count; at++) {
    const firstLeaf = found.leaves.length;
    const pairs = verifyNode(tree, inners.childAt(node, at), height - 1, found);
    if (pairs !== inners.pairsAt(node, at)) throw new Error(`a count is ${inners.pairsAt(node, at)}, not ${pairs}`);
    total += pairs;
    const leaf = found.leaves[firstLeaf];
    const isFirst =
      inners.scoreAt(node, at) === leaves.scoreAt(leaf, 0) && inners.memberAt(node, at) === leaves.memberAt(leaf, 0);
    if (at > 0 && !isFirst) throw new Error('a separator is not the first pair behind it');
  }
  return total;
}

function verifyOrder({ leaves, keys }: TreeParts, chain: readonly number[]): void {
  let last: { score: number; member: string } | undefined;
  for (const leaf of chain) {
    for (let at = 0; at < leaves.countOf(leaf); at++) {
      const score = leaves.scoreAt(leaf, at);
      const member = keys.keyAt(leaves.memberAt(leaf, at));
      const isAbove = last === undefined || last.score < score || (last.score === score && last.member < member);
      if (!isAbove) throw new Error('not in order');
      last = { score, member };
    }
  }
}
