import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PendingEntry, StreamGroup } from './stream-group.ts';
import { compareStreamIds, MAX_STREAM_ID, MIN_STREAM_ID, type StreamId, streamIdText } from './stream-id.ts';
import { IdList } from './stream-id-list.ts';

const id: fc.Arbitrary<StreamId> = fc.record({ ms: fc.nat(40), seq: fc.nat(9) });

const byId = (a: StreamId, b: StreamId) => compareStreamIds(a, b);

describe('a list by ID', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ set: id }) },
    { weight: 2, arbitrary: fc.record({ delete: id }) },
    { weight: 1, arbitrary: fc.record({ shift: fc.oneof(fc.nat(150), fc.constant(4800)) }) },
    { weight: 1, arbitrary: fc.record({ append: fc.oneof(fc.nat(300), fc.constant(5000)) }) },
    { weight: 2, arbitrary: fc.record({ look: id }) },
  );

  test('equals a sorted array', () => {
    let most = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const list = new IdList<StreamId>();
        let model: StreamId[] = [];
        const without = (one: StreamId) => model.filter((other) => byId(one, other) !== 0);
        for (const one of steps) {
          if ('set' in one) {
            list.set(one.set);
            model = [...without(one.set), one.set].sort(byId);
          } else if ('delete' in one) {
            expect(list.delete(one.delete)).toEqual(model.find((other) => byId(one.delete, other) === 0));
            model = without(one.delete);
          } else if ('shift' in one) {
            for (let i = 0; i < one.shift && list.size > 0; i++) list.delete(list.first() ?? MIN_STREAM_ID);
            model = model.slice(one.shift);
          } else if ('append' in one) {
            const from = Number(list.last()?.ms ?? 0);
            for (let i = 1; i <= one.append; i++) list.append({ ms: from + i, seq: 0 });
            model.push(...Array.from({ length: one.append }, (_, i) => ({ ms: from + i + 1, seq: 0 })));
          } else {
            const { look } = one;
            expect(list.get(look)).toEqual(model.find((other) => byId(look, other) === 0));
            expect(list.ceiling(look)).toEqual(model.find((other) => byId(other, look) >= 0));
            expect(list.floor(look)).toEqual(model.findLast((other) => byId(other, look) <= 0));
            expect([...list.ascending(look)]).toEqual(model.filter((other) => byId(other, look) >= 0));
            expect([...list.descending(look)]).toEqual(model.filter((other) => byId(other, look) <= 0).reverse());
          }
          most = Math.max(most, model.length);
        }
        for (const same of [list, list.clone()]) {
          expect([...same.ascending(MIN_STREAM_ID)]).toEqual(model);
          expect([...same.descending(MAX_STREAM_ID)]).toEqual(model.toReversed());
          expect([same.size, same.first(), same.last()]).toEqual([model.length, model.at(0), model.at(-1)]);
        }
      }),
      { numRuns: 15 },
    );
    // Enough for empty chunks at the front to be dropped.
    expect(most).toBeGreaterThan(5000);
  });
});

describe('a group', () => {
  const consumers = ['a', 'b', 'c'];
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ deliver: id, to: fc.constantFrom(...consumers), count: fc.nat(9) }) },
    { weight: 3, arbitrary: fc.record({ acknowledge: id }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.constantFrom(...consumers) }) },
  );

  function listed(pending: IdList<PendingEntry> | undefined): string[] {
    const entries = [...(pending?.ascending(MIN_STREAM_ID) ?? [])];
    return entries.map((entry) => `${streamIdText(entry)} ${entry.consumer} ${entry.deliveryCount}`);
  }

  test('has each pending entry once, and once with its consumer; a copy is its own', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const group = new StreamGroup('g', MIN_STREAM_ID, 0);
        const model = new Map<string, PendingEntry>();
        let copy = group.clone();
        let copied: string[] = [];
        for (const [i, one] of steps.entries()) {
          if (i === 40) {
            copy = group.clone();
            copied = listed(group.pending);
          }
          if ('deliver' in one) {
            if (group.consumer(one.to) === undefined) group.addConsumer(one.to, 1);
            const entry = { ...one.deliver, consumer: one.to, deliveredAtMs: 5, deliveryCount: one.count };
            group.deliver(entry);
            model.set(streamIdText(one.deliver), entry);
          } else if ('acknowledge' in one) {
            expect(group.acknowledge(one.acknowledge)).toBe(model.delete(streamIdText(one.acknowledge)));
          } else {
            const consumer = group.consumer(one.remove);
            if (consumer !== undefined) group.removeConsumer(consumer);
            for (const [text, entry] of model) if (entry.consumer === one.remove) model.delete(text);
          }
        }
        const expected = [...model.values()].sort(byId);
        const text = (entry: PendingEntry) => `${streamIdText(entry)} ${entry.consumer} ${entry.deliveryCount}`;
        expect(listed(group.pending)).toEqual(expected.map(text));
        for (const name of consumers) {
          const own = expected.filter(({ consumer }) => consumer === name);
          expect(listed(group.consumer(name)?.pending)).toEqual(own.map(text));
        }
        expect(listed(copy.pending)).toEqual(copied);
      }),
      { numRuns: 200 },
    );
  });

  test('answers its consumers in the order of their names as bytes', () => {
    const group = new StreamGroup('g', MIN_STREAM_ID, 0);
    for (const name of ['b', '\xff', 'B', '', 'a']) group.addConsumer(name, 1);
    expect(group.consumers().map(({ name }) => name)).toEqual(['', 'B', 'a', 'b', '\xff']);
  });
});
