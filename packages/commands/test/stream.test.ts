/** Differential and unit tests of the stream commands that know no groups. */
import { differential } from './differential.ts';
import { STREAM_OPTIONS as options } from './stream-rules.ts';

differential(
  'XADD',
  {
    'IDs of every form': `
    XADD s 1-1 a 1
    XADD s 1-1 a 1
    XADD s 1-0 a 1
    XADD s 1-* a 2
    XADD s 5 a 3
    XADD s 5-* a 4
    XADD s 4-* a 4
    XADD s 007-0008 a 5
    XADD s +9-+1 a 6
    XADD s "10- 5" a 7
    XADD s " 11-5" a 7
    XADD s 12--1 a 8
    XADD s 12--01 a 8
    XADD s 13-5- a 8
    XADD s 13--* a 8
    XADD s -5 a 8
    XADD s -* a 8
    XADD s 13-** a 8
    XADD s ** a 8
    XADD s - a 8
    XADD s + a 8
    XADD s "" a 8
    XADD s x a 8
    XADD s 1x a 8
    XADD s 13-x a 8
    XADD s 99999999999999999999-1 a 8
    XADD s 13-18446744073709551616 a 8
    XADD s 13-18446744073709551615 a 8
    XADD s 9007199254740993-9007199254740995 a 9
    XADD s 9007199254740993-* a 9
    XADD s 18446744073709551615-18446744073709551614 a 10
    XADD s 18446744073709551615-* a 11
    XADD s 18446744073709551615-* a 11
    XADD s * a 11
    XADD s 1-1 a 11
    XRANGE s - +
    XREVRANGE s + -
    XLEN s
    XADD t 0-0 a 1
    XADD t 0 a 1
    EXISTS t
    XADD t 0-* a 1
    XADD t 0-1 a 1
    XADD t 0-2 a 1`,
    arguments: `
    XADD s
    XADD s *
    XADD s * a
    XADD s * a 1 b
    XADD s MAXLEN 5 * a
    XADD s NOMKSTREAM * a 1
    XADD s NOMKSTREAM 1-1 a 1
    EXISTS s
    XADD s nomkstream NOMKSTREAM maxlen 10 1-1 a 1
    XADD s 2-1 a 1 a 2 "" "" "\\x00\\xff\\r\\n" "\\x00"
    XADD s NOMKSTREAM 3-1 a 1
    XADD s MAXLEN x 4-1 a 1
    XADD s MAXLEN -1 4-1 a 1
    XADD s MAXLEN ~ -1 4-1 a 1
    XADD s MAXLEN = 1
    XADD s MAXLEN 1 MINID 1 4-1 a 1
    XADD s MAXLEN 1 MAXLEN 1 4-1 a 1
    XADD s MINID x 4-1 a 1
    XADD s MINID - 4-1 a 1
    XADD s LIMIT 1 4-1 a 1
    XADD s LIMIT x 4-1 a 1
    XADD s LIMIT -1 4-1 a 1
    XADD s LIMIT 0 4-1 a 1
    XADD s MAXLEN 10 LIMIT 5 5-1 a 1
    XADD s MAXLEN = 10 LIMIT 5 5-1 a 1
    XADD s MAXLEN ~ 10 LIMIT 5 6-1 a 1
    XADD s LIMIT 5 MAXLEN ~ 10 7-1 a 1
    XADD s FOO 4-1 a 1
    XADD s MAXLEN
    XADD s maxlen 4 8-1 a 1
    XADD s MAXLEN ~ 9-1 a 1 b
    XRANGE s - +`,
    'the encoding, other types, the expiry': `
    RPUSH l a
    XADD l 1-1 a 1
    XADD l NOMKSTREAM 1-1 a 1
    XADD l 0-0 a 1
    XADD l x a 1
    XLEN l
    XDEL l 1-1
    XDEL l x
    XTRIM l MAXLEN 0
    XTRIM l FOO
    XRANGE l - +
    XRANGE l x +
    XREVRANGE l + - COUNT x
    XREAD STREAMS l 0
    XREAD STREAMS l x
    XSETID l 1-1
    XSETID l x
    XADD s 1-1 a 1
    OBJECT ENCODING s
    TYPE s
    EXPIRE s 1000
    XADD s 2-1 a 1
    TTL s
    COPY s s2
    XADD s2 3-1 b 1
    XRANGE s - +
    XRANGE s2 - +
    SCAN 0 TYPE stream
    GET s
    APPEND s x`,
    trims: `
    XADD s 1-1 a 1
    XADD s 2-1 a 1
    XADD s 3-1 a 1
    XADD s MAXLEN 2 4-1 a 1
    XADD s MAXLEN = 2 5-1 a 1
    XADD s MINID 5 6-1 a 1
    XADD s MINID = 6-1 7-* a 1
    XADD s MAXLEN 0 8-1 a 1
    XLEN s
    XADD s 8-1 a 1
    XADD s 9-1 a 1
    XADD s MAXLEN ~ 0 10-1 a 1
    XLEN s
    XADD s MINID 99 11-1 a 1
    XADD s 12-1 a 1
    XADD s MINID ~ 99 13-* a 1
    XRANGE s - +
    EXISTS s`,
  },
  options,
);

differential(
  'XRANGE and XREVRANGE',
  {
    bounds: `
    XADD s 1-1 a 1 b 2
    XADD s 1-2 a 1 c 3
    XADD s 3 b 1
    XADD s 4-18446744073709551615 b 1
    XADD s 5-0 b 1
    XRANGE s - +
    XRANGE s 1 1
    XRANGE s 1-2 3
    XRANGE s (1-1 +
    XRANGE s (1 (3
    XRANGE s (4-18446744073709551615 +
    XRANGE s - (5
    XRANGE s - (5-0
    XRANGE s 3 4
    XRANGE s 4 3
    XRANGE s (- +
    XRANGE s ( +
    XRANGE s (18446744073709551615-18446744073709551615 +
    XRANGE s (18446744073709551615 +
    XRANGE s - (0-0
    XRANGE s - (0
    XRANGE s + -
    XRANGE s x +
    XRANGE s - x
    XRANGE s - (x
    XREVRANGE s + -
    XREVRANGE s 3 1
    XREVRANGE s (3 1-2
    XREVRANGE s + (1-2
    XREVRANGE s - +
    XREVRANGE s x (18446744073709551615-18446744073709551615
    XRANGE s - + COUNT 2
    XREVRANGE s + - COUNT 2
    XRANGE s - + COUNT 0
    XRANGE s - + COUNT -1
    XRANGE s - + COUNT -5
    XRANGE s - + COUNT x
    XRANGE s - + COUNT
    XRANGE s - + FOO 1
    XRANGE s - + COUNT 1 COUNT 3
    XRANGE s - + COUNT 1 FOO
    XRANGE missing - +
    XRANGE missing - + COUNT 0
    XRANGE missing - + COUNT x
    XREVRANGE missing + -
    XRANGE s -
    XLEN s
    XLEN missing`,
  },
  options,
);

differential(
  'XDEL, XTRIM and XSETID',
  {
    XDEL: `
    XADD s 1-1 a 1
    XADD s 2-1 b 1
    XADD s 3-1 a 1
    XDEL s 2-1 2-1 9-9
    XDEL s 2-1
    XDEL s 1-1 x
    XDEL s 1-1 3
    XRANGE s - +
    XINFO STREAM s
    XDEL s 1-1 3-1
    XLEN s
    EXISTS s
    XADD s 3-1 a 1
    XADD s 3-2 a 1
    XDEL missing 1-1
    XDEL missing x
    XDEL s
    XDEL s 3-2
    XINFO STREAM s FULL`,
    XTRIM: `
    XADD s 1-1 a 1
    XADD s 2-1 b 1
    XADD s 3-1 a 1
    XADD s 4-1 a 1
    XTRIM s MAXLEN 5
    XTRIM s MAXLEN 3
    XTRIM s MAXLEN ~ 1
    XTRIM s MAXLEN = 2
    XTRIM s MINID 3-1
    XTRIM s MINID 4
    XTRIM s MINID ~ 5
    XTRIM s MINID ~ 3
    XLEN s
    XADD s 5-1 a 1
    XTRIM s MAXLEN ~ 0 LIMIT 1
    XADD s 6-1 a 1
    XADD s 7-1 a 1
    XTRIM s MAXLEN ~ 0 LIMIT 1
    XTRIM s MAXLEN ~ 0 LIMIT 2
    XTRIM s MAXLEN 0 LIMIT 2
    XTRIM s
    XTRIM s MAXLEN
    XTRIM s FOO 1
    XTRIM s LIMIT 1
    XTRIM s LIMIT 0
    XTRIM s MAXLEN 1 MINID 1
    XTRIM s MAXLEN 1 FOO
    XTRIM s NOMKSTREAM MAXLEN 1
    XTRIM s MAXLEN -1
    XTRIM s MAXLEN ~ 1 LIMIT -1
    XTRIM s MAXLEN 99999999999999999999
    XTRIM s MAXLEN 9223372036854775807
    XTRIM missing MAXLEN 1
    XTRIM missing MINID x
    XADD s 8-1 a 1
    XDEL s 8-1
    XTRIM s MINID 99
    XINFO STREAM s`,
    'deleted entries and nodes': `
    XADD s 1-1 a 1
    XADD s 2-1 b 1
    XADD s 3-1 a 1
    XDEL s 3-1
    XTRIM s MINID 3-1
    XINFO STREAM s
    XADD s 4-1 a 1
    XINFO STREAM s FULL
    XTRIM s MAXLEN ~ 0
    XINFO STREAM s
    XADD s 5-1 a 1
    XDEL s 5-1
    XINFO STREAM s`,
    XSETID: `
    XSETID s 1-1
    XADD s 5-1 a 1
    XADD s 6-1 a 1
    XSETID s 5-1
    XSETID s 6-1
    XSETID s 9
    XADD s 8-1 a 1
    XADD s 9-* a 1
    XSETID s 20 ENTRIESADDED 2
    XSETID s 20 ENTRIESADDED 3
    XSETID s 20 ENTRIESADDED -1
    XSETID s 20 ENTRIESADDED x
    XSETID s 20 ENTRIESADDED 100 MAXDELETEDID 30
    XSETID s 20 ENTRIESADDED 100 MAXDELETEDID 7
    XSETID s 20 MAXDELETEDID x
    XSETID s 20 MAXDELETEDID
    XSETID s 20 FOO
    XSETID s x
    XSETID s -
    XSETID s +
    XSETID s 0 MAXDELETEDID 0
    XDEL s 5-1 6-1 9-0
    XSETID s 3
    XSETID s 9-0
    XSETID s 9223372036854775808-18446744073709551615 ENTRIESADDED 9223372036854775807
    XADD s * a 1
    XINFO STREAM s FULL
    XSETID s
    XSETID missing x
    XSETID missing 1 FOO
    XSETID missing 1`,
  },
  options,
);

differential(
  'XREAD',
  {
    'one stream and several': `
    XADD s 1-1 a 1
    XADD s 2-1 a 2
    XADD t 1-5 b 1
    XREAD STREAMS s 0
    XREAD STREAMS s t 0 0
    XREAD STREAMS s t 1-1 1-5
    XREAD STREAMS s t 2-1 1-5
    XREAD STREAMS s missing t 2-1 0 1
    XREAD STREAMS s $
    XREAD STREAMS missing $
    XREAD STREAMS missing 0
    XREAD STREAMS s s 0 1-1
    XREAD COUNT 1 STREAMS s t 0 0
    XREAD COUNT 0 STREAMS s 0
    XREAD COUNT -1 STREAMS s 0
    XREAD COUNT 1 COUNT 5 STREAMS s 0
    XREAD STREAMS s 18446744073709551615-18446744073709551615
    XREAD STREAMS s 1
    XDEL s 2-1
    XREAD STREAMS s 1-1
    XREAD STREAMS s 0
    XDEL s 1-1
    XREAD STREAMS s 0
    XREAD streams streams 0`,
    errors: `
    XADD s 1-1 a 1
    XREAD STREAMS
    XREAD STREAMS s
    XREAD STREAMS s t 0
    XREAD STREAMS s x
    XREAD STREAMS s -
    XREAD STREAMS s +
    XREAD STREAMS s >
    XREAD STREAMS s 1-1-1
    XREAD STREAMS s missing 0 x
    XREAD COUNT x STREAMS s 0
    XREAD COUNT STREAMS s 0
    XREAD COUNT 1 s 0
    XREAD s 0 0
    XREAD FOO STREAMS s 0
    XREAD GROUP g c STREAMS s 0
    XREAD GROUP g STREAMS s 0
    XREAD NOACK STREAMS s 0
    XREAD BLOCK x STREAMS s 0
    XREAD BLOCK -1 STREAMS s 0
    XREAD BLOCK 9223372036854775807 STREAMS s 0
    XREAD BLOCK 99999999999999999999 STREAMS s 0
    XREAD BLOCK 1.5 STREAMS s 0
    XREAD BLOCK 0 STREAMS s 0
    XREAD BLOCK 10 STREAMS s 1-1
    XREAD BLOCK 10 COUNT 1 STREAMS s missing $ 0
    MULTI
    XREAD BLOCK 0 STREAMS s $
    EXEC
    XREAD`,
    'where its keys stand': `
    COMMAND GETKEYS XREAD STREAMS a b 1 2
    COMMAND GETKEYS XREAD COUNT 1 BLOCK 5 STREAMS a b 1 2
    COMMAND GETKEYS XREAD COUNT STREAMS STREAMS streams 1
    COMMAND GETKEYS XREAD STREAMS a b 1
    COMMAND GETKEYS XREAD a b 1
    COMMAND GETKEYS XREADGROUP GROUP g c STREAMS a b 1 2
    COMMAND GETKEYS XREADGROUP GROUP streams streams NOACK STREAMS a >
    COMMAND GETKEYS XADD s * a 1
    COMMAND GETKEYS XGROUP CREATE s g 0
    COMMAND GETKEYS XINFO STREAM s`,
  },
  options,
);
