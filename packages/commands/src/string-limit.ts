/** How long a string value may become. */
import type { CommandContext } from './context.ts';

/** Longest string that a log may bring about: far above any default, well below what a buffer can hold. */
const LOADED_STRING_LIMIT = 4 * 2 ** 30;

/**
 * Bytes of the longest string that a command may make. A string in the log was allowed when it was written, whatever
 * the option says today.
 */
export function longestString(ctx: CommandContext): number {
  return ctx.client.isLoader ? LOADED_STRING_LIMIT : ctx.server.config.values['proto-max-bulk-len'];
}
