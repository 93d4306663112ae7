/**
 * Measures by key prefix: a tree of segments, each node with the sums over all keys below it.
 *
 * Memory is bounded: a node keeps the children that weigh most in bytes (see heavy-hitters.ts), and the tree has a limit
 * of nodes; what finds no child is in its parent alone, which readers see as "other".
 *
 * Invariants: a node's sums are those of its children and of its "other"; the root's are exact, and so are those of all
 * nodes whose `mayMiss` is 0, which are all of them unless there are very many prefixes.
 */
import { HeavyHitters, type Hitter } from './heavy-hitters.ts';
import { keyPath } from './key-path.ts';

/** Children that a node keeps at least. */
const CHILDREN = 256;
/** Nodes that are made; one takes some 300 bytes. */
const MAX_NODES = 30_000;
/** Keys whose leaf is remembered, for the keys that come again soon. */
const REMEMBERED_KEYS = 4096;

export class PrefixNode implements Hitter {
  /** The segment; the tree's root has none. */
  readonly name: string;
  readonly parent: PrefixNode | undefined;
  /** Bytes in the log. */
  weight = 0;
  readonly mayMiss: number;
  /** How often records changed keys below. */
  writes = 0;
  /** Bytes that a rewrite would write. */
  liveBytes = 0;
  liveKeys = 0;
  /** Keys with an expiry that were deleted. */
  expiries = 0;
  children: HeavyHitters<PrefixNode> | undefined;

  constructor(name: string, parent: PrefixNode | undefined, mayMiss: number) {
    this.name = name;
    this.parent = parent;
    this.mayMiss = mayMiss;
  }

  /** The whole prefix. */
  get prefix(): string {
    return (this.parent?.prefix ?? '') + this.name;
  }
}

export class PrefixTree {
  readonly root = new PrefixNode('', undefined, 0);
  readonly #separator: string;
  readonly #maxNodes: number;
  #nodes = 1;
  readonly #paths = new Map<string, readonly string[]>();

  constructor(separator: string, maxNodes = MAX_NODES) {
    this.#separator = separator;
    this.#maxNodes = maxNodes;
  }

  /** Counts bytes of the log for `key`, and a write if it was one; answers its first segment. */
  addLogged(key: string, bytes: number, writes: number): string {
    const path = this.#pathOf(key);
    let node: PrefixNode | undefined = this.root;
    for (let depth = 0; ; depth++) {
      node.weight += bytes;
      node.writes += writes;
      if (depth === path.length) break;
      const child = this.#child(node, path[depth] ?? '', bytes);
      if (child === undefined) break;
      node = child;
    }
    return path[0] ?? '';
  }

  /** @param weight how many such keys it stands for */
  addLive(key: string, bytes: number, weight = 1): void {
    this.#visit(key, (node) => {
      node.liveBytes += bytes * weight;
      node.liveKeys += weight;
    });
  }

  addExpiry(key: string, weight = 1): void {
    this.#visit(key, (node) => {
      node.expiries += weight;
    });
  }

  /** The nodes on the way to `key` that are there. */
  #visit(key: string, see: (node: PrefixNode) => void): void {
    let node: PrefixNode | undefined = this.root;
    see(node);
    for (const segment of this.#pathOf(key)) {
      node = node.children?.find(segment);
      if (node === undefined) return;
      see(node);
    }
  }

  /** The child, its weight still to be counted. */
  #child(node: PrefixNode, segment: string, bytes: number): PrefixNode | undefined {
    const children = node.children ?? this.#childrenOf(node);
    if (this.#nodes >= this.#maxNodes && children.find(segment) === undefined) {
      children.addUnnamed(bytes);
      return undefined;
    }
    const before = children.size;
    const child = children.add(segment, 0);
    // Dropped nodes take those below them along, which still count: the limit is a ceiling of what was ever made at once.
    if (children.size < before) this.#nodes = countNodes(this.root);
    return child;
  }

  #childrenOf(node: PrefixNode): HeavyHitters<PrefixNode> {
    const children = new HeavyHitters<PrefixNode>({
      capacity: CHILDREN,
      create: (name, mayMiss) => {
        this.#nodes++;
        return new PrefixNode(name, node, mayMiss);
      },
    });
    // What the node itself may have missed was below it.
    children.addUnnamed(node.mayMiss);
    node.children = children;
    return children;
  }

  #pathOf(key: string): readonly string[] {
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const path = keyPath(key, this.#separator);
    if (key.length > 256) return path;
    if (this.#paths.size >= REMEMBERED_KEYS) this.#paths.clear();
    this.#paths.set(key, path);
    return path;
  }
}

function countNodes(node: PrefixNode): number {
  let count = 1;
  for (const child of node.children?.top() ?? []) count += countNodes(child);
  return count;
}
