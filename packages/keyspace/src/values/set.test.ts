import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/seeded-random.ts';
import { SetValue } from './set.ts';
import { defaultThresholds, type Thresholds } from './thresholds.ts';

const small: Thresholds = {
  ...defaultThresholds(),
  setMaxIntsetEntries: 6,
  setMaxListpackEntries: 8,
  setMaxListpackValue: 5,
};

function members(set: SetValue): string[] {
  const found: string[] = [];
  set.forEach((member) => {
    found.push(member);
  });
  return found.sort();
}

/** A whole iteration, `count` at a time. */
function scanned(set: SetValue, count: number): string[] {
  const found: string[] = [];
  let cursor = 0;
  do {
    cursor = set.scan(cursor, count, (member) => {
      found.push(member);
    });
  } while (cursor !== 0);
  return found.sort();
}

/** What Redis 7.2 would report after these adds and removes, by its rules alone. */
class EncodingModel {
  encoding = 'intset';
  readonly #thresholds: Thresholds;

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds;
  }

  added(model: ReadonlySet<string>, member: string): void {
    const { setMaxIntsetEntries, setMaxListpackEntries, setMaxListpackValue } = this.#thresholds;
    const isInteger = /^(0|-?[1-9]\d{0,17})$/.test(member);
    const fits = model.size <= setMaxListpackEntries && [...model].every(({ length }) => length <= setMaxListpackValue);
    if (this.encoding === 'intset') {
      if (isInteger) this.encoding = model.size > setMaxIntsetEntries ? 'hashtable' : 'intset';
      else this.encoding = fits ? 'listpack' : 'hashtable';
    } else if (this.encoding === 'listpack' && !fits) {
      this.encoding = 'hashtable';
    }
  }
}

const member = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.integer({ min: -99_999_999, max: 99_999_999 }).map(String),
  fc.constantFrom('', 'a', 'b', 'ab', '01', '-0', '\x00\xff', 'abcdef', '9223372036854775808'),
  fc.integer({ min: 0, max: 30 }).map((n) => `m${n}`),
);

describe('SetValue', () => {
  it('equals a Set, and has the encoding that Redis would have, under any adds and removes', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), member), { maxLength: 40 }), (steps) => {
        const model = new Set<string>();
        const encoding = new EncodingModel(small);
        const set = new SetValue();
        for (const [kind, item] of steps) {
          expect(set.has(item)).toBe(model.has(item));
          if (kind > 0) {
            expect(set.add(item, small)).toBe(!model.has(item));
            if (!model.has(item)) encoding.added(model.add(item), item);
          } else {
            expect(set.remove(item)).toBe(model.delete(item));
          }
          expect(set.size).toBe(model.size);
          expect(set.encoding()).toBe(encoding.encoding);
          seen.add(set.encoding());
        }
        expect(members(set)).toEqual([...model].sort());
        expect([...set.members()].sort()).toEqual([...model].sort());
        expect(scanned(set, 3)).toEqual([...model].sort());
        expect(set.some((item) => item.startsWith('m'))).toBe([...model].some((item) => item.startsWith('m')));
      }),
      { numRuns: 400 },
    );
    expect(seen).toEqual(new Set(['intset', 'listpack', 'hashtable']));
  });

  it('takes many members at once as it takes them one by one, in any form and into any other', () => {
    const limits = [
      small,
      { ...small, setMaxListpackEntries: 30 },
      { ...small, setMaxIntsetEntries: 30 },
      defaultThresholds(),
    ];
    const batch = fc.record({
      members: fc.oneof(
        { weight: 2, arbitrary: fc.array(member, { maxLength: 12 }) },
        { weight: 1, arbitrary: fc.array(fc.integer({ min: -99, max: 70_000 }).map(String), { maxLength: 12 }) },
        { weight: 1, arbitrary: fc.array(member, { minLength: 20, maxLength: 60 }) },
      ),
      // CONFIG SET may have lowered them meanwhile.
      thresholds: fc.constantFrom(...limits),
    });
    const changes = new Set<string>();
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), (batches) => {
        const set = new SetValue();
        const single = new SetValue();
        for (const { members: added, thresholds } of batches) {
          const before = set.encoding();
          const isNew = added.map((item) => single.add(item, thresholds));
          expect(set.addAll(added, thresholds)).toBe(isNew.filter(Boolean).length);
          expect(set.encoding()).toBe(single.encoding());
          expect([...set.members()].sort()).toEqual([...single.members()].sort());
          if (set.encoding() !== 'hashtable') expect([...set.members()]).toEqual([...single.members()]);
          expect(set.size).toBe(single.size);
          changes.add(`${before} ${set.encoding()}`);
        }
      }),
      { numRuns: 500 },
    );
    expect(changes.size).toBe(6);
  });

  it('gives up many members at once as it gives them up one by one, in any form', () => {
    const limits = [
      small,
      { ...small, setMaxListpackEntries: 90, setMaxListpackValue: 20 },
      { ...small, setMaxIntsetEntries: 90 },
    ];
    const integers = fc.integer({ min: -20, max: 40_000 }).map(String);
    const content = fc.oneof(
      fc.array(member, { maxLength: 60, size: 'max' }),
      fc.array(integers, { maxLength: 60, size: 'max' }),
    );
    // Some that are there, by their number, some that may be, and the same again.
    const chosen = fc.array(fc.oneof(fc.nat(70), member), { maxLength: 70, size: 'max' });
    const removals = new Map<string, number>();
    fc.assert(
      fc.property(
        content,
        fc.array(chosen, { maxLength: 3 }),
        fc.constantFrom(...limits),
        (all, batches, thresholds) => {
          const set = SetValue.of(all, thresholds);
          const copy = set.clone();
          const model = new Set(all);
          for (const batch of batches) {
            const items = batch.map((one) => (typeof one === 'number' ? (all[one] ?? '') : one));
            const order = [...set.members()];
            const gone = new Set(items.filter((item) => model.delete(item)));
            expect(set.removeAll(items)).toBe(gone.size);
            expect(set.size).toBe(model.size);
            const kept = order.filter((item) => !gone.has(item));
            if (set.encoding() === 'hashtable') expect(members(set)).toEqual(kept.sort());
            else expect([...set.members()]).toEqual(kept);
            expect(set.encoding()).toBe(copy.encoding());
            for (const item of items) expect(set.has(item)).toBe(false);
            removals.set(set.encoding(), (removals.get(set.encoding()) ?? 0) + gone.size);
          }
          expect(members(copy)).toEqual([...new Set(all)].sort());
        },
      ),
      { numRuns: 300 },
    );
    for (const form of ['intset', 'listpack', 'hashtable']) expect(removals.get(form)).toBeGreaterThan(100);
  });

  it('shows members as bytes where they lie as bytes, and finds members that are bytes', () => {
    const long = 'x'.repeat(20_000);
    for (const size of [3, 100, 600]) {
      const all = [...Array.from({ length: size }, (_, n) => `member-${n}`), '\x00\xff', long];
      const set = SetValue.of(all, defaultThresholds());
      const other = SetValue.of([...all.filter((_, n) => n % 2 === 0), 'other'], defaultThresholds());
      for (const visitAll of ['forEach', 'forEachTransient'] as const) {
        const seen: string[] = [];
        let asBytes = 0;
        set[visitAll](
          (item) => {
            expect(other.has(item)).toBe(all.indexOf(item) % 2 === 0);
            seen.push(item);
          },
          (bytes, start, end) => {
            const item = Buffer.from(bytes.subarray(start, end)).toString('latin1');
            // Another set may be asked meanwhile, and the same one too.
            expect(other.hasBytes(bytes, start, end)).toBe(all.indexOf(item) % 2 === 0);
            expect(set.hasBytes(bytes, start, end)).toBe(true);
            seen.push(item);
            asBytes++;
          },
        );
        expect(seen.sort()).toEqual([...all].sort());
        expect(asBytes).toBe(size === 600 ? all.length - 1 : 0);
      }
      let tested = 0;
      const isThird = () => ++tested === 3;
      expect(set.some(isThird, isThird)).toBe(true);
      expect(tested).toBe(3);
      expect(
        set.some(
          (item) => item === long,
          () => false,
        ),
      ).toBe(true);
      expect(
        set.some(
          () => false,
          () => false,
        ),
      ).toBe(false);
    }
  });

  it('begins in the form that fits what is announced', () => {
    expect(SetValue.forMembers('1', 6, small).encoding()).toBe('intset');
    expect(SetValue.forMembers('1', 7, small).encoding()).toBe('listpack');
    expect(SetValue.forMembers('1', 9, small).encoding()).toBe('hashtable');
    expect(SetValue.forMembers('a', 8, small).encoding()).toBe('listpack');
    expect(SetValue.forMembers('a', 9, small).encoding()).toBe('hashtable');
    const set = SetValue.of(['1', '2'], small);
    set.expect(6, small);
    expect(set.encoding()).toBe('intset');
    set.expect(7, small);
    expect(set.encoding()).toBe('hashtable');
    expect(members(set)).toEqual(['1', '2']);
  });

  it('becomes an integer set on request, if it can', () => {
    const set = SetValue.of(['a', '3', '-7'], small);
    set.preferIntset(small);
    expect(set.encoding()).toBe('listpack');
    set.remove('a');
    set.preferIntset(small);
    expect(set.encoding()).toBe('intset');
    expect(members(set)).toEqual(['-7', '3']);
    const big = SetValue.of(['1', '2', '3', '4', '5', '6', '7'], small);
    big.preferIntset(small);
    expect(big.encoding()).toBe('hashtable');
    big.remove('7');
    big.preferIntset(small);
    expect(big.encoding()).toBe('intset');
    expect(big.size).toBe(6);
  });

  it('keeps clones apart', () => {
    for (const count of [3, 7, 3000]) {
      for (const prefix of ['', 'm']) {
        const all = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
        const set = SetValue.of(all, small);
        const copy = set.clone();
        expect(copy.encoding()).toBe(set.encoding());
        copy.add('new', small);
        set.remove(all[0]);
        expect(members(copy)).toEqual([...all, 'new'].sort());
        expect(members(set)).toEqual(all.slice(1).sort());
      }
    }
  });

  it('pops and samples different members, every one as likely as the others', () => {
    const forms: [string[], Thresholds][] = [
      [Array.from({ length: 10 }, (_, i) => String(i)), defaultThresholds()],
      [Array.from({ length: 10 }, (_, i) => `m${i}`), defaultThresholds()],
      [Array.from({ length: 10 }, (_, i) => `m${i}`), small],
    ];
    for (const [all, thresholds] of forms) {
      const random = seededRandom(5);
      const drawn = new Map<string, number>(all.map((item) => [item, 0]));
      const draw = (item: string) => drawn.set(item, (drawn.get(item) ?? Number.NaN) + 1);
      const rounds = 2000;
      for (let round = 0; round < rounds; round++) {
        const set = SetValue.of(all, thresholds);
        draw(set.random(random));
        draw(set.pop(random));
        expect(set.size).toBe(9);
        for (const size of [2, 3, 7]) {
          const sample = SetValue.of(all, thresholds).sample(size, random);
          expect(new Set(sample).size).toBe(size);
          sample.forEach(draw);
        }
      }
      for (const count of drawn.values()) expect(Math.abs(count / ((rounds * 14) / 10) - 1)).toBeLessThan(0.1);
      expect(SetValue.of(all, thresholds).sample(20, random).sort()).toEqual(all);
    }
  });

  it('pops many and keeps the rest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1500 }), fc.integer(), fc.constantFrom('', 'm'), (size, seed, prefix) => {
        const random = seededRandom(seed);
        const all = Array.from({ length: size }, (_, i) => `${prefix}${i}`);
        for (const thresholds of [small, defaultThresholds()]) {
          const set = SetValue.of(all, thresholds);
          const count = 1 + Math.floor(random() * (size - 1));
          const popped = set.popMany(count, random, thresholds);
          expect(popped.length).toBe(count);
          expect(set.size).toBe(size - count);
          expect([...popped, ...members(set)].sort()).toEqual(all.sort());
          for (const item of popped) expect(set.has(item)).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('visits whatever stays, however it grows during a scan', () => {
    const thresholds = defaultThresholds();
    const stays = Array.from({ length: 500 }, (_, i) => `stays-${i}`);
    const set = SetValue.of(stays, thresholds);
    const found = new Set<string>();
    let cursor = 0;
    let round = 0;
    do {
      cursor = set.scan(cursor, 5, (item) => {
        found.add(item);
      });
      for (let i = 0; i < 50; i++) set.add(`comes-${round}-${i}`, thresholds);
      if (round > 60) for (let i = 0; i < 50; i++) set.remove(`comes-${round - 60}-${i}`);
      round++;
    } while (cursor !== 0);
    expect(stays.every((item) => found.has(item))).toBe(true);
    expect(round).toBeGreaterThan(100);
  });

  it('knows about how much memory it takes', () => {
    const thresholds = defaultThresholds();
    const bytes = (count: number) =>
      SetValue.of(
        Array.from({ length: count }, (_, i) => `member:${i}`),
        thresholds,
      ).memoryBytes();
    expect(bytes(10)).toBeGreaterThan(10 * 9);
    expect(bytes(10)).toBeLessThan(10 * 9 + 80);
    expect(bytes(10_000) / 10_000).toBeGreaterThan(20);
    expect(bytes(10_000) / 10_000).toBeLessThan(45);
  });
});
