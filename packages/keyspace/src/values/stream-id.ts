/**
 * Stream IDs: two unsigned 64-bit numbers, milliseconds and a sequence number, ordered by the first, then the second.
 *
 * Each half is a number where that is exact and a bigint above 2^53 - 1. JavaScript compares the two kinds exactly with
 * `<`, and since every value has one form only, `===` tells whether two are equal: no arithmetic is needed for either.
 *
 * Invariants: halves are integers from 0 to 2^64 - 1; a half is a bigint only where no number is exact.
 */

/** An integer of up to 64 bits: a number where it is safe, else a bigint. Signed where its owner says so. */
export type Integer64 = number | bigint;

export interface StreamId {
  readonly ms: Integer64;
  readonly seq: Integer64;
}

const BITS = 64;
const UINT64_MAX = 2n ** 64n - 1n;
/** So many decimal digits are exact in a number, whatever they are. */
const EXACT_DIGITS = 15;

export const MIN_STREAM_ID: StreamId = { ms: 0, seq: 0 };
export const MAX_STREAM_ID: StreamId = { ms: UINT64_MAX, seq: UINT64_MAX };

/** The one form of a number of 64 bits. */
export function integer64(value: bigint): Integer64 {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The unsigned number of decimal digits, which may begin with zeros; undefined if it is none or above 64 bits. */
export function parseUint64(digits: string): Integer64 | undefined {
  if (!/^\d+$/.test(digits)) return undefined;
  if (digits.length <= EXACT_DIGITS) return Number(digits);
  const value = BigInt(digits);
  return value <= UINT64_MAX ? integer64(value) : undefined;
}

/** `a + b`, unsigned, modulo 2^64. */
export function addUint64(a: Integer64, b: Integer64): Integer64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return integer64(BigInt.asUintN(BITS, BigInt(a) + BigInt(b)));
}

/** `a - b`, signed, as 64 bits hold it. */
export function subtractInt64(a: Integer64, b: Integer64): Integer64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return integer64(BigInt.asIntN(BITS, BigInt(a) - BigInt(b)));
}

/** Below 0, 0 or above 0 as `a` lies before, at or behind `b`. */
export function compareStreamIds(a: StreamId, b: StreamId): number {
  if (a.ms !== b.ms) return a.ms < b.ms ? -1 : 1;
  if (a.seq !== b.seq) return a.seq < b.seq ? -1 : 1;
  return 0;
}

/** The ID right behind `id`; undefined behind the last one. */
export function nextStreamId({ ms, seq }: StreamId): StreamId | undefined {
  if (seq !== UINT64_MAX) return { ms, seq: addUint64(seq, 1) };
  return ms === UINT64_MAX ? undefined : { ms: addUint64(ms, 1), seq: 0 };
}

/** The ID right before `id`; undefined before the first one. */
export function previousStreamId({ ms, seq }: StreamId): StreamId | undefined {
  if (seq !== 0) return { ms, seq: minusOne(seq) };
  return ms === 0 ? undefined : { ms: minusOne(ms), seq: UINT64_MAX };
}

function minusOne(value: Integer64): Integer64 {
  return typeof value === 'number' ? value - 1 : integer64(value - 1n);
}

/** `milliseconds-sequence`, as replies and the log have it. */
export function streamIdText({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}

/** The ID that `streamIdText` wrote; undefined if it is none. */
export function parseStreamId(text: string): StreamId | undefined {
  const dash = text.indexOf('-');
  const ms = parseUint64(text.slice(0, Math.max(dash, 0)));
  const seq = parseUint64(text.slice(dash + 1));
  return ms === undefined || seq === undefined ? undefined : { ms, seq };
}
