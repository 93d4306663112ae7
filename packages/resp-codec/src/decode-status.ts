/** What a decoder's `next` answers. */

/** One whole request or reply is there. */
export const FRAME = 1;
/** What was fed is used up; feed more. */
export const NEED_MORE = 0;
/** The stream cannot be read any further; the decoder's `error` says why. */
export const PROTOCOL_ERROR = -1;

/** What a decoder's `next` answers. */
export type DecodeStatus = typeof FRAME | typeof NEED_MORE | typeof PROTOCOL_ERROR;
