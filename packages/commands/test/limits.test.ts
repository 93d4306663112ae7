/** The largest strings: what does not fit is refused, changes nothing and is not logged. */
import { Request } from '@aof/resp-codec';
import { expect, test } from 'vitest';
import { hasTooLongText } from '../src/longest-text.ts';
import { differential } from './differential.ts';
import { LocalServer } from './local-server.ts';

differential('the longest string', {
  'of 1 MB': `
    CONFIG SET proto-max-bulk-len 1mb
    SETRANGE k 1048575 x
    STRLEN k
    GETRANGE k -3 -1
    APPEND k y
    APPEND k ""
    SETRANGE k 1048576 x
    SETRANGE k 1048575 yz
    SETRANGE k 4294967296 x
    SETRANGE k 9223372036854775807 x
    SETRANGE k -1 x
    SETRANGE missing 1048576 x
    SETRANGE missing 1048576 ""
    EXISTS missing
    SETBIT k 8388607 0
    SETBIT k 8388608 1
    GETBIT k 8388608
    BITFIELD k GET u8 8388600
    BITFIELD k SET u8 8388608 1
    BITFIELD missing SET u8 8388608 1
    INCR k
    INCRBYFLOAT k 1
    LCS k k
    CONFIG SET proto-max-bulk-len 512mb
    DEL k`,
  'of nothing': `
    SET "" ""
    GET ""
    STRLEN ""
    APPEND "" ""
    HSET h "" ""
    HGETALL h
    RPUSH l "" ""
    LREM l 0 ""
    SADD s ""
    SMEMBERS s
    ZADD z 0 ""
    ZRANGE z 0 -1 WITHSCORES
    XADD x 1-1 "" ""
    XRANGE x - +
    RENAME "" " "
    KEYS *`,
});

differential(
  'the longest string',
  {
    'of 512 MB': `
      SETRANGE k 536870911 x
      APPEND k y
      SETRANGE k 536870912 x
      GETRANGE k -2 -1
      SETBIT k 4294967295 0
      SETBIT k 4294967296 1
      STRLEN k
      DEL k`,
  },
  // Memory of that size takes its time.
  { protocols: [2] },
);

const LONG = 2 ** 29;
const TOO_LONG = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n';

test('an argument of 512 MB that is no value is refused: nothing changes, and nothing is logged', () => {
  const server = new LocalServer();
  const long = new Uint8Array(LONG);
  expect(server.run(0, ['SET', long, 'v'])).toBe(TOO_LONG);
  server.run(0, ['MULTI']);
  expect(server.run(0, ['NONSENSE', long])).toBe(TOO_LONG);
  expect(server.run(0, ['EXEC'])).toMatch(/^-EXECABORT/);
  expect(server.keyspace.size).toBe(0);
  expect(server.records).toEqual([]);
  expect(server.load(['ECHO', long])).toContain('longer than');
});

/** A request of which the arguments spelled `BIG` are taken for that long. */
function requestOf(words: string): Request {
  const args = words.split(' ');
  const request = Request.of(args);
  const length = (i: number): number => (args[i] === 'BIG' ? LONG : (args[i] ?? '').length);
  return Object.assign(request, { length, rawEnd: request.rawStart + LONG });
}

test('values may be that long, and nothing else', () => {
  const { table } = new LocalServer().executor;
  const refuses = (words: string) => hasTooLongText(requestOf(words), table.find(requestOf(words)));
  const values = ['SET k BIG', 'set k BIG EX 10', 'SETNX k BIG', 'SETEX k 1 BIG', 'MSET a BIG b BIG', 'APPEND k BIG'];
  expect(values.filter(refuses)).toEqual([]);
  const others = ['GET BIG', 'SET BIG v', 'SET k v BIG', 'MSET BIG v', 'HSET h f BIG', 'RPUSH l BIG', 'BIG', 'NO BIG'];
  expect(others.filter(refuses)).toEqual(others);
});
