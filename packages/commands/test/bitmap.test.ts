/** Differential, property and unit tests of the bitmap commands. */
import fc from 'fast-check';
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

differential('SETBIT and GETBIT', {
  'bits of strings that grow': `
    SETBIT b 7 1
    GET b
    SETBIT b 7 0
    SETBIT b 100 1
    STRLEN b
    GETBIT b 100
    GETBIT b 101
    GETBIT b 100000
    GETBIT missing 5
    SETBIT zero 0 0
    EXISTS zero
    SETBIT zero 20 0
    STRLEN zero
    OBJECT ENCODING zero
    SET n 12345
    GETBIT n 3
    SETBIT n 3 0
    GET n`,
  'the same bit again changes nothing and is not logged': `
    SETBIT b 7 1
    SETBIT b 7 1
    SETBIT b 3 0
    SET s abc
    SETBIT s 1 1
    SETBIT s 0 0`,
  'the expiry stays': `
    SET b abc EX 1000
    SETBIT b 6 0
    TTL b
    BITFIELD b SET u8 0 1
    TTL b`,
  errors: `
    SETBIT b -1 1
    SETBIT b x 1
    SETBIT b 4294967296 1
    GETBIT b 4294967296
    GETBIT b 4294967295
    GETBIT b #1
    SETBIT b 9223372036854775808 1
    SETBIT b 1 2
    SETBIT b 1 -1
    SETBIT b 1 x
    SETBIT b x x
    RPUSH l a
    SETBIT l 1 1
    SETBIT l -1 1
    SETBIT l 1 2
    GETBIT l 1
    GETBIT l x
    SETBIT b 1
    GETBIT b
    BITCOUNT
    BITPOS b
    BITOP AND d
    BITFIELD`,
});

differential('BITCOUNT and BITPOS', {
  counting: `
    SET k foobar
    BITCOUNT k
    BITCOUNT k 0 0
    BITCOUNT k 1 1 BYTE
    BITCOUNT k 5 30 bit
    BITCOUNT k 5 5 BIT
    BITCOUNT k -2 -1
    BITCOUNT k -1 -2
    BITCOUNT k -1 -2 FOO
    BITCOUNT k 0 -9 BIT
    BITCOUNT k 100 200
    BITCOUNT k -100 -50
    BITCOUNT k 2 1
    BITCOUNT k 0 9223372036854775807
    BITCOUNT k -9223372036854775808 -1 BIT
    BITCOUNT k 0
    BITCOUNT k 0 1 FOO
    BITCOUNT k 0 1 BIT 3
    BITCOUNT k x 1
    BITCOUNT k 1 x
    BITCOUNT k -1 -2 x
    BITCOUNT missing
    BITCOUNT missing x
    BITCOUNT missing 0 x
    SET e ""
    BITCOUNT e
    BITCOUNT e 0 -1
    RPUSH l a
    BITCOUNT l
    BITCOUNT l x`,
  searching: `
    SET k "\\xff\\xf0\\x00"
    BITPOS k 0
    BITPOS k 1
    BITPOS k 1 1
    BITPOS k 0 2
    BITPOS k 1 2
    BITPOS k 1 2 -1
    BITPOS k 0 0 0
    BITPOS k 0 0 0 BIT
    BITPOS k 0 0 0 BYTE
    BITPOS k 1 7 15 bit
    BITPOS k 0 7 15 BIT
    BITPOS k 1 12 -1 BIT
    BITPOS k 0 -8 -1 BIT
    BITPOS k 1 100
    BITPOS k 0 100
    BITPOS k 0 1 0
    BITPOS k 0 0 -1 FOO
    BITPOS k 0 0 x FOO
    BITPOS k 0 0 x BIT
    BITPOS k 0 x
    BITPOS k 2
    BITPOS k -1
    BITPOS k x
    BITPOS k 1 0 1 BIT 2
    SET f "\\xff\\xff"
    BITPOS f 0
    BITPOS f 0 0
    BITPOS f 0 1
    BITPOS f 0 2
    BITPOS f 0 0 -1
    BITPOS f 0 0 -1 BIT
    SET e ""
    BITPOS e 0
    BITPOS e 1
    BITPOS e 0 0
    BITPOS missing 0
    BITPOS missing 1
    BITPOS missing 0 x
    BITPOS missing 2
    RPUSH l a
    BITPOS l 0
    BITPOS l 2`,
});

differential(
  'BITOP',
  {
    operations: `
      SET a "abcdefghij\\xff"
      SET b "ABC\\x00\\x0f"
      BITOP AND d a b
      GET d
      BITOP or d a b missing
      GET d
      BITOP XOR d a b a
      GET d
      BITOP NOT d a
      GET d
      BITOP AND d a
      BITOP AND d a missing
      GET d
      BITOP OR a a b
      SETBIT a 3 1
      BITOP XOR a a b
      OBJECT ENCODING a
      SET d x EX 1000
      BITOP AND d a b
      TTL d`,
    'an empty result removes the destination': `
      SET d x
      BITOP OR d missing missing2
      EXISTS d
      BITOP OR d missing
      SET e ""
      BITOP NOT d e
      RPUSH l a
      BITOP OR l missing
      EXISTS l`,
    errors: `
      SET a a
      RPUSH l a
      BITOP FOO d a
      BITOP NOT d a a
      BITOP NOT d l
      BITOP AND d a l
      BITOP AND d l x
      BITOP AND l a
      TYPE l
      BITOP NOT d`,
  },
  { comparesEncodings: true },
);

differential('BITFIELD', {
  'fields of all widths': `
    BITFIELD f SET i64 0 -9223372036854775808 GET i64 0 GET u63 0 GET u63 1 GET u1 0
    BITFIELD f SET u63 3 9223372036854775807 GET i64 1 INCRBY u63 3 5 GET u63 3
    BITFIELD f SET i1 100 -1 GET i1 100 GET u1 100 SET u1 100 0
    BITFIELD f SET u8 #3 200 GET u8 24 GET u8 #3 GET i8 #3
    BITFIELD f INCRBY i5 97 1 INCRBY i5 97 1
    GET f
    BITFIELD f
    BITFIELD missing
    BITFIELD missing GET u8 0 GET i64 5
    EXISTS missing
    BITFIELD_RO f GET u13 7 GET i13 7
    BITFIELD_RO missing GET u13 7
    SET n 12345
    BITFIELD n GET u8 0 GET u8 #4 GET u8 #5 GET u16 36`,
  'overflow of unsigned ones': `
    BITFIELD f SET u8 0 250 INCRBY u8 0 10 OVERFLOW SAT INCRBY u8 0 300 INCRBY u8 0 -1000 OVERFLOW FAIL INCRBY u8 0 -1 INCRBY u8 0 255 INCRBY u8 0 1
    BITFIELD f OVERFLOW SAT SET u8 0 -1 OVERFLOW WRAP SET u8 0 -2 SET u8 0 513 OVERFLOW FAIL SET u8 0 256 SET u8 0 -1
    BITFIELD f OVERFLOW SAT SET u8 0 256 INCRBY u8 0 -9223372036854775808 OVERFLOW WRAP INCRBY u8 0 -9223372036854775808 INCRBY u8 0 9223372036854775807
    BITFIELD f OVERFLOW SAT INCRBY u63 0 9223372036854775807 INCRBY u63 0 9223372036854775807 INCRBY u63 0 -9223372036854775808 OVERFLOW WRAP INCRBY u63 0 -1 INCRBY u63 0 -9223372036854775808`,
  'overflow of signed ones': `
    BITFIELD f SET i8 0 120 INCRBY i8 0 10 OVERFLOW SAT INCRBY i8 0 -300 INCRBY i8 0 1000 OVERFLOW FAIL INCRBY i8 0 1 INCRBY i8 0 -256
    BITFIELD f OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0 SET i8 0 -129 SET i8 0 9223372036854775807 OVERFLOW WRAP SET i8 0 -9223372036854775808 SET i8 0 384
    BITFIELD f SET i64 0 9223372036854775807 INCRBY i64 0 1 INCRBY i64 0 -1 OVERFLOW SAT INCRBY i64 0 5 SET i64 0 -9223372036854775808 INCRBY i64 0 -1 OVERFLOW FAIL INCRBY i64 0 -1 INCRBY i64 0 9223372036854775807
    BITFIELD f OVERFLOW SAT SET i63 0 -9223372036854775808 SET i63 0 -4611686018427387905 SET i63 0 4611686018427387904 INCRBY i63 0 9223372036854775807 INCRBY i63 0 -9223372036854775808`,
  'only changes are logged': `
    BITFIELD f SET u8 0 5
    BITFIELD f SET u8 0 5
    BITFIELD f INCRBY u8 0 0
    BITFIELD f GET u8 0
    BITFIELD f SET u8 100 0
    BITFIELD f SET u8 0 5 SET u8 0 6 SET u8 8 0
    BITFIELD f OVERFLOW FAIL INCRBY u8 0 255
    BITFIELD new SET u8 0 0
    BITFIELD new2 SET u8 0 0 SET u8 0 0 GET u8 0`,
  errors: `
    BITFIELD f GET u64 0
    BITFIELD f GET i65 0
    BITFIELD f GET u0 0
    BITFIELD f GET x8 0
    BITFIELD f GET U8 0
    BITFIELD f GET u 0
    BITFIELD f GET "" 0
    BITFIELD f GET u8 -1
    BITFIELD f GET u8 x
    BITFIELD f GET u8 #
    BITFIELD f GET u8 #-1
    BITFIELD f GET u8 #9223372036854775807
    BITFIELD f GET u2 #9223372036854775807
    BITFIELD f GET u8 4294967295
    BITFIELD f GET u8 4294967296
    BITFIELD f GET u8 #536870912
    BITFIELD f SET u8 0 x
    BITFIELD f SET u8 0
    BITFIELD f SET u8 0 9223372036854775808
    BITFIELD f INCRBY u8 0
    BITFIELD f GET u8
    BITFIELD f OVERFLOW
    BITFIELD f OVERFLOW FOO
    BITFIELD f FOO
    BITFIELD f SET u8 0 1 FOO
    EXISTS f
    RPUSH l a
    BITFIELD l GET u8 0
    BITFIELD l SET u8 0 1
    BITFIELD l SET u8 0 x
    BITFIELD_RO l GET u8 0
    BITFIELD_RO l SET u8 0 1
    BITFIELD_RO f OVERFLOW SAT
    BITFIELD_RO f OVERFLOW SAT SET u8 0 1
    BITFIELD_RO f`,
});

const string = key('s');
const fieldType = literal('u1', 'i1', 'u8', 'i8', 'u13', 'i16', 'u31', 'i32', 'u33', 'i53', 'u54', 'u63', 'i63', 'i64');
const fieldOffset = oneOf(integer(0, 150), literal('#0', '#1', '#2', '7'));
const number = oneOf(
  integer(-300, 300),
  literal('9223372036854775807', '-9223372036854775808', '4294967295', '-2147483649', '9007199254740993'),
);
const index = integer(-60, 60);
const unit = optional(word('BIT', 'BYTE'), 0.6);

const grammar: Grammar = {
  set: [string, value],
  del: [string],
  get: [string],
  append: [string, value],
  setbit: [string, integer(0, 200), literal('0', '1')],
  getbit: [string, integer(0, 300)],
  bitcount: [string, optional(sequence(index, index, unit), 0.8)],
  bitpos: [string, literal('0', '1'), optional(sequence(index, optional(sequence(index, unit))), 0.8)],
  bitop: [
    oneOf(sequence(word('AND', 'OR', 'XOR'), string, repeated(string, 1, 4)), sequence(word('NOT'), string, string)),
  ],
  bitfield: [
    string,
    repeated(
      oneOf(
        sequence(word('GET'), fieldType, fieldOffset),
        sequence(word('SET', 'INCRBY'), fieldType, fieldOffset, number),
        sequence(word('OVERFLOW'), word('WRAP', 'SAT'), word('SET', 'INCRBY'), fieldType, fieldOffset, number),
      ),
      1,
      4,
    ),
  ],
  bitfield_ro: [string, repeated(sequence(word('GET'), fieldType, fieldOffset), 1, 3)],
};

differentialGenerated('bitmap commands', {
  scripts: 60,
  steps: 40,
  transactions: true,
  prelude: [...OTHER_TYPES, ['SET', 's1', '\xff\xff\x00\xff'], ['SET', 's2', '\xff\xff']],
  grammar,
});

describe('long bitmaps', () => {
  test('BITCOUNT, BITPOS and BITOP of any alignment agree with bit by bit', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 90 }),
        fc.uint8Array({ minLength: 1, maxLength: 90 }),
        fc.integer({ min: 0, max: 720 }),
        fc.integer({ min: 0, max: 720 }),
        (one, other, from, to) => {
          const local = new LocalServer();
          const [a, b] = [one, other].map((bytes) => Buffer.from(bytes).toString('latin1'));
          local.run(0, ['SET', 'a', a.slice(0, -1)]);
          local.run(0, ['APPEND', 'a', a.slice(-1)]);
          local.run(0, ['SET', 'b', b]);
          const bits = [...one].map((byte) => byte.toString(2).padStart(8, '0')).join('');
          const within = bits.slice(from, to + 1);
          expect(local.run(0, ['BITCOUNT', 'a', `${from}`, `${to}`, 'BIT'])).toBe(
            `:${within.replaceAll('0', '').length}\r\n`,
          );
          const first = within.indexOf('1');
          expect(local.run(0, ['BITPOS', 'a', '1', `${from}`, `${to}`, 'BIT'])).toBe(
            `:${first < 0 ? -1 : from + first}\r\n`,
          );
          local.run(0, ['BITOP', 'XOR', 'd', 'a', 'b']);
          local.run(0, ['BITOP', 'XOR', 'd', 'd', 'a']);
          const back = local.ask(['GET', 'd']).text ?? '';
          expect(back.slice(0, b.length)).toBe(b);
          expect(back.slice(b.length)).toMatch(/^\0*$/);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('what is refused leaves nothing behind', () => {
  test('a BITFIELD of which every write overflows neither makes nor lengthens the string', () => {
    const local = new LocalServer();
    expect(local.run(0, ['BITFIELD', 'new', 'OVERFLOW', 'FAIL', 'SET', 'u2', '0', '9'])).toBe('*1\r\n$-1\r\n');
    expect(local.run(0, ['EXISTS', 'new'])).toBe(':0\r\n');
    local.run(0, ['SETBIT', 'short', '3', '1']);
    local.run(0, ['BITFIELD', 'short', 'OVERFLOW', 'FAIL', 'SET', 'u2', '100', '9']);
    expect(local.run(0, ['STRLEN', 'short'])).toBe(':1\r\n');
    expect(local.records).toHaveLength(1);
  });

  test('offsets end at proto-max-bulk-len, but not in the log', () => {
    const local = new LocalServer();
    local.run(0, ['CONFIG', 'SET', 'proto-max-bulk-len', '1048576']);
    expect(local.run(0, ['SETBIT', 'k', '8388608', '1'])).toContain('bit offset is not an integer or out of range');
    expect(local.run(0, ['SETBIT', 'k', '8388607', '1'])).toBe(':0\r\n');
    local.load(['SETBIT', 'k', '8388608', '1']);
    expect(local.run(0, ['STRLEN', 'k'])).toBe(':1048577\r\n');
  });
});
