/**
 * The form of a large list: a double-ended queue of nodes with loose elements at both ends.
 *
 *     head chunk   loose strings, last element of the array = first of the list
 *     nodes        packed, at most 8 KiB each (list-node.ts)
 *     tail chunk   loose strings, in order
 *
 * Pushes and pops touch only a chunk; half of a chunk that has become too long is packed into a node, an empty one is
 * refilled from the nearest node, so that at least half a chunk of operations lies between two such steps: O(1) amortised.
 * A chunk's limit is a sixteenth of the list, 16 to 128 elements: loose elements take more memory, and stay few.
 *
 * Invariants: `count` is the number of elements; `bytes` is what they would take packed. Elements are flat strings.
 */
import { packedEntry, packedNext, packedSize, packedSkip } from '../packed.ts';
import {
  joined,
  type ListNode,
  NODE_BYTES,
  nodeBytes,
  nodeElement,
  nodeElements,
  nodeMatches,
  nodeSlice,
  nodesOf,
  nodeWith,
  nodeWithout,
  packedNode,
} from './list-node.ts';
import { stringBytes } from './string-bytes.ts';

const LEAST_CHUNK = 16;
const GREATEST_CHUNK = 128;

/** An element's place: the part (0 the head chunk, then the nodes, then the tail chunk) and its number in there. */
interface Place {
  readonly part: number;
  readonly within: number;
}

export class ListDeque {
  count: number;
  bytes: number;
  #head: string[] = [];
  #nodes: ListNode[];
  #tail: string[] = [];

  /** A list of the elements of a packed sequence, which becomes a node as it is: at most 8 KiB. */
  constructor(text: string, count: number) {
    this.count = count;
    this.bytes = text.length;
    this.#nodes = count === 0 ? [] : [packedNode(text, count)];
  }

  pushHead(element: string): void {
    this.count++;
    this.bytes += packedSize(element.length);
    this.#head.push(element);
    if (this.#head.length > this.#chunkLimit()) this.#packHead();
  }

  pushTail(element: string): void {
    this.count++;
    this.bytes += packedSize(element.length);
    this.#tail.push(element);
    if (this.#tail.length > this.#chunkLimit()) this.#packTail();
  }

  popHead(): string | undefined {
    if (this.#head.length === 0) this.#refillHead();
    const element = this.#head.pop();
    if (element !== undefined) this.#forget(element);
    return element;
  }

  popTail(): string | undefined {
    if (this.#tail.length === 0) this.#refillTail();
    const element = this.#tail.pop();
    if (element !== undefined) this.#forget(element);
    return element;
  }

  /** The element at `index` (0 <= index < count); possibly a slice of a node. */
  at(index: number): string {
    const { part, within } = this.#locate(index);
    if (part === 0) return this.#head[this.#head.length - 1 - within];
    const node = this.#nodes[part - 1];
    return node === undefined ? this.#tail[within] : nodeElement(node, within);
  }

  /** Replaces the element at `index` (0 <= index < count). */
  replace(index: number, element: string): void {
    const { part, within } = this.#locate(index);
    const before = this.at(index);
    this.bytes += packedSize(element.length) - packedSize(before.length);
    const node = this.#nodes[part - 1];
    if (part === 0) this.#head[this.#head.length - 1 - within] = element;
    else if (node === undefined) this.#tail[within] = element;
    else this.#nodes.splice(part - 1, 1, ...nodeWith(node, within, 1, element));
  }

  /** Puts `element` before the one at `index` (0 <= index < count). */
  insert(index: number, element: string): void {
    const { part, within } = this.#locate(index);
    this.count++;
    this.bytes += packedSize(element.length);
    const node = this.#nodes[part - 1];
    if (part === 0) {
      this.#head.splice(this.#head.length - within, 0, element);
      if (this.#head.length > this.#chunkLimit()) this.#packHead();
    } else if (node === undefined) {
      this.#tail.splice(within, 0, element);
      if (this.#tail.length > this.#chunkLimit()) this.#packTail();
    } else {
      this.#nodes.splice(part - 1, 1, ...nodeWith(node, within, 0, element));
    }
  }

  /** Removes the first `count` elements. */
  dropHead(count: number): void {
    this.count -= count;
    let left = count - this.#forgetAll(this.#head.splice(Math.max(0, this.#head.length - count)));
    let whole = 0;
    while (whole < this.#nodes.length && this.#nodes[whole].count <= left) left -= this.#forgetNode(whole++);
    this.#nodes.splice(0, whole);
    if (left > 0 && this.#nodes.length > 0) {
      const node = this.#nodes[0];
      this.#cut(0, nodeSlice(node, left, node.count));
      left = 0;
    }
    this.#forgetAll(this.#tail.splice(0, left));
  }

  /** Removes the last `count` elements. */
  dropTail(count: number): void {
    this.count -= count;
    let left = count - this.#forgetAll(this.#tail.splice(Math.max(0, this.#tail.length - count)));
    let kept = this.#nodes.length;
    while (kept > 0 && this.#nodes[kept - 1].count <= left) left -= this.#forgetNode(--kept);
    this.#nodes.length = kept;
    if (left > 0 && kept > 0) {
      const node = this.#nodes[kept - 1];
      this.#cut(kept - 1, nodeSlice(node, 0, node.count - left));
      left = 0;
    }
    this.#forgetAll(this.#head.splice(0, left));
  }

  /** Removes up to `limit` elements equal to `element`, the first or (`fromTail`) the last ones; answers how many. */
  remove(element: string, limit: number, fromTail: boolean): number {
    const parts = this.nodeCount;
    let left = limit;
    for (let step = 0; step < parts && left > 0; step++) {
      const part = fromTail ? parts - 1 - step : step;
      const all = this.#matches(part, element, 0, this.#partLength(part));
      const matches = all.length <= left ? all : fromTail ? all.slice(-left) : all.slice(0, left);
      if (matches.length === 0) continue;
      left -= matches.length;
      this.#removeFromPart(part, matches);
    }
    const removed = limit - left;
    this.count -= removed;
    this.bytes -= removed * packedSize(element.length);
    if (removed > 0) this.#tidyNodes();
    return removed;
  }

  /**
   * Calls `onMatch` with the index of each element equal to `element`, from the head or from the tail on, until it answers
   * false or `maxLength` elements have been compared.
   */
  visitMatches(element: string, fromTail: boolean, maxLength: number, onMatch: (index: number) => boolean): void {
    const parts = this.nodeCount;
    let left = Math.min(maxLength, this.count);
    let base = fromTail ? this.count : 0;
    for (let step = 0; step < parts && left > 0; step++) {
      const part = fromTail ? parts - 1 - step : step;
      const length = this.#partLength(part);
      const compared = Math.min(length, left);
      left -= compared;
      if (fromTail) {
        base -= length;
        const matches = this.#matches(part, element, length - compared, length);
        for (let i = matches.length - 1; i >= 0; i--) if (!onMatch(base + matches[i])) return;
      } else {
        for (const within of this.#matches(part, element, 0, compared)) if (!onMatch(base + within)) return;
        base += length;
      }
    }
  }

  /** Calls `visit` with `count` elements from `start` on (all must exist); they may be slices of nodes. */
  visit(start: number, count: number, visit: (element: string) => void): void {
    if (count <= 0) return;
    let { part, within } = this.#locate(start);
    let left = count;
    for (; left > 0; part++) {
      const end = Math.min(this.#partLength(part), within + left);
      left -= end - within;
      this.#visitPart(part, within, end, visit);
      within = 0;
    }
  }

  /** A list of its own with the same elements. Nodes are shared: O(nodes). */
  clone(): ListDeque {
    const copy = new ListDeque('', 0);
    copy.count = this.count;
    copy.bytes = this.bytes;
    copy.#head = this.#head.slice();
    copy.#nodes = this.#nodes.slice();
    copy.#tail = this.#tail.slice();
    return copy;
  }

  /** Number of parts: the two chunks (which may be empty) and the nodes. */
  get nodeCount(): number {
    return this.#nodes.length + 2;
  }

  /** The elements of a part, in order. */
  nodeItems(part: number): string[] {
    if (part === 0) return this.#head.toReversed();
    const node = this.#nodes[part - 1];
    return node === undefined ? this.#tail.slice() : nodeElements(node);
  }

  /** About how many bytes of memory the list takes. */
  memoryBytes(): number {
    let total = 64 + 3 * 48 + this.#nodes.length * (8 + 48);
    for (const node of this.#nodes) total += stringBytes(node.text.length);
    for (const element of this.#head) total += 8 + stringBytes(element.length);
    for (const element of this.#tail) total += 8 + stringBytes(element.length);
    return total;
  }

  #chunkLimit(): number {
    return Math.max(LEAST_CHUNK, Math.min(GREATEST_CHUNK, this.count >> 4));
  }

  #packHead(): void {
    const chunk = this.#head;
    const nodes = nodesOf(chunk.splice(0, chunk.length - (this.#chunkLimit() >> 1)).reverse());
    const last = nodes[nodes.length - 1];
    const first = this.#nodes[0];
    const whole = first === undefined ? undefined : joined(last, first);
    if (whole === undefined) {
      this.#nodes.unshift(...nodes);
    } else {
      this.#nodes[0] = whole;
      if (nodes.length > 1) this.#nodes.unshift(...nodes.slice(0, -1));
    }
  }

  #packTail(): void {
    const chunk = this.#tail;
    const nodes = nodesOf(chunk.splice(0, chunk.length - (this.#chunkLimit() >> 1)));
    const last = this.#nodes[this.#nodes.length - 1];
    const whole = last === undefined ? undefined : joined(last, nodes[0]);
    if (whole !== undefined) {
      this.#nodes[this.#nodes.length - 1] = whole;
      nodes.shift();
    }
    this.#nodes.push(...nodes);
  }

  #refillHead(): void {
    const node = this.#nodes[0];
    if (node === undefined) {
      this.#head = this.#tail.splice(0, Math.ceil(this.#tail.length / 2)).reverse();
      return;
    }
    const taken = Math.min(node.count, this.#chunkLimit() >> 1);
    this.#head = nodeElements(node, 0, taken).reverse();
    if (taken === node.count) this.#nodes.shift();
    else this.#nodes[0] = nodeSlice(node, taken, node.count);
  }

  #refillTail(): void {
    const node = this.#nodes[this.#nodes.length - 1];
    if (node === undefined) {
      this.#tail = this.#head.splice(0, Math.ceil(this.#head.length / 2)).reverse();
      return;
    }
    const kept = node.count - Math.min(node.count, this.#chunkLimit() >> 1);
    this.#tail = nodeElements(node, kept, node.count);
    if (kept === 0) this.#nodes.pop();
    else this.#nodes[this.#nodes.length - 1] = nodeSlice(node, 0, kept);
  }

  #locate(index: number): Place {
    const head = this.#head.length;
    if (index < head) return { part: 0, within: index };
    const interior = this.count - head - this.#tail.length;
    let left = index - head;
    if (left >= interior) return { part: this.#nodes.length + 1, within: left - interior };
    if (left < interior / 2) {
      let part = 1;
      for (; left >= this.#nodes[part - 1].count; part++) left -= this.#nodes[part - 1].count;
      return { part, within: left };
    }
    let fromEnd = interior - left;
    let part = this.#nodes.length;
    for (; fromEnd > this.#nodes[part - 1].count; part--) fromEnd -= this.#nodes[part - 1].count;
    return { part, within: this.#nodes[part - 1].count - fromEnd };
  }

  #partLength(part: number): number {
    if (part === 0) return this.#head.length;
    return this.#nodes[part - 1]?.count ?? this.#tail.length;
  }

  #matches(part: number, element: string, from: number, to: number): readonly number[] {
    const node = this.#nodes[part - 1];
    if (node !== undefined) return nodeMatches(node, element, from, to);
    const matches: number[] = [];
    const last = this.#head.length - 1;
    for (let within = from; within < to; within++) {
      if ((part === 0 ? this.#head[last - within] : this.#tail[within]) === element) matches.push(within);
    }
    return matches;
  }

  /** An emptied node stays as `count` 0 until `#tidyNodes`. */
  #removeFromPart(part: number, positions: readonly number[]): void {
    const node = this.#nodes[part - 1];
    if (node !== undefined) {
      this.#nodes[part - 1] = nodeWithout(node, positions) ?? packedNode('', 0);
      return;
    }
    const gone = new Set(positions);
    const last = this.#head.length - 1;
    if (part === 0) this.#head = this.#head.filter((_, at) => !gone.has(last - at));
    else this.#tail = this.#tail.filter((_, at) => !gone.has(at));
  }

  /** Drops empty nodes and joins neighbours that have become small. */
  #tidyNodes(): void {
    const tidy: ListNode[] = [];
    for (const node of this.#nodes) {
      if (node.count === 0) continue;
      const previous = tidy[tidy.length - 1];
      const whole = previous === undefined ? undefined : joined(previous, node, NODE_BYTES / 2);
      if (whole === undefined) tidy.push(node);
      else tidy[tidy.length - 1] = whole;
    }
    this.#nodes = tidy;
  }

  #visitPart(part: number, from: number, to: number, visit: (element: string) => void): void {
    const node = this.#nodes[part - 1];
    if (part === 0) {
      const last = this.#head.length - 1;
      for (let within = from; within < to; within++) visit(this.#head[last - within]);
    } else if (node === undefined) {
      for (let within = from; within < to; within++) visit(this.#tail[within]);
    } else if (node.isPlain) {
      visit(node.text);
    } else {
      let offset = packedSkip(node.text, 0, from);
      for (let within = from; within < to; within++) {
        visit(packedEntry(node.text, offset));
        offset = packedNext(node.text, offset);
      }
    }
  }

  #forget(element: string): void {
    this.count--;
    this.bytes -= packedSize(element.length);
  }

  #forgetAll(elements: readonly string[]): number {
    for (const element of elements) this.bytes -= packedSize(element.length);
    return elements.length;
  }

  #forgetNode(at: number): number {
    const node = this.#nodes[at];
    this.bytes -= nodeBytes(node);
    return node.count;
  }

  #cut(at: number, node: ListNode): void {
    this.bytes -= nodeBytes(this.#nodes[at]) - nodeBytes(node);
    this.#nodes[at] = node;
  }
}
