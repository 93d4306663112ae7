/**
 * The patterns of KEYS, SCAN MATCH, PSUBSCRIBE and CONFIG GET, over strings of bytes (chars 0–255).
 *
 *     *        any bytes, none too
 *     ?        one byte
 *     [abc]    one of these; [^abc] none of these; [a-z] a range, in either order; a class without its end ends with the pattern
 *     \x       x itself, in a class too; a backslash at the end is a backslash
 *
 * A pattern is compiled once and matched in O(pattern × text) at worst: after a `*` only the last one is ever tried again,
 * so no pattern makes the time explode.
 *
 * Source: Redis 7 `stringmatchlen`, including that an empty text is matched by no pattern but `*` and the empty one.
 */

const STAR = 42;
const QUESTION_MARK = 63;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
const CARET = 94;
const MINUS = 45;

/** A byte 0–255, or one of these. */
const ANY_BYTES = -1;
const ANY_BYTE = -2;
/** Which bytes a class takes: 256 flags. */
type ByteClass = Uint8Array;
type Token = number | ByteClass;

const SPECIAL = /[*?[\\]/;

/** Whether `pattern` matches one text only, which is itself. */
export function isLiteralGlob(pattern: string): boolean {
  return !SPECIAL.test(pattern);
}

/** A function that tells whether a text matches `pattern`. */
export function createGlob(pattern: string): (text: string) => boolean {
  if (pattern === '*') return () => true;
  if (isLiteralGlob(pattern)) return (text) => text === pattern;
  const tokens = compile(pattern);
  return (text) => text !== '' && matches(tokens, text);
}

function compile(pattern: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const code = pattern.charCodeAt(at);
    at++;
    if (code === STAR) {
      if (tokens.at(-1) !== ANY_BYTES) tokens.push(ANY_BYTES);
    } else if (code === QUESTION_MARK) {
      tokens.push(ANY_BYTE);
    } else if (code === OPEN) {
      const set = new Uint8Array(256);
      at = compileClass(pattern, at, set);
      tokens.push(set);
    } else if (code === BACKSLASH && at < pattern.length) {
      tokens.push(pattern.charCodeAt(at));
      at++;
    } else {
      tokens.push(code);
    }
  }
  return tokens;
}

/** Reads the class whose `[` is before `start` into `set`; answers the position after it. */
function compileClass(pattern: string, start: number, set: ByteClass): number {
  const isNegated = pattern.charCodeAt(start) === CARET;
  let at = isNegated ? start + 1 : start;
  for (; at < pattern.length; at++) {
    const code = pattern.charCodeAt(at);
    if (code === BACKSLASH && at + 1 < pattern.length) {
      at++;
      set[pattern.charCodeAt(at)] = 1;
    } else if (code === CLOSE) {
      break;
    } else if (at + 2 < pattern.length && pattern.charCodeAt(at + 1) === MINUS) {
      addRange(set, signed(code), signed(pattern.charCodeAt(at + 2)));
      at += 2;
    } else {
      set[code] = 1;
    }
  }
  if (isNegated) for (let byte = 0; byte < 256; byte++) set[byte] ^= 1;
  return at + 1;
}

function addRange(set: ByteClass, one: number, other: number): void {
  for (let byte = Math.min(one, other); byte <= Math.max(one, other); byte++) set[byte & 255] = 1;
}

/** Ranges compare chars, which are signed where Redis usually runs: 0xff comes before 0. */
function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function takes(token: Token, byte: number): boolean {
  if (typeof token === 'number') return token === byte || token === ANY_BYTE;
  return token[byte] === 1;
}

function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < text.length) {
    if (token < tokens.length && tokens[token] === ANY_BYTES) {
      starToken = token;
      starAt = at;
      token++;
    } else if (token < tokens.length && takes(tokens[token], text.charCodeAt(at))) {
      token++;
      at++;
    } else if (starToken >= 0) {
      // Let the last star take one byte more. Earlier stars need no second try: the last can take whatever they could.
      starAt++;
      at = starAt;
      token = starToken + 1;
    } else {
      return false;
    }
  }
  while (token < tokens.length && tokens[token] === ANY_BYTES) token++;
  return token === tokens.length;
}
