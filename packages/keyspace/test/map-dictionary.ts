/** The dictionary of the conformance suite's reference: a Map of entry objects, as simple as can be. */
import { type EntryVisitor, type Key, type KeyDictionary, NO_EXPIRY } from '../src/dictionary.ts';
import type { Value } from '../src/values/value.ts';

interface Entry {
  readonly key: Key;
  /** Entries are numbered as they come: a scan goes by these numbers. */
  readonly order: number;
  value: Value;
  expireAtMs: number;
  access: number;
  epoch: number;
}

const NOTHING: Entry = { key: '', order: 0, value: '', expireAtMs: NO_EXPIRY, access: 0, epoch: 0 };

export class MapDictionary implements KeyDictionary {
  readonly #entries = new Map<Key, Entry>();
  #found: Entry = NOTHING;
  #nextOrder = 1;

  get size(): number {
    return this.#entries.size;
  }

  get expiringCount(): number {
    return [...this.#entries.values()].filter((entry) => entry.expireAtMs !== NO_EXPIRY).length;
  }

  find(key: Key): boolean {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#found = entry;
    return entry !== undefined;
  }

  findBytes(bytes: Uint8Array, start: number, end: number): boolean {
    return this.find(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  }

  findRandom(random01: () => number): boolean {
    const key = [...this.#entries.keys()][Math.floor(random01() * this.#entries.size)];
    return key !== undefined && this.find(key);
  }

  insert(key: Key, value: Value, access: number, epoch: number): void {
    this.#found = { key, order: this.#nextOrder++, value, expireAtMs: NO_EXPIRY, access, epoch };
    this.#entries.set(key, this.#found);
  }

  insertBytes(bytes: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1');
    this.insert(text(keyStart, keyEnd), text(valueStart, valueEnd), 0, 0);
  }

  reserve(): void {}

  foreseeBytes(): void {}

  setValueBytes(bytes: Uint8Array, start: number, end: number): void {
    this.setValue(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  }

  key(): Key {
    return this.#found.key;
  }

  value(): Value {
    return this.#found.value;
  }

  setValue(value: Value): void {
    this.#found.value = value;
  }

  expireAtMs(): number {
    return this.#found.expireAtMs;
  }

  setExpireAtMs(ms: number): void {
    this.#found.expireAtMs = ms;
  }

  access(): number {
    return this.#found.access;
  }

  setAccess(access: number): void {
    this.#found.access = access;
  }

  epoch(): number {
    return this.#found.epoch;
  }

  setEpoch(epoch: number): void {
    this.#found.epoch = epoch;
  }

  remove(): void {
    this.#entries.delete(this.#found.key);
  }

  clear(): void {
    this.#entries.clear();
  }

  scan(cursor: number, count: number, visit: (key: Key, value: Value) => void): number {
    return this.#scan(
      cursor,
      count,
      () => true,
      (entry) => visit(entry.key, entry.value),
    );
  }

  scanExpiring(cursor: number, steps: number, visit: (key: Key, expireAtMs: number) => void): number {
    const isExpiring = (entry: Entry) => entry.expireAtMs !== NO_EXPIRY;
    return this.#scan(cursor, steps, isExpiring, (entry) => visit(entry.key, entry.expireAtMs));
  }

  scanUnmarked(cursor: number, count: number, epoch: number, visit: EntryVisitor): number {
    return this.#scan(
      cursor,
      count,
      () => true,
      (entry) => {
        if (entry.epoch === epoch) return;
        entry.epoch = epoch;
        visit(entry.key, entry.value, entry.expireAtMs);
      },
    );
  }

  markAll(epoch: number): void {
    for (const entry of this.#entries.values()) entry.epoch = epoch;
  }

  #scan(cursor: number, count: number, isWanted: (entry: Entry) => boolean, visit: (entry: Entry) => void): number {
    const rest = [...this.#entries.values()].filter((entry) => entry.order > cursor && isWanted(entry));
    for (const entry of rest.slice(0, count)) visit(entry);
    return rest.length > count ? rest[count - 1].order : 0;
  }

  keys(): Iterable<Key> {
    return this.#entries.keys();
  }

  memoryBytes(): number {
    return this.#entries.size * 100;
  }

  visitAll(visit: EntryVisitor): void {
    for (const { key, value, expireAtMs } of this.#entries.values()) visit(key, value, expireAtMs);
  }

  visitFound(visit: EntryVisitor): void {
    const { key, value, expireAtMs } = this.#found;
    visit(key, value, expireAtMs);
  }
}
