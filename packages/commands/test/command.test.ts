/** COMMAND GETKEYS, GETKEYSANDFLAGS, LIST and COUNT beside a real server. */
import { differential } from './differential.ts';

const CALLS: Readonly<Record<string, readonly string[]>> = {
  'one key and several': [
    'GET',
    'GET a',
    'GET a b',
    'MGET a b',
    'MSET a b c d',
    'MSET a b c',
    'MSETNX a b c d',
    'RENAME a b',
    'COPY a b DB 1',
    'BITOP AND d a b',
    'LCS a b',
    'SMOVE a b c',
    'RESTORE k 0 x',
    'MOVE k 1',
    'WATCH a b',
    'PFMERGE a b c',
    'PFDEBUG ENCODING a',
    'ZRANGESTORE d s 0 -1',
    'GEOSEARCHSTORE d s FROMMEMBER a BYRADIUS 1 m',
    'BLPOP a b 0',
    'BLMOVE a b LEFT LEFT 0',
  ],
  'flags that depend on the arguments': [
    'SET k v',
    'SET k v GET',
    'SET k v EX 10 get',
    'SET k GET',
    'BITFIELD k',
    'BITFIELD k GET u8 0',
    'BITFIELD k GET u8 0 SET u8 0 1',
    'BITFIELD k OVERFLOW SAT GET u8 0',
    'BITFIELD k GET u8',
    'BITFIELD k NONSENSE',
    'BITFIELD_RO k GET u8 0',
    'SORT k',
    'SORT k STORE d',
    'SORT k BY w* GET x* STORE d STORE e',
    'SORT k LIMIT 0 1 STORE',
    'SORT_RO k BY x',
  ],
  'keys that are counted': [
    'ZUNIONSTORE d 2 a b',
    'ZUNIONSTORE d 0 a b',
    'ZUNIONSTORE d 3 a b',
    'ZUNION 2 a b',
    'ZUNION 0 a b',
    'ZUNION x a b',
    'ZINTERCARD -1 a',
    'ZINTERCARD 3 a',
    'SINTERCARD 2 a b LIMIT 1',
    'LMPOP 1 a LEFT',
    'LMPOP 0 a LEFT',
    'BLMPOP 0 2 a b LEFT',
    'ZMPOP x a MIN',
    'BZMPOP 0 0 a MIN',
  ],
  'keys after a word': [
    'GEORADIUS k 1 1 1 m',
    'GEORADIUS k 1 1 1 m STORE d STOREDIST e',
    'GEORADIUSBYMEMBER k 1 1 m STORE d',
    'XREAD STREAMS a b 0 0',
    'XREAD COUNT 1 BLOCK 2 STREAMS a b 0 0',
    'XREAD COUNT 1 a b',
    'XREADGROUP GROUP g c STREAMS a b 0 0',
    'XREADGROUP GROUP STREAMS c STREAMS a >',
  ],
  'subcommands, and what has no keys': [
    'OBJECT FREQ k',
    'OBJECT HELP',
    'OBJECT NONSENSE k',
    'XINFO STREAM k FULL',
    'XGROUP CREATE k g 0',
    'MEMORY USAGE k',
    'CONFIG GET x',
    'CONFIG NONSENSE',
    'PING',
    'PING a b c',
    'NONSENSE a',
    'DEBUG OBJECT k',
  ],
};

const scripts = Object.entries(CALLS).map(
  ([title, calls]) =>
    [
      title,
      calls.flatMap((call) => [`COMMAND GETKEYSANDFLAGS ${call}`, `COMMAND GETKEYS ${call}`]).join('\n'),
    ] as const,
);

differential('COMMAND', {
  ...Object.fromEntries(scripts),
  'LIST and its filters': `
    COMMAND LIST FILTERBY
    COMMAND LIST FILTERBY PATTERN
    COMMAND LIST FILTERBY MODULE nothing
    COMMAND LIST FILTERBY ACLCAT nonsense
    COMMAND LIST FILTERBY PATTERN sintercard
    COMMAND LIST FILTERBY PATTERN SINTERC*
    COMMAND LIST FILTERBY PATTERN [xX]len
    COMMAND LIST FILTERBY NONSENSE x
    COMMAND LIST NONSENSE PATTERN x
    COMMAND LIST FILTERBY PATTERN a b`,
  'INFO and DOCS of what is not there': `
    COMMAND INFO nonsense get|x
    COMMAND DOCS nonsense
    COMMAND COUNT x
    COMMAND INFO ping
    COMMAND INFO PFADD config|rewrite CONFIG|RESETSTAT`,
});
