import { describe, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { Keyspace } from './keyspace.ts';
import { readLatin1 } from './latin1.ts';
import { type LargeEntry, Snapshot, type SnapshotSink } from './snapshot.ts';
import type { FrozenCursor } from './values/frozen.ts';
import { HashValue } from './values/hash.ts';
import { ListValue } from './values/list.ts';
import { SetValue } from './values/set.ts';
import { SortedSetValue } from './values/sorted-set.ts';
import { type StreamEntry, StreamValue } from './values/stream.ts';
import { streamIdText } from './values/stream-id.ts';
import { RawString, stringText } from './values/string.ts';
import { defaultThresholds } from './values/thresholds.ts';
import type { Value } from './values/value.ts';

const thresholds = defaultThresholds();

/** Every value as sorted text. */
function textOf(value: Value): string {
  if (typeof value === 'string' || value.type === 'string') return `string ${stringText(value)}`;
  const items: string[] = [];
  if (value.type === 'list') items.push(...value);
  else if (value.type === 'set') items.push(...[...value.members()].sort());
  else if (value.type === 'hash') items.push(...[...value.entries()].map((pair) => pair.join('=')).sort());
  else if (value.type === 'zset') items.push(...[...value.pairs()].map((pair) => pair.join('=')).sort());
  else items.push(...[...value.entries()].map(entryText).sort());
  return `${value.type} ${items.join(',')}`;
}

function entryText({ id, fields }: StreamEntry): string {
  return `${streamIdText(id)} ${fields.join('=')}`;
}

function modelOf(keyspace: Keyspace): Map<string, string> {
  const model = new Map<string, string>();
  for (const db of keyspace.databases) {
    for (const key of db.dictionary.keys()) {
      const expireAtMs = db.expireAt(key);
      if (expireAtMs !== -1 && keyspace.nowMs > expireAtMs) continue;
      model.set(`${db.index} ${key}`, `${expireAtMs} ${textOf(db.peek(key) ?? '')}`);
    }
  }
  return model;
}

function cursorItem({ bytes, keyStart, valueStart, valueEnd, score }: FrozenCursor, type: string): string {
  const key = readLatin1(bytes, keyStart, valueStart);
  if (type === 'hash') return `${key}=${readLatin1(bytes, valueStart, valueEnd)}`;
  return type === 'zset' ? `${key}=${score}` : key;
}

/** Reads large values a few items at a time. */
class Collector implements SnapshotSink {
  readonly found = new Map<string, string>();
  acceptsBetween: boolean;
  largeCount = 0;
  #items: string[] = [];
  #open: LargeEntry | undefined;

  constructor(acceptsBetween: boolean, takesBytes = true) {
    this.acceptsBetween = acceptsBetween;
    if (takesBytes) this.writeStringBytes = (...entry) => this.#writeStringBytes(...entry);
  }

  writeValue(database: number, key: string, value: Value, expireAtMs: number): void {
    if (this.#open !== undefined && !this.acceptsBetween) throw new Error('a value came while a large one was open');
    this.#add(database, key, `${expireAtMs} ${textOf(value)}`);
  }

  /** Set on half of the collectors, which also read large collections as bytes: the other half gets strings. */
  writeStringBytes: SnapshotSink['writeStringBytes'];

  #writeStringBytes(
    database: number,
    bytes: Uint8Array,
    keyStart: number,
    valueStart: number,
    end: number,
    ms: number,
  ) {
    const text = Buffer.from(bytes.subarray(keyStart, end)).toString('latin1');
    this.writeValue(database, text.slice(0, valueStart - keyStart), text.slice(valueStart - keyStart), ms);
  }

  writePiece(entry: LargeEntry): boolean {
    if (this.#open !== undefined && this.#open !== entry) throw new Error('two large values at once');
    this.#open = entry;
    if (!this.#read(entry)) return false;
    const { content, database, key, expireAtMs } = entry;
    const isOrdered = content.type === 'list' || content.type === 'string';
    const items = isOrdered ? this.#items : this.#items.sort();
    this.#add(database, key, `${expireAtMs} ${content.type} ${items.join(content.type === 'string' ? '' : ',')}`);
    this.#items = [];
    this.#open = undefined;
    this.largeCount++;
    return true;
  }

  #read({ content }: LargeEntry): boolean {
    if (content.type === 'string') {
      this.#items.push(Buffer.from(content.read()).toString('latin1'));
      return content.isAtEnd;
    }
    if (content.type === 'stream') {
      const next = content.nodes.next();
      if (!next.done) this.#items.push(...next.value.map(entryText));
      return next.done === true;
    }
    for (let i = 0; i < 7; i++) {
      if (this.writeStringBytes !== undefined && content.cursor !== undefined) {
        if (!content.cursor.next()) return true;
        this.#items.push(cursorItem(content.cursor, content.type));
        continue;
      }
      const next = content.items.next();
      if (next.done) return true;
      const item = next.value;
      this.#items.push(typeof item === 'string' ? item : item.join('='));
    }
    return false;
  }

  #add(database: number, key: string, text: string): void {
    const name = `${database} ${key}`;
    if (this.found.has(name)) throw new Error(`${name} came twice`);
    this.found.set(name, text);
  }
}

function generator(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** By bytes, and with nobody to hear of changes but the snapshot. */
function setBytes(keyspace: Keyspace, db: Database, key: string, value: string): void {
  keyspace.hooks.hearsTouches = () => false;
  db.setBytes(Buffer.from(key + value), 0, key.length, key.length, key.length + value.length);
  keyspace.hooks.hearsTouches = () => true;
}

/** Random changes by every method that can change something. */
class Chaos {
  readonly keyspace: Keyspace;
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = generator(seed);
    this.keyspace = new Keyspace({ random: this.#random, databaseCount: 3 });
    this.keyspace.nowMs = 1_000_000;
  }

  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  step(): void {
    const { keyspace } = this;
    const db = keyspace.databases[this.below(3)];
    const key = `k${this.below(40)}`;
    const other = `k${this.below(40)}`;
    const roll = this.below(100);
    if (roll < 12) db.set(key, this.value());
    else if (roll < 14) setBytes(keyspace, db, key, `bytes:${this.below(1000)}`);
    else if (roll < 18) db.setKeepTtl(key, this.value());
    else if (roll < 22) db.remove(key);
    else if (roll < 30) db.setExpire(key, keyspace.nowMs + this.below(2000) - 300);
    else if (roll < 33) db.persist(key);
    else if (roll < 38) db.rename(key, other);
    else if (roll < 42) db.move(key, keyspace.databases[this.below(3)]);
    else if (roll < 44) keyspace.nowMs += this.below(300);
    else if (roll < 45) keyspace.swap(0, 1 + this.below(2));
    else if (roll < 46 && this.below(3) === 0) db.flush();
    else if (roll < 47) db.removeIfDue(key);
    else if (roll < 49) db.lookupRead(key);
    else if (roll < 50) db.randomKey();
    else this.change(db, key);
  }

  change(db: Keyspace['databases'][number], key: string): void {
    const value = db.lookupWrite(key);
    if (value === undefined || typeof value === 'string') return;
    const item = `i${this.below(60)}`;
    for (let times = 1 + this.below(20); times > 0; times--)
      changeValue(value, `${item}${times}`, () => this.#random());
    db.touched(key);
  }

  value(): Value {
    const size = this.below(16) === 0 ? 150 + this.below(1500) : 1 + this.below(20);
    const items = Array.from({ length: size }, () => `i${this.below(6000)}`);
    switch (this.below(7)) {
      case 0:
        return ListValue.of(items, -2);
      case 1:
        return SetValue.of(items, thresholds);
      case 2:
        return HashValue.of(
          items.map((item) => [item, `${this.below(1000)}`] as const),
          thresholds,
        );
      case 3:
        return SortedSetValue.of(
          [...new Set(items)].map((member) => ({ member, score: this.below(1000) / 8 })),
          thresholds,
        );
      case 4: {
        const stream = new StreamValue();
        for (const [i, item] of items.entries())
          stream.append({ ms: i + 1, seq: 0 }, [item, item.repeat(3)], thresholds);
        return stream;
      }
      case 5:
        return RawString.of('r'.repeat(this.below(60) === 0 ? 1_100_000 : 100));
      default:
        return items.join('');
    }
  }
}

function changeValue(value: Exclude<Value, string>, item: string, random: () => number): void {
  const isAdding = random() < 0.6;
  if (value.type === 'string') {
    if (isAdding) value.setRange(Math.floor(random() * value.byteLength), item);
    else value.append(item);
  } else if (value.type === 'list') {
    const choice = Math.floor(random() * 4);
    if (isAdding) value.pushHead(item);
    else if (choice === 0) value.pushTail(item);
    else if (choice === 1 && value.length > 1) value.popHead();
    else value.replace(Math.floor(random() * value.length), item);
  } else if (value.type === 'set') {
    if (isAdding) value.add(item, thresholds);
    else if (value.size > 1) value.pop(random);
  } else if (value.type === 'hash') {
    if (isAdding) value.set(item, String(random()), thresholds);
    else if (value.size > 1) value.delete([...value.entries()][0][0]);
  } else if (value.type === 'zset') {
    if (isAdding) value.put(item, Math.floor(random() * 1000), thresholds);
    else if (value.size > 1) value.remove(value.random(random).member);
  } else if (isAdding) {
    value.append({ ms: value.lastId.ms, seq: Number(value.lastId.seq) + 1 }, [item, String(random())], thresholds);
  } else if (random() < 0.5)
    value.delete([...value.entries()].at(Math.floor(random() * value.length))?.id ?? value.lastId);
  else value.trim({ maxLength: Math.max(0, value.length - 2) }, random() < 0.5, 0);
}

interface Trial {
  readonly large: number;
  readonly early: number;
  readonly isEqual: boolean;
}

function trial(seed: number, acceptsBetween: boolean, breakRule?: (keyspace: Keyspace) => void): Trial {
  const chaos = new Chaos(seed);
  const { keyspace } = chaos;
  for (let i = 0; i < 40; i++) chaos.step();
  const model = modelOf(keyspace);
  const sink = new Collector(acceptsBetween, seed % 4 < 2);
  const snapshot = new Snapshot(keyspace, { nowMs: keyspace.nowMs, sink });
  breakRule?.(keyspace);
  let isDone = false;
  for (let turn = 0; !isDone; turn++) {
    for (let i = chaos.below(6); i > 0; i--) chaos.step();
    let left = chaos.below(4);
    isDone = snapshot.copy(() => left-- <= 0);
    // Many pieces later the rest goes at once.
    if (turn > 300) isDone = snapshot.copy(() => false);
  }
  const isEqual = JSON.stringify([...model].sort()) === JSON.stringify([...sink.found].sort());
  return { large: sink.largeCount, early: snapshot.earlyCount, isEqual };
}

describe('a snapshot', () => {
  test('equals a deep copy at the cut, whatever changes meanwhile', () => {
    let large = 0;
    let early = 0;
    for (let seed = 1; seed <= 1500; seed++) {
      const result = trial(seed, seed % 2 === 0);
      expect(result.isEqual, `seed ${seed}`).toBe(true);
      large += result.large;
      early += result.early;
    }
    expect(large).toBeGreaterThan(300);
    expect(early).toBeGreaterThan(400);
  });

  test('does not, if changes are not announced (canary)', () => {
    const broken = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
      const { isEqual } = trial(seed, true, ({ hooks }) => {
        hooks.beforeWrite = () => undefined;
      });
      return isEqual;
    });
    expect(broken).toContain(false);
  });

  test('can be taken again and again, also after many that were given up', () => {
    const chaos = new Chaos(7);
    const { keyspace } = chaos;
    for (let i = 0; i < 200; i++) chaos.step();
    for (let round = 0; round < 600; round++) {
      chaos.step();
      const sink = new Collector(true);
      const snapshot = new Snapshot(keyspace, { nowMs: keyspace.nowMs, sink });
      const model = modelOf(keyspace);
      if (round % 300 === 299) {
        expect(snapshot.copy(() => false)).toBe(true);
        expect([...sink.found].sort()).toEqual([...model].sort());
      } else {
        if (round < 299) snapshot.copy(() => true);
        snapshot.close();
      }
    }
    expect(keyspace.hooks.beforeWrite.length).toBe(0);
  });
});

describe('a large value', () => {
  test('is frozen, changed and thawed in steps that do not depend on its size', () => {
    const keyspace = new Keyspace({ random: () => 0.5 });
    const [db] = keyspace.databases;
    const members = Array.from({ length: 200_000 }, (_, i) => `member:${i}`);
    db.set('set', SetValue.of(members, thresholds));
    const sink = new Collector(true);
    const snapshot = new Snapshot(keyspace, { nowMs: 0, sink });
    const value = db.lookupWrite('set');
    if (typeof value !== 'object' || value.type !== 'set') throw new Error('no set');
    for (let i = 0; i < 1000; i++) value.remove(`member:${i}`);
    for (let i = 0; i < 1000; i++) value.add(`new:${i}`, thresholds);
    expect(snapshot.copy(() => false)).toBe(true);
    expect(sink.found.get('0 set')).toBe(`-1 set ${members.sort().join(',')}`);
    expect(value.size).toBe(200_000);
    expect(value.has('member:0')).toBe(false);
  });
});
