/**
 * Entries of a key and a value as bytes in slab slots (slabs.ts), for tables that keep an address per entry.
 *
 *     meta    4 bytes for the table, in tables that want them
 *     info    4 bytes: key length (15 bits) · value length (15 bits) · kind (1 bit)
 *     bytes:  the key, then the value
 *     object: the value's number in the object column (4 bytes), then the key
 *
 * Values that are no strings, and strings too long for a slot, are objects. A key too long for a slot (its length says
 * LARGE_KEY) is kept in the object column together with its value.
 *
 * `use` names the entry that the methods below it read and change, until the next `use`, `isKey`, `isKeyOfBytes`, `create` or `createOfBytes`.
 *
 * Invariants: an address that was handed out and not removed holds an entry; while somebody reads what was frozen, no slot
 * that is in use then is written or given away, whatever is set and removed.
 */

import type { Key } from './dictionary.ts';
import { allocateLatin1, copyBytes, type Latin1Buffer, readLatin1, writeLatin1 } from './latin1.ts';
import { ObjectColumn } from './object-column.ts';
import { MAX_SLOT_BYTES, NO_PAGE, type SlabPage, Slabs, slotClassOf, slotOffset } from './slabs.ts';

const LENGTH_BITS = 15;
const LENGTH_MASK = (1 << LENGTH_BITS) - 1;
const IS_OBJECT = 1 << (2 * LENGTH_BITS);
/** Stands for the length of a key that is not in the slot. */
const LARGE_KEY = LENGTH_MASK;
const WORD_BYTES = 4;
/** Longer keys are kept as strings. */
const MAX_KEY_BYTES = MAX_SLOT_BYTES - 3 * WORD_BYTES;
/** Slots whose entries went while they were frozen are freed a few at a time, so that a thaw is no pause. */
const FREES_PER_CHANGE = 16;

/** Longer keys are compared as strings. */
const COMPARED_BYTES = 256;
/** The key that was compared last, and its bytes. */
let compared = '';
const comparedBytes = allocateLatin1(COMPARED_BYTES);
const comparedWords = new Int32Array(comparedBytes.buffer);

function keepCompared(key: Key): void {
  compared = key;
  writeLatin1(comparedBytes, 0, key);
}

/** A key too long for a slot, and its value. */
class LargeEntry<V> {
  readonly key: Key;
  value: V;

  constructor(key: Key, value: V) {
    this.key = key;
    this.value = value;
  }
}

export class SlabEntries<V extends object | string> {
  /** Bytes before the key: of an entry that is bytes, and one word more of an object's. */
  readonly #headerBytes: number;
  /** Where the info word is, in words from the slot's beginning. */
  readonly #infoWord: number;
  readonly #slabs: Slabs;
  readonly #objects: ObjectColumn<V | LargeEntry<V>>;
  /** Slots of entries that went while they were frozen. */
  readonly #gone: number[] = [];
  /** Bytes of the strings in the object column. */
  #stringBytes = 0;
  #isFrozen = false;
  #page: SlabPage = NO_PAGE;
  #at = 0;

  /** @param metaWords words per entry for the table itself  @param leastPageBytes see Slabs */
  constructor(metaWords: 0 | 1, leastPageBytes: number, from?: SlabEntries<V>) {
    this.#infoWord = metaWords;
    this.#headerBytes = (metaWords + 1) * WORD_BYTES;
    this.#slabs = from === undefined ? new Slabs(leastPageBytes) : from.#slabs.clone();
    this.#objects = from === undefined ? new ObjectColumn() : from.#objects.clone((held) => copyOf(held));
    if (from === undefined) return;
    this.#gone.push(...from.#gone);
    this.#stringBytes = from.#stringBytes;
  }

  /** Entries with the same addresses, keys and values. Values that are objects are shared. */
  static copy<V extends object | string>(from: SlabEntries<V>, leastPageBytes: number): SlabEntries<V> {
    return new SlabEntries<V>(from.#infoWord === 0 ? 0 : 1, leastPageBytes, from);
  }

  /** Says that the slots in use are being read, or no longer. */
  setFrozen(isFrozen: boolean): void {
    this.#isFrozen = isFrozen;
  }

  // One entry ---------------------------------------------------------------------------------------------------------

  use(address: number): void {
    this.#page = this.#slabs.pageOf(address);
    this.#at = slotOffset(address);
  }

  /** Reads a word of the entry at `address`: it, and how memory is reached there, is in the processor's caches then. */
  touch(address: number): number {
    return this.#slabs.pageOf(address).words[slotOffset(address) >>> 2];
  }

  isKey(address: number, key: Key): boolean {
    this.use(address);
    const info = this.#info();
    const length = info & LENGTH_MASK;
    if (length === LARGE_KEY) return this.#largeEntry().key === key;
    if (length !== key.length) return false;
    const { bytes } = this.#page;
    const start = this.#keyStart(info);
    for (let i = 0; i < length; i++) if (bytes[start + i] !== key.charCodeAt(i)) return false;
    return true;
  }

  /** `isKey` for the key whose bytes are `start` to `end` (exclusive). */
  isKeyOfBytes(address: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.use(address);
    const info = this.#info();
    const length = info & LENGTH_MASK;
    if (length === LARGE_KEY) return hasBytes(this.#largeEntry().key, bytes, start, end);
    if (length !== end - start) return false;
    const own = this.#page.bytes;
    let at = this.#keyStart(info);
    for (let i = start; i < end; i++) if (own[at++] !== bytes[i]) return false;
    return true;
  }

  /** The table's word; only where there is one. */
  get meta(): number {
    return this.#page.words[this.#at >>> 2] >>> 0;
  }

  set meta(meta: number) {
    this.#page.words[this.#at >>> 2] = meta;
  }

  key(): Key {
    const info = this.#info();
    const length = info & LENGTH_MASK;
    if (length === LARGE_KEY) return this.#largeEntry().key;
    const start = this.#keyStart(info);
    return this.#page.bytes.latin1Slice(start, start + length);
  }

  value(): V | string {
    const info = this.#info();
    if ((info & IS_OBJECT) !== 0) return this.#objectValue(info);
    const start = this.#at + this.#headerBytes + (info & LENGTH_MASK);
    return this.#page.bytes.latin1Slice(start, start + (info >>> LENGTH_BITS));
  }

  /** Whether key and value are bytes: those of `bytes` from `keyStart` to `valueStart`, and from there to `valueEnd`. */
  get isBytes(): boolean {
    return (this.#info() & IS_OBJECT) === 0;
  }

  get bytes(): Latin1Buffer {
    return this.#page.bytes;
  }

  get keyStart(): number {
    return this.#at + this.#headerBytes;
  }

  get valueStart(): number {
    return this.#at + this.#headerBytes + (this.#info() & LENGTH_MASK);
  }

  get valueEnd(): number {
    return this.valueStart + (this.#info() >>> LENGTH_BITS);
  }

  /**
   * Compares the key of the entry at `address` with `key`: below 0, 0, or above 0 as the entry's bytes come before, are, or come
   * after. One search compares one key with many, so its bytes are kept from one call to the next.
   */
  compareKey(address: number, key: Key): number {
    const { bytes, words } = this.#slabs.pageOf(address);
    const info = words[(slotOffset(address) >>> 2) + this.#infoWord];
    const length = info & LENGTH_MASK;
    if (length === LARGE_KEY || key.length > COMPARED_BYTES) return this.#compareLong(address, key);
    if (key !== compared) keepCompared(key);
    const start = slotOffset(address) + this.#headerBytes + ((info & IS_OBJECT) !== 0 ? WORD_BYTES : 0);
    const shorter = Math.min(length, key.length);
    let at = 0;
    // Slots and headers are whole words, so keys begin at words.
    while (at + WORD_BYTES <= shorter && words[(start + at) >>> 2] === comparedWords[at >>> 2]) at += WORD_BYTES;
    for (; at < shorter; at++) {
      const difference = bytes[start + at] - comparedBytes[at];
      if (difference !== 0) return difference;
    }
    return length - key.length;
  }

  #compareLong(address: number, key: Key): number {
    this.use(address);
    const own = this.key();
    return own < key ? -1 : own === key ? 0 : 1;
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  /** A new entry, which is the one in use then; answers its address. The meta word is unspecified. */
  create(key: Key, value: V | string): number {
    const header = this.#headerBytes;
    const keyLength = key.length;
    if (keyLength > MAX_KEY_BYTES) {
      // A string is a value of whatever V is.
      const number = this.#keep(new LargeEntry<V>(key, value as V));
      return this.#place(header + WORD_BYTES, IS_OBJECT | LARGE_KEY, number);
    }
    if (typeof value === 'string' && header + keyLength + value.length <= MAX_SLOT_BYTES) {
      const address = this.#place(header + keyLength + value.length, keyLength | (value.length << LENGTH_BITS));
      writeLatin1(this.#page.bytes, this.#at + header, key);
      writeLatin1(this.#page.bytes, this.#at + header + keyLength, value);
      return address;
    }
    const number = this.#keep(value as V);
    const address = this.#place(header + WORD_BYTES + keyLength, IS_OBJECT | keyLength, number);
    writeLatin1(this.#page.bytes, this.#at + header + WORD_BYTES, key);
    return address;
  }

  /** `create` for a key and a string value that are ranges of `bytes`. */
  createOfBytes(bytes: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): number {
    const header = this.#headerBytes;
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    if (keyLength > MAX_KEY_BYTES || header + keyLength + valueLength > MAX_SLOT_BYTES) {
      return this.create(readLatin1(bytes, keyStart, keyEnd), readLatin1(bytes, valueStart, valueEnd));
    }
    const address = this.#place(header + keyLength + valueLength, keyLength | (valueLength << LENGTH_BITS));
    copyBytes(this.#page.bytes, this.#at + header, bytes, keyStart, keyEnd);
    copyBytes(this.#page.bytes, this.#at + header + keyLength, bytes, valueStart, valueEnd);
    return address;
  }

  /** Sets the value of the entry at `address`, which is in use; answers where it is now. */
  setValue(address: number, value: V | string): number {
    const info = this.#info();
    const keyLength = info & LENGTH_MASK;
    if (keyLength === LARGE_KEY) {
      // A reader of what was frozen has the number: it must find the old entry there.
      if (this.#isFrozen) return this.#replaceWhole(address, value);
      const entry = this.#largeEntry();
      this.#stringBytes += bytesOf(value) - bytesOf(entry.value);
      entry.value = value as V;
      return address;
    }
    if (typeof value === 'string' && this.#headerBytes + keyLength + value.length <= MAX_SLOT_BYTES) {
      const moved = this.#makeBytes(address, info, value.length);
      writeLatin1(this.#page.bytes, this.#at + this.#headerBytes + keyLength, value);
      return moved;
    }
    if (this.#isFrozen || (info & IS_OBJECT) === 0) return this.#replaceWhole(address, value);
    const number = this.#objectNumber();
    this.#stringBytes += bytesOf(value) - bytesOf(this.#objects.get(number));
    this.#objects.set(number, value as V);
    return address;
  }

  /** `setValue` of the bytes `start` to `end` (exclusive). */
  setValueBytes(address: number, bytes: Uint8Array, start: number, end: number): number {
    const info = this.#info();
    const keyLength = info & LENGTH_MASK;
    if (keyLength === LARGE_KEY || this.#headerBytes + keyLength + (end - start) > MAX_SLOT_BYTES) {
      return this.setValue(address, readLatin1(bytes, start, end));
    }
    const moved = this.#makeBytes(address, info, end - start);
    copyBytes(this.#page.bytes, this.#at + this.#headerBytes + keyLength, bytes, start, end);
    return moved;
  }

  /** Removes the entry at `address`. */
  remove(address: number): void {
    if (this.#isFrozen) {
      this.#gone.push(address);
      return;
    }
    if (this.#gone.length > 0) this.#freeGone();
    this.#free(address);
  }

  /** Bytes of slots and places, and of strings too long for a slot; not those of objects. */
  memoryBytes(): number {
    return this.#slabs.memoryBytes() + this.#objects.memoryBytes() + this.#stringBytes;
  }

  #keep(held: V | LargeEntry<V>): number {
    this.#stringBytes += bytesOf(held);
    return this.#objects.add(held);
  }

  #free(address: number): void {
    this.use(address);
    if ((this.#info() & IS_OBJECT) !== 0) {
      const number = this.#objectNumber();
      this.#stringBytes -= bytesOf(this.#objects.get(number));
      this.#objects.remove(number);
    }
    this.#slabs.free(address);
  }

  #freeGone(): void {
    for (let left = FREES_PER_CHANGE; left > 0; left--) {
      const address = this.#gone.pop();
      if (address === undefined) return;
      this.#free(address);
    }
  }

  #place(byteLength: number, info: number, objectNumber?: number): number {
    if (this.#gone.length > 0 && !this.#isFrozen) this.#freeGone();
    const address = this.#slabs.allocate(slotClassOf(byteLength));
    this.use(address);
    const word = (this.#at >>> 2) + this.#infoWord;
    this.#page.words[word] = info;
    if (objectNumber !== undefined) this.#page.words[word + 1] = objectNumber;
    return address;
  }

  /** Room for a value of bytes in the entry at `address`, whose key is in its slot; answers where it is now. */
  #makeBytes(address: number, info: number, valueLength: number): number {
    const keyLength = info & LENGTH_MASK;
    const size = this.#headerBytes + keyLength + valueLength;
    const newInfo = keyLength | (valueLength << LENGTH_BITS);
    if (!this.#isFrozen && (info & IS_OBJECT) === 0 && slotClassOf(size) === this.#page.sizeClass) {
      this.#page.words[(this.#at >>> 2) + this.#infoWord] = newInfo;
      return address;
    }
    const { bytes, words } = this.#page;
    const at = this.#at;
    const keyStart = this.#keyStart(info);
    const moved = this.#place(size, newInfo);
    if (this.#infoWord > 0) this.#page.words[this.#at >>> 2] = words[at >>> 2];
    copyBytes(this.#page.bytes, this.#at + this.#headerBytes, bytes, keyStart, keyStart + keyLength);
    this.#leave(address, moved);
    return moved;
  }

  /** A new entry with the same key, in place of the one at `address`. */
  #replaceWhole(address: number, value: V | string): number {
    const key = this.key();
    const meta = this.#infoWord > 0 ? this.meta : 0;
    const moved = this.create(key, value);
    if (this.#infoWord > 0) this.meta = meta;
    this.#leave(address, moved);
    return moved;
  }

  #leave(address: number, moved: number): void {
    this.remove(address);
    this.use(moved);
  }

  #info(): number {
    return this.#page.words[(this.#at >>> 2) + this.#infoWord];
  }

  #keyStart(info: number): number {
    return this.#at + this.#headerBytes + ((info & IS_OBJECT) !== 0 ? WORD_BYTES : 0);
  }

  #objectNumber(): number {
    return this.#page.words[(this.#at >>> 2) + this.#infoWord + 1];
  }

  #largeEntry(): LargeEntry<V> {
    // The column holds one of these exactly where the key's length is LARGE_KEY.
    return this.#objects.get(this.#objectNumber()) as LargeEntry<V>;
  }

  #objectValue(info: number): V {
    if ((info & LENGTH_MASK) === LARGE_KEY) return this.#largeEntry().value;
    // Everywhere else it holds values.
    return this.#objects.get(this.#objectNumber()) as V;
  }
}

function bytesOf(held: unknown): number {
  if (typeof held === 'string') return held.length;
  return held instanceof LargeEntry ? held.key.length + bytesOf(held.value) : 0;
}

/** Large entries change, so each table has its own. */
function copyOf<H>(held: H): H {
  // The copy is what the original is.
  return held instanceof LargeEntry ? (new LargeEntry(held.key, held.value) as H) : held;
}

function hasBytes(key: Key, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let at = start; at < end; at++) if (key.charCodeAt(at - start) !== bytes[at]) return false;
  return true;
}
