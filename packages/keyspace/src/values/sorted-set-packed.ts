/**
 * Small sorted sets: pairs in order, as one packed string.
 *
 * Format: a packed sequence of member, score, member, score, … in the order of scores, then of members' bytes. A score is
 * the shortest decimal text that reads back as the same double; `-0` is written `0`, as Redis's listpack does.
 *
 * All functions are pure and O(pairs). Offsets are those of members.
 */
import {
  packedCompare,
  packedEntry,
  packedEntryLength,
  packedEntryStart,
  packedFind,
  packedFindAll,
  packedInsertPair,
  packedNext,
  packedRemove,
  packedSkip,
} from '../packed.ts';
import type { PairRange, RankSpan } from './sorted-set-range.ts';

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
/** Scores of up to so many chars, a sign aside, are read without making a string: their digits are exact as a double. */
const PLAIN_CHARS = 15;
const POWERS_OF_TEN = Array.from({ length: PLAIN_CHARS + 1 }, (_, exponent) => 10 ** exponent);

/** The score of the pair at `offset`. */
export function pairScore(pairs: string, offset: number): number {
  const at = packedNext(pairs, offset);
  const start = packedEntryStart(pairs, at);
  const end = start + packedEntryLength(pairs, at);
  const isNegative = pairs.charCodeAt(start) === MINUS;
  let digits = 0;
  let point = -1;
  let i = isNegative ? start + 1 : start;
  if (end - i > PLAIN_CHARS) return Number(packedEntry(pairs, at));
  for (; i < end; i++) {
    const code = pairs.charCodeAt(i);
    if (code === POINT) point = i;
    else if (code < ZERO || code > NINE) return Number(packedEntry(pairs, at));
    else digits = digits * 10 + (code - ZERO);
  }
  // Both are exact, so that their quotient is rounded once: as reading the text would.
  const score = point < 0 ? digits : digits / POWERS_OF_TEN[end - point - 1];
  return isNegative ? -score : score;
}

/** Offset of the pair with this member, or -1. */
export function findPair(pairs: string, member: string): number {
  return packedFind(pairs, member, 2);
}

/** Offsets, ascending, of the pairs with these members, in which the same may stand twice. */
export function findPairs(pairs: string, members: readonly string[]): number[] {
  return packedFindAll(pairs, members, 2);
}

/** Offset of the pair after the one at `offset`. */
export function nextPair(pairs: string, offset: number): number {
  return packedNext(pairs, packedNext(pairs, offset));
}

/** Offset of the pair of rank `rank`, at most the end. */
export function pairAt(pairs: string, rank: number): number {
  return packedSkip(pairs, 0, rank * 2);
}

/** All members with their scores; the members may be slices of `pairs`. */
export function scoresOf(pairs: string): Map<string, number> {
  const scores = new Map<string, number>();
  for (let at = 0; at < pairs.length; at = nextPair(pairs, at))
    scores.set(packedEntry(pairs, at), pairScore(pairs, at));
  return scores;
}

/** Rank of the pair at `offset`. */
export function rankOfPair(pairs: string, offset: number): number {
  let rank = 0;
  for (let at = 0; at < offset; at = nextPair(pairs, at)) rank++;
  return rank;
}

/** Offsets of the pairs of ranks `start` to `end` (exclusive), for walking backwards. */
export function pairOffsets(pairs: string, start: number, end: number): number[] {
  const offsets: number[] = [];
  let at = pairAt(pairs, start);
  for (let rank = start; rank < end; rank++, at = nextPair(pairs, at)) offsets.push(at);
  return offsets;
}

/** The pairs with one more, whose member is not there. */
export function insertPair(pairs: string, score: number, member: string): string {
  let at = 0;
  for (; at < pairs.length; at = nextPair(pairs, at)) {
    const other = pairScore(pairs, at);
    if (other > score || (other === score && packedCompare(pairs, at, member) > 0)) break;
  }
  return packedInsertPair(pairs, at, member, String(score));
}

/** The pairs without those at `offsets` (ascending). */
export function removePairs(pairs: string, offsets: readonly number[]): string {
  return packedRemove(pairs, offsets, 2);
}

/**
 * Ranks of the pairs within `range`. Where the scores differ, a range of members is no interval; then this answers what
 * Redis finds walking a listpack: upwards the first run of members in range, downwards the last.
 */
export function spanOfPairs(pairs: string, count: number, range: PairRange, isDown: boolean): RankSpan {
  const before: boolean[] = [];
  const behind: boolean[] = [];
  for (let at = 0; at < pairs.length; at = nextPair(pairs, at)) {
    const score = pairScore(pairs, at);
    const member = packedEntry(pairs, at);
    before.push(range.isBefore(score, member));
    behind.push(range.isBehind(score, member));
  }
  if (count === 0 || before[count - 1] || behind[0]) return { start: 0, end: 0 };
  let start = 0;
  let end = count;
  if (isDown) {
    while (end > 0 && behind[end - 1]) end--;
    start = end;
    while (start > 0 && !before[start - 1]) start--;
  } else {
    while (start < count && before[start]) start++;
    end = start;
    while (end < count && !behind[end]) end++;
  }
  return { start, end };
}
