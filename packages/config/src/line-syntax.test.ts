import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteWord, splitLine, trimLine } from './line-syntax.ts';

const byteString = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

describe('splitLine', () => {
  it.each([
    ['', []],
    ['  \t ', []],
    ['timeout 5', ['timeout', '5']],
    ['  timeout\t\t5  ', ['timeout', '5']],
    ['save ""', ['save', '']],
    ["save ''", ['save', '']],
    ['requirepass "a b\\"c"', ['requirepass', 'a b"c']],
    ['requirepass "\\x41\\n\\r\\t\\b\\a\\q\\\\"', ['requirepass', 'A\n\r\t\b\x07q\\']],
    ['requirepass "\\x4"', ['requirepass', 'x4']],
    ["requirepass 'a\\'b\\n'", ['requirepass', "a'b\\n"]],
    ['requirepass pre"quoted"', ['requirepass', 'prequoted']],
    ['a\vb', ['a\vb']],
    ['a \v b', ['a', 'b']],
  ])('%j is %j', (line, words) => {
    expect(splitLine(line)).toEqual(words);
  });

  it.each(['a "b', "a 'b", 'a "b"c', "a 'b'c", 'a "b\\', 'a "b\\"', '"'])('%j has unbalanced quotes', (line) => {
    expect(splitLine(line)).toBeUndefined();
  });

  it('gives quoted words back, whatever bytes they hold', () => {
    fc.assert(
      fc.property(fc.array(byteString, { maxLength: 5 }), (words) => {
        const line = words.map(quoteWord).join(' ');
        expect(splitLine(line)).toEqual(words);
        // A line of a file: printable, so that no editor, no line end and no trimming can change it.
        expect(line).toMatch(/^[ -~]*$/);
        expect(trimLine(line)).toBe(line);
      }),
    );
  });

  it('never takes more than its input apart', () => {
    fc.assert(
      fc.property(byteString, (line) => {
        const words = splitLine(line);
        expect((words ?? []).join('').length).toBeLessThanOrEqual(line.length);
      }),
    );
  });
});

describe('trimLine', () => {
  it('cuts blanks, tabs and line ends, and only at the ends', () => {
    expect(trimLine(' \t a b \r\n')).toBe('a b');
    expect(trimLine('\r\n')).toBe('');
    expect(trimLine('\va')).toBe('\va');
  });
});
