/** The hash equals a Map under any operations, in both forms and across the change between them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HashValue } from './hash.ts';

const THRESHOLDS = { hashMaxListpackEntries: 128, hashMaxListpackValue: 64 };
/** So small that most tests see both forms. */
const TINY = { hashMaxListpackEntries: 8, hashMaxListpackValue: 20 };

const name = fc.oneof(
  { weight: 8, arbitrary: fc.nat(40).map((n) => `f${n}`) },
  { weight: 1, arbitrary: fc.constantFrom('', '\x00\xff', 'f'.repeat(20), 'f'.repeat(21), 'f'.repeat(300)) },
);
const operation = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'delete', 'scan'),
  field: name,
  value: name,
});
type Operation = { kind: string; field: string; value: string };

function apply(hash: HashValue, model: Map<string, string>, op: Operation): void {
  const { kind, field, value } = op;
  expect(hash.get(field)).toBe(model.get(field));
  expect(hash.has(field)).toBe(model.has(field));
  expect(hash.valueLength(field)).toBe(model.get(field)?.length ?? 0);
  if (kind === 'set') {
    expect(hash.set(field, value, TINY)).toBe(!model.has(field));
    model.set(field, value);
  } else if (kind === 'delete') {
    expect(hash.delete(field)).toBe(model.delete(field));
  } else {
    expect(scanned(hash, 3)).toEqual(sortedPairs(model));
  }
  expect(hash.size).toBe(model.size);
}

function sortedPairs(pairs: Iterable<[string, string]>): string[] {
  return [...pairs].map((pair) => JSON.stringify(pair)).sort();
}

function scanned(hash: HashValue, count: number): string[] {
  const seen: [string, string][] = [];
  let cursor = 0;
  do cursor = hash.scan(cursor, count, (field, value) => seen.push([field, value]));
  while (cursor !== 0);
  return sortedPairs(seen);
}

/** A repeatable source of numbers in [0, 1). */
function random01(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function filled(size: number): HashValue {
  return HashValue.of(
    Array.from({ length: size }, (_, n) => [`field${n}`, `value${n}`] as const),
    THRESHOLDS,
  );
}

describe('a hash', () => {
  test('equals a map under any operations', () => {
    const forms = new Set<string>();
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), (operations) => {
        const hash = new HashValue();
        const model = new Map<string, string>();
        for (const op of operations) {
          apply(hash, model, op);
          forms.add(hash.encoding());
        }
        expect(sortedPairs(hash.entries())).toEqual(sortedPairs(model));
        const visited: [string, string][] = [];
        hash.forEach((field, value) => {
          visited.push([field, value]);
        });
        expect(sortedPairs(visited)).toEqual(sortedPairs(model));
      }),
    );
    expect([...forms].sort()).toEqual(['hashtable', 'listpack']);
  });

  test('sets many fields at once as it sets them one by one', () => {
    // The lower ones may come after the higher: CONFIG SET.
    const thresholds = fc.constantFrom(TINY, THRESHOLDS, { hashMaxListpackEntries: 25, hashMaxListpackValue: 40 });
    const pair = fc.tuple(name, name);
    const batch = fc.record({ pairs: fc.array(pair, { maxLength: 30, size: 'max' }), thresholds });
    const changes = new Set<string>();
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 4 }), (batches) => {
        const hash = new HashValue();
        const single = new HashValue();
        for (const { pairs, thresholds: limits } of batches) {
          const before = hash.encoding();
          const isNew = pairs.map(([field, value]) => single.set(field, value, limits));
          expect(hash.setAll(pairs.flat(), limits)).toBe(isNew.filter(Boolean).length);
          expect(hash.encoding()).toBe(single.encoding());
          expect(sortedPairs(hash.entries())).toEqual(sortedPairs(single.entries()));
          if (hash.encoding() === 'listpack') expect([...hash.entries()]).toEqual([...single.entries()]);
          expect(hash.size).toBe(single.size);
          changes.add(`${before} ${hash.encoding()}`);
        }
      }),
      { numRuns: 400 },
    );
    expect(changes.size).toBe(3);
  });

  test('deletes many fields at once as it deletes them one by one', () => {
    const pairs = fc.array(fc.tuple(name, name), { maxLength: 60, size: 'max' });
    // Some that are there, by their number, some that may be, and the same again.
    const chosen = fc.array(fc.oneof(fc.nat(70), name), { maxLength: 70, size: 'max' });
    const deletions = new Map<string, number>();
    fc.assert(
      fc.property(
        pairs,
        fc.array(chosen, { maxLength: 3 }),
        fc.constantFrom(TINY, THRESHOLDS),
        (all, batches, limits) => {
          const hash = HashValue.of(all, limits);
          const single = hash.clone();
          for (const batch of batches) {
            const fields = batch.map((one) => (typeof one === 'number' ? (all[one]?.[0] ?? '') : one));
            const gone = fields.filter((field) => single.delete(field));
            expect(hash.deleteAll(fields)).toBe(gone.length);
            expect(hash.size).toBe(single.size);
            expect([...hash.entries()]).toEqual([...single.entries()]);
            deletions.set(hash.encoding(), (deletions.get(hash.encoding()) ?? 0) + gone.length);
          }
        },
      ),
      { numRuns: 300 },
    );
    for (const form of ['listpack', 'hashtable']) expect(deletions.get(form)).toBeGreaterThan(100);
  });

  test('shares nothing visible with its copy', () => {
    const operations = fc.array(operation, { maxLength: 40, size: 'max' });
    fc.assert(
      fc.property(operations, operations, (before, after) => {
        const hash = new HashValue();
        const model = new Map<string, string>();
        for (const op of before) apply(hash, model, op);
        const copy = hash.clone();
        const copyModel = new Map(model);
        for (const op of after) apply(hash, model, op);
        expect(sortedPairs(copy.entries())).toEqual(sortedPairs(copyModel));
        for (const op of after.toReversed()) apply(copy, copyModel, op);
        expect(sortedPairs(hash.entries())).toEqual(sortedPairs(model));
      }),
    );
  });

  test('holds a hundred thousand fields', () => {
    const hash = filled(100_000);
    expect(hash.size).toBe(100_000);
    for (let n = 0; n < 100_000; n += 7) expect(hash.get(`field${n}`)).toBe(`value${n}`);
    for (let n = 0; n < 100_000; n += 2) expect(hash.delete(`field${n}`)).toBe(true);
    expect(scanned(hash, 1000)).toHaveLength(50_000);
  });

  test('leaves its small form with one field too many, or a field or value too long, and never returns', () => {
    const many = filled(128);
    expect(many.encoding()).toBe('listpack');
    many.set('field0', 'again', THRESHOLDS);
    expect(many.encoding()).toBe('listpack');
    many.set('one more', '', THRESHOLDS);
    expect(many.encoding()).toBe('hashtable');
    for (let n = 1; n < 128; n++) many.delete(`field${n}`);
    expect(many.encoding()).toBe('hashtable');
    expect(many.get('field0')).toBe('again');

    const long = HashValue.of([['f'.repeat(64), 'v'.repeat(64)]], THRESHOLDS);
    expect(long.encoding()).toBe('listpack');
    const longField = long.clone();
    longField.set('f'.repeat(65), '', THRESHOLDS);
    expect(longField.encoding()).toBe('hashtable');
    long.set('f'.repeat(64), 'v'.repeat(65), THRESHOLDS);
    expect(long.encoding()).toBe('hashtable');
    expect(long.valueLength('f'.repeat(64))).toBe(65);
  });
});

describe('random pairs', () => {
  for (const size of [20, 400]) {
    test(`of ${size} are equally likely, with their own values`, () => {
      const hash = filled(size);
      const random = random01();
      const counts = new Map<string, number>();
      let wrong = 0;
      const count = (field: string, value: string): void => {
        if (value !== field.replace('field', 'value')) wrong++;
        counts.set(field, (counts.get(field) ?? 0) + 1);
      };
      hash.visitRandom(size * 100, random, count);
      expect([wrong, counts.size]).toEqual([0, size]);
      for (const times of counts.values()) expect(Math.abs(times - 100)).toBeLessThan(60);
    });

    for (const share of [0.1, 0.5, 0.95]) {
      test(`a sample of ${share} of ${size} has no pair twice and favours none`, () => {
        const hash = filled(size);
        const random = random01();
        const wanted = Math.floor(size * share);
        const counts = new Map<string, number>();
        const rounds = 400;
        let wrong = 0;
        for (let round = 0; round < rounds; round++) {
          const seen = new Set<string>();
          hash.visitSample(wanted, random, (field, value) => {
            if (value !== field.replace('field', 'value') || seen.has(field)) wrong++;
            seen.add(field);
            counts.set(field, (counts.get(field) ?? 0) + 1);
          });
          expect(seen.size).toBe(wanted);
        }
        expect(wrong).toBe(0);
        expect(counts.size).toBe(size);
        for (const times of counts.values()) expect(Math.abs(times / rounds - share)).toBeLessThan(0.15);
      });
    }
  }

  test('a sample of more than there are is all of them', () => {
    for (const size of [5, 300]) {
      const hash = filled(size);
      const seen: string[] = [];
      hash.visitSample(size + 10, random01(), (field) => seen.push(field));
      expect(seen.sort()).toEqual([...hash.entries()].map(([field]) => field).sort());
    }
  });
});

test('the estimate of memory grows with what is stored', () => {
  const small = filled(100);
  expect(small.memoryBytes()).toBeGreaterThan(100 * 16);
  expect(small.memoryBytes()).toBeLessThan(100 * 30);
  const large = filled(10_000);
  expect(large.memoryBytes(0)).toBeGreaterThan(10_000 * 30);
  expect(large.memoryBytes(0)).toBeLessThan(10_000 * 60);
  expect(large.memoryBytes() / large.memoryBytes(0)).toBeCloseTo(1, 0);
});
