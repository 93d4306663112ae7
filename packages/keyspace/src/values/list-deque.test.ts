/** What the list's own tests cannot see: the deque's accounts, the shape of its nodes, and nodes of one large element. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packedSize } from '../packed.ts';
import { ListDeque } from './list-deque.ts';
import { NODE_BYTES } from './list-node.ts';

const LARGE = ['A', 'B', 'C'].map((letter) => letter.repeat(NODE_BYTES + 10));

function contents(deque: ListDeque): string[] {
  return Array.from({ length: deque.nodeCount }, (_, node) => deque.nodeItems(node)).flat();
}

/** A deque of `elements`, nearly all of them in nodes. */
function dequeOf(elements: readonly string[]): ListDeque {
  const deque = new ListDeque('', 0);
  for (const element of elements) deque.pushTail(element);
  return deque;
}

test('knows what its elements would take packed', () => {
  const size = fc.constantFrom(0, 1, 10, 253, 254, 3000, NODE_BYTES, 10_000);
  const step = fc.tuple(fc.nat(9), fc.nat(), size);
  const property = fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
    const deque = dequeOf(Array.from({ length: 500 }, (_, n) => 'e'.repeat(n % 7)));
    for (const [kind, place, length] of steps) {
      const element = 'e'.repeat(length);
      const index = deque.count === 0 ? 0 : place % deque.count;
      if (deque.count === 0 || kind < 2) deque.pushTail(element);
      else if (kind === 2) deque.pushHead(element);
      else if (kind === 3) deque.popHead();
      else if (kind === 4) deque.popTail();
      else if (kind === 5) deque.insert(index, element);
      else if (kind === 6) deque.replace(index, element);
      else if (kind === 7) deque.remove(element, 3, place % 2 === 0);
      else if (kind === 8) deque.dropHead(index % 20);
      else deque.dropTail(index % 20);
    }
    const elements = contents(deque);
    expect(deque.count).toBe(elements.length);
    expect(deque.bytes).toBe(elements.reduce((sum, element) => sum + packedSize(element.length), 0));
  });
  fc.assert(property, { numRuns: 60 });
});

describe('nodes', () => {
  for (const end of ['head', 'tail'] as const) {
    test(`take what was pushed at the ${end}`, () => {
      const deque = new ListDeque('', 0);
      for (let n = 0; n < 50_000; n++) {
        if (end === 'head') deque.pushHead('ten bytes!');
        else deque.pushTail('ten bytes!');
      }
      expect(deque.memoryBytes()).toBeLessThan(50_000 * 12);
      expect(deque.nodeCount).toBeLessThan(90);
    });
  }

  test('that a removal has emptied are no obstacle', () => {
    const kept = Array.from({ length: 4000 }, (_, n) => `kept ${n}`);
    // Where in a node the kept elements begin and end decides what is left of that node.
    for (let size = 1700; size < 3400; size += 100) {
      const gone = Array.from({ length: size }, () => 'gone');
      const deque = dequeOf([...gone, ...kept, ...gone]);
      expect(deque.remove('gone', 10_000, false)).toBe(2 * size);
      expect(contents(deque)).toEqual(kept);
      expect(deque.popHead()).toBe('kept 0');
      expect(deque.popTail()).toBe('kept 3999');
    }
  });

  test('of one large element are replaced, inserted around and taken', () => {
    const small = Array.from({ length: 40 }, (_, n) => `small ${n}`);
    const model = [...small, ...LARGE, ...small];
    const deque = dequeOf(model);
    const at = (text: string): number => model.indexOf(text);
    for (const [element, before] of [
      ['one', LARGE[1]],
      ['two', LARGE[2]],
      ['x'.repeat(9000), LARGE[1]],
      ['y'.repeat(9000), 'small 20'],
    ]) {
      deque.insert(at(before), element);
      model.splice(at(before), 0, element);
    }
    for (const [gone, element] of [
      [LARGE[1], 'small again'],
      ['small 10', 'z'.repeat(9000)],
      ['one', LARGE[1]],
    ]) {
      deque.replace(at(gone), element);
      model[at(gone)] = element;
    }
    expect(contents(deque)).toEqual(model);
    expect(deque.remove(LARGE[2], 5, true)).toBe(1);
    model.splice(at(LARGE[2]), 1);
    expect(model.map((_, index) => deque.at(index))).toEqual(model);
    while (model.length > 0) expect(deque.popTail()).toBe(model.pop());
  });
});
