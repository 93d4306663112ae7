/**
 * The form of a large list: a double-ended queue of nodes with loose elements at both ends.
 *
 *     head chunk   loose strings, last element of the array = first of the list
 *     nodes        packed bytes, at most 8 KiB each (list-node.ts)
 *     tail chunk   loose strings, in order
 *
 * Pushes and pops touch only a chunk; half of a chunk that has become too long is packed into the nearest node as far as that has
 * room and into new ones, an empty chunk is refilled from the nearest node, so that at least half a chunk of operations lies between two
 * such steps: O(1) amortised. Of many elements that are added at once none stays loose if they are too many for a chunk. A chunk's
 * limit is a sixteenth of the list, 16 to 128 elements: loose elements take more memory, and stay few. So is what a node at an end may
 * have free for what comes next.
 *
 * Invariants: `count` is the number of elements; `bytes` is what they would take packed. Elements are flat strings. A node is in a
 * deque once, and told when it is in another deque too (`share`) and when this one drops it (`leave`).
 */
import { packedEntry, packedNext, packedSize, packedSizeOf } from '../packed.ts';
import { type ElementBytesVisitor, ListNode, nodesOf } from './list-node.ts';
import { NODE_BYTES } from './node-bytes.ts';
import { stringBytes } from './string-bytes.ts';

const LEAST_CHUNK = 16;
const GREATEST_CHUNK = 128;
/** Of elements that are added at once so many are packed at a time: as many as they may be, no call gets too many new nodes. */
const GREATEST_PILE = 1024;
/** Nodes that stand for all when memory is estimated. */
const MEASURED_NODES = 256;
/** A node at an end may have this part of the list's bytes free. */
const END_ROOM_SHIFT = 4;

/** Stands where a node has been dropped, until the nodes are tidied. */
const NO_NODE = ListNode.ofPacked('', 0);

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

  /** A list of the elements of a packed sequence, which becomes a node: at most 8 KiB. */
  constructor(text: string, count: number) {
    this.count = count;
    this.bytes = text.length;
    this.#nodes = count === 0 ? [] : [ListNode.ofPacked(text, count)];
  }

  pushHead(element: string): void {
    this.count++;
    this.bytes += packedSize(element.length);
    this.#head.push(element);
    if (this.#head.length > this.#chunkLimit()) this.#packHeadChunk();
  }

  pushTail(element: string): void {
    this.count++;
    this.bytes += packedSize(element.length);
    this.#tail.push(element);
    if (this.#tail.length > this.#chunkLimit()) this.#packTailChunk();
  }

  /** Puts one element after the other before the first: the last of them is the first then. */
  pushAllHead(elements: readonly string[]): void {
    this.count += elements.length;
    this.bytes += packedSizeOf(elements);
    if (this.#head.length + elements.length <= this.#chunkLimit()) {
      for (const element of elements) this.#head.push(element);
      return;
    }
    const pile = this.#head.concat(elements);
    this.#head = [];
    for (let start = 0; start < pile.length; start += GREATEST_PILE) {
      this.#packHead(pile.slice(start, start + GREATEST_PILE));
    }
  }

  pushAllTail(elements: readonly string[]): void {
    this.count += elements.length;
    this.bytes += packedSizeOf(elements);
    if (this.#tail.length + elements.length <= this.#chunkLimit()) {
      for (const element of elements) this.#tail.push(element);
      return;
    }
    const pile = this.#tail.concat(elements);
    this.#tail = [];
    for (let start = 0; start < pile.length; start += GREATEST_PILE) {
      this.#packTail(pile.slice(start, start + GREATEST_PILE));
    }
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

  /** The element at `index` (0 <= index < count). */
  at(index: number): string {
    const { part, within } = this.#locate(index);
    if (part === 0) return this.#head[this.#head.length - 1 - within];
    const node = this.#nodes[part - 1];
    return node === undefined ? this.#tail[within] : node.element(within);
  }

  /** Replaces the element at `index` (0 <= index < count). */
  replace(index: number, element: string): void {
    const { part, within } = this.#locate(index);
    const node = this.#nodes[part - 1];
    this.bytes += packedSize(element.length);
    if (node !== undefined) {
      this.bytes -= node.elementSize(within);
      this.#replaceNode(part - 1, node.with(within, 1, element));
      return;
    }
    const chunk = part === 0 ? this.#head : this.#tail;
    const at = part === 0 ? chunk.length - 1 - within : within;
    this.bytes -= packedSize(chunk[at].length);
    chunk[at] = element;
  }

  /** Puts `element` before the one at `index` (0 <= index < count). */
  insert(index: number, element: string): void {
    const { part, within } = this.#locate(index);
    this.count++;
    this.bytes += packedSize(element.length);
    const node = this.#nodes[part - 1];
    if (part === 0) {
      this.#head.splice(this.#head.length - within, 0, element);
      if (this.#head.length > this.#chunkLimit()) this.#packHeadChunk();
    } else if (node === undefined) {
      this.#tail.splice(within, 0, element);
      if (this.#tail.length > this.#chunkLimit()) this.#packTailChunk();
    } else {
      this.#replaceNode(part - 1, node.with(within, 0, element));
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
      this.#cut(0, left, this.#nodes[0].count);
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
      this.#cut(kept - 1, 0, this.#nodes[kept - 1].count - left);
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

  /**
   * Calls `visit` with `count` elements from `start` on (all must exist), which may be slices of longer strings, or `visitBytes`, if
   * there is one, with the bytes of those that are in nodes.
   */
  visit(start: number, count: number, visit: (element: string) => void, visitBytes?: ElementBytesVisitor): void {
    if (count <= 0) return;
    let { part, within } = this.#locate(start);
    let left = count;
    for (; left > 0; part++) {
      const end = Math.min(this.#partLength(part), within + left);
      left -= end - within;
      this.#visitPart(part, within, end, visit, visitBytes);
      within = 0;
    }
  }

  /** A list of its own with the same elements. Nodes are shared: O(nodes). */
  clone(): ListDeque {
    const copy = new ListDeque('', 0);
    copy.count = this.count;
    copy.bytes = this.bytes;
    copy.#head = this.#head.slice();
    copy.#nodes = this.#nodes.map((node) => node.share());
    copy.#tail = this.#tail.slice();
    return copy;
  }

  /**
   * The elements in order, for who owns this list alone and needs it no more: parts that have been read are dropped. They may be slices
   * of longer strings.
   */
  *drain(): Generator<string> {
    yield* this.nodeItems(0);
    for (let at = 0; at < this.#nodes.length; at++) {
      const node = this.#nodes[at];
      // One that is alone may be as long as a string can be: it would be too long with its prefix.
      const single = node.count === 1 ? node.element(0) : undefined;
      const text = single === undefined ? node.text() : '';
      node.leave();
      this.#nodes[at] = NO_NODE;
      if (single !== undefined) yield single;
      for (let offset = 0; offset < text.length; offset = packedNext(text, offset)) yield packedEntry(text, offset);
    }
    yield* this.#tail;
  }

  /** Drops everything: nothing is read from this list any more. */
  clear(): void {
    for (const node of this.#nodes) node.leave();
    this.#head = [];
    this.#nodes = [];
    this.#tail = [];
    this.count = 0;
    this.bytes = 0;
  }

  /** Number of parts: the two chunks (which may be empty) and the nodes. */
  get nodeCount(): number {
    return this.#nodes.length + 2;
  }

  /** The elements of a part, in order. */
  nodeItems(part: number): string[] {
    if (part === 0) return this.#head.toReversed();
    const node = this.#nodes[part - 1];
    return node === undefined ? this.#tail.slice() : node.elements();
  }

  /** About how many bytes of memory the list takes: of a large one, by some of its nodes. */
  memoryBytes(): number {
    const nodes = this.#nodes;
    const measured = Math.min(nodes.length, MEASURED_NODES);
    let nodeBytes = 0;
    for (let i = 0; i < measured; i++) nodeBytes += nodes[Math.floor((i * nodes.length) / measured)].memoryBytes();
    let total = 64 + 3 * 48 + nodes.length * 8 + Math.round((nodeBytes * nodes.length) / Math.max(1, measured));
    for (const element of this.#head) total += 8 + stringBytes(element.length);
    for (const element of this.#tail) total += 8 + stringBytes(element.length);
    return total;
  }

  #chunkLimit(): number {
    return Math.max(LEAST_CHUNK, Math.min(GREATEST_CHUNK, this.count >> 4));
  }

  /** What a node at an end may take on top of what it needs. */
  get #endRoom(): number {
    return Math.min(NODE_BYTES, this.bytes >> END_ROOM_SHIFT);
  }

  #packHeadChunk(): void {
    this.#packHead(this.#head.splice(0, this.#head.length - (this.#chunkLimit() >> 1)));
  }

  #packTailChunk(): void {
    this.#packTail(this.#tail.splice(0, this.#tail.length - (this.#chunkLimit() >> 1)));
  }

  /** Packs elements before the first node, in the order of the head chunk, which is reversed. */
  #packHead(elements: string[]): void {
    elements.reverse();
    let end = elements.length;
    const first = this.#nodes[0];
    if (first !== undefined) {
      let taken = 0;
      for (; end > 0; end--) {
        const size = packedSize(elements[end - 1].length);
        if (first.byteLength + taken + size > NODE_BYTES) break;
        taken += size;
      }
      if (taken > 0) this.#nodes[0] = first.extended('head', elements, end, elements.length, taken, this.#endRoom);
    }
    if (end > 0) this.#nodes.unshift(...nodesOf(elements.slice(0, end)));
  }

  /** Packs elements behind the last node. */
  #packTail(elements: readonly string[]): void {
    let start = 0;
    const at = this.#nodes.length - 1;
    const last = this.#nodes[at];
    if (last !== undefined) {
      let taken = 0;
      for (; start < elements.length; start++) {
        const size = packedSize(elements[start].length);
        if (last.byteLength + taken + size > NODE_BYTES) break;
        taken += size;
      }
      if (taken > 0) this.#nodes[at] = last.extended('tail', elements, 0, start, taken, this.#endRoom);
    }
    if (start < elements.length) this.#nodes.push(...nodesOf(elements, start));
  }

  #refillHead(): void {
    const node = this.#nodes[0];
    if (node === undefined) {
      this.#head = this.#tail.splice(0, Math.ceil(this.#tail.length / 2)).reverse();
      return;
    }
    const taken = Math.min(node.count, this.#chunkLimit() >> 1);
    this.#head = node.elements(0, taken).reverse();
    if (taken < node.count) this.#nodes[0] = node.kept(taken, node.count, this.#endRoom);
    else this.#nodes.shift()?.leave();
  }

  #refillTail(): void {
    const node = this.#nodes[this.#nodes.length - 1];
    if (node === undefined) {
      this.#tail = this.#head.splice(0, Math.ceil(this.#head.length / 2)).reverse();
      return;
    }
    const kept = node.count - Math.min(node.count, this.#chunkLimit() >> 1);
    this.#tail = node.elements(kept, node.count);
    if (kept > 0) this.#nodes[this.#nodes.length - 1] = node.kept(0, kept, this.#endRoom);
    else this.#nodes.pop()?.leave();
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
    if (node !== undefined) return node.matches(element, from, to);
    const matches: number[] = [];
    const last = this.#head.length - 1;
    for (let within = from; within < to; within++) {
      if ((part === 0 ? this.#head[last - within] : this.#tail[within]) === element) matches.push(within);
    }
    return matches;
  }

  /** Where a node is emptied NO_NODE stays until `#tidyNodes`. */
  #removeFromPart(part: number, positions: readonly number[]): void {
    const node = this.#nodes[part - 1];
    if (node !== undefined) {
      this.#nodes[part - 1] = node.without(positions) ?? NO_NODE;
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
      if (node === NO_NODE) continue;
      const whole = tidy[tidy.length - 1]?.joined(node, NODE_BYTES / 2);
      if (whole === undefined) tidy.push(node);
      else tidy[tidy.length - 1] = whole;
    }
    this.#nodes = tidy;
  }

  #visitPart(
    part: number,
    from: number,
    to: number,
    visit: (element: string) => void,
    visitBytes: ElementBytesVisitor | undefined,
  ): void {
    const node = this.#nodes[part - 1];
    if (part === 0) {
      const last = this.#head.length - 1;
      for (let within = from; within < to; within++) visit(this.#head[last - within]);
    } else if (node === undefined) {
      for (let within = from; within < to; within++) visit(this.#tail[within]);
    } else {
      node.visit(from, to, visit, visitBytes);
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
    const { count } = node;
    this.bytes -= node.byteLength;
    node.leave();
    return count;
  }

  /** Keeps the elements `from` to `to` (exclusive) of a node. */
  #cut(at: number, from: number, to: number): void {
    this.bytes -= this.#nodes[at].byteLength;
    this.#nodes[at] = this.#nodes[at].kept(from, to, this.#endRoom);
    this.bytes += this.#nodes[at].byteLength;
  }

  #replaceNode(at: number, nodes: readonly ListNode[]): void {
    if (nodes.length === 1) this.#nodes[at] = nodes[0];
    else this.#nodes.splice(at, 1, ...nodes);
  }
}
