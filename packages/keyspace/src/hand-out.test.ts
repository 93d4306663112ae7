import { expect, test } from 'vitest';
import { handOutAll } from './hand-out.ts';
import { Keyspace } from './keyspace.ts';
import { type LargeEntry, Snapshot, type SnapshotSink } from './snapshot.ts';
import { HashValue } from './values/hash.ts';
import { ListValue } from './values/list.ts';
import { SetValue } from './values/set.ts';
import { SortedSetValue } from './values/sorted-set.ts';
import { defaultThresholds } from './values/thresholds.ts';
import type { Value } from './values/value.ts';

const thresholds = defaultThresholds();
const NOW_MS = 1_000_000;
const PIECE = 100;

/** Counts elements; large values come in pieces. */
class Counter implements SnapshotSink {
  readonly acceptsBetween = false;
  readonly sizes = new Map<string, number>();
  readonly pieces = new Map<string, number>();

  writeValue(database: number, key: string, value: Value): void {
    this.#add(`${database} ${key}`, typeof value === 'string' || value.type === 'string' ? 1 : sizeOf(value));
  }

  writePiece({ database, key, content }: LargeEntry): boolean {
    const name = `${database} ${key}`;
    this.pieces.set(name, (this.pieces.get(name) ?? 0) + 1);
    if (content.type === 'string' || content.type === 'stream') throw new Error('not among the samples');
    for (let i = 0; i < PIECE; i++) {
      if (content.items.next().done) return true;
      this.#add(name, 1);
    }
    return false;
  }

  #add(name: string, count: number): void {
    this.sizes.set(name, (this.sizes.get(name) ?? 0) + count);
  }
}

function sizeOf(value: Exclude<Value, string>): number {
  if (value.type === 'list' || value.type === 'stream') return value.length;
  return value.type === 'string' ? 1 : value.size;
}

function sample(): { readonly keyspace: Keyspace; readonly sizes: ReadonlyMap<string, number> } {
  const keyspace = new Keyspace({ random: () => 0.5, databaseCount: 3 });
  keyspace.nowMs = NOW_MS;
  const [first, , last] = keyspace.databases;
  const sizes = new Map<string, number>();
  for (const size of [1, 5, 5000]) {
    const items = Array.from({ length: size }, (_, i) => `item ${i}`);
    const pairs = items.map((item): [string, string] => [item, item]);
    first?.set(`list${size}`, ListValue.of(items, -2));
    first?.set(`set${size}`, SetValue.of(items, thresholds));
    first?.set(`hash${size}`, HashValue.of(pairs, thresholds));
    const scored = items.map((member, score) => ({ member, score }));
    first?.set(`zset${size}`, SortedSetValue.of(scored, thresholds));
    for (const type of ['list', 'set', 'hash', 'zset']) sizes.set(`0 ${type}${size}`, size);
  }
  last?.set('string', 'x');
  last?.set('expired', 'x');
  last?.setExpire('expired', NOW_MS - 1);
  last?.set('expires', 'x');
  last?.setExpire('expires', NOW_MS + 1);
  sizes.set('2 string', 1).set('2 expires', 1);
  return { keyspace, sizes };
}

test('everything that has not expired is handed out once, large collections in pieces', () => {
  const { keyspace, sizes } = sample();
  const sink = new Counter();
  handOutAll(keyspace, { nowMs: NOW_MS, sink });
  expect(sink.sizes).toEqual(sizes);
  expect([...sink.pieces.keys()].sort()).toEqual(['0 hash5000', '0 list5000', '0 set5000', '0 zset5000']);
  expect(sink.pieces.get('0 set5000')).toBe(5000 / PIECE + 1);
});

/** Takes strings as bytes where they come so. */
class ByteCounter extends Counter {
  readonly strings = new Map<string, string>();

  writeStringBytes(
    database: number,
    bytes: Uint8Array,
    keyStart: number,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
  ): void {
    const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1');
    this.strings.set(`${database} ${text(keyStart, valueStart)}`, `${text(valueStart, valueEnd)} ${expireAtMs}`);
  }
}

test('whoever takes bytes gets strings so, those in slots that have not expired', () => {
  const { keyspace } = sample();
  const long = 'x'.repeat(20_000);
  keyspace.databases[1]?.set('long', long);
  const sink = new ByteCounter();
  handOutAll(keyspace, { nowMs: NOW_MS, sink });
  expect([...sink.strings].sort()).toEqual([
    ['2 expires', `x ${NOW_MS + 1}`],
    ['2 string', 'x -1'],
  ]);
  expect(sink.sizes.get('1 long')).toBe(1);
  expect(sink.sizes.has('2 string')).toBe(false);
});

test('a snapshot that is open does not notice', () => {
  const { keyspace, sizes } = sample();
  const slow = new Counter();
  const snapshot = new Snapshot(keyspace, { nowMs: NOW_MS, sink: slow });
  let isDone = false;
  for (let turn = 0; !isDone; turn++) {
    isDone = snapshot.copy(() => true);
    if (turn % 5 > 0) continue;
    const sink = new Counter();
    handOutAll(keyspace, { nowMs: NOW_MS, sink });
    expect(sink.sizes).toEqual(sizes);
  }
  expect(slow.sizes).toEqual(sizes);
});
