import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../test/seeded-random.ts';
import { hashString } from './hash.ts';
import { HashTable } from './hash-table.ts';
import { homeSlot, SPLIT_CAPACITY } from './segment.ts';
import { scanSegments } from './segment-scan.ts';

const SEED = { k0: 11, k1: 22 };

function claim(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what);
}

/** Throws where the table breaks one of its invariants. */
function check<V>(table: HashTable<V>): void {
  const { wordStride, cellStride, numbers } = table.layout;
  let size = 0;
  let position = 0;
  for (const segment of table.segments()) {
    const { words, cells, capacity, depth, base } = segment;
    claim(base >>> 0 === position && table.segmentAt(position) === segment, 'segments follow each other');
    position += 2 ** (32 - depth);
    claim(table.segmentAt(position - 1) === segment, 'the directory leads to each segment from all its hashes');
    let count = 0;
    let numbered = 0;
    for (let slot = 0; slot < capacity; slot++) {
      const hash = words[slot * wordStride];
      const key = cells[slot * cellStride];
      claim((hash === 0) === (key === undefined), 'a slot without a hash has no key');
      if (typeof key !== 'string') continue;
      count++;
      if (segment.numbers !== null && segment.numbers[slot] >= 0) numbered++;
      claim(hash === hashString(key, SEED), 'the hash is that of the key');
      claim(depth === 0 || (hash ^ base) >>> (32 - depth) === 0, 'the key belongs to the segment');
      for (let at = homeSlot(hash, depth, capacity); at !== slot; at = (at + 1) % capacity) {
        claim(words[at * wordStride] !== 0, 'all slots from the home on are full');
      }
    }
    claim(segment.count === count, 'the segment counts its entries');
    claim(numbers !== 'lazy' || segment.numbered === numbered, 'the segment counts its numbers');
    claim(count <= segment.limit && capacity <= SPLIT_CAPACITY, 'the segment is not too full and not too large');
    size += count;
  }
  claim(position === 2 ** 32 && table.size === size, 'the table counts its entries');
}

/** Ranges of keys to add and to delete: so that a few steps make a table split and merge. */
const steps = fc.array(
  fc.record({
    isAdding: fc.boolean(),
    from: fc.oneof(fc.constant(0), fc.nat(9000)),
    count: fc.oneof(fc.nat(20), fc.nat(6000), fc.constant(9000)),
  }),
  { minLength: 4, maxLength: 10 },
);

describe('the hash table', () => {
  test('visits all entries scattered: any part of them comes from all over the space of hashes', () => {
    for (const size of [0, 1, 5, 300, 1000, 30_000]) {
      const table = HashTable.ofValues<number>(SEED);
      for (let n = 0; n < size; n++) table.set(`key:${n}`, n);
      const visited: string[] = [];
      table.forEachScattered((key, value) => {
        expect(key).toBe(`key:${value}`);
        visited.push(key);
      });
      expect(visited.length).toBe(size);
      expect(new Set(visited).size).toBe(size);
      const part = visited.slice(0, size / 5);
      const counts = new Array<number>(8).fill(0);
      for (const key of part) counts[hashString(key, SEED) >>> 29]++;
      if (size >= 1000) for (const count of counts) expect(count).toBeGreaterThan(part.length / 8 / 4);
    }
  });

  test('does not split where room was made for as many', () => {
    for (const count of [1, 4, 100, 2496, 2497, 30_000]) {
      const table = HashTable.ofKeys(SEED);
      table.reserve(count);
      const segments = [...table.segments()];
      for (let n = 0; n < count; n++) table.add(`key:${n}`);
      check(table);
      expect([...table.segments()]).toEqual(segments);
    }
    const table = HashTable.ofKeys(SEED);
    table.reserve(2 ** 40);
    expect([...table.segments()].length).toBe(4096);
  });

  test('visits each entry once, also where segments have shrunk beside large ones', () => {
    const table = HashTable.ofKeys(SEED);
    for (let n = 0; n < 30_000; n++) table.add(`key:${n}`);
    for (let n = 0; n < 30_000; n++) {
      const key = `key:${n}`;
      if (hashString(key, SEED) >>> 31 === 0 && n % 50 > 0) table.delete(key);
    }
    expect(new Set([...table.segments()].map(({ capacity }) => capacity)).size).toBeGreaterThan(1);
    const visited: string[] = [];
    table.forEachScattered((key) => visited.push(key));
    expect(visited.sort()).toEqual([...table.keys()].sort());
  });

  test('equals a Map after any insertions and removals, whatever room was made before', () => {
    let greatestDepth = 0;
    let merges = 0;
    const room = fc.oneof(fc.constant(0), fc.nat(100), fc.nat(40_000));
    fc.assert(
      fc.property(steps, room, (script, reserved) => {
        const table = HashTable.ofValues<number>(SEED);
        table.reserve(reserved);
        check(table);
        const model = new Map<string, number>();
        for (const [round, { isAdding, from, count }] of script.entries()) {
          const depthBefore = Math.max(...[...table.segments()].map((segment) => segment.depth));
          for (let i = from; i < from + count; i++) {
            const key = `key:${i}`;
            if (isAdding) {
              claim(table.set(key, round) !== model.has(key), 'set tells whether the key is new');
              model.set(key, round);
            } else {
              claim(table.delete(key) === model.delete(key), 'delete tells whether the key was there');
            }
          }
          check(table);
          const depth = Math.max(...[...table.segments()].map((segment) => segment.depth));
          greatestDepth = Math.max(greatestDepth, depth);
          if (depth < depthBefore) merges++;
        }
        expect(new Map(table.entries())).toEqual(model);
        expect(new Set(table.keys())).toEqual(new Set(model.keys()));
        for (let i = 0; i < 9000; i += 70) expect(table.get(`key:${i}`)).toBe(model.get(`key:${i}`));
      }),
      { numRuns: 25 },
    );
    expect(greatestDepth).toBeGreaterThan(2);
    expect(merges).toBeGreaterThan(0);
  }, 60_000);

  test('keeps doubles, lazy numbers and meta words with their entries through growth and removals', () => {
    const scores = HashTable.ofNumbers(SEED);
    const full = new HashTable<string>({ cellStride: 2, wordStride: 2, numbers: 'lazy' }, SEED);
    for (let i = 0; i < 5000; i++) {
      scores.set(`key:${i}`, -i / 3);
      full.set(`key:${i}`, `value:${i}`);
      full.setFoundMeta(0xf0000000 + i);
      if (i % 3 === 0) full.setFoundNumber(i * 1e9);
    }
    for (let i = 0; i < 5000; i++) {
      if (i % 5 === 0) {
        scores.delete(`key:${i}`);
        full.delete(`key:${i}`);
      }
    }
    check(full);
    check(scores);
    for (let i = 0; i < 5000; i++) {
      if (i % 5 === 0) continue;
      expect(scores.get(`key:${i}`)).toBe(-i / 3);
      expect(full.get(`key:${i}`)).toBe(`value:${i}`);
      expect(full.foundMeta()).toBe(0xf0000000 + i);
      expect(full.foundNumber()).toBe(i % 3 === 0 ? i * 1e9 : -1);
    }
    const withNumber: string[] = [];
    for (let cursor = 0; ; ) {
      cursor = scanSegments(full, { cursor, count: 10, isNumberedOnly: true }, ({ cells }, slot) => {
        withNumber.push(String(cells[slot * 2]));
      });
      if (cursor === 0) break;
    }
    expect(withNumber.length).toBe(new Set(withNumber).size);
    expect(withNumber.length).toBe([...full.keys()].filter((key) => Number(key.slice(4)) % 3 === 0).length);
  });

  test('a new entry has neither number nor meta of the one that was there before', () => {
    const table = new HashTable<number>({ cellStride: 2, wordStride: 2, numbers: 'lazy' }, SEED);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3; i++) {
        table.set(`key:${i}`, i);
        expect([table.foundNumber(), table.foundMeta()]).toEqual([-1, 0]);
        table.setFoundNumber(5);
        table.setFoundMeta(7);
      }
      for (let i = 0; i < 3; i++) table.delete(`key:${i}`);
    }
  });

  test('shrinks to nothing, by removal and by clear', () => {
    const table = HashTable.ofKeys(SEED);
    const empty = table.memoryBytes();
    for (let i = 0; i < 20_000; i++) table.add(`key:${i}`);
    for (let i = 0; i < 20_000; i++) expect(table.delete(`key:${i}`)).toBe(true);
    expect([table.size, [...table.segments()].length, table.memoryBytes()]).toEqual([0, 1, empty]);
    table.add('a');
    table.clear();
    expect([table.size, table.has('a'), table.memoryBytes()]).toEqual([0, false, empty]);
  });

  test('a copy is independent', () => {
    const table = HashTable.ofNumbers(SEED);
    for (let i = 0; i < 3000; i++) table.set(`key:${i}`, i);
    const copy = table.clone();
    for (let i = 0; i < 3000; i += 2) table.delete(`key:${i}`);
    copy.set('more', 1);
    check(table);
    check(copy);
    expect([table.size, copy.size]).toEqual([1500, 3001]);
    expect(copy.get('key:0')).toBe(0);
    const none = HashTable.ofKeys(SEED).clone();
    expect(none.add('a')).toBe(true);
    check(none);
  });

  test('many keys with the same leading bits make a segment larger, not the directory', () => {
    const alike: string[] = [];
    for (let i = 0; alike.length < 1500; i++) {
      if (hashString(`key:${i}`, SEED) >>> 24 === 0x5a) alike.push(`key:${i}`);
    }
    const table = HashTable.ofKeys(SEED);
    for (const key of alike) table.add(key);
    expect(new Set(table.keys())).toEqual(new Set(alike));
    expect(Math.max(...[...table.segments()].map((segment) => segment.depth))).toBeLessThan(8);
    for (const key of alike) expect(table.delete(key)).toBe(true);
    expect(table.size).toBe(0);
  });
});

describe('a scan', () => {
  test('visits what stays exactly once, whatever is inserted and removed meanwhile', () => {
    let changesWhileScanning = 0;
    const churn = fc.array(
      fc.record({
        count: fc.integer({ min: 1, max: 300 }),
        from: fc.nat(4000),
        size: fc.nat(3000),
        isAdding: fc.boolean(),
      }),
      {
        minLength: 3,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(fc.nat(2000), churn, (stayingCount, script) => {
        const table = HashTable.ofKeys(SEED);
        for (let i = 0; i < stayingCount; i++) table.add(`stays:${i}`);
        const seen = new Map<string, number>();
        let cursor = 0;
        let turn = 0;
        do {
          const { count, from, size, isAdding } = script[turn % script.length];
          let visited = 0;
          cursor = table.scan(cursor, count, (key) => {
            visited++;
            seen.set(key, (seen.get(key) ?? 0) + 1);
          });
          if (cursor !== 0) expect(visited).toBeGreaterThanOrEqual(count);
          expect(visited).toBeLessThan(count + 200);
          for (let i = from; i < from + size && turn < 30; i++) {
            if (isAdding ? table.add(`comes:${i}`) : table.delete(`comes:${i}`)) changesWhileScanning++;
          }
          turn++;
        } while (cursor !== 0);
        for (let i = 0; i < stayingCount; i++) expect(seen.get(`stays:${i}`)).toBe(1);
      }),
      { numRuns: 30 },
    );
    expect(changesWhileScanning).toBeGreaterThan(10_000);
  }, 60_000);

  test('of a small or an empty table ends at once', () => {
    const table = HashTable.ofKeys(SEED);
    const visit = () => {};
    expect(table.scan(0, 10, visit)).toBe(0);
    for (let i = 0; i < 5; i++) table.add(`key:${i}`);
    expect(table.scan(0, 10, visit)).toBe(0);
    expect(table.scan(2 ** 32 - 1, 10, visit)).toBe(0);
  });
});

describe('a random entry', () => {
  test('is each one equally often', () => {
    const random = seededRandom(5);
    for (const size of [3, 200, 3000]) {
      const table = HashTable.ofKeys(SEED);
      for (let i = 0; i < size; i++) table.add(`key:${i}`);
      const drawn = new Map<string, number>();
      for (let i = 0; i < size * 200; i++) {
        const key = table.random(random) ?? '';
        drawn.set(key, (drawn.get(key) ?? 0) + 1);
      }
      expect(drawn.size).toBe(size);
      expect(Math.min(...drawn.values())).toBeGreaterThan(130);
      expect(Math.max(...drawn.values())).toBeLessThan(270);
    }
  });

  test('is found in what is left of a large table that was removed in the order of a scan', () => {
    const random = seededRandom(6);
    const table = HashTable.ofKeys(SEED);
    for (let i = 0; i < 50_000; i++) table.add(`key:${i}`);
    const order: string[] = [];
    table.scan(0, 50_000, (key) => order.push(key));
    for (const key of order.slice(0, -3)) table.delete(key);
    const left = new Set<string | undefined>();
    for (let i = 0; i < 200; i++) left.add(table.random(random));
    expect(left).toEqual(new Set(order.slice(-3)));
  });

  test('can be taken out until none is left', () => {
    const random = seededRandom(7);
    const table = HashTable.ofKeys(SEED);
    for (let i = 0; i < 4000; i++) table.add(`key:${i}`);
    const taken = new Set<string>();
    for (let key = table.popRandom(random); key !== undefined; key = table.popRandom(random)) taken.add(key);
    expect([taken.size, table.size]).toEqual([4000, 0]);
  });
});
