/** Differential tests of the intersection, union and difference of sets, and of all set commands in scripts at random. */
import { differential, differentialGenerated } from './differential.ts';
import {
  integer,
  key,
  literal,
  OTHER_TYPES,
  oneOf,
  optional,
  type Part,
  repeated,
  sequence,
  value,
  word,
} from './generator.ts';
import type { ReplyRule } from './rules.ts';

/** `count` members from number `from` on. */
const numbered = (from: number, count: number): string =>
  Array.from({ length: count }, (_, n) => `m${from + n}`).join(' ');

differential('SINTER, SUNION and SDIFF', {
  'of sets and nothing': `
    SADD t a b c 1 2
    SADD u b c d 2 3
    SADD v c 2 9
    SINTER t
    SINTER t u
    SINTER t u v
    SINTER t missing
    SINTER missing t
    SINTER t t
    SUNION t
    SUNION t u v missing
    SUNION missing
    SUNION missing missing
    SDIFF t
    SDIFF t u
    SDIFF t u v
    SDIFF t missing
    SDIFF missing t
    SDIFF t t
    SDIFF t u t
    SINTERCARD 1 t
    SINTERCARD 2 t u
    SINTERCARD 3 t u v
    SINTERCARD 2 t missing
    SINTERCARD 2 t t LIMIT 2
    SINTERCARD 2 t u LIMIT 0
    SINTERCARD 2 t u LIMIT 1 LIMIT 5`,
  stores: `
    SADD t a b c 1 2
    SADD u b c d 2 3
    SINTERSTORE x t u
    SMEMBERS x
    SUNIONSTORE y t u
    SMEMBERS y
    SDIFFSTORE z t u
    SMEMBERS z
    SINTERSTORE t t u
    SUNIONSTORE u u t
    SDIFFSTORE x x x
    EXISTS x
    SDIFFSTORE x x
    SINTERSTORE y y missing
    EXISTS y
    SUNIONSTORE missing none nothing
    RPUSH l a
    SUNIONSTORE l t
    TYPE l
    EXPIRE l 1000
    SUNIONSTORE l t
    TTL l
    SADD i 1 2 3
    SADD s 2 x
    SINTERSTORE o i s
    OBJECT ENCODING o
    SINTERSTORE o s i
    OBJECT ENCODING o
    SDIFFSTORE o i s
    OBJECT ENCODING o`,
  'other types': `
    RPUSH l a
    SADD t a
    SINTER t l
    SINTER l t
    SINTER missing l
    SUNION t l
    SUNION missing l
    SDIFF missing l
    SDIFF l
    SINTERSTORE x missing l
    SUNIONSTORE t l
    SDIFFSTORE t t l
    SINTERCARD 1 l
    SINTERCARD 2 missing l
    SMEMBERS t`,
  'arguments of SINTERCARD': `
    SADD t a
    SINTERCARD 0 t
    SINTERCARD -1 t
    SINTERCARD x t
    SINTERCARD 2 t
    SINTERCARD 1 t LIMIT
    SINTERCARD 1 t LIMIT -1
    SINTERCARD 1 t LIMIT x
    SINTERCARD 1 t FOO 1
    SINTERCARD 1 t t
    SINTERCARD 1 t limit 1 foo
    SINTERCARD 9223372036854775807 t
    SINTERCARD 9223372036854775808 t
    SINTERCARD 1
    SINTER
    SUNION
    SDIFF
    SINTERSTORE t
    SUNIONSTORE t
    SDIFFSTORE t`,
  'an expired destination goes first': `
    SADD t a
    SADD x old
    PEXPIRE x 10
    sleep 30
    SUNIONSTORE x t
    SADD e z
    PEXPIRE e 10
    sleep 30
    SINTER e t
    SUNION e t`,
  'of large sets': `
    SADD t ${numbered(0, 700)} ${'long'.repeat(5000)} ${'longer'.repeat(5000)}
    SADD u ${numbered(300, 700)} ${'long'.repeat(5000)}
    SADD v ${numbered(290, 30)} ${'long'.repeat(5000)} 7
    SADD w ${numbered(100, 800)} ${'long'.repeat(5000)}
    SMEMBERS t
    SINTER t u
    SINTER t u w
    SINTER t u t
    SINTER t v
    SINTERCARD 2 t u
    SINTERCARD 3 t u w
    SINTERCARD 2 t u LIMIT 17
    SINTERCARD 2 v u LIMIT 17
    SDIFF t u
    SDIFF t v
    SDIFF t u v w
    SDIFF v t
    SUNION t v u
    SINTERSTORE x t u
    SMEMBERS x
    SDIFFSTORE y t u
    SMEMBERS y
    SUNIONSTORE z t u v
    SMEMBERS z`,
  'differences by either algorithm': `
    SADD t 1 2 3 4 5 6 7 8 9 10 a b c d e f g h
    SADD u 1
    SADD v 2 a
    SADD w 3 4 5 6 7 8 9 10
    SDIFF t u v w
    SDIFF u t v
    SDIFF v u w
    SDIFFSTORE x t u v w u v
    SMEMBERS x`,
});

const set = key('t');
const member: Part = oneOf(value, integer(-5, 12), literal('a', 'b', 'c', 'd'));
const counted = oneOf(
  sequence(literal('1'), set),
  sequence(literal('2'), set, set),
  sequence(literal('3'), set, set, set),
);
const GRAMMAR = {
  sadd: [set, repeated(member, 1, 6)],
  srem: [set, repeated(member, 1, 4)],
  smove: [set, set, member],
  sismember: [set, member],
  smismember: [set, repeated(member, 1, 3)],
  scard: [set],
  smembers: [set],
  sinter: [repeated(set, 1, 3)],
  sinterstore: [repeated(set, 2, 4)],
  sintercard: [counted, optional(sequence(word('LIMIT'), integer(0, 4)))],
  sunion: [repeated(set, 1, 3)],
  sunionstore: [repeated(set, 2, 4)],
  sdiff: [repeated(set, 1, 3)],
  sdiffstore: [repeated(set, 2, 4)],
  sscan: [set, literal('0'), optional(sequence(word('MATCH'), literal('*a*', '?', '*', '[0-9]*')))],
  expire: [set, literal('1000')],
  copy: [set, set],
  rename: [set, set],
};

differentialGenerated('set commands', {
  grammar: GRAMMAR,
  prelude: [...OTHER_TYPES, ['SET', 's1', 'x'], ['SADD', 't2', '1', '2', '3'], ['SADD', 't3', '2', '3', 'a']],
  steps: 60,
  scripts: 60,
  transactions: true,
});

/** Few keys and many members: so that sets leave their small forms. */
const some: Part = repeated(
  oneOf(integer(0, 900), integer(-3, 100_000), sequence(literal('member-0', 'member-1'))),
  20,
  120,
);
differentialGenerated('set commands on large sets', {
  grammar: {
    ...GRAMMAR,
    sadd: [key('t', 3), some],
    srem: [key('t', 3), some],
    sscan: [key('t', 3), literal('0'), sequence(word('COUNT'), literal('100000'))],
  },
  steps: 40,
  scripts: 15,
  damaged: 0,
});

/** What is drawn is chance, and so is then what is there: only that and how a command is refused must agree. */
const isRefusedAlike: ReplyRule = (oracle, ours) =>
  oracle.kind === '-' ? ours.kind === '-' && ours.text === oracle.text : ours.kind !== '-';

const count: Part = oneOf(integer(-3, 30), literal('x', '1.5', '', '-9223372036854775808', '9223372036854775808'));
differentialGenerated('SPOP and SRANDMEMBER', {
  grammar: {
    sadd: [set, repeated(member, 1, 6)],
    spop: [set, optional(count), optional(literal('1'), 0.05)],
    srandmember: [set, optional(count), optional(literal('1'), 0.05)],
  },
  prelude: OTHER_TYPES,
  steps: 40,
  scripts: 30,
  // A large negative count would keep redis-server busy for ever.
  damaged: 0,
  comparesData: false,
  comparesLog: false,
  comparesStatistics: false,
  rules: { srandmember: isRefusedAlike, spop: isRefusedAlike, sadd: isRefusedAlike },
});
