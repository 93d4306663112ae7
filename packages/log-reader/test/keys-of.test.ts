import { ALL_COMMANDS } from '@aof/commands';
import { Request } from '@aof/resp-codec';
import { describe, expect, test } from 'vitest';
import { keysOf } from '../src/index.ts';

/** The keys of a record: each argument of its text that begins with `k`. */
const marked = (text: string): number[] =>
  text.split(' ').flatMap((word, i) => (i > 0 && word.startsWith('k') && word !== 'keys' ? [i] : []));

const found = (text: string) => keysOf(Request.of(text.split(' ')));

describe('keysOf', () => {
  test.each([
    'SET k 1',
    'set k 1',
    'MSET k1 1 k2 2',
    'DEL k1 k2 k3',
    'RENAME k1 k2',
    'COPY k1 k2 DB 3',
    'MOVE k 1',
    'SORT k BY x GET # STORE kdst',
    'SORT k LIMIT 0 store',
    'ZUNIONSTORE kdst 2 k1 k2 WEIGHTS 1 2',
    'SINTERSTORE kdst k1 k2',
    'BITOP AND kdst k1 k2',
    'PFMERGE kdst k1 k2',
    'GEORADIUS k 0 0 1 m STORE kdst',
    'GEORADIUS k 0 0 1 m COUNT 3',
    'GEORADIUSBYMEMBER k m 1 m STOREDIST kdst',
    'GEOSEARCHSTORE kdst k FROMMEMBER m BYRADIUS 1 m',
    'EVAL return 2 k1 k2 arg',
    'EVALSHA abc 0',
    'FCALL f 1 k arg',
    'XREADGROUP GROUP g c COUNT 1 STREAMS k1 k2 > >',
    'XGROUP CREATE k g $ MKSTREAM',
    'XADD k * f v',
    'XCLAIM k g c 0 1-1',
    'LMOVE k1 k2 LEFT RIGHT',
    'SMOVE k1 k2 m',
    'BLPOP k1 k2 0',
    'MIGRATE host 6379 k 0 1000',
    'HPEXPIREAT k 5 FIELDS 1 f',
    'MSETEX 2 k1 v k2 v',
    'RESTORE k 0 payload ABSTTL',
    'SELECT 3',
    'MULTI',
    'EXEC',
    'FLUSHALL',
    'SWAPDB 0 1',
    'FUNCTION LOAD x',
    'SCRIPT LOAD x',
    'PUBLISH c m',
  ])('%s', (text) => {
    expect(found(text)).toEqual(marked(text));
  });

  test('finds the keys of MIGRATE behind KEYS', () => {
    expect(keysOf(Request.of(['MIGRATE', 'h', '1', '', '0', '9', 'COPY', 'KEYS', 'a', 'b']))).toEqual([8, 9]);
  });

  test.each(['NOSUCH k', 'SET k', 'ZUNIONSTORE kdst 9 k1', 'EVAL x 5 k', 'MSETEX 3 k v', 'MIGRATE h 1'])(
    'answers undefined to what it cannot know: %s',
    (text) => {
      expect(found(text)).toBeUndefined();
    },
  );

  test('answers undefined to a record without arguments', () => {
    expect(keysOf(Request.of([]))).toBeUndefined();
  });

  test('knows every command of the table that writes', () => {
    const writes = ALL_COMMANDS.filter((spec) => spec.flags.includes('write') && spec.subcommands === undefined);
    expect(writes.length).toBeGreaterThan(80);
    const keyless = writes.filter((spec) => {
      const count = Math.max(Math.abs(spec.arity), 6);
      const args = Array.from({ length: spec.arity > 0 ? spec.arity : count }, (_, i) => (i === 0 ? spec.name : '1'));
      return keysOf(Request.of(args))?.length === 0;
    });
    expect(keyless.map(({ name }) => name).sort()).toEqual(['flushall', 'flushdb', 'swapdb']);
  });
});
