/**
 * The arguments that SCAN, HSCAN, SSCAN and ZSCAN share: a cursor, then MATCH, COUNT and (SCAN alone) TYPE.
 *
 * A cursor is a position in hash space, below 2^32. Any other number that Redis's parser accepts ends the iteration.
 */
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from './context.ts';
import { INVALID_CURSOR, NOT_AN_INTEGER, SYNTAX_ERROR } from './replies.ts';

/** Without COUNT a call visits about so many elements. */
const DEFAULT_COUNT = 10;
const CURSOR = /^([+-]?)(\d*)$/;
const CURSOR_LIMIT = 2n ** 64n;

export interface ScanOptions {
  /** Elements to visit, at least 1. */
  readonly count: number;
  /** A glob, or undefined where every element matches. */
  readonly pattern: string | undefined;
  /** Only keys of this type (SCAN), lower case; undefined for all. */
  readonly type: string | undefined;
}

/**
 * Reads a cursor as strtoul(3) does: a sign is accepted (minus wraps around), an empty argument is 0, a number beyond 64 bits is an error.
 *
 * @returns undefined after the error has been written
 */
export function readCursor(ctx: CommandContext, request: Request, index: number): number | undefined {
  const [, sign, digits] = CURSOR.exec(request.latin1(index)) ?? [];
  if (digits === undefined || (digits === '' && sign !== '')) return invalidCursor(ctx);
  const magnitude = BigInt(digits === '' ? '0' : digits);
  if (magnitude >= CURSOR_LIMIT) return invalidCursor(ctx);
  return Number(sign === '-' && magnitude > 0n ? CURSOR_LIMIT - magnitude : magnitude);
}

function invalidCursor(ctx: CommandContext): undefined {
  ctx.reply.error(INVALID_CURSOR);
}

/**
 * Reads the options from argument `first` on.
 *
 * @param acceptsType SCAN, which alone has TYPE
 * @returns undefined after the error has been written
 */
export function readScanOptions(
  ctx: CommandContext,
  request: Request,
  first: number,
  acceptsType = false,
): ScanOptions | undefined {
  let count = DEFAULT_COUNT;
  let pattern: string | undefined;
  let type: string | undefined;
  for (let i = first; i < request.count; i += 2) {
    const hasValue = i + 1 < request.count;
    if (hasValue && request.is(i, 'count')) {
      const given = request.integer(i + 1);
      if (given === undefined) return failed(ctx, NOT_AN_INTEGER);
      if (given < 1) return failed(ctx, SYNTAX_ERROR);
      count = Number(given);
    } else if (hasValue && request.is(i, 'match')) {
      pattern = request.is(i + 1, '*') ? undefined : request.latin1(i + 1);
    } else if (hasValue && acceptsType && request.is(i, 'type')) {
      type = request.latin1(i + 1).toLowerCase();
    } else {
      return failed(ctx, SYNTAX_ERROR);
    }
  }
  return { count, pattern, type };
}

function failed(ctx: CommandContext, error: string): undefined {
  ctx.reply.error(error);
}
