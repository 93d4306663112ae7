/** A record for people: one line, printable ASCII, short. */

const MAX_ARGUMENTS = 8;
const MAX_CHARACTERS = 40;

/** What has offsets of arguments in a buffer: a record view. */
export interface ArgumentsView {
  readonly buffer: Uint8Array;
  readonly count: number;
  readonly offsets: Int32Array;
}

/** `SET "a key" "va\x00lue"…`, with as much as helps to recognise it. */
export function describeRecord({ buffer, count, offsets }: ArgumentsView): string {
  const shown: string[] = [];
  for (let i = 0; i < Math.min(count, MAX_ARGUMENTS); i++) {
    shown.push(describeBytes(buffer, offsets[2 * i] ?? 0, offsets[2 * i + 1] ?? 0));
  }
  if (count > MAX_ARGUMENTS) shown.push(`… (${count} words)`);
  return shown.join(' ');
}

/** Bytes as redis-cli shows them, in quotes unless they are a plain word. */
export function describeBytes(bytes: Uint8Array, start: number, end: number): string {
  const isLong = end - start > MAX_CHARACTERS;
  const shownEnd = isLong ? start + MAX_CHARACTERS : end;
  let text = '';
  let isPlain = end > start;
  for (let i = start; i < shownEnd; i++) {
    const byte = bytes[i] ?? 0;
    const isPrintable = byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    if (!isPrintable) isPlain = false;
    text += isPrintable || byte === 0x20 ? String.fromCharCode(byte) : escaped(byte);
  }
  const tail = isLong ? `… (${end - start} bytes)` : '';
  return isPlain ? text + tail : `"${text}"${tail}`;
}

/** Text with a character per byte, likewise. */
export function describeText(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  return describeBytes(bytes, 0, bytes.length);
}

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' };

function escaped(byte: number): string {
  return ESCAPES[byte] ?? `\\x${byte.toString(16).padStart(2, '0')}`;
}
