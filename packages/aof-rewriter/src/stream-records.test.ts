import { defaultThresholds, StreamValue } from '@aof/keyspace';
import { expect, test } from 'vitest';
import { streamRecords } from './stream-records.ts';

const thresholds = defaultThresholds();

/** Records as lines. */
function linesOf(stream: StreamValue): string[] {
  return [...streamRecords('k', stream)].map((record) => record.join(' '));
}

test('a stream is its entries, its counters, its groups with their consumers and what is pending for them', () => {
  const stream = new StreamValue();
  stream.append({ ms: 1, seq: 1 }, ['a', '1'], thresholds);
  stream.append({ ms: 2, seq: 1 }, ['a', '2', 'b', ''], thresholds);
  stream.append({ ms: 3, seq: 2n ** 64n - 1n }, ['c', '3'], thresholds);
  stream.delete({ ms: 1, seq: 1 });
  const late = stream.addGroup('late', { ms: 0, seq: 0 }, -1);
  const group = stream.addGroup('early', { ms: 3, seq: 2n ** 64n - 1n }, 3);
  late.addConsumer('idle', 5);
  for (const name of ['two', 'one', 'none']) group.addConsumer(name, 5);
  group.deliver({ ms: 2, seq: 1, consumer: 'two', deliveredAtMs: 1_700_000_000_000, deliveryCount: 4 });
  group.deliver({ ms: 3, seq: 2n ** 64n - 1n, consumer: 'one', deliveredAtMs: 7, deliveryCount: 1 });
  expect(linesOf(stream)).toEqual([
    'XADD k 2-1 a 2 b ',
    'XADD k 3-18446744073709551615 c 3',
    'XSETID k 3-18446744073709551615 ENTRIESADDED 3 MAXDELETEDID 1-1',
    'XGROUP CREATE k early 3-18446744073709551615 ENTRIESREAD 3',
    'XGROUP CREATECONSUMER k early none',
    'XCLAIM k early one 0 3-18446744073709551615 TIME 7 RETRYCOUNT 1 JUSTID FORCE',
    'XCLAIM k early two 0 2-1 TIME 1700000000000 RETRYCOUNT 4 JUSTID FORCE',
    'XGROUP CREATE k late 0-0 ENTRIESREAD -1',
    'XGROUP CREATECONSUMER k late idle',
  ]);
});

test('a stream without entries is made and emptied', () => {
  const stream = new StreamValue();
  stream.append({ ms: 5, seq: 5 }, ['a', '1'], thresholds);
  stream.trim({ maxLength: 0 }, false, 0);
  expect(linesOf(stream)).toEqual(['XADD k MAXLEN 0 0-1 x y', 'XSETID k 5-5 ENTRIESADDED 1 MAXDELETEDID 0-0']);
});
