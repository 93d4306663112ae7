/** Differential and unit tests of the commands on keys: generic.ts, expire.ts, scan.ts, object.ts. */
import { describe, expect, test } from 'vitest';
import { type DifferentialOptions, differential, differentialGenerated } from './differential.ts';
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
  type TypeLetter,
  value,
  word,
} from './generator.ts';
import { LocalServer } from './local-server.ts';
import { textsOf } from './reply-tree.ts';

const NOW_MS = Date.now();
const FAR_MS = String(NOW_MS + 500_000_000);
const NEAR_MS = String(NOW_MS + 400_000_000);
const FAR_SEC = String(Math.floor(NOW_MS / 1000) + 500_000);

differential('DEL, UNLINK, EXISTS, TOUCH and TYPE', {
  'count what is there': `
    MSET a 1 b 2 c 3
    EXISTS a b x a
    TOUCH a x b a
    DEL a x a
    UNLINK b x
    DEL x
    UNLINK x y
    EXISTS a b c
    TYPE c
    TYPE x
    RPUSH l a
    TYPE l
    DEL l c
    DEL
    EXISTS
    TYPE
    TYPE a b`,
  'an expired key is none': `
    MSET a 1 b 2 c 3 d 4 e 5 f 6
    PEXPIRE a 10
    PEXPIRE b 10
    PEXPIRE c 10
    PEXPIRE d 10
    PEXPIRE e 10
    sleep 30
    DEL a f
    UNLINK b
    EXISTS c
    TYPE d
    TOUCH e`,
  'all expire in one command': `
    MSET a 1 b 2
    PEXPIRE a 10
    PEXPIRE b 10
    sleep 30
    DEL a b c
    MSET a 1 b 2
    EXISTS a b`,
});

differential('RENAME and RENAMENX', {
  'move value and expiry': `
    SET a 1 EX 1000
    RENAME a b
    TTL b
    EXISTS a
    SET c 2
    RENAME c b
    TTL b
    RENAME missing b
    RENAME b b
    RENAME missing missing
    RENAMENX missing b
    RENAMENX b b
    RENAMENX missing missing
    SET d 4
    RENAMENX b d
    RENAMENX b e
    GET e
    RPUSH l x
    RENAME l e
    TYPE e
    RENAME a
    RENAMENX a b c`,
  'an expired target is none': `
    SET a 1
    SET b 2 PX 10
    SET c 3 PX 10
    sleep 30
    RENAMENX a b
    RENAME c b
    GET b`,
});

differential('COPY and MOVE', {
  copy: `
    SET a 1 EX 1000
    COPY a b
    TTL b
    COPY a b
    SET c 3
    COPY c b REPLACE
    TTL b
    GET b
    COPY a a
    COPY a a REPLACE
    COPY a a DB 1
    COPY a a DB 1
    COPY a a DB 1 REPLACE
    COPY a z DB 3 DB 2
    COPY missing x
    COPY missing missing
    COPY a x DB
    COPY a x FOO
    COPY a x DB 16
    COPY a x DB -1
    COPY a x DB abc
    COPY a x DB 2147483648
    COPY a x DB 99999999999999999999
    COPY a x DB abc FOO
    COPY a x FOO DB abc
    RPUSH l a b c
    COPY l m
    RPUSH l d
    LRANGE m 0 -1
    HSET h f v
    COPY h h2
    SADD s 1 2 3
    COPY s s2
    ZADD z 1 a 2 b
    COPY z z2
    copy a lower db 2 replace
    COPY a`,
  move: `
    SET a 1 EX 1000
    MOVE a 1
    EXISTS a
    SELECT 1
    TTL a
    SELECT 0
    SET a 2
    MOVE a 1
    MOVE a 0
    MOVE a 16
    MOVE a -1
    MOVE a abc
    MOVE a 2147483648
    MOVE missing 1
    MOVE missing 0
    MOVE missing 99
    SELECT 2
    SET b 1
    MOVE b 3
    MOVE b`,
  'expired ends': `
    SET a 1 PX 10
    SET b 1
    SELECT 1
    SET b 1 PX 10
    SET c 1 PX 10
    SELECT 0
    sleep 30
    MOVE a 1
    MOVE b 1
    SET c 2
    COPY c c DB 1
    COPY a z`,
});

differential('EXPIRE and its relatives', {
  'set and read': `
    SET k v
    TTL k
    PTTL k
    EXPIRETIME k
    PEXPIRETIME k
    EXPIRE k 1000
    TTL k
    PTTL k
    EXPIRETIME k
    PEXPIRETIME k
    PEXPIRE k 1000000
    EXPIREAT k ${FAR_SEC}
    PEXPIREAT k ${FAR_MS}
    EXPIRETIME k
    PEXPIRETIME k
    PERSIST k
    PERSIST k
    TTL k
    TTL missing
    PTTL missing
    EXPIRETIME missing
    PEXPIRETIME missing
    EXPIRE missing 10
    PERSIST missing
    pexpireat k ${FAR_MS}
    expire k 5000
    EXPIRE k
    TTL`,
  'in the past removes': `
    MSET a 1 b 2 c 3 d 4 e 5 f 6
    EXPIRE a 0
    PEXPIRE b -1
    EXPIREAT c 1
    PEXPIREAT d 1
    EXPIREAT e -100
    PEXPIRE f -9223372036854775807
    MGET a b c d e f
    RPUSH l a
    EXPIRE l -5
    EXPIRE missing -5`,
  'bad amounts': `
    SET k v
    EXPIRE k abc
    EXPIRE k 1.5
    EXPIRE k ""
    EXPIRE k 9223372036854775807
    EXPIRE k -9223372036854775808
    EXPIRE k 9223372036854775
    EXPIRE k 9223372036854776
    EXPIRE k -9223372036854775
    SET k v
    PEXPIRE k 9223372036854775807
    PEXPIRE k 99999999999999999999
    EXPIREAT k 9223372036854776
    EXPIREAT missing abc
    EXPIRE missing 9223372036854775807
    EXISTS k`,
  conditions: `
    SET k v
    EXPIRE k 1000 XX
    EXPIRE k 1000 GT
    EXPIRE k 1000 LT
    TTL k
    EXPIRE k 2000 NX
    EXPIRE k 2000 LT
    EXPIRE k 2000 GT
    EXPIRE k 1500 GT
    EXPIRE k 1500 XX LT
    EXPIRE k 3000 xx gt
    PEXPIREAT k ${FAR_MS} XX
    PEXPIREAT k ${FAR_MS} GT
    PEXPIREAT k ${FAR_MS} LT
    PEXPIREAT k ${NEAR_MS} lt LT Lt
    PERSIST k
    EXPIRE k 1000 nx
    EXPIRE k -1 GT
    EXPIRE k -1 NX
    EXPIRE k -1 LT
    EXISTS k
    SET k v
    EXPIRE k -1 LT
    EXISTS k`,
  'conditions that exclude each other': `
    SET k v
    EXPIRE k 10 NX XX
    EXPIRE k 10 XX NX
    EXPIRE k 10 NX GT
    EXPIRE k 10 NX LT
    EXPIRE k 10 GT LT
    EXPIRE k 10 XX GT LT
    EXPIRE k 10 NX GT LT
    EXPIRE k abc NX XX
    EXPIRE k abc FOO
    EXPIRE k 10 FOO
    EXPIRE k 10 NX FOO
    EXPIRE k 10 "F\\r\\nO\\r\\n"
    EXPIRE k 10 "F\\x00O"
    EXPIRE k 10 ""
    EXPIRE missing 10 FOO`,
  'an expired key has no expiry': `
    SET a v PX 10
    SET b v PX 10
    SET c v PX 10
    sleep 30
    TTL a
    EXPIRE b 100
    PERSIST c`,
  'in a transaction': `
    SET k v
    MULTI
    EXPIRE k 1000
    PERSIST k
    EXPIRE k -1
    EXPIRE k 5
    EXEC
    MULTI
    EXPIRE k 5
    EXEC`,
});

differential('KEYS, SCAN and RANDOMKEY', {
  keys: `
    MSET a 1 aa 2 ab 3 b 4 "a*c" 5 "[x]" 6
    SET "" empty
    KEYS *
    KEYS a*
    KEYS ?
    KEYS a?
    KEYS [ab]
    KEYS [^a]
    KEYS "a\\\\*c"
    KEYS "\\\\[x\\\\]"
    KEYS ""
    KEYS missing
    KEYS a
    PEXPIRE a 10
    PEXPIRE b 10
    sleep 30
    KEYS a*
    KEYS b
    KEYS
    KEYS a b`,
  'scan to the end': `
    MSET a 1 aa 2 ab 3 b 4
    RPUSH l x
    SCAN 0 COUNT 1000
    SCAN 0 COUNT 1000 MATCH a*
    SCAN 0 MATCH b COUNT 1000
    SCAN 0 TYPE string COUNT 1000
    SCAN 0 TYPE LIST COUNT 1000
    SCAN 0 TYPE nosuch COUNT 1000
    SCAN 0 TYPE list MATCH a* COUNT 1000
    SCAN 0 COUNT 5 COUNT 1000 MATCH x MATCH a
    scan 0 count 1000 match *
    SCAN 0 COUNT 9223372036854775807
    SCAN "" COUNT 1000`,
  'scan errors': `
    SET a 1
    SCAN abc
    SCAN "1 "
    SCAN " 1"
    SCAN -
    SCAN +0 COUNT 1000
    SCAN 18446744073709551616
    SCAN 99999999999999999999999
    SCAN 1.5
    SCAN 0 COUNT
    SCAN 0 COUNT 0
    SCAN 0 COUNT -1
    SCAN 0 COUNT abc
    SCAN 0 COUNT 99999999999999999999
    SCAN 0 MATCH
    SCAN 0 TYPE
    SCAN 0 FOO 1
    SCAN x FOO
    SCAN`,
  'scan removes what has expired': `
    MSET a 1 b 2
    PEXPIRE a 10
    sleep 30
    SCAN 0 COUNT 1000
    DBSIZE`,
  randomkey: `
    RANDOMKEY
    SET a 1
    RANDOMKEY
    PEXPIRE a 10
    sleep 30
    RANDOMKEY
    RANDOMKEY x`,
});

differential(
  'OBJECT',
  {
    'encoding of strings': `
    SET i 12345
    SET m -9223372036854775808
    SET big 9223372036854775808
    SET e ${'x'.repeat(44)}
    SET r ${'x'.repeat(45)}
    SET empty ""
    SET zero 0
    SET lead 01
    SET a 1
    APPEND a 2
    SET f 3.0
    OBJECT ENCODING i
    OBJECT ENCODING m
    OBJECT ENCODING big
    OBJECT ENCODING e
    OBJECT ENCODING r
    OBJECT ENCODING empty
    OBJECT ENCODING zero
    OBJECT ENCODING lead
    OBJECT ENCODING a
    OBJECT ENCODING f
    OBJECT ENCODING missing`,
    'the rest': `
    SET i 5
    SET j 10000
    SET k 9999
    SET s abc
    SET n -1
    OBJECT REFCOUNT i
    OBJECT REFCOUNT j
    OBJECT REFCOUNT k
    OBJECT REFCOUNT s
    OBJECT REFCOUNT n
    OBJECT REFCOUNT missing
    OBJECT IDLETIME i
    OBJECT IDLETIME missing
    OBJECT FREQ i
    OBJECT FREQ missing
    OBJECT FOO i
    OBJECT
    OBJECT ENCODING
    OBJECT ENCODING a b
    object help x`,
  },
  { comparesEncodings: true },
);

const LETTERS: readonly TypeLetter[] = ['s', 'l', 'h', 't', 'z'];
const any = oneOf(...LETTERS.map((letter) => key(letter, 2)));
const conditions = optional(repeated(word('NX', 'XX', 'GT', 'LT'), 1, 2), 0.5);
const glob = literal('*', 's*', '?1', '[st]1', '[^s]*', 'l1', '');

const grammar: Grammar = {
  set: [any, value],
  rpush: [key('l', 2), value],
  sadd: [key('t', 2), value],
  del: [repeated(any, 1, 3)],
  unlink: [repeated(any, 1, 3)],
  exists: [repeated(any, 1, 3)],
  touch: [repeated(any, 1, 3)],
  type: [any],
  rename: [any, any],
  renamenx: [any, any],
  copy: [any, any, optional(sequence(word('DB'), integer(0, 2))), optional(word('REPLACE'))],
  move: [any, integer(0, 2)],
  select: [integer(0, 2)],
  expire: [any, literal('1000', '100000', '0', '-1'), conditions],
  pexpire: [any, literal('1000000', '100000000', '0', '-1'), conditions],
  expireat: [any, literal(FAR_SEC, '1', '-1'), conditions],
  pexpireat: [any, literal(FAR_MS, NEAR_MS, '1', '-1'), conditions],
  ttl: [any],
  pttl: [any],
  expiretime: [any],
  pexpiretime: [any],
  persist: [any],
  keys: [glob],
  scan: [
    literal('0', '0', '0', 'x'),
    optional(sequence(word('COUNT'), literal('1000', '1000', '0'))),
    optional(sequence(word('MATCH'), glob)),
    optional(sequence(word('TYPE'), word('string', 'list', 'nosuch'))),
  ],
  dbsize: [],
  randomkey: [],
  'object refcount': [any],
  'object idletime': [any],
};
const rules: DifferentialOptions['rules'] = {
  'object|refcount': 'kind',
  // Redis repeats an unknown subcommand up to a zero byte.
  object: (oracle, ours) => oracle.kind === ours.kind,
};

differentialGenerated('generic commands', {
  rules,
  scripts: 100,
  steps: 40,
  transactions: true,
  prelude: OTHER_TYPES,
  grammar,
});

/** Whether RANDOMKEY meets an expired key, and removes it, is chance. */
const { randomkey: _, ...withoutChance } = grammar;

differentialGenerated('generic commands on keys that expire', {
  rules,
  scripts: 20,
  steps: 40,
  expiring: any,
  damaged: 0.05,
  prelude: OTHER_TYPES,
  grammar: withoutChance,
});

describe('SCAN', () => {
  test('visits every key that stays, while others come and go', () => {
    const server = new LocalServer();
    for (let i = 0; i < 1000; i++) server.run(0, ['SET', `stays${i}`, 'v']);
    const seen = new Set<string | null>();
    let cursor = '0';
    let round = 0;
    do {
      const reply = server.ask(['SCAN', cursor, 'COUNT', '7']);
      cursor = reply.items?.[0].text ?? '';
      for (const text of textsOf(reply.items?.[1] ?? { kind: '*' })) seen.add(text);
      for (let i = 0; i < 5; i++) server.run(0, ['SET', `comes${round}-${i}`, 'v']);
      if (round > 2) server.run(0, ['DEL', `comes${round - 3}-1`, `comes${round - 3}-2`]);
      round++;
    } while (cursor !== '0');
    expect(round).toBeGreaterThan(50);
    for (let i = 0; i < 1000; i++) expect(seen).toContain(`stays${i}`);
  });
});

describe('keys while the log is loaded', () => {
  test('PEXPIREAT in the past sets the expiry, and the key goes afterwards', () => {
    const server = new LocalServer();
    server.load(['SET', 'k', 'v']);
    server.load(['PEXPIREAT', 'k', '5']);
    expect(server.database().expireAt('k')).toBe(5);
    server.load(['APPEND', 'k', 'w']);
    expect(server.records).toEqual([]);
    expect(server.run(0, ['EXISTS', 'k'])).toBe(':0\r\n');
    expect(server.records).toEqual([{ database: 0, args: ['DEL', 'k'] }]);
  });
});

describe('expiry times beyond 2^53 ms', () => {
  test('are kept as 2^53 - 1, and logged exactly', () => {
    const server = new LocalServer();
    server.run(0, ['SET', 'k', 'v']);
    expect(server.run(0, ['EXPIREAT', 'k', '9223372036854775'])).toBe(':1\r\n');
    expect(server.run(0, ['PEXPIRETIME', 'k'])).toBe(`:${Number.MAX_SAFE_INTEGER}\r\n`);
    expect(server.records[1]?.args).toEqual(['PEXPIREAT', 'k', '9223372036854775000']);
  });
});
