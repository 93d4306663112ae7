/** Differential and unit tests of the sorted set commands that work on one member after the other. */
import { describe, expect, test } from 'vitest';
import { differential } from './differential.ts';
import { LocalServer } from './local-server.ts';

differential('ZADD and ZINCRBY', {
  'scores of all kinds': `
    ZADD z 1 a 2 b 0.1 c -0 d inf e -inf f 1e20 g 1e16 h 123456789.123 i
    ZADD z 3.0 j +4 k .5 l 5. m 0x10 n 1e-7 o 0x1p-2 p INFINITY q -Infinity r
    ZADD z 9007199254740993 s 4503599627370497 t 1.7976931348623157e308 u 5e-324 v
    ZADD z 100000000000000000 w 123456789012345678 x 0.30000000000000004 y 1e21 z
    ZRANGE z 0 -1 WITHSCORES
    ZSCORE z d
    ZSCORE z s
    ZMSCORE z a missing e f
    ZADD z nan a
    ZADD z 1e400 a
    ZADD z "" a
    ZADD z " 1" a
    ZADD z "1 " a
    ZADD z x a
    ZADD z 1 a x b
    ZADD z 1 "" 2 "\\x00\\xff\\r\\n"
    ZRANGE z 0 -1 WITHSCORES
    ZSCAN z 0`,
  'adding, changing, nothing': `
    ZADD z 1 a
    ZADD z 1 a
    ZADD z 2 a 3 b
    ZADD z CH 2 a 4 b 5 c
    ZADD z 1 x 2 x 3 x
    ZADD z CH 1 x 2 x 3 x
    ZADD z 0 zero
    ZADD z CH -0 zero
    ZRANGE z 0 -1 WITHSCORES`,
  options: `
    ZADD z NX 1 a
    ZADD z NX 2 a 3 b
    ZADD z XX 5 a 6 c
    ZADD z XX CH 7 a 6 c
    ZADD z GT CH 5 a 8 b 1 n
    ZADD z LT CH 5 a 9 b 1 m
    ZADD z GT 7 a
    ZADD z xx gt ch 100 a 0 b 5 new
    ZADD missing XX 1 a
    ZADD missing XX INCR 1 a
    EXISTS missing
    ZADD z GT XX INCR 5 a
    ZADD z GT INCR -5 a
    ZADD z LT INCR -5 a
    ZADD z NX INCR 5 a
    ZADD z NX INCR 5 fresh
    ZADD z XX INCR 5 nobody
    ZADD z INCR 1.5 fresh
    ZADD z CH INCR 0 fresh
    ZADD z INCR -0 minus
    ZRANGE z 0 -1 WITHSCORES`,
  'options that exclude each other': `
    ZADD z NX XX 1 a
    ZADD z NX GT 1 a
    ZADD z NX LT 1 a
    ZADD z GT LT 1 a
    ZADD z NX XX GT 1 a
    ZADD z INCR 1 a 2 b
    ZADD z NX XX INCR 1 a 2 b
    ZADD z GT LT 1
    ZADD z NX
    ZADD z NX NX
    ZADD z CH INCR NX
    ZADD z 1 a 2
    ZADD z FOO 1 a
    ZADD z 1 a NX
    ZADD z 1
    ZADD z
    ZINCRBY z nx a
    ZINCRBY z 1
    ZINCRBY z 1 a b`,
  increments: `
    ZINCRBY z 1 a
    ZINCRBY z 0.1 a
    ZINCRBY z 0.2 a
    ZINCRBY z -5 a
    ZINCRBY z 0 a
    ZINCRBY z x a
    ZINCRBY z nan a
    ZINCRBY z inf a
    ZINCRBY z -inf a
    ZADD z INCR -inf a
    ZINCRBY z inf a
    ZINCRBY z 1e308 b
    ZINCRBY z 1e308 b
    ZINCRBY z 1e308 b
    ZSCORE z a`,
  'zeros in either encoding': `
    ZADD z -0 a 0 b
    ZADD z 1 ${'x'.repeat(70)}
    ZADD z -0 c -0 b 0 a
    ZRANGE z 0 -1 WITHSCORES
    ZSCAN z 0
    ZADD z CH 0 c
    ZINCRBY z -0 c
    ZINCRBY z 0 c
    ZINCRBY z 1e17 c
    ZSCAN z 0
    OBJECT ENCODING z`,
  'other types': `
    RPUSH l a
    ZADD l 1 a
    ZADD l x a
    ZADD l XX 1 a
    ZINCRBY l 1 a
    ZREM l a
    ZSCORE l a
    ZMSCORE l a
    ZCARD l
    ZRANK l a
    ZREVRANK l a
    ZSCAN l 0
    ZSCAN l x
    ZCOUNT l 0 1
    ZCOUNT l x 1
    ZLEXCOUNT l - +
    ZLEXCOUNT l a +
    ZRANGE l 0 1
    ZRANGE l x 1
    ZRANGESTORE d l 0 1
    ZRANGESTORE d l 0 x
    ZREMRANGEBYRANK l 0 1
    ZREMRANGEBYSCORE l 0 x
    ZREMRANGEBYSCORE l 0 1
    ZREMRANGEBYLEX l - +
    ZPOPMIN l
    ZPOPMAX l 0
    ZPOPMIN l x
    ZMPOP 1 l MIN
    ZMPOP 2 missing l MIN
    ZRANDMEMBER l
    ZRANDMEMBER l 0
    ZUNION 1 l
    ZINTERCARD 1 l
    SADD t a
    ZADD t 1 a
    ZRANGE t 0 -1`,
  'the expiry stays': `
    ZADD z 1 a
    EXPIRE z 1000
    ZADD z 2 b
    ZREM z a
    TTL z`,
});

differential('ZREM, ZRANK, ZCARD and ZSCAN', {
  'one by one': `
    ZADD z 1 a 2 b 2 c 3 d
    ZREM z a x a
    ZREM z x
    ZREM missing a
    ZCARD z
    ZCARD missing
    ZRANK z b
    ZRANK z c
    ZRANK z x
    ZREVRANK z b
    ZREVRANK z d
    ZREVRANK z x
    ZRANK missing a
    ZREVRANK missing a
    ZSCORE z x
    ZSCORE missing a
    ZMSCORE missing a b
    ZREM z b c d
    EXISTS z
    ZREM z b`,
  'many at once': `
    ZADD z ${Array.from({ length: 100 }, (_, n) => `${(n * 37) % 50} m${n}`).join(' ')}
    ZREM z ${Array.from({ length: 40 }, (_, n) => `m${n * 2}`).join(' ')} m0 x m99
    ZRANGE z 0 -1 WITHSCORES
    ZREM z ${Array.from({ length: 100 }, (_, n) => `m${n}`).join(' ')}
    EXISTS z`,
  scans: `
    ZADD z 1 a 2.5 b 3 ab -inf abc
    ZSCAN z 0
    ZSCAN z 0 MATCH a*
    ZSCAN z 0 COUNT 1
    ZSCAN z 0 MATCH x*
    ZSCAN z 5
    ZSCAN z x
    ZSCAN z 0 COUNT 0
    ZSCAN z 0 COUNT x
    ZSCAN z 0 FOO
    ZSCAN missing 0 FOO
    ZSCAN missing x
    ZSCAN z`,
});

describe('ZRANK and ZREVRANK WITHSCORE, which are of Redis 7.2', () => {
  test('answer rank and score', () => {
    for (const protocol of [2, 3] as const) {
      const local = new LocalServer(protocol);
      local.run(0, ['ZADD', 'z', '1', 'a', '2.5', 'b']);
      const written = protocol === 2 ? '$3\r\n2.5\r\n' : ',2.5\r\n';
      expect(local.run(0, ['ZRANK', 'z', 'b', 'WITHSCORE'])).toBe(`*2\r\n:1\r\n${written}`);
      expect(local.run(0, ['ZREVRANK', 'z', 'b', 'withscore'])).toBe(`*2\r\n:0\r\n${written}`);
      const nothing = protocol === 2 ? '*-1\r\n' : '_\r\n';
      expect(local.run(0, ['ZRANK', 'z', 'x', 'WITHSCORE'])).toBe(nothing);
      expect(local.run(0, ['ZRANK', 'missing', 'x', 'WITHSCORE'])).toBe(nothing);
      expect(local.run(0, ['ZRANK', 'z', 'a', 'FOO'])).toBe('-ERR syntax error\r\n');
      expect(local.run(0, ['ZRANK', 'z', 'a', 'WITHSCORE', 'b'])).toBe(
        "-ERR wrong number of arguments for 'zrank' command\r\n",
      );
    }
  });
});

describe('the encoding', () => {
  function encoding(local: LocalServer, name = 'z'): string | undefined {
    return local.ask(['OBJECT', 'ENCODING', name]).text;
  }
  const pairs = (count: number) => Array.from({ length: count }, (_, i) => [String(i), `m${i}`]).flat();

  test('is chosen by what is announced, and by what there is', () => {
    const local = new LocalServer();
    local.run(0, ['ZADD', 'z', ...pairs(128)]);
    expect(encoding(local)).toBe('listpack');
    local.run(0, ['ZADD', 'z', '1', 'new']);
    expect(encoding(local)).toBe('skiplist');
    local.run(0, ['ZRANGESTORE', 'd', 'z', '0', '99']);
    expect(encoding(local, 'd')).toBe('listpack');
    local.run(0, ['ZUNIONSTORE', 'd', '1', 'z']);
    expect(encoding(local, 'd')).toBe('skiplist');
    local.run(0, ['ZADD', 'w', ...Array.from({ length: 129 }, () => ['1', 'same']).flat()]);
    expect(encoding(local, 'w')).toBe('skiplist');
    local.run(0, ['ZADD', 'v', '1', 'x'.repeat(65)]);
    expect(encoding(local, 'v')).toBe('skiplist');
  });
});

test('dirty counts members as Redis does', () => {
  const local = new LocalServer();
  // The differences of rdb_changes_since_last_save on redis-server 7.0.15.
  const steps: [string, number][] = [
    ['ZADD z 1 a 2 b 3 c 1 a', 3],
    ['ZADD z 1 a', 0],
    ['ZADD z CH 2 a 9 d', 2],
    ['ZADD z INCR 0 a', 0],
    ['ZADD z INCR 1 a', 1],
    ['ZINCRBY z 0 a', 0],
    ['ZADD z XX 5 q', 0],
    ['ZREM z q', 0],
    ['ZREM z a q', 1],
    ['ZPOPMIN z 2', 2],
    ['ZADD z 1 a 2 b 3 c 4 d 5 e 6 f', 6],
    ['ZPOPMAX z', 1],
    ['ZMPOP 1 z MIN COUNT 2', 2],
    ['ZREMRANGEBYRANK z 0 0', 1],
    ['ZREMRANGEBYRANK z 5 6', 0],
    ['ZREMRANGEBYSCORE z -inf +inf', 2],
    ['ZADD z 1 a 2 b 3 c', 3],
    ['ZUNIONSTORE y 1 z', 1],
    ['ZRANGESTORE y z 0 0', 1],
    ['ZRANGESTORE y z 5 6', 1],
    ['ZRANGESTORE y z 5 6', 0],
    ['ZINTERSTORE y 1 z', 1],
    ['ZDIFFSTORE y 1 nope', 1],
  ];
  for (const [line, expected] of steps) {
    const before = local.keyspace.dirty;
    local.run(0, line.split(' '));
    expect(local.keyspace.dirty - before, line).toBe(expected);
  }
});
