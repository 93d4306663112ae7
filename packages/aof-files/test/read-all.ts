/** Reads a whole input with a record reader, cut into chunks as a test wants, and notes every answer. */

import {
  ANNOTATION,
  AofRecordReader,
  NEED_MORE,
  RECORD,
  type ReadStatus,
  type RecordFault,
  type RecordReaderOptions,
} from '../src/index.ts';

export interface ReadItem {
  readonly kind: 'record' | 'annotation';
  /** The arguments, or the annotation's line; latin1. */
  readonly words: readonly string[];
  readonly raw: string;
  readonly start: number;
  readonly end: number;
}

export interface ReadOutcome {
  readonly items: readonly ReadItem[];
  readonly status: ReadStatus;
  readonly fault: RecordFault | undefined;
  readonly line: number;
}

/** @param sizes of the chunks, used in turn; each chunk is overwritten once the reader has asked for the next */
export function readAll(
  bytes: Uint8Array,
  options: RecordReaderOptions,
  sizes: readonly number[] = [bytes.length],
): ReadOutcome {
  const reader = new AofRecordReader(options);
  const items: ReadItem[] = [];
  let chunk = new Uint8Array(0);
  let fed = 0;
  for (let turn = 0; ; ) {
    const status = reader.next();
    if (status === RECORD || status === ANNOTATION) {
      items.push(takeItem(reader, status));
    } else if (status !== NEED_MORE) {
      return { items, status, fault: reader.fault, line: reader.line };
    } else if (fed >= bytes.length) {
      chunk.fill(0xee);
      reader.end();
    } else {
      chunk.fill(0xee);
      // Not `slice`: on Node's Buffer that is a view.
      chunk = new Uint8Array(bytes.subarray(fed, fed + Math.max(1, sizes[turn++ % sizes.length] ?? 1)));
      fed += chunk.length;
      reader.feed(chunk);
    }
  }
}

function takeItem(reader: AofRecordReader, status: ReadStatus): ReadItem {
  const { view } = reader;
  const text = (start: number, end: number): string => Buffer.from(view.buffer.subarray(start, end)).toString('latin1');
  const raw = text(view.rawStart, view.rawEnd);
  const words: string[] = [];
  for (let i = 0; i < view.count; i++) words.push(text(view.offsets[2 * i], view.offsets[2 * i + 1]));
  const kind = status === RECORD ? 'record' : 'annotation';
  return { kind, words: kind === 'record' ? words : [raw], raw, start: reader.recordOffset, end: reader.endOffset };
}

/** A record in the plain form; words are latin1. */
export function encodeRecord(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
