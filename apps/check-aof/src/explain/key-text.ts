/**
 * Keys and prefixes for people: UTF-8 text where they are, with what cannot be shown, or would show otherwise than it is, as
 * escapes.
 *
 * Invariant: what comes out is one line of printable text, without characters that change the direction of what follows.
 */

/** Longer ones are cut in the middle, where keys of one kind are most alike. */
const MAX_SHOWN = 120;

/** Control characters, separators of lines, marks of direction, invisible characters and halves of pairs. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

/** @param key latin1, a character per byte @returns the key, `\xff` and `\u202e` for what cannot be shown */
export function keyText(key: string, maxLength = MAX_SHOWN): string {
  const text = utf8Of(key);
  const shown =
    text === undefined
      ? key.replace(/[^\x20-\x7e]/g, (c) => `\\x${hex(c, 2)}`)
      : text.replace(UNSHOWN, (c) => (c.charCodeAt(0) < 0x100 ? `\\x${hex(c, 2)}` : `\\u{${hex(c, 4)}}`));
  if (shown.length <= maxLength) return shown;
  const tail = Math.floor((maxLength - 1) / 3);
  return `${shown.slice(0, maxLength - 1 - tail)}…${shown.slice(-tail)}`.toWellFormed();
}

/** The text of the bytes if they are UTF-8. */
export function utf8Of(key: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(key, 'latin1'));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function hex(character: string, digits: number): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(digits, '0');
}
