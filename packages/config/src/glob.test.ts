import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGlob, matchesGlob } from './glob.ts';

describe('matchesGlob', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['**', 'abc', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*max*', 'hash-max-listpack-value', true],
    ['*a*b*c', 'xaxbxbxc', true],
    ['*a*b*c', 'xaxbxbx', false],
    ['[abc]', 'b', true],
    ['[a-c]x', 'bx', true],
    ['[c-a]x', 'bx', true],
    ['[^a-c]', 'b', false],
    ['[^a-c]', 'd', true],
    ['[a-', '-', true],
    ['[a-]', '-', false],
    ['[\\-]', '-', true],
    ['[', 'a', false],
    ['[^', 'a', true],
    ['[]', 'a', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a\\', 'a\\', true],
    ['A*', 'abc', false],
  ])('%j and %j: %s', (pattern, name, matches) => {
    expect(matchesGlob(pattern, name, false)).toBe(matches);
  });

  it('ignores case when asked to, except for an escaped character in a class', () => {
    expect(matchesGlob('APPEND[A-F]*', 'appendfsync', true)).toBe(true);
    expect(matchesGlob('\\A', 'a', true)).toBe(true);
    expect(matchesGlob('[\\A]', 'a', true)).toBe(false);
  });

  it('equals a model that tries everything', () => {
    const text = (chars: string) => fc.string({ unit: fc.constantFrom(...chars), maxLength: 8 });
    let matched = 0;
    fc.assert(
      fc.property(text('ab*?\\'), text('abc'), (pattern, name) => {
        const expected = model(pattern, name);
        if (expected) matched++;
        expect(matchesGlob(pattern, name, false)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
    expect(matched).toBeGreaterThan(50);
  });

  it('takes no exponential time', () => {
    expect(matchesGlob(`${'*a'.repeat(2000)}b`, 'a'.repeat(4000), false)).toBe(false);
  });
});

function model(pattern: string, name: string): boolean {
  const [first] = pattern;
  if (first === undefined) return name === '';
  if (first === '*') return model(pattern.slice(1), name) || (name !== '' && model(pattern, name.slice(1)));
  if (first === '?') return name !== '' && model(pattern.slice(1), name.slice(1));
  const isEscape = first === '\\' && pattern.length > 1;
  const wanted = isEscape ? pattern.charAt(1) : first;
  return name.charAt(0) === wanted && name !== '' && model(pattern.slice(isEscape ? 2 : 1), name.slice(1));
}

describe('isGlob', () => {
  it('sees wildcards', () => {
    expect(['a*', 'a?', '[a', 'a\\b', 'a'].map(isGlob)).toEqual([true, true, true, false, false]);
  });
});
