/**
 * Small collections, handed over as the text that a keyspace keeps them as (packed-content.ts), without an entry.
 *
 * Invariant: what is not there as a whole, is wrong in any way or is not taken is left to whoever reads key by key, who tells it.
 */

import { RdbFault } from './errors.ts';
import { NODE_PACKED, TYPE_HASH_LISTPACK, TYPE_QUICKLIST_2, TYPE_SET_INTSET, TYPE_ZSET_LISTPACK } from './format.ts';
import type { Blob, RdbInput } from './input.ts';
import { type KeyAttributes, NO_ATTRIBUTES, noAttributes, tryAttributes } from './key-attributes.ts';
import { type EntryKind, type PackedContent, packIntset, packListpack } from './packed-content.ts';

/** A small collection, which holds during the call only. */
export interface PackedCollection extends PackedContent {
  type: 'hash' | 'zset' | 'list' | 'intset';
}

/** Takes a key with a small collection and answers whether it does; otherwise it comes as an entry. */
export type PackedTaker = (
  database: number,
  key: string,
  collection: Readonly<PackedCollection>,
  attributes: Readonly<KeyAttributes>,
) => boolean;

const ENTRY_KINDS = { hash: 'pairs', zset: 'scored', list: 'elements' } as const satisfies Record<string, EntryKind>;

export class PackedRuns {
  readonly #input: RdbInput;
  readonly #take: PackedTaker;
  readonly #attributes = noAttributes();
  readonly #collection: PackedCollection = { type: 'hash', content: '', count: 0, longest: 0 };

  constructor(input: RdbInput, take: PackedTaker) {
    this.#input = input;
    this.#take = take;
  }

  /** Hands over the key at the beginning of the input, if it can be. */
  handOver(database: number): boolean {
    const begin = this.#input.at;
    if (this.#tryHandOver(database)) return true;
    this.#input.at = begin;
    return false;
  }

  #tryHandOver(database: number): boolean {
    const input = this.#input;
    const collection = this.#collection;
    if (input.at >= input.limit) return false;
    const isPlain = typeOf(input.bytes[input.at]) !== undefined;
    if (!isPlain && !tryAttributes(input, this.#attributes)) return false;
    const code = input.byte();
    const type = code === undefined ? undefined : typeOf(code);
    if (type === undefined) return false;
    collection.type = type;
    const key = this.#read();
    return key !== undefined && this.#take(database, key, collection, isPlain ? NO_ATTRIBUTES : this.#attributes);
  }

  /** Reads the collection; answers its key, or undefined. */
  #read(): string | undefined {
    const input = this.#input;
    const collection = this.#collection;
    const { type } = collection;
    try {
      const key = input.text();
      if (key === undefined) return undefined;
      if (type === 'list' && (input.length() !== 1 || input.length() !== NODE_PACKED)) return undefined;
      const blob = input.blob();
      return blob !== undefined && pack(blob, collection) ? key : undefined;
    } catch (cause) {
      if (!(cause instanceof RdbFault)) throw cause;
      return undefined;
    }
  }
}

function pack(blob: Blob, collection: PackedCollection): boolean {
  const { type } = collection;
  return type === 'intset' ? packIntset(blob, collection) : packListpack(blob, ENTRY_KINDS[type], collection);
}

function typeOf(code: number): PackedCollection['type'] | undefined {
  switch (code) {
    case TYPE_HASH_LISTPACK:
      return 'hash';
    case TYPE_ZSET_LISTPACK:
      return 'zset';
    case TYPE_QUICKLIST_2:
      return 'list';
    case TYPE_SET_INTSET:
      return 'intset';
    default:
      return undefined;
  }
}
