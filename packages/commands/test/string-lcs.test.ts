/** Differential and property tests of LCS. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differential, differentialGenerated } from './differential.ts';
import { integer, key, literal, OTHER_TYPES, oneOf, optional, repeated, sequence, word } from './generator.ts';
import { LocalServer } from './local-server.ts';

differential('LCS', {
  'what two strings have in common': `
    MSET a ohmytext b mynewtext e "" n 12345 m 135
    LCS a b
    LCS a b LEN
    LCS a b IDX
    LCS a b IDX MINMATCHLEN 4
    LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
    LCS a b IDX MINMATCHLEN -4 WITHMATCHLEN
    LCS a b IDX MINMATCHLEN 9223372036854775807
    LCS a b WITHMATCHLEN MINMATCHLEN 3
    LCS a b LEN MINMATCHLEN 3
    LCS a a
    LCS a a IDX
    LCS n m IDX
    LCS n m
    LCS a n
    LCS a n IDX
    LCS a e
    LCS e e IDX
    LCS missing a
    LCS missing missing LEN
    APPEND a more
    LCS a b
    SET x "a\\x00b\\xff"
    SET y "\\x00\\xff"
    LCS x y`,
  errors: `
    SET a x
    RPUSH l a
    LCS l a
    LCS a l FOO
    LCS l l
    LCS a a FOO
    LCS a a IDX LEN
    LCS a a MINMATCHLEN
    LCS a a MINMATCHLEN x
    LCS a a MINMATCHLEN x FOO
    LCS a
    SETRANGE long 20000 x
    SETRANGE long2 20000 x
    LCS long long2
    LCS long long2 FOO
    LCS long a LEN`,
});

differentialGenerated('LCS', {
  scripts: 30,
  steps: 25,
  prelude: OTHER_TYPES,
  grammar: {
    append: [key('s'), repeated(literal('a', 'b', 'ab', 'ba', 'abc', 'c', '\xff'), 1, 1)],
    lcs: [
      key('s'),
      key('s'),
      repeated(oneOf(word('IDX', 'WITHMATCHLEN'), sequence(word('MINMATCHLEN'), integer(-1, 3))), 0, 3),
      optional(word('LEN'), 0.2),
    ],
  },
});

test('the answer is a subsequence of both, as long as LEN says', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const isSubsequence = (part: string, whole: string) => {
    let at = 0;
    for (const char of whole) if (char === part[at]) at++;
    return at === part.length;
  };
  fc.assert(
    fc.property(text, text, (a, b) => {
      const local = new LocalServer();
      local.run(0, ['MSET', 'a', a, 'b', b]);
      const found = local.ask(['LCS', 'a', 'b']).text ?? '';
      expect(isSubsequence(found, a) && isSubsequence(found, b)).toBe(true);
      expect(local.ask(['LCS', 'a', 'b', 'LEN']).text).toBe(String(found.length));
      expect(local.ask(['LCS', 'b', 'a', 'LEN']).text).toBe(String(found.length));
    }),
  );
});
