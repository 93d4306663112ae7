import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOf, LogStatistics, type Observation, OTHER_DATABASES } from './log-statistics.ts';
import { type PrefixNode, PrefixTree } from './prefix-tree.ts';
import { Timeline } from './timeline.ts';

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

/** Checks that sums are those of the children at least as much as these say; answers how many nodes there are. */
function checkNode(node: PrefixNode): number {
  const children = node.children?.top() ?? [];
  expect(sum(children.map(({ weight }) => weight))).toBeLessThanOrEqual(node.weight);
  expect(sum(children.map(({ liveKeys }) => liveKeys))).toBeLessThanOrEqual(node.liveKeys);
  return 1 + sum(children.map(checkNode));
}

describe('the tree of prefixes', () => {
  test('has the sums of all keys below each node', () => {
    const tree = new PrefixTree(':');
    tree.addLogged('user:1:name', 10, 1);
    tree.addLogged('user:2:mail', 20, 0);
    tree.addLogged('page', 5, 1);
    tree.addLive('user:2:mail', 7);
    tree.addExpiry('user:1:name');
    const user = tree.root.children?.find('user:');
    expect(tree.root).toMatchObject({ weight: 35, writes: 2, liveBytes: 7, liveKeys: 1, expiries: 1 });
    expect(user).toMatchObject({ weight: 30, writes: 1, liveBytes: 7, expiries: 1, mayMiss: 0 });
    const mail = user?.children?.find('*:')?.children?.find('mail');
    expect(mail).toMatchObject({ weight: 20, prefix: 'user:*:mail' });
  });

  test('is bounded, and says what may be missing from whom', () => {
    const tree = new PrefixTree(':', 500);
    const truth = new Map<string, number>();
    const word = (n: number): string => n.toString(36).replace(/\d/g, (d) => 'GHIJKLMNOP'[Number(d)] ?? '');
    for (let i = 0; i < 20_000; i++) {
      const first = `${word((i * 7919) % 1500)}:`;
      tree.addLogged(`${first}${word(i % 977)}`, 1 + (i % 3), 1);
      truth.set(first, (truth.get(first) ?? 0) + 1 + (i % 3));
    }
    expect(tree.root.weight).toBe(sum(truth.values()));
    expect(checkNode(tree.root)).toBeLessThanOrEqual(510);
    const { children } = tree.root;
    expect(children?.absentCeiling).toBeGreaterThan(0);
    for (const [name, weight] of truth) {
      const node = children?.find(name);
      const [least, most] = node ? [node.weight, node.weight + node.mayMiss] : [0, children?.absentCeiling ?? 0];
      expect(weight).toBeGreaterThanOrEqual(least);
      expect(weight).toBeLessThanOrEqual(most);
    }
  });
});

describe('a timeline', () => {
  test('loses nothing when its buckets grow', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5000), fc.nat(100)), { minLength: 1 }), (added) => {
        const timeline = new Timeline({ origin: 100, width: 1, maxBuckets: 8 });
        for (const [at, bytes] of added) timeline.at(at).bytes += bytes;
        const { buckets, width, origin } = timeline;
        expect(buckets.length).toBeLessThanOrEqual(8);
        for (const [i, bucket] of buckets.entries()) {
          const inside = added.filter(([at]) => Math.floor((Math.max(at, origin) - origin) / width) === i);
          expect(bucket.bytes).toBe(sum(inside.map(([, bytes]) => bytes)));
        }
      }),
    );
  });
});

describe('the statistics', () => {
  const observation = fc.record({
    command: fc.constantFrom('SET', 'DEL', 'HSET'),
    type: fc.constantFrom('string', 'hash'),
    database: fc.nat(3),
    bytes: fc.nat(1000),
    timeSec: fc.option(fc.nat(100_000), { nil: undefined }),
    key: fc.constantFrom('a:1', 'a:2', 'b', 'c:x:y'),
  });

  test('of every table add up to the whole', () => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1 }), (drawn) => {
        const statistics = new LogStatistics({ totalBytes: sum(drawn.map(({ bytes }) => bytes)) });
        let position = 0;
        for (const { key, ...rest } of drawn) {
          const keys = [{ key, bytes: rest.bytes, isWrite: true }];
          statistics.observe({ ...rest, position, keys });
          position += rest.bytes;
        }
        const { byCommand, byType, byDatabase, byPosition, byTime, untimedBytes, prefixes, hotKeys } = statistics;
        expect(statistics.bytes).toBe(position);
        expect(sum(byCommand.top().map(({ weight }) => weight))).toBe(position);
        expect(sum([...byType.values()].map(({ bytes }) => bytes))).toBe(position);
        expect(sum([...byDatabase.values()].map(({ bytes }) => bytes))).toBe(position);
        expect(sum(byPosition.buckets.map(({ bytes }) => bytes))).toBe(position);
        expect(untimedBytes + sum(byTime?.buckets.map(({ bytes }) => bytes) ?? [])).toBe(position);
        expect(prefixes.root.weight).toBe(position);
        expect(sum(hotKeys.top().map(({ weight }) => weight))).toBe(drawn.length);
        for (const bucket of byPosition.buckets) expect(sum(bucket.prefixes.values())).toBe(bucket.bytes);
      }),
    );
  });

  test('tell keys of databases apart', () => {
    const statistics = new LogStatistics({ totalBytes: 10 });
    const rest = { command: 'SET', type: 'string', timeSec: undefined, bytes: 1, position: 0 };
    for (const database of [0, 3, 3]) {
      statistics.observe({ ...rest, database, keys: [{ key: 'a b', bytes: 1, isWrite: true }] });
    }
    expect(statistics.hotKeys.top().map((key) => [keyOf(key), key.weight])).toEqual([
      [{ database: 3, key: 'a b' }, 2],
      [{ database: 0, key: 'a b' }, 1],
    ]);
  });

  test('hold a bounded number of databases', () => {
    const statistics = new LogStatistics({ totalBytes: 10 });
    const rest: Omit<Observation, 'database'> = {
      command: 'SELECT',
      type: 'none',
      timeSec: undefined,
      bytes: 1,
      position: 0,
      keys: [],
    };
    for (let database = 0; database < 2000; database++) statistics.observe({ ...rest, database });
    expect(statistics.byDatabase.size).toBe(1025);
    expect(statistics.byDatabase.get(OTHER_DATABASES)?.bytes).toBe(2000 - 1024);
  });
});
