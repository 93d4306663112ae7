/**
 * The set: distinct byte strings without order.
 *
 * Three forms, which are the encodings that Redis 7.2 reports: an integer set (`intset`) while all members are integers
 * and few, one packed string (`listpack`) while they are few and short, a hash table (`hashtable`) after that. Adding
 * converts forwards only; removing never converts, except that a result that is built anew gets the form that fits it.
 *
 * Invariants: `size` counts the members; a set that is stored under a key is never empty (its commands see to that);
 * members in a hash table are flat strings.
 */
import { ByteTable, type KeyBytesTest, LARGE_TABLE } from '../byte-table.ts';
import { FrozenEntries } from '../frozen-entries.ts';
import { HashTable } from '../hash-table.ts';
import { readLatin1 } from '../latin1.ts';
import {
  packedAppend,
  packedAt,
  packedEntries,
  packedEntry,
  packedFind,
  packedFindAll,
  packedInsertAll,
  packedNext,
  packedOf,
  packedOffsets,
  packedRemove,
  packedTake,
} from '../packed.ts';
import { type FrozenItems, nothingToRelease } from './frozen.ts';
import { intsetAdd, intsetAddAll, intsetAt, intsetCount, intsetFindAll, intsetHas, intsetRemove } from './intset.ts';
import { isIntegerText } from './string.ts';
import { stringBytes } from './string-bytes.ts';
import type { Thresholds } from './thresholds.ts';

/** Sees the member that is the bytes `start` to `end` (exclusive), where it lies. */
export type MemberBytesVisitor = (bytes: Uint8Array, start: number, end: number) => void;

/** A sample of more than one member in so many is drawn by shuffling all of them, a smaller one by trying. */
const SHUFFLE_SHARE = 3;
/** Up to so many members are added one by one: to unpack the small form costs more. */
const FEW_MEMBERS = 4;
/** Popping more than so many times what remains builds the rest anew, as Redis does. */
const REBUILD_SHARE = 5;

/** How many members are measured to estimate the memory of all, unless told otherwise: as MEMORY USAGE does. */
export const MEASURED_MEMBERS = 5;
/** What V8 takes for an object of two fields. */
const OBJECT_BYTES = 40;
/** `#packedCount` of a set whose body is an integer set. */
const IS_INTSET = -1;

/**
 * There is one of these for every key that holds a set, so fields are few, and private methods are not `#` methods, for
 * which V8 keeps a word in each instance.
 */
export class SetValue {
  #body: string | MemberTable = '';
  /** Members of a packed string, IS_INTSET for an integer set; meaningless for a hash table. */
  #packedCount = IS_INTSET;

  /**
   * An empty set in the form that fits what will be added.
   *
   * @param first the first member
   * @param hint about how many will be added
   */
  static forMembers(first: string, hint: number, thresholds: Thresholds): SetValue {
    const set = new SetValue();
    if (hint <= thresholds.setMaxIntsetEntries && isIntegerText(first)) return set;
    set.#packedCount = 0;
    if (hint > thresholds.setMaxListpackEntries) set.#body = tableFor(hint);
    return set;
  }

  /** A set of `members`, which are flat strings, in the smallest form that holds them all. */
  static of(members: readonly string[], thresholds: Thresholds): SetValue {
    const set = new SetValue();
    set.addAll(members, thresholds);
    return set;
  }

  /** A set of integers in the form of intset.ts, in the least width; undefined where they are too many for it. */
  static ofIntset(integers: string, thresholds: Thresholds): SetValue | undefined {
    if (intsetCount(integers) > thresholds.setMaxIntsetEntries) return undefined;
    const set = new SetValue();
    set.#body = integers;
    return set;
  }

  get type(): 'set' {
    return 'set';
  }

  get size(): number {
    const body = this.#body;
    if (typeof body !== 'string') return body.size;
    return this.isIntset ? intsetCount(body) : this.#packedCount;
  }

  private get isIntset(): boolean {
    return this.#packedCount === IS_INTSET;
  }

  /** The answer of OBJECT ENCODING. */
  encoding(): 'intset' | 'listpack' | 'hashtable' {
    if (typeof this.#body !== 'string') return 'hashtable';
    return this.isIntset ? 'intset' : 'listpack';
  }

  has(member: string): boolean {
    const body = this.#body;
    if (typeof body !== 'string') return body.has(member);
    return this.isIntset ? intsetHas(body, member) : packedFind(body, member) >= 0;
  }

  /** The same of the member that is the bytes `start` to `end` (exclusive). */
  hasBytes(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#body instanceof ByteTable) return this.#body.hasBytes(bytes, start, end);
    return this.has(readLatin1(bytes, start, end));
  }

  /** Says that about `hint` members will be added at once: too many for a small form make it a hash table now. */
  expect(hint: number, thresholds: Thresholds): void {
    const limit = this.isIntset ? thresholds.setMaxIntsetEntries : thresholds.setMaxListpackEntries;
    if (hint > limit) this.makeTable(hint);
  }

  /** Adds a flat string; answers whether it is new. */
  add(member: string, thresholds: Thresholds): boolean {
    const body = this.#body;
    if (typeof body !== 'string') {
      if (body.size >= LARGE_TABLE && body instanceof HashTable) return this.enlarge(body).add(member);
      return body.add(member);
    }
    return this.isIntset ? this.addToIntset(body, member, thresholds) : this.addToPacked(body, member, thresholds);
  }

  /**
   * Adds flat strings; answers how many are new. Leaves what `add` of one after the other would, the form included, but a small form
   * is written once: O(its size + what is added).
   */
  addAll(members: readonly string[], thresholds: Thresholds): number {
    const before = this.size;
    let i = members.length > FEW_MEMBERS ? 0 : this.addEach(members, 0, thresholds);
    // Each turn takes what the form can take; the member that ends it is added on its own and changes the form.
    while (i < members.length) {
      const body = this.#body;
      if (typeof body !== 'string') i = this.addEach(members, i, thresholds);
      else if (this.isIntset) i = this.addAllToIntset(body, members, i, thresholds);
      else i = this.addAllToPacked(body, members, i, thresholds);
      if (i < members.length) this.add(members[i++], thresholds);
    }
    return this.size - before;
  }

  private addEach(members: readonly string[], first: number, thresholds: Thresholds): number {
    for (let i = first; i < members.length; i++) this.add(members[i], thresholds);
    return members.length;
  }

  private addAllToIntset(body: string, members: readonly string[], first: number, thresholds: Thresholds): number {
    const { set, taken } = intsetAddAll(body, members, first);
    this.#body = set;
    if (set !== body && intsetCount(set) > thresholds.setMaxIntsetEntries) this.makeTable();
    return first + taken;
  }

  private addAllToPacked(body: string, members: readonly string[], first: number, thresholds: Thresholds): number {
    const { setMaxListpackEntries, setMaxListpackValue } = thresholds;
    const known = new Set(packedEntries(body));
    const added: string[] = [];
    let i = first;
    for (; i < members.length; i++) {
      const member = members[i];
      if (known.has(member)) continue;
      if (known.size >= setMaxListpackEntries || member.length > setMaxListpackValue) break;
      known.add(member);
      added.push(member);
    }
    this.#body = packedInsertAll(body, body.length, added);
    this.#packedCount += added.length;
    return i;
  }

  private addToIntset(body: string, member: string, thresholds: Thresholds): boolean {
    const next = intsetAdd(body, member);
    if (next === body) return false;
    if (next !== undefined) {
      this.#body = next;
      if (intsetCount(next) > thresholds.setMaxIntsetEntries) this.makeTable();
      return true;
    }
    if (this.fitsPacked(member, thresholds) && longestInteger(body) <= thresholds.setMaxListpackValue) {
      const members = [...this.members(), member];
      this.#body = packedOf(members);
      this.#packedCount = members.length;
    } else {
      this.makeTable().add(member);
    }
    return true;
  }

  private addToPacked(body: string, member: string, thresholds: Thresholds): boolean {
    if (packedFind(body, member) >= 0) return false;
    if (this.fitsPacked(member, thresholds)) {
      this.#body = packedAppend(body, member);
      this.#packedCount++;
    } else {
      this.makeTable().add(member);
    }
    return true;
  }

  private fitsPacked(member: string, thresholds: Thresholds): boolean {
    return this.size < thresholds.setMaxListpackEntries && member.length <= thresholds.setMaxListpackValue;
  }

  private enlarge(small: HashTable<undefined>): MemberTable {
    const table = ByteTable.fromKeys(small);
    this.#body = table;
    return table;
  }

  private makeTable(hint = this.size): MemberTable {
    if (typeof this.#body !== 'string') return this.#body;
    const table = tableFor(hint);
    this.forEach((member) => {
      table.add(member);
    });
    this.#body = table;
    this.#packedCount = 0;
    return table;
  }

  /** Makes it an integer set if all members are integers and few enough, as Redis does with results it stores. */
  preferIntset(thresholds: Thresholds): void {
    if (this.isIntset || this.size > thresholds.setMaxIntsetEntries) return;
    if (this.some((member) => !isIntegerText(member))) return;
    this.#body = intsetOf([...this.members()]);
    this.#packedCount = IS_INTSET;
  }

  /** Answers whether the member was there. */
  remove(member: string): boolean {
    return this.removeAll([member]) === 1;
  }

  /** Removes members; answers how many were there. A small form is written once: O(its size + what is removed). */
  removeAll(members: readonly string[]): number {
    const body = this.#body;
    if (typeof body !== 'string') {
      let removed = 0;
      for (const member of members) if (body.delete(member)) removed++;
      return removed;
    }
    const found = this.isIntset ? intsetFindAll(body, members) : packedFindAll(body, members);
    if (found.length > 0) this.cut(body, found);
    return found.length;
  }

  /** Takes members out of a small form, by their places in it: indexes of an integer set, else offsets, ascending. */
  private cut(body: string, places: readonly number[]): void {
    if (this.isIntset) {
      this.#body = intsetRemove(body, places);
    } else {
      this.#body = packedRemove(body, places);
      this.#packedCount -= places.length;
    }
  }

  /** The member at a place of a small form, a flat string. */
  private memberAt(body: string, place: number): string {
    return this.isIntset ? intsetAt(body, place) : packedTake(body, place);
  }

  /**
   * Visits every member, in no order, so that they may be put into another set. The strings may be stored. Nothing may be changed
   * meanwhile. Members that lie as bytes go to `visitBytes`, if there is one.
   */
  forEach(visit: (member: string) => void, visitBytes?: MemberBytesVisitor): void {
    const body = this.#body;
    if (typeof body !== 'string' && visitBytes === undefined) body.forEachScattered(visit);
    else if (typeof body !== 'string' || this.isIntset) this.forEachTransient(visit, visitBytes);
    else for (let at = 0; at < body.length; at = packedNext(body, at)) visit(packedTake(body, at));
  }

  /** The same for replies and comparisons: a member that is kept must be copied flat first. */
  forEachTransient(visit: (member: string) => void, visitBytes?: MemberBytesVisitor): void {
    const body = this.#body;
    if (visitBytes !== undefined && body instanceof ByteTable) visitKeys(body, visit, visitBytes);
    else if (typeof body !== 'string') body.forEach(visit);
    else if (this.isIntset) for (let i = 0, end = intsetCount(body); i < end; i++) visit(intsetAt(body, i));
    else for (let at = 0; at < body.length; at = packedNext(body, at)) visit(packedEntry(body, at));
  }

  /** The members one by one, for loops that end early; strings as in `forEachTransient`. */
  *members(): Generator<string> {
    const body = this.#body;
    if (typeof body !== 'string') yield* body.keys();
    else if (this.isIntset) for (let i = 0, end = intsetCount(body); i < end; i++) yield intsetAt(body, i);
    else for (let at = 0; at < body.length; at = packedNext(body, at)) yield packedEntry(body, at);
  }

  /** Whether `test` holds for any member; ends with the first one. Members that lie as bytes go to `testBytes`, if there is one. */
  some(test: (member: string) => boolean, testBytes?: KeyBytesTest): boolean {
    if (testBytes !== undefined && this.#body instanceof ByteTable) return this.#body.someKey(test, testBytes);
    for (const member of this.members()) if (test(member)) return true;
    return false;
  }

  /**
   * Visits some members from `cursor` on and answers the next cursor, 0 at the end. Begin with 0. A member that is there all
   * the time is visited. A small set is visited whole, whatever the cursor.
   *
   * @param count about how many to visit, at least 1
   */
  scan(cursor: number, count: number, visit: (member: string) => void): number {
    if (typeof this.#body !== 'string') return this.#body.scan(cursor, count, visit);
    this.forEachTransient(visit);
    return 0;
  }

  /**
   * A random member of a set that is not empty.
   *
   * @param random01 a source of numbers in [0, 1)
   */
  random(random01: () => number): string {
    const body = this.#body;
    if (typeof body !== 'string') return body.random(random01) ?? '';
    return this.memberAt(body, this.randomPlace(body, random01));
  }

  /** Removes a random member of a set that is not empty and answers it. */
  pop(random01: () => number): string {
    const body = this.#body;
    if (typeof body !== 'string') return body.popRandom(random01) ?? '';
    const place = this.randomPlace(body, random01);
    this.cut(body, [place]);
    return this.memberAt(body, place);
  }

  /** `count` different places of a small form, at most all, each set of them equally likely, in random order. */
  private samplePlaces(body: string, count: number, random01: () => number): number[] {
    if (!this.isIntset) return shuffledPrefix(packedOffsets(body), count, random01);
    const indexes: number[] = [];
    for (let index = 0, end = intsetCount(body); index < end; index++) indexes.push(index);
    return shuffledPrefix(indexes, count, random01);
  }

  private randomPlace(body: string, random01: () => number): number {
    const index = Math.floor(random01() * this.size);
    return this.isIntset ? index : packedAt(body, index);
  }

  /** `count` different members, or all if there are no more, each set of them equally likely. */
  sample(count: number, random01: () => number): string[] {
    const size = this.size;
    const body = this.#body;
    if (typeof body === 'string' && count < size) {
      return this.samplePlaces(body, count, random01).map((place) => this.memberAt(body, place));
    }
    if (count * SHUFFLE_SHARE > size) {
      const members: string[] = [];
      this.forEachTransient((member) => {
        members.push(member);
      });
      return count >= size ? members : shuffledPrefix(members, count, random01);
    }
    const chosen = new Set<string>();
    while (chosen.size < count) chosen.add(this.random(random01));
    return [...chosen];
  }

  /** Removes `count` random members, fewer than there are, and answers them. */
  popMany(count: number, random01: () => number, thresholds: Thresholds): string[] {
    const body = this.#body;
    const remaining = this.size - count;
    if (typeof body === 'string') {
      const places = this.samplePlaces(body, count, random01);
      const popped = places.map((place) => this.memberAt(body, place));
      this.cut(
        body,
        places.sort((a, b) => a - b),
      );
      return popped;
    }
    const popped: string[] = [];
    if (remaining * REBUILD_SHARE > count) {
      for (let i = 0; i < count; i++) popped.push(body.popRandom(random01) ?? '');
      return popped;
    }
    this.#body = '';
    this.#packedCount = 0;
    for (let i = 0; i < remaining; i++) this.add(body.popRandom(random01) ?? '', thresholds);
    body.forEach((member) => {
      popped.push(member);
    });
    return popped;
  }

  /**
   * About how many bytes of memory the set takes.
   *
   * @param samples how many members of a hash table are measured for the average of all; 0 for every one
   */
  memoryBytes(samples = MEASURED_MEMBERS): number {
    const body = this.#body;
    if (typeof body === 'string') return OBJECT_BYTES + stringBytes(body.length);
    return OBJECT_BYTES + body.memoryBytes() + (body instanceof HashTable ? keysBytes(body, samples) : 0);
  }

  /** Bytes of the small forms; Infinity for a table. */
  get packedBytes(): number {
    return typeof this.#body === 'string' ? this.#body.length : Number.POSITIVE_INFINITY;
  }

  /** The members as they are now, to be read later. */
  freeze(): FrozenItems {
    const { type, size } = this;
    if (typeof this.#body === 'string') return { type, size, items: this.clone().members(), release: nothingToRelease };
    const frozen = this.#body.freeze();
    const cursor = frozen instanceof FrozenEntries ? frozen.cursor() : undefined;
    return { type, size, items: frozen.keys(), cursor, release: () => frozen.release() };
  }

  /** A set with the same members in the same form, independent of this one. */
  clone(): SetValue {
    const copy = new SetValue();
    copy.#body = typeof this.#body === 'string' ? this.#body : this.#body.clone();
    copy.#packedCount = this.#packedCount;
    return copy;
  }
}

/** The form of a set that is not small: of strings at first, of bytes when it is large. */
type MemberTable = HashTable<undefined> | ByteTable<undefined>;

function visitKeys(table: ByteTable<undefined>, visit: (member: string) => void, visitBytes: MemberBytesVisitor): void {
  const goOn = false;
  table.someKey(
    (member) => {
      visit(member);
      return goOn;
    },
    (bytes, start, end) => {
      visitBytes(bytes, start, end);
      return goOn;
    },
  );
}

/** An empty table for about `count` members. */
function tableFor(count: number): MemberTable {
  return count < LARGE_TABLE ? HashTable.ofKeys() : ByteTable.ofKeys();
}

/** Digits of the longest member, which is the least or the greatest. */
function longestInteger(set: string): number {
  const count = intsetCount(set);
  return count === 0 ? 0 : Math.max(intsetAt(set, 0).length, intsetAt(set, count - 1).length);
}

/** About how many bytes the keys of a table take, by the first `samples` of them (0: all). */
export function keysBytes(table: HashTable<unknown>, samples: number): number {
  let measured = 0;
  let bytes = 0;
  for (const key of table.keys()) {
    bytes += stringBytes(key.length);
    if (++measured === samples) break;
  }
  return Math.round((bytes / Math.max(1, measured)) * table.size);
}

function intsetOf(members: readonly string[]): string {
  return intsetAddAll('', members).set;
}

/** `count` of `items`, drawn without putting back; `items` is used up. */
export function shuffledPrefix<T>(items: T[], count: number, random01: () => number): T[] {
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random01() * (items.length - i));
    const item = items[i];
    items[i] = items[other];
    items[other] = item;
  }
  items.length = count;
  return items;
}
