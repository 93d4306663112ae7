/** Differential and unit tests of the hash commands. */
import { describe, expect, test } from 'vitest';
import { differential, differentialGenerated } from './differential.ts';
import { integer, key, literal, OTHER_TYPES, oneOf, optional, repeated, sequence, value, word } from './generator.ts';
import { LocalServer } from './local-server.ts';
import { readReply } from './reply-tree.ts';

const MANY = Array.from({ length: 600 }, (_, n) => `f${n} v${n}`).join(' ');

differential('setting and reading fields', {
  'hset and hmset': `
    HSET h a 1 b 2
    HSET h a 3 c 4
    HSET h a 5
    HMSET h d 6 a 7
    HGET h a
    HGET h nope
    HGET missing a
    HMGET h a nope c a
    HMGET missing a b
    HGETALL h
    HKEYS h
    HVALS h
    HGETALL missing
    HKEYS missing
    HVALS missing
    HLEN h
    HLEN missing
    HSET h "" ""
    HSET h "\\x00\\xff" "\\r\\n"
    HGET h ""
    HSTRLEN h "\\x00\\xff"
    HSTRLEN h nope
    HSTRLEN missing a
    HEXISTS h a
    HEXISTS h nope
    HEXISTS missing a
    HSET h x 1 x 2 x 3
    HGET h x`,
  'hsetnx and hdel': `
    HSETNX h a 1
    HSETNX h a 2
    HGET h a
    HDEL h nope
    HDEL missing a
    HDEL h a a b
    EXISTS h
    HSET h a 1 b 2 c 3
    EXPIRE h 1000
    HDEL h a nope c
    TTL h
    HSET h d 4
    TTL h
    HDEL h b d x
    EXISTS h`,
  'hdel of many fields': `
    HSET h ${MANY.slice(0, MANY.indexOf(' f120 '))}
    HDEL h ${Array.from({ length: 40 }, (_, n) => `f${n * 3}`).join(' ')} f0 x f3
    HGETALL h
    HDEL h ${Array.from({ length: 120 }, (_, n) => `f${n}`).join(' ')}
    EXISTS h`,
  'wrong types and arities': `
    SET s x
    HSET s a 1
    HSET s a
    HSET h a 1 b
    HMSET h a
    HMSET h a 1 b
    HMSET s a 1
    HSETNX s a 1
    HGET s a
    HMGET s a b
    HGETALL s
    HKEYS s
    HVALS s
    HLEN s
    HSTRLEN s a
    HEXISTS s a
    HDEL s a
    HGET h
    HMGET h
    HDEL h
    HSETNX h a
    HLEN`,
  'many fields and long ones': `
    HSET h ${MANY}
    HLEN h
    HSET h f5 again
    HGET h f5
    HGET h f599
    HDEL h f0 f1 f2
    HLEN h
    HSET long ${'f'.repeat(65)} v
    HSET long f ${'v'.repeat(65)}
    HSTRLEN long f
    HGETALL long`,
});

differential('counting', {
  hincrby: `
    HINCRBY h n 5
    HINCRBY h n -7
    HINCRBY h n 0
    HSET h big 9223372036854775806
    HINCRBY h big 1
    HINCRBY h big 1
    HINCRBY h big -9223372036854775808
    HSET h small -9223372036854775808
    HINCRBY h small -1
    HINCRBY h small 9223372036854775807
    HSET h edge 9007199254740991
    HINCRBY h edge 2
    HINCRBY h n x
    HINCRBY h n 1.5
    HINCRBY h n 9223372036854775808
    HSET h t abc e "" z 01 p +1 m -0 f 1.0 sp " 1"
    HINCRBY h t 1
    HINCRBY h e 1
    HINCRBY h z 1
    HINCRBY h p 1
    HINCRBY h m 1
    HINCRBY h f 1
    HINCRBY h sp 1
    HINCRBY new f 1
    HGETALL h
    SET s x
    HINCRBY s f x
    HINCRBY s f 1
    EXPIRE h 1000
    HINCRBY h n 1
    TTL h`,
  hincrbyfloat: `
    HINCRBYFLOAT h f 10.5
    HINCRBYFLOAT h f 0.1
    HINCRBYFLOAT h f -10.6
    HINCRBYFLOAT h f 3.0e3
    HINCRBYFLOAT h f 1e-5
    HINCRBYFLOAT h f 0x10
    HINCRBYFLOAT h f 0
    HINCRBYFLOAT h f 1e4000
    HINCRBYFLOAT h f abc
    HINCRBYFLOAT h f ""
    HINCRBYFLOAT h f " 1"
    HINCRBYFLOAT h f nan
    HINCRBYFLOAT h f inf
    HINCRBYFLOAT h f -Infinity
    HINCRBYFLOAT h f 1e99999
    HSET h t abc i inf e "" n 5
    HINCRBYFLOAT h t 1
    HINCRBYFLOAT h i 1
    HINCRBYFLOAT h e 1
    HINCRBYFLOAT h n 1.5
    HINCRBYFLOAT new f 1
    HINCRBYFLOAT new2 f nan
    EXISTS new2
    SET s x
    HINCRBYFLOAT s f x
    HINCRBYFLOAT s f inf
    HINCRBYFLOAT s f 1
    HSET h max 1.18973149535723176502e4932
    HINCRBYFLOAT h max 1.18973149535723176502e4932
    hincrbyfloat h f 1.25`,
  'in transactions and other databases': `
    MULTI
    HINCRBYFLOAT h f 1.5
    HSETNX h f 1
    HDEL h nope
    HINCRBY h n 1
    EXEC
    SELECT 3
    HINCRBYFLOAT h f 0.5
    MULTI
    HSETNX h f 1
    EXEC`,
});

differential('portions and random fields', {
  hscan: `
    HSET h a 1 b 2 c 3
    HSCAN h 0
    HSCAN h 0 COUNT 1
    HSCAN h 0 MATCH a*
    HSCAN h 0 MATCH [bc] COUNT 100
    HSCAN h 0 MATCH nope
    HSCAN h 17
    HSCAN missing 0
    HSCAN missing 0 FOO
    HSCAN h x
    HSCAN h ""
    HSCAN h -1
    HSCAN h 0 FOO
    HSCAN h 0 COUNT
    HSCAN h 0 COUNT 0
    HSCAN h 0 COUNT -1
    HSCAN h 0 COUNT x
    HSCAN h 0 TYPE hash
    HSCAN h 18446744073709551616
    SET s x
    HSCAN s x
    HSCAN s 0 FOO
    HSCAN s 0
    HSET big ${MANY}
    HSCAN big 0 COUNT 10000
    HSCAN big 0 COUNT 10000 MATCH f1*`,
  hrandfield: `
    HRANDFIELD missing
    HRANDFIELD missing 1
    HRANDFIELD missing 1 WITHVALUES
    HRANDFIELD missing -1 FOO
    HSET h a 1
    HRANDFIELD h
    HRANDFIELD h 0
    HRANDFIELD h 1
    HRANDFIELD h 5 WITHVALUES
    HRANDFIELD h -3
    HRANDFIELD h -2 withvalues
    HRANDFIELD h 0 WITHVALUES
    HRANDFIELD h x
    HRANDFIELD h x FOO
    HRANDFIELD h 1 FOO
    HRANDFIELD h 1 WITHVALUES x
    HRANDFIELD h -9223372036854775808
    HRANDFIELD h -9223372036854775808 FOO
    HRANDFIELD h 9223372036854775807
    HRANDFIELD h 9223372036854775807 WITHVALUES
    HRANDFIELD h -9223372036854775807 WITHVALUES
    HRANDFIELD h 9223372036854775808
    SET s x
    HRANDFIELD s
    HRANDFIELD s 1
    HRANDFIELD s x`,
  'hrandfield among many': `
    HSET h a 1 b 2 c 3 d 4
    HRANDFIELD h 3
    HRANDFIELD h 3 WITHVALUES
    HRANDFIELD h -10
    HRANDFIELD h -10 WITHVALUES
    HSET h ${MANY}
    HRANDFIELD h 3 WITHVALUES
    HRANDFIELD h 590
    HRANDFIELD h 700 WITHVALUES
    HRANDFIELD h -700 WITHVALUES`,
});

const hash = key('h');
const field = oneOf(literal('a', 'b', 'c', 'd', 'n'), literal('a', 'b'), value);
const number = oneOf(literal('0.1', '-0.5', '3.0e3', '1e-5', '100', '1.25', '-1e3', '0x1p3'), integer(-5, 5));
const GRAMMAR = {
  hset: [hash, repeated(sequence(field, oneOf(value, integer(-9, 9))), 1, 4)],
  hmset: [hash, repeated(sequence(field, value), 1, 3)],
  hsetnx: [hash, field, value],
  hget: [hash, field],
  hmget: [hash, repeated(field, 1, 4)],
  hgetall: [hash],
  hkeys: [hash],
  hvals: [hash],
  hlen: [hash],
  hstrlen: [hash, field],
  hexists: [hash, field],
  hdel: [hash, repeated(field, 1, 4)],
  hincrby: [hash, field, integer(-1000, 1000)],
  hincrbyfloat: [hash, field, number],
  expire: [hash, literal('1000')],
  copy: [hash, hash],
};

differentialGenerated('hash commands', {
  grammar: GRAMMAR,
  prelude: [...OTHER_TYPES, ['SET', 's1', 'x'], ['HSET', 'h2', 'a', '1', 'b', 'x', 'n', '10']],
  steps: 60,
  scripts: 60,
  transactions: true,
});

/** Undamaged: damage could ask for more random fields than any server can answer. */
differentialGenerated('random fields and portions', {
  grammar: {
    hset: [hash, repeated(sequence(field, value), 1, 4)],
    hdel: [hash, field],
    hrandfield: [hash, optional(sequence(integer(-6, 6), optional(word('WITHVALUES'))))],
    hscan: [hash, literal('0'), optional(sequence(word('MATCH'), literal('*', 'a*', '[ab]', 'n')))],
  },
  steps: 40,
  scripts: 15,
  damaged: 0,
});

/** So many fields that hashes leave their small form. */
differentialGenerated('hash commands on large hashes', {
  grammar: {
    hset: [hash, repeated(sequence(integer(0, 400), integer(0, 99)), 20, 60)],
    hdel: [hash, repeated(integer(0, 400), 10, 30)],
    hincrby: [hash, integer(0, 400), integer(0, 99)],
    hget: [hash, integer(0, 400)],
    hmget: [hash, repeated(integer(0, 400), 1, 9)],
    hgetall: [hash],
    hscan: [hash, literal('0'), literal('COUNT'), literal('2000')],
  },
  steps: 60,
  scripts: 10,
  damaged: 0,
});

describe('HSCAN of a large hash', () => {
  test('meets every field once that stays, whatever is added and removed meanwhile', () => {
    const local = new LocalServer();
    const names = Array.from({ length: 3000 }, (_, n) => `field${n}`);
    for (const name of names) local.run(0, ['HSET', 'h', name, name]);
    const seen = new Map<string, number>();
    let cursor = '0';
    let calls = 0;
    do {
      const items = local.ask(['HSCAN', 'h', cursor, 'COUNT', '50']).items ?? [];
      cursor = items[0]?.text ?? '';
      const pairs = items[1]?.items ?? [];
      for (let i = 0; i < pairs.length; i += 2) {
        const name = pairs[i].text ?? '';
        expect(pairs[i + 1].text).toBe(name);
        seen.set(name, (seen.get(name) ?? 0) + 1);
      }
      calls++;
      for (let n = 0; n < 100; n++) local.run(0, ['HSET', 'h', `late${calls * 100 + n}`, `late${calls * 100 + n}`]);
      for (let n = 0; calls > 20 && n < 80; n++) local.run(0, ['HDEL', 'h', `late${(calls - 20) * 100 + n}`]);
    } while (cursor !== '0');
    expect(calls).toBeGreaterThan(30);
    expect(names.filter((name) => seen.get(name) !== 1)).toEqual([]);
  });
});

describe('HRANDFIELD', () => {
  test('answers different fields for a positive count, in RESP3 as pairs', () => {
    const local = new LocalServer(3);
    for (const size of [100, 1000]) {
      for (let n = 0; n < size; n++) local.run(0, ['HSET', 'h', `f${n}`, `v${n}`]);
      for (const count of [1, 10, size - 1, size + 10]) {
        const items = readReply(local.run(0, ['HRANDFIELD', 'h', String(count), 'WITHVALUES']), 0)?.tree.items ?? [];
        const fields = items.map((item) => item.items?.[0]?.text);
        expect(new Set(fields).size).toBe(Math.min(count, size));
        for (const item of items) expect(item.items?.[1]?.text).toBe(item.items?.[0]?.text?.replace('f', 'v'));
      }
    }
  });

  test('refuses a reply that no memory could hold', () => {
    const local = new LocalServer();
    local.run(0, ['HSET', 'h', 'f', 'v']);
    expect(local.run(0, ['HRANDFIELD', 'h', '-1000000000000'])).toBe('-ERR value is out of range\r\n');
  });
});

test('dirty counts fields as Redis does', () => {
  const local = new LocalServer();
  // The differences of rdb_changes_since_last_save on redis-server 7.0.15.
  const steps: [string, number][] = [
    ['HSET h a 1 b 2 c 3', 3],
    ['HSET h a 1 b 2', 2],
    ['HMSET h a 1 b 3', 2],
    ['HSETNX h a 1', 0],
    ['HSETNX h d 1', 1],
    ['HINCRBY h a 0', 1],
    ['HINCRBYFLOAT h a 1', 1],
    ['HDEL h a b zz', 2],
    ['HDEL h zz', 0],
    ['HDEL h c d', 2],
  ];
  for (const [line, dirty] of steps) {
    const before = local.keyspace.dirty;
    local.run(0, line.split(' '));
    expect([line, local.keyspace.dirty - before]).toEqual([line, dirty]);
  }
});
