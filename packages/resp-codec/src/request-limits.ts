/** What a request may claim before anything is allocated for it. */

/** Limits of a request decoder; lengths are in bytes. */
export interface RequestLimits {
  /** Arguments of one request, its name included. */
  readonly maxArguments: number;
  /** One argument: Redis's `proto-max-bulk-len`. */
  readonly maxBulkBytes: number;
  /** An inline request's line, or the line of a length, without its line end. */
  readonly maxLineBytes: number;
  /** A whole request. Not above 2^31 - 1, because argument offsets are 32-bit. */
  readonly maxRequestBytes: number;
  /** As `maxArguments`, for clients that have yet to authenticate; refused with a text of its own. */
  readonly maxUnauthenticatedArguments: number;
  /** As `maxBulkBytes`, for clients that have yet to authenticate; refused with a text of its own. */
  readonly maxUnauthenticatedBulkBytes: number;
}

/** Up to Redis 6.2 a request had at most 1024 * 1024 arguments; since 7.0 their count must fit 31 bits. */
const MAX_ARGUMENTS = 2 ** 31 - 1;

/** Source: Redis 7.0's networking.c and the defaults of `proto-max-bulk-len` and `client-query-buffer-limit`. */
export const DEFAULT_LIMITS: RequestLimits = Object.freeze({
  maxArguments: MAX_ARGUMENTS,
  maxBulkBytes: 512 * 1024 * 1024,
  maxLineBytes: 64 * 1024,
  maxRequestBytes: 1024 * 1024 * 1024,
  maxUnauthenticatedArguments: Number.POSITIVE_INFINITY,
  maxUnauthenticatedBulkBytes: Number.POSITIVE_INFINITY,
});

/** For a client that must authenticate and has not: little can be sent, so little memory can be claimed. */
export const UNAUTHENTICATED_LIMITS: RequestLimits = Object.freeze({
  ...DEFAULT_LIMITS,
  maxUnauthenticatedArguments: 10,
  maxUnauthenticatedBulkBytes: 16 * 1024,
});
