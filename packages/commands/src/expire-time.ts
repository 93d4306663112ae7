/**
 * Expiry times from arguments: exact in Redis's signed 64-bit milliseconds, kept as doubles.
 *
 * A time is a number while it is a safe integer, else a bigint. What the keyspace keeps is clamped to 0 … 2^53 - 1 ms (the
 * year 287396); what is logged stays exact.
 */

/** Exact ms since the Unix epoch. */
export type ExpireTime = number | bigint;

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
/** Amounts below this stay safe integers after `* 1000` and the addition of any clock. */
const PLAIN_AMOUNT = 2 ** 42;

/**
 * `amount` units after `baseMs`, in ms.
 *
 * @param unitMs 1000 where the argument counts seconds
 * @param baseMs the clock for a relative amount, 0 for an absolute one
 * @returns undefined if the time is beyond 64 bits: the client's error is "invalid expire time"
 */
export function expireTime(amount: number | bigint, unitMs: 1 | 1000, baseMs: number): ExpireTime | undefined {
  if (typeof amount === 'number' && amount < PLAIN_AMOUNT && amount > -PLAIN_AMOUNT) return amount * unitMs + baseMs;
  const scaled = BigInt(amount) * BigInt(unitMs);
  if (scaled > MAX_INT64 - BigInt(baseMs) || scaled < MIN_INT64) return undefined;
  const exact = scaled + BigInt(baseMs);
  const plain = Number(exact);
  return Number.isSafeInteger(plain) ? plain : exact;
}

/** The time as the keyspace keeps it. */
export function storedExpireMs(time: ExpireTime): number {
  if (time <= 0) return 0;
  return time > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(time);
}
