import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RdbFault } from './errors.ts';
import { lzfCompress, lzfDecompress, maxDecompressedBytes } from './lzf.ts';

function compress(input: Uint8Array, room: number): Uint8Array | undefined {
  const output = new Uint8Array(room);
  const size = lzfCompress(input, input.length, output, room);
  return size === 0 ? undefined : output.subarray(0, size);
}

function decompress(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  lzfDecompress(input, 0, input.length, output);
  return output;
}

/** Bytes that repeat themselves near and far. */
const compressible = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(60)), { maxLength: 40 })
  .map((runs) => Buffer.concat(runs.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))));

test('what is compressed decompresses to the same', () => {
  let compressed = 0;
  fc.assert(
    fc.property(fc.oneof(compressible, fc.uint8Array({ maxLength: 3000 })), (input) => {
      const output = compress(input, input.length + 100);
      if (output === undefined) return;
      if (output.length < input.length) compressed++;
      expect(decompress(output, input.length)).toEqual(new Uint8Array(input));
      expect(input.length).toBeLessThanOrEqual(maxDecompressedBytes(output.length));
    }),
    { numRuns: 300 },
  );
  expect(compressed).toBeGreaterThan(20);
});

test('a long run becomes references of the greatest length', () => {
  const input = new Uint8Array(100_000).fill(65);
  const output = compress(input, input.length);
  expect(output?.length).toBeLessThan(1200);
  expect(decompress(output ?? new Uint8Array(0), input.length)).toEqual(input);
});

test('the output does not depend on what was compressed before', () => {
  const input = Buffer.from('to be or not to be, that is the question whether to be or not');
  const first = compress(input, 100);
  compress(Buffer.from('not to be or to be, that is not the question, whether or not to be'), 100);
  expect(compress(input, 100)).toEqual(first);
});

test('too little room is said, not overrun', () => {
  fc.assert(
    fc.property(compressible, fc.nat(100), (input, room) => {
      const output = new Uint8Array(room + 8).fill(0xaa);
      const size = lzfCompress(input, input.length, output, room);
      expect(size).toBeLessThanOrEqual(room);
      expect(output.subarray(room)).toEqual(new Uint8Array(8).fill(0xaa));
      if (size > 0) expect(decompress(output.subarray(0, size), input.length)).toEqual(new Uint8Array(input));
    }),
  );
});

test('any bytes decompress or are refused, and never beyond the length', () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(300), (input, length) => {
      try {
        decompress(input, length);
      } catch (error) {
        expect(error).toBeInstanceOf(RdbFault);
        refused++;
      }
    }),
    { numRuns: 2000 },
  );
  expect(refused).toBeGreaterThan(1000);
});

test.each([
  ['a literal beyond the input', [5, 1, 2]],
  ['a reference before the beginning', [0, 65, 0x20, 5]],
  ['a reference without its second byte', [0, 65, 0x20]],
  ['a long reference without its length', [0, 65, 0xe0]],
  ['more than was said', [4, 1, 2, 3, 4, 5]],
  ['less than was said', [0, 1]],
])('%s is refused', (_, bytes) => {
  expect(() => decompress(Uint8Array.from(bytes), 4)).toThrow(RdbFault);
});
