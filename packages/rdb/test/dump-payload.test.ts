import { crc64 } from '@aof/crc64';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dumpValue, RDB_TARGETS, RdbError, restoreValue } from '../src/index.ts';
import { value } from './arbitrary.ts';

function failureOf(payload: Uint8Array): RdbError {
  try {
    restoreValue(payload);
  } catch (error) {
    if (error instanceof RdbError) return error;
  }
  throw new Error('it was restored');
}

test('what is dumped is restored', () => {
  fc.assert(
    fc.property(value, fc.constantFrom(...RDB_TARGETS), fc.boolean(), (original, target, compresses) => {
      let losses = 0;
      const options = { compresses, onLoss: () => losses++ };
      if (original.type === 'stream' && target === 'redis-4') {
        expect(() => dumpValue(original, target, options)).toThrow(RangeError);
        return;
      }
      const payload = dumpValue(original, target, options);
      const restored = restoreValue(payload);
      payload.fill(0x78);
      expect(restored.type).toBe(original.type);
      if (losses > 0) return;
      if (original.type === 'string' || original.type === 'list' || original.type === 'stream') {
        expect(restored).toEqual(original);
      } else {
        expect(new Set<unknown>([...original.value].map(String))).toEqual(
          new Set([...(restored.value as [])].map(String)),
        );
      }
    }),
    { numRuns: 200 },
  );
});

test('a long string has bytes of its own', () => {
  const original = Uint8Array.from({ length: (1 << 20) + 1 }, (_, i) => i % 200);
  const payload = dumpValue({ type: 'string', value: original }, 'redis-7.0', { compresses: false });
  const { value } = restoreValue(payload);
  payload.fill(0x78);
  expect(Buffer.from(value as Uint8Array).equals(original)).toBe(true); // a string of that size is bytes
});

test('payloads are refused with the reason', () => {
  const good = dumpValue({ type: 'list', value: ['a', 'b'] }, 'redis-7.0');
  expect(failureOf(good.subarray(0, 9))).toMatchObject({ code: 'RDB_PAYLOAD' });
  const changed = Uint8Array.from(good);
  changed[5] ^= 1;
  expect(failureOf(changed)).toMatchObject({ code: 'RDB_CHECKSUM', doing: 'start' });
  expect(failureOf(withVersion(good, 16))).toMatchObject({ code: 'RDB_VERSION' });
  expect(failureOf(withVersion(good, 81))).toMatchObject({ code: 'RDB_VERSION' });
  expect(failureOf(withVersion(good, 79))).toMatchObject({ code: 'RDB_VERSION' });
  expect(() => dumpValue({ type: 'set', value: [] }, 'redis-7.0')).toThrow(RangeError);
});

test('damage behind a checksum that fits is found', () => {
  expect(failureOf(sealed([99, 0]))).toMatchObject({ code: 'RDB_TYPE' });
  expect(failureOf(sealed([7, 0, 0]))).toMatchObject({ code: 'RDB_TYPE' });
  expect(failureOf(sealed([0, 5, 0x61]))).toMatchObject({ code: 'RDB_TRUNCATED', encoding: 'string' });
  expect(failureOf(sealed([0, 1, 0x61, 0x62]))).toMatchObject({ code: 'RDB_PAYLOAD' });
  expect(failureOf(sealed([1, 0]))).toMatchObject({ code: 'RDB_STRUCTURE' });
  expect(failureOf(sealed([2, 2, 1, 0x61, 1, 0x61]))).toMatchObject({ code: 'RDB_DUPLICATE', fileOffset: 4 });
});

test('the version tells the dialect', () => {
  const hash = dumpValue({ type: 'hash', value: [['f', 'v', 5000]] }, 'valkey-9');
  expect(hash[0]).toBe(22);
  expect(restoreValue(hash)).toEqual({ type: 'hash', value: [['f', 'v', 5000]] });
  const other = dumpValue({ type: 'hash', value: [['f', 'v', 5000]] }, 'redis-7.4');
  expect(other[0]).toBe(24);
  expect(restoreValue(other)).toEqual({ type: 'hash', value: [['f', 'v', 5000]] });
});

function withVersion(payload: Uint8Array, version: number): Uint8Array {
  return sealed([...payload.subarray(0, -10)], version);
}

function sealed(bytes: readonly number[], version = 11): Uint8Array {
  const body = Uint8Array.from([...bytes, version, 0]);
  const footer = Buffer.alloc(8);
  footer.writeBigUInt64LE(crc64(body));
  return Buffer.concat([body, footer]);
}
