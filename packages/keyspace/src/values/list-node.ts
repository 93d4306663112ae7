/**
 * A node of a large list: some neighbouring elements in one string.
 *
 * Invariants: nodes are never changed, only replaced, so that a copy of a list may share them; a node is never empty; a
 * packed text has at most NODE_BYTES chars; an element that alone would exceed that has a plain node: its very string.
 */
import { flatCopy } from '../latin1.ts';
import {
  packedConcat,
  packedEntry,
  packedEquals,
  packedNext,
  packedOf,
  packedSize,
  packedSkip,
  packedSlice,
  packedSplice,
  packedTake,
} from '../packed.ts';

/** The size that list-max-listpack-size -2 gives Redis's nodes. Small enough to rewrite at each edit. */
export const NODE_BYTES = 8192;

export interface ListNode {
  /** A packed sequence, or the only element itself if the node is plain. */
  readonly text: string;
  readonly count: number;
  readonly isPlain: boolean;
}

const NO_MATCHES: readonly number[] = [];

export function packedNode(text: string, count: number): ListNode {
  return { text, count, isPlain: false };
}

/** The node of one element. */
export function nodeOf(element: string): ListNode {
  if (packedSize(element.length) > NODE_BYTES) return { text: element, count: 1, isPlain: true };
  return packedNode(packedOf([element]), 1);
}

/** Nodes of `elements` in order, each as full as it can be. */
export function nodesOf(elements: readonly string[]): ListNode[] {
  const nodes: ListNode[] = [];
  let start = 0;
  let bytes = 0;
  const close = (end: number): void => {
    if (end > start) nodes.push(packedNode(packedOf(elements.slice(start, end)), end - start));
    start = end;
    bytes = 0;
  };
  for (let i = 0; i < elements.length; i++) {
    const size = packedSize(elements[i].length);
    if (bytes + size > NODE_BYTES) close(i);
    if (size > NODE_BYTES) {
      nodes.push(nodeOf(elements[i]));
      start = i + 1;
    } else {
      bytes += size;
    }
  }
  close(elements.length);
  return nodes;
}

/** Bytes of the node's elements in packed form, whatever its own form. */
export function nodeBytes(node: ListNode): number {
  return node.isPlain ? packedSize(node.text.length) : node.text.length;
}

/** One node of the elements of two neighbours, or undefined if that would be too large. */
export function joined(left: ListNode, right: ListNode, limit = NODE_BYTES): ListNode | undefined {
  if (left.isPlain || right.isPlain || left.text.length + right.text.length > limit) return undefined;
  return packedNode(packedConcat(left.text, right.text), left.count + right.count);
}

/** The element number `within`; possibly a slice of the node's text. */
export function nodeElement(node: ListNode, within: number): string {
  return node.isPlain ? node.text : packedEntry(node.text, packedSkip(node.text, 0, within));
}

/** The elements `from` to `to` (exclusive) as strings of their own. */
export function nodeElements(node: ListNode, from = 0, to = node.count): string[] {
  const { text } = node;
  if (node.isPlain) return to > from ? [text] : [];
  const elements: string[] = [];
  let offset = packedSkip(text, 0, from);
  for (let left = to - from; left > 0; left--) {
    elements.push(packedTake(text, offset));
    offset = packedNext(text, offset);
  }
  return elements;
}

/** The elements `from` to `to` (exclusive) as a node; there must be at least one. */
export function nodeSlice(node: ListNode, from: number, to: number): ListNode {
  if (from === 0 && to === node.count) return node;
  const { text } = node;
  const start = packedSkip(text, 0, from);
  const end = to === node.count ? text.length : packedSkip(text, start, to - from);
  return packedNode(packedSlice(text, start, end), to - from);
}

/** The node's nodes after `element` has replaced (`replaced` 1) or been put before (0) the element number `within`. */
export function nodeWith(node: ListNode, within: number, replaced: 0 | 1, element: string): ListNode[] {
  const { text, count } = node;
  if (node.isPlain) return replaced === 1 ? [nodeOf(element)] : [nodeOf(element), node];
  const start = packedSkip(text, 0, within);
  const end = replaced === 1 ? packedNext(text, start) : start;
  if (packedSize(element.length) <= NODE_BYTES) {
    return halved(packedNode(packedSplice(text, start, end, element), count + 1 - replaced));
  }
  const around = [nodeOf(element)];
  if (start > 0) around.unshift(packedNode(packedSlice(text, 0, start), within));
  if (end < text.length) around.push(packedNode(packedSlice(text, end, text.length), count - within - replaced));
  return around;
}

/** A packed node that may have grown too large, cut so that no piece is tiny if that can be avoided. */
function halved(node: ListNode): ListNode[] {
  const { text } = node;
  if (text.length <= NODE_BYTES) return [node];
  const pieces: ListNode[] = [];
  const aim = text.length / 2;
  let start = 0;
  let count = 0;
  for (let offset = 0; offset < text.length; ) {
    const next = packedNext(text, offset);
    if (count > 0 && (offset - start >= aim || next - start > NODE_BYTES)) {
      pieces.push(packedNode(packedSlice(text, start, offset), count));
      start = offset;
      count = 0;
    }
    count++;
    offset = next;
  }
  pieces.push(packedNode(packedSlice(text, start, text.length), count));
  return pieces;
}

/** Positions from `from` to `to` (exclusive) that hold `element`, ascending. */
export function nodeMatches(node: ListNode, element: string, from: number, to: number): readonly number[] {
  const { text } = node;
  if (node.isPlain) return from < to && text === element ? [0] : NO_MATCHES;
  let matches: number[] | undefined;
  let offset = packedSkip(text, 0, from);
  for (let within = from; within < to; within++) {
    if (packedEquals(text, offset, element)) {
      if (matches === undefined) matches = [within];
      else matches.push(within);
    }
    offset = packedNext(text, offset);
  }
  return matches ?? NO_MATCHES;
}

/** The node without the elements at `positions` (ascending), or undefined if none is left. */
export function nodeWithout(node: ListNode, positions: readonly number[]): ListNode | undefined {
  if (positions.length === 0) return node;
  if (positions.length === node.count) return undefined;
  const { text } = node;
  const kept: string[] = [];
  let runStart = 0;
  let offset = 0;
  let within = 0;
  for (const position of positions) {
    offset = packedSkip(text, offset, position - within);
    if (offset > runStart) kept.push(text.substring(runStart, offset));
    offset = packedNext(text, offset);
    runStart = offset;
    within = position + 1;
  }
  kept.push(text.substring(runStart));
  return packedNode(flatCopy(kept.join('')), node.count - positions.length);
}
