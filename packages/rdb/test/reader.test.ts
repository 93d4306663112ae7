/** What no fixture holds: each opcode and type of later versions, both dialects, and every way in which a file can end. */

import { crc64 } from '@aof/crc64';
import { describe, expect, test } from 'vitest';
import {
  END,
  ENTRY,
  FORMAT_ERROR,
  NEED_MORE,
  RdbError,
  RdbReader,
  type RdbReaderOptions,
  readRdb,
  TRUNCATED,
} from '../src/index.ts';
import { bytesOf, int64, listpack, type Part } from './bytes.ts';
import { keysOf, readAll, writeKeys } from './entries.ts';

const redis = (...parts: readonly Part[]) => bytesOf(Buffer.from('REDIS0012'), ...parts, 255, new Uint8Array(8));
const valkey = (...parts: readonly Part[]) => bytesOf(Buffer.from('VALKEY080'), ...parts, 255, new Uint8Array(8));

function only(bytes: Uint8Array, kind: string) {
  return readAll(bytes).filter((entry) => entry.kind === kind);
}

function failureOf(bytes: Uint8Array, options?: RdbReaderOptions): RdbError {
  try {
    readAll(bytes, options);
  } catch (error) {
    if (error instanceof RdbError) return error;
    throw error;
  }
  throw new Error('it was read');
}

const moduleId = Buffer.concat([Uint8Array.of(0x81), Buffer.from('ffffffffffffffff', 'hex')]);

describe('opcodes', () => {
  test('tell of databases, sizes and slots', () => {
    const entries = readAll(redis(254, 9, 251, 3, 1, 244, 0x40, 100, 3, 1, 0, 'k', 'v'));
    expect(entries.map(({ fileOffset, ...entry }) => [fileOffset, entry])).toEqual([
      [0, { kind: 'header', dialect: 'redis', version: 12 }],
      [9, { kind: 'select', database: 9 }],
      [11, { kind: 'resize', database: 9, keys: 3, expiringKeys: 1 }],
      [14, { kind: 'slot-info', slot: 100, keys: 3, expiringKeys: 1 }],
      [
        19,
        {
          kind: 'key',
          database: 9,
          key: 'k',
          type: 'string',
          value: 'v',
          encoding: 'string',
          expireAtMs: -1,
          part: 0,
          isLast: true,
        },
      ],
      [24, { kind: 'end', checksum: 'absent' }],
    ]);
  });

  test('before a key are its alone', () => {
    const [first, second, third] = keysOf(
      readAll(redis(248, 7, 252, int64(1234567890123), 249, 200, 0, 'a', '', 0, 'b', '', 253, 1, 0, 0, 0, 0, 'c', '')),
    );
    expect(first).toMatchObject({ key: 'a', expireAtMs: 1234567890123, idleSec: 7, frequency: 200 });
    expect(second).toEqual({ database: 0, key: 'b', expireAtMs: -1, type: 'string', value: '' });
    expect(third).toMatchObject({ key: 'c', expireAtMs: 1000 });
  });

  test('hold function libraries of 7.0, and of its release candidates in the later form', () => {
    const code = '#!lua name=l\nreturn 1';
    expect(only(redis(245, code), 'function')).toEqual([{ kind: 'function', fileOffset: 9, code }]);
    expect(only(redis(246, 'l', 'LUA', 1, 'about', 'return 1'), 'function')).toMatchObject([
      { code: '#!LUA name=l\nreturn 1' },
    ]);
    expect(only(redis(246, 'l', 'LUA', 0, 'return 1'), 'function')).toMatchObject([{ code: '#!LUA name=l\nreturn 1' }]);
  });

  test('pass over the data of modules, of every kind', () => {
    const data = [1, 5, 2, 0x40, 77, 3, Buffer.alloc(4), 4, Buffer.alloc(8), 5, 'text', 5, 0xc0, 7, 0];
    const entries = readAll(redis(247, moduleId, 2, 1, ...data, 7, 'k', moduleId, ...data, 0, 'after', ''));
    expect(entries.slice(1, -2)).toEqual([
      {
        kind: 'module-skipped',
        fileOffset: 9,
        key: undefined,
        database: 0,
        moduleType: '_________',
        moduleVersion: 1023,
        byteLength: 12 + 29,
      },
      expect.objectContaining({ key: 'k', byteLength: 12 + 29 }),
    ]);
    expect(keysOf(entries)).toMatchObject([{ key: 'after' }]);
    expect(failureOf(redis(7, 'k', moduleId, 6))).toMatchObject({ code: 'RDB_MODULE', key: 'k' });
    expect(failureOf(redis(247, moduleId, 1, 1, 0))).toMatchObject({ code: 'RDB_MODULE', doing: 'read-module-aux' });
  });

  test('243 is a slot import in Valkey, and data of modules beside a key in Redis', () => {
    expect(only(valkey(243, 'job', 2, 0, 0x40, 99, 0x7f, 0, 0x7f, 255), 'slot-import')).toMatchObject([
      {
        job: 'job',
        ranges: [
          [0, 99],
          [16128, 16383],
        ],
      },
    ]);
    expect(only(redis(243, 0, 0, 'k', 'v'), 'module-skipped')).toMatchObject([{ moduleType: 'key-metadata' }]);
  });
});

describe('hashes whose fields expire', () => {
  const fields = [
    ['f', '1', 1000],
    ['g', 'two'],
  ];

  test('count from the first expiry in Redis 7.4', () => {
    expect(keysOf(readAll(redis(24, 'h', int64(900), 2, 0x40, 101, 'f', 0xc0, 1, 0, 'g', 'two')))).toMatchObject([
      { type: 'hash', value: fields },
    ]);
  });

  test('hold the times themselves in its release candidates', () => {
    expect(keysOf(readAll(redis(22, 'h', 2, 0x43, 0xe8, 'f', 0xc0, 1, 0, 'g', 'two')))).toMatchObject([
      { type: 'hash', value: fields },
    ]);
  });

  test('are listpacks of three while small', () => {
    const packed = listpack('f', '1', '1000', 'g', 'two', '0');
    expect(keysOf(readAll(redis(25, 'h', int64(1000), packed)))).toMatchObject([{ value: fields }]);
    expect(keysOf(readAll(redis(23, 'h', packed)))).toMatchObject([{ value: fields }]);
    expect(failureOf(redis(23, 'h', listpack('f', '1')))).toMatchObject({ code: 'RDB_STRUCTURE' });
    expect(failureOf(redis(23, 'h', listpack('f', '1', 'soon')))).toMatchObject({ code: 'RDB_NUMBER' });
    expect(failureOf(redis(23, 'h', listpack('f', '1', '281474976710656')))).toMatchObject({ code: 'RDB_NUMBER' });
  });

  test('hold the time behind the value in Valkey, which uses 22 for it and has no more types', () => {
    const bytes = valkey(22, 'h', 2, 'f', 0xc0, 1, int64(1000), 'g', 'two', int64(-1));
    expect(keysOf(readAll(bytes))).toMatchObject([{ value: fields }]);
    expect(only(bytes, 'key')).toMatchObject([{ encoding: 'hash-hashtable-with-expiration' }]);
    expect(failureOf(valkey(22, 'h', 1, 'f', 'v', int64(-2)))).toMatchObject({ code: 'RDB_NUMBER' });
    for (const type of [23, 24, 25, 26]) expect(failureOf(valkey(type, 'h', 0))).toMatchObject({ code: 'RDB_TYPE' });
    expect(failureOf(redis(33, 'h', 0))).toMatchObject({ code: 'RDB_TYPE' });
  });
});

describe('values', () => {
  test('of a list may be plain nodes', () => {
    const bytes = redis(18, 'l', 3, 1, 'plain', 2, listpack('a', '2'), 1, 0xc1, 0, 1);
    expect(keysOf(readAll(bytes))).toMatchObject([{ type: 'list', value: ['plain', 'a', '2', '256'] }]);
    expect(failureOf(redis(18, 'l', 1, 3, 'x'))).toMatchObject({ code: 'RDB_STRUCTURE', encoding: 'quicklist-v2' });
  });

  test('of the first sorted sets are texts', () => {
    const bytes = redis(3, 'z', 4, 'a', '1.5', 'b', 254, 'c', 255, 'd', '-1e-7');
    expect(keysOf(readAll(bytes))).toMatchObject([
      {
        value: [
          ['a', 1.5],
          ['b', Number.POSITIVE_INFINITY],
          ['c', Number.NEGATIVE_INFINITY],
          ['d', -1e-7],
        ],
      },
    ]);
    expect(failureOf(redis(3, 'z', 1, 'a', 253))).toMatchObject({ code: 'RDB_NUMBER' });
    expect(failureOf(redis(3, 'z', 1, 'a', 'one'))).toMatchObject({ code: 'RDB_NUMBER' });
    expect(failureOf(redis(17, 'z', listpack('a', 'nan')))).toMatchObject({ code: 'RDB_NUMBER' });
    expect(failureOf(redis(17, 'z', listpack('a', '1', 'b')))).toMatchObject({ code: 'RDB_STRUCTURE' });
  });

  test('of long strings are bytes', () => {
    const long = Buffer.alloc(3 << 20, 'ab');
    const head = { database: 0, key: 'k', expireAtMs: -1, type: 'string' } as const;
    for (const value of [long, long.toString('latin1')]) {
      const [key] = keysOf(readAll(writeKeys([{ ...head, value }], 'redis-7.0')));
      expect(key.value).toBeInstanceOf(Uint8Array);
      expect(Buffer.from(key.value as Uint8Array).equals(long)).toBe(true);
    }
    const compressed = writeKeys([{ ...head, value: long.subarray(0, 1 << 20) }], 'redis-7.0');
    expect(compressed.length).toBeLessThan(20_000);
    expect(keysOf(readAll(compressed))[0].value).toBe(long.toString('latin1', 0, 1 << 20));
  });

  test('twice in a value are found when asked for', () => {
    const doubled: readonly Buffer[] = [
      redis(2, 'k', 2, 'a', 'a'),
      redis(20, 'k', listpack('a', 'a')),
      redis(4, 'k', 2, 'f', '1', 'f', '2'),
      redis(16, 'k', listpack('f', '1', 'f', '2')),
      redis(17, 'k', listpack('m', '1', 'm', '2')),
      redis(5, 'k', 2, 'm', int64(0), 'm', int64(0)),
    ];
    for (const bytes of doubled) {
      expect(failureOf(bytes, { findsDuplicates: true })).toMatchObject({ code: 'RDB_DUPLICATE', key: 'k' });
      expect(keysOf(readAll(bytes))).toHaveLength(1);
    }
    const different = redis(1, 'k', 2, 'a', 'a', 16, 'h', listpack('f', 'x', 'g', 'x'));
    expect(keysOf(readAll(different, { findsDuplicates: true }))).toHaveLength(2);
  });

  test('of release candidates of modules are refused', () => {
    expect(failureOf(redis(6, 'k', 0))).toMatchObject({ code: 'RDB_PRE_RELEASE', encoding: 'module-pre-release' });
  });
});

describe('a stream', () => {
  const id = (milliseconds: number, sequence: number) => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigUInt64BE(BigInt(milliseconds), 0);
    bytes.writeBigUInt64BE(BigInt(sequence), 8);
    return bytes;
  };
  const node = (...items: readonly string[]) => bytesOf(16, id(5, 1), listpack(...items));
  const rest = [2, 6, 0, 0];

  test('leaves out deleted entries, and takes fields from the first one', () => {
    const items = [
      '2',
      '1',
      '1',
      'f',
      '0',
      '2',
      '0',
      '0',
      'v1',
      '4',
      '3',
      '1',
      '0',
      'v2',
      '4',
      '0',
      '1',
      '-1',
      '1',
      'g',
      'w',
      '6',
    ];
    const [key] = keysOf(readAll(redis(15, 's', 1, node(...items), ...rest)));
    expect(key.value).toEqual({
      entries: [
        { id: '5-1', fields: ['f', 'v1'] },
        { id: '6-0', fields: ['g', 'w'] },
      ],
      lastId: '6-0',
      firstId: '5-1',
      maxDeletedId: '0-0',
      entriesAdded: 2,
      groups: [],
    });
  });

  test.each([
    ['that has no end of its master entry', ['1', '0', '1', 'f', '1']],
    ['with an entry of a wrong length', ['1', '0', '1', 'f', '0', '2', '0', '0', 'v1', '5']],
    ['with an entry missing', ['2', '0', '1', 'f', '0', '2', '0', '0', 'v1', '4']],
    ['with something behind', ['1', '0', '1', 'f', '0', '2', '0', '0', 'v1', '4', '0']],
    ['with an ID that is none', ['1', '0', '1', 'f', '0', '2', 'x', '0', 'v1', '4']],
    ['with more fields than there are', ['1', '0', '99999999', 'f', '0']],
    ['with a negative count', ['-1', '0', '1', 'f', '0']],
    ['that is empty', []],
  ])('refuses a node %s', (_, items) => {
    expect(failureOf(redis(15, 's', 1, node(...items), ...rest))).toMatchObject({ code: 'RDB_STRUCTURE', key: 's' });
  });

  test('refuses groups that do not hold together', () => {
    const stream = (...groups: readonly Part[]) => redis(21, 's', 0, 0, 6, 0, 0, 0, 0, 0, 2, ...groups);
    const pending = [id(1, 1), int64(9), 1];
    const times = [int64(1), int64(2)];
    const good = stream(1, 'g', 6, 0, 2, 1, ...pending, 1, 'c', ...times, 1, id(1, 1));
    expect(keysOf(readAll(good))).toMatchObject([
      {
        value: {
          groups: [
            {
              name: 'g',
              lastId: '6-0',
              entriesRead: 2,
              consumers: [{ name: 'c', seenTimeMs: 1, activeTimeMs: 2 }],
              pending: [{ id: '1-1', consumer: 'c', deliveryTimeMs: 9, deliveryCount: 1 }],
            },
          ],
        },
      },
    ]);
    const consumer = (...ids: readonly Part[]) => ['c', ...times, ids.length, ...ids];
    const twice = [...pending, ...pending];
    const codes = (bytes: Buffer) => failureOf(bytes).code;
    expect(codes(stream(1, 'g', 6, 0, 2, 1, ...pending, 1, ...consumer()))).toBe('RDB_STRUCTURE');
    expect(codes(stream(1, 'g', 6, 0, 2, 1, ...pending, 1, ...consumer(id(1, 2))))).toBe('RDB_STRUCTURE');
    expect(codes(stream(1, 'g', 6, 0, 2, 2, ...twice, 1, ...consumer()))).toBe('RDB_DUPLICATE');
    expect(codes(stream(1, 'g', 6, 0, 2, 1, ...pending, 1, ...consumer(id(1, 1), id(1, 1))))).toBe('RDB_DUPLICATE');
    expect(codes(stream(1, 'g', 6, 0, 2, 0, 2, ...consumer(), ...consumer()))).toBe('RDB_DUPLICATE');
    expect(codes(stream(2, 'g', 6, 0, 2, 0, 0, 'g', 6, 0, 2, 0, 0))).toBe('RDB_DUPLICATE');
    expect(codes(redis(15, 's', 0, 1, 6, 0, 0))).toBe('RDB_STRUCTURE');
  });

  test('of a version before 7.0 estimates what its groups have read', () => {
    const items = (n: string) => [
      n,
      '0',
      '1',
      'f',
      '0',
      ...Array.from({ length: Number(n) }, (_, i) => ['2', `${i}`, '0', 'v', '4']).flat(),
    ];
    const group = (name: string, ...lastId: readonly number[]) => [name, ...lastId, 0, 0];
    const groups = [
      5,
      ...group('a', 4, 0),
      ...group('b', 5, 1),
      ...group('c', 6, 1),
      ...group('d', 7, 1),
      ...group('e', 8, 0),
    ];
    const [key] = keysOf(readAll(redis(15, 's', 1, node(...items('3')), 3, 7, 1, ...groups)));
    expect(key).toMatchObject({ value: { groups: [0, 1, -1, 3, -1].map((entriesRead) => ({ entriesRead })) } });
  });
});

describe('a file', () => {
  test.each([
    ['REDIS0000', 'RDB_VERSION'],
    ['REDIS0016', 'RDB_VERSION'],
    ['REDIS0080', 'RDB_VERSION'],
    ['VALKEY011', 'RDB_VERSION'],
    ['VALKEY081', 'RDB_VERSION'],
    ['REDIS00x1', 'RDB_MAGIC'],
    ['MEMCACHED', 'RDB_MAGIC'],
  ])('that begins with %s is refused', (magic, code) => {
    expect(failureOf(Buffer.from(`${magic}\xff`, 'latin1'))).toMatchObject({ code, fileOffset: 0, doing: 'start' });
  });

  test.each(['REDIS0016', 'REDIS0079', 'VALKEY081'])(
    'that begins with %s is read on request up to what is new',
    (magic) => {
      const bytes = bytesOf(Buffer.from(magic), 0, 'k', 'v', 33, 'new');
      expect(failureOf(bytes, { acceptsNewer: true })).toMatchObject({ code: 'RDB_TYPE', fileOffset: 14 });
      const known = bytesOf(bytes.subarray(0, 14), 255, Buffer.alloc(8));
      expect(keysOf(readAll(known, { acceptsNewer: true }))).toHaveLength(1);
    },
  );

  test.each(['REDIS0001', 'REDIS0004'])('that begins with %s has no checksum', (magic) => {
    const entries = readAll(bytesOf(Buffer.from(magic), 0, 'k', 'v', 255));
    expect(entries.at(-1)).toMatchObject({ kind: 'end', checksum: 'absent' });
  });

  test('has a checksum from version 5 on, which must match unless it is 0 or not asked for', () => {
    const body = bytesOf(Buffer.from('REDIS0005'), 0, 'k', 'v', 255);
    const checksum = Buffer.alloc(8);
    checksum.writeBigUInt64LE(crc64(body));
    expect(readAll(bytesOf(body, checksum)).at(-1)).toMatchObject({ checksum: 'ok' });
    expect(readAll(bytesOf(body, Buffer.alloc(8))).at(-1)).toMatchObject({ checksum: 'absent' });
    checksum[3] ^= 1;
    expect(readAll(bytesOf(body, checksum), { verifiesChecksum: false }).at(-1)).toMatchObject({ checksum: 'off' });
    expect(failureOf(bytesOf(body, checksum))).toMatchObject({ code: 'RDB_CHECKSUM', fileOffset: body.length });
  });

  test('cut off anywhere is said to be, with what was being read', () => {
    const bytes = redis(250, 'name', 'value', 254, 1, 252, int64(5), 18, 'list', 1, 2, listpack('a', 'b'), 245, 'code');
    const steps = new Set<string>();
    for (let end = 0; end < bytes.length; end++) {
      const error = failureOf(bytes.subarray(0, end));
      expect(error.code).toBe('RDB_TRUNCATED');
      expect(error.fileOffset).toBeLessThanOrEqual(end);
      steps.add(error.doing);
    }
    expect([...steps]).toEqual([
      'start',
      'read-type',
      'read-aux',
      'read-len',
      'read-expire',
      'read-key',
      'read-object-value',
      'read-functions',
      'check-sum',
    ]);
  });

  test('may lie inside a larger one', () => {
    const bytes = redis(0, 'k', 'v');
    const reader = new RdbReader({ fileOffset: 1000 });
    reader.feed(bytesOf(bytes, Buffer.from('*1\r\n')));
    expect(reader.next()).toBe(ENTRY);
    expect(reader.entry).toMatchObject({ kind: 'header', fileOffset: 1000 });
    expect(reader).toMatchObject({ version: 12, dialect: 'redis' });
    while (reader.next() === ENTRY);
    expect(reader.next()).toBe(END);
    expect(reader.endOffset).toBe(1000 + bytes.length);
    expect(Buffer.from(reader.rest).toString()).toBe('*1\r\n');
    expect(failureOf(redis(0, 'k', 0x82), { fileOffset: 1000 })).toMatchObject({
      code: 'RDB_LENGTH',
      fileOffset: 1012,
    });
  });

  test('with strings over the limit is refused', () => {
    const bytes = redis(0, 'k', 'x'.repeat(60));
    expect(failureOf(bytes, { maxStringBytes: 59 })).toMatchObject({ code: 'RDB_STRING_TOO_LONG', key: 'k' });
    expect(keysOf(readAll(bytes, { maxStringBytes: 60 }))).toHaveLength(1);
  });

  test.each([0x82, 0xbf, 0xc4, 0xff])('with %i where a string begins is refused', (byte) => {
    expect(failureOf(redis(0, 'k', byte))).toMatchObject({ code: 'RDB_LENGTH', doing: 'read-object-value' });
  });

  test('with an encoded string where a length must be is refused', () => {
    expect(failureOf(redis(1, 'k', 0xc0, 1))).toMatchObject({ code: 'RDB_LENGTH' });
  });

  test('is refused by the iteration as by the reader', async () => {
    const entries: string[] = [];
    const reading = (async () => {
      for await (const entry of readRdb([redis(0, 'k', 'v', 99)])) entries.push(entry.kind);
    })();
    await expect(reading).rejects.toBeInstanceOf(RdbError);
    expect(entries).toEqual(['header', 'key']);
  });
});

test('statuses are final, and input comes only when it was asked for', () => {
  const reader = new RdbReader();
  expect(reader.next()).toBe(NEED_MORE);
  reader.feed(Buffer.from('REDIS0011'));
  expect(() => reader.feed(Buffer.from('x'))).toThrow(/bug/);
  expect(reader.next()).toBe(ENTRY);
  expect(reader.next()).toBe(NEED_MORE);
  reader.end();
  expect(reader.next()).toBe(TRUNCATED);
  expect(reader.next()).toBe(TRUNCATED);
  const other = new RdbReader();
  other.feed(Buffer.from('NOT AN RDB'));
  expect([other.next(), other.next()]).toEqual([FORMAT_ERROR, FORMAT_ERROR]);
});
