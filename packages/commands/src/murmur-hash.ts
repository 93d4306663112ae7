/**
 * MurmurHash64A, the 64-bit hash of MurmurHash2 for 64-bit machines, little-endian. HyperLogLogs in files and logs depend
 * on it, so it must never change.
 *
 * 64-bit integers are pairs of unsigned 32-bit numbers; the running hash is module state, which spares an object for each
 * element hashed.
 */

const M_HIGH = 0xc6a4a793;
const M_LOW = 0x5bd1e995;
const BLOCK_BYTES = 8;

let high = 0;
let low = 0;

/** Hashes the bytes `start` to `end` (exclusive); `hashHigh` and `hashLow` answer the result. */
export function murmurHash64A(bytes: Uint8Array, start: number, end: number, seed: number): void {
  high = 0;
  low = (end - start) >>> 0;
  multiply();
  low = (low ^ seed) >>> 0;
  let at = start;
  for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES) {
    const hashedHigh = high;
    const hashedLow = low;
    low = word(bytes, at);
    high = word(bytes, at + 4);
    multiply();
    fold();
    multiply();
    high = (high ^ hashedHigh) >>> 0;
    low = (low ^ hashedLow) >>> 0;
    multiply();
  }
  if (at < end) {
    for (let i = 0; at + i < end; i++) {
      if (i < 4) low = (low ^ (bytes[at + i] << (8 * i))) >>> 0;
      else high = (high ^ (bytes[at + i] << (8 * (i - 4)))) >>> 0;
    }
    multiply();
  }
  fold();
  multiply();
  fold();
}

/** The upper 32 bits of the last hash, unsigned. */
export function hashHigh(): number {
  return high;
}

/** The lower 32 bits of the last hash, unsigned. */
export function hashLow(): number {
  return low;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** Exclusive-or with itself shifted right by 47. */
function fold(): void {
  low = (low ^ (high >>> 15)) >>> 0;
}

/** Times M, modulo 2^64. */
function multiply(): void {
  high = (upperProduct(low, M_LOW) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) >>> 0;
  low = Math.imul(low, M_LOW) >>> 0;
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function upperProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carried = aLow * bHigh + (middle % 0x10000);
  return aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000);
}
