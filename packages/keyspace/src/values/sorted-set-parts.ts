/** A sorted set's tree (sorted-set-tree.ts) as it is inside, and how one of its nodes is moved to another slot. */

import type { SortedSetInners } from './sorted-set-inners.ts';
import type { MemberKeys, SortedSetLeaves } from './sorted-set-leaves.ts';
import type { SortedSetPages } from './sorted-set-pages.ts';

export interface TreeParts {
  readonly pages: SortedSetPages;
  readonly leaves: SortedSetLeaves;
  readonly inners: SortedSetInners;
  readonly keys: MemberKeys;
  readonly root: number;
  /** Inner nodes from the root to a leaf. */
  readonly height: number;
  readonly size: number;
}

/** Moves `node`, a leaf or not, to another slot and tells the nodes around it; answers where it is now. O(log n). */
export function moveNode({ pages, leaves, inners, keys, root, height }: TreeParts, node: number): number {
  const ownHeight = inners.heightOf(node);
  let leaf = node;
  for (let above = ownHeight; above > 0; above--) leaf = inners.childAt(leaf, 0);
  const score = leaves.scoreAt(leaf, 0);
  const member = node === root ? '' : keys.keyAt(leaves.memberAt(leaf, 0));
  const moved = ownHeight === 0 ? leaves.move(node) : pages.move(node);
  if (node === root) return moved;
  let parent = root;
  for (let above = height; above > ownHeight + 1; above--) {
    parent = inners.childAt(parent, inners.childOf(parent, score, member));
  }
  inners.setChild(parent, inners.childOf(parent, score, member), moved);
  return moved;
}
