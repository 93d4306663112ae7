/**
 * Scores as text: the fewest digits that read back as the same double. JavaScript's own, but for what it spells differently.
 *
 * `String(score)` would do, but V8 keeps what it answers in a cache of numbers: millions of scores would be millions of strings
 * that outlive the young generation, and as many collections of the old one. `JSON.stringify` spells numbers alike and keeps nothing,
 * and of many at once it costs less.
 */
import { allocateLatin1, type Latin1Buffer } from '@aof/keyspace';

/** `-0.0000012345678901234567` is as long as it gets. */
const MAX_SCORE_BYTES = 25;
const COMMA = 0x2c;

/** The text of one score, which is not NaN. */
export function scoreText(score: number): string {
  if (score === Number.POSITIVE_INFINITY) return 'inf';
  if (score === Number.NEGATIVE_INFINITY) return '-inf';
  return Object.is(score, -0) ? '-0' : JSON.stringify(score);
}

/** The texts of some scores as bytes, without a string for each. */
export class ScoreTexts {
  readonly bytes: Latin1Buffer;
  /** Where the text of each score begins in `bytes`, and where it ends. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;

  constructor(maxScores: number) {
    // Where a text stands in for what JSON has, the two together are shorter than the longest.
    this.bytes = allocateLatin1(2 + maxScores * (MAX_SCORE_BYTES + 1));
    this.starts = new Uint32Array(maxScores);
    this.ends = new Uint32Array(maxScores);
  }

  /** Spells the first `count` of `scores`, none of which is NaN; what was spelled before is gone. */
  spell(scores: readonly number[], count: number): void {
    const all = JSON.stringify(scores.length === count ? scores : scores.slice(0, count));
    const { bytes, starts, ends } = this;
    let free = bytes.latin1Write(all, 0, all.length);
    let at = 1;
    for (let i = 0; i < count; i++) {
      starts[i] = at;
      while (at < all.length - 1 && bytes[at] !== COMMA) at++;
      ends[i] = at++;
      const score = scores[i];
      // JSON has no infinities, and no sign for zero.
      if (score !== 0 && Number.isFinite(score)) continue;
      starts[i] = free;
      const text = scoreText(score);
      free += bytes.latin1Write(text, free, text.length);
      ends[i] = free;
    }
  }
}
