/**
 * The dense form of a HyperLogLog, what both forms share, and the estimate.
 *
 *     header      16 bytes: `HYLL`, the form (0 dense, 1 sparse), 3 bytes of zero, the cached cardinality
 *     cardinality 8 bytes, lowest first; the highest bit set means that it is not known
 *     registers   16384 of 6 bits each, the lowest bits of a byte first: 12288 bytes
 *
 * An element's hash chooses a register and gives it a count; a register keeps the largest count it was given.
 *
 * Invariant: values are what redis-server makes of the same elements, byte for byte; files and logs are exchanged.
 */
import type { RawString } from '@aof/keyspace';
import { hashHigh, hashLow, murmurHash64A } from '../murmur-hash.ts';

export const REGISTERS = 1 << 14;
export const HEADER_BYTES = 16;
export const DENSE_BYTES = HEADER_BYTES + (REGISTERS * 6) / 8;
export const MAGIC = 'HYLL';
/** Where the header says which form it is. */
export const FORM_INDEX = 4;
export const DENSE = 0;
export const SPARSE = 1;
export const CARDINALITY_INDEX = 8;
/** The byte whose highest bit says that the cached cardinality is not known. */
export const STALE_INDEX = 15;
export const STALE_BIT = 0x80;

const SEED = 0xadc83b19;
const INDEX_BITS = 14;
/** Bits of the hash beside the index. Counts go up to one more. */
const COUNT_BITS = 64 - INDEX_BITS;
const REGISTER_MAX = 63;
const ALPHA = 0.7213475204444817;
const INT64_MIN = -(2n ** 63n);

/**
 * The register that an element belongs to, and the count it gives it: the position of the lowest set bit of the hash
 * above the index. As one number: `index * 64 + count`.
 */
export function placeOf(bytes: Uint8Array, start: number, end: number): number {
  murmurHash64A(bytes, start, end, SEED);
  const low = hashLow();
  const high = hashHigh();
  const rest = ((low >>> INDEX_BITS) | (high << (32 - INDEX_BITS))) >>> 0;
  // A bit beyond the last ends the count.
  const restHigh = (high >>> INDEX_BITS) | (1 << (COUNT_BITS - 32));
  const count = rest !== 0 ? lowestBit(rest) + 1 : lowestBit(restHigh) + 33;
  return (low & (REGISTERS - 1)) * 64 + count;
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** The registers of a dense value, one byte each. */
export function denseRegisters(bytes: Uint8Array): Uint8Array {
  const registers = new Uint8Array(REGISTERS);
  let at = HEADER_BYTES;
  for (let i = 0; i < REGISTERS; i += 4, at += 3) {
    const three = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    registers[i] = three & REGISTER_MAX;
    registers[i + 1] = (three >> 6) & REGISTER_MAX;
    registers[i + 2] = (three >> 12) & REGISTER_MAX;
    registers[i + 3] = three >> 18;
  }
  return registers;
}

/** The registers as a dense value has them, without a header. */
export function packRegisters(registers: Uint8Array): Uint8Array {
  const packed = new Uint8Array(DENSE_BYTES - HEADER_BYTES);
  let at = 0;
  for (let i = 0; i < REGISTERS; i += 4, at += 3) {
    const three = registers[i] | (registers[i + 1] << 6) | (registers[i + 2] << 12) | (registers[i + 3] << 18);
    packed[at] = three;
    packed[at + 1] = three >> 8;
    packed[at + 2] = three >> 16;
  }
  return packed;
}

/** Raises a register of a dense value to `count`; false if it has as much already. */
export function raiseDense(dense: RawString, index: number, count: number): boolean {
  const at = HEADER_BYTES + Math.floor((index * 6) / 8);
  const shift = (index * 6) % 8;
  // The last register ends with its byte.
  const two = (dense.at(at) ?? 0) | ((dense.at(at + 1) ?? 0) << 8);
  if (((two >> shift) & REGISTER_MAX) >= count) return false;
  const raised = (two & ~(REGISTER_MAX << shift)) | (count << shift);
  dense.setByte(at, raised & 0xff);
  if (shift > 2) dense.setByte(at + 1, raised >> 8);
  return true;
}

/**
 * The estimated number of different elements.
 *
 * @param histogram how many registers have each count
 * Source: O. Ertl, New cardinality estimation algorithms for HyperLogLog sketches, arXiv:1702.01284.
 */
export function estimate(histogram: Uint32Array): number | bigint {
  let z = REGISTERS * tau((REGISTERS - histogram[COUNT_BITS + 1]) / REGISTERS);
  for (let count = COUNT_BITS; count >= 1; count--) z = (z + histogram[count]) * 0.5;
  z += REGISTERS * sigma(histogram[0] / REGISTERS);
  const estimated = Math.round((ALPHA * REGISTERS * REGISTERS) / z);
  if (Number.isSafeInteger(estimated)) return estimated;
  // Registers as no elements make them: what a conversion to 64 bits gives beyond its range.
  return estimated < 2 ** 63 ? BigInt(estimated) : INT64_MIN;
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let y = 1;
  let z = x;
  for (let before = Number.NaN; before !== z; ) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  for (let before = Number.NaN; before !== z; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}
