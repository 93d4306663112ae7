/**
 * The hash of byte strings: HalfSipHash-1-3 (32-bit words, 64-bit secret), so that a client who does not know the seed
 * cannot choose keys that collide.
 *
 * A string of chars 0–255 and the bytes it stands for have the same hash: a table is asked either way. The result is
 * never 0, because the tables mark an empty slot with 0.
 *
 * Source: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", and the authors' HalfSipHash.
 */

/** The secret of a table's hash: two 32-bit integers. */
export interface HashSeed {
  readonly k0: number;
  readonly k1: number;
}

let defaultSeed: HashSeed = { k0: 0x3c6ef372, k1: 0x1b873593 };

/**
 * Sets the seed of all tables that are made from now on without one of their own. A server calls it once, with random
 * numbers, before it makes its keyspace; tests leave the fixed seed and are deterministic.
 */
export function seedHashing(seed: HashSeed): void {
  defaultSeed = { k0: seed.k0 | 0, k1: seed.k1 | 0 };
}

/** The seed of tables made without one. */
export function defaultHashSeed(): HashSeed {
  return defaultSeed;
}

/** The hash of `text` (chars 0–255): a signed 32-bit integer, not 0. O(length). */
export function hashString(text: string, seed: HashSeed): number {
  const length = text.length;
  const whole = length & ~3;
  let v0 = seed.k0;
  let v1 = seed.k1;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  for (let at = 0; ; at += 4) {
    let word: number;
    if (at < whole) {
      word =
        text.charCodeAt(at) |
        (text.charCodeAt(at + 1) << 8) |
        (text.charCodeAt(at + 2) << 16) |
        (text.charCodeAt(at + 3) << 24);
    } else {
      word = length << 24;
      if (at < length) word |= text.charCodeAt(at);
      if (at + 1 < length) word |= text.charCodeAt(at + 1) << 8;
      if (at + 2 < length) word |= text.charCodeAt(at + 2) << 16;
    }
    // One round per word, written out here and in hashBytes: calls and arrays in this loop double its time.
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (at >= whole) return finish(v0, v1, v2, v3);
  }
}

/** The hash of the bytes `start` to `end` (exclusive): that of the latin1 string of the same bytes. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: HashSeed): number {
  const length = end - start;
  const whole = start + (length & ~3);
  let v0 = seed.k0;
  let v1 = seed.k1;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  for (let at = start; ; at += 4) {
    let word: number;
    if (at < whole) {
      word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    } else {
      word = length << 24;
      if (at < end) word |= bytes[at];
      if (at + 1 < end) word |= bytes[at + 1] << 8;
      if (at + 2 < end) word |= bytes[at + 2] << 16;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (at >= whole) return finish(v0, v1, v2, v3);
  }
}

/** The three closing rounds. */
function finish(w0: number, w1: number, w2: number, w3: number): number {
  let v0 = w0;
  let v1 = w1;
  let v2 = w2 ^ 0xff;
  let v3 = w3;
  for (let round = 0; round < 3; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  const hash = v1 ^ v3;
  return hash === 0 ? 1 : hash;
}
