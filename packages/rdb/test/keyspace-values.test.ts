import {
  defaultThresholds,
  HashValue,
  Keyspace,
  ListValue,
  RawString,
  SetValue,
  SortedSetValue,
  StreamValue,
} from '@aof/keyspace';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entryToValue, extendValue, RdbError, type RdbValue, type StreamGroup, valueToEntry } from '../src/index.ts';
import { type Key, keys } from './arbitrary.ts';
import { keysOf, readAll, writeKeys } from './entries.ts';
import { seededRandom } from './seeded-random.ts';

const thresholds = defaultThresholds();

function keyspace(): Keyspace {
  const made = new Keyspace({ random: seededRandom(1) });
  made.isLoading = true;
  return made;
}

/** Sets, sorted sets and hashes have no order. */
function inOrder(key: Key): Key {
  if (key.type === 'set') return { ...key, value: key.value.toSorted() };
  if (key.type === 'zset') {
    // Small sorted sets of the keyspace do not tell -0 from 0.
    const pairs = key.value.map(([member, score]) => [member, score + 0] as const);
    return { ...key, value: pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)) };
  }
  if (key.type === 'hash') return { ...key, value: key.value.toSorted(([a], [b]) => (a < b ? -1 : 1)) };
  if (key.type === 'stream') return { ...key, value: { ...key.value, groups: groupsInOrder(key.value.groups) } };
  return key;
}

function groupsInOrder(groups: readonly StreamGroup[]): StreamGroup[] {
  const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);
  return groups.map((group) => ({ ...group, consumers: group.consumers.toSorted(byName) })).sort(byName);
}

test('what goes through a file, a keyspace and a file again is the same', () => {
  fc.assert(
    fc.property(keys, (list) => {
      const loaded = keyspace();
      const expected: Key[] = [];
      for (const key of keysOf(readAll(writeKeys(list, 'redis-7.2')))) {
        const { value, lost } = entryToValue(key, thresholds);
        expect(lost).toEqual([]);
        const db = loaded.databases[key.database];
        db.set(key.key, value);
        if (key.expireAtMs !== -1) db.setExpire(key.key, key.expireAtMs);
        expected.push(key);
      }
      const found = expected.map(({ database, key }) => valueToEntry(loaded.databases[database], key));
      const again = keysOf(
        readAll(
          writeKeys(
            found.filter((key) => key !== undefined),
            'redis-7.2',
          ),
        ),
      );
      expect(again.map(inOrder)).toEqual(expected.map(({ idleSec: _i, frequency: _f, ...key }) => inOrder(key)));
    }),
    { numRuns: 60 },
  );
});

test('nothing is made of a key that is not there', () => {
  expect(valueToEntry(keyspace().databases[0], 'k')).toBeUndefined();
});

describe('a value', () => {
  const values: readonly [string, RdbValue, unknown][] = [
    ['string', { type: 'string', value: 'v' }, String],
    ['string of bytes', { type: 'string', value: Buffer.alloc(2 << 20) }, RawString],
    ['list', { type: 'list', value: ['a', 'b'] }, ListValue],
    ['set', { type: 'set', value: ['a', 'b'] }, SetValue],
    ['sorted set', { type: 'zset', value: [['a', 1]] }, SortedSetValue],
    ['hash', { type: 'hash', value: [['a', 'b']] }, HashValue],
  ];

  test.each(values)('of type %s becomes one of the keyspace', (_, value, type) => {
    expect(Object(entryToValue(value, thresholds).value)).toBeInstanceOf(type);
  });

  test('has the encoding that fits its size', () => {
    const set = (count: number, text: string) =>
      entryToValue({ type: 'set', value: Array.from({ length: count }, (_, i) => `${text}${i}`) }, thresholds).value;
    expect(
      [set(512, ''), set(128, 'm'), set(513, ''), set(129, 'm')].map((made) => (made as SetValue).encoding()),
    ).toEqual(['intset', 'listpack', 'hashtable', 'hashtable']);
  });

  test('loses what the keyspace cannot hold, and says so', () => {
    expect(
      entryToValue(
        {
          type: 'hash',
          value: [
            ['f', 'v', 5],
            ['g', 'w'],
          ],
        },
        thresholds,
      ),
    ).toMatchObject({
      lost: ['hash-field-expiry'],
    });
  });

  const doubled: readonly RdbValue[] = [
    { type: 'set', value: ['a', 'b', 'a'] },
    { type: 'set', value: ['1', '1'] },
    {
      type: 'hash',
      value: [
        ['f', '1'],
        ['f', '2'],
      ],
    },
    {
      type: 'zset',
      value: [
        ['m', 1],
        ['m', 2],
      ],
    },
    { type: 'zset', value: [...Array.from({ length: 200 }, (_, i) => [`m${i}`, i] as const), ['m7', 7]] },
  ];

  test.each(doubled)('with something twice is refused: %#', (value) => {
    const refused = () => entryToValue({ ...value, fileOffset: 77, key: 'k', encoding: 'e', database: 2 }, thresholds);
    expect(refused).toThrow(RdbError);
    expect(refused).toThrow(
      expect.objectContaining({ code: 'RDB_DUPLICATE', fileOffset: 77, key: 'k', encoding: 'e', database: 2 }),
    );
  });
});

describe('a stream', () => {
  const entry = (id: string) => ({ id, fields: ['f', id] });
  const rest = { lastId: '9-0', firstId: '1-1', maxDeletedId: '0-0', entriesAdded: 3, groups: [] };
  const stream = (...ids: readonly string[]): RdbValue => ({
    type: 'stream',
    value: { entries: ids.map(entry), ...rest },
  });

  test('is put together of parts', () => {
    const { value } = entryToValue(stream('1-1', '1-2'), thresholds);
    expect(value).toBeInstanceOf(StreamValue);
    expect(extendValue(value, stream('18446744073709551615-7'), thresholds)).toEqual([]);
    const db = keyspace().databases[0];
    db.set('k', value);
    expect(valueToEntry(db, 'k')).toMatchObject(stream('1-1', '1-2', '18446744073709551615-7'));
  });

  test('whose IDs do not ascend is refused', () => {
    for (const ids of [['1-1', '1-1'], ['2-0', '1-5'], ['0-0']]) {
      expect(() => entryToValue({ ...stream(...ids), key: 'k' }, thresholds)).toThrow(
        expect.objectContaining({ name: 'RdbError', code: 'RDB_STRUCTURE', key: 'k' }),
      );
    }
  });
});

function sizeOf(value: unknown): number {
  return value instanceof SetValue || value instanceof SortedSetValue || value instanceof HashValue
    ? value.size
    : Number.NaN;
}

describe('parts', () => {
  const first: readonly RdbValue[] = [
    { type: 'list', value: ['a', 'b'] },
    { type: 'set', value: ['a', 'b'] },
    { type: 'zset', value: [['a', 1]] },
    { type: 'hash', value: [['a', '1']] },
  ];
  const more: readonly RdbValue[] = [
    { type: 'list', value: ['c'] },
    { type: 'set', value: ['c'] },
    { type: 'zset', value: [['c', 0]] },
    { type: 'hash', value: [['c', '3', 9]] },
  ];

  test.each([0, 1, 2, 3])('are put together: %i', (i) => {
    const { value } = entryToValue(first[i], thresholds);
    expect(extendValue(value, more[i], thresholds)).toEqual(i === 3 ? ['hash-field-expiry'] : []);
    const db = keyspace().databases[0];
    db.set('k', value);
    expect(valueToEntry(db, 'k')?.value).toHaveLength(i < 2 ? 3 : 2);
    if (i > 0) expect(() => extendValue(value, more[i], thresholds)).toThrow(RdbError);
    expect(() => extendValue(value, more[(i + 1) % 4], thresholds)).toThrow(/bug/);
  });

  const names = (from: number, count: number): string[] => Array.from({ length: count }, (_, n) => `e${from + n}`);
  /** Parts of each type that cannot have an element twice. */
  const partsOf = (elements: readonly string[]): readonly RdbValue[] => [
    { type: 'set', value: elements },
    { type: 'zset', value: elements.map((element, n) => [element, 20 - n] as const) },
    { type: 'hash', value: elements.map((element) => [element, `of ${element}`] as const) },
  ];
  const refusal = (element: string): unknown =>
    expect.objectContaining({ code: 'RDB_DUPLICATE', message: expect.stringContaining(`'${element}'`) });

  test.each([3, 600])('of a value that began with %i elements have nothing twice, many or few', (size) => {
    for (const [i, part] of partsOf(names(0, size)).entries()) {
      const { value } = entryToValue(part, thresholds);
      const extend = (elements: readonly string[]) => extendValue(value, partsOf(elements)[i], thresholds);
      extend(names(size, 20));
      expect(sizeOf(value)).toBe(size + 20);
      for (const count of [2, 20]) {
        expect(() => extend([...names(1000 + count, count), `e${1000 + count}`])).toThrow(refusal(`e${1000 + count}`));
        expect(() => extend([...names(2000 + count, count), 'e1'])).toThrow(refusal('e1'));
      }
    }
  });
});
