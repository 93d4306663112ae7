/** What replies decode to. */

/** One decoded reply, or an element of one. */
export type ReplyValue =
  | null
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | RespError
  | VerbatimText
  | AttributedReply
  | ReplyValue[]
  | Map<ReplyValue, ReplyValue>
  | Set<ReplyValue>;

/** An error that the server replied. It is a value like others, and never thrown by the decoder. */
export class RespError extends Error {
  override readonly name = 'RespError';
  /** The first word of the message: `ERR`, `WRONGTYPE`, `MOVED`. */
  readonly code: string;

  /** @param message as the server sent it, its code included */
  constructor(message: string) {
    super(message);
    const space = message.indexOf(' ');
    this.code = space === -1 ? message : message.slice(0, space);
  }
}

/** Text for people, with its format (RESP3 verbatim string). */
export class VerbatimText {
  /** Three characters: `txt` or `mkd`. */
  readonly format: string;
  readonly text: string;

  constructor(format: string, text: string) {
    this.format = format;
    this.text = text;
  }
}

/** A reply with what the server said about it (RESP3 attributes). */
export class AttributedReply {
  readonly attributes: Map<ReplyValue, ReplyValue>;
  readonly reply: ReplyValue;

  constructor(attributes: Map<ReplyValue, ReplyValue>, reply: ReplyValue) {
    this.attributes = attributes;
    this.reply = reply;
  }
}

/** How replies decode. */
export interface ReplyOptions {
  /** Bulk strings as UTF-8 (the default), as latin1 (one character per byte), or as bytes of their own. */
  readonly bulk?: 'utf8' | 'latin1' | 'bytes';
  /** `mixed` (the default): a number, or a bigint beyond the safe integers. `number` may round. */
  readonly integers?: 'mixed' | 'number' | 'bigint';
  /** Maps and sets as `Map` and `Set` (the default), or as flat arrays, as RESP2 has them. */
  readonly collections?: 'native' | 'array';
  /** Verbatim strings as a plain string (the default), or as `VerbatimText`. */
  readonly verbatim?: 'text' | 'wrap';
  /** Attributes are left out (the default), or wrap the reply they belong to as `AttributedReply`. */
  readonly attributes?: 'skip' | 'wrap';
  /** What a reply may claim; those left out are the defaults. */
  readonly limits?: Partial<ReplyLimits>;
}

/** What a reply may claim before anything is allocated for it; lengths are in bytes. */
export interface ReplyLimits {
  /** Aggregates within aggregates. */
  readonly maxDepth: number;
  /** Elements of one aggregate; a map has two per pair. */
  readonly maxElements: number;
  /** One bulk string. */
  readonly maxBulkBytes: number;
  /** A simple string, an error, a number or a length, without its line end. */
  readonly maxLineBytes: number;
  /** A whole reply with all its elements. */
  readonly maxReplyBytes: number;
}

/** Sources: `proto-max-bulk-len` and an array's longest length in JavaScript; the others are this package's choice. */
export const DEFAULT_REPLY_LIMITS: ReplyLimits = Object.freeze({
  maxDepth: 256,
  maxElements: 2 ** 32 - 1,
  maxBulkBytes: 512 * 1024 * 1024,
  maxLineBytes: 64 * 1024,
  maxReplyBytes: 1024 * 1024 * 1024,
});

/** Stable codes of what can be wrong with a stream of replies. */
export type ReplyFormatCode =
  | 'RESP_UNKNOWN_TYPE'
  | 'RESP_UNEXPECTED_TYPE'
  | 'RESP_LINE_END'
  | 'RESP_LINE_TOO_LONG'
  | 'RESP_LENGTH'
  | 'RESP_NUMBER'
  | 'RESP_DEPTH'
  | 'RESP_REPLY_TOO_LONG';

/** A reply that breaks the protocol or a limit. The stream cannot be read any further. */
export class ReplyFormatError extends Error {
  override readonly name = 'ReplyFormatError';
  readonly code: ReplyFormatCode;
  /** Bytes of the stream before the element that broke the protocol. */
  readonly streamOffset: number;

  constructor(code: ReplyFormatCode, message: string, streamOffset: number) {
    super(`${message}, at byte ${streamOffset} of the stream`);
    this.code = code;
    this.streamOffset = streamOffset;
  }
}
