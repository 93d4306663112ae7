/** Bits of string values: where an argument says that one stands. Bit 0 is the highest bit of the first byte. */
import { Request } from '@aof/resp-codec';
import type { CommandContext } from './context.ts';
import { longestString } from './string-limit.ts';

const BAD_OFFSET = 'ERR bit offset is not an integer or out of range';
const HASH = 0x23;
const BITS_OF_AN_OFFSET = 64;

/**
 * The offset, in bits, that argument `index` names.
 *
 * @param width if given, `#3` stands for three times so many bits
 * @returns undefined after the error has been written: no integer, negative, or beyond the longest string
 */
export function readBitOffset(
  ctx: CommandContext,
  request: Request,
  index: number,
  width?: number,
): number | undefined {
  const isMultiple = width !== undefined && request.buffer[request.start(index)] === HASH && request.length(index) > 0;
  let offset = isMultiple ? multiple(request.latin1(index), width) : request.integer(index);
  if (typeof offset === 'bigint') offset = undefined;
  if (offset === undefined || offset < 0 || offset / 8 >= longestString(ctx)) {
    ctx.reply.error(BAD_OFFSET);
    return undefined;
  }
  return offset;
}

/** `#n` times `width`, in 64 bits, whose overflow Redis does not mind. */
function multiple(text: string, width: number): number | bigint | undefined {
  const count = Request.of([text.slice(1)]).integer(0);
  if (count === undefined) return undefined;
  const offset = BigInt.asIntN(BITS_OF_AN_OFFSET, BigInt(count) * BigInt(width));
  const asNumber = Number(offset);
  return Number.isSafeInteger(asNumber) ? asNumber : offset;
}
