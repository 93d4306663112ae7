/** Files and payloads put together by hand. */
import { allocateLatin1 } from '../src/latin1.ts';
import { listpackMaxBytes, writeListpack } from '../src/listpack.ts';

export type Part = number | string | Uint8Array;

/** Numbers are bytes, strings are written with their length in a byte. */
export function bytesOf(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Uint8Array.of(part);
      return typeof part === 'string' ? Buffer.from([part.length, ...Buffer.from(part, 'latin1')]) : part;
    }),
  );
}

export function int64(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

/** A listpack as a string of less than 64 bytes. */
export function listpack(...items: readonly string[]): Uint8Array {
  const target = allocateLatin1(listpackMaxBytes(items));
  const bytes = target.subarray(0, writeListpack(target, items));
  return bytesOf(bytes.length, bytes);
}
