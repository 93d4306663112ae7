/**
 * The frame that listpacks and ziplists have in common, and the numbers in them.
 *
 *     uint32 all its bytes, …, uint16 entries (65535: count them), entry*, 0xFF         little endian
 *
 * The count ends the header.
 */
import { isIntegerText } from '@aof/keyspace';
import { RdbFault } from './errors.ts';
import type { Blob } from './input.ts';
import type { Latin1Buffer } from './latin1.ts';

/** Where entries end. No entry begins with it. */
export const END = 0xff;
const UNKNOWN_COUNT = 0xffff;
/** What an entry takes beside its bytes, at most. */
const ENTRY_OVERHEAD_BYTES = 10;
/** Digits of the longest int64 with its sign. */
const INTEGER_MAX_CHARS = 20;
/** How many digits a number is exact with. */
const EXACT_CHARS = 15;

/** One of the two forms. */
export interface PackedForm {
  /** For messages. */
  readonly name: 'Listpack' | 'Ziplist';
  readonly headerBytes: number;
}

/** An error of the form's; to be thrown. */
export function packedFault({ name }: PackedForm, what: string): RdbFault {
  return new RdbFault('RDB_STRUCTURE', `${name} integrity check failed: ${what}`);
}

/** Checks size and end; answers where the entries end. @throws RdbFault */
export function endOfEntries(form: PackedForm, { bytes, start, end }: Blob): number {
  const size = end - start;
  if (size < form.headerBytes + 1) throw packedFault(form, 'it is shorter than its header');
  if (bytes.readUInt32LE(start) !== size) throw packedFault(form, 'its size is not its length');
  if (bytes[end - 1] !== END) throw packedFault(form, 'it has no end');
  return end - 1;
}

/** @param found entries that were read @throws RdbFault the header says otherwise */
export function checkCount(form: PackedForm, { bytes, start }: Blob, found: number): void {
  const count = bytes.readUInt16LE(start + form.headerBytes - 2);
  if (count !== UNKNOWN_COUNT && count !== found) throw packedFault(form, 'its count is not that of its entries');
}

/** Bytes that `items` take at most. */
export function packedMaxBytes({ headerBytes }: PackedForm, items: readonly string[]): number {
  let bytes = headerBytes + 1;
  for (const item of items) bytes += item.length + ENTRY_OVERHEAD_BYTES;
  return bytes;
}

/** Writes the frame around entries that end at `at`; answers where it ends. */
export function writeFrame({ headerBytes }: PackedForm, target: Latin1Buffer, at: number, count: number): number {
  target[at] = END;
  target.writeUInt32LE(at + 1, 0);
  target.writeUInt16LE(Math.min(count, UNKNOWN_COUNT), headerBytes - 2);
  return at + 1;
}

/** The integer that `text` is, as Redis would print it; NaN if it is one of more digits than a number holds; undefined if it is none. */
export function integerOf(text: string): number | undefined {
  if (text.length > INTEGER_MAX_CHARS || !isIntegerText(text)) return undefined;
  return text.length <= EXACT_CHARS ? Number(text) : Number.NaN;
}
