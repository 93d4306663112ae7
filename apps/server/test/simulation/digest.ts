/**
 * The digest of a data set, to be compared with others of the same making and with nothing else: DEBUG DIGEST with a hash of 64 bits in the
 * place of SHA-1, which took most of the time of simulations that ask for it after every command and every recovery.
 */
import { type Database, type DigestTools, digestDataset, digestValue, type Key } from '@aof/keyspace';
import { formatDouble17 } from '@aof/resp-codec';
import type { Engine } from '../../src/engine.ts';

const DIGEST_BYTES = 20;

/** Two times 32 bits, as MurmurHash3 takes in and finishes a word, spread over the bytes of a digest: equal in few places or in all. */
function hash64(bytes: Uint8Array): Uint8Array {
  let a = 0x9747b28c ^ bytes.length;
  let b = 0x3c6ef372;
  for (let i = 0; i < bytes.length; i++) {
    a = Math.imul(a ^ bytes[i], 0xcc9e2d51);
    a = (a ^ (a >>> 15)) | 0;
    b = Math.imul(b ^ bytes[i], 0x1b873593) + a;
    b = (b ^ (b >>> 13)) | 0;
  }
  const digest = new Uint8Array(DIGEST_BYTES);
  for (let i = 0; i < DIGEST_BYTES; ) {
    a = finished(a + b);
    b = finished(b ^ (a + i));
    for (const word of [a, b])
      for (let shift = 0; shift < 32 && i < DIGEST_BYTES; shift += 8) digest[i++] = word >>> shift;
  }
  return digest;
}

function finished(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) | 0;
}

const TOOLS: DigestTools = { sha1: hash64, formatDouble17 };

/** Of all databases: 40 hexadecimal digits, all 0 when there is no key. */
export function digestOf({ keyspace }: Engine): string {
  return digestDataset(keyspace, TOOLS);
}

/** Of one value with its expiry. */
export function digestOfValue(db: Database, key: Key): string {
  return digestValue(db, key, TOOLS);
}
