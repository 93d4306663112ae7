/** The list equals an array under any operations, in each of its forms and across the changes between them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ListValue, type PositionQuery } from './list.ts';
import { NODE_BYTES } from './node-bytes.ts';

const FILL = -2;

/** Few different elements, so that searches hit; of every size class, so that packed and plain nodes mix. */
const element = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('', 'a', 'b', 'c', '7', '-12', 'eleven chars') },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 99 }).map((n) => `element:${n}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(253, 254, 300, 2000, NODE_BYTES - 5, NODE_BYTES, 20_000).map((n) => 'x'.repeat(n)),
  },
);
const index = fc.integer({ min: -400, max: 400 });

type Operation =
  | { kind: 'pushAll'; isHead: boolean; values: string[] }
  | { kind: 'popAll'; isHead: boolean; times: number; asBytes: boolean }
  | { kind: 'push' | 'pop'; isHead: boolean; times: number; value: string }
  | { kind: 'replace' | 'remove'; at: number; value: string }
  | { kind: 'insert'; pivot: string; isAfter: boolean; value: string }
  | { kind: 'keep'; from: number; length: number };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('push' as const),
    isHead: fc.boolean(),
    times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 400 })),
    value: element,
  }),
  fc.record({
    kind: fc.constant('pushAll' as const),
    isHead: fc.boolean(),
    values: fc.oneof(
      fc.array(element, { maxLength: 30 }),
      fc.tuple(element, fc.nat(1300)).map(([value, times]) => copies(value, times)),
    ),
  }),
  fc.record({
    kind: fc.constant('pop' as const),
    isHead: fc.boolean(),
    times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 200 })),
    value: element,
  }),
  fc.record({
    kind: fc.constant('popAll' as const),
    isHead: fc.boolean(),
    times: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.nat(1000)),
    asBytes: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom('replace' as const, 'remove' as const), at: index, value: element }),
  fc.record({ kind: fc.constant('insert' as const), pivot: element, isAfter: fc.boolean(), value: element }),
  fc.record({ kind: fc.constant('keep' as const), from: fc.nat(60), length: fc.nat(4000) }),
);

/** Several elements that are alike, few if they are long. */
function copies(value: string, times: number): string[] {
  return Array.from({ length: value.length > 100 ? times % 8 : times }, (_, n) => numbered(value, n));
}

/** Distinguishable elements: a value and its number, unless it is one of the few that searches look for. */
function numbered(value: string, n: number): string {
  return n % 3 === 0 ? value : `${value}${n}`;
}

function apply(list: ListValue, model: string[], op: Operation): void {
  switch (op.kind) {
    case 'push':
      for (let n = 0; n < (op.value.length > 100 ? Math.min(op.times, 5) : op.times); n++) {
        const value = numbered(op.value, n);
        list.grow(FILL, value.length, 1);
        if (op.isHead) {
          list.pushHead(value);
          model.unshift(value);
        } else {
          list.pushTail(value);
          model.push(value);
        }
      }
      return;
    case 'pushAll':
      list.grow(FILL, lengthOf(op.values), op.values.length);
      if (op.isHead) {
        list.pushAllHead(op.values);
        model.unshift(...op.values.toReversed());
      } else {
        list.pushAllTail(op.values);
        model.push(...op.values);
      }
      return;
    case 'pop':
      for (let n = 0; n < op.times; n++) {
        expect(op.isHead ? list.popHead() : list.popTail()).toBe(op.isHead ? model.shift() : model.pop());
        list.shrink(FILL);
      }
      return;
    case 'popAll': {
      const count = Math.min(op.times, model.length);
      const popped: string[] = [];
      list.popAll(
        op.isHead ? 'head' : 'tail',
        count,
        (item) => popped.push(item),
        op.asBytes ? (bytes, from, to) => popped.push(textOf(bytes, from, to)) : undefined,
      );
      expect(popped).toEqual(op.isHead ? model.splice(0, count) : model.splice(model.length - count).reverse());
      list.shrink(FILL);
      return;
    }
    case 'replace': {
      const at = op.at < 0 ? model.length + op.at : op.at;
      const isThere = at >= 0 && at < model.length;
      expect(list.replace(op.at, op.value)).toBe(isThere);
      if (isThere) model[at] = op.value;
      return;
    }
    case 'remove': {
      expect(list.remove(op.value, op.at)).toBe(removeFromModel(model, op.value, op.at));
      list.shrink(FILL);
      return;
    }
    case 'insert': {
      const found = model.indexOf(op.pivot);
      expect(list.insert(op.pivot, op.isAfter, op.value)).toBe(found >= 0);
      if (found >= 0) model.splice(op.isAfter ? found + 1 : found, 0, op.value);
      return;
    }
    case 'keep': {
      const start = Math.min(op.from, model.length);
      const end = Math.min(start + op.length, model.length);
      list.keep(start, end);
      model.splice(end);
      model.splice(0, start);
      list.shrink(FILL);
    }
  }
}

function lengthOf(values: readonly string[]): number {
  return values.reduce((sum, { length }) => sum + length, 0);
}

function removeFromModel(model: string[], value: string, count: number): number {
  const limit = count === 0 ? model.length : Math.abs(count);
  let removed = 0;
  while (removed < limit) {
    const at = count < 0 ? model.lastIndexOf(value) : model.indexOf(value);
    if (at < 0) break;
    model.splice(at, 1);
    removed++;
  }
  return removed;
}

function modelPositions(model: readonly string[], value: string, query: PositionQuery): number[] {
  let order = model.map((_, at) => at);
  if (query.rank < 0) order.reverse();
  if (query.maxLength > 0) order = order.slice(0, query.maxLength);
  const matches = order.filter((at) => model[at] === value).slice(Math.abs(query.rank) - 1);
  return query.count === 0 ? matches : matches.slice(0, query.count);
}

function sliceOf(list: ListValue, start: number, end: number): string[] {
  const items: string[] = [];
  list.visit(start, end, (item) => items.push(item));
  return items;
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('latin1');
}

/** The same elements, as bytes where they lie as bytes. */
function bytesOf(list: ListValue, start: number, end: number): string[] {
  const items: string[] = [];
  list.visit(
    start,
    end,
    (item) => items.push(item),
    (bytes, from, to) => items.push(textOf(bytes, from, to)),
  );
  return items;
}

describe('a list', () => {
  test('equals an array under any operations', () => {
    let largest = 0;
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40, size: 'max' }), (operations) => {
        const list = new ListValue();
        const model: string[] = [];
        for (const op of operations) {
          apply(list, model, op);
          largest = Math.max(largest, model.length);
          expect(list.length).toBe(model.length);
        }
        expect([...list]).toEqual(model);
      }),
      { numRuns: 300 },
    );
    expect(largest).toBeGreaterThan(1000);
  });

  test('is read at any place, in any range, from both ends', () => {
    const query = fc.record({
      rank: fc.integer({ min: -5, max: 5 }).filter((rank) => rank !== 0),
      count: fc.nat(4),
      maxLength: fc.oneof(fc.constant(0), fc.nat(600)),
    });
    const property = fc.property(
      fc.array(operation, { maxLength: 20, size: 'max' }),
      fc.array(index, { minLength: 3, maxLength: 8 }),
      element,
      query,
      (operations, places, value, positions) => {
        const list = new ListValue();
        const model: string[] = [];
        for (const op of operations) apply(list, model, op);
        for (const place of places) expect(list.at(place)).toBe(model.at(place));
        const [start, end] = places
          .slice(0, 2)
          .map((place) => Math.min(Math.abs(place), model.length))
          .sort((a, b) => a - b);
        expect(sliceOf(list, start, end)).toEqual(model.slice(start, end));
        expect(bytesOf(list, start, end)).toEqual(model.slice(start, end));
        expect(list.positions(value, positions)).toEqual(modelPositions(model, value, positions));
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  test('shares nothing visible with its copy', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 20, size: 'max' }),
        fc.array(operation, { maxLength: 20, size: 'max' }),
        (before, after) => {
          const list = new ListValue();
          const model: string[] = [];
          for (const op of before) apply(list, model, op);
          const copy = list.clone();
          const copyModel = model.slice();
          for (const op of after) apply(list, model, op);
          expect([...copy]).toEqual(copyModel);
          expect(copy.length).toBe(copyModel.length);
          for (const op of after.toReversed()) apply(copy, copyModel, op);
          expect([...list]).toEqual(model);
          expect([...copy]).toEqual(copyModel);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('is a queue and a stack of any length', () => {
    const list = new ListValue();
    for (let n = 0; n < 50_000; n++) list.pushTail(`item ${n}`);
    for (let n = 0; n < 25_000; n++) expect(list.popHead()).toBe(`item ${n}`);
    for (let n = 49_999; n >= 30_000; n--) expect(list.popTail()).toBe(`item ${n}`);
    for (let n = 24_999; n >= 0; n--) list.pushHead(`item ${n}`);
    expect([...list]).toEqual(Array.from({ length: 30_000 }, (_, n) => `item ${n}`));
    for (let n = 29_999; n >= 0; n--) expect(list.popTail()).toBe(`item ${n}`);
    expect(list.popTail()).toBeUndefined();
    expect(list.popHead()).toBeUndefined();
  });

  test('keeps its nodes within their size while it is edited in the middle', () => {
    const list = new ListValue();
    for (let n = 0; n < 5000; n++) list.pushTail(`item ${n}`);
    for (let n = 0; n < 2000; n++) list.insert(`item ${2000 + (n % 500)}`, n % 2 === 0, `more ${n}`);
    for (let n = 0; n < 1000; n++) list.replace(n * 3, 'longer'.repeat(n % 40));
    const sizes = Array.from({ length: list.nodeCount }, (_, node) => list.nodeItems(node).join('').length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(Math.max(...sizes.slice(1, -1))).toBeLessThanOrEqual(NODE_BYTES);
    expect(list.nodeCount).toBeLessThan((3 * total) / NODE_BYTES);
  });

  test('is small again when few elements are left', () => {
    const list = new ListValue();
    for (let n = 0; n < 20_000; n++) list.pushTail(`item ${n}`);
    while (list.length > 10) list.popHead();
    expect(list.memoryBytes()).toBeLessThan(250);
    expect([...list]).toHaveLength(10);
  });

  test('joins what removals leave behind', () => {
    const list = new ListValue();
    for (let n = 0; n < 40_000; n++) list.pushTail(n % 100 === 0 ? `kept ${n}` : 'gone');
    expect(list.remove('gone', 0)).toBe(39_600);
    expect(list.nodeCount).toBeLessThan(10);
    expect(list.memoryBytes()).toBeLessThan(20_000);
  });
});

describe('many elements at once', () => {
  const batch = fc.oneof(
    fc.array(element, { maxLength: 40 }),
    fc
      .tuple(fc.constantFrom('', 'eleven chars', '12345'), fc.oneof(fc.nat(120), fc.nat(1000)))
      .map(([value, times]) => copies(value, times)),
  );
  const batches = fc.array(fc.record({ values: batch, isHead: fc.boolean(), fill: fc.constantFrom(FILL, -1, 20) }), {
    maxLength: 5,
  });

  test('leave the encoding and the form that they leave one by one', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(batches, (steps) => {
        const [list, single] = [new ListValue(), new ListValue()];
        for (const { values, isHead, fill } of steps) {
          for (const one of [list, single]) one.grow(fill, lengthOf(values), values.length);
          if (isHead) list.pushAllHead(values);
          else list.pushAllTail(values);
          for (const value of values) {
            if (isHead) single.pushHead(value);
            else single.pushTail(value);
          }
          expect([...list]).toEqual([...single]);
          expect(list.encoding()).toBe(single.encoding());
          expect(list.packedBytes).toBe(single.packedBytes);
          for (const one of [list, single]) one.shrink(fill);
          expect(list.encoding()).toBe(single.encoding());
          seen.add(`${list.encoding()} ${Number.isFinite(list.packedBytes)}`);
        }
      }),
      { numRuns: 120 },
    );
    expect(seen.size).toBe(4);
  });

  test('are appended as commands of one element each would do it', () => {
    fc.assert(
      fc.property(batches, (steps) => {
        const [list, single] = [new ListValue(), new ListValue()];
        for (const { values, fill } of steps) {
          list.append(values, fill);
          for (const value of values) {
            single.grow(fill, value.length, 1);
            single.pushTail(value);
          }
          expect(list.encoding()).toBe(single.encoding());
        }
        expect([...list]).toEqual([...single]);
        expect(list.packedBytes).toBe(single.packedBytes);
      }),
      { numRuns: 120 },
    );
  });
});

describe('the encoding that is reported', () => {
  const push = (list: ListValue, value: string, fill = FILL): void => {
    list.grow(fill, value.length, 1);
    list.pushTail(value);
  };

  test('is listpack up to 8 KiB and again below half of that', () => {
    const list = new ListValue();
    // 102 bytes per entry: 100 chars, 2 of encoding, 1 of length.
    for (let n = 0; n < 79; n++) push(list, 'x'.repeat(100));
    expect(list.encoding()).toBe('listpack');
    push(list, 'x'.repeat(100));
    expect(list.encoding()).toBe('quicklist');
    while (list.length > 40) {
      list.popTail();
      list.shrink(FILL);
      expect(list.encoding()).toBe('quicklist');
    }
    list.popTail();
    list.shrink(FILL);
    expect(list.encoding()).toBe('listpack');
  });

  test('counts entries where the option does', () => {
    const list = new ListValue();
    for (let n = 0; n < 5; n++) push(list, 'e', 5);
    expect(list.encoding()).toBe('listpack');
    push(list, 'e', 5);
    expect(list.encoding()).toBe('quicklist');
    for (let n = 0; n < 3; n++) {
      expect(list.encoding()).toBe('quicklist');
      list.popHead();
      list.shrink(5);
    }
    list.popHead();
    list.shrink(5);
    expect(list.encoding()).toBe('listpack');
  });

  test('knows that a listpack holds small integers in fewer bytes', () => {
    const list = new ListValue();
    for (let n = 0; n < 1300; n++) push(list, String(10_000 + n));
    expect(list.encoding()).toBe('listpack');
    const texts = new ListValue();
    for (let n = 0; n < 1300; n++) push(texts, `t${1000 + n}`);
    expect(texts.encoding()).toBe('quicklist');
  });

  test('follows what is taken off the ends', () => {
    const list = ListValue.of(
      Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? String(n * 1000) : 'x'.repeat(n * 2))),
      FILL,
    );
    /** For how many bytes more there is room. */
    const room = (from: ListValue): number => {
      for (let bytes = 0; ; bytes++) {
        const copy = from.clone();
        copy.grow(FILL, bytes, 1);
        if (copy.encoding() === 'quicklist') return bytes;
      }
    };
    const taken = [
      () => list.popAll('head', 2, () => {}),
      () => list.popAll('tail', 3, () => {}),
      () => list.keep(4, list.length - 1),
      () => list.popAll('head', 30, () => {}),
      () => list.keep(15, 20),
    ];
    for (const take of taken) {
      take();
      expect(room(list)).toBe(room(ListValue.of([...list], FILL)));
    }
    expect(list.length).toBe(5);
  });

  test('follows replaced, inserted and removed elements', () => {
    const list = ListValue.of(['a', 'b', 'c'], FILL);
    for (let n = 0; n < 500; n++) {
      list.pushHead('q'.repeat(100));
      list.keep(1, 4);
      list.replace(1, 'y'.repeat(4000));
      list.replace(1, 'b');
      list.insert('b', true, 'z'.repeat(4000));
      list.remove('z'.repeat(4000), 1);
      list.pushTail('r'.repeat(100));
      list.popTail();
    }
    list.grow(FILL, 8192 - 7 - 9 - 1, 1);
    expect(list.encoding()).toBe('listpack');
    list.grow(FILL, 8192 - 7 - 9 + 1, 1);
    expect(list.encoding()).toBe('quicklist');
  });
});
