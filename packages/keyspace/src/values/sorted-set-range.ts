/**
 * Ranges of a sorted set: by score, or by member among equal scores. A range tells of any pair whether it lies before or
 * behind; both are monotone in the order of the set, so a range is a span of ranks.
 */

/** The pairs between two bounds. */
export interface PairRange {
  isBefore(score: number, member: string): boolean;
  isBehind(score: number, member: string): boolean;
}

/** One end of a range of scores. Never NaN; may be infinite. */
export interface ScoreBound {
  readonly score: number;
  readonly isExclusive: boolean;
}

export class ScoreRange implements PairRange {
  readonly min: ScoreBound;
  readonly max: ScoreBound;

  constructor(min: ScoreBound, max: ScoreBound) {
    this.min = min;
    this.max = max;
  }

  isBefore(score: number): boolean {
    return this.min.isExclusive ? score <= this.min.score : score < this.min.score;
  }

  isBehind(score: number): boolean {
    return this.max.isExclusive ? score >= this.max.score : score > this.max.score;
  }
}

/** One end of a range of members: a member, or an end of all members. */
export type MemberBound = 'first' | 'last' | { readonly member: string; readonly isExclusive: boolean };

/** Only meaningful where all scores are equal. */
export class MemberRange implements PairRange {
  readonly min: MemberBound;
  readonly max: MemberBound;

  constructor(min: MemberBound, max: MemberBound) {
    this.min = min;
    this.max = max;
  }

  isBefore(_score: number, member: string): boolean {
    const { min } = this;
    if (typeof min === 'string') return min === 'last';
    return min.isExclusive ? member <= min.member : member < min.member;
  }

  isBehind(_score: number, member: string): boolean {
    const { max } = this;
    if (typeof max === 'string') return max === 'first';
    return max.isExclusive ? member >= max.member : member > max.member;
  }
}

/** Ranks `start` (inclusive) to `end` (exclusive); `start === end` where nothing is in range. */
export interface RankSpan {
  readonly start: number;
  readonly end: number;
}
