/**
 * The words of a manifest line: apart by blanks, each plain, "quoted" or 'quoted'. Text is latin1, a character per byte.
 *
 * In double quotes `\xHH` is a byte, `\n \r \t \b \a` are control characters, any other escaped character is itself; in
 * single quotes only `\'` is an escape. A closing quote must end its word.
 *
 * Source: Redis sds.c, sdssplitargs and sdscatrepr.
 */

const BLANKS = /[ \t\n\v\f\r]*/y;
/** Vertical tab and form feed separate words but do not end a plain one: that is how Redis reads them. */
const WORD =
  /([^ \t\n\r"']*)(?:"((?:[^"\\]|\\[\s\S])*)"(?=[ \t\n\v\f\r]|$)|'((?:[^'\\]|\\'|\\(?!'))*)'(?=[ \t\n\v\f\r]|$)|(?=[ \t\n\r]|$))/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };
const ESCAPED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\x07': '\\a',
  '"': '\\"',
  '\\': '\\\\',
};

/** @returns the words, none for a blank line, or undefined if quotes do not balance */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    BLANKS.lastIndex = at;
    at += BLANKS.exec(line)?.[0].length ?? 0;
    if (at >= line.length) return words;
    WORD.lastIndex = at;
    const found = WORD.exec(line);
    if (found === null) return undefined;
    const [whole, plain = '', inDouble = '', inSingle = ''] = found;
    words.push(plain + unescapeDouble(inDouble) + inSingle.replaceAll("\\'", "'"));
    at += whole.length;
  }
}

/**
 * A word as it is written: plain where that is possible, else in double quotes.
 * A word with a single quote is quoted too. Redis leaves it plain, and cannot read its own manifest afterwards.
 */
export function quoteWord(word: string): string {
  if (/^[!#-&(-[\]-~]+$/.test(word)) return word;
  return `"${word.replace(/[^ !#-[\]-~]/g, (char) => ESCAPED[char] ?? `\\x${hex(char)}`)}"`;
}

function unescapeDouble(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|([\s\S]))/g, (_, byte: string | undefined, char: string) =>
    byte === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(byte, 16)),
  );
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0');
}
