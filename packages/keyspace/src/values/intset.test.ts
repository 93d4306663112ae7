import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intsetAdd, intsetAddAll, intsetAt, intsetCount, intsetFindAll, intsetHas, intsetRemove } from './intset.ts';

const edges = [
  0n,
  1n,
  -1n,
  32767n,
  32768n,
  -32768n,
  -32769n,
  2n ** 31n - 1n,
  2n ** 31n,
  -(2n ** 31n),
  -(2n ** 31n) - 1n,
];
const wideEdges = [
  2n ** 32n,
  2n ** 53n,
  -(2n ** 53n) - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  10n ** 15n,
  -(10n ** 15n) + 1n,
];

const anyInteger = fc.oneof(
  fc.bigInt({ min: -40n, max: 40n }),
  fc.bigInt({ min: -70_000n, max: 70_000n }),
  fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(...edges, ...wideEdges),
);

/** `intsetAdd` of what is an integer. */
function add(set: string, member: string): string {
  return intsetAdd(set, member) ?? expect.fail(`${member} is an integer`);
}

/** `set` without those of `gone` that are in it. */
function remove(set: string, ...gone: string[]): string {
  return intsetRemove(set, intsetFindAll(set, gone));
}

function members(set: string): string[] {
  return Array.from({ length: intsetCount(set) }, (_, i) => intsetAt(set, i));
}

describe('intset', () => {
  it('equals a sorted array of integers under any adds and removes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), anyInteger), { maxLength: 60 }), (steps) => {
        const model = new Set<bigint>();
        let set = '';
        for (const [isAdd, value] of steps) {
          const text = String(value);
          expect(intsetHas(set, text)).toBe(model.has(value));
          if (isAdd) model.add(value);
          else model.delete(value);
          set = isAdd ? add(set, text) : remove(set, text);
        }
        const sorted = [...model].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).map(String);
        expect(members(set)).toEqual(sorted);
      }),
    );
  });

  it('takes many at once as it takes them one by one, up to the first that is no integer', () => {
    const narrow = fc.bigInt({ min: -40_000n, max: 40_000n });
    const batch = fc.oneof(fc.array(anyInteger, { maxLength: 40 }), fc.array(narrow, { maxLength: 40 }));
    const stop = fc.option(fc.constantFrom('', 'x', '01', '9223372036854775808'), { nil: undefined });
    fc.assert(
      fc.property(batch, batch, fc.boolean(), stop, fc.nat(3), (before, added, isSorted, end, first) => {
        const start = before.map(String).reduce(add, '');
        if (isSorted) added.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        const texts = [...Array.from({ length: first }, () => 'skipped'), ...added.map(String)];
        if (end !== undefined) texts.push(end, '7');
        const all = intsetAddAll(start, texts, first);
        expect(all).toEqual({ set: added.map(String).reduce(add, start), taken: added.length });
        // The same string again, so that nobody takes it for a change.
        expect(intsetAddAll(all.set, added.map(String)).set).toBe(all.set);
      }),
      { numRuns: 400 },
    );
  });

  it('gives up many at once as it gives them up one by one, whatever else they are', () => {
    const near = fc.bigInt({ min: -40n, max: 40n }).map(String);
    const other = fc.oneof(anyInteger.map(String), fc.constantFrom('', 'x', '01', '9223372036854775808'));
    let gone = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(near, anyInteger.map(String)), { maxLength: 40, size: 'max' }),
        fc.array(fc.oneof(near, other, fc.nat(39)), { maxLength: 60, size: 'max' }),
        (all, chosen) => {
          const set = all.reduce(add, '');
          // Numbers stand for members that are there.
          const texts = chosen.map((one) => (typeof one === 'string' ? one : (all[one] ?? '')));
          const model = new Set(members(set));
          const removed = texts.filter((text) => model.delete(text)).length;
          const places = intsetFindAll(set, texts);
          expect(places.length).toBe(removed);
          expect(members(intsetRemove(set, places))).toEqual([...model]);
          gone += removed;
        },
      ),
      { numRuns: 400 },
    );
    expect(gone).toBeGreaterThan(1000);
  });

  it('takes 2, 4 or 8 bytes a member, as the widest needs', () => {
    let set = add('', '5');
    expect(set.length).toBe(2 + 1);
    set = add(set, '-32768');
    expect(set.length).toBe(2 * 2 + 1);
    set = add(set, '32768');
    expect(set.length).toBe(3 * 4 + 1);
    set = add(set, '-9223372036854775808');
    expect(set.length).toBe(4 * 8 + 1);
    expect(members(set)).toEqual(['-9223372036854775808', '-32768', '5', '32768']);
    expect(members(intsetRemove(set, [1]))).toEqual(['-9223372036854775808', '5', '32768']);
  });

  it('answers the same string when nothing changes', () => {
    const set = add('', '7');
    expect(add(set, '7')).toBe(set);
    expect(remove(set, '8')).toBe(set);
    expect(remove(set, 'x')).toBe(set);
    expect(remove(set, '7')).toBe('');
  });

  it('knows which texts are integers', () => {
    for (const text of [
      '0',
      '-1',
      '9223372036854775807',
      '-9223372036854775808',
      '999999999999999',
      '1000000000000000',
    ]) {
      expect(intsetHas(add('', text), text), text).toBe(true);
    }
    const others = ['', '-', '+1', '-0', '00', '01', '1 ', ' 1', '1.0', '1e3', 'a', '9223372036854775808'];
    for (const text of [...others, '-9223372036854775809', '99999999999999999999', '1\0']) {
      expect(intsetAdd('', text), text).toBeUndefined();
      expect(intsetHas(add('', '1'), text)).toBe(false);
    }
    expect(intsetAdd('', 'x')).toBeUndefined();
  });
});
