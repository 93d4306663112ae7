/** What a client can do wrong on the wire: codes that stay, and Redis's texts. */

/** Stable codes of protocol errors in requests. */
export type RequestErrorCode =
  | 'RESP_ARRAY_LENGTH'
  | 'RESP_BULK_LENGTH'
  | 'RESP_UNAUTHENTICATED_ARRAY_LENGTH'
  | 'RESP_UNAUTHENTICATED_BULK_LENGTH'
  | 'RESP_ARRAY_HEADER_TOO_LONG'
  | 'RESP_BULK_HEADER_TOO_LONG'
  | 'RESP_INLINE_TOO_LONG'
  | 'RESP_UNBALANCED_QUOTES'
  | 'RESP_EXPECTED_BULK'
  | 'RESP_REQUEST_TOO_LONG';

/**
 * A request that breaks the protocol. The connection cannot be read any further: reply with `reply` as an error, then close.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: RequestErrorCode;
  /** Bytes of the stream before the request that broke the protocol. */
  readonly streamOffset: number;

  /** @param message as Redis words it, without the `ERR ` in front */
  constructor(code: RequestErrorCode, message: string, streamOffset: number) {
    super(message);
    this.code = code;
    this.streamOffset = streamOffset;
  }

  /** The error reply that Redis sends, without the leading `-` and the trailing line end. */
  get reply(): string {
    return `ERR ${this.message}`;
  }
}
