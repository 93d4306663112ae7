/** Differential and unit tests of the HyperLogLog commands. The data compared afterwards are the values' bytes. */
import { describe, expect, test } from 'vitest';
import { differential, differentialGenerated } from './differential.ts';
import { type Grammar, integer, key, literal, OTHER_TYPES, oneOf, repeated, value, word } from './generator.ts';
import { LocalServer } from './local-server.ts';
import { command, type Step } from './script.ts';

function elements(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** Adds `count` elements in portions, counts and reads the value after each. */
function growth(count: number, portion: number, prefix: string): Step[] {
  const steps: Step[] = [];
  for (let i = 0; i < count; i += portion) {
    steps.push(command(0, ['PFADD', 'h', ...elements(portion, `${prefix}${i}-`)]));
    steps.push(command(0, ['PFCOUNT', 'h']), command(0, ['GET', 'h']));
  }
  return steps;
}

differential('PFADD and PFCOUNT', {
  'a few elements': `
    PFADD h a b c d
    GET h
    PFADD h a b
    PFCOUNT h
    PFCOUNT h
    GET h
    PFADD h a
    PFADD h e a
    PFCOUNT h
    PFADD h2 ""
    PFADD h2
    PFADD h3
    GET h3
    PFCOUNT h3
    PFADD h3
    PFCOUNT missing
    PFCOUNT missing h h3
    PFADD h "\\x00\\xff" 12345678 123456781234567 1234567812345678
    GET h
    STRLEN h
    EXPIRE h 1000
    PFADD h zz
    TTL h
    PFCOUNT h
    TTL h`,
  'from nothing to the dense form, one by one': growth(120, 1, 'e'),
  'from nothing to the dense form, faster': growth(6000, 200, 'x'),
  'many at once': growth(30_000, 10_000, 'many'),
  'another longest sparse form': [
    ['CONFIG', 'SET', 'hll-sparse-max-bytes', '100'],
    ['PFADD', 'h', ...elements(20, 'a')],
    ['PFDEBUG', 'ENCODING', 'h'],
    ['PFADD', 'h', ...elements(40, 'b')],
    ['PFDEBUG', 'ENCODING', 'h'],
    ['CONFIG', 'SET', 'hll-sparse-max-bytes', '0'],
    ['PFADD', 'g', 'a'],
    ['PFDEBUG', 'ENCODING', 'g'],
    ['CONFIG', 'SET', 'hll-sparse-max-bytes', '16000'],
    ['PFADD', 'i', ...elements(9000, 'c')],
    ['PFDEBUG', 'ENCODING', 'i'],
    ['PFCOUNT', 'i'],
    ['PFMERGE', 'j', 'g', 'i'],
    ['PFMERGE', 'k', 'i'],
    ['PFDEBUG', 'ENCODING', 'k'],
    ['CONFIG', 'SET', 'hll-sparse-max-bytes', '3000'],
    ['PFMERGE', 'l', 'i'],
    ['PFDEBUG', 'ENCODING', 'l'],
    ['MGET', 'g', 'h', 'i', 'j', 'k', 'l'],
    // The log says nothing of the option, so that loading it would make other values.
    ['DEL', 'g', 'h', 'i', 'j', 'k', 'l'],
  ].map((args) => command(0, args)),
  'what is no HyperLogLog': `
    SET s abc
    PFADD s a
    PFCOUNT s
    PFCOUNT missing s
    PFMERGE s h
    PFMERGE new s
    EXISTS new
    SET s "HYLL\\x01abcdefghijk"
    PFADD s a
    PFCOUNT s
    PFCOUNT s s
    PFDEBUG GETREG s
    PFDEBUG TODENSE s
    PFDEBUG DECODE s
    SET s "HYLL\\x01abcdefghij"
    PFADD s a
    SET s "HYLL\\x00abcdefghijkl"
    PFADD s a
    SET s "HYLL\\x02abcdefghijkl"
    PFADD s a
    SET s "hYLL\\x01abcdefghijkl"
    PFADD s a
    SET n 12345
    PFADD n a
    RPUSH l a
    PFADD l a
    PFCOUNT l
    PFCOUNT missing l
    PFMERGE l missing
    PFMERGE new l
    PFDEBUG ENCODING l
    PFADD
    PFCOUNT
    PFMERGE`,
  'corrupt ones': `
    SET short "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x40\\x05"
    PFADD short a
    PFCOUNT short
    PFCOUNT short short
    PFMERGE m short
    PFDEBUG GETREG short
    PFDEBUG DECODE short
    SET cut "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f"
    PFCOUNT cut
    SET long "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff\\x80"
    PFCOUNT long
    PFADD long a
    SET cached "HYLL\\x01\\x00\\x00\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f\\x7f\\xff"
    PFCOUNT cached`,
  'registers that no elements make': [
    command(0, ['SET', 'full', `HYLL\x00\x00\x00\x00${'\xff'.repeat(12296)}`]),
    command(0, ['PFCOUNT', 'full']),
    command(0, ['GET', 'full']),
    command(0, ['SET', 'half', `HYLL\x00\x00\x00\x00${'\xcf'.repeat(12296)}`]),
    command(0, ['PFCOUNT', 'half']),
    command(0, ['PFADD', 'half', ...elements(100, 'a')]),
    command(0, ['PFCOUNT', 'half']),
    command(0, ['SET', 'most', `HYLL\x00\x00\x00\x00${'\xdf'.repeat(8)}${'\x2c\xcb\xb2'.repeat(4096)}`]),
    command(0, ['PFCOUNT', 'most']),
  ],
});

differential('PFMERGE and PFDEBUG', {
  merging: [
    ['PFADD', 'a', ...elements(50, 'a')],
    ['PFADD', 'b', ...elements(50, 'b')],
    ['PFADD', 'big', ...elements(5000, 'c')],
    ['PFMERGE', 'd', 'a', 'b', 'missing'],
    ['PFCOUNT', 'd'],
    ['PFCOUNT', 'a', 'b', 'big'],
    ['PFMERGE', 'd'],
    ['PFMERGE', 'e'],
    ['PFMERGE', 'a', 'b'],
    ['PFMERGE', 'a', 'big'],
    ['PFMERGE', 'big', 'b'],
    ['PFCOUNT', 'a'],
    ['PFCOUNT', 'big'],
    ['OBJECT', 'ENCODING', 'd'],
    ['EXPIRE', 'd', '1000'],
    ['PFMERGE', 'd', 'big'],
    ['TTL', 'd'],
  ].map((args) => command(0, args)),
  debugging: `
    PFADD h a b c d
    PFDEBUG ENCODING h
    PFDEBUG DECODE h
    PFDEBUG TODENSE h
    PFDEBUG todense h
    PFDEBUG ENCODING h
    PFDEBUG DECODE h
    PFDEBUG GETREG h
    PFADD g a b c d
    PFDEBUG GETREG g
    PFDEBUG FOO h
    PFDEBUG ENCODING missing
    PFDEBUG ENCODING
    PFDEBUG ENCODING h x
    PFSELFTEST
    PFSELFTEST x`,
});

const string = key('s');
const element = oneOf(integer(0, 5000), literal('', 'a', 'b', 'c', '\xff\x00'), value);

const grammar: Grammar = {
  pfadd: [string, repeated(element, 0, 60)],
  pfcount: [repeated(string, 1, 3)],
  pfmerge: [string, repeated(string, 0, 3)],
  'pfdebug todense': [string],
  'pfdebug decode': [string],
  get: [string],
  set: [string, value],
  del: [string],
  setrange: [string, literal('0', '4', '20', '40'), literal('HYLL', '\x01', '\x80', '\x7f\xff')],
};

differentialGenerated('HyperLogLog commands', {
  scripts: 25,
  steps: 30,
  transactions: true,
  prelude: [...OTHER_TYPES, ['PFADD', 's1', ...elements(300, 'a')], ['PFADD', 's2', ...elements(1500, 'b')]],
  grammar,
});

differentialGenerated('HyperLogLogs that have been strings', {
  scripts: 10,
  steps: 30,
  prelude: [
    ['SET', 's1', 'x'],
    ['PFADD', 's2', ...elements(100, 'a')],
  ],
  grammar: { ...grammar, copy: [string, string, word('REPLACE')], incr: [string], append: [string, literal('\x00')] },
});

describe('the cached cardinality', () => {
  test('comes back from the log', () => {
    const local = new LocalServer();
    local.run(0, ['PFADD', 'h', 'a', 'b']);
    local.run(0, ['PFCOUNT', 'h']);
    local.run(0, ['PFCOUNT', 'h']);
    expect(local.records.map(({ args }) => args[0])).toEqual(['PFADD', 'PFCOUNT']);
    const loaded = new LocalServer();
    for (const { args } of local.records) loaded.load(args);
    loaded.run(0, ['PFCOUNT', 'h']);
    expect(loaded.records).toEqual([]);
  });

  test('of a corrupt value after sound changes: what has changed is logged', () => {
    const local = new LocalServer();
    local.run(0, ['SET', 'h', `HYLL\x01\x00\x00\x00${'\x00'.repeat(8)}\x7f\xf0`]);
    const reply = local.run(0, ['PFADD', 'h', ...elements(5000, 'a')]);
    expect(reply).toBe('-INVALIDOBJ Corrupted HLL object detected\r\n');
    expect(local.records).toHaveLength(2);
  });
});

test('the estimate is within a few standard errors', () => {
  const local = new LocalServer();
  for (let thousand = 1; thousand <= 100; thousand++) {
    local.run(0, ['PFADD', 'h', ...elements(1000, `t${thousand}-`)]);
    if (thousand % 20 !== 0) continue;
    const count = Number(local.ask(['PFCOUNT', 'h']).text);
    expect(Math.abs(count / (thousand * 1000) - 1)).toBeLessThan(0.03);
  }
});
