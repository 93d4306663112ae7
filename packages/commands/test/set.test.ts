/** Differential and unit tests of the set commands; those on several sets are in set-algebra.test.ts. */
import { describe, expect, test } from 'vitest';
import { differential } from './differential.ts';
import { LocalServer } from './local-server.ts';
import { textsOf } from './reply-tree.ts';

/** `count` members from number `from` on, every `step`-th. */
const some = (prefix: string, from: number, count: number, step = 1): string =>
  Array.from({ length: count }, (_, n) => `${prefix}${from + n * step}`).join(' ');

differential('SADD, SREM and membership', {
  'members of all kinds': `
    SADD t a b c a
    SADD t a
    SADD t 1 2 3 01 +1 -0 9223372036854775807 -9223372036854775808 9223372036854775808
    SADD t "" "\\x00\\xff\\r\\n" " "
    SMEMBERS t
    SCARD t
    SCARD missing
    SISMEMBER t a
    SISMEMBER t A
    SISMEMBER t ""
    SISMEMBER t 1
    SISMEMBER t 01
    SISMEMBER missing a
    SMISMEMBER t a x 1 1
    SMISMEMBER missing a b
    SREM t a x a
    SREM t x
    SREM missing a
    SMEMBERS t
    sAdD t q
    SMEMBERS missing`,
  'integers only': `
    SADD t 5 -1 300 70000 -70000 9223372036854775807 -9223372036854775808
    SMEMBERS t
    OBJECT ENCODING t
    SREM t 300 9223372036854775807
    SISMEMBER t 300
    SISMEMBER t -70000
    SADD t 4294967296 -4294967297 9007199254740993 -9007199254740993 9007199254740993
    SMEMBERS t
    SADD t x
    SMEMBERS t`,
  'a set that is empty goes': `
    SADD t a b
    SREM t a b c
    EXISTS t
    SADD t 1
    SREM t 1 1
    EXISTS t
    SADD t a
    SPOP t
    EXISTS t`,
  'many members at once': `
    SADD t ${some('m', 0, 100)}
    SREM t ${some('m', 1, 40, 2)} m1 x m3 ${some('m', 95, 20)}
    SMEMBERS t
    SREM t ${some('x', 0, 30)}
    SADD i ${some('', -50, 100)}
    SREM i ${some('', 30, 40, -3)} x 01 ${some('', 45, 20)}
    SMEMBERS i
    SREM i ${some('', -50, 100)}
    EXISTS i
    SREM t ${some('m', 0, 100)}
    EXISTS t`,
  'the expiry stays': `
    SADD t a
    EXPIRE t 1000
    SADD t b
    SREM t a
    TTL t`,
  'other types': `
    RPUSH l a
    SADD l a
    SREM l a
    SISMEMBER l a
    SMISMEMBER l a
    SCARD l
    SMEMBERS l
    SPOP l
    SPOP l 0
    SPOP l -1
    SPOP l x
    SRANDMEMBER l
    SRANDMEMBER l 0
    SRANDMEMBER l x
    SSCAN l 0
    SSCAN l x
    SSCAN l 0 COUNT 0
    SMOVE l t a
    SMOVE missing l a
    SADD t a
    SMOVE t l a
    SMOVE t l missing
    SMEMBERS t`,
  'numbers of arguments': `
    SADD t
    SADD
    SREM t
    SISMEMBER t
    SISMEMBER t a b
    SMISMEMBER t
    SCARD
    SCARD t t
    SMEMBERS
    SMEMBERS t t
    SPOP
    SPOP t 1 2
    SRANDMEMBER
    SRANDMEMBER t 1 2
    SMOVE t u
    SMOVE t u a b
    SSCAN t
    SSCAN`,
});

differential('SMOVE', {
  'from one to another': `
    SADD t a b 1
    SADD u 1 2
    SMOVE t u a
    SMOVE t u missing
    SMOVE t u 1
    SMOVE t new b
    EXISTS t
    SMEMBERS u
    SMEMBERS new
    SMOVE t u a
    SMOVE new new b
    SMOVE new new x
    SMOVE missing other b
    SMOVE new missing x`,
  'expired keys': `
    SADD t a
    SADD u a
    PEXPIRE t 10
    PEXPIRE u 10
    sleep 30
    SMOVE t u a
    EXISTS t u`,
});

differential(
  'SPOP',
  {
    'what is left when all go is logged as DEL': `
      SADD t a b c
      SPOP t 3
      SADD t 1 2 3
      SPOP t 100
      EXISTS t
      SPOP t 5
      SPOP t
      SPOP missing 0`,
    'one is logged as SREM': `
      SADD t a
      SPOP t
      SADD t 1
      SPOP t
      MULTI
      SADD t x
      SPOP t
      SADD t y
      SPOP t 1
      EXEC`,
    counts: `
      SADD t a b c
      SPOP t 0
      SPOP t -1
      SPOP t x
      SPOP t 1.5
      SPOP t ""
      SPOP t 9223372036854775808
      SPOP missing -1
      SPOP missing x
      SPOP t 9223372036854775807
      EXISTS t`,
    'an expiry stays': `
      SADD t a b c d e f
      EXPIRE t 1000
      SADD t a
      TTL t`,
  },
  { rules: { spop: 'unordered' } },
);

differential(
  'SPOP of some and SRANDMEMBER',
  {
    counts: `
      SADD t a b c d e f g h
      SPOP t 3
      SCARD t
      SPOP t 4
      SCARD t
      SADD i 1 2 3 4 5 6 7 8 9
      SPOP i
      SPOP i 2
      SPOP i 5
      SCARD i`,
    'at random': `
      SADD t a b c
      SRANDMEMBER t
      SRANDMEMBER t 2
      SRANDMEMBER t 3
      SRANDMEMBER t 10
      SRANDMEMBER t 0
      SRANDMEMBER t -5
      SRANDMEMBER t -1
      SRANDMEMBER t 1
      SRANDMEMBER t x
      SRANDMEMBER t -9223372036854775808
      SRANDMEMBER t 9223372036854775807
      SRANDMEMBER t 9223372036854775808
      SRANDMEMBER missing
      SRANDMEMBER missing 5
      SRANDMEMBER missing -5
      SRANDMEMBER missing 0
      SRANDMEMBER missing x
      SMEMBERS t`,
  },
  { comparesData: false, comparesLog: false },
);

differential('SSCAN', {
  'small sets at once': `
    SADD t a b ab abc
    SSCAN t 0
    SSCAN t 0 MATCH a*
    SSCAN t 0 MATCH *
    SSCAN t 0 COUNT 1
    SSCAN t 0 MATCH x*
    SSCAN t 7
    SSCAN t -1
    SSCAN t x
    SSCAN t 1.5
    SSCAN t 18446744073709551615
    SSCAN t 18446744073709551616
    SSCAN t 0 COUNT 0
    SSCAN t 0 COUNT -1
    SSCAN t 0 COUNT x
    SSCAN t 0 COUNT
    SSCAN t 0 FOO 1
    SSCAN t 0 TYPE set
    SSCAN t 0 MATCH a* COUNT 100
    SSCAN missing 0 COUNT 0
    SSCAN missing 0 FOO
    SSCAN missing x
    SADD i 1 2 10 20
    SSCAN i 0 MATCH 1*`,
});

function encoding(local: LocalServer, name = 't'): string | undefined {
  return local.ask(['OBJECT', 'ENCODING', name]).text;
}

describe('encodings are those of Redis 7.2, which the 7.0 of the other tests lacks', () => {
  const integers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(from + i));

  test('SADD', () => {
    const local = new LocalServer();
    local.run(0, ['SADD', 't', ...integers(512)]);
    expect(encoding(local)).toBe('intset');
    local.run(0, ['SADD', 't', '1', '600']);
    expect(encoding(local)).toBe('hashtable');
    local.run(0, ['SADD', 'u', ...integers(127), 'x']);
    expect(encoding(local, 'u')).toBe('listpack');
    local.run(0, ['SADD', 'u', 'y']);
    expect(encoding(local, 'u')).toBe('hashtable');
    local.run(0, ['SADD', 'v', 'x'.repeat(64)]);
    expect(encoding(local, 'v')).toBe('listpack');
    local.run(0, ['SADD', 'v', 'x'.repeat(65)]);
    expect(encoding(local, 'v')).toBe('hashtable');
    local.run(0, ['SADD', 'w', ...Array.from({ length: 129 }, () => 'same')]);
    expect(encoding(local, 'w')).toBe('hashtable');
    local.run(0, ['SADD', 'i', ...integers(128)]);
    local.run(0, ['SADD', 'i', 'x']);
    expect(encoding(local, 'i')).toBe('hashtable');
  });

  test('what is stored has the smallest that fits', () => {
    const local = new LocalServer();
    local.run(0, ['SADD', 'big', ...integers(400), 'x']);
    local.run(0, ['SADD', 'i', ...integers(300)]);
    local.run(0, ['SADD', 'mixed', '1', '2', 'x']);
    local.run(0, ['SINTERSTORE', 't', 'big', 'i']);
    expect(encoding(local)).toBe('intset');
    local.run(0, ['SINTERSTORE', 't', 'big', 'mixed']);
    expect(encoding(local)).toBe('listpack');
    local.run(0, ['SUNIONSTORE', 't', 'i', 'mixed']);
    expect(encoding(local)).toBe('hashtable');
    local.run(0, ['SUNIONSTORE', 't', 'i', 'i']);
    expect(encoding(local)).toBe('intset');
    local.run(0, ['SDIFFSTORE', 't', 'big', 'i']);
    expect(encoding(local)).toBe('listpack');
  });

  test('SPOP of most of a large set leaves a small one', () => {
    const local = new LocalServer();
    local.run(0, ['SADD', 't', ...integers(600, 1000).map((text) => `m${text}`)]);
    local.run(0, ['SPOP', 't', '590']);
    expect(encoding(local)).toBe('listpack');
    expect(local.run(0, ['SCARD', 't'])).toBe(':10\r\n');
  });
});

describe('the records of SPOP', () => {
  test('name what went, at most 1024 a record', () => {
    const local = new LocalServer();
    const all = Array.from({ length: 3000 }, (_, i) => `m${i}`);
    local.run(0, ['SADD', 't', ...all]);
    local.records.length = 0;
    const popped = textsOf(local.ask(['SMEMBERS', 't']));
    local.run(0, ['SPOP', 't', '2500']);
    const left = new Set(textsOf(local.ask(['SMEMBERS', 't'])));
    const sizes = local.records.map(({ args }) => args.length);
    expect(sizes).toEqual([1, 1026, 1026, 454, 1]);
    expect(local.records[1].args.slice(0, 2)).toEqual(['SREM', 't']);
    const named = local.records.slice(1, -1).flatMap(({ args }) => args.slice(2));
    expect(named.sort()).toEqual(popped.filter((text) => !left.has(text)).sort());
  });

  test('name the member of a single one', () => {
    const local = new LocalServer();
    local.run(0, ['SADD', 't', 'a', 'b']);
    const reply = local.run(0, ['SPOP', 't']);
    const member = reply.split('\r\n')[1];
    expect(local.records.at(-1)?.args).toEqual(['SREM', 't', member]);
  });
});

test('dirty counts members as Redis does', () => {
  const local = new LocalServer();
  // The differences of rdb_changes_since_last_save on redis-server 7.0.15.
  const steps: [string, number][] = [
    ['SADD t a b c d e f 1 2 a', 8],
    ['SADD t a', 0],
    ['SREM t a b x', 2],
    ['SREM t x', 0],
    ['SMOVE t u c', 2],
    ['SADD u d', 1],
    ['SMOVE t u d', 1],
    ['SMOVE t u x', 0],
    ['SMOVE t t e', 0],
    ['SINTERSTORE x t u', 0],
    ['SUNIONSTORE x t u', 1],
    ['SDIFFSTORE x x x', 1],
    ['SPOP t', 1],
    ['SPOP t 2', 2],
    ['SPOP t 0', 0],
    ['SPOP t 100', 1],
    ['SPOP t 100', 0],
  ];
  for (const [line, expected] of steps) {
    const before = local.keyspace.dirty;
    local.run(0, line.split(' '));
    expect(local.keyspace.dirty - before, line).toBe(expected);
  }
});
