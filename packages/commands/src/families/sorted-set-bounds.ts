/** The ends of ranges of sorted sets as arguments: `1.5`, `(1.5`, `-inf`; `[member`, `(member`, `-`, `+`. */
import { type MemberBound, MemberRange, type ScoreBound, ScoreRange } from '@aof/keyspace';
import { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { MIN_OR_MAX_NOT_A_FLOAT, MIN_OR_MAX_NOT_A_STRING_RANGE } from '../replies.ts';

const OPEN = 0x28;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const LEADING_SPACE = /^[ \t\n\v\f\r]+/;

/**
 * Reads a range of scores from the arguments `min` and `max`.
 *
 * @returns undefined after the error has been written
 */
export function readScoreRange(
  ctx: CommandContext,
  request: Request,
  min: number,
  max: number,
): ScoreRange | undefined {
  const low = readScoreBound(request, min);
  const high = readScoreBound(request, max);
  if (low !== undefined && high !== undefined) return new ScoreRange(low, high);
  ctx.reply.error(MIN_OR_MAX_NOT_A_FLOAT);
  return undefined;
}

function readScoreBound(request: Request, index: number): ScoreBound | undefined {
  const isExclusive = request.length(index) > 0 && request.buffer[request.start(index)] === OPEN;
  const plain = isExclusive ? undefined : request.float(index);
  if (plain !== undefined) return { score: plain, isExclusive: false };
  const score = scoreOf(isExclusive ? request.latin1(index).slice(1) : request.latin1(index));
  return score === undefined ? undefined : { score, isExclusive };
}

/**
 * A bound as strtod(3) reads a C string, more leniently than a score: it ends at a zero byte, may begin with spaces, may be
 * empty (0), and what leaves the range of a double is infinite or zero.
 */
function scoreOf(text: string): number | undefined {
  const end = text.indexOf('\0');
  const whole = end < 0 ? text : text.slice(0, end);
  if (whole === '') return 0;
  const trimmed = whole.replace(LEADING_SPACE, '');
  return DECIMAL.test(trimmed) ? Number(trimmed) : Request.of([trimmed]).float(0);
}

/**
 * Reads a range of members from the arguments `min` and `max`.
 *
 * @returns undefined after the error has been written
 */
export function readMemberRange(
  ctx: CommandContext,
  request: Request,
  min: number,
  max: number,
): MemberRange | undefined {
  const low = memberBound(request.latin1(min));
  const high = memberBound(request.latin1(max));
  if (low !== undefined && high !== undefined) return new MemberRange(low, high);
  ctx.reply.error(MIN_OR_MAX_NOT_A_STRING_RANGE);
  return undefined;
}

function memberBound(text: string): MemberBound | undefined {
  const isAlone = text.length === 1 || text.charCodeAt(1) === 0;
  switch (text.charAt(0)) {
    case '-':
      return isAlone ? 'first' : undefined;
    case '+':
      return isAlone ? 'last' : undefined;
    case '[':
      return { member: text.slice(1), isExclusive: false };
    case '(':
      return { member: text.slice(1), isExclusive: true };
    default:
      return undefined;
  }
}
