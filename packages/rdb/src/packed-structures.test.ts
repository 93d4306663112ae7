import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbFault } from './errors.ts';
import type { Blob } from './input.ts';
import { intsetMaxBytes, readIntset, writeIntset } from './intset.ts';
import { allocateLatin1, type Latin1Buffer, latin1View } from './latin1.ts';
import { listpackEntryBytes, listpackMaxBytes, readListpack, writeListpack } from './listpack.ts';
import { readZiplist, writeZiplist, ziplistMaxBytes } from './ziplist.ts';
import { readZipmap } from './zipmap.ts';

const edges = [0, 1, 12, 13, 127, 128, 255, 4095, 4096, 32767, 32768, 8388607, 8388608, 2147483647, 2147483648];
const integer = fc.oneof(
  fc.constantFrom(...edges, ...edges.map((n) => -n), ...edges.map((n) => -n - 1)).map(String),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '9223372036854775808', '-0', '007', '+1', '1.0', ''),
);
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array).toString('latin1'));
const lengths = fc.constantFrom(0, 62, 63, 64, 126, 127, 253, 254, 255, 4095, 4096, 16382, 16383, 16384, 70000);
const item = fc.oneof(
  { weight: 3, arbitrary: integer },
  { weight: 3, arbitrary: bytes(20) },
  { weight: 1, arbitrary: lengths.map((length) => 'x'.repeat(length)) },
);
const items = fc.array(item, { maxLength: 30 });

function blobOf(buffer: Latin1Buffer, end: number, margin = 3): Blob {
  // Somewhere in a larger buffer, so that reading beyond the end would read something.
  const larger = allocateLatin1(end + 2 * margin).fill(0x01) as Latin1Buffer;
  larger.set(buffer.subarray(0, end), margin);
  return { bytes: larger, start: margin, end: margin + end };
}

function read(reader: (blob: Blob, into: string[]) => void, blob: Blob): string[] {
  const found: string[] = [];
  reader(blob, found);
  return found;
}

const formats = [
  { name: 'listpack', maxBytes: listpackMaxBytes, write: writeListpack, read: readListpack },
  { name: 'ziplist', maxBytes: ziplistMaxBytes, write: writeZiplist, read: readZiplist },
];

describe.each(formats)('a $name', (format) => {
  function written(list: readonly string[]): Blob {
    const target = allocateLatin1(format.maxBytes(list));
    return blobOf(target, format.write(target, list));
  }

  test('reads as it was written', () => {
    fc.assert(
      fc.property(items, (list) => {
        expect(read(format.read, written(list))).toEqual(list);
      }),
    );
  });

  test('of more entries than its counter holds is counted', () => {
    const list = Array.from({ length: 70_000 }, (_, i) => String(i % 100));
    expect(read(format.read, written(list))).toEqual(list);
  });

  test('with a byte changed is refused or reads as something else, and does nothing worse', () => {
    let refused = 0;
    fc.assert(
      fc.property(items, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, at, change) => {
        const blob = written(list);
        blob.bytes[blob.start + (at % (blob.end - blob.start))] ^= change;
        try {
          read(format.read, blob);
        } catch (error) {
          expect(error).toBeInstanceOf(RdbFault);
          expect(error).toMatchObject({ code: 'RDB_STRUCTURE' });
          refused++;
        }
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test('cut off anywhere is refused', () => {
    const blob = written(['a', '1', 'x'.repeat(300), '-5000000000', 'y'.repeat(70)]);
    for (let end = blob.start; end < blob.end; end++) {
      expect(() => read(format.read, { ...blob, end })).toThrow(RdbFault);
    }
  });

  test('of any bytes is refused or read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (random) => {
        const bytes = latin1View(Uint8Array.from([0, 0, 0, 0, ...random, 255]));
        bytes.writeUInt32LE(bytes.length, 0);
        try {
          read(format.read, { bytes, start: 0, end: bytes.length });
        } catch (error) {
          expect(error).toBeInstanceOf(RdbFault);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('the size of a listpack entry is known before it is written', () => {
  fc.assert(
    fc.property(item, (text) => {
      const target = allocateLatin1(listpackMaxBytes([text]));
      expect(writeListpack(target, [text]) - 7).toBe(listpackEntryBytes(text));
    }),
  );
});

test('integers are written in as few bytes as Redis writes them', () => {
  const sizes = (texts: readonly string[]) => texts.map((text) => listpackEntryBytes(text) - 1);
  expect(sizes(['0', '127', '128', '-1', '4095', '-4096', '4096', '32767', '32768', '8388607'])).toEqual([
    1, 1, 2, 2, 2, 2, 3, 3, 4, 4,
  ]);
  expect(sizes(['8388608', '-2147483648', '2147483648', '9223372036854775807'])).toEqual([5, 5, 9, 9]);
});

describe('a ziplist', () => {
  test('says the length of the entry before in five bytes from 254 on, and also when a byte would do', () => {
    const target = allocateLatin1(600);
    const end = writeZiplist(target, ['x'.repeat(300), 'b']);
    expect(target[10 + 303]).toBe(254);
    expect(read(readZiplist, blobOf(target, end))).toEqual(['x'.repeat(300), 'b']);
    // Redis leaves the long form when a long entry is replaced by a short one.
    const wide = latin1View(
      Uint8Array.from([22, 0, 0, 0, 13, 0, 0, 0, 2, 0, 0, 1, 0x61, 254, 3, 0, 0, 0, 2, 0x62, 0x63, 255]),
    );
    expect(read(readZiplist, { bytes: wide, start: 0, end: 22 })).toEqual(['a', 'bc']);
  });
});

describe('an intset', () => {
  const set = fc.uniqueArray(fc.oneof(fc.integer(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)).map(String), {
    minLength: 1,
    maxLength: 30,
  });

  test('reads as it was written, in ascending order', () => {
    fc.assert(
      fc.property(set, (members) => {
        const target = allocateLatin1(intsetMaxBytes(members.length));
        const found = read(readIntset, blobOf(target, writeIntset(target, 0, members)));
        expect(found).toEqual([...members].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
      }),
    );
  });

  test('uses the smallest width', () => {
    const size = (members: readonly string[]) => writeIntset(allocateLatin1(100), 0, members);
    expect(size(['1', '-32768'])).toBe(8 + 4);
    expect(size(['1', '32768'])).toBe(8 + 8);
    expect(size(['1', '-2147483649'])).toBe(8 + 16);
  });

  test.each([
    ['empty', [2, 0, 0, 0, 0, 0, 0, 0]],
    ['of an unknown width', [3, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3]],
    ['with a wrong count', [2, 0, 0, 0, 2, 0, 0, 0, 1, 0]],
    ['that does not ascend', [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0]],
    ['cut off', [2, 0, 0]],
  ])('%s is refused', (_, array) => {
    const bytes = latin1View(Uint8Array.from(array));
    expect(() => read(readIntset, { bytes, start: 0, end: bytes.length })).toThrow(RdbFault);
  });
});

describe('a zipmap', () => {
  const zipmap = (...array: number[]) => latin1View(Uint8Array.from(array));

  test('reads fields and values, with unused bytes and long lengths', () => {
    const bytes = zipmap(2, 1, 0x61, 1, 2, 0x62, 0, 0, 1, 0x63, 254, 2, 0, 0, 0, 0, 0x64, 0x65, 255);
    expect(read(readZipmap, { bytes, start: 0, end: bytes.length })).toEqual(['a', 'b', 'c', 'de']);
  });

  test.each([
    ['without an end', [0, 1]],
    ['with a wrong count', [2, 1, 0x61, 1, 0, 0x62, 255]],
    ['with a field beyond its end', [1, 200, 0x61, 1, 0, 0x62, 255]],
    ['with a value beyond its end', [1, 1, 0x61, 9, 0, 0x62, 255]],
    ['with unused bytes beyond its end', [1, 1, 0x61, 1, 9, 0x62, 255]],
    ['with a field and no value', [1, 1, 0x61, 255]],
    ['that ends early', [0, 255, 255]],
    ['with a length beyond its end', [1, 254, 1, 0, 255]],
  ])('%s is refused', (_, array) => {
    const bytes = zipmap(...array);
    expect(() => read(readZipmap, { bytes, start: 0, end: bytes.length })).toThrow(RdbFault);
  });
});
