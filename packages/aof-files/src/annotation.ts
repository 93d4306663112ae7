/**
 * Annotations: lines between records that begin with `#` and that loading skips. One kind is known: `#TS:<unix seconds>`
 * CR LF, the time at which what follows was executed.
 *
 * Source: Redis persistence documentation, `aof-timestamp-enabled`.
 */

const TIMESTAMP_PREFIX = '#TS:';

/** @param unixSeconds a whole number. @returns the line with its CR LF */
export function formatTimestampAnnotation(unixSeconds: number): string {
  return `${TIMESTAMP_PREFIX}${unixSeconds}\r\n`;
}

/**
 * @param line an annotation, with or without its line end
 * @returns seconds since the Unix epoch; undefined for an annotation of another kind; NaN if it begins as a timestamp and is none
 */
export function parseTimestampAnnotation(line: Uint8Array): number | undefined {
  const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('latin1');
  if (!text.startsWith(TIMESTAMP_PREFIX)) return undefined;
  const digits = /^[ \t\n\v\f\r]*([+-]?\d+)(?=\r)/.exec(text.slice(TIMESTAMP_PREFIX.length))?.[1];
  return digits === undefined ? Number.NaN : Number(digits);
}
