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
import { HashTable } from '../hash-table.ts';
import { flatCopy } from '../latin1.ts';
import {
  packedAppend,
  packedAt,
  packedEntry,
  packedFind,
  packedNext,
  packedOf,
  packedRemove,
  packedTake,
} from '../packed.ts';
import { intsetAdd, intsetAt, intsetHas, intsetRemove, intsetRemoveAt, isCanonicalInteger } from './intset.ts';
import type { Thresholds } from './thresholds.ts';

/** A sample of more than one member in so many is drawn by shuffling all of them, a smaller one by trying. */
const SHUFFLE_SHARE = 3;
/** Popping more than so many times what remains builds the rest anew, as Redis does. */
const REBUILD_SHARE = 5;

export class SetValue {
  #body: string | HashTable<undefined> = '';
  #isIntset = true;
  /** Members of a small form; a hash table counts for itself. */
  #count = 0;

  /**
   * An empty set in the form that fits what will be added.
   *
   * @param first the first member
   * @param hint about how many will be added
   */
  static forMembers(first: string, hint: number, thresholds: Thresholds): SetValue {
    const set = new SetValue();
    set.#isIntset = hint <= thresholds.setMaxIntsetEntries && isCanonicalInteger(first);
    if (!set.#isIntset && hint > thresholds.setMaxListpackEntries) set.#body = HashTable.ofKeys();
    return set;
  }

  /** A set of `members`, which are flat strings, in the smallest form that holds them all. */
  static of(members: Iterable<string>, thresholds: Thresholds): SetValue {
    const set = new SetValue();
    for (const member of members) set.add(member, thresholds);
    return set;
  }

  get type(): 'set' {
    return 'set';
  }

  get size(): number {
    return typeof this.#body === 'string' ? this.#count : this.#body.size;
  }

  /** The answer of OBJECT ENCODING. */
  encoding(): 'intset' | 'listpack' | 'hashtable' {
    if (typeof this.#body !== 'string') return 'hashtable';
    return this.#isIntset ? 'intset' : 'listpack';
  }

  has(member: string): boolean {
    const body = this.#body;
    if (typeof body !== 'string') return body.has(member);
    return this.#isIntset ? intsetHas(body, member) : packedFind(body, member) >= 0;
  }

  /** Says that about `hint` members will be added at once: too many for a small form make it a hash table now. */
  expect(hint: number, thresholds: Thresholds): void {
    const limit = this.#isIntset ? thresholds.setMaxIntsetEntries : thresholds.setMaxListpackEntries;
    if (hint > limit) this.#makeTable();
  }

  /** Adds a flat string; answers whether it is new. */
  add(member: string, thresholds: Thresholds): boolean {
    const body = this.#body;
    if (typeof body !== 'string') return body.add(member);
    return this.#isIntset ? this.#addToIntset(body, member, thresholds) : this.#addToPacked(body, member, thresholds);
  }

  #addToIntset(body: string, member: string, thresholds: Thresholds): boolean {
    const next = intsetAdd(body, member);
    if (next === body) return false;
    if (next !== undefined) {
      this.#body = next;
      if (++this.#count > thresholds.setMaxIntsetEntries) this.#makeTable();
      return true;
    }
    if (this.#fitsPacked(member, thresholds) && this.#longestInteger(body) <= thresholds.setMaxListpackValue) {
      const members: string[] = [];
      for (let i = 0; i < this.#count; i++) members.push(intsetAt(body, i));
      members.push(member);
      this.#body = packedOf(members);
      this.#isIntset = false;
      this.#count++;
    } else {
      this.#makeTable().add(member);
    }
    return true;
  }

  #addToPacked(body: string, member: string, thresholds: Thresholds): boolean {
    if (packedFind(body, member) >= 0) return false;
    if (this.#fitsPacked(member, thresholds)) {
      this.#body = packedAppend(body, member);
      this.#count++;
    } else {
      this.#makeTable().add(member);
    }
    return true;
  }

  #fitsPacked(member: string, thresholds: Thresholds): boolean {
    return this.#count < thresholds.setMaxListpackEntries && member.length <= thresholds.setMaxListpackValue;
  }

  /** Digits of the longest member, which is the least or the greatest. */
  #longestInteger(body: string): number {
    return this.#count === 0 ? 0 : Math.max(intsetAt(body, 0).length, intsetAt(body, this.#count - 1).length);
  }

  #makeTable(): HashTable<undefined> {
    if (typeof this.#body !== 'string') return this.#body;
    const table = HashTable.ofKeys();
    this.forEach((member) => {
      table.add(member);
    });
    this.#body = table;
    this.#isIntset = false;
    return table;
  }

  /** Makes it an integer set if all members are integers and few enough, as Redis does with results it stores. */
  preferIntset(thresholds: Thresholds): void {
    if (this.#isIntset || this.size > thresholds.setMaxIntsetEntries) return;
    if (this.some((member) => !isCanonicalInteger(member))) return;
    let body = '';
    this.forEachTransient((member) => {
      body = intsetAdd(body, member) ?? body;
    });
    this.#count = this.size;
    this.#body = body;
    this.#isIntset = true;
  }

  /** Answers whether the member was there. */
  remove(member: string): boolean {
    const body = this.#body;
    if (typeof body !== 'string') return body.delete(member);
    const at = this.#isIntset ? -1 : packedFind(body, member);
    const next = this.#isIntset ? intsetRemove(body, member) : at < 0 ? body : packedRemove(body, at);
    if (next === body) return false;
    this.#body = next;
    this.#count--;
    return true;
  }

  /** Visits every member, in no order. The strings may be stored. Nothing may be changed meanwhile. */
  forEach(visit: (member: string) => void): void {
    const body = this.#body;
    if (typeof body !== 'string' || this.#isIntset) this.forEachTransient(visit);
    else for (let at = 0; at < body.length; at = packedNext(body, at)) visit(packedTake(body, at));
  }

  /** The same for replies and comparisons: a member that is kept must be copied flat first. */
  forEachTransient(visit: (member: string) => void): void {
    const body = this.#body;
    if (typeof body !== 'string') body.forEach(visit);
    else if (this.#isIntset) for (let i = 0; i < this.#count; i++) visit(intsetAt(body, i));
    else for (let at = 0; at < body.length; at = packedNext(body, at)) visit(packedEntry(body, at));
  }

  /** The members one by one, for loops that end early; strings as in `forEachTransient`. */
  *members(): Generator<string> {
    const body = this.#body;
    if (typeof body !== 'string') yield* body.keys();
    else if (this.#isIntset) for (let i = 0; i < this.#count; i++) yield intsetAt(body, i);
    else for (let at = 0; at < body.length; at = packedNext(body, at)) yield packedEntry(body, at);
  }

  /** Whether `test` holds for any member. */
  some(test: (member: string) => boolean): boolean {
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
    return typeof body === 'string'
      ? this.#smallAt(Math.floor(random01() * this.#count))
      : (body.random(random01) ?? '');
  }

  #smallAt(index: number): string {
    // Only called in a small form.
    const body = this.#body as string;
    return this.#isIntset ? intsetAt(body, index) : packedTake(body, packedAt(body, index));
  }

  /** Removes a random member of a set that is not empty and answers it. */
  pop(random01: () => number): string {
    const body = this.#body;
    if (typeof body !== 'string') return body.popRandom(random01) ?? '';
    const index = Math.floor(random01() * this.#count);
    const member = this.#smallAt(index);
    this.#body = this.#isIntset ? intsetRemoveAt(body, index) : packedRemove(body, packedAt(body, index));
    this.#count--;
    return member;
  }

  /** `count` different members, or all if there are no more, each set of them equally likely. */
  sample(count: number, random01: () => number): string[] {
    const size = this.size;
    if (typeof this.#body === 'string' || count * SHUFFLE_SHARE > size) {
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
      const popped = this.sample(count, random01).map(flatCopy);
      const isPopped = new Set(popped);
      const kept: string[] = [];
      this.forEachTransient((member) => {
        if (!isPopped.has(member)) kept.push(member);
      });
      this.#body = this.#isIntset ? intsetOf(kept) : packedOf(kept);
      this.#count = remaining;
      return popped;
    }
    const popped: string[] = [];
    if (remaining * REBUILD_SHARE > count) {
      for (let i = 0; i < count; i++) popped.push(body.popRandom(random01) ?? '');
      return popped;
    }
    this.#body = '';
    this.#count = 0;
    for (let i = 0; i < remaining; i++) this.add(body.popRandom(random01) ?? '', thresholds);
    body.forEach((member) => {
      popped.push(member);
    });
    return popped;
  }

  /** A set with the same members in the same form, independent of this one. */
  clone(): SetValue {
    const copy = new SetValue();
    copy.#body = typeof this.#body === 'string' ? this.#body : this.#body.clone();
    copy.#isIntset = this.#isIntset;
    copy.#count = this.#count;
    return copy;
  }
}

function intsetOf(members: readonly string[]): string {
  let body = '';
  for (const member of members) body = intsetAdd(body, member) ?? body;
  return body;
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
