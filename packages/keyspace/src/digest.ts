/**
 * DEBUG DIGEST and DEBUG DIGEST-VALUE: 20 bytes that are equal for equal data, whatever the encodings and the order of
 * what has no order, and equal to those of a Redis server with the same data.
 *
 * Two operations build them: `xor` combines a hash without regard to order, `mix` with regard to it.
 *
 *     xor(d, x)  d ^= SHA1(x)             mix(d, x)  d = SHA1(d ^ SHA1(x))
 *     value      mix the type (big-endian uint32), then
 *                string: mix it · list: mix each element · set: xor each member
 *                hash: xor the digest of (mix field, mix value) · zset: of (mix member, mix score as %.17g)
 *                stream: for each entry mix "milliseconds.sequence", then each field and its value
 *                with an expiry: xor "!!expire!!"
 *     database   mix the database's number (big-endian uint32), for each key xor the digest of (mix key, its value)
 *
 * Source: Redis debug.c.
 */

import type { Database } from './database.ts';
import { type Key, NO_EXPIRY } from './dictionary.ts';
import { stringContent } from './values/string.ts';
import type { TypeName, Value } from './values/value.ts';

const DIGEST_BYTES = 20;
const TYPE_NUMBERS: Readonly<Record<TypeName, number>> = { string: 0, list: 1, set: 2, zset: 3, hash: 4, stream: 6 };

/** What the digest is made with; neither belongs to this package. */
export interface DigestTools {
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  /** A double as C's `%.17g` prints it. */
  readonly formatDouble17: (score: number) => string;
}

/** The digest of all databases: 40 hexadecimal digits, all 0 when there is no key. */
export function digestDataset(keyspace: { readonly databases: readonly Database[] }, tools: DigestTools): string {
  const digester = new Digester(tools);
  const total = new Uint8Array(DIGEST_BYTES);
  for (const db of keyspace.databases) {
    if (db.size === 0) continue;
    digester.mix(total, uint32(db.index));
    for (const key of db.dictionary.keys()) {
      const value = db.peek(key);
      if (value === undefined) continue;
      const digest = new Uint8Array(DIGEST_BYTES);
      digester.mix(digest, key);
      digester.addValue(digest, value, db.expireAt(key));
      digester.xor(total, digest);
    }
  }
  return hex(total);
}

/** The digest of one value with its expiry: 40 hexadecimal digits, all 0 when there is no such key. */
export function digestValue(db: Database, key: Key, tools: DigestTools): string {
  const digest = new Uint8Array(DIGEST_BYTES);
  const value = db.peek(key);
  if (value !== undefined) new Digester(tools).addValue(digest, value, db.expireAt(key));
  return hex(digest);
}

class Digester {
  readonly #tools: DigestTools;

  constructor(tools: DigestTools) {
    this.#tools = tools;
  }

  xor(digest: Uint8Array, content: string | Uint8Array): void {
    const hash = this.#tools.sha1(typeof content === 'string' ? Buffer.from(content, 'latin1') : content);
    for (let i = 0; i < DIGEST_BYTES; i++) digest[i] ^= hash[i];
  }

  mix(digest: Uint8Array, content: string | Uint8Array): void {
    this.xor(digest, content);
    digest.set(this.#tools.sha1(digest));
  }

  addValue(digest: Uint8Array, value: Value, expireAtMs: number): void {
    if (typeof value === 'string') {
      this.mix(digest, uint32(TYPE_NUMBERS.string));
      this.mix(digest, value);
    } else {
      this.mix(digest, uint32(TYPE_NUMBERS[value.type]));
      this.#addContent(digest, value);
    }
    if (expireAtMs !== NO_EXPIRY) this.xor(digest, '!!expire!!');
  }

  #addContent(digest: Uint8Array, value: Exclude<Value, string>): void {
    switch (value.type) {
      case 'string':
        return this.mix(digest, stringContent(value));
      case 'list':
        for (const element of value) this.mix(digest, element);
        return;
      case 'set':
        for (const member of value.members()) this.xor(digest, member);
        return;
      case 'hash':
        for (const [field, content] of value.entries()) this.#xorPair(digest, field, content);
        return;
      case 'zset':
        for (const [member, score] of value.pairs()) this.#xorPair(digest, member, this.#tools.formatDouble17(score));
        return;
      case 'stream':
        for (const { id, fields } of value.entries()) {
          this.mix(digest, `${id.ms}.${id.seq}`);
          for (const item of fields) this.mix(digest, item);
        }
        return;
    }
  }

  #xorPair(digest: Uint8Array, first: string, second: string): void {
    const pair = new Uint8Array(DIGEST_BYTES);
    this.mix(pair, first);
    this.mix(pair, second);
    this.xor(digest, pair);
  }
}

function uint32(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

function hex(digest: Uint8Array): string {
  return Buffer.from(digest).toString('hex');
}
