/** A record for people: one line, printable ASCII, short. */
import { quoted } from './quoted-text.ts';

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
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, shownEnd - start).toString('latin1');
  const tail = isLong ? `… (${end - start} bytes)` : '';
  return quoted(text) + tail;
}

/** Text with a character per byte, likewise. */
export function describeText(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  return describeBytes(bytes, 0, bytes.length);
}
