/** Moments on the command line and in reports: whole seconds since the Unix epoch. */

const UNIX_SECONDS = /^\d{1,12}$/;
/** A date, a time, and where on Earth it is so. */
const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i;

/** `2026-11-21T10:00:00Z`, with another zone, or Unix seconds; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  if (UNIX_SECONDS.test(text)) return Number(text);
  if (!ISO.test(text)) return undefined;
  const ms = Date.parse(text.replace(' ', 'T').toUpperCase());
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

/** `2026-11-21T10:00:00Z`; seconds beyond what a date can be, as they are. */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds}` : date.toISOString().replace('.000Z', 'Z');
}
