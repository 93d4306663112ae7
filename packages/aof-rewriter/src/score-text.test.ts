import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scoreText, spellScores } from './score-text.ts';

/** What Redis reads back as the same double, in the fewest digits; written down once more. */
function expected(score: number): string {
  if (Object.is(score, -0)) return '-0';
  return String(score).replace('Infinity', 'inf');
}

const score = fc.double({ noNaN: true });

test('a score is spelled in the fewest digits', () => {
  fc.assert(fc.property(score, (value) => scoreText(value) === expected(value)));
  for (const value of [
    0,
    -0,
    1e21,
    1e-7,
    0.1,
    -1 / 3,
    Infinity,
    -Infinity,
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    2 ** 53,
  ])
    expect(scoreText(value)).toBe(expected(value));
});

test('many scores are spelled as each alone, whatever stands behind them', () => {
  fc.assert(
    fc.property(fc.array(score, { maxLength: 70 }), fc.nat(70), (values, more) => {
      const scores = Float64Array.from([...values, ...new Array<number>(more).fill(7)]);
      const texts: string[] = [];
      spellScores(scores, values.length, texts);
      expect(texts).toEqual(values.map(expected));
    }),
  );
});
