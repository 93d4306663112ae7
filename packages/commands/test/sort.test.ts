/** Differential and unit tests of SORT and SORT_RO. */
import { expect, test } from 'vitest';
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
  word,
} from './generator.ts';
import { LocalServer } from './local-server.ts';
import { textsOf } from './reply-tree.ts';

const WEIGHTED = `
    RPUSH l 3 1 2 10 -1 1.5
    MSET w_1 30 w_2 20 w_3 10 w_10 5 w_-1 abc o_1 one o_2 two o_3 ""
    HSET h_1 f 9 g x
    HSET h_2 f 8
    RPUSH w_1.5 list`;

differential('SORT', {
  'by the elements': `${WEIGHTED}
    SORT l
    SORT l DESC
    sort l desc asc
    SORT l ALPHA
    SORT l ALPHA DESC
    SORT l LIMIT 0 2
    SORT l LIMIT 2 2
    SORT l LIMIT 5 10
    SORT l LIMIT 6 10
    SORT l LIMIT -1 2
    SORT l LIMIT 0 0
    SORT l LIMIT 1 -1
    SORT l LIMIT 1 -5
    SORT l LIMIT 9223372036854775807 9223372036854775807
    SADD t 5 3 9 1
    SORT t
    ZADD z 1 c 2 b 3 a 3 1
    SORT z ALPHA
    SORT z
    SORT missing
    SORT missing LIMIT 1 2 DESC GET #
    SORT_RO l DESC LIMIT 1 2`,
  'by other keys': `${WEIGHTED}
    SORT l BY o_* ALPHA
    LREM l 0 -1
    SORT l BY w_*
    SORT l BY w_* DESC
    SORT l BY w_* GET # GET w_* GET o_*
    SORT l BY o_* ALPHA DESC LIMIT 0 3
    SORT l BY h_*->f
    SORT l BY h_*->f GET h_*->f GET h_*->g GET h_* GET h_*-> GET #
    SORT l BY missing_*
    SORT l BY nosort GET #
    SORT l BY nosort DESC
    SORT l BY nosort DESC LIMIT 1 2
    SORT l BY nosort LIMIT 1 2
    SORT l BY nosort LIMIT 10 2
    SORT l GET nostar GET ## GET "" GET *
    SORT l BY ""
    SORT l BY # GET w_*
    ZADD z 3 a 1 b 2 c
    SORT z BY nosort
    SORT z BY nosort DESC
    SORT z BY nosort DESC LIMIT 1 5
    SORT z BY nosort LIMIT 2 1
    SORT_RO l BY w_* GET o_*`,
  'what is no number': `${WEIGHTED}
    SORT l BY w_*
    SORT l BY o_*
    SORT l BY o_* GET w_* STORE d
    EXISTS d
    RPUSH odd " 1" "" inf -inf 0x10 1e3 "+5"
    SORT odd
    RPUSH zero 0e-999 -0
    SORT zero
    RPUSH space " "
    SORT space
    RPUSH trailing "1 "
    SORT trailing
    RPUSH nan nan
    SORT nan
    RPUSH huge 1e999
    SORT huge
    RPUSH tiny 1e-999
    SORT tiny
    RPUSH subnormal 1e-310
    SORT subnormal
    RPUSH word 1a
    SORT word`,
  storing: `${WEIGHTED}
    SORT l STORE d
    LRANGE d 0 -1
    OBJECT ENCODING d
    SORT l GET # GET w_* GET o_* STORE d
    SORT l BY nosort STORE l
    SORT l ALPHA STORE l LIMIT 1 2
    SORT missing STORE d
    SORT missing STORE d
    SORT l LIMIT 9 9 STORE l
    EXISTS l
    SADD t b a c 10 9
    SORT t BY nosort STORE d
    SORT t BY nosort DESC STORE d
    SORT t BY nosort LIMIT 1 2 STORE d
    SORT t ALPHA STORE x STORE d
    EXISTS x
    SET s x EX 1000
    SORT t ALPHA STORE s
    TTL s
    SORT_RO t ALPHA STORE s
    COMMAND GETKEYS SORT l BY x GET y STORE z
    COMMAND GETKEYS SORT l STORE z STORE a LIMIT 1 STORE
    COMMAND GETKEYS SORT l GET STORE z
    COMMAND GETKEYS SORT_RO l GET y`,
  'keys that expire on the way': `${WEIGHTED}
    PEXPIRE w_2 10
    PEXPIRE h_1 10
    LREM l 0 -1
    sleep 30
    SORT l BY w_* GET h_*->f
    SORT l BY w_* STORE d`,
  errors: `
    SORT
    SORT l FOO
    SORT l LIMIT 1
    SORT l LIMIT x 1
    SORT l LIMIT 1 x
    SORT l BY
    SORT l GET
    SORT l STORE
    SORT s x
    SET s x
    SORT s
    SORT s FOO
    HSET h f v
    SORT h STORE s
    SORT_RO s
    SORT_RO l STORE x
    RPUSH l a
    SORT l
    SORT l ALPHA LIMIT 0 9223372036854775808`,
});

const source = oneOf(key('l'), key('t'), key('z'));
const element = oneOf(integer(-30, 30), literal('1.5', '-0', '0', '10', '9'));
const pattern = literal('w_*', 'h_*->f', '#', 'missing', 's*', 'h_*->');
const get = sequence(word('GET'), pattern);
const limit = sequence(word('LIMIT'), integer(-2, 10), integer(-2, 10));
// A part of what has no order can be any part.
const inOrder = sequence(
  optional(sequence(word('BY'), literal('w_*'))),
  repeated(oneOf(word('ASC', 'DESC'), limit, get), 0, 3),
);
const asItComes = sequence(optional(sequence(word('BY'), pattern)), repeated(oneOf(word('DESC', 'ALPHA'), get), 0, 3));

const grammar: Grammar = {
  rpush: [key('l'), repeated(element, 1, 5)],
  sadd: [key('t'), repeated(element, 1, 5)],
  zadd: [key('z'), repeated(sequence(integer(-5, 5), element), 1, 4)],
  del: [source],
  sort: [source, oneOf(inOrder, asItComes), optional(sequence(word('STORE'), key('l')), 0.3)],
  sort_ro: [source, oneOf(inOrder, asItComes)],
};

const WEIGHTS: string[][] = [['MSET']];
for (let i = -30; i <= 30; i++) WEIGHTS[0].push(`w_${i}`, String((i * 37) % 61));
WEIGHTS[0].push('w_1.5', '600', 'w_-0', '500');

differentialGenerated('SORT', {
  scripts: 40,
  steps: 40,
  transactions: true,
  // Without an order, sets and equal weights come as they may.
  rules: { sort: sameElements, sort_ro: sameElements },
  comparesData: false,
  comparesLog: false,
  prelude: [...OTHER_TYPES, ...WEIGHTS, ['HSET', 'h_1', 'f', '7'], ['HSET', 'h_2', 'f', '-7']],
  grammar,
});

function sameElements(a: Parameters<typeof textsOf>[0], b: Parameters<typeof textsOf>[0]): boolean {
  if (a.items === undefined || b.items === undefined) return JSON.stringify(a) === JSON.stringify(b);
  return JSON.stringify(textsOf(a).sort()) === JSON.stringify(textsOf(b).sort());
}

differentialGenerated('SORT of lists', {
  scripts: 40,
  steps: 40,
  comparesEncodings: false,
  prelude: [...WEIGHTS, ['RPUSH', 'l1', '3', '1', '2'], ['RPUSH', 'l2', '10', '9', '8', '-5', '7', '1.5']],
  grammar: {
    rpush: [key('l'), repeated(element, 1, 5)],
    lrem: [key('l'), literal('0', '1'), element],
    sort: [
      key('l'),
      optional(sequence(word('BY'), literal('w_*', 'missing', '*->x')), 0.5),
      repeated(
        oneOf(
          word('ASC', 'DESC'),
          sequence(word('LIMIT'), integer(-2, 10), integer(-2, 10)),
          sequence(word('GET'), literal('#', 'w_*', 'l*')),
        ),
        0,
        3,
      ),
      optional(sequence(word('STORE'), key('l')), 0.3),
    ],
  },
});

test('dirty counts what is stored', () => {
  const local = new LocalServer();
  local.run(0, ['RPUSH', 'l', '2', '1']);
  const before = local.keyspace.dirty;
  local.run(0, ['SORT', 'l', 'GET', '#', 'GET', 'x_*', 'STORE', 'd']);
  expect(local.keyspace.dirty - before).toBe(4);
});
