import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RDB_TARGETS, type RdbTarget, readRdb, readRdbSync, writeRdb } from '../src/index.ts';
import { type Key, keys } from './arbitrary.ts';
import { cut, keysOf, readAll, writeKeys } from './entries.ts';

/** What a file for `target` can hold of a key; undefined if nothing. */
function heldBy(target: RdbTarget, key: Key): Key | undefined {
  const major = RDB_TARGETS.indexOf(target);
  const { idleSec: _idle, frequency: _frequency, ...plain } = key;
  const kept = target === 'redis-4' ? plain : key;
  if (kept.type === 'stream') return target === 'redis-4' ? undefined : { ...kept, value: heldStream(major, kept) };
  if (kept.type === 'hash' && target !== 'redis-7.4' && target !== 'valkey-9') {
    return { ...kept, value: kept.value.map(([field, value]) => [field, value] as const) };
  }
  return kept;
}

function heldStream(major: number, { value }: Key & { readonly type: 'stream' }) {
  const hasCounters = major >= RDB_TARGETS.indexOf('redis-7.0');
  const hasActiveTimes = major >= RDB_TARGETS.indexOf('redis-7.2');
  const groups = value.groups.map((group) => ({
    ...group,
    entriesRead: hasCounters ? group.entriesRead : expect.anything(),
    consumers: group.consumers.map((consumer) => ({
      ...consumer,
      activeTimeMs: hasActiveTimes ? consumer.activeTimeMs : consumer.seenTimeMs,
    })),
  }));
  if (hasCounters) return { ...value, groups };
  return { ...value, groups, maxDeletedId: '0-0', entriesAdded: value.entries.length };
}

/** Packed sorted sets come in their order, intsets in theirs. */
function inOrder(key: Key): Key {
  if (key.type === 'set') return { ...key, value: key.value.toSorted() };
  if (key.type === 'zset') return { ...key, value: key.value.toSorted(([a], [b]) => (a < b ? -1 : 1)) };
  return key;
}

describe.each(RDB_TARGETS)('for %s', (target) => {
  test('what is read is what was written', () => {
    fc.assert(
      fc.property(keys, fc.boolean(), fc.boolean(), (list, compresses, sums) => {
        const losses: string[] = [];
        const bytes = writeKeys(list, target, { compresses, sums, onLoss: ({ code }) => losses.push(code) });
        const entries = readAll(bytes, { findsDuplicates: true });
        expect(entries.at(-1)).toMatchObject({ kind: 'end', checksum: sums ? 'ok' : 'absent' });
        const expected = list.map((key) => heldBy(target, key));
        expect(keysOf(entries).map(inOrder)).toEqual(expected.flatMap((key) => (key ? [inOrder(key)] : [])));
        // Whatever came back otherwise was told.
        if (losses.length === 0) expect(keysOf(entries).map(inOrder)).toEqual(list.map(inOrder));
      }),
      { numRuns: 60 },
    );
  });
});

test('a loss is told for every key that comes back changed, and for no other', () => {
  let changed = 0;
  fc.assert(
    fc.property(keys, fc.constantFrom(...RDB_TARGETS), (list, target) => {
      for (const key of list) {
        let isTold = false;
        const bytes = writeKeys([key], target, {
          onLoss: (loss) => {
            expect(loss).toMatchObject({ key: key.key, database: key.database });
            isTold = true;
          },
        });
        const [found] = keysOf(readAll(bytes));
        const isChanged = found === undefined || !isDeepStrictEqual(inOrder(found), inOrder(key));
        expect(isTold).toBe(isChanged);
        if (isChanged) changed++;
      }
    }),
    { numRuns: 60 },
  );
  expect(changed).toBeGreaterThan(10);
});

test('any chunking reads alike, and no chunk is looked at again', () => {
  fc.assert(
    fc.property(
      keys,
      fc.constantFrom(...RDB_TARGETS),
      fc.array(fc.nat(70), { minLength: 1 }),
      (list, target, sizes) => {
        const bytes = writeKeys(list, target);
        expect([...readRdbSync(cut(bytes, sizes))]).toEqual(readAll(bytes));
      },
    ),
    { numRuns: 100 },
  );
});

test('parts of values make the whole', () => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 20 }), (list, partElements) => {
      const bytes = writeKeys(list, 'redis-7.4');
      const whole = keysOf(readAll(bytes));
      let parts: unknown[] = [];
      let at = 0;
      for (const entry of readAll(bytes, { partElements })) {
        if (entry.kind !== 'key') continue;
        const { key, type, value } = whole[at];
        expect(entry).toMatchObject({ key, type, part: entry.part });
        if (entry.type === 'stream') parts.push(...entry.value.entries);
        else if (entry.type === 'string') parts.push(entry.value);
        else parts.push(...entry.value);
        if (!entry.isLast) continue;
        if (entry.type === 'stream') expect({ ...entry.value, entries: parts }).toEqual(value);
        else expect(entry.type === 'string' ? parts[0] : parts).toEqual(value);
        parts = [];
        at++;
      }
      expect(at).toBe(whole.length);
    }),
    { numRuns: 60 },
  );
});

test('the iterations that wait give the same as those that do not', async () => {
  const [list] = fc.sample(keys, { numRuns: 1, seed: 7 });
  const bytes = writeKeys(list, 'redis-7.2');
  async function* slowly() {
    for (const chunk of cut(bytes, [50])) {
      await Promise.resolve();
      yield chunk;
    }
  }
  const origin = { createdSec: 1_700_000_000 };
  const copy: Uint8Array[] = [];
  for await (const chunk of writeRdb(readRdb(slowly()), { target: 'redis-7.2', origin })) copy.push(chunk);
  expect(Buffer.concat(copy)).toEqual(bytes);
});
