/** Differential and unit tests of the string commands. */
import { describe, expect, test } from 'vitest';
import { differential, differentialGenerated } from './differential.ts';
import {
  type Grammar,
  integer,
  key,
  literal,
  OTHER_TYPES,
  oneOf,
  optional,
  repeated,
  sequence,
  value,
  word,
} from './generator.ts';
import { LocalServer } from './local-server.ts';
import { command } from './script.ts';

const FAR_MS = String(Date.now() + 500_000_000);
const FAR_SEC = String(Math.floor(Date.now() / 1000) + 500_000);

differential('SET and GET', {
  'plain values': `
    SET k v
    GET k
    GET missing
    SET k ""
    GET k
    SET "" empty-key
    GET ""
    SET b "\\x00\\xff\\r\\n"
    GET b
    set k 12345
    gEt k`,
  'drops the expiry, unless KEEPTTL': `
    SET k v EX 1000
    SET k w
    TTL k
    SET k v EX 1000
    SET k w KEEPTTL
    TTL k
    SET missing v keepttl
    TTL missing`,
  'every form of expiry is logged as PXAT': `
    SET a v EX 1000
    SET b v px 1000000
    SET c v EXAT ${FAR_SEC}
    SET d v PXAT ${FAR_MS}
    SET d v pxat ${FAR_MS} NX
    SET d v XX pxat ${FAR_MS} GET
    SET e v NX EX 1000
    SETEX f 1000 v
    PSETEX g 1000000 v
    set h v ex 1000`,
  'a repeated expiry of the same kind counts last': `
    SET k v EX 10 EX 1000
    SET k v EX abc EX 1000
    SET k v PXAT ${FAR_MS} PXAT ${FAR_MS}`,
  'options that exclude each other': `
    SET k v NX XX
    SET k v XX NX
    SET k v EX 10 PX 10
    SET k v EX 10 KEEPTTL
    SET k v KEEPTTL EX 10
    SET k v KEEPTTL KEEPTTL
    SET k v PERSIST
    SET k v EX
    SET k v PX 10 EXAT 10
    SET k v FOO
    SET k
    SET`,
  'invalid expiries': `
    SET k v EX 0
    SET k v EX -1
    SET k v PX 0
    SET k v EX abc
    SET k v EX 1.5
    SET k v EX ""
    SET k v EX 9223372036854775807
    SET k v EX 9223372036854775
    SET k v PX 9223372036854775807
    SET k v EXAT 9223372036854775
    SET k v EXAT 9223372036854776
    SET k v EXAT 0
    SET k v PXAT -5
    SETEX k 0 v
    SETEX k -1 v
    SETEX k abc v
    SETEX k 9223372036854775807 v
    PSETEX k 0 v
    PSETEX k 9223372036854775807 v
    SET k v EX 99999999999999999999
    GET k`,
  'NX, XX and GET': `
    SET k 1 XX
    SET k 1 NX
    SET k 2 NX
    SET k 2 XX
    SET k 3 GET
    SET k 4 GET NX
    SET new 5 GET NX
    SET other 6 XX GET
    SET k 7 get GET Get
    SET k 8 XX GET KEEPTTL
    GET k`,
  'GET refuses other types before it sets': `
    RPUSH l a
    SET l v GET
    SET l v GET NX
    TYPE l
    SET l v NX
    SET l v XX
    TYPE l
    RPUSH l2 a
    GETSET l2 v
    GET l2
    SET l2 v
    GET l2`,
  'an expiry in the past is kept until the key is looked at': `
    SET k v EXAT 1
    SET q v PXAT 1
    GET k
    EXISTS q
    SET k w`,
  'an expired key goes before it is set again': `
    SET k v PX 10
    SET j v PX 10
    SET i v PX 10
    sleep 30
    SET k w
    SETNX j w
    GETSET i w
    SET i v XX`,
  'SETNX, GETSET and GETDEL': `
    SETNX k 1
    SETNX k 2
    GETSET k 3
    GETSET new 4
    SETEX k 1000 v
    GETSET k 5
    TTL k
    GETDEL k
    GETDEL k
    RPUSH l a
    GETDEL l
    SETNX l v`,
});

differential('GETEX', {
  'every form': `
    SET k v
    GETEX k
    GETEX k EX 1000
    GETEX k PX 1000000
    GETEX k EXAT ${FAR_SEC}
    GETEX k PXAT ${FAR_MS}
    TTL k
    GETEX k PERSIST
    GETEX k PERSIST
    getex k ex 100 ex 200
    TTL k`,
  'in the past removes the key': `
    SET k v
    GETEX k EXAT 1
    EXISTS k
    SET k v
    GETEX k PXAT 1
    GET k`,
  errors: `
    SET k v
    GETEX k EX 0
    GETEX k EX -5
    GETEX k PX abc
    GETEX k EX 9223372036854775807
    GETEX k EX 10 PX 10
    GETEX k EX 10 PERSIST
    GETEX k PERSIST EX 10
    GETEX k KEEPTTL
    GETEX k NX
    GETEX k GET
    GETEX missing EX 0
    GETEX missing EX abc
    GETEX missing FOO
    RPUSH l a
    GETEX l EX 0
    GETEX
    GETEX k EX`,
});

differential('MGET, MSET and MSETNX', {
  'several keys': `
    MSET a 1 b 2
    MGET a b c a
    MSET a 1 b
    MSETNX c 1 d
    MSETNX a 9 z 9
    MSETNX c 3 d 4
    MGET a c z d
    MSET a 1 a 2 a 3
    GET a
    MSETNX e 1 e 2
    RPUSH l x
    MGET l a
    MSETNX l 1
    MSET l 1
    TYPE l
    SET t v EX 1000
    MSET t w
    TTL t
    MGET
    MSET`,
});

differential('APPEND, STRLEN, GETRANGE and SETRANGE', {
  append: `
    APPEND k ""
    APPEND k "Hello"
    APPEND k " World\\x00"
    STRLEN k
    GET k
    APPEND n 12
    OBJECT ENCODING n
    APPEND n 3
    OBJECT ENCODING n
    INCR n
    OBJECT ENCODING n
    SET t v EX 1000
    APPEND t w
    TTL t
    APPEND t ""
    RPUSH l a
    APPEND l a
    STRLEN l
    STRLEN missing
    STRLEN n`,
  getrange: `
    SET k "This is a string"
    GETRANGE k 0 3
    GETRANGE k -3 -1
    GETRANGE k 0 -1
    GETRANGE k 10 100
    GETRANGE k 5 3
    GETRANGE k -1 -3
    GETRANGE k 0 -100
    GETRANGE k -100 2
    GETRANGE k 100 200
    GETRANGE k 9223372036854775807 9223372036854775807
    GETRANGE k -9223372036854775808 9223372036854775807
    GETRANGE k a 1
    GETRANGE k 1 b
    GETRANGE k 1
    SUBSTR k 0 3
    SUBSTR missing 0 -1
    SET e ""
    GETRANGE e 0 -1
    GETRANGE e 0 0
    SET n 12345
    GETRANGE n 1 2
    RPUSH l a
    GETRANGE l 0 1
    GETRANGE l x 1
    substr l 0 y`,
  setrange: `
    SETRANGE k 0 ""
    EXISTS k
    SETRANGE k 5 ""
    SETRANGE k 2 ab
    GET k
    SETRANGE k 1 ""
    SETRANGE k 0 Hello
    SETRANGE k 10 "!"
    GET k
    SETRANGE k -1 a
    SETRANGE k x a
    SETRANGE k 536870912 a
    SETRANGE k 536870911 ""
    SETRANGE k 9223372036854775807 a
    SETRANGE k 4294967296 a
    SETRANGE missing 9223372036854775807 a
    SETRANGE missing -1 ""
    SET n 100
    SETRANGE n 0 2
    INCR n
    SET t v EX 1000
    SETRANGE t 0 w
    TTL t
    RPUSH l a
    SETRANGE l 0 ""
    SETRANGE l 0 a
    SETRANGE l -1 a`,
});

differential('INCR, DECR and INCRBYFLOAT', {
  integers: `
    INCR n
    INCRBY n 41
    DECR n
    DECRBY n 50
    DECRBY n -100
    SET n 9223372036854775806
    INCR n
    INCR n
    INCRBY n 1
    DECRBY n 9223372036854775807
    DECRBY n 9223372036854775807
    DECRBY n 9223372036854775807
    INCRBY n -9223372036854775808
    DECRBY n -9223372036854775808
    SET n -9223372036854775808
    DECR n
    INCRBY n 9223372036854775807
    SET n 9007199254740991
    INCR n
    INCR n
    INCRBY n 9007199254740993
    DECRBY n 1
    SET z 5
    DECRBY z 5
    DECRBY z 0`,
  'what is no integer': `
    SET s abc
    INCR s
    SET s ""
    INCR s
    SET s " 1"
    INCR s
    SET s "1 "
    INCR s
    SET s 01
    INCR s
    SET s +1
    INCR s
    SET s -0
    INCR s
    SET s 1.0
    INCR s
    SET s -
    INCR s
    SET s 9223372036854775808
    INCR s
    SET s 000000000000000000000
    INCR s
    INCRBY s abc
    INCRBY s 1.5
    INCRBY s 9223372036854775808
    DECRBY s ""
    RPUSH l a
    INCR l
    INCRBY l abc
    DECRBY l -9223372036854775808
    INCRBYFLOAT l 1
    INCRBYFLOAT l abc`,
  'keep the expiry': `
    SET n 1 EX 1000
    INCR n
    TTL n
    INCRBYFLOAT n 0.5
    TTL n
    INCRBYFLOAT fresh 3.0e3
    INCRBYFLOAT fresh -3000
    INCRBYFLOAT fresh 5.0e3
    INCRBYFLOAT fresh 200
    INCRBYFLOAT fresh abc
    INCRBYFLOAT fresh inf
    INCRBYFLOAT fresh nan
    INCRBYFLOAT fresh ""
    INCRBYFLOAT fresh " 1"
    SET s abc
    INCRBYFLOAT s 1
    SET s 1.7976931348623157e308
    INCRBYFLOAT s 1.7976931348623157e308
    SET f 10.50
    INCRBYFLOAT f 0.1
    INCRBYFLOAT f -5
    DECR f`,
  'in transactions and other databases': `
    MULTI
    INCR n
    SET k v EX 100
    INCRBYFLOAT f 1.5
    GETDEL k
    EXEC
    SELECT 3
    INCR n
    MULTI
    GET n
    EXEC
    MULTI
    SELECT 5
    INCR n
    SELECT 3
    INCR n
    EXEC
    MULTI
    INCR n
    DISCARD
    MULTI
    FOO
    INCR n
    EXEC
    GET n`,
});

const MEBIBYTE = 1 << 20;
const long = 'x'.repeat(MEBIBYTE);
const longer = `${long}yz`;

differential('strings around one MiB, where their form changes', {
  'set, edited, copied and removed': [
    ['SET', 'a', long],
    ['SET', 'b', longer, 'EX', '1000'],
    ['STRLEN', 'b'],
    ['GETRANGE', 'b', '1048570', '-1'],
    ['APPEND', 'a', 'tail'],
    ['APPEND', 'b', 'tail'],
    ['SETRANGE', 'b', '1048570', 'SET'],
    ['GETRANGE', 'b', '-20', '-1'],
    ['TTL', 'b'],
    ['COPY', 'b', 'c'],
    ['APPEND', 'b', '!'],
    ['RENAME', 'c', 'd'],
    ['STRLEN', 'd'],
    ['INCR', 'd'],
    ['INCRBYFLOAT', 'd', '1'],
    ['SETRANGE', 'sparse', '2000000', 'end'],
    ['GETRANGE', 'sparse', '1999998', '-1'],
    ['MGET', 'a', 'b'],
    ['GETSET', 'a', longer],
    ['GETEX', 'a', 'EX', '1000'],
    ['SET', 'a', '1', 'GET'],
    ['INCR', 'a'],
    ['GETDEL', 'b'],
    ['MSET', 'e', longer, 'f', '1'],
    ['SETNX', 'g', longer],
    ['SETEX', 'h', '1000', longer],
    ['OBJECT', 'ENCODING', 'g'],
  ].map((args) => command(0, args)),
});

const expiry = oneOf(
  sequence(word('EX'), integer(1000, 1_000_000)),
  sequence(word('PX'), integer(1_000_000, 9_000_000)),
  sequence(word('EXAT'), literal(FAR_SEC, '1', '0', '-1')),
  sequence(word('PXAT'), literal(FAR_MS, '1', '0', '-1')),
);
const string = key('s');

const grammar: Grammar = {
  get: [string],
  set: [
    string,
    value,
    optional(oneOf(word('NX'), word('XX')), 0.3),
    optional(word('GET'), 0.3),
    optional(oneOf(expiry, word('KEEPTTL')), 0.4),
    optional(word('GET', 'NX', 'XX', 'KEEPTTL', 'PERSIST'), 0.1),
  ],
  setnx: [string, value],
  setex: [string, integer(1000, 100_000), value],
  psetex: [string, integer(1_000_000, 9_000_000), value],
  getset: [string, value],
  getdel: [string],
  getex: [string, optional(oneOf(expiry, word('PERSIST')), 0.8)],
  mget: [repeated(string, 1, 4)],
  mset: [repeated(sequence(string, value), 1, 3)],
  msetnx: [repeated(sequence(string, value), 1, 2)],
  append: [string, value],
  strlen: [string],
  getrange: [string, integer(-10, 20), integer(-10, 20)],
  substr: [string, integer(-10, 20), integer(-10, 20)],
  setrange: [string, integer(0, 60), value],
  incr: [string],
  decr: [string],
  incrby: [string, integer(-1000, 1000)],
  decrby: [string, integer(-1000, 1000)],
  incrbyfloat: [string, oneOf(literal('0.1', '-0.5', '3.0e3', '1e-5', '100'), integer(-5, 5))],
  del: [string],
  ttl: [string],
  pttl: [string],
  'object encoding': [string],
};

differentialGenerated('string commands', {
  comparesEncodings: true,
  scripts: 100,
  steps: 40,
  transactions: true,
  prelude: OTHER_TYPES,
  grammar,
});

differentialGenerated('string commands on keys that expire', {
  scripts: 20,
  steps: 40,
  expiring: key('s'),
  damaged: 0.05,
  grammar,
});

describe('strings while the log is loaded', () => {
  test('SET with an expiry in the past keeps the key', () => {
    const server = new LocalServer();
    server.load(['SET', 'k', 'v', 'PXAT', '5']);
    expect(server.database().peek('k')).toBe('v');
    expect(server.database().expireAt('k')).toBe(5);
    expect(server.run(0, ['GET', 'k'])).toBe('$-1\r\n');
    expect(server.records).toEqual([{ database: 0, args: ['DEL', 'k'] }]);
  });

  test('APPEND is not held to the longest string of today', () => {
    const server = new LocalServer();
    expect(server.run(0, ['CONFIG', 'SET', 'proto-max-bulk-len', '1048576'])).toBe('+OK\r\n');
    server.run(0, ['SET', 'k', 'x'.repeat(1_048_576)]);
    expect(server.run(0, ['APPEND', 'k', 'y'])).toContain('exceeds maximum allowed size');
    server.load(['APPEND', 'k', 'y']);
    expect(server.run(0, ['STRLEN', 'k'])).toBe(':1048577\r\n');
  });
});

describe('the record of a value that changes in the same transaction', () => {
  test('has the bytes that were set', () => {
    const server = new LocalServer();
    const long = 'x'.repeat(2_000_000);
    server.run(0, ['MULTI']);
    server.run(0, ['SET', 'k', long, 'EX', '100']);
    server.run(0, ['SETRANGE', 'k', '0', 'yyy']);
    server.run(0, ['EXEC']);
    expect(server.records[1]?.args[2]).toBe(long);
  });
});
