import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as packed from './packed.ts';
import * as packedBytes from './packed-bytes.ts';

/** Entries on both sides of the one-char prefix, with every byte value. */
const entry = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc
    .tuple(fc.integer({ min: 250, max: 600 }), fc.nat(255))
    .map(([length, byte]) => String.fromCharCode(byte).repeat(length)),
);
const entries = fc.array(entry, { maxLength: 12 });

function offsetOf(p: string, index: number): number {
  return packed.packedSkip(p, 0, index);
}

describe('a packed sequence', () => {
  test('equals an array of its entries, forwards and backwards', () => {
    fc.assert(
      fc.property(entries, (array) => {
        const p = packed.packedOf(array);
        expect(packed.packedEntries(p)).toEqual(array);
        expect(packed.packedCount(p)).toBe(array.length);
        expect(packed.packedOffsets(p).map((offset) => packed.packedTake(p, offset))).toEqual(array);
        for (let i = -array.length - 1; i <= array.length; i++) {
          const offset = packed.packedAt(p, i);
          expect(offset < 0 ? undefined : packed.packedEntry(p, offset)).toBe(array.at(i));
        }
        const backwards: string[] = [];
        for (let at = packed.packedLast(p); at >= 0; at = packed.packedPrevious(p, at)) {
          backwards.push(packed.packedEntry(p, at));
        }
        expect(backwards).toEqual(array.toReversed());
      }),
    );
  });

  test('equals an array after any edits', () => {
    const edit = fc.record({ kind: fc.nat(8), at: fc.nat(11), count: fc.nat(3), first: entry, second: entry });
    fc.assert(
      fc.property(entries, fc.array(edit, { maxLength: 12 }), (start, edits) => {
        const model = start.slice();
        let p = packed.packedOf(model);
        for (const { kind, at, count, first, second } of edits) {
          const index = Math.min(at, model.length);
          const offset = offsetOf(p, index);
          if (kind === 0) {
            p = packed.packedAppend(p, first);
            model.push(first);
          } else if (kind === 1) {
            p = packed.packedAppendPair(p, first, second);
            model.push(first, second);
          } else if (kind === 2) {
            p = packed.packedInsert(p, offset, first);
            model.splice(index, 0, first);
          } else if (kind === 3) {
            p = packed.packedInsertPair(p, offset, first, second);
            model.splice(index, 0, first, second);
          } else if (kind === 4 && index < model.length) {
            p = packed.packedReplace(p, offset, first);
            model[index] = first;
          } else if (kind === 5) {
            p = packed.packedRemove(p, [offset], count);
            model.splice(index, count);
          } else if (kind === 6) {
            p = packed.packedSlice(p, offset, p.length);
            model.splice(0, index);
          } else if (kind === 7) {
            p = packed.packedConcat(p, packed.packedOf([first]));
            model.push(first);
          } else if (kind === 8) {
            p = packed.packedInsertAll(p, offset, start.slice(0, count));
            model.splice(index, 0, ...start.slice(0, count));
          }
          expect(packed.packedEntries(p)).toEqual(model);
        }
      }),
    );
  });

  test('finds an entry among every step-th, as a loop over the array does', () => {
    const few = fc.array(fc.constantFrom('', 'a', 'b', 'ab', 'x'.repeat(254), `${'x'.repeat(253)}y`), {
      maxLength: 15,
    });
    fc.assert(
      fc.property(
        few,
        fc.constantFrom('a', 'ab', '', 'x'.repeat(254), 'zz'),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(4),
        (array, wanted, step, from) => {
          const p = packed.packedOf(array);
          let expected = -1;
          for (let i = from; i < array.length && expected < 0; i += step) {
            if (array[i] === wanted) expected = offsetOf(p, i);
          }
          expect(packed.packedFind(p, wanted, step, offsetOf(p, from))).toBe(expected);
        },
      ),
    );
  });

  test('finds and removes many groups of entries at once', () => {
    // Long and short ones, so that what moves does so in either way.
    const distinct = fc.uniqueArray(
      fc.oneof({ weight: 6, arbitrary: fc.nat(99).map((n) => `e${n}`) }, { weight: 1, arbitrary: entry }),
      { maxLength: 40, size: 'max' },
    );
    let removed = 0;
    fc.assert(
      fc.property(
        distinct,
        fc.array(fc.nat(45), { maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        (array, chosen, step) => {
          const groups = array.map((item) => [item, ...Array.from({ length: step - 1 }, () => 'e1')]);
          const wanted = chosen.map((at) => array[at] ?? 'not there');
          const p = packed.packedOf(groups.flat());
          const found = packed.packedFindAll(p, wanted, step);
          const gone = array.flatMap((item, at) => (wanted.includes(item) ? [offsetOf(p, at * step)] : []));
          expect(found).toEqual(gone);
          const kept = groups.filter(([item]) => !wanted.includes(item));
          expect(packed.packedEntries(packed.packedRemove(p, found, step))).toEqual(kept.flat());
          removed += found.length;
        },
      ),
      { numRuns: 400 },
    );
    expect(removed).toBeGreaterThan(1000);
  });

  test('removes many entries at once from what is long', () => {
    // Cuts that begin at the first entry or later, of texts below and above 4 KiB and 64 KiB.
    for (const size of [270, 300, 5000]) {
      const array = Array.from({ length: size }, (_, n) => `entry:${String(n).padStart(7, '0')}${'x'.repeat(n % 3)}`);
      const p = packed.packedOf(array);
      for (const step of [1, 2, 7, 100]) {
        for (const first of [0, 1, 3]) {
          const isGone = (n: number): boolean => n >= first && (n - first) % step === 0;
          const offsets = packed.packedOffsets(p).filter((_, n) => isGone(n));
          expect(packed.packedEntries(packed.packedRemove(p, offsets))).toEqual(array.filter((_, n) => !isGone(n)));
        }
      }
    }
  });

  test('finds every entry that is equal to one', () => {
    const few = fc.constantFrom('', 'a', 'b', 'x'.repeat(254));
    fc.assert(
      fc.property(fc.array(few, { maxLength: 30 }), few, (array, wanted) => {
        const p = packed.packedOf(array);
        const expected = array.flatMap((item, at) => (item === wanted ? [offsetOf(p, at)] : []));
        expect(packed.packedFindEvery(p, wanted)).toEqual(expected);
      }),
    );
  });

  test('compares and measures an entry in place', () => {
    fc.assert(
      fc.property(entry, entry, (one, other) => {
        const p = packed.packedOf(['', one]);
        const bytesOf = (text: string) => Buffer.from(text, 'latin1');
        expect(Math.sign(packed.packedCompare(p, 1, other))).toBe(Buffer.compare(bytesOf(one), bytesOf(other)));
        expect(packed.packedEquals(p, 1, other)).toBe(one === other);
        expect(packed.packedEquals(p, 1, one)).toBe(true);
        expect(packed.packedEntryLength(p, 1)).toBe(one.length);
        expect(p.slice(packed.packedEntryStart(p, 1))).toBe(one);
        expect(p.length).toBe(1 + packed.packedSize(one.length));
      }),
    );
  });

  test('has the format that its file describes', () => {
    expect(packed.packedOf(['ab', '', 'x'.repeat(253)])).toBe(`\x02ab\x00\xfd${'x'.repeat(253)}`);
    expect(packed.packedOf(['y'.repeat(254)])).toBe(`\xfe\xfe\x00\x00\x00${'y'.repeat(254)}`);
    expect(packed.packedOf(['z'.repeat(0x12345)]).slice(0, 5)).toBe('\xfe\x45\x23\x01\x00');
  });

  test('takes entries that are larger than the scratch memory that is kept', () => {
    const huge = 'é'.repeat(3 << 20);
    const p = packed.packedAppend(packed.packedOf(['a', huge]), 'b');
    expect(packed.packedCount(p)).toBe(3);
    expect(packed.packedEntry(p, packed.packedAt(p, 1))).toBe(huge);
    expect(packed.packedFind(p, 'b')).toBe(packed.packedAt(p, 2));
  });
});

describe('a packed sequence as bytes', () => {
  test('reads as it does as a string, wherever it begins', () => {
    fc.assert(
      fc.property(entries, entry, fc.nat(3), (array, other, before) => {
        const p = packed.packedOf(array);
        const bytes = Buffer.from('?'.repeat(before) + p, 'latin1');
        const at = (index: number) => before + offsetOf(p, index);
        for (const [index, item] of array.entries()) {
          expect(packedBytes.packedBytesSkip(bytes, before, index)).toBe(at(index));
          expect(packedBytes.packedBytesNext(bytes, at(index))).toBe(at(index + 1));
          expect(packedBytes.packedBytesStart(bytes, at(index))).toBe(at(index + 1) - item.length);
          expect(packedBytes.packedBytesEntry(bytes, at(index))).toBe(item);
          expect(packedBytes.packedBytesEquals(bytes, at(index), item)).toBe(true);
          for (const wrong of [other, `${item.slice(0, -1)}\x00`, `${item}x`, item.slice(1)]) {
            expect(packedBytes.packedBytesEquals(bytes, at(index), wrong)).toBe(item === wrong);
          }
        }
        expect(packedBytes.packedBytesSkip(bytes, before, array.length)).toBe(bytes.length);
      }),
    );
  });

  test('finds all entries of a range that are equal to one', () => {
    const long = 'x'.repeat(254);
    const some = fc.constantFrom('', 'a', 'b', 'ab', 'cb', long, `${long}x`, `y${long.slice(1)}`);
    fc.assert(
      fc.property(fc.array(some, { maxLength: 30 }), some, fc.nat(30), fc.nat(30), (array, wanted, one, other) => {
        const [from, to] = [one, other].map((end) => Math.min(end, array.length)).sort((a, b) => a - b);
        const bytes = Buffer.from(packed.packedOf(array), 'latin1');
        const expected = array.flatMap((item, at) => (item === wanted && at >= from && at < to ? [at] : []));
        const offset = packedBytes.packedBytesSkip(bytes, 0, from);
        expect(packedBytes.packedBytesMatches(bytes, offset, from, to, wanted)).toEqual(expected);
      }),
    );
  });
});
