/** What the list's own tests cannot see: the deque's accounts, the shape of its nodes, and nodes of one large element. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packedSize } from '../packed.ts';
import { ListDeque } from './list-deque.ts';
import { NODE_BYTES } from './node-bytes.ts';

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

/** An operation, where, and with an element of how many bytes. */
type Step = readonly [kind: number, place: number, length: number];

const KINDS = 12;
const length = fc.constantFrom(0, 1, 10, 253, 254, 3000, NODE_BYTES, 10_000);

/** Does the same to a deque and to an array. */
function apply(deque: ListDeque, model: string[], [kind, place, bytes]: Step): void {
  const element = String.fromCharCode(97 + (place % 3)).repeat(bytes);
  const index = model.length === 0 ? 0 : place % model.length;
  const few = Math.min(model.length, place % 20);
  if (model.length === 0 || kind < 2) {
    deque.pushTail(element);
    model.push(element);
  } else if (kind === 2) {
    deque.pushHead(element);
    model.unshift(element);
  } else if (kind === 3) {
    expect(deque.popHead()).toBe(model.shift());
  } else if (kind === 4) {
    expect(deque.popTail()).toBe(model.pop());
  } else if (kind === 5) {
    deque.insert(index, element);
    model.splice(index, 0, element);
  } else if (kind === 6) {
    deque.replace(index, element);
    model[index] = element;
  } else if (kind === 7) {
    const gone = model[index];
    const places = model.flatMap((item, at) => (item === gone ? [at] : []));
    const chosen = place % 2 === 0 ? places.slice(-3) : places.slice(0, 3);
    expect(deque.remove(gone, 3, place % 2 === 0)).toBe(chosen.length);
    for (const at of chosen.reverse()) model.splice(at, 1);
  } else if (kind === 8) {
    deque.dropHead(few);
    model.splice(0, few);
  } else if (kind === 9) {
    deque.dropTail(few);
    model.splice(model.length - few);
  } else {
    const elements = Array.from({ length: place % (bytes > 100 ? 5 : 300) }, (_, n) => `${element}${n}`);
    if (kind === 10) deque.pushAllHead(elements);
    else deque.pushAllTail(elements);
    if (kind === 10) model.unshift(...elements.toReversed());
    else model.push(...elements);
  }
}

test('knows what its elements would take packed', () => {
  const step = fc.tuple(fc.nat(KINDS - 1), fc.nat(), length);
  const property = fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
    const model = Array.from({ length: 500 }, (_, n) => 'e'.repeat(n % 7));
    const deque = dequeOf(model);
    for (const one of steps) apply(deque, model, one);
    expect(contents(deque)).toEqual(model);
    expect(deque.count).toBe(model.length);
    expect(deque.bytes).toBe(model.reduce((sum, element) => sum + packedSize(element.length), 0));
  });
  fc.assert(property, { numRuns: 60 });
});

describe('nodes that several lists have', () => {
  /** A deque, and what it must hold. `rest` is what a reader of a frozen one has still to get. */
  interface Pair {
    readonly deque: ListDeque;
    readonly model: string[];
    readonly rest?: Generator<string>;
  }

  const copy = ({ deque, model }: Pair): Pair => ({ deque: deque.clone(), model: model.slice() });
  const freeze = (pair: Pair): Pair => {
    const frozen = copy(pair);
    return { ...frozen, rest: frozen.deque.drain() };
  };
  const read = ({ model, rest }: Pair, count: number): void => {
    for (const expected of model.splice(0, count)) expect(rest?.next().value).toBe(expected);
  };

  test('stay as they are for those that do not change them, whatever the others do, read, copy or drop', () => {
    let edits = 0;
    let reads = 0;
    const edit = fc.tuple(fc.nat(KINDS - 1), fc.nat(), length);
    const act = fc.oneof(
      { weight: 12, arbitrary: fc.record({ who: fc.nat(), edit }) },
      { weight: 1, arbitrary: fc.record({ who: fc.nat(), make: fc.constantFrom('copy', 'freeze', 'clear' as const) }) },
      { weight: 2, arbitrary: fc.record({ who: fc.nat(), read: fc.nat(900) }) },
    );
    const property = fc.property(fc.array(act, { maxLength: 250, size: 'max' }), (acts) => {
      const model = Array.from({ length: 1500 }, (_, n) => `${n}`.padStart(n % 25));
      let lists: Pair[] = [{ deque: dequeOf(model), model }];
      let frozen: Pair[] = [];
      const one = (pairs: readonly Pair[], who: number): Pair => pairs[who % pairs.length];
      for (const step of acts) {
        const list = one(lists, step.who);
        if ('edit' in step) {
          apply(list.deque, list.model, step.edit);
          edits++;
        } else if ('make' in step) {
          if (step.make === 'copy') lists.push(copy(list));
          else if (step.make === 'freeze') frozen.push(freeze(list));
          else if (frozen.length > 0) {
            const dropped = one(frozen, step.who);
            dropped.deque.clear();
            frozen = frozen.filter((pair) => pair !== dropped);
          } else if (lists.length > 1) lists = lists.filter((pair) => pair !== list);
        } else if (frozen.length > 0) {
          read(one(frozen, step.who), step.read);
          reads++;
        }
      }
      for (const { deque, model: expected } of lists) expect(contents(deque)).toEqual(expected);
      for (const pair of frozen) {
        read(pair, pair.model.length);
        expect(pair.rest?.next().done).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 80 });
    expect(edits).toBeGreaterThan(1000);
    expect(reads).toBeGreaterThan(20);
  });

  test('are dropped by a reader that has been past them', () => {
    const elements = Array.from({ length: 5000 }, (_, n) => `element ${n}`);
    const deque = dequeOf(elements);
    const before = deque.memoryBytes();
    const frozen = deque.clone();
    const rest = frozen.drain();
    for (let n = 0; n < 2500; n++) expect(rest.next().value).toBe(elements[n]);
    expect(frozen.memoryBytes()).toBeLessThan(before * 0.6);
    for (let n = 0; n < 5000; n += 50) deque.replace(n, 'replaced');
    expect([...rest]).toEqual(elements.slice(2500));
  });
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
