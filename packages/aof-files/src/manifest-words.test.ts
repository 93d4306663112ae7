import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteWord, splitWords } from './manifest-words.ts';

test.each<[string, string[] | undefined]>([
  ['', []],
  [' \t ', []],
  ['a b', ['a', 'b']],
  ['  a\tb\r', ['a', 'b']],
  ['"a b" c', ['a b', 'c']],
  ["'a b' c", ['a b', 'c']],
  ['a"b c"', ['ab c']],
  ['"" x', ['', 'x']],
  ['"\\x41\\n\\r\\t\\a\\b\\"\\\\\\q\\xg0"', ['A\n\r\t\x07\b"\\qxg0']],
  ["'\\n \\' \\x'", ["\\n ' \\x"]],
  ["'a\\\\'", undefined],
  ['"a', undefined],
  ["'a", undefined],
  ["'a\\'", undefined],
  ['"a\\', undefined],
  ['"a"b', undefined],
  ["'a'b", undefined],
  ["it's", undefined],
  ['a\vb\f c', ['a\vb\f', 'c']],
  ['\v\fa', ['a']],
  ['\xa0a', ['\xa0a']],
])('%j is split as Redis does', (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each([
  ['plain.aof-1_2', 'plain.aof-1_2'],
  ['with space', '"with space"'],
  ["it's", '"it\'s"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ['\n\r\t\x07\b\0\x7f\xff', '"\\n\\r\\t\\a\\b\\x00\\x7f\\xff"'],
  ['', '""'],
])('%j is written as %s', (word, text) => {
  expect(quoteWord(word)).toBe(text);
});

test('what is written is read back', () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const word = fc.string({ unit: fc.oneof(byte, fc.constantFrom('"', "'", '\\', ' ', 'x')), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(word), (words) => {
      expect(splitWords(words.map(quoteWord).join(' '))).toEqual(words);
    }),
  );
});

test('a long damaged line takes no time', () => {
  const line = `${'\\"'.repeat(500)}"${"\\'".repeat(500)}`;
  expect(splitWords(`"${line}`)).toBeUndefined();
  expect(splitWords(`'${line}`)).toBeUndefined();
});
