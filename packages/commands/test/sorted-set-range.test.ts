/** Differential tests of ranges of sorted sets. */
import { expect, test } from 'vitest';
import { differential } from './differential.ts';
import { LocalServer } from './local-server.ts';

differential('ZRANGE', {
  'by rank': `
    ZADD z 1 a 2 b 3 c 4 d
    ZRANGE z 0 -1
    ZRANGE z 1 2
    ZRANGE z -2 -1 WITHSCORES
    ZRANGE z 2 1
    ZRANGE z 4 10
    ZRANGE z -100 100
    ZRANGE z 0 -5
    ZRANGE z 0 0 REV
    ZRANGE z 0 -1 REV WITHSCORES
    ZRANGE z 1 2 rev withscores
    ZRANGE z -1 0 REV
    ZREVRANGE z 0 -1
    ZREVRANGE z 1 -2 WITHSCORES
    ZREVRANGE z 0 1 REV
    ZREVRANGE z 0 1 BYSCORE
    ZRANGE missing 0 -1
    ZRANGE missing 0 -1 WITHSCORES
    ZRANGE missing x -1
    ZRANGE z x -1
    ZRANGE z 0 1.5
    ZRANGE z 0 9223372036854775807
    ZRANGE z -9223372036854775808 9223372036854775807
    ZRANGE z 0 9223372036854775808
    ZRANGE z 0 1 WITHSCORES WITHSCORES
    ZRANGE z 0 1 REV REV
    ZRANGE z 0 1 FOO
    ZRANGE z 0 1 LIMIT 0 1
    ZRANGE z 0 -1 LIMIT 2 -1
    ZRANGE z 0 -1 LIMIT 2 -2
    ZRANGE z 0 -1 LIMIT x 1
    ZRANGE z 0 -1 LIMIT 1
    ZRANGE z 0`,
  'by score': `
    ZADD z 1 a 2 b 2 c 3 d inf e -inf f
    ZRANGE z 1 2 BYSCORE
    ZRANGE z (1 (3 BYSCORE WITHSCORES
    ZRANGE z -inf +inf BYSCORE
    ZRANGE z (-inf (inf BYSCORE
    ZRANGE z 3 1 BYSCORE
    ZRANGE z 3 1 BYSCORE REV
    ZRANGE z +inf -inf BYSCORE REV WITHSCORES
    ZRANGE z 1 3 BYSCORE REV
    ZRANGE z (2 2 BYSCORE
    ZRANGE z 2 (2 BYSCORE
    ZRANGE z (2 (2 BYSCORE
    ZRANGE z 2 2 BYSCORE
    ZRANGE z -inf inf BYSCORE LIMIT 1 2
    ZRANGE z -inf inf BYSCORE LIMIT 0 0
    ZRANGE z -inf inf BYSCORE LIMIT 2 -1
    ZRANGE z -inf inf BYSCORE LIMIT 2 -7
    ZRANGE z -inf inf BYSCORE LIMIT -1 2
    ZRANGE z -inf inf BYSCORE LIMIT 10 2
    ZRANGE z inf -inf BYSCORE REV LIMIT 1 2
    ZRANGE z inf -inf BYSCORE REV LIMIT -1 2
    ZRANGE z -inf inf BYSCORE LIMIT 1 2 LIMIT 0 1
    ZRANGE z -inf inf BYSCORE BYLEX
    ZRANGE z -inf inf BYSCORE BYSCORE
    ZRANGEBYSCORE z 1 2
    ZRANGEBYSCORE z 1 2 WITHSCORES LIMIT 0 1
    ZRANGEBYSCORE z 1 2 LIMIT 0
    ZRANGEBYSCORE z 1 2 REV
    ZRANGEBYSCORE z 1 2 BYSCORE
    ZREVRANGEBYSCORE z 3 1 WITHSCORES
    ZREVRANGEBYSCORE z 1 3
    ZREVRANGEBYSCORE z 3 1 LIMIT 1 1
    ZRANGEBYSCORE missing 1 x
    ZRANGEBYSCORE missing 1 2`,
  'odd bounds': `
    ZADD z -0 d 1 a 2 b inf e
    ZRANGEBYSCORE z "" ""
    ZRANGEBYSCORE z "(" 2
    ZRANGEBYSCORE z " 1" 2
    ZRANGEBYSCORE z "( 1" 2
    ZRANGEBYSCORE z "\\t\\n1" 2
    ZRANGEBYSCORE z "1 " 2
    ZRANGEBYSCORE z " " 2
    ZRANGEBYSCORE z ((1 2
    ZRANGEBYSCORE z (nan 2
    ZRANGEBYSCORE z nan 2
    ZRANGEBYSCORE z 0x1 0x2
    ZRANGEBYSCORE z (0x1 (0x1p4
    ZRANGEBYSCORE z 1 1e400
    ZRANGEBYSCORE z -1e400 1
    ZRANGEBYSCORE z 1e-400 1
    ZRANGEBYSCORE z "1\\x00abc" 2
    ZRANGEBYSCORE z "\\x00" 2
    ZRANGEBYSCORE z "(1\\x00" 2
    ZRANGEBYSCORE z +1 +inf
    ZRANGEBYSCORE z (+1 (INFINITY
    ZRANGEBYSCORE z [1 2
    ZRANGEBYSCORE z x 2
    ZRANGEBYSCORE z 1 x
    ZRANGEBYSCORE z 1 2x
    ZCOUNT z "" (1
    ZREMRANGEBYSCORE z "" ""
    ZCARD z`,
  'by member': `
    ZADD z 0 a 0 b 0 c 0 d 0 aa 0 "" 0 "\\xff"
    ZRANGE z - + BYLEX
    ZRANGE z + - BYLEX
    ZRANGE z + - BYLEX REV
    ZRANGE z [a [c BYLEX
    ZRANGE z (a (c BYLEX
    ZRANGE z [c [a BYLEX REV
    ZRANGE z [c [a BYLEX
    ZRANGE z [ [b BYLEX
    ZRANGE z ( (b BYLEX
    ZRANGE z - - BYLEX
    ZRANGE z + + BYLEX
    ZRANGE z - + BYLEX LIMIT 1 2
    ZRANGE z - + BYLEX LIMIT -1 2
    ZRANGE z + - BYLEX REV LIMIT 1 2
    ZRANGE z - + BYLEX WITHSCORES
    ZRANGE z a + BYLEX
    ZRANGE z -x + BYLEX
    ZRANGE z - +x BYLEX
    ZRANGE z "" + BYLEX
    ZRANGE z "-\\x00x" "+\\x00" BYLEX
    ZRANGEBYLEX z [a [c
    ZRANGEBYLEX z [a [c LIMIT 1 1
    ZRANGEBYLEX z [a [c WITHSCORES
    ZRANGEBYLEX z [a [c REV
    ZREVRANGEBYLEX z [c [a
    ZREVRANGEBYLEX z (c (a LIMIT 0 1
    ZREVRANGEBYLEX z [a [c
    ZRANGEBYLEX missing - +
    ZRANGEBYLEX missing x +
    ZLEXCOUNT z - +
    ZLEXCOUNT z [a (c
    ZLEXCOUNT z + -
    ZLEXCOUNT z x -
    ZLEXCOUNT missing - +`,
  'by member among different scores': `
    ZADD z 0 b 1 d 2 a 3 c 4 e 5 b2
    ZRANGEBYLEX z [b [d
    ZREVRANGEBYLEX z [d [b
    ZRANGEBYLEX z [c +
    ZRANGEBYLEX z (b [d
    ZLEXCOUNT z [b [d
    ZREMRANGEBYLEX z [a [b
    ZRANGE z 0 -1`,
  stores: `
    ZADD z 1 a 2 b 3 c 4 d
    ZRANGESTORE d z 1 2
    ZRANGE d 0 -1 WITHSCORES
    ZRANGESTORE d z 0 -1 REV
    ZRANGE d 0 -1 WITHSCORES
    ZRANGESTORE d z 0 0 REV
    ZRANGE d 0 -1 WITHSCORES
    ZRANGESTORE d z (1 3 BYSCORE LIMIT 1 1
    ZRANGE d 0 -1
    ZRANGESTORE d z 4 1 BYSCORE REV LIMIT 0 2
    ZRANGE d 0 -1
    ZRANGESTORE d z [b + BYLEX
    ZRANGE d 0 -1
    ZRANGESTORE z z 0 1
    ZRANGE z 0 -1
    ZRANGESTORE d z 5 6
    EXISTS d
    ZRANGESTORE d z 5 6
    ZRANGESTORE d missing 0 -1
    ZRANGESTORE z missing 0 -1
    EXISTS z
    ZADD z 1 a
    RPUSH l a
    EXPIRE l 1000
    ZRANGESTORE l z 0 -1
    TYPE l
    TTL l
    ZRANGESTORE d z 0 -1 WITHSCORES
    ZRANGESTORE d z 0 -1 LIMIT 0 1
    ZRANGESTORE d z 0 x
    ZRANGESTORE d z 0`,
});

differential('ZCOUNT and ZREMRANGE', {
  counts: `
    ZADD z 1 a 2 b 2 c 3 d
    ZCOUNT z -inf +inf
    ZCOUNT z 1 2
    ZCOUNT z (1 (3
    ZCOUNT z 3 1
    ZCOUNT z x 1
    ZCOUNT missing 0 1
    ZCOUNT z 0`,
  removals: `
    ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h
    ZREMRANGEBYRANK z 0 0
    ZREMRANGEBYRANK z -1 -1
    ZREMRANGEBYRANK z 5 3
    ZREMRANGEBYRANK z 100 200
    ZREMRANGEBYRANK z -100 -100
    ZREMRANGEBYSCORE z (2 3
    ZREMRANGEBYSCORE z 100 200
    ZREMRANGEBYSCORE z 5 4
    ZRANGE z 0 -1
    ZREMRANGEBYLEX z [d (f
    ZRANGE z 0 -1
    ZREMRANGEBYRANK z 0 -1
    EXISTS z
    ZREMRANGEBYRANK z 0 -1
    ZREMRANGEBYSCORE z 0 1
    ZREMRANGEBYLEX z - +
    ZREMRANGEBYRANK z x 1
    ZREMRANGEBYRANK z 0 x
    ZREMRANGEBYSCORE z x 1
    ZREMRANGEBYLEX z x +
    ZREMRANGEBYRANK z 0`,
});

test('ranges of the large form are answered as those of the small one, whatever the members are and the protocol', () => {
  const members = ['', '\x00\xff\r\n', 'x'.repeat(4095), 'x'.repeat(4096), 'y'.repeat(20_000)];
  for (let i = 0; i < 300; i++) members.push(`member:${i}`);
  // By 7 the scores are whole numbers, fractions, and some of them equal.
  const pairs = members.flatMap((member, i) => [String(((i * 31) % 211) / 7), member]);
  const ranges = [
    'ZRANGE z 0 -1',
    'ZRANGE z 3 250 WITHSCORES',
    'ZRANGE z 100 103',
    'ZREVRANGE z 0 -1 WITHSCORES',
    'ZRANGEBYSCORE z 2 (20 WITHSCORES LIMIT 5 100',
    'ZREVRANGEBYSCORE z inf -inf',
    'ZRANGEBYLEX equal - +',
    'ZREVRANGEBYLEX equal [member:5 (member:2',
    'ZRANGE equal [member:2 [x BYLEX LIMIT 0 20',
    'ZLEXCOUNT equal (member:1 [member:299',
  ];
  for (const protocol of [2, 3] as const) {
    const [large, small] = [0, 1000].map((entries) => {
      const local = new LocalServer(protocol);
      local.keyspace.thresholds.zsetMaxListpackEntries = entries;
      local.keyspace.thresholds.zsetMaxListpackValue = 100_000;
      local.run(0, ['ZADD', 'z', ...pairs]);
      local.run(0, ['ZADD', 'equal', ...members.flatMap((member) => ['0', member])]);
      return local;
    });
    expect(large.ask(['OBJECT', 'ENCODING', 'z']).text).toBe('skiplist');
    expect(small.ask(['OBJECT', 'ENCODING', 'z']).text).toBe('listpack');
    for (const range of ranges) {
      const reply = large.run(0, range.split(' '));
      expect(reply === small.run(0, range.split(' ')), `${range} in RESP${protocol}`).toBe(true);
      expect(reply).toContain(range.startsWith('ZLEXCOUNT') ? ':' : 'member:');
    }
    // The array, the pair in RESP3, the member and its score.
    const pair = protocol === 2 ? '*2\r\n' : '*1\r\n*2\r\n';
    expect(large.run(0, ['ZRANGE', 'z', '0', '0', 'WITHSCORES'])).toBe(
      `${pair}$0\r\n\r\n${protocol === 2 ? '$1\r\n0' : ',0'}\r\n`,
    );
  }
});
