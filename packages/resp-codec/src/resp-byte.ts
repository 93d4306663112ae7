/** The bytes with a meaning in RESP. */

export const CR = 13;
export const LF = 10;
export const ZERO = 48;
/** The sign of a number. */
export const MINUS = 45;
/** A length that is not known beforehand. */
export const QUESTION = 63;

export const SIMPLE = 43; // +
export const ERROR = 45; // -
export const INTEGER = 58; // :
export const BULK = 36; // $
export const ARRAY = 42; // *
export const NULL = 95; // _
export const DOUBLE = 44; // ,
export const BOOLEAN = 35; // #
export const BULK_ERROR = 33; // !
export const VERBATIM = 61; // =
export const BIG_NUMBER = 40; // (
export const MAP = 37; // %
export const SET = 126; // ~
export const ATTRIBUTE = 124; // |
export const PUSH = 62; // >
/** A piece of a streamed string. */
export const PIECE = 59; // ;
/** The end of a streamed aggregate. */
export const END = 46; // .
