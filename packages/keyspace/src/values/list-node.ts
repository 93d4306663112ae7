/**
 * A node of a large list: some neighbouring elements as a packed sequence (packed.ts), in bytes of its own outside the
 * garbage-collected heap, which are edited in place.
 *
 *     elements   packed, `byteLength` of them
 *     free       what removals have left, at most a quarter, and what edits may take next; at an end of a list up to a whole node
 *
 * Lists may share a node: a copy of a list, or what a snapshot reads, has the same nodes, and each of them counts who else has it. A
 * shared node is never changed: an edit answers another one in its place. The count may be too high, for a list that is deleted does
 * not say so, which costs a copy; it is never too low, for then one list would change another, or its memory be given away under it.
 *
 * Invariants: a node is never empty; it has at most NODE_BYTES of elements, or one element that alone exceeds them.
 */
import { copyBytes, type Latin1Buffer, latin1Scratch } from '../latin1.ts';
import { packedEntry, packedNext, packedSize, packedTake, packedWrite } from '../packed.ts';
import {
  packedBytesEntry,
  packedBytesMatches,
  packedBytesNext,
  packedBytesSkip,
  packedBytesStart,
} from '../packed-bytes.ts';
import { giveNodeBytes, NODE_BYTES, takeNodeBytes } from './node-bytes.ts';

/** An edit in the middle that needs more memory takes this part of the node's bytes on top. */
const EDIT_ROOM_SHIFT = 4;
/** The part of a node's memory that may be free after something has been removed; more is given back … */
const FREE_SHIFT = 2;
/** … unless it is no more than this. */
const LEAST_FREE_BYTES = 256;
/** Beside its bytes: the object, its Buffer and ArrayBuffer, V8's and the allocator's records of them. Measured with Node 24. */
const OVERHEAD_BYTES = 500;

/** Sees an element as the bytes `start` to `end` (exclusive) of `bytes`, which hold during the call only. */
export type ElementBytesVisitor = (bytes: Uint8Array, start: number, end: number) => void;

/** What a node has that nobody has. */
const NO_BYTES = takeNodeBytes(0);

export class ListNode {
  #bytes: Latin1Buffer;
  #used: number;
  #count: number;
  /** Lists that have this node too, at most. */
  #sharers = 0;

  /** The first `used` bytes are `count` elements; the node owns them. */
  private constructor(bytes: Latin1Buffer, used: number, count: number) {
    this.#bytes = bytes;
    this.#used = used;
    this.#count = count;
  }

  /** A node of the `count` elements of a packed sequence. */
  static ofPacked(text: string, count: number): ListNode {
    const bytes = takeNodeBytes(text.length);
    bytes.latin1Write(text, 0, text.length);
    return new ListNode(bytes, text.length, count);
  }

  /** A node of the elements `start` to `end` (exclusive) of `elements`, which take `byteLength` packed. */
  static of(elements: readonly string[], start: number, end: number, byteLength: number): ListNode {
    const node = new ListNode(takeNodeBytes(byteLength), byteLength, end - start);
    node.#write(0, elements, start, end);
    return node;
  }

  /** Nodes of the first `used` bytes of `bytes`, cut so that no piece is tiny if that can be avoided. */
  static #cut(bytes: Latin1Buffer, used: number): ListNode[] {
    const pieces: ListNode[] = [];
    const aim = used / 2;
    let start = 0;
    let count = 0;
    const close = (end: number): void => {
      const piece = takeNodeBytes(end - start);
      copyBytes(piece, 0, bytes, start, end);
      pieces.push(new ListNode(piece, end - start, count));
      start = end;
      count = 0;
    };
    for (let offset = 0; offset < used; ) {
      const next = packedBytesNext(bytes, offset);
      if (count > 0 && (offset - start >= aim || next - start > NODE_BYTES)) close(offset);
      count++;
      offset = next;
    }
    close(used);
    return pieces;
  }

  /** Number of elements. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the elements in packed form. */
  get byteLength(): number {
    return this.#used;
  }

  /** About how many bytes of memory the node takes, whoever else has it. */
  memoryBytes(): number {
    return OVERHEAD_BYTES + this.#bytes.length;
  }

  // Sharing -----------------------------------------------------------------------------------------------------------

  /** Another list has this node too, from now on. */
  share(): ListNode {
    this.#sharers++;
    return this;
  }

  /** A list that has this node has it no longer. If it was the only one, the memory is given back. */
  leave(): void {
    if (this.#sharers > 0) {
      this.#sharers--;
      return;
    }
    const bytes = this.#bytes;
    this.#bytes = NO_BYTES;
    this.#used = 0;
    this.#count = 0;
    if (bytes !== NO_BYTES) giveNodeBytes(bytes);
  }

  // Reading -----------------------------------------------------------------------------------------------------------

  /** The element number `within`, a flat string. */
  element(within: number): string {
    return packedBytesEntry(this.#bytes, packedBytesSkip(this.#bytes, 0, within));
  }

  /** Bytes that the element number `within` takes packed. */
  elementSize(within: number): number {
    const offset = packedBytesSkip(this.#bytes, 0, within);
    return packedBytesNext(this.#bytes, offset) - offset;
  }

  /** The elements `from` to `to` (exclusive), flat strings. */
  elements(from = 0, to = this.#count): string[] {
    if (to - from === 1) return [this.element(from)];
    const text = this.text(from, to);
    const elements: string[] = [];
    for (let offset = 0; offset < text.length; offset = packedNext(text, offset)) {
      elements.push(packedTake(text, offset));
    }
    return elements;
  }

  /** The elements `from` to `to` (exclusive) as a packed sequence. */
  text(from = 0, to = this.#count): string {
    const start = packedBytesSkip(this.#bytes, 0, from);
    const end = to === this.#count ? this.#used : packedBytesSkip(this.#bytes, start, to - from);
    return this.#bytes.latin1Slice(start, end);
  }

  /**
   * Calls `visit` with the elements `from` to `to` (exclusive), which may be slices of a longer string, or `visitBytes`, if there is
   * one, with their bytes.
   */
  visit(from: number, to: number, visit: (element: string) => void, visitBytes?: ElementBytesVisitor): void {
    if (visitBytes !== undefined) {
      const bytes = this.#bytes;
      let offset = packedBytesSkip(bytes, 0, from);
      for (let left = to - from; left > 0; left--) {
        const next = packedBytesNext(bytes, offset);
        visitBytes(bytes, packedBytesStart(bytes, offset), next);
        offset = next;
      }
    } else if (to - from === 1) {
      visit(this.element(from));
    } else {
      const text = this.text(from, to);
      for (let offset = 0; offset < text.length; offset = packedNext(text, offset)) visit(packedEntry(text, offset));
    }
  }

  /** Positions from `from` to `to` (exclusive) that hold `element`, ascending. */
  matches(element: string, from: number, to: number): readonly number[] {
    return packedBytesMatches(this.#bytes, packedBytesSkip(this.#bytes, 0, from), from, to, element);
  }

  // Changing ----------------------------------------------------------------------------------------------------------
  // Each of these answers what takes the node's place in the list that changes: the node itself, if no other list has it.

  /** The nodes after `element` has replaced (`replaced` 1) or been put before (0) the element number `within`. */
  with(within: number, replaced: 0 | 1, element: string): readonly ListNode[] {
    const bytes = this.#bytes;
    const start = packedBytesSkip(bytes, 0, within);
    const end = replaced === 1 ? packedBytesNext(bytes, start) : start;
    const size = packedSize(element.length);
    const used = this.#used - (end - start) + size;
    if (used <= NODE_BYTES || this.#count === replaced) {
      const node = this.#spliced(start, end, size, used >> EDIT_ROOM_SHIFT);
      packedWrite(node.#bytes, start, element);
      node.#count += 1 - replaced;
      return [node];
    }
    const whole = latin1Scratch(used);
    copyBytes(whole, 0, bytes, 0, start);
    packedWrite(whole, start, element);
    copyBytes(whole, start + size, bytes, end, this.#used);
    const pieces = ListNode.#cut(whole, used);
    this.leave();
    return pieces;
  }

  /**
   * The node with the elements `start` to `end` (exclusive) of `elements` before or after its own.
   *
   * @param byteLength what they take packed, with which the node must not exceed NODE_BYTES
   * @param room how many bytes may be taken on top, for what will come at the same end
   */
  extended(
    at: 'head' | 'tail',
    elements: readonly string[],
    start: number,
    end: number,
    byteLength: number,
    room: number,
  ): ListNode {
    const offset = at === 'head' ? 0 : this.#used;
    const node = this.#spliced(offset, offset, byteLength, room);
    node.#write(offset, elements, start, end);
    node.#count += end - start;
    return node;
  }

  /** The node with the elements of `next`, which is left, after its own; undefined if they would exceed `limit` bytes. */
  joined(next: ListNode, limit: number): ListNode | undefined {
    if (this.#used + next.#used > limit) return undefined;
    const offset = this.#used;
    const node = this.#spliced(offset, offset, next.#used, 0);
    copyBytes(node.#bytes, offset, next.#bytes, 0, next.#used);
    node.#count += next.#count;
    next.leave();
    return node;
  }

  /**
   * The node with its elements `from` to `to` (exclusive) only; there must be at least one.
   *
   * @param room so many bytes may be free afterwards
   */
  kept(from: number, to: number, room: number): ListNode {
    const start = packedBytesSkip(this.#bytes, 0, from);
    const end = to === this.#count ? this.#used : packedBytesSkip(this.#bytes, start, to - from);
    let node: ListNode = this;
    if (end < this.#used) node = node.#spliced(end, this.#used, 0, room);
    if (start > 0) node = node.#spliced(0, start, 0, room);
    node.#count = to - from;
    return node;
  }

  /** The node without the elements at `positions` (ascending); undefined, and the node is left, if those are all. */
  without(positions: readonly number[]): ListNode | undefined {
    if (positions.length === 0) return this;
    if (positions.length === this.#count) {
      this.leave();
      return undefined;
    }
    const bytes = this.#bytes;
    const kept = latin1Scratch(this.#used);
    let keptBytes = 0;
    let runStart = 0;
    let within = 0;
    const keepTo = (end: number): void => {
      copyBytes(kept, keptBytes, bytes, runStart, end);
      keptBytes += end - runStart;
    };
    for (const position of positions) {
      const gone = packedBytesSkip(bytes, runStart, position - within);
      keepTo(gone);
      runStart = packedBytesNext(bytes, gone);
      within = position + 1;
    }
    keepTo(this.#used);
    const node = this.#spliced(0, this.#used, keptBytes, 0);
    copyBytes(node.#bytes, 0, kept, 0, keptBytes);
    node.#count = this.#count - positions.length;
    return node;
  }

  /** Writes the elements `start` to `end` (exclusive) of `elements` at `offset`, where there is room. */
  #write(offset: number, elements: readonly string[], start: number, end: number): void {
    let at = offset;
    for (let i = start; i < end; i++) at = packedWrite(this.#bytes, at, elements[i]);
  }

  /**
   * The node with `size` bytes, to be written by the caller, in place of its bytes `start` to `end` (exclusive): itself, or a copy if
   * others have it. Its count is left as it was.
   *
   * @param room how many bytes may be free after memory has been taken, or bytes removed
   */
  #spliced(start: number, end: number, size: number, room: number): ListNode {
    const used = this.#used - (end - start) + size;
    const capacity = this.#bytes.length;
    const mayBeFree = Math.max(LEAST_FREE_BYTES, room, capacity >> FREE_SHIFT);
    const isTooFree = size < end - start && capacity - used > mayBeFree;
    if (this.#sharers === 0 && used <= capacity && !isTooFree) {
      if (size !== end - start && end < this.#used) this.#bytes.copyWithin(start + size, end, this.#used);
      this.#used = used;
      return this;
    }
    const spare = used > capacity ? Math.max(0, Math.min(room, NODE_BYTES - used)) : 0;
    const bytes = takeNodeBytes(used + spare);
    copyBytes(bytes, 0, this.#bytes, 0, start);
    copyBytes(bytes, start + size, this.#bytes, end, this.#used);
    if (this.#sharers > 0) {
      this.#sharers--;
      return new ListNode(bytes, used, this.#count);
    }
    giveNodeBytes(this.#bytes);
    this.#bytes = bytes;
    this.#used = used;
    return this;
  }
}

/** Nodes of the elements of `elements` from `start` on, in order, each as full as it can be. */
export function nodesOf(elements: readonly string[], start = 0): ListNode[] {
  const nodes: ListNode[] = [];
  let first = start;
  let bytes = 0;
  for (let i = start; i < elements.length; i++) {
    const size = packedSize(elements[i].length);
    if (i > first && bytes + size > NODE_BYTES) {
      nodes.push(ListNode.of(elements, first, i, bytes));
      first = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (elements.length > first) nodes.push(ListNode.of(elements, first, elements.length, bytes));
  return nodes;
}
