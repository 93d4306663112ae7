import { defaultThresholds } from '@aof/keyspace';
import { describe, expect, test } from 'vitest';
import {
  type HashField,
  RDB_TARGETS,
  type RdbKeyEntry,
  type RdbLoss,
  type RdbTarget,
  RdbWriter,
  type RdbWriterOptions,
  readRdbSync,
  type StreamValue,
  type WritableEntry,
  writeRdbSync,
} from '../src/index.ts';
import type { Key } from './arbitrary.ts';
import { keysOf, readAll, writeKeys } from './entries.ts';

const thresholds = defaultThresholds();
const head = { database: 0, key: 'k', expireAtMs: -1 };
const origin = { createdSec: 1_700_000_000 };

const stream: StreamValue = {
  entries: [
    { id: '1-1', fields: ['f', 'v'] },
    { id: '2-0', fields: ['g', 'w', 'h', 'x'] },
  ],
  lastId: '3-0',
  firstId: '1-1',
  maxDeletedId: '3-0',
  entriesAdded: 3,
  groups: [
    {
      name: 'g',
      lastId: '1-1',
      entriesRead: 1,
      pending: [{ id: '1-1', consumer: 'c', deliveryTimeMs: 5, deliveryCount: 2 }],
      consumers: [{ name: 'c', seenTimeMs: 6, activeTimeMs: 7 }],
    },
  ],
};

/** The encoding in which a key of this value is written. */
function encodingOf(key: Key, target: RdbTarget, options: Partial<RdbWriterOptions> = {}): string {
  const [entry] = readAll(writeKeys([key], target, options)).filter(({ kind }) => kind === 'key');
  return (entry as RdbKeyEntry).encoding;
}

const count = (n: number) => Array.from({ length: n }, (_, i) => i);
const list = (n: number, text = 'item'): Key => ({ ...head, type: 'list', value: count(n).map((i) => `${text}${i}`) });
const set = (n: number, text: string): Key => ({ ...head, type: 'set', value: count(n).map((i) => `${text}${i}`) });
const hash = (n: number, text = ''): Key => ({
  ...head,
  type: 'hash',
  value: count(n).map((i): HashField => [`f${i}`, text]),
});
const sorted = (n: number, text = ''): Key => ({
  ...head,
  type: 'zset',
  value: count(n).map((i) => [`${text}${i}`, i]),
});

describe('encodings', () => {
  test.each([
    ['redis-4', ['quicklist', 'hash-ziplist', 'zset-ziplist', 'set-hashtable']],
    ['redis-6', ['quicklist', 'hash-ziplist', 'zset-ziplist', 'set-hashtable']],
    ['redis-7.0', ['quicklist-v2', 'hash-listpack', 'zset-listpack', 'set-hashtable']],
    ['redis-7.2', ['quicklist-v2', 'hash-listpack', 'zset-listpack', 'set-listpack']],
    ['valkey-8', ['quicklist-v2', 'hash-listpack', 'zset-listpack', 'set-listpack']],
    ['valkey-9', ['quicklist-v2', 'hash-listpack', 'zset-listpack', 'set-listpack']],
  ] as const)('of small values for %s', (target, encodings) => {
    const hashEntries = thresholds.hashMaxListpackEntries;
    const keys = [list(3), hash(hashEntries, 'x'.repeat(64)), sorted(128, 'x'.repeat(60)), set(128, 'x'.repeat(60))];
    expect(keys.map((key) => encodingOf(key, target))).toEqual(encodings);
    expect(encodingOf(set(512, ''), target)).toBe('set-intset');
  });

  test.each(RDB_TARGETS)('of larger ones for %s', (target) => {
    const keys = [
      hash(thresholds.hashMaxListpackEntries + 1),
      hash(1, 'x'.repeat(65)),
      sorted(129),
      sorted(1, 'x'.repeat(64)),
      set(513, ''),
    ];
    expect(keys.map((key) => encodingOf(key, target))).toEqual([
      'hash-hashtable',
      'hash-hashtable',
      'zset-v2',
      'zset-v2',
      'set-hashtable',
    ]);
    expect(encodingOf(set(129, 'm'), target)).toBe('set-hashtable');
  });

  test('follow the thresholds', () => {
    const small = {
      ...thresholds,
      hashMaxListpackEntries: 1,
      hashMaxListpackValue: 2,
      listMaxListpackSize: 2,
      setMaxIntsetEntries: 3,
      setMaxListpackEntries: 4,
      setMaxListpackValue: 5,
      zsetMaxListpackEntries: 6,
      zsetMaxListpackValue: 7,
      streamNodeMaxBytes: 4096,
      streamNodeMaxEntries: 100,
    };
    const encoding = (key: Key) => encodingOf(key, 'redis-7.2', { thresholds: small });
    expect([hash(1, 'xx'), hash(1, 'xxx'), hash(2)].map(encoding)).toEqual([
      'hash-listpack',
      'hash-hashtable',
      'hash-hashtable',
    ]);
    expect([set(3, ''), set(4, ''), set(5, ''), set(1, 'xxxxx')].map(encoding)).toEqual([
      'set-intset',
      'set-listpack',
      'set-hashtable',
      'set-hashtable',
    ]);
    expect([sorted(6), sorted(7), sorted(1, '1234567')].map(encoding)).toEqual(['zset-listpack', 'zset-v2', 'zset-v2']);
  });

  test('of sorted sets are in order where they are packed', () => {
    const value = [
      ['b', 1],
      ['a', 1],
      ['z', Number.NEGATIVE_INFINITY],
      ['y', 1e21],
      ['x', -0.1],
    ] as const;
    const [key] = keysOf(readAll(writeKeys([{ ...head, type: 'zset', value }], 'redis-7.0')));
    expect(key).toMatchObject({
      value: [
        ['z', Number.NEGATIVE_INFINITY],
        ['x', -0.1],
        ['a', 1],
        ['b', 1],
        ['y', 1e21],
      ],
    });
  });

  test('compress strings, unless told not to', () => {
    const long: Key = { ...head, type: 'string', value: 'ab'.repeat(500) };
    const plain = writeKeys([long], 'redis-7.0', { compresses: false });
    expect(plain.length - writeKeys([long], 'redis-7.0').length).toBeGreaterThan(900);
    expect(plain.includes('ab'.repeat(500))).toBe(true);
  });

  test('of a list cut it into nodes of 8 KiB', () => {
    const key = list(5000, 'x'.repeat(20));
    const bytes = writeKeys([key], 'redis-7.0', { compresses: false });
    // Behind type and key: how many nodes there are.
    const at = bytes.indexOf(Buffer.from([18, 1, 0x6b]));
    expect(bytes[at + 3]).toBe(Math.ceil((5000 * 26) / 8192));
    const [read] = keysOf(readAll(bytes));
    expect(read.value).toEqual(key.value);
  });
});

describe('origin', () => {
  const aux = (target: RdbTarget, more = {}) =>
    readAll(Buffer.concat([...writeRdbSync([], { target, origin: { ...origin, ...more } })])).flatMap((entry) =>
      entry.kind === 'aux' ? [[entry.key, entry.value]] : [],
    );

  test('is told in fields', () => {
    expect(aux('redis-7.0', { usedMemoryBytes: 12345, isAofBase: true, fields: { 'repl-id': 'abc' } })).toEqual([
      ['redis-ver', '7.0.15'],
      ['redis-bits', '64'],
      ['ctime', '1700000000'],
      ['used-mem', '12345'],
      ['aof-base', '1'],
      ['repl-id', 'abc'],
    ]);
    expect(aux('valkey-9', { serverVersion: '9.1.2' })[0]).toEqual(['valkey-ver', '9.1.2']);
    expect(aux('redis-5')).toContainEqual(['aof-preamble', '0']);
  });

  test('is not copied, but other fields are', () => {
    const first = writeRdbSync([], { target: 'valkey-8', origin: { ...origin, fields: { mine: 'kept' } } });
    const second = writeRdbSync(readRdbSync(first), { target: 'redis-6', origin: { createdSec: 5 } });
    const entries = readAll(Buffer.concat([...second])).filter(({ kind }) => kind === 'aux');
    expect(entries.map((entry) => (entry as { key: string }).key)).toEqual([
      'redis-ver',
      'redis-bits',
      'ctime',
      'used-mem',
      'aof-preamble',
      'mine',
    ]);
    expect(entries[2]).toMatchObject({ value: '5' });
  });
});

describe('losses', () => {
  function lossesFor(target: RdbTarget, entries: readonly WritableEntry[]): RdbLoss[] {
    const losses: RdbLoss[] = [];
    const chunks = writeRdbSync(entries, { target, origin, onLoss: (loss) => losses.push(loss) });
    readAll(Buffer.concat([...chunks]));
    return losses;
  }
  const key = (value: Key): WritableEntry => ({ kind: 'key', ...value });
  const module: WritableEntry = {
    kind: 'module-skipped',
    fileOffset: 0,
    key: 'm',
    database: 1,
    moduleType: 'x',
    moduleVersion: 1,
    byteLength: 9,
  };

  test.each([
    ['redis-4', ['key', 'hash-field-expiry', 'usage', 'function', 'module', 'slot-import']],
    ['redis-5', ['stream-counters', 'stream-active-time', 'hash-field-expiry', 'function', 'module', 'slot-import']],
    ['redis-6', ['stream-counters', 'stream-active-time', 'hash-field-expiry', 'function', 'module', 'slot-import']],
    ['redis-7.0', ['stream-active-time', 'hash-field-expiry', 'module', 'slot-import']],
    ['redis-7.2', ['hash-field-expiry', 'module', 'slot-import']],
    ['redis-7.4', ['module', 'slot-import']],
    ['valkey-8', ['hash-field-expiry', 'module', 'slot-import']],
    ['valkey-9', ['module', 'slot-import']],
  ] as const)('of %s are told', (target, codes) => {
    const losses = lossesFor(target, [
      key({ ...head, type: 'stream', value: stream }),
      key({ ...head, key: 'h', type: 'hash', value: [['f', 'v', 1000]] }),
      key({ ...head, key: 'u', idleSec: 3, frequency: 4, type: 'string', value: '' }),
      { kind: 'function', fileOffset: 0, code: '#!lua name=l\n' },
      module,
      { kind: 'slot-import', fileOffset: 0, job: 'j', ranges: [] },
    ]);
    expect(losses.map(({ code }) => code)).toEqual(codes);
    expect(losses.find(({ code }) => code === 'module')).toEqual({ code: 'module', key: 'm', database: 1 });
  });

  test('are counted, and may end the writing', () => {
    const writer = new RdbWriter({ target: 'redis-4' });
    writer.begin(origin);
    writer.key({ ...head, type: 'stream', value: stream });
    writer.key({ ...head, key: 'l', type: 'stream', value: stream });
    expect([...writer.losses]).toEqual([['key', 2]]);
    const strict = new RdbWriter({
      target: 'redis-4',
      onLoss: ({ key }) => {
        throw new Error(`no ${key}`);
      },
    });
    strict.begin(origin);
    expect(() => strict.key({ ...head, type: 'stream', value: stream })).toThrow('no k');
  });

  test('there are none where an older server would estimate the same', () => {
    const value: StreamValue = {
      ...stream,
      lastId: '2-0',
      maxDeletedId: '0-0',
      entriesAdded: 2,
      groups: stream.groups.map((group) => ({ ...group, consumers: [{ name: 'c', seenTimeMs: 6, activeTimeMs: 6 }] })),
    };
    expect(lossesFor('redis-5', [key({ ...head, type: 'stream', value })])).toEqual([]);
  });
});

describe('a value in pieces', () => {
  function written(target: RdbTarget, write: (writer: RdbWriter) => void) {
    const writer = new RdbWriter({ target });
    writer.begin(origin);
    write(writer);
    writer.end();
    return keysOf(readAll(Buffer.concat(writer.take()), { findsDuplicates: true }));
  }
  const attributes = { ...head, database: 3, expireAtMs: 99, idleSec: 4 };

  test.each(RDB_TARGETS)('reads as if it were written at once, for %s', (target) => {
    const usage = target === 'redis-4' ? { database: 3, key: 'k', expireAtMs: 99 } : attributes;
    const [string] = written(target, (writer) => {
      writer.beginString(attributes, 7);
      writer.bytes(Buffer.from('1234'));
      writer.bytes(Buffer.from('567'));
      writer.endValue();
    });
    expect(string).toEqual({ ...usage, type: 'string', value: '1234567' });
    const keys = written(target, (writer) => {
      writer.beginList(attributes, 2);
      writer.element('a');
      writer.element('2');
      writer.endValue();
      writer.beginSet({ ...head, key: 's' }, 1);
      writer.element('m');
      writer.endValue();
      writer.beginSortedSet({ ...head, key: 'z' }, 2);
      writer.scored('m', 1.5);
      writer.scored('n', Number.NEGATIVE_INFINITY);
      writer.endValue();
      writer.beginHash({ ...head, key: 'h' }, 1);
      writer.field('f', 'v');
      writer.endValue();
      writer.beginListNodes({ ...head, key: 'nodes' }, 2);
      writer.listNode(['a', 'b']);
      writer.listNode(['3']);
      writer.endValue();
    });
    expect(keys).toMatchObject([
      { ...usage, type: 'list', value: ['a', '2'] },
      { key: 's', type: 'set', value: ['m'] },
      {
        key: 'z',
        type: 'zset',
        value: [
          ['m', 1.5],
          ['n', Number.NEGATIVE_INFINITY],
        ],
      },
      { key: 'h', type: 'hash', value: [['f', 'v']] },
      { key: 'nodes', type: 'list', value: ['a', 'b', '3'] },
    ]);
  });

  test.each(RDB_TARGETS)('may be a hash whose fields expire, or a stream, for %s', (target) => {
    const losses: string[] = [];
    const writer = new RdbWriter({ target, onLoss: ({ code }) => losses.push(code) });
    writer.begin(origin);
    writer.beginHash(head, 2, 1000);
    writer.field('f', 'v', 1000);
    writer.field('g', 'w');
    writer.endValue();
    writer.beginStream({ ...head, key: 's' }, 2);
    for (const entry of stream.entries) writer.streamNode([entry]);
    writer.endStream(stream);
    writer.end();
    const keys = keysOf(readAll(Buffer.concat(writer.take())));
    const expires = target === 'redis-7.4' || target === 'valkey-9';
    expect(keys[0].value).toEqual([expires ? ['f', 'v', 1000] : ['f', 'v'], ['g', 'w']]);
    expect(losses.includes('hash-field-expiry')).toBe(!expires);
    expect(keys).toHaveLength(target === 'redis-4' ? 1 : 2);
    expect(losses.filter((code) => code === 'key')).toHaveLength(target === 'redis-4' ? 1 : 0);
    if (target !== 'redis-4') expect(keys[1]).toMatchObject({ type: 'stream', value: { entries: stream.entries } });
  });

  test('is in the output after each piece', () => {
    const writer = new RdbWriter({ target: 'redis-7.0', chunkBytes: 64 });
    writer.begin(origin);
    writer.beginList(head, 1000);
    const pieces = writer.take();
    for (let i = 0; i < 1000; i++) {
      writer.element(`element ${i}`);
      expect(writer.pendingBytes).toBeGreaterThan(0);
      pieces.push(...writer.take());
      expect(writer.pendingBytes).toBe(0);
    }
    writer.endValue();
    writer.end();
    const [key] = keysOf(readAll(Buffer.concat([...pieces, ...writer.take()])));
    expect(key.value).toHaveLength(1000);
  });

  test('throws when told more, less or something else', () => {
    const begun = () => {
      const writer = new RdbWriter({ target: 'redis-7.0' });
      writer.begin(origin);
      writer.beginList(head, 1);
      return writer;
    };
    expect(() => begun().endValue()).toThrow(/bug/);
    expect(() => begun().scored('m', 1)).toThrow(/bug/);
    expect(() => begun().key({ ...head, type: 'string', value: '' })).toThrow(/bug/);
    expect(() => begun().end()).toThrow(/bug/);
    const full = begun();
    full.element('a');
    expect(() => full.element('b')).toThrow(/bug/);
    expect(() => full.endStream(stream)).toThrow(/bug/);
    const writer = new RdbWriter({ target: 'redis-7.0' });
    expect(() => writer.end()).toThrow(/bug/);
    writer.begin(origin);
    expect(() => writer.begin(origin)).toThrow(/bug/);
    writer.end();
    expect(() => writer.aux('a', 'b')).toThrow(/bug/);
  });
});

test('collections without elements are no keys', () => {
  const empty: Key[] = (['list', 'set', 'zset', 'hash'] as const).map((type) => ({ ...head, type, value: [] }));
  expect(readAll(writeKeys(empty, 'redis-7.0')).filter(({ kind }) => kind !== 'aux')).toHaveLength(2);
  const none: StreamValue = {
    entries: [],
    lastId: '0-0',
    firstId: '0-0',
    maxDeletedId: '0-0',
    entriesAdded: 0,
    groups: [],
  };
  expect(keysOf(readAll(writeKeys([{ ...head, type: 'stream', value: none }], 'redis-7.0')))).toHaveLength(1);
});

test('sizes of databases come before their keys', () => {
  const writer = new RdbWriter({ target: 'redis-7.0' });
  writer.begin(origin);
  writer.resize(2, 1, 0);
  writer.key({ ...head, database: 2, type: 'string', value: 'v' });
  writer.end();
  const kinds = readAll(Buffer.concat(writer.take())).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind !== 'aux')).toEqual(['header', 'select', 'resize', 'key', 'end']);
});

test('a part of a value cannot be written', () => {
  const entries = readAll(writeKeys([list(5)], 'redis-7.0', { thresholds: undefined }), { partElements: 1 });
  expect(entries.filter(({ kind }) => kind === 'key')).toHaveLength(1);
  const parts = readAll(plainList(), { partElements: 2 });
  expect(() => [...writeRdbSync(parts, { target: 'redis-7.0', origin })]).toThrow(RangeError);
});

test('a stream that does not hold together is refused', () => {
  const write = (value: StreamValue) => () => writeKeys([{ ...head, type: 'stream', value }], 'redis-7.0');
  expect(write({ ...stream, lastId: 'x' })).toThrow(RangeError);
  expect(write({ ...stream, entries: [{ id: '1-1', fields: ['f'] }] })).toThrow(RangeError);
  const [group] = stream.groups;
  expect(write({ ...stream, groups: [{ ...group, consumers: [] }] })).toThrow(RangeError);
});

function plainList(): Buffer {
  const writer = new RdbWriter({ target: 'redis-7.0' });
  writer.begin(origin);
  writer.beginList(head, 5);
  for (let i = 0; i < 5; i++) writer.element('x');
  writer.endValue();
  writer.end();
  return Buffer.concat(writer.take());
}
