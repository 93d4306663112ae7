/**
 * Memory for many small byte strings: slots of some eighty sizes in pages outside the garbage-collected heap.
 *
 * A page holds slots of one size. A slot's address is a 32-bit number, so that a table can keep it in a typed array:
 *
 *     address = page number << 15 | offset in the page / 8
 *
 * Sizes are the multiples of 8 up to 128 bytes, then eight per doubling: at most an eighth of a slot is wasted, 7 bytes of a small
 * one. A page whose last slot is freed goes back to the system, but for a few that are kept for the next to need one.
 *
 * Invariants: a page is in the list of its size exactly while it has a free slot; a free slot's first word is the
 * address of the next free one of its page, plus 1, or 0; nothing here looks at what the slots hold.
 */

import { allocateLatin1, type Latin1Buffer } from './latin1.ts';

/** Bytes of the largest page. The first ones are smaller: a new page is about an eighth of what there is. */
const MAX_PAGE_BYTES = 256 * 1024;
const GROWTH_SHIFT = 3;
/** The least number of slots in a page. */
const LEAST_SLOTS = 4;
const ADDRESS_BITS = 15;
const ADDRESS_MASK = (1 << ADDRESS_BITS) - 1;
/** Bytes per step of an address. */
const UNIT_SHIFT = 3;
/** Sizes up to this are multiples of 8. */
const FINE_BYTES = 128;
const FINE_CLASSES = FINE_BYTES >>> UNIT_SHIFT;
/** The largest slot: sixteen to the largest page. */
export const MAX_SLOT_BYTES = 16 * 1024;
/** Empty pages of the largest size that are kept at most, against making and clearing pages over and over; at most an eighth of all. */
const KEPT_PAGES = 8;
/** Pages that addresses can tell apart: 32 GiB of slots. */
const MAX_PAGES = 1 << (32 - ADDRESS_BITS);

/** A page: `bytes` and `words` show the same memory. */
export class SlabPage {
  readonly bytes: Latin1Buffer;
  readonly words: Int32Array;
  number = 0;
  sizeClass = 0;
  readonly byteLength: number;
  /** Slots in use. */
  live = 0;
  /** Where slots that were never used begin, bytes. */
  fresh = 0;
  /** The first free slot that was used before: its address in this page, plus 1, or 0. */
  freed = 0;
  /** Neighbours in the list of pages of this size that have room. */
  previous: SlabPage | undefined;
  next: SlabPage | undefined;
  isListed = false;

  constructor(byteLength: number) {
    this.byteLength = byteLength;
    this.bytes = allocateLatin1(byteLength);
    this.words = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, byteLength >>> 2);
  }

  /** The same slots with the same bytes, in no list. */
  clone(): SlabPage {
    const copy = new SlabPage(this.byteLength);
    copy.bytes.set(this.bytes);
    copy.number = this.number;
    copy.sizeClass = this.sizeClass;
    copy.live = this.live;
    copy.fresh = this.fresh;
    copy.freed = this.freed;
    copy.isListed = this.isListed;
    return copy;
  }
}

/** What V8 takes for a page beside its bytes, about. */
const PAGE_OVERHEAD_BYTES = 400;
/** What stands where there is no page. */
export const NO_PAGE = new SlabPage(1 << UNIT_SHIFT);

/** The class of slots that hold `byteLength` bytes, 1 <= byteLength <= MAX_SLOT_BYTES. */
export function slotClassOf(byteLength: number): number {
  if (byteLength <= FINE_BYTES) return ((byteLength + 7) >>> UNIT_SHIFT) - 1;
  // Eight steps from each power of two to the next: the three bits below the leading one, rounded up.
  const last = byteLength - 1;
  const doubling = 31 - Math.clz32(last);
  return FINE_CLASSES + (doubling - 7) * 8 + ((last >>> (doubling - 3)) & 7);
}

/** Bytes of a slot of that class. */
export function slotBytesOf(sizeClass: number): number {
  if (sizeClass < FINE_CLASSES) return (sizeClass + 1) << UNIT_SHIFT;
  const doubling = 7 + ((sizeClass - FINE_CLASSES) >>> 3);
  return (9 + ((sizeClass - FINE_CLASSES) & 7)) << (doubling - 3);
}

/** Where in its page the slot of an address lies, bytes. */
export function slotOffset(address: number): number {
  return (address & ADDRESS_MASK) << UNIT_SHIFT;
}

export class Slabs {
  /** By number; `pages[address >>> 15]` holds the slot. Empty places are pages that were given back. */
  readonly pages: SlabPage[] = [];
  /** By class: the first of its pages that have room. As long as the greatest class so far. */
  readonly #listed: (SlabPage | undefined)[] = [];
  readonly #unusedNumbers: number[] = [];
  readonly #kept: SlabPage[] = [];
  readonly #leastPageBytes: number;
  #pageBytes = 0;

  /** @param leastPageBytes a power of two: what few slots take */
  constructor(leastPageBytes: number) {
    this.#leastPageBytes = leastPageBytes;
  }

  /** The page of an address that is in use. */
  pageOf(address: number): SlabPage {
    return this.pages[address >>> ADDRESS_BITS];
  }

  /**
   * A slot of that class; what it holds is unspecified. Its address is a signed 32-bit integer.
   * @throws RangeError 32 GiB are in use
   */
  allocate(sizeClass: number): number {
    const page = (sizeClass < this.#listed.length ? this.#listed[sizeClass] : undefined) ?? this.#addPage(sizeClass);
    const bytes = slotBytesOf(sizeClass);
    let unit: number;
    if (page.freed !== 0) {
      unit = page.freed - 1;
      page.freed = page.words[unit << 1];
    } else {
      unit = page.fresh >>> UNIT_SHIFT;
      page.fresh += bytes;
    }
    page.live++;
    if (page.freed === 0 && page.fresh + bytes > page.byteLength) this.#unlist(page);
    return (page.number << ADDRESS_BITS) | unit;
  }

  free(address: number): void {
    const page = this.pageOf(address);
    page.live--;
    if (page.live === 0) return this.#giveBack(page);
    const unit = address & ADDRESS_MASK;
    page.words[unit << 1] = page.freed;
    page.freed = unit + 1;
    if (!page.isListed) this.#list(page);
  }

  /** Slots with the same addresses and bytes. */
  clone(): Slabs {
    const copy = new Slabs(this.#leastPageBytes);
    copy.#pageBytes = this.#pageBytes;
    copy.#unusedNumbers.push(...this.#unusedNumbers);
    for (const page of this.pages) copy.pages.push(page === NO_PAGE ? NO_PAGE : page.clone());
    for (const page of copy.pages) if (page.isListed) copy.#list(page);
    return copy;
  }

  /** Bytes of all pages, with what V8 takes for each. */
  memoryBytes(): number {
    return this.#pageBytes + this.#kept.length * MAX_PAGE_BYTES + this.pages.length * PAGE_OVERHEAD_BYTES;
  }

  #addPage(sizeClass: number): SlabPage {
    const number = this.#unusedNumbers.pop() ?? this.pages.length;
    if (number >= MAX_PAGES) throw new RangeError('the keyspace is full: 32 GiB of keys and small values');
    const byteLength = this.#nextPageBytes(slotBytesOf(sizeClass));
    const page = (byteLength === MAX_PAGE_BYTES ? this.#kept.pop() : undefined) ?? new SlabPage(byteLength);
    page.number = number;
    page.sizeClass = sizeClass;
    page.live = 0;
    page.fresh = 0;
    page.freed = 0;
    this.pages[number] = page;
    this.#pageBytes += byteLength;
    this.#list(page);
    return page;
  }

  #nextPageBytes(slotBytes: number): number {
    const wanted = Math.max(this.#pageBytes >>> GROWTH_SHIFT, slotBytes * LEAST_SLOTS, this.#leastPageBytes);
    // The next power of two.
    return Math.min(MAX_PAGE_BYTES, 1 << (32 - Math.clz32(wanted - 1)));
  }

  #giveBack(page: SlabPage): void {
    if (page.isListed) this.#unlist(page);
    // A page that nothing points at any more: its memory goes with the next collection.
    this.pages[page.number] = NO_PAGE;
    this.#unusedNumbers.push(page.number);
    this.#pageBytes -= page.byteLength;
    const kept = Math.min(KEPT_PAGES, (this.#pageBytes >>> GROWTH_SHIFT) / MAX_PAGE_BYTES);
    if (page.byteLength === MAX_PAGE_BYTES && this.#kept.length < kept) this.#kept.push(page);
  }

  #list(page: SlabPage): void {
    while (this.#listed.length <= page.sizeClass) this.#listed.push(undefined);
    const first = this.#listed[page.sizeClass];
    page.next = first;
    page.previous = undefined;
    if (first !== undefined) first.previous = page;
    this.#listed[page.sizeClass] = page;
    page.isListed = true;
  }

  #unlist(page: SlabPage): void {
    if (page.previous === undefined) this.#listed[page.sizeClass] = page.next;
    else page.previous.next = page.next;
    if (page.next !== undefined) page.next.previous = page.previous;
    page.next = undefined;
    page.previous = undefined;
    page.isListed = false;
  }
}
