/** Signed 64-bit integers as values hold them: a number where that is exact, else a bigint. */
import { isIntegerText } from '@aof/keyspace';

const BITS = 64;
/** Texts of up to so many characters are safe integers, if integers at all. */
const PLAIN_CHARS = 15;

/** The integer that `text` is, spelled as Redis itself would; undefined if it is none of 64 bits. */
export function parseInt64(text: string): number | bigint | undefined {
  if (!isIntegerText(text)) return undefined;
  return text.length <= PLAIN_CHARS ? Number(text) : BigInt(text);
}

/** The sum, or undefined if it leaves 64 bits. */
export function addInt64(a: number | bigint, b: number | bigint): number | bigint | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const exact = BigInt(a) + BigInt(b);
  return BigInt.asIntN(BITS, exact) === exact ? exact : undefined;
}
