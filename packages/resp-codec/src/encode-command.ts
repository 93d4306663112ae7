/**
 * Commands as RESP arrays of bulk strings, the only form in which they are logged and sent to servers:
 * `*<count>\r\n` then, per argument, `$<length>\r\n<bytes>\r\n`. Strings are latin1: one byte per character.
 */
import { ARRAY, BULK, CR, LF, ZERO } from './resp-byte.ts';
import { writeLatin1 } from './text.ts';

/** One argument of a command: bytes, or a latin1 string (one byte per character). */
export type CommandArgument = string | Uint8Array;

/** How many bytes `writeCommand` will write for `args`. */
export function commandLength(args: readonly CommandArgument[]): number {
  let length = 3 + digitCount(args.length);
  for (let i = 0; i < args.length; i++) {
    const size = args[i].length;
    length += 5 + digitCount(size) + size;
  }
  return length;
}

/**
 * Writes `args` as one RESP array at `offset`; the caller has made sure that `commandLength(args)` bytes fit.
 * @returns the offset after the last byte written
 */
export function writeCommand(target: Uint8Array, offset: number, args: readonly CommandArgument[]): number {
  let at = writeHeader(target, offset, ARRAY, args.length);
  for (let i = 0; i < args.length; i++) {
    const argument = args[i];
    at = writeHeader(target, at, BULK, argument.length);
    if (typeof argument === 'string') {
      at = writeLatin1(target, at, argument);
    } else {
      target.set(argument, at);
      at += argument.length;
    }
    target[at] = CR;
    target[at + 1] = LF;
    at += 2;
  }
  return at;
}

/** `args` as one RESP array, in bytes of its own. */
export function encodeCommand(args: readonly CommandArgument[]): Uint8Array {
  const target = new Uint8Array(commandLength(args));
  writeCommand(target, 0, args);
  return target;
}

/** Writes `$<length>\r\n`, which takes at most 13 bytes; returns the offset after it. For whoever writes the bytes of an argument himself. */
export function writeBulkHeader(target: Uint8Array, offset: number, length: number): number {
  return writeHeader(target, offset, BULK, length);
}

/** Writes `<type><value>\r\n`; returns the offset after it. */
function writeHeader(target: Uint8Array, offset: number, type: number, value: number): number {
  target[offset] = type;
  const end = offset + 1 + digitCount(value);
  let rest = value;
  for (let i = end - 1; i > offset; i--) {
    const quotient = Math.floor(rest / 10);
    target[i] = ZERO + rest - quotient * 10;
    rest = quotient;
  }
  target[end] = CR;
  target[end + 1] = LF;
  return end + 2;
}

/** Decimal digits of a length. */
function digitCount(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
