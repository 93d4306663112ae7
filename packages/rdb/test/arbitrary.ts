/** Entries at random: every type, sizes around every threshold. */
import fc from 'fast-check';
import type { HashField, RdbKeyHead, RdbValue, ScoredPair, StreamGroup, StreamValue } from '../src/index.ts';

export type Key = RdbKeyHead & RdbValue;

const integerText = fc.oneof(
  fc.integer({ min: -200, max: 200 }).map(String),
  fc.integer().map(String),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
);
const byteText = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const compressibleText = fc
  .tuple(fc.constantFrom('abc', 'x', '\0\xff'), fc.integer({ min: 5, max: 300 }))
  .map(([text, times]) => text.repeat(times));

export const text = fc.oneof(
  { weight: 4, arbitrary: byteText(12) },
  { weight: 4, arbitrary: integerText },
  { weight: 1, arbitrary: byteText(90) },
  { weight: 1, arbitrary: compressibleText },
);

/** Mostly a few, sometimes more than fit a small encoding. */
function many<T>(element: fc.Arbitrary<T>, large: number): fc.Arbitrary<T[]> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.array(element, { minLength: 1, maxLength: 10 }) },
    { weight: 1, arbitrary: fc.array(element, { minLength: large - 2, maxLength: large + 2, size: 'max' }) },
  );
}

function distinct<T>(items: readonly T[], name: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [name(item), item])).values()];
}

const score = fc.oneof(
  fc.integer({ min: -10, max: 10 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e300, 5e-324, 2 ** 53, 1e18, 1e21),
);

const timeMs = fc.integer({ min: 0, max: 2 ** 47 });
const idPart = fc.oneof(fc.nat(20), fc.bigInt(0n, 2n ** 64n - 1n));
const streamId = fc.tuple(idPart, idPart).map(([milliseconds, sequence]) => `${milliseconds}-${sequence}`);

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  const [a, b] = [one.id, other.id].map((id) => {
    const [milliseconds, sequence] = id.split('-').map(BigInt);
    return (milliseconds << 64n) + sequence;
  });
  return a < b ? -1 : a > b ? 1 : 0;
}

const group: fc.Arbitrary<StreamGroup> = fc
  .record({
    name: text,
    lastId: streamId,
    entriesRead: fc.oneof(fc.constant(-1), fc.nat()),
    consumers: fc.array(fc.record({ name: text, seenTimeMs: timeMs, activeTimeMs: timeMs }), { maxLength: 3 }),
    pending: fc.array(
      fc.record({ id: streamId, owner: fc.nat(), deliveryTimeMs: timeMs, deliveryCount: fc.nat(1000) }),
      { maxLength: 5 },
    ),
  })
  .map(({ consumers: all, pending, ...rest }) => {
    const consumers = distinct(all, ({ name }) => name).map((consumer) => ({ ...consumer }));
    const owned = consumers.length === 0 ? [] : distinct(pending, ({ id }) => id).sort(byId);
    return {
      ...rest,
      consumers,
      pending: owned.map(({ owner, ...entry }) => ({ ...entry, consumer: consumers[owner % consumers.length].name })),
    };
  });

const streamFields = fc.oneof(
  fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }),
  fc.tuple(text, text).map(([a, b]): [string, string][] => [
    ['temperature', a],
    ['humidity', b],
  ]),
);

export const stream: fc.Arbitrary<StreamValue> = fc
  .record({
    entries: many(fc.record({ id: streamId, fields: streamFields }), 102),
    isEmpty: fc.boolean(),
    lastId: streamId,
    maxDeletedId: fc.oneof(fc.constant('0-0'), streamId),
    entriesAdded: fc.nat(),
    groups: fc.array(group, { maxLength: 2 }),
  })
  .map(({ entries: all, isEmpty, groups, ...rest }) => {
    const entries = isEmpty
      ? []
      : distinct(all, ({ id }) => id)
          .filter(({ id }) => id !== '0-0')
          .sort(byId)
          .map(({ id, fields }) => ({ id, fields: fields.flat() }));
    return {
      ...rest,
      entries,
      firstId: entries.at(0)?.id ?? '0-0',
      groups: distinct(groups, ({ name }) => name),
    };
  });

const hash = many(fc.tuple(text, text), 128).map((fields): HashField[] => distinct(fields, ([field]) => field));
const expiringHash = fc
  .tuple(hash, fc.array(fc.oneof(fc.constant(undefined), timeMs), { minLength: 1 }))
  .map(([fields, times]): HashField[] =>
    fields.map(([field, value], i): HashField => {
      const expireAtMs = times[i % times.length];
      return expireAtMs === undefined ? [field, value] : [field, value, expireAtMs];
    }),
  );

export const value: fc.Arbitrary<RdbValue> = fc.oneof(
  text.map((value): RdbValue => ({ type: 'string', value })),
  many(text, 900).map((value): RdbValue => ({ type: 'list', value })),
  many(text, 128).map((members): RdbValue => ({ type: 'set', value: [...new Set(members)] })),
  many(integerText, 512).map((members): RdbValue => ({ type: 'set', value: [...new Set(members)] })),
  many(fc.tuple(text, score), 128).map((pairs): RdbValue => {
    const value: ScoredPair[] = distinct(pairs, ([member]) => member);
    return { type: 'zset', value };
  }),
  hash.map((value): RdbValue => ({ type: 'hash', value })),
  expiringHash.map((value): RdbValue => ({ type: 'hash', value })),
  stream.map((value): RdbValue => ({ type: 'stream', value })),
);

export const key: fc.Arbitrary<Key> = fc
  .record({
    database: fc.nat(3),
    key: text,
    expireAtMs: fc.oneof(fc.constant(-1), timeMs),
    usage: fc.oneof(
      fc.constant({}),
      fc.record({ idleSec: fc.nat() }),
      fc.record({ frequency: fc.nat(255) }),
      fc.record({ idleSec: fc.nat(), frequency: fc.nat(255) }),
    ),
    value,
  })
  .map(({ value: typed, usage, ...head }) => ({ ...head, ...usage, ...typed }));

/** Keys of which none comes twice in a database. */
export const keys: fc.Arbitrary<Key[]> = fc
  .array(key, { maxLength: 6 })
  .map((all) =>
    distinct(all, ({ database, key: name }) => `${database}:${name}`).sort((a, b) => a.database - b.database),
  );
