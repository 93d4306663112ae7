import { expect, test } from 'vitest';
import { describeDictionary } from '../test/dictionary.conformance.ts';
import { MapDictionary } from '../test/map-dictionary.ts';
import { SlabTable } from './slab-table.ts';

describeDictionary('SlabTable', () => new SlabTable({ k0: 3, k1: 4 }));
describeDictionary('SlabTable with room for many', () => {
  const table = new SlabTable({ k0: 3, k1: 4 });
  table.reserve(20_000);
  return table;
});
describeDictionary('the reference', () => new MapDictionary());

test('room that is made and keys that are foreseen are no keys', () => {
  const table = new SlabTable({ k0: 3, k1: 4 });
  const foresee = (n: number) => table.foreseeBytes(Buffer.from(`key:${n}`), 0, `key:${n}`.length);
  for (let n = 0; n < 50; n++) foresee(n);
  table.reserve(5000);
  for (let n = 0; n < 50; n++) foresee(n);
  expect([table.size, [...table.keys()], table.find('key:0')]).toEqual([0, [], false]);
  table.insert('key:0', 'value', 0, 0);
  table.reserve(100_000); // too late, and no harm
  for (let n = 0; n < 50; n++) foresee(n);
  expect([table.size, [...table.keys()], table.find('key:0')]).toEqual([1, ['key:0'], true]);
  table.clear();
  for (let n = 0; n < 50; n++) foresee(n);
  expect([table.size, [...table.keys()]]).toEqual([0, []]);
});

test('tables with the same seed scan in the same order, with another seed in another', () => {
  const order = (k0: number) => {
    const table = new SlabTable({ k0, k1: 0 });
    for (let i = 0; i < 2000; i++) {
      table.find(`key:${i}`);
      table.insert(`key:${i}`, '', 0, 0);
    }
    return [...table.keys()].join();
  };
  expect(order(1)).toBe(order(1));
  expect(order(1)).not.toBe(order(2));
});

test('a step of a snapshot ends early where strings are long: what it hands out is bounded', () => {
  const visitedAtOnce = (length: number) => {
    const table = new SlabTable({ k0: 3, k1: 4 });
    for (let i = 0; i < 1000; i++) {
      table.find(`key:${i}`);
      table.insert(`key:${i}`, 'x'.repeat(length), 0, 0);
    }
    let most = 0;
    let all = 0;
    let cursor = 0;
    do {
      let visited = 0;
      cursor = table.scanUnmarked(cursor, 32, 1, () => visited++);
      most = Math.max(most, visited);
      all += visited;
    } while (cursor !== 0);
    expect(all).toBe(1000);
    return most;
  };
  expect(visitedAtOnce(10)).toBeGreaterThanOrEqual(32);
  // A home slot is visited whole, so a few may come beyond the bound.
  expect(visitedAtOnce(8 * 1024)).toBeLessThan(12); // in a slab
  expect(visitedAtOnce(40 * 1024)).toBeLessThan(8); // an object
});
