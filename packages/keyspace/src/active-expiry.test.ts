import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../test/seeded-random.ts';
import { activeExpireCycle } from './active-expiry.ts';
import { Keyspace } from './keyspace.ts';

const NOW_MS = 1_000_000;

function createKeyspace(): Keyspace {
  const keyspace = new Keyspace({ random: seededRandom(1), hashSeed: { k0: 5, k1: 6 } });
  keyspace.nowMs = NOW_MS;
  return keyspace;
}

/** A clock that goes on by `stepUs` each time somebody looks. */
function clock(stepUs: number): () => number {
  let nowUs = 0;
  return () => {
    nowUs += stepUs;
    return nowUs;
  };
}

const slow = (keyspace: Keyspace, monotonicUs = clock(1), effort = 1) =>
  activeExpireCycle(keyspace, { nowMs: NOW_MS, isFast: false, effort, monotonicUs });

describe('active expiry', () => {
  test('removes all that is due in the end, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(15), fc.nat(3000), fc.integer({ min: -1, max: 2 })), { maxLength: 5 }),
        (groups) => {
          const keyspace = createKeyspace();
          let dueCount = 0;
          const seen: string[] = [];
          keyspace.hooks.onExpired = (db, key) => seen.push(`${db.index}/${key}`);
          for (const [group, [index, count, kind]] of groups.entries()) {
            for (let i = 0; i < count; i++) {
              const key = `${kind}:${group}:${i}`;
              keyspace.databases[index].set(key, '');
              if (kind < 2) keyspace.databases[index].setExpire(key, NOW_MS + kind);
              if (kind < 0) dueCount++;
            }
          }
          const before = keyspace.size;
          let removed = 0;
          for (let cycle = 0; cycle < 1500 && removed < dueCount; cycle++) removed += slow(keyspace);
          expect(removed).toBe(dueCount);
          expect(keyspace.size).toBe(before - dueCount);
          expect(new Set(seen).size).toBe(dueCount);
          expect(seen.every((key) => key.includes('/-1:'))).toBe(true);
          expect(keyspace.statistics.expiredKeys).toBe(dueCount);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  test('finds the one key that is due among many without an expiry within a cycle', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    for (let i = 0; i < 50_000; i++) db.set(`key:${i}`, '');
    db.setExpire('key:777', 1);
    expect(slow(keyspace)).toBe(1);
    expect(slow(keyspace)).toBe(0);
  });

  test('stays while much is due, and leaves a database where little is', () => {
    const keyspace = createKeyspace();
    const [db, second] = keyspace.databases;
    for (let i = 0; i < 10_000; i++) {
      for (const [database, everyNth] of [
        [db, 2],
        [second, 100],
      ] as const) {
        database.set(`key:${i}`, '');
        database.setExpire(`key:${i}`, i % everyNth === 0 ? 1 : NOW_MS + 5000);
      }
    }
    expect(slow(keyspace)).toBeGreaterThan(4000);
    expect(second.size).toBeGreaterThan(9900);
    expect(db.averageTtlMs).toBeCloseTo(5000);
  });

  test('looks at as many keys with an expiry where those are few', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    for (let i = 0; i < 20_000; i++) db.set(`key:${i}`, '');
    for (let i = 0; i < 20_000; i += 10) db.setExpire(`key:${i}`, i % 200 === 0 ? 1 : NOW_MS + 5000);
    let removed = 0;
    for (let cycle = 0; cycle < 40; cycle++) removed += slow(keyspace);
    expect(removed).toBeGreaterThan(20);
  });

  test('stops when its time is used up, and goes on in the next database the next time', () => {
    const keyspace = createKeyspace();
    for (const db of keyspace.databases.slice(0, 4)) {
      for (let i = 0; i < 3000; i++) {
        db.set(`key:${i}`, '');
        db.setExpire(`key:${i}`, 1);
      }
    }
    const removed = slow(keyspace, clock(10_000));
    expect(removed).toBeGreaterThan(0);
    expect(removed).toBeLessThan(300);
    expect(keyspace.expiry).toMatchObject({ wasCutShort: true, cutShortCount: 1, nextDatabase: 1 });
    expect(slow(keyspace, clock(10_000), 10)).toBeGreaterThan(removed);
    expect(keyspace.databases[1].size).toBeLessThan(3000);
  });

  test('a fast cycle runs only after much was left behind, and not twice in a row', () => {
    const keyspace = createKeyspace();
    const [db] = keyspace.databases;
    const fast = (monotonicUs: () => number) =>
      activeExpireCycle(keyspace, { nowMs: NOW_MS, isFast: true, effort: 1, monotonicUs });
    for (let i = 0; i < 9000; i++) {
      db.set(`key:${i}`, '');
      db.setExpire(`key:${i}`, 1);
    }
    expect(fast(clock(1))).toBe(0);
    slow(keyspace, clock(10_000));
    expect(fast(() => 0)).toBeGreaterThan(0);
    for (let i = 0; i < 100; i++) {
      db.set(`more:${i}`, '');
      db.setExpire(`more:${i}`, 1);
    }
    expect(fast(() => 1999)).toBe(0);
  });

  test('does nothing while loading', () => {
    const keyspace = createKeyspace();
    keyspace.isLoading = true;
    keyspace.databases[0].set('a', '');
    keyspace.databases[0].setExpire('a', 1);
    expect(slow(keyspace)).toBe(0);
    expect(keyspace.databases[0].lookupRead('a')).toBe('');
  });
});
