/**
 * The error replies that several command families share, in Redis's exact words (clients match on them).
 *
 * A constant is the whole error without the leading `-` and the line end, ready for `ReplyWriter.error`. A text that
 * only one family knows stays in that family.
 */
import type { Request } from '@aof/resp-codec';

export const WRONG_TYPE_ERROR = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const SYNTAX_ERROR = 'ERR syntax error';
export const NO_SUCH_KEY = 'ERR no such key';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const OUT_OF_RANGE = 'ERR value is out of range';
export const NOT_POSITIVE = 'ERR value is out of range, must be positive';
export const INDEX_OUT_OF_RANGE = 'ERR index out of range';
export const OFFSET_OUT_OF_RANGE = 'ERR offset is out of range';
export const DB_INDEX_OUT_OF_RANGE = 'ERR DB index is out of range';
export const SAME_OBJECT = 'ERR source and destination objects are the same';
export const INCREMENT_OVERFLOW = 'ERR increment or decrement would overflow';
export const INCREMENT_NOT_FINITE = 'ERR increment would produce NaN or Infinity';
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const INVALID_CURSOR = 'ERR invalid cursor';
export const NUMKEYS_NOT_POSITIVE = 'ERR numkeys should be greater than 0';
export const COUNT_NOT_POSITIVE = 'ERR count should be greater than 0';
export const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";
export const MIN_OR_MAX_NOT_A_FLOAT = 'ERR min or max is not a float';
export const MIN_OR_MAX_NOT_A_STRING_RANGE = 'ERR min or max not valid string range item';

/** Command and subcommand as clients see them in error texts: lower case, `config|get` for a subcommand. */
export function wrongArity(fullName: string): string {
  return `ERR wrong number of arguments for '${fullName}' command`;
}

/** A number of seconds or milliseconds that no expiry can be made of. */
export function invalidExpireTime(fullName: string): string {
  return `ERR invalid expire time in '${fullName}' command`;
}

/** A client's text as Redis repeats it in an error: up to a zero byte, without line breaks at the end. */
export function repeated(text: string): string {
  const zero = text.indexOf('\0');
  return (zero < 0 ? text : text.slice(0, zero)).replace(/[\r\n]+$/, '');
}

/** Lower case of the letters that C's tolower knows: of a byte string, so that other bytes stay what they are. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Upper case of the same letters. */
export function asciiUpper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** Redis's text for an unknown command: its name and the beginning of its arguments, at most 128 bytes each. */
export function unknownCommand(request: Request): string {
  let args = '';
  for (let i = 1; i < request.count && args.length < 128; i++) {
    args += `'${request.latin1(i).slice(0, 128 - args.length)}' `;
  }
  return repeated(`ERR unknown command '${request.latin1(0).slice(0, 128)}', with args beginning with: ${args}`);
}

/** Redis's text for a subcommand that the container does not have; both as the client calls them. */
export function unknownSubcommand(request: Request): string {
  const container = repeated(asciiUpper(request.latin1(0)));
  return `ERR unknown subcommand '${repeated(request.latin1(1).slice(0, 128))}'. Try ${container} HELP.`;
}
