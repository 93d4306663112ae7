import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGlob, isLiteralGlob } from './glob.ts';

/** The rules, by trying everything. Without classes, which have their own cases. */
function slowlyMatches(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first === '*') return slowlyMatches(rest, text) || (text !== '' && slowlyMatches(pattern, text.slice(1)));
  if (text === '') return false;
  if (first === '?') return slowlyMatches(rest, text.slice(1));
  if (first === '\\' && rest !== '') return rest[0] === text[0] && slowlyMatches(rest.slice(1), text.slice(1));
  return first === text[0] && slowlyMatches(rest, text.slice(1));
}

const cases: readonly [pattern: string, text: string, isMatch: boolean][] = [
  ['', '', true],
  ['*', '', true],
  ['h?llo', 'hello', true],
  ['h*llo', 'hllo', true],
  ['h[ae]llo', 'hallo', true],
  ['h[ae]llo', 'hillo', false],
  ['h[^e]llo', 'hallo', true],
  ['h[^e]llo', 'hello', false],
  ['h[a-b]llo', 'hbllo', true],
  ['h[b-a]llo', 'hallo', true],
  ['h[a-b]llo', 'hcllo', false],
  ['[a-]x', '^x', false],
  ['[\\]]', ']', true],
  ['[]', 'a', false],
  ['[^]', 'a', true],
  ['[abc', 'b', true],
  ['[a-c', 'b', true],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
  ['a\\', 'a\\', true],
  ['\xff?', '\xff\x00', true],
  ['[\x80-\xff]', '\xc3', true],
  ['[a-\xff]', 'b', false],
  ['[a-\xff]', '\x00', true],
  ['***', 'abc', true],
];

describe('a pattern', () => {
  test.each(cases)('%j and %j: %s', (pattern, text, isMatch) => {
    expect(createGlob(pattern)(text)).toBe(isMatch);
  });

  test('equals trying everything', () => {
    let matched = 0;
    const pattern = fc
      .array(fc.constantFrom('*', '?', 'a', 'b', '\\', '\\*'), { maxLength: 8 })
      .map((parts) => parts.join(''));
    const text = fc
      .array(fc.constantFrom('a', 'b', '*', '\\'), { minLength: 1, maxLength: 10 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, text, (one, other) => {
        const expected = slowlyMatches(one, other);
        if (expected) matched++;
        expect(createGlob(one)(other)).toBe(expected);
      }),
      { numRuns: 4000 },
    );
    expect(matched).toBeGreaterThan(150);
  });

  test('takes no exponential time', () => {
    const started = performance.now();
    expect(createGlob('a*'.repeat(30))(`${'a'.repeat(20_000)}b`)).toBe(true);
    expect(createGlob(`${'a*'.repeat(30)}c`)(`${'a'.repeat(20_000)}b`)).toBe(false);
    expect(createGlob(`${'*a'.repeat(500)}c`)('a'.repeat(20_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('is literal when it has nothing special', () => {
    expect(['a', '', ']-^'].map(isLiteralGlob)).toEqual([true, true, true]);
    expect(['a*', '?', '[a', 'a\\'].map(isLiteralGlob)).toEqual([false, false, false, false]);
  });
});
