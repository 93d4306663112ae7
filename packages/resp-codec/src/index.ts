export { type DecodeStatus, FRAME, NEED_MORE, PROTOCOL_ERROR } from './decode-status.ts';
export { formatDouble, formatDouble17 } from './double-format.ts';
export { type CommandArgument, commandLength, encodeCommand, writeBulkHeader, writeCommand } from './encode-command.ts';
export { ReplyDecoder } from './reply-decoder.ts';
export {
  AttributedReply,
  DEFAULT_REPLY_LIMITS,
  type ReplyFormatCode,
  ReplyFormatError,
  type ReplyLimits,
  type ReplyOptions,
  type ReplyValue,
  RespError,
  VerbatimText,
} from './reply-value.ts';
export { type DeferredLength, type Protocol, type ReplyPiece, ReplyWriter } from './reply-writer.ts';
export { Request } from './request.ts';
export { RequestDecoder } from './request-decoder.ts';
export { RequestError, type RequestErrorCode } from './request-error.ts';
export { DEFAULT_LIMITS, type RequestLimits, UNAUTHENTICATED_LIMITS } from './request-limits.ts';
