/** Differential and unit tests of the list commands. */
import { describe, expect, test } from 'vitest';
import { differential, differentialGenerated } from './differential.ts';
import { integer, key, literal, OTHER_TYPES, oneOf, optional, repeated, sequence, value, word } from './generator.ts';
import { LocalServer } from './local-server.ts';
import type { ReplyTree } from './reply-tree.ts';

differential('pushes and pops', {
  'both ends': `
    RPUSH l a b c
    LPUSH l z y
    LRANGE l 0 -1
    LPOP l
    RPOP l
    lpop L
    LLEN l
    LLEN missing
    LPUSHX l x1 x2
    RPUSHX l x3
    LPUSHX missing a
    RPUSHX missing a
    EXISTS missing
    RPUSH l "" "\\x00\\xff\\r\\n"
    LRANGE l 0 -1`,
  'a list that is empty goes': `
    RPUSH l a
    LPOP l
    EXISTS l
    LPOP l
    RPOP l
    RPUSH l a b
    EXPIRE l 1000
    RPOP l 5
    EXISTS l
    RPUSH l a
    TTL l`,
  'with a count': `
    RPUSH l a b c d e f g
    LPOP l 2
    RPOP l 2
    LPOP l 0
    RPOP l 0
    LPOP l 100
    LPOP l 1
    LPOP l 0
    RPOP missing 1
    RPUSH l a b c
    LPOP l -1
    LPOP l abc
    LPOP l 1.5
    LPOP l 9223372036854775808
    LPOP l 1 2
    RPOP l 1 2
    LPOP l 9223372036854775807`,
  'many at once': `
    RPUSH l ${Array.from({ length: 120 }, (_, n) => (n % 7 === 0 ? 'x' : `e${n}`)).join(' ')}
    LPOP l 20
    RPOP l 30
    LREM l 3 x
    LREM l -2 x
    LTRIM l 5 -6
    LRANGE l 0 -1
    RPUSH l ${Array.from({ length: 2500 }, (_, n) => `element:${n}`).join(' ')}
    RPOP l 5
    LPOP l 5
    RPOP l 1100
    LPOP l 1100
    LRANGE l 0 -1
    RPOP l 1000
    EXISTS l`,
  'wrong types and arities': `
    SET s x
    LPUSH s a
    RPUSH s a
    LPUSHX s a
    RPUSHX s a
    LPOP s
    LPOP s 0
    LPOP s x
    RPOP s 1
    LLEN s
    LPUSH
    LPUSH l
    RPUSHX l
    LPOP
    LLEN l x`,
  'keep the expiry': `
    RPUSH l a b c
    EXPIRE l 1000
    LPUSH l x
    RPOP l
    TTL l`,
});

differential('reading lists', {
  lrange: `
    RPUSH l a b c d e
    LRANGE l 0 0
    LRANGE l 1 3
    LRANGE l -3 -2
    LRANGE l -100 100
    LRANGE l 3 1
    LRANGE l 5 10
    LRANGE l -1 -2
    LRANGE l 0 -6
    LRANGE l 4 9223372036854775807
    LRANGE l -9223372036854775808 0
    LRANGE l x 1
    LRANGE l 1 x
    LRANGE l 1
    LRANGE missing 0 -1
    SET s x
    LRANGE s 0 x
    LRANGE s 0 1`,
  lindex: `
    RPUSH l a b c
    LINDEX l 0
    LINDEX l -1
    LINDEX l -3
    LINDEX l 3
    LINDEX l -4
    LINDEX l x
    LINDEX missing x
    LINDEX l 9223372036854775807
    LINDEX l -9223372036854775808
    SET s x
    LINDEX s x`,
  lpos: `
    RPUSH l a b c a b c a
    LPOS l a
    LPOS l x
    LPOS l a RANK 2
    LPOS l a RANK -1
    LPOS l a RANK 4
    LPOS l a RANK -4
    LPOS l a COUNT 0
    LPOS l a COUNT 2
    LPOS l a COUNT 2 RANK -1
    LPOS l a COUNT 0 RANK 2
    LPOS l c MAXLEN 2
    LPOS l c MAXLEN 3
    LPOS l b RANK -1 MAXLEN 2
    LPOS l b RANK -1 MAXLEN 3 COUNT 0
    LPOS l a maxlen 0 count 0
    LPOS l x COUNT 1
    LPOS missing a
    LPOS missing a COUNT 1
    LPOS l a RANK 0
    LPOS l a RANK x
    LPOS l a COUNT -1
    LPOS l a COUNT x
    LPOS l a MAXLEN -1
    LPOS l a MAXLEN x
    LPOS l a COUNT
    LPOS l a FOO 1
    LPOS l a RANK 1 RANK -1
    SET s x
    LPOS s a FOO
    LPOS s a`,
});

differential('editing lists', {
  lset: `
    RPUSH l a b c
    LSET l 0 x
    LSET l -1 y
    LSET l 1 1
    LSET l 3 z
    LSET l -4 z
    LSET l x z
    LSET missing x z
    LRANGE l 0 -1
    SET s x
    LSET s x z`,
  linsert: `
    RPUSH l a b c b
    LINSERT l BEFORE a x
    LINSERT l after b y
    LINSERT l AFTER c z
    LINSERT l BEFORE nope y
    LINSERT l FOO a b
    LINSERT missing BEFORE a b
    LRANGE l 0 -1
    SET s x
    LINSERT s FOO a b
    LINSERT s BEFORE a b`,
  lrem: `
    RPUSH l a b a c a d a
    LREM l 1 a
    LREM l -1 a
    LRANGE l 0 -1
    LREM l 0 a
    LREM l 5 nope
    LREM l x a
    LREM l 0 b
    LREM l 0 c
    LREM l -9223372036854775807 d
    EXISTS l
    LREM missing 0 a
    SET s x
    LREM s x a
    LREM s 0 a`,
  ltrim: `
    RPUSH l a b c d e f
    LTRIM l 0 -1
    LTRIM l 1 -2
    LRANGE l 0 -1
    LTRIM l -2 100
    LTRIM l x 1
    LTRIM l 1 x
    LTRIM missing 0 0
    LRANGE l 0 -1
    LTRIM l 5 10
    EXISTS l
    RPUSH l a b
    LTRIM l 1 0
    EXISTS l
    SET s x
    LTRIM s 0 x
    LTRIM s 0 1`,
  'a trim that keeps everything is a change for who watches': `
    RPUSH l a b
    WATCH l
    2> LTRIM l 0 -1
    MULTI
    EXEC
    WATCH l
    2> LREM l 0 nope
    2> LSET l 9 x
    2> LINSERT l BEFORE nope x
    2> LPOP l 0
    MULTI
    EXEC`,
});

differential('moving elements', {
  lmove: `
    RPUSH l1 a b c d
    LMOVE l1 l2 LEFT RIGHT
    LMOVE l1 l2 right left
    LMOVE l1 l2 LEFT LEFT
    LMOVE l1 l2 RIGHT RIGHT
    EXISTS l1
    LMOVE l1 l2 LEFT RIGHT
    LRANGE l2 0 -1
    LMOVE l2 l2 LEFT RIGHT
    LMOVE l2 l2 LEFT LEFT
    LRANGE l2 0 -1
    RPUSH one a
    EXPIRE one 1000
    LMOVE one one LEFT RIGHT
    TTL one
    SET s x
    LMOVE s l2 LEFT RIGHT
    LMOVE l2 s LEFT RIGHT
    LMOVE missing s LEFT RIGHT
    LMOVE l2 l1 FOO LEFT
    LMOVE l2 l1 LEFT FOO
    LMOVE l2 l1 LEFT`,
  rpoplpush: `
    RPUSH l1 a b c
    RPOPLPUSH l1 l2
    RPOPLPUSH l1 l1
    RPOPLPUSH missing l1
    SET s x
    RPOPLPUSH l1 s
    RPOPLPUSH s l1
    LRANGE l1 0 -1
    LRANGE l2 0 -1`,
  lmpop: `
    RPUSH l1 a b c d e
    RPUSH l2 x y
    LMPOP 2 missing l1 LEFT
    LMPOP 2 missing l1 RIGHT COUNT 2
    LMPOP 1 l1 left count 100
    LMPOP 3 missing l1 l2 LEFT COUNT 1
    LMPOP 1 missing LEFT
    LMPOP 1 l2 LEFT COUNT 1 COUNT 1
    LMPOP 1 l2 LEFT COUNT 0
    LMPOP 1 l2 LEFT COUNT x
    LMPOP 1 l2 LEFT COUNT 0 x
    LMPOP 1 l2 LEFT COUNT
    LMPOP 1 l2 LEFT FOO 1
    LMPOP 0 l2 LEFT
    LMPOP -1 l2 LEFT
    LMPOP x l2 LEFT
    LMPOP 2 l2 LEFT
    LMPOP 9223372036854775807 l2 LEFT
    LMPOP 1 l2 FOO
    SET s x
    LMPOP 2 s l2 LEFT
    LMPOP 2 missing s LEFT
    LMPOP 2 l2 s LEFT
    LMPOP 1 l2`,
  'in transactions': `
    MULTI
    RPUSH l1 a b c
    LMPOP 1 l1 LEFT COUNT 2
    LMOVE l1 l2 LEFT LEFT
    LPOP missing
    LTRIM l2 0 -1
    EXEC
    MULTI
    LMPOP 1 missing LEFT
    EXEC
    MULTI
    LMPOP 1 l2 LEFT
    EXEC`,
});

const LONG = ['', ...Array.from({ length: 30 }, (_, n) => 'z'.repeat(3 ** (n % 8)))];
const list = key('l');
const element = oneOf(value, literal('a', 'b', 'c'), literal('a', 'b', 'c'));
const end = word('LEFT', 'RIGHT');
const index = integer(-12, 12);

const GRAMMAR = {
  lpush: [list, repeated(element, 1, 6)],
  rpush: [list, repeated(element, 1, 6)],
  lpushx: [list, repeated(element, 1, 3)],
  rpushx: [list, repeated(element, 1, 3)],
  lpop: [list, optional(integer(0, 4))],
  rpop: [list, optional(integer(0, 4))],
  llen: [list],
  lrange: [list, index, index],
  lindex: [list, index],
  lset: [list, index, element],
  linsert: [list, word('BEFORE', 'AFTER'), element, element],
  lrem: [list, integer(-3, 3), element],
  ltrim: [list, integer(-12, 2), integer(-3, 12)],
  lpos: [
    list,
    element,
    optional(sequence(word('RANK'), integer(-3, 3))),
    optional(sequence(word('COUNT'), integer(0, 3))),
    optional(sequence(word('MAXLEN'), integer(0, 6))),
  ],
  lmove: [list, list, end, end],
  rpoplpush: [list, list],
  lmpop: [
    oneOf(sequence(literal('1'), list), sequence(literal('2'), list, list)),
    end,
    optional(sequence(word('COUNT'), integer(1, 4))),
  ],
  expire: [list, literal('1000')],
  copy: [list, list],
};

differentialGenerated('list commands', {
  grammar: GRAMMAR,
  prelude: [...OTHER_TYPES, ['SET', 's1', 'x'], ['RPUSH', 'l2', 'a', 'b', 'a', 'c', 'b', 'a']],
  steps: 60,
  scripts: 60,
  transactions: true,
});

/** Few keys and long values: so lists leave their short form and come back to it. */
differentialGenerated('list commands on long lists', {
  grammar: {
    ...GRAMMAR,
    rpush: [key('l', 1), repeated(oneOf(literal(...LONG), integer(0, 999)), 20, 60)],
    lpush: [key('l', 1), repeated(oneOf(literal(...LONG), integer(0, 999)), 20, 60)],
    lindex: [key('l', 1), integer(-400, 400)],
    lset: [key('l', 1), integer(-400, 400), literal(...LONG)],
    linsert: [key('l', 1), word('BEFORE', 'AFTER'), literal(...LONG), literal(...LONG)],
    lrem: [key('l', 1), integer(-3, 3), literal(...LONG)],
    lpos: [key('l', 1), literal(...LONG), sequence(word('COUNT'), integer(0, 3)), word('RANK'), integer(-20, 20)],
    ltrim: [key('l', 1), integer(-1500, 30), integer(-30, 1500)],
    lpop: [key('l', 1), integer(0, 60)],
    rpop: [key('l', 1), integer(0, 60)],
    lrange: [key('l', 1), integer(-400, 400), integer(-400, 400)],
  },
  steps: 80,
  scripts: 15,
  damaged: 0,
});

function text(raw: string): string {
  return raw.trimEnd();
}

describe('encodings are those of Redis 7.2, which the 7.0 of the other tests lacks', () => {
  function encoding(local: LocalServer, name = 'l'): string | undefined {
    const tree: ReplyTree = local.ask(['OBJECT', 'ENCODING', name]);
    return tree.text;
  }

  test('a list becomes a quicklist when a push would exceed 8 KiB, and a listpack again below half', () => {
    const local = new LocalServer();
    local.run(0, ['RPUSH', 'l', 'x'.repeat(8000)]);
    expect(encoding(local)).toBe('listpack');
    local.run(0, ['RPUSH', 'l', 'x'.repeat(200)]);
    expect(encoding(local)).toBe('quicklist');
    local.run(0, ['LPOP', 'l']);
    expect(encoding(local)).toBe('listpack');
    local.run(0, ['LSET', 'l', '0', 'x'.repeat(9000)]);
    expect(encoding(local)).toBe('quicklist');
    local.run(0, ['LSET', 'l', '0', 'x'.repeat(3000)]);
    expect(encoding(local)).toBe('listpack');
    local.run(0, ['LINSERT', 'l', 'BEFORE', 'nothing', 'x'.repeat(9000)]);
    expect(encoding(local)).toBe('quicklist');
    local.run(0, ['LTRIM', 'l', '0', '-1']);
    expect(encoding(local)).toBe('listpack');
    local.run(0, ['RPUSH', 'big', 'x'.repeat(9000), 'y']);
    local.run(0, ['LMOVE', 'big', 'l', 'LEFT', 'LEFT']);
    expect([encoding(local, 'big'), encoding(local, 'l')]).toEqual(['listpack', 'quicklist']);
    local.run(0, ['LREM', 'l', '0', 'x'.repeat(9000)]);
    expect(encoding(local)).toBe('listpack');
    local.run(0, ['COPY', 'l', 'copy']);
    expect(encoding(local, 'copy')).toBe('listpack');
  });

  test('list-max-listpack-size counts elements when it is positive', () => {
    const local = new LocalServer();
    local.keyspace.thresholds.listMaxListpackSize = 4;
    local.run(0, ['RPUSH', 'l', 'a', 'b', 'c', 'd']);
    expect(encoding(local)).toBe('listpack');
    local.run(0, ['RPUSH', 'l', 'e']);
    expect(encoding(local)).toBe('quicklist');
  });
});

test('dirty counts elements as Redis does', () => {
  const local = new LocalServer();
  // The differences of rdb_changes_since_last_save on redis-server 7.0.15.
  const steps: [string, number][] = [
    ['RPUSH l a b c d e f', 6],
    ['LPUSHX l g', 1],
    ['LPUSHX none g', 0],
    ['LPOP l', 1],
    ['LPOP l 0', 0],
    ['RPOP l 2', 2],
    ['LSET l 0 x', 1],
    ['LSET l 0 x', 1],
    ['LINSERT l BEFORE x y', 1],
    ['LINSERT l BEFORE no y', 0],
    ['LTRIM l 0 -1', 0],
    ['LTRIM l 1 2', 3],
    ['LMOVE l l LEFT RIGHT', 1],
    ['LMOVE l m LEFT RIGHT', 1],
    ['RPOPLPUSH l m', 1],
    ['RPUSH l a a a', 3],
    ['LREM l 2 a', 2],
    ['LMPOP 2 none m LEFT COUNT 5', 2],
    ['LMPOP 1 none LEFT', 0],
  ];
  for (const [line, dirty] of steps) {
    const before = local.keyspace.dirty;
    local.run(0, line.split(' '));
    expect([line, local.keyspace.dirty - before]).toEqual([line, dirty]);
  }
});

test('a list of a hundred thousand elements answers any range', () => {
  const local = new LocalServer();
  for (let n = 0; n < 1000; n++) {
    local.run(0, ['RPUSH', 'l', ...Array.from({ length: 100 }, (_, i) => String(n * 100 + i))]);
  }
  expect(text(local.run(0, ['LLEN', 'l']))).toBe(':100000');
  expect(local.ask(['LRANGE', 'l', '-50010', '-49991']).items?.map((item) => item.text)).toEqual(
    Array.from({ length: 20 }, (_, i) => String(49_990 + i)),
  );
  expect(local.ask(['LPOS', 'l', '77777']).text).toBe('77777');
  expect(local.ask(['LPOS', 'l', '77777', 'RANK', '-1', 'MAXLEN', '1000']).text).toBeUndefined();
});
