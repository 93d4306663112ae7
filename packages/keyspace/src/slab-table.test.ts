import { expect, test } from 'vitest';
import { describeDictionary } from '../test/dictionary.conformance.ts';
import { MapDictionary } from '../test/map-dictionary.ts';
import { SlabTable } from './slab-table.ts';

describeDictionary('SlabTable', () => new SlabTable({ k0: 3, k1: 4 }));
describeDictionary('the reference', () => new MapDictionary());

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
