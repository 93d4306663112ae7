import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScoreTexts, scoreText } from './score-text.ts';

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

test('many scores are spelled as each alone, whatever stands behind them and was spelled before', () => {
  const spelled = new ScoreTexts(140);
  fc.assert(
    fc.property(fc.array(score, { maxLength: 70 }), fc.nat(70), (values, more) => {
      spelled.spell([...values, ...new Array<number>(more).fill(7)], values.length);
      const texts = values.map((_, i) => spelled.bytes.latin1Slice(spelled.starts[i] ?? 0, spelled.ends[i] ?? 0));
      expect(texts).toEqual(values.map(expected));
    }),
  );
});

test('there is room for the longest texts', () => {
  const spelled = new ScoreTexts(3);
  for (const value of [
    -0.0000012345678901234567,
    -2.2250738585072014e-308,
    -Number.MAX_VALUE,
    Number.NEGATIVE_INFINITY,
    -0,
  ]) {
    spelled.spell([value, value, value], 3);
    expect(spelled.bytes.latin1Slice(spelled.starts[2] ?? 0, spelled.ends[2] ?? 0)).toBe(expected(value));
  }
});
