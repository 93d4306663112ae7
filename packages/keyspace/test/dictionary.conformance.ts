/** What holds for every KeyDictionary. Called by a test file with the implementation's name and a maker of empty ones. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Key, type KeyDictionary, NO_EXPIRY } from '../src/dictionary.ts';
import { RawString } from '../src/values/string.ts';
import type { Value } from '../src/values/value.ts';
import { seededRandom } from './seeded-random.ts';

interface ModelEntry {
  value: Value;
  expireAtMs: number;
  access: number;
  epoch: number;
}

/** Empty, short, long and binary keys, few enough to be met again. */
const key = fc.oneof(
  fc.nat(12).map((n) => `key:${n}`),
  fc.constantFrom('', '\x00', '\xff\xfe', 'x'.repeat(300), 'y'.repeat(16_372), 'z'.repeat(20_000), 'a\r\nb'),
);

/** Values of every kind that a dictionary may tell apart: empty, short, long and very long strings, and objects. */
function nthValue(n: number): Value {
  if (n % 11 === 0) return RawString.of(`raw:${n}`);
  if (n % 7 === 0) return String.fromCharCode(n % 256).repeat(n * 25);
  return n % 5 === 0 ? '' : `value:${n}`;
}

/** What happens to a key when it is found, by its number. */
type Change = (dictionary: KeyDictionary, entry: ModelEntry, n: number) => void;
const CHANGES: readonly Change[] = [
  (dictionary, entry, n) => {
    entry.value = nthValue(n);
    dictionary.setValue(entry.value);
  },
  (dictionary, entry, n) => {
    const value = 'v'.repeat(n * 20);
    const bytes = Buffer.from(`<${value}>`, 'latin1');
    dictionary.setValueBytes(bytes, 1, bytes.length - 1);
    entry.value = value;
  },
  (dictionary, entry, n) => {
    entry.expireAtMs = n % 3 === 0 ? NO_EXPIRY : n * 1e9;
    dictionary.setExpireAtMs(entry.expireAtMs);
  },
  (dictionary, entry, n) => {
    entry.access = 0xffffff - n;
    dictionary.setAccess(entry.access);
  },
  (dictionary, entry, n) => {
    entry.epoch = 255 - (n % 256);
    dictionary.setEpoch(entry.epoch);
  },
];
const REMOVE = CHANGES.length;
const SKIP = REMOVE + 1;

function expectEqual(dictionary: KeyDictionary, model: ReadonlyMap<Key, ModelEntry>): void {
  expect(dictionary.size).toBe(model.size);
  expect(dictionary.expiringCount).toBe([...model.values()].filter((entry) => entry.expireAtMs !== NO_EXPIRY).length);
  expect(new Set(dictionary.keys())).toEqual(new Set(model.keys()));
  for (const [name, entry] of model) {
    expect(dictionary.find(name)).toBe(true);
    expect(dictionary.key()).toBe(name);
    const { value, expireAtMs, access, epoch } = entry;
    expect([dictionary.value(), dictionary.expireAtMs()]).toEqual([value, expireAtMs]);
    expect([dictionary.access(), dictionary.epoch()]).toEqual([access, epoch]);
  }
}

function insert(
  dictionary: KeyDictionary,
  wanted: Key,
  entry: Omit<ModelEntry, 'expireAtMs'>,
  isByBytes: boolean,
): void {
  const { value, access, epoch } = entry;
  if (!isByBytes || typeof value !== 'string') return dictionary.insert(wanted, value, access, epoch);
  const bytes = Buffer.from(`<${wanted}|${value}>`, 'latin1');
  const keyEnd = 1 + wanted.length;
  dictionary.insertBytes(bytes, 1, keyEnd, keyEnd + 1, bytes.length - 1);
}

function filled(dictionary: KeyDictionary, count: number, prefix = 'key'): KeyDictionary {
  for (let i = 0; i < count; i++) {
    if (!dictionary.find(`${prefix}:${i}`)) dictionary.insert(`${prefix}:${i}`, String(i), 0, 0);
  }
  return dictionary;
}

export function describeDictionary(name: string, create: () => KeyDictionary): void {
  describe(`${name} as a dictionary`, () => {
    test('equals a Map of entries after any changes', () => {
      const step = fc.record({ key, change: fc.nat(SKIP), n: fc.nat(1000), isByBytes: fc.boolean() });
      fc.assert(
        fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), (steps) => {
          const dictionary = create();
          const model = new Map<Key, ModelEntry>();
          for (const { key: wanted, change, n, isByBytes } of steps) {
            const bytes = Buffer.from(`<${wanted}>`, 'latin1');
            const isFound = isByBytes ? dictionary.findBytes(bytes, 1, bytes.length - 1) : dictionary.find(wanted);
            const entry = model.get(wanted);
            expect(isFound).toBe(entry !== undefined);
            if (entry === undefined) {
              const added = isByBytes
                ? { value: 'b'.repeat(n * 20), access: 0, epoch: 0 }
                : { value: nthValue(n), access: n * 7, epoch: n % 256 };
              insert(dictionary, wanted, added, isByBytes);
              expect([dictionary.key(), dictionary.access(), dictionary.expireAtMs()]).toEqual([
                wanted,
                added.access,
                NO_EXPIRY,
              ]);
              model.set(wanted, { ...added, expireAtMs: NO_EXPIRY });
            } else if (change === REMOVE) {
              dictionary.remove();
              model.delete(wanted);
            } else if (change < REMOVE) {
              CHANGES[change]?.(dictionary, entry, n);
            }
          }
          expectEqual(dictionary, model);
          dictionary.clear();
          expectEqual(dictionary, new Map());
        }),
      );
    });

    test('a scan visits all that stays, whatever comes and goes', () => {
      fc.assert(
        fc.property(fc.nat(1500), fc.integer({ min: 1, max: 200 }), fc.nat(400), (staying, count, churn) => {
          const dictionary = filled(filled(create(), staying), 800, 'goes');
          const seen = new Set<Key>();
          let cursor = 0;
          let turn = 0;
          do {
            cursor = dictionary.scan(cursor, count, (visited, value) => {
              if (visited.startsWith('key:')) expect(value).toBe(visited.slice(4));
              seen.add(visited);
            });
            for (let i = turn * churn; i < (turn + 1) * churn && turn < 20; i++) {
              if (i % 2 === 0 && dictionary.find(`goes:${i >> 1}`)) dictionary.remove();
              if (i % 2 === 1 && !dictionary.find(`comes:${i}`)) dictionary.insert(`comes:${i}`, '', 0, 0);
            }
            turn++;
          } while (cursor !== 0);
          for (let i = 0; i < staying; i++) expect(seen.has(`key:${i}`)).toBe(true);
        }),
        { numRuns: 20 },
      );
    });

    test('a scan for expiries visits those keys only, and in short calls', () => {
      const dictionary = filled(create(), 20_000);
      for (let i = 0; i < 20_000; i += i < 10_000 ? 1000 : 3) {
        dictionary.find(`key:${i}`);
        dictionary.setExpireAtMs(i);
      }
      const seen = new Map<Key, number>();
      let calls = 0;
      for (let cursor = 0; ; ) {
        let visited = 0;
        cursor = dictionary.scanExpiring(cursor, 20, (found, expireAtMs) => {
          visited++;
          seen.set(found, expireAtMs);
        });
        expect(visited).toBeLessThan(200);
        calls++;
        if (cursor === 0) break;
      }
      expect(calls).toBeGreaterThan(10);
      expect(seen.size).toBe(dictionary.expiringCount);
      for (const [found, expireAtMs] of seen) expect(found).toBe(`key:${expireAtMs}`);
    });

    test('a random entry can be any', () => {
      const random = seededRandom(1);
      const dictionary = create();
      expect(dictionary.findRandom(random)).toBe(false);
      filled(dictionary, 30);
      const seen = new Set<Key>();
      for (let i = 0; i < 1000; i++) {
        expect(dictionary.findRandom(random)).toBe(true);
        seen.add(dictionary.key());
      }
      expect(seen.size).toBe(30);
    });
  });
}
