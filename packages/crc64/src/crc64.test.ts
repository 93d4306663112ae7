import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Crc64, crc64 } from './crc64.ts';

/** Bit by bit, as the polynomial is defined. */
function naive(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc;
}

test('the check values are those of Redis', () => {
  expect(crc64(Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can);
  expect(crc64(new Uint8Array(0))).toBe(0n);
});

test('eight bytes at a time give what single bits give, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, one, other) => {
      const crc = new Crc64();
      const [first, second] = [Math.min(one, other, bytes.length), Math.min(Math.max(one, other), bytes.length)];
      crc.update(bytes, 0, first);
      crc.update(bytes, first, second);
      crc.update(bytes, second);
      expect(crc.value).toBe(naive(bytes));
    }),
  );
});

test('long inputs, read as words, give the same wherever they begin and end in memory', () => {
  const memory = new Uint8Array(3000);
  for (let i = 0; i < memory.length; i++) memory[i] = Math.imul(i, 2654435761) >>> 13;
  for (let start = 0; start < 9; start++) {
    for (let length = 1016; length < 1034; length++) {
      const bytes = memory.subarray(start, start + length);
      const crc = new Crc64();
      crc.update(memory, start, start + length);
      expect(crc.value, `${start} ${length}`).toBe(naive(bytes));
      expect((BigInt(crc.high >>> 0) << 32n) | BigInt(crc.low >>> 0)).toBe(crc.value);
    }
  }
});

test('begins anew', () => {
  const crc = new Crc64();
  crc.update(Buffer.from('something else'));
  crc.reset();
  crc.update(Buffer.from('123456789'));
  expect(crc.value).toBe(0xe9c6d914c4b8d9can);
});
