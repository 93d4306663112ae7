/**
 * The syntax of a configuration line: words apart by blanks, each plain, "quoted" or 'quoted'.
 *
 * In double quotes `\xHH` is a byte and `\n \r \t \b \a` are control characters; any other escaped character is itself.
 * In single quotes only `\'` is an escape. A closing quote must be followed by a blank or the end of the line.
 */

const BLANK = /[ \t\n\v\f\r]/;
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

/** The words of a line, or undefined if quotes are unbalanced. `splitLine(words.map(quoteWord).join(' '))` gives the words back. */
export function splitLine(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && BLANK.test(line.charAt(at))) at++;
    if (at >= line.length) return words;
    const word = readWord(line, at);
    if (word === undefined) return undefined;
    words.push(word.text);
    at = word.end;
  }
}

interface Piece {
  readonly text: string;
  readonly end: number;
}

function readWord(line: string, start: number): Piece | undefined {
  let text = '';
  let at = start;
  while (at < line.length) {
    const char = line.charAt(at);
    if (char === ' ' || char === '\t' || char === '\n' || char === '\r') break;
    if (char !== '"' && char !== "'") {
      text += char;
      at++;
      continue;
    }
    // A quote may open inside a word, but it ends the word when it closes.
    const quoted = char === '"' ? readDoubleQuoted(line, at + 1) : readSingleQuoted(line, at + 1);
    if (quoted === undefined) return undefined;
    if (quoted.end < line.length && !BLANK.test(line.charAt(quoted.end))) return undefined;
    return { text: text + quoted.text, end: quoted.end };
  }
  return { text, end: at };
}

function readDoubleQuoted(line: string, start: number): Piece | undefined {
  let text = '';
  for (let at = start; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === '"') return { text, end: at + 1 };
    if (char !== '\\' || at + 1 >= line.length) {
      text += char;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4))?.[1];
    if (hex !== undefined) {
      text += String.fromCharCode(Number.parseInt(hex, 16));
      at += 3;
    } else {
      const escaped = line.charAt(at + 1);
      text += ESCAPES[escaped] ?? escaped;
      at++;
    }
  }
  return undefined;
}

function readSingleQuoted(line: string, start: number): Piece | undefined {
  let text = '';
  for (let at = start; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === "'") return { text, end: at + 1 };
    if (char === '\\' && line.charAt(at + 1) === "'") at++;
    text += line.charAt(at);
  }
  return undefined;
}

/** A word in double quotes, with everything but printable ASCII escaped. */
export function quoteWord(word: string): string {
  let quoted = '"';
  for (let i = 0; i < word.length; i++) {
    const char = word.charAt(i);
    const code = word.charCodeAt(i);
    const isPrintable = code >= 0x20 && code < 0x7f;
    quoted += ESCAPED[char] ?? (isPrintable ? char : `\\x${(code & 0xff).toString(16).padStart(2, '0')}`);
  }
  return `${quoted}"`;
}

/** Cuts blanks, tabs and line ends off both ends, as the reader does before it looks at a line. */
export function trimLine(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && isTrimmed(line.charCodeAt(start))) start++;
  while (end > start && isTrimmed(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isTrimmed(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}
