import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HashSeed, hashBytes, hashString } from './hash.ts';

const MASK = 0xffffffffn;

/** HalfSipHash with any number of rounds, written from the paper with big integers. */
function halfSipHash(bytes: Uint8Array, { k0, k1 }: HashSeed, rounds: number, closingRounds: number): number {
  const v = [BigInt(k0 >>> 0), BigInt(k1 >>> 0), 0x6c796765n ^ BigInt(k0 >>> 0), 0x74656462n ^ BigInt(k1 >>> 0)];
  const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & MASK;
  const step = (a: number, b: number, by: bigint) => {
    v[a] = (v[a] + v[b]) & MASK;
    v[b] = rotate(v[b], by) ^ v[a];
  };
  const round = () => {
    step(0, 1, 5n);
    v[0] = rotate(v[0], 16n);
    step(2, 3, 8n);
    step(0, 3, 7n);
    step(2, 1, 13n);
    v[2] = rotate(v[2], 16n);
  };
  const padded = new Uint8Array((bytes.length >> 2) * 4 + 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 4) {
    const word = BigInt(words.getUint32(at, true));
    v[3] ^= word;
    for (let i = 0; i < rounds; i++) round();
    v[0] ^= word;
  }
  v[2] ^= 0xffn;
  for (let i = 0; i < closingRounds; i++) round();
  return Number(BigInt.asIntN(32, v[1] ^ v[3]));
}

describe('the hash', () => {
  test('the reference of this test yields the published vectors of HalfSipHash-2-4', () => {
    const seed = { k0: 0x03020100, k1: 0x07060504 };
    const vectors = [0x5b9f35a9, 0xb85a4727, 0x03a662fa, 0x04e7fe8a];
    vectors.forEach((vector, length) => {
      const input = Uint8Array.from({ length }, (_, i) => i);
      expect(halfSipHash(input, seed, 2, 4) >>> 0).toBe(vector);
    });
  });

  test('is HalfSipHash-1-3 of a string and of its bytes alike', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer(), fc.integer(), fc.nat(5), (bytes, k0, k1, start) => {
        const expected = halfSipHash(bytes, { k0, k1 }, 1, 3) || 1;
        const around = new Uint8Array(start + bytes.length + 3).fill(77);
        around.set(bytes, start);
        expect(hashString(Buffer.from(bytes).toString('latin1'), { k0, k1 })).toBe(expected);
        expect(hashBytes(around, start, start + bytes.length, { k0, k1 })).toBe(expected);
      }),
    );
  });

  test('spreads neighbouring keys over all leading and all trailing bits', () => {
    const leading = new Set<number>();
    const trailing = new Set<number>();
    for (let i = 0; i < 20_000; i++) {
      const hash = hashString(`key:${i}`, { k0: 1, k1: 2 });
      leading.add(hash >>> 22);
      trailing.add(hash & 1023);
    }
    expect(leading.size).toBe(1024);
    expect(trailing.size).toBe(1024);
  });
});
