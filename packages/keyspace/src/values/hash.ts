/**
 * The hash: fields, each with a value.
 *
 * Two forms, which are the encodings that Redis reports: one packed string of field, value, field, value … (`listpack`)
 * while the pairs are few and short, a hash table (`hashtable`) after that. Setting converts forwards only.
 *
 * Invariants: `size` counts the fields; a hash that is stored under a key is never empty (its commands see to that);
 * fields and values in the table are flat strings of chars 0–255.
 */
import { ByteTable, LARGE_TABLE } from '../byte-table.ts';
import { FrozenEntries } from '../frozen-entries.ts';
import { HashTable } from '../hash-table.ts';
import { flatCopy } from '../latin1.ts';
import {
  packedAppendPair,
  packedEntries,
  packedEntry,
  packedEntryLength,
  packedFind,
  packedFindAll,
  packedNext,
  packedOf,
  packedRemove,
  packedReplace,
  packedSize,
  packedSkip,
} from '../packed.ts';
import { type FrozenItems, nothingToRelease } from './frozen.ts';
import { shuffledPrefix } from './set.ts';
import { stringBytes } from './string-bytes.ts';

/** Above these a hash leaves its small form. The options of the same names. */
export interface HashThresholds {
  readonly hashMaxListpackEntries: number;
  /** Bytes of the longest field or value. */
  readonly hashMaxListpackValue: number;
}

/** A field and its value. */
export type FieldPair = readonly [field: string, value: string, ...unknown[]];

/** Sees a field and its value. */
export type PairVisitor = (field: string, value: string) => void;

/** Whatever the thresholds say, no edit copies more than this. */
const PACKED_LIMIT_BYTES = 64 << 20;
/** Up to so many pairs are set one by one: to unpack the small form costs more. */
const FEW_PAIRS = 8;
/** MEMORY USAGE looks at so many pairs unless it is told otherwise. */
const DEFAULT_SAMPLES = 5;
/** A sample of more than one pair in so many is drawn by shuffling all of them, a smaller one by trying. */
const SHUFFLE_SHARE = 3;

export class HashValue {
  #body: string | FieldTable = '';
  /** Pairs of the small form; a table counts for itself. */
  #count = 0;

  /**
   * A hash of pairs of flat strings, of which only the first two count; of equal fields the last counts. In O(pairs): a small
   * form is put together at once.
   */
  static of(pairs: readonly FieldPair[], thresholds: HashThresholds): HashValue {
    const hash = new HashValue();
    if (pairs.length <= thresholds.hashMaxListpackEntries) {
      const entries: string[] = [];
      for (const [field, value] of pairs) entries.push(field, value);
      hash.setAll(entries, thresholds);
      return hash;
    }
    const table = tableFor(pairs.length);
    for (const [field, value] of pairs) table.set(field, value);
    hash.#body = table;
    return hash;
  }

  /** A small hash of `count` distinct fields that are packed already, each with its value behind it: the caller knows that it is small. */
  static ofPacked(pairs: string, count: number): HashValue {
    const hash = new HashValue();
    hash.#body = pairs;
    hash.#count = count;
    return hash;
  }

  get type(): 'hash' {
    return 'hash';
  }

  get size(): number {
    return typeof this.#body === 'string' ? this.#count : this.#body.size;
  }

  /** The answer of OBJECT ENCODING. */
  encoding(): 'listpack' | 'hashtable' {
    return typeof this.#body === 'string' ? 'listpack' : 'hashtable';
  }

  /** The value of `field`, which may be a slice of the whole hash: not to be stored. Undefined if there is no such field. */
  get(field: string): string | undefined {
    const body = this.#body;
    if (typeof body !== 'string') return body.get(field);
    const at = packedFind(body, field, 2);
    return at < 0 ? undefined : packedEntry(body, packedNext(body, at));
  }

  has(field: string): boolean {
    const body = this.#body;
    return typeof body === 'string' ? packedFind(body, field, 2) >= 0 : body.has(field);
  }

  /** Bytes of the value of `field`; 0 if there is no such field. */
  valueLength(field: string): number {
    const body = this.#body;
    if (typeof body !== 'string') return body.get(field)?.length ?? 0;
    const at = packedFind(body, field, 2);
    return at < 0 ? 0 : packedEntryLength(body, packedNext(body, at));
  }

  /** Sets `field`; both strings must be flat. Answers whether the field is new. */
  set(field: string, value: string, thresholds: HashThresholds): boolean {
    const body = this.#body;
    if (typeof body !== 'string') {
      if (body.size >= LARGE_TABLE && body instanceof HashTable) return this.enlarge(body).set(field, value);
      return body.set(field, value);
    }
    if (!isShort(body.length, field, value, thresholds)) {
      const table = tableOf(packedEntries(body));
      this.#body = table;
      return table.set(field, value);
    }
    const at = packedFind(body, field, 2);
    if (at >= 0) {
      this.#body = packedReplace(body, packedNext(body, at), value);
      return false;
    }
    const longer = packedAppendPair(body, field, value);
    this.#body = ++this.#count > thresholds.hashMaxListpackEntries ? tableOf(packedEntries(longer)) : longer;
    return true;
  }

  /**
   * Sets fields: `entries` are field, value, field, value …, flat strings. Answers how many of the fields are new. Leaves what `set` of
   * one pair after the other would, the form included, but a small form is written once: O(its size + what is set).
   */
  setAll(entries: readonly string[], thresholds: HashThresholds): number {
    const before = this.size;
    const body = this.#body;
    let i = 0;
    if (typeof body === 'string' && entries.length > 2 * FEW_PAIRS) {
      const content = packedEntries(body);
      i = setShortEntries(content, entries, thresholds, body.length);
      this.#count = content.length / 2;
      const isTooMany = this.#count > Math.max(before, thresholds.hashMaxListpackEntries);
      this.#body = isTooMany ? tableOf(content) : packedOf(content);
    }
    for (; i < entries.length; i += 2) this.set(entries[i], entries[i + 1], thresholds);
    return this.size - before;
  }

  private enlarge(small: HashTable<string>): FieldTable {
    const table = ByteTable.fromStrings(small);
    this.#body = table;
    return table;
  }

  /** Answers whether the field was there. */
  delete(field: string): boolean {
    return this.deleteAll([field]) === 1;
  }

  /** Removes fields; answers how many were there. A small form is written once: O(its size + what is removed). */
  deleteAll(fields: readonly string[]): number {
    const body = this.#body;
    if (typeof body !== 'string') {
      let removed = 0;
      for (const field of fields) if (body.delete(field)) removed++;
      return removed;
    }
    const found = packedFindAll(body, fields, 2);
    if (found.length > 0) this.#body = packedRemove(body, found, 2);
    this.#count -= found.length;
    return found.length;
  }

  /** Visits every pair, in no order. The strings may be slices: not to be stored. Nothing may be changed meanwhile. */
  forEach(visit: PairVisitor): void {
    const body = this.#body;
    if (typeof body !== 'string') body.forEach(visit);
    else for (let at = 0; at < body.length; at = packedSkip(body, at, 2)) visitPair(body, at, visit);
  }

  /** The pairs one by one, for loops that pause; strings as in `forEach`. */
  *entries(): Generator<[field: string, value: string]> {
    const body = this.#body;
    if (typeof body !== 'string') {
      yield* body.entries();
      return;
    }
    for (let at = 0; at < body.length; at = packedSkip(body, at, 2)) {
      yield [packedEntry(body, at), packedEntry(body, packedNext(body, at))];
    }
  }

  /**
   * Visits some pairs from `cursor` on and answers the next cursor, 0 at the end. Begin with 0. A field that is there all
   * the time is visited. A small hash is visited whole, whatever the cursor.
   *
   * @param count about how many to visit, at least 1
   */
  scan(cursor: number, count: number, visit: PairVisitor): number {
    if (typeof this.#body !== 'string') return this.#body.scan(cursor, count, visit);
    this.forEach(visit);
    return 0;
  }

  /**
   * Visits `count` random pairs of a hash that is not empty; the same pair may come again.
   *
   * @param random01 a source of numbers in [0, 1)
   */
  visitRandom(count: number, random01: () => number, visit: PairVisitor): void {
    const body = this.#body;
    if (typeof body === 'string') {
      const starts: number[] = [];
      for (let at = 0; at < body.length; at = packedSkip(body, at, 2)) starts.push(at);
      for (let i = 0; i < count; i++) visitPair(body, starts[Math.floor(random01() * starts.length)], visit);
      return;
    }
    for (let i = 0; i < count && body.findRandom(random01); i++) visit(body.foundKey(), body.foundValue());
  }

  /** Visits `count` different pairs, or all if there are no more; each set of them is equally likely, their order is not. */
  visitSample(count: number, random01: () => number, visit: PairVisitor): void {
    const body = this.#body;
    if (count >= this.size) {
      this.forEach(visit);
    } else if (typeof body === 'string') {
      visitPackedSample(body, count, this.#count, random01, visit);
    } else if (count * SHUFFLE_SHARE > body.size) {
      for (const [field, value] of shuffledPrefix([...body.entries()], count, random01)) visit(field, value);
    } else {
      const seen = new Set<string>();
      while (seen.size < count) {
        body.findRandom(random01);
        const field = body.foundKey();
        if (seen.has(field)) continue;
        seen.add(field);
        visit(field, body.foundValue());
      }
    }
  }

  /** A hash with the same pairs in the same form, independent of this one. */
  clone(): HashValue {
    const copy = new HashValue();
    copy.#body = typeof this.#body === 'string' ? this.#body : this.#body.clone();
    copy.#count = this.#count;
    return copy;
  }

  /** Bytes of the packed form; Infinity for a table. */
  get packedBytes(): number {
    return typeof this.#body === 'string' ? this.#body.length : Number.POSITIVE_INFINITY;
  }

  /** The pairs as they are now, to be read later. */
  freeze(): FrozenItems {
    const { type, size } = this;
    if (typeof this.#body === 'string') return { type, size, items: this.clone().entries(), release: nothingToRelease };
    const frozen = this.#body.freeze();
    const cursor = frozen instanceof FrozenEntries ? frozen.cursor() : undefined;
    return { type, size, items: frozen.entries(), cursor, release: () => frozen.release() };
  }

  /**
   * About how many bytes of memory the hash takes.
   *
   * @param samples how many pairs of a table are measured for the average of all; 0 for every one
   */
  memoryBytes(samples = DEFAULT_SAMPLES): number {
    const body = this.#body;
    if (typeof body === 'string') return 40 + stringBytes(body.length);
    if (body instanceof ByteTable) return 40 + body.memoryBytes();
    let measured = 0;
    let bytes = 0;
    for (const [field, value] of body.entries()) {
      bytes += stringBytes(field.length) + stringBytes(value.length);
      if (++measured === samples) break;
    }
    return 40 + body.memoryBytes() + Math.round((bytes / Math.max(1, measured)) * body.size);
  }
}

// Functions, not private methods: those would cost each hash eight bytes more.

/**
 * Sets fields in `content` (field, value, field, value …, distinct) up to the pair that is too long for the small form, or, with that one,
 * the one that is too many.
 *
 * @param entries field, value, field, value …
 * @param packedBytes what `content` takes packed
 * @returns the place in `entries` of the first pair that has not been set
 */
function setShortEntries(
  content: string[],
  entries: readonly string[],
  thresholds: HashThresholds,
  packedBytes: number,
): number {
  const places = new Map<string, number>();
  for (let at = 0; at < content.length; at += 2) places.set(content[at], at + 1);
  let bytes = packedBytes;
  for (let i = 0; i < entries.length; i += 2) {
    const field = entries[i];
    const value = entries[i + 1];
    if (!isShort(bytes, field, value, thresholds)) return i;
    bytes += packedSize(value.length);
    const place = places.get(field);
    if (place !== undefined) {
      bytes -= packedSize(content[place].length);
      content[place] = value;
      continue;
    }
    bytes += packedSize(field.length);
    places.set(field, content.push(field, value) - 1);
    if (content.length > 2 * thresholds.hashMaxListpackEntries) return i + 2;
  }
  return entries.length;
}

/** The form of a hash that is not small: of strings at first, of bytes when it is large. */
type FieldTable = HashTable<string> | ByteTable<string>;

/** An empty table for about `count` pairs. */
function tableFor(count: number): FieldTable {
  return count < LARGE_TABLE ? HashTable.ofValues<string>() : ByteTable.ofStrings();
}

/** A table of field, value, field, value …, which may be slices of longer strings. */
function tableOf(content: readonly string[]): FieldTable {
  const table = tableFor(0);
  for (let i = 0; i < content.length; i += 2) table.set(flatCopy(content[i]), flatCopy(content[i + 1]));
  return table;
}

/** Whether a pair may be in the small form, together with what is there. */
function isShort(packedBytes: number, field: string, value: string, thresholds: HashThresholds): boolean {
  const { hashMaxListpackValue } = thresholds;
  if (field.length > hashMaxListpackValue || value.length > hashMaxListpackValue) return false;
  return packedBytes + field.length + value.length < PACKED_LIMIT_BYTES;
}

function visitPair(body: string, at: number, visit: PairVisitor): void {
  visit(packedEntry(body, at), packedEntry(body, packedNext(body, at)));
}

/** One pass: each pair is taken with the probability that so many more are wanted of so many that are left. */
function visitPackedSample(
  body: string,
  count: number,
  size: number,
  random01: () => number,
  visit: PairVisitor,
): void {
  let wanted = count;
  let left = size;
  for (let at = 0; wanted > 0; at = packedSkip(body, at, 2)) {
    if (random01() * left-- < wanted) {
      wanted--;
      visitPair(body, at, visit);
    }
  }
}
