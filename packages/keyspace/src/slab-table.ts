/**
 * The dictionary of a database with keys and string values as bytes outside the heap: no object per key, so that nothing
 * is left for the garbage collector, and a SET of a value of about the same length writes over the old one.
 *
 * The index is a hash table of two words per slot: the hash, and the address of the entry's slab slot (slabs.ts):
 *
 *     byte 0   meta: 24 bits of access clock, 8 of snapshot epoch
 *     byte 4   key length (15 bits) · value length (15 bits) · kind (1 bit)
 *     byte 8   bytes:  the key, then the value
 *              object: the value's number in the object column, then, from byte 12 on, the key
 *
 * Collections, strings that change in place and strings too long for a slot are objects. A key too long for a slot (its
 * length says LARGE_KEY) is kept in the object column together with its value. Expiries are the index's lazy numbers.
 *
 * Invariants: each full slot of the index has an address, which no other has; `expiringCount` is the sum of the segments' `numbered`.
 */

import { type BytesVisitor, type EntryVisitor, type Key, type KeyDictionary, NO_EXPIRY } from './dictionary.ts';
import { defaultHashSeed, type HashSeed, hashBytes, hashString } from './hash.ts';
import { HashTable } from './hash-table.ts';
import { copyBytes, readLatin1, writeLatin1 } from './latin1.ts';
import { ObjectColumn } from './object-column.ts';
import { homeSlot, type Layout } from './segment.ts';
import { scanSegments } from './segment-scan.ts';
import { MAX_SLOT_BYTES, NO_PAGE, type SlabPage, Slabs, slotClassOf, slotOffset } from './slabs.ts';
import type { Value } from './values/value.ts';

const LAYOUT: Layout = { cellStride: 0, wordStride: 2, numbers: 'lazy' };
const ACCESS_MASK = 0xffffff;
const EPOCH_SHIFT = 24;

const HEADER_BYTES = 8;
const OBJECT_HEADER_BYTES = 12;
const LENGTH_BITS = 15;
const LENGTH_MASK = (1 << LENGTH_BITS) - 1;
const IS_OBJECT = 1 << (2 * LENGTH_BITS);
/** Stands for the length of a key that is not in the slot. */
const LARGE_KEY = LENGTH_MASK;
/** Longer keys are kept as strings. */
const MAX_KEY_BYTES = MAX_SLOT_BYTES - OBJECT_HEADER_BYTES;

/** A key too long for a slot, and its value. */
interface LargeEntry {
  readonly key: Key;
  value: Value;
}

export class SlabTable implements KeyDictionary {
  expiringCount = 0;
  readonly #seed: HashSeed;
  #index: HashTable<never>;
  #slabs = new Slabs();
  #objects = new ObjectColumn<Value | LargeEntry>();
  /** The found entry: its page and where in it the slot begins. */
  #page: SlabPage;
  #at = 0;

  constructor(seed: HashSeed = defaultHashSeed()) {
    this.#seed = seed;
    this.#index = new HashTable<never>(LAYOUT, seed);
    this.#page = NO_PAGE;
  }

  get size(): number {
    return this.#index.size;
  }

  // Searching ---------------------------------------------------------------------------------------------------------

  find(key: Key): boolean {
    const hash = hashString(key, this.#seed);
    const segment = this.#index.segmentAt(hash);
    const { words, capacity } = segment;
    let slot = homeSlot(hash, segment.depth, capacity);
    for (;;) {
      const word = words[slot * 2];
      if (word === 0 || (word === hash && this.#isKey(words[slot * 2 + 1], key))) {
        this.#index.setFound(segment, slot, hash);
        return word !== 0;
      }
      slot++;
      if (slot === capacity) slot = 0;
    }
  }

  findBytes(bytes: Uint8Array, start: number, end: number): boolean {
    const hash = hashBytes(bytes, start, end, this.#seed);
    const segment = this.#index.segmentAt(hash);
    const { words, capacity } = segment;
    let slot = homeSlot(hash, segment.depth, capacity);
    for (;;) {
      const word = words[slot * 2];
      if (word === 0 || (word === hash && this.#isKeyOfBytes(words[slot * 2 + 1], bytes, start, end))) {
        this.#index.setFound(segment, slot, hash);
        return word !== 0;
      }
      slot++;
      if (slot === capacity) slot = 0;
    }
  }

  /** Makes the entry at `address` the found one; answers whether `key` is its key. */
  #isKey(address: number, key: Key): boolean {
    const info = this.#use(address);
    const length = info & LENGTH_MASK;
    if (length === LARGE_KEY) return this.#largeEntry().key === key;
    if (length !== key.length) return false;
    const { bytes } = this.#page;
    const start = this.#keyStart(info);
    for (let i = 0; i < length; i++) if (bytes[start + i] !== key.charCodeAt(i)) return false;
    return true;
  }

  #isKeyOfBytes(address: number, bytes: Uint8Array, start: number, end: number): boolean {
    const info = this.#use(address);
    const length = info & LENGTH_MASK;
    if (length === LARGE_KEY) return hasBytes(this.#largeEntry().key, bytes, start, end);
    if (length !== end - start) return false;
    const own = this.#page.bytes;
    let at = this.#keyStart(info);
    for (let i = start; i < end; i++) if (own[at++] !== bytes[i]) return false;
    return true;
  }

  findRandom(random01: () => number): boolean {
    if (!this.#index.findRandom(random01)) return false;
    this.#use(this.#index.foundMeta());
    return true;
  }

  // The found entry ---------------------------------------------------------------------------------------------------

  key(): Key {
    const info = this.#info();
    const length = info & LENGTH_MASK;
    if (length === LARGE_KEY) return this.#largeEntry().key;
    const start = this.#keyStart(info);
    return this.#page.bytes.latin1Slice(start, start + length);
  }

  value(): Value {
    const info = this.#info();
    if ((info & IS_OBJECT) !== 0) return this.#objectValue(info);
    const start = this.#at + HEADER_BYTES + (info & LENGTH_MASK);
    return this.#page.bytes.latin1Slice(start, start + ((info >>> LENGTH_BITS) & LENGTH_MASK));
  }

  setValue(value: Value): void {
    const info = this.#info();
    const keyLength = info & LENGTH_MASK;
    if (keyLength === LARGE_KEY) {
      this.#largeEntry().value = value;
    } else if (typeof value === 'string' && HEADER_BYTES + keyLength + value.length <= MAX_SLOT_BYTES) {
      const at = this.#makeBytes(info, value.length);
      writeLatin1(this.#page.bytes, at, value);
    } else if ((info & IS_OBJECT) !== 0) {
      this.#objects.set(this.#objectNumber(), value);
    } else {
      this.#move(info, OBJECT_HEADER_BYTES, 0, IS_OBJECT | keyLength);
      this.#setObjectNumber(this.#objects.add(value));
    }
  }

  setValueBytes(bytes: Uint8Array, start: number, end: number): void {
    const info = this.#info();
    const keyLength = info & LENGTH_MASK;
    if (keyLength === LARGE_KEY || HEADER_BYTES + keyLength + (end - start) > MAX_SLOT_BYTES) {
      return this.setValue(readLatin1(bytes, start, end));
    }
    const at = this.#makeBytes(info, end - start);
    copyBytes(this.#page.bytes, at, bytes, start, end);
  }

  expireAtMs(): number {
    return this.#index.foundNumber();
  }

  setExpireAtMs(ms: number): void {
    const had = this.#index.foundNumber() !== NO_EXPIRY;
    this.#index.setFoundNumber(ms);
    if (had !== (ms !== NO_EXPIRY)) this.expiringCount += had ? -1 : 1;
  }

  access(): number {
    return this.#meta() & ACCESS_MASK;
  }

  setAccess(access: number): void {
    this.#setMeta((this.#meta() & ~ACCESS_MASK) | access);
  }

  epoch(): number {
    return this.#meta() >>> EPOCH_SHIFT;
  }

  setEpoch(epoch: number): void {
    this.#setMeta((this.#meta() & ACCESS_MASK) | (epoch << EPOCH_SHIFT));
  }

  // Changing ----------------------------------------------------------------------------------------------------------

  insert(key: Key, value: Value, access: number, epoch: number): void {
    const keyLength = key.length;
    if (keyLength > MAX_KEY_BYTES) {
      this.#place(OBJECT_HEADER_BYTES, IS_OBJECT | LARGE_KEY, (epoch << EPOCH_SHIFT) | access);
      this.#setObjectNumber(this.#objects.add({ key, value }));
    } else if (typeof value === 'string' && HEADER_BYTES + keyLength + value.length <= MAX_SLOT_BYTES) {
      const bytes = HEADER_BYTES + keyLength + value.length;
      this.#place(bytes, keyLength | (value.length << LENGTH_BITS), (epoch << EPOCH_SHIFT) | access);
      writeLatin1(this.#page.bytes, this.#at + HEADER_BYTES, key);
      writeLatin1(this.#page.bytes, this.#at + HEADER_BYTES + keyLength, value);
    } else {
      this.#place(OBJECT_HEADER_BYTES + keyLength, IS_OBJECT | keyLength, (epoch << EPOCH_SHIFT) | access);
      this.#setObjectNumber(this.#objects.add(value));
      writeLatin1(this.#page.bytes, this.#at + OBJECT_HEADER_BYTES, key);
    }
  }

  insertBytes(bytes: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const keyLength = keyEnd - keyStart;
    const size = HEADER_BYTES + keyLength + (valueEnd - valueStart);
    if (keyLength > MAX_KEY_BYTES || size > MAX_SLOT_BYTES) {
      return this.insert(readLatin1(bytes, keyStart, keyEnd), readLatin1(bytes, valueStart, valueEnd), 0, 0);
    }
    this.#place(size, keyLength | ((valueEnd - valueStart) << LENGTH_BITS), 0);
    copyBytes(this.#page.bytes, this.#at + HEADER_BYTES, bytes, keyStart, keyEnd);
    copyBytes(this.#page.bytes, this.#at + HEADER_BYTES + keyLength, bytes, valueStart, valueEnd);
  }

  remove(): void {
    if (this.#index.foundNumber() !== NO_EXPIRY) this.expiringCount--;
    if ((this.#info() & IS_OBJECT) !== 0) this.#objects.remove(this.#objectNumber());
    this.#slabs.free(this.#index.foundMeta());
    this.#index.deleteFound();
  }

  clear(): void {
    this.#index.clear();
    this.#slabs = new Slabs();
    this.#objects = new ObjectColumn();
    this.expiringCount = 0;
  }

  // Visiting ----------------------------------------------------------------------------------------------------------

  scan(cursor: number, count: number, visit: (key: Key, value: Value) => void): number {
    return scanSegments(this.#index, { cursor, count, isNumberedOnly: false }, ({ words }, slot) => {
      this.#use(words[slot * 2 + 1]);
      visit(this.key(), this.value());
    });
  }

  scanExpiring(cursor: number, steps: number, visit: (key: Key, expireAtMs: number) => void): number {
    return scanSegments(this.#index, { cursor, count: steps, isNumberedOnly: true }, ({ words, numbers }, slot) => {
      this.#use(words[slot * 2 + 1]);
      visit(this.key(), numbers === null ? NO_EXPIRY : numbers[slot]);
    });
  }

  scanUnmarked(cursor: number, count: number, epoch: number, visit: EntryVisitor, visitBytes?: BytesVisitor): number {
    return scanSegments(this.#index, { cursor, count, isNumberedOnly: false }, ({ words, numbers }, slot) => {
      this.#use(words[slot * 2 + 1]);
      if (this.epoch() === epoch) return;
      this.setEpoch(epoch);
      this.#visit(numbers === null ? NO_EXPIRY : numbers[slot], visit, visitBytes);
    });
  }

  visitFound(visit: EntryVisitor, visitBytes?: BytesVisitor): void {
    this.#visit(this.expireAtMs(), visit, visitBytes);
  }

  #visit(expireAtMs: number, visit: EntryVisitor, visitBytes: BytesVisitor | undefined): void {
    const info = this.#info();
    if (visitBytes === undefined || (info & IS_OBJECT) !== 0) return visit(this.key(), this.value(), expireAtMs);
    const keyStart = this.#at + HEADER_BYTES;
    const valueStart = keyStart + (info & LENGTH_MASK);
    visitBytes(this.#page.bytes, keyStart, valueStart, valueStart + (info >>> LENGTH_BITS), expireAtMs);
  }

  markAll(epoch: number): void {
    for (const address of this.#addresses()) {
      this.#use(address);
      this.setEpoch(epoch);
    }
  }

  *keys(): Generator<Key> {
    for (const address of this.#addresses()) {
      this.#use(address);
      yield this.key();
    }
  }

  *#addresses(): Generator<number> {
    if (this.size === 0) return;
    for (const { words, capacity } of this.#index.segments()) {
      for (let slot = 0; slot < capacity; slot++) if (words[slot * 2] !== 0) yield words[slot * 2 + 1];
    }
  }

  memoryBytes(): number {
    return this.#index.memoryBytes() + this.#slabs.memoryBytes() + this.#objects.memoryBytes();
  }

  // The slot of the found entry ---------------------------------------------------------------------------------------

  /** Makes the entry at `address` the found one, as far as its slot is asked; answers its lengths and kind. */
  #use(address: number): number {
    const page = this.#slabs.pageOf(address);
    const at = slotOffset(address);
    this.#page = page;
    this.#at = at;
    return page.words[(at >>> 2) + 1];
  }

  #info(): number {
    return this.#page.words[(this.#at >>> 2) + 1];
  }

  #meta(): number {
    return this.#page.words[this.#at >>> 2] >>> 0;
  }

  #setMeta(meta: number): void {
    this.#page.words[this.#at >>> 2] = meta;
  }

  #keyStart(info: number): number {
    return this.#at + ((info & IS_OBJECT) !== 0 ? OBJECT_HEADER_BYTES : HEADER_BYTES);
  }

  #objectNumber(): number {
    return this.#page.words[(this.#at >>> 2) + 2];
  }

  #setObjectNumber(number: number): void {
    this.#page.words[(this.#at >>> 2) + 2] = number;
  }

  #largeEntry(): LargeEntry {
    // The column holds one of these exactly where the key's length is LARGE_KEY.
    return this.#objects.get(this.#objectNumber()) as LargeEntry;
  }

  #objectValue(info: number): Value {
    if ((info & LENGTH_MASK) === LARGE_KEY) return this.#largeEntry().value;
    // Everywhere else it holds values.
    return this.#objects.get(this.#objectNumber()) as Value;
  }

  /** A slot for the key that was not found: the found entry. Its bytes are the caller's to write. */
  #place(byteLength: number, info: number, meta: number): void {
    const address = this.#slabs.allocate(slotClassOf(byteLength));
    this.#index.insertMissingMeta(address);
    this.#use(address);
    this.#setMeta(meta);
    this.#page.words[(this.#at >>> 2) + 1] = info;
  }

  /** Makes room for a value of bytes in the found entry, which is not one with a large key; answers where in the page it goes. */
  #makeBytes(info: number, valueLength: number): number {
    const keyLength = info & LENGTH_MASK;
    const newInfo = keyLength | (valueLength << LENGTH_BITS);
    const isBytes = (info & IS_OBJECT) === 0;
    if (isBytes && slotClassOf(HEADER_BYTES + keyLength + valueLength) === this.#page.sizeClass) {
      this.#page.words[(this.#at >>> 2) + 1] = newInfo;
    } else {
      if (!isBytes) this.#objects.remove(this.#objectNumber());
      this.#move(info, HEADER_BYTES, valueLength, newInfo);
    }
    return this.#at + HEADER_BYTES + keyLength;
  }

  /** Gives the found entry another slot, with its meta word and its key. */
  #move(info: number, headerBytes: number, valueLength: number, newInfo: number): void {
    const keyLength = info & LENGTH_MASK;
    const { bytes } = this.#page;
    const keyStart = this.#keyStart(info);
    const meta = this.#meta();
    const address = this.#slabs.allocate(slotClassOf(headerBytes + keyLength + valueLength));
    const old = this.#index.foundMeta();
    this.#use(address);
    copyBytes(this.#page.bytes, this.#at + headerBytes, bytes, keyStart, keyStart + keyLength);
    this.#setMeta(meta);
    this.#page.words[(this.#at >>> 2) + 1] = newInfo;
    this.#index.setFoundMeta(address);
    this.#slabs.free(old);
  }
}

function hasBytes(key: Key, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let at = start; at < end; at++) if (key.charCodeAt(at - start) !== bytes[at]) return false;
  return true;
}
