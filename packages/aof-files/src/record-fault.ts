/** Where and why reading records ended before the end of the input. */

/** Stable codes. `AOF_TRUNCATED`: the input ends inside a record; all others: what is there is no record. */
export type RecordFaultCode =
  | 'AOF_TRUNCATED'
  | 'AOF_RECORD_PREFIX'
  | 'AOF_ARGUMENT_COUNT'
  | 'AOF_ARGUMENT_PREFIX'
  | 'AOF_ARGUMENT_LENGTH'
  | 'AOF_LINE_END'
  | 'AOF_RECORD_TOO_LONG';

/** A fault is an answer, not an exception: whether it is fatal is for the caller to say. */
export interface RecordFault {
  readonly code: RecordFaultCode;
  /** File offset of the line or the value that could not be read. */
  readonly fileOffset: number;
  /** File offset where the record begins that it belongs to: everything before is good. */
  readonly recordOffset: number;
  /**
   * What redis-check-aof says after the offset; latin1, a character per byte. Undefined where it says nothing: at the end of
   * the input before a line, and for `AOF_RECORD_PREFIX`, whose text names the file and no offset.
   */
  readonly text: string | undefined;
}

/** The two bytes found where CR LF should be; redis-check-aof prints them as C's signed characters. */
export function lineEndText(first: number, second: number): string {
  return `Expected \\r\\n, got: ${signedHex(first)}${signedHex(second)}`;
}

export function prefixText(expected: string, found: number): string {
  // A NUL ends the text in C.
  return `Expected prefix '${expected}', got: '${found === 0 ? '' : `${String.fromCharCode(found)}'`}`;
}

export function lengthText(length: bigint): string {
  return `Expected to read string of ${length} bytes, which is not in the suitable range`;
}

/** @param expected with the line end */
export function shortText(expected: bigint, found: number): string {
  return `Expected to read ${expected} bytes, got ${found} bytes`;
}

/** The line of redis-check-aof that reports a fault with a text. */
export function formatFaultLine(fault: { readonly fileOffset: number; readonly text: string }): string {
  return `0x${fault.fileOffset.toString(16).padStart(16)}: ${fault.text}`;
}

function signedHex(byte: number): string {
  return byte < 0x80 ? byte.toString(16).padStart(2, '0') : `ffffff${byte.toString(16)}`;
}
