/**
 * Scores as text: the fewest digits that read back as the same double. JavaScript's own, but for what it spells differently.
 *
 * `String(score)` would do, but V8 keeps what it answers in a cache of numbers: millions of scores would be millions of strings
 * that outlive the young generation, and as many collections of the old one. `JSON.stringify` spells numbers alike and keeps nothing,
 * and of many at once it costs less.
 */

/** The text of one score, which is not NaN. */
export function scoreText(score: number): string {
  if (score === Number.POSITIVE_INFINITY) return 'inf';
  if (score === Number.NEGATIVE_INFINITY) return '-inf';
  return Object.is(score, -0) ? '-0' : JSON.stringify(score);
}

/** The texts of the first `count` of `scores`, none of which is NaN, in `texts`. */
export function spellScores(scores: Float64Array, count: number, texts: string[]): void {
  const all = JSON.stringify(Array.from(scores.subarray(0, count)));
  let start = 1;
  for (let i = 0; i < count; i++) {
    const comma = all.indexOf(',', start);
    const end = comma < 0 ? all.length - 1 : comma;
    const score = scores[i];
    // JSON has no infinities, and no sign for zero.
    const isPlain = score !== 0 && Number.isFinite(score);
    texts[i] = isPlain ? all.substring(start, end) : scoreText(score);
    start = end + 1;
  }
}
