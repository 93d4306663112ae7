/**
 * Inline requests: a line of words, as typed into telnet. Words are separated by white space; double quotes take the
 * escapes \n \r \t \a \b \xHH and \<any character>, single quotes take \' only; a closing quote must end its word.
 */

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;
const LOWER_X = 120;

const ESCAPES: Readonly<Record<string, number>> = { n: LF, r: CR, t: TAB, b: 8, a: 7 };

/**
 * Splits the bytes `start` … `end` into words.
 * @returns the words (none for a blank line), or undefined if the quotes do not balance
 * Source: Redis sds.c, sdssplitargs.
 */
export function splitInline(line: Uint8Array, start: number, end: number): Uint8Array[] | undefined {
  const words: Uint8Array[] = [];
  // Words only get shorter when quotes and escapes are taken away.
  const scratch = new Uint8Array(end - start);
  let at = start;
  for (;;) {
    while (at < end && isSpace(line[at])) at++;
    if (at >= end) return words;
    let size = 0;
    while (at < end && !endsWord(line[at])) {
      const byte = line[at];
      if (byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) {
        scratch[size++] = byte;
        at++;
        continue;
      }
      const quoted = readQuoted(line, at, end, scratch, size);
      if (quoted === undefined) return undefined;
      at = quoted.at;
      size = quoted.size;
      break;
    }
    words.push(scratch.slice(0, size));
  }
}

/** Copies what is quoted at `at` (a quote) behind the `size` bytes of `scratch`; undefined if the quote does not close well. */
function readQuoted(
  line: Uint8Array,
  at: number,
  end: number,
  scratch: Uint8Array,
  size: number,
): { at: number; size: number } | undefined {
  const quote = line[at];
  let from = at + 1;
  let to = size;
  while (from < end) {
    const byte = line[from];
    if (byte === quote) {
      const isLast = from + 1 === end || isSpace(line[from + 1]);
      return isLast ? { at: from + 1, size: to } : undefined;
    }
    if (byte !== BACKSLASH || from + 1 === end) {
      scratch[to++] = byte;
      from++;
    } else if (quote === SINGLE_QUOTE) {
      const isEscaped = line[from + 1] === SINGLE_QUOTE;
      scratch[to++] = isEscaped ? SINGLE_QUOTE : BACKSLASH;
      from += isEscaped ? 2 : 1;
    } else {
      const code = hexadecimalEscape(line, from + 1, end);
      scratch[to++] = code ?? ESCAPES[String.fromCharCode(line[from + 1])] ?? line[from + 1];
      from += code === undefined ? 2 : 4;
    }
  }
  return undefined;
}

/** The value of `xHH` at `at`, or undefined if there is no such thing. */
function hexadecimalEscape(line: Uint8Array, at: number, end: number): number | undefined {
  if (line[at] !== LOWER_X || at + 2 >= end) return undefined;
  const text = String.fromCharCode(line[at + 1], line[at + 2]);
  return /^[0-9a-fA-F]{2}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** C's isspace. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

/** What ends an unquoted word: fewer characters than separate words, so a vertical tab can be inside one. */
function endsWord(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === LF || byte === CR;
}
