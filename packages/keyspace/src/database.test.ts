import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../test/seeded-random.ts';
import type { Database } from './database.ts';
import { type Key, NO_EXPIRY } from './dictionary.ts';
import { Keyspace } from './keyspace.ts';
import { RawString, stringText } from './values/string.ts';
import type { Value } from './values/value.ts';

function createKeyspace(databaseCount = 3): Keyspace {
  const keyspace = new Keyspace({ random: seededRandom(1), databaseCount, hashSeed: { k0: 5, k1: 6 } });
  keyspace.nowMs = 1_000_000;
  return keyspace;
}

function text(value: Value | undefined): string | undefined {
  return typeof value === 'string' || value instanceof RawString ? stringText(value) : undefined;
}

/** The rules of a keyspace, by plain Maps. */
class Model {
  databases: Map<Key, { value: string; expireAtMs: number }>[];
  nowMs: number;
  isLoading = false;

  constructor(count: number, nowMs: number) {
    this.databases = Array.from({ length: count }, () => new Map());
    this.nowMs = nowMs;
  }

  isDue(index: number, key: Key): boolean {
    const entry = this.databases[index].get(key);
    return !this.isLoading && entry !== undefined && entry.expireAtMs !== NO_EXPIRY && entry.expireAtMs < this.nowMs;
  }

  /** The entry, which goes first if its time has come. */
  live(index: number, key: Key) {
    if (this.isDue(index, key)) this.databases[index].delete(key);
    return this.databases[index].get(key);
  }
}

interface Step {
  readonly kind: string;
  readonly db: number;
  readonly other: number;
  readonly key: Key;
  readonly otherKey: Key;
  readonly n: number;
}

type Operation = (keyspace: Keyspace, model: Model, step: Step) => void;

/** Each does the same to both sides and compares what they answer. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  set(keyspace, model, { db, key, n }) {
    keyspace.databases[db].set(key, `value:${n}`);
    model.live(db, key);
    model.databases[db].set(key, { value: `value:${n}`, expireAtMs: NO_EXPIRY });
  },
  setBytes(keyspace, model, { db, key, n }) {
    const bytes = Buffer.from(`[${key}|${n}]`, 'latin1');
    keyspace.hooks.hearsTouches = () => n % 2 === 0;
    const expireAtMs = n % 3 === 0 ? model.nowMs + n - 300 : NO_EXPIRY;
    keyspace.databases[db].setBytes(bytes, 1, 1 + key.length, 2 + key.length, bytes.length - 1, expireAtMs);
    model.live(db, key);
    model.databases[db].set(key, { value: String(n), expireAtMs });
  },
  setKeepTtl(keyspace, model, { db, key, n }) {
    keyspace.databases[db].setKeepTtl(key, `kept:${n}`);
    const expireAtMs = model.live(db, key)?.expireAtMs ?? NO_EXPIRY;
    model.databases[db].set(key, { value: `kept:${n}`, expireAtMs });
  },
  append(keyspace, model, { db, key, n }) {
    const value = keyspace.databases[db].lookupWrite(key);
    const entry = model.live(db, key);
    expect(text(value)).toBe(entry?.value);
    if (entry === undefined || value === undefined) return;
    entry.value += `+${n}`;
    if (value instanceof RawString) value.append(`+${n}`);
    else keyspace.databases[db].setKeepTtl(key, RawString.of(entry.value));
    keyspace.databases[db].touched(key);
  },
  read(keyspace, model, { db, key, n }) {
    const bytes = Buffer.from(`..${key}`, 'latin1');
    const database = keyspace.databases[db];
    const expected = model.live(db, key)?.value;
    if (n % 3 === 0) expect(text(database.lookupRead(key))).toBe(expected);
    else if (n % 3 === 1) expect(text(database.lookupReadNoTouch(key))).toBe(expected);
    else expect(text(database.lookupReadBytes(bytes, 2, bytes.length))).toBe(expected);
  },
  remove(keyspace, model, { db, key }) {
    model.live(db, key);
    expect(keyspace.databases[db].remove(key)).toBe(model.databases[db].delete(key));
  },
  setExpire(keyspace, model, { db, key, n }) {
    const entry = model.live(db, key);
    expect(keyspace.databases[db].setExpire(key, model.nowMs + n - 300)).toBe(entry !== undefined);
    if (entry !== undefined) entry.expireAtMs = model.nowMs + n - 300;
  },
  persist(keyspace, model, { db, key }) {
    const entry = model.live(db, key);
    expect(keyspace.databases[db].persist(key)).toBe(entry !== undefined && entry.expireAtMs !== NO_EXPIRY);
    if (entry !== undefined) entry.expireAtMs = NO_EXPIRY;
  },
  rename(keyspace, model, { db, key, otherKey }) {
    const entry = model.live(db, key);
    expect(keyspace.databases[db].rename(key, otherKey)).toBe(entry !== undefined);
    if (entry === undefined || key === otherKey) return;
    model.databases[db].delete(key);
    model.databases[db].set(otherKey, entry);
  },
  move(keyspace, model, { db, other, key }) {
    const isTaken = db !== other && model.live(other, key) !== undefined;
    const entry = db === other || isTaken ? undefined : model.live(db, key);
    expect(keyspace.databases[db].move(key, keyspace.databases[other])).toBe(entry !== undefined);
    if (entry === undefined) return;
    model.databases[db].delete(key);
    model.databases[other].set(key, entry);
  },
  swap(keyspace, model, { db, other }) {
    keyspace.swap(db, other);
    [model.databases[db], model.databases[other]] = [model.databases[other], model.databases[db]];
  },
  flush(keyspace, model, { db, n }) {
    if (n > 100) return;
    expect(keyspace.databases[db].flush()).toBe(model.databases[db].size);
    model.databases[db].clear();
  },
  scan(keyspace, model, { db }) {
    const seen = new Map<Key, string | undefined>();
    const database = keyspace.databases[db];
    for (let cursor = 0; ; ) {
      cursor = database.scan(cursor, 3, (key, value) => seen.set(key, text(value)));
      if (cursor === 0) break;
    }
    for (const key of [...model.databases[db].keys()]) model.live(db, key);
    expect(seen).toEqual(new Map([...model.databases[db]].map(([key, { value }]) => [key, value])));
  },
  keys(keyspace, model, { db, key }) {
    const live = [...model.databases[db].keys()].filter((name) => !model.isDue(db, name));
    expect([...keyspace.databases[db].keys()].sort()).toEqual(live.sort());
    expect([...keyspace.databases[db].keys('key:[1-3]')].sort()).toEqual(
      live.filter((name) => /^key:[123]$/.test(name)),
    );
    expect([...keyspace.databases[db].keys(key)]).toEqual(live.filter((name) => name === key));
  },
  pass(keyspace, model, { n }) {
    model.nowMs += n;
    keyspace.nowMs = model.nowMs;
  },
  load(keyspace, model, { n }) {
    model.isLoading = n % 8 === 0;
    keyspace.isLoading = model.isLoading;
  },
};

/** What is in a keyspace: as the hooks must see it, and as it is afterwards. */
function contents(keyspace: Keyspace): Map<string, string>[] {
  return keyspace.databases.map((db) => new Map([...db.dictionary.keys()].map((key) => [key, entryOf(db, key)])));
}

function entryOf(db: Database, key: Key): string {
  return `${text(db.peek(key))}@${db.expireAt(key)}`;
}

describe('a keyspace', () => {
  const key = fc.nat(6).map((n) => `key:${n}`);
  const step = fc.record({
    // Enough to expire, and enough that happens to full databases.
    kind: fc.constantFrom(...Object.keys(OPERATIONS), 'set', 'set', 'set', 'setExpire', 'setExpire', 'pass'),
    db: fc.nat(2),
    other: fc.nat(2),
    key,
    otherKey: key,
    n: fc.nat(1000),
  });

  test('equals plain Maps, and every change is announced while the old value is still there', () => {
    const happened = { changes: 0, expiries: 0, flushes: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 80 }), (steps) => {
        const keyspace = createKeyspace();
        const model = new Model(3, keyspace.nowMs);
        let before = contents(keyspace);
        let announced = new Set<string>();
        let isWhole = false;
        const announce = (db: Database, name: Key) => {
          const isFirst = !announced.has(`${db.index}/${name}`);
          announced.add(`${db.index}/${name}`);
          const old = before[db.index].get(name);
          if (isFirst && !isWhole) expect(db.peek(name) === undefined ? undefined : entryOf(db, name)).toBe(old);
        };
        const announceAll = (...dbs: Database[]) => {
          isWhole = true;
          for (const db of dbs) expect(db.size).toBe(before[db.index].size);
        };
        const touched = new Set<string>();
        keyspace.hooks.beforeWrite = announce;
        keyspace.hooks.beforeFlush = announceAll;
        keyspace.hooks.beforeSwap = announceAll;
        keyspace.hooks.onTouched = (db, name) => touched.add(`${db.index}/${name}`);
        keyspace.hooks.onExpired = (db, name) => {
          happened.expiries++;
          expect(db.peek(name)).toBeUndefined();
          expect(keyspace.isLoading).toBe(false);
        };
        for (const one of steps) {
          announced = new Set();
          touched.clear();
          isWhole = false;
          OPERATIONS[one.kind]?.(keyspace, model, one);
          const after = contents(keyspace);
          if (isWhole) happened.flushes++;
          for (const db of keyspace.databases) {
            for (const name of new Set([...before[db.index].keys(), ...after[db.index].keys()])) {
              if (isWhole || before[db.index].get(name) === after[db.index].get(name)) continue;
              happened.changes++;
              // Nobody listens, and no snapshot is open that has not seen the key.
              if (one.kind === 'setBytes' && one.n % 2 === 1) continue;
              expect(announced).toContain(`${db.index}/${name}`);
              expect(touched).toContain(`${db.index}/${name}`);
            }
            const expected = [...model.databases[db.index]].map(([name, entry]) => [
              name,
              `${entry.value}@${entry.expireAtMs}`,
            ]);
            expect(after[db.index]).toEqual(new Map(expected as [string, string][]));
            expect(db.size).toBe(expected.length);
          }
          before = after;
        }
      }),
      { numRuns: 150 },
    );
    expect(happened.changes).toBeGreaterThan(500);
    expect(happened.expiries).toBeGreaterThan(50);
    expect(happened.flushes).toBeGreaterThan(50);
  });

  test('counts hits, misses and expired keys', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    db.set('a', '1');
    db.set('b', '2');
    db.setExpire('b', keyspace.nowMs - 1);
    for (const name of ['a', 'a', 'b', 'c']) db.lookupRead(name);
    db.lookupWrite('a');
    db.peek('c');
    expect(keyspace.statistics).toEqual({ expiredKeys: 1, hits: 2, misses: 2 });
  });

  test('a key that is set again after its time has come goes where it belongs', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    for (let i = 0; i < 300; i++) {
      db.set(`key:${i}`, 'old');
      db.setExpire(`key:${i}`, 1);
    }
    for (let i = 0; i < 300; i++) db.set(`key:${i}`, `new:${i}`);
    for (let i = 0; i < 300; i++) expect(db.lookupRead(`key:${i}`)).toBe(`new:${i}`);
    expect([db.size, db.expiringCount]).toEqual([300, 0]);
  });

  test('a key lives through the millisecond of its expiry', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    db.set('a', '1');
    db.setExpire('a', keyspace.nowMs);
    expect(db.lookupRead('a')).toBe('1');
    keyspace.nowMs++;
    expect(db.lookupRead('a')).toBeUndefined();
    expect([db.size, db.expiringCount]).toEqual([0, 0]);
  });

  test('knows for how long a key was idle; asking about it is no use of it', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    db.set('a', '1');
    keyspace.nowMs += 5000;
    db.lookupReadNoTouch('a');
    db.setExpire('a', keyspace.nowMs + 1e6);
    expect(db.idleSeconds('a')).toBe(5);
    db.lookupRead('a');
    expect(db.idleSeconds('a')).toBe(0);
    keyspace.nowMs += 7_000_000;
    db.rename('a', 'a');
    expect(db.idleSeconds('none')).toBe(0);
  });

  test('can be told for how long a key was idle', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    db.set('a', '1');
    expect(db.setIdle('a', 1000)).toBe(true);
    expect(db.idleSeconds('a')).toBe(1000);
    keyspace.nowMs += 5000;
    expect(db.idleSeconds('a')).toBe(1005);
    db.setIdle('a', 2 ** 40);
    expect(db.idleSeconds('a')).toBe(2 ** 24 - 1);
    expect(db.setIdle('none', 1)).toBe(false);
  });

  test('the access clock turns round after 2^24 seconds', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    keyspace.nowMs = (2 ** 24 - 1) * 1000;
    db.set('a', '1');
    keyspace.nowMs += 3000;
    expect(keyspace.accessClockSec).toBe(2);
    expect(db.idleSeconds('a')).toBe(3);
  });

  test('a random key is live; those met that are not are removed', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    expect(db.randomKey()).toBeUndefined();
    for (let i = 0; i < 50; i++) {
      db.set(`key:${i}`, '');
      if (i > 2) db.setExpire(`key:${i}`, 5);
    }
    const seen = new Set<Key | undefined>();
    for (let i = 0; i < 100; i++) seen.add(db.randomKey());
    expect(seen).toEqual(new Set(['key:0', 'key:1', 'key:2']));
    for (const name of ['key:0', 'key:1', 'key:2']) db.setExpire(name, 5);
    expect(db.randomKey()).toBeUndefined();
    expect(db.size).toBe(0);
  });

  test('new entries carry the snapshot epoch, old ones keep theirs', () => {
    const keyspace = createKeyspace();
    const [db, second] = keyspace.databases;
    db.set('old', '1');
    keyspace.snapshotEpoch = 255;
    db.set('new', '1');
    db.set('old', '2');
    db.move('new', second);
    const epochOf = (database: Database, name: Key) =>
      database.dictionary.find(name) ? database.dictionary.epoch() : -1;
    expect([epochOf(db, 'old'), epochOf(second, 'new')]).toEqual([0, 255]);
  });

  test('a flush lets go of the dictionary without emptying it', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    db.set('a', '1');
    const { dictionary } = db;
    expect(keyspace.flushAll()).toBe(1);
    expect([db.size, dictionary.size]).toEqual([0, 1]);
    expect(keyspace.size).toBe(0);
  });

  test('a swap with a database that does not exist is a bug of the caller', () => {
    expect(() => createKeyspace().swap(0, 3)).toThrow(RangeError);
    expect(() => createKeyspace().swap(-1, 0)).toThrow(RangeError);
  });

  test('has 16 databases unless told otherwise', () => {
    expect(new Keyspace({ random: () => 0 }).databases).toHaveLength(16);
  });
});
