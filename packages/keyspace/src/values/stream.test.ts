import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type StreamTrim, StreamValue } from './stream.ts';
import {
  compareStreamIds,
  type Integer64,
  integer64,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  type StreamId,
  streamIdText,
} from './stream-id.ts';

/** The rules in their shortest form: an array, searched from the beginning. */
class Model {
  entries: { id: StreamId; fields: readonly string[] }[] = [];
  lastId = MIN_STREAM_ID;
  maxDeletedId = MIN_STREAM_ID;
  added = 0;

  append(id: StreamId, fields: readonly string[]): void {
    this.entries.push({ id, fields });
    this.lastId = id;
    this.added++;
  }

  delete(id: StreamId): boolean {
    const at = this.entries.findIndex((entry) => compareStreamIds(entry.id, id) === 0);
    if (at < 0) return false;
    this.entries.splice(at, 1);
    if (compareStreamIds(id, this.maxDeletedId) > 0) this.maxDeletedId = id;
    return true;
  }

  /** What an exact trim leaves. */
  kept(trim: StreamTrim): Model['entries'] {
    if ('minId' in trim) return this.entries.filter(({ id }) => compareStreamIds(id, trim.minId) >= 0);
    return trim.maxLength === 0 ? [] : this.entries.slice(-Number(trim.maxLength));
  }

  range(start: StreamId, end: StreamId): Model['entries'] {
    return this.entries.filter(({ id }) => compareStreamIds(id, start) >= 0 && compareStreamIds(id, end) <= 0);
  }
}

function rangeOf(stream: StreamValue, start: StreamId, end: StreamId, isDown: boolean, limit = Infinity) {
  const found: { id: StreamId; fields: readonly string[] }[] = [];
  stream.visit(start, end, isDown, (entry) => {
    expect(entry.fieldCount * 2).toBe(entry.fields().length);
    found.push({ id: { ms: entry.ms, seq: entry.seq }, fields: entry.fields() });
    return found.length < limit;
  });
  return found;
}

function expectSame(stream: StreamValue, model: Model): void {
  expect([...stream.entries()]).toEqual(model.entries);
  expect(stream.length).toBe(model.entries.length);
  expect(stream.firstId).toEqual(model.entries.at(0)?.id ?? MIN_STREAM_ID);
  expect(stream.lastId).toEqual(model.lastId);
  expect(stream.topId()).toEqual(model.entries.at(-1)?.id);
  expect(stream.maxDeletedId).toEqual(model.maxDeletedId);
  expect(stream.entriesAdded).toBe(model.added);
}

const half: fc.Arbitrary<Integer64> = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 30 }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(integer64) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 53 - 1, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n) },
);
const id: fc.Arbitrary<StreamId> = fc.record({ ms: half, seq: half });
const text = fc.oneof(fc.constantFrom('', 'a', '1', '-4097', 'x'.repeat(300)), fc.string({ unit: 'binary-ascii' }));
const fields = fc
  .array(fc.tuple(fc.constantFrom('f', 'g', 'a long field name'), text), { minLength: 1, maxLength: 4 })
  .map((pairs) => pairs.flat());

type Step =
  | { readonly append: readonly string[]; readonly step: StreamId }
  | { readonly delete: number }
  | { readonly trim: StreamTrim; readonly isApproximate: boolean; readonly limit: number }
  | { readonly range: readonly [StreamId, StreamId]; readonly isDown: boolean }
  | 'clone';

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ append: fields, step: fc.record({ ms: fc.nat(2), seq: fc.nat(3) }) }) },
  { weight: 6, arbitrary: fc.record({ delete: fc.nat(60) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      trim: fc.oneof(fc.record({ maxLength: fc.nat(40) }), fc.record({ minId: id })) as fc.Arbitrary<StreamTrim>,
      isApproximate: fc.boolean(),
      limit: fc.constantFrom(0, 0, 3, 10),
    }),
  },
  { weight: 2, arbitrary: fc.record({ range: fc.tuple(id, id), isDown: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant('clone' as const) },
);

const thresholds = { streamNodeMaxBytes: 200, streamNodeMaxEntries: 7 };

/** An ID behind `last`. */
function behind(last: StreamId, { ms, seq }: StreamId): StreamId | undefined {
  const wideMs = BigInt(last.ms) + BigInt(ms);
  const wideSeq = ms === 0 ? BigInt(last.seq) + BigInt(seq) + 1n : BigInt(seq);
  if (wideMs >= 2n ** 64n || wideSeq >= 2n ** 64n) return undefined;
  return { ms: integer64(wideMs), seq: integer64(wideSeq) };
}

function apply(stream: StreamValue, model: Model, one: Exclude<Step, 'clone'>): void {
  if ('append' in one) {
    const next = behind(model.lastId, one.step);
    if (next === undefined) return;
    stream.append(next, one.append, thresholds);
    model.append(next, one.append);
  } else if ('delete' in one) {
    const target = model.entries.at(one.delete)?.id ?? { ms: one.delete, seq: 1 };
    expect(stream.has(target)).toBe(model.entries.some((entry) => compareStreamIds(entry.id, target) === 0));
    expect(stream.delete(target)).toBe(model.delete(target));
  } else if ('range' in one) {
    const [start, end] = one.range;
    const expected = model.range(start, end);
    expect(rangeOf(stream, start, end, one.isDown)).toEqual(one.isDown ? expected.toReversed() : expected);
    expect(rangeOf(stream, start, end, false, 2)).toEqual(expected.slice(0, 2));
  } else {
    const before = model.entries.length;
    const kept = model.kept(one.trim);
    const removed = stream.trim(one.trim, one.isApproximate, one.isApproximate ? one.limit : 0);
    if (one.isApproximate) expect(removed).toBeLessThanOrEqual(before - kept.length);
    else expect(removed).toBe(before - kept.length);
    if (one.isApproximate && one.limit > 0) expect(removed).toBeLessThanOrEqual(one.limit);
    model.entries.splice(0, removed);
  }
}

describe('a stream equals a naive model', () => {
  test.each([
    ['small IDs', { ms: 1, seq: 0 }],
    ['IDs at the end of exact numbers', { ms: 2 ** 53 - 3, seq: 2 ** 53 - 5 }],
    ['IDs above 2^63', { ms: 2n ** 63n - 2n, seq: 2n ** 64n - 30n }],
  ])('%s', (_, start) => {
    let mostNodes = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const stream = new StreamValue();
        const model = new Model();
        stream.lastId = start;
        model.lastId = start;
        const copies: [StreamValue, Model][] = [];
        for (const one of steps) {
          if (one === 'clone') {
            const copy = Object.assign(new Model(), model, { entries: [...model.entries] });
            copies.push([stream.clone(), copy]);
          } else {
            apply(stream, model, one);
            // Copies change too, so that what they share would show.
            for (const [copy, itsModel] of copies) if ('append' in one) apply(copy, itsModel, one);
          }
        }
        mostNodes = Math.max(mostNodes, stream.nodeCount);
        expectSame(stream, model);
        for (const [copy, itsModel] of copies) expectSame(copy, itsModel);
      }),
      { numRuns: 150 },
    );
    expect(mostNodes).toBeGreaterThan(4);
  });
});

describe('nodes', () => {
  const wide = { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };
  const filled = (count: number) => {
    const stream = new StreamValue();
    for (let i = 1; i <= count; i++) stream.append({ ms: i, seq: 0 }, ['f', String(i)], wide);
    return stream;
  };

  test('end by number, deleted entries included', () => {
    const stream = filled(250);
    expect(stream.nodeCount).toBe(3);
    stream.delete({ ms: 220, seq: 0 });
    for (let i = 251; i <= 300; i++) stream.append({ ms: i, seq: 0 }, ['f', 'v'], wide);
    expect(stream.nodeCount).toBe(3);
    stream.append({ ms: 301, seq: 0 }, ['f', 'v'], wide);
    expect(stream.nodeCount).toBe(4);
  });

  test('go with their last entry, and the one before goes on', () => {
    const stream = filled(101);
    stream.delete({ ms: 101, seq: 0 });
    expect(stream.nodeCount).toBe(1);
    expect(stream.topId()).toEqual({ ms: 100, seq: 0 });
    stream.delete({ ms: 50, seq: 0 });
    stream.append({ ms: 102, seq: 0 }, ['f', 'v'], wide);
    expect(stream.nodeCount).toBe(2);
  });

  test('give back the bytes of deleted entries', () => {
    const stream = new StreamValue();
    for (let i = 1; i <= 50; i++) stream.append({ ms: i, seq: 0 }, ['f', 'x'.repeat(70)], wide);
    const before = stream.packedBytes;
    for (let i = 2; i <= 50; i++) stream.delete({ ms: i, seq: 0 });
    expect(stream.packedBytes).toBeLessThan(before / 8);
    expect([...stream.entries()]).toHaveLength(1);
  });

  test('are trimmed as wholes when that is enough', () => {
    const stream = filled(1000);
    expect(stream.trim({ maxLength: 450 }, true, 0)).toBe(500);
    expect(stream.firstId).toEqual({ ms: 501, seq: 0 });
    expect(stream.trim({ maxLength: 0 }, true, 250)).toBe(200);
    expect(stream.trim({ minId: MAX_STREAM_ID }, false, 0)).toBe(300);
    expect([stream.length, stream.nodeCount, stream.packedBytes]).toEqual([0, 0, 0]);
    expect(streamIdText(stream.lastId)).toBe('1000-0');
  });
});
