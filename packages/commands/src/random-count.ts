/** The count of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER: so many different elements, or if negative so many with repetition. */
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from './context.ts';
import { readInteger } from './lookup.ts';
import { OUT_OF_RANGE } from './replies.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const NOT_IN_RANGE = `ERR value is out of range, value must between ${-INT64_MAX} and ${INT64_MAX}`;
/**
 * Most elements with repetition that one reply may have. Redis has no such limit and dies of such a request: the whole
 * reply is in memory before it leaves.
 */
const MOST_REPEATED = 2 ** 27;

/**
 * Reads the count from argument `index`.
 *
 * @returns undefined after the error has been written
 */
export function readRandomCount(ctx: CommandContext, request: Request, index: number): number | undefined {
  if (request.integer(index) === INT64_MIN) {
    ctx.reply.error(NOT_IN_RANGE);
    return undefined;
  }
  const count = readInteger(ctx, request, index);
  if (count !== undefined && -count > MOST_REPEATED) {
    ctx.reply.error(OUT_OF_RANGE);
    return undefined;
  }
  return count;
}
