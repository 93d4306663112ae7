import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../test/seeded-random.ts';
import { ByteTable } from './byte-table.ts';
import { readLatin1 } from './latin1.ts';
import type { FrozenCursor } from './values/frozen.ts';

const SEED = { k0: 1, k1: 2 };

const key = fc.oneof(
  { weight: 20, arbitrary: fc.nat(400).map((n) => `key:${n}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '\x00', '\xff\xfe', 'x'.repeat(300), 'y'.repeat(16_373), 'z'.repeat(20_000)),
  },
);
const text = fc.oneof(
  fc.nat(1000).map(String),
  fc.constantFrom('', 'a'.repeat(100), 'b'.repeat(16_380), 'c'.repeat(30_000)),
);

interface Step {
  readonly kind: 'set' | 'delete' | 'pop' | 'freeze' | 'read' | 'release';
  readonly key: string;
  readonly value: string;
}

const step = fc.record({
  kind: fc.constantFrom<Step['kind']>('set', 'set', 'set', 'set', 'delete', 'pop', 'freeze', 'read', 'release'),
  key,
  value: text,
});

function* bytesAsStrings(cursor: FrozenCursor): Generator<[string, string]> {
  while (cursor.next()) {
    const { bytes, keyStart, valueStart, valueEnd } = cursor;
    yield [readLatin1(bytes, keyStart, valueStart), readLatin1(bytes, valueStart, valueEnd)];
  }
}

describe('a table of bytes', () => {
  test('equals a Map, and what was frozen and cloned stays as it was', () => {
    const random = seededRandom(5);
    const happened = { views: 0, changesWhileFrozen: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 500 }), (steps) => {
        let table = ByteTable.ofStrings(SEED);
        const model = new Map<string, string>();
        let frozen:
          | { view: Iterator<[string, string]>; release(): void; seen: Map<string, string>; was: Map<string, string> }
          | undefined;
        const readOne = (): boolean => {
          const next = frozen?.view.next();
          if (next === undefined || next.done) return false;
          frozen?.seen.set(...next.value);
          return true;
        };
        const readAll = () => {
          if (frozen === undefined) return;
          while (readOne());
          expect(frozen.seen).toEqual(frozen.was);
          happened.views++;
          frozen = undefined;
        };
        for (const { kind, key: name, value } of steps) {
          if (frozen !== undefined && kind !== 'read') happened.changesWhileFrozen++;
          if (kind === 'set') expect(table.set(name, value)).toBe(!model.has(name));
          if (kind === 'set') model.set(name, value);
          if (kind === 'delete') expect(table.delete(name)).toBe(model.delete(name));
          if (kind === 'pop') {
            const popped = table.popRandom(random);
            expect(popped === undefined).toBe(model.size === 0);
            if (popped !== undefined) expect(model.delete(popped)).toBe(true);
          }
          if (kind === 'freeze' && frozen === undefined) {
            const entries = table.freeze();
            const view = name.length % 2 === 0 ? entries.entries() : bytesAsStrings(entries.cursor());
            frozen = { view, release: () => entries.release(), seen: new Map(), was: new Map(model) };
          }
          if (kind === 'read' && frozen !== undefined) {
            for (let i = 0; i < 40 && readOne(); i++);
          }
          if (kind === 'release' && name.length % 3 === 0) {
            frozen?.release();
            frozen = undefined;
          }
          if (kind === 'release' && name.length % 3 === 1 && frozen === undefined) {
            const before = table;
            table = table.clone();
            before.set(name, 'only there');
            before.popRandom(random);
          }
        }
        readAll();
        expect(new Map(table.entries())).toEqual(model);
        expect(table.size).toBe(model.size);
        for (const [name, value] of model) expect(table.get(name)).toBe(value);
      }),
      { numRuns: 60 },
    );
    expect(happened.views).toBeGreaterThan(10);
    expect(happened.changesWhileFrozen).toBeGreaterThan(500);
  });

  test('keeps doubles with their keys, which have addresses that stay', () => {
    const table = ByteTable.ofNumbers(SEED);
    const addresses = new Map<string, number>();
    for (let i = 0; i < 5000; i++) {
      table.set(`member:${i}`, -i / 3);
      table.find(`member:${i}`);
      addresses.set(`member:${i}`, table.foundAddress());
    }
    for (let i = 0; i < 5000; i += 2) table.delete(`member:${i}`);
    for (let i = 1; i < 5000; i += 2) table.set(`member:${i}`, i);
    for (let i = 1; i < 5000; i += 2) {
      expect(table.get(`member:${i}`)).toBe(i);
      expect(table.keyAt(addresses.get(`member:${i}`) ?? 0)).toBe(`member:${i}`);
    }
  });

  test('compares keys as bytes', () => {
    const table = ByteTable.ofNumbers(SEED);
    const names = ['', '\x00', 'a', 'ab', 'b', '\xff', 'x'.repeat(20_000), 'x'.repeat(16_000)];
    names.push('member:1', 'member:12', 'member:2', 'member:21', 'member:\xff', 'number:1', 'member:1\x00');
    for (const length of [255, 256, 257]) names.push('x'.repeat(length), `${'x'.repeat(length - 1)}y`);
    for (const name of names) table.set(name, 0);
    for (const one of names) {
      for (const other of names) {
        table.find(one);
        const expected = one < other ? -1 : one > other ? 1 : 0;
        expect(Math.sign(table.compareKey(table.foundAddress(), other))).toBe(expected);
      }
    }
  });

  test('gives back what went while it was frozen', () => {
    const table = ByteTable.ofStrings(SEED);
    for (let i = 0; i < 20_000; i++) table.set(`key:${i}`, 'x'.repeat(100));
    const full = table.memoryBytes();
    const frozen = table.freeze();
    for (let i = 0; i < 19_000; i++) table.delete(`key:${i}`);
    frozen.release();
    for (let i = 0; i < 5000; i++) {
      table.set('one', String(i));
      table.delete('one');
    }
    expect(table.memoryBytes()).toBeLessThan(full / 3);
  });
});
