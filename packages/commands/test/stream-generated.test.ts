/** Differential tests of the stream commands in scripts at random. */
import { differentialGenerated } from './differential.ts';
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
import { STREAM_OPTIONS } from './stream-rules.ts';

const few = key('x', 2);
const group = literal('g', 'h');
const consumer = literal('c', 'd', 'e');
/** Small, so that they meet; large ones are in stream.test.ts. */
const id: Part = oneOf(integer(1, 60), (random) => [`${random.integer(1, 60)}-${random.integer(0, 3)}`]);
const bound: Part = oneOf(id, (random) => [`(${id(random)[0]}`], literal('-', '+'));
const field = oneOf(literal('a', 'b', 'long field name'), value);
const fields = oneOf(sequence(literal('a'), value), repeated(sequence(field, value), 1, 3));
const trim: Part = oneOf(
  sequence(word('MAXLEN'), optional(literal('=', '~')), integer(0, 20)),
  sequence(word('MINID'), optional(literal('=', '~')), id),
);
const trimming: Part = oneOf(
  trim,
  sequence(word('MAXLEN'), literal('~'), integer(0, 20), word('LIMIT'), integer(0, 12)),
  sequence(word('MINID'), literal('~'), id, word('LIMIT'), integer(0, 12)),
);
const count = optional(sequence(word('COUNT'), integer(0, 5)));
const noAck = optional(word('NOACK'), 0.2);

const GRAMMAR = {
  // Mostly behind the last one: a script counts up to 40 or so.
  xadd: [
    few,
    optional(word('NOMKSTREAM'), 0.1),
    optional(trimming, 0.15),
    oneOf(
      id,
      (random) => [`${random.integer(1, 60)}-*`],
      (random) => [`${random.integer(30, 60)}-*`],
    ),
    fields,
  ],
  xlen: [few],
  xdel: [few, repeated(id, 1, 4)],
  xtrim: [few, trimming],
  xrange: [few, bound, bound, count],
  xrevrange: [few, bound, bound, count],
  xread: [count, word('STREAMS'), oneOf(sequence(few, id), sequence(few, few, id, oneOf(id, literal('$'))))],
  xsetid: [few, integer(55, 60), optional(sequence(word('ENTRIESADDED'), integer(20, 90)), 0.3)],
  'xgroup create': [few, group, oneOf(id, literal('$', '0')), optional(word('MKSTREAM'))],
  'xgroup setid': [few, group, oneOf(id, literal('$', '0'))],
  'xgroup destroy': [few, group],
  'xgroup createconsumer': [few, group, consumer],
  'xgroup delconsumer': [few, group, consumer],
  xack: [few, group, repeated(id, 1, 6)],
  xreadgroup: [
    sequence(word('GROUP'), group, consumer),
    count,
    noAck,
    word('STREAMS'),
    oneOf(
      sequence(few, literal('>')),
      sequence(few, oneOf(literal('>', '0'), id)),
      sequence(few, few, literal('>', '0'), literal('>')),
    ),
  ],
  xclaim: [
    few,
    group,
    consumer,
    literal('0', '0', '100000'),
    repeated(id, 1, 4),
    optional(oneOf(word('FORCE', 'JUSTID'), sequence(word('FORCE'), word('JUSTID')))),
    optional(sequence(word('RETRYCOUNT'), integer(-1, 9)), 0.2),
    optional(sequence(word('LASTID'), id), 0.1),
  ],
  xautoclaim: [
    few,
    group,
    consumer,
    literal('0', '0', '100000'),
    bound,
    optional(sequence(word('COUNT'), integer(1, 4))),
    optional(word('JUSTID'), 0.3),
  ],
  xpending: [
    few,
    group,
    optional(
      sequence(
        optional(sequence(word('IDLE'), literal('0', '100000'))),
        bound,
        bound,
        integer(0, 5),
        optional(consumer),
      ),
    ),
  ],
  'xinfo stream': [few, optional(sequence(word('FULL'), count))],
  'xinfo groups': [few],
  'xinfo consumers': [few, group],
  copy: [few, few],
  del: [few],
  'object encoding': [few],
};

const PRELUDE = [
  ...OTHER_TYPES,
  ['SET', 's1', 'x'],
  ...[1, 3, 5, 7, 9].flatMap((ms) => [
    ['XADD', 'x1', `${ms}-1`, 'a', String(ms)],
    ['XADD', 'x2', `${ms}-2`, 'a', '1', 'b', String(ms)],
  ]),
  ['XGROUP', 'CREATE', 'x1', 'g', '0'],
  ['XGROUP', 'CREATE', 'x1', 'h', '0'],
  ['XGROUP', 'CREATE', 'x2', 'g', '3'],
];

differentialGenerated('stream commands', {
  ...STREAM_OPTIONS,
  grammar: GRAMMAR,
  prelude: PRELUDE,
  steps: 100,
  scripts: 60,
  transactions: true,
});

/** Every command again, few of those that only look, and nodes that are full after a handful of entries. */
const { del: _, copy: __, 'xgroup destroy': ___, xlen: ____, ...CHANGING } = GRAMMAR;
differentialGenerated('stream commands without damage', {
  ...STREAM_OPTIONS,
  grammar: CHANGING,
  prelude: PRELUDE,
  steps: 150,
  scripts: 40,
  damaged: 0,
});

/** Entries enough for several nodes, by number and by size: whole nodes go where Redis's go. */
const large: Part = oneOf(
  literal('x'.repeat(60), 'y'.repeat(700), '1', '-5000', '70000', '123456789012', '', 'z'.repeat(130)),
  value,
);
const some = literal('x1', 'x2');
const manyEntries = Array.from({ length: 260 }, (_value, i) => [
  'XADD',
  i % 3 === 0 ? 'x2' : 'x1',
  `${i + 1}-1`,
  'f',
  i % 7 === 0 ? 'w'.repeat(90) : String(i * 37),
]);
differentialGenerated('trimming of streams with many entries', {
  ...STREAM_OPTIONS,
  grammar: {
    xadd: [
      some,
      optional(oneOf(trim, trim), 0.1),
      (random) => [`${random.integer(300, 400)}-*`],
      repeated(sequence(literal('f', 'g'), large), 1, 2),
    ],
    xtrim: [
      some,
      oneOf(
        sequence(word('MAXLEN'), literal('=', '~'), integer(0, 250)),
        sequence(word('MINID'), literal('=', '~'), integer(0, 300)),
        sequence(word('MAXLEN'), literal('~'), integer(0, 200), word('LIMIT'), integer(20, 150)),
      ),
    ],
    xdel: [some, repeated((random) => [`${random.integer(1, 260)}-1`], 1, 40)],
    'xinfo stream': [some],
    xrange: [some, integer(0, 300), literal('+'), literal('COUNT'), integer(1, 5)],
    xrevrange: [some, integer(0, 300), literal('-'), literal('COUNT'), integer(1, 5)],
  },
  prelude: manyEntries,
  steps: 60,
  scripts: 25,
  damaged: 0,
});
