/**
 * The list: elements in order, fast at both ends.
 *
 * Two forms: a short list is one packed string, rewritten at each edit; a longer one is a ListDeque. Growing past
 * SMALL_ENTRIES or SMALL_BYTES makes it a deque, and so does taking an element from one that is nearly as long: it is a queue.
 * Shrinking to half of both makes it a string again.
 *
 * Invariants: `length` counts the elements; a list that is stored under a key is never empty (its commands see to that);
 * elements are flat strings of chars 0–255. The encoding that Redis would report is kept beside the form and follows from
 * `grow` and `shrink` alone.
 */
import {
  packedAppend,
  packedEntries,
  packedEntry,
  packedEntryLength,
  packedEquals,
  packedFindEvery,
  packedInsert,
  packedInsertAll,
  packedNext,
  packedOf,
  packedRemove,
  packedReplace,
  packedSize,
  packedSizeOf,
  packedSkip,
  packedSlice,
  packedTake,
} from '../packed.ts';
import { type FrozenItems, nothingToRelease } from './frozen.ts';
import { ListDeque } from './list-deque.ts';
import { exceedsListpack, fitsListpackAgain, LISTPACK_EMPTY_BYTES, listpackEntryBytes } from './list-encoding.ts';
import type { ElementBytesVisitor } from './list-node.ts';
import { stringBytes } from './string-bytes.ts';

const SMALL_ENTRIES = 128;
const SMALL_BYTES = 2048;
/** Part of those limits above which a list that is popped becomes a deque; well above half of them, so that forms do not alternate. */
const QUEUE_SHARE = 3 / 4;
/** Up to so many elements of a deque are popped one by one: to cut a node costs more. */
const FEW_POPPED = 8;
/** Elements that are popped from the tail are gathered, since they are met in the other order; at most so many at a time. */
const TURNED_AT_ONCE = 1024;
/** `#listpackBytes` of a list that Redis would keep as a quicklist. */
const IS_QUICKLIST = -1;

/** Which positions LPOS asks for. */
export interface PositionQuery {
  /** 1 for the first match, 2 for the second …; negative: from the tail. Not 0. */
  readonly rank: number;
  /** How many positions at most; 0 for all. */
  readonly count: number;
  /** How many elements are compared at most; 0 for all. */
  readonly maxLength: number;
}

export class ListValue {
  #content: string | ListDeque = '';
  #count = 0;
  /** Size of the listpack that Redis would have, or IS_QUICKLIST. */
  #listpackBytes = LISTPACK_EMPTY_BYTES;

  /**
   * A list of `elements`, which are flat strings.
   * @param maxListpackSize the option list-max-listpack-size
   */
  static of(elements: readonly string[], maxListpackSize: number): ListValue {
    const list = new ListValue();
    list.append(elements, maxListpackSize);
    return list;
  }

  /** A short list of what is packed already; undefined where it would not stay one string. */
  static ofPacked(elements: string, count: number, maxListpackSize: number): ListValue | undefined {
    if (count > SMALL_ENTRIES || elements.length > SMALL_BYTES) return undefined;
    const list = new ListValue();
    list.#content = elements;
    for (let at = 0; at < elements.length; at = packedNext(elements, at)) {
      list.grow(maxListpackSize, packedEntryLength(elements, at), 1);
      list.#added(packedEntry(elements, at));
    }
    return list;
  }

  get type(): 'list' {
    return 'list';
  }

  get length(): number {
    return this.#count;
  }

  pushHead(element: string): void {
    const content = this.#contentWithRoom(1, packedSize(element.length));
    if (typeof content !== 'string') content.pushHead(element);
    else this.#content = packedInsert(content, 0, element);
    this.#added(element);
  }

  pushTail(element: string): void {
    const content = this.#contentWithRoom(1, packedSize(element.length));
    if (typeof content !== 'string') content.pushTail(element);
    else this.#content = packedAppend(content, element);
    this.#added(element);
  }

  /** The same as `pushHead` of one after the other, so that the last is the first then, in one pass. */
  pushAllHead(elements: readonly string[]): void {
    const content = this.#contentWithRoom(elements.length, packedSizeOf(elements));
    if (typeof content !== 'string') content.pushAllHead(elements);
    else this.#content = packedInsertAll(content, 0, elements.toReversed());
    this.#addedAll(elements);
  }

  /** The same as `pushTail` of one after the other, in one pass. */
  pushAllTail(elements: readonly string[]): void {
    const content = this.#contentWithRoom(elements.length, packedSizeOf(elements));
    if (typeof content !== 'string') content.pushAllTail(elements);
    else this.#content = packedInsertAll(content, content.length, elements);
    this.#addedAll(elements);
  }

  /** Adds elements, which are flat strings, at the tail in one pass; the encoding is what `grow` for one after the other makes it. */
  append(elements: readonly string[], maxListpackSize: number): void {
    let bytes = this.#listpackBytes;
    for (let i = 0; i < elements.length && this.#isListpack; i++) {
      const element = elements[i];
      if (exceedsListpack(maxListpackSize, bytes + element.length, this.#count + i + 1)) {
        this.#listpackBytes = IS_QUICKLIST;
      }
      bytes += listpackEntryBytes(element);
    }
    this.pushAllTail(elements);
  }

  /** Removes and answers the first element, a flat string; undefined if there is none. */
  popHead(): string | undefined {
    const content = this.#contentForPop();
    if (typeof content !== 'string') return this.#removed(content.popHead());
    if (content === '') return undefined;
    const element = packedTake(content, 0);
    this.#content = packedSlice(content, packedNext(content, 0), content.length);
    return this.#removed(element);
  }

  /** Removes and answers the last element, a flat string; undefined if there is none. */
  popTail(): string | undefined {
    const content = this.#contentForPop();
    if (typeof content !== 'string') return this.#removed(content.popTail());
    if (content === '') return undefined;
    const last = packedSkip(content, 0, this.#count - 1);
    const element = packedTake(content, last);
    this.#content = packedSlice(content, 0, last);
    return this.#removed(element);
  }

  /**
   * Removes `count` elements, which must be there, from an end in one pass, after `visit` has seen them, the outermost first, as
   * `visit` shows them. From the tail none goes to `visitBytes`.
   */
  popAll(
    end: 'head' | 'tail',
    count: number,
    visit: (element: string) => void,
    visitBytes?: ElementBytesVisitor,
  ): void {
    if (typeof this.#content !== 'string' && count <= FEW_POPPED) {
      for (let left = count; left > 0; left--) visit((end === 'head' ? this.popHead() : this.popTail()) ?? '');
    } else if (end === 'head') {
      this.visit(0, count, visit, visitBytes);
      this.keep(count, this.#count);
    } else {
      for (let left = count; left > 0; left -= TURNED_AT_ONCE) this.#popTails(Math.min(left, TURNED_AT_ONCE), visit);
    }
  }

  #popTails(count: number, visit: (element: string) => void): void {
    const rest = this.#count - count;
    const popped: string[] = [];
    this.visit(rest, this.#count, (element) => popped.push(element));
    for (let i = count - 1; i >= 0; i--) visit(popped[i]);
    this.keep(0, rest);
  }

  /** The element at `index` (negative: from the tail), possibly a slice that keeps a longer string alive; undefined if there is none. */
  at(index: number): string | undefined {
    const from = index < 0 ? this.#count + index : index;
    if (from < 0 || from >= this.#count) return undefined;
    if (typeof this.#content !== 'string') return this.#content.at(from);
    return packedEntry(this.#content, packedSkip(this.#content, 0, from));
  }

  /** Replaces the element at `index` (negative: from the tail); false if there is none. */
  replace(index: number, element: string): boolean {
    const from = index < 0 ? this.#count + index : index;
    if (from < 0 || from >= this.#count) return false;
    if (this.#isListpack) {
      this.#listpackBytes += listpackEntryBytes(element) - listpackEntryBytes(this.at(from) ?? '');
    }
    const content = this.#content;
    if (typeof content !== 'string') {
      content.replace(from, element);
      return true;
    }
    const offset = packedSkip(content, 0, from);
    if (content.length - packedEntryLength(content, offset) + packedSize(element.length) > SMALL_BYTES) {
      this.#toDeque().replace(from, element);
    } else {
      this.#content = packedReplace(content, offset, element);
    }
    return true;
  }

  /** Puts `element` before (or `after`) the first element equal to `pivot`; false if there is none. */
  insert(pivot: string, isAfter: boolean, element: string): boolean {
    const found = this.positions(pivot, { rank: 1, count: 1, maxLength: 0 })[0];
    if (found === undefined) return false;
    const index = isAfter ? found + 1 : found;
    if (index === this.#count) {
      this.pushTail(element);
      return true;
    }
    const content = this.#contentWithRoom(1, packedSize(element.length));
    if (typeof content !== 'string') content.insert(index, element);
    else this.#content = packedInsert(content, packedSkip(content, 0, index), element);
    this.#added(element);
    return true;
  }

  /**
   * Removes elements equal to `element`; answers how many.
   * @param count the first so many if positive, the last if negative, all if 0
   */
  remove(element: string, count: number): number {
    const limit = count === 0 ? this.#count : Math.abs(count);
    const content = this.#content;
    let removed = 0;
    if (typeof content !== 'string') {
      removed = content.remove(element, limit, count < 0);
    } else {
      const all = packedFindEvery(content, element);
      const gone = all.length <= limit ? all : count < 0 ? all.slice(-limit) : all.slice(0, limit);
      removed = gone.length;
      if (removed > 0) this.#content = packedRemove(content, gone);
    }
    this.#count -= removed;
    if (this.#isListpack) this.#listpackBytes -= removed * listpackEntryBytes(element);
    this.#shortenForm();
    return removed;
  }

  /** Keeps the elements `start` to `end` (exclusive): 0 <= start <= end <= length. */
  keep(start: number, end: number): void {
    const content = this.#content;
    if (this.#isListpack) this.#keepListpackBytes(start, end);
    if (typeof content !== 'string') {
      content.dropTail(this.#count - end);
      content.dropHead(start);
    } else {
      const from = packedSkip(content, 0, start);
      this.#content = packedSlice(content, from, packedSkip(content, from, end - start));
    }
    this.#count = end - start;
    this.#shortenForm();
  }

  /**
   * Calls `visit` with the elements `start` to `end` (exclusive; 0 <= start <= end <= length), which may be slices of longer strings.
   * Those that lie as bytes go to `visitBytes` instead, if there is one.
   */
  visit(start: number, end: number, visit: (element: string) => void, visitBytes?: ElementBytesVisitor): void {
    const content = this.#content;
    if (typeof content !== 'string') return content.visit(start, end - start, visit, visitBytes);
    let offset = packedSkip(content, 0, start);
    for (let left = end - start; left > 0; left--) {
      visit(packedEntry(content, offset));
      offset = packedNext(content, offset);
    }
  }

  /** Indexes of elements equal to `element`, in the order in which the query meets them. */
  positions(element: string, { rank, count, maxLength }: PositionQuery): number[] {
    const found: number[] = [];
    let skip = Math.abs(rank) - 1;
    this.#visitMatches(element, rank < 0, maxLength === 0 ? this.#count : maxLength, (index) => {
      if (skip > 0) skip--;
      else found.push(index);
      return found.length !== count || count === 0;
    });
    return found;
  }

  /** The encoding that Redis would report. */
  encoding(): 'listpack' | 'quicklist' {
    return this.#isListpack ? 'listpack' : 'quicklist';
  }

  /**
   * To be called before elements are added: the encoding that is reported may become quicklist.
   * @param bytes the sum of the new elements' lengths
   */
  grow(maxListpackSize: number, bytes: number, count: number): void {
    if (!this.#isListpack) return;
    if (exceedsListpack(maxListpackSize, this.#listpackBytes + bytes, this.#count + count)) {
      this.#listpackBytes = IS_QUICKLIST;
    }
  }

  /** To be called after elements were removed or replaced: the encoding that is reported may become listpack again. */
  shrink(maxListpackSize: number): void {
    if (this.#isListpack) return;
    const atLeast = LISTPACK_EMPTY_BYTES + this.#packedBytes + this.#count;
    if (!fitsListpackAgain(maxListpackSize, atLeast, this.#count)) return;
    const bytes = LISTPACK_EMPTY_BYTES + this.#listpackBytesOf(0, this.#count);
    if (fitsListpackAgain(maxListpackSize, bytes, this.#count)) this.#listpackBytes = bytes;
  }

  /** A list of its own with the same elements, in O(nodes): a million small elements take microseconds. */
  clone(): ListValue {
    const copy = new ListValue();
    copy.#content = typeof this.#content === 'string' ? this.#content : this.#content.clone();
    copy.#count = this.#count;
    copy.#listpackBytes = this.#listpackBytes;
    return copy;
  }

  /** Bytes of the packed form; Infinity for a deque. */
  get packedBytes(): number {
    return typeof this.#content === 'string' ? this.#content.length : Number.POSITIVE_INFINITY;
  }

  /** The elements as they are now, to be read later. */
  freeze(): FrozenItems {
    const { type } = this;
    const size = this.#count;
    const content = this.#content;
    if (typeof content === 'string') {
      return { type, size, items: packedEntries(content)[Symbol.iterator](), release: nothingToRelease };
    }
    const copy = content.clone();
    return { type, size, items: copy.drain(), release: () => copy.clear() };
  }

  /** In how many pieces the list can be read; some may be empty. */
  get nodeCount(): number {
    return typeof this.#content === 'string' ? 1 : this.#content.nodeCount;
  }

  /** The elements of one piece in order: some 8 KiB, or one large element. All pieces in order are the list. */
  nodeItems(node: number): string[] {
    if (typeof this.#content !== 'string') return this.#content.nodeItems(node);
    const items: string[] = [];
    this.visit(0, this.#count, (element) => items.push(element));
    return items;
  }

  /** The elements in order. The list must not change meanwhile. */
  *[Symbol.iterator](): Generator<string> {
    for (let node = 0; node < this.nodeCount; node++) yield* this.nodeItems(node);
  }

  /** About how many bytes of memory the list takes. */
  memoryBytes(): number {
    return 48 + (typeof this.#content === 'string' ? stringBytes(this.#content.length) : this.#content.memoryBytes());
  }

  get #isListpack(): boolean {
    return this.#listpackBytes !== IS_QUICKLIST;
  }

  get #packedBytes(): number {
    return typeof this.#content === 'string' ? this.#content.length : this.#content.bytes;
  }

  /** The content in a form that takes `count` more elements, which are `bytes` packed. */
  #contentWithRoom(count: number, bytes: number): string | ListDeque {
    const content = this.#content;
    if (typeof content !== 'string') return content;
    if (this.#count + count <= SMALL_ENTRIES && content.length + bytes <= SMALL_BYTES) return content;
    return this.#toDeque();
  }

  /** The content in a form from which an element is taken without a copy of many. */
  #contentForPop(): string | ListDeque {
    const content = this.#content;
    if (typeof content !== 'string') return content;
    const isLong = this.#count > SMALL_ENTRIES * QUEUE_SHARE || content.length > SMALL_BYTES * QUEUE_SHARE;
    // A single large element is not worth a deque.
    return isLong && this.#count > 1 ? this.#toDeque() : content;
  }

  #toDeque(): ListDeque {
    if (typeof this.#content !== 'string') return this.#content;
    const deque = new ListDeque(this.#content, this.#count);
    this.#content = deque;
    return deque;
  }

  #shortenForm(): void {
    const content = this.#content;
    if (typeof content === 'string' || content.count > SMALL_ENTRIES / 2 || content.bytes > SMALL_BYTES / 2) return;
    this.#content = packedOf([...this]);
    content.clear();
  }

  #added(element: string): void {
    this.#count++;
    if (this.#isListpack) this.#listpackBytes += listpackEntryBytes(element);
  }

  #addedAll(elements: readonly string[]): void {
    this.#count += elements.length;
    if (!this.#isListpack) return;
    for (const element of elements) this.#listpackBytes += listpackEntryBytes(element);
  }

  #removed(element: string | undefined): string | undefined {
    if (element === undefined) return undefined;
    this.#count--;
    if (this.#isListpack) this.#listpackBytes -= listpackEntryBytes(element);
    this.#shortenForm();
    return element;
  }

  #visitMatches(element: string, fromTail: boolean, maxLength: number, onMatch: (index: number) => boolean): void {
    const content = this.#content;
    if (typeof content !== 'string') return content.visitMatches(element, fromTail, maxLength, onMatch);
    const compared = Math.min(maxLength, this.#count);
    const from = fromTail ? this.#count - compared : 0;
    const matches: number[] = [];
    let offset = packedSkip(content, 0, from);
    for (let index = from; index < from + compared; index++) {
      if (packedEquals(content, offset, element)) matches.push(index);
      offset = packedNext(content, offset);
    }
    if (fromTail) matches.reverse();
    for (const index of matches) if (!onMatch(index)) return;
  }

  /** Counts what goes or what stays, whichever are fewer. */
  #keepListpackBytes(start: number, end: number): void {
    const isMostKept = end - start > this.#count / 2;
    this.#listpackBytes = isMostKept
      ? this.#listpackBytes - this.#listpackBytesOf(0, start) - this.#listpackBytesOf(end, this.#count)
      : LISTPACK_EMPTY_BYTES + this.#listpackBytesOf(start, end);
  }

  /** Bytes of the elements `start` to `end` (exclusive) in a listpack. */
  #listpackBytesOf(start: number, end: number): number {
    let bytes = 0;
    this.visit(start, end, (element) => {
      bytes += listpackEntryBytes(element);
    });
    return bytes;
  }
}
