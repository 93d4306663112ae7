/**
 * Redis's glob patterns for option names: `*`, `?`, `[abc]`, `[a-c]`, `[^abc]`, `\x` for x itself.
 *
 * Works on byte strings. Time is O(pattern × name) at worst: only the last `*` is ever retried, since an earlier one can
 * match no less than it did.
 */

/**
 * Does the whole of `name` match `pattern`?
 * @param ignoresCase compare ASCII letters without case
 */
export function matchesGlob(pattern: string, name: string, ignoresCase: boolean): boolean {
  let p = 0;
  let n = 0;
  let retryPattern = -1;
  let retryName = -1;
  while (n < name.length) {
    if (pattern.charAt(p) === '*') {
      p++;
      retryPattern = p;
      retryName = n;
      continue;
    }
    const end = p < pattern.length ? matchOne(pattern, p, name.charCodeAt(n), ignoresCase) : -1;
    if (end >= 0) {
      p = end;
      n++;
    } else if (retryPattern >= 0) {
      p = retryPattern;
      n = ++retryName;
    } else {
      return false;
    }
  }
  while (pattern.charAt(p) === '*') p++;
  return p >= pattern.length;
}

/** Whether the text has anything that makes it a pattern. */
export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/** The end of the pattern's element at `p` if it matches the character, else -1. */
function matchOne(pattern: string, p: number, code: number, ignoresCase: boolean): number {
  const char = pattern.charAt(p);
  if (char === '?') return p + 1;
  if (char === '[') return matchClass(pattern, p + 1, code, ignoresCase);
  const literal = char === '\\' && p + 1 < pattern.length ? p + 1 : p;
  return fold(pattern.charCodeAt(literal), ignoresCase) === fold(code, ignoresCase) ? literal + 1 : -1;
}

/** As `matchOne` for a class whose first element is at `start`. A class that is never closed ends with the pattern. */
function matchClass(pattern: string, start: number, code: number, ignoresCase: boolean): number {
  const isNegated = pattern.charAt(start) === '^';
  const wanted = fold(code, ignoresCase);
  let p = isNegated ? start + 1 : start;
  let isMember = false;
  while (p < pattern.length && pattern.charAt(p) !== ']') {
    if (pattern.charAt(p) === '\\' && p + 1 < pattern.length) {
      p++;
      if (pattern.charCodeAt(p) === code) isMember = true;
      p++;
      continue;
    }
    const isRange = pattern.charAt(p + 1) === '-' && p + 2 < pattern.length;
    const low = fold(pattern.charCodeAt(p), ignoresCase);
    const high = isRange ? fold(pattern.charCodeAt(p + 2), ignoresCase) : low;
    if (wanted >= Math.min(low, high) && wanted <= Math.max(low, high)) isMember = true;
    p += isRange ? 3 : 1;
  }
  return isMember !== isNegated ? Math.min(p + 1, pattern.length) : -1;
}

function fold(code: number, ignoresCase: boolean): number {
  return ignoresCase && code >= 0x41 && code <= 0x5a ? code + 32 : code;
}
