import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitInline } from './inline.ts';

function split(line: string): string[] | undefined {
  const bytes = Buffer.from(`>${line}<`, 'latin1');
  return splitInline(bytes, 1, bytes.length - 1)?.map((word) => Buffer.from(word).toString('latin1'));
}

describe('an inline request', () => {
  test.each<[string, string[]]>([
    ['', []],
    [' \t\v\f ', []],
    ['PING', ['PING']],
    ['  SET  k\tv ', ['SET', 'k', 'v']],
    ['a\rb', ['a', 'b']],
    ['a\vb\fc', ['a\vb\fc']],
    ['\va', ['a']],
    ['""', ['']],
    ["'' x", ['', 'x']],
    ['"a b"', ['a b']],
    ['a"b c"', ['ab c']],
    ["a'b c' d", ['ab c', 'd']],
    [String.raw`"\n\r\t\a\b\\\"\q"`, ['\n\r\t\x07\b\\"q']],
    [String.raw`"\x41\xfF\x4"`, ['A\xffx4']],
    [String.raw`"\xg1\x"`, ['xg1x']],
    [String.raw`'it\'s \n \\ '`, [String.raw`it's \n \\ `]],
    [String.raw`a\nb`, [String.raw`a\nb`]],
    ['"a"\v"b"', ['a', 'b']],
    ['\xe9 \xff', ['\xe9', '\xff']],
  ])('%j is split', (line, words) => {
    expect(split(line)).toEqual(words);
  });

  test.each(['"', "'", '"a', "'a", '"a"b', "'a'b", '"a""b"', '"a\\', '"a\\"', "'a\\'", '"\\'])(
    '%j does not balance',
    (line) => {
      expect(split(line)).toBeUndefined();
    },
  );

  test('gives back any words, quoted', () => {
    const word = fc.uint8Array({ maxLength: 20 });
    const quote = (bytes: Uint8Array) =>
      `"${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), (words) => {
        const line = words.map(quote).join(' ');
        expect(split(line)).toEqual(words.map((bytes) => Buffer.from(bytes).toString('latin1')));
      }),
    );
  });
});
